"""The resolved report: what the workbook builder and the Sheets sync both write, cell for cell.

A layout file is resolved against ``query`` once; both surfaces then write the same values. A cell may carry, besides
its value, the Revalign function call that gives it (``call``) or the template of a native formula (``formula``); each
surface decides which of them it writes, the cached value being the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

__all__ = ["APPENDED", "Block", "Call", "Cell", "Chart", "ChartKind", "Column", "Mode", "Ref", "Report", "Tab", "Unit"]

Unit = Literal["text", "date", "money", "rate", "count", "number", "points", "months"]
ChartKind = Literal["line", "column", "column_stacked", "bar", "area"]
Mode = Literal["replace", "upsert", "append"]
Scalar = str | int | float | bool | date | None
#: what stands before the columns of a block that is appended to: the snapshot a row was written from, and its day
APPENDED = ("snapshot", "as_of")


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to another column of the same row, by the column's key."""

    column: str


@dataclass(frozen=True, slots=True)
class Call:
    """A Revalign function as a cell calls it: bare name (``METRIC``), arguments that are literals or a :class:`Ref`."""

    function: str
    arguments: tuple[str | int | float | Ref | None, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``value`` None is a blank; ``status`` then says why (``REV-204 ...``).

    ``formula`` is an arithmetic expression over column keys of the same row (``opening_mrr + new_mrr``); the value is
    its cached result. ``error`` is the cell error the call answers while there is no value (``#N/A``, ``#DIV/0!``).
    """

    value: Scalar = None
    call: Call | None = None
    formula: str = ""
    status: str = ""
    partial: bool = False
    fingerprint: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a block. ``note`` is the header note: definition, version, owner teams.

    ``decimals`` is how many to show; None leaves it to :mod:`revalign_udf.layout.formats`. ``format`` is a number-format
    pattern (``#,##0.0``) that overrules the unit's. The value itself is never rounded. ``fixed``: the width was asked
    for. ``hidden``: there for the sync to find its rows by, not for the reader; never a column of a chart or formula.
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


@dataclass(frozen=True, slots=True)
class Chart:
    """A native chart over columns of its block."""

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


@dataclass(frozen=True, slots=True)
class Tab:
    """One sheet of the report."""

    key: str
    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report, resolved. ``currency`` is the ISO code of every money cell; ``banner`` says when and from what.

    ``as_of`` is an ISO date. ``about`` holds lines for the reader that are true of every surface.
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
