"""All sources side by side, each with its own connection to the store and its own time.

A source that fails, hangs or is told to stop does not touch the others. What it had read stays as it was at its last
committed mark.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from revalign_udf.config import Project, Source
from revalign_udf.errors import ConfigError, UnknownName
from revalign_udf.hookspecs import Synced
from revalign_udf.plugins import Registry
from revalign_udf.store import Store
from revalign_udf.sync.context import minutes
from revalign_udf.sync.report import Progress, PullOptions, SourceReport
from revalign_udf.sync.source import SourcePull

__all__ = ["pull_sources"]

#: how often the watch looks at running sources, in seconds
_LOOK = 0.05


def pull_sources(
    project: Project, store: Store, registry: Registry, names: Sequence[str] = (), progress: Progress | None = None,
    options: PullOptions | None = None,
) -> list[SourceReport]:  # fmt: skip
    """Pull some sources, or all. Raises UnknownName REV-101 for a source the settings do not have."""
    for name in names:
        if name not in project.sources:
            raise UnknownName("source", name, project.sources)
    options = options or PullOptions()
    chosen = [source for name, source in project.sources.items() if not names or name in names]
    shown = _one_at_a_time(progress)
    runners = [_Runner(project, store, registry, source, options, shown) for source in chosen]
    waiting = list(runners)
    try:
        while waiting or any(runner.alive for runner in runners):
            while waiting and sum(runner.alive for runner in runners) < max(1, options.workers):
                waiting.pop(0).start()
            for runner in runners:
                runner.look()
            _first_alive(runners)
    except BaseException:
        # told to end: what was read up to the last marks is kept
        for runner in runners:
            runner.pull.stop()
        for runner in runners:
            runner.join(options.grace)
        raise
    reports = [runner.report for runner in runners]
    for report in reports:
        _tell(registry, report, str(project.folder))
    return reports


def _first_alive(runners: Sequence[_Runner]) -> None:
    for runner in runners:
        if runner.alive:
            runner.join(_LOOK)
            return


def _one_at_a_time(progress: Progress | None) -> Progress | None:
    """Progress of several threads, one call after the other."""
    if progress is None:
        return None
    lock = threading.Lock()

    def show(source: str, rows: int) -> None:
        with lock:
            progress(source, rows)

    return show


def _tell(registry: Registry, report: SourceReport, project: str) -> None:
    """Tell plugins of a pulled source; one that fails is named, and the pull stands."""
    synced: Synced = report.synced(project)
    for name, told in registry.after_sync:
        try:
            told(synced)
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way
            report.messages.append(f"The plugin {name} failed after the pull: {type(error).__name__}: {error}")


class _Runner:
    """A source in a thread of its own, and the watch over its time."""

    def __init__(
        self, project: Project, store: Store, registry: Registry, source: Source, options: PullOptions,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self._mine = store.beside()
        self.pull = SourcePull(project, self._mine, registry, source, options, progress)
        self._options, self._source = options, source
        self._thread = threading.Thread(target=self._run, name=f"pull {source.name}", daemon=True)
        self._result: SourceReport | None = None
        self._error: BaseException | None = None
        self._given_up: SourceReport | None = None
        self._ends = 0.0
        self._began = 0.0

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        try:
            limit = minutes(self._source) * 60
        except ConfigError:
            limit = 60.0  # the pull itself will say so
        self._ends = self._began + limit
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it runs and is waited for."""
        return self._began > 0 and self._thread.is_alive() and self._given_up is None

    def join(self, seconds: float) -> None:
        """Wait a while for its end."""
        if self._began:
            self._thread.join(seconds)

    def look(self) -> None:
        """Ask a source to end whose time is over, and give it up when it does not."""
        now = time.monotonic()
        if not self.alive or now < self._ends:
            return
        self.pull.stop()
        if now < self._ends + self._options.grace:
            return
        self._mine.abandon()
        report = SourceReport(self.pull.report.name, self.pull.report.connector)
        report.seconds = now - self._began
        report.fail(
            f"REV-510 it did not end within {(self._ends - self._began) / 60:g} minutes, nor when told to;"
            " what it had read up to its last commit is kept. Give it more time (time_limit) or look at the connector."
        )
        self._given_up = report

    @property
    def report(self) -> SourceReport:
        """What became of it. Raises what the store itself raised."""
        if self._given_up is not None:
            return self._given_up
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def _run(self) -> None:
        try:
            self._result = self.pull.run()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._error = error
        finally:
            self._mine.close()
