"""Companies -> organization, contacts -> person, admins and teams -> owner, team, owner_team."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_intercom.api import Api, Fields, first_company
from revalign_intercom.streams.searched import read_searched
from revalign_udf.connector import CanonicalRow, Context, Mark, Message, Records
from revalign_udf.connector.values import attrs, domain_of, fill, instant
from revalign_udf.errors import BadRecord

__all__ = [
    "map_admin", "map_company", "map_contact", "map_team", "read_admins", "read_companies", "read_contacts", "read_teams",
]  # fmt: skip

_ALWAYS = "1970-01-01"


def read_companies(ctx: Context) -> Iterator[Message]:
    """All companies, at every pull: they cannot be asked for by their last change.

    Intercom lists no company that has lost its last contact. So one that is missing need not be deleted, and none is
    taken away.
    """
    count = 0
    for page in Api(ctx).companies():
        count += len(page)
        yield Records("companies", page)
    yield Mark({"companies": count})


def map_company(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A company; the id you gave it yourself is kept in ``attrs.company_id``."""
    fields: Fields = {
        "name": "name",
        "domain": lambda one: domain_of(one.get("website")),
        "industry": "industry",
        "employees": "size",
        "created_at": lambda one: instant(one.get("remote_created_at") or one.get("created_at")),
    }
    own = record.get("custom_attributes") or {}
    row = fill({**own, **record}, fields, mapping, "companies")
    row["id"] = str(record["id"])
    row["name"] = row.get("name") or record.get("company_id") or f"Company {record['id']}"
    plan = (record.get("plan") or {}).get("name")
    more = [("company_id", record.get("company_id")), ("plan", plan), ("monthly_spend", record.get("monthly_spend"))]
    yield "organization", attrs(row, own, more=more)


def read_contacts(ctx: Context, state: Mapping[str, Any]) -> Iterator[Message]:
    """Users and leads."""
    return read_searched(ctx, state, "contacts", "data", table="person", key=lambda one: str(one["id"]))


def map_contact(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A user or lead of the workspace."""
    fields: Fields = {
        "org_id": lambda one: first_company(dict(one)),
        "email": "email",
        "first_touch_at": lambda one: instant(one.get("created_at")),
        "country": "location.country",
        "anonymous_id": "anonymous_id",
    }
    own = record.get("custom_attributes") or {}
    row = fill({**own, **record}, fields, mapping, "contacts")
    row["id"] = str(record["id"])
    more = [(name, record.get(name)) for name in ("external_id", "role")]
    yield "person", attrs(row, own, more=more)


def read_teams(ctx: Context) -> Iterator[Message]:
    """Teams of the inbox."""
    found = Api(ctx).whole("/teams", "teams")
    yield Records("teams", found)
    yield Mark({"teams": len(found)})


def map_team(record: Mapping[str, Any], _mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A team; its name is all Intercom knows."""
    yield "team", {"id": str(record["id"]), "name": record["name"]}


def read_admins(ctx: Context, state: Mapping[str, Any]) -> Iterator[Message]:
    """Admins of the workspace. Intercom tells their team, not since when: a change is dated by the pull that sees it."""
    known: dict[str, list[list[str]]] = {key: list(spans) for key, spans in (state.get("teams") or {}).items()}
    today = ctx.clock().isoformat()
    found = Api(ctx).whole("/admins", "admins")
    for one in found:
        spans = known.setdefault(str(one["id"]), [])
        team = _team(one)
        if (spans[-1][0] if spans else None) != team:
            spans.append([team, today if spans else _ALWAYS])
        one["_teams"] = spans
    yield Records("admins", found)
    yield Mark({"teams": known})


def _team(admin: Mapping[str, Any]) -> str:
    """The one team an admin is in; empty for none, and for several, of which none is said to be the main one."""
    teams = admin.get("team_ids") or []
    return str(teams[0]) if len(teams) == 1 else ""


def map_admin(record: Mapping[str, Any], _mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """An admin, and since when in which team as far as it was seen to change."""
    if record.get("type") == "team":
        raise BadRecord(f"admin {record['id']} is a team")
    key = str(record["id"])
    name = record.get("name") or record.get("email") or f"Admin {key}"
    yield "owner", {"id": key, "name": name, "email": record.get("email"), "team_id": _team(record) or None}
    spans = record.get("_teams") or []
    # as long as nothing changed, the team of the owner's own row holds at all times
    for place, (team, since) in enumerate(spans if len(spans) > 1 else ()):
        if team:
            until = spans[place + 1][1] if place + 1 < len(spans) else None
            yield "owner_team", {"owner_id": key, "team_id": team, "valid_from": since, "valid_to": until}
