"""Fiscal years of weeks: what companies published, and what holds for every pattern, weekday, rule and first month."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.errors import UserError
from revalign_udf.periods import (
    WEEK_PATTERNS,
    WEEKDAYS,
    YEAR_ENDS,
    Calendar,
    Grain,
    Period,
    between,
    months_in,
    of_grain,
    parse_period,
    span,
)

AS_OF = date(2026, 10, 31)
#: the National Retail Federation's: 4-5-4, to the Saturday nearest to 31 January
NRF = Calendar(2, "4-5-4", "saturday", "nearest")
#: Apple's: to the last Saturday of September
APPLE = Calendar(10, "5-4-4", "saturday", "last")
#: Johnson & Johnson's: to the Sunday nearest to 31 December
JNJ = Calendar(1, "4-4-5", "sunday", "nearest")
#: to the last Friday of October
FRIDAYS = Calendar(11, "4-4-5", "friday", "last")

WEEKS = st.builds(
    Calendar, st.integers(1, 12), st.sampled_from(WEEK_PATTERNS), st.sampled_from(WEEKDAYS), st.sampled_from(YEAR_ENDS)
)
CALENDARS = st.one_of(WEEKS, st.builds(Calendar, st.integers(1, 12)))
#: any day, and more often one near a month's first, where years of weeks begin
DAYS = st.one_of(
    st.dates(date(1990, 1, 1), date(2060, 12, 31)),
    st.builds(
        lambda year, month, away: date(year, month, 1) + timedelta(days=away),
        st.integers(1990, 2060), st.integers(1, 12), st.integers(-7, 4),
    ),
)  # fmt: skip
YEARS = st.integers(1990, 2060)
FISCAL: tuple[Grain, ...] = ("fiscal_month", "fiscal_quarter", "fiscal_year")


def of(token: str, calendar: Calendar = NRF, as_of: date = AS_OF) -> Period:
    return parse_period(token, as_of, calendar)


def last_days(calendar: Calendar, *tokens: str) -> list[str]:
    return [str(of(token, calendar).last_day) for token in tokens]


def weeks(period: Period) -> int:
    count, rest = divmod((period.end - period.start).days, 7)
    assert not rest
    return count


# --- published calendars -------------------------------------------------------------------------------------------


def test_target_reported_these_quarters_the_fourth_of_2023_with_fourteen_weeks() -> None:
    """Form 10-Q and 10-K of Target Corporation (4-5-4); its "fiscal 2023" ended in 2024 and is FY24 here."""
    assert last_days(NRF, "FY18-Q1", "FY18-Q2", "FY18-Q3", "FY18") == [
        "2017-04-29", "2017-07-29", "2017-10-28", "2018-02-03",
    ]  # fmt: skip
    assert last_days(NRF, "FY24-Q1", "FY24-Q2", "FY24-Q3", "FY24-Q4", "FY24") == [
        "2023-04-29", "2023-07-29", "2023-10-28", "2024-02-03", "2024-02-03",
    ]  # fmt: skip
    assert last_days(NRF, "FY25-Q1", "FY25-Q2", "FY25-Q3", "FY25") == [
        "2024-05-04", "2024-08-03", "2024-11-02", "2025-02-01",
    ]  # fmt: skip
    assert str(of("FY24").start) == "2023-01-29"
    assert [weeks(of(f"FY24-Q{n}")) for n in (1, 2, 3, 4)] == [13, 13, 13, 14]


def test_the_retail_years_of_53_weeks() -> None:
    """National Retail Federation, 4-5-4 calendar: FY'00, FY'06, FY'12, FY'17 and FY'23 had 53 weeks, by year of start."""
    long = [year - 1 for year in range(2000, 2030) if weeks(of(f"FY{year}")) == 53]
    assert long == [2000, 2006, 2012, 2017, 2023, 2028]


