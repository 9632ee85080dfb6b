"""Evaluating a metric's formula over exact components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from revalign_udf.calc.acquisition import payback_months
from revalign_udf.calc.expression import Expression
from revalign_udf.calc.ratios import growth, ratio
from revalign_udf.errors import NoData, Undefined, UnknownName
from revalign_udf.metrics import COMPONENTS, Metric, qualified
from revalign_udf.periods import Period, months_in
from revalign_udf.query.session import Session

__all__ = ["CALLS", "evaluate", "needs"]

Where = Mapping[str, str]


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


def needs(session: Session, metric: Metric, period: Period) -> set[tuple[str, Period]]:
    """Every (component, period) a metric reads, through other metrics too."""
    found: set[tuple[str, Period]] = set()
    if not metric.formula:
        return found
    for name in Expression(metric.formula).names:
        qualifier, plain = qualified(name, COMPONENTS)
        periods = {"prev_": [period.previous()], "monthly_mean_": months_in(period)}.get(qualifier, [period])
        for one in periods:
            if plain in COMPONENTS:
                found.add((plain, one))
            elif plain in session.catalogue.metrics:
                found |= needs(session, session.catalogue.metrics[plain], one)
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
        return Expression(metric.formula).evaluate(named, CALLS)
    except Undefined as error:
        raise Undefined(f"{metric.name} of {period}: {error.message}", code=error.code, hint=error.hint) from error


def _plain(session: Session, name: str, period: Period, where: Where) -> Fraction:
    if name in COMPONENTS:
        return session.value(name, period, where)
    if name in session.catalogue.metrics:
        return evaluate(session, session.catalogue.metrics[name], period, where)
    raise UnknownName("name in a formula", name, [*COMPONENTS, *session.catalogue.metrics])


def _monthly_mean(session: Session, name: str, period: Period, where: Where) -> Fraction:
    """The mean over the period's months in which the value is defined."""
    values: list[Fraction] = []
    last: NoData | Undefined | None = None
    for month in months_in(period):
        try:
            values.append(_plain(session, name, month, where))
        except (NoData, Undefined) as error:
            last = error
    if not values:
        raise last or NoData(f"{name}: {period} holds no month.")
    return sum(values, Fraction(0)) / len(values)
