"""The working store: one DuckDB file with the append-only history of every canonical table.

One process writes at a time, and readers of numbers never open it: they read published snapshots.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from revalign_udf.canonical import TABLES
from revalign_udf.errors import StoreError
from revalign_udf.store.merge import Counts
from revalign_udf.store.pull import Pull, Writing
from revalign_udf.store.schema import arrow_schema, history, migrate, stored_columns

__all__ = ["Counts", "Pull", "Store", "Watermark", "arrow_schema", "disk_problem"]

#: tables whose records sources merge into one another: their deleted rows are asked for too
JOINED = ("organization", "person")


@dataclass(frozen=True, slots=True)
class Watermark:
    """Through which day a connection's stream is complete, and when it was pulled."""

    connection: str
    stream: str
    through: date
    pulled_at: datetime
    declared: bool


def disk_problem(error: BaseException, what: str) -> StoreError | None:
    """A coded error when the cause is a full or read-only disk, else None."""
    text = str(error)
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC or "No space left" in text or ("not enough" in text.lower() and "disk" in text.lower()):
        return StoreError(
            f"The disk is full: {what} was not written.",
            code="REV-804",
            hint="Free some space and run again; nothing was lost.",
        )
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or "Permission denied" in text or "Read-only" in text:
        return StoreError(
            f"No permission to write {what}.", code="REV-804", hint="Make the folder writable, or set another one."
        )
    return None


