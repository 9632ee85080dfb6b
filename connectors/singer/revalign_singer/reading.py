"""One run of a tap: its messages in, ours out. The Singer specification says what they mean; see README.md."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from revalign_singer.tap import DELETED_AT, choose, fields_of, tap_of
from revalign_udf.connector import Context, Log, Mark, Message, Present, Rejected, Whole
from revalign_udf.connector.foreign import Entry, Outgoing, Plan, native, unmapped
from revalign_udf.connector.process import Process, forms
from revalign_udf.errors import BadRecord, ConnectorError, Fatal, did_you_mean

__all__ = ["Reading"]

#: with more deletions than this waiting for the end, states in between would grow large
_DELETIONS = 20_000
#: seconds between two marks of a slow tap
_SECONDS = 5.0
#: characters of the largest state that is kept
_STATE = 4_000_000


@dataclass(slots=True)
class _Stream:
    """What this run has seen of one stream."""

    plans: list[Plan]
    keys: tuple[str, ...]
    records: int = 0
    version: int | None = None
    """of its latest records"""
    mixed: bool = False
    """records of several versions came"""
    activated: int | None = None


@dataclass(slots=True)
class _Known:
    """What our own state holds beside the tap's."""

    entries: dict[str, Mapping[str, str]]
    versions: dict[str, int]
    """stream -> the version of its stored records"""
    unfinished: dict[str, int]
    """stream -> a version of which an interrupted run has stored records"""
    native: set[str]
    """tables that streams of their name have filled, without an entry"""


@dataclass(slots=True)
class _Left:
    """A stream nobody maps."""

    fields: set[str] = field(default_factory=set)
    records: int = 0


