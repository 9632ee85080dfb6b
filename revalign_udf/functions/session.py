"""The published snapshot that cells read: found once, kept open, re-opened when a newer one is published."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from revalign_udf.errors import RevalignError

if TYPE_CHECKING:
    from revalign_udf.periods import Period
    from revalign_udf.query.answers import Answer, Explanation, Table
    from revalign_udf.query.bridging import Bridge
    from revalign_udf.query.drifts import PeriodDrift

__all__ = ["LONGEST", "PAUSE", "PROJECT_VARIABLE", "Door", "bound", "query", "use", "using"]

#: names the project folder for hosts that cannot pass one, such as Excel
PROJECT_VARIABLE = "REVALIGN_PROJECT"
#: seconds without a question after which the next one looks for a newer snapshot, and after which any one does
PAUSE, LONGEST = 0.2, 2.0
#: folders kept open at once
_FOLDERS = 4

P = ParamSpec("P")
T = TypeVar("T")

Where = Mapping[str, str] | None
Day = date | None


class Door(Protocol):
    """What cells ask for numbers: `revalign_udf.query.Query`, or a stand-in in tests."""

    def changed(self) -> bool:
        """Whether a newer snapshot has been published."""

    def refresh(self) -> None:
        """Read the newest published snapshot from now on."""

    def metric(
        self,
        name: str,
        period: Any,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> Answer:
        """One answer."""

    def series(
        self,
        name: str,
        first: Any,
        last: Any,
        grain: Any = None,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> Sequence[Answer]:
        """One answer per period."""

    def table(
        self,
        metrics: Sequence[str],
        periods: Sequence[Any],
        by: str | None = None,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> Table:
        """Several metrics over several periods."""

    def explain(
        self,
        name: str,
        period: Any,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
    ) -> Explanation:
        """How one answer came about."""

    def records(
        self,
        name: str,
        period: Any,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
    ) -> Table:
        """The source records behind one answer."""

    def names(self, kind: str) -> Sequence[str]:
        """Valid names of a kind."""

    def status(self) -> Table:
        """Freshness by source."""

    def define(self, name: str) -> Table:
        """What a metric means."""

    def bridge(
        self, start: str, end: str, period: Any, where: Where = None, *, as_of: Day = None, currency: str | None = None
    ) -> Bridge:
        """What lies between two rival numbers."""

    def drift(self, period: Any = None, metrics: Sequence[str] = ()) -> Sequence[PeriodDrift]:
        """What became of closed numbers."""

    def period(self, token: Any, anchor: Day = None) -> Period:
        """What a token means; relative ones count from the anchor, else from the snapshot."""


_Chosen = str | Path | Door


@dataclass(slots=True)
class _Open:
    """An open door, when it was last asked for, and when it was last looked whether something newer is published."""

    door: Door
    asked: float
    looked: float


_lock = threading.Lock()
#: what `use` said, for every thread of the process
_everywhere: _Chosen | None = None
#: what `using` said, for the code inside it
_here: ContextVar[_Chosen | None] = ContextVar("revalign_project", default=None)
_open_doors: dict[str, _Open] = {}


def use(project: _Chosen | None) -> None:
    """Read this project (a folder, or an open `Door`) from now on, in every thread; None goes back to the environment.

    A door that is handed over answers from the snapshot it has; whoever opened it says when it is to look for another.
    """
    global _everywhere  # noqa: PLW0603
    with _lock:
        _everywhere = project
        _open_doors.clear()


@contextmanager
def using(project: _Chosen) -> Iterator[None]:
    """Read this project inside the block, whatever `use` said outside: two projects in one process, side by side.

    It holds for the task or thread that opened the block and for what that hands its context to (``asyncio.to_thread``,
    Starlette's thread pool). A thread of somebody else's does not see it; give it `bound` functions.
    """
    token = _here.set(project)
    try:
        yield
    finally:
        _here.reset(token)


def bound(call: Callable[P, T]) -> Callable[P, T]:
    """The call, reading the project of the block it was bound in on whatever thread it runs: for hosts that call back
    on threads of their own, as spreadsheet engines do."""
    chosen = _here.get()
    if chosen is None:
        return call

    @wraps(call)
    def run(*given: P.args, **named: P.kwargs) -> T:
        with using(chosen):
            return call(*given, **named)

    return run


def query() -> Door:
    """The door to numbers, on the newest published snapshot.

    The project is what `using` said around the call, else what `use` said, else the folder in REVALIGN_PROJECT, else the
    current folder. Whether something newer is published is looked up when nobody has asked for `PAUSE` seconds, and
    every `LONGEST` seconds at the latest: a workbook that is calculated is answered from one snapshot, and a stat of the
    disk is not on the path of a cell.

    Raises ConfigError REV-301 when there is no project there, NoData REV-205 when nothing has been published any more.
    """
    chosen = _here.get()
    if chosen is None:
        chosen = _everywhere
    if chosen is not None and not isinstance(chosen, str | Path):
        return chosen
    folder = str(chosen or os.environ.get(PROJECT_VARIABLE) or Path.cwd())
    now = time.monotonic()
    known = _open_doors.get(folder)
    if known is None:
        return _opened(folder)
    asked, known.asked = known.asked, now
    if now - asked >= PAUSE or now - known.looked >= LONGEST:
        with _lock:
            _look(known, now)
    return known.door


def _opened(folder: str) -> Door:
    with _lock:
        if folder not in _open_doors:
            while len(_open_doors) >= _FOLDERS:
                del _open_doors[next(iter(_open_doors))]
            now = time.monotonic()
            _open_doors[folder] = _Open(_open(folder), now, now)
        return _open_doors[folder].door


def _look(known: _Open, now: float) -> None:
    """Move to what is published now. Where nothing is any more, cells must not go on from what was."""
    known.looked = now
    try:
        moved = known.door.changed()
    except RevalignError:
        known.door.refresh()
        raise
    if moved:
        known.door.refresh()


def _open(folder: str) -> Door:
    from revalign_udf.query import Query

    door: Door = Query.open(folder)
    return door
