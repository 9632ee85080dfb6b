"""Billing periods: when the next invoice of an item is due.

Months count from the anchor and keep its day where they have it: 31 January, 28 February, 31 March. Times are UTC, as
Stripe's are.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Rhythm"]

_SECONDS = {"day": 86_400, "week": 7 * 86_400}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SAME = 3_600
"""seconds by which the start of a discount may miss the start of the period it was meant for"""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Billing periods of one item: ``anchor`` is the start of any of them (seconds since 1970)."""

    anchor: int
    interval: str
    count: int

    def nth(self, number: int) -> int:
        """The start of the period ``number`` periods after the anchor."""
        if self.interval in _SECONDS:
            return self.anchor + number * self.count * _SECONDS[self.interval]
        begun = datetime.fromtimestamp(self.anchor, UTC)
        year, month = divmod(begun.year * 12 + begun.month - 1 + number * self.count * _MONTHS[self.interval], 12)
        day = min(begun.day, monthrange(year, month + 1)[1])
        return int(begun.replace(year=year, month=month + 1, day=day).timestamp())

    def at_or_after(self, moment: int) -> int:
        """The start of the first period that begins at a moment or later, an hour's grace given.

        >>> rhythm = Rhythm(1767225600, "month", 1)  # 2026-01-01
        >>> [(rhythm.at_or_after(x) - 1767225600) // 86400 for x in (1767225600, 1767229000, 1767312000)]
        [0, 0, 31]
        """
        length = _SECONDS.get(self.interval) or _MONTHS[self.interval] * 28 * 86_400
        number = (moment - self.anchor) // (length * self.count)
        while self.nth(number) >= moment - _SAME:
            number -= 1
        while self.nth(number) < moment - _SAME:
            number += 1
        return self.nth(number)

    def at_or_before(self, moment: int) -> int:
        """The start of the period a moment lies in."""
        number = (moment - self.anchor) // (
            (_SECONDS.get(self.interval) or _MONTHS[self.interval] * 28 * 86_400) * self.count
        )
        while self.nth(number) > moment:
            number -= 1
        while self.nth(number + 1) <= moment:
            number += 1
        return self.nth(number)

    def after(self, moment: int) -> int:
        """The start of the period after the one that begins at a moment."""
        return self.at_or_after(moment + 2 * _SAME)
