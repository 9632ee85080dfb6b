"""What declarations are made of: facts, components, dimensions, metrics.

A **fact** is a table at entity grain that a kernel writes into a snapshot. A **component** is an exact, additive number
measured on one fact. A **metric** is a formula over components (or over other metrics). All three are data: they travel
in the snapshot's manifest, so that a number can be explained by what defined it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Literal

__all__ = [
    "Component", "CustomDimension", "Dimension", "Fact", "FactKernel", "Family", "Metric", "Parameter", "Scale", "Shape",
    "bound",
]  # fmt: skip

Scale = Literal["money", "recurring", "count", "years"]
"""How the stored integer becomes a number: micros / 1e6; annualised micros / 12e6; as it is; a finished result"""

Shape = Literal["flow", "start", "end", "to_date", "distinct", "held", "held_at_start", "statistic"]
"""What a component adds up.

============== ====================================================================================================
flow           rows inside the period
to_date        rows from the first ever to the period's last day
distinct       different values of ``measure`` among the rows inside the period
held           rows that hold at the period's last day (``on_day`` <= day < ``until``), money at that day's rate
held_at_start  the same at the day before the period's first
start, end     customers' recurring balances at its start or end; ``measure`` reads ``opening``, ``closing``, ``renews``
statistic      no sum: a function of the rows, named by ``measure`` (:mod:`revalign_udf.snapshots.statistics`)
============== ====================================================================================================
"""

Unit = Literal["money", "rate", "count", "number", "points", "months", "years"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact table of the snapshot: its date column, the canonical tables it needs, and how dimensions reach it.

    ``dimensions`` maps a dimension to ``self`` (a column of the fact) or ``customer`` (the customer's attribute valid
    on the day). A fact whose rows hold for a time has a column ``until`` besides: the day after the last.
    """

    name: str
    on: str
    tables: tuple[str, ...]
    dimensions: Mapping[str, Literal["self", "customer"]]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something a question may set: a whole number from ``low`` to ``high``, or one of ``choices``.

    Its value replaces ``{name}`` in the formula of the metric and in the SQL of its components.
    """

    name: str
    default: str
    about: str
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 3660


@dataclass(frozen=True, slots=True)
class Component:
    """An exact, additive number.

    ``measure`` is what is summed, in portable SQL over the fact ``f`` and the period ``p``, or over the balances of one
    customer (start, end); see :data:`Shape`. ``where`` narrows the rows. ``optional`` components are 0, and the answer
    says so, where their tables hold nothing. ``settles`` is the number of days (``12 months``: of months) after the
    period in which it may still grow; until then an answer is partial, or without ``early`` there is none.
    """

    name: str
    fact: str
    shape: Shape
    measure: str
    scale: Scale
    about: str
    where: str = ""
    optional: bool = False
    settles: str = ""
    early: bool = True
    unknown: str = ""
    """why a row may have no value, where that is not a missing exchange rate"""
    per: Literal["customer", "line"] = "customer"
    """start, end: whose balance ``opening`` and ``closing`` are: the customer's, or that of one line of subscriptions"""
    ahead: bool = False
    """its rows speak of days to come: the period is not cut off where the sources end"""

    @property
    def kept(self) -> bool:
        """Whether it is computed for many questions at once: neither a statistic nor waiting for a parameter, and of the
        days every other component is asked for."""
        return self.shape != "statistic" and not self.ahead and "{" not in f"{self.measure}{self.where}"

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
class CustomDimension:
    """A dimension a project or a plugin adds: a column or a custom field (key of ``attrs``) of a canonical table."""

    name: str
    table: str
    key: str
    label: str = ""
    kind: Literal["text", "number", "date", "boolean"] = "text"
    about: str = ""

    @property
    def declared(self) -> Dimension:
        """What the catalogue says of it."""
        about = self.about or f"{self.key} of {self.table}"
        return Dimension(self.name, self.label or self.name.replace("_", " ").capitalize(), about)


@dataclass(frozen=True, slots=True)
class FactKernel:
    """A fact table a plugin adds, the SQL that makes it, and the components measured on it.

    ``sql`` is one SELECT in portable SQL over the canonical views ``c_<table>`` and ``k_org`` (connection, id, customer).
    It gives ``on_day``, ``system``, ``record_table``, ``record_id``, ``customer`` where a dimension is reached through
    the customer, and the columns of the fact's own dimensions. Amounts are whole micros or DECIMAL, never floats.
    """

    fact: Fact
    sql: str
    components: tuple[Component, ...] = ()


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
    kind: Literal["scalar", "table", "distribution"] = "scalar"
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
    parameters: tuple[Parameter, ...] = ()

    def read(self, values: Mapping[str, str] | None = None) -> str:
        """The formula with its parameters filled in, by their defaults where no value is given."""
        return bound(self.formula, {item.name: (values or {}).get(item.name, item.default) for item in self.parameters})

    def as_dict(self) -> dict[str, Any]:
        """The declaration as plain data."""
        return dict(_as_dict(self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Metric:
        """A declaration read back from a manifest."""
        lists: dict[str, Any] = {name: tuple(data.get(name, ())) for name in ("owners", "aliases", "dimensions")}
        lists["parameters"] = tuple(
            Parameter(**{**item, "choices": tuple(item.get("choices", ()))}) for item in data.get("parameters", ())
        )
        return cls(**{**data, **lists})


@dataclass(frozen=True, slots=True)
class Family:
    """The declarations of one family, in one file."""

    components: tuple[Component, ...] = field(default=())
    metrics: tuple[Metric, ...] = field(default=())
    facts: tuple[Fact, ...] = field(default=())


def bound(text: str, values: Mapping[str, str]) -> str:
    """A formula or a piece of SQL with its parameters filled in.

    >>> bound("f.paid_day < f.on_day + {days}", {"days": "90"})
    'f.paid_day < f.on_day + 90'
    """
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@lru_cache(maxsize=4096)
def _as_dict(item: Metric) -> dict[str, Any]:
    """Declarations are many and never change, and every build and fingerprint writes them out."""
    return asdict(item)
