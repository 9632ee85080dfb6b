"""Recurring revenue: item periods -> movements.

An item contributes its annualised amount from its first day to the day it ends (the earlier of its own end and the
subscription's). What changes for a customer on one day is netted and named for the whole customer (new, reactivation,
expansion, contraction, churned), then allotted to the items that changed.
"""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates, currency_of

__all__ = ["build_movements"]

#: annualised micros, half away from zero: ((amount x quantity - discount) x times per year) / interval_count.
#: amount and discount as integers of 1e-10 (all a stored amount has), quantity of 1e-6, so their products are of 1e-16
#: and nothing is rounded before the one division.
_AMOUNT = "CAST({0} * 10000000000 AS HUGEINT)"
_QUANTITY = "CAST(CAST(i.quantity AS DECIMAL(24, 6)) * 1000000 AS HUGEINT)"
_TIMES = (
    "CASE i.interval WHEN 'month' THEN 12 WHEN 'quarter' THEN 4 WHEN 'year' THEN 1 WHEN 'week' THEN 52"
    " WHEN 'day' THEN 365 END"
)
_SIZE = (
    f"(({_AMOUNT.format('i.amount')} * {_QUANTITY}) - ({_AMOUNT.format('i.discount_amount')} * 1000000)) * ({_TIMES})"
)


def build_movements(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``f_movement`` and the part of ``f_excluded`` that says which items are out of MRR and why."""
    customer, joins = customer_of("i", "s.org_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_item AS SELECT i._conn AS system, i.id AS record_id, i.subscription_id,"
        f" i.product_id AS product_id, s.id IS NOT NULL AS known, i.one_time, i.metered,"
        f" {customer} AS customer, {currency_of(currency, 'i.currency', 's.currency')} AS currency,"
        f" i.valid_from__on AS start_day, CASE WHEN i.valid_to__on IS NULL THEN s.ended_at__on"
        f" WHEN s.ended_at__on IS NULL THEN i.valid_to__on WHEN s.ended_at__on < i.valid_to__on THEN s.ended_at__on"
        f" ELSE i.valid_to__on END AS end_day, {_SIZE} AS size, CAST(i.interval_count AS HUGEINT) * 10000000000 AS below"
        f" FROM c_subscription_item_period i LEFT JOIN c_subscription s ON s._conn = i._conn AND s.id = i.subscription_id"
        f" {joins}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_recurring AS SELECT *, CASE WHEN NOT known THEN 'its subscription is not known'"
        " WHEN one_time THEN 'one-time' WHEN metered THEN 'metered' WHEN below <= 0 THEN 'interval count is not positive'"
        " WHEN end_day <= start_day THEN 'ends on or before the day it starts' END AS reason,"
        " CASE WHEN below > 0 THEN CAST(CASE WHEN size >= 0 THEN (2 * size + below) // (2 * below)"
        " ELSE -((-2 * size + below) // (2 * below)) END AS BIGINT) END AS yearly FROM k_item"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'movement', reason, 'subscription_item_period', system, record_id, start_day"
        " FROM k_recurring WHERE reason IS NOT NULL"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_change AS SELECT customer, on_day, system, record_id, subscription_id,"
        " product_id, currency, sum(delta) AS delta FROM ("
        " SELECT customer, start_day AS on_day, system, record_id, subscription_id, product_id, currency,"
        " yearly AS delta FROM k_recurring WHERE reason IS NULL"
        " UNION ALL SELECT customer, end_day, system, record_id, subscription_id, product_id, currency, -yearly"
        " FROM k_recurring WHERE reason IS NULL AND end_day IS NOT NULL) e"
        " GROUP BY customer, on_day, system, record_id, subscription_id, product_id, currency HAVING sum(delta) <> 0"
    )
    _balances(con)
    add_rates(book, "k_running", "on_day", "currency")
    _classify(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_movement AS SELECT c.on_day, c.customer, k.kind,"
        # without a kind no component may count the amount: it is unknown, and says so
        " CASE WHEN k.kind IS NOT NULL THEN CAST(CAST(c.delta AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) END"
        " AS amount, CAST(c.delta AS BIGINT) AS amount_src, c.currency, c.product_id AS product, p.product_line,"
        " c.system, 'subscription_item_period' AS record_table, c.record_id, c.subscription_id AS subscription"
        " FROM k_change c JOIN k_day k ON k.customer = c.customer AND k.on_day = c.on_day"
        " LEFT JOIN k_rate r ON r.day = c.on_day AND r.currency = c.currency"
        " LEFT JOIN c_product p ON p._conn = c.system AND p.id = c.product_id"
    )


def _balances(con: duckdb.DuckDBPyConnection) -> None:
    """``k_running``: what each customer has in each of its currencies after each day with a change. A customer with
    several currencies gets a row for each of them on every such day, because all of them make its balance."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_running AS WITH own AS (SELECT customer, on_day, currency, sum(delta) AS delta"
        " FROM k_change GROUP BY customer, on_day, currency),"
        " several AS (SELECT customer FROM own GROUP BY customer HAVING count(DISTINCT currency) > 1),"
        " filled AS (SELECT o.customer, o.on_day, o.currency, o.delta FROM own o"
        "   WHERE o.customer NOT IN (SELECT customer FROM several)"
        "   UNION ALL SELECT d.customer, d.on_day, c.currency, coalesce(o.delta, 0)"
        "   FROM (SELECT DISTINCT customer, on_day FROM own WHERE customer IN (SELECT customer FROM several)) d"
        "   JOIN (SELECT DISTINCT customer, currency FROM own) c ON c.customer = d.customer"
        "   LEFT JOIN own o ON o.customer = d.customer AND o.on_day = d.on_day AND o.currency = c.currency)"
        " SELECT customer, on_day, currency, delta, sum(delta) OVER (PARTITION BY customer, currency"
        " ORDER BY on_day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS after_src FROM filled"
    )


