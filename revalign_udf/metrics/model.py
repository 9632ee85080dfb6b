"""What declarations are made of: facts, components, dimensions, metrics.

A **fact** is a table at entity grain that a kernel writes into a snapshot. A **component** is an exact, additive number
measured on one fact. A **metric** is a formula over components (or over other metrics). All three are data: they travel
in the snapshot's manifest, so that a number can be explained by what defined it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Component", "Dimension", "Fact", "Metric", "Scale", "Shape"]

Scale = Literal["money", "recurring", "count", "years"]
"""How the stored integer becomes a number: micros / 1e6; annualised micros / 12e6; as it is; a finished result"""

Shape = Literal["flow", "start", "end", "lifetime"]
"""flow: rows inside the period · start, end: customers' balances at its start or end · lifetime: survival of customers"""

Unit = Literal["money", "rate", "count", "number", "points", "months", "years"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact table of the snapshot: its date column, the canonical tables it needs, and how dimensions reach it.

    ``dimensions`` maps a dimension to ``self`` (a column of the fact) or ``customer`` (the customer's attribute valid
    on the day).
    """

    name: str
    on: str
    tables: tuple[str, ...]
    dimensions: Mapping[str, Literal["self", "customer"]]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """An exact, additive number.

    ``measure`` is what is summed, in portable SQL over the fact ``f`` and the period ``p`` (flow), or over the balances
    ``opening`` and ``closing`` of one customer (start, end). ``where`` narrows the rows. ``optional`` components are 0,
    and the answer says so, where their tables hold nothing.
    """

    name: str
    fact: str
    shape: Shape
    measure: str
    scale: Scale
    about: str
    where: str = ""
    optional: bool = False

    @property
    def unit(self) -> Unit:
        """The unit of the number."""
        return {"money": "money", "recurring": "money", "count": "count", "years": "years"}[self.scale]  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something to cut by."""

    name: str
    label: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the catalogue.

    ``formula`` is arithmetic over components and metrics; ``prev_x`` is x in the period before, ``monthly_mean_x`` the
    mean of x over the period's months. ``definition`` says in words what is counted, ``source`` who defines it so.
    """

    name: str
    label: str
    family: str
    formula: str
    unit: Unit
    definition: str
    kind: Literal["scalar", "table"] = "scalar"
    additivity: Literal["flow", "balance", "ratio", "distinct"] = "ratio"
    direction: Literal["up", "down", "neutral"] = "up"
    role: Literal["kpi", "leading", "vanity"] = "kpi"
    owners: tuple[str, ...] = ("finance",)
    aliases: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    """allowed dimensions; empty: all that every component allows"""
    counterpart: str = ""
    question: str = ""
    profile: str = "default"
    version: int = 1
    valid_from: str = ""
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The declaration as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Metric:
        """A declaration read back from a manifest."""
        lists = {name: tuple(data.get(name, ())) for name in ("owners", "aliases", "dimensions")}
        return cls(**{**data, **lists})


@dataclass(frozen=True, slots=True)
class Family:
    """The declarations of one family, in one file."""

    components: tuple[Component, ...] = field(default=())
    metrics: tuple[Metric, ...] = field(default=())
