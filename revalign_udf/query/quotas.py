"""Statistics that need the targets: how many reps have one, and how many reached it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from revalign_udf.errors import NoData
from revalign_udf.periods import Period
from revalign_udf.query.goals import goal_of
from revalign_udf.query.promises import OF_PROMISES

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["OF_TARGETS", "quotas"]

Where = Mapping[str, str]


def quotas(session: Session, period: Period, where: Where) -> Iterator[tuple[str, Fraction, Fraction]]:
    """(owner, its goal of bookings for the period, what it won) of every owner with such a goal; of one owner or the
    owners of one team where that is asked. Raises NoData REV-208 for amounts without a rate."""
    owners = {goal.owner for goal in session.goals if goal.metric == "bookings" and goal.owner}
    for owner in sorted(owners & {where.get("owner", owner) for owner in owners}):
        own = {**where, "owner": owner}
        try:
            goal = goal_of(session, "bookings", period, own)
        except NoData as error:
            if error.code != "REV-204":
                raise
            continue
        yield owner, goal, session.value("acv_won", period, own)


def _with_goal(session: Session, period: Period, where: Where) -> Fraction:
    found = len(list(quotas(session, period, where)))
    if not found:
        raise NoData(f"No rep has a goal of bookings for {period}.", hint="Load goal rows with an owner_id.")
    return Fraction(found)


def _reached(session: Session, period: Period, where: Where) -> Fraction:
    return Fraction(sum(won >= goal for _, goal, won in quotas(session, period, where)))


#: measure of a statistic -> what answers it
OF_TARGETS: Mapping[str, Callable[[Session, Period, Where], Fraction]] = {
    "reps_with_goal": _with_goal,
    "reps_at_goal": _reached,
    **OF_PROMISES,
}