class Reading:
    """A run of a tap.

    Args:
        ctx: the connection.
        entries: what the settings map.
        state: where the run before ended.
        batch: rows that are held at a time.
    """

    def __init__(self, ctx: Context, entries: Mapping[str, Entry], state: Mapping[str, Any], batch: int) -> None:
        self._ctx, self._entries, self._batch = ctx, entries, batch
        self._first = not state
        self._tap_state: dict[str, Any] = dict(state.get("tap") or {})
        self._known = _Known(
            dict(state.get("entries") or {}),
            dict(state.get("versions") or {}),
            dict(state.get("unfinished") or {}),
            set(state.get("native") or ()),
        )
        self._out = Outgoing(batch, state.get("gone"))
        self._streams: dict[str, _Stream] = {}
        self._left: dict[str, _Left] = {}
        self._secrets: list[str] = []
        self._odd: set[str] = set()
        self._mark: Mark | None = None
        """the last state that was not handed over yet; it may follow rows that came after it, never go before its own"""
        self._handed = time.monotonic()

    def messages(self) -> Iterator[Message]:
        """Everything the tap has for us.

        Raises:
            Retriable, Fatal: when the tap fails, after what it had sent up to its last state.
            ConfigError: for settings that cannot be used.
        """
        tap = tap_of(self._ctx)
        self._secrets = forms(tap.secrets)
        yield from self._changed_entries()
        catalogue = tap.catalogue()
        if catalogue is not None:
            catalogue, others = choose(catalogue, list(self._entries.values()), self._ctx)
            if self._first:
                yield from (unmapped(name, fields) for name, fields in sorted(others.items()))
        with tap.running(catalogue, self._tap_state) as process:
            try:
                yield from self._taken(process)
                process.end()
            except ConnectorError:
                yield from self._hand_over()
                raise
        yield from self._finish(process)

    # --- what the tap writes -----------------------------------------------------------------------------------------

    def _taken(self, process: Process) -> Iterator[Message]:
        for number, line in process.lines():
            message = _parsed(line, exact=True)
            kind = message.get("type") if isinstance(message, Mapping) else None
            if not isinstance(message, Mapping) or not isinstance(kind, str):
                reason = f"line {number} of the tap's output is no Singer message"
                self._out.reject(Rejected("tap", reason, file=process.name, line=number))
            elif kind == "RECORD":
                self._record(message, number)
            elif kind == "STATE":
                self._state(_parsed(line, exact=False), number)
            elif kind == "SCHEMA":
                yield from self._schema(message, number)
            elif kind == "ACTIVATE_VERSION":
                self._activate(message, number)
            elif kind == "BATCH":
                hint = "Switch batches off: leave batch_config out of config."
                raise Fatal("The tap writes batches into files, which are not read.", code="REV-506", hint=hint)
            elif kind not in self._odd:
                self._odd.add(kind)
                yield Log(f"The tap writes messages of a kind that is not known and left out: {kind[:40]}.", "warning")
            if self._out.waiting >= self._batch or time.monotonic() - self._handed > _SECONDS:
                yield from self._hand_over()

    def _schema(self, message: Mapping[str, Any], number: int) -> Iterator[Message]:
        name, schema = message.get("stream"), message.get("schema")
        keys = message.get("key_properties") or []
        if not isinstance(name, str) or not isinstance(schema, Mapping) or not isinstance(keys, list):
            raise Fatal(f"Line {number} of the tap's output is a SCHEMA without stream or schema.", code="REV-506")
        fields = fields_of(schema)
        entries = [entry for entry in self._entries.values() if entry.stream == name]
        entries = entries or [entry for entry in [native(name)] if entry]
        if not entries:
            self._left.setdefault(name, _Left()).fields |= fields
            return
        plans = [self._plan(entry, [str(key) for key in keys]) for entry in entries]
        new = name not in self._streams
        for plan in plans:
            if fields:
                plan.check(fields)
            if new and self._first and (left := plan.left_out(fields)):
                yield Log(f"{plan.entry.name}: fields not used: {', '.join(left)}.")
        if new:
            self._streams[name] = _Stream(plans, tuple(map(str, keys)))
        else:
            # rows that wait were made by the plans before; what those had seen holds on
            seen = self._streams[name]
            for plan, before in zip(plans, seen.plans, strict=True):
                plan.unseen = before.unseen & plan.unseen
            seen.plans, seen.keys = plans, tuple(map(str, keys))

    def _plan(self, entry: Entry, keys: list[str]) -> Plan:
        return Plan(entry, keys, self._ctx.currency, self._ctx.time_zone, [DELETED_AT])

    def _record(self, message: Mapping[str, Any], number: int) -> None:
        name, record = str(message.get("stream")), message.get("record")
        stream = self._streams.get(name)
        if stream is None:
            left = self._left.get(name)
            if left is None:
                self._out.reject(Rejected("tap", f"a record of {name[:60]} came before its SCHEMA", line=number))
            else:
                left.records += 1
            return
        if not isinstance(record, Mapping):
            self._out.reject(Rejected(stream.plans[0].table.name, "the record is no object", file=name, line=number))
            return
        stream.records += 1
        version = message.get("version")
        stream.mixed |= stream.records > 1 and version != stream.version
        stream.version = version
        lacking = [key for key in stream.keys if record.get(key) is None]
        for plan in stream.plans:
            if lacking:
                error = BadRecord(f"it has no {', '.join(lacking)}, which is its key", hint="id")
                self._out.refuse(plan, error, record, number)
            else:
                full = plan.entry.mode == "full"
                self._out.take(plan, record, number, keys=full or version is not None)

    def _state(self, message: Any, number: int) -> None:
        value = message.get("value") if isinstance(message, Mapping) else None
        if not isinstance(value, Mapping):
            self._out.reject(
                Rejected("tap", f"line {number} of the tap's output is a STATE without value", line=number)
            )
            return
        text = json.dumps(value)
        if len(text) > _STATE:
            raise Fatal(f"The tap's state has {len(text):,} characters, which is too much to keep.", code="REV-506")
        if any(secret in text for secret in self._secrets if len(secret) >= 8):
            hint = "Use another tap, or another version of it: secrets are never stored."
            raise Fatal("The tap writes a secret into its state.", code="REV-506", hint=hint)
        self._tap_state = dict(value)
        if sum(map(len, self._out.gone.values())) <= _DELETIONS:
            self._mark = Mark(self._kept())

    def _activate(self, message: Mapping[str, Any], number: int) -> None:
        stream, version = self._streams.get(str(message.get("stream"))), message.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            reason = f"line {number} of the tap's output is an ACTIVATE_VERSION without a version"
            self._out.reject(Rejected("tap", reason, line=number))
        elif stream is not None:
            stream.activated = version

    def _hand_over(self) -> Iterator[Message]:
        """What waits, and the last state of the tap after it."""
        yield from self._out.flush()
        if self._mark is not None:
            yield self._mark
        self._mark, self._handed = None, time.monotonic()

    # --- the end -----------------------------------------------------------------------------------------------------

    def _finish(self, process: Process) -> Iterator[Message]:
        yield from self._out.flush()
        for name, left in sorted(self._left.items()):
            if left.records or self._first:
                yield unmapped(name, left.fields, left.records)
        for entry in self._entries.values():
            if entry.stream not in self._streams:
                near = did_you_mean(entry.stream, [*self._streams, *self._left])
                hint = f" Did you mean {near}?" if near else ""
                yield Log(f"{process.name} sent nothing of the stream {entry.stream}.{hint}", "warning")
        for stream in self._streams.values():
            for plan in stream.plans:
                if stream.records and plan.unseen:
                    paths = ", ".join(sorted(plan.unseen))
                    yield Log(f"{plan.entry.name}: none of {stream.records:,} records has {paths}.", "warning")
        yield from self._vanished()
        yield from self._out.deletions()
        for name, stream in self._streams.items():
            if stream.activated is not None:
                self._known.versions[name] = stream.activated
        self._known.unfinished = {}
        yield Mark(self._kept(ended=True))

    def _vanished(self) -> Iterator[Message]:
        """Tables of which every record came in this run: what is stored besides is gone."""
        whole: dict[str, list[str]] = {}
        partial: dict[str, list[str]] = {}
        for entry in self._entries.values():
            if entry.stream not in self._streams:
                partial.setdefault(entry.table, []).append(entry.stream)
        for name, stream in self._streams.items():
            version, known = stream.activated, self._known
            renewed = version is not None and known.versions.get(name) != version
            other = stream.records and stream.version != version
            broken = stream.mixed or other or known.unfinished.get(name) == version
            if renewed and broken:
                yield Log(
                    f"{name} went on from an interrupted read: what is gone shows at its next whole one.", "warning"
                )
            for plan in stream.plans:
                is_whole = plan.entry.mode == "full" or (renewed and not broken)
                (whole if is_whole else partial).setdefault(plan.table.name, []).append(name)
        for table, names in whole.items():
            if others := partial.get(table):
                text = (
                    f"Records of {', '.join(names)} that are gone stay in {table}, which {', '.join(others)} fills too."
                )
                yield Log(text, "warning")
            else:
                yield Present(table, [], last=True)

    # --- the state ---------------------------------------------------------------------------------------------------

    def _kept(self, *, ended: bool = False) -> dict[str, Any]:
        entries = {
            entry.name: {"stream": entry.stream, "table": entry.table, "is": entry.fingerprint}
            for entry in self._entries.values()
        }
        kept: dict[str, Any] = {"tap": self._tap_state, "entries": entries}
        unfinished = dict(self._known.unfinished)
        if not ended:
            unfinished |= {name: found.version for name, found in self._streams.items() if found.version is not None}
        self._known.native |= {name for name in self._streams if native(name)} - {
            e.stream for e in self._entries.values()
        }
        if self._known.native:
            kept["native"] = sorted(self._known.native)
        gone = {table: list(keys) for table, keys in self._out.gone.items() if keys}
        for key, value in (("versions", self._known.versions), ("unfinished", unfinished), ("gone", gone)):
            if value:
                kept[key] = dict(value)
        return kept

    def _changed_entries(self) -> Iterator[Message]:
        """A stream that means something else from now on is read from its start; one that is no longer mapped takes its
        rows along."""
        for name, before in self._known.entries.items():
            now = self._entries.get(name)
            if now is not None and now.fingerprint == before["is"]:
                continue
            stream, table = before["stream"], before["table"]
            self._forget(stream)
            if now is not None:
                yield Log(f"{name} is read differently from now on, so it is read from the start.")
            elif native(stream) is None:
                if table in self._known.native or any(entry.table == table for entry in self._entries.values()):
                    yield Log(
                        f"{name} is no longer among the tables: its rows stay, since others fill {table}.", "warning"
                    )
                else:
                    yield Log(f"{name} is no longer among the tables: its rows are marked deleted.")
                    yield Whole(table)
        for entry in self._entries.values():
            if entry.mode == "full":
                self._without_bookmark(entry.stream)
        known = {before["stream"] for before in self._known.entries.values()}
        for entry in self._entries.values():
            if self._known.entries and entry.name not in self._known.entries and entry.stream in known:
                self._forget(entry.stream)

    def _forget(self, stream: str) -> None:
        """Take a stream's place out of the tap's state; where it cannot be found, the whole state."""
        if isinstance(self._tap_state.get("bookmarks"), Mapping):
            self._without_bookmark(stream)
        else:
            self._tap_state = {}
        self._known.versions.pop(stream, None)
        self._known.unfinished.pop(stream, None)

    def _without_bookmark(self, stream: str) -> None:
        bookmarks = self._tap_state.get("bookmarks")
        if isinstance(bookmarks, Mapping):
            kept = {key: value for key, value in bookmarks.items() if key != stream}
            self._tap_state = {**self._tap_state, "bookmarks": kept}


def _refused(text: str) -> Any:
    raise ValueError(text)


def _parsed(line: bytes, *, exact: bool) -> Any:
    """A line as JSON, None when it is none; ``exact``: numbers with a point as Decimal."""
    try:
        return json.loads(line, parse_float=Decimal if exact else float, parse_constant=_refused)
    except (ValueError, RecursionError, ArithmeticError):
        return None
