"""Teams, pods and reps: who an owner belonged to on a day, and through the owner every record and customer.

An owner is in the team ``owner_team`` says for the day; an owner without any such row is in the team of its own row. The
pod is the team's. A rep is the owner by name.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from revalign_udf.metrics import Fact

__all__ = ["build_owner_teams", "put_teams"]

_FOREVER = "DATE '9999-12-31'"
_ALWAYS = "DATE '0001-01-01'"
_NAMES = ("team", "pod", "rep")


def build_owner_teams(con: duckdb.DuckDBPyConnection) -> None:
    """``k_owner_team``: connection, owner, team, pod, rep and the days on which this holds; at most one row a day."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_owner_team AS WITH given AS (SELECT t._conn, t.owner_id, t.team_id, t.valid_from,"
        f" lead(t.valid_from) OVER (PARTITION BY t._conn, t.owner_id ORDER BY t.valid_from) AS following,"
        f" coalesce(t.valid_to, {_FOREVER}) AS valid_to FROM c_owner_team t"
        f" WHERE t.valid_to IS NULL OR t.valid_from < t.valid_to),"
        f" dated AS (SELECT _conn, owner_id, team_id, valid_from, CASE WHEN following < valid_to THEN following"
        f" ELSE valid_to END AS valid_to FROM given),"
        f" whole AS (SELECT o._conn, o.id AS owner_id, o.team_id, {_ALWAYS} AS valid_from, {_FOREVER} AS valid_to"
        f" FROM c_owner o WHERE NOT EXISTS (SELECT 1 FROM dated d WHERE d._conn = o._conn AND d.owner_id = o.id)),"
        # outside its dated teams an owner is still somebody
        f" gaps AS (SELECT _conn, owner_id, valid_to AS valid_from, coalesce(lead(valid_from) OVER w, {_FOREVER}) AS valid_to"
        f" FROM dated WINDOW w AS (PARTITION BY _conn, owner_id ORDER BY valid_from) UNION ALL SELECT _conn, owner_id,"
        f" {_ALWAYS}, min(valid_from) FROM dated GROUP BY _conn, owner_id),"
        f" every AS (SELECT * FROM dated UNION ALL SELECT * FROM whole UNION ALL SELECT _conn, owner_id, NULL, valid_from,"
        f" valid_to FROM gaps WHERE valid_from < valid_to)"
        f" SELECT e._conn, e.owner_id AS owner, e.team_id AS team, t.pod, coalesce(o.name, e.owner_id) AS rep,"
        f" e.valid_from, e.valid_to FROM every e LEFT JOIN c_team t ON t._conn = e._conn AND t.id = e.team_id"
        f" LEFT JOIN c_owner o ON o._conn = e._conn AND o.id = e.owner_id"
    )


def put_teams(con: duckdb.DuckDBPyConnection, facts: Mapping[str, Fact]) -> None:
    """Add team, pod and rep to every fact that declares them for its own owner, and the pod to facts with a team only."""
    owners, teams = _some(con, "k_owner_team"), _some(con, "c_team")
    empty: list[str] = []
    for name, fact in facts.items():
        own = {dimension for dimension, way in fact.dimensions.items() if way == "self"}
        wanted = [column for column in _NAMES if column in own]
        if {"owner", "rep"} <= own:
            if not owners or not _some(con, f"f_{name}"):
                empty += [f"ALTER TABLE f_{name} ADD COLUMN {column} VARCHAR" for column in wanted]
                continue
            columns = ", ".join(f"t.{column}" for column in wanted)
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE f_{name} AS SELECT f.*, {columns} FROM f_{name} f LEFT JOIN k_owner_team t"
                f" ON t._conn = f.system AND t.owner = f.owner AND t.valid_from <= f.on_day AND f.on_day < t.valid_to"
            )
        elif {"team", "pod"} <= own:
            if not teams or not _some(con, f"f_{name}"):
                empty.append(f"ALTER TABLE f_{name} ADD COLUMN pod VARCHAR")
                continue
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE f_{name} AS SELECT f.*, t.pod FROM f_{name} f"
                f" LEFT JOIN c_team t ON t._conn = f.system AND t.id = f.team"
            )
    con.execute("; ".join(empty))


def _some(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall())
