"""Marketing: web visits, campaign cost and e-mail, each as it was recorded by day."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates

__all__ = ["build_campaign_spend", "build_emails", "build_touches", "build_web"]


def build_web(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_web``: visitors, sessions and sign-ups by day and channel."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_web AS SELECT w.date AS on_day, coalesce(w.visitors, 0) AS visitors,"
        " coalesce(w.sessions, 0) AS sessions, coalesce(w.signups, 0) AS signups, w.channel, w.campaign_id AS campaign,"
        " w._conn AS system, 'web_daily' AS record_table, w._key AS record_id FROM c_web_daily w"
    )


def build_campaign_spend(con: duckdb.DuckDBPyConnection, currency: str, book: RateBook) -> None:
    """Make ``f_campaign_spend``: the breakdown of what campaigns cost. It is never added to expense."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_campaign_spend AS SELECT k.date AS on_day,"
        f" CAST(round(k.amount * 1000000, 0) AS BIGINT) AS amount_src, coalesce(k.currency, '{currency}') AS currency,"
        f" k.kind, coalesce(k.channel, c.channel) AS channel, k.campaign_id AS campaign, k._conn AS system,"
        f" 'campaign_cost' AS record_table, k._key AS record_id FROM c_campaign_cost k"
        f" LEFT JOIN c_campaign c ON c._conn = k._conn AND c.id = k.campaign_id"
    )
    add_rates(book, "k_campaign_spend", "on_day", "currency")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_campaign_spend AS SELECT s.on_day, s.kind,"
        " CAST(CAST(s.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) AS amount, s.amount_src, s.currency,"
        " s.channel, s.campaign, s.system, s.record_table, s.record_id FROM k_campaign_spend s"
        " LEFT JOIN k_rate r ON r.day = s.on_day AND r.currency = s.currency"
    )


def build_touches(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_touch``: demos and trials by day; a bot's touches are left out."""
    customer, joins = customer_of("t", "l.org_id", "coalesce(t.person_id, l.person_id)")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_touch AS SELECT t.occurred_at__on AS on_day, t.kind, {customer} AS customer,"
        f" coalesce(t.channel, c.channel) AS channel, t.campaign_id AS campaign, t._conn AS system,"
        f" 'touch' AS record_table, t.id AS record_id FROM c_touch t"
        f" LEFT JOIN c_lead l ON l._conn = t._conn AND l.id = t.lead_id"
        f" LEFT JOIN c_campaign c ON c._conn = t._conn AND c.id = t.campaign_id {joins}"
        f" WHERE t.kind IN ('demo', 'trial') AND NOT coalesce(t.is_bot, false)"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'touch', 'a bot', 'touch', t._conn, t.id, t.occurred_at__on FROM c_touch t"
        " WHERE t.kind IN ('demo', 'trial') AND coalesce(t.is_bot, false)"
    )


def build_emails(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_email``: one row per message delivered to someone, by delivery date, with whether a person (no bot) opened
    and clicked it. Automated programmes and campaigns to customers stand apart and are not in the headline rates."""
    who = "coalesce(t.person_id, t.lead_id, t.anonymous_id)"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_email AS WITH m AS (SELECT t._conn, t.message_id, {who} AS who,"
        f" min(CASE WHEN t.kind = 'delivered' THEN t.occurred_at__on END) AS on_day,"
        f" max(CASE WHEN t.kind = 'opened' AND NOT coalesce(t.is_bot, false) THEN 1 ELSE 0 END) AS opened,"
        f" max(CASE WHEN t.kind = 'clicked' AND NOT coalesce(t.is_bot, false) THEN 1 ELSE 0 END) AS clicked,"
        f" min(t.campaign_id) AS campaign FROM c_touch t WHERE t.message_id IS NOT NULL"
        f" GROUP BY t._conn, t.message_id, {who})"
        f" SELECT m.on_day, m.opened, m.clicked, coalesce(c.automated, false) AS automated,"
        f" coalesce(c.audience, 'prospect') AS audience, m.campaign, c.channel, m._conn AS system,"
        f" 'touch' AS record_table, m.message_id || '|' || m.who AS record_id FROM m"
        f" LEFT JOIN c_campaign c ON c._conn = m._conn AND c.id = m.campaign WHERE m.on_day IS NOT NULL"
    )
