"""Metrics whose answer is a table: the MRR movements and the funnel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from revalign_udf.calc.ratios import ratio
from revalign_udf.errors import Undefined
from revalign_udf.metrics import METRICS, STAGES, Metric
from revalign_udf.money import to_double
from revalign_udf.periods import Period
from revalign_udf.query.answers import Table

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["TABLES", "table_needs"]

Where = Mapping[str, str]

_MOVEMENTS = (
    "opening_mrr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr", "entering_mrr",
    "leaving_mrr", "mrr",
)  # fmt: skip
_STEPS = tuple(f"{stage}_then_{later}" for stage, later in pairwise(STAGES))
_NEEDS = {
    "mrr_movements": _MOVEMENTS,
    "funnel": (*(f"reached_{stage}" for stage in STAGES), *_STEPS),
    "stage_conversion": (*(f"reached_{stage}" for stage in STAGES[:-1]), *_STEPS),
}


def table_needs(metric: Metric) -> tuple[str, ...]:
    """Components a table metric reads; none for one that is a number."""
    return _NEEDS.get(metric.name, ())


def _movements(session: Session, period: Period, where: Where) -> Table:
    values = {name: session.value(name, period, where) for name in _MOVEMENTS}
    closing = values.pop("mrr")
    values |= {"fx_impact_mrr": closing - sum(values.values()), "mrr": closing}
    order = (*_MOVEMENTS[:6], "fx_impact_mrr", *_MOVEMENTS[6:])
    rows = [(name, METRICS[name].label, to_double(values[name])) for name in order]
    return Table(("movement", "label", "value"), tuple(rows), ("text", "text", "money"))


def _share(part: Fraction, whole: Fraction) -> float | None:
    try:
        return to_double(ratio(part, whole))
    except Undefined:
        return None


def _funnel(session: Session, period: Period, where: Where) -> Table:
    rows: list[tuple[str, float, float | None, float | None]] = []
    for stage, later in pairwise((*STAGES, "")):
        reached = session.value(f"reached_{stage}", period, where)
        moved = session.value(f"{stage}_then_{later}", period, where) if later else None
        rows.append(
            (
                stage,
                to_double(reached),
                None if moved is None else to_double(moved),
                None if moved is None else _share(moved, reached),
            )
        )
    return Table(("stage", "reached", "reached_next", "conversion"), tuple(rows), ("text", "count", "count", "rate"))


def _steps(session: Session, period: Period, where: Where) -> Table:
    rows = []
    for stage, later in pairwise(STAGES):
        reached = session.value(f"reached_{stage}", period, where)
        moved = session.value(f"{stage}_then_{later}", period, where)
        rows.append((stage, later, to_double(reached), to_double(moved), _share(moved, reached)))
    columns = ("from_stage", "to_stage", "reached", "reached_next", "rate")
    return Table(columns, tuple(rows), ("text", "text", "count", "count", "rate"))


#: table metric -> what computes its rows
TABLES: Mapping[str, Callable[[Session, Period, Where], Table]] = {
    "mrr_movements": _movements,
    "funnel": _funnel,
    "stage_conversion": _steps,
}
