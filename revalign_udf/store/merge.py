"""From the stage into the history: idempotent upsert, tombstones, merges and rejects, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from revalign_udf.canonical import Table
from revalign_udf.connector import Merges, Present, Rejected, Tombstones, Whole
from revalign_udf.store.schema import history, stored_columns
from revalign_udf.store.stage import staged_columns

__all__ = [
    "Counts",
    "merge_stage",
    "write_merges",
    "write_present",
    "write_rejects",
    "write_tombstones",
    "write_whole",
]

#: a sweep of a table this large that takes away more than half is not believed
_GUARDED_ROWS = 20


@dataclass(slots=True)
class Counts:
    """What a pull did to the store."""

    read: int = 0
    written: int = 0
    deleted: int = 0
    rejected: int = 0
    rejects: list[Rejected] = field(default_factory=list)


def _latest(table: Table) -> str:
    """The newest version of each row of one connection (one parameter: the connection)."""
    name = history(table.name)
    return (
        f"SELECT h.* FROM {name} h JOIN (SELECT _key, max(_seq) AS _seq FROM {name} WHERE _conn = ? GROUP BY _key) m"
        f" ON h._key = m._key AND h._seq = m._seq"
    )


def merge_stage(
    con: duckdb.DuckDBPyConnection, table: Table, connection: str, run: int, now: datetime
) -> tuple[int, list[tuple[Rejected, str]]]:
    """Append staged rows whose content differs from what is known. Returns rows written and rows refused as duplicates.

    Within one file two rows with one key are a mistake: the first stays, the others are refused (REV-504). A source
    that lists a record twice while paging means the later one.
    """
    stage, name = f"stage_{table.name}", history(table.name)
    twice = con.execute(f"SELECT count(*) > count(DISTINCT _key) FROM {stage}").fetchall()[0][0]
    known = con.execute(f"SELECT count(*) > 0 FROM {name} WHERE _conn = ?", [connection]).fetchall()[0][0]
    # the common cases - no key twice, nothing known yet - need no look for the row that counts
    rows = stage
    if twice:
        rows = (
            f"(SELECT * FROM {stage} QUALIFY row_number() OVER (PARTITION BY _key"
            f" ORDER BY CASE WHEN _scope = '' THEN -_n ELSE _n END) = 1)"
        )
    changed = ""
    if known:
        changed = (
            f" LEFT JOIN (SELECT _key, arg_max(_hash, _seq) AS _hash, arg_max(_scope, _seq) AS _scope FROM {name}"
            f" WHERE _conn = $connection GROUP BY _key) l ON s._key = l._key"
            # a row that moved to another file belongs to that one from now on, or the first would take it along
            f" WHERE l._hash IS DISTINCT FROM s._hash OR l._scope IS DISTINCT FROM s._scope"
        )
    written = con.execute(
        f"INSERT INTO {name} BY NAME"
        f" SELECT nextval('seq_row') AS _seq, $run AS _run, CAST($now AS TIMESTAMP) AS recorded_at, $connection AS _conn,"
        f" s._key, s._scope, s._hash, {staged_columns(con, table, 's.')} FROM {rows} s{changed}",
        {"run": run, "now": now, "connection": connection},
    ).fetchall()[0][0]
    return int(written), _doubled(con, table) if twice else []


def _doubled(con: duckdb.DuckDBPyConnection, table: Table) -> list[tuple[Rejected, str]]:
    """Later rows of a file with a key that an earlier one, of this or another file, has."""
    stage, column = f"stage_{table.name}", "+".join(table.key)
    found = con.execute(
        f"SELECT d._key, d._file, d._line, f._line, f._file FROM {stage} d"
        f" JOIN (SELECT _key, min(_n) AS _n FROM {stage} WHERE _scope <> '' GROUP BY _key HAVING count(*) > 1) k"
        f" ON d._key = k._key AND d._n > k._n JOIN {stage} f ON f._n = k._n WHERE d._scope <> '' ORDER BY d._n"
    ).fetchall()
    rejected = []
    for key, file, line, first, other in found:
        place = f"line {first}" if other == file else f"line {first} of {other}"
        reason = f"the key {key} was already used in {place}"
        rejected.append((Rejected(table.name, reason, "REV-504", file, line or 0, column, key), key))
    return rejected


def _bury(
    con: duckdb.DuckDBPyConnection, table: Table, connection: str, run: int, now: datetime, condition: str,
    values: Sequence[object], merged: str = "",
) -> int:  # fmt: skip
    """Append a ``deleted`` version of every live row that meets a condition."""
    kept = ", ".join(
        "true AS deleted" if name == "deleted" else f"{merged} AS merged_into" if merged and name == "merged_into"
        else f'l."{name}"'
        for name, _ in stored_columns(table)
    )  # fmt: skip
    buried = con.execute(
        f"INSERT INTO {history(table.name)} BY NAME"
        f" SELECT nextval('seq_row') AS _seq, ? AS _run, CAST(? AS TIMESTAMP) AS recorded_at, l._conn, l._key, l._scope,"
        f" md5(l._hash || 'deleted') AS _hash, {kept} FROM ({_latest(table)}) l"
        f" WHERE NOT coalesce(l.deleted, false) AND {condition}",
        [run, now, connection, *values],
    ).fetchall()
    return int(buried[0][0])


def write_tombstones(
    con: duckdb.DuckDBPyConnection, table: Table, connection: str, run: int, now: datetime, message: Tombstones,
    later: str = "",
) -> int:  # fmt: skip
    """Mark rows deleted whose keys the source reports gone. ``later`` leaves out rows that came again afterwards."""
    condition = f"l._key IN (SELECT unnest(CAST(? AS VARCHAR[]))){later}"
    return _bury(con, table, connection, run, now, condition, [list(message.keys)])


def write_merges(
    con: duckdb.DuckDBPyConnection, table: Table, connection: str, run: int, now: datetime, message: Merges,
    later: str = "",
) -> int:  # fmt: skip
    """Mark rows deleted that the source merged into others, and remember into which."""
    count = 0
    for gone, stays in message.pairs:
        quoted = "'" + stays.replace("'", "''") + "'"
        count += _bury(con, table, connection, run, now, f"l._key = ?{later}", [gone], merged=quoted)
    return count


def write_whole(
    con: duckdb.DuckDBPyConnection, table: Table, connection: str, run: int, now: datetime, message: Whole,
    refused: Sequence[str], sent: str = "",
) -> int:  # fmt: skip
    """Mark rows of a scope deleted that were not sent. A row sent but refused keeps its last good version. ``sent`` is a
    table of keys that came before the last commit of this pull."""
    # keys alone are quickly compared; most of the time nothing is gone
    absent = (
        f"SELECT h._key FROM {history(table.name)} h ANTI JOIN stage_{table.name} s ON h._key = s._key"
        + (f" ANTI JOIN {sent} b ON h._key = b._key" if sent else "")
        + " WHERE h._conn = ? AND h._scope = ?"
    )
    gone = {row[0] for row in con.execute(absent, [connection, message.scope]).fetchall()} - set(refused)
    if not gone:
        return 0
    return _bury(
        con, table, connection, run, now, "l._scope = ? AND l._key IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [message.scope, sorted(gone)],
    )  # fmt: skip


def write_present(
    con: duckdb.DuckDBPyConnection, table: Table, connection: str, run: int, now: datetime, message: Present,
    listed: str, believe: bool,
) -> tuple[int, str]:  # fmt: skip
    """Mark rows deleted whose keys a complete list of keys leaves out. Returns their number, and why nothing was done."""
    live = (
        f"SELECT l._key, l._run FROM ({_latest(table)}) l"
        " WHERE NOT coalesce(l.deleted, false) AND starts_with(l._key, ?)"
    )
    # a row learnt in this very run may be younger than the list
    gone = f"SELECT v._key FROM ({live}) v ANTI JOIN {listed} p ON p._key = v._key WHERE v._run <> ?"
    count, total = con.execute(
        f"SELECT (SELECT count(*) FROM ({gone}) g), (SELECT count(*) FROM ({live}) t)",
        [connection, message.prefix, run, connection, message.prefix],
    ).fetchall()[0]
    if not count:
        return 0, ""
    if total >= _GUARDED_ROWS and count * 2 > total and not believe:
        return 0, (
            f"REV-509 The list of keys leaves out {count:,} of {total:,} rows of {table.name}; none was marked deleted."
            f" If they are really gone: revalign pull {connection} --confirm-deletes"
        )
    keys = [row[0] for row in con.execute(gone, [connection, message.prefix, run]).fetchall()]
    return _bury(con, table, connection, run, now, "l._key IN (SELECT unnest(CAST(? AS VARCHAR[])))", [keys]), ""


def write_rejects(
    con: duckdb.DuckDBPyConnection, connection: str, run: int, now: datetime, scope: str,
    rejected: Sequence[tuple[Rejected, str]],
) -> None:  # fmt: skip
    """Remember what was refused, so that nothing is dropped in silence."""
    if rejected:
        con.executemany(
            "INSERT INTO reject VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                [
                    run,
                    connection,
                    r.table,
                    scope or r.file,
                    r.file,
                    r.line,
                    r.column,
                    r.value,
                    r.reason,
                    r.code,
                    key,
                    now,
                ]
                for r, key in rejected
            ],
        )
