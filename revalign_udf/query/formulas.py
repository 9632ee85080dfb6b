"""Evaluating a metric's formula over exact components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache

from revalign_udf.calc.acquisition import payback_months, renewals_to_break_even
from revalign_udf.calc.expression import Expression
from revalign_udf.calc.ratios import growth, ratio
from revalign_udf.calc.recurring import annualise
from revalign_udf.errors import NoData, Undefined, Undivided, UnknownName
from revalign_udf.metrics import Metric, qualified
from revalign_udf.periods import Period, months_in
from revalign_udf.query.session import Session
from revalign_udf.query.sharing import refuse_rest
from revalign_udf.query.tables import table_needs
from revalign_udf.snapshots import NONE

__all__ = ["CALLS", "component_periods", "evaluate", "when_read"]

Where = Mapping[str, str]
#: a formula is read once
_parsed = lru_cache(maxsize=512)(Expression)
#: reasons for which a month is left out of a mean: nobody there to lose, or no month of the data
_LEFT_OUT = ("REV-110", "REV-204")


def _margin(cogs: Fraction, revenue: Fraction) -> Fraction:
    """1 - cogs / revenue; 1 where no cost of goods sold is known."""
    return Fraction(1) if not cogs else 1 - ratio(cogs, revenue, what="Revenue")


def _at_most(value: Fraction, limit: Fraction) -> Fraction:
    """1 where a value is not above a limit, else 0."""
    return Fraction(int(value <= limit))


#: what a metric formula may call
CALLS: Mapping[str, Callable[..., Fraction]] = {
    "ratio": ratio,
    "growth": growth,
    "margin": _margin,
    "payback": payback_months,
    "min": min,
    "max": max,
    "annualise": annualise,
    "renewals": renewals_to_break_even,
    "at_most": _at_most,
}


def component_periods(session: Session, metric: Metric, period: Period) -> list[tuple[str, Period]]:
    """The (component, period) pairs a metric with its parameters filled in rests on, in a stable order."""
    key = (metric.name, metric.formula, tuple([(item.name, item.default) for item in metric.parameters]), period)
    known = session.pairs.get(key)
    if known is None:
        values = dict(key[2])
        needs = [session.catalogue.bind_component(name, values).name for name in table_needs(metric)]
        wanted = {(name, period) for name in needs} or _needs(session, metric, period)
        order = {name: number for number, name in enumerate(session.catalogue.components)}
        known = sorted(wanted, key=lambda pair: (pair[1].start, pair[1].end, order[pair[0]]))
        session.pairs[key] = known
    return known


def when_read(qualifier: str, period: Period) -> list[Period]:
    """The periods in which a name with a qualifier is read."""
    if qualifier == "prev_":
        return [period.previous()]
    if qualifier == "monthly_mean_":
        return months_in(period)
    if qualifier.startswith("lag") and (months := int(qualifier.removeprefix("lag").removesuffix("_"))):
        return [period.moved(-months)]
    return [period]


def _needs(session: Session, metric: Metric, period: Period) -> set[tuple[str, Period]]:
    """Every (component, period) a metric reads, through other metrics too."""
    found: set[tuple[str, Period]] = set()
    if not metric.formula:
        return found
    for name in _parsed(metric.formula).names:
        qualifier, plain = qualified(name, session.catalogue.components)
        if qualifier == "goal_":
            continue
        for one in when_read(qualifier, period):
            if plain in session.catalogue.components:
                found.add((plain, one))
            elif (inner := session.catalogue.resolve(plain)) is not None:
                found |= _needs(session, inner, one)
    return found


def evaluate(session: Session, metric: Metric, period: Period, where: Where) -> Fraction:
    """The exact value of a metric with its parameters filled in. Raises NoData or Undefined with the reason when there
    is none."""

    def named(name: str) -> Fraction:
        qualifier, plain = qualified(name, session.catalogue.components)
        if qualifier == "goal_":
            return session.goal(plain, period, where)
        if qualifier == "monthly_mean_":
            return _monthly_mean(session, plain, period, where)
        return _plain(session, plain, when_read(qualifier, period)[0], where)

    if NONE in where.values():
        refuse_rest(session, metric, component_periods(session, metric, period), where)
    try:
        return _parsed(metric.formula).evaluate(named, CALLS)
    except Undefined as error:
        raise Undefined(f"{metric.name} of {period}: {error.message}", code=error.code, hint=error.hint) from error


def _plain(session: Session, name: str, period: Period, where: Where) -> Fraction:
    if name in session.catalogue.components:
        return session.value(name, period, where)
    if (inner := session.catalogue.resolve(name)) is not None:
        return evaluate(session, session.catalogue.bind(inner), period, where)
    raise UnknownName("name in a formula", name, [*session.catalogue.components, *session.catalogue.metrics])


def _monthly_mean(session: Session, name: str, period: Period, where: Where) -> Fraction:
    """The mean over the period's months. Months outside the data and months in which the value is undefined are left
    out; a month whose value is unknown for any other reason leaves the mean unknown."""
    values: list[Fraction] = []
    last: NoData | Undefined | None = None
    for month in months_in(period):
        try:
            values.append(_plain(session, name, month, where))
        except (NoData, Undefined) as error:
            if error.code not in _LEFT_OUT or isinstance(error, Undivided):
                raise
            last = error
    if last is not None and not values:
        raise last
    return sum(values, Fraction(0)) / len(values)
