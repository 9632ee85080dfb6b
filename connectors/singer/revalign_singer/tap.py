"""A tap as a program: its files, its catalogue, and which of its streams and fields it shall send."""

from __future__ import annotations

import copy
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.foreign import Entry, Plan, native, resolved
from revalign_udf.connector.process import Process
from revalign_udf.errors import ConfigError, Fatal, did_you_mean

__all__ = ["DELETED_AT", "Tap", "choose", "fields_of", "tap_of"]

Catalogue = dict[str, Any]

#: what log-based taps write into a record that is gone
DELETED_AT = "_sdc_deleted_at"


@dataclass(frozen=True, slots=True)
class Tap:
    """How to start a tap: its command, its settings with their secrets put in, its variables."""

    ctx: Context
    command: tuple[str, ...]
    config: Mapping[str, Any]
    env: Mapping[str, str]
    secrets: tuple[str, ...] = field(repr=False)

    def catalogue(self) -> Catalogue | None:
        """The catalogue of the file that the settings name, or what the tap says of itself; None when it has none.

        Raises:
            Fatal: REV-501 for a file that is not there, REV-506 for one that is no catalogue, or a tap that fails.
            Retriable: REV-505 when the tap fails for a passing reason.
        """
        settings = self.ctx.settings
        if name := settings.get("catalog"):
            path = (self.ctx.project / str(name)).resolve()
            try:
                return _streams(path.read_bytes(), str(path))
            except OSError as error:
                raise Fatal(f"Cannot read the catalogue {path}: {error.strerror}.", code="REV-501") from None
        if not settings.get("discover", True):
            return None
        with self._started(discover=True) as process:
            text = b"\n".join(line for _, line in process.lines())
            process.end()
        hint = "Write discover = false for a tap that cannot discover, or name a catalogue: catalog = FILE."
        return _streams(text, f"what {process.name} --discover writes", hint)

    @contextmanager
    def running(self, catalogue: Catalogue | None, state: Mapping[str, Any]) -> Iterator[Process]:
        """The tap while it reads."""
        with self._started(catalogue=catalogue, state=state or None) as process:
            yield process

    @contextmanager
    def _started(self, *, discover: bool = False, catalogue: Any = None, state: Any = None) -> Iterator[Process]:
        """Its files lie in a folder of their own that nobody else may read, and go with it."""
        with tempfile.TemporaryDirectory(prefix="revalign-singer-") as folder:
            arguments = ["--config", _written(Path(folder) / "config.json", self.config)]
            if discover:
                arguments.append("--discover")
            if catalogue is not None:
                arguments += ["--catalog", _written(Path(folder) / "catalog.json", catalogue)]
            if state is not None:
                arguments += ["--state", _written(Path(folder) / "state.json", state)]
            with self.ctx.process([*self.command, *arguments], env=self.env, secrets=self.secrets) as process:
                yield process


def tap_of(ctx: Context) -> Tap:
    """The tap of a connection. Raises ConfigError: REV-305 for settings of the wrong kind, REV-304 for a secret that
    cannot be found."""
    where = f"source.{ctx.connection}"
    command = ctx.settings.get("command") or []
    if not command or not all(isinstance(part, str) and part for part in command):
        hint = 'Write a list of texts: command = ["tap-github"].'
        raise ConfigError(f"{where}.command names no program.", code="REV-305", hint=hint)
    secrets: list[str] = []
    config = resolved(ctx.settings.get("config") or {}, f"{where}.config", secrets)
    env = resolved(ctx.settings.get("env") or {}, f"{where}.env", secrets)
    if not all(isinstance(value, str) for value in env.values()):
        raise ConfigError(f"{where}.env holds texts only.", code="REV-305", hint='Write PORT = "8080".')
    return Tap(ctx, tuple(command), config, env, tuple(secrets))


