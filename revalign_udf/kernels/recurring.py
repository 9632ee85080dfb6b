"""Recurring revenue: item periods -> movements.

An item contributes its annualised amount from its first day to the day it ends (the earlier of its own end and the
subscription's). What changes for a customer on one day is netted and named for the whole customer (new, reactivation,
expansion, contraction, churned), then allotted to the items that changed.

Vendors say otherwise about when an item ends, which discounts count and at which rate: ``f_movement__<key>`` are the
same movements by such other rules (:class:`~revalign_udf.metrics.profiles.MovementRules`), in the same columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from revalign_udf.calc.fx import MAX_AGE
from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates, currency_of
from revalign_udf.metrics.profiles import MovementRules

__all__ = ["build_movement_variants", "build_movements"]

#: annualised micros, half away from zero: ((amount x quantity - discount) x times per year) / interval_count.
#: amount and discount as integers of 1e-10 (all a stored amount has), quantity of 1e-6, so their products are of 1e-16
#: and nothing is rounded before the one division.
_AMOUNT = "CAST({0} * 10000000000 AS HUGEINT)"
_QUANTITY = "CAST(CAST(i.quantity AS DECIMAL(24, 6)) * 1000000 AS HUGEINT)"
_TIMES = (
    "CASE i.interval WHEN 'month' THEN 12 WHEN 'quarter' THEN 4 WHEN 'year' THEN 1 WHEN 'week' THEN 52"
    " WHEN 'day' THEN 365 END"
)
_GROSS = f"({_AMOUNT.format('i.amount')} * {_QUANTITY}) * ({_TIMES})"
_DISCOUNT = f"({_AMOUNT.format('i.discount_amount')} * 1000000) * ({_TIMES})"

_DEFAULT = MovementRules()
#: the currency of an amount whose one rate is not known: no such currency has a rate, so a balance it is part of is
#: refused (REV-208) instead of being converted at the rate of another day
_UNRATED = "?"
#: items as parts of one: numbered from 0, each from a day on
_KEPT = (
    "r.customer, r.system, r.record_id, r.subscription_id, r.product_id, r.currency, r.yearly, r.start_day, r.end_day"
)
_WHOLE = f"SELECT {_KEPT}, r.start_day AS on_day, 0 AS n FROM k_recurring r WHERE r.reason IS NULL"
_CANCELLED = "starts on or after the day its subscription was cancelled"


def build_movements(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``f_movement`` and the part of ``f_excluded`` that says which items are out of MRR and why."""
    customer, joins = customer_of("i", "s.org_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_item AS SELECT i._conn AS system, i.id AS record_id, i.subscription_id,"
        f" i.product_id AS product_id, s.id IS NOT NULL AS known, i.one_time, i.metered,"
        f" {customer} AS customer, {currency_of(currency, 'i.currency', 's.currency')} AS currency,"
        f" i.valid_from__on AS start_day, CASE WHEN i.valid_to__on IS NULL THEN s.ended_at__on"
        f" WHEN s.ended_at__on IS NULL THEN i.valid_to__on WHEN s.ended_at__on < i.valid_to__on THEN s.ended_at__on"
        f" ELSE i.valid_to__on END AS end_day, s.cancelled_at__on AS cancel_day, {_GROSS} AS gross,"
        f" {_DISCOUNT} AS discount, CAST(i.interval_count AS HUGEINT) * 10000000000 AS below,"
        f" CASE i.interval WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 ELSE 0 END * i.interval_count"
        f" AS months, CASE i.interval WHEN 'week' THEN 7 WHEN 'day' THEN 1 ELSE 0 END * i.interval_count AS days"
        f" FROM c_subscription_item_period i LEFT JOIN c_subscription s ON s._conn = i._conn AND s.id = i.subscription_id"
        f" {joins}"
    )
    _build(con, currency, book, _DEFAULT)


def build_movement_variants(
    con: duckdb.DuckDBPyConnection, currency: str, book: RateBook, variants: Sequence[MovementRules]
) -> dict[str, str]:
    """Make ``f_movement__<key>`` for each set of rules that differs on this data; key -> the table that answers it.

    :func:`build_movements` comes first on the same connection. A set of rules that cannot change anything here (nobody
    cancels before the end, no discounts, one currency) is answered by ``f_movement``, or by the table of fewer rules.
    Items a variant leaves out stand in ``f_excluded`` under ``movement__<key>``, all of them: a variant may leave out
    more than ``f_movement`` does, and less.
    """
    wanted = {rules.key: rules for rules in variants}
    if any(rules.discount == "forever" for rules in wanted.values()):
        _limited(con)
    found: dict[str, str] = {}
    for key, rules in wanted.items():
        matter = _that_matter(con, currency, rules)
        found[key] = _table(matter)
        if matter != _DEFAULT and found[key] not in [table for other, table in found.items() if other != key]:
            _build(con, currency, book, matter)
    return found


