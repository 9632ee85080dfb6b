"""Kernels with nothing to read: what they would leave is made empty, without running their SQL.

A company that keeps no campaigns, contracts or surveys has no rows for the kernels that read them, and planning their
statements takes longer than everything else a small build does. The columns written here are those the SQL gives; a test
runs it and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import ParamSpec, TypeVar

import duckdb

__all__ = ["IDLE", "Kernels"]

P = ParamSpec("P")
T = TypeVar("T")

#: kernel -> (canonical tables: where all of them are empty it has nothing to say nor to list as left out; what it leaves
#: for a snapshot or for other kernels, with its columns)
IDLE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "build_customers_keys": (
        "organization person identity_link",
        {
            "k_same": "entity VARCHAR, conn VARCHAR, id VARCHAR, root VARCHAR",
        },
    ),
    "build_owner_teams": (
        "owner owner_team",
        {
            "k_owner_team": "_conn VARCHAR, owner VARCHAR, team VARCHAR, pod VARCHAR, rep VARCHAR, valid_from DATE, valid_to"
            " DATE",
        },
    ),
    "build_movements": (
        "subscription_item_period",
        {
            "f_movement": "on_day DATE, customer VARCHAR, kind VARCHAR, amount DECIMAL(38,12), amount_src BIGINT, currency"
            " VARCHAR, product VARCHAR, product_line VARCHAR, system VARCHAR, record_table VARCHAR, record_id"
            " VARCHAR, subscription VARCHAR",
        },
    ),
    "build_movement_variants": (
        "subscription_item_period",
        {},
    ),
    "build_sales": (
        "sales_order invoice invoice_line credit_note refund",
        {
            "k_sale": "on_day DATE, customer VARCHAR, kind VARCHAR, amount_src BIGINT, orders INTEGER, currency"
            " VARCHAR, product VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_deal_leads": (
        "opportunity",
        {
            "k_deal_lead": "_conn VARCHAR, id VARCHAR, lead_id VARCHAR",
        },
    ),
    "build_origins": (
        "opportunity lead person",
        {
            "k_origin": "customer VARCHAR, attribute VARCHAR, value VARCHAR",
        },
    ),
    "build_engagement": (
        "touch",
        {
            "k_anonymous": "_conn VARCHAR, anonymous_id VARCHAR, person_id VARCHAR",
            "k_engaged": "_conn VARCHAR, id VARCHAR, kind VARCHAR, occurred_at TIMESTAMP, on_day DATE, lead_id VARCHAR,"
            " person VARCHAR, customer VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign VARCHAR",
        },
    ),
    "build_reach": (
        "lead lifecycle_event",
        {
            "k_home": "_conn VARCHAR, id VARCHAR, stage VARCHAR, occurred_at TIMESTAMP, on_day DATE, lead_id VARCHAR",
            "f_reach": "on_day DATE, stage VARCHAR, mql_day DATE, sal_day DATE, sql_day DATE, opportunity_day DATE,"
            " customer_day DATE, customer VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign VARCHAR,"
            " owner VARCHAR, cohort VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_lead_traits": (
        "lead score_event",
        {
            "k_score": "_conn VARCHAR, id VARCHAR, lead_id VARCHAR, person_id VARCHAR, moment TIMESTAMP, on_day DATE,"
            " value DECIMAL(38,10), delta DECIMAL(38,10)",
            "f_lead_score": "on_day DATE, stage VARCHAR, mql_day DATE, sal_day DATE, sql_day DATE, opportunity_day DATE,"
            " customer_day DATE, customer VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign VARCHAR,"
            " owner VARCHAR, cohort VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR, score"
            " DECIMAL(38,10)",
            "f_criterion": "on_day DATE, stage VARCHAR, mql_day DATE, sal_day DATE, sql_day DATE, opportunity_day DATE,"
            " customer_day DATE, customer VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign VARCHAR,"
            " owner VARCHAR, cohort VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR,"
            " criterion VARCHAR, value VARCHAR",
        },
    ),
    "build_spend": (
        "expense",
        {
            "f_spend": "on_day DATE, function VARCHAR, kind VARCHAR, amount DECIMAL(38,12), amount_src BIGINT, currency"
            " VARCHAR, product VARCHAR, product_line VARCHAR, channel VARCHAR, campaign VARCHAR, team VARCHAR,"
            " system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_web": (
        "web_daily",
        {
            "f_web": "on_day DATE, visitors BIGINT, sessions BIGINT, signups BIGINT, channel VARCHAR, campaign"
            " VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_campaign_spend": (
        "campaign_cost lead",
        {
            "k_campaign_source": "_conn VARCHAR, campaign VARCHAR, lead_source VARCHAR, shared_by VARCHAR[]",
            "f_campaign_spend": "on_day DATE, kind VARCHAR, amount DECIMAL(38,12), amount_src BIGINT, currency VARCHAR, channel"
            " VARCHAR, lead_source VARCHAR, shared_by VARCHAR[], campaign VARCHAR, system VARCHAR, record_table VARCHAR,"
            " record_id VARCHAR",
        },
    ),
    "build_touches": (
        "touch",
        {
            "f_touch": "on_day DATE, kind VARCHAR, customer VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign"
            " VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR, paid_day DATE",
        },
    ),
    "build_emails": (
        "touch",
        {
            "f_email": "on_day DATE, opened_day DATE, clicked_day DATE, automated BOOLEAN, audience VARCHAR, customer"
            " VARCHAR, campaign VARCHAR, channel VARCHAR, system VARCHAR, record_table VARCHAR, record_id"
            " VARCHAR",
        },
    ),
    "build_referrers": (
        "organization",
        {
            "k_referrer": "customer VARCHAR, referrer VARCHAR",
        },
    ),
    "build_deals": (
        "opportunity",
        {
            "k_opportunity": "system VARCHAR, record_id VARCHAR, outcome VARCHAR, kind VARCHAR, stage VARCHAR, pipeline"
            " VARCHAR, loss_reason VARCHAR, competitor VARCHAR, amount DECIMAL(38,10), amount_basis VARCHAR,"
            " term_months BIGINT, close_date DATE, currency VARCHAR, created_day DATE, closed_day DATE,"
            " customer VARCHAR, owner VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign VARCHAR,"
            " record_table VARCHAR",
            "f_deal": "on_day DATE, outcome VARCHAR, kind VARCHAR, amount DECIMAL(38,12), amount_src BIGINT, cycle_days"
            " BIGINT, referral INTEGER, loss_reason VARCHAR, competitor VARCHAR, name VARCHAR, currency"
            " VARCHAR, customer VARCHAR, owner VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign"
            " VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_open_deals": (
        "opportunity opportunity_snapshot",
        {
            "f_open_deal": "on_day DATE, until DATE, close_date DATE, kind VARCHAR, amount DECIMAL(38,12), amount_src"
            " BIGINT, currency VARCHAR, customer VARCHAR, owner VARCHAR, channel VARCHAR, lead_source VARCHAR,"
            " campaign VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_selling": (
        "opportunity sales_order",
        {
            "f_selling": "on_day DATE, kind VARCHAR, since DATE, amount DECIMAL(38,12), amount_src BIGINT, currency"
            " VARCHAR, customer VARCHAR, owner VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign"
            " VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_booking_revenue": (
        "opportunity",
        {
            "f_booking_revenue": "on_day DATE, paid_day DATE, amount DECIMAL(38,12), currency VARCHAR, customer VARCHAR, owner"
            " VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign VARCHAR, system VARCHAR, record_table"
            " VARCHAR, record_id VARCHAR",
        },
    ),
    "build_booking_paying": (
        "opportunity",
        {
            "f_booking_paying": "on_day DATE, paid_from DATE, paid_until DATE, amount DECIMAL(38,12), amount_src BIGINT, currency"
            " VARCHAR, customer VARCHAR, owner VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign"
            " VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_referrals": (
        "subscription_item_period sales_order",
        {
            "f_referred": "on_day DATE, customer VARCHAR, referral INTEGER, referrer VARCHAR, system VARCHAR, record_table"
            " VARCHAR, record_id VARCHAR",
        },
    ),
    "build_contracts": (
        "contract",
        {
            "f_contract": "on_day DATE, until DATE, customer VARCHAR, amount DECIMAL(38,12), amount_src BIGINT, currency"
            " VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_credits": (
        "opportunity",
        {
            "f_credit": "on_day DATE, outcome VARCHAR, model VARCHAR, deal VARCHAR, kind VARCHAR, place BIGINT, touches"
            " BIGINT, age BIGINT, touch_day DATE, amount DECIMAL(38,12), amount_src BIGINT, currency VARCHAR,"
            " customer VARCHAR, owner VARCHAR, channel VARCHAR, lead_source VARCHAR, campaign VARCHAR, system"
            " VARCHAR, record_table VARCHAR, record_id VARCHAR, touch_system VARCHAR, touch VARCHAR",
        },
    ),
    "build_campaign_year": (
        "opportunity campaign_cost",
        {
            "f_campaign_year": "on_day DATE, kind VARCHAR, model VARCHAR, happened DATE, amount DECIMAL(38,12), currency"
            " VARCHAR, customer VARCHAR, channel VARCHAR, lead_source VARCHAR, shared_by VARCHAR[], campaign VARCHAR,"
            " system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_programmes": (
        "programme_membership",
        {
            "f_programme": "on_day DATE, campaign VARCHAR, step VARCHAR, status VARCHAR, score_change DECIMAL(38,10),"
            " customer VARCHAR, channel VARCHAR, lead_source VARCHAR, owner VARCHAR, system VARCHAR,"
            " record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_surveys": (
        "survey_response",
        {
            "f_survey": "on_day DATE, kind VARCHAR, score DECIMAL(38,10), scale_max DECIMAL(38,10), verbatim INTEGER,"
            " customer VARCHAR, product VARCHAR, product_line VARCHAR, system VARCHAR, record_table VARCHAR,"
            " record_id VARCHAR",
        },
    ),
    "build_renewals": (
        "subscription subscription_term subscription_item_period",
        {
            "d_subscription_line": "system VARCHAR, subscription VARCHAR, line VARCHAR",
            "f_subscription": "on_day DATE, customer VARCHAR, ended DATE, ending VARCHAR, system VARCHAR, record_table VARCHAR,"
            " record_id VARCHAR",
            "f_renewal": "on_day DATE, kind VARCHAR, customer VARCHAR, line VARCHAR, subscription VARCHAR, began DATE,"
            " term BIGINT, kept INTEGER, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
            "f_payer": "on_day DATE, until DATE, customer VARCHAR, known INTEGER, size VARCHAR, system VARCHAR,"
            " record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_usage": (
        "usage_daily",
        {
            "f_usage": "on_day DATE, customer VARCHAR, product VARCHAR, product_line VARCHAR, feature VARCHAR,"
            " active_users BIGINT, users BIGINT, events BIGINT, seats BIGINT, monthly_active_users BIGINT,"
            " system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_content": (
        "content_asset",
        {
            "f_content": "on_day DATE, until DATE, name VARCHAR, team VARCHAR, stage VARCHAR, campaign VARCHAR, profile"
            " VARCHAR, used_day DATE, reviewed_day DATE, last_day DATE, system VARCHAR, record_table VARCHAR,"
            " record_id VARCHAR",
        },
    ),
    "build_handoffs": (
        "handoff lifecycle_event team",
        {
            "d_team": "system VARCHAR, id VARCHAR, name VARCHAR, function VARCHAR, pod VARCHAR",
            "f_handoff": "on_day DATE, handed_at TIMESTAMP, from_team VARCHAR, to_team VARCHAR, owner VARCHAR, owner_known"
            " INTEGER, active_from DATE, active_to DATE, lead VARCHAR, contact_at TIMESTAMP, contact_on DATE,"
            " accepted_at TIMESTAMP, accepted_on DATE, rejected_at TIMESTAMP, rejected_on DATE, feedback_at"
            " TIMESTAMP, feedback_on DATE, returned_at TIMESTAMP, returned_on DATE, reason VARCHAR,"
            " fields_present BIGINT, fields_required BIGINT, fields VARCHAR, customer VARCHAR, channel"
            " VARCHAR, lead_source VARCHAR, campaign VARCHAR, system VARCHAR, record_table VARCHAR, record_id"
            " VARCHAR",
        },
    ),
    "build_clv": (
        "sales_order invoice invoice_line credit_note refund",
        {
            "f_clv": "on_day DATE, customer VARCHAR, frequency BIGINT, recency_days BIGINT, age_days BIGINT, spend"
            " DECIMAL(38,12), repeat_spend DECIMAL(38,12), p_alive DECIMAL(18,12), expected_purchases"
            " DECIMAL(18,12), predicted BIGINT, refusal VARCHAR, system VARCHAR, record_table VARCHAR,"
            " record_id VARCHAR",
            "f_clv_model": "on_day DATE, model VARCHAR, name VARCHAR, value DECIMAL(38,12), text VARCHAR, system VARCHAR,"
            " record_table VARCHAR, record_id VARCHAR",
        },
    ),
    "build_goals": (
        "goal",
        {
            "d_goal": "metric VARCHAR, period VARCHAR, value BIGINT, currency VARCHAR, team VARCHAR, owner VARCHAR,"
            " promise INTEGER, system VARCHAR, record_table VARCHAR, record_id VARCHAR",
        },
    ),
}


class Kernels:
    """Runs kernels, but for those that have nothing to read. ``filled`` names the canonical tables that may have rows;
    None stands for all of them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, filled: Collection[str] | None) -> None:
        self.idle = {
            name for name, (reads, _) in IDLE.items() if filled is not None and not set(reads.split()) & {*filled}
        }
        made = [
            f"CREATE OR REPLACE TEMP TABLE {table} ({columns})" for name in IDLE if name in self.idle
            for table, columns in IDLE[name][1].items()
        ]  # fmt: skip
        con.execute("; ".join(made))

    def __call__(self, kernel: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What the kernel returns, or None from one with nothing to read."""
        return None if kernel.__name__ in self.idle else kernel(*args, **kwargs)
