"""Functions that reconcile numbers: two rival ones with each other, closed ones with what is known now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revalign_udf.errors import NoData, UserError
from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.asking import shaping, told
from revalign_udf.functions.registry import function
from revalign_udf.functions.tables import headed, padded
from revalign_udf.money import to_double

if TYPE_CHECKING:
    from revalign_udf.query.answers import Table
    from revalign_udf.query.bridging import Bridge
    from revalign_udf.query.drifts import Cause, ComponentDrift, MetricDrift, PeriodDrift

__all__ = ["bridged", "drifted"]

_SIDE = (
    "A metric, with @ and a profile behind it for a vendor's definitions: logo_churn, logo_churn@stripe; or bookings."
)
_PARTS = ("items", "customers")
_OF_DRIFT = ("all", "metrics", "records")
_CAUSES: tuple[Cause, ...] = ("late record", "edited record", "deleted", "FX", "new definition")
_RECORD = ("component", "period", "cause", "difference", "system", "table", "id", "customer", "name", "on")


@function(
    "BRIDGE",
    [
        Argument("a", "text", _SIDE),
        Argument("b", "text", "The other number: the same metric by another profile; from bookings: mrr, new_mrr, arr ..."),
        Argument("period", "period", "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."),
        Argument("as_of", "day", "Date of the snapshot to read; empty for the newest.", optional=True),
        shaping("filters", "Dimension to filter by, in_currency, or show with items or customers; "),
    ],
    returns="spill",
    snapshot=True,
)  # fmt: skip
def bridge(a: str, b: str, period: str | date, as_of: date | None, filters: Mapping[str, str]) -> list[list[Any]]:
    """What lies between two rival numbers, item by item; the residual in the last row is 0."""
    asked = told(filters, _PARTS, table=True)
    found = session.query().bridge(a, b, period, asked.where, as_of=as_of, currency=asked.currency)
    return asked.cells(found.records if asked.show == "customers" else bridged(found))


@function(
    "DRIFT",
    [
        Argument("period", "period", "A closed period: 2026-09, 2026-Q3. REVALIGN.LIST closed shows them."),
        Argument("metrics", "names", "Only these metrics, moved or not; empty for all that moved.", optional=True),
        shaping("options", "show with metrics or records: those alone, as a table. Of such a table: "),
    ],
    returns="spill",
    snapshot=True,
)
def drift(period: str | date, metrics: Sequence[str], options: Mapping[str, str]) -> list[list[Any]]:
    """What became of a closed period's numbers since the close, by cause: late, edited and deleted records, exchange
    rates, new definitions. The closed numbers themselves stay."""
    asked = told(options, _OF_DRIFT, table=True).alone
    if asked.shape and asked.show == "all":
        said = "What DRIFT tells without show is no one table."
        raise UserError(said, hint='Add "show", "metrics" or "show", "records".')
    try:
        found = session.query().drift(period, metrics)
    except UserError as error:
        if error.code != "REV-105":
            raise
        # to a cell it is like a month nobody has loaded yet: there is nothing to tell, so far
        raise NoData(error.message, hint=error.hint) from None
    match asked.show:
        case "metrics":
            return asked.cells(_moved(found))
        case "records":
            return asked.cells(_behind(found))
        case _:
            return padded(row for one in found for row in drifted(one))


def bridged(found: Bridge) -> Table:
    """A bridge from top to bottom: start + items = end, exactly; the residual in the last row says so."""
    residual = ("residual", "what the items leave unexplained", to_double(found.residual))
    return replace(found.table, rows=(*found.table.rows, residual))


def drifted(found: PeriodDrift) -> list[list[Any]]:
    """The drift of one period as rows: what was compared, the metrics with their causes, and the records behind them.

    Causes add up to the difference of a metric that is a sum; of a ratio its components tell, in the rows of records.
    """
    moved = f"{len(found.moved)} of {found.compared} numbers moved"
    rows: list[list[Any]] = [
        [found.close.period, found.close.note, f"{found.close.label} -> {found.snapshot}", moved],
        *([note] for note in found.notes),
    ]
    for table in (_moved([found]), _behind([found])):
        rows += headed(table) if table.rows else []
    return rows


def _moved(found: Iterable[PeriodDrift]) -> Table:
    """The metrics with their closed and present numbers, or the codes of why there is none, and the causes between."""
    from revalign_udf.query.answers import Table

    rows = tuple(_metric(one) for period in found for one in period.metrics)
    columns = ("metric", "closed", "now", "difference", *_CAUSES, "note")
    return Table(columns, rows, ("text", *("number",) * (len(columns) - 2), "text"))


def _metric(one: MetricDrift) -> tuple[str | float | None, ...]:
    causes = [_number(one.causes.get(cause)) for cause in _CAUSES]
    closed = one.closed_status if one.closed is None else to_double(one.closed)
    now = one.now_status if one.now is None else to_double(one.now)
    return one.metric, closed, now, _number(one.difference), *causes, one.note


def _behind(found: Iterable[PeriodDrift]) -> Table:
    """The records behind the components that moved, each component once however many metrics read it."""
    from revalign_udf.query.answers import Table

    parts = {
        (one.close.period, part.component, part.period): part
        for one in found
        for metric in one.metrics
        for part in metric.components
    }
    rows = tuple(row for part in parts.values() for row in _records(part))
    return Table(_RECORD, rows, ("text", "text", "text", "number", *("text",) * 5, "date"))


def _records(part: ComponentDrift) -> list[tuple[str | float | None, ...]]:
    return [
        (part.component, part.period, item.cause, to_double(item.difference), item.system, item.table, item.id,
         item.customer, item.name, item.on.isoformat() if item.on else None)
        for item in part.items
    ]  # fmt: skip


def _number(value: Fraction | None) -> float | None:
    return None if value is None else to_double(value)
