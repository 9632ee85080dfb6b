"""Surveys: what customers say."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from revalign_udf.calc.sums import Number
from revalign_udf.errors import NoData, UserError
from revalign_udf.money import exact

__all__ = ["nps", "share_at_least"]


def nps(scores: Sequence[Number]) -> Fraction:
    """Net promoter score in POINTS (-100..100): share of 9 and 10 minus share of 0 to 6, times 100.

    >>> nps([10, 9, 9, 8, 7, 6, 0, 10, 10, 10])
    Fraction(40, 1)

    Raises UserError REV-114 (cell ``#NUM!``) for a score that is no whole number from 0 to 10, NoData REV-204 without
    a score.
    """
    if not scores:
        raise NoData("There is no score.")
    points = 0
    for value in scores:
        score = value if type(value) is float or type(value) is int else exact(value)
        if not 0 <= score <= 10 or score != int(score):
            raise UserError(
                f"{float(score):g} is not a score.", code="REV-114", cell="#NUM!", hint="Scores are whole, 0 to 10."
            )
        points += (score >= 9) - (score <= 6)
    return Fraction(100 * points, len(scores))


def share_at_least(scores: Sequence[Number], threshold: Number) -> Fraction:
    """Share of answers at or above a threshold, as a fraction: CSAT is the share of 4 and 5 out of 5.

    >>> share_at_least([5, 4, 3, 1], 4)
    Fraction(1, 2)

    Raises NoData REV-204 without an answer.
    """
    if not scores:
        raise NoData("There is no answer.")
    limit = exact(threshold)
    return Fraction(sum(exact(score) >= limit for score in scores), len(scores))
