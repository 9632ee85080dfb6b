"""Answers as of the day a workbook names: a day in its name ``REVALIGN_ASOF`` counts wherever a cell names none.

The effect is that of naming the day in the cell, so every way into Excel uses this one module.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, cast

from revalign_udf.calc.texts import day
from revalign_udf.errors import RevalignError, UserError
from revalign_udf.functions import session

if TYPE_CHECKING:
    from revalign_udf.functions.session import Door
    from revalign_udf.query import Query

__all__ = ["ASOF", "answering_as_of", "pinned", "pinned_day"]

#: a defined name of this kind pins the day of the snapshot for every cell that names none
ASOF = "REVALIGN_ASOF"


def pinned_day(value: Any) -> date | None:
    """The day a workbook pins: what its name holds, read like an ``as_of`` argument; None for a blank.

    >>> pinned_day("2026-10-31"), pinned_day(46326.0), pinned_day(None)
    (datetime.date(2026, 10, 31), datetime.date(2026, 10, 31), None)

    Raises UserError REV-101, which names it, for anything else, error values included: which day was meant is unknown.
    """
    try:
        return day(value, ASOF)
    except RevalignError:
        shown = value if isinstance(value, str | int | float) else "several cells or another value"
        hint = "Give that name of the workbook one date, such as 2026-10-31, or delete it for the published snapshot."
        raise UserError(f'{ASOF} is not a date: "{shown!s:.40}".', code="REV-101", hint=hint) from None


def pinned(query: Query, day: date) -> Door:
    """The door that answers as of a day, as if every cell named it. It shares the open snapshots of the given one.

    Raises NoData REV-206 when no snapshot is old enough.
    """
    query.session(day)
    return _seen(cast("Door", query), day)


@contextmanager
def answering_as_of(value: Any) -> Iterator[None]:
    """Inside the block functions answer as of the day a workbook pins: ``value`` as its name holds it; a blank pins none.

    Raises UserError REV-101 for what is no date.
    """
    when = pinned_day(value)
    if when is None:
        yield
        return
    with session.using(_seen(session.query(), when)):
        yield


def _seen(door: Door, day: date) -> Door:
    if isinstance(door, _Pinned):  # the day that is named goes before that of the workbook
        door = door.within
    return cast("Door", _Pinned(_view(door, day), day))


def _view(door: Door, day: date) -> Door:
    """The door with names, definitions and freshness of the pinned snapshot."""
    from revalign_udf.query import Query

    return cast("Door", _kind()(door, day)) if isinstance(door, Query) else door


@cache
def _kind() -> Callable[[Query, date], Query]:
    from revalign_udf.query import Query

    class AsOf(Query):
        """The same door, seen as of a day: all it has open and remembers is that of the other one."""

        __slots__ = ("day",)  # beside what is shared

        def __init__(self, query: Query, day: date) -> None:
            self.__dict__ = query.__dict__
            self.day = day

        def session(self, as_of: object = None, profile: str | None = None, currency: str | None = None) -> Any:
            return super().session(as_of or self.day, profile, currency)

    return AsOf


class _Pinned:
    """Puts the day into every question that takes one and has none."""

    def __init__(self, door: Door, day: date) -> None:
        self.within, self._day = door, day

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.within, name)
        # a relative period counts from the snapshot that answers, so only the day of the snapshot is put in
        if name == "session" or not callable(found) or not _dated(type(self.within), name):
            return found
        return _with_day(found, self._day)


@cache
def _dated(kind: type, name: str) -> bool:
    """Whether the questions of this name take a day."""
    method = getattr(kind, name, None)
    return callable(method) and not name.startswith("_") and "as_of" in inspect.signature(method).parameters


def _with_day(method: Callable[..., Any], day: date) -> Callable[..., Any]:
    @wraps(method)
    def asked(*given: Any, as_of: object = None, **named: Any) -> Any:
        return method(*given, as_of=as_of or day, **named)

    return asked
