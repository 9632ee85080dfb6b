"""Pulling: connectors -> store, each source on its own, nothing dropped in silence.

A source that fails does not touch the others; a stream that fails does not touch the source's other streams. What was
read before the failure stays as it was at the last committed mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from revalign_udf.canonical import TABLES
from revalign_udf.config import Project, Source, is_reference, resolve
from revalign_udf.connector import (
    Check,
    Connector,
    Context,
    Log,
    Message,
    Records,
    Rejected,
    Rows,
    Setting,
    Stream,
)
from revalign_udf.errors import BadRecord, ConfigError, ConnectorError, RevalignError, UnknownName, did_you_mean, redact
from revalign_udf.plugins import Registry
from revalign_udf.store import Counts, Pull, Store

__all__ = ["Progress", "SourceReport", "check_source", "context_for", "pull_sources"]

Progress = Callable[[str, int], None]
"""(source, rows read so far)"""


@dataclass(slots=True)
class SourceReport:
    """What a pull did to one source."""

    name: str
    connector: str
    status: str = "ok"
    counts: Counts = field(default_factory=Counts)
    messages: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "source": self.name,
            "connector": self.connector,
            "status": self.status,
            "read": self.counts.read,
            "written": self.counts.written,
            "deleted": self.counts.deleted,
            "rejected": self.counts.rejected,
            "messages": self.messages,
            "failures": self.failures,
            "rejects": [
                {"table": r.table, "file": r.file, "line": r.line, "column": r.column, "value": r.value,
                 "reason": r.reason, "code": r.code}
                for r in self.counts.rejects[:100]
            ],
        }  # fmt: skip


def pull_sources(
    project: Project, store: Store, registry: Registry, names: Sequence[str] = (), progress: Progress | None = None
) -> list[SourceReport]:
    """Pull some sources, or all. Raises UnknownName REV-101 for a source the settings do not have."""
    for name in names:
        if name not in project.sources:
            raise UnknownName("source", name, project.sources)
    return [
        _pull(project, store, registry, source, progress)
        for name, source in project.sources.items()
        if not names or name in names
    ]


def check_source(project: Project, registry: Registry, name: str) -> Check:
    """Ask a source's connector whether it can be reached."""
    if name not in project.sources:
        raise UnknownName("source", name, project.sources)
    source = project.sources[name]
    connector = registry.connector(source.connector, name)
    try:
        return connector.check(context_for(project, source, connector))
    except RevalignError as error:
        return Check(ok=False, message=str(error))


def context_for(
    project: Project, source: Source, connector: Connector, rows: Callable[[int], None] | None = None
) -> Context:
    """The context of a connection, its settings checked and its secrets resolved.

    Raises ConfigError: REV-302 unknown setting, REV-305 a missing one, REV-304 a secret that cannot be found.
    """
    declared = {setting.name: setting for setting in connector.spec.settings}
    for key in source.settings:
        if key not in declared:
            near = did_you_mean(key, declared)
            hint = f"Did you mean {near}?" if near else f"Known: {', '.join(declared)}."
            raise ConfigError(f"[source.{source.name}] has no setting {key}.", code="REV-302", hint=hint)
    settings = {name: _setting(source, setting) for name, setting in declared.items()}
    return Context(
        source.name,
        settings,
        project.company.currency,
        project.company.time_zone,
        project.folder,
        progress=rows or (lambda _rows: None),
    )


def _setting(source: Source, setting: Setting) -> Any:
    where = f"source.{source.name}.{setting.name}"
    value = source.settings.get(setting.name, setting.default)
    if value is None and setting.required:
        raise ConfigError(f"{where} is missing: {setting.help}", code="REV-305", hint=f"Add {setting.name} = ...")
    if value is None:
        return None
    if isinstance(value, str) and is_reference(value):
        return resolve(value, where)
    if setting.kind == "secret":
        raise ConfigError(
            f"{where} holds a secret in plain text.", code="REV-303", hint=f'Write {setting.name} = "$env:NAME".'
        )
    if setting.kind == "date":
        return _iso(where, value)
    kinds: dict[str, type | tuple[type, ...]] = {
        "text": str, "path": str, "int": int, "float": (int, float), "bool": bool, "table": Mapping, "list": list,
    }  # fmt: skip
    expected = kinds[setting.kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and setting.kind in ("int", "float")):
        raise ConfigError(f"{where} must be a {setting.kind}, not {value!r}.", code="REV-305")
    return value


def _iso(where: str, value: object) -> str:
    try:
        return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ConfigError(f"{where} must be a date such as 2026-09-30, not {value!r}.", code="REV-305") from None