def test_cato_reported_a_january_of_five_weeks_in_a_year_of_53() -> None:
    """Cato Corporation, monthly sales: five weeks ended 2013-02-02 (fiscal 2012), four weeks ended 2014-02-01."""
    assert (str(of("FY13-P12").last_day), weeks(of("FY13-P12")), weeks(of("FY13"))) == ("2013-02-02", 5, 53)
    assert (str(of("FY14-P12").last_day), weeks(of("FY14-P12")), weeks(of("FY14"))) == ("2014-02-01", 4, 52)
    assert of("FY14-P12").last_year() == of("FY13-P12"), "Cato compared these two"
    # five weeks ended 2019-10-05 (September), 2020-01-04 (December), four weeks ended 2020-02-01 (January)
    assert last_days(NRF, "FY20-P08", "FY20-P11", "FY20-P12") == ["2019-10-05", "2020-01-04", "2020-02-01"]
    assert [weeks(of(f"FY20-P{n:02d}")) for n in range(1, 13)] == [4, 5, 4] * 4


def test_apple_ended_these_years_two_of_them_with_53_weeks() -> None:
    """Form 10-K of Apple Inc.; the 53rd week of fiscal 2017 and 2023 is in Apple's first quarter, here in the last."""
    ends = ["2017-09-30", "2020-09-26", "2021-09-25", "2022-09-24", "2023-09-30", "2024-09-28"]
    assert last_days(APPLE, "FY17", "FY20", "FY21", "FY22", "FY23", "FY24") == ends
    assert [year for year in range(2010, 2026) if weeks(of(f"FY{year}", APPLE)) == 53] == [2012, 2017, 2023]
    assert of("FY22-Q1", APPLE).last_day == date(2021, 12, 25)


def test_a_year_that_ends_in_january_keeps_the_name_of_its_last_month() -> None:
    """Form 10-K and 10-Q of Johnson & Johnson: fiscal 2020 ended on 2021-01-03, fiscal 2021 on 2022-01-02."""
    assert last_days(JNJ, "FY18", "FY19", "FY20", "FY21") == ["2018-12-30", "2019-12-29", "2021-01-03", "2022-01-02"]
    quarters = last_days(JNJ, "FY20-Q1", "FY20-Q2", "FY20-Q3", "FY20-Q4", "FY21-Q1")
    assert quarters == ["2020-03-29", "2020-06-28", "2020-09-27", "2021-01-03", "2021-04-04"]
    assert weeks(of("FY20-P12", JNJ)) == 6
    assert of_grain("fiscal_month", date(2021, 1, 3), JNJ).label == "FY20-P12"
    assert of_grain("fiscal_month", date(2021, 1, 4), JNJ).label == "FY21-P01"
    assert [JNJ.fiscal_year_of(date(2021, 1, day)) for day in (1, 3, 4)] == [2020, 2020, 2021]
    assert [APPLE.fiscal_year_of(date(2022, 9, day)) for day in (24, 25)] == [2022, 2023]
    assert of_grain("month", date(2021, 1, 3), JNJ).label == "2021-01", "calendar months stay the calendar's"


@pytest.mark.parametrize(("rule", "end"), [("last", "2001-11-24"), ("nearest", "2001-12-01")])
def test_the_two_rules_of_tax_law(rule: str, end: str) -> None:
    """The example in 26 CFR 1.441-2(a)(4): Saturdays, November 2001."""
    assert last_days(Calendar(12, "4-4-5", "saturday", rule), "FY01") == [end]


def test_an_accounting_systems_example_of_4_4_5() -> None:
    """Salesforce accounting (FinancialForce), "What is a 4,4,5 Calendar?": 2010-01-03 to 2011-01-01."""
    ends = ["2010-01-30", "2010-02-27", "2010-04-03", "2010-05-01", "2010-05-29", "2010-07-03",
            "2010-07-31", "2010-08-28", "2010-10-02", "2010-10-30", "2010-11-27", "2011-01-01"]  # fmt: skip
    calendar = Calendar(1, "4-4-5", "saturday", "nearest")
    assert last_days(calendar, *(f"FY10-P{n}" for n in range(1, 13))) == ends


