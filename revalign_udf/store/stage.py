"""Vectorised validation: text as it came -> typed rows, and a list of what cannot be used and why.

A batch is converted by one SQL statement. Only when some row fails does a second statement say which row, column and
value failed for what reason. A bad row goes to the rejects; the rest of the batch loads.
"""

from __future__ import annotations

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
    """One column's conversion, and the condition under which its value is refused, with the reason."""

    column: Column
    typed: str
    refused: str
    reason: str


def _check(column: Column, date_format: str) -> _Checked:
    raw = f"nullif(trim(r.\"{column.name}\"), '')"
    kind = SQL_TYPES[column.kind]
    reason = {
        "int": "is not a whole number",
        "decimal": "is not a number (write 1234.56)",
        "money": "is not an amount (write 1234.56)",
        "bool": "is neither true nor false",
        "instant": "is not a date or time (write 2026-09-30 or 2026-09-30T08:15:00+02:00)",
        "date": "is not a date (write 2026-09-30)",
        "json": "is not JSON",
    }.get(column.kind, "cannot be used")
    typed = raw
    if column.kind in ("int", "decimal", "money"):
        number = f"CASE WHEN regexp_full_match({raw}, '{_NUMBER}') THEN try_cast({raw} AS DECIMAL(38, 10)) END"
        typed = number
        if column.kind == "int":
            typed = f"CASE WHEN {number} = round({number}) THEN try_cast({number} AS BIGINT) END"
    elif column.kind == "bool":
        typed = (
            f"CASE WHEN lower({raw}) IN ('true', 't', 'yes', 'y', '1') THEN true"
            f" WHEN lower({raw}) IN ('false', 'f', 'no', 'n', '0') THEN false END"
        )
    elif column.kind in ("instant", "date"):
        if date_format:
            reason = f"does not follow the date format {date_format}"
            quoted = date_format.replace("'", "''")
            zoned = f"try_cast(try_strptime({raw}, '{quoted}') AS TIMESTAMPTZ)"
        else:
            zoned = f"CASE WHEN regexp_full_match({raw}, '{_ISO}') THEN try_cast({raw} AS TIMESTAMPTZ) END"
        typed = f"timezone('UTC', {zoned})" if column.kind == "instant" else f"CAST({zoned} AS DATE)"
    elif column.kind == "json":
        typed = f"CASE WHEN json_valid({raw}) THEN {raw} END"
    elif column.name in _CURRENCIES:
        typed = f"CASE WHEN regexp_full_match(upper({raw}), '[A-Z]{{3}}') THEN upper({raw}) END"
        reason = "is not a currency code (write EUR)"
    elif column.enum:
        allowed = ", ".join(f"'{value}'" for value in column.enum)
        typed = f"CASE WHEN lower({raw}) IN ({allowed}) THEN lower({raw}) END"
        reason = f"is none of {', '.join(column.enum)}"
    refused = f"{raw} IS NOT NULL AND ({typed}) IS NULL" if typed != raw else "false"
    if column.default is not None:
        typed = f"coalesce({typed}, CAST('{column.default}' AS {kind}))"
    if column.required:
        refused = f"({refused}) OR {raw} IS NULL"
    return _Checked(column, typed, refused, reason)


def stage_rows(con: duckdb.DuckDBPyConnection, table: Table, batch: Rows, start: int) -> list[tuple[Rejected, str]]:
    """Validate a batch into the table's stage. ``start`` numbers its first row within the pull.

    Returns what was refused, each with the row's key (empty when it has none). Raises BadRecord REV-502 when a
    required column is missing from the batch altogether.
    """
    given = {name: values for name, values in batch.columns.items() if name in table.columns}
    _needs(table, batch, given)
    size = len(batch)
    raw = pa.table(
        {
            **{name: _strings(values) for name, values in given.items()},
            "_n": pa.array(range(start, start + size), pa.int64()),
            "_line": pa.array(batch.lines or [None] * size, pa.int64()),
        }
    )
    checks = [_check(table.columns[name], batch.date_format) for name in given]
    con.register("raw_batch", raw)
    try:
        any_bad, selected = _conversion(table, checks, batch)
        before = _count(con, f"stage_{table.name}")
        con.execute(
            f"INSERT INTO stage_{table.name} BY NAME"
            f" SELECT x._n, x._key, ? AS _scope, ? AS _file, x._line, md5({_content(table)}) AS _hash, {_listed(table)}"
            f" FROM (SELECT r._n, r._line, {selected}, ({any_bad}) AS _bad FROM raw_batch r) x WHERE NOT x._bad",
            [batch.scope, batch.file],
        )
        if _count(con, f"stage_{table.name}") - before == size:
            return []
        return _refusals(con, table, checks, batch)
    finally:
        con.unregister("raw_batch")


