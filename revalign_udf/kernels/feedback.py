"""Feedback: survey answers by the day they came."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of

__all__ = ["build_surveys"]

_SCALE = "CASE s.kind WHEN 'nps' THEN 10 WHEN 'csat' THEN 5 WHEN 'ces' THEN 7 WHEN 'match' THEN m.scale END"


def build_surveys(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_survey``: one row per answer with a score, and one without for what was said in words only.

    An answer without a score is listed as left out. Answers to "is it what was promised" that name no scale are read as
    yes (1) and no (0) where a connection gives nothing but these; else the scale is not known, and they count for words.
    """
    customer, joins = customer_of("s", "s.org_id", "s.person_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_survey AS WITH m AS (SELECT _conn, CASE WHEN max(CASE WHEN"
        f" score = 0 OR score = 1 THEN 0 ELSE 1 END) = 0 THEN 1 END AS scale FROM c_survey_response WHERE kind = 'match'"
        f" AND coalesce(scale_max, 0) <= 0 AND score IS NOT NULL GROUP BY _conn)"
        f" SELECT s.responded_at__on AS on_day, s.kind, s.score,"
        f" coalesce(CASE WHEN s.scale_max > 0 THEN s.scale_max END, {_SCALE}) AS scale_max,"
        f" CASE WHEN trim(s.comment) <> '' THEN 1 ELSE 0 END AS verbatim, {customer} AS customer, s.product_id AS product,"
        f" p.product_line, s._conn AS system, 'survey_response' AS record_table, s.id AS record_id FROM c_survey_response s"
        f" LEFT JOIN m ON m._conn = s._conn LEFT JOIN c_product p ON p._conn = s._conn AND p.id = s.product_id {joins}"
    )
    unread = "kind = 'match' AND score IS NOT NULL AND scale_max IS NULL"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_survey AS SELECT on_day, kind, CASE WHEN {unread} THEN NULL ELSE score END AS"
        f" score, scale_max, verbatim, customer, product, product_line, system, record_table, record_id FROM k_survey"
        f" WHERE verbatim = 1 OR (score IS NOT NULL AND NOT ({unread}))"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT 'survey', CASE WHEN score IS NULL THEN 'no score' ELSE 'its scale is not known' END,"
        f" record_table, system, record_id, on_day FROM k_survey WHERE score IS NULL OR ({unread})"
    )