def _written(path: Path, data: Any) -> str:
    """Readable by this user only from its first moment on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(data, file, default=lambda value: value.isoformat())  # TOML has dates, JSON has not
    return str(path)


def _streams(text: bytes, where: str, hint: str = "") -> Catalogue:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    streams = found.get("streams") if isinstance(found, dict) else None
    if not isinstance(streams, list) or not all(isinstance(item, dict) and _name(item) for item in streams):
        raise Fatal(f"{where} is no Singer catalogue.", code="REV-506", hint=hint)
    return dict(found)


def _name(item: Mapping[str, Any]) -> str:
    """The name under which a stream's records come."""
    return str(item.get("stream") or item.get("tap_stream_id") or "")


def fields_of(schema: Mapping[str, Any]) -> set[str]:
    """The fields at the top of a schema."""
    found = schema.get("properties")
    return set(found) if isinstance(found, Mapping) else set()


def choose(catalogue: Catalogue, entries: Sequence[Entry], ctx: Context) -> tuple[Catalogue, dict[str, set[str]]]:
    """The catalogue with the mapped streams chosen, of them the fields that are used, and the fields of all the others.

    Raises Fatal: REV-507 for a stream the tap does not have, REV-502 for a field a stream does not have.
    """
    chosen = copy.deepcopy(catalogue)
    wanted: dict[str, list[Entry]] = {}
    for entry in entries:
        wanted.setdefault(entry.stream, []).append(entry)
    names = [_name(item) for item in chosen["streams"]]
    for stream in wanted:
        if stream not in names:
            near = did_you_mean(stream, names)
            hint = f"Did you mean {near}?" if near else f"It has {', '.join(names[:40]) or 'none'}."
            raise Fatal(f'The tap has no stream "{stream}".', code="REV-507", hint=hint)
    others: dict[str, set[str]] = {}
    for item in chosen["streams"]:
        name = _name(item)
        own = wanted.get(name) or [entry for entry in [native(name)] if entry]
        schema = item.get("schema") or {}
        fields = fields_of(schema)
        if not own:
            others[name] = fields
        elif fields:
            for entry in own:
                _plan(entry, item, ctx).check(fields)
        _select(item, schema, own, fields, ctx)
    return chosen, others


def _plan(entry: Entry, item: Mapping[str, Any], ctx: Context) -> Plan:
    return Plan(entry, _keys(item), ctx.currency, ctx.time_zone, [DELETED_AT])


def _keys(item: Mapping[str, Any]) -> list[str]:
    """What names a record: said by the stream itself, or by its metadata."""
    found = item.get("key_properties")
    if not found:
        for said in item.get("metadata") or []:
            if not said.get("breadcrumb"):
                found = said["metadata"].get("table-key-properties") or said["metadata"].get("view-key-properties")
    return [str(name) for name in found or []]


def _select(
    item: dict[str, Any], schema: dict[str, Any], entries: Sequence[Entry], fields: set[str], ctx: Context
) -> None:
    """Say in the stream's metadata (and, for old taps, in its schema) what it shall send."""
    metadata = {
        tuple(said.get("breadcrumb") or ()): dict(said.get("metadata") or {}) for said in item.get("metadata") or []
    }
    root = metadata.setdefault((), {})
    root["selected"] = bool(entries)
    schema["selected"] = bool(entries)
    needed = set(_keys(item)) | {str(item.get("replication_key") or "")} | {str(root.get("replication-key") or "")}
    for entry in entries:
        plan = _plan(entry, item, ctx)
        needed |= fields - set(plan.left_out(fields))
        if entry.mode == "full":
            root["replication-method"] = item["replication_method"] = "FULL_TABLE"
        elif entry.cursor:
            root["replication-method"] = item["replication_method"] = "INCREMENTAL"
            root["replication-key"] = item["replication_key"] = entry.cursor
    for name in fields:
        said = metadata.setdefault(("properties", name), {})
        if said.get("inclusion") != "unsupported":
            said["selected"] = bool(entries) and (name in needed or said.get("inclusion") == "automatic")
    item["metadata"] = [{"breadcrumb": list(path), "metadata": said} for path, said in metadata.items()]
