"""Campaigns, and the automations with their e-mails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from revalign_mailchimp.api import Box, Listing, Record
from revalign_udf.connector import CanonicalRow, Context, Log, Message, Present, Records
from revalign_udf.connector.values import attrs, fill, take

__all__ = ["CAMPAIGNS", "customer_lists", "map_campaign", "read_campaigns", "workflow_emails"]

CAMPAIGNS = "campaigns"
_DRAFT = "save"
_AUTOMATION, _AUTOMATED_EMAIL = "automation", "automation-email"


def read_campaigns(ctx: Context, box: Box) -> Iterable[Message]:
    """All campaigns and automations, every time: a campaign does not say when it was last changed."""
    customers, keys, drafts = customer_lists(ctx), list[str](), 0
    listing = Listing()
    order = {"sort_field": "create_time", "sort_dir": "ASC", "exclude_fields": "_links,campaigns._links"}
    for page in box.listed("/campaigns", "campaigns", order, listing):
        sent = [campaign for campaign in page if campaign.get("status") != _DRAFT]
        drafts += len(page) - len(sent)
        yield Records(CAMPAIGNS, [_with_audience(campaign, customers) for campaign in sent])
        keys += [str(campaign["id"]) for campaign in sent]
    automations = Listing()
    for page in box.listed("/automations", "automations", listing=automations):
        for workflow in page:
            emails = workflow_emails(box, workflow)
            found = [{**workflow, "type": _AUTOMATION}, *emails]
            yield Records(CAMPAIGNS, [_with_audience(item, customers) for item in found])
            keys += [str(item["id"]) for item in found]
    if drafts:
        yield Log(f"{drafts} drafts are no campaigns yet.")
    if listing.whole and automations.whole:
        yield Present("campaign", keys, last=True)
    else:
        yield Log(
            "Campaigns were removed while they were listed; the next pull looks for removed ones again.", "warning"
        )


def workflow_emails(box: Box, workflow: Mapping[str, Any]) -> list[Record]:
    """The e-mails of an automation in their order."""
    pages = box.listed(f"/automations/{workflow['id']}/emails", "emails")
    found = [
        {**email, "type": _AUTOMATED_EMAIL, "parent_campaign_id": workflow["id"]} for page in pages for email in page
    ]
    return sorted(found, key=lambda email: int(email.get("position") or 0))


def customer_lists(ctx: Context) -> set[str]:
    """Ids or names of the audiences whose members are customers."""
    return {str(name) for name in ctx.settings.get("customer_audiences") or ()}


def _with_audience(item: Record, customers: Collection[str]) -> Record:
    own = {str(take(item, "recipients.list_id") or ""), str(take(item, "recipients.list_name") or "")}
    return {**item, "audience": "customer" if own & set(customers) else None}


def map_campaign(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A campaign, an automation, or an e-mail of one; its first day is the day it was sent or started."""
    row = fill(record, _COLUMNS, mapping, CAMPAIGNS)
    more = [
        ("list_id", take(record, "recipients.list_id")),
        ("parent_campaign_id", record.get("parent_campaign_id")),
        ("position", record.get("position")),
        ("status", record.get("status")),
        ("subject_line", take(record, "settings.subject_line")),
    ]
    yield "campaign", attrs(row, record, is_custom=lambda _: False, more=more)


def _name(record: Mapping[str, Any]) -> str:
    """The title people gave it, else its subject."""
    found = take(record, "settings.title") or take(record, "settings.subject_line")
    return str(found or f"{record.get('type')} {record['id']}")


_COLUMNS: Mapping[str, str | Callable[[Mapping[str, Any]], Any]] = {
    "id": "id",
    "name": _name,
    "type": "type",
    "channel": lambda _: "email",
    "audience": "audience",
    "automated": lambda record: record.get("type") in (_AUTOMATION, _AUTOMATED_EMAIL),
    "start_date": lambda record: record.get("send_time") or record.get("start_time") or record.get("create_time"),
}