# --- what holds for all --------------------------------------------------------------------------------------------


@given(WEEKS, YEARS)
def test_a_year_of_weeks_ends_where_its_rule_says(calendar: Calendar, year: int) -> None:
    period = of(f"FY{year}", calendar)
    month_end = date(year + (calendar.fiscal_year_start == 1), calendar.fiscal_year_start, 1) - timedelta(days=1)
    assert WEEKDAYS[period.last_day.weekday()] == calendar.ends_on
    away = (period.last_day - month_end).days
    assert away in (range(-6, 1) if calendar.ends_near == "last" else range(-3, 4))
    assert weeks(period) in (52, 53)


@given(WEEKS, YEARS)
def test_months_have_the_weeks_of_the_pattern_and_only_the_last_one_more(calendar: Calendar, year: int) -> None:
    pattern = [int(count) for count in calendar.weeks.split("-")] * 4
    pattern[-1] += weeks(of(f"FY{year}", calendar)) - 52
    assert [weeks(month) for month in months_in(of(f"FY{year}", calendar))] == pattern


@given(CALENDARS, YEARS)
def test_months_tile_quarters_and_quarters_tile_years(calendar: Calendar, year: int) -> None:
    whole = of(f"FY{year}", calendar)
    sizes: tuple[tuple[Grain, str, int], ...] = (("fiscal_quarter", "Q", 4), ("fiscal_month", "P", 12))
    for size, letter, count in sizes:
        parts = [of(f"FY{year}-{letter}{n}", calendar) for n in range(1, count + 1)]
        assert between(whole, whole, size) == parts
        assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
        assert all(one.end == two.start for one, two in pairwise(parts))
    for n in range(1, 5):
        quarter = of(f"FY{year}-Q{n}", calendar)
        months = between(quarter, quarter, "fiscal_month")
        assert [str(month)[-3:] for month in months] == [f"P{n * 3 - back:02d}" for back in (2, 1, 0)]
        assert (months[0].start, months[-1].end) == (quarter.start, quarter.end)


@given(CALENDARS, DAYS, st.sampled_from(FISCAL), st.integers(-40, 40))
def test_fiscal_periods_cover_time_and_move_by_name(calendar: Calendar, day: date, grain: Grain, steps: int) -> None:
    period = of_grain(grain, day, calendar)
    assert period.start <= day < period.end
    assert of(str(period), calendar) == period
    assert (period.previous().end, period.shift(1).start) == (period.start, period.end)
    assert period.shift(steps).shift(-steps) == period
    assert period.months == {"fiscal_month": 1, "fiscal_quarter": 3, "fiscal_year": 12}[grain]
    before, _, part = str(period.last_year()).partition("-")
    name, _, same = str(period).partition("-")
    assert (part, (int(name[2:]) - int(before[2:])) % 100) == (same, 1)
    year, month = calendar.fiscal_month_of(day)
    assert (calendar.fiscal_year_of(day), month in range(1, 13)) == (year, True)
    assert calendar.fiscal_month_start(year, month) <= day < calendar.fiscal_month_start(year, month + 1)
    assert of_grain(grain, period.last_day, calendar) == period != of_grain(grain, period.end, calendar)


@given(st.integers(1, 12), DAYS)
def test_without_weeks_a_fiscal_month_is_a_calendar_month(start: int, day: date) -> None:
    fiscal, plain = of_grain("fiscal_month", day, Calendar(start)), of_grain("month", day)
    assert (fiscal.start, fiscal.end) == (plain.start, plain.end)
    assert int(str(fiscal)[-2:]) == (day.month - start) % 12 + 1


