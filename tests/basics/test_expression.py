"""The little formula language and the exchange rates."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.expression import Expression
from revalign_udf.calc.fx import Rates
from revalign_udf.errors import Undefined, UnknownName, UserError

NUMBERS = st.integers(-(10**6), 10**6)


@given(NUMBERS, NUMBERS, NUMBERS.filter(bool))
def test_arithmetic_is_exact(a: int, b: int, c: int) -> None:
    values = {"a": a, "b": b, "c": c}
    assert Expression("a + b * 2 - (a - b) / c").evaluate(values) == a + b * 2 - Fraction(a - b, c)
    assert Expression("-a").evaluate(values) == -a
    assert Expression("max(a, b) - min(a, b)").evaluate(values) == abs(a - b)
    assert Expression("0.1 + 0.2").evaluate({}) == Fraction(3, 10)


def test_floats_go_operation_by_operation() -> None:
    assert Expression("a + b - c").evaluate_float({"a": 0.1, "b": 0.2, "c": 0.3}) == 0.1 + 0.2 - 0.3


def test_names_and_calls_in_order() -> None:
    found = Expression("ratio(mrr - base, base) + growth(mrr, prev_mrr)")
    assert found.names == ("mrr", "base", "prev_mrr")
    assert found.calls == ("ratio", "growth")
    assert found.render(str.upper) == "RATIO(MRR - BASE, BASE) + GROWTH(MRR, PREV_MRR)"
    assert repr(found).startswith("Expression(")


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("min(a, 0.5)", "MIN(A, 0.5)", "MIN(A;0,5)"),
        ("2.5 * (a - 1e-07) / b", "2.5 * (A - 1e-07) / B", "2,5 * (A - 1e-07) / B"),
        ("-max(min(a, 1.25), b - 3) / 2", "-MAX(MIN(A, 1.25), B - 3) / 2", "-MAX(MIN(A;1,25);B - 3) / 2"),
        ("a / max(b, 1)", "A / MAX(B, 1)", "A / MAX(B;1)"),
    ],
)
def test_a_formula_in_the_marks_of_a_country(text: str, english: str, german: str) -> None:
    """A reference of its own (``A1:B2,C3``) is never touched: only numbers and the gaps between arguments are."""
    assert Expression(text).render(str.upper) == english
    assert Expression(text).render(str.upper, ";", ",") == german
    assert Expression("min(a, 0.5)").render(lambda _: "'It.s, x'!A1", ";", ",") == "MIN('It.s, x'!A1;0,5)"


def test_a_function_may_give_the_values() -> None:
    assert Expression("a * b").evaluate(lambda name: {"a": 3, "b": 4}[name]) == 12


@pytest.mark.parametrize(
    "text",
    ["", "a +", "a ** 2", "a.b", "a[0]", "'x'", "True", "a if b else c", "f(x=1)", "(lambda: 1)()", "a; b", "a < b"],
)
def test_nothing_but_arithmetic(text: str) -> None:
    with pytest.raises(UserError):
        Expression(text)


def test_errors() -> None:
    with pytest.raises(Undefined):
        Expression("a / b").evaluate({"a": 1, "b": 0})
    with pytest.raises(UnknownName, match="mrr"):
        Expression("mmr").evaluate({"mrr": 1})
    with pytest.raises(UnknownName, match="min"):
        Expression("mim(a)").evaluate({"a": 1})


MONDAY = date(2026, 3, 2)
RATES = Rates(
    [(MONDAY, "EUR", "USD", "1.25"), (MONDAY, "USD", "JPY", "150"), (MONDAY + timedelta(3), "EUR", "USD", "1.5")], "USD"
)


@pytest.mark.parametrize(("days", "rate"), [(-1, None), (0, "5/4"), (2, "5/4"), (3, "3/2"), (10, "3/2"), (11, None)])
def test_the_latest_rate_at_most_seven_days_old(days: int, rate: str | None) -> None:
    assert RATES.on(MONDAY + timedelta(days), "EUR") == (None if rate is None else Fraction(rate))


def test_inverse_and_by_way_of_the_company_currency() -> None:
    assert RATES.on(MONDAY, "USD", "EUR") == Fraction(4, 5)
    assert RATES.on(MONDAY, "JPY") == Fraction(round(10**12 / 150), 10**12)
    assert RATES.on(MONDAY, "EUR", "JPY") == Fraction(375, 2)
    assert RATES.on(MONDAY, "USD") == 1
    assert RATES.on(MONDAY, "SEK") is None
    assert RATES.on(MONDAY, "SEK", "EUR") is None


def test_a_direct_rate_goes_before_an_inverse() -> None:
    both = Rates([(MONDAY, "EUR", "USD", "2"), (MONDAY, "USD", "EUR", "0.4")], "USD")
    assert both.on(MONDAY, "EUR") == 2
    assert both.on(MONDAY, "USD", "EUR") == Fraction(2, 5)
