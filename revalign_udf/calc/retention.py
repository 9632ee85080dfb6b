"""Churn and retention.

The population is always who was paying at the start: who came later never enters, and who left during the period
counts with what is left at its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from revalign_udf.calc.ratios import not_negative, ratio
from revalign_udf.calc.sums import Number, total
from revalign_udf.errors import UserError
from revalign_udf.money import exact

__all__ = ["churn", "eligible_churn", "grr", "grr_totals", "nrr", "nrr_totals", "quick_ratio"]

_NOBODY = "Nobody was paying at the start: the opening amount"


def churn(lost: Number, at_start: Number) -> Fraction:
    """Share lost of what was there at the start: lost / at start. Customers or money, the same on both sides.

    Who joined and left inside the period belongs in neither number: 100 at the start and 11 cancelled, one of whom
    joined after the start, is 10 %.

    >>> churn(10, 100)
    Fraction(1, 10)

    Raises Undefined REV-110 when nothing was there, UserError REV-114 (cell ``#NUM!``) for a negative number or when
    more was lost than was there.
    """
    gone, there = not_negative(lost, "What was lost"), not_negative(at_start, "What was there at the start")
    if gone > there > 0:
        raise UserError(
            "More was lost than was there at the start.",
            code="REV-114",
            cell="#NUM!",
            hint="Leave out who joined and left inside the period.",
        )
    return ratio(gone, there, what="The number at the start")


def eligible_churn(lost_at_renewal: Number, up_for_renewal: Number) -> Fraction:
    """Share lost of those whose contract came up for renewal: lost at renewal / up for renewal.

    Annual contracts hide churn: the same losses look small against everybody and large against those who could leave.

    >>> eligible_churn(11, 30)
    Fraction(11, 30)

    Raises what `churn` raises.
    """
    return churn(lost_at_renewal, up_for_renewal)


def nrr(openings: Iterable[Number], closings: Iterable[Number]) -> Fraction:
    """Net revenue retention: closing / opening MRR of the customers paying at the start, one pair per customer.

    A row whose opening is zero or negative was not paying at the start and is left out, whatever its closing.

    >>> nrr([60, 40, 0], [70, 20, 500])
    Fraction(9, 10)

    Raises Undefined REV-110 when nobody was paying, UserError REV-102 for lists of different length.
    """
    starts, ends = _paying(openings, closings)
    return ratio(total(ends), total(starts), what=_NOBODY)


def grr(openings: Iterable[Number], closings: Iterable[Number]) -> Fraction:
    """Gross revenue retention: the same, each customer counted with at most what it had at the start.

    >>> grr([60, 40, 0], [70, 20, 500])
    Fraction(4, 5)

    Raises what `nrr` raises.
    """
    starts, ends = _paying(openings, closings)
    kept = [end if end < start else start for start, end in zip(starts, ends, strict=True)]  # noqa: FURB136 - twice as fast
    return ratio(total(kept), total(starts), what=_NOBODY)


def _paying(openings: Iterable[Number], closings: Iterable[Number]) -> tuple[list[Number], list[Number]]:
    """The opening and closing amounts of who was paying at the start."""
    starts, ends = list(openings), list(closings)
    if len(starts) != len(ends):
        raise UserError(f"{len(starts)} opening amounts and {len(ends)} closing amounts: one row per customer in both.")
    if starts and min(starts) <= 0:
        ends = [end for start, end in zip(starts, ends, strict=True) if start > 0]
        starts = [start for start in starts if start > 0]
    return starts, ends


def nrr_totals(opening: Number, expansion: Number, contraction: Number, churned: Number) -> Fraction:
    """Net revenue retention from period totals: (opening + expansion - contraction - churned) / opening.

    An approximation under its own name: totals hold movements of customers who were not paying at the start. Losses
    may be given as magnitudes or signed.

    >>> nrr_totals(100, 10, 10, 10), nrr_totals(100, 10, -10, -10)
    (Fraction(9, 10), Fraction(9, 10))

    Raises Undefined REV-110 for an opening of zero, UserError REV-114 for a negative opening or expansion.
    """
    return _after_losses(opening, not_negative(expansion, "Expansion"), contraction, churned)


def grr_totals(opening: Number, expansion: Number, contraction: Number, churned: Number) -> Fraction:
    """Gross revenue retention from period totals: (opening - contraction - churned) / opening.

    ``expansion`` does not enter; it is an argument so that both functions take the same row of numbers.

    >>> grr_totals(100, 10, 10, 10)
    Fraction(4, 5)

    Raises what `nrr_totals` raises.
    """
    not_negative(expansion, "Expansion")
    return _after_losses(opening, Fraction(0), contraction, churned)


def _after_losses(opening: Number, gained: Fraction, contraction: Number, churned: Number) -> Fraction:
    start = not_negative(opening, "The opening amount")
    left = start + gained if gained else start
    return ratio(left - (abs(exact(contraction)) + abs(exact(churned))), start, what=_NOBODY)


def quick_ratio(
    new: Number, expansion: Number, contraction: Number, churned: Number, reactivation: Number = 0
) -> Fraction:
    """Growth against losses: (new + expansion + reactivation) / (contraction + churned); losses signed or not.

    >>> quick_ratio(30, 10, -5, -5)
    Fraction(4, 1)

    Raises Undefined REV-110 when nothing was lost, UserError REV-114 for a negative gain.
    """
    gains = [(new, "New revenue"), (expansion, "Expansion"), (reactivation, "Reactivation")]
    lost = abs(exact(contraction)) + abs(exact(churned))
    return ratio(sum(not_negative(value, name) for value, name in gains), lost, what="What was lost")
