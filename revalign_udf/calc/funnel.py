"""A funnel: how many reached each stage, and what share of those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from revalign_udf.calc.ratios import not_negative
from revalign_udf.calc.sums import Number

__all__ = ["Stage", "funnel"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: how many reached it, as a share of the stage before, and of the first stage.

    ``step`` is None for the first stage and after a stage nobody reached; ``overall`` is None when nobody reached the
    first.
    """

    name: str
    reached: Fraction
    step: Fraction | None
    overall: Fraction | None


def funnel(counts: Sequence[Number], names: Sequence[str] = ()) -> list[Stage]:
    """The stages of a funnel, from the first to the last, with step and overall conversion as fractions.

    >>> [(stage.name, stage.step, stage.overall) for stage in funnel([200, 50, 10], ["lead", "mql", "customer"])]
    [('lead', None, Fraction(1, 1)), ('mql', Fraction(1, 4), Fraction(1, 4)),
     ('customer', Fraction(1, 5), Fraction(1, 20))]

    Stages without a name are numbered from 1. Raises UserError REV-114 for a negative count.
    """
    reached = [not_negative(count, f"Stage {place}") for place, count in enumerate(counts, 1)]
    stages: list[Stage] = []
    for place, count in enumerate(reached):
        before = reached[place - 1] if place else Fraction(0)
        name = names[place] if place < len(names) and names[place] else str(place + 1)
        stages.append(
            Stage(name, count, count / before if before else None, count / reached[0] if reached[0] else None)
        )
    return stages