def _classify(con: duckdb.DuckDBPyConnection) -> None:
    """``k_day``: the name of each customer's day. A customer's balance is the sum over currencies at the day's rates,
    so that a customer whose items all ended is at zero whatever the rates did meanwhile.

    A missing rate changes no name while all the customer's amounts point the same way. Where they do not, the day has
    no name (and questions about it no answer), rather than one guessed at a rate of 1.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_day AS WITH day AS (SELECT x.customer, x.on_day,"
        "   sum(CAST(x.after_src AS DECIMAL(26, 0)) * coalesce(r.rate, 1)) AS after,"
        "   sum(CAST(x.after_src - x.delta AS DECIMAL(26, 0)) * coalesce(r.rate, 1)) AS before,"
        "   CASE WHEN sum(CASE WHEN r.rate IS NULL AND (x.after_src <> 0 OR x.delta <> 0) THEN 1 ELSE 0 END) > 0"
        "   AND ((min(x.after_src) < 0 AND max(x.after_src) > 0) OR (min(x.delta) < 0 AND max(x.delta) > 0)"
        "   OR (min(x.after_src - x.delta) < 0 AND max(x.after_src - x.delta) > 0)) THEN 1 ELSE 0 END AS unclear"
        "   FROM k_running x LEFT JOIN k_rate r ON r.day = x.on_day AND r.currency = x.currency"
        "   GROUP BY x.customer, x.on_day),"
        " told AS (SELECT customer, on_day, after, before, unclear, max(unclear) OVER (PARTITION BY customer"
        "   ORDER BY on_day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS unclear_so_far FROM day),"
        " first AS (SELECT customer, min(on_day) AS on_day FROM day WHERE after > 0 GROUP BY customer)"
        " SELECT d.customer, d.on_day, CASE WHEN d.unclear > 0 THEN NULL"
        " WHEN d.before <= 0 AND d.after > 0 THEN CASE WHEN d.unclear_so_far > 0 THEN NULL"
        "   WHEN d.on_day = f.on_day THEN 'new' ELSE 'reactivation' END"
        " WHEN d.before > 0 AND d.after <= 0 THEN 'churned'"
        " WHEN d.after >= d.before THEN 'expansion' ELSE 'contraction' END AS kind"
        " FROM told d LEFT JOIN first f ON f.customer = d.customer"
    )
