"""Results of the core as rows of cells, with headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from revalign_udf.calc.movements import MOVES, Cohort, Step

__all__ = ["cohort_rows", "labelled", "share_rows", "step_rows"]


def step_rows(steps: Iterable[Step]) -> list[list[Any]]:
    """Movements, one period per row."""
    rows = ([step.period, step.opening, *(step.moves[name] for name in MOVES), step.closing] for step in steps)
    return [["period", "opening", *MOVES, "closing"], *rows]


def cohort_rows(cohorts: Sequence[Cohort]) -> list[list[Any]]:
    """Cohorts as a triangle: the period and size of each, then its own period (0) and each one after it; blank where
    there are no rows yet."""
    width = max((len(cohort.cells) for cohort in cohorts), default=0)
    rows = ([cohort.period, cohort.size, *cohort.cells, *[None] * (width - len(cohort.cells))] for cohort in cohorts)
    return [["cohort", "size", *range(width)], *rows]


def share_rows(header: tuple[str, str], shares: Iterable[tuple[str, Any]]) -> list[list[Any]]:
    """Named shares, one per row."""
    return [list(header), *([name, share] for name, share in shares)]


def labelled(labels: Sequence[str | None], weights: Sequence[Any], shares: Sequence[Any]) -> list[tuple[str, Any]]:
    """Shares with their labels; one without a label is numbered from 1. Where there are labels, the end without label and
    weight is the rest of a column and left out.

    >>> labelled(["Ann", None, None], [1, 2, 0], [3, 6, 0]), labelled([None, None], [1, 0], [9, 0])
    ([('Ann', 3), ('2', 6)], [('1', 9), ('2', 0)])
    """
    count = len(shares)
    while any(labels) and count and labels[count - 1] is None and not weights[count - 1]:
        count -= 1
    return [(labels[place] or str(place + 1), shares[place]) for place in range(count)]
