"""Metric, component, fact and dimension declarations, one file per family.

Adding a metric is one declaration here and one test: surfaces, explanations, records and documents follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from revalign_udf.calc.expression import Expression
from revalign_udf.metrics.attribution import ATTRIBUTION
from revalign_udf.metrics.clv import CLV
from revalign_udf.metrics.commission import COMMISSION
from revalign_udf.metrics.content import CONTENT
from revalign_udf.metrics.contracts import CONTRACTS
from revalign_udf.metrics.definitions import DEFINITIONS
from revalign_udf.metrics.facts import CORE_FACTS, DIMENSIONS
from revalign_udf.metrics.feedback import FEEDBACK
from revalign_udf.metrics.funnel import FUNNEL, STAGES, STATES, STEPS
from revalign_udf.metrics.handoffs import HANDOFFS
from revalign_udf.metrics.health import HEALTH
from revalign_udf.metrics.marketing import MARKETING
from revalign_udf.metrics.model import (
    Component,
    CustomDimension,
    Dimension,
    Fact,
    FactKernel,
    Family,
    Metric,
    Parameter,
    Shape,
    bound,
)
from revalign_udf.metrics.pipeline import PIPELINE
from revalign_udf.metrics.recurring import RECURRING
from revalign_udf.metrics.renewals import RENEWALS
from revalign_udf.metrics.retention import RETENTION
from revalign_udf.metrics.revenue import REVENUE
from revalign_udf.metrics.teamwork import TEAMWORK
from revalign_udf.metrics.unit_economics import UNIT_ECONOMICS
from revalign_udf.metrics.winloss import WINLOSS

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
    "CustomDimension",
    "Declared",
    "Dimension",
    "Fact",
    "FactKernel",
    "Family",
    "Metric",
    "Parameter",
    "Shape",
    "bound",
    "components_of",
    "qualified",
]

_FAMILIES = (
    MARKETING, FUNNEL, ATTRIBUTION, PIPELINE, REVENUE, RECURRING, UNIT_ECONOMICS, CONTRACTS, FEEDBACK, CLV,
    RENEWALS, RETENTION, HEALTH, HANDOFFS, COMMISSION, TEAMWORK, DEFINITIONS, WINLOSS, CONTENT,
)  # fmt: skip

FACTS: dict[str, Fact] = {item.name: item for item in (*CORE_FACTS, *(f for family in _FAMILIES for f in family.facts))}
COMPONENTS: dict[str, Component] = {item.name: item for family in _FAMILIES for item in family.components}
METRICS: dict[str, Metric] = {item.name: item for family in _FAMILIES for item in family.metrics}

#: what a formula may call; :mod:`revalign_udf.query.formulas` gives each its meaning
CALLS = ("ratio", "growth", "margin", "payback", "min", "max", "annualise", "renewals", "at_most")

#: prefixes by which a formula reads a name in another period; ``lag3_x`` is x three months earlier, ``goal_x`` its target
QUALIFIERS = ("prev_", "monthly_mean_", "goal_")
_LAG = re.compile(r"(lag\d+_)(?=.)")


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything declared that a snapshot is asked with: our catalogue, and what a project or its plugins add."""

    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    components: Mapping[str, Component] = field(default_factory=lambda: COMPONENTS)
    facts: Mapping[str, Fact] = field(default_factory=lambda: FACTS)
    dimensions: Mapping[str, Dimension] = field(default_factory=lambda: DIMENSIONS)

    def beside(self, more: Declared) -> Declared:
        """Both: what is declared here, and more."""
        return Declared(
            {**self.metrics, **more.metrics}, {**self.components, **more.components}, {**self.facts, **more.facts},
            {**self.dimensions, **more.dimensions},
        )  # fmt: skip

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Facts, components and dimensions as plain data; metrics travel by themselves."""
        return {
            kind: [{one.name: getattr(item, one.name) for one in fields(item)} for item in items.values()]
            for kind, items in (("facts", self.facts), ("components", self.components), ("dimensions", self.dimensions))
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Declared:
        """What :meth:`as_dict` wrote."""
        return cls(
            {},
            {item["name"]: Component(**item) for item in data.get("components", ())},
            {item["name"]: Fact(**{**item, "tables": tuple(item["tables"])}) for item in data.get("facts", ())},
            {item["name"]: Dimension(**item) for item in data.get("dimensions", ())},
        )


def qualified(name: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """A formula's name as (qualifier, plain name).

    >>> qualified("prev_revenue"), qualified("mrr"), qualified("lag2_campaign_cost")
    (('prev_', 'revenue'), ('', 'mrr'), ('lag2_', 'campaign_cost'))
    """
    if name in known:
        return "", name
    for prefix in QUALIFIERS:
        if name.startswith(prefix):
            return prefix, name.removeprefix(prefix)
    if match := _LAG.match(name):
        return match[1], name.removeprefix(match[1])
    return "", name


def components_of(
    metric: Metric, metrics: Mapping[str, Metric], components: Mapping[str, Component] | None = None
) -> tuple[str, ...]:
    """Every component a metric rests on, through other metrics too, in order of appearance."""
    known = COMPONENTS if components is None else components
    found: dict[str, None] = {}

    def visit(name: str, seen: frozenset[str]) -> None:
        qualifier, plain = qualified(name, known)
        if qualifier == "goal_":
            return
        if plain in known:
            found.setdefault(plain)
        elif plain in metrics and plain not in seen:
            for inner in Expression(metrics[plain].read()).names:
                visit(inner, seen | {plain})

    if metric.formula:
        for name in Expression(metric.read()).names:
            visit(name, frozenset({metric.name}))
    return tuple(found)
