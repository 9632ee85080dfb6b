"""What is read of Salesforce: one declaration per kind of record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from revalign_salesforce.streams import history, marketing, people, sales, stages
from revalign_udf.connector import CanonicalRow

__all__ = ["FAMILIES", "LISTS", "OBJECTS", "Child", "Family", "Listed", "Mapper", "Object"]

Mapper = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[CanonicalRow]]
"""``mapper(record, mapping)`` -> canonical rows"""

#: an organization without several currencies, record types or the newer fields has none of these
QUIET = frozenset({
    "CurrencyIsoCode", "RecordType.DeveloperName", "SBQQ__Opportunity__c", "CompletedDateTime", "LastStageChangeDate",
    *sales.LOSS_REASONS, *sales.COMPETITORS,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Object:
    """A kind of record that changes: read by SystemModstamp, deletions included."""

    name: str
    tables: tuple[str, ...]
    mapper: Mapper
    needs: tuple[str, ...]
    wants: tuple[str, ...]
    about: str
    merged: bool = False
    """whether two of them can be merged (MasterRecordId)"""
    since: bool = False
    """whether the setting ``since`` limits its first pull"""
    on_request: bool = False
    """read only when the setting ``orders`` asks for it"""


@dataclass(frozen=True, slots=True)
class Child:
    """Rows that belong to the record of another object, told by a reference."""

    name: str
    key: str
    fields: tuple[str, ...]
    where: str = ""
    horizon: str = ""
    """the condition on rows of which the first says since when changes are recorded"""
    touched: str = ""
    """the field that tells new rows; empty when they come with a change of the record itself"""


@dataclass(frozen=True, slots=True)
class Family:
    """Records with their histories: read together, so that what one change means can be told from those around it."""

    name: str
    parent: str
    tables: tuple[str, ...]
    mapper: Mapper
    needs: tuple[str, ...]
    wants: tuple[str, ...]
    children: tuple[Child, ...]
    about: str
    since: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """A short list that is read whole every time."""

    name: str
    source: str
    tables: tuple[str, ...]
    mapper: Mapper
    fields: tuple[str, ...]
    wants: tuple[str, ...] = ()
    where: str = ""
    about: str = ""


_STAMPS = ("CreatedDate", "LastModifiedDate")

OBJECTS: dict[str, Object] = {
    item.name: item
    for item in (
        Object(
            "UserRole", ("team",), people.role, ("Name",), ("ParentRoleId",), "roles of users",
        ),
        Object(
            "User", ("owner",), people.user, ("Name",),
            ("Email", "UserRoleId", "UserRole.Name", "IsActive", "Title", "Department", *_STAMPS), "users, active or not",
        ),
        Object(
            "Account", ("organization",), people.account, ("Name", "CreatedDate"),
            (
                "Website", "BillingCountry", "Industry", "NumberOfEmployees", "OwnerId", "ParentId", "Type",
                "RecordType.DeveloperName", "MasterRecordId", *_STAMPS,
            ),
            "companies", merged=True,
        ),
        Object(
            "Contact", ("person",), people.contact, (),
            ("AccountId", "Email", "LeadSource", "MailingCountry", "MasterRecordId", *_STAMPS), "people at companies",
            merged=True,
        ),
        Object(
            "Campaign", ("campaign",), marketing.campaign, ("Name",),
            ("Type", "Status", "StartDate", "EndDate", "ParentId", *_STAMPS), "campaigns",
        ),
        Object(
            "Lead", ("lead", "person"), people.lead, ("CreatedDate", "IsConverted"),
            (
                "Status", "Email", "LeadSource", "OwnerId", "Country", "Company", "Industry", "NumberOfEmployees",
                "Rating", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId",
                "MasterRecordId", *_STAMPS,
            ),
            "leads, and whom they became", merged=True, since=True,
        ),
        Object(
            "Opportunity", ("opportunity",), sales.opportunity,
            ("CreatedDate", "AccountId", "StageName", "IsClosed", "IsWon", "CloseDate"),
            (
                "Name", "Amount", "CurrencyIsoCode", "Type", "LeadSource", "CampaignId", "OwnerId", "Probability",
                "ForecastCategoryName", "RecordType.DeveloperName", *sales.LOSS_REASONS, *sales.COMPETITORS, *_STAMPS,
            ),
            "deals", since=True,
        ),
        Object(
            "OpportunityLineItem", ("opportunity_line",), sales.line, ("OpportunityId",),
            ("Product2Id", "Quantity", "TotalPrice", "ServiceDate", *_STAMPS), "products in deals", since=True,
        ),
        Object("Product2", ("product",), sales.product, ("Name",), ("Family", "ProductCode", *_STAMPS), "products"),
        Object(
            "Contract", ("contract",), sales.contract, ("AccountId", "StatusCode", "StartDate", "EndDate"),
            ("Status", "ContractNumber", "ContractTerm", "CurrencyIsoCode", "SBQQ__Opportunity__c", *_STAMPS),
            "activated contracts", since=True,
        ),
        Object(
            "Order", ("sales_order",), sales.order, ("AccountId", "StatusCode", "EffectiveDate", "TotalAmount"),
            ("OrderNumber", "Type", "CurrencyIsoCode", *_STAMPS), "activated orders", since=True, on_request=True,
        ),
        Object(
            "CampaignMember", ("programme_membership", "touch"), marketing.member, ("CampaignId", "CreatedDate"),
            ("LeadId", "ContactId", "Status", "HasResponded", "FirstRespondedDate", "Campaign.Type", *_STAMPS),
            "who was in a campaign, and answered", since=True,
        ),
        Object(
            "Task", ("touch",), marketing.task, ("IsClosed", "CreatedDate"),
            (
                "WhoId", "WhatId", "OwnerId", "Type", "TaskSubtype", "CallType", "ActivityDate", "CompletedDateTime",
                "IsRecurrence", *_STAMPS,
            ),
            "calls and mails that were done", since=True,
        ),
        Object(
            "Event", ("touch",), marketing.event, ("CreatedDate",),
            (
                "WhoId", "WhatId", "OwnerId", "Type", "StartDateTime", "ActivityDate", "IsAllDayEvent", "IsChild",
                "IsRecurrence", *_STAMPS,
            ),
            "meetings", since=True,
        ),
    )
}  # fmt: skip

_HISTORY = ("Id", "Field", "OldValue", "NewValue", "CreatedDate")

FAMILIES: dict[str, Family] = {
    item.name: item
    for item in (
        Family(
            "LeadHistory", "Lead", ("lifecycle_event",), history.lead_history, ("CreatedDate", "IsConverted"),
            ("Status", "OwnerId", "ConvertedDate"),
            (
                Child(
                    "LeadHistory", "LeadId", ("LeadId", *_HISTORY), "Field IN ('Status', 'Owner', 'leadConverted')",
                    horizon="Field = 'Status'",
                ),
            ),
            "statuses of leads with their times",
        ),
        Family(
            "OpportunityHistory", "Opportunity", ("lifecycle_event", "opportunity_snapshot"), history.opportunity_history,
            ("CreatedDate", "StageName"), ("OwnerId", "LastStageChangeDate"),
            (
                Child(
                    "OpportunityHistory", "OpportunityId",
                    ("OpportunityId", "Id", "StageName", "Amount", "CloseDate", "CreatedDate"),
                ),
                Child(
                    "OpportunityFieldHistory", "OpportunityId", ("OpportunityId", *_HISTORY), "Field = 'Owner'",
                    horizon="Field = 'Owner'",
                ),
            ),
            "stages, amounts, closing dates and owners of deals with their times",
        ),
        Family(
            "AccountHistory", "Account", ("attribute_history",), history.account_history, ("CreatedDate",), (),
            (Child("AccountHistory", "AccountId", ("AccountId", *_HISTORY), horizon="Field != 'created'"),),
            "owner, industry, country and segment of companies with their days", since=False,
        ),
        Family(
            "OpportunityContactRole", "Opportunity", ("opportunity_contact",), history.contact_roles, (), (),
            (
                Child(
                    "OpportunityContactRole", "OpportunityId",
                    ("OpportunityId", "Id", "ContactId", "Role", "IsPrimary", "CreatedDate", "IsDeleted"),
                    touched="SystemModstamp",
                ),
            ),
            "people in deals",
        ),
    )
}  # fmt: skip

LISTS: dict[str, Listed] = {
    item.name: item
    for item in (
        Listed(
            "OpportunityStage", "OpportunityStage", ("stage_map",), stages.opportunity_stage,
            ("MasterLabel", "IsWon", "IsClosed", "SortOrder"), ("ApiName",), about="what opportunity stages mean",
        ),
        Listed(
            "LeadStatus", "LeadStatus", ("stage_map",), stages.lead_status,
            ("MasterLabel", "IsConverted", "IsDefault", "SortOrder"), ("ApiName",), about="what lead statuses mean",
        ),
        Listed(
            "CampaignCost", "Campaign", ("campaign_cost",), marketing.cost, ("ActualCost",),
            ("StartDate", "EndDate", "CurrencyIsoCode"), "ActualCost != null", "what campaigns cost",
        ),
    )
}  # fmt: skip
