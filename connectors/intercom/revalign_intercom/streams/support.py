"""Conversations -> ticket and survey_response, tickets -> ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_intercom.api import Api, Fields, Raw
from revalign_intercom.streams.searched import read_searched
from revalign_udf.connector import CanonicalRow, Context, Log, Message, Records
from revalign_udf.connector.values import attrs, fill, instant
from revalign_udf.errors import BadRecord

__all__ = ["map_conversation", "map_ticket", "read_conversations", "read_tickets"]

_OUTBOUND = frozenset(("admin_initiated", "campaigns_initiated"))
"""conversations that nobody asked for: they are no request for help"""


def read_conversations(ctx: Context, state: Mapping[str, Any]) -> Iterator[Message]:
    """Conversations that customers began."""
    found = read_searched(
        ctx, state, "conversations", "conversations", table="ticket", key=_conversation, prefix="conversation-",
        join=_add_company,
    )  # fmt: skip
    return _without(found, _outbound, "conversations were begun by us (outbound messages) and are left out")


def read_tickets(ctx: Context, state: Mapping[str, Any]) -> Iterator[Message]:
    """Tickets of customers."""
    found = read_searched(
        ctx, state, "tickets", "tickets", table="ticket", key=_ticket, prefix="ticket-", join=_add_company
    )
    return _without(found, _internal, "tickets are internal (back-office, tracker) and are left out")


def _without(found: Iterator[Message], leave_out: Any, reason: str) -> Iterator[Message]:
    count = 0
    for message in found:
        if not isinstance(message, Records):
            yield message
            continue
        kept = [one for one in message.records if not leave_out(one)]
        count += len(message.records) - len(kept)
        if kept:
            yield Records(message.stream, kept)
    if count:
        yield Log(f"{count:,} {reason}.")


def _outbound(record: Mapping[str, Any]) -> bool:
    return (record.get("source") or {}).get("delivered_as") in _OUTBOUND


def _internal(record: Mapping[str, Any]) -> bool:
    return str(record.get("category") or "Customer") != "Customer"


def _conversation(record: Mapping[str, Any]) -> str:
    return f"conversation-{record['id']}"


def _ticket(record: Mapping[str, Any]) -> str:
    return f"ticket-{record['id']}"


def _contacts(record: Mapping[str, Any]) -> list[str]:
    return [str(one["id"]) for one in (record.get("contacts") or {}).get("contacts") or ()]


def _add_company(api: Api, page: list[Raw]) -> None:
    """Tell records the company of their contacts: of the first one who has one."""
    people = list(dict.fromkeys(one for record in page for one in _contacts(record)))
    companies = api.company_of(people) if people else {}
    for record in page:
        record["_company"] = next((companies[one] for one in _contacts(record) if one in companies), None)


def map_conversation(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A conversation: first answer, close, reopened or not, and the rating the customer gave."""
    told = record.get("statistics") or {}
    closed = record.get("state") == "closed"
    fields: Fields = {
        "created_at": lambda one: instant(one.get("created_at")),
        "first_response_at": lambda _one: instant(told.get("first_admin_reply_at")),
        "solved_at": lambda _one: instant(told.get("last_close_at") or told.get("first_close_at")) if closed else None,
        "reopened": lambda _one: int(told.get("count_reopens") or 0) > 0,
        "priority": "priority",
        "channel": "source.type",
        "owner_id": lambda one: str(one["admin_assignee_id"]) if one.get("admin_assignee_id") else None,
    }
    own = record.get("custom_attributes") or {}
    row = fill({**own, **record}, fields, mapping, "conversations")
    row["id"], row["org_id"] = _conversation(record), row.get("org_id") or record.get("_company")
    people = _contacts(record)
    rating = record.get("conversation_rating") or {}
    if rating.get("rating") is not None:
        yield (
            "survey_response",
            {
                "id": row["id"],
                "kind": "csat",
                "score": rating["rating"],
                "scale_max": 5,
                "comment": rating.get("remark"),
                # created_at is when the rating was asked for
                "responded_at": instant(rating.get("updated_at") or rating["created_at"]),
                "invited_at": instant(rating.get("created_at")),
                "org_id": row["org_id"],
                "person_id": str((rating.get("contact") or {}).get("id") or "") or (people[0] if people else None),
            },
        )
    yield "ticket", _with_company(attrs(row, own, more=[("state", record.get("state"))]), "conversation")


def map_ticket(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A ticket of a customer, its times from its parts."""
    first, solved, reopened = _told(record)
    fields: Fields = {
        "created_at": lambda one: instant(one.get("created_at")),
        "first_response_at": lambda _one: instant(first),
        "solved_at": lambda _one: instant(solved),
        "reopened": lambda _one: reopened,
        "owner_id": lambda one: (
            str(one["admin_assignee_id"]) if one.get("admin_assignee_id") not in (None, "", "0") else None
        ),
    }
    own = {name: value for name, value in (record.get("ticket_attributes") or {}).items() if not name.startswith("_")}
    row = fill({**own, **record}, fields, mapping, "tickets")
    row["id"], row["org_id"] = _ticket(record), row.get("org_id") or record.get("_company")
    kind = (record.get("ticket_type") or {}).get("name")
    yield "ticket", _with_company(attrs(row, own, more=[("ticket_type", kind)]), "ticket")


def _told(record: Mapping[str, Any]) -> tuple[Any, Any, bool]:
    """(first answer of an admin, when it was resolved, whether it left that state again), from a ticket's parts.

    A resolved ticket of which no part says when has the time of its last change: earlier is possible, later is not.
    """
    first, solved, reopened = None, None, False
    parts = (record.get("ticket_parts") or {}).get("ticket_parts") or []
    for part in sorted(parts, key=lambda one: int(one.get("created_at") or 0)):
        author = (part.get("author") or {}).get("type")
        if part.get("part_type") == "comment" and author == "admin" and first is None:
            first = part.get("created_at")
        before, after = part.get("previous_ticket_state"), part.get("ticket_state")
        if after == "resolved" and before != "resolved":
            solved = part.get("created_at")
        reopened = reopened or (before == "resolved" and after not in (None, "resolved"))
    resolved = (record.get("ticket_state") or {}).get("category") == "resolved"
    return first, (solved or record.get("updated_at")) if resolved else None, reopened


def _with_company(row: dict[str, Any], what: str) -> dict[str, Any]:
    if not row["org_id"]:
        raise BadRecord(f"{what} {row['id']} is of a contact without a company; add the contact to one in Intercom")
    return row
