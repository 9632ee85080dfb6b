"""Content: the assets of marketing and sales, and when each was last used and reviewed."""

from __future__ import annotations

from datetime import date

import duckdb

__all__ = ["build_content"]


def build_content(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make ``f_content``: one row per asset, with the later of the days it was last used and reviewed.

    A source keeps only the last use of an asset, not when it was made: every asset holds from the first day on which
    anything is known of any of them. A use after ``as_of`` has not come.
    """
    known = " UNION ALL ".join(
        f"SELECT {column} AS day FROM c_content_asset WHERE {column} <= DATE '{as_of}'"
        for column in ("last_used_at__on", "last_reviewed_at__on")
    )
    used, reviewed = (
        f"CASE WHEN a.{column} <= DATE '{as_of}' THEN a.{column} END"
        for column in ("last_used_at__on", "last_reviewed_at__on")
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_content AS WITH d AS (SELECT coalesce(min(day), DATE '{as_of}') AS day"
        f" FROM ({known}) k), a AS (SELECT a._conn, a.id, a.name, a.team_id, nullif(lower(trim(a.stage)), '') AS stage,"
        f" a.campaign_id, nullif(trim(a.profile), '') AS profile, {used} AS used_day, {reviewed} AS reviewed_day"
        f" FROM c_content_asset a)"
        f" SELECT d.day AS on_day, CAST(NULL AS DATE) AS until, a.name, a.team_id AS team, a.stage,"
        f" a.campaign_id AS campaign, a.profile, a.used_day, a.reviewed_day,"
        f" CASE WHEN a.used_day IS NULL THEN a.reviewed_day WHEN a.reviewed_day IS NULL THEN a.used_day"
        f" WHEN a.used_day < a.reviewed_day THEN a.reviewed_day ELSE a.used_day END AS last_day,"
        f" a._conn AS system, 'content_asset' AS record_table, a.id AS record_id FROM a CROSS JOIN d"
    )