class Store:
    """The open store. Use as a context manager; see :meth:`open`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path, writing: Writing | None = None) -> None:
        self.con, self.path = con, path
        self.writing = writing or Writing()

    @classmethod
    def open(cls, folder: Path, time_zone: str = "UTC", *, memory_limit: str = "1GB") -> Store:
        """Open or create ``store.duckdb`` in a folder.

        Raises StoreError: REV-802 while another run writes, REV-803 for a store made in another time zone or by a
        newer version, REV-804 for a full or read-only disk, REV-801 for anything else.
        """
        path = folder / "store.duckdb"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            con = duckdb.connect(str(path))
        except (duckdb.Error, OSError) as error:
            if re.search(r"(?i)could not set lock|conflicting lock|being used by another process", str(error)):
                raise StoreError(
                    "Another Revalign run is writing to the store.", code="REV-802", hint="Wait for it, then run again."
                ) from error
            if problem := disk_problem(error, str(path)):
                raise problem from error
            raise StoreError(
                f"Cannot open the store {path}: {error}", hint="Remove the file and pull again."
            ) from error
        store = cls(con, path)
        try:
            con.execute(f"SET TimeZone = '{time_zone}'")
            con.execute(f"SET memory_limit = '{memory_limit}'")
            con.execute("SET preserve_insertion_order = false")
            spill = str(folder / "spill").replace("'", "''")
            con.execute(f"SET temp_directory = '{spill}'")
            migrate(con)
            store._remember_zone(time_zone)
        except BaseException as error:
            con.close()
            if isinstance(error, duckdb.Error) and (problem := disk_problem(error, str(path))):
                raise problem from error
            raise
        return store

    def _remember_zone(self, time_zone: str) -> None:
        known = self.con.execute("SELECT value FROM meta WHERE key = 'time_zone'").fetchall()
        if not known:
            self.con.execute("INSERT INTO meta VALUES ('time_zone', ?)", [time_zone])
        elif known[0][0] != time_zone:
            raise StoreError(
                f"The store holds business dates in {known[0][0]}, but the company's time zone is now {time_zone}.",
                code="REV-803",
                hint=f"Remove {self.path} and pull again, so that every instant gets its date in the new zone.",
            )

    def beside(self) -> Store:
        """The same store for another thread: with temporary tables of its own, and one commit at a time among all."""
        con = self.con.cursor()
        zone = self.con.execute("SELECT current_setting('TimeZone')").fetchall()[0][0]
        con.execute(f"SET TimeZone = '{zone}'")
        return Store(con, self.path, self.writing.beside())

    def abandon(self) -> None:
        """Let nothing more be written through this handle: whoever holds it was given up."""
        self.writing.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; other runs may write again."""
        self.con.close()

    def next_run(self) -> int:
        """A fresh run number."""
        return int(self.con.execute("SELECT nextval('seq_run')").fetchall()[0][0])

    def states(self, connection: str) -> dict[str, tuple[dict[str, Any], int]]:
        """The stored state of each stream of a connection, and the version of its form."""
        rows = self.con.execute(
            "SELECT stream, state, version FROM sync_state WHERE connection = ?", [connection]
        ).fetchall()
        return {stream: (json.loads(state), version) for stream, state, version in rows}

    def state(self, connection: str) -> dict[str, dict[str, Any]]:
        """The stored state of each stream of a connection."""
        return {stream: state for stream, (state, _) in self.states(connection).items()}

    @contextmanager
    def pull(
        self, connection: str, stream: str, run: int, now: datetime | None = None, *, version: int = 1
    ) -> Iterator[Pull]:
        """Collect one stream. Full disks and the like become a StoreError; the store stays as it was at the last mark.

        ``version`` is that of the form in which the connector writes its states.
        """
        moment = (now or datetime.now(UTC)).replace(tzinfo=None)
        with self._coded():
            yield Pull(self.con, connection, stream, run, moment, self.writing, version)

    def remember_links(self, connection: str, links: Mapping[str, str]) -> None:
        """Keep the addresses of a connection's records in their own system: canonical table -> text with ``{id}``."""
        with self._coded(), self.writing:
            self.con.execute(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [f"links {connection}", json.dumps(dict(links), sort_keys=True)],
            )

    def links(self) -> dict[str, dict[str, str]]:
        """The addresses of every connection's records."""
        rows = self.con.execute("SELECT key, value FROM meta WHERE key LIKE 'links %' ORDER BY key").fetchall()
        return {key.removeprefix("links "): json.loads(value) for key, value in rows}

    def log_run(self, run: int, connection: str, started: datetime, status: str, counts: Counts, message: str) -> None:
        """Write a line of the run log."""
        ended = datetime.now(UTC).replace(tzinfo=None)
        values = [run, connection, started.replace(tzinfo=None), ended, status, counts.read, counts.written,
                  counts.deleted, counts.rejected, message]  # fmt: skip
        with self._coded(), self.writing:
            self.con.execute("INSERT OR REPLACE INTO sync_run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    @contextmanager
    def _coded(self) -> Iterator[None]:
        """Full disks and the like as a StoreError."""
        try:
            yield
        except duckdb.Error as error:
            if problem := disk_problem(error, str(self.path)):
                raise problem from error
            raise

    def watermarks(self) -> list[Watermark]:
        """Through which day each stream is complete."""
        rows = self.con.execute("SELECT * FROM watermark ORDER BY connection, stream").fetchall()
        return [Watermark(*row) for row in rows]

    def rejects(self, connection: str | None = None, limit: int = 1000) -> list[Mapping[str, Any]]:
        """Rows refused so far and not yet put right."""
        cursor = self.con.execute(
            'SELECT connection, "table", file, line, "column", value, reason, code FROM reject'
            " WHERE ? IS NULL OR connection = ? ORDER BY run, file, line LIMIT ?",
            [connection, connection, limit],
        )
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def rows(self, table: str) -> pa.Table:
        """The live rows of a canonical table in its Arrow schema: instants in UTC, money as exact decimals."""
        self.open_views()
        columns = ", ".join(f'"{name}"' for name in TABLES[table].columns)
        found = self.con.sql(f"SELECT {columns} FROM c_{table} ORDER BY _conn, _key").to_arrow_table()
        return found.cast(arrow_schema(TABLES[table]))

    def counts(self) -> dict[str, int]:
        """Live rows per canonical table."""
        self.open_views()
        found = {}
        for name in TABLES:
            if number := self.con.execute(f"SELECT count(*) FROM c_{name}").fetchall()[0][0]:
                found[name] = int(number)
        return found

    def open_views(self, known_by: date | None = None, connections: list[str] | None = None) -> set[str]:
        """Define ``c_<table>`` (live rows) for every table and ``x_<table>`` (newest versions, deleted ones too) for those
        whose records join each other. Returns the tables with any history: the views of all others are empty.

        ``known_by`` shows the history as it was known at the end of that day (UTC); ``connections`` leaves out
        sources no longer in the settings.
        """
        limits = []
        if known_by is not None:
            limits.append(f"recorded_at < TIMESTAMP '{known_by + timedelta(days=1)}'")
        if connections is not None:
            names = ", ".join("'" + name.replace("'", "''") + "'" for name in connections)
            limits.append(f"_conn IN ({names})" if names else "false")
        where = f"WHERE {' AND '.join(limits)}" if limits else ""
        filled = self._filled()
        doubled = self._corrected(filled)
        views = []
        for table in TABLES.values():
            # a table nobody ever corrected needs no look for the newest version
            newest = "QUALIFY row_number() OVER (PARTITION BY _conn, _key ORDER BY _seq DESC) = 1"
            columns = ", ".join(f'"{column}"' for column, _ in stored_columns(table))
            rows = (
                f"SELECT _conn, _key, _scope, recorded_at, {columns} FROM {history(table.name)} {where}"
                f" {newest if table.name in doubled else ''}"
            )
            if table.name in JOINED:
                views.append(f"CREATE OR REPLACE TEMP VIEW x_{table.name} AS {rows}")
            source = f"SELECT * FROM ({rows}) x" if table.name in doubled or limits else rows
            views.append(f"CREATE OR REPLACE TEMP VIEW c_{table.name} AS {source} WHERE NOT coalesce(deleted, false)")
        self.con.execute(";".join(views))
        return filled

    def _filled(self) -> set[str]:
        """Tables with any history."""
        looks = (f"SELECT '{name}' FROM (SELECT 1 FROM {history(name)} LIMIT 1) x" for name in TABLES)
        return {row[0] for row in self.con.execute(" UNION ALL ".join(looks)).fetchall()}

    def _corrected(self, filled: Collection[str]) -> set[str]:
        """Tables with more than one version of some row."""
        looks = [
            f"SELECT '{name}' FROM (SELECT 1 FROM {history(name)} GROUP BY _conn, _key HAVING count(*) > 1 LIMIT 1) x"
            for name in TABLES
            if name in filled
        ]
        return {row[0] for row in self.con.execute(" UNION ALL ".join(looks)).fetchall()} if looks else set()
