"""How a stream of CRM records is read: everything at first, then what changed, what was deleted, and now and then all of it.

The state of a stream is ``{"first": {"after", "floor"}}`` while the first pull is on its way, then ``{"cursor",
"archived", "swept_at"}``:

``cursor``
    the last modification that was read. The search index lags, so that a pull begins ten minutes before it.
``archived``
    the last deletion that was read, likewise.
``floor``
    when the first pull began, by HubSpot's clock. Records listed early in it may have changed before it ended, so that
    the next pull begins there and not at the newest change seen.
``swept_at``
    when everything was read last. That finds what no change tells: privacy deletes, associations and formulas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from revalign_hubspot.api import SEARCH, Api, Raw, milliseconds
from revalign_hubspot.kinds import NOTES, Kind, wanted
from revalign_udf.connector import (
    Context,
    Mark,
    Merges,
    Message,
    Present,
    Records,
    Stream,
    Tombstones,
)
from revalign_udf.connector.cursors import Cursor, parsed, sweep_due

__all__ = ["LOOKBACK", "read_records"]

LOOKBACK = 600
"""seconds before the cursor that are read again, unless the settings say otherwise"""

State = Mapping[str, Any]


def read_records(ctx: Context, kind: Kind, stream: Stream, state: State) -> Iterator[Message]:
    """Everything new in a stream of CRM records."""
    reader = _Reader(ctx, kind, stream)
    if "cursor" in state:
        if sweep_due(state, ctx.clock(), float(ctx.settings.get("sweep_days") or 7)):
            yield from reader.everything(state, sweep=True)
        else:
            yield from reader.changes(state)
    elif ctx.settings.get("since") and "first" not in state:
        yield from reader.changes(state, since=str(ctx.settings["since"]))
    else:
        yield from reader.everything(state, sweep=False)
    yield from kind.closing(reader.skipped)


class _Reader:
    def __init__(self, ctx: Context, kind: Kind, stream: Stream) -> None:
        self.ctx, self.kind, self.stream = ctx, kind, stream
        self.api = Api(ctx)
        own = [name for name in stream.custom if name]
        self.properties, self.history = wanted(kind, ctx.settings.get("mapping") or {}, own)
        self.own = frozenset(own)
        self.shared: Mapping[str, Any] = {}
        self.skipped: Counter[str] = Counter()
        chosen = ctx.settings.get("lookback")
        self.lookback = LOOKBACK if chosen is None else int(chosen)
        self.since = str(ctx.settings.get("since") or "")

    # -- everything

    def everything(self, state: State, *, sweep: bool) -> Iterator[Message]:
        """All records, in the order of their ids. A first pull goes on where it was interrupted; a sweep begins anew."""
        first = {} if sweep else dict(state.get("first") or {})
        after, floor = first.get("after"), first.get("floor")
        while True:
            records, after, moment = self.api.listed(
                self.kind.name, self.properties, self.history, self.kind.associations, after=after
            )
            floor = floor or moment.isoformat()
            if sweep:
                yield from self._present(records, last=after is None)
                records = [record for record in records if self._recent(record)]
            yield from self._page(records, later=False)
            if after is None:
                break
            yield Mark(state if sweep else {"first": {"after": after, "floor": floor}})
        done = {"cursor": floor, "archived": floor, "swept_at": self.ctx.clock().isoformat()}
        if sweep:
            archived = Cursor(state, key="archived", lookback=self.lookback)
            yield from self._archived(archived)
            done["archived"] = archived.value or floor
        yield Mark(done)

    def _recent(self, record: Raw) -> bool:
        """Whether a record belongs to what the setting ``since`` asks for."""
        return not self.since or milliseconds(record["updatedAt"]) >= milliseconds(self.since)

    def _present(self, records: Sequence[Raw], *, last: bool) -> Iterator[Message]:
        keys = [record["id"] for record in records if not self.kind.skip(record)]
        for table in self.kind.keyed:
            yield Present(table, keys, last=last)
        found: dict[str, list[str]] = {table: [] for table, _ in self.kind.swept}
        for record in records:
            for table, _, children in self.kind.children(record):
                found[table] += children
        for table, prefix in self.kind.swept:
            yield Present(table, found[table], last=last, prefix=prefix)

    # -- what changed

    def changes(self, state: State, since: str = "") -> Iterator[Message]:
        """Records changed since the cursor, oldest change first; then what was deleted."""
        cursor = Cursor(state, lookback=self.lookback, since=since or None)
        archived = Cursor(state, key="archived", lookback=self.lookback)
        swept = state.get("swept_at") or self.ctx.clock().isoformat()
        start = cursor.start or datetime.fromtimestamp(0, UTC)
        if cursor.value is None:
            cursor.value = archived.value = start.isoformat()
        seen: set[str] = set()
        for found in self.api.changed(self.kind.name, self.kind.modified, milliseconds(start.isoformat())):
            fresh = [one for one in found if _version(one, self.kind.modified) not in seen]
            # only the neighbouring page can bring the same change again
            seen = {_version(one, self.kind.modified) for one in found} if len(found) == SEARCH else seen
            ids = [one["id"] for one in fresh]
            records = self.api.batch(self.kind.name, ids, self.properties, self.history) if ids else []
            if self.kind.associations and records:
                self.api.associate(self.kind.name, records, self.kind.associations)
            yield from self._page(records, later=True)
            for one in found:
                cursor.see((one.get("properties") or {}).get(self.kind.modified) or one["updatedAt"])
            yield Mark({"cursor": cursor.value, "archived": archived.value, "swept_at": swept})
        if not since:
            yield from self._archived(archived)
        yield Mark({"cursor": cursor.value, "archived": archived.value, "swept_at": swept})

    def _archived(self, cursor: Cursor) -> Iterator[Message]:
        """Deletions since the cursor. The list is not in their order, so that all of it is looked through."""
        start, after = cursor.start, None
        while True:
            records, after, _ = self.api.listed(
                self.kind.name, (self.kind.modified,), (), (), after=after, archived=True
            )
            fresh = [
                one for one in records
                if start is None or not one.get("archivedAt") or parsed(one["archivedAt"]) >= start
            ]  # fmt: skip
            yield from self._gone(fresh)
            for record in fresh:
                cursor.see(record.get("archivedAt"))
            if after is None:
                return

    def _gone(self, records: Sequence[Raw]) -> Iterator[Message]:
        keys = [record["id"] for record in records]
        for table in self.kind.keyed if keys else ():
            yield Tombstones(table, keys)
        for record in records:
            for table, prefix, _ in self.kind.children(record):
                yield Present(table, [], last=True, prefix=prefix)

    # -- one page

    def _page(self, records: Sequence[Raw], *, later: bool) -> Iterator[Message]:
        kept: list[Raw] = []
        left_out: list[Raw] = []
        for record in records:
            reason = self.kind.skip(record)
            if reason:
                self.skipped[reason] += 1
                left_out.append(record)
                continue
            self.shared = self.shared or {"custom": self.own, **self.kind.prepare(self.api, self.ctx)}
            record[NOTES] = dict(self.shared)
            kept.append(record)
        if later and left_out:
            # an earlier pull may have known it with a deal or a contact
            yield from self._gone(left_out)
        if not kept:
            return
        self.kind.join(self.api, kept)
        yield Records(self.kind.name, kept)
        pairs = [(gone, record["id"]) for record in kept for gone in _merged(record)]
        for table in self.kind.keyed if pairs else ():
            yield Merges(table, pairs)
        for record in kept if later else ():
            for table, prefix, keys in self.kind.children(record):
                yield Present(table, keys, last=True, prefix=prefix)


def _version(record: Raw, modified: str) -> str:
    return f"{record['id']}@{(record.get('properties') or {}).get(modified) or record['updatedAt']}"


def _merged(record: Raw) -> list[str]:
    """Ids of the records that were merged into this one: ``1;2``, or for contacts also ``1:moment;2:moment``."""
    properties = record.get("properties") or {}
    told = [properties.get(name) or "" for name in ("hs_merged_object_ids", "hs_calculated_merged_vids")]
    ids = [part.split(":")[0].strip() for text in told for part in text.split(";")]
    return [one for one in dict.fromkeys(ids) if one and one != record["id"]]
