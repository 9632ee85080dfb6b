"""Customers -> organizations; the customer's own e-mail address and its contacts -> persons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_chargebee.api import Record, Site
from revalign_chargebee.streams.listing import changed
from revalign_udf.connector import CanonicalRow, Context, Mark, Merges, Message, Present, Records, Stream, Tombstones
from revalign_udf.connector.values import Path, attrs, domain_of, fill, instant
from revalign_udf.errors import BadRecord

__all__ = ["read", "rows"]


def read(ctx: Context, site: Site, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Customers that changed; deleted ones are told, and those that went over to another business entity."""
    swept: set[str] = set()
    for customers, reached in changed(ctx, site, stream, state, "customers", "customer", since=False):
        live = [one for one in customers if not one.get("deleted")]
        yield Records(stream.name, live)
        gone = [str(one["id"]) for one in customers if one.get("deleted")]
        if gone:
            yield Tombstones("organization", gone)
            yield Tombstones("person", gone)
        moved = [
            (str(one["id"]), str(one["active_id"])) for one in live if one.get("active_id") not in (None, "", one["id"])
        ]
        if moved:
            yield Merges("organization", moved)
        without = [str(one["id"]) for one in live if not one.get("email")]
        if state.get("whole"):
            yield Tombstones("person", without)
            for one in customers:
                if str(one["id"]) in swept:
                    continue  # changed again while it was read
                swept.add(str(one["id"]))
                contacts = [] if one.get("deleted") else [row["id"] for row in _contacts(one)]
                yield Present("person", contacts, last=True, prefix=f"{one['id']}:")
        yield Mark(reached)


def rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One customer: an organization, and the persons with an e-mail address. Raises BadRecord REV-503 without an id."""
    if not record.get("id"):
        raise BadRecord("the customer has no id")
    defaults: dict[str, Path] = {
        "id": "id",
        "name": _name,
        "domain": lambda one: domain_of(one.get("email")),
        "country": "billing_address.country",
        "created_at": lambda one: instant(one.get("created_at")),
        "parent_org_id": _parent,
        "updated_at": lambda one: instant(one.get("updated_at")),
    }
    row = fill(record, defaults, mapping, "customers")
    meta = record.get("meta_data")
    more = [(f"meta_{name}", value) for name, value in meta.items()] if isinstance(meta, Mapping) else []
    yield "organization", attrs(row, record, is_custom=lambda name: name.startswith("cf_"), more=more)
    if record.get("email"):
        yield "person", _person(record, str(record["id"]), record)
    for contact in _contacts(record):
        yield "person", contact


def _contacts(record: Record) -> list[dict[str, Any]]:
    own = str(record["id"])
    return [
        _person(record, f"{own}:{contact['id']}", contact)
        for contact in record.get("contacts") or ()
        if contact.get("email") and contact.get("id")
    ]


def _person(customer: Record, key: str, source: Record) -> dict[str, Any]:
    return {
        "id": key,
        "org_id": str(customer["id"]),
        "email": source["email"],
        "country": (customer.get("billing_address") or {}).get("country"),
    }


def _name(record: Record) -> str:
    person = " ".join(str(record[part]) for part in ("first_name", "last_name") if record.get(part))
    return str(record.get("company") or person or record.get("email") or record["id"])


def _parent(record: Record) -> str | None:
    """The customer above it in an account hierarchy; one that stands alone names itself."""
    parent = (record.get("relationship") or {}).get("parent_id")
    return None if parent in (None, "", record["id"]) else str(parent)