def _table(rules: MovementRules) -> str:
    return f"f_movement__{rules.key}" if rules.key else "f_movement"


def _that_matter(con: duckdb.DuckDBPyConnection, currency: str, rules: MovementRules) -> MovementRules:
    """The rules without those that change nothing on this data."""

    def some(condition: str, source: str = "k_item") -> bool:
        return bool(con.execute(f"SELECT 1 FROM {source} WHERE {condition} LIMIT 1").fetchall())

    if rules.metered == "in" and not some("metered"):
        rules = replace(rules, metered="out")
    if rules.churn_date == "cancel" and not some("cancel_day < coalesce(end_day, DATE '9999-12-31')"):
        rules = replace(rules, churn_date="end")
    if rules.discount == "none" and not some("discount <> 0"):
        rules = replace(rules, discount="all")
    if rules.discount == "forever" and not some("true", "k_limited"):
        rules = replace(rules, discount="all")
    # a metered item in another currency matters only where metered items are in; building then does no harm
    if rules.fx != "day" and not some(f"currency <> '{currency}'"):
        rules = replace(rules, fx="day")
    return rules


def _limited(con: duckdb.DuckDBPyConnection) -> None:
    """``k_limited``: the items whose discount is known to end: the same subscription and product goes on later with a
    discount that is smaller both as an amount and as a share of the price. A discount of the same share after a
    downgrade, or of the same amount after an upgrade, goes on."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_limited AS SELECT DISTINCT a.system, a.record_id FROM k_item a JOIN k_item b"
        " ON b.system = a.system AND b.subscription_id = a.subscription_id"
        " AND coalesce(b.product_id, '') = coalesce(a.product_id, '') AND b.start_day >= a.end_day"
        " WHERE a.discount > 0 AND a.below > 0 AND b.below > 0 AND NOT coalesce(b.one_time, false)"
        # per year: discount / interval count
        " AND b.discount * (a.below // 10000000000) < a.discount * (b.below // 10000000000)"
        # shares are compared, not added: a discount in per cent is rounded to the cent, so they agree to a hundredth
        " AND CAST(b.discount AS DOUBLE) * CAST(a.gross AS DOUBLE)"
        " < 0.99 * CAST(a.discount AS DOUBLE) * CAST(b.gross AS DOUBLE)"
    )


def _build(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook, rules: MovementRules) -> None:
    """Movements by one set of rules, from ``k_item``."""
    _recurring(con, rules)
    table = _table(rules)
    con.execute(
        f"INSERT INTO f_excluded SELECT '{table.removeprefix('f_')}', reason, 'subscription_item_period', system,"
        f" record_id, start_day FROM k_recurring WHERE reason IS NOT NULL"
    )
    if rules.fx == "day":
        _changes(con)
    else:
        _fixed(con, currency, book, rules)
    _balances(con, "sum(delta)" if rules.fx == "day" else "sum(CASE WHEN rerated THEN 0 ELSE delta END)")
    add_rates(book, "k_running", "on_day", "currency")
    _classify(con)
    kind = "k.kind" if rules.fx == "day" else "CASE WHEN c.rerated THEN 'fx' ELSE k.kind END"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT c.on_day, c.customer, {kind} AS kind,"
        # without a kind no component may count the amount: it is unknown, and says so
        f" CASE WHEN {kind} IS NOT NULL THEN CAST(CAST(c.delta AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) END"
        f" AS amount, CAST(c.delta AS BIGINT) AS amount_src, c.currency, c.product_id AS product, p.product_line,"
        f" c.system, 'subscription_item_period' AS record_table, c.record_id, c.subscription_id AS subscription"
        f" FROM k_change c JOIN k_day k ON k.customer = c.customer AND k.on_day = c.on_day"
        f" LEFT JOIN k_rate r ON r.day = c.on_day AND r.currency = c.currency"
        f" LEFT JOIN c_product p ON p._conn = c.system AND p.id = c.product_id"
    )


def _recurring(con: duckdb.DuckDBPyConnection, rules: MovementRules) -> None:
    """``k_recurring``: every item with its annualised amount, or the reason why it is out.

    A subscription cancelled and taken up again cannot be told from one cancelled for good unless its source clears the
    date; by the rule ``cancel`` it stays cancelled, and its later items are out with a reason.
    """
    end, gone, limited, size = "k.end_day", "", "", "k.gross - k.discount"
    metered = " WHEN metered THEN 'metered'" if rules.metered == "out" else ""
    if rules.churn_date == "cancel":
        end = "CASE WHEN k.cancel_day < coalesce(k.end_day, DATE '9999-12-31') THEN k.cancel_day ELSE k.end_day END"
        gone = f" WHEN cancel_day <= start_day AND own_end > start_day THEN '{_CANCELLED}'"
    if rules.discount == "none":
        size = "k.gross"
    elif rules.discount == "forever":
        size = "CASE WHEN l.record_id IS NULL THEN k.gross - k.discount ELSE k.gross END"
        limited = " LEFT JOIN k_limited l ON l.system = k.system AND l.record_id = k.record_id"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_recurring AS SELECT system, record_id, subscription_id, product_id, customer,"
        f" currency, start_day, end_day, months, days, CASE WHEN NOT known THEN 'its subscription is not known'"
        f" WHEN one_time THEN 'one-time'{metered} WHEN below <= 0 THEN 'interval count is not positive'{gone}"
        f" WHEN end_day <= start_day THEN 'ends on or before the day it starts' END AS reason,"
        f" CASE WHEN below > 0 THEN CAST(CASE WHEN size >= 0 THEN (2 * size + below) // (2 * below)"
        f" ELSE -((-2 * size + below) // (2 * below)) END AS BIGINT) END AS yearly FROM (SELECT k.system, k.record_id,"
        f" k.subscription_id, k.product_id, k.known, k.one_time, k.metered, k.customer, k.currency, k.start_day,"
        f" coalesce(k.end_day, DATE '9999-12-31') AS own_end, {end} AS end_day, k.cancel_day, k.below, k.months, k.days,"
        f" {size} AS size FROM k_item k{limited}) k"
    )


def _changes(con: duckdb.DuckDBPyConnection) -> None:
    """``k_change``: what each item adds or takes away, on its first day and on the day it ends, in its own currency."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_change AS SELECT customer, on_day, system, record_id, subscription_id,"
        " product_id, currency, sum(delta) AS delta FROM ("
        " SELECT customer, start_day AS on_day, system, record_id, subscription_id, product_id, currency,"
        " yearly AS delta FROM k_recurring WHERE reason IS NULL"
        " UNION ALL SELECT customer, end_day, system, record_id, subscription_id, product_id, currency, -yearly"
        " FROM k_recurring WHERE reason IS NULL AND end_day IS NOT NULL) e"
        " GROUP BY customer, on_day, system, record_id, subscription_id, product_id, currency HAVING sum(delta) <> 0"
    )


