"""Accounts, contacts, leads, users and their roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from revalign_salesforce.streams.common import chosen, row
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path, domain_of

__all__ = ["account", "contact", "lead", "role", "user"]

_ACCOUNT: dict[str, Path] = {
    "name": "Name", "domain": lambda record: domain_of(record.get("Website")), "country": "BillingCountry",
    "industry": "Industry", "employees": "NumberOfEmployees", "owner_id": "OwnerId", "parent_org_id": "ParentId",
    "created_at": "CreatedDate", "updated_at": "LastModifiedDate",
}  # fmt: skip
_CONTACT: dict[str, Path] = {
    "org_id": "AccountId", "email": "Email", "first_source": "LeadSource", "country": "MailingCountry",
    "updated_at": "LastModifiedDate",
}  # fmt: skip
_LEAD: dict[str, Path] = {
    "created_at": "CreatedDate", "person_id": lambda record: record.get("ConvertedContactId") or record["Id"],
    "org_id": "ConvertedAccountId", "lead_source": "LeadSource", "owner_id": "OwnerId",
    "converted_at": lambda record: record.get("ConvertedDate") if record.get("IsConverted") else None,
    "opportunity_id": "ConvertedOpportunityId", "updated_at": "LastModifiedDate",
}  # fmt: skip
_LEAD_PERSON: dict[str, Path] = {
    "id": "Id", "email": "Email", "first_source": "LeadSource", "country": "Country", "updated_at": "LastModifiedDate",
}  # fmt: skip
_USER: dict[str, Path] = {
    "name": "Name", "email": "Email", "team_id": "UserRoleId", "active_from": "CreatedDate",
    "updated_at": "LastModifiedDate",
}  # fmt: skip
_ROLE: dict[str, Path] = {"name": "Name", "parent_id": "ParentRoleId"}


def account(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Account -> organization."""
    yield row("organization", record, _ACCOUNT, mapping, "Account", keep=("Type", "RecordType.DeveloperName"))


def contact(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Contact -> person."""
    yield row("person", record, _CONTACT, mapping, "Contact")


def lead(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Lead -> lead, and the person it is until it is converted into a contact."""
    keep = ("Status", "Company", "Industry", "NumberOfEmployees", "Rating")
    yield row("lead", record, _LEAD, mapping, "Lead", keep=keep)
    if not record.get("IsConverted"):
        yield (
            "person",
            {column: path(record) if callable(path) else record.get(path) for column, path in _LEAD_PERSON.items()},
        )


def user(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """User -> owner. Since when somebody is inactive Salesforce does not say; that they are is kept in ``attrs``."""
    table, found = row(
        "owner", record, _USER, mapping, "User", keep=("IsActive", "UserRole.Name", "Title", "Department")
    )
    named = dict(found)
    named["role"] = chosen(mapping, "User", "role", record.get("UserRole.Name"), {}) or named.get("role")
    yield table, named


def role(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """UserRole -> team. What a team does is said by the settings: ``function = { "SDR" = "sales" }``."""
    table, found = row("team", record, _ROLE, mapping, "UserRole")
    named = dict(found)
    named["function"] = chosen(mapping, "UserRole", "function", record.get("Name"), {}) or named.get("function")
    yield table, named
