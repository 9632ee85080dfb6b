"""Targets: the goal of a metric for a period, as teams have set it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from revalign_udf.errors import NoData, UserError
from revalign_udf.metrics import Metric
from revalign_udf.periods import Grain, Period, between, months_in, parse_period

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["Goal", "goal_of", "read_goals"]

_MICRO = Fraction(1, 10**6)
#: what a sales target is called besides the metric it is about
_ALSO = {"quota": "bookings", "acv": "bookings", "closed_acv": "bookings"}


@dataclass(frozen=True, slots=True)
class Goal:
    """One target: of a metric for a stretch of days, for a team, an owner, or (neither) the company."""

    metric: str
    period: Period
    value: Fraction
    currency: str
    team: str
    owner: str
    promise: bool


def read_goals(session: Session) -> list[Goal]:
    """Every goal of the snapshot whose metric and period are known; others are no target of anything."""
    if "goal" not in session.manifest.facts:
        return []
    rows = session.snapshot.con.execute(
        "SELECT metric, period, value, currency, team, owner, promise FROM goal ORDER BY ALL"
    ).fetchall()
    found = []
    for metric, period, value, currency, team, owner, promise in rows:
        name = _ALSO.get(str(metric).strip().casefold(), str(metric))
        try:
            when = parse_period(period, session.snapshot.as_of, session.manifest.calendar)
            name = session.catalogue.metric(name).name
        except UserError:
            continue
        found.append(Goal(name, when, value * _MICRO, currency, team or "", owner or "", bool(promise)))
    return found


def goal_of(session: Session, name: str, period: Period, where: Mapping[str, str]) -> Fraction:
    """The target of a metric for a period. Raises NoData REV-204 where none is set.

    Goals of the company go before those of teams, these before those of owners, a plain goal before a promise; of the
    same kind they are summed. A period without a goal of its own takes the sum of its months' or quarters' goals for a
    flow, and the last one's for a balance. ``where`` may name a team or an owner.
    """
    metric = session.catalogue.metric(name)
    beyond = [field for field in where if field not in ("team", "owner")]
    if beyond:
        raise NoData(f"There is no goal of {name} by {', '.join(beyond)}.")
    known = [goal for goal in session.goals if goal.metric == metric.name and _meant(goal, where)]
    found = _of(session, metric, known, period)
    if found is None:
        raise NoData(f"There is no goal of {name} for {period}.", hint="Load goal rows: metric, period, value.")
    return found


def _meant(goal: Goal, where: Mapping[str, str]) -> bool:
    owner = where.get("owner")
    return (owner is None or goal.owner == owner) and ("team" not in where or goal.team == where["team"])


def _of(session: Session, metric: Metric, known: list[Goal], period: Period) -> Fraction | None:
    exact = [goal for goal in known if (goal.period.start, goal.period.end) == (period.start, period.end)]
    if exact:
        return _summed(session, metric, exact, period)
    quarters: Grain = "fiscal_quarter" if period.grain == "fiscal_year" else "quarter"
    for parts in (between(period, period, quarters), months_in(period)):
        if len(parts) < 2 or (parts[0].start, parts[-1].end) != (period.start, period.end):
            continue
        if metric.additivity == "flow":
            values = [_of(session, metric, known, part) for part in parts]
            if all(value is not None for value in values):
                return sum((value for value in values if value is not None), Fraction(0))
        elif metric.additivity == "balance" and (last := _of(session, metric, known, parts[-1])) is not None:
            return last
    return None


def _summed(session: Session, metric: Metric, goals: list[Goal], period: Period) -> Fraction:
    kinds = [
        [goal for goal in goals if goal.promise == promise and level(goal)]
        for promise in (False, True)
        for level in (_of_company, _of_team, _of_owner)
    ]
    chosen = next(kind for kind in kinds if kind)
    if metric.unit != "money":
        return sum((goal.value for goal in chosen), Fraction(0))
    lens, day = session.evaluator.lens, min(period.last_day, session.snapshot.as_of)
    total = Fraction(0)
    for goal in chosen:
        rate = lens.rates().on(day, goal.currency, lens.currency)
        if rate is None:
            raise NoData(f"The goal of {metric.name} is in {goal.currency} and has no rate on {day}.", code="REV-208")
        total += goal.value * rate
    return total


def _of_company(goal: Goal) -> bool:
    return not goal.team and not goal.owner


def _of_team(goal: Goal) -> bool:
    return bool(goal.team) and not goal.owner


def _of_owner(goal: Goal) -> bool:
    return bool(goal.owner)
