"""Contacts: one person per address, however many audiences it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from revalign_mailchimp.api import Box, Listing, Record
from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Message, Present, Records
from revalign_udf.connector.cursors import sweep_due
from revalign_udf.connector.values import attrs, fill

__all__ = ["MEMBERS", "map_member", "read_members"]

MEMBERS = "members"
_ARCHIVED = "archived"
_STATES: tuple[str | None, ...] = (None, _ARCHIVED)
"""a list of members leaves archived ones out unless they are asked for"""
_PERSONAL = frozenset(("FNAME", "LNAME", "ADDRESS", "PHONE", "BIRTHDAY"))
_KEPT = ("status", "language", "contact_id", "unique_email_id", "list_id", "unsubscribe_reason")


def read_members(ctx: Context, box: Box, state: Mapping[str, Any]) -> Iterable[Message]:
    """Members that changed, audience by audience; once a week the keys of all, because removed ones are not told."""
    now, audiences = ctx.clock(), box.audiences()
    names = [str(audience["id"]) for audience in audiences]
    places: dict[str, dict[str, str]] = {name: dict(state.get("lists", {}).get(name, {})) for name in names}
    swept = str(state.get("swept_at") or now.isoformat())
    homes = _Homes(box, names, places)
    for name in names:
        for status in _STATES:
            kind = status or "current"
            for members, place in box.changed_members(name, places[name].get(kind) or _since(ctx), status):
                yield Records(MEMBERS, [found for member in members if (found := homes.settled(name, member))])
                if place:
                    places[name] = {**places[name], kind: place}
                yield Mark({"lists": dict(places), "swept_at": swept})
                ctx.progress(len(members))
    if sweep_due(state, now):
        yield from _sweep(box, names)
        swept = now.isoformat()
    yield Mark({"lists": dict(places), "swept_at": swept})


def _since(ctx: Context) -> str | None:
    since = ctx.settings.get("since")
    return f"{since}T00:00:00+00:00" if since else None


def _sweep(box: Box, names: Sequence[str]) -> Iterator[Message]:
    listing = [Listing() for _ in names]
    for name, counted in zip(names, listing, strict=True):
        fields = {"fields": "members.id,members.status,total_items"}
        for page in box.listed(f"/lists/{name}/members", "members", fields, counted):
            yield Present("person", [str(member["id"]) for member in page if member.get("status") != _ARCHIVED])
    if all(counted.whole for counted in listing):
        yield Present("person", (), last=True)
    else:
        yield Log(
            "Members were removed while their keys were listed; the next pull looks for removed ones again.", "warning"
        )


class _Homes:
    """Which audience's record of an address counts: the oldest audience's that has it and has not archived it."""

    def __init__(self, box: Box, names: Sequence[str], places: Mapping[str, Mapping[str, str]]) -> None:
        self._box, self._names = box, names
        self._fresh = {name for name in names if not places[name]}
        self._seen: set[bytes] = set()

    def settled(self, audience: str, member: Record) -> Record | None:
        """The record that counts, None where it was handed out before in this pull."""
        if len(self._names) == 1:
            return member
        number = self._names.index(audience)
        if self._fresh.issuperset(self._names[: number + 1]):
            # a first pull reads every audience whole, in order: what came before decides
            key, lives = bytes.fromhex(member["id"]), member.get("status") != _ARCHIVED
            if key in self._seen:
                return None
            if lives:
                self._seen.add(key)
            return member
        for name in self._names:
            found = member if name == audience else self._box.member(name, str(member["id"]))
            if found is not None and found.get("status") != _ARCHIVED:
                return found
        return member


def map_member(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A contact -> a person. Its key is the MD5 of its address, as in every report. An archived one is a deleted person.

    Names, addresses, telephone numbers and birthdays of the standard merge fields are left out; other merge fields are
    kept under their tags.
    """
    row = fill(record, _COLUMNS, mapping, MEMBERS)
    merge = {name: value for name, value in (record.get("merge_fields") or {}).items() if name not in _PERSONAL}
    tags = sorted(str(tag["name"]) for tag in record.get("tags") or ())
    more = [*merge.items(), *((name, record.get(name)) for name in _KEPT), ("vip", record.get("vip") or None)]
    if tags:
        more.append(("tags", tags))
    yield "person", attrs(row, record, is_custom=lambda _: False, more=[(k, v) for k, v in more if v not in ([], {})])


_COLUMNS: Mapping[str, str | Callable[[Mapping[str, Any]], Any]] = {
    "id": "id",
    "email": "email_address",
    "country": "location.country_code",
    "first_source": "source",
    "first_touch_at": "timestamp_signup",
    "updated_at": "last_changed",
    "deleted": lambda record: True if record.get("status") == _ARCHIVED else None,
}
