"""Functions that reconcile numbers: two rival ones with each other, closed ones with what is known now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.asking import told
from revalign_udf.functions.registry import function
from revalign_udf.functions.tables import headed, padded

if TYPE_CHECKING:
    from revalign_udf.query.bridging import Bridge
    from revalign_udf.query.drifts import ComponentDrift, MetricDrift, PeriodDrift

__all__ = ["bridged", "drifted"]

_SIDE = (
    "A metric, with @ and a profile behind it for a vendor's definitions: logo_churn, logo_churn@stripe; or bookings."
)
_PARTS = ("items", "customers")
_CAUSES = ("late record", "edited record", "deleted", "FX", "new definition")


@function(
    "BRIDGE",
    [
        Argument("a", "text", _SIDE),
        Argument("b", "text", "The other number: the same metric by another profile; from bookings: mrr, new_mrr, arr ..."),
        Argument("period", "period", "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."),
        Argument("as_of", "day", "Date of the snapshot to read; empty for the newest.", optional=True),
        Argument(
            "filters", "pairs", "Dimension to filter by, in_currency, or show with items or customers.",
            optional=True, repeating=True,
        ),
    ],
    returns="spill",
    snapshot=True,
)  # fmt: skip
def bridge(a: str, b: str, period: str | date, as_of: date | None, filters: Mapping[str, str]) -> list[list[Any]]:
    """What lies between two rival numbers, item by item; the residual in the last row is 0."""
    asked = told(filters, _PARTS)
    found = session.query().bridge(a, b, period, asked.where, as_of=as_of, currency=asked.currency)
    return headed(found.records) if asked.show == "customers" else bridged(found)


@function(
    "DRIFT",
    [
        Argument("period", "period", "A closed period: 2026-09, 2026-Q3. REVALIGN.LIST closed shows them."),
        Argument("metrics", "names", "Only these metrics, moved or not; empty for all that moved.", optional=True),
    ],
    returns="spill",
    snapshot=True,
)
def drift(period: str | date, metrics: Sequence[str]) -> list[list[Any]]:
    """What became of a closed period's numbers since the close, by cause: late, edited and deleted records, exchange
    rates, new definitions. The closed numbers themselves stay."""
    return padded(row for found in session.query().drift(period, metrics) for row in drifted(found))


def bridged(found: Bridge) -> list[list[Any]]:
    """A bridge from top to bottom: start + items = end, exactly; the residual says so."""
    return [
        ["item", "about", "value"],
        [found.start_name, "", found.start],
        *([item.name, item.about, item.value] for item in found.items),
        [found.end_name, "", found.end],
        ["residual", "what the items leave unexplained", found.residual],
    ]


def drifted(found: PeriodDrift) -> list[list[Any]]:
    """The drift of one period as rows: what was compared, the metrics with their causes, and the records behind them.

    Causes add up to the difference of a metric that is a sum; of a ratio its components tell, in the rows of records.
    """
    moved = f"{len(found.moved)} of {found.compared} numbers moved"
    rows: list[list[Any]] = [
        [found.close.period, found.close.note, f"{found.close.label} -> {found.snapshot}", moved],
        *([note] for note in found.notes),
    ]
    if not found.metrics:
        return rows
    rows.append(["metric", "closed", "now", "difference", *_CAUSES, "note"])
    rows += [_metric(one) for one in found.metrics]
    parts = {(part.component, part.period): part for one in found.metrics for part in one.components}
    records = [row for part in parts.values() for row in _records(part)]
    if records:
        rows.append(["component", "period", "cause", "difference", "system", "table", "id", "customer", "name", "on"])
    return rows + records


def _metric(one: MetricDrift) -> list[Any]:
    causes = [one.causes.get(cause) for cause in _CAUSES]  # type: ignore[call-overload]
    closed = one.closed_status if one.closed is None else one.closed
    now = one.now_status if one.now is None else one.now
    return [one.metric, closed, now, one.difference, *causes, one.note]


def _records(part: ComponentDrift) -> list[list[Any]]:
    return [
        [part.component, part.period, item.cause, item.difference, item.system, item.table, item.id, item.customer,
         item.name, item.on and item.on.isoformat()]
        for item in part.items
    ]  # fmt: skip
