"""What a ``layout.toml`` says, checked but not yet asked: no number and no period is known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from revalign_udf.calc.expression import Expression
from revalign_udf.layout.model import Chart, Mode, Rule, Unit
from revalign_udf.periods import Grain

__all__ = [
    "BlockPlan", "CallPlan", "ColumnPlan", "ComputedPlan", "Kind", "Layout", "Look", "MetricPlan", "ParameterPlan", "TabPlan",
]  # fmt: skip

Kind = Literal["series", "breakdown", "grid", "scorecard", "table", "records", "calls", "spill", "notes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a layout may say about any column; empty, 0 and None leave it as usual. ``place`` is where it says so."""

    title: str = ""
    decimals: int | None = None
    format: str = ""
    width: int = 0
    note: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class MetricPlan(Look):
    """One metric of a block, cut by ``where``, which already holds what report, tab and block say.

    ``told`` are the filters its title names, those of block and metric; ``lifted`` the outer ones it does without.
    """

    metric: str
    key: str
    where: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    lifted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComputedPlan(Look):
    """A column computed from others of the same row, by a native formula of the spreadsheet."""

    key: str
    unit: Unit
    formula: Expression


@dataclass(frozen=True, slots=True)
class ColumnPlan(Look):
    """A column of a table or of records, by the name it is answered under. ``unit`` None leaves it as answered."""

    key: str
    unit: Unit | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class CallPlan(Look):
    """One row of a block of calls: what it shows, the function and its arguments. ``entries`` are the values in the cells
    beside it, which people may change; they are the leading arguments. ``unit`` is that of the result."""

    function: str
    entries: tuple[str | int | float, ...] = ()
    arguments: tuple[str | int | float | bool, ...] = ()
    unit: Unit = "number"


@dataclass(frozen=True, slots=True)
class ParameterPlan:
    """A parameter as declared. ``period``: its value is a period token."""

    key: str
    title: str
    choices: str
    value: str
    about: str
    place: str
    period: bool = False


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """A block as declared. ``first``/``last`` are period tokens; all but series and grids use ``first`` alone. A token or
    a filter's value ``$key`` is the parameter of that key.

    ``outer`` are the filters of report and tab that hold here. Of tables and records: ``columns`` say how to show some;
    ``chosen`` which to show, in order (empty: all); ``row_key`` which name a row (empty: the usual). Of records:
    ``sort`` by which columns (a minus for the largest first), ``limit`` how many to show. ``total`` asks for a row (of a
    grid: a column) of totals; of a series it is the period the totals are of. Of grids: ``values`` of the dimension to
    show (empty: all that have anything). Of scorecards: what to ``compare`` with. Of calls: ``entries`` are the heads of
    the cells people may change. A spill is the one of ``calls``. Of notes: the ``lines``.
    """

    key: str
    title: str
    kind: Kind
    metrics: tuple[MetricPlan, ...]
    first: str
    last: str
    place: str
    grain: Grain | None = None
    by: str = ""
    computed: tuple[ComputedPlan, ...] = ()
    charts: tuple[Chart, ...] = ()
    about: str = ""
    mode: Mode = "replace"
    outer: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[ColumnPlan, ...] = ()
    chosen: tuple[str, ...] = ()
    row_key: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    limit: int | None = None
    decimals: int | None = None
    rules: tuple[Rule, ...] = ()
    total: str = ""
    values: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    calls: tuple[CallPlan, ...] = ()
    entries: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


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
    parameters: tuple[ParameterPlan, ...] = ()
