"""The Connector protocol: what a source system's adapter is.

A connector does no I/O of its own. The context hands it the opened folder, HTTP client, database or sheet reader, the
clock and a cancel flag, so that every connector can be tested offline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from revalign_udf.connector.messages import Message
from revalign_udf.errors import Fatal, Retriable

# the clients are loaded by the connectors that ask for one: a folder of files needs neither HTTP nor SQL
if TYPE_CHECKING:
    from revalign_udf.connector.database import Database
    from revalign_udf.connector.http import Auth, Http, Limits, Reply
    from revalign_udf.connector.process import Process

__all__ = [
    "API_VERSION",
    "CanonicalRow",
    "Check",
    "Connector",
    "Context",
    "Folder",
    "Linked",
    "Setting",
    "SheetReader",
    "Spec",
    "Stream",
    "http_settings",
]

#: The version of this protocol. A connector names the version it was written for.
API_VERSION = 1

CanonicalRow = tuple[str, Mapping[str, Any]]
"""(table, column -> value)"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a connection, as written in ``[source.NAME]``."""

    name: str
    kind: Literal["text", "path", "int", "float", "bool", "date", "secret", "table", "list"] = "text"
    required: bool = False
    default: Any = None
    help: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record of a source."""

    name: str
    tables: tuple[str, ...]
    primary_key: tuple[str, ...] = ("id",)
    cursor: str = ""
    granularity: Literal["", "day", "second", "millisecond"] = ""
    delete_mode: Literal["tombstone", "soft", "sweep", "none"] = "none"
    about: str = ""
    lookback: int = 0
    """seconds before the cursor that are read again: for clocks that differ and indexes that lag"""
    custom: tuple[str, ...] = ()
    """names of the vendor's custom fields, as discovered; their values are kept in ``attrs``"""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a connector says of itself."""

    name: str
    version: str
    about: str
    settings: tuple[Setting, ...] = ()
    api_version: int = API_VERSION
    needs: tuple[Literal["folder", "http", "database", "sheets"], ...] = ()
    scopes: tuple[str, ...] = ()
    """what a person has to grant at the vendor's, least first; shown before first use"""
    state_version: int = 1
    """the form of this connector's states; an older one is passed through ``upgrade(stream, state, version)``"""


def http_settings(base_url: str, *, help: str = "the vendor's API") -> tuple[Setting, ...]:  # noqa: A002
    """The settings every connector over HTTP has: where it calls (admin-visible), through what, and from when on.

    ``base_url`` is the default address; pass an empty one where each customer has an own host.
    """
    return (
        Setting("base_url", "text", required=not base_url, default=base_url or None, help=f"address of {help}"),
        Setting("proxy", "text", help="address of an HTTP proxy; empty: what the environment says"),
        Setting("ca_file", "path", help="certificates of your own authority (PEM)"),
        Setting("since", "date", help="how far back the first pull reads; empty: everything"),
        Setting("mapping", "table", help="which vendor field fills which column, see [source.NAME.mapping]"),
    )


@dataclass(frozen=True, slots=True)
class Check:
    """The answer of ``check``: whether the source can be reached and what was seen."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Folder:
    """Files a connector may read: one file or everything under one folder."""

    root: Path

    def files(self, pattern: str = "*") -> list[str]:
        """Names of the files matching a pattern, sorted; for a single file its own name. Raises Fatal REV-501."""
        if self.root.is_file():
            return [self.root.name]
        if not self.root.is_dir():
            raise Fatal(
                f"There is no file or folder {self.root}.",
                code="REV-501",
                hint="Correct `path` in revalign.toml; it is relative to that file.",
            )
        found = (item for item in self.root.rglob(pattern) if item.is_file())
        return sorted(item.relative_to(self.root).as_posix() for item in found)

    def path(self, name: str) -> Path:
        """Where a file of :meth:`files` lies."""
        return self.root if self.root.is_file() else self.root / name

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading. Raises Fatal REV-501 when it cannot be read."""
        try:
            return self.path(name).open("rb")
        except OSError as error:
            raise Fatal(f"Cannot read {self.path(name)}: {error.strerror}.", code="REV-501") from error


class SheetReader(Protocol):
    """An opened Google Sheet to read from."""

    @property
    def title(self) -> str:
        """The spreadsheet's name."""
        ...

    @property
    def url(self) -> str:
        """Its address for people."""
        ...

    def tabs(self) -> Sequence[str]:
        """The titles of its tabs, in order."""
        ...

    def rows(self, tab: str) -> Sequence[Sequence[Any]]:
        """The cells of a tab from A1 on: numbers as numbers, dates as ISO text, blanks as ``None``."""
        ...


