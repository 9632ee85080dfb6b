"""Pulling from a fake vendor for real: the sync engine and the store of every project, in a temporary folder."""

from __future__ import annotations

import functools
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from revalign_udf.canonical import TABLES
from revalign_udf.config import Company, Project, Source, is_reference
from revalign_udf.connector import Check, Context, Stream
from revalign_udf.hookspecs import StageDefault
from revalign_udf.plugins import Registry
from revalign_udf.store import Store
from revalign_udf.store.schema import history
from revalign_udf.sync import PullOptions, SourceReport, check_source, context_for, pull_sources
from revalign_udf.testing.fakes import Call
from revalign_udf.testing.vendor import Vendor
from revalign_udf.testing.watching import PatientContext, Watch, guarded_sockets, watched

__all__ = ["Bench", "Ground", "PullResult", "pulled"]

Row = dict[str, Any]


@dataclass(slots=True)
class PullResult:
    """What a pull did, and what the store holds of this connection after it."""

    report: SourceReport
    read_tables: Callable[[], dict[str, list[Row]]]
    state: dict[str, dict[str, Any]]
    """stream -> how far it was read"""
    rejects: list[Mapping[str, Any]]
    calls: list[Call]
    """the calls the vendor saw during this pull"""
    slept: list[float]
    """seconds of each wait, none of which really happened"""
    watch: Watch
    strangers: list[str]
    """who else was called, ``host:port``"""
    _tables: dict[str, list[Row]] | None = None

    @property
    def tables(self) -> dict[str, list[Row]]:
        """Canonical table -> the newest version of each row after this pull, deleted ones too. ``_key`` is the row's
        canonical key, instants are in UTC. Read from the store when first asked for.
        """
        if self._tables is None:
            self._tables = self.read_tables()
        return self._tables

    @property
    def ok(self) -> bool:
        """Whether every stream was read to its end."""
        return self.report.status == "ok"

    def rows(self, table: str, *, deleted: bool = False) -> list[Row]:
        """The live rows of a canonical table by key; with ``deleted`` those that are gone too."""
        return [row for row in self.tables.get(table, []) if deleted or not row["deleted"]]

    def row(self, table: str, key: str) -> Row:
        """One row of a canonical table, also a deleted one. Raises KeyError where there is none."""
        for row in self.tables.get(table, []):
            if row["_key"] == key:
                return row
        raise KeyError(f"{table} has no row {key}")

    def keys(self, table: str) -> set[str]:
        """The keys of the live rows of a canonical table."""
        return {row["_key"] for row in self.rows(table)}


