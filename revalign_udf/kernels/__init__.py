"""Kernels: portable SQL from canonical tables to facts.

They read the views ``c_<table>`` (live rows) of an open store and leave temporary tables ``f_<fact>`` and ``d_<...>`` on
the same connection, ready to be written into a snapshot. Amounts are whole micros or exact decimals of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from revalign_udf.kernels.additions import Additions, build_added_facts, put_dimensions
from revalign_udf.kernels.attribution import build_campaign_year, build_credits
from revalign_udf.kernels.bookings import build_booking_paying, build_booking_revenue
from revalign_udf.kernels.clv import build_clv
from revalign_udf.kernels.content import build_content
from revalign_udf.kernels.contracts import build_contracts
from revalign_udf.kernels.customers import build_attributes, build_customers, build_origins
from revalign_udf.kernels.feedback import build_surveys
from revalign_udf.kernels.funnel import build_deal_leads, build_reach
from revalign_udf.kernels.goals import build_goals
from revalign_udf.kernels.handoffs import TOLD_FROM, build_handoffs
from revalign_udf.kernels.identity import build_customers_keys
from revalign_udf.kernels.idle import Kernels
from revalign_udf.kernels.marketing import build_campaign_spend, build_emails, build_touches, build_web
from revalign_udf.kernels.pipeline import build_deals, build_open_deals, build_selling
from revalign_udf.kernels.programmes import build_lead_traits, build_programmes
from revalign_udf.kernels.rates import RateBook
from revalign_udf.kernels.recurring import build_movement_variants, build_movements
from revalign_udf.kernels.referrals import build_referrals, build_referrers
from revalign_udf.kernels.renewals import build_renewals
from revalign_udf.kernels.sales import build_sales, revenue_tables
from revalign_udf.kernels.spend import build_spend
from revalign_udf.kernels.teams import build_owner_teams, put_teams
from revalign_udf.kernels.touches import build_engagement
from revalign_udf.kernels.usage import build_usage
from revalign_udf.metrics import FACTS, Declared, Fact
from revalign_udf.metrics.profiles import PROFILES, steps_of

__all__ = ["Additions", "Built", "build_facts"]

#: tables of a snapshot besides the facts: name -> the temporary table it comes from
SUPPORT = {
    "customer": "d_customer",
    "customer_attribute": "d_customer_attribute",
    "fx": "d_fx",
    "excluded": "f_excluded",
    "goal": "d_goal",
    "team": "d_team",
    "subscription_line": "d_subscription_line",
}


_NOTHING = Additions()


@dataclass(frozen=True, slots=True)
class Built:
    """What the kernels left: snapshot table -> temporary table, the canonical tables each fact rests on, what a project
    and its plugins declare besides the catalogue, and by rules of movements the table that answers them."""

    tables: dict[str, str]
    rests_on: dict[str, tuple[str, ...]]
    declared: Declared = field(default_factory=Declared)
    variants: Mapping[str, str] = field(default_factory=dict)


def build_facts(
    con: duckdb.DuckDBPyConnection, currency: str, as_of: date, revenue_source: str = "",
    additions: Additions = _NOTHING, through: Callable[[Sequence[str]], date | None] | None = None,
    filled: Collection[str] | None = None,
) -> Built:  # fmt: skip
    """Run every kernel over the views of an open store, for a snapshot that speaks of the end of ``as_of``. ``through``
    tells the day through which some tables are loaded; without it they are taken as complete. ``filled`` names the
    canonical tables that may have rows, so that kernels with nothing to read need not run; without it all of them do."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_excluded (fact VARCHAR, reason VARCHAR, record_table VARCHAR, system VARCHAR,"
        " record_id VARCHAR, on_day DATE)"
    )
    book = RateBook(con, currency)
    run = Kernels(con, filled)
    run(build_customers_keys, con, additions.keys, additions.decided)
    run(build_owner_teams, con)
    run(build_movements, con, currency, book)
    # and the rules on the way to each profile, for bridges
    rules = [step.movements for profile in PROFILES.values() for _, step in steps_of(profile) if step.movements.key]
    variants = run(build_movement_variants, con, currency, book, rules) or {one.key: "f_movement" for one in rules}
    revenue = run(build_sales, con, currency, revenue_source, book) or revenue_tables(con, revenue_source)
    run(build_deal_leads, con)
    build_customers(con, as_of)
    run(build_origins, con)
    build_attributes(con)
    run(build_engagement, con)
    run(build_reach, con)
    run(build_lead_traits, con, as_of)
    run(build_spend, con, currency, book)
    run(build_web, con)
    run(build_campaign_spend, con, currency, book)
    run(build_touches, con)
    run(build_emails, con)
    run(build_referrers, con)
    run(build_deals, con, currency, book)
    run(build_open_deals, con, book)
    selling = run(build_selling, con, currency, book) or ("opportunity", "sales_order")
    run(build_booking_revenue, con)
    run(build_booking_paying, con)
    run(build_referrals, con)
    run(build_contracts, con, currency, book)
    run(build_credits, con)
    run(build_campaign_year, con)
    run(build_programmes, con, as_of)
    run(build_surveys, con)
    run(build_renewals, con, as_of)
    run(build_usage, con)
    run(build_content, con, as_of)
    handed = run(build_handoffs, con) or TOLD_FROM
    # customers whose orders are not loaded yet have not fallen silent
    run(build_clv, con, (through(revenue) if through else None) or as_of)
    run(build_goals, con, currency)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE d_fx AS SELECT date AS on_day, upper(from_currency) AS from_currency,"
        " upper(to_currency) AS to_currency, rate FROM c_fx_rate"
    )
    build_added_facts(con, additions.kernels)
    facts = {**FACTS, **{kernel.fact.name: kernel.fact for kernel in additions.kernels}}
    put_teams(con, facts)
    others = dict.fromkeys(
        (table.removeprefix("f_") for table in variants.values() if table != "f_movement"), facts["movement"]
    )
    cut = put_dimensions(con, additions.dimensions, {**facts, **others})
    facts = {name: cut[name] for name in facts}
    tables = {name: f"f_{name}" for name in (*facts, *others)} | SUPPORT
    rests_on = {name: fact.tables for name, fact in facts.items()} | dict.fromkeys(
        ("sale", "clv", "clv_model"), revenue
    )
    rests_on |= dict.fromkeys(others, FACTS["movement"].tables)
    rests_on |= {"selling": selling, "booking_revenue": ("opportunity", *revenue), "handoff": tuple(handed)}
    return Built(tables, rests_on, _declared(facts, additions), variants)


def _declared(facts: Mapping[str, Fact], additions: Additions) -> Declared:
    """Only what is not in the catalogue."""
    return Declared(
        {},
        {item.name: item for kernel in additions.kernels for item in kernel.components},
        {name: fact for name, fact in facts.items() if FACTS.get(name) != fact},
        {item.name: item.declared for item in additions.dimensions},
    )