@dataclass(slots=True)
class Context:
    """What the sync engine hands a connector. One context serves all streams of a connection during one pull."""

    connection: str
    settings: Mapping[str, Any]
    currency: str = "USD"
    time_zone: str = "UTC"
    project: Path = field(default_factory=Path.cwd)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    cancelled: Callable[[], bool] = lambda: False
    progress: Callable[[int], None] = lambda _rows: None
    sleep: Callable[[float], None] = time.sleep
    """how waiting is done; another one is called once with the whole wait"""
    keep: Callable[[str, str], bool] = lambda _setting, _value: False
    """``keep(setting, value)`` stores a secret that the vendor renewed (a rotating refresh token) where the setting's
    reference points; False when that place cannot be written (an environment variable)"""
    open_sheet: Callable[[Mapping[str, Any]], SheetReader] | None = None
    secrets: Sequence[str] = ()
    """values that no message, error or log may show"""
    _opened: dict[str, Any] = field(default_factory=dict)

    def folder(self, setting: str = "path") -> Folder:
        """The folder or file named by a setting, relative to the project."""
        return Folder((self.project / str(self.settings[setting])).resolve())

    def http(
        self, auth: Auth | None = None, *, base_url: str = "", headers: Mapping[str, str] | None = None,
        limits: Limits | None = None, judge: Callable[[Reply], None] | None = None, hosts: Sequence[str] = (),
    ) -> Http:  # fmt: skip
        """The HTTP client of this connection: the first call makes it, later ones with the same address get the same one,
        with its token and its pace.

        ``base_url`` defaults to the setting; ``hosts`` are further addresses that may be called (a token server, the host
        of a download); ``judge`` looks at every reply and raises what its body says (throttled, expired).
        """
        from revalign_udf.connector.http import Http

        address = base_url or str(self.settings["base_url"])
        if address not in self._opened:
            self._opened[address] = Http(
                self, address, auth=auth, headers=headers, limits=limits, judge=judge, hosts=hosts
            )
        found: Http = self._opened[address]
        return found

    def database(self, setting: str = "url") -> Database:
        """The database named by a setting, opened for reading."""
        from revalign_udf.connector.database import Database

        if setting not in self._opened:
            self._opened[setting] = Database(self, str(self.settings[setting]))
        found: Database = self._opened[setting]
        return found

    def process(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, secrets: Sequence[str] = ()
    ) -> Process:
        """Start another program and read what it writes; it ends with this context at the latest."""
        from revalign_udf.connector.process import Process

        made = Process(self, command, env=env, secrets=secrets)
        self._opened[f"process {len(self._opened)}"] = made
        return made

    def sheet(self) -> SheetReader:
        """The Google Sheet that the settings name. Raises Fatal REV-501 where sheets cannot be opened."""
        if self.open_sheet is None:
            raise Fatal("Google Sheets cannot be read here.", code="REV-501")
        if "sheet" not in self._opened:
            self._opened["sheet"] = self.open_sheet(self.settings)
        found: SheetReader = self._opened["sheet"]
        return found

    def wait(self, seconds: float) -> None:
        """Wait, and stop waiting when the pull is cancelled. Raises Retriable REV-505 then."""
        if self.sleep is not time.sleep:  # a clock of the caller's own
            self.stop_if_cancelled()
            self.sleep(seconds)
        else:
            ends = time.monotonic() + seconds
            while (left := ends - time.monotonic()) > 0:
                self.stop_if_cancelled()
                self.sleep(min(left, 1.0))
        self.stop_if_cancelled()

    def stop_if_cancelled(self) -> None:
        """Raise Retriable REV-505 when the pull was cancelled."""
        if self.cancelled():
            raise Retriable("The pull was stopped.", hint="What was read up to the last mark is kept; pull again.")

    def opened(self) -> Sequence[Any]:
        """The clients made so far."""
        return tuple(self._opened.values())

    def close(self) -> None:
        """Let go of everything that was opened."""
        for opened in self._opened.values():
            if hasattr(opened, "close"):
                opened.close()
        self._opened.clear()


@runtime_checkable
class Connector(Protocol):
    """An adapter of one system. See the module docstring; ``revalign_udf.testing`` has what proves one."""

    spec: Spec

    def check(self, ctx: Context) -> Check:
        """Whether the source can be reached with these settings."""
        ...

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams this connection has."""
        ...

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything new in a stream since ``state`` (empty at first)."""
        ...

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one raw record. Pure: no I/O, no clock."""
        ...


@runtime_checkable
class Linked(Protocol):
    """A connector that knows the vendor's own page of a record."""

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Canonical table -> address with ``{id}`` in it, for people to open a record in the vendor's own system."""
        ...
