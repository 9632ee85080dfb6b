"""The fact tables of a snapshot and the dimensions that reach them."""

from __future__ import annotations

from typing import Literal

from revalign_udf.metrics.model import Dimension, Fact

__all__ = ["CORE_FACTS", "CUSTOMER", "DIMENSIONS", "MARKETING", "OWNER", "PRODUCT", "RECORD", "SHARED", "UNNAMED"]

Path = Literal["self", "customer"]

#: attributes of a customer, valid on a day; the kernel ``customers`` writes them
CUSTOMER: dict[str, Path] = dict.fromkeys(
    ("segment", "country", "industry", "owner", "team", "pod", "rep", "parent", "channel", "lead_source", "campaign",
     "cohort"), "customer"
)  # fmt: skip
PRODUCT: dict[str, Path] = {"product": "self", "product_line": "self"}
RECORD: dict[str, Path] = {"system": "self", "currency": "self"}
#: of the owner of the record on its day; filled in by the kernel ``teams``
OWNER: dict[str, Path] = dict.fromkeys(("owner", "team", "pod", "rep"), "self")
MARKETING: dict[str, Path] = {"channel": "self", "lead_source": "self", "campaign": "self"}
#: facts of which several values of a dimension may share a row that nobody can divide among them. Such a row has none of
#: these values; its column ``shared_by`` lists them
SHARED: dict[str, str] = {"campaign_spend": "lead_source", "campaign_year": "lead_source"}
#: facts whose records may not be kept by a dimension at all: expense, or visits, without campaigns. Where no
#: record of a component ever names a value of it, none of its values is known to be 0
UNNAMED: dict[str, tuple[str, ...]] = {
    "spend": ("product", "product_line", "channel", "campaign", "team", "pod"),
    "web": ("campaign",),
}

CORE_FACTS: tuple[Fact, ...] = (
    Fact(
        "movement",
        "on_day",
        ("subscription_item_period", "subscription"),
        {**CUSTOMER, **PRODUCT, **RECORD},
        "one row per item, customer and day whose recurring amount changed; annualised micros",
    ),
    Fact(
        "sale",
        "on_day",
        ("sales_order", "invoice_line", "invoice", "credit_note", "refund"),
        {**CUSTOMER, **PRODUCT, **RECORD},
        "one row per order, invoice line, credit note or uncovered refund; micros",
    ),
    Fact(
        "customer_start",
        "on_day",
        ("subscription_item_period", "sales_order", "subscription"),
        {**CUSTOMER, "system": "self"},
        "one row per customer, on the first date ever with MRR > 0 or an order",
    ),
    Fact(
        "spend",
        "on_day",
        ("expense",),
        {**PRODUCT, **RECORD, "channel": "self", "campaign": "self", "team": "self", "pod": "self"},
        "expense by day, signed; micros",
    ),
    Fact(
        "reach",
        "on_day",
        ("lead", "lifecycle_event", "opportunity"),
        {**MARKETING, **OWNER, "cohort": "self", "system": "self", "segment": "customer", "country": "customer",
         "industry": "customer"},
        "one row per lead and stage reached: the first event at the stage or any later one; one per time it was reopened",
    ),
    Fact("web", "on_day", ("web_daily",), {"channel": "self", "campaign": "self", "system": "self"}, "web visits by day"),
    Fact(
        "campaign_spend",
        "on_day",
        ("campaign_cost",),
        {**RECORD, **MARKETING},
        "what campaigns cost, by day; a breakdown, never added to spend; micros",
    ),
    Fact(
        "touch",
        "on_day",
        ("touch",),
        {**MARKETING, "system": "self", "segment": "customer", "country": "customer", "industry": "customer"},
        "one row per demo or trial",
    ),
    Fact(
        "email",
        "on_day",
        ("touch",),
        {"channel": "self", "campaign": "self", "system": "self", "segment": "customer", "country": "customer",
         "industry": "customer"},
        "one row per message delivered to someone, by delivery date",
    ),
    Fact(
        "deal",
        "on_day",
        ("opportunity",),
        {**MARKETING, **RECORD, **OWNER, "segment": "customer", "country": "customer", "industry": "customer"},
        "one row per opportunity won or lost, by closing date; annual contract value in micros",
    ),
    Fact(
        "survey",
        "on_day",
        ("survey_response",),
        {**CUSTOMER, **PRODUCT, "system": "self"},
        "one row per answer with a score",
    ),
    )  # fmt: skip

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
        Dimension("cohort", "Cohort", "month of the first MRR or order; of a lead: in which it reached the stage"),
        Dimension("product", "Product", "of the item, order or line itself"),
        Dimension("product_line", "Product line", "of the item, order or line itself"),
        Dimension("system", "System", "the connection a record came from"),
        Dimension("currency", "Currency", "the record's original currency"),
        Dimension("team", "Team", "of the owner of the record on its day, else of the customer's; of an expense"),
        Dimension("pod", "Pod", "of the team"),
        Dimension("from_team", "From team", "of a hand-off: who gave the lead"),
        Dimension("to_team", "To team", "of a hand-off: who got the lead"),
        Dimension("rep", "Rep", "the owner of the record by name, else the customer's"),
    )
}
