"""Statistics of the funnel: how long a step takes, and how scores are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from revalign_udf.calc.survival import Survival, kaplan_meier
from revalign_udf.money import exact
from revalign_udf.snapshots.cuts import Window
from revalign_udf.snapshots.evaluate import Evaluator

__all__ = ["quantile", "step_survival"]


def step_survival(
    evaluator: Evaluator, window: Window, where: Mapping[str, str], stage: str, later: str
) -> Survival | None:
    """The days from one stage to a later one, of leads that first reached the earlier one in the window; None where
    nobody did. A lead that has not made the step was seen to stay until the last day that may be spoken of."""
    made = f"f.{later}_day < p.known_end"
    days = f"date_diff('day', f.on_day, CASE WHEN {made} THEN f.{later}_day ELSE p.known_end - 1 END) AS days"
    counts = f"sum(CASE WHEN {made} THEN 1 ELSE 0 END), sum(CASE WHEN {made} THEN 0 ELSE 1 END)"
    rows = evaluator.rows("reach", window, where, f"{days}, {counts}", rule=f"f.stage = '{stage}'")
    return kaplan_meier(rows) if rows else None


def quantile(values: Sequence[tuple[Fraction, int]], share: Fraction) -> Fraction:
    """The value below which a share of counted values lies, interpolated between neighbours as a spreadsheet's
    PERCENTILE (inclusive) does. ``values`` are (value, how often), in ascending order, at least one.

    >>> quantile([(Fraction(1), 1), (Fraction(2), 2), (Fraction(4), 1)], Fraction(3, 4))
    Fraction(5, 2)
    """
    place = exact(sum(count for _, count in values) - 1) * share
    low, rest = divmod(place, 1)

    def at(wanted: int) -> Fraction:
        seen = 0
        for value, count in values:
            seen += count
            if wanted < seen:
                return value
        return values[-1][0]

    below = at(int(low))
    return below + rest * (at(int(low) + 1) - below)
