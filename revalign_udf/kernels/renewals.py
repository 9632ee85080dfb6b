"""Renewals: the days on which a subscription comes up for renewal, who took its place, and who ended it.

Renewal days are start + k x term, counted from the ORIGINAL start day: from 31 January monthly they fall on 28 February
and again on 31 March. A term is told by ``subscription_term`` rows; where a subscription has none, by its
``term_months``; else by the billing interval of its items in force on the day, the longest where several are.

The ``end_date`` of a term row is the first day after the term where it lies a whole number of months after the start,
else the term's last day. The next row's start is the renewal day where it follows at once, or earlier.

A subscription without ``ended_at`` whose items have all ended has ended with the last of them: nothing is left to renew.
"""

from __future__ import annotations

from datetime import date

import duckdb

from revalign_udf.kernels.identity import customer_of

__all__ = ["build_renewals"]

#: the length of a term in 365ths of a month: a year of 12 months has 365 days, as when a price per day is annualised
_MONTH, _DAY = 365, 12
#: classes of size by employees: micro, small and medium as in the Commission's recommendation 2003/361/EC
_BANDS = (("1 to 9", 10), ("10 to 49", 50), ("50 to 249", 250), ("250 to 999", 1000))
_MONTHS = "CASE i.interval WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 ELSE 0 END * i.interval_count"
_DAYS = "CASE i.interval WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 0 END * i.interval_count"
_ITEMS = (
    "c_subscription_item_period i JOIN c_subscription s ON s._conn = i._conn AND s.id = i.subscription_id"
    " WHERE NOT i.one_time AND NOT i.metered AND i.interval_count > 0"
)


def _months_later(day: str, months: str) -> str:
    """A day so many months later; the last of a month that has no such day."""
    return f"CAST({day} + ({months}) * INTERVAL 1 MONTH AS DATE)"


