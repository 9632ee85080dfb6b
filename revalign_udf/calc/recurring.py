"""Recurring revenue: intervals, MRR, ARR, annualised rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from types import MappingProxyType

from revalign_udf.calc.ratios import not_negative, ratio
from revalign_udf.calc.sums import Number, total
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.money import exact

__all__ = ["INTERVALS", "annual_factor", "annualise", "arr", "arr_contract", "item_mrr", "mrr"]

#: how often an interval is billed in a year; fixed numbers, so that a price per day does not change with leap years
INTERVALS = MappingProxyType({"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1})

#: digits for powers that are no fractions: far beyond a double, so the double nearest to the result is the right one
_DIGITS = Context(prec=60, rounding=ROUND_HALF_EVEN)
_NOTHING = Fraction(0)
_KEPT = Decimal(1).scaleb(-40)


def annual_factor(interval: str, count: Number = 1) -> Fraction:
    """Times a year an amount billed every ``count`` intervals is due.

    >>> annual_factor("month"), annual_factor("month", 6), annual_factor("week")
    (Fraction(12, 1), Fraction(2, 1), Fraction(52, 1))

    Raises UnknownName REV-101 for another interval, UserError REV-114 for a count that is not above zero.
    """
    times = INTERVALS.get(interval.strip().casefold())
    if times is None:
        raise UnknownName("billing interval", interval, INTERVALS, hint="Use day, week, month, quarter or year.")
    every = exact(count)
    if every <= 0:
        raise UserError("The number of intervals must be above zero.", code="REV-114", cell="#NUM!")
    return times / every


def item_mrr(amount: Number, interval: str = "month", quantity: Number = 1, *, count: Number = 1) -> Fraction:
    """Monthly recurring revenue of one item: amount x quantity per interval, made yearly, divided by 12.

    >>> item_mrr(1200, "year"), item_mrr(10, "month", 3), item_mrr(30, "quarter")
    (Fraction(100, 1), Fraction(30, 1), Fraction(10, 1))

    Raises what `annual_factor` raises.
    """
    return exact(amount) * exact(quantity) * annual_factor(interval, count) / 12


def mrr(items: Iterable[tuple[Number, str | None, Number, bool]]) -> Fraction:
    """Monthly recurring revenue of items: rows of (amount, interval, quantity, one-time?). One-time items are out.

    No interval means monthly.

    >>> mrr([(1200, "year", 1, False), (10, None, 3, False), (500, "month", 1, True)])
    Fraction(130, 1)

    Raises what `annual_factor` raises.
    """
    by_interval: defaultdict[str, list[Number]] = defaultdict(list)
    for amount, interval, quantity, one_time in items:
        if not one_time:
            line = amount if quantity == 1 else exact(amount) * exact(quantity)
            by_interval[interval or "month"].append(line)
    found = _NOTHING
    for name, lines in by_interval.items():
        added = total(lines)
        found += added if name == "month" else added * annual_factor(name) / 12
    return found


def arr(monthly: Number) -> Fraction:
    """Annual recurring revenue: 12 x MRR, a stock at one instant.

    >>> arr(Fraction(20_000, 12))
    Fraction(20000, 1)
    """
    return 12 * exact(monthly)


def arr_contract(contract_value: Number, months: Number) -> Fraction:
    """Annual value of a contract: value x 12 / months. One-off payments do not belong in the value.

    >>> arr_contract(100_000, 60)
    Fraction(20000, 1)

    Raises Undefined REV-110 for a length of zero, UserError REV-114 for a negative one.
    """
    return ratio(
        12 * exact(contract_value), not_negative(months, "The contract's length"), what="The contract's length"
    )


def annualise(churn_rate: Number, term_months: Number) -> Fraction:
    """A loss rate per term as a rate per year: 1 - (1 - rate) ^ (12 / term).

    Exact while 12 / term is a whole number; else to 40 decimals.

    >>> annualise(0.5, 12), annualise(0.5, 6)
    (Fraction(1, 2), Fraction(3, 4))
    >>> float(annualise(0.75, 24))
    0.5

    Raises UserError REV-114 (cell ``#NUM!``) for a rate outside 0..1 or a negative term, Undefined REV-110 for a term
    of zero.
    """
    lost = not_negative(churn_rate, "The churn rate")
    if lost > 1:
        raise UserError("A churn rate above 1 (100 %) cannot be.", code="REV-114", cell="#NUM!", hint="3 % is 0.03.")
    times = ratio(12, not_negative(term_months, "The term"), what="The term")
    kept = 1 - lost
    if times.denominator == 1 and times <= 60:
        return 1 - kept**times.numerator
    return 1 - _power(kept, times)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """``base ** exponent`` for 0 <= base <= 1 and a positive exponent that may be no whole number."""
    if base in (0, 1):
        return base
    number = _DIGITS.divide(Decimal(base.numerator), Decimal(base.denominator))
    power = _DIGITS.divide(Decimal(exponent.numerator), Decimal(exponent.denominator))
    return Fraction(_DIGITS.power(number, power).quantize(_KEPT, context=_DIGITS))