@given(WEEKS, DAYS)
def test_a_year_to_date_compares_with_the_same_days_of_last_year(calendar: Calendar, day: date) -> None:
    this = of("FYTD", calendar, day)
    last = this.last_year()
    assert (this.start, this.last_day) == (of_grain("fiscal_year", day, calendar).start, day)
    assert last.start == of("THIS_FISCAL_YEAR", calendar, day).last_year().start
    assert last.end <= this.start, "week 53 has no day of its own to compare with"
    month = of_grain("fiscal_month", day, calendar)
    if day == month.last_day:
        assert last.last_day == month.last_year().last_day
        assert this.months == int(str(month)[-2:])
        assert this.previous().end == this.start
        assert this.previous().months == this.months
    else:
        assert (this.months, this.previous().end) == (0, this.start)
    if day != month.last_day and weeks(month) == weeks(month.last_year()):
        assert (last.end - last.start).days == (this.end - this.start).days
    months = months_in(this)
    assert (months[0].start, months[-1]) == (this.start, month)


# --- by hand -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "label", "first", "last"),
    [
        ("FY24-P12", "FY24-P12", "2023-12-31", "2024-02-03"),
        ("fy2024p1", "FY24-P01", "2023-01-29", "2023-02-25"),
        ("FY1999-P1", "FY1999-P01", "1998-02-01", "1998-02-28"),
        ("THIS_FISCAL_MONTH", "FY24-P12", "2023-12-31", "2024-02-03"),
        ("LAST_FISCAL_MONTH", "FY24-P11", "2023-11-26", "2023-12-30"),
        ("this_fiscal_quarter", "FY24-Q4", "2023-10-29", "2024-02-03"),
        ("LAST_FISCAL_QUARTER", "FY24-Q3", "2023-07-30", "2023-10-28"),
        ("THIS_FISCAL_YEAR", "FY24", "2023-01-29", "2024-02-03"),
        ("LAST_FISCAL_YEAR", "FY23", "2022-01-30", "2023-01-28"),
        ("FMTD", "FMTD", "2023-12-31", "2024-02-02"),
        ("FQTD", "FQTD", "2023-10-29", "2024-02-02"),
        ("FYTD", "FYTD", "2023-01-29", "2024-02-02"),
        ("FYTD:2023-09", "FYTD:2023-09", "2023-01-29", "2023-09-30"),
        ("FQTD:2024-02-05", "FQTD:2024-02-05", "2024-02-04", "2024-02-05"),
        ("FYTD:FY24-P02", "FYTD:FY24-P02", "2023-01-29", "2023-04-01"),
        # what names no fiscal period is the calendar's
        ("THIS_MONTH", "2024-02", "2024-02-01", "2024-02-29"),
        ("LAST_QUARTER", "2023-Q4", "2023-10-01", "2023-12-31"),
        ("YTD", "YTD", "2024-01-01", "2024-02-02"),
        ("LTM", "LTM", "2023-02-01", "2024-01-31"),
        ("2024-Q1", "2024-Q1", "2024-01-01", "2024-03-31"),
    ],
)
def test_words_in_a_53rd_week(token: str, label: str, first: str, last: str) -> None:
    found = of(token, as_of=date(2024, 2, 2))  # the Friday of the 53rd week
    assert (str(found), str(found.start), str(found.last_day)) == (label, first, last)


def test_last_year_is_by_name_and_not_364_days_or_twelve_months_back() -> None:
    assert str(of("FY26-Q2").last_year()) == "FY25-Q2"
    assert str(of("FY26-P01").previous()) == "FY25-P12"
    # the first quarter after a year of 53 weeks: 371 days lie between the starts
    now, then = of("FY25-Q1"), of("FY25-Q1").last_year()
    assert (str(now.start), str(then.start), (now.start - then.start).days) == ("2024-02-04", "2023-01-29", 371)
    # to the last day of week 53: last year's January had no fifth week
    year = of("FYTD", as_of=date(2024, 2, 3)).last_year()
    assert (str(year.start), str(year.last_day)) == ("2022-01-30", "2023-01-28")
    # and where last year has the longer January, all of it
    year = of("FYTD:FY25-P12").last_year()
    assert (str(year.start), str(year.last_day)) == ("2023-01-29", "2024-02-03")
    week = of("FMTD", as_of=date(2024, 1, 30)).last_year()
    assert (str(week.start), str(week.last_day)) == ("2023-01-01", "2023-01-28")


