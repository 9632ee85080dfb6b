"""What a user may type for a stretch of time."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.errors import UserError
from revalign_udf.periods import GRAINS, Calendar, Grain, add_months, between, months_in, of_grain, parse_period, span

AS_OF = date(2026, 10, 31)
DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("token", "start", "last"),
    [
        ("2026-09", date(2026, 9, 1), date(2026, 9, 30)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        (2026, date(2026, 1, 1), date(2026, 12, 31)),
        (2026.0, date(2026, 1, 1), date(2026, 12, 31)),
        ("FY26", date(2026, 1, 1), date(2026, 12, 31)),
        (" this_month ", date(2026, 10, 1), date(2026, 10, 31)),
        ("LAST_MONTH", date(2026, 9, 1), date(2026, 9, 30)),
        ("THIS_QUARTER", date(2026, 10, 1), date(2026, 12, 31)),
        ("LAST_QUARTER", date(2026, 7, 1), date(2026, 9, 30)),
        ("LAST_YEAR", date(2025, 1, 1), date(2025, 12, 31)),
        ("MTD", date(2026, 10, 1), date(2026, 10, 31)),
        ("QTD", date(2026, 10, 1), date(2026, 10, 31)),
        ("YTD", date(2026, 1, 1), date(2026, 10, 31)),
        ("YTD:2026-03", date(2026, 1, 1), date(2026, 3, 31)),
        ("LTM", date(2025, 11, 1), date(2026, 10, 31)),
        ("LTM:2026-03", date(2025, 4, 1), date(2026, 3, 31)),
        ("LAST_N_MONTHS:6", date(2026, 4, 1), date(2026, 9, 30)),
        ("2026-09-15", date(2026, 9, 1), date(2026, 9, 30)),
        (date(2026, 9, 15), date(2026, 9, 1), date(2026, 9, 30)),
        (datetime(2026, 9, 15, 8), date(2026, 9, 1), date(2026, 9, 30)),  # noqa: DTZ001 - cells carry no zone
    ],
)
def test_tokens(token: object, start: date, last: date) -> None:
    found = parse_period(token, AS_OF)
    assert (found.start, found.last_day) == (start, last)


def test_ltm_of_a_day_inside_a_month_ends_with_the_month_before() -> None:
    assert parse_period("LTM", date(2026, 10, 30)).last_day == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("token", "hint"),
    [
        ("Jan-22", "2022-01"),
        ("sept 22", "2022-09"),
        ("2026-13", "does"),
        ("2026-02-30", "2026-09"),
        ("last_mnth", "LAST_MONTH"),
        ("", "empty"),
        (None, "empty"),
        ("LAST_N_MONTHS:0", "LAST_N_MONTHS:6"),
        ("THIS_MONTH:2026-01", "THIS_MONTH"),
        ("LTM:soon", "LTM"),
        ("2026-Q5", "2026-Q3"),
        (12345.5, "2026-09"),
    ],
)
def test_refused_with_a_hint(token: object, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_period(token, AS_OF)
    assert caught.value.code == "REV-101"
    assert hint in str(caught.value) or "Use 2026-09" in str(caught.value)


@pytest.mark.parametrize(
    ("start", "token", "first", "last"),
    [
        (2, "FY26", date(2025, 2, 1), date(2026, 1, 31)),
        (2, "FY26-Q3", date(2025, 8, 1), date(2025, 10, 31)),
        (10, "FY2027-Q1", date(2026, 10, 1), date(2026, 12, 31)),
        (7, "FY99", date(2098, 7, 1), date(2099, 6, 30)),
    ],
)
def test_fiscal_years_are_named_by_the_year_they_end_in(start: int, token: str, first: date, last: date) -> None:
    found = parse_period(token, AS_OF, Calendar(start))
    assert (found.start, found.last_day) == (first, last)
    assert parse_period(found.label, AS_OF, Calendar(start)) == found


@given(DAYS, st.sampled_from(GRAINS), st.integers(1, 12), st.integers(-30, 30))
def test_periods_of_a_grain_cover_time_without_gap_or_overlap(day: date, grain: Grain, start: int, steps: int) -> None:
    period = of_grain(grain, day, Calendar(start))
    assert period.start <= day < period.end
    assert period.previous().end == period.start
    assert period.shift(1).start == period.end
    assert period.shift(steps).shift(-steps) == period
    assert parse_period(period.label, AS_OF, Calendar(start)).start == period.start
    assert sum((month.end - month.start).days for month in months_in(period)) == (period.end - period.start).days


@given(DAYS, st.integers(-500, 500))
def test_add_months_keeps_the_day_or_takes_the_last(day: date, count: int) -> None:
    found = add_months(day, count)
    assert found.day == day.day or (found + timedelta(days=1)).day == 1
    assert (found.year - day.year) * 12 + found.month - day.month == count


def test_last_year_and_previous_of_spans() -> None:
    months = parse_period("LAST_N_MONTHS:6", AS_OF)
    assert months.previous().last_day == date(2026, 3, 31)
    assert months.last_year().start == date(2025, 4, 1)
    days = span(date(2026, 10, 5), date(2026, 10, 12))
    assert days.months == 0
    assert days.previous().start == date(2026, 9, 28)
    assert parse_period("2026-Q3", AS_OF).last_year().label == "2025-Q3"


def test_between() -> None:
    first, last = parse_period("2026-01", AS_OF), parse_period("2026-Q2", AS_OF)
    assert [str(item) for item in between(first, last)] == [f"2026-0{n}" for n in range(1, 7)]
    assert [str(item) for item in between(first, last, "quarter")] == ["2026-Q1", "2026-Q2"]
    with pytest.raises(UserError, match="lies before"):
        between(last, first)
    with pytest.raises(UserError, match="no grain"):
        between(first, last, "week")  # type: ignore[arg-type]


def test_a_calendar_begins_in_a_month() -> None:
    with pytest.raises(UserError):
        Calendar(13)
