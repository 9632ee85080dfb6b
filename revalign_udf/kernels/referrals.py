"""Referrals: customers somebody sent, and who sent them."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of

__all__ = ["REFERRAL", "build_referrals", "build_referrers"]

#: whether a row with a channel and a lead source came by referral, beside its customer's referrer ``ref``
REFERRAL = (
    "CASE WHEN ref.customer IS NOT NULL OR lower(trim({row}.channel)) = 'referral'"
    " OR lower(trim({row}.lead_source)) = 'referral' THEN 1 ELSE 0 END"
)


def build_referrers(con: duckdb.DuckDBPyConnection) -> None:
    """``k_referrer``: customers with the customer that referred them; nobody refers itself, and of several the first by
    key counts."""
    customer, joins = customer_of("g", "g.id")
    referrer, more = customer_of("g", "g.referrer_org_id", name="referrer")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_referrer AS SELECT customer, min(referrer) AS referrer FROM"
        f" (SELECT {customer} AS customer, {referrer} AS referrer FROM c_organization g {joins} {more}"
        f" WHERE g.referrer_org_id IS NOT NULL) x WHERE customer <> referrer GROUP BY customer"
    )


def build_referrals(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_referred``: one row per customer on its first day, whether it came by referral, and the referrer."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_referred AS WITH s AS (SELECT c.*, a.value AS channel, b.value AS lead_source"
        f" FROM f_customer_start c"
        f" LEFT JOIN d_customer_attribute a ON a.customer = c.customer AND a.attribute = 'channel'"
        f" AND a.valid_from <= c.on_day AND c.on_day < a.valid_to"
        f" LEFT JOIN d_customer_attribute b ON b.customer = c.customer AND b.attribute = 'lead_source'"
        f" AND b.valid_from <= c.on_day AND c.on_day < b.valid_to)"
        f" SELECT s.on_day, s.customer, {REFERRAL.format(row='s')} AS referral, ref.referrer, s.system, s.record_table,"
        f" s.record_id FROM s LEFT JOIN k_referrer ref ON ref.customer = s.customer"
    )