class Ground:
    """A temporary folder with stores, one per time zone, for any number of connections."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="revalign-pull-", ignore_cleanup_errors=True)
        self._stores: dict[str, Store] = {}
        self._numbers = itertools.count(1)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(self._folder.name)

    def store(self, time_zone: str) -> Store:
        """The open store of a company in that time zone."""
        if time_zone not in self._stores:
            store = self._stores[time_zone] = Store.open(self.folder / time_zone.replace("/", "_"), time_zone)
            store.con.execute("SET threads = 1")  # small questions are answered sooner by one
        return self._stores[time_zone]

    def number(self) -> int:
        """A number nobody has had."""
        return next(self._numbers)

    def close(self) -> None:
        """Close the stores and remove the folder."""
        for store in self._stores.values():
            store.close()
        self._stores.clear()
        self._folder.cleanup()


@dataclass(slots=True)
class _Made:
    """What a bench made for itself and has to take away."""

    ground: Ground | None = None
    variables: list[str] = field(default_factory=list)


class Bench:
    """One connection to a fake vendor, pulled as often as wanted into the same store.

    Waits do not happen but are noted, and they move our clock. ``shift`` sets our clock wrong.
    """

    def __init__(
        self, vendor: Vendor, *, ground: Ground | None = None, settings: Mapping[str, Any] | None = None,
        currency: str = "USD", time_zone: str = "UTC", stage_defaults: list[StageDefault] | None = None,
    ) -> None:  # fmt: skip
        self.vendor = vendor
        self.shift = timedelta()
        self.strangers: list[str] = []
        """who else was called so far, ``host:port``"""
        self.cancelled: Callable[[], bool] = lambda: False
        self._made = _Made(None if ground else Ground())
        ground = ground or self._made.ground
        assert ground is not None
        spec = vendor.connector.spec
        self.name = f"{spec.name}{ground.number()}"
        self.store = ground.store(time_zone)
        self._slept: list[float] = []
        self._tables = {"stage_map"}
        given = {**vendor.settings(), **(settings or {})}
        source = Source(self.name, spec.name, self._referenced(given))
        self.project = Project(ground.folder, Company("Test", currency, time_zone), {self.name: source})
        self.registry = Registry(connectors={spec.name: vendor.connector}, stage_defaults=stage_defaults or [])

    def _referenced(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings as a project may write them: secrets in environment variables."""
        found: dict[str, Any] = {}
        secret = {item.name for item in self.vendor.connector.spec.settings if item.kind == "secret"}
        for name, value in settings.items():
            if value is None:
                continue
            if name in secret and not is_reference(value):
                variable = f"REVALIGN_TEST_{self.name}_{name}".upper()
                os.environ[variable] = str(value)
                self._made.variables.append(variable)
                found[name] = f"$env:{variable}"
            else:
                found[name] = value
        return found

    def now(self) -> datetime:
        """What our clock shows."""
        return (self.vendor.now or datetime.now(UTC)) + self.shift + timedelta(seconds=sum(self._slept))

    def _prepare(self, ctx: Context) -> None:
        ctx.__class__ = PatientContext
        ctx.sleep = self._slept.append
        ctx.clock = self.now
        stopped = ctx.cancelled
        ctx.cancelled = lambda: stopped() or self.cancelled()

    def pull(self, watch: Watch | None = None, *, full: bool = False, confirm_deletes: bool = False) -> PullResult:
        """Pull once. Nothing is raised for a source that fails: see ``report``."""
        watch = watch or Watch()
        api = self.vendor.api
        first, strangers = len(api.calls), len(self.strangers)
        watch.calls = lambda: len(api.calls) - first
        waits = len(self._slept)
        spec = self.vendor.connector.spec
        self.registry.connectors[spec.name] = watched(self.vendor.connector, watch)
        options = PullOptions(full=full, confirm_deletes=confirm_deletes, prepare=self._prepare)
        with guarded_sockets({api.port, *self.vendor.ports}, self.strangers):
            (report,) = pull_sources(self.project, self.store, self.registry, [self.name], options=options)
        self._tables |= {table for stream in watch.streams for table in stream.tables if table in TABLES}
        run = self.store.con.execute("SELECT max(run) FROM sync_run WHERE connection = ?", [self.name]).fetchall()[0][0]
        read_tables = functools.partial(self._tables_after, run, frozenset(self._tables))
        return PullResult(
            report, read_tables, self.store.state(self.name), self.store.rejects(self.name), api.calls[first:],
            self._slept[waits:], watch, self.strangers[strangers:],
        )  # fmt: skip

    @contextmanager
    def context(self) -> Iterator[Context]:
        """A context as the sync engine hands one to the connector."""
        connector = self.vendor.connector
        ctx = context_for(self.project, self.project.sources[self.name], connector, self.registry)
        self._prepare(ctx)
        try:
            with guarded_sockets({self.vendor.api.port, *self.vendor.ports}, self.strangers):
                yield ctx
        finally:
            ctx.close()

    def streams(self) -> list[Stream]:
        """The streams the connector finds."""
        with self.context() as ctx:
            return list(self.vendor.connector.discover(ctx))

    def check(self) -> Check:
        """Ask the connector whether the vendor can be reached, as ``revalign source test`` does."""
        self.registry.connectors[self.vendor.connector.spec.name] = self.vendor.connector
        with guarded_sockets({self.vendor.api.port, *self.vendor.ports}, self.strangers):
            return check_source(self.project, self.registry, self.name)

    def set_state(self, stream: str, state: Mapping[str, Any], version: int = 1) -> None:
        """Let the next pull go on from a state."""
        self.store.con.execute(
            "INSERT OR REPLACE INTO sync_state VALUES (?, ?, ?, ?, now()::TIMESTAMP)",
            [self.name, stream, json.dumps(state), version],
        )

    def _tables_after(self, run: int, names: Collection[str]) -> dict[str, list[Row]]:
        """The newest version of each row of this connection when a run had ended."""
        found: dict[str, list[Row]] = {}
        for name in sorted(names):
            columns = ["_key", *TABLES[name].columns]
            instants = TABLES[name].of_kind("instant")
            newest: dict[str, Row] = {}
            named = ", ".join(f'"{column}"' for column in columns)
            for values in self.store.con.execute(
                f"SELECT {named} FROM {history(name)} WHERE _conn = ? AND _run <= ? ORDER BY _seq",
                [self.name, run],
            ).fetchall():
                row = newest[values[0]] = dict(zip(columns, values, strict=True))
                row["deleted"] = bool(row["deleted"])
                for column in instants:
                    if row[column] is not None:
                        row[column] = row[column].replace(tzinfo=UTC)
            if newest:
                found[name] = [newest[key] for key in sorted(newest)]
        return found

    def close(self) -> None:
        """Take away what was made for this connection."""
        for variable in self._made.variables:
            os.environ.pop(variable, None)
        if self._made.ground is not None:
            self._made.ground.close()
            self._made.ground = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def pulled(vendor: Vendor, **options: Any) -> PullResult:
    """Pull once from a vendor into its own store; a second call goes on from the first.

    ``options`` are those of :class:`Bench` (further settings, currency, time zone) and hold for the first call. Closing
    the vendor removes the store.
    """
    if vendor._bench is None:  # noqa: SLF001 - the vendor keeps its bench, so that one close ends both
        vendor._bench = Bench(vendor, **options)  # noqa: SLF001
    return vendor._bench.pull()  # noqa: SLF001
