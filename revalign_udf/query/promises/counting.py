"""What metrics count of promises: components, and the hand-offs behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from revalign_udf.errors import NoData
from revalign_udf.metrics import Component
from revalign_udf.periods import Period
from revalign_udf.query.promises.cases import JUDGES, Handoff, State
from revalign_udf.query.promises.desk import WRITE, Promises, Volume, parts_of, promises_of
from revalign_udf.snapshots.records import Record

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["OF_PROMISES", "records_of_promises", "volumes_of"]

Where = Mapping[str, str]
Cases = Iterator[tuple[Handoff, Fraction]]


def _of_state(kind: str, state: State) -> Callable[[Session, Period, Where], Cases]:
    def found(session: Session, period: Period, where: Where) -> Cases:
        cases = promises_of(session).cases(session, kind, period, where)
        if kind == "information" and cases and all(case.state == "apart" for case in cases):
            raise NoData(f"No hand-off of {period} says which fields it came with.", code="REV-209")
        return ((case.handoff, Fraction(1)) for case in cases if case.state == state)

    return found


def _hours(session: Session, period: Period, where: Where) -> Cases:
    desk = promises_of(session)
    for item in desk.handoffs(session, period, where):
        if (hours := desk.hours_to_contact(item)) is not None:
            yield item, hours


def _counted(rule: Callable[[Promises, Handoff], bool]) -> Callable[[Session, Period, Where], Cases]:
    def found(session: Session, period: Period, where: Where) -> Cases:
        desk = promises_of(session)
        return ((item, Fraction(1)) for item in desk.handoffs(session, period, where) if rule(desk, item))

    return found


_CONTRIBUTIONS: Mapping[str, Callable[[Session, Period, Where], Cases]] = {
    **{f"{kind}_{state}": _of_state(kind, state) for kind in JUDGES for state in ("kept", "breached", "open", "apart")},
    "contact_hours": _hours,
    "contacted": _counted(lambda _, item: item.contact is not None),
    "handoffs_reported": _counted(lambda _, item: item.reported),
    "handoffs_due": _counted(lambda desk, item: item.reported or not desk.feedback_open(item)),
}


def _summed(name: str) -> Callable[[Session, Period, Where], Fraction]:
    def value(session: Session, period: Period, where: Where) -> Fraction:
        return sum((part for _, part in _CONTRIBUTIONS[name](session, period, where)), Fraction(0))

    return value


def volumes_of(session: Session, period: Period) -> list[Volume]:
    """The promised amounts of a period. Raises NoData REV-204 where there are none."""
    desk = promises_of(session)
    found = desk.volumes(session, period)
    if not found:
        longer = [item.name for item in desk.of_kind("volume", period) if not parts_of(period, item.period)]
        if longer:
            raise NoData(f"{longer[0]} is promised per quarter.", hint="Ask for a quarter.")
        raise NoData(f"Nobody promised an amount for {period}.", hint=WRITE)
    return found


def _volume_promised(session: Session, period: Period, _: Where) -> Fraction:
    return sum((item.promised for item in volumes_of(session, period)), Fraction(0))


def _volume_delivered(session: Session, period: Period, _: Where) -> Fraction:
    """Each metric and period once, whoever promised it."""
    return sum(
        {(item.metric, item.period): item.delivered for item in volumes_of(session, period)}.values(), Fraction(0)
    )


#: measure of a statistic -> what answers it
OF_PROMISES: Mapping[str, Callable[[Session, Period, Where], Fraction]] = {
    **{name: _summed(name) for name in _CONTRIBUTIONS},
    "volume_promised": _volume_promised,
    "volume_delivered": _volume_delivered,
}


def records_of_promises(session: Session, component: Component, period: Period, where: Where) -> list[Record]:
    """The hand-offs behind a component that counts them, which add up to it; none for other components, and none where it
    has no value."""
    if component.measure not in _CONTRIBUTIONS:
        return []
    total: defaultdict[Handoff, Fraction] = defaultdict(Fraction)
    try:
        for item, part in _CONTRIBUTIONS[component.measure](session, period, where):
            total[item] += part
    except NoData:
        return []
    return [
        Record(item.system, item.table, item.id, item.customer or "", item.day, part)
        for item, part in total.items()
        if part
    ]
