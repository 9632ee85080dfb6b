"""An answer beside another: the previous period, the same period last year, the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import get_args

from revalign_udf.calc.ratios import growth
from revalign_udf.errors import NoData, Undefined, UnknownName
from revalign_udf.metrics import Metric
from revalign_udf.periods import Period
from revalign_udf.query.answers import Answer, Comparison, Versus
from revalign_udf.query.goals import goal_of
from revalign_udf.query.session import Session

__all__ = ["COMPARED", "compared", "versus"]

COMPARED: tuple[Versus, ...] = get_args(Versus)


def versus(asked: object) -> tuple[Versus, ...]:
    """What to compare with, as typed: one name, several, or names with commas. Raises UnknownName REV-101."""
    if asked is None or asked == "":
        return ()
    given: Iterable[object] = [asked] if isinstance(asked, str) else asked  # type: ignore[assignment]
    found: list[Versus] = []
    for item in (part for one in given for part in str(one).split(",")):
        name = item.strip().casefold().replace(" ", "_").replace("-", "_")
        known = [one for one in COMPARED if one == name]
        if not known:
            raise UnknownName("comparison", item, COMPARED)
        found += known
    return tuple(dict.fromkeys(found))


def compared(
    session: Session, metric: Metric, period: Period, answer: Answer, asked: Iterable[Versus],
    other: Callable[[Period], Answer],
) -> Answer:  # fmt: skip
    """The answer with its comparisons. ``other`` answers the same question for another period."""
    found = []
    for name in asked:
        if name == "target":
            found.append(_target(session, metric, period, answer))
            continue
        when = period.previous() if name == "previous" else period.last_year()
        base = other(when)
        found.append(_beside(answer, name, str(when), base.exact, base.message if base.exact is None else ""))
    return replace(answer, comparisons=tuple(found))


def _target(session: Session, metric: Metric, period: Period, answer: Answer) -> Comparison:
    try:
        value = goal_of(session, metric.name, period, answer.where)
    except NoData as error:
        return _beside(answer, "target", str(period), None, str(error))
    return _beside(answer, "target", str(period), value, "")


def _beside(answer: Answer, name: Versus, period: str, value: Fraction | None, message: str) -> Comparison:
    if value is None or answer.exact is None:
        return Comparison(name, period, value, message=message or answer.message)
    try:
        # of a negative or zero base a share says nothing; a target is told as the share reached
        part = answer.exact / value if name == "target" and value > 0 else growth(answer.exact, value)
    except Undefined as error:
        return Comparison(name, period, value, answer.exact - value, message=str(error))
    return Comparison(name, period, value, answer.exact - value, part)
