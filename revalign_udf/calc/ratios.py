"""Ratios: the division every metric ends in.

A share over several slices is the ratio of sums, never a mean of ratios, so callers add up before they divide:
1 of 10 and 10 of 1,000 are 11 of 1,010.
"""

from __future__ import annotations

from fractions import Fraction

from revalign_udf.calc.sums import Number
from revalign_udf.errors import Undefined, UserError
from revalign_udf.money import exact

__all__ = ["at_most", "growth", "not_negative", "ratio", "roi", "value_ratio"]


def ratio(above: Number, below: Number, *, what: str = "The denominator") -> Fraction:
    """``above / below``, exactly.

    >>> ratio(11, 1010)
    Fraction(11, 1010)

    Raises Undefined REV-110 (cell ``#DIV/0!``) when ``below`` is zero; ``what`` names it in the message.
    """
    divisor = exact(below)
    if not divisor:
        raise Undefined(f"{what} is zero, so there is no ratio.")
    return exact(above) / divisor


def growth(current: Number, previous: Number) -> Fraction:
    """Change from one period to the next as a fraction of the earlier one: (current - previous) / previous.

    >>> growth(157_500, 150_000)
    Fraction(1, 20)

    Raises Undefined REV-110 when ``previous`` is zero or negative: growth from nothing, or from a loss, has no
    meaning that survives a change of sign.
    """
    base = exact(previous)
    if base <= 0:
        state = "zero" if not base else "negative"
        raise Undefined(f"The earlier value is {state}, so growth has no meaning.")
    return (exact(current) - base) / base


def roi(value: Number, cost: Number) -> Fraction:
    """Return on a cost as a fraction: (value - cost) / cost. 0 means the money came back and no more.

    >>> roi(30_000, 10_000)
    Fraction(2, 1)

    Raises Undefined REV-110 when nothing was spent.
    """
    return ratio(exact(value) - exact(cost), cost, what="The cost")


def value_ratio(value: Number, cost: Number) -> Fraction:
    """Value per unit of cost: value / cost. A different number from `roi` and never shown under its name.

    >>> value_ratio(30_000, 10_000)
    Fraction(3, 1)

    Raises Undefined REV-110 when nothing was spent.
    """
    return ratio(value, cost, what="The cost")


def not_negative(value: Number, what: str) -> Fraction:
    """The exact value of a count or another number that cannot be below zero.

    >>> not_negative(3, "Orders")
    Fraction(3, 1)

    Raises UserError REV-114 (cell ``#NUM!``) for a negative one.
    """
    number = exact(value)
    if number < 0:
        raise UserError(f"{what} cannot be negative ({float(number):g}).", code="REV-114", cell="#NUM!")
    return number


def at_most(count: int, most: int, what: str) -> None:
    """Refuse a table that would be longer than anybody meant: a whole column given without its end.

    Raises UserError REV-114 (cell ``#NUM!``) for a count above ``most``.
    """
    if count > most:
        raise UserError(
            f"{count:,} {what}: at most {most:,} fit.", code="REV-114", cell="#NUM!", hint="Point to the filled cells."
        )
