"""Vectorised validation: text as it came -> typed rows, and a list of what cannot be used and why.

A batch is converted by one SQL statement. Only when some row fails does a second statement say which row, column and
value failed for what reason. A bad row goes to the rejects; the rest of the batch loads.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from revalign_udf.canonical import Column, Table
from revalign_udf.connector import Rejected, Rows
from revalign_udf.errors import BadRecord, did_you_mean
from revalign_udf.store.schema import SQL_TYPES, column_list, stored_columns

__all__ = ["create_stage", "stage_rows"]

_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?"
_ISO = r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?"
_PIECE = 8_192
_DAY = r"\d{4}-\d{2}-\d{2}"
_CURRENCIES = {"currency", "from_currency", "to_currency"}


def create_stage(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    """An empty staging table for one pull of one canonical table; returns its name."""
    name = f"stage_{table.name}"
    columns = [
        ("_n", "BIGINT"),
        ("_key", "VARCHAR"),
        ("_scope", "VARCHAR"),
        ("_file", "VARCHAR"),
        ("_line", "BIGINT"),
        ("_hash", "VARCHAR"),
        *stored_columns(table),
    ]
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({column_list(columns)})")
    return name


@dataclass(frozen=True, slots=True)
class _Checked:
    """One column's conversion: SQL over its trimmed text ``t``, and why a value that does not convert is refused."""

    column: Column
    typed: str
    reason: str

    @property
    def fails(self) -> str:
        """The condition under which a row is refused for this column; empty when any text will do."""
        text, value = f'y."t_{self.column.name}"', f'y."{self.column.name}"'
        if self.column.required:
            # without a value there is nothing to convert, so one look covers both
            return f"{value} IS NULL"
        return f"({value} IS NULL AND {text} IS NOT NULL)" if self.typed != self.raw else ""

    @property
    def raw(self) -> str:
        """The trimmed text, NULL when nothing is left."""
        return f't."t_{self.column.name}"'

    @property
    def value(self) -> str:
        """The value with its default."""
        name = f'y."{self.column.name}"'
        if self.column.default is None:
            return name
        return f"coalesce({name}, CAST('{self.column.default}' AS {SQL_TYPES[self.column.kind]}))"


_REASONS = {
    "int": "is not a whole number",
    "decimal": "is not a number (write 1234.56)",
    "money": "is not an amount (write 1234.56)",
    "bool": "is neither true nor false",
    "instant": "is not a date or time (write 2026-09-30 or 2026-09-30T08:15:00+02:00)",
    "date": "is not a date (write 2026-09-30)",
    "json": "is not JSON",
}


def _check(column: Column, date_format: str, zone: str) -> _Checked:
    raw = f't."t_{column.name}"'
    reason = _REASONS.get(column.kind, "cannot be used")
    typed = raw
    if column.kind in ("int", "decimal", "money"):
        number = f"CASE WHEN regexp_full_match({raw}, '{_NUMBER}') THEN try_cast({raw} AS DECIMAL(38, 10)) END"
        typed = number
        if column.kind == "int":
            typed = (
                f"CASE WHEN regexp_full_match({raw}, '[0-9]{{1,18}}') THEN CAST({raw} AS BIGINT)"
                f" WHEN {number} = round({number}) THEN try_cast({number} AS BIGINT) END"
            )
    elif column.kind == "bool":
        typed = (
            f"CASE WHEN lower({raw}) IN ('true', 't', 'yes', 'y', '1') THEN true"
            f" WHEN lower({raw}) IN ('false', 'f', 'no', 'n', '0') THEN false END"
        )
    elif column.kind in ("instant", "date"):
        typed = _moment(raw, column.kind, date_format, zone)
        if date_format:
            reason = f"does not follow the date format {date_format}"
    elif column.kind == "json":
        typed = f"CASE WHEN json_valid({raw}) THEN {raw} END"
    elif column.name in _CURRENCIES:
        typed = f"CASE WHEN regexp_full_match(upper({raw}), '[A-Z]{{3}}') THEN upper({raw}) END"
        reason = "is not a currency code (write EUR)"
    elif column.enum:
        allowed = ", ".join(f"'{value}'" for value in column.enum)
        typed = f"CASE WHEN lower({raw}) IN ({allowed}) THEN lower({raw}) END"
        reason = f"is none of {', '.join(column.enum)}"
    return _Checked(column, typed, reason)


