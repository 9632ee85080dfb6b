"""Campaigns, their members and cost, and what was done with people: calls, mails, meetings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from revalign_salesforce.streams.common import chosen, row
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path
from revalign_udf.errors import BadRecord

__all__ = ["campaign", "cost", "event", "member", "task", "who"]

_CAMPAIGN: dict[str, Path] = {
    "name": "Name", "type": "Type", "start_date": "StartDate", "end_date": "EndDate", "updated_at": "LastModifiedDate",
}  # fmt: skip
_TASKS = {"call": "call", "email": "sent", "listemail": "sent", "e-mail": "sent", "meeting": "meeting"}
_EVENTS = {"call": "call"}


def who(record: Mapping[str, Any]) -> dict[str, Any]:
    """The person or lead behind ``WhoId``: ids of leads begin with 00Q, those of contacts with 003."""
    key = str(record.get("WhoId") or "")
    if key.startswith("00Q"):
        return {"lead_id": key}
    return {"person_id": key} if key.startswith("003") else {}


def campaign(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Campaign -> campaign."""
    yield row("campaign", record, _CAMPAIGN, mapping, "Campaign", keep=("Status", "ParentId"))


def cost(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG001 - as all others
    """Campaign.ActualCost -> campaign_cost, on the campaign's first day: Salesforce keeps one total without dates."""
    if record.get("ActualCost") in (None, "0"):
        return
    day = record.get("StartDate") or record.get("EndDate")
    if not day:
        raise BadRecord(f"the campaign {record['Id']} has a cost and neither StartDate nor EndDate")
    yield (
        "campaign_cost",
        {
            "campaign_id": record["Id"], "date": day, "amount": record["ActualCost"],
            "currency": record.get("CurrencyIsoCode"), "kind": "media",
        },
    )  # fmt: skip


def member(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """CampaignMember -> programme_membership with its status as the step; a response is a touch, too."""
    person = {"person_id": record["ContactId"]} if record.get("ContactId") else {"lead_id": record.get("LeadId")}
    responded = record.get("HasResponded")
    table, found = row(
        "programme_membership", record,
        {
            "campaign_id": "CampaignId", "step": lambda item: item.get("Status") or "member",
            "entered_at": lambda item: (item.get("FirstRespondedDate") if responded else None) or item.get("CreatedDate"),
            "updated_at": "LastModifiedDate",
        },
        mapping, "CampaignMember",
    )  # fmt: skip
    yield table, {**found, **person}
    if responded:
        yield (
            "touch",
            {
                "id": record["Id"], **person,
                "occurred_at": record.get("FirstRespondedDate") or record.get("CreatedDate"),
                "kind": chosen(mapping, "CampaignMember", "kind", record.get("Campaign.Type"), {}) or "form",
                "campaign_id": record.get("CampaignId"), "direction": "in",
            },
        )  # fmt: skip


def task(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Task -> touch, when it is done and was a call, a mail or a meeting with somebody; anything else is no touch."""
    kind = None
    for name in ("Type", "TaskSubtype"):
        kind = kind or chosen(mapping, "Task", "kind", record.get(name), _TASKS)
    if not record.get("IsClosed") or record.get("IsRecurrence") or not kind or not who(record):
        return
    moment = record.get("CompletedDateTime") or record.get("ActivityDate") or record.get("CreatedDate")
    inbound = str(record.get("CallType") or "").casefold() == "inbound"
    defaults: dict[str, Path] = {
        "occurred_at": lambda _: moment, "kind": lambda _: kind, "owner_id": "OwnerId",
        "direction": lambda _: "in" if inbound else "out", "updated_at": "LastModifiedDate",
    }  # fmt: skip
    table, found = row("touch", record, defaults, mapping, "Task", keep=("WhatId",))
    yield table, {**found, **who(record)}


def event(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Event -> touch: a meeting (or call) with somebody. Copies for other attendees and series are no touches."""
    if record.get("IsChild") or record.get("IsRecurrence") or not who(record):
        return
    whole_day = record.get("IsAllDayEvent")
    defaults: dict[str, Path] = {
        "occurred_at": lambda item: (None if whole_day else item.get("StartDateTime")) or item.get("ActivityDate"),
        "kind": lambda item: chosen(mapping, "Event", "kind", item.get("Type"), _EVENTS) or "meeting",
        "owner_id": "OwnerId", "updated_at": "LastModifiedDate",
    }  # fmt: skip
    table, found = row("touch", record, defaults, mapping, "Event", keep=("WhatId",))
    yield table, {**found, **who(record)}
