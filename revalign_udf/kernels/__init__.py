"""Kernels: portable SQL from canonical tables to facts.

They read the views ``c_<table>`` (live rows) of an open store and leave temporary tables ``f_<fact>`` and ``d_<...>`` on
the same connection, ready to be written into a snapshot. Amounts are whole micros or exact decimals of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from revalign_udf.kernels.customers import build_customers
from revalign_udf.kernels.feedback import build_surveys
from revalign_udf.kernels.funnel import build_deal_leads, build_reach
from revalign_udf.kernels.identity import build_customers_keys
from revalign_udf.kernels.marketing import build_campaign_spend, build_emails, build_touches, build_web
from revalign_udf.kernels.pipeline import build_deals
from revalign_udf.kernels.rates import RateBook
from revalign_udf.kernels.recurring import build_movements
from revalign_udf.kernels.sales import build_sales
from revalign_udf.kernels.spend import build_spend
from revalign_udf.metrics import FACTS

__all__ = ["Built", "build_facts"]

#: tables of a snapshot besides the facts: name -> the temporary table it comes from
SUPPORT = {
    "customer": "d_customer",
    "customer_attribute": "d_customer_attribute",
    "fx": "d_fx",
    "excluded": "f_excluded",
}


@dataclass(frozen=True, slots=True)
class Built:
    """What the kernels left: snapshot table -> temporary table, and the canonical tables each fact rests on."""

    tables: dict[str, str]
    rests_on: dict[str, tuple[str, ...]]


def build_facts(con: duckdb.DuckDBPyConnection, currency: str, as_of: date, revenue_source: str = "") -> Built:
    """Run every kernel over the views of an open store, for a snapshot that speaks of the end of ``as_of``."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_excluded (fact VARCHAR, reason VARCHAR, record_table VARCHAR, system VARCHAR,"
        " record_id VARCHAR, on_day DATE)"
    )
    book = RateBook(con, currency)
    build_customers_keys(con)
    build_movements(con, currency, book)
    revenue = build_sales(con, currency, revenue_source, book)
    build_deal_leads(con)
    build_customers(con, as_of)
    build_reach(con)
    build_spend(con, currency, book)
    build_web(con)
    build_campaign_spend(con, currency, book)
    build_touches(con)
    build_emails(con)
    build_deals(con, currency, book)
    build_surveys(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE d_fx AS SELECT date AS on_day, upper(from_currency) AS from_currency,"
        " upper(to_currency) AS to_currency, rate FROM c_fx_rate"
    )
    tables = {name: f"f_{name}" for name in FACTS} | SUPPORT
    rests_on = {name: fact.tables for name, fact in FACTS.items()} | {"sale": revenue}
    return Built(tables, rests_on)
