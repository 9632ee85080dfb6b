"""Marketing: web visits, campaign cost, demos, trials and e-mail, each as it was recorded by day."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates, currency_of
from revalign_udf.kernels.touches import touch_person

__all__ = ["build_campaign_spend", "build_emails", "build_touches", "build_web"]


def build_web(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_web``: visitors, sessions and sign-ups by day and channel."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_web AS SELECT w.date AS on_day, coalesce(w.visitors, 0) AS visitors,"
        " coalesce(w.sessions, 0) AS sessions, coalesce(w.signups, 0) AS signups, w.channel, w.campaign_id AS campaign,"
        " w._conn AS system, 'web_daily' AS record_table, w._key AS record_id FROM c_web_daily w"
    )


def build_campaign_spend(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``f_campaign_spend``: the breakdown of what campaigns cost. It is never added to expense.

    A campaign belongs to the lead source that all its leads with one name. Where they name several, its cost has no lead
    source, and ``shared_by`` lists those that took an unknown part of it; where they name none, it has none at all.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_campaign_source AS SELECT _conn, campaign_id AS campaign,"
        " CASE WHEN min(lead_source) = max(lead_source) THEN min(lead_source) END AS lead_source,"
        " CASE WHEN min(lead_source) < max(lead_source) THEN array_agg(DISTINCT lead_source ORDER BY lead_source) END"
        " AS shared_by FROM c_lead WHERE campaign_id IS NOT NULL AND lead_source IS NOT NULL GROUP BY _conn, campaign_id"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_campaign_spend AS SELECT k.date AS on_day,"
        f" CAST(round(k.amount * 1000000, 0) AS BIGINT) AS amount_src, {currency_of(currency, 'k.currency')} AS currency,"
        f" k.kind, coalesce(k.channel, c.channel) AS channel, s.lead_source, s.shared_by, k.campaign_id AS campaign,"
        f" k._conn AS system, 'campaign_cost' AS record_table, k._key AS record_id FROM c_campaign_cost k"
        f" LEFT JOIN c_campaign c ON c._conn = k._conn AND c.id = k.campaign_id"
        f" LEFT JOIN k_campaign_source s ON s._conn = k._conn AND s.campaign = k.campaign_id"
    )
    add_rates(book, "k_campaign_spend", "on_day", "currency")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_campaign_spend AS SELECT s.on_day, s.kind,"
        " CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) AS amount, s.amount_src, s.currency,"
        " s.channel, s.lead_source, s.shared_by, s.campaign, s.system, s.record_table, s.record_id FROM k_campaign_spend s"
        " LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency"
    )


def build_touches(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_touch``: demos and trials by day, with the day on which the customer began to pay, if ever; a bot's touches
    are left out."""
    person, found = touch_person()
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_trial AS SELECT t._conn, t.id, t.occurred_at__on AS on_day, t.kind, l.org_id,"
        f" {person} AS person_id, coalesce(t.channel, c.channel) AS channel, l.lead_source, t.campaign_id AS campaign"
        f" FROM c_touch t {found} LEFT JOIN c_campaign c ON c._conn = t._conn AND c.id = t.campaign_id"
        f" WHERE t.kind IN ('demo', 'trial') AND NOT coalesce(t.is_bot, false)"
    )
    customer, joins = customer_of("t", "t.org_id", "t.person_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_touch AS SELECT x.*, b.on_day AS paid_day FROM (SELECT t.on_day, t.kind,"
        f" {customer} AS customer, t.channel, t.lead_source, t.campaign, t._conn AS system, 'touch' AS record_table,"
        f" t.id AS record_id FROM k_trial t {joins}) x LEFT JOIN f_customer_start b ON b.customer = x.customer"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'touch', 'a bot', 'touch', t._conn, t.id, t.occurred_at__on FROM c_touch t"
        " WHERE t.kind IN ('demo', 'trial') AND coalesce(t.is_bot, false)"
    )


def build_emails(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_email``: one row per message delivered to someone, by delivery date, with the day on which a person (no
    bot) first opened and clicked it, however late. Automated programmes and campaigns to customers stand apart and are
    not in the headline rates. A message never delivered is listed and left out."""
    person, found = touch_person()
    human = "NOT coalesce(t.is_bot, false)"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_mail AS WITH w AS (SELECT t._conn, t.message_id, t.kind, t.is_bot, t.campaign_id,"
        f" t.occurred_at__on AS on_day, {person} AS person_id, l.org_id,"
        f" coalesce({person}, t.lead_id, t.anonymous_id) AS who FROM c_touch t {found} WHERE t.message_id IS NOT NULL)"
        f" SELECT t._conn, t.message_id, t.who, min(CASE WHEN t.kind = 'delivered' THEN t.on_day END) AS on_day,"
        f" min(t.on_day) AS first_day, min(CASE WHEN t.kind = 'opened' AND {human} THEN t.on_day END) AS opened_day,"
        f" min(CASE WHEN t.kind = 'clicked' AND {human} THEN t.on_day END) AS clicked_day,"
        f" min(t.campaign_id) AS campaign, min(t.person_id) AS person_id, min(t.org_id) AS org_id FROM w t"
        f" GROUP BY t._conn, t.message_id, t.who"
    )
    customer, joins = customer_of("m", "m.org_id", "m.person_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_email AS SELECT m.on_day, m.opened_day, m.clicked_day,"
        f" coalesce(c.automated, false) AS automated, coalesce(c.audience, 'prospect') AS audience,"
        f" {customer} AS customer, m.campaign, c.channel, m._conn AS system, 'touch' AS record_table,"
        f" m.message_id || '|' || m.who AS record_id FROM k_mail m"
        f" LEFT JOIN c_campaign c ON c._conn = m._conn AND c.id = m.campaign {joins} WHERE m.on_day IS NOT NULL"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'email', CASE WHEN opened_day IS NULL AND clicked_day IS NULL"
        " THEN 'never delivered' ELSE 'opened or clicked, delivery not recorded' END, 'touch', _conn,"
        " message_id || '|' || who, first_day FROM k_mail WHERE on_day IS NULL"
    )
