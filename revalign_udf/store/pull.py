"""One connection's pull: messages in, one transaction out.

Rows are staged as they come; at a mark (or at the end) everything since the last mark is merged together with the
state it belongs to. A crash in between leaves the store as it was at the last mark, and running again completes.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self

import duckdb

from revalign_udf.canonical import TABLES
from revalign_udf.connector import Complete, Mark, Merges, Message, Present, Rejected, Rows, Tombstones, Whole
from revalign_udf.errors import BadRecord, Retriable
from revalign_udf.store.merge import (
    Counts,
    merge_stage,
    write_merges,
    write_present,
    write_rejects,
    write_tombstones,
    write_whole,
)
from revalign_udf.store.stage import create_stage, stage_rows

__all__ = ["Pull", "Writing"]

#: A mark commits when this many rows are staged or this many seconds have passed; small pages share a commit.
_COMMIT_ROWS = 200_000
_COMMIT_SECONDS = 5.0


class Writing:
    """One commit at a time among all handles of a store; a handle that was given up commits no more."""

    def __init__(self, lock: threading.RLock | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._stopped = False

    def beside(self) -> Writing:
        """The same turn-taking for another handle."""
        return Writing(self._lock)

    def stop(self) -> None:
        """Commit no more. Waits for a commit that is under way."""
        with self._lock:
            self._stopped = True

    def __enter__(self) -> Self:
        self._lock.acquire()
        if self._stopped:
            self._lock.release()
            raise Retriable("This pull was given up; nothing more of it is written.", code="REV-510")
        return self

    def __exit__(self, *_exc: object) -> None:
        self._lock.release()


class Pull:
    """Collects what one stream of a connection sends. ``finish`` commits the rest, ``salvage`` what came before the last
    mark; without either nothing since the last commit is kept."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, connection: str, stream: str, run: int, now: datetime,
        writing: Writing | None = None, version: int = 1,
    ) -> None:  # fmt: skip
        self.con, self.connection, self.stream, self.run, self.now = con, connection, stream, run, now
        self.counts = Counts()
        self.problems: list[str] = []
        """what was not done, and why"""
        self.believe_sweeps = False
        """whether a list of keys may take away most of a table"""
        self._writing, self._version = writing or Writing(), version
        self._present: dict[tuple[str, str], str] = {}
        self._lists = 0
        self._sent: set[str] = set()
        self._staged: dict[str, int] = {}
        self._actions: list[tuple[int, Tombstones | Merges | Whole | Present, str]] = []
        """each with the number of the row that came next, and the table that holds its keys"""
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
                self._actions.append((self._number, message, ""))
            case Present():
                self._listed(message)
            case Rejected():
                self._rejected.append((message, message.key, message.file))
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

    def finish(self, default_through: date | None) -> Counts:
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

    def _listed(self, message: Present) -> None:
        """Keys that are still there, set aside until the list is complete."""
        place = (message.table, message.prefix)
        if place not in self._present:
            self._lists += 1
            self._present[place] = f"present_{self._lists}"
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {self._present[place]} (_key VARCHAR)")
        if message.keys:
            self.con.execute(
                f"INSERT INTO {self._present[place]} SELECT unnest(CAST(? AS VARCHAR[]))", [list(message.keys)]
            )
        if message.last:
            self._actions.append((self._number, message, self._present.pop(place)))

    def _refuse(self, refused: list[tuple[Rejected, str]], scope: str) -> None:
        self._rejected += [(reject, key, scope) for reject, key in refused]
        self.counts.rejects += [reject for reject, _ in refused]
        self.counts.rejected += len({(reject.file, reject.line, key) for reject, key in refused})

    def _commit(self, default_through: date | None = None) -> None:
        with self._writing:
            self.con.execute("BEGIN")
            try:
                self._write(default_through)
                self.con.execute("COMMIT")
            except BaseException:
                self.con.execute("ROLLBACK")
                raise
        if default_through is None:
            self._remember_sent()
        for name in self._staged:
            self.con.execute(f"DROP TABLE IF EXISTS stage_{name}")
        self._staged, self._actions, self._rejected, self._state, self._marked = {}, [], [], None, None
        self._last = time.monotonic()

    def _remember_sent(self) -> None:
        """The keys that a commit at a mark takes out of sight, sent or refused: :class:`Whole` may still speak of them."""
        refused: dict[str, list[str]] = {}
        for reject, key, _ in self._rejected:
            if key and reject.table in TABLES:
                refused.setdefault(reject.table, []).append(key)
        for name in {*self._staged, *refused}:
            if name not in self._sent:
                self._sent.add(name)
                self.con.execute(f"CREATE OR REPLACE TEMP TABLE sent_{name} (_key VARCHAR)")
            if name in self._staged:
                self.con.execute(f"INSERT INTO sent_{name} SELECT DISTINCT _key FROM stage_{name}")
            if name in refused:
                self.con.execute(f"INSERT INTO sent_{name} SELECT unnest(CAST(? AS VARCHAR[]))", [refused[name]])

    def _write(self, default_through: date | None) -> None:
        scopes = {action.scope for _, action, _ in self._actions if isinstance(action, Whole)}
        for scope in scopes:
            self.con.execute("DELETE FROM reject WHERE connection = ? AND scope = ?", [self.connection, scope])
        for name in self._staged:
            written, doubled = merge_stage(self.con, TABLES[name], self.connection, self.run, self.now)
            self.counts.written += written
            self._refuse(doubled, "")
        for number, action, listed in self._actions:
            self.counts.deleted += self._apply(action, number, listed)
        for scope in {scope for _, _, scope in self._rejected}:
            chosen = [(reject, key) for reject, key, own in self._rejected if own == scope]
            write_rejects(self.con, self.connection, self.run, self.now, scope, chosen)
        if self._state is not None:
            self.con.execute(
                "INSERT OR REPLACE INTO sync_state VALUES (?, ?, ?, ?, ?)",
                [self.connection, self.stream, json.dumps(self._state, sort_keys=True), self._version, self.now],
            )
        through = self._through or default_through
        if through is not None:
            self.con.execute(
                "INSERT OR REPLACE INTO watermark VALUES (?, ?, ?, ?, ?)",
                [self.connection, self.stream, through, self.now, self._through is not None],
            )

    def _apply(self, action: Tombstones | Merges | Whole | Present, number: int, listed: str) -> int:
        """Apply what was said of rows that came before: one that came after the word of its end is there again."""
        table = TABLES[action.table]
        later = self._later(action.table, number)
        if isinstance(action, Present):
            count, refusal = write_present(
                self.con, table, self.connection, self.run, self.now, action, listed, self.believe_sweeps
            )
            self.problems += [refusal] if refusal else []
            return count
        if isinstance(action, Tombstones):
            return write_tombstones(self.con, table, self.connection, self.run, self.now, action, later)
        if isinstance(action, Merges):
            return write_merges(self.con, table, self.connection, self.run, self.now, action, later)
        if action.table not in self._staged:
            create_stage(self.con, table)
            self._staged[action.table] = 0
        refused = [key for reject, key, _ in self._rejected if key and reject.table == action.table]
        before = f"sent_{action.table}" if action.table in self._sent else ""
        return write_whole(self.con, table, self.connection, self.run, self.now, action, refused, before)

    def _later(self, table: str, number: int) -> str:
        """A condition that leaves out rows which were sent from a number on."""
        if table not in self._staged or self._number <= number:
            return ""
        return f" AND l._key NOT IN (SELECT s._key FROM stage_{table} s WHERE s._n >= {number} AND s._key IS NOT NULL)"
