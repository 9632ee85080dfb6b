"""Usage: what customers did with the product, day by day, as it was recorded."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of

__all__ = ["build_usage"]


def build_usage(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_usage``: one row per customer, product, feature and day.

    ``users`` are the active users of the customer and product on the day, on one row of the day only, so that they can
    be added up: the row without a feature says how many there were; without one, the feature with most of them does,
    since adding up features would count a person once for each.
    """
    customer, joins = customer_of("u", "u.org_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_usage AS WITH u AS (SELECT u.date AS on_day, {customer} AS customer,"
        f" u.org_id, u.product_id AS product, p.product_line, nullif(trim(u.feature), '') AS feature, u.active_users,"
        f" coalesce(u.events, 0) AS events, u.seats, u.monthly_active_users, u._conn AS system, u._key AS record_id"
        f" FROM c_usage_daily u LEFT JOIN c_product p ON p._conn = u._conn AND p.id = u.product_id {joins}),"
        f" o AS (SELECT *, row_number() OVER (PARTITION BY system, org_id, product, on_day ORDER BY"
        f" CASE WHEN active_users IS NULL THEN 1 ELSE 0 END, CASE WHEN feature IS NULL THEN 0 ELSE 1 END,"
        f" active_users DESC, record_id) AS n FROM u)"
        f" SELECT on_day, customer, product, product_line, feature, coalesce(active_users, 0) AS active_users,"
        f" CASE WHEN n = 1 THEN coalesce(active_users, 0) ELSE 0 END AS users, events, seats, monthly_active_users, system,"
        f" 'usage_daily' AS record_table, record_id FROM o"
    )
