"""One connection's pull: messages in, one transaction out.

Rows are staged as they come; at a mark (or at the end) everything since the last mark is merged together with the
state it belongs to. A crash in between leaves the store as it was at the last mark, and running again completes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import duckdb

from revalign_udf.canonical import TABLES
from revalign_udf.connector import Complete, Mark, Merges, Message, Rejected, Rows, Tombstones, Whole
from revalign_udf.errors import BadRecord
from revalign_udf.store.merge import (
    Counts,
    merge_stage,
    write_merges,
    write_rejects,
    write_tombstones,
    write_whole,
)
from revalign_udf.store.stage import create_stage, stage_rows

__all__ = ["Pull"]

#: A mark commits when this many rows are staged or this many seconds have passed; small pages share a commit.
_COMMIT_ROWS = 200_000
_COMMIT_SECONDS = 5.0


class Pull:
    """Collects what one stream of a connection sends. ``finish`` commits the rest, ``salvage`` what came before the last
    mark; without either nothing since the last commit is kept."""

    def __init__(self, con: duckdb.DuckDBPyConnection, connection: str, stream: str, run: int, now: datetime) -> None:
        self.con, self.connection, self.stream, self.run, self.now = con, connection, stream, run, now
        self.counts = Counts()
        self._staged: dict[str, int] = {}
        self._actions: list[Tombstones | Merges | Whole] = []
        self._rejected: list[tuple[Rejected, str, str]] = []
        self._state: Mapping[str, Any] | None = None
        self._through: date | None = None
        self._number = 0
        self._marked: tuple[int, int, int] | None = None
        self._last = time.monotonic()

    def add(self, message: Message) -> None:
        """Take one message. Raises BadRecord REV-507 for a table nobody declared."""
        match message:
            case Rows():
                self._rows(message)
            case Tombstones() | Merges() | Whole():
                self._actions.append(message)
            case Rejected():
                self._rejected.append((message, "", message.file))
                self.counts.rejects.append(message)
                self.counts.rejected += 1
                self.counts.read += 1
            case Complete():
                self._through = datetime.fromisoformat(message.through).date()
            case Mark():
                self._state = message.state
                self._marked = (self._number, len(self._actions), len(self._rejected))
                if sum(self._staged.values()) >= _COMMIT_ROWS or time.monotonic() - self._last > _COMMIT_SECONDS:
                    self._commit()
            case _:
                raise BadRecord(f"The sync engine does not know what to do with {type(message).__name__}.")

    def finish(self, default_through: date) -> Counts:
        """Commit what is left, with the watermark: what the source declared, else the day of the pull."""
        self._commit(default_through)
        return self.counts

    def salvage(self) -> Counts:
        """After a failure: keep what was read up to the last mark, drop what came after it, leave the watermark alone."""
        if self._marked is not None:
            number, actions, rejected = self._marked
            for name in self._staged:
                self.con.execute(f"DELETE FROM stage_{name} WHERE _n >= ?", [number])
            del self._actions[actions:], self._rejected[rejected:]
            self._through = None
            self._commit()
        return self.counts

    def _rows(self, message: Rows) -> None:
        if message.table not in TABLES:
            raise BadRecord(f"There is no canonical table {message.table!r}.", code="REV-507")
        table = TABLES[message.table]
        if message.table not in self._staged:
            create_stage(self.con, table)
            self._staged[message.table] = 0
        refused = stage_rows(self.con, table, message, self._number)
        self._refuse(refused, message.scope)
        self._number += len(message)
        self._staged[message.table] += len(message)
        self.counts.read += len(message)

    def _refuse(self, refused: list[tuple[Rejected, str]], scope: str) -> None:
        self._rejected += [(reject, key, scope) for reject, key in refused]
        self.counts.rejects += [reject for reject, _ in refused]
        self.counts.rejected += len({(reject.file, reject.line, key) for reject, key in refused})

    def _commit(self, default_through: date | None = None) -> None:
        self.con.execute("BEGIN")
        try:
            self._write(default_through)
            self.con.execute("COMMIT")
        except BaseException:
            self.con.execute("ROLLBACK")
            raise
        for name in self._staged:
            self.con.execute(f"DROP TABLE IF EXISTS stage_{name}")
        self._staged, self._actions, self._rejected, self._state, self._marked = {}, [], [], None, None
        self._last = time.monotonic()

    def _write(self, default_through: date | None) -> None:
        scopes = {action.scope for action in self._actions if isinstance(action, Whole)}
        for scope in scopes:
            self.con.execute("DELETE FROM reject WHERE connection = ? AND scope = ?", [self.connection, scope])
        for name in self._staged:
            written, doubled = merge_stage(self.con, TABLES[name], self.connection, self.run, self.now)
            self.counts.written += written
            self._refuse(doubled, "")
        for action in self._actions:
            self.counts.deleted += self._apply(action)
        for scope in {scope for _, _, scope in self._rejected}:
            chosen = [(reject, key) for reject, key, own in self._rejected if own == scope]
            write_rejects(self.con, self.connection, self.run, self.now, scope, chosen)
        if self._state is not None:
            self.con.execute(
                "INSERT OR REPLACE INTO sync_state VALUES (?, ?, ?, 1, ?)",
                [self.connection, self.stream, json.dumps(self._state, sort_keys=True), self.now],
            )
        through = self._through or default_through
        if through is not None:
            self.con.execute(
                "INSERT OR REPLACE INTO watermark VALUES (?, ?, ?, ?, ?)",
                [self.connection, self.stream, through, self.now, self._through is not None],
            )

    def _apply(self, action: Tombstones | Merges | Whole) -> int:
        table = TABLES[action.table]
        if isinstance(action, Tombstones):
            return write_tombstones(self.con, table, self.connection, self.run, self.now, action)
        if isinstance(action, Merges):
            return write_merges(self.con, table, self.connection, self.run, self.now, action)
        if action.table not in self._staged:
            create_stage(self.con, table)
            self._staged[action.table] = 0
        refused = [key for reject, key, _ in self._rejected if key and reject.table == action.table]
        return write_whole(self.con, table, self.connection, self.run, self.now, action, refused)
