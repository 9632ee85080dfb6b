"""Deals: opportunities that closed, those that were open at some time, and what was sold by kind."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates, currency_of
from revalign_udf.kernels.referrals import REFERRAL

__all__ = ["build_deals", "build_open_deals", "build_selling"]

#: annual contract value of an amount: a total over a term longer than a year is brought to twelve months, a monthly
#: amount is taken twelve times, the rest stands as it is
_ACV = (
    "CASE o.amount_basis WHEN 'mrr' THEN 12 * {micros} WHEN 'tcv' THEN CASE WHEN coalesce(o.term_months, 12) > 12"
    " THEN CASE WHEN {amount} < 0 THEN -1 ELSE 1 END * ((2 * abs({micros}) * 12 + o.term_months)"
    " // (2 * CAST(o.term_months AS HUGEINT))) ELSE {micros} END ELSE {micros} END"
)
_COLUMNS = (
    "s.currency, s.customer, s.owner, s.channel, s.lead_source, s.campaign, s.system, s.record_table, s.record_id"
)
#: what a deal is worth in company currency; one without an amount is worth nothing known, whatever its currency
_AMOUNT = (
    "CASE WHEN s.unpriced THEN CAST(0 AS DECIMAL(38, 12))"
    " ELSE CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) END AS amount,"
    " coalesce(s.amount_src, 0) AS amount_src"
)


def _acv(amount: str) -> str:
    micros = f"CAST(round({amount} * 1000000, 0) AS HUGEINT)"
    return f"CAST({_ACV.format(micros=micros, amount=amount)} AS BIGINT)"


def build_deals(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``k_opportunity`` (every opportunity with its customer and origin) and ``f_deal``: won and lost opportunities
    by the day they closed, with the organization's name, the reason for a loss and the competitor. Referrers come
    first on the same connection."""
    customer, joins = customer_of("o", "o.org_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_opportunity AS SELECT o._conn AS system, o.id AS record_id, o.outcome,"
        f" coalesce(o.type, 'new') AS kind, o.stage, o.pipeline, o.loss_reason, o.competitor,"
        f" o.amount, o.amount_basis, o.term_months, o.close_date,"
        f" {currency_of(currency, 'o.currency')} AS currency, o.created_at__on AS created_day,"
        f" CASE WHEN o.outcome IN ('won', 'lost') THEN coalesce(o.closed_at__on, o.close_date)"
        f" WHEN o.outcome IS NULL THEN o.closed_at__on END AS closed_day,"
        f" {customer} AS customer, o.owner_id AS owner, coalesce(o.channel, l.channel) AS channel,"
        f" coalesce(o.lead_source, l.lead_source) AS lead_source, coalesce(o.campaign_id, l.campaign_id) AS campaign,"
        f" 'opportunity' AS record_table FROM c_opportunity o"
        f" LEFT JOIN k_deal_lead d ON d._conn = o._conn AND d.id = o.id"
        f" LEFT JOIN c_lead l ON l._conn = o._conn AND l.id = d.lead_id {joins}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_deal AS SELECT o.*, o.closed_day AS on_day, o.amount IS NULL AS unpriced,"
        f" {_acv('o.amount')} AS amount_src, date_diff('day', o.created_day, o.closed_day) AS days"
        f" FROM k_opportunity o WHERE o.outcome IN ('won', 'lost')"
    )
    listed = {
        "closed without a date": "on_day IS NULL",
        "no term: its total counts as that of 12 months": "on_day IS NOT NULL AND amount_basis = 'tcv' AND term_months"
        " IS NULL AND NOT unpriced",
        "won without an amount: counts as 0": "on_day IS NOT NULL AND outcome = 'won' AND unpriced",
        "closed before it was created: in no sales cycle": "days < 0",
    }
    for reason, rule in listed.items():
        con.execute(
            f"INSERT INTO f_excluded SELECT 'deal', '{reason}', record_table, system, record_id, on_day FROM k_deal"
            f" WHERE {rule}"
        )
    add_rates(book, "k_deal", "on_day", "currency")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_deal AS SELECT s.on_day, s.outcome, s.kind, {_AMOUNT},"
        f" CASE WHEN s.days >= 0 THEN s.days END AS cycle_days, {REFERRAL.format(row='s')} AS referral,"
        f" nullif(trim(s.loss_reason), '') AS loss_reason, nullif(trim(s.competitor), '') AS competitor, g.name, {_COLUMNS}"
        f" FROM k_deal s LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency LEFT JOIN (SELECT customer, name,"
        f" row_number() OVER (PARTITION BY customer ORDER BY gone, _conn, id) AS n FROM k_org) g"
        f" ON g.customer = s.customer AND g.n = 1"
        f" LEFT JOIN k_referrer ref ON ref.customer = s.customer WHERE s.on_day IS NOT NULL"
    )


