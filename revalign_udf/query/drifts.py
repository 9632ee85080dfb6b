"""The shapes in which drift is told; what its causes mean is in :mod:`revalign_udf.query.drifting`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from revalign_udf.governance import Close
from revalign_udf.money import to_double

__all__ = ["CAUSES", "Cause", "ComponentDrift", "Item", "MetricDrift", "PeriodDrift", "by_cause"]

Cause = Literal["late record", "edited record", "deleted", "FX", "new definition"]
CAUSES: tuple[Cause, ...] = ("late record", "edited record", "deleted", "FX", "new definition")


@dataclass(frozen=True, slots=True)
class Item:
    """One cause at one record: what it takes from or adds to a component, in the component's unit."""

    cause: Cause
    difference: Fraction
    system: str = ""
    table: str = ""
    id: str = ""
    customer: str = ""
    on: date | None = None
    name: str = ""
    """of the customer"""

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "cause": self.cause,
            "difference": to_double(self.difference),
            "system": self.system,
            "table": self.table,
            "id": self.id,
            "customer": self.customer,
            "name": self.name,
            "on": self.on and self.on.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class ComponentDrift:
    """A component that moved: its value at the close and now, and what lies between."""

    component: str
    period: str
    unit: str
    closed: Fraction | None
    now: Fraction | None
    items: tuple[Item, ...] = ()

    @property
    def difference(self) -> Fraction | None:
        """Now less closed; None where one of them is no number."""
        return None if self.closed is None or self.now is None else self.now - self.closed

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "component": self.component,
            "period": self.period,
            "unit": self.unit,
            "closed": _double(self.closed),
            "now": _double(self.now),
            "difference": _double(self.difference),
            "causes": {cause: to_double(value) for cause, value in by_cause(self.items).items()},
            "items": [item.as_json() for item in self.items],
        }


@dataclass(frozen=True, slots=True)
class MetricDrift:
    """A metric and what became of its closed number.

    ``closed_status`` and ``now_status`` are ``ok`` or the code of the reason why there is no number. ``causes`` adds up
    to the difference where the metric is a sum of its components; else it is empty and ``components`` tell.
    """

    metric: str
    label: str
    unit: str
    closed: Fraction | None
    now: Fraction | None
    closed_status: str
    now_status: str
    causes: Mapping[Cause, Fraction] = field(default_factory=dict)
    components: tuple[ComponentDrift, ...] = ()
    note: str = ""

    @property
    def moved(self) -> bool:
        """Whether the number, or the reason why there is none, is another one."""
        return (self.closed, self.closed_status) != (self.now, self.now_status)

    @property
    def difference(self) -> Fraction | None:
        """Now less closed; None where one of them is no number."""
        return None if self.closed is None or self.now is None else self.now - self.closed

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "metric": self.metric,
            "label": self.label,
            "unit": self.unit,
            "closed": _double(self.closed),
            "now": _double(self.now),
            "difference": _double(self.difference),
            "closed_status": self.closed_status,
            "now_status": self.now_status,
            "causes": {cause: to_double(value) for cause, value in self.causes.items()},
            "components": [part.as_json() for part in self.components],
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class PeriodDrift:
    """What became of the numbers of one closed period. ``snapshot`` is the published one it is compared with."""

    close: Close
    snapshot: str
    currency: str
    compared: int
    metrics: tuple[MetricDrift, ...]
    notes: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[MetricDrift, ...]:
        """The metrics whose number is another one now."""
        return tuple(one for one in self.metrics if one.moved)

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            **self.close.as_json(),
            "now": self.snapshot,
            "currency": self.currency,
            "compared": self.compared,
            "moved": len(self.moved),
            "metrics": [one.as_json() for one in self.metrics],
            "notes": list(self.notes),
        }


def _double(value: Fraction | None) -> float | None:
    return None if value is None else to_double(value)


def by_cause(items: Iterable[Item]) -> dict[Cause, Fraction]:
    """The sum of the differences of each cause that has any, in the order of :data:`CAUSES`."""
    sums: dict[Cause, Fraction] = {}
    for item in items:
        sums[item.cause] = sums.get(item.cause, Fraction(0)) + item.difference
    return {cause: sums[cause] for cause in CAUSES if cause in sums}
