"""Calls, meetings and one-to-one e-mails -> touch, one for each contact that took part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_hubspot.api import Raw
from revalign_hubspot.kinds import Children, Fields, Kind, Mapper, associated, by_age, custom
from revalign_udf.connector import CanonicalRow, Log
from revalign_udf.connector.values import attrs, fill, instant

__all__ = ["CALLS", "EMAILS", "MEETINGS"]

_NOT_HELD = frozenset(("CANCELED", "CANCELLED", "NO_SHOW", "RESCHEDULED"))
_DIRECTIONS = {"INBOUND": "in", "OUTBOUND": "out", "INCOMING_EMAIL": "in", "EMAIL": "out", "FORWARDED_EMAIL": "out"}
_WITHOUT = "{name} have no contact and are left out"


def _mapper(name: str, kind: str, direction: str) -> Mapper:
    def touches(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
        properties = record["properties"]
        fields: Fields = {
            "occurred_at": lambda p: instant(p.get("hs_meeting_start_time") or p.get("hs_timestamp")),
            "owner_id": "hubspot_owner_id",
            "direction": lambda p: _DIRECTIONS.get(str(p.get(direction) or "").upper()),
        }
        row = fill(properties, fields, mapping, name)
        row["kind"] = kind
        row["occurred_at"] = row.get("occurred_at") or record["createdAt"]
        # a meeting that did not take place touches nobody; one told before as planned goes
        row["deleted"] = str(properties.get("hs_meeting_outcome") or "").upper() in _NOT_HELD
        row = attrs(row, properties, is_custom=custom(record))
        for person in by_age(one for one, _ in associated(record, "contacts")):
            yield "touch", {**row, "id": _touch(name, record["id"], person), "person_id": person}

    return touches


def _touch(name: str, key: str, person: str) -> str:
    return f"{name}:{key}:{person}"


def _kind(name: str, kind: str, direction: str, about: str, *properties: str) -> Kind:
    def children(record: Raw) -> Iterator[Children]:
        keys = [_touch(name, record["id"], one) for one, _ in associated(record, "contacts")]
        yield "touch", f"{name}:{record['id']}:", keys

    def nobody(record: Raw) -> str:
        return "" if list(associated(record, "contacts")) else _WITHOUT.format(name=name)

    return Kind(
        name=name,
        tables=("touch",),
        map=_mapper(name, kind, direction),
        about=about,
        scope="crm.objects.contacts.read",
        properties=("hs_timestamp", "hubspot_owner_id", *([direction] if direction else []), *properties),
        associations=("contacts",),
        optional=True,
        skip=nobody,
        children=children,
        swept=(("touch", f"{name}:"),),
        closing=lambda skipped: [Log(f"{count:,} {reason}.") for reason, count in skipped.items()],
    )


CALLS = _kind("calls", "call", "hs_call_direction", "calls with contacts", "hs_call_disposition")
MEETINGS = _kind(
    "meetings", "meeting", "", "meetings with contacts that took place or are planned", "hs_meeting_outcome",
    "hs_meeting_start_time",
)  # fmt: skip
EMAILS = _kind("emails", "sent", "hs_email_direction", "one-to-one e-mails with contacts")
