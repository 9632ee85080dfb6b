"""Vectorised validation: text as it came -> typed rows, and a list of what cannot be used and why.

A batch is converted by one SQL statement. Only when some row fails does a second statement say which row, column and
value failed for what reason. A bad row goes to the rejects; the rest of the batch loads.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from revalign_udf.canonical import Column, Table
from revalign_udf.connector import Rejected, Rows
from revalign_udf.errors import BadRecord, did_you_mean
from revalign_udf.store.convert import Checked, absent, check, day_of
from revalign_udf.store.schema import column_list, stored_columns

__all__ = ["create_stage", "stage_rows", "staged_columns"]

#: rows of a batch that one thread converts
_PIECE = 8_192


def create_stage(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """An empty staging table for one pull of one canonical table. It grows the columns that batches bring: most tables
    are wide and most files narrow."""
    columns = [
        ("_n", "BIGINT"),
        ("_key", "VARCHAR"),
        ("_scope", "VARCHAR"),
        ("_file", "VARCHAR"),
        ("_line", "BIGINT"),
        ("_hash", "VARCHAR"),
    ]
    con.execute(f"CREATE OR REPLACE TEMP TABLE stage_{table.name} ({column_list(columns)})")


def staged_columns(con: duckdb.DuckDBPyConnection, table: Table, prefix: str) -> str:
    """Select list of every stored column from the stage: what no batch brought is empty, or has its default."""
    known = _known(con, table)
    kinds = dict(stored_columns(table))
    defaults = {column.name: absent(column) for column in table.columns.values() if column.default is not None}
    parts = []
    for name, kind in kinds.items():
        value = f'{prefix}"{name}"' if name in known else f"CAST(NULL AS {kind})"
        parts.append(f'coalesce({value}, {defaults[name]}) AS "{name}"' if name in defaults else f'{value} AS "{name}"')
    return ", ".join(parts)


def _known(con: duckdb.DuckDBPyConnection, table: Table) -> set[str]:
    return {row[0] for row in con.execute(f"DESCRIBE stage_{table.name}").fetchall()}


def stage_rows(con: duckdb.DuckDBPyConnection, table: Table, batch: Rows, start: int) -> list[tuple[Rejected, str]]:
    """Validate a batch into the table's stage. ``start`` numbers its first row within the pull.

    Returns what was refused, each with the row's key (empty when it has none). Raises BadRecord REV-502 when a
    required column is missing from the batch altogether.
    """
    given = {name: values for name, values in batch.columns.items() if name in table.columns}
    _needs(table, batch, given)
    size = len(batch)
    texts = {name: _strings(values) for name, values in given.items()}
    raw = pa.table(
        {**texts, "_n": _whole_numbers(range(start, start + size)), "_line": _whole_numbers(batch.lines, size)}
    )
    zone = con.execute("SELECT current_setting('TimeZone')").fetchall()[0][0]
    checks = {name: check(table.columns[name], batch.date_format, zone) for name in given}
    brought = [(name, kind) for name, kind in stored_columns(table) if name.removesuffix("__on") in given]
    known = _known(con, table)
    for name, kind in brought:
        if name not in known:
            con.execute(f'ALTER TABLE stage_{table.name} ADD COLUMN "{name}" {kind}')
    listed = "".join(f', x."{name}"' for name, _ in brought)
    # DuckDB scans the pieces of a table side by side
    con.register("raw_batch", pa.Table.from_batches(raw.to_batches(max_chunksize=_PIECE), raw.schema))
    try:
        taken = con.execute(
            f"INSERT INTO stage_{table.name} BY NAME SELECT x._n, {_key(table)} AS _key, ? AS _scope, ? AS _file, x._line,"
            f" {_content(table)} AS _hash{listed} FROM ({_converted(table, checks, batch.date_format, zone)}) x"
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


def _converted(table: Table, checks: Mapping[str, Checked], date_format: str, zone: str, *, flags: bool = False) -> str:
    """The batch as a query: every column typed, ``_bad``, and business dates. With ``flags`` also ``t_<column>``, the
    text of a column, ``f_<column>``, whether it was refused, and ``f_`` for the alternatives.

    In steps - trimmed, typed, judged - so that nothing is computed twice.
    """
    trimmed = "".join(f', nullif(trim(r."{name}"), \'\') AS "t_{name}"' for name in checks)
    typed = "".join(f', {check.typed} AS "{name}", {check.raw} AS "t_{name}"' for name, check in checks.items())
    judged: list[str] = []
    for column in table.columns.values():
        name = column.name
        judged.append(f'{checks[name].value if name in checks else absent(column)} AS "{name}"')
        if column.kind == "instant":
            judged.append(
                f'{day_of(name, date_format, zone) if name in checks else "CAST(NULL AS DATE)"} AS "{name}__on"'
            )
    fails = {name: check.fails for name, check in checks.items() if check.fails}
    if table.one_of:
        fails[""] = f"NOT ({_alternatives(table, checks)})"
    if flags:
        judged += [f'y."t_{name}"' for name in checks] + [f'({rule}) AS "f_{name}"' for name, rule in fails.items()]
    return (
        f"SELECT y._n, y._line, {', '.join(judged)}, ({' OR '.join(fails.values()) or 'false'}) AS _bad FROM"
        f" (SELECT t._n, t._line{typed} FROM (SELECT r._n, r._line{trimmed} FROM raw_batch r) t) y"
    )


def _key(table: Table) -> str:
    """A single id as it is; a natural key joined by a separator no business value holds."""
    if len(table.key) == 1:
        return f'x."{table.key[0]}"'
    return " || '|' || ".join(f"coalesce(CAST(x.\"{name}\" AS VARCHAR), '')" for name in table.key)


def _alternatives(table: Table, checks: Mapping[str, Checked]) -> str:
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
            value = f"nullif({value}, {absent(column)})"
        text = f"CAST({value} AS VARCHAR)"
        if column.kind in ("decimal", "money"):
            # the same text in a third of the time, where the number fits 64 bits
            text = f"coalesce(CAST(try_cast({value} AS DECIMAL(18, 10)) AS VARCHAR), {text})"
        parts.append(f"'{column.name}=' || {text}")
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))"


def _refusals(
    con: duckdb.DuckDBPyConnection, table: Table, checks: Mapping[str, Checked], batch: Rows, zone: str
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