def _moment(raw: str, kind: str, date_format: str, zone: str) -> str:
    """A date, or an instant in UTC. Text without an offset is in the session's time zone, the company's."""
    if date_format:
        quoted = date_format.replace("'", "''")
        zoned = f"try_cast(try_strptime({raw}, '{quoted}') AS TIMESTAMPTZ)"
        return f"timezone('UTC', {zoned})" if kind == "instant" else f"CAST({zoned} AS DATE)"
    zoned = f"CASE WHEN regexp_full_match({raw}, '{_ISO}') THEN try_cast({raw} AS TIMESTAMPTZ) END"
    # most dates are written plainly, and need no look at a time zone
    if kind == "date":
        return f"CASE WHEN {_plain(raw)} THEN try_cast({raw} AS DATE) ELSE CAST({zoned} AS DATE) END"
    instant = f"timezone('UTC', {zoned})"
    if zone != "UTC":
        return instant
    return f"CASE WHEN {_plain(raw)} THEN CAST(try_cast({raw} AS DATE) AS TIMESTAMP) ELSE {instant} END"


def _plain(raw: str) -> str:
    return f"regexp_full_match({raw}, '{_DAY}')"


def stage_rows(con: duckdb.DuckDBPyConnection, table: Table, batch: Rows, start: int) -> list[tuple[Rejected, str]]:
    """Validate a batch into the table's stage. ``start`` numbers its first row within the pull.

    Returns what was refused, each with the row's key (empty when it has none). Raises BadRecord REV-502 when a
    required column is missing from the batch altogether.
    """
    given = {name: values for name, values in batch.columns.items() if name in table.columns}
    _needs(table, batch, given)
    size = len(batch)
    texts = {name: _strings(values) for name, values in given.items()}
    raw = pa.table({**texts, "_n": _whole_numbers(range(start, start + size)), "_line": _whole_numbers(batch.lines, size)})
    zone = con.execute("SELECT current_setting('TimeZone')").fetchall()[0][0]
    checks = {name: _check(table.columns[name], batch.date_format, zone) for name in given}
    listed = ", ".join(f'x."{name}"' for name, _ in stored_columns(table))
    # DuckDB scans the pieces of a table side by side
    con.register("raw_batch", pa.Table.from_batches(raw.to_batches(max_chunksize=_PIECE), raw.schema))
    try:
        taken = con.execute(
            f"INSERT INTO stage_{table.name} BY NAME SELECT x._n, {_key(table)} AS _key, ? AS _scope, ? AS _file, x._line,"
            f" {_content(table)} AS _hash, {listed} FROM ({_converted(table, checks, batch.date_format, zone)}) x"
            f" WHERE NOT x._bad",
            [batch.scope, batch.file],
        ).fetchall()[0][0]
        return [] if taken == size else _refusals(con, table, checks, batch, zone)
    finally:
        con.unregister("raw_batch")


def _needs(table: Table, batch: Rows, given: Mapping[str, Sequence[Any]]) -> None:
    missing = [name for name in table.required if name not in given]
    if missing:
        near = [f'"{found}" for {name}' for name in missing if (found := did_you_mean(name, batch.columns))]
        raise BadRecord(
            f"{batch.file or table.name}: the {table.name} table needs the column(s) {', '.join(missing)};"
            f" found {', '.join(batch.columns)}.",
            code="REV-502",
            hint=f"Did you mean {', '.join(near)}?" if near else "Add the column or map one in revalign.toml.",
        )


def _strings(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _whole_numbers(values: Sequence[int], size: int = 0) -> pa.Array:
    if not values:
        return pa.nulls(size, pa.int64())
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(array("q", values))])


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _converted(
    table: Table, checks: Mapping[str, _Checked], date_format: str, zone: str, *, flags: bool = False
) -> str:
    """The batch as a query: every column typed, ``_bad``, and business dates. With ``flags`` also ``t_<column>``, the
    text of a column, ``f_<column>``, whether it was refused, and ``f_`` for the alternatives.

    In steps - trimmed, typed, judged - so that nothing is computed twice.
    """
    trimmed = "".join(f", nullif(trim(r.\"{name}\"), '') AS \"t_{name}\"" for name in checks)
    typed = "".join(f', {check.typed} AS "{name}", {check.raw} AS "t_{name}"' for name, check in checks.items())
    judged: list[str] = []
    for column in table.columns.values():
        name = column.name
        judged.append(f'{checks[name].value if name in checks else _absent(column)} AS "{name}"')
        if column.kind == "instant":
            judged.append(f'{_day_of(name, date_format, zone) if name in checks else "CAST(NULL AS DATE)"} AS "{name}__on"')
    fails = {name: check.fails for name, check in checks.items() if check.fails}
    if table.one_of:
        fails[""] = f"NOT ({_alternatives(table, checks)})"
    if flags:
        judged += [f'y."t_{name}"' for name in checks] + [f'({rule}) AS "f_{name}"' for name, rule in fails.items()]
    return (
        f"SELECT y._n, y._line, {', '.join(judged)}, ({' OR '.join(fails.values()) or 'false'}) AS _bad FROM"
        f" (SELECT t._n, t._line{typed} FROM (SELECT r._n, r._line{trimmed} FROM raw_batch r) t) y"
    )


