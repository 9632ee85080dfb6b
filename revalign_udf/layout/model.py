"""The resolved report: what the workbook builder and the Sheets sync both write, cell for cell.

A layout file is resolved against ``query`` once; both surfaces then write the same values. A cell may carry, besides
its value, the Revalign function call that gives it (``call``) or the template of a native formula (``formula``); each
surface decides which of them it writes, the cached value being the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

__all__ = [
    "APPENDED", "Argument", "Block", "Call", "Cell", "Chart", "ChartKind", "Column", "Mode", "Name", "Parameter", "Ref",
    "Report", "Rule", "RuleKind", "Tab", "Unit",
]  # fmt: skip

Unit = Literal["text", "date", "money", "rate", "count", "number", "points", "months"]
ChartKind = Literal["line", "column", "column_stacked", "bar", "bar_stacked", "area"]
RuleKind = Literal["heat", "bars", "flag"]
Mode = Literal["replace", "upsert", "append"]
Scalar = str | int | float | bool | date | None
#: what stands before the columns of a block that is appended to: the snapshot a row was written from, and its day
APPENDED = ("snapshot", "as_of")


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to another column of the same row, by the column's key."""

    column: str


@dataclass(frozen=True, slots=True)
class Name:
    """The cell of a parameter of the report, by the parameter's key. A workbook reads its cell; a synced sheet, which has
    no functions of ours, was written for the value it had."""

    parameter: str


Argument = str | int | float | bool | Ref | Name | None


@dataclass(frozen=True, slots=True)
class Call:
    """A Revalign function as a cell calls it: its short name (``METRIC``), arguments that are literals, a :class:`Ref` or a
    :class:`Name`.

    A cell that has no number when it is written is an empty text until there is one, so that a table people read has a
    gap there and no error. ``blank``: also one that has a number may become such a gap. ``bare``: an error is shown at all
    times, as where people try a function."""

    function: str
    arguments: tuple[Argument, ...]
    blank: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``value`` None is a blank; ``status`` then says why (``REV-204 ...``).

    ``formula`` is an arithmetic expression over column keys of the same row (``opening_mrr + new_mrr``); the value is
    its cached result. ``error`` is the cell error the call answers while there is no value (``#N/A``, ``#DIV/0!``).
    ``name`` says that the cell repeats that of a parameter. ``format`` is a number-format pattern of this cell alone,
    where the rows of a column are not of one unit. ``entry``: people are meant to type another value over this one.
    """

    value: Scalar = None
    call: Call | None = None
    formula: str = ""
    status: str = ""
    partial: bool = False
    fingerprint: str = ""
    error: str = ""
    name: Name | None = None
    format: str = ""
    entry: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a block. ``note`` is the header note: definition, version, owner teams.

    ``decimals`` is how many to show; None leaves it to :mod:`revalign_udf.layout.formats`. ``format`` is a number-format
    pattern (``#,##0.0``) that overrules the unit's. The value itself is never rounded. ``fixed``: the width was asked
    for. ``hidden``: there for the sync to find its rows by, not for the reader; never a column of a chart or formula.
    ``total``: of the others in its row, asked for as such.
    """

    key: str
    title: str
    unit: Unit = "number"
    note: str = ""
    width: int = 14
    decimals: int | None = None
    format: str = ""
    fixed: bool = False
    hidden: bool = False
    total: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What the look of cells says about their values; it follows the values when they change.

    ``heat`` shades from light (``low``) to dark (``high``), one scale for all its columns; a bound that is None is the
    smallest or largest value there. ``bars`` draws a bar in each cell, to be compared down the column. ``flag`` marks the
    cells that pass a test (``<``, ``<=``, ``>``, ``>=``, ``=``, ``<>`` against ``limit``). All of them read in grey.
    """

    kind: RuleKind
    columns: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    test: str = ""
    limit: float | str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A native chart over columns of its block, without the rows of totals."""

    key: str
    title: str
    kind: ChartKind
    x: str
    series: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle with a header row. ``keys`` names each row for ever (its period, its period and segment ...).

    ``lead`` says how many leading columns hold what names a row. ``calendar``: the rows are periods of the calendar, not
    records of a source. ``mode`` says what a synced sheet does with rows that stand there already: ``replace`` makes the
    block what the report says; ``upsert`` keeps people's order and sets records that are gone apart; ``append`` adds the
    rows of each new snapshot beneath those of earlier ones, which then never change. ``missing`` says why a table could
    not be answered: its columns are then unknown, the one row says so in words, and what stands on a sheet should stay.

    ``totals`` says how many rows at the end are totals: asked for as such, never summed from the rows above.
    ``spill`` is the one call that answers all rows, cell for cell, without heads and hidden columns; its cells have none of
    their own. A block of no rows may have one too: it then answers one row of blanks, and room for that is to be kept.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[str, ...]
    charts: tuple[Chart, ...] = ()
    about: str = ""
    mode: Mode = "replace"
    lead: int = 1
    calendar: bool = False
    missing: str = ""
    totals: int = 0
    spill: Call | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something a reader of the workbook may choose on its cover; every number of the report that depends on it follows.

    ``value`` is what it was when the report was made; empty means all. ``choices`` is the kind of names that
    ``REVALIGN.LIST`` offers for it, ``listed`` what that answers now.
    """

    key: str
    title: str
    value: str = ""
    choices: str = ""
    listed: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """One sheet of the report."""

    key: str
    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report, resolved. ``currency`` is the ISO code of every money cell; ``banner`` says when and from what.

    ``as_of`` is an ISO date. ``about`` holds lines for the reader that are true of every surface. ``sources`` is how
    fresh each source is.
    """

    key: str
    title: str
    tabs: tuple[Tab, ...]
    currency: str
    snapshot: str
    as_of: str
    banner: str
    state: Literal["fresh", "stale", "failed"] = "fresh"
    definitions: Block | None = None
    about: tuple[str, ...] = field(default=())
    company: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    sources: Block | None = None
