"""Exchange rates: which one holds on a day.

The rate of a day is the latest on or before it, at most seven days old; the pair itself, else its inverse, else by way
of the company currency. A rate is used with twelve decimals, so that conversion of whole micros is exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from revalign_udf.money import Number, exact, round_half_away

__all__ = ["MAX_AGE", "Rates"]

MAX_AGE = timedelta(days=7)
_DIGITS = 10**12


class Rates:
    """Rates by day. ``rows`` are (day, from, to, rate): one unit of ``from`` is worth ``rate`` units of ``to``.

    >>> rates = Rates([(date(2026, 1, 1), "EUR", "USD", "1.25")], "USD")
    >>> rates.on(date(2026, 1, 5), "EUR"), rates.on(date(2026, 1, 5), "USD", "EUR")
    (Fraction(5, 4), Fraction(4, 5))
    >>> rates.on(date(2026, 1, 9), "EUR") is None
    True
    """

    def __init__(self, rows: Iterable[tuple[date, str, str, Number]], company: str) -> None:
        self.company = company
        self._days: dict[tuple[str, str], list[date]] = {}
        self._rates: dict[tuple[str, str], list[Fraction]] = {}
        # of two rates given for one pair and day the larger is used: any rule will do that does not hang on the order
        for day, source, target, rate in sorted((day, a, b, exact(rate)) for day, a, b, rate in rows):
            self._days.setdefault((source, target), []).append(day)
            self._rates.setdefault((source, target), []).append(rate)

    def on(self, day: date, source: str, target: str | None = None) -> Fraction | None:
        """Units of ``target`` (default: the company currency) for one ``source`` on a day; None when none is known."""
        target = target or self.company
        if source == target:
            return Fraction(1)
        found = self._pair(day, source, target)
        if found is None and self.company not in (source, target):
            first, second = self._pair(day, source, self.company), self._pair(day, self.company, target)
            found = first * second if first is not None and second is not None else None
        return None if found is None else Fraction(round_half_away(found * _DIGITS), _DIGITS)

    def _pair(self, day: date, source: str, target: str) -> Fraction | None:
        direct = self._latest(day, source, target)
        if direct is not None:
            return direct
        inverse = self._latest(day, target, source)
        return 1 / inverse if inverse else None

    def _latest(self, day: date, source: str, target: str) -> Fraction | None:
        days = self._days.get((source, target), [])
        index = bisect_right(days, day) - 1
        if index < 0 or day - days[index] > MAX_AGE:
            return None
        return self._rates[source, target][index]
