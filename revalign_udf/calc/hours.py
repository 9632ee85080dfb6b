"""Business hours: how much working time lies between two instants, and when a promise given in hours is due.

A calendar is a time zone, the opening spans of each weekday and the holidays. Time is counted on the real clock: a span
from 00:00 to 24:00 is 23 hours long on the day the clock goes forward and 25 on the day it goes back. Only the standard
library is needed, and everything is exact to the microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from revalign_udf.errors import UserError

__all__ = [
    "ALWAYS", "WEEKDAYS", "BusinessHours", "Span", "add_hours", "business_hours", "business_time", "in_hours", "parse_spans",
    "parse_week", "percentile",
]  # fmt: skip

Span = tuple[int, int]
"""opening and closing in minutes after midnight; 1440 is the end of the day"""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = 1440
_MICRO, _HOUR = timedelta(microseconds=1), 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*(?:-|–|to)\s*(\d{1,2}):(\d{2})")
_DAYS = re.compile(r"([a-z]{3,9})(?:\s*(?:-|–|to)\s*([a-z]{3,9}))?\s+(.*)", re.IGNORECASE | re.DOTALL)
#: days a sum of working time may run over before the calendar is taken for one that hardly opens
_HORIZON = 200_000


@dataclass(frozen=True)
class BusinessHours:
    """A calendar: when a team works. ``week`` has the spans of Monday to Sunday, ``holidays`` are whole closed days.

    Raises UserError REV-305 for seven days without any opening, and for a week that has not seven.
    """

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()
    name: str = ""
    _starts: dict[int, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _before: dict[int, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _edges: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.week) != len(WEEKDAYS) or not any(self.week):
            raise UserError(
                f"The calendar {self.name or 'of business hours'} never opens.", code="REV-305",
                hint='Write its hours, as in "Mon-Fri 09:00-17:00".',
            )  # fmt: skip

    # --- one day -----------------------------------------------------------------------------------------------------

    def spans(self, day: date) -> tuple[Span, ...]:
        """The opening spans of a day; none on a holiday."""
        return () if day in self.holidays else self.week[day.weekday()]

    def opened(self, ordinal: int) -> tuple[int, ...]:
        """Openings and closings of a day, in turn, in microseconds since 1970."""
        found = self._starts.get(ordinal)
        if found is None:
            day = date.fromordinal(ordinal)
            found = tuple(self._instant(day, minute) for span in self.spans(day) for minute in span)
            self._starts[ordinal] = found
        return found

    def _instant(self, day: date, minute: int) -> int:
        """When the clock first shows a time of a day. Where it jumps over that time, the moment it jumps."""
        wall = datetime.combine(day, time()) + timedelta(minutes=minute)
        here = wall.replace(tzinfo=self.zone)
        found = here.astimezone(UTC)
        if found.astimezone(self.zone).replace(tzinfo=None) != wall:
            before, after = here.utcoffset(), here.replace(fold=1).utcoffset()
            found = self._jump(here.replace(fold=1).astimezone(UTC), found, after if after is not None else before)
        return (found - _EPOCH) // _MICRO

    def _jump(self, low: datetime, high: datetime, offset: timedelta | None) -> datetime:
        """The first instant after ``low`` at which the clock is ``offset`` from UTC, as it is at ``high``."""
        second = timedelta(seconds=1)
        while high - low > second:
            middle = low + (high - low) // 2 // second * second
            if middle.astimezone(self.zone).utcoffset() == offset:
                high = middle
            else:
                low = middle
        return high

    # --- many days ---------------------------------------------------------------------------------------------------

    def before(self, ordinal: int) -> int:
        """Working microseconds before a day, counted from a day long ago; remembered day by day."""
        known = self._before
        if not known:
            known[ordinal] = 0
            self._edges.extend((ordinal, ordinal))
        for day in range(self._edges[0] - 1, ordinal - 1, -1):
            known[day] = known[day + 1] - _open(self.opened(day))
        for day in range(self._edges[1], ordinal):
            known[day + 1] = known[day] + _open(self.opened(day))
        self._edges[:] = min(self._edges[0], ordinal), max(self._edges[1], ordinal)
        return known[ordinal]

    def elapsed(self, instant: datetime) -> int:
        """Working microseconds up to an instant, counted from a day long ago: never falls as time goes by."""
        at = (_aware(instant) - _EPOCH) // _MICRO
        today = instant.astimezone(self.zone).toordinal()
        total = self.before(today - 1)
        for ordinal in (today - 1, today, today + 1):
            edges = self.opened(ordinal)
            total += sum(
                min(at, closing) - opening
                for opening, closing in zip(edges[::2], edges[1::2], strict=True)
                if opening < min(at, closing)
            )
        return total


def _open(edges: Sequence[int]) -> int:
    return sum(max(0, closing - opening) for opening, closing in zip(edges[::2], edges[1::2], strict=True))


#: around the clock
ALWAYS = BusinessHours(ZoneInfo("UTC"), (((0, _DAY),),) * 7, name="around the clock")


def business_time(start: datetime, end: datetime, calendar: BusinessHours = ALWAYS) -> timedelta:
    """The working time between two instants; negative where the end comes first.

    >>> week = parse_week("Mon-Fri 09:00-17:00 Europe/Stockholm")
    >>> friday, monday = datetime(2026, 3, 27, 15, 0, tzinfo=UTC), datetime(2026, 3, 30, 8, 0, tzinfo=UTC)
    >>> str(business_time(friday, monday, week))  # 16:00 to 17:00, then 09:00 to 10:00 an hour earlier in UTC
    '2:00:00'

    Raises ValueError for an instant without a time zone: it could mean any moment of a day.
    """
    return timedelta(microseconds=calendar.elapsed(end) - calendar.elapsed(start))


def in_hours(span: timedelta) -> Fraction:
    """A length of time in hours, exactly.

    >>> in_hours(timedelta(minutes=90))
    Fraction(3, 2)
    """
    return Fraction(span // _MICRO, _HOUR)


def business_hours(start: datetime, end: datetime, calendar: BusinessHours = ALWAYS) -> Fraction:
    """The working hours between two instants, exactly."""
    return in_hours(business_time(start, end, calendar))


def add_hours(start: datetime, hours: Fraction | int, calendar: BusinessHours = ALWAYS) -> datetime:
    """The earliest instant at which so many working hours have passed, in UTC: when a promise is due. A part of a
    microsecond counts as a whole one.

    >>> week = parse_week("Mon-Fri 09:00-17:00 Europe/Stockholm")
    >>> add_hours(datetime(2026, 3, 27, 15, 0, tzinfo=UTC), 2, week).isoformat()
    '2026-03-30T08:00:00+00:00'

    Raises UserError REV-114 for negative hours, and for more than a calendar opens in centuries.
    """
    if hours < 0:
        raise UserError(f"A promise of {hours} hours would be due before it was made.", code="REV-114", cell="#NUM!")
    left = -(-Fraction(hours) * _HOUR // 1)
    if not left:
        return _aware(start).astimezone(UTC)
    at = (_aware(start) - _EPOCH) // _MICRO
    # the day before may still be open: where the clock goes back over midnight a day is shown twice
    first = start.astimezone(calendar.zone).toordinal() - 1
    for ordinal in range(first, min(first + _HORIZON, date.max.toordinal() - 1)):
        edges = calendar.opened(ordinal)
        for opening, closing in zip(edges[::2], edges[1::2], strict=True):
            begin = max(opening, at)
            if closing - begin >= left:
                return _EPOCH + timedelta(microseconds=int(begin + left))
            left -= max(0, closing - begin)
    raise UserError(
        f"{hours} hours are more than {calendar.name or 'the calendar'} opens.", code="REV-114", cell="#NUM!"
    )


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a time zone")
    return instant


# --- as people write it ------------------------------------------------------------------------------------------------


def parse_spans(text: str) -> tuple[Span, ...]:
    """The opening spans of a day.

    >>> parse_spans("09:00-12:30, 13:30-17:00"), parse_spans("00:00-24:00"), parse_spans("closed")
    (((540, 750), (810, 1020)), ((0, 1440),), ())

    Raises UserError REV-305 for anything that is no span, closes before it opens, or overlaps the one before it.
    """
    found: list[Span] = []
    if text.strip().casefold() in ("", "-", "closed", "none"):
        return ()
    for part in re.split(r"[,;]", text):
        match = _SPAN.fullmatch(part.strip())
        if not match:
            raise _refused(part.strip(), "is no opening time")
        opening, closing = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
        if int(match[2]) > 59 or int(match[4]) > 59 or closing > _DAY or opening >= closing:
            raise _refused(part.strip(), "does not close after it opens on the same day")
        found.append((opening, closing))
    found.sort()
    for (_, closing), (opening, _) in pairwise(found):
        if opening < closing:
            raise _refused(text.strip(), "opens twice at one time")
    return tuple(found)


def parse_week(
    text: str, zone: str = "UTC", holidays: Iterable[date] = (), name: str = "", days: Mapping[str, str] | None = None,
) -> BusinessHours:  # fmt: skip
    """A calendar as people write it: days and spans, groups apart by semicolons, a time zone behind them if it is
    another than ``zone``. ``days`` gives weekdays by name and wins over the text.

    >>> parse_week("Mon-Thu 09:00-17:00; Fri 09:00-15:00 Asia/Tokyo").week[4]
    ((540, 900),)
    >>> parse_week("24x7").spans(date(2026, 1, 1))
    ((0, 1440),)

    Raises UserError REV-305 for what cannot be read and for a zone nobody knows.
    """
    words = text.split()
    if words and _is_zone(words[-1]):
        zone, text = words[-1], text[: text.rindex(words[-1])]
    week: list[tuple[Span, ...]] = [()] * 7
    if text.strip().casefold().replace(" ", "") in ("24x7", "24/7", "always"):
        week = [((0, _DAY),)] * 7
    elif text.strip():
        for group in _groups(text):
            match = _DAYS.fullmatch(group)
            if not match:
                raise _refused(group, "names no days and hours")
            spans = parse_spans(match[3])
            for place in _places(match[1], match[2] or match[1]):
                week[place] = spans
    for day, spans_text in (days or {}).items():
        week[WEEKDAYS.index(day)] = parse_spans(spans_text)
    return BusinessHours(_zone(zone), tuple(week), frozenset(holidays), name)


def _groups(text: str) -> Iterator[str]:
    """Semicolons divide groups; one that begins with a time goes on with the days before it."""
    found = ""
    for part in (part.strip() for part in text.split(";")):
        if part and part[0].isdigit() and found:
            found = f"{found},{part}"
        elif part:
            if found:
                yield found
            found = part
    if found:
        yield found


def _places(first: str, last: str) -> list[int]:
    start, end = (_place(word) for word in (first, last))
    return [(start + step) % 7 for step in range((end - start) % 7 + 1)]


def _place(word: str) -> int:
    found = [place for place, day in enumerate(WEEKDAYS) if day.startswith(word.casefold())]
    if len(found) != 1:
        raise _refused(word, "is no day of the week")
    return found[0]


def _is_zone(word: str) -> bool:
    return ("/" in word and not word[0].isdigit()) or word.upper() == "UTC"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise UserError(
            f'"{name}" is no time zone.', code="REV-305", hint="Write one such as Europe/Stockholm."
        ) from error


def _refused(text: str, why: str) -> UserError:
    return UserError(f'"{text}" {why}.', code="REV-305", hint='Write "Mon-Fri 09:00-12:30,13:30-17:00".')


def percentile(values: Sequence[Fraction], part: Fraction) -> Fraction | None:
    """The value below which a part of the values lies, interpolated between two as a spreadsheet's PERCENTILE does; None
    of nothing.

    >>> percentile([Fraction(1), Fraction(2), Fraction(4)], Fraction(1, 2)), percentile([], Fraction(1, 2))
    (Fraction(2, 1), None)
    """
    if not values:
        return None
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
