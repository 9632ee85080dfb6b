"""Tickets with their metric sets, as the cursor export gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from revalign_udf.connector import CanonicalRow, Context, Mark, Message, Records, Tombstones
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import attrs, fill, instant, take
from revalign_udf.errors import BadRecord
from revalign_zendesk.api import Desk, epoch_of
from revalign_zendesk.fields import custom_values, ticket_field_names
from revalign_zendesk.streams.shared import RESTARTED, Columns, key_of

__all__ = ["TICKETS", "map_ticket", "read_tickets"]

TICKETS = "tickets"
_DELETED = "deleted"
_SOLVED = ("solved", "closed")
_KEPT = (
    "brand_id", "custom_status_id", "external_id", "group_id", "problem_id", "requester_id", "status", "ticket_form_id", "type",
)  # fmt: skip


def read_tickets(ctx: Context, desk: Desk, state: Mapping[str, Any]) -> Iterable[Message]:
    """Every ticket that changed, deleted ones too, with its metrics and its requester's organization."""
    names = ticket_field_names(desk)
    strays = str(ctx.settings.get("default_org_id") or "") or None
    time = int(state.get("time") or 0)
    for page in desk.changed(TICKETS, state, "metric_sets,users"):
        if page.restarted:
            yield RESTARTED
        of_user = {user["id"]: user.get("organization_id") for user in page.body.get("users") or ()}
        records, gone = [], []
        for item in page.items:
            org = item.get("organization_id") or of_user.get(item.get("requester_id")) or strays
            time = max(time, int(item.get("generated_timestamp") or 0) or epoch_of(item.get("updated_at")))
            if item.get("status") == _DELETED and not org:
                gone.append(str(item["id"]))
            else:
                custom = custom_values(item.get("custom_fields") or (), names)
                records.append({**item, "organization_id": org, "custom": custom})
        yield Records(TICKETS, records)
        if gone:
            yield Tombstones("ticket", gone)
        yield Mark({"cursor": page.cursor, "time": time})
        ctx.progress(len(page.items))


def map_ticket(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One ticket -> one row. Raises BadRecord REV-503 for a ticket that belongs to no organization.

    A deleted ticket is a row marked deleted, not a tombstone of its own, so that a ticket deleted and restored within one
    pull ends as it is now.
    """
    row = fill(record, _COLUMNS, mapping, TICKETS)
    if row.get("org_id") is None:
        raise BadRecord(
            f"ticket {record['id']} belongs to no organization, nor does its requester: put the requester into one in"
            " Zendesk, or name an organization for such tickets in default_org_id",
            code="REV-503",
        )
    metrics = record.get("metric_set") or {}
    more = [
        *((name, record.get(name)) for name in _KEPT),
        ("tags", sorted(record.get("tags") or ())),
        ("reopens", metrics.get("reopens")),
        ("replies", metrics.get("replies")),
        ("reply_business_minutes", take(metrics, "reply_time_in_minutes.business")),
        ("first_resolution_minutes", take(metrics, "first_resolution_time_in_minutes.calendar")),
        ("full_resolution_minutes", take(metrics, "full_resolution_time_in_minutes.calendar")),
        *(record.get("custom") or {}).items(),
    ]
    yield "ticket", attrs(row, record, is_custom=lambda _: False, more=[(k, v) for k, v in more if v not in ([], {})])


def _first_response(record: Mapping[str, Any]) -> str | None:
    """When an agent first replied in public: Zendesk tells the time it took, in whole minutes (in seconds for messaging).

    Source: developer.zendesk.com, Ticket Metrics, ``reply_time_in_minutes`` and ``reply_time_in_seconds``, calendar.
    """
    metrics = record.get("metric_set") or {}
    began = instant(record.get("created_at"))
    seconds = take(metrics, "reply_time_in_seconds.calendar")
    minutes = take(metrics, "reply_time_in_minutes.calendar")
    if began is None or (seconds is None and minutes is None):
        return None
    took = timedelta(seconds=int(seconds)) if seconds is not None else timedelta(minutes=int(minutes))
    return (parsed(began) + took).isoformat()


def _solved(record: Mapping[str, Any]) -> str | None:
    """When it was last solved. A reopened ticket keeps Zendesk's ``solved_at``, and is not solved."""
    return instant(take(record, "metric_set.solved_at")) if record.get("status") in _SOLVED else None


def _reopened(record: Mapping[str, Any]) -> bool | None:
    reopens = take(record, "metric_set.reopens")
    return None if reopens is None else int(reopens) > 0


def _deleted(record: Mapping[str, Any]) -> bool | None:
    return True if record.get("status") == _DELETED else None


_COLUMNS: Columns = {
    "id": key_of("id"),
    "org_id": key_of("organization_id"),
    "created_at": "created_at",
    "first_response_at": _first_response,
    "solved_at": _solved,
    "reopened": _reopened,
    "priority": "priority",
    "channel": "via.channel",
    "owner_id": key_of("assignee_id"),
    "updated_at": "updated_at",
    "deleted": _deleted,
}
