"""Metrics whose answer is a table: the MRR movements and the funnel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise

from revalign_udf.calc.ratios import ratio
from revalign_udf.errors import Undefined
from revalign_udf.metrics import STAGES, Metric
from revalign_udf.money import to_double
from revalign_udf.periods import Period
from revalign_udf.query.answers import Table
from revalign_udf.query.formulas import evaluate
from revalign_udf.query.session import Session

__all__ = ["TABLES", "table_needs"]

Where = Mapping[str, str]

_MOVEMENTS = (
    "opening_mrr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr", "fx_impact_mrr",
    "entering_mrr", "leaving_mrr", "mrr",
)  # fmt: skip


def table_needs(metric: Metric) -> tuple[str, ...]:
    """Components a table metric reads."""
    if metric.name == "mrr_movements":
        return tuple(name for name in _MOVEMENTS if name != "fx_impact_mrr")
    steps = [f"{stage}_then_{later}" for stage, later in pairwise(STAGES)]
    return (*(f"reached_{stage}" for stage in STAGES), *steps)


def _movements(session: Session, period: Period, where: Where) -> Table:
    rows = []
    for name in _MOVEMENTS:
        metric = session.catalogue.metrics[name]
        rows.append((name, metric.label, to_double(evaluate(session, metric, period, where))))
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
