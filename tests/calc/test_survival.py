from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.survival import DAYS_PER_MONTH, kaplan_meier
from revalign_udf.errors import NoData, UserError

rows = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5), st.integers(0, 5)), min_size=1).filter(
    lambda found: any(ended + running for _, ended, running in found)
)


def test_the_textbook_example() -> None:
    """6-MP arm of the leukaemia trial of Freireich et al. (1963), as every textbook prints it."""
    ended = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    running = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    curve = kaplan_meier([*((t, n, 0) for t, n in ended.items()), *((t, 0, n) for t, n in running.items())])
    printed = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert [round(float(share), 3) for _, share in curve.steps[1:]] == printed
    assert curve.median == 23
    assert (curve.ended, curve.running) == (9, 12)
    assert curve.longest == 35
    assert [curve.at(time) for time in (0, 6, 5.9)] == [1, Fraction(6, 7), 1]


def test_without_unfinished_the_mean_is_the_mean() -> None:
    curve = kaplan_meier([(1, 1, 0), (2, 2, 0), (7, 1, 0)])
    assert curve.restricted_mean == 3
    assert curve.quantile(0.75) == 2
    assert curve.quantile(0.9) == 7


def test_when_nothing_has_ended() -> None:
    curve = kaplan_meier([(10, 0, 3), (4, 0, 1)])
    assert curve.restricted_mean == 10
    assert (curve.median, curve.ended) == (None, 0)
    with pytest.raises(NoData, match="REV-209"):
        curve.require(30)


def test_fractions_of_a_unit() -> None:
    curve = kaplan_meier([(0.5, 1, 0), (Fraction(1, 3), 1, 0)])
    assert curve.restricted_mean == (Fraction(1, 2) + Fraction(1, 3)) / 2
    assert float(DAYS_PER_MONTH) == 30.4375


def test_nothing_observed() -> None:
    with pytest.raises(NoData):
        kaplan_meier([])
    with pytest.raises(NoData):
        kaplan_meier([(3, 0, 0)])
    with pytest.raises(UserError, match="REV-114"):
        kaplan_meier([(-1, 1, 0)])


@given(rows)
def test_the_mean_is_the_area_under_the_steps(found: list[tuple[int, int, int]]) -> None:
    curve = kaplan_meier(found)
    times = [time for time, _ in curve.steps] + [curve.longest]
    area = sum(share * (end - start) for (start, share), end in zip(curve.steps, times[1:], strict=True))
    assert curve.restricted_mean == area
    shares = [share for _, share in curve.steps]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0


@given(rows)
def test_a_quantile_is_where_the_curve_falls_that_far(found: list[tuple[int, int, int]]) -> None:
    curve = kaplan_meier(found)
    median = curve.median
    assert median == next((time for time, share in curve.steps if share <= Fraction(1, 2)), None)
