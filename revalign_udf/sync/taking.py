"""What a connector sends, on its way into the store.

Small pages are gathered: a page of a hundred records costs the store as much as one of ten thousand. Marks keep their
place among the records, so what is committed with a mark is exactly what came before it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from revalign_udf.canonical import TABLES
from revalign_udf.connector import Connector, Log, Mark, Message, Records, Rejected, Rows
from revalign_udf.errors import BadRecord
from revalign_udf.store import Pull

__all__ = ["Taking"]

_GATHER_RECORDS = 10_000
_GATHER_SECONDS = 2.0

Mapped = dict[str, list[tuple[int, Mapping[str, Any]]]]


class Taking:
    """Takes the messages of one stream."""

    def __init__(
        self, connector: Connector, pull: Pull, connection: str, mapping: Mapping[str, Any], log: Callable[[str], None]
    ) -> None:
        self._connector, self._pull, self._connection = connector, pull, connection
        self._mapping, self._log = mapping, log
        self._waiting: list[Records] = []
        self._marked = 0
        """how many of the waiting pages stand before the last mark"""
        self._mark: Mark | None = None
        self._records = 0
        self._count = 0
        self._since = time.monotonic()

    @property
    def read(self) -> int:
        """Rows and records taken so far."""
        return self._pull.counts.read + self._count

    def take(self, message: Message) -> None:
        """Take one message. Raises BadRecord REV-507 for a table nobody declared."""
        match message:
            case Log():
                self._log(message.text)
            case Records():
                self._waiting.append(message)
                self._count += len(message.records)
            case Mark():
                # a copy: what a connector does to its state afterwards belongs to a later mark
                mark = Mark(json.loads(json.dumps(dict(message.state))))
                if not self._waiting:
                    self._pull.add(mark)
                else:
                    self._mark, self._marked = mark, len(self._waiting)
            case Rows():
                self.flush()
                self._pull.add(_named(message, self._connection))
            case _:
                self.flush()
                self._pull.add(message)
        if self._count >= _GATHER_RECORDS or (self._waiting and time.monotonic() - self._since > _GATHER_SECONDS):
            self.flush()

    def flush(self) -> None:
        """Hand over what is waiting."""
        before, after, mark = self._waiting[: self._marked], self._waiting[self._marked :], self._mark
        self._waiting, self._marked, self._mark, self._count = [], 0, None, 0
        self._since = time.monotonic()
        if before:
            self._hand_over(before)
        if mark is not None:
            self._pull.add(mark)
        if after:
            self._hand_over(after)

    def _hand_over(self, pages: Iterable[Records]) -> None:
        """Records through the connector's pure ``map``, gathered scope by scope and table by table."""
        gathered: dict[str, Mapped] = {}
        for page in pages:
            tables = gathered.setdefault(page.scope, {})
            for record in page.records:
                self._records += 1
                for table, row in self._map(page, record):
                    tables.setdefault(table, []).append((self._records, row))
        for scope, tables in gathered.items():
            for table, numbered in tables.items():
                self._pull.add(_named(self._rows(table, numbered, scope), self._connection))

    def _map(self, page: Records, record: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
        """The rows of one record; one that cannot be mapped is listed with the rejects, under its number."""
        try:
            return list(self._connector.map(page.stream, record, self._mapping))
        except BadRecord as error:
            self._pull.add(Rejected(page.stream, error.message, error.code, page.scope, self._records))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            # the text of other errors may quote what a person wrote
            text = f"has no {error}" if isinstance(error, KeyError) else f"cannot be mapped ({type(error).__name__})"
            self._pull.add(Rejected(page.stream, f"the record {text}", "REV-503", page.scope, self._records))
        return []

    def _rows(self, table: str, numbered: list[tuple[int, Mapping[str, Any]]], scope: str) -> Rows:
        if table not in TABLES:
            name = self._connector.spec.name
            raise BadRecord(f"{name} maps to {table!r}, which is no canonical table.", code="REV-507")
        rows = [row for _, row in numbered]
        given = set().union(*(row.keys() for row in rows))
        names = [name for name in TABLES[table].columns if name in given]
        required = [name for name in TABLES[table].required if name not in given]
        columns = {name: [row.get(name) for row in rows] for name in (*names, *required)}
        return Rows(table, columns, scope, [number for number, _ in numbered], scope)


def _named(rows: Rows, connection: str) -> Rows:
    """Rows of the stage map with the connection they hold for: a connector does not know its own name."""
    if rows.table != "stage_map":
        return rows
    size = len(rows)
    own = [name or connection for name in rows.columns.get("connection", [None] * size)]
    return Rows(
        rows.table, {**rows.columns, "connection": own}, rows.file, rows.lines, rows.scope, rows.date_format
    )  # fmt: skip
