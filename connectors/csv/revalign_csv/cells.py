"""Cells of workbooks as text that remembers what it was."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

__all__ = ["Broken", "Exact", "letters", "text_of"]

_WHOLE = 10**15


class Exact(str):
    """The text of a cell that was a number, a date or a true/false: it is written our way already."""

    __slots__ = ()


class Broken(str):
    """What a cell shows whose formula failed: ``#N/A``."""

    __slots__ = ()


def letters(column: int) -> str:
    """The letters of a column counted from 0.

    >>> letters(0), letters(26)
    ('A', 'AA')
    """
    found, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found


def text_of(value: Any) -> str:
    """A cell's value: numbers as the shortest decimal that reads back the same, dates as ISO 8601, blanks empty.

    >>> text_of(0.1), text_of(5.0), text_of(1e-7), text_of(True), text_of(date(2026, 3, 1)), text_of("x")
    ('0.1', '5', '0.0000001', 'true', '2026-03-01', 'x')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return Exact("true" if value else "false")
    if isinstance(value, int | float):
        whole = value == int(value) and abs(value) < _WHOLE
        return Exact(int(value) if whole else format(Decimal(repr(value)), "f"))
    if isinstance(value, datetime):
        plain = value.time() == time()
        return Exact(value.date().isoformat() if plain else value.isoformat())
    if isinstance(value, date | time):
        return Exact(value.isoformat())
    if isinstance(value, timedelta):  # a span of time is a number of days
        return text_of(value / timedelta(days=1))
    return str(value)
