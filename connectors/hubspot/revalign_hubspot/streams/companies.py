"""Companies -> organization, with the history of what cuts numbers: owner, country, industry, segment, parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_hubspot.history import dated
from revalign_hubspot.kinds import Fields, Kind, custom
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import attrs, domain_of, fields_for, fill, instant

__all__ = ["COMPANIES"]

_FIELDS: Fields = {
    "domain": lambda p: domain_of(p.get("domain") or p.get("website")),
    "country": "country",
    "industry": "industry",
    "employees": "numberofemployees",
    "owner_id": "hubspot_owner_id",
    "parent_org_id": "hs_parent_company_id",
    "created_at": lambda p: instant(p.get("createdate")),
}
_DATED = {
    "segment": "",
    "country": "country",
    "industry": "industry",
    "owner_id": "hubspot_owner_id",
    "parent_org_id": "hs_parent_company_id",
}


def _company(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    properties = record["properties"]
    row = fill(properties, {"name": "name", **_FIELDS}, mapping, "companies")
    row["id"] = record["id"]
    # a company known by its domain alone has no name until HubSpot finds one
    row["name"] = row.get("name") or row.get("domain") or f"Company {record['id']}"
    yield "organization", attrs(row, properties, is_custom=custom(record))
    named = fields_for(mapping, "companies")
    for column, own in _DATED.items():
        for version, until in dated(record, named.get(column, own)):
            yield (
                "attribute_history",
                {
                    "entity": "organization",
                    "entity_id": record["id"],
                    "attribute": column,
                    "value": version.value,
                    "valid_from": version.at,
                    "valid_to": until,
                },
            )


COMPANIES = Kind(
    name="companies",
    tables=("organization", "attribute_history"),
    map=_company,
    about="companies, and since when they had their owner, country, industry, segment and parent",
    scope="crm.objects.companies.read",
    properties=(
        "name", "domain", "website", "country", "industry", "numberofemployees", "hubspot_owner_id", "hs_parent_company_id",
        "createdate", "hs_merged_object_ids",
    ),
    dated=_DATED,
    keyed=("organization",),
)  # fmt: skip
