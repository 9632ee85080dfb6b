"""Deals: closed opportunities, their annual contract value and how long they took."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates

__all__ = ["build_deals"]

#: annual contract value of an amount: a total over a term longer than a year is brought to twelve months, a monthly
#: amount is taken twelve times, the rest stands as it is
_ACV = (
    "CASE o.amount_basis WHEN 'mrr' THEN 12 * {micros} WHEN 'tcv' THEN CASE WHEN coalesce(o.term_months, 12) > 12"
    " THEN CASE WHEN o.amount < 0 THEN -1 ELSE 1 END * ((2 * abs({micros}) * 12 + o.term_months)"
    " // (2 * CAST(o.term_months AS HUGEINT))) ELSE {micros} END ELSE {micros} END"
)
_MICROS = "CAST(round(o.amount * 1000000, 0) AS HUGEINT)"


def build_deals(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``f_deal``: won and lost opportunities by the day they closed."""
    customer, joins = customer_of("o", "o.org_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_deal AS SELECT coalesce(o.closed_at__on, o.close_date) AS on_day, o.outcome,"
        f" coalesce(o.type, 'new') AS kind, CAST({_ACV.format(micros=_MICROS)} AS BIGINT) AS amount_src,"
        f" coalesce(o.currency, '{currency}') AS currency, o.amount IS NULL AS unpriced,"
        f" date_diff('day', o.created_at__on, coalesce(o.closed_at__on, o.close_date)) AS cycle_days,"
        f" {customer} AS customer, o.owner_id AS owner, coalesce(o.channel, l.channel) AS channel,"
        f" coalesce(o.lead_source, l.lead_source) AS lead_source, coalesce(o.campaign_id, l.campaign_id) AS campaign,"
        f" o._conn AS system, 'opportunity' AS record_table, o.id AS record_id FROM c_opportunity o"
        f" LEFT JOIN k_deal_lead d ON d._conn = o._conn AND d.id = o.id"
        f" LEFT JOIN c_lead l ON l._conn = o._conn AND l.id = d.lead_id {joins} WHERE o.outcome IN ('won', 'lost')"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'deal', 'closed without a date', record_table, system, record_id, NULL FROM k_deal"
        " WHERE on_day IS NULL"
    )
    add_rates(book, "k_deal", "on_day", "currency")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_deal AS SELECT s.on_day, s.outcome, s.kind,"
        # a deal without an amount is worth nothing known, whatever its currency
        " CASE WHEN s.unpriced THEN CAST(0 AS DECIMAL(38, 12))"
        " ELSE CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) END AS amount,"
        " coalesce(s.amount_src, 0) AS amount_src, s.currency, s.cycle_days, s.customer, s.owner, s.channel, s.lead_source,"
        " s.campaign, s.system, s.record_table, s.record_id FROM k_deal s"
        " LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency WHERE s.on_day IS NOT NULL"
    )
