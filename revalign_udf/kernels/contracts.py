"""Contracts: the days on which they are in force and what they are worth a year."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates, currency_of

__all__ = ["build_contracts"]


def build_contracts(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``f_contract``: one row per contract with its first day, the day after its last (``until``), and its value a
    year: value x 12 / months, half a millionth away from zero.

    The end date is the last day where it makes whole months (1 January to 31 December are twelve), else the day after.
    Months are ``term_months`` where that is above zero, else those of the dates; days that make no whole months count as
    1 / 30.4375 of one. A contract whose value is the sum of its opportunity's lines is worth what recurs of them, where
    at least one is marked as recurring; any other value is taken as recurring.
    """
    customer, joins = customer_of("c", "c.org_id")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_one_off AS SELECT c._conn, c.id, sum(CASE WHEN l.recurring THEN 0"
        " ELSE CAST(round(l.amount * 1000000, 0) AS HUGEINT) END) AS amount FROM c_contract c"
        " JOIN c_opportunity o ON o._conn = c._conn AND o.id = c.opportunity_id"
        f" AND {currency_of(currency, 'o.currency')} = {currency_of(currency, 'c.currency')}"
        " JOIN c_opportunity_line l ON l._conn = c._conn AND l.opportunity_id = o.id"
        " GROUP BY c._conn, c.id, c.value HAVING sum(l.amount) = c.value"
        # where no line is marked as recurring, nobody has told them apart
        " AND sum(CASE WHEN l.recurring THEN 1 ELSE 0 END) > 0"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_contract AS WITH d AS (SELECT c.*, {customer} AS customer,"
        f" {currency_of(currency, 'c.currency')} AS money,"
        f" CAST(round(c.value * 1000000, 0) AS HUGEINT) - CAST(coalesce(x.amount, 0) AS HUGEINT) AS micros,"
        f" CAST(c.end_date + 1 AS DATE) AS after,"
        f" date_diff('month', c.start_date, c.end_date) AS to_end, date_diff('month', c.start_date, c.end_date + 1)"
        f" AS to_after FROM c_contract c LEFT JOIN k_one_off x ON x._conn = c._conn AND x.id = c.id {joins}),"
        f" w AS (SELECT d.*, CAST(start_date + to_months(CAST(to_end AS INTEGER)) AS DATE) = end_date AS ends_whole,"
        f" CAST(start_date + to_months(CAST(to_after AS INTEGER)) AS DATE) = after AND to_after > 0 AS lasts_whole FROM d),"
        # whole months, or days of which a month has 1461 / 48
        f" m AS (SELECT w.*, CASE WHEN lasts_whole THEN after ELSE end_date END AS until,"
        f" CASE WHEN term_months > 0 THEN term_months WHEN lasts_whole THEN to_after WHEN ends_whole THEN to_end"
        f" END AS months FROM w),"
        f" s AS (SELECT m.*, CASE WHEN months > 0 THEN 12 * micros ELSE 1461 * micros END AS above,"
        f" CASE WHEN months > 0 THEN CAST(months AS HUGEINT) ELSE 4 * CAST(date_diff('day', start_date, until) AS HUGEINT)"
        f" END AS below FROM m)"
        f" SELECT start_date AS on_day, until, customer, money AS currency, _conn AS system, 'contract' AS record_table,"
        f" id AS record_id, CASE WHEN value IS NULL THEN 'without a value' WHEN until <= start_date"
        f" THEN 'ends on or before the day it starts' END AS reason,"
        f" CASE WHEN below > 0 THEN CAST(CASE WHEN above >= 0 THEN (2 * above + below) // (2 * below)"
        f" ELSE -((-2 * above + below) // (2 * below)) END AS BIGINT) END AS amount_src FROM s"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'contract', reason, record_table, system, record_id, on_day FROM k_contract"
        " WHERE reason IS NOT NULL"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'contract', 'does not recur: taken out of its contract', 'opportunity_line',"
        " l._conn, l.id, c.start_date FROM k_one_off x JOIN c_contract c ON c._conn = x._conn AND c.id = x.id"
        " JOIN c_opportunity_line l ON l._conn = c._conn AND l.opportunity_id = c.opportunity_id"
        " WHERE NOT coalesce(l.recurring, false)"
    )
    add_rates(book, "k_contract", "on_day", "currency")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_contract AS SELECT s.on_day, s.until, s.customer,"
        " CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) AS amount, s.amount_src, s.currency,"
        " s.system, s.record_table, s.record_id FROM k_contract s"
        " LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency WHERE s.reason IS NULL"
    )