def _fixed(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook, rules: MovementRules) -> None:
    """``k_change`` in company currency, each amount converted once, so that balances need no rate of their day.

    ``item_start``: at the rate of the item's first day, for its life. ``service_period``: at the rate of the first day
    of each service period (the item's first day and every billing interval after it); what that changes is a change
    with ``rerated``. An amount without a rate stays in its own currency, marked as having none.
    """
    every = _WHOLE
    if rules.fx == "service_period":
        every = _service_periods(con, currency)
    con.execute(f"CREATE OR REPLACE TEMP TABLE k_segment AS {every}")
    add_rates(book, "k_segment", "on_day", "currency")
    own = "customer, system, record_id, subscription_id, product_id"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_fixed AS SELECT {own}, on_day, n, end_day, currency, yearly,"
        f" lag(currency) OVER w AS currency_before, lag(yearly) OVER w AS yearly_before, lead(n) OVER w AS following FROM ("
        f" SELECT s.customer, s.system, s.record_id, s.subscription_id, s.product_id, s.on_day, s.n, s.end_day,"
        f" CASE WHEN r.rate IS NULL THEN s.currency || '{_UNRATED}' ELSE '{currency}' END AS currency,"
        f" CASE WHEN r.rate IS NULL THEN s.yearly"
        f" ELSE CAST(round(CAST(s.yearly AS DECIMAL(26, 0)) * r.rate, 0) AS BIGINT) END AS yearly"
        f" FROM k_segment s LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency) f"
        f" WINDOW w AS (PARTITION BY {own} ORDER BY n)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_change AS SELECT {own}, on_day, currency, rerated, sum(delta) AS delta FROM ("
        f" SELECT {own}, on_day, currency, n > 0 AS rerated, yearly AS delta FROM k_fixed"
        f" UNION ALL SELECT {own}, on_day, currency_before, true, -yearly_before FROM k_fixed WHERE n > 0"
        f" UNION ALL SELECT {own}, end_day, currency, false, -yearly FROM k_fixed"
        f" WHERE following IS NULL AND end_day IS NOT NULL) e"
        f" GROUP BY {own}, on_day, currency, rerated HAVING sum(delta) <> 0"
    )