def build_renewals(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make ``f_renewal``, ``f_subscription``, ``f_payer`` and ``d_subscription_line``.

    A subscription without any term is left out of ``f_renewal``, and listed with the reason.
    """
    _subscriptions(con)
    _lines(con)
    _terms(con)
    _cycles(con, as_of)
    _intervals(con, as_of)
    _renewals(con, as_of)
    _payers(con)


def _subscriptions(con: duckdb.DuckDBPyConnection) -> None:
    """``k_sub`` and ``f_subscription``: whose it is, from when to when, and whether the customer ended it.

    A column nobody fills reads ``false``, so that only a source that marks some endings as involuntary says with a
    ``false`` that an ending was none. A reason is the customer's word in any case.
    """
    customer, joins = customer_of("s", "s.org_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_sub AS WITH last AS (SELECT i._conn, i.subscription_id, max(i.valid_to__on) AS day,"
        f" max(CASE WHEN i.valid_to__on IS NULL THEN 1 ELSE 0 END) AS going FROM {_ITEMS} GROUP BY i._conn,"
        f" i.subscription_id), told AS (SELECT _conn, max(CASE WHEN involuntary THEN 1 ELSE 0 END) AS marked"
        f" FROM c_subscription GROUP BY _conn)"
        f" SELECT s._conn AS system, s.id AS subscription, {customer} AS customer, s.started_at__on AS began,"
        f" coalesce(s.ended_at__on, CASE WHEN l.going = 0 THEN l.day END) AS ended,"
        f" CASE WHEN s.term_months > 0 THEN CAST(s.term_months AS BIGINT) END AS term_months,"
        f" CASE WHEN s.involuntary THEN 'involuntary' WHEN trim(s.cancel_reason) <> '' OR t.marked = 1 THEN 'voluntary'"
        f" ELSE 'unknown' END AS ending FROM c_subscription s JOIN told t ON t._conn = s._conn"
        f" LEFT JOIN last l ON l._conn = s._conn AND l.subscription_id = s.id {joins}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_subscription AS SELECT began AS on_day, customer, ended, ending, system,"
        " 'subscription' AS record_table, subscription AS record_id FROM k_sub"
    )


def _lines(con: duckdb.DuckDBPyConnection) -> None:
    """``d_subscription_line``: a subscription and the ones that replaced it on the day it ended, one for one in the
    order of their ids, go by the key of the first. The rest are lines of their own and are not listed."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_next AS WITH gone AS (SELECT customer, ended AS day, system, subscription,"
        " row_number() OVER (PARTITION BY customer, ended ORDER BY system, subscription) AS n FROM k_sub"
        " WHERE ended > began), come AS (SELECT customer, began AS day, system, subscription, row_number() OVER ("
        " PARTITION BY customer, began ORDER BY system, subscription) AS n FROM k_sub WHERE ended IS NULL OR ended > began)"
        " SELECT g.system, g.subscription, c.system AS next_system, c.subscription AS next_subscription FROM gone g"
        " JOIN come c ON c.customer = g.customer AND c.day = g.day AND c.n = g.n"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE d_subscription_line AS WITH RECURSIVE chain AS ("
        " SELECT k.system, k.subscription, k.system || ':' || k.subscription AS line FROM k_next k WHERE NOT EXISTS ("
        " SELECT 1 FROM k_next b WHERE b.next_system = k.system AND b.next_subscription = k.subscription)"
        " UNION ALL SELECT k.next_system, k.next_subscription, c.line FROM chain c JOIN k_next k ON k.system = c.system"
        " AND k.subscription = c.subscription) SELECT system, subscription, line FROM chain"
    )


def _terms(con: duckdb.DuckDBPyConnection) -> None:
    """``k_renewal``, begun with the ends of the terms that are written down."""
    con.execute(
        "INSERT INTO f_excluded SELECT 'renewal', CASE WHEN s.subscription IS NULL THEN 'its subscription is not known'"
        " ELSE 'ends before it starts' END, 'subscription_term', t._conn, t._key, t.start_date FROM c_subscription_term t"
        " LEFT JOIN k_sub s ON s.system = t._conn AND s.subscription = t.subscription_id"
        " WHERE s.subscription IS NULL OR t.end_date < t.start_date"
    )
    whole = "date_diff('month', {0}, {1})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_renewal AS WITH t AS (SELECT _conn, subscription_id, start_date, end_date,"
        f" term_months, lead(start_date) OVER (PARTITION BY _conn, subscription_id ORDER BY start_date) AS following,"
        f" {whole.format('start_date', 'end_date')} AS months FROM c_subscription_term WHERE end_date >= start_date),"
        f" e AS (SELECT *, CASE WHEN following <= end_date + 1 THEN following"
        f" WHEN months > 0 AND {_months_later('start_date', 'months')} = end_date THEN end_date"
        f" ELSE end_date + 1 END AS on_day FROM t),"
        f" m AS (SELECT *, {whole.format('start_date', 'on_day')} AS spanned FROM e)"
        f" SELECT _conn AS system, subscription_id AS subscription, on_day, CASE WHEN term_months > 0"
        f" THEN {_MONTH} * CAST(term_months AS BIGINT)"
        f" WHEN spanned > 0 AND {_months_later('start_date', 'spanned')} = on_day THEN {_MONTH} * spanned"
        f" ELSE {_DAY} * date_diff('day', start_date, on_day) END AS term FROM m"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_untold AS SELECT * FROM k_sub s WHERE NOT EXISTS (SELECT 1 FROM k_renewal r"
        " WHERE r.system = s.system AND r.subscription = s.subscription)"
    )


def _cycles(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """``k_cycle``: how often each subscription has come round since it began. A series ends with the subscription, at
    the latest on the as-of day."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_interval AS SELECT DISTINCT s.system, s.subscription, {_MONTHS} AS months,"
        f" {_DAYS} AS days, i.valid_from__on AS start_day, i.valid_to__on AS end_day FROM c_subscription_item_period i"
        f" JOIN k_untold s ON s.system = i._conn AND s.subscription = i.subscription_id"
        f" WHERE s.term_months IS NULL AND NOT i.one_time AND NOT i.metered AND i.interval_count > 0"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_cycle AS WITH c AS (SELECT system, subscription, term_months AS months, 0 AS days"
        f" FROM k_untold WHERE term_months IS NOT NULL UNION ALL SELECT DISTINCT system, subscription, months, days"
        f" FROM k_interval), b AS (SELECT c.*, s.began, s.term_months IS NULL AS billed, CASE WHEN s.ended < DATE '{as_of}'"
        f" THEN s.ended ELSE DATE '{as_of}' END AS last FROM c JOIN k_sub s ON s.system = c.system"
        f" AND s.subscription = c.subscription)"
        f" SELECT *, CASE WHEN months > 0 THEN date_diff('month', began, last) // months"
        f" ELSE date_diff('day', began, last) // days END AS times FROM b WHERE last > began"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_number AS SELECT n FROM generate_series(1,"
        " (SELECT coalesce(max(times), 0) FROM k_cycle)) AS g(n)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_due AS SELECT c.system, c.subscription, c.billed, CASE WHEN c.months > 0"
        f" THEN {_months_later('c.began', 'n.n * c.months')} ELSE c.began + CAST(n.n * c.days AS INTEGER) END AS on_day,"
        f" {_MONTH} * c.months + {_DAY} * c.days AS term FROM k_cycle c JOIN k_number n ON n.n <= c.times"
    )


def _intervals(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Add to ``k_renewal`` the days by ``term_months``, and by a billing interval those of the longest in force."""
    con.execute("INSERT INTO k_renewal SELECT system, subscription, on_day, term FROM k_due WHERE NOT billed")
    con.execute(
        f"INSERT INTO k_renewal SELECT d.system, d.subscription, d.on_day, d.term FROM k_due d JOIN k_interval i"
        f" ON i.system = d.system AND i.subscription = d.subscription AND i.start_day < d.on_day"
        f" AND (i.end_day IS NULL OR i.end_day >= d.on_day) WHERE d.billed"
        f" GROUP BY d.system, d.subscription, d.on_day, d.term HAVING d.term = max({_MONTH} * i.months + {_DAY} * i.days)"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT 'renewal', CASE WHEN s.ended <= s.began THEN 'ends on or before the day it starts'"
        f" ELSE 'no term is known' END, 'subscription', s.system, s.subscription, s.began FROM k_untold s"
        f" WHERE s.began <= DATE '{as_of}' AND (s.ended <= s.began OR (s.term_months IS NULL AND NOT EXISTS (SELECT 1"
        f" FROM k_interval i WHERE i.system = s.system AND i.subscription = s.subscription)))"
    )


def _renewals(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """``f_renewal``: a row on the first day of every subscription with a term, and one on each renewal day. ``kept`` is
    1 where it went on after the day, by itself or by a successor."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_renewal AS WITH r AS (SELECT system, subscription, on_day, max(term) AS term"
        f" FROM k_renewal GROUP BY system, subscription, on_day), e AS ("
        f" SELECT r.on_day, 'renewal' AS kind, r.term, r.system, r.subscription FROM r"
        f" UNION ALL SELECT s.began, 'start', 0, s.system, s.subscription FROM k_sub s WHERE NOT EXISTS (SELECT 1"
        f" FROM f_excluded x WHERE x.fact = 'renewal' AND x.record_table = 'subscription' AND x.system = s.system"
        f" AND x.record_id = s.subscription))"
        f" SELECT e.on_day, e.kind, s.customer, coalesce(l.line, s.system || ':' || s.subscription) AS line,"
        f" s.subscription, s.began, CAST(e.term AS BIGINT) AS term, CASE WHEN s.ended IS NULL OR s.ended > e.on_day"
        f" OR k.subscription IS NOT NULL THEN 1 ELSE 0 END AS kept, s.system, 'subscription' AS record_table,"
        f" s.subscription AS record_id FROM e JOIN k_sub s ON s.system = e.system AND s.subscription = e.subscription"
        f" LEFT JOIN d_subscription_line l ON l.system = s.system AND l.subscription = s.subscription"
        f" LEFT JOIN k_next k ON k.system = s.system AND k.subscription = s.subscription"
        f" WHERE e.on_day <= DATE '{as_of}' AND (e.kind = 'start' OR (e.on_day > s.began"
        f" AND (s.ended IS NULL OR e.on_day <= s.ended)))"
    )


def _payers(con: duckdb.DuckDBPyConnection) -> None:
    """``f_payer``: one row per customer on the first day ever with MRR above zero, and its size. Where a missing rate
    hides whether an earlier day was the first, ``known`` is empty."""
    customer, joins = customer_of("g", "g.id")
    band = " ".join(f"WHEN employees < {below} THEN '{name}'" for name, below in _BANDS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_payer AS WITH m AS (SELECT customer, min(CASE WHEN kind = 'new' THEN on_day END)"
        f" AS first_day, min(CASE WHEN kind IS NULL THEN on_day END) AS unclear FROM f_movement GROUP BY customer),"
        f" w AS (SELECT customer, CASE WHEN first_day IS NULL OR unclear < first_day THEN unclear ELSE first_day END AS on_day,"
        f" CASE WHEN first_day IS NULL OR unclear < first_day THEN NULL ELSE 1 END AS known FROM m"
        f" WHERE first_day IS NOT NULL OR unclear IS NOT NULL),"
        f" size AS (SELECT customer, CASE {band} WHEN employees >= {_BANDS[-1][1]} THEN '1000 and more' END AS size FROM ("
        f" SELECT {customer} AS customer, g.employees, row_number() OVER (PARTITION BY {customer} ORDER BY CASE WHEN"
        f" g.merged_into IS NULL THEN 0 ELSE 1 END, g._conn, g.id) AS n FROM c_organization g {joins}"
        f" WHERE g.employees IS NOT NULL) x WHERE n = 1)"
        f" SELECT w.on_day, CAST(NULL AS DATE) AS until, w.customer, w.known, z.size, r.system, r.record_table, r.record_id"
        f" FROM w LEFT JOIN size z ON z.customer = w.customer JOIN (SELECT customer, on_day, system, record_table,"
        f" record_id, row_number() OVER (PARTITION BY customer, on_day ORDER BY system, record_id) AS n FROM f_movement) r"
        f" ON r.customer = w.customer AND r.on_day = w.on_day AND r.n = 1"
    )
