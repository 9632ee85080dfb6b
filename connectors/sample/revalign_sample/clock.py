"""Time as whole numbers, and draws that come out the same on every machine.

Days count from 2020-01-01 and instants are seconds from there: adding is cheap, and text is made once, at the edge.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TypeVar

from revalign_udf.periods import add_months

__all__ = ["DAY", "FIRST", "LAST", "MONTHS", "Dice", "at", "day_of", "iso", "later", "money", "month_of", "months"]

T = TypeVar("T")

DAY = 86_400
_EPOCH = date(2020, 1, 1)
_DATES = [_EPOCH + timedelta(days=number) for number in range(6000)]
_ISO = [day.isoformat() for day in _DATES]


def day_of(text: str) -> int:
    """The number of a day."""
    return (date.fromisoformat(text) - _EPOCH).days


#: the first and the last day of the sample
FIRST, LAST = day_of("2023-11-01"), day_of("2026-10-31")
MONTHS = 36


def iso(day: int | None) -> str | None:
    """A day as text."""
    return None if day is None else _ISO[day]


def at(second: int | None) -> str | None:
    """An instant as text, in UTC."""
    if second is None:
        return None
    day, rest = divmod(second, DAY)
    return f"{_ISO[day]}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}Z"


def later(day: int, count: int) -> int:
    """The same day ``count`` months on."""
    return (add_months(_DATES[day], count) - _EPOCH).days


def month_of(day: int) -> str:
    """The month that holds a day, as 2026-10."""
    return _ISO[day][:7]


def weekday(day: int) -> int:
    """0 for a Monday."""
    return _DATES[day].weekday()


def months() -> Iterator[tuple[int, int, int]]:
    """Number, first day and last day of each month of the sample."""
    for number in range(MONTHS):
        start = later(FIRST, number)
        yield number, start, later(start, 1) - 1


def money(cents: int) -> str:
    """Cents as decimal text."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class Dice(random.Random):
    """Reproducible draws. Only ``random()`` is used: of the rest Python promises nothing from release to release."""

    def chance(self, share: float) -> bool:
        """True in a share of the cases."""
        return self.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of several."""
        return items[int(self.random() * len(items))]

    def weigh(self, weights: dict[T, float]) -> T:
        """One of several, by weight."""
        left = self.random() * sum(weights.values())
        for item, weight in weights.items():
            left -= weight
            if left < 0:
                return item
        return item

    def soon(self, most: int) -> int:
        """A whole number from 0 to ``most``, small ones far more often."""
        draw = self.random()
        return int(draw * draw * (most + 1))

    def round(self, value: float) -> int:
        """Up or down by chance, so that fractions are right in the long run."""
        return int(value) + self.chance(value - int(value))
