"""Who there is: end users, agents, groups and organizations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from revalign_udf.connector import CanonicalRow, Context, Mark, Message, Present, Records
from revalign_udf.connector.cursors import sweep_due
from revalign_udf.connector.values import attrs, domain_of, fill
from revalign_zendesk.api import Desk, epoch_of
from revalign_zendesk.streams.shared import RESTARTED, Columns, flag, key_of

__all__ = [
    "GROUPS", "ORGANIZATIONS", "USERS", "map_group", "map_organization", "map_user", "read_groups", "read_organizations",
    "read_users",
]  # fmt: skip

GROUPS, ORGANIZATIONS, USERS = "groups", "organizations", "users"
_END_USER = "end-user"


def read_groups(desk: Desk) -> Iterable[Message]:
    """All groups, every time: there are few, and a list that is complete shows which are gone."""
    keys: list[str] = []
    for page in desk.listed(GROUPS, GROUPS):
        yield Records(GROUPS, page)
        keys += [str(group["id"]) for group in page]
    yield Present("team", keys, last=True)


def read_organizations(ctx: Context, desk: Desk, state: Mapping[str, Any]) -> Iterable[Message]:
    """Every organization that changed; once a week the keys of all, because deleted ones are not told."""
    now = ctx.clock()
    swept = str(state.get("swept_at") or now.isoformat())
    for items, time in desk.changed_by_time(ORGANIZATIONS, state):
        yield Records(ORGANIZATIONS, items)
        yield Mark({"time": time, "swept_at": swept})
        ctx.progress(len(items))
        state = {**state, "time": time}
    if sweep_due(state, now) and "swept_at" in state:
        for page in desk.listed(ORGANIZATIONS, ORGANIZATIONS):
            yield Present("organization", [str(organization["id"]) for organization in page])
        yield Present("organization", (), last=True)
        yield Mark({"time": state["time"], "swept_at": now.isoformat()})


def read_users(ctx: Context, desk: Desk, state: Mapping[str, Any]) -> Iterable[Message]:
    """Every user that changed, deleted ones too (``active`` is false).

    The state remembers who was an agent, so that one who is made an end user ends as an owner, too.
    """
    time, agents = int(state.get("time") or 0), set(state.get("agents") or ())
    for page in desk.changed(USERS, state):
        if page.restarted:
            yield RESTARTED
        records = []
        for user in page.items:
            key, is_agent = str(user["id"]), user.get("role") not in (_END_USER, None)
            records.append({**user, "was_agent": key in agents and not is_agent})
            (agents.add if is_agent else agents.discard)(key)
            time = max(time, epoch_of(user.get("updated_at")))
        yield Records(USERS, records)
        yield Mark({"cursor": page.cursor, "time": time, "agents": sorted(agents)})
        ctx.progress(len(page.items))


def map_group(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A group -> a team. What it is for is not said: a Zendesk account also has groups for billing or sales."""
    row = fill(record, _GROUP, mapping, GROUPS)
    yield "team", attrs(row, record, is_custom=lambda _: False)


def map_organization(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """An organization; its first domain joins it with the same customer elsewhere, all of them are kept."""
    row = fill(record, _ORGANIZATION, mapping, ORGANIZATIONS)
    more = [
        ("domains", list(record.get("domain_names") or ())),
        ("external_id", record.get("external_id")),
        ("group_id", record.get("group_id")),
        ("tags", sorted(record.get("tags") or ())),
        *(record.get("organization_fields") or {}).items(),
    ]
    yield (
        "organization",
        attrs(row, record, is_custom=lambda _: False, more=[(k, v) for k, v in more if v not in ([], {})]),
    )


def map_user(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A user is a person (agents write tickets, too); an agent or administrator is an owner as well.

    A user who was deleted, or merged into another, is a deleted person. An owner stays, because old tickets name it: the
    day on which it was deleted or made an end user is its last.
    """
    person = fill(record, _PERSON, mapping, USERS)
    for column in ("name", "team_id", "role", "active_from", "active_to"):
        person.pop(column, None)
    more = [
        *((name, record.get(name)) for name in ("external_id", "locale", "role", "time_zone")),
        ("suspended", flag(record.get("suspended"))),
        ("tags", sorted(record.get("tags") or ())),
        *(record.get("user_fields") or {}).items(),
    ]
    yield (
        "person",
        attrs(person, record, is_custom=lambda _: False, more=[(k, v) for k, v in more if v not in ([], {})]),
    )
    if record.get("role") in (_END_USER, None) and not record.get("was_agent"):
        return
    has_left = record.get("active") is False or bool(record.get("was_agent"))
    owner = fill(record, _OWNER, {}, USERS)
    owner["active_to"] = record.get("updated_at") if has_left else None
    yield "owner", owner


_GROUP: Columns = {
    "id": key_of("id"),
    "name": "name",
    "updated_at": "updated_at",
    "deleted": lambda record: flag(record.get("deleted")),
}
_ORGANIZATION: Columns = {
    "id": key_of("id"),
    "name": "name",
    "domain": lambda record: domain_of(next(iter(record.get("domain_names") or ()), None)),
    "created_at": "created_at",
    "updated_at": "updated_at",
    "deleted": lambda record: flag(record.get("deleted_at")),
}
_PERSON: Columns = {
    "id": key_of("id"),
    "org_id": key_of("organization_id"),
    "email": "email",
    "updated_at": "updated_at",
    "deleted": lambda record: flag(record.get("active") is False),
}
_OWNER: Columns = {
    "id": key_of("id"),
    "name": lambda record: record.get("name") or f"agent {record['id']}",
    "email": "email",
    "team_id": key_of("default_group_id"),
    "role": lambda _: "support",
    "active_from": "created_at",
    "updated_at": "updated_at",
}
