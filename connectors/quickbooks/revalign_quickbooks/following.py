"""One way to read a stream: what changed since the cursor, then what was deleted, or everything where that is not told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from revalign_quickbooks.api import Books, Record, stale
from revalign_udf.connector import Context, Log, Mark, Message, Present, Records, Stream, Tombstones
from revalign_udf.connector.cursors import Cursor

__all__ = ["Reading", "read"]

Keys = Callable[[str, Record], Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a stream is read from.

    ``keys`` says which canonical rows a record of an entity has; ``parents`` are the tables with one row per record,
    ``children`` those with rows under the prefix ``own_key(entity, id) + ":"``.
    """

    entities: tuple[str, ...]
    own_key: Callable[[str, str], str]
    keys: Keys
    parents: Mapping[str, tuple[str, ...]]
    """entity -> tables with at most one row per record"""
    children: Mapping[str, str] = field(default_factory=dict)
    """entity -> table with rows under each record"""
    prepare: Callable[[str, Record], Mapping[str, Any] | None] = lambda entity, record: {
        "entity": entity,
        "record": record,
    }
    """the record for ``map``; None where it brings no row"""
    stamp: str = ""
    """of the settings that decide what rows say: when they change, everything is read again"""


def read(ctx: Context, books: Books, stream: Stream, state: Mapping[str, Any], reading: Reading) -> Iterator[Message]:
    """Changed records with marks, then deletions. A full reading has no marks but the last: it ends with what is there."""
    if not reading.entities:
        return
    known = bool(state.get("finished"))
    again = _why_again(ctx, state, reading) if known else ""
    gone: Mapping[str, Sequence[str]] = {}
    stamp = state.get("cdc") or ""
    if known and not again:
        found = books.deleted(reading.entities, stamp)
        if found is None:
            again = "more changed than QuickBooks tells in one answer"
        else:
            # deletions first: what was deleted before this answer is not listed by the queries after it
            gone, stamp = {name: found[0].get(name, []) for name in reading.entities}, found[1] or stamp
    if again:
        yield Log(f"{stream.name}: everything is read again: {again}.")
    cursors = {} if again else dict(state.get("cursors") or {})
    seen: dict[str, set[str]] = {}
    swept: set[str] = set()
    began = ""
    for entity in reading.entities:
        since = None if stream.name in ("customers", "items") else ctx.settings.get("since")
        cursor = Cursor({"cursor": cursors.get(entity)}, lookback=stream.lookback, since=since)
        for page in books.changed(entity, cursor.start):
            ctx.stop_if_cancelled()
            began = began or books.time
            for one in page:
                cursor.see(str(one["MetaData"]["LastUpdatedTime"]))
            records = [ready for one in page if (ready := reading.prepare(entity, one)) is not None]
            yield Records(stream.name, records)
            for one in page:
                rows = reading.keys(entity, one)
                for table, keys in rows.items() if again else ():
                    seen.setdefault(table, set()).update(keys)
                own = reading.own_key(entity, str(one["Id"]))
                if known and not again and own not in swept:
                    swept.add(own)  # a page begins with the last second of the one before
                    yield from _no_longer(reading, entity, own, rows)
            if cursor.value:
                cursors[entity] = cursor.value
            if not again:
                yield Mark({**state, "cursors": dict(cursors), "cdc": state.get("cdc") or began})
    if again:
        for table in sorted(
            {*(name for names in reading.parents.values() for name in names), *reading.children.values()}
        ):
            yield Present(table, sorted(seen.get(table, ())), last=True)
        stamp = began
    yield from _tombstones(gone, reading)
    yield Mark({"cursors": cursors, "cdc": stamp or began, "finished": True, "settings": reading.stamp})


def _no_longer(reading: Reading, entity: str, own: str, rows: Mapping[str, Sequence[str]]) -> Iterator[Message]:
    """What a changed record has not (any more): rows of its own it brings none for, and lines that were taken out."""
    for table in reading.parents.get(entity, ()):
        if own not in rows.get(table, ()):
            yield Tombstones(table, [own])
    if entity in reading.children:
        table = reading.children[entity]
        yield Present(table, list(rows.get(table, ())), last=True, prefix=f"{own}:")


def _why_again(ctx: Context, state: Mapping[str, Any], reading: Reading) -> str:
    if state.get("settings") != reading.stamp:
        return "the settings of its accounts changed"
    if not state.get("cdc") or stale(str(state["cdc"]), ctx.clock()):
        return "QuickBooks tells deletions of the last 30 days only"
    return ""


def _tombstones(gone: Mapping[str, Sequence[str]], reading: Reading) -> Iterator[Message]:
    for entity, ids in gone.items():
        if not ids:
            continue
        keys = [reading.own_key(entity, one) for one in ids]
        for table in reading.parents.get(entity, ()):
            yield Tombstones(table, keys)
        if entity in reading.children:
            for key in keys:
                yield Present(reading.children[entity], [], last=True, prefix=f"{key}:")
