"""Feedback: survey answers by the day they came."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of

__all__ = ["build_surveys"]


def build_surveys(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_survey``: one row per answer with a score; an answer without one is listed as left out."""
    customer, joins = customer_of("s", "s.org_id", "s.person_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_survey AS SELECT s.responded_at__on AS on_day, s.kind, s.score,"
        f" coalesce(s.scale_max, CASE s.kind WHEN 'nps' THEN 10 WHEN 'csat' THEN 5 WHEN 'ces' THEN 7 END) AS scale_max,"
        f" {customer} AS customer, s.product_id AS product, p.product_line, s._conn AS system,"
        f" 'survey_response' AS record_table, s.id AS record_id FROM c_survey_response s"
        f" LEFT JOIN c_product p ON p._conn = s._conn AND p.id = s.product_id {joins} WHERE s.score IS NOT NULL"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'survey', 'no score', 'survey_response', _conn, id, responded_at__on"
        " FROM c_survey_response WHERE score IS NULL"
    )
