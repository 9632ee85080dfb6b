"""What a connector's ``read`` yields, in order.

Rows may come in two forms: ``Records`` (one mapping each, turned into canonical rows by the connector's pure ``map``)
or ``Rows`` (canonical columns in bulk, for files and databases). Everything else tells the sync engine what the rows
mean: what is gone, what was merged, what was read to the end, and from where a later pull may go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "Complete",
    "Log",
    "Mark",
    "Merges",
    "Message",
    "Present",
    "Records",
    "Rejected",
    "Rows",
    "Tombstones",
    "Whole",
]


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch of canonical rows, column by column; every column has the same length. Keep batches near 50,000 rows.

    Values may be text (validated and converted by the store) or already typed. ``lines`` gives the line in ``file`` of
    each row for error messages. ``scope`` names the part of the source the rows belong to, see :class:`Whole`.
    """

    table: str
    columns: Mapping[str, Sequence[Any]]
    file: str = ""
    lines: Sequence[int] = ()
    scope: str = ""
    date_format: str = ""
    """strptime format of dates and instants; ISO 8601 when empty"""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


@dataclass(frozen=True, slots=True)
class Records:
    """Raw records of a stream, to go through the connector's ``map`` one by one."""

    stream: str
    records: Sequence[Mapping[str, Any]]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Keys of rows that are gone in the source. The row stays in the history, marked deleted."""

    table: str
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Merges:
    """Pairs (gone, stays): the source merged one record into another."""

    table: str
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything in ``scope`` of ``table`` has been sent: stored rows of that scope that were not sent are gone."""

    table: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """A key sweep: keys the source still has, in batches. With ``last`` the list is complete: stored rows of the table
    with other keys are gone, except those that this pull brought new or changed.

    A sweep that would take away more than half of 20 rows or more is not believed (REV-509): a short list looks the same
    as a mass deletion. ``prefix`` limits the sweep to keys that begin with it, for tables that several streams fill.
    """

    table: str
    keys: Sequence[str]
    last: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point to go on from after an interruption. Stored in the same transaction as the rows before it."""

    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Complete:
    """The source is complete through this ISO date or instant (the watermark). Without one: the time of the pull."""

    through: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used, found by the connector itself. It is counted and listed.

    ``key`` is the row's key where it can be told: the row then keeps its last good version when :class:`Whole` says that
    everything else was sent, as a row does that the store itself refuses.
    """

    table: str
    reason: str
    code: str = "REV-503"
    file: str = ""
    line: int = 0
    column: str = ""
    value: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """A line for the run report."""

    text: str
    level: Literal["info", "warning"] = "info"
    detail: Mapping[str, Any] = field(default_factory=dict)


Message = Rows | Records | Tombstones | Merges | Whole | Present | Mark | Complete | Rejected | Log
