"""A funnel: how many reached each stage, and what share of those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from revalign_udf.calc.ratios import at_most, not_negative
from revalign_udf.calc.sums import Number, whole_numbers

__all__ = ["MOST_STAGES", "Stage", "funnel"]


#: more than anybody looks at: the rest of a column was meant to be left out
MOST_STAGES = 1000


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

    Stages without a name are numbered from 1. Where others have names, stages at the end with neither a name nor a count
    are the rest of a column and left out. Raises UserError REV-114 for a negative count and for
    more than a thousand stages.
    """
    reached, unit = whole_numbers(counts)
    for place, count in enumerate(reached, 1):
        if count < 0:
            not_negative(Fraction(count, unit), f"Stage {place}")
    named = max((place for place, name in enumerate(names, 1) if name), default=0)
    while named and len(reached) > named and not reached[-1]:
        reached.pop()
    at_most(len(reached), MOST_STAGES, "stages")
    stages: list[Stage] = []
    before, first = 0, reached[0] if reached else 0
    for place, count in enumerate(reached):
        name = names[place] if place < len(names) and names[place] else str(place + 1)
        step = Fraction(count, before) if before else None
        stages.append(Stage(name, Fraction(count, unit), step, Fraction(count, first) if first else None))
        before = count
    return stages
