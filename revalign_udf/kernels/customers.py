"""Customers: when each one began, and its attributes with the days on which they hold."""

from __future__ import annotations

from datetime import date

import duckdb

from revalign_udf.kernels.identity import customer_of

__all__ = ["build_attributes", "build_customers", "build_origins"]

_FOREVER = "DATE '9999-12-31'"
_ALWAYS = "DATE '0001-01-01'"
_HISTORY = {
    "segment": "segment",
    "country": "country",
    "industry": "industry",
    "owner": "owner_id",
    "parent": "parent_org_id",
}


def build_customers(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make ``f_customer_start``, ``f_sale`` and ``d_customer``.

    A customer begins on the first date ever with MRR above zero or with an order of any amount not below zero. A date
    after the as-of day has not come: an invoice before a subscription that is yet to start does not wait for it.
    """
    orders, joins = customer_of("o", "o.org_id", "o.person_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_customer_start AS WITH b AS ("
        f" SELECT customer, on_day, system, record_table, record_id FROM f_movement WHERE kind = 'new'"
        f" UNION ALL SELECT {orders}, o.ordered_at__on, o._conn, 'sales_order', o.id FROM c_sales_order o {joins}"
        f" WHERE o.amount >= 0)"
        f" SELECT on_day, customer, system, record_table, record_id FROM (SELECT *, row_number() OVER (PARTITION BY"
        f" customer ORDER BY on_day, record_table, system, record_id) AS n FROM b WHERE on_day <= DATE '{as_of}') x WHERE n = 1"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_sale AS SELECT s.on_day, s.customer, s.kind,"
        " CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) AS amount, s.amount_src, s.orders,"
        " s.currency, s.product, p.product_line, s.system, s.record_table, s.record_id,"
        # a customer of invoices only has no first order; the first sale then says since when
        " coalesce(c.on_day, min(s.on_day) OVER (PARTITION BY s.customer)) AS customer_since"
        " FROM k_sale s LEFT JOIN f_customer_start c ON c.customer = s.customer"
        " LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency"
        " LEFT JOIN c_product p ON p._conn = s.system AND p.id = s.product"
    )
    customer, joins = customer_of("g", "g.id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_org AS SELECT g._conn, g.id, {customer} AS customer, g.name, g.segment,"
        f" g.country, g.industry, g.owner_id, g.parent_org_id, CASE WHEN g.merged_into IS NULL THEN 0 ELSE 1 END AS gone"
        f" FROM c_organization g {joins}"
    )
    _names(con)


def _names(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE d_customer AS SELECT c.customer, coalesce(g.name, c.customer) AS name"
        " FROM (SELECT customer FROM f_customer_start UNION SELECT customer FROM f_sale UNION SELECT customer"
        " FROM f_movement) c LEFT JOIN (SELECT customer, name, row_number() OVER (PARTITION BY customer ORDER BY gone,"
        " _conn, id) AS n FROM k_org) g ON g.customer = c.customer AND g.n = 1 WHERE c.customer IS NOT NULL"
    )


def build_attributes(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``d_customer_attribute``: history rows hold from their first day to the next row's; what no history row covers
    is filled with the organization's own value. On every day a customer has at most one value of an attribute; anything
    else would count its money twice."""
    names = " ".join(f"WHEN '{column}' THEN '{name}'" for name, column in _HISTORY.items() if name != column)
    known = ", ".join(f"'{name}'" for name in _HISTORY)
    history, joins = customer_of("h", "h.entity_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_dated AS WITH h AS (SELECT {history} AS customer, CASE lower(h.attribute)"
        f" {names} ELSE lower(h.attribute) END AS attribute, h.value,"
        f" h.valid_from, h.valid_to, h._conn FROM c_attribute_history h {joins} WHERE lower(h.entity) = 'organization'"
        f" AND (h.valid_to IS NULL OR h.valid_from < h.valid_to)),"
        f" one AS (SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY customer, attribute, valid_from"
        f" ORDER BY _conn, value) AS n FROM h WHERE attribute IN ({known})) x WHERE n = 1),"
        f" spans AS (SELECT customer, attribute, value, _conn, valid_from, lead(valid_from) OVER (PARTITION BY customer,"
        f" attribute ORDER BY valid_from) AS following, valid_to FROM one)"
        f" SELECT customer, attribute, value, _conn, valid_from, CASE WHEN valid_to IS NULL THEN coalesce(following, {_FOREVER})"
        f" WHEN following IS NULL OR valid_to < following THEN valid_to ELSE following END AS valid_to FROM spans"
    )
    own = " UNION ALL ".join(
        f"SELECT customer, '{name}' AS attribute, {column} AS value, gone, _conn, id FROM k_org WHERE {column} IS NOT NULL"
        for name, column in _HISTORY.items()
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_own AS SELECT customer, attribute, value, _conn FROM (SELECT *, row_number() OVER"
        f" (PARTITION BY customer, attribute ORDER BY gone, _conn, id) AS n FROM ({own}) o) x WHERE n = 1"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_attribute AS SELECT customer, attribute, value, _conn, valid_from, valid_to"
        f" FROM k_dated"
        # before the first row, between rows and after the last: the organization's own value
        f" UNION ALL SELECT o.customer, o.attribute, o.value, o._conn, g.valid_from, g.valid_to FROM k_own o JOIN ("
        f"  SELECT customer, attribute, valid_to AS valid_from, coalesce(lead(valid_from) OVER w, {_FOREVER}) AS valid_to"
        f"  FROM k_dated WINDOW w AS (PARTITION BY customer, attribute ORDER BY valid_from)"
        f"  UNION ALL SELECT customer, attribute, {_ALWAYS}, min(valid_from) FROM k_dated GROUP BY customer, attribute"
        f" ) g ON g.customer = o.customer AND g.attribute = o.attribute WHERE g.valid_from < g.valid_to"
        f" UNION ALL SELECT o.customer, o.attribute, o.value, o._conn, {_ALWAYS}, {_FOREVER} FROM k_own o WHERE NOT EXISTS"
        f" (SELECT 1 FROM k_dated h WHERE h.customer = o.customer AND h.attribute = o.attribute)"
    )
    # the team, pod and name of the customer's owner, for as long as both the ownership and the team hold
    owned = " UNION ALL ".join(
        f"SELECT a.customer, '{name}', t.{name}, greatest(a.valid_from, t.valid_from), least(a.valid_to, t.valid_to)"
        f" FROM k_attribute a JOIN k_owner_team t ON t._conn = a._conn AND t.owner = a.value"
        f" AND t.valid_from < a.valid_to AND a.valid_from < t.valid_to WHERE a.attribute = 'owner' AND t.{name} IS NOT NULL"
        for name in ("team", "pod", "rep")
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE d_customer_attribute AS SELECT customer, attribute, value, valid_from, valid_to"
        f" FROM k_attribute UNION ALL {owned}"
        f" UNION ALL SELECT customer, 'cohort', strftime(on_day, '%Y-%m'), {_ALWAYS}, {_FOREVER} FROM f_customer_start"
        f" UNION ALL SELECT customer, attribute, value, {_ALWAYS}, {_FOREVER} FROM k_origin"
    )


def build_origins(con: duckdb.DuckDBPyConnection) -> None:
    """``k_origin``: channel, lead source and campaign of a customer: its first won new opportunity, else that one's lead,
    else its first person's source."""
    customer, joins = customer_of("o", "o.org_id")
    person, person_joins = customer_of("q", "q.org_id", "q.id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_origin AS WITH won AS (SELECT * FROM (SELECT o._conn, o.id, {customer} AS"
        f" customer, o.channel, o.lead_source, o.campaign_id, row_number() OVER (PARTITION BY {customer}"
        f" ORDER BY coalesce(o.closed_at, o.created_at), o._conn, o.id) AS n FROM c_opportunity o {joins}"
        f" WHERE o.outcome = 'won' AND coalesce(o.type, 'new') = 'new') x WHERE n = 1),"
        f" led AS (SELECT w.customer, coalesce(w.channel, l.channel) AS channel,"
        f" coalesce(w.lead_source, l.lead_source) AS lead_source, coalesce(w.campaign_id, l.campaign_id) AS campaign"
        f" FROM won w LEFT JOIN k_deal_lead d ON d._conn = w._conn AND d.id = w.id"
        f" LEFT JOIN c_lead l ON l._conn = d._conn AND l.id = d.lead_id),"
        f" met AS (SELECT * FROM (SELECT {person} AS customer, q.first_source AS channel, row_number() OVER (PARTITION BY"
        f" {person} ORDER BY CASE WHEN q.first_touch_at IS NULL THEN 1 ELSE 0 END, q.first_touch_at, q._conn, q.id) AS n"
        f" FROM c_person q {person_joins} WHERE q.first_source IS NOT NULL) x WHERE n = 1),"
        f" every AS (SELECT customer FROM led UNION SELECT customer FROM met),"
        f" origin AS (SELECT e.customer, coalesce(l.channel, m.channel) AS channel, l.lead_source, l.campaign"
        f" FROM every e LEFT JOIN led l ON l.customer = e.customer LEFT JOIN met m ON m.customer = e.customer)"
        f" SELECT customer, 'channel' AS attribute, channel AS value FROM origin WHERE channel IS NOT NULL"
        f" UNION ALL SELECT customer, 'lead_source', lead_source FROM origin WHERE lead_source IS NOT NULL"
        f" UNION ALL SELECT customer, 'campaign', campaign FROM origin WHERE campaign IS NOT NULL"
    )