def _count(con: duckdb.DuckDBPyConnection, name: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])


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


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _conversion(table: Table, checks: Sequence[_Checked], batch: Rows) -> tuple[str, str]:
    """The condition under which a row is refused, and the typed select list."""
    by_name = {check.column.name: check for check in checks}
    parts: list[str] = []
    for column in table.columns.values():
        check = by_name.get(column.name)
        default = f"CAST('{column.default}' AS {SQL_TYPES[column.kind]})" if column.default is not None else "NULL"
        typed = check.typed if check else f"CAST({default} AS {SQL_TYPES[column.kind]})"
        parts.append(f'{typed} AS "{column.name}"')
    keys = [by_name[name].typed if name in by_name else "NULL" for name in table.key]
    parts.append(f"{_key(keys)} AS _key")
    refused = [f"({check.refused})" for check in checks if check.refused != "false"]
    refused += [f"NOT ({rule})" for rule in _alternatives(table, by_name)]
    return " OR ".join(refused) or "false", ", ".join(parts)


def _key(parts: Sequence[str]) -> str:
    """A single id as it is; a natural key joined by a separator no business value holds."""
    if len(parts) == 1:
        return parts[0]
    return " || '|' || ".join(f"coalesce(CAST({part} AS VARCHAR), '')" for part in parts)


def _alternatives(table: Table, by_name: Mapping[str, _Checked]) -> list[str]:
    """The condition that one group of alternatives is filled."""
    if not table.one_of:
        return []
    groups = []
    for group in table.one_of:
        filled = [f"({by_name[name].typed}) IS NOT NULL" if name in by_name else "false" for name in group]
        groups.append("(" + " AND ".join(filled) + ")")
    return [" OR ".join(groups)]


def _listed(table: Table) -> str:
    parts = []
    for column in table.columns.values():
        parts.append(f'x."{column.name}"')
        if column.kind == "instant":
            # the session's time zone is the company's: this is where an instant becomes a business date, once
            parts.append(f'CAST(timezone(\'UTC\', x."{column.name}") AS DATE) AS "{column.name}__on"')
    return ", ".join(parts)


def _content(table: Table) -> str:
    parts = (f'coalesce(CAST(x."{name}" AS VARCHAR), chr(0))' for name in table.columns)
    return f"concat_ws(chr(31), {', '.join(parts)})"


def _refusals(
    con: duckdb.DuckDBPyConnection, table: Table, checks: Sequence[_Checked], batch: Rows
) -> list[tuple[Rejected, str]]:
    by_name = {check.column.name: check for check in checks}
    keys = [by_name[name].typed if name in by_name else "NULL" for name in table.key]
    selects, reasons = [], []
    for check in checks:
        if check.refused == "false":
            continue
        reasons.append((check.column, check.reason))
        selects.append(
            f'SELECT r._n, r._line, {len(reasons) - 1} AS which, r."{check.column.name}" AS value, {_key(keys)} AS key'
            f" FROM raw_batch r WHERE {check.refused}"
        )
    for rule in _alternatives(table, by_name):
        wanted = " or ".join(" and ".join(group) for group in table.one_of)
        reasons.append((Column(wanted), f"a row needs {wanted}"))
        selects.append(
            f"SELECT r._n, r._line, {len(reasons) - 1} AS which, NULL AS value, {_key(keys)} AS key"
            f" FROM raw_batch r WHERE NOT ({rule})"
        )
    found = con.execute(" UNION ALL ".join(selects) + " ORDER BY 1, 3").fetchall()
    rejected = []
    for _number, line, which, value, key in found:
        column, reason = reasons[which]
        empty = value is None or not value.strip()
        text = reason if column.name not in table.columns else "is required and empty" if empty else reason
        shown = "" if empty else "(personal)" if column.personal else value[:200]
        rejected.append(
            (
                Rejected(
                    table.name,
                    f"{column.name} {text}" if column.name in table.columns else text,
                    "REV-503",
                    batch.file,
                    line or 0,
                    column.name,
                    shown,
                ),
                key or "",
            )
        )
    return rejected
