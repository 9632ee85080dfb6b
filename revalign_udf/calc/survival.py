"""Kaplan-Meier: how long things last when some have not ended yet.

The mean of the finished is biased short, because the long ones are still running. Kaplan and Meier (1958) count the
unfinished for as long as they were seen. Everything is exact; products are kept unreduced until an answer is asked
for, because reducing thousands of factors one by one costs more than the estimate itself.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from revalign_udf.calc.ratios import not_negative
from revalign_udf.calc.sums import Number
from revalign_udf.errors import NoData
from revalign_udf.money import exact

__all__ = ["DAYS_PER_MONTH", "Survival", "kaplan_meier"]

#: 365.25 / 12: the month in which lifetimes counted in days are told
DAYS_PER_MONTH = Fraction(1461, 48)


@dataclass(frozen=True)
class Survival:
    """The estimated survival curve.

    ``events`` holds one entry per time at which something ended: (time, at risk just before, ended). ``longest`` is the
    longest time observed, finished or not. Times carry the unit they came in.
    """

    events: tuple[tuple[Fraction, int, int], ...]
    longest: Fraction
    ended: int
    running: int

    @cached_property
    def steps(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """(time, share surviving beyond it), starting with (0, 1)."""
        share, found = Fraction(1), [(Fraction(0), Fraction(1))]
        for time, at_risk, ended in self.events:
            share *= Fraction(at_risk - ended, at_risk)
            found.append((time, share))
        return tuple(found)

    @cached_property
    def restricted_mean(self) -> Fraction:
        """The mean up to the longest observed time: the area under the curve.

        Where the longest observation has not ended the curve never reaches zero and a full mean does not exist.
        """
        # Horner from the back, area = d0 + f1 (d1 + f2 (d2 + ...)), in whole numbers over one growing denominator
        unit = math.lcm(self.longest.denominator, *(time.denominator for time, _, _ in self.events))
        marks = [0, *(int(time * unit) for time, _, _ in self.events), int(self.longest * unit)]
        widths = [end - start for start, end in pairwise(marks)]
        above, below = widths.pop(), 1
        for _, at_risk, ended in reversed(self.events):
            below *= at_risk
            above = above * (at_risk - ended) + widths.pop() * below
        return Fraction(above, below * unit)

    def quantile(self, share: Number) -> Fraction | None:
        """The first time by which at least ``share`` has ended, or None when the curve never falls that far."""
        left = 1 - exact(share)
        above, below = left.denominator, left.numerator
        alive, ever = 1, 1
        for time, at_risk, ended in self.events:
            alive, ever = alive * (at_risk - ended), ever * at_risk
            if alive * above <= ever * below:
                return time
        return None

    @property
    def median(self) -> Fraction | None:
        """The time by which half has ended, or None when fewer have."""
        return self.quantile(Fraction(1, 2))

    def at(self, time: Number) -> Fraction:
        """The share surviving beyond a time."""
        moment = exact(time)
        return [share for when, share in self.steps if when <= moment][-1]

    def require(self, ended: int) -> Survival:
        """Itself, when at least so many have ended. Raises NoData REV-209 otherwise: the estimate would mislead."""
        if self.ended < ended:
            raise NoData(f"Only {self.ended} have ended; an honest estimate needs {ended}.", code="REV-209")
        return self


def kaplan_meier(durations: Iterable[tuple[Number, int, int]]) -> Survival:
    """The survival curve of things seen for a time: rows of (duration, how many ended then, how many still run).

    Who is still running after a duration counts as at risk at that duration (the usual convention). Rows of one
    duration may be given in parts.

    >>> curve = kaplan_meier([(1, 1, 0), (2, 0, 1), (3, 1, 0), (4, 0, 1)])
    >>> curve.steps[1:]
    ((Fraction(1, 1), Fraction(3, 4)), (Fraction(3, 1), Fraction(3, 8)))
    >>> curve.restricted_mean, curve.median, curve.ended
    (Fraction(23, 8), Fraction(3, 1), 2)

    Raises NoData REV-204 without an observation, UserError REV-114 for a negative duration or count.
    """
    tally: defaultdict[Fraction, list[int]] = defaultdict(lambda: [0, 0])
    for duration, ended, running in durations:
        counts = tally[not_negative(duration, "A duration")]
        counts[0] += int(not_negative(ended, "A count"))
        counts[1] += int(not_negative(running, "A count"))
    at_risk = sum(map(sum, tally.values()))
    if not at_risk:
        raise NoData("There is nothing to estimate from.")
    finished, events = 0, []
    everyone = at_risk
    for time in sorted(tally):
        ended, running = tally[time]
        if ended:
            events.append((time, at_risk, ended))
            finished += ended
        at_risk -= ended + running
    longest = max(time for time, counts in tally.items() if any(counts))
    return Survival(tuple(events), longest, finished, everyone - finished)
