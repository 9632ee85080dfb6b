"""Reads what a layout says about the columns of a block: metrics, computed columns, columns of tables and records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast, get_args

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import RevalignError, SurfaceError, did_you_mean
from revalign_udf.layout.fields import Fields, slug
from revalign_udf.layout.model import Unit
from revalign_udf.layout.plan import ColumnPlan, ComputedPlan, MetricPlan

__all__ = ["SPOKEN", "column_hint", "columns", "computed", "look", "merged", "metrics", "one_metric"]

#: kinds of block whose columns the answer brings, as they are spoken of
SPOKEN: Mapping[str, str] = {"table": "a table", "records": "a list of records"}
_NARROWEST, _WIDEST = 3, 100


def merged(outer: Mapping[str, str], inner: Mapping[str, str]) -> dict[str, str]:
    """Filters of an outer and an inner place: the inner wins, and an empty value lifts the outer one.

    >>> merged({"country": "DE", "segment": "SMB"}, {"Segment": "Enterprise", "country": ""})
    {'Segment': 'Enterprise'}
    """
    own = {slug(name) for name in inner}
    return {
        **{name: value for name, value in outer.items() if slug(name) not in own},
        **{name: value for name, value in inner.items() if value},
    }


def look(fields: Fields, decimals: int | None = None) -> dict[str, Any]:
    """What every column may say of itself. A format of its own stands in place of the block's decimals."""
    form = fields.pattern()
    if form and "decimals" in fields:
        raise fields.problem('give either "decimals" or "format".')
    return {
        "title": fields.text("title", ""),
        "note": fields.text("note", ""),
        "format": form,
        "decimals": fields.decimals(None if form else decimals),
        "width": fields.whole("width", _NARROWEST, _WIDEST, 0),
        "place": fields.place,
    }


# --- metrics ---------------------------------------------------------------------------------------------------------


def metrics(
    fields: Fields, outer: Mapping[str, str], common: Mapping[str, str], decimals: int | None
) -> tuple[MetricPlan, ...]:
    """The metrics of a series or a breakdown. ``outer`` are the filters around the block, ``common`` the block's own."""
    listed = fields.any("metrics")
    if not isinstance(listed, list) or not listed:
        raise fields.problem('"metrics" is missing or empty.', hint='Add metrics = ["mrr", "nrr"].')
    found = []
    for number, item in enumerate(listed, start=1):
        inner = _inner(fields, f"metrics[{number}]", item)
        metric, own = _named(item, inner)
        parts = (metric, *(value for value in own.values() if value))
        key = inner.key("key", "_".join(slug(part) for part in parts)) if isinstance(item, dict) else slug(metric)
        more = look(inner, decimals)
        inner.done()
        found.append(MetricPlan(metric=metric, key=key, **_filters(outer, common, own), **more))
    return tuple(found)


def one_metric(fields: Fields, outer: Mapping[str, str], common: Mapping[str, str]) -> MetricPlan:
    """The metric of a table or of records: ``metric = "funnel"``, or ``metrics`` with one."""
    if "metric" in fields and "metrics" in fields:
        raise fields.problem('give either "metric" or "metrics".')
    item, listed = fields.any("metric"), fields.any("metrics")
    if listed is not None:
        if not isinstance(listed, list) or len(listed) != 1:
            raise fields.problem(f"{SPOKEN[fields.text('kind')]} shows one metric.", "metrics")
        (item,) = listed
    if item is None:
        raise fields.problem('"metric" is missing.', hint='Add metric = "funnel".')
    inner = _inner(fields, "metric" if listed is None else "metrics[1]", item)
    metric, own = _named(item, inner)
    inner.done()
    return MetricPlan(metric=metric, key=slug(metric), place=inner.place, **_filters(outer, common, own))


def _inner(fields: Fields, key: str, item: Any) -> Fields:
    return Fields(item if isinstance(item, dict) else {}, fields.file, f"{fields.place}.{key}")


def _named(item: Any, fields: Fields) -> tuple[str, dict[str, str]]:
    if isinstance(item, str) and item.strip():
        return item.strip(), {}
    if not isinstance(item, dict):
        raise fields.problem(
            f"must be a metric's name or a table, not {item!r}.", hint='Write "mrr" or { metric = "mrr" }.'
        )
    return fields.text("metric"), fields.where()


def _filters(outer: Mapping[str, str], common: Mapping[str, str], own: Mapping[str, str]) -> dict[str, Any]:
    around, where = merged(outer, common), merged(merged(outer, common), own)
    lifted = tuple(name for name, value in own.items() if not value and slug(name) in {slug(one) for one in around})
    return {"where": where, "told": merged(merged({}, common), own), "lifted": lifted}


# --- computed columns ------------------------------------------------------------------------------------------------


def computed(fields: Fields, known: Sequence[str], decimals: int | None) -> ComputedPlan:
    """A column computed from columns to its left."""
    key = fields.key()
    unit = cast(Unit, fields.choice("unit", get_args(Unit), "number"))
    try:
        formula = Expression(fields.text("formula"))
    except RevalignError as error:
        if isinstance(error, SurfaceError):
            raise
        raise fields.problem(error.message, "formula", error.hint) from None
    for name in formula.names:
        if name not in known:
            raise fields.problem(f'no column "{name}" before this one.', "formula", column_hint(name, known))
    for name in formula.calls:
        if name not in ("min", "max"):
            raise fields.problem(f'no function "{name}".', "formula", "Use min(...) and max(...).")
    more = look(fields, decimals)
    more["title"] = more["title"] or key.replace("_", " ").capitalize()
    fields.done()
    return ComputedPlan(key=key, unit=unit, formula=formula, **more)


# --- columns of tables and records -----------------------------------------------------------------------------------


def columns(fields: Fields) -> tuple[tuple[ColumnPlan, ...], tuple[str, ...]]:
    """(how to show some columns, which to show). A list of tables alone says how; a name as text makes it a choice."""
    listed = fields.any("columns")
    if listed is None:
        return (), ()
    if not isinstance(listed, list) or not listed:
        hint = 'Write columns = ["name", "on"], or columns = [{ key = "on", title = "Date" }].'
        raise fields.problem(f"must be a list of columns, not {listed!r}.", "columns", hint)
    plans, names = list[ColumnPlan](), list[str]()
    for number, item in enumerate(listed, start=1):
        inner = _inner(fields, f"columns[{number}]", item)
        if isinstance(item, str) and item.strip():
            names.append(item.strip())
            continue
        if not isinstance(item, dict):
            raise inner.problem(f"must be a column's key or a table, not {item!r}.")
        names.append(inner.key())
        unit = cast("Unit | None", inner.choice("unit", get_args(Unit), "") or None)
        plans.append(ColumnPlan(key=names[-1], unit=unit, hidden=inner.flag("hidden"), **look(inner)))
        inner.done()
    for name in names:
        if names.count(name) > 1:
            raise fields.problem(f'"{name}" stands twice.', "columns")
    return tuple(plans), tuple(names) if len(plans) < len(names) else ()


def column_hint(name: str, known: Iterable[str]) -> str:
    """What to write instead of a column nobody knows."""
    near = did_you_mean(name, known)
    return f"Did you mean {near}?" if near else f"Columns: {', '.join(known)}."
