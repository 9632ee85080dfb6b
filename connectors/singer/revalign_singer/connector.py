"""The singer connector: starts a tap, takes what it writes, says what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from revalign_singer.reading import Reading
from revalign_singer.tap import choose, tap_of
from revalign_udf.canonical import TABLES
from revalign_udf.connector import CanonicalRow, Check, Context, Message, Setting, Spec, Stream
from revalign_udf.connector.foreign import Entry, native, read_entries
from revalign_udf.errors import RevalignError

__all__ = ["SingerConnector"]

#: a tap is run once for everything it has: its state belongs to all its streams together
STREAM = "tap"


class SingerConnector:
    """Reads what a Singer tap writes. One stream, since a tap has one state for all that it reads.

    Args:
        batch: rows that are held in memory at a time.
    """

    def __init__(self, batch: int = 5_000) -> None:
        self.batch = batch

    spec = Spec(
        name="singer",
        version="0.1.0",
        about="any Singer tap, run as a program of its own",
        settings=(
            Setting("command", "list", required=True, help='the tap and its arguments, such as ["tap-github"]'),
            Setting("config", "table", help="the tap's own settings; secrets in it as references"),
            Setting("tables", "list", help="which stream fills which table: [[source.NAME.tables]]"),
            Setting("discover", "bool", default=True, help="ask the tap for its streams first; false: it cannot say"),
            Setting("catalog", "path", help="a catalogue of your own instead of asking the tap"),
            Setting("env", "table", help="variables for the tap, besides the few that every program needs"),
        ),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the tap starts, and has the streams and fields that the settings name."""
        try:
            entries = list(_entries(ctx).values())
            catalogue = tap_of(ctx).catalogue()
            if catalogue is None:
                return Check(ok=True, message="The tap is not asked what it has (discover = false).")
            chosen, others = choose(catalogue, entries, ctx)
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        named = {entry.stream: entry for entry in entries}
        streams = [str(item.get("stream") or item.get("tap_stream_id")) for item in chosen["streams"]]
        found = [(name, named.get(name) or native(name)) for name in streams]
        listed = ", ".join(f"{name} -> {entry.table}" for name, entry in found if entry)
        left = f" Not mapped: {', '.join(sorted(others))}." if others else ""
        return Check(ok=True, message=f"The tap has {listed or 'nothing that is mapped'}.{left}")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The one stream, with the tables it may fill. Raises ConfigError REV-302 or REV-305."""
        entries = _entries(ctx)
        # streams that have a table's name need no entry, so any table may be filled
        tables = tuple(dict.fromkeys([*(entry.table for entry in entries.values()), *TABLES]))
        return [
            Stream(
                STREAM,
                tables,
                cursor="state",
                granularity="second",
                delete_mode="tombstone",
                about=" ".join(tap_of(ctx).command[:1]),
            )
        ]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:  # noqa: ARG002 - there is one
        """What the tap writes, from where its state says."""
        return Reading(ctx, _entries(ctx), state, self.batch).messages()

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002 - the protocol's signature
        """A record is a canonical row already; rows are sent in bulk and do not come this way."""
        return [(stream, record)]


def _entries(ctx: Context) -> dict[str, Entry]:
    return read_entries(ctx.settings.get("tables"), ctx.connection)
