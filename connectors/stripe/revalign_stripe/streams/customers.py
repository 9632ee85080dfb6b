"""Customers -> organization, and person for the e-mail address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from revalign_stripe.streams.listing import Kind
from revalign_udf.connector import CanonicalRow, Message, Tombstones
from revalign_udf.connector.values import Path, attrs, domain_of, fill, instant

__all__ = ["CUSTOMERS", "map_customer"]


def _country(record: Mapping[str, Any]) -> str | None:
    """Of the billing address, else of the shipping address."""
    shipping = (record.get("shipping") or {}).get("address") or {}
    return (record.get("address") or {}).get("country") or shipping.get("country") or None


_ORGANIZATION: dict[str, Path] = {
    "id": "id",
    "name": lambda record: record.get("name") or record.get("email") or record["id"],
    "domain": lambda record: domain_of(record.get("email")) if "@" in str(record.get("email")) else None,
    "country": _country,
    "created_at": lambda record: instant(record.get("created")),
}
_PERSON: dict[str, Path] = {"id": "id", "org_id": "id", "email": "email", "country": _country}


def _without_email(records: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    """A customer whose e-mail was taken away has no person any more."""
    if keys := [str(record["id"]) for record in records if not record.get("email")]:
        yield Tombstones("person", keys)


def map_customer(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A customer; its metadata are custom fields."""
    row = fill(record, _ORGANIZATION, mapping, "customers")
    yield "organization", attrs(row, record.get("metadata") or {})
    if record.get("email"):
        person = fill(record, _PERSON, mapping, "people")
        yield "person", attrs(person, {})


CUSTOMERS = Kind(
    "customers",
    "/v1/customers",
    ("customer.created", "customer.updated", "customer.deleted"),
    ("organization", "person"),
    after=_without_email,
)