def _day_of(name: str, date_format: str, zone: str) -> str:
    """The business date of an instant. The session's time zone is the company's: this is where the one becomes the
    other, once. A plainly written date is its own."""
    if zone == "UTC":
        return f'CAST(y."{name}" AS DATE)'
    zoned = f'CAST(timezone(\'UTC\', y."{name}") AS DATE)'
    text = f'y."t_{name}"'
    return zoned if date_format else f"CASE WHEN {_plain(text)} THEN try_cast({text} AS DATE) ELSE {zoned} END"


def _absent(column: Column) -> str:
    value = "NULL" if column.default is None else f"'{column.default}'"
    return f"CAST({value} AS {SQL_TYPES[column.kind]})"


def _key(table: Table) -> str:
    """A single id as it is; a natural key joined by a separator no business value holds."""
    if len(table.key) == 1:
        return f'x."{table.key[0]}"'
    return " || '|' || ".join(f"coalesce(CAST(x.\"{name}\" AS VARCHAR), '')" for name in table.key)


def _alternatives(table: Table, checks: Mapping[str, _Checked]) -> str:
    """The condition that one group of alternatives is filled."""
    groups = []
    for group in table.one_of:
        filled = [f'y."{name}" IS NOT NULL' if name in checks else "false" for name in group]
        groups.append("(" + " AND ".join(filled) + ")")
    return " OR ".join(groups)


def _content(table: Table) -> str:
    """128 bits over what a row says besides its key: each column that is filled, and not merely with its default, under
    its name. So a column that a later version adds, or a file leaves out, changes nothing."""
    parts = []
    for column in table.columns.values():
        if column.name in table.key:
            continue
        value = f'x."{column.name}"'
        if column.default is not None:
            value = f"nullif({value}, {_absent(column)})"
        text = f"CAST({value} AS VARCHAR)"
        if column.kind in ("decimal", "money"):
            # the same text in a third of the time, where the number fits 64 bits
            text = f"coalesce(CAST(try_cast({value} AS DECIMAL(18, 10)) AS VARCHAR), {text})"
        parts.append(f"'{column.name}=' || {text}")
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))"


def _refusals(
    con: duckdb.DuckDBPyConnection, table: Table, checks: Mapping[str, _Checked], batch: Rows, zone: str
) -> list[tuple[Rejected, str]]:
    """Which row, column and value failed, and why."""
    failing = [name for name, check in checks.items() if check.fails]
    parts = [
        f'SELECT x._n, x._line, {which}, x."t_{name}" AS value, {_key(table)} AS key FROM x WHERE x."f_{name}"'
        for which, name in enumerate(failing)
    ]
    if table.one_of:
        parts.append(f'SELECT x._n, x._line, {len(failing)}, NULL, {_key(table)} FROM x WHERE x."f_"')
    found = con.execute(
        f"WITH x AS (SELECT * FROM ({_converted(table, checks, batch.date_format, zone, flags=True)}) b WHERE b._bad)"
        f" {' UNION ALL '.join(parts)} ORDER BY 1, 3"
    ).fetchall()
    rejected = []
    for _number, line, which, value, key in found:
        if which == len(failing):
            wanted = " or ".join(" and ".join(group) for group in table.one_of)
            column, reason = Column(wanted), f"a row needs {wanted}"
        else:
            column = checks[failing[which]].column
            reason = f"{column.name} {'is required and empty' if value is None else checks[failing[which]].reason}"
        shown = "" if value is None else "(personal)" if column.personal else value[:200]
        rejected.append((Rejected(table.name, reason, "REV-503", batch.file, line or 0, column.name, shown), key or ""))
    return rejected
