"""Goals: the targets teams have set themselves, as they were written; what a period means is told when they are read."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.rates import currency_of

__all__ = ["build_goals"]


def build_goals(con: duckdb.DuckDBPyConnection, currency: str) -> None:
    """Make ``d_goal``: metric, period, value (micros), currency, team, owner and whether it is a promise to a team."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE d_goal AS SELECT g.metric, g.period, CAST(round(g.value * 1000000, 0) AS BIGINT)"
        f" AS value, {currency_of(currency, 'g.currency')} AS currency, g.team_id AS team, g.owner_id AS owner,"
        f" CASE WHEN g.is_commitment THEN 1 ELSE 0 END AS promise, g._conn AS system, 'goal' AS record_table,"
        f" g._key AS record_id FROM c_goal g"
    )
