"""Business hours across weekends, holidays, clock changes and time zones: worked by hand, and laws that always hold."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.hours import (
    ALWAYS,
    BusinessHours,
    add_hours,
    business_hours,
    business_time,
    in_hours,
    parse_spans,
    parse_week,
    percentile,
)
from revalign_udf.errors import UserError

OFFICE = parse_week("Mon-Fri 09:00-17:00 Europe/Stockholm", holidays=[date(2026, 4, 3), date(2026, 4, 6)])
SPLIT = parse_week("Mon-Thu 09:00-12:30,13:30-17:00; Fri 09:00-12:30 America/New_York")
NIGHTS = parse_week("Mon-Sun 00:00-24:00 Europe/Stockholm")
EARLY = parse_week("Sat-Sun 01:00-02:30,02:30-05:00 Europe/Stockholm")


def at(text: str, calendar: BusinessHours) -> datetime:
    """A time on the calendar's own clock; with an offset, that very instant."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=calendar.zone)


@pytest.mark.parametrize(
    ("calendar", "start", "end", "hours"),
    [
        (OFFICE, "2026-03-25 10:00", "2026-03-25 12:30", "2.5"),
        # over night, and from before opening to after closing
        (OFFICE, "2026-03-25 16:00", "2026-03-26 10:00", "2"),
        (OFFICE, "2026-03-25 06:00", "2026-03-25 22:00", "8"),
        # a weekend in which the clock goes forward takes nothing away: nobody works at 02:00 on a Sunday
        (OFFICE, "2026-03-27 16:00", "2026-03-30 10:00", "2"),
        # nor does the one in October add an hour
        (OFFICE, "2026-10-23 16:00", "2026-10-26 10:00", "2"),
        # Good Friday and Easter Monday: Thursday to Tuesday is one working day on
        (OFFICE, "2026-04-02 12:00", "2026-04-07 12:00", "8"),
        (OFFICE, "2026-04-04 00:00", "2026-04-06 23:00", "0"),
        # a lunch break, and a short Friday
        (SPLIT, "2026-05-06 12:00", "2026-05-06 14:00", "1"),
        (SPLIT, "2026-05-08 12:00", "2026-05-11 09:30", "1"),
        # days of 23 and 25 hours
        (NIGHTS, "2026-03-29 00:00", "2026-03-30 00:00", "23"),
        (NIGHTS, "2026-10-25 00:00", "2026-10-26 00:00", "25"),
        # the hour from 02:00 does not exist: the shift begins when the clock jumps
        (EARLY, "2026-03-29 00:00", "2026-03-29 12:00", "3"),
        # and is there twice in October
        (EARLY, "2026-10-25 00:00", "2026-10-25 12:00", "5"),
        (EARLY, "2026-10-24 00:00", "2026-10-24 12:00", "4"),
        # two time zones: 15:00 in Stockholm is 10:00 in New York in the weeks between the two clock changes
        (SPLIT, "2026-03-16T15:00+01:00", "2026-03-16T17:00+01:00", "2"),
        (SPLIT, "2026-03-30T15:00+02:00", "2026-03-30T17:00+02:00", "2"),
        (SPLIT, "2026-03-30T14:00+02:00", "2026-03-30T17:00+02:00", "2"),
    ],
)
def test_worked_by_hand(calendar: BusinessHours, start: str, end: str, hours: str) -> None:
    assert business_hours(at(start, calendar), at(end, calendar), calendar) == Fraction(hours)
    assert business_hours(at(end, calendar), at(start, calendar), calendar) == -Fraction(hours)


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        (OFFICE, "2026-03-25 10:00", 4, "2026-03-25 14:00"),
        # handed over on Friday at 16:00, two hours: Monday at 10:00, whatever the clock did on Sunday
        (OFFICE, "2026-03-27 16:00", 2, "2026-03-30 10:00"),
        (OFFICE, "2026-10-23 16:00", 2, "2026-10-26 10:00"),
        # exactly at closing time is not the next morning
        (OFFICE, "2026-03-25 16:00", 1, "2026-03-25 17:00"),
        (OFFICE, "2026-03-28 03:00", 8, "2026-03-30 17:00"),
        (OFFICE, "2026-04-02 16:00", 2, "2026-04-07 10:00"),
        (OFFICE, "2026-03-25 10:00", 0, "2026-03-25 10:00"),
        (SPLIT, "2026-05-08 12:00", 1, "2026-05-11 09:30"),
        (NIGHTS, "2026-03-28 12:00", 24, "2026-03-29 13:00"),
        (ALWAYS, "2026-03-28 12:00", Fraction(3, 2), "2026-03-28 13:30"),
    ],
)
def test_due_by_hand(calendar: BusinessHours, start: str, hours: int, due: str) -> None:
    assert add_hours(at(start, calendar), hours, calendar) == at(due, calendar)