def build_open_deals(con: duckdb.DuckDBPyConnection, book: RateBook) -> None:
    """Make ``f_open_deal``: one row per opportunity and stretch of days on which it was open with one amount, owner and
    expected closing date.

    With ``opportunity_snapshot`` rows an opportunity is what they say, in half-open intervals, each up to the next one;
    its state before the first is taken from the first. A stage that ``stage_map`` calls won or lost (or whose name is that of a
    customer or of a lost deal) is not open. Without
    such rows it is open from the day it was created to the day it closed, with the amount and closing date it has now.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_snapshot AS WITH s AS (SELECT p._conn AS system, p.opportunity_id AS record_id,"
        " p.valid_from, p.valid_to, p.stage, p.amount, p.close_date, p.owner_id,"
        " lead(p.valid_from) OVER (PARTITION BY p._conn, p.opportunity_id ORDER BY p.valid_from) AS following,"
        " row_number() OVER (PARTITION BY p._conn, p.opportunity_id ORDER BY p.valid_from) AS n"
        " FROM c_opportunity_snapshot p)"
        " SELECT system, record_id, valid_from, stage, amount, close_date, owner_id, n, CASE WHEN valid_to IS NULL"
        " THEN following WHEN following < valid_to THEN following ELSE valid_to END AS until FROM s"
    )
    closed = (
        "(coalesce(lower(trim(p.stage)), '') IN ('customer', 'lost') OR EXISTS (SELECT 1 FROM c_stage_map m"
        " WHERE lower(m.object) = 'opportunity' AND m.connection IN (o.system, '*')"
        " AND lower(trim(m.source_stage)) = lower(trim(p.stage)) AND (m.pipeline IS NULL OR m.pipeline = o.pipeline)"
        " AND (m.is_won OR m.is_lost OR lower(trim(m.stage)) IN ('customer', 'lost'))))"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_open AS SELECT CASE WHEN p.record_id IS NULL OR (p.n = 1 AND o.created_day"
        f" < p.valid_from) THEN o.created_day ELSE p.valid_from END AS on_day,"
        f" CASE WHEN p.until IS NULL THEN o.closed_day WHEN o.closed_day < p.until THEN o.closed_day ELSE p.until END"
        f" AS until, CASE WHEN p.record_id IS NULL THEN coalesce(o.close_date, o.closed_day) ELSE p.close_date END"
        f" AS close_date, CASE WHEN p.record_id IS NULL THEN o.amount ELSE p.amount END AS open_amount,"
        f" o.outcome, o.kind, o.amount_basis, o.term_months, o.currency, o.customer,"
        f" coalesce(p.owner_id, o.owner) AS owner, o.channel, o.lead_source, o.campaign, o.system, o.record_table,"
        f" o.record_id FROM k_opportunity o"
        f" LEFT JOIN k_snapshot p ON p.system = o.system AND p.record_id = o.record_id"
        # closed nobody knows when: it cannot be said when it was open
        f" WHERE NOT (coalesce(o.outcome, '') IN ('won', 'lost') AND o.closed_day IS NULL)"
        f" AND NOT (p.record_id IS NOT NULL AND {closed})"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'open_deal', 'closed without a date', record_table, system, record_id, NULL"
        " FROM k_opportunity WHERE outcome IN ('won', 'lost') AND closed_day IS NULL"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'open_deal', 'its opportunity is not known', 'opportunity_snapshot', p._conn, p._key,"
        " p.valid_from FROM c_opportunity_snapshot p WHERE NOT EXISTS (SELECT 1 FROM k_opportunity o"
        " WHERE o.system = p._conn AND o.record_id = p.opportunity_id)"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'open_deal', 'open without an expected closing date', record_table, system,"
        " record_id, on_day FROM k_open WHERE close_date IS NULL AND (until IS NULL OR on_day < until)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_open_deal AS SELECT o.*, o.open_amount IS NULL AS unpriced,"
        f" {_acv('o.open_amount')} AS amount_src FROM k_open o WHERE o.until IS NULL OR o.on_day < o.until"
    )
    add_rates(book, "k_open_deal", "on_day", "currency")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_open_deal AS SELECT s.on_day, s.until, s.close_date, s.kind, {_AMOUNT},"
        f" {_COLUMNS} FROM k_open_deal s LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency"
    )


def build_selling(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> tuple[str, ...]:
    """Make ``f_selling``: what was sold, by kind. Won opportunities by their annual value; a project without a single
    opportunity (a shop) is read from its sales orders, whose kind ``repeat`` is a renewal. Returns the tables it rests on.

    ``since`` is the customer's first date: an order without a kind is a first one in the customer's first period and a
    repeat later, as in new revenue.
    """
    deals, orders = (
        con.execute(f"SELECT count(*) FROM c_{table}").fetchall()[0][0] for table in ("opportunity", "sales_order")
    )
    if deals or not orders:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE f_selling AS SELECT s.on_day, s.kind, CAST(NULL AS DATE) AS since, s.amount,"
            f" s.amount_src, {_COLUMNS} FROM f_deal s WHERE s.outcome = 'won'"
        )
        return ("opportunity",) if deals else ("opportunity", "sales_order")
    names = ("owner", "channel", "lead_source", "campaign")
    columns = ", ".join(f"a_{name}.value AS {name}" for name in names)
    origins = " ".join(
        f"LEFT JOIN d_customer_attribute a_{name} ON a_{name}.customer = s.customer AND a_{name}.attribute = '{name}'"
        f" AND a_{name}.valid_from <= s.on_day AND s.on_day < a_{name}.valid_to"
        for name in names
    )
    customer, joins = customer_of("o", "o.org_id", "o.person_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_selling AS SELECT o.ordered_at__on AS on_day, o.kind,"
        f" CAST(round(o.amount * 1000000, 0) AS BIGINT) AS amount_src, {currency_of(currency, 'o.currency')} AS currency,"
        f" {customer} AS customer, o._conn AS system, 'sales_order' AS record_table, o.id AS record_id"
        f" FROM c_sales_order o {joins}"
    )
    add_rates(book, "k_selling", "on_day", "currency")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_selling AS SELECT s.on_day, CASE s.kind WHEN 'repeat' THEN 'renewal' ELSE s.kind"
        f" END AS kind, coalesce(c.on_day, min(s.on_day) OVER (PARTITION BY s.customer)) AS since,"
        f" CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) AS amount, s.amount_src, s.currency,"
        f" s.customer, {columns}, s.system, s.record_table, s.record_id FROM k_selling s"
        f" LEFT JOIN f_customer_start c ON c.customer = s.customer"
        f" LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency {origins}"
    )
    return ("sales_order",)
