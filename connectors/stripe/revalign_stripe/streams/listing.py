"""Streams of plain objects: everything listed once, then what events name, read again.

First pull (and when the last one is over 25 days old): every page of the list, resumable after each, then a sweep of
the keys. Later: the objects made since the cursor, a hundred a call; those among the changed that are older, one by one;
deleted ones become tombstones. The cursor is the time of Stripe's newest event, read BEFORE the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from revalign_stripe.api import PAGE, changes, epoch, latest_event, listed, one, relist_due, usable
from revalign_udf.connector import Context, Mark, Message, Present, Records, Stream, Tombstones
from revalign_udf.connector.http import Http

__all__ = ["Kind", "read_kind"]

Prepare = Callable[[Http, Sequence[Mapping[str, Any]], bool], Iterator[Message] | list[Mapping[str, Any]]]


@dataclass(frozen=True)
class Kind:
    """How one kind of object is read."""

    stream: str
    path: str
    events: tuple[str, ...]
    tables: tuple[str, ...]
    """tables whose rows carry the object's own id: swept and buried with it"""
    expand: tuple[str, ...] = ()
    dated: bool = False
    """a document of its day: the setting ``since`` leaves older ones out"""
    complete: Callable[[Context, Http], Callable[[Mapping[str, Any]], Mapping[str, Any]]] = field(
        default=lambda _ctx, _http: lambda item: item
    )
    """makes what adds to an object that is not in the list itself"""
    after: Callable[[Sequence[Mapping[str, Any]]], Iterator[Message]] = field(default=lambda _items: iter(()))
    """messages that follow a page"""
    resolve: Callable[[Http, Mapping[str, Any]], list[str]] = field(
        default=lambda _http, item: [str(item.get("id") or "")]
    )
    """event object -> ids of the objects it speaks of"""


def read_kind(ctx: Context, http: Http, kind: Kind, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Everything new in a stream. State: ``{"cursor": seconds, "seen": [events], "whole": seconds, "at": seconds}``; while
    listing ``"list": {after, from}``."""
    now = ctx.clock()
    if relist_due(state, now):
        yield from _whole(ctx, http, kind, state)
        return
    found = changes(http, kind.events, state, stream.lookback)
    deleted = {
        str(event["data"]["object"].get("id")) for event in found.events if str(event["type"]).endswith(".deleted")
    }
    wanted = {key for event in found.events for key in kind.resolve(http, event["data"]["object"]) if key}
    complete = kind.complete(ctx, http)
    if wanted:
        for page in listed(http, kind.path, _params(kind, {"created[gte]": found.since})):
            wanted -= {str(item["id"]) for item in page.items}
            yield from _records(ctx, kind, page.items, complete)
    gone: list[str] = []
    kept: list[Mapping[str, Any]] = []
    alone = {f"{name.replace('data.', '', 1)}" for name in kind.expand}
    for key in sorted(wanted):
        ctx.stop_if_cancelled()
        item = None
        if key not in deleted:
            item = one(http, f"{kind.path}/{key}", {"expand[]": sorted(alone)} if alone else None)
        if item is None:
            gone.append(key)
            continue
        kept.append(item)
        if len(kept) == PAGE:
            yield from _records(ctx, kind, kept, complete)
            kept = []
    if kept:
        yield from _records(ctx, kind, kept, complete)
    if gone:
        for table in kind.tables:
            yield Tombstones(table, gone)
    yield Mark(found.state(now))


def _params(kind: Kind, more: Mapping[str, Any]) -> dict[str, Any]:
    return {**({"expand[]": list(kind.expand)} if kind.expand else {}), **more}


def _whole(ctx: Context, http: Http, kind: Kind, state: Mapping[str, Any]) -> Iterator[Message]:
    begun, now = state.get("list") or {}, ctx.clock()
    resumed = bool(begun)
    cursor = int(begun["from"]) if resumed else latest_event(http, now)
    since = ctx.settings.get("since") if kind.dated else None
    more = {"created[gte]": epoch(str(since))} if since else {}
    complete = kind.complete(ctx, http)
    # a list that was begun by an earlier run, or begins at a date, is no list of everything there is
    sweep = not resumed and not since
    previous = {name: state[name] for name in ("cursor", "at") if name in state}
    for page in listed(http, kind.path, _params(kind, more), after=str(begun.get("after") or "")):
        yield from _records(ctx, kind, page.items, complete)
        if page.items:
            if sweep:
                keys = [str(item["id"]) for item in page.items]
                for table in kind.tables:
                    yield Present(table, keys)
            yield Mark({**previous, "list": {"from": cursor, "after": page.items[-1]["id"]}})
    if sweep:
        for table in kind.tables:
            yield Present(table, [], last=True)
    yield Mark({"cursor": cursor, "whole": cursor, "at": epoch(now)})


def _records(
    ctx: Context, kind: Kind, items: Sequence[Mapping[str, Any]],
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> Iterator[Message]:  # fmt: skip
    found = [complete(item) for item in usable(ctx, items)]
    if found:
        yield Records(kind.stream, found)
        yield from kind.after(found)