def _pull(
    project: Project, store: Store, registry: Registry, source: Source, progress: Progress | None
) -> SourceReport:
    report = SourceReport(source.name, source.connector)
    secrets: list[str] = []
    started = datetime.now(UTC)
    run = store.next_run()
    try:
        connector = registry.connector(source.connector, source.name)
        ctx = context_for(project, source, connector)
        secrets += _secrets(source, ctx)
        state = store.state(source.name)
        streams = {stream.name: stream for stream in connector.discover(ctx)}
        for name in state:
            # a stream that is no longer listed may still have to report its rows gone
            streams.setdefault(name, Stream(name, (name,)))
        for stream in streams.values():
            _stream(project, store, connector, ctx, stream, state.get(stream.name, {}), run, report, progress)
    except RevalignError as error:
        report.failures.append(str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a connector may fail in any way; only its own source suffers
        report.failures.append(_unexpected(source.connector, error))
    report.failures = [redact(text, secrets) for text in report.failures]
    report.messages = [redact(text, secrets) for text in report.messages]
    if report.failures:
        report.status = "failed"
    store.log_run(run, source.name, started, report.status, report.counts, "; ".join(report.failures))
    return report


def _unexpected(connector: str, error: BaseException) -> str:
    return f"REV-508 {connector} failed: {type(error).__name__}: {error}"


def _secrets(source: Source, ctx: Context) -> list[str]:
    """What must not show up in a report: every value that came from a reference."""
    return [str(ctx.settings[name]) for name, value in source.settings.items() if is_reference(value)]


def _stream(
    project: Project, store: Store, connector: Connector, ctx: Context, stream: Stream, state: Mapping[str, Any], run: int,
    report: SourceReport, progress: Progress | None,
) -> None:  # fmt: skip
    total = report.counts
    try:
        with store.pull(report.name, stream.name, run) as pull:
            mapping = ctx.settings.get("mapping") or {}
            try:
                for message in connector.read(ctx, stream, state):
                    _take(connector, pull, message, mapping, report)
                    if progress is not None:
                        progress(report.name, total.read + pull.counts.read)
            except ConnectorError:
                # what the connector had marked as read is whole, and good
                _add(total, pull.salvage())
                raise
            today = datetime.now(ZoneInfo(project.company.time_zone)).date()
            counts = pull.finish(today)
    except ConnectorError as error:
        report.failures.append(f"{stream.name}: {error}")
        return
    except RevalignError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
        report.failures.append(f"{stream.name}: {_unexpected(connector.spec.name, error)}")
        return
    _add(total, counts)


def _add(total: Counts, counts: Counts) -> None:
    total.read += counts.read
    total.written += counts.written
    total.deleted += counts.deleted
    total.rejected += counts.rejected
    total.rejects += counts.rejects


def _take(connector: Connector, pull: Pull, message: Message, mapping: Mapping[str, Any], report: SourceReport) -> None:
    if isinstance(message, Log):
        report.messages.append(message.text)
    elif isinstance(message, Records):
        for rows in _mapped(connector, pull, message, mapping):
            pull.add(rows)
    else:
        pull.add(message)


def _mapped(connector: Connector, pull: Pull, message: Records, mapping: Mapping[str, Any]) -> Iterable[Rows]:
    """Raw records through the connector's pure ``map``, gathered table by table. A record that cannot be mapped is
    listed with the rejects, under its number in the stream."""
    gathered: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    before = pull.counts.read
    for number, record in enumerate(message.records, before + 1):
        try:
            mapped = list(connector.map(message.stream, record, mapping))
        except BadRecord as error:
            pull.add(Rejected(message.stream, error.message, error.code, message.scope, number))
            continue
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            # the text of other errors may quote what a person wrote
            text = f"has no {error}" if isinstance(error, KeyError) else f"cannot be mapped ({type(error).__name__})"
            pull.add(Rejected(message.stream, f"the record {text}", "REV-503", message.scope, number))
            continue
        for table, row in mapped:
            gathered.setdefault(table, []).append((number, row))
    for table, numbered in gathered.items():
        if table not in TABLES:
            raise BadRecord(f"{connector.spec.name} maps to {table!r}, which is no canonical table.", code="REV-507")
        rows = [row for _, row in numbered]
        names = [name for name in TABLES[table].columns if any(name in row for row in rows)]
        required = [name for name in TABLES[table].required if name not in names]
        columns = {name: [row.get(name) for row in rows] for name in (*names, *required)}
        yield Rows(table, columns, message.scope, [number for number, _ in numbered], message.scope)
