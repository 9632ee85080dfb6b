"""Expense: rows with a period are spread over its days, in whole micros that add up to the row exactly."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.rates import RateBook, add_rates, currency_of

__all__ = ["build_spend"]


def build_spend(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``f_spend``: one row per expense and day. The largest-remainder rule on equal weights gives the first days
    the micro that is left over."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_expense AS SELECT e._conn AS system, e.id AS record_id,"
        f" coalesce(e.date, e.period_start) AS first_day, coalesce(e.date, e.period_end) AS last_day,"
        f" CAST(round(e.amount * 1000000, 0) AS BIGINT) AS amount, {currency_of(currency, 'e.currency')} AS currency,"
        f" e.function, e.kind, e.team_id AS team, e.campaign_id AS campaign, e.channel, e.product_id AS product"
        f" FROM c_expense e"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'spend', 'period ends before it begins', 'expense', system, record_id, first_day"
        " FROM k_expense WHERE last_day < first_day"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_spend AS WITH d AS (SELECT e.*, date_diff('day', first_day, last_day) + 1 AS days"
        " FROM k_expense e WHERE last_day >= first_day),"
        " n AS (SELECT CAST(generate_series AS BIGINT) AS n FROM generate_series(0, (SELECT coalesce(max(days), 1) - 1"
        " FROM d)))"
        " SELECT d.*, CAST(d.first_day + CAST(n.n AS INTEGER) AS DATE) AS on_day,"
        " CASE WHEN amount < 0 THEN -1 ELSE 1 END * (abs(amount) // days"
        " + CASE WHEN n.n < abs(amount) % days THEN 1 ELSE 0 END) AS amount_src FROM d JOIN n ON n.n < d.days"
    )
    add_rates(book, "k_spend", "on_day", "currency")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_spend AS SELECT s.on_day, s.function, s.kind,"
        " CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) AS amount,"
        " CAST(s.amount_src AS BIGINT) AS amount_src, s.currency, s.product, p.product_line, s.channel, s.campaign,"
        " s.team, s.system, 'expense' AS record_table, s.record_id FROM k_spend s"
        " LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency"
        " LEFT JOIN c_product p ON p._conn = s.system AND p.id = s.product"
    )
