"""Which snapshot the one door reads: the published one, that of a day, and those closed periods are frozen on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import duckdb

from revalign_udf.config import load
from revalign_udf.errors import NoData
from revalign_udf.governance import Closes
from revalign_udf.periods import Calendar
from revalign_udf.query.answering import as_date
from revalign_udf.query.answers import Answer, Caller
from revalign_udf.query.asked import Asked
from revalign_udf.query.closing import Frozen
from revalign_udf.query.memory import Memory
from revalign_udf.query.session import Session
from revalign_udf.query.viewing import chosen_profile, view_of
from revalign_udf.snapshots import Snapshot, current, newest_as_of, published
from revalign_udf.snapshots.manifest import damaged

__all__ = ["Reading", "in_turn", "is_today"]

#: snapshots kept open at once, and how many rows of facts all of them may hold before that many are enough
_OPEN, _ROWS = 4, 4_000_000
#: answers and understood questions remembered; the largest workbooks of finance ask some ten thousand cells
_ANSWERS, _QUESTIONS = 25_000, 5_000
#: seconds after which a damaged snapshot is looked at again
_AGAIN = 1.0
#: what DuckDB says when the file of a table is gone or no table any more. Anything else it says is our mistake.
_GONE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException)

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound="Reading")


def in_turn(question: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
    """One question at a time: the connection of a snapshot is one thread's at a time. Files that went away under a
    question are NoData REV-207."""

    @wraps(question)
    def asked(self: R, /, *given: P.args, **named: P.kwargs) -> T:
        with self._turn:
            self._depth += 1
            try:
                return question(self, *given, **named)
            except _GONE as error:
                name = self._current or "asked for"
                raise damaged(self.root / name, f"a file of it cannot be read ({type(error).__name__})") from error
            finally:
                self._depth -= 1
                if not self._depth:
                    self._let_go()

    return asked


class Reading:
    """The open snapshots of a project, and what has been answered from them."""

    def __init__(self, root: Path, caller: Caller | None = None) -> None:
        self.root, self._caller = root, caller or Caller()
        self._turn, self._depth = threading.RLock(), 0
        self._snapshots: dict[str, Snapshot] = {}
        self._sessions: dict[tuple[str, str, str], Session] = {}
        self._current = ""
        self._frozen = Frozen(root)
        self._damaged: dict[str, tuple[float, NoData]] = {}
        self._days: dict[date, str] = {}
        self._names: list[str] = []
        self._said: Memory[Any, Answer | Exception] = Memory(_ANSWERS)
        self._read: Memory[Any, Asked] = Memory(_QUESTIONS)

    @classmethod
    def open(cls, project: str | Path, caller: Caller | None = None) -> Self:
        """The door of a project folder. Raises ConfigError REV-301 where there is no project."""
        return cls(load(project).snapshots, caller)

    @property
    def caller(self) -> Caller:
        """Who asks; what is remembered was said to them, so it stays the same one."""
        return self._caller

    def changed(self) -> bool:
        """Whether another snapshot has been published, or a period closed, since the last question. Raises NoData
        REV-205 when the published one is there no more."""
        moved = bool(self._current) and (current(self.root) != self._current or self._frozen.changed())
        return moved or bool(self._days and published(self.root) != self._names)

    def refresh(self) -> None:
        """Read the published snapshot anew from now on."""
        with self._turn:
            self._current = ""
            self._frozen.forget()
            self._days, self._damaged = {}, {}
            self._said, self._read = Memory(_ANSWERS), Memory(_QUESTIONS)

    @property
    def closes(self) -> Closes:
        """The closed periods. Raises StoreError REV-801 where nobody can say what is closed."""
        return self._frozen.closes

    def session(self, as_of: object = None, profile: str | None = None, currency: str | None = None) -> Session:
        """The open snapshot a question goes to, in the view it asks for; ``today`` means the published one. Raises
        NoData REV-205, REV-206, REV-207, UnknownName REV-101 for a profile or a currency nobody knows."""
        with self._turn:
            if as_of is None or as_of == "" or is_today(as_of):
                self._current = self._current or current(self.root)
                return self._load(self._current, profile, currency)
            return self._load(self._of_day(as_date(as_of)), profile, currency)

    def _of_day(self, day: date) -> str:
        """The newest snapshot not later than a day; the same one until :meth:`refresh`."""
        if day not in self._days:
            if not self._days:
                self._names = published(self.root)
            self._days[day] = newest_as_of(self.root, day)
        return self._days[day]

    def _load(self, name: str, profile: str | None, currency: str | None) -> Session:
        snapshot = self._snapshots.pop(name, None)
        if snapshot is None:
            snapshot = self._opened(name)
        self._snapshots[name] = snapshot
        chosen = chosen_profile(snapshot.manifest, profile)
        view = view_of(snapshot, chosen, currency)
        key = (name, chosen.name, view.currency)
        if key not in self._sessions:
            self._sessions[key] = Session(snapshot, view, chosen, discreet=bool(self._caller.row_filter))
        return self._sessions[key]

    def _opened(self, name: str) -> Snapshot:
        """A snapshot, opened; a damaged one is looked at again after a moment, not by every cell of a workbook."""
        now = time.monotonic()
        tried, problem = self._damaged.get(name, (0.0, None))
        if problem is not None and now - tried < _AGAIN:
            raise problem.with_traceback(None)
        try:
            return Snapshot(self.root / name)
        except NoData as error:
            self._damaged[name] = now, error
            raise

    def _asked_again(self, session: Session) -> None:
        """A snapshot that answers from memory is in use, and not the first to be closed."""
        name = session.snapshot.folder.name
        if (snapshot := self._snapshots.pop(name, None)) is not None:
            self._snapshots[name] = snapshot

    def _let_go(self) -> None:
        """Close snapshots beyond those kept open, between questions: one may need a dozen of closed months at once."""
        while len(self._snapshots) > _OPEN and sum(map(_rows, self._snapshots.values())) > _ROWS:
            self._forget(next(iter(self._snapshots)))  # the one not asked for the longest time

    def _forget(self, name: str) -> None:
        self._snapshots.pop(name).close()
        for key in [key for key in self._sessions if key[0] == name]:
            del self._sessions[key]
        self._read = Memory(_QUESTIONS)  # understood questions hold on to their session

    def close(self) -> None:
        """Close every open snapshot."""
        with self._turn:
            for name in list(self._snapshots):
                self._forget(name)

    @property
    def snapshot(self) -> str:
        """Label of the published snapshot, ``2026-10-31#2``."""
        return self.session().snapshot.label

    @property
    def as_of(self) -> date:
        """The day the published snapshot speaks of."""
        return self.session().snapshot.as_of

    @property
    def currency(self) -> str:
        """The company currency."""
        return self.session().manifest.currency

    def shown_currency(self, *, as_of: object = None, profile: str | None = None, currency: str | None = None) -> str:
        """The currency amounts of a view are told in."""
        return self.session(as_of, profile, currency).evaluator.lens.currency

    @property
    def company(self) -> str:
        """The company's name."""
        return self.session().manifest.company

    @property
    def calendar(self) -> Calendar:
        """How the company names its periods."""
        return self.session().manifest.calendar


def is_today(as_of: object) -> bool:
    """Whether the published snapshot is asked for by name, closed periods or not."""
    return isinstance(as_of, str) and as_of.strip().casefold() == "today"


def _rows(snapshot: Snapshot) -> int:
    return sum(info.rows for info in snapshot.manifest.facts.values())
