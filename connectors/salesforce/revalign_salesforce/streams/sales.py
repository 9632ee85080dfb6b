"""Opportunities with their lines, products, contracts and orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from revalign_salesforce.streams.common import chosen, row
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path
from revalign_udf.errors import BadRecord

__all__ = ["contract", "line", "opportunity", "order", "outcome", "product", "type_of"]

#: Salesforce's own values of Opportunity.Type, and the usual ones; a downgrade or replacement renews what there was
_TYPES = {
    "new": "new", "new business": "new", "new customer": "new", "new logo": "new", "new client": "new",
    "existing customer - upgrade": "expansion", "existing business": "expansion", "expansion": "expansion",
    "upsell": "upsell", "up-sell": "upsell", "add-on": "upsell", "add-on business": "upsell",
    "cross-sell": "cross_sell", "cross sell": "cross_sell", "new product": "new_product",
    "renewal": "renewal", "existing customer - renewal": "renewal", "existing customer - replacement": "renewal",
    "existing customer - downgrade": "renewal",
}  # fmt: skip
#: custom fields that are named for what they hold; the first that exists counts
LOSS_REASONS = ("Loss_Reason__c", "Lost_Reason__c", "Closed_Lost_Reason__c")
COMPETITORS = ("Competitor__c", "Main_Competitor__c", "Primary_Competitor__c")


def outcome(record: Mapping[str, Any]) -> str:
    """Won, lost or open, by Salesforce's own flags: names of stages differ everywhere."""
    if record.get("IsWon"):
        return "won"
    return "lost" if record.get("IsClosed") else "open"


def type_of(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> str | None:
    """The kind of business, None where the value means nothing to us."""
    return chosen(mapping, "Opportunity", "type", record.get("Type"), _TYPES)


_OPPORTUNITY: dict[str, Path] = {
    "org_id": "AccountId", "created_at": "CreatedDate", "stage": "StageName", "amount": "Amount",
    "currency": "CurrencyIsoCode", "owner_id": "OwnerId", "close_date": "CloseDate",
    "closed_at": lambda record: record.get("CloseDate") if record.get("IsClosed") else None,
    "outcome": outcome, "lead_source": "LeadSource", "campaign_id": "CampaignId",
    "pipeline": "RecordType.DeveloperName",
    "loss_reason": lambda record: next((record[name] for name in LOSS_REASONS if record.get(name)), None),
    "competitor": lambda record: next((record[name] for name in COMPETITORS if record.get(name)), None),
    "updated_at": "LastModifiedDate",
}  # fmt: skip
_LINE: dict[str, Path] = {
    "opportunity_id": "OpportunityId", "product_id": "Product2Id", "quantity": "Quantity", "amount": "TotalPrice",
    "updated_at": "LastModifiedDate",
}  # fmt: skip
_PRODUCT: dict[str, Path] = {"name": "Name", "product_line": "Family", "updated_at": "LastModifiedDate"}
_CONTRACT: dict[str, Path] = {
    "org_id": "AccountId", "start_date": "StartDate", "end_date": "EndDate", "currency": "CurrencyIsoCode",
    "term_months": "ContractTerm", "opportunity_id": "SBQQ__Opportunity__c", "updated_at": "LastModifiedDate",
}  # fmt: skip
_ORDER: dict[str, Path] = {
    "org_id": "AccountId", "ordered_at": "EffectiveDate", "amount": "TotalAmount", "currency": "CurrencyIsoCode",
    "updated_at": "LastModifiedDate",
}  # fmt: skip


def opportunity(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Opportunity -> opportunity. One without an account belongs to nobody: it is listed with the rejects."""
    table, found = row(
        "opportunity", record, _OPPORTUNITY, mapping, "Opportunity",
        keep=("Name", "Type", "ForecastCategoryName", "Probability"),
    )  # fmt: skip
    named = dict(found)
    if not named.get("org_id"):
        raise BadRecord(f"the opportunity {record.get('Id')} has no account")
    if "type" not in named:
        named["type"] = type_of(record, mapping)
    elif named["type"]:
        named["type"] = chosen(mapping, "Opportunity", "type", named["type"], _TYPES)
    yield table, named


def line(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """OpportunityLineItem -> opportunity_line. The total is after discounts, in the opportunity's currency."""
    yield row("opportunity_line", record, _LINE, mapping, "OpportunityLineItem", keep=("ServiceDate",))


def product(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Product2 -> product."""
    yield row("product", record, _PRODUCT, mapping, "Product2", keep=("ProductCode",))


def contract(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Contract -> contract, once it was activated: a draft binds nobody."""
    if record.get("StatusCode") not in ("Activated", "Expired", "Terminated"):
        return
    table, found = row("contract", record, _CONTRACT, mapping, "Contract", keep=("Status", "ContractNumber"))
    for column in ("start_date", "end_date"):
        if not found.get(column):
            raise BadRecord(f"the contract {record.get('Id')} is activated and has no {column}")
    yield table, found


def order(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Order -> sales_order, once it was activated."""
    if record.get("StatusCode") == "Activated":
        yield row("sales_order", record, _ORDER, mapping, "Order", keep=("OrderNumber", "Type"))