def test_a_span_of_days_keeps_to_the_calendar_even_where_it_begins_with_a_fiscal_month() -> None:
    days = span(date(2024, 2, 4), date(2024, 3, 3), NRF)
    assert (days.start, days.end) == (of("FY25-P01").start, of("FY25-P01").end)
    assert (days.months, days.by_weeks) == (0, False)
    assert (days.last_year().start, days.last_year().end) == (date(2023, 2, 4), date(2023, 3, 3))
    assert [str(month) for month in months_in(days)] == ["2024-02", "2024-03"]
    assert [str(month) for month in months_in(of("2024-Q1"))] == ["2024-01", "2024-02", "2024-03"]
    assert of("YTD:2024-03").last_year().end == date(2023, 4, 1)


def test_series_of_fiscal_months() -> None:
    asked = between(of("FY24-P11"), of("FY25-P02"))
    assert [(str(one), weeks(one)) for one in asked] == [
        ("FY24-P11", 5), ("FY24-P12", 5), ("FY25-P01", 4), ("FY25-P02", 5),
    ]  # fmt: skip
    assert [str(one) for one in between(of("FYTD:FY25-P02"), of("FY25-P03"))] == ["FY25-P01", "FY25-P02", "FY25-P03"]
    # a calendar month in a series of fiscal ones stands for those it touches
    assert [str(one) for one in between(of("2024-02"), of("2024-02"), "fiscal_month")] == ["FY24-P12", "FY25-P01"]


def test_a_long_last_month_of_4_4_5_has_six_weeks() -> None:
    assert [weeks(of(f"FY25-P{n}", FRIDAYS)) for n in (10, 11, 12)] == [4, 4, 6]
    assert [weeks(of(f"FY26-P{n}", FRIDAYS)) for n in (10, 11, 12)] == [4, 4, 5]
    assert last_days(FRIDAYS, "FY24", "FY25", "FY26") == ["2024-10-25", "2025-10-31", "2026-10-30"]


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("FY26-P13", "P01 to P12"),
        ("FY26-P00", "P01 to P12"),
        ("FY26-P", "Cannot read"),
        ("FY26-W53", "Cannot read"),
        ("LAST_FISCAL_MNTH", "Did you mean LAST_FISCAL_MONTH?"),
        ("FYTD:soon", "Cannot read"),
        ("THIS_FISCAL_YEAR:2024-02", "Cannot read"),
        ("FY0000", "outside the calendar"),
        ("FY9999", "outside the calendar"),
    ],
)
def test_no_fiscal_period(token: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        of(token, Calendar(1, "4-4-5", "sunday", "nearest"))
    assert caught.value.code == "REV-101"


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
@pytest.mark.parametrize("calendar", [NRF, APPLE, JNJ, Calendar(2)])
def test_years_beyond_the_calendar_are_refused(day: date, calendar: Calendar) -> None:
    for grain in FISCAL:
        with pytest.raises(UserError, match="REV-101"):
            of_grain(grain, day, calendar).previous().shift(2)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"weeks": "445"}, "Did you mean 4-4-5"),
        ({"weeks": "4-4-4"}, "There is no fiscal_weeks '4-4-4'"),
        ({"weeks": "4-4-5", "ends_on": "saterday"}, "Did you mean saturday"),
        ({"weeks": "4-4-5", "ends_near": "first"}, "last, nearest"),
    ],
)
def test_calendars_that_are_none(settings: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        Calendar(2, **settings)
    assert caught.value.code == "REV-305"
