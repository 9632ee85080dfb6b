"""Dates and times out of cells, and how many of a list of hand-offs were contacted in time.

A cell has no time zone: what it shows is the clock of the calendar it is counted in. ISO text with an offset is taken at
its word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from revalign_udf.calc.cells import first_error, grid, is_blank, is_heading, is_nothing, unwrap
from revalign_udf.calc.hours import BusinessHours, business_hours
from revalign_udf.calc.ratios import ratio
from revalign_udf.errors import UserError

__all__ = ["days", "followup_rate", "has_heading", "instant", "instants"]

_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no time zone
_MILLIS = 86_400_000
#: serial numbers of the 1900 system that are taken for days: 1954 to 2173
_SERIALS = (20_000, 100_000)
#: what dates and times look like that people write out: 10.3., 9:30, 5 Sep, March 5, Fri 6
_MONTHS = (
    "jan(?:uary?)?|feb(?:ruary?)?|mar(?:ch|s)?|märz?|apr(?:il)?|ma[iyj]|jun[ei]?|jul[iy]?|aug(?:usti?)?|sept?(?:ember)?"
    "|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?"
)
_WEEKDAYS = "(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_WRITTEN = re.compile(rf"\d[:./-]\d|\d\W*(?:{_MONTHS})\b|\b(?:{_MONTHS}|{_WEEKDAYS})\W{{0,3}}\d", re.IGNORECASE)


def instant(cell: Any, what: str) -> datetime | None:
    """One date and time; None for a blank. A date is its midnight.

    >>> instant(46098.375, "handed_at"), instant("2026-03-17 09:00", "handed_at"), instant(0, "handed_at")
    (datetime.datetime(2026, 3, 17, 9, 0), datetime.datetime(2026, 3, 17, 9, 0), None)

    Raises UserError REV-112 for anything else.
    """
    if isinstance(cell, str) and (error := first_error([cell])):
        raise error
    if is_nothing(cell):
        return None
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)  # Excel's own come labelled with a zone that is not theirs
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if isinstance(cell, int | float) and not isinstance(cell, bool) and _SERIALS[0] <= cell < _SERIALS[1]:
        return _DAY_ZERO + timedelta(milliseconds=round(Fraction(cell) * _MILLIS))
    try:
        return datetime.fromisoformat(str(cell).strip())
    except ValueError:
        raise UserError(
            f'{what} holds "{cell!s:.40}", which is no date and time.', code="REV-112", hint="Write 2026-10-31 09:15."
        ) from None


def instants(value: Any, what: str) -> list[datetime | None]:
    """The dates and times of a range in reading order, None for blanks; a header is left out.

    >>> instants([["handed"], ["2026-03-17"], [None]], "handed_at")
    [datetime.datetime(2026, 3, 17, 0, 0), None]
    """
    cells = [cell for row in grid(unwrap(value), what) for cell in row]
    return [instant(cell, what) for cell in cells[has_heading(cells) :]]


def has_heading(cells: Sequence[Any]) -> bool:
    """Whether the first of several cells with dates is a heading: a text that neither begins with a digit nor looks like
    a date somebody wrote out ("Mon 9 March", "Sep 5, 2026 10:00"), which is refused instead of being left out.

    >>> [has_heading([cell, "2026-03-17"]) for cell in ("handed", "Contact 1", "2026-03-17", "Sep 5 2026", "n/a", None)]
    [True, True, False, False, False, False]
    """
    return len(cells) > 1 and is_heading(cells[0]) and not is_blank(cells[0]) and not _WRITTEN.search(cells[0])


def days(value: Any, what: str) -> list[date]:
    """The dates of a range, blanks left out.

    >>> days([["2026-12-25"], [""], [46382.0]], "holidays")
    [datetime.date(2026, 12, 25), datetime.date(2026, 12, 26)]
    """
    return [found.date() for found in instants(value, what) if found is not None]


def followup_rate(
    handed: Sequence[datetime | None], contacted: Sequence[datetime | None], limit: Fraction, calendar: BusinessHours,
    as_of: Sequence[datetime | None],
) -> Fraction:  # fmt: skip
    """Kept / (kept + broken) of hand-offs promised a first contact within so many working hours.

    Still untouched past the limit at ``as_of`` is broken; what is not yet due is left out. A bare date as ``as_of`` means
    its end. Raises UserError REV-102 for lists of different length and for hand-offs without a contact while ``as_of`` is
    missing, REV-114 for a limit below zero, a contact before its hand-off, a hand-off after ``as_of``; Undefined where
    nothing is due.
    """
    if limit < 0:
        raise UserError("limit_hours is below zero.", code="REV-114", cell="#NUM!")
    if len(handed) != len(contacted):
        raise UserError(
            f"first_contact_at has {len(contacted)} cells beside {len(handed)} hand-offs.",
            hint="Give ranges of equal length.",
        )
    end = as_of[0] if as_of else None
    now = None if end is None else _placed(end + timedelta(days=1) if end.time() == time() else end, calendar)
    kept = broken = 0
    for row, (start, first) in enumerate(zip(handed, contacted, strict=True), 1):
        if start is None:
            if first is not None:
                raise UserError(f"Row {row} has a first contact and no hand-off.", code="REV-112")
            continue
        begun, until = _placed(start, calendar), None if first is None else _placed(first, calendar)
        if now is not None and begun > now:
            raise UserError(f"Row {row} is handed over after as_of.", code="REV-114", cell="#NUM!")
        if until is not None and until < begun:
            raise UserError(f"Row {row} is contacted before it is handed over.", code="REV-114", cell="#NUM!")
        if until is None or (now is not None and until > now):
            if now is None:
                raise UserError(f"Row {row} has no first contact yet.", hint="Say as of when: the argument as_of.")
            broken += business_hours(begun, now, calendar) > limit
        else:
            on_time = business_hours(begun, until, calendar) <= limit
            kept, broken = kept + on_time, broken + (not on_time)
    return ratio(Fraction(kept), Fraction(kept + broken), what="What is due")


def _placed(when: datetime, calendar: BusinessHours) -> datetime:
    return when if when.utcoffset() is not None else when.replace(tzinfo=calendar.zone)
