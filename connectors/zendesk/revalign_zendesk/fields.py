"""The account's own fields: the names under which their values are kept in ``attrs``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from revalign_zendesk.api import Desk, Record

__all__ = ["RESERVED", "custom_values", "field_keys", "ticket_field_names"]

#: names in a ticket's ``attrs`` that are ours; a custom field of that name gets its id beside it
RESERVED = frozenset((
    "brand_id", "custom_status_id", "external_id", "first_resolution_minutes", "full_resolution_minutes", "group_id",
    "problem_id", "reopens", "replies", "reply_business_minutes", "requester_id", "status", "tags", "ticket_form_id",
    "type",
))  # fmt: skip
#: fields that Zendesk itself has; what they say stands in the ticket
_SYSTEM = frozenset((
    "subject", "description", "status", "tickettype", "priority", "basic_priority", "group", "assignee", "custom_status",
))  # fmt: skip


def ticket_field_names(desk: Desk) -> dict[str, str]:
    """Id -> name of the account's own ticket fields: the title, with the id where two share it or it is ours."""
    found = [field for page in desk.listed("ticket_fields", "ticket_fields") for field in page]
    own = [(str(field["id"]), str(field.get("title") or "").strip()) for field in found if field["type"] not in _SYSTEM]
    titles = [title for _, title in own]
    return {
        key: title if title and titles.count(title) == 1 and title not in RESERVED else f"{title} ({key})".strip()
        for key, title in own
    }


def field_keys(desk: Desk, kind: str) -> tuple[str, ...]:
    """The keys of organization or user fields; they come with the records under their keys."""
    return tuple(str(field["key"]) for page in desk.listed(kind, kind) for field in page)


def custom_values(given: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> Record:
    """A ticket's ``custom_fields`` by name; a field that is no longer listed stands under its id."""
    return {names.get(str(field["id"]), f"field {field['id']}"): field.get("value") for field in given}
