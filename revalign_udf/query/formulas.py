"""Evaluating a metric's formula over exact components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache

from revalign_udf.calc.acquisition import payback_months
from revalign_udf.calc.expression import Expression
from revalign_udf.calc.ratios import growth, ratio
from revalign_udf.errors import NoData, Undefined, UnknownName
from revalign_udf.metrics import COMPONENTS, Metric, qualified
from revalign_udf.periods import Period, months_in
from revalign_udf.query.session import Session
from revalign_udf.query.tables import table_needs

__all__ = ["CALLS", "component_periods", "evaluate"]

Where = Mapping[str, str]
#: a formula is read once
_parsed = lru_cache(maxsize=512)(Expression)
#: reasons for which a month is left out of a mean: nobody there to lose, or no month of the data
_LEFT_OUT = ("REV-110", "REV-204")


def _margin(cogs: Fraction, revenue: Fraction) -> Fraction:
    """1 - cogs / revenue; 1 where no cost of goods sold is known."""
    return Fraction(1) if not cogs else 1 - ratio(cogs, revenue, what="Revenue")


#: what a metric formula may call
CALLS: Mapping[str, Callable[..., Fraction]] = {
    "ratio": ratio,
    "growth": growth,
    "margin": _margin,
    "payback": payback_months,
    "min": min,
    "max": max,
}


def component_periods(session: Session, metric: Metric, period: Period) -> list[tuple[str, Period]]:
    """The (component, period) pairs a metric rests on, in a stable order."""
    known = session.pairs.get((metric.name, period))
    if known is None:
        order = {name: number for number, name in enumerate(COMPONENTS)}
        wanted = {(name, period) for name in table_needs(metric)} or _needs(session, metric, period)
        known = sorted(wanted, key=lambda pair: (pair[1].start, pair[1].end, order[pair[0]]))
        session.pairs[metric.name, period] = known
    return known


def _needs(session: Session, metric: Metric, period: Period) -> set[tuple[str, Period]]:
    """Every (component, period) a metric reads, through other metrics too."""
    found: set[tuple[str, Period]] = set()
    for name in _parsed(metric.formula).names:
        qualifier, plain = qualified(name, COMPONENTS)
        periods = {"prev_": [period.previous()], "monthly_mean_": months_in(period)}.get(qualifier, [period])
        for one in periods:
            if plain in COMPONENTS:
                found.add((plain, one))
            elif plain in session.catalogue.metrics:
                found |= _needs(session, session.catalogue.metrics[plain], one)
    return found


def evaluate(session: Session, metric: Metric, period: Period, where: Where) -> Fraction:
    """A metric's exact value. Raises NoData or Undefined with the reason when there is none."""

    def named(name: str) -> Fraction:
        qualifier, plain = qualified(name, COMPONENTS)
        if qualifier == "prev_":
            return _plain(session, plain, period.previous(), where)
        if qualifier == "monthly_mean_":
            return _monthly_mean(session, plain, period, where)
        return _plain(session, plain, period, where)

    try:
        return _parsed(metric.formula).evaluate(named, CALLS)
    except Undefined as error:
        raise Undefined(f"{metric.name} of {period}: {error.message}", code=error.code, hint=error.hint) from error


def _plain(session: Session, name: str, period: Period, where: Where) -> Fraction:
    if name in COMPONENTS:
        return session.value(name, period, where)
    if name in session.catalogue.metrics:
        return evaluate(session, session.catalogue.metrics[name], period, where)
    raise UnknownName("name in a formula", name, [*COMPONENTS, *session.catalogue.metrics])


def _monthly_mean(session: Session, name: str, period: Period, where: Where) -> Fraction:
    """The mean over the period's months. Months outside the data and months in which the value is undefined are left
    out; a month whose value is unknown for any other reason leaves the mean unknown."""
    values: list[Fraction] = []
    last: NoData | Undefined | None = None
    for month in months_in(period):
        try:
            values.append(_plain(session, name, month, where))
        except (NoData, Undefined) as error:
            if error.code not in _LEFT_OUT:
                raise
            last = error
    if last is not None and not values:
        raise last
    return sum(values, Fraction(0)) / len(values)
