"""Exact money: conversion, rounding, splitting."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.errors import UserError
from revalign_udf.money import (
    decimals,
    exact,
    from_micros,
    is_currency,
    largest_remainder,
    round_half_away,
    to_double,
    to_micros,
)

FRACTIONS = st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**9)


@pytest.mark.parametrize(
    ("value", "expected"), [("2.5", 3), ("-2.5", -3), ("0.5", 1), ("-0.5", -1), ("0.4999", 0), ("2.4", 2), ("-2.6", -3)]
)
def test_half_goes_away_from_zero(value: str, expected: int) -> None:
    assert round_half_away(Fraction(value)) == expected


@given(FRACTIONS)
def test_rounding_is_symmetric_and_near(value: Fraction) -> None:
    assert round_half_away(-value) == -round_half_away(value)
    assert abs(round_half_away(value) - value) <= Fraction(1, 2)


@given(FRACTIONS)
def test_the_double_is_the_nearest(value: Fraction) -> None:
    found = Fraction(to_double(value))
    step = abs(Fraction(float(value)) - value)
    assert abs(found - value) <= step


def test_a_float_is_what_was_typed() -> None:
    assert exact(0.1) + exact(0.2) == exact("0.3") == Fraction(3, 10)
    assert exact(Decimal("1.50")) == exact(1.5) == exact(Fraction(3, 2))


@pytest.mark.parametrize("value", ["", "abc", "1,5", float("nan"), float("inf"), True])
def test_no_number(value: object) -> None:
    with pytest.raises(UserError) as caught:
        exact(value)  # type: ignore[arg-type]
    assert caught.value.code == "REV-112"


@given(st.decimals(-(10**9), 10**9, places=6))
def test_micros_hold_six_decimals(amount: Decimal) -> None:
    assert from_micros(to_micros(amount)) == Fraction(amount)


def test_currencies() -> None:
    assert (decimals("eur"), decimals("JPY"), decimals("BHD"), decimals("CLF")) == (2, 0, 3, 4)
    assert [is_currency(code) for code in ("EUR", "Eur", "EURO", "EÜR", "")] == [True, False, False, False, False]


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_parts_add_up_and_are_within_one_of_their_share(total: int, weights: list[int]) -> None:
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    whole = sum(weights) or len(weights)
    for part, weight in zip(parts, weights if sum(weights) else [1] * len(weights), strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1


def test_ties_go_to_the_earlier_part() -> None:
    assert largest_remainder(5, [1, 1]) == [3, 2]
    assert largest_remainder(0, []) == []
    for total, weights in ((1, []), (1, [1, -1])):
        with pytest.raises(UserError):
            largest_remainder(total, weights)
