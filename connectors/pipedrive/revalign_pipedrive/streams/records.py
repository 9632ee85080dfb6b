"""Companies, people, products, leads, users and activities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from revalign_pipedrive.api import utc
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path, attrs, domain_of, fill

__all__ = ["activity", "chosen", "key", "lead", "organization", "person", "product", "row", "stage", "user"]


def key(value: Any) -> str | None:
    """An id as text."""
    return None if value in (None, "", 0) else str(value)


def _id(name: str) -> Path:
    return lambda record: key(record.get(name))


def _time(name: str) -> Path:
    return lambda record: utc(record.get(name))


def chosen(mapping: Mapping[str, Any], stream: str, column: str, value: Any, known: Mapping[str, str]) -> str | None:
    """What a vendor's value stands for: ``kind = { "demo call" = "demo" }`` of the settings, else the ``known`` ones."""
    folded = str(value or "").strip().casefold()
    own = (mapping.get(stream) or {}).get(column)
    for name, canonical in (own if isinstance(own, Mapping) else {}).items():
        if name.strip().casefold() == folded:
            return str(canonical) or None
    return known.get(folded)


def row(
    table: str, record: Mapping[str, Any], defaults: Mapping[str, Path], mapping: Mapping[str, Any], stream: str,
    *, keep: Sequence[str] = (),
) -> CanonicalRow:  # fmt: skip
    """A canonical row with the custom fields of the record and some of its own fields in ``attrs``."""
    found = fill(record, {"id": _id("id"), "updated_at": _time("update_time"), **defaults}, mapping, stream)
    more = [*(record.get("custom") or {}).items(), *((name, record.get(name)) for name in keep)]
    return table, attrs(found, record, is_custom=lambda _name: False, more=more)


def _primary(values: Any) -> Any:
    """The primary one of a list such as ``[{"value": ..., "primary": true}]``, else the first."""
    items = [item for item in values or () if isinstance(item, Mapping) and item.get("value")]
    return next((item["value"] for item in items if item.get("primary")), items[0]["value"] if items else None)


_ORGANIZATION: dict[str, Path] = {
    "name": "name", "domain": lambda record: domain_of(record.get("website")), "country": "address.country",
    "industry": "industry", "employees": "employee_count", "owner_id": _id("owner_id"), "created_at": _time("add_time"),
}  # fmt: skip
_PERSON: dict[str, Path] = {
    "org_id": _id("org_id"), "email": lambda record: _primary(record.get("emails")),
    "country": "postal_address.country",
}  # fmt: skip
_LEAD: dict[str, Path] = {
    "created_at": _time("add_time"), "person_id": _id("person_id"), "org_id": _id("organization_id"),
    "owner_id": _id("owner_id"), "lead_source": lambda record: record.get("source_name") or record.get("origin"),
}  # fmt: skip
_USER: dict[str, Path] = {
    "name": "name", "email": "email", "active_from": lambda record: str(record.get("created") or "")[:10] or None,
    "updated_at": _time("modified"),
}  # fmt: skip
_KINDS = {"call": "call", "meeting": "meeting", "lunch": "meeting", "email": "sent", "demo": "demo"}


def organization(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Organization -> organization."""
    yield row("organization", record, _ORGANIZATION, mapping, "organizations")


def person(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Person -> person."""
    yield row("person", record, _PERSON, mapping, "persons")


def product(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Product -> product; its line is its category."""
    defaults: dict[str, Path] = {"name": "name", "product_line": lambda item: key(item.get("category"))}
    yield row("product", record, defaults, mapping, "products", keep=("code",))


def lead(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Lead -> lead. Whom it became Pipedrive does not say: the deal of the same person that follows is taken."""
    yield row("lead", record, _LEAD, mapping, "leads", keep=("channel", "is_archived"))


def user(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """User -> owner."""
    yield row("owner", record, _USER, mapping, "users", keep=("active_flag",))


def stage(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG001 - as all others
    """Stage of a pipeline -> stage_map: an opportunity, until the deal's status says won or lost."""
    yield (
        "stage_map",
        {
            "connection": "", "object": "opportunity", "pipeline": record.get("pipeline"), "source_stage": record["name"],
            "stage": record.get("meaning") or "opportunity", "position": record.get("order_nr"),
            "is_won": record["name"] == "won" and record.get("meaning") == "customer",
            "is_lost": record["name"] == "lost" and record.get("meaning") == "lost",
        },
    )  # fmt: skip


def activity(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
    """Activity -> touch, when it is done and was a call, a meeting or a mail with somebody; anything else is no touch."""
    kind = chosen(mapping, "activities", "kind", record.get("type"), _KINDS)
    participants = [item for item in record.get("participants") or () if isinstance(item, Mapping)]
    with_whom = next((item for item in participants if item.get("primary")), participants[0] if participants else {})
    person_id = key(with_whom.get("person_id")) or key(record.get("person_id"))
    lead_id = key(record.get("lead_id"))
    if not record.get("done") or not kind or not (person_id or lead_id):
        return
    due = record.get("due_date")
    if due and record.get("due_time"):
        due = utc(f"{due} {str(record['due_time'])[:5]}:00")
    moment = utc(record.get("marked_as_done_time")) or due or utc(record.get("update_time"))
    defaults: dict[str, Path] = {
        "person_id": lambda _: person_id, "lead_id": lambda _: None if person_id else lead_id,
        "occurred_at": lambda _: moment, "owner_id": _id("owner_id"), "direction": lambda _: "out",
    }  # fmt: skip
    table, found = row("touch", record, defaults, mapping, "activities", keep=("deal_id",))
    yield table, {**found, "kind": kind}
