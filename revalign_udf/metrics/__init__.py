"""Metric, component, fact and dimension declarations, one file per family.

Adding a metric is one declaration here and one test: surfaces, explanations, records and documents follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from revalign_udf.calc.expression import Expression
from revalign_udf.metrics.facts import DIMENSIONS, FACTS
from revalign_udf.metrics.feedback import FEEDBACK
from revalign_udf.metrics.funnel import FUNNEL, STAGES, STATES, STEPS
from revalign_udf.metrics.marketing import MARKETING
from revalign_udf.metrics.model import Component, Dimension, Fact, Family, Metric
from revalign_udf.metrics.pipeline import PIPELINE
from revalign_udf.metrics.recurring import RECURRING
from revalign_udf.metrics.revenue import REVENUE
from revalign_udf.metrics.unit_economics import UNIT_ECONOMICS

__all__ = [
    "CALLS",
    "COMPONENTS",
    "DIMENSIONS",
    "FACTS",
    "METRICS",
    "QUALIFIERS",
    "STAGES",
    "STATES",
    "STEPS",
    "Component",
    "Dimension",
    "Fact",
    "Family",
    "Metric",
    "components_of",
    "qualified",
]

_FAMILIES = (MARKETING, FUNNEL, PIPELINE, REVENUE, RECURRING, UNIT_ECONOMICS, FEEDBACK)

COMPONENTS: dict[str, Component] = {item.name: item for family in _FAMILIES for item in family.components}
METRICS: dict[str, Metric] = {item.name: item for family in _FAMILIES for item in family.metrics}

#: what a formula may call; :mod:`revalign_udf.query.formulas` gives each its meaning
CALLS = ("ratio", "growth", "margin", "payback", "min", "max")

#: prefixes by which a formula reads a name in another period
QUALIFIERS = ("prev_", "monthly_mean_")


def qualified(name: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """A formula's name as (qualifier, plain name).

    >>> qualified("prev_revenue"), qualified("mrr")
    (('prev_', 'revenue'), ('', 'mrr'))
    """
    if name in set(known):
        return "", name
    for prefix in QUALIFIERS:
        if name.startswith(prefix):
            return prefix, name.removeprefix(prefix)
    return "", name


def components_of(metric: Metric, metrics: dict[str, Metric]) -> tuple[str, ...]:
    """Every component a metric rests on, through other metrics too, in order of appearance."""
    found: dict[str, None] = {}

    def visit(name: str, seen: frozenset[str]) -> None:
        _, plain = qualified(name, COMPONENTS)
        if plain in COMPONENTS:
            found.setdefault(plain)
        elif plain in metrics and plain not in seen:
            for inner in Expression(metrics[plain].formula).names:
                visit(inner, seen | {plain})

    if metric.formula:
        for name in Expression(metric.formula).names:
            visit(name, frozenset({metric.name}))
    return tuple(found)
