"""The one exact sum."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from operator import eq
from typing import Any

from revalign_udf.money import exact

__all__ = ["Number", "minor_units", "quick_column_total", "quick_total", "total", "whole_numbers"]

Number = int | float | Fraction | Decimal

#: numbers with up to this many decimals are summed as whole numbers
_SCALE = 10_000
#: a decimal of at most 15 significant digits is the shortest that reads back as its double, so below this bound
#: "scaled, rounded and divided gives the same double" proves the scaled whole number to be the exact value
_SAFE = 1e15
#: squares of that bound for 80 numbers: n numbers whose squares make less than 8e31 / n sum to less than 2 ** 53, up to
#: which whole doubles are added without rounding
_SQUARES, _FEW = 8e31, 80


def total(values: Iterable[Number]) -> Fraction:
    """The exact sum; 0 for nothing.

    Money with up to four decimals, which is nearly every spreadsheet, takes a path of few steps per number; anything
    else is added as fractions, grouped by denominator.

    >>> total([0.1, 0.2]) == Fraction(3, 10)
    True
    >>> total([1e16, 1.0, -1e16])
    Fraction(1, 1)

    Raises UserError REV-112 for a value that is no finite number.
    """
    numbers = values if isinstance(values, list) else list(values)
    quick = quick_total(numbers)
    if quick is not None:
        return quick
    scaled = _scaled(numbers)  # the long way for sums beyond 2 ** 53
    if scaled is not None:
        return Fraction(sum(scaled), _SCALE)
    by_denominator: defaultdict[int, int] = defaultdict(int)
    for value in numbers:
        part = exact(value)
        by_denominator[part.denominator] += part.numerator
    return sum((Fraction(above, below) for below, above in by_denominator.items()), Fraction(0))


def quick_total(numbers: Sequence[Any], *, blanks: bool = False) -> Fraction | None:
    """The exact sum in one pass, when everything is a float or int with at most four decimals (with ``blanks`` None,
    too, which adds nothing); else None.

    >>> quick_total([0.25, 2, None], blanks=True), quick_total([None]), quick_total([0.00001]), quick_total([1.0, True])
    (Fraction(9, 4), None, None, None)
    """
    added = squares = 0.0
    try:
        for value in numbers:
            kind = type(value)
            if kind is not float and kind is not int:
                if value is None and blanks:
                    continue
                return None
            # adding and taking away 1.5 * 2 ** 52 rounds a double to a whole number
            scaled = value * 10_000.0 + 6755399441055744.0 - 6755399441055744.0
            if scaled / 10_000.0 != value:
                return None
            added += scaled
            squares += scaled * scaled
    except OverflowError:  # an int no double can hold
        return None
    return Fraction(int(added), _SCALE) if squares * max(len(numbers), _FEW) < _SQUARES else None


def quick_column_total(rows: Sequence[Any]) -> Fraction | None:
    """The same for rows of one cell each, as spreadsheets hand a column over: without a list of the cells in between,
    which saves a fifth of the time. None for other rows, too.

    >>> quick_column_total([[0.25], [None], [2]]), quick_column_total([[1.0, 2.0], [3.0]]), quick_column_total([1.0])
    (Fraction(9, 4), None, None)
    """
    added = squares = 0.0
    try:
        for (value,) in rows:
            kind = type(value)
            if kind is not float and kind is not int:
                if value is None:
                    continue
                return None
            scaled = value * 10_000.0 + 6755399441055744.0 - 6755399441055744.0  # as above
            if scaled / 10_000.0 != value:
                return None
            added += scaled
            squares += scaled * scaled
    except (OverflowError, TypeError, ValueError):  # a huge int, or no row of one cell
        return None
    return Fraction(int(added), _SCALE) if squares * max(len(rows), _FEW) < _SQUARES else None


def whole_numbers(values: Sequence[Number]) -> tuple[list[int], int]:
    """The numbers as whole numbers of one small unit, and how many units make 1, so that sums are sums of ints.

    >>> whole_numbers([Fraction(1, 3), 0.5])
    ([2, 3], 6)

    Raises UserError REV-112 for a value that is no finite number.
    """
    scaled = _scaled(values)
    if scaled is not None:
        return scaled, _SCALE
    parts = [exact(value) for value in values]
    unit = math.lcm(*(part.denominator for part in parts))
    return [part.numerator * (unit // part.denominator) for part in parts], unit


def minor_units(value: Fraction) -> int:
    """How many of the smallest parts an amount may be split into make 1, where no currency says so: 100, or as many more
    as the amount's own decimals need.

    >>> minor_units(Fraction(5)), minor_units(Fraction("1.125")), minor_units(Fraction(1, 3))
    (100, 1000, 300)
    """
    # a denominator divides 10 ** n when it holds no other primes than 2 and 5, of each at most n
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        times = 0
        while rest % prime == 0:
            rest, times = rest // prime, times + 1
        digits = max(digits, times)
    return rest * int(10 ** max(digits, 2))


def _scaled(numbers: Sequence[Number]) -> list[int] | None:
    """The numbers in 1/10000; None when one of them is no float or int, or has more decimals."""
    if not set(map(type, numbers)) <= {float, int}:
        return None
    try:
        scaled = [round(value * _SCALE) for value in numbers]
    except (OverflowError, ValueError):  # infinities and not-a-number: `exact` says which
        return None
    if scaled and not -_SAFE < min(scaled) <= max(scaled) < _SAFE:
        return None
    return scaled if all(map(eq, [value / _SCALE for value in scaled], numbers)) else None
