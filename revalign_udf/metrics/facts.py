"""The fact tables of a snapshot and the dimensions that reach them."""

from __future__ import annotations

from typing import Literal

from revalign_udf.metrics.model import Dimension, Fact

__all__ = ["DIMENSIONS", "FACTS"]

Path = Literal["self", "customer"]

#: attributes of a customer, valid on a day; the kernel ``customers`` writes them
_CUSTOMER: dict[str, Path] = dict.fromkeys(
    ("segment", "country", "industry", "owner", "parent", "channel", "lead_source", "campaign", "cohort"), "customer"
)
_PRODUCT: dict[str, Path] = {"product": "self", "product_line": "self"}
_RECORD: dict[str, Path] = {"system": "self", "currency": "self"}
_MARKETING: dict[str, Path] = {"channel": "self", "lead_source": "self", "campaign": "self"}

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact(
            "movement",
            "on_day",
            ("subscription_item_period", "subscription"),
            {**_CUSTOMER, **_PRODUCT, **_RECORD},
            "one row per item, customer and day whose recurring amount changed; annualised micros",
        ),
        Fact(
            "sale",
            "on_day",
            ("sales_order", "invoice_line", "invoice", "credit_note", "refund"),
            {**_CUSTOMER, **_PRODUCT, **_RECORD},
            "one row per order, invoice line, credit note or uncovered refund; micros",
        ),
        Fact(
            "customer_start",
            "on_day",
            ("subscription_item_period", "sales_order", "subscription"),
            {**_CUSTOMER, "system": "self"},
            "one row per customer, on the first date ever with MRR > 0 or an order",
        ),
        Fact(
            "spend",
            "on_day",
            ("expense",),
            {**_PRODUCT, **_RECORD, "channel": "self", "campaign": "self", "team": "self"},
            "expense by day, signed; micros",
        ),
        Fact(
            "reach",
            "on_day",
            ("lead", "lifecycle_event", "opportunity"),
            {**_MARKETING, "owner": "self", "system": "self", "segment": "customer", "country": "customer",
             "industry": "customer"},
            "one row per lead and stage reached: the first event at the stage or any later one",
        ),
        Fact("web", "on_day", ("web_daily",), {"channel": "self", "campaign": "self", "system": "self"}, "web visits by day"),
        Fact(
            "campaign_spend",
            "on_day",
            ("campaign_cost",),
            {**_RECORD, "channel": "self", "campaign": "self"},
            "what campaigns cost, by day; a breakdown, never added to spend; micros",
        ),
        Fact(
            "touch",
            "on_day",
            ("touch",),
            {"channel": "self", "campaign": "self", "system": "self", "segment": "customer", "country": "customer",
             "industry": "customer"},
            "one row per demo or trial",
        ),
        Fact(
            "email",
            "on_day",
            ("touch",),
            {"channel": "self", "campaign": "self", "system": "self"},
            "one row per message delivered to someone, by delivery date",
        ),
        Fact(
            "deal",
            "on_day",
            ("opportunity",),
            {**_MARKETING, **_RECORD, "owner": "self", "segment": "customer", "country": "customer", "industry": "customer"},
            "one row per opportunity won or lost, by closing date; annual contract value in micros",
        ),
        Fact(
            "survey",
            "on_day",
            ("survey_response",),
            {**_CUSTOMER, **_PRODUCT, "system": "self"},
            "one row per answer with a score",
        ),
    )
}  # fmt: skip

DIMENSIONS: dict[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        Dimension("segment", "Segment", "attribute history, else the organization's"),
        Dimension("country", "Country", "attribute history, else the organization's"),
        Dimension("industry", "Industry", "attribute history, else the organization's"),
        Dimension("owner", "Owner", "attribute history, else the organization's; of a lead: its own"),
        Dimension("parent", "Parent organization"),
        Dimension("channel", "Channel", "won new opportunity, else its lead, else the person's first source"),
        Dimension("lead_source", "Lead source", "won new opportunity, else its lead"),
        Dimension("campaign", "Campaign", "won new opportunity, else its lead"),
        Dimension("cohort", "Cohort", "month of the first MRR or order"),
        Dimension("product", "Product", "of the item, order or line itself"),
        Dimension("product_line", "Product line", "of the item, order or line itself"),
        Dimension("system", "System", "the connection a record came from"),
        Dimension("currency", "Currency", "the record's original currency"),
        Dimension("team", "Team", "of an expense"),
    )
}
