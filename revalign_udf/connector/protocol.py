"""The Connector protocol: what a source system's adapter is.

A connector does no I/O of its own. The context hands it the opened folder (later: HTTP client, database, sheet), the
clock and a cancel flag, so that every connector can be tested offline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal, Protocol, runtime_checkable

from revalign_udf.connector.messages import Message
from revalign_udf.errors import Fatal

__all__ = ["API_VERSION", "CanonicalRow", "Check", "Connector", "Context", "Folder", "Setting", "Spec", "Stream"]

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


@dataclass(frozen=True, slots=True)
class Spec:
    """What a connector says of itself."""

    name: str
    version: str
    about: str
    settings: tuple[Setting, ...] = ()
    api_version: int = API_VERSION
    needs: tuple[Literal["folder", "http", "database", "sheets"], ...] = ()


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


@dataclass(slots=True)
class Context:
    """What the sync engine hands a connector."""

    connection: str
    settings: Mapping[str, Any]
    currency: str = "USD"
    time_zone: str = "UTC"
    project: Path = field(default_factory=Path.cwd)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    cancelled: Callable[[], bool] = lambda: False
    progress: Callable[[int], None] = lambda _rows: None

    def folder(self, setting: str = "path") -> Folder:
        """The folder or file named by a setting, relative to the project."""
        return Folder((self.project / str(self.settings[setting])).resolve())


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