def _service_periods(con: duckdb.DuckDBPyConnection, currency: str) -> str:
    """SELECT of every item once per service period, numbered from 0, anchored on the item's first day (31 January, 28
    February, 31 March). Items in company currency have one. After the last rate one more begins, which has none."""
    last = con.execute("SELECT max(date) FROM c_fx_rate").fetchall()[0][0]
    first = con.execute("SELECT min(start_day) FROM k_recurring WHERE reason IS NULL").fetchall()[0][0]
    if last is None or first is None:
        return _WHOLE
    last += MAX_AGE
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_number AS SELECT CAST(range AS INTEGER) AS n"
        f" FROM range(1, {max(0, (last - first).days) + 2})"
    )

    def begins(n: str) -> str:
        return (
            f"CAST(CASE WHEN r.months > 0 THEN r.start_day + INTERVAL 1 MONTH * CAST({n} * r.months AS INTEGER)"
            f" ELSE r.start_day + INTERVAL 1 DAY * CAST({n} * r.days AS INTEGER) END AS DATE)"
        )

    # no service period is shorter than its days, or 28 days for each of its months: so many there can be at most
    most = f"date_diff('day', start_day, DATE '{last}') // (28 * months + days) + 1"
    return (
        f"{_WHOLE} UNION ALL SELECT * FROM (SELECT {_KEPT}, {begins('k.n')} AS on_day, k.n"
        f" FROM (SELECT *, {most} AS most FROM k_recurring WHERE reason IS NULL AND currency <> '{currency}') r"
        f" JOIN k_number k ON k.n <= r.most WHERE {begins('(k.n - 1)')} <= DATE '{last}') s"
        f" WHERE end_day IS NULL OR on_day < end_day"
    )


def _balances(con: duckdb.DuckDBPyConnection, moved: str) -> None:
    """``k_running``: what each customer has in each of its currencies after each day with a change, and how much of
    the day's change is ``moved`` by the customer and not by a rate. A customer with several currencies gets a row for
    each of them on every such day, because all of them make its balance."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_running AS WITH own AS (SELECT customer, on_day, currency, sum(delta) AS delta,"
        f" {moved} AS moved FROM k_change GROUP BY customer, on_day, currency),"
        f" several AS (SELECT customer FROM own GROUP BY customer HAVING count(DISTINCT currency) > 1),"
        f" filled AS (SELECT o.customer, o.on_day, o.currency, o.delta, o.moved FROM own o"
        f"   WHERE o.customer NOT IN (SELECT customer FROM several)"
        f"   UNION ALL SELECT d.customer, d.on_day, c.currency, coalesce(o.delta, 0), coalesce(o.moved, 0)"
        f"   FROM (SELECT DISTINCT customer, on_day FROM own WHERE customer IN (SELECT customer FROM several)) d"
        f"   JOIN (SELECT DISTINCT customer, currency FROM own) c ON c.customer = d.customer"
        f"   LEFT JOIN own o ON o.customer = d.customer AND o.on_day = d.on_day AND o.currency = c.currency)"
        f" SELECT customer, on_day, currency, moved, sum(delta) OVER (PARTITION BY customer, currency"
        f" ORDER BY on_day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS after_src FROM filled"
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
        "   sum(CAST(x.after_src - x.moved AS DECIMAL(26, 0)) * coalesce(r.rate, 1)) AS before,"
        "   CASE WHEN sum(CASE WHEN r.rate IS NULL AND (x.after_src <> 0 OR x.moved <> 0) THEN 1 ELSE 0 END) > 0"
        "   AND ((min(x.after_src) < 0 AND max(x.after_src) > 0) OR (min(x.moved) < 0 AND max(x.moved) > 0)"
        "   OR (min(x.after_src - x.moved) < 0 AND max(x.after_src - x.moved) > 0)) THEN 1 ELSE 0 END AS unclear"
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
