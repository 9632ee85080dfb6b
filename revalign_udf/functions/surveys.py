"""Functions on finance's own numbers: conversion, funnels and scores."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from revalign_udf.calc import ratios
from revalign_udf.calc.cells import Column
from revalign_udf.calc.funnel import funnel as stages_of
from revalign_udf.calc.surveys import nps as points
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import Example, function
from revalign_udf.functions.tables import FUNNEL_HEADER, funnel_row


@function(
    "CONVERSION",
    [
        Argument("reached_next", "amount", "How many reached the next stage; a range is added up."),
        Argument("reached", "amount", "How many reached the stage; a range is added up."),
    ],
    examples=[Example((50, 200), 0.25), Example((0, 0), "#DIV/0!"), Example((-1, 10), "#NUM!")],
)
def conversion(reached_next: Fraction, reached: Fraction) -> Fraction:
    """Share of those who reached a stage that reached the next one."""
    counted = ratios.not_negative(reached, "reached")
    return ratios.ratio(ratios.not_negative(reached_next, "reached_next"), counted, what="The number that reached")


@function(
    "FUNNEL",
    [
        Argument("stage_counts", "column", "How many reached each stage, from the first to the last."),
        Argument("stage_names", "labels", "Names of the stages, in the same order.", optional=True),
    ],
    returns="spill",
    examples=[
        Example(
            ([200, 50, 10], ["lead", "mql", "customer"]),
            [
                ["stage", "reached", "step_conversion", "overall_conversion"],
                ["lead", 200.0, None, 1.0],
                ["mql", 50.0, 0.25, 0.25],
                ["customer", 10.0, 0.2, 0.05],
            ],
        ),
    ],
)
def funnel(stage_counts: Column, stage_names: list[str | None]) -> list[list[Any]]:
    """Step and overall conversion of every stage, with headers."""
    stages = stages_of(stage_counts.values, [name or "" for name in stage_names])
    return [list(FUNNEL_HEADER), *(funnel_row(stage, first=not place) for place, stage in enumerate(stages))]


@function(
    "NPS",
    [
        Argument(
            "scores",
            "answers",
            "Scores from 0 to 10, one per answer; blank cells are no answers.",
        )
    ],
    examples=[
        Example(([[10], [9], [9], [8], [7], [6], [0], [10], [10], [10]],), 40.0),
        Example(([[None]],), "#N/A"),
        Example((11,), "#NUM!"),
    ],
)
def nps(scores: Column) -> Fraction:
    """Net promoter score in points, -100 to 100: share of 9 and 10 minus share of 0 to 6."""
    return points(scores.values)