def test_an_instant_is_the_same_in_every_zone() -> None:
    start, end = at("2026-03-27 16:00", OFFICE), at("2026-03-30 10:00", OFFICE)
    tokyo = ZoneInfo("Asia/Tokyo")
    assert business_time(start.astimezone(tokyo), end.astimezone(UTC), OFFICE) == timedelta(hours=2)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        business_time(datetime(2026, 3, 25, 10), datetime(2026, 3, 25, 12, tzinfo=UTC), OFFICE)  # noqa: DTZ001


@pytest.mark.parametrize("hours", [Fraction(-1), Fraction(10**9)])
def test_hours_no_calendar_has(hours: Fraction) -> None:
    with pytest.raises(UserError) as caught:
        add_hours(at("2026-03-25 10:00", OFFICE), hours, OFFICE)
    assert caught.value.code == "REV-114"


# --- laws --------------------------------------------------------------------------------------------------------------

ZONES = ("UTC", "Europe/Stockholm", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe")


@st.composite
def calendars(draw: st.DrawFn) -> BusinessHours:
    week = []
    for _ in range(7):
        edges = sorted(draw(st.lists(st.integers(0, 96), max_size=4, unique=True)))
        week.append(tuple((15 * a, 15 * b) for a, b in zip(edges[::2], edges[1::2], strict=False)))
    week[draw(st.integers(0, 6))] = ((draw(st.integers(0, 700)), 1440),)
    free = draw(st.lists(st.dates(date(2006, 1, 1), date(2007, 12, 31)), max_size=5))
    return BusinessHours(ZoneInfo(draw(st.sampled_from(ZONES))), tuple(week), frozenset(free))


# around the clock changes of St John's at one minute past midnight, and of Lord Howe by half an hour, too
def _between(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    micros = (last - first) // timedelta(microseconds=1)
    return st.integers(0, micros).map(lambda count: first + timedelta(microseconds=count))


instants = st.one_of(
    _between(datetime(2006, 1, 1, tzinfo=UTC), datetime(2007, 12, 31, tzinfo=UTC)),
    _between(datetime(2007, 3, 1, tzinfo=UTC), datetime(2007, 4, 10, tzinfo=UTC)),
    _between(datetime(2006, 10, 28, 20, tzinfo=UTC), datetime(2006, 10, 29, 12, tzinfo=UTC)),
)


@given(calendars(), instants, instants, instants)
def test_time_is_monotone_additive_and_never_more_than_the_clock(
    calendar: BusinessHours, a: datetime, b: datetime, c: datetime
) -> None:
    first, middle, last = sorted((a, b, c))
    whole = business_time(first, last, calendar)
    parts = business_time(first, middle, calendar), business_time(middle, last, calendar)
    assert whole == sum(parts, timedelta(0))
    assert all(timedelta(0) <= part for part in parts)
    assert whole <= last - first
    assert business_time(last, first, calendar) == -whole
    assert business_time(first, last, ALWAYS) == last - first


@given(calendars(), instants, st.integers(0, 200 * 60))
def test_a_due_instant_is_the_first_by_which_the_hours_have_passed(
    calendar: BusinessHours, start: datetime, minutes: int
) -> None:
    hours = Fraction(minutes, 60)
    due = add_hours(start, hours, calendar)
    assert due >= start
    assert business_hours(start, due, calendar) == hours
    if minutes:
        assert business_hours(start, due - timedelta(microseconds=1), calendar) < hours


@given(calendars(), instants, st.integers(1, 6000), st.integers(1, 6000))
def test_hours_can_be_added_in_two_steps(calendar: BusinessHours, start: datetime, one: int, two: int) -> None:
    a, b = Fraction(one, 60), Fraction(two, 60)
    assert add_hours(add_hours(start, a, calendar), b, calendar) == add_hours(start, a + b, calendar)


@given(calendars(), instants, instants, st.dates(date(2006, 1, 1), date(2007, 12, 31)))
def test_a_holiday_never_adds_time(calendar: BusinessHours, a: datetime, b: datetime, day: date) -> None:
    more = BusinessHours(calendar.zone, calendar.week, calendar.holidays | {day})
    first, last = sorted((a, b))
    assert business_time(first, last, more) <= business_time(first, last, calendar)


def test_a_calendar_may_be_asked_of_the_past_after_the_future() -> None:
    fresh = parse_week("Mon-Fri 09:00-17:00 Europe/Stockholm")
    late, early = (at("2026-03-25 10:00", fresh), at("2026-03-25 12:00", fresh)), at("2019-01-02 09:00", fresh)
    assert business_hours(*late, fresh) == 2
    assert business_hours(early, early + timedelta(days=7), fresh) == 40
    assert business_hours(*late, fresh) == 2


# --- as people write it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("Mon-Fri 09:00-17:00", [((540, 1020),)] * 5 + [()] * 2),
        (
            "mon-thu 9:00-12:30, 13:30-17:00; fri 9:00-12:30",
            [((540, 750), (810, 1020))] * 4 + [((540, 750),)] + [()] * 2,
        ),
        ("Mon-Tue 09:00-12:00;13:00-17:00", [((540, 720), (780, 1020))] * 2 + [()] * 5),
        ("Sun-Mon 00:00-24:00", [((0, 1440),)] + [()] * 5 + [((0, 1440),)]),
        ("24x7", [((0, 1440),)] * 7),
        ("Mon-Fri 09:00-17:00; Wed closed", [((540, 1020),)] * 2 + [()] + [((540, 1020),)] * 2 + [()] * 2),
    ],
)
def test_a_week_is_read(text: str, week: list[object]) -> None:
    assert list(parse_week(text).week) == week
    assert parse_week(f"{text} Asia/Tokyo").zone.key == "Asia/Tokyo"


@pytest.mark.parametrize(
    "text",
    [
        "Mon-Fri", "Mon-Fri 9-17", "Mon-Fri 17:00-09:00", "Mon-Fri 09:00-25:00", "Mon-Fri 09:60-17:00", "Foo 09:00-17:00",
        "T 09:00-17:00", "Mon-Fri 09:00-12:00,11:00-17:00", "", "Mon closed", "Mon-Fri 09:00-17:00 Mars/Base",
        "22:00-06:00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_week(text)
    assert caught.value.code == "REV-305"


def test_spans_of_one_day() -> None:
    assert parse_spans("13:30-17:00,09:00-12:30") == ((540, 750), (810, 1020))
    assert parse_spans("closed") == parse_spans("") == ()


def test_percentiles_are_those_of_a_spreadsheet() -> None:
    hours = [Fraction(n) for n in (10, 1, 2, 3, 4)]
    assert percentile(hours, Fraction(9, 10)) == Fraction(38, 5)
    assert percentile(hours, Fraction(1, 2)) == 3
    assert percentile([Fraction(7)], Fraction(9, 10)) == 7
    assert in_hours(timedelta(seconds=1)) == Fraction(1, 3600)
