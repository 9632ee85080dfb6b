"""What a pull did to a source, and what may be asked of a pull."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.hookspecs import Synced
from revalign_udf.store import Counts

__all__ = ["Progress", "PullOptions", "SourceReport"]

Progress = Callable[[str, int], None]
"""(source, rows read so far)"""


@dataclass(frozen=True, slots=True)
class PullOptions:
    """What may be asked of a pull."""

    full: bool = False
    """forget how far each stream was read, and read everything again; what did not change stays as it is"""
    confirm_deletes: bool = False
    """believe a list of keys that takes away most of a table"""
    workers: int = 4
    """sources pulled side by side"""
    grace: float = 10.0
    """seconds a source gets to end by itself once its time is over"""
    prepare: Callable[[Context], None] | None = None
    """looks at each context before it is used; tests set clock, sleep and cancel flag here"""


@dataclass(slots=True)
class SourceReport:
    """What a pull did to one source."""

    name: str
    connector: str
    status: str = "ok"
    counts: Counts = field(default_factory=Counts)
    streams: dict[str, int] = field(default_factory=dict)
    """rows read per stream"""
    seconds: float = 0.0
    messages: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def fail(self, text: str) -> None:
        """Note a failure."""
        self.failures.append(text)
        self.status = "failed"

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
            "seconds": round(self.seconds, 3),
            "streams": self.streams,
            "messages": self.messages,
            "failures": self.failures,
            "rejects": [
                {"table": r.table, "file": r.file, "line": r.line, "column": r.column, "value": r.value,
                 "reason": r.reason, "code": r.code}
                for r in self.counts.rejects[:100]
            ],
        }  # fmt: skip

    def synced(self, project: str) -> Synced:
        """What plugins are told of it."""
        counts = self.counts
        return Synced(
            self.name, self.connector, self.status, counts.read, counts.written, counts.deleted, counts.rejected,
            tuple(self.failures), project, {"streams": dict(self.streams), "seconds": self.seconds},
        )  # fmt: skip
