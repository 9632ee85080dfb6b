"""The working store's tables: one history per canonical table, and what a run needs to remember.

History is append-only. A row version carries ``_seq`` (order of learning), ``recorded_at`` (when we learnt it, UTC),
the connection it came from, its key and a hash of its content. Nothing is updated in place: a correction is a newer
version, a deletion a newer version marked ``deleted``.

An instant is stored in UTC beside the business date it falls on in the company's time zone (``<name>__on``), fixed once
at load, so that no formula ever does time-zone arithmetic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache

import duckdb
import pyarrow as pa

from revalign_udf.canonical import TABLES, Column, Table
from revalign_udf.errors import StoreError

__all__ = ["SQL_TYPES", "arrow_schema", "column_list", "history", "migrate", "stored_columns"]

#: canonical kind -> DuckDB type. Exact types only: money is never a binary float.
SQL_TYPES = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "decimal": "DECIMAL(38, 10)",
    "money": "DECIMAL(38, 10)",
    "bool": "BOOLEAN",
    "instant": "TIMESTAMP",
    "date": "DATE",
    "json": "VARCHAR",
}

_ARROW = {
    "text": pa.string(),
    "int": pa.int64(),
    "decimal": pa.decimal128(38, 10),
    "money": pa.decimal128(38, 10),
    "bool": pa.bool_(),
    "instant": pa.timestamp("us"),
    "date": pa.date32(),
    "json": pa.string(),
}

_OWN = (
    ("_seq", "BIGINT"),
    ("_run", "BIGINT"),
    ("recorded_at", "TIMESTAMP"),
    ("_conn", "VARCHAR"),
    ("_key", "VARCHAR"),
    ("_scope", "VARCHAR"),
    ("_hash", "VARCHAR"),
)

_OPERATIONAL = """
CREATE SEQUENCE seq_row START 1;
CREATE SEQUENCE seq_run START 1;
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE sync_run (
    run BIGINT PRIMARY KEY, connection VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP, status VARCHAR,
    read BIGINT, written BIGINT, deleted BIGINT, rejected BIGINT, message VARCHAR);
CREATE TABLE sync_state (connection VARCHAR, stream VARCHAR, state VARCHAR, version INTEGER, updated_at TIMESTAMP,
    PRIMARY KEY (connection, stream));
CREATE TABLE watermark (connection VARCHAR, stream VARCHAR, through DATE, pulled_at TIMESTAMP, declared BOOLEAN,
    PRIMARY KEY (connection, stream));
CREATE TABLE reject (
    run BIGINT, connection VARCHAR, "table" VARCHAR, scope VARCHAR, file VARCHAR, line BIGINT, "column" VARCHAR,
    value VARCHAR, reason VARCHAR, code VARCHAR, key VARCHAR, recorded_at TIMESTAMP);
"""


def history(table: str) -> str:
    """The name of a canonical table's history.

    >>> history("invoice")
    'h_invoice'
    """
    return f"h_{table}"


def stored_columns(table: Table) -> list[tuple[str, str]]:
    """(name, DuckDB type) of the canonical columns as stored; an instant has its business date beside it."""
    found: list[tuple[str, str]] = []
    for column in table.columns.values():
        found.append((column.name, SQL_TYPES[column.kind]))
        if column.kind == "instant":
            found.append((f"{column.name}__on", "DATE"))
    return found


def column_list(columns: Sequence[tuple[str, str]]) -> str:
    """Column definitions for CREATE TABLE.

    >>> column_list([("at", "DATE")])
    '"at" DATE'
    """
    return ", ".join(f'"{name}" {kind}' for name, kind in columns)


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a canonical table, derived from its declaration."""

    def described(column: Column) -> pa.Field:
        marks = {"personal": "true"} if column.personal else None
        return pa.field(column.name, _ARROW[column.kind], nullable=not column.required, metadata=marks)

    return pa.schema([described(column) for column in table.columns.values()])


def _first(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_OPERATIONAL)


#: Each step brings a store from version n to n + 1. Released steps are never edited.
MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (_first,)


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Bring a store to this version: operational tables by numbered steps, histories by their declarations."""
    known = _remembered(con)
    version = int(known.get("schema", 0))
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The store was written by a newer Revalign (schema {version}, this one knows {len(MIGRATIONS)}).",
            code="REV-803",
            hint="Install that version, or remove the store folder and pull again.",
        )
    declared = _declared()
    if version == len(MIGRATIONS) and known.get("columns") == declared:
        return  # nothing was declared since: listing every column takes as long as opening the file
    con.execute("BEGIN")
    for step in MIGRATIONS[version:]:
        step(con)
    con.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?), ('columns', ?)", [str(len(MIGRATIONS)), declared])
    existing: dict[str, set[str]] = {}
    if version:
        rows = con.execute("SELECT table_name, column_name FROM information_schema.columns").fetchall()
        for name, column in rows:
            existing.setdefault(name, set()).add(column)
    wanted = []
    for table in TABLES.values():
        columns = [*_OWN, *stored_columns(table)]
        name = history(table.name)
        if name not in existing:
            wanted.append(f"CREATE TABLE {name} ({column_list(columns)})")
            continue
        wanted += [
            f'ALTER TABLE {name} ADD COLUMN "{column}" {kind}'
            for column, kind in columns
            if column not in existing[name]
        ]
    con.execute("; ".join([*wanted, "COMMIT"]))


@cache
def _declared() -> str:
    """What every history is declared to hold, as a digest."""
    tables = {table.name: [*_OWN, *stored_columns(table)] for table in TABLES.values()}
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def _remembered(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What ``meta`` says; nothing in a file that has no such table yet."""
    # made and taken back: asking DuckDB for a table that is not there takes ten times as long
    con.execute("BEGIN; CREATE TABLE IF NOT EXISTS meta (key VARCHAR PRIMARY KEY, value VARCHAR)")
    found = con.execute("SELECT key, value FROM meta").fetchall()
    con.execute("ROLLBACK")
    return dict(found)
