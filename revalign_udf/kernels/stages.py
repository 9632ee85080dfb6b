"""The stage map a build uses: the sources' rows, with those the project writes in their place where both speak.

The project's rows are ``[[stages]]`` of ``alignment/stages.toml`` (or .csv, or a tab): connection (``*``: all), object
(lead, person, organization, opportunity), pipeline (empty: all), source_stage, stage, position, owner_team, is_won,
is_lost, valid_from, valid_to (the first day it does not hold any more). A row holds in the days it names; before and after
them the source's own row does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from revalign_udf.calc.agreed import TEAMS, Cells
from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError
from revalign_udf.metrics import STAGES, STATES

__all__ = ["COLUMNS", "put_stage_map", "stage_rows"]

COLUMNS = (
    "connection", "object", "pipeline", "source_stage", "stage", "position", "owner_team", "is_won", "is_lost",
    "valid_from", "valid_to",
)  # fmt: skip
_OBJECTS = TABLES["lifecycle_event"].columns["subject_type"].enum
_KINDS = {"position": "INTEGER", "is_won": "BOOLEAN", "is_lost": "BOOLEAN", "valid_from": "DATE", "valid_to": "DATE"}

Row = dict[str, Any]


def put_stage_map(con: duckdb.DuckDBPyConnection, written: Sequence[Mapping[str, Any]] = ()) -> list[Row]:
    """Let ``c_stage_map`` be the map that holds, and return its rows with their ``origin`` (source or project).

    Raises ConfigError as :func:`stage_rows` does.
    """
    names = ", ".join(COLUMNS)
    found = con.execute(f"SELECT {names} FROM c_stage_map ORDER BY ALL").fetchall()
    sources = [{**dict(zip(COLUMNS, row, strict=True)), "origin": "source"} for row in found]
    if not written:
        return [_plain(row) for row in sources]
    teams = {text for row in con.execute("SELECT id, name FROM c_team").fetchall() for text in row if text}
    own = stage_rows(written, sorted(teams))
    kept = [part for row in sources for part in _outside(row, own)]
    rows = [*kept, *own, *_beside(own, sources)]
    kinds = ", ".join(f"{name} {_KINDS.get(name, 'VARCHAR')}" for name in COLUMNS)
    con.execute(f"CREATE OR REPLACE TEMP TABLE k_stage_map (_conn VARCHAR, {kinds})")
    marks = ", ".join("?" for _ in COLUMNS)
    for row in rows:
        con.execute(f"INSERT INTO k_stage_map VALUES (?, {marks})", [row["connection"], *(row[c] for c in COLUMNS)])
    con.execute(f"CREATE OR REPLACE TEMP VIEW c_stage_map AS SELECT _conn, {names} FROM k_stage_map")
    return [_plain(row) for row in (*kept, *own)]


def stage_rows(written: Sequence[Mapping[str, Any]], teams: Sequence[str] = ()) -> list[Row]:
    """The project's rows, checked. ``teams`` are ids and names of the sources' teams.

    Raises ConfigError REV-305 with the nearest name for a stage, an object, a team, a date, a number or a flag that is
    none, and for rows that go in a circle; REV-302 for two rows that say different things of one stage.
    """
    known = [*TEAMS, *teams]
    rows = [_row(number, row, known) for number, row in enumerate(written, 1)]
    for number, row in enumerate(rows):
        for other in rows[:number]:
            if _key(row) == _key(other) and _overlap(row, other):
                raise ConfigError(
                    f"stages says two things of {row['source_stage']} ({row['object']}).", code="REV-302",
                    hint="Give each its days (valid_from, valid_to), or keep one.",
                )  # fmt: skip
    _no_circle(rows)
    return rows


def _row(number: int, row: Mapping[str, Any], teams: Sequence[str]) -> Row:
    cells = Cells("stages", number, row)
    found: Row = {
        "connection": cells.text("connection", "*"), "object": cells.one_of("object", _OBJECTS),
        "pipeline": cells.text("pipeline") or None, "source_stage": cells.text("source_stage"),
        "stage": cells.one_of("stage", (*STAGES, *STATES)), "position": cells.whole("position", 0, 1, 9999) or None,
        "owner_team": cells.one_of("owner_team", teams) if cells.text("owner_team") else None,
        "is_won": cells.yes("is_won") or False, "is_lost": cells.yes("is_lost") or False,
        "valid_from": cells.day("valid_from"), "valid_to": cells.day("valid_to"), "origin": "project",
    }  # fmt: skip
    if found["is_won"] and found["is_lost"]:
        raise cells.problem("a stage cannot be both won and lost.")
    if found["valid_from"] and found["valid_to"] and found["valid_to"] <= found["valid_from"]:
        raise cells.problem("valid_to must lie after valid_from.")
    return found


def _fold(text: str | None) -> str:
    return (text or "").strip().casefold()


def _key(row: Row) -> tuple[str, str, str, str]:
    return row["connection"], row["object"], row["pipeline"] or "", _fold(row["source_stage"])


def _overlap(one: Row, other: Row) -> bool:
    first, last = date.min, date.max
    return (one["valid_from"] or first) < (other["valid_to"] or last) and (other["valid_from"] or first) < (
        one["valid_to"] or last
    )


def _same_stage(own: Row, source: Row) -> bool:
    return _fold(source["object"]) == own["object"] and _fold(source["source_stage"]) == _fold(own["source_stage"])


def _outside(row: Row, own: Sequence[Row]) -> Iterator[Row]:
    """What is left of a source's row: its days outside those of the project's rows that cover it."""
    first, last = row["valid_from"] or date.min, row["valid_to"] or date.max
    left = [(first, last)]
    for one in own:
        whole = one["connection"] in ("*", row["connection"]) and one["pipeline"] in (None, row["pipeline"])
        if not whole or not _same_stage(one, row):
            continue
        start, end = one["valid_from"] or date.min, one["valid_to"] or date.max
        left = [part for a, b in left for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]]
    for start, end in left:
        days = {"valid_from": start if start > date.min else None, "valid_to": end if end < date.max else None}
        yield {**row, **days}


def _beside(own: Sequence[Row], sources: Sequence[Row]) -> list[Row]:
    """A row for every connection and one pipeline would stand behind a connection's own row for all pipelines: say it
    for that connection too."""
    return [
        {**one, "connection": connection}
        for one in own
        if one["connection"] == "*" and one["pipeline"]
        for connection in sorted({row["connection"] for row in sources if _same_stage(one, row)} - {"*"})
    ]


def _no_circle(rows: Sequence[Row]) -> None:
    """Canonical names mapped to each other's place mean nothing any more."""
    for row in rows:
        way, at = [_fold(row["source_stage"])], row["stage"]
        while at not in way:
            way.append(at)
            onward = [
                other["stage"]
                for other in rows
                if _fold(other["source_stage"]) == at and other["object"] == row["object"] and _overlap(row, other)
            ]
            if not onward:
                break
            at = onward[0]
        else:
            if len(way) > 1 and at == way[0]:
                raise ConfigError(
                    f"stages goes in a circle: {' -> '.join((*way, at))}.", code="REV-305",
                    hint="Map each name to what it means.",
                )  # fmt: skip


def _plain(row: Row) -> Row:
    return {key: str(value) if isinstance(value, date) else value for key, value in row.items() if value is not None}
