"""What a ``layout.toml`` says, checked but not yet asked: no number and no period is known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from revalign_udf.calc.expression import Expression
from revalign_udf.layout.model import Chart, Unit
from revalign_udf.periods import Grain

__all__ = ["BlockPlan", "ComputedPlan", "Kind", "Layout", "MetricPlan", "TabPlan"]

Kind = Literal["series", "breakdown", "table"]


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """One metric of a block, cut by ``where`` (which already holds the block's own)."""

    metric: str
    key: str
    title: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    decimals: int | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class ComputedPlan:
    """A column computed from others of the same row, by a native formula of the spreadsheet."""

    key: str
    title: str
    unit: Unit
    formula: Expression
    note: str = ""
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """A block as declared. ``first``/``last`` are period tokens; breakdowns and tables use ``first`` alone."""

    key: str
    title: str
    kind: Kind
    metrics: tuple[MetricPlan, ...]
    first: str
    last: str
    grain: Grain | None
    by: str
    computed: tuple[ComputedPlan, ...]
    charts: tuple[Chart, ...]
    about: str
    place: str


@dataclass(frozen=True, slots=True)
class TabPlan:
    """One sheet as declared."""

    key: str
    name: str
    blocks: tuple[BlockPlan, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole layout file. ``key`` is the name of its folder."""

    key: str
    title: str
    description: str
    tabs: tuple[TabPlan, ...]
    path: Path
