"""The funnel as tables."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise

from revalign_udf.calc.proportions import difference_interval
from revalign_udf.calc.ratios import ratio
from revalign_udf.errors import NoData, Undefined
from revalign_udf.metrics import STAGES, STEPS
from revalign_udf.money import exact
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.snapshots.stats_funnel import quantile, step_survival

__all__ = ["MANY", "SMALL", "TABLES"]

Cell = str | float | None

#: below this many leads on one side a comparison says little
SMALL = 30
#: from this many bands on, empty ones are left out
MANY = 100
_STEPS = tuple(f"{stage}_then_{later}" for stage, later in pairwise(STAGES))
_QUARTILES = (("p25", Fraction(1, 4)), ("median", Fraction(1, 2)), ("p75", Fraction(3, 4)))
_SLOW = (("median", Fraction(1, 2)), ("p75", Fraction(3, 4)), ("p90", Fraction(9, 10)))


def _funnel(ask: Ask) -> Table:
    rows = []
    for stage, later in pairwise((*STAGES, "")):
        reached = ask.value(f"reached_{stage}")
        moved = ask.value(f"{stage}_then_{later}") if later else None
        rows.append((stage, number(reached), number(moved), None if moved is None else share(moved, reached)))
    return Table(("stage", "reached", "reached_next", "conversion"), tuple(rows), ("text", "count", "count", "rate"))


def _conversion(ask: Ask) -> Table:
    rows = []
    for stage, later in pairwise(STAGES):
        reached, moved = ask.value(f"reached_{stage}"), ask.value(f"{stage}_then_{later}")
        rows.append((stage, later, number(reached), number(moved), share(moved, reached)))
    columns = ("from_stage", "to_stage", "reached", "reached_next", "rate")
    return Table(columns, tuple(rows), ("text", "text", "count", "count", "rate"))


def _conversion_period(ask: Ask) -> Table:
    rows = []
    for stage, later in pairwise(STAGES):
        reached, after = ask.value(f"reached_{stage}"), ask.value(f"reached_{later}")
        rows.append((stage, later, number(reached), number(after), share(after, reached)))
    columns = ("from_stage", "to_stage", "reached", "reached_later", "rate")
    return Table(columns, tuple(rows), ("text", "text", "count", "count", "rate"))


def _velocity(ask: Ask) -> Table:
    window = ask.window("reach")
    rows: list[tuple[Cell, ...]] = []
    for stage, later in STEPS.values():
        curve = step_survival(ask.evaluator, window, ask.where, stage, later)
        if curve is None:
            rows.append((stage, later, 0.0, 0.0, *[None] * len(_SLOW)))
            continue
        days = (number(curve.quantile(part)) for _, part in _SLOW)
        rows.append((stage, later, float(curve.ended + curve.running), float(curve.ended), *days))
    columns = ("from_stage", "to_stage", "leads", "finished", *(f"{name}_days" for name, _ in _SLOW))
    return Table(columns, tuple(rows), ("text", "text", "count", "count", "number", "number", "number"))


def _criterion_lift(ask: Ask) -> Table:
    if not ask.session.fact("criterion").rows:
        raise NoData(
            "No lead has a custom field with few values.", code="REV-201", hint="Load them as extra columns of lead."
        )
    to = ask.parameters["to"]
    reached = f"sum(CASE WHEN f.{to}_day < p.known_end THEN 1 ELSE 0 END)"
    leads, won = int(ask.value("reached_lead")), int(ask.value("leads_converted"))
    rows = ask.rows("criterion", f"f.criterion, f.value, count(*), {reached}")
    known: defaultdict[str, int] = defaultdict(int)
    for criterion, _, some, _ in rows:
        known[criterion] += int(some)
    table = [
        _lifted(criterion, value, (int(some), int(got)), (leads - int(some), won - int(got)), leads - known[criterion])
        for criterion, value, some, got in rows
    ]
    table.sort(key=lambda row: (row[9] is None, -float(row[9] or 0), str(row[0]), str(row[1])))
    columns = (
        "criterion", "value", "leads_with", "converted_with", "rate_with", "leads_without", "converted_without",
        "rate_without", "lift", "difference", "low", "high", "not_said", "small",
    )  # fmt: skip
    units = ("text", "text", "count", "count", "rate", "count", "count", "rate", "number", "rate", "rate", "rate", "count",
             "text")  # fmt: skip
    return Table(columns, tuple(table), units)


def _lifted(
    criterion: str, value: str, having: tuple[int, int], lacking: tuple[int, int], silent: int
) -> tuple[Cell, ...]:
    """One row: (leads, converted) of those with the criterion and those without."""
    rates: list[Fraction | None] = []
    for leads, won in (having, lacking):
        try:
            rates.append(ratio(won, leads))
        except Undefined:
            rates.append(None)
    with_it, without = rates
    both = with_it is not None and without is not None
    lift = share(with_it, without) if with_it is not None and without is not None else None
    difference = number(with_it - without) if with_it is not None and without is not None else None
    low, high = difference_interval(having[1], having[0], lacking[1], lacking[0]) if both else (None, None)
    small = "small" if min(having[0], lacking[0]) < SMALL else ""
    return (
        criterion, value, float(having[0]), float(having[1]), number(with_it), float(lacking[0]), float(lacking[1]),
        number(without), lift, difference, low, high, float(silent), small,
    )  # fmt: skip


def _score_profile(ask: Ask) -> Table:
    leads, scored = ask.value("leads_opened"), ask.value("leads_scored")
    width = int(ask.parameters["band"])
    found = ask.rows("lead_score", "f.score, count(*)", rule="f.score IS NOT NULL")
    scores = [(exact(score), int(count)) for score, count in found]
    rows: list[tuple[Cell, ...]] = [
        ("leads", None, number(leads), None),
        ("scored", None, number(scored), share(scored, leads)),
    ]
    if scores:
        low, high = scores[0][0], scores[-1][0]
        rows.append(("minimum", number(low), None, None))
        rows += [(name, number(quantile(scores, part)), None, None) for name, part in _QUARTILES]
        rows.append(("maximum", number(high), None, None))
        bands: defaultdict[int, int] = defaultdict(int)
        for score, count in scores:
            bands[score // width] += count
        first, last = low // width, high // width
        # empty bands belong into the picture, but not a million of them
        for band in range(first, last + 1) if last - first < MANY else sorted(bands):
            name = f"{band * width} to below {(band + 1) * width}"
            rows.append((name, float(band * width), float(bands[band]), share(Fraction(bands[band]), scored)))
    return Table(("row", "score", "leads", "share"), tuple(rows), ("text", "number", "count", "rate"))


_REACHED = tuple(f"reached_{stage}" for stage in STAGES)

TABLES = {
    "funnel": TableMetric((*_REACHED, *_STEPS), _funnel),
    "stage_conversion": TableMetric((*_REACHED[:-1], *_STEPS), _conversion),
    "stage_conversion_period": TableMetric(_REACHED, _conversion_period),
    "stage_velocity": TableMetric((*_REACHED[:-1], *STEPS), _velocity),
    "criterion_lift": TableMetric(
        ("reached_lead", "leads_converted", "lead_then_customer", "criteria_known"), _criterion_lift
    ),
    "lead_score_profile": TableMetric(("leads_opened", "leads_scored"), _score_profile),
}
