"""Reads what a block says beyond what all blocks say: one function per kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from revalign_udf.layout.columns import SPOKEN, look, one_metric
from revalign_udf.layout.columns import columns as read_columns
from revalign_udf.layout.columns import computed as read_computed
from revalign_udf.layout.columns import metrics as read_metrics
from revalign_udf.layout.fields import Fields
from revalign_udf.layout.model import APPENDED, Mode, Unit
from revalign_udf.layout.parameters import used
from revalign_udf.layout.plan import CallPlan, ColumnPlan, ComputedPlan, Kind, MetricPlan
from revalign_udf.periods import GRAINS

__all__ = ["COMPARE", "KEPT", "KINDS", "Body", "Given"]

#: kinds of block whose rows may stay on a synced sheet from one snapshot to the next
KEPT = frozenset({"series", "breakdown", "table", "records"})
#: what a scorecard compares with
COMPARE = ("previous", "last_year", "target")
#: rows of a sheet; no limit can be larger
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """A block of the layout file with what stands around it."""

    fields: Fields
    kind: Kind
    outer: Mapping[str, str]
    common: Mapping[str, str]
    decimals: int | None
    mode: Mode

    @property
    def before(self) -> list[str]:
        """The columns an appended block begins with."""
        return [*(APPENDED if self.mode == "append" else ())]


@dataclass(frozen=True, slots=True)
class Body:
    """What a kind of block says of itself. ``columns`` are the keys of its columns where they are known by now, ``x`` the
    one that names its rows."""

    metrics: tuple[MetricPlan, ...] = ()
    first: str = ""
    last: str = ""
    x: str | None = None
    columns: list[str] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)


# --- numbers, a question each -----------------------------------------------------------------------------------------


def _series(given: Given) -> Body:
    fields = given.fields
    first, last = _span(fields)
    metrics = read_metrics(fields, given.outer, given.common, given.decimals)
    columns = [*given.before, "period", *(metric.key for metric in metrics)]
    more = {"grain": _grain(fields), "computed": _computed(given, columns), "total": fields.text("total", "")}
    return Body(metrics, first, last, "period", columns, more)


def _breakdown(given: Given) -> Body:
    fields = given.fields
    by, period = fields.key("by"), fields.text("period")
    metrics = read_metrics(fields, given.outer, given.common, given.decimals)
    columns = [*given.before, "period", by, *(metric.key for metric in metrics)]
    more = {"by": by, "computed": _computed(given, columns), "total": "all" if fields.flag("total") else ""}
    return Body(metrics, period, period, by, columns, more)


def _grid(given: Given) -> Body:
    fields = given.fields
    first, last = _span(fields)
    metric = one_metric(fields, given.outer, given.common)
    values = fields.texts("values", ())
    more = {
        "by": fields.key("by"), "grain": _grain(fields), "values": values, "total": "all" if fields.flag("total") else "",
    }  # fmt: skip
    return Body((metric,), first, last, "period", [], more)


def _scorecard(given: Given) -> Body:
    fields = given.fields
    period = fields.text("period")
    metrics = read_metrics(fields, given.outer, given.common, given.decimals)
    compare = fields.texts("compare", ("previous",))
    for name in compare:
        fields.one_of(name, COMPARE, "compare")
    return Body(metrics, period, period, None, [], {"compare": compare})


def _computed(given: Given, columns: list[str]) -> tuple[ComputedPlan, ...]:
    """The computed columns, each over those to its left, to which it is added."""
    found = []
    for table in given.fields.tables("computed"):
        found.append(read_computed(table, columns, given.decimals))
        columns.append(found[-1].key)
    return tuple(found)


def _grain(fields: Fields) -> str | None:
    return fields.choice("grain", GRAINS, "") or None


def _span(fields: Fields) -> tuple[str, str]:
    if "periods" in fields:
        if "from" in fields or "to" in fields:
            raise fields.problem('give either "periods" or "from" and "to".')
        token = fields.text("periods")
        first, last = token, token
    elif "from" not in fields and "to" not in fields:
        hint = 'Add periods = "LTM", or from = "2026-01" and to = "2026-06".'
        raise fields.problem('"periods" is missing.', hint=hint)
    else:
        first, last = fields.text("from"), fields.text("to")
    for key, token in (("from", first), ("to", last)):
        if used(token):
            hint = "A workbook cannot add rows when it changes; it goes with period."
            raise fields.problem(
                "a parameter cannot say which rows there are.", key if "from" in fields else "periods", hint
            )
    return first, last


# --- rows as answered ---------------------------------------------------------------------------------------------------


def _table(given: Given) -> Body:
    period, metric = given.fields.text("period"), one_metric(given.fields, given.outer, given.common)
    return Body((metric,), period, period, None, [], {**_rows(given), "row_key": given.fields.texts("row_key", ())})


def _records(given: Given) -> Body:
    period, metric = given.fields.text("period"), one_metric(given.fields, given.outer, given.common)
    return Body((metric,), period, period, None, [], _rows(given))


def _rows(given: Given) -> dict[str, Any]:
    for table in given.fields.tables("computed"):
        said = "its columns are" if given.kind == "table" else "their columns are"
        raise table.problem(f"{SPOKEN[given.kind]} cannot have computed columns: {said} known only when asked.")
    plans, chosen = read_columns(given.fields)
    sort, limit = given.fields.texts("sort", ()), given.fields.whole("limit", 1, _MOST)
    return {"columns": plans, "chosen": chosen, "sort": sort, "limit": limit}


# --- calls of functions ---------------------------------------------------------------------------------------------


def _calls(given: Given) -> Body:
    fields = given.fields
    entries = fields.texts("entries", ())
    calls = tuple(_call(table, given.decimals, len(entries)) for table in fields.tables("call", required=True))
    return Body(more={"calls": calls, "entries": entries})


def _call(fields: Fields, decimals: int | None, most: int) -> CallPlan:
    entries = fields.scalars("entries")
    if len(entries) > most:
        hint = "Name the columns people type into: entries = [...] of the block."
        raise fields.problem(f"{len(entries)} entries for {most} columns.", "entries", hint)
    if any(isinstance(entry, bool) for entry in entries):
        raise fields.problem("an entry is a text or a number.", "entries")
    function, arguments = _function(fields), fields.scalars("arguments")
    unit = cast(Unit, fields.choice("unit", get_args(Unit), "number"))
    plan = CallPlan(function=function, entries=entries, arguments=arguments, unit=unit, **look(fields, decimals))
    fields.done()
    return plan


def _spill(given: Given) -> Body:
    fields = given.fields
    call = CallPlan(function=_function(fields), arguments=fields.scalars("arguments"), place=fields.place)
    return Body(more={"calls": (call,), "columns": _positional(fields, given.decimals)})


def _notes(given: Given) -> Body:
    return Body(more={"lines": given.fields.texts("lines")})


def _function(fields: Fields) -> str:
    """A function's bare name, whichever way it is spelled."""
    return fields.text("function").upper().replace(".", "_").removeprefix("REVALIGN_")


def _positional(fields: Fields, decimals: int | None) -> tuple[ColumnPlan, ...]:
    """Columns of a spill, by place: the first table is about the first column."""
    found = []
    for number, table in enumerate(fields.tables("column"), start=1):
        unit = cast("Unit | None", table.choice("unit", get_args(Unit), "") or None)
        found.append(ColumnPlan(key=table.key("key", f"column_{number}"), unit=unit, **look(table, decimals)))
        table.done()
    return tuple(found)


KINDS: Mapping[Kind, Callable[[Given], Body]] = {
    "series": _series,
    "breakdown": _breakdown,
    "grid": _grid,
    "scorecard": _scorecard,
    "table": _table,
    "records": _records,
    "calls": _calls,
    "spill": _spill,
    "notes": _notes,
}
