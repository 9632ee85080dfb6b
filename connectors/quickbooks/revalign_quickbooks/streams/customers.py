"""Customers -> organizations and persons; items -> products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from revalign_quickbooks.api import Record
from revalign_quickbooks.following import Reading
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path, attrs, domain_of, fill, instant

__all__ = ["CUSTOMERS", "ITEMS", "customer_rows", "item_rows"]


def _plain(_entity: str, key: str) -> str:
    return key


def _customer_keys(_entity: str, record: Record) -> Mapping[str, Sequence[str]]:
    return {"organization": [str(record["Id"])], "person": [str(record["Id"])] if _email(record) else []}


def _item_keys(_entity: str, record: Record) -> Mapping[str, Sequence[str]]:
    return {"product": [str(record["Id"])]}


CUSTOMERS = Reading(("Customer",), _plain, _customer_keys, {"Customer": ("organization", "person")})
ITEMS = Reading(("Item",), _plain, _item_keys, {"Item": ("product",)})


def _email(record: Record) -> str | None:
    """The first of a customer's e-mail addresses: several are one text with commas."""
    return str((record.get("PrimaryEmailAddr") or {}).get("Address") or "").split(",")[0].strip() or None


def customer_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One customer: an organization, and a person where it has an e-mail address."""
    one = record["record"]
    email = _email(one)
    site = (one.get("WebAddr") or {}).get("URI")
    defaults: dict[str, Path] = {
        "id": "Id",
        "name": lambda own: own.get("CompanyName") or own.get("DisplayName") or own["Id"],
        "domain": lambda _own: domain_of(site) or domain_of(email),
        "country": "BillAddr.Country",
        "created_at": lambda own: instant((own.get("MetaData") or {}).get("CreateTime")),
        "parent_org_id": "ParentRef.value",
        "updated_at": lambda own: instant((own.get("MetaData") or {}).get("LastUpdatedTime")),
    }
    row = fill(one, defaults, mapping, "customers")
    more = [("active", one.get("Active")), ("job", one.get("Job") or None), ("display_name", one.get("DisplayName"))]
    yield "organization", attrs(row, {}, more=more)
    if email:
        country = (one.get("BillAddr") or {}).get("Country")
        yield "person", {"id": one["Id"], "org_id": one["Id"], "email": email, "country": country}


def item_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One product or service. Categories are items too; they name the line of those under them."""
    one = record["record"]
    defaults: dict[str, Path] = {
        "id": "Id",
        "name": lambda own: own.get("Name") or own["Id"],
        "product_line": "ParentRef.name",
        "updated_at": lambda own: instant((own.get("MetaData") or {}).get("LastUpdatedTime")),
    }
    row = fill(one, defaults, mapping, "items")
    yield (
        "product",
        attrs(row, {}, more=[("type", one.get("Type")), ("active", one.get("Active")), ("sku", one.get("Sku"))]),
    )
