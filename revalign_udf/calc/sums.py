"""The one exact sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from revalign_udf.money import exact

__all__ = ["Number", "total"]

Number = int | float | Fraction | Decimal

#: floats with up to this many decimals are summed as whole numbers
_SCALE = 10_000
#: a decimal of at most 15 significant digits is the shortest that reads back as its double, so below this bound
#: "scaled, rounded and divided gives the same double" proves the scaled whole number to be the exact value
_SAFE = 10**15


def total(values: Iterable[Number]) -> Fraction:
    """The exact sum; 0 for nothing.

    Money with up to four decimals, which is nearly every spreadsheet, takes a path that costs about as much as
    ``sum``; anything else is added as fractions, grouped by denominator.

    >>> total([0.1, 0.2]) == Fraction(3, 10)
    True
    >>> total([1e16, 1.0, -1e16])
    Fraction(1, 1)

    Raises UserError REV-112 for a value that is no finite number.
    """
    numbers = values if isinstance(values, list) else list(values)
    quick = _scaled(numbers)
    if quick is not None:
        return Fraction(quick, _SCALE)
    by_denominator: defaultdict[int, int] = defaultdict(int)
    for value in numbers:
        part = exact(value)
        by_denominator[part.denominator] += part.numerator
    return sum((Fraction(above, below) for below, above in by_denominator.items()), Fraction(0))


def _scaled(numbers: list[Number]) -> int | None:
    """The sum in 1/10000, when every number is a float or int with at most four decimals; else None."""
    if not set(map(type, numbers)) <= {float, int}:
        return None
    try:
        scaled = [round(value * _SCALE) for value in numbers]
    except (OverflowError, ValueError):  # infinities and not-a-number: `exact` says which
        return None
    if scaled and not -_SAFE < min(scaled) <= max(scaled) < _SAFE:
        return None
    return sum(scaled) if [value / _SCALE for value in scaled] == numbers else None
