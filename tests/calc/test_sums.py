import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.sums import total
from revalign_udf.errors import UserError
from revalign_udf.money import exact

numbers = st.one_of(
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-(10**9), 10**9, places=2).map(float),
    st.fractions(max_denominator=1000),
    st.decimals(-(10**9), 10**9, places=3),
)


@given(st.lists(numbers))
def test_the_sum_is_exact_whatever_the_types(values: list[int | float | Fraction | Decimal]) -> None:
    assert total(values) == sum(map(exact, values), Fraction(0))


@given(st.lists(st.decimals(-(10**9), 10**9, places=4).map(float)))
def test_the_quick_path_is_exact(values: list[float]) -> None:
    assert total(values) == sum(map(exact, values), Fraction(0))


def test_order_does_not_matter() -> None:
    values = [1e15, 0.1, -1e15, 0.2, 0.05]
    assert total(values) == total(values[::-1]) == Fraction(35, 100)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True])
def test_only_numbers(value: float) -> None:
    with pytest.raises(UserError, match="REV-112"):
        total([1.0, value])
