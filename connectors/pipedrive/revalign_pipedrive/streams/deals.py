"""Deals, what they hold, and what they were: states told backwards from today's by the list of changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from revalign_pipedrive.api import utc
from revalign_pipedrive.streams.records import chosen, key, row
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import Path
from revalign_udf.errors import BadRecord

__all__ = ["CLOSED", "deal", "deal_history", "deal_line"]

#: statuses that end a deal; a deal stays in its last stage when it is won or lost
CLOSED = ("won", "lost")
#: field of the list of changes -> what it is of a state
_FIELDS = {
    "stage_id": "stage", "status": "status", "value": "amount", "expected_close_date": "close_date", "user_id": "owner",
    "owner_id": "owner",
}  # fmt: skip
_TYPES = {
    "new": "new", "new business": "new", "existing business": "expansion", "expansion": "expansion", "upsell": "upsell",
    "upgrade": "upsell", "cross-sell": "cross_sell", "renewal": "renewal",
}  # fmt: skip


def _closed_at(record: Mapping[str, Any]) -> str | None:
    if record.get("status") not in CLOSED:
        return None
    return utc(record.get(f"{record['status']}_time") or record.get("close_time"))


_DEAL: dict[str, Path] = {
    "org_id": lambda record: key(record.get("org_id")), "created_at": lambda record: utc(record.get("add_time")),
    "stage": "stage", "pipeline": "pipeline", "amount": "value", "currency": "currency",
    "owner_id": lambda record: key(record.get("owner_id")),
    "close_date": lambda record: record.get("expected_close_date") or _closed_at(record), "closed_at": _closed_at,
    "outcome": lambda record: record["status"] if record.get("status") in CLOSED else "open",
    "loss_reason": lambda record: record.get("lost_reason") if record.get("status") == "lost" else None,
}  # fmt: skip


def deal(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Deal -> opportunity, and its person -> opportunity_contact. One without an organization belongs to nobody."""
    table, found = row("opportunity", record, _DEAL, mapping, "deals", keep=("title", "origin", "channel"))
    named = dict(found)
    if not named.get("org_id"):
        raise BadRecord(f"the deal {record.get('id')} has no organization")
    if named.get("type"):
        named["type"] = chosen(mapping, "deals", "type", named["type"], _TYPES)
    yield table, named
    if record.get("person_id"):
        yield (
            "opportunity_contact",
            {"opportunity_id": named["id"], "person_id": key(record["person_id"]), "is_primary": True},
        )


def deal_line(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Product of a deal -> opportunity_line."""
    defaults: dict[str, Path] = {
        "id": lambda item: f"{item['deal_id']}:{item['id']}", "opportunity_id": lambda item: key(item.get("deal_id")),
        "product_id": lambda item: key(item.get("product_id")), "quantity": "quantity", "amount": "sum",
        "recurring": lambda item: item.get("billing_frequency") not in (None, "one-time"), "updated_at": "",
    }  # fmt: skip
    yield row("opportunity_line", record, defaults, mapping, "deal_products", keep=("billing_frequency",))


def deal_history(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:  # noqa: ARG001 - as all others
    """The list of changes -> lifecycle_event per stage or closing, opportunity_snapshot per state.

    Today's state is certain; each change undone gives the state before it, down to the deal's beginning.
    """
    key_of, names = str(record["id"]), record.get("stage_names") or {}
    state: dict[str, Any] = {
        "stage": key(record.get("stage_id")), "status": record.get("status"), "amount": record.get("value"),
        "close_date": record.get("expected_close_date"), "owner": key(record.get("owner_id")),
    }  # fmt: skip
    states: list[tuple[str, dict[str, Any]]] = []
    changes = [
        (utc(item.get("time")), number, item)
        for number, item in enumerate(record.get("changes") or ())
        if item.get("field_key") in _FIELDS and item.get("time")
    ]
    begin = utc(record.get("add_time"))
    for moment, _, item in sorted(changes, key=lambda change: (parsed(str(change[0])), -change[1]), reverse=True):
        if begin and parsed(str(moment)) <= parsed(begin):
            continue  # how it was made, not how it changed
        states.append((str(moment), dict(state)))
        state[_FIELDS[item["field_key"]]] = item.get("old_value") or None
    states.append((str(begin), state))
    before = None
    for moment, found in reversed(states):
        status = found["status"] if found["status"] in CLOSED else None
        stage = status or names.get(str(found["stage"]), found["stage"])
        if stage and stage != before:
            yield (
                "lifecycle_event",
                {
                    "id": f"{key_of}:{moment}:{stage}", "subject_type": "opportunity", "subject_id": key_of, "stage": stage,
                    "occurred_at": moment, "from_stage": before, "owner_id": found["owner"],
                    "reason_text": record.get("lost_reason") if status == "lost" and found is states[0][1] else None,
                },
            )  # fmt: skip
        before = stage or before
        yield (
            "opportunity_snapshot",
            {
                "opportunity_id": key_of, "valid_from": moment, "stage": stage, "amount": found["amount"],
                "close_date": found["close_date"], "owner_id": found["owner"],
            },
        )  # fmt: skip
