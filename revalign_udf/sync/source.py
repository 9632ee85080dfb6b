"""One source: its streams one after the other, a failure of one left to that one."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from revalign_udf.config import Project, Source
from revalign_udf.connector import Connector, Context, Linked, Stream
from revalign_udf.errors import ConfigError, ConnectorError, Fatal, RevalignError, did_you_mean, redact
from revalign_udf.plugins import Registry
from revalign_udf.store import Counts, Pull, Store
from revalign_udf.sync.context import check_mapping, context_for
from revalign_udf.sync.report import Progress, PullOptions, SourceReport
from revalign_udf.sync.stages import unknown_stages, write_stage_defaults
from revalign_udf.sync.taking import Taking

__all__ = ["SourcePull"]


class SourcePull:
    """The pull of one source. ``last`` is when it last gave a sign of life; ``stop`` asks it to end."""

    def __init__(
        self, project: Project, store: Store, registry: Registry, source: Source, options: PullOptions,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.project, self.store, self.registry, self.source = project, store, registry, source
        self.options, self.progress = options, progress
        self.report = SourceReport(source.name, source.connector)
        self.stopped = False
        self.last = time.monotonic()
        self._secrets: list[str] = []

    def stop(self) -> None:
        """Ask the source to end at its next call or wait."""
        self.stopped = True

    def run(self) -> SourceReport:
        """Pull every stream. Raises nothing of the source's own; what fails stands in the report."""
        report, began, started = self.report, time.monotonic(), datetime.now(UTC)
        run = self.store.next_run()
        ctx: Context | None = None
        try:
            connector = self.registry.connector(self.source.connector, self.source.name)
            ctx = context_for(self.project, self.source, connector, self.registry)
            self._secrets += ctx.secrets
            ctx.cancelled = lambda: self.stopped
            if self.options.prepare is not None:
                self.options.prepare(ctx)
            self._streams(connector, ctx, run)
        except RevalignError as error:
            report.fail(str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a connector may fail in any way; only its own source suffers
            report.fail(_unexpected(self.source.connector, error))
        finally:
            if ctx is not None:
                for opened in ctx.opened():
                    report.messages += getattr(opened, "warnings", [])
                ctx.close()
        report.failures = [redact(text, self._secrets) for text in report.failures]
        report.messages = [redact(text, self._secrets) for text in dict.fromkeys(report.messages)]
        report.seconds = time.monotonic() - began
        self.store.log_run(run, self.source.name, started, report.status, report.counts, "; ".join(report.failures))
        return report

    def _streams(self, connector: Connector, ctx: Context, run: int) -> None:
        found = list(connector.discover(ctx))
        streams = {stream.name: stream for stream in found}
        if {"http", "database"} & set(connector.spec.needs):
            check_mapping(self.source, ctx.settings.get("mapping") or {}, found)
        states = {} if self.options.full else self.store.states(self.source.name)
        chosen = self._chosen(ctx, streams)
        if not chosen and "http" not in connector.spec.needs:
            # a stream that is no longer listed may still have to report its rows gone
            for name in states:
                if not name.startswith("_"):
                    streams.setdefault(name, Stream(name, (name,)))
        write_stage_defaults(self.store, self.registry, connector.spec.name, self.source.name, run)
        for stream in streams.values():
            if not chosen or stream.name in chosen:
                self._stream(connector, ctx, stream, states.get(stream.name, ({}, 0)), run)
        if isinstance(connector, Linked):
            self.store.remember_links(self.source.name, dict(connector.links(ctx.settings)))
        try:
            self.report.messages += unknown_stages(self.project, self.store, self.source.name)
        except ConfigError as error:
            self.report.messages.append(str(error))

    def _chosen(self, ctx: Context, streams: Mapping[str, Stream]) -> set[str]:
        names = ctx.settings.get("streams") or []
        for name in names:
            if name not in streams:
                near = did_you_mean(str(name), streams)
                raise ConfigError(
                    f"source.{self.source.name}.streams names {name!r}, which {self.source.connector} does not have.",
                    code="REV-302", hint=f"Did you mean {near}?" if near else f"Known: {', '.join(streams)}.",
                )  # fmt: skip
        return set(names)

    def _stream(
        self, connector: Connector, ctx: Context, stream: Stream, known: tuple[Mapping[str, Any], int], run: int
    ) -> None:
        report, total = self.report, self.report.counts
        try:
            state = self._upgraded(connector, stream, *known)
            with self.store.pull(report.name, stream.name, run, version=connector.spec.state_version) as pull:
                pull.believe_sweeps = self.options.confirm_deletes
                counts = self._read(connector, ctx, stream, state, pull)
        except ConnectorError as error:
            report.fail(f"{stream.name}: {error}")
            return
        except RevalignError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
            report.fail(f"{stream.name}: {_unexpected(connector.spec.name, error)}")
            return
        _add(total, counts)
        report.streams[stream.name] = counts.read

    def _read(self, connector: Connector, ctx: Context, stream: Stream, state: Mapping[str, Any], pull: Pull) -> Counts:
        report, total = self.report, self.report.counts
        taking = Taking(connector, pull, report.name, ctx.settings.get("mapping") or {}, report.messages.append)
        try:
            for message in connector.read(ctx, stream, state):
                self.last = time.monotonic()
                taking.take(message)
                ctx.stop_if_cancelled()
                if self.progress is not None:
                    self.progress(report.name, total.read + taking.read)
            taking.flush()
        except ConnectorError:
            # what the connector had marked as read is whole, and good
            taking.flush()
            _add(total, pull.salvage())
            raise
        zone = ZoneInfo(self.project.company.time_zone)
        counts = pull.finish(datetime.now(UTC).astimezone(zone).date())
        for text in pull.problems:
            report.fail(f"{stream.name}: {text}")
        return counts

    def _upgraded(
        self, connector: Connector, stream: Stream, state: Mapping[str, Any], version: int
    ) -> Mapping[str, Any]:
        """The state in the form this connector writes. Raises Fatal REV-511 for one it cannot read."""
        wanted = connector.spec.state_version
        if not state or version == wanted:
            return state
        upgrade = getattr(connector, "upgrade", None)
        if version > wanted or upgrade is None:
            raise Fatal(
                f"the state of {self.source.name} has version {version}; {connector.spec.name} reads version {wanted}.",
                code="REV-511",
                hint=f"Install the newer revalign-{connector.spec.name}, or read everything again:"
                f" revalign pull {self.source.name} --full",
            )
        found: Mapping[str, Any] = upgrade(stream.name, json.loads(json.dumps(state)), version)
        return found


def _unexpected(connector: str, error: BaseException) -> str:
    return f"REV-508 {connector} failed: {type(error).__name__}: {error}"


def _add(total: Counts, counts: Counts) -> None:
    total.read += counts.read
    total.written += counts.written
    total.deleted += counts.deleted
    total.rejected += counts.rejected
    total.rejects += counts.rejects
