"""Reading lists that can be asked for what changed, deletions included, and the weekly list of keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from revalign_pipedrive.api import Api
from revalign_udf.connector import Log, Mark, Message, Present, Records, Tombstones
from revalign_udf.connector.cursors import Cursor, parsed
from revalign_udf.errors import Fatal

__all__ = ["Changing", "read_changing"]

#: a list of keys this often, for deletions that no list tells
_SWEEP_DAYS = 7
#: lists of what is put aside, which not every plan has
_OPTIONAL = "archived"

Enrich = Callable[[Api, list[dict[str, Any]]], Iterator[Message]]
"""what else to send with a page of live records; may add to the records"""


@dataclass(frozen=True, slots=True)
class Changing:
    """A list that is read by ``update_time``."""

    stream: str
    paths: tuple[str, ...]
    """the lists that hold its records together"""
    table: str
    """the table its ids are keys of; empty when its rows have other keys"""
    kind: str = ""
    """of its custom fields: ``deal`` for dealFields"""
    params: tuple[tuple[str, str], ...] = ()
    since: bool = False
    """whether the setting ``since`` limits its first pull"""
    sends: bool = True
    """whether the records themselves are sent; else ``enrich`` sends what comes of them"""


def read_changing(api: Api, item: Changing, state: Mapping[str, Any], enrich: Enrich) -> Iterator[Message]:
    """Everything new in a list since ``state``, with marks after each page."""
    own = dict(state)
    started = api.ctx.clock()
    now: datetime | None = None
    for path in item.paths:
        name = "archived" if path.endswith(_OPTIONAL) else "cursor"
        try:
            for message, seen_at in _pages(api, item, path, own, name, enrich):
                now = now or seen_at
                yield message
        except Fatal as error:
            if name != "archived" or getattr(error, "reply", None) is None:
                raise
            yield Log(f"{item.stream}: archived records cannot be read. {error.message}", "warning")
    clock = now or started
    if item.table and own.get("swept_at") and clock - parsed(own["swept_at"]) >= timedelta(days=_SWEEP_DAYS):
        yield from _sweep(api, item)
        own["swept_at"] = clock.isoformat()
    own.setdefault("swept_at", clock.isoformat())
    yield Mark(own)


def _pages(
    api: Api, item: Changing, path: str, own: dict[str, Any], name: str, enrich: Enrich
) -> Iterator[tuple[Message, datetime | None]]:
    since = api.ctx.settings.get("since") if item.since else None
    cursor = Cursor(own, key=name, lookback=int(api.ctx.settings.get("lookback") or 0), since=since)
    params: dict[str, Any] = {**dict(item.params), "sort_by": "update_time", "sort_direction": "asc"}
    if cursor.start:
        params["updated_since"] = cursor.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    cap: datetime | None = None
    for records, now in api.pages(path, **params):
        cap = cap or now
        live = [record for record in records if not record.get("is_deleted")]
        gone = [str(record["id"]) for record in records if record.get("is_deleted")]
        for record in live:
            record["custom"] = api.custom(item.kind, record.pop("custom_fields", None)) if item.kind else {}
        extra = list(enrich(api, live))
        if item.sends and live:
            yield Records(item.stream, live), now
        for message in extra:
            yield message, now
        if gone and item.table:
            yield Tombstones(item.table, gone), now
        api.ctx.progress(len(live))
        for record in records:
            cursor.see(record.get("update_time"))
        if cursor.value:
            # a record changed while we page may have been passed: never past the moment at which we began
            own[name] = min(parsed(cursor.value), cap).isoformat() if cap else cursor.value
            yield Mark(dict(own)), now


def _sweep(api: Api, item: Changing) -> Iterator[Message]:
    params = {name: value.replace(",deleted", "") for name, value in item.params}
    for path in item.paths:
        try:
            for records, _ in api.pages(path, **params):
                yield Present(item.table, _keys(records))
        except Fatal as error:
            if not path.endswith(_OPTIONAL) or getattr(error, "reply", None) is None:
                raise
            return  # without this part the list of keys is not whole, and proves nothing
    yield Present(item.table, [], last=True)


def _keys(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(record["id"]) for record in records if not record.get("is_deleted")]
