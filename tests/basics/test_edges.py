"""What nobody types on purpose: numbers without end, periods outside the calendar, formulas that are none."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.expression import Expression
from revalign_udf.calc.fx import Rates
from revalign_udf.errors import UserError
from revalign_udf.money import exact
from revalign_udf.periods import GRAINS, Calendar, Grain, Period, add_months, months_in, of_grain, parse_period, span

AS_OF = date(2026, 10, 31)
DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@pytest.mark.parametrize("value", ["1e999999999", "1e-999999999", "1e401", "nan", "-inf", None, [1], "sNaN"])
def test_numbers_beyond_reason(value: object) -> None:
    with pytest.raises(UserError, match="REV-112"):
        exact(value)  # type: ignore[arg-type]


def test_doubles_of_any_size_are_numbers() -> None:
    assert exact(1e308) == 10**308
    assert exact(5e-324) == Fraction(5, 10**324)


@pytest.mark.parametrize(
    "text", ["a +", "a\0b", "(" * 5000, "f(x=1)", "a.b", "not a", "a ** 2", "'x'", "", "a if b else c"]
)
def test_no_formula(text: str) -> None:
    with pytest.raises(UserError):
        Expression(text)


def test_a_function_with_the_wrong_number_of_numbers() -> None:
    with pytest.raises(UserError, match="does not take 1"):
        Expression("half(a)").evaluate({"a": 1}, {"half": lambda a, b: a / b})


@pytest.mark.parametrize("token", [date(9999, 12, 31), "9999-12"])
def test_the_end_of_the_calendar(token: object) -> None:
    with pytest.raises(UserError, match="REV-101"):
        parse_period(token, AS_OF)
    with pytest.raises(UserError, match="REV-101"):
        of_grain("month", date(1, 1, 1)).previous()
    with pytest.raises(UserError, match="REV-101"):
        span(date(1, 1, 2), date(1, 1, 9)).shift(-1)
    with pytest.raises(UserError, match="REV-101"):
        add_months(date(2026, 1, 31), 12 * 9999)


@given(DAYS, st.sampled_from(GRAINS), st.integers(1, 12))
def test_a_label_reads_back_as_its_period(day: date, grain: Grain, start: int) -> None:
    calendar = Calendar(start)
    period = of_grain(grain, day, calendar)
    assert parse_period(str(period), AS_OF, calendar) == period
    assert period.shift(1).start == period.end
    assert period.shift(1).previous() == period
    assert period.last_year().shift(12 // period.months) == period


@given(DAYS, st.integers(1, 12), st.integers(1, 400))
def test_months_of_a_span_cover_it(first: date, start: int, days: int) -> None:
    period = span(first, first + timedelta(days=days), Calendar(start))
    months = months_in(period)
    assert months[0].start <= period.start < months[0].end
    assert months[-1].start < period.end <= months[-1].end
    assert all(one.end == two.start for one, two in pairwise(months))
    if not period.months:
        assert period.previous().end == period.start


def test_neither_a_grain_nor_a_month() -> None:
    with pytest.raises(UserError, match="REV-102"):
        of_grain("week", AS_OF)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="Use 2026-09"):
        parse_period("Foo-22", AS_OF)


def test_last_year_of_a_leap_day() -> None:
    assert add_months(date(2024, 2, 29), -12) == date(2023, 2, 28)
    assert span(date(2024, 2, 1), date(2024, 3, 1)).last_year() == span(date(2023, 2, 1), date(2023, 3, 1))
    assert isinstance(parse_period(Period("x", AS_OF, AS_OF + timedelta(days=1), "span"), AS_OF), Period)


def test_of_two_rates_of_one_day_the_order_does_not_decide() -> None:
    rows = [(AS_OF, "EUR", "USD", "1.1"), (AS_OF, "EUR", "USD", "1.2"), (AS_OF, "SEK", "USD", "0.1")]
    assert Rates(rows, "USD").on(AS_OF, "EUR") == Rates(rows[::-1], "USD").on(AS_OF, "EUR") == Fraction(6, 5)
    assert Rates(rows, "USD").on(AS_OF, "EUR", "SEK") == 12  # by way of the dollar, the second leg turned round
    assert Rates([*rows, (AS_OF, "USD", "SEK", "10")], "USD").on(AS_OF, "EUR", "SEK") == 12
    assert Rates(rows, "USD").on(AS_OF, "EUR", "GBP") is None
