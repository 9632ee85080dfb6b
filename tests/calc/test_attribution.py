"""Attribution by hand, and what must hold whatever the touches."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.attribution import MODELS, attribution_weights, credits_of, split_units
from revalign_udf.calc.proportions import difference_interval, wilson_interval
from revalign_udf.errors import Undefined, UserError


@pytest.mark.parametrize(
    ("model", "ages", "places", "expected"),
    [
        ("first", [9, 5, 1], (0, 0), [10000, 0, 0]),
        ("last", [9, 5, 1], (0, 0), [0, 0, 10000]),
        ("linear", [9, 5, 1], (0, 0), [3334, 3333, 3333]),
        ("u", [9, 5, 4, 1], (0, 0), [4000, 1000, 1000, 4000]),
        ("u", [9, 1], (0, 0), [5000, 5000]),
        ("u", [9, 5, 1], (0, 0), [4000, 2000, 4000]),
        ("w", [9, 8, 7, 6, 5], (1, 3), [3000, 3000, 500, 3000, 500]),
        # without a rest its tenth goes to the three
        ("w", [9, 8, 7], (1, 2), [3334, 3333, 3333]),
        # first touch and lead creation on one touch
        ("w", [9, 8, 7], (0, 1), [6000, 3000, 1000]),
        ("w", [9, 8], (0, 1), [6667, 3333]),
        # everything on the first of two: 90 and the rest
        ("w", [9, 8], (0, 0), [9000, 1000]),
        # 1 : 2 : 4
        ("time_decay", [14, 7, 0], (0, 0), [1429, 2857, 5714]),
        # half a half-life is a factor of the square root of two: 1 / (1 + 1.41421...)
        ("time_decay", [7, 0], (0, 0), [3333, 6667]),
    ],
)
def test_the_published_models(model: str, ages: list[int], places: tuple[int, int], expected: list[int]) -> None:
    assert credits_of(100_00, ages, model, lead=places[0], opportunity=places[1]) == expected


def test_another_half_life() -> None:
    assert credits_of(300, [30, 0], "time_decay", half_life=30) == [100, 200]
    # 7 days of a half-life of 14: 0.70711 : 1
    assert credits_of(100_00, [7, 0], "time_decay", half_life=14) == [4142, 5858]


@pytest.mark.parametrize("model", MODELS)
def test_one_touch_gets_everything(model: str) -> None:
    assert credits_of(-12345, [400], model) == [-12345]


@given(
    total=st.integers(-(10**13), 10**13),
    ages=st.lists(st.integers(0, 4000), min_size=1, max_size=25).map(lambda ages: sorted(ages, reverse=True)),
    model=st.sampled_from(MODELS),
    unit=st.sampled_from([1, 10_000, 1_000_000]),
    half_life=st.integers(1, 400),
    data=st.data(),
)
def test_credits_add_up_to_the_last_unit_and_are_near_their_share(
    total: int, ages: list[int], model: str, unit: int, half_life: int, data: st.DataObject
) -> None:
    lead, opportunity = (data.draw(st.integers(0, len(ages) - 1)) for _ in range(2))
    weights = attribution_weights(model, ages, lead=lead, opportunity=opportunity, half_life=half_life)
    parts = split_units(total, weights, unit)
    assert parts == credits_of(total, ages, model, unit=unit, lead=lead, opportunity=opportunity, half_life=half_life)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < unit
    # at most one part is no whole number of units: the one that takes what the total has beyond them
    assert sum(part % unit != 0 for part in parts) == (total % unit != 0)


@given(weights=st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any), total=st.integers(0, 10**6))
def test_of_equal_remainders_the_earlier_touch_gets_the_unit(weights: list[int], total: int) -> None:
    parts = split_units(total, weights)
    for first, early in enumerate(weights):
        for second in range(first + 1, len(weights)):
            if weights[second] == early:
                assert parts[first] >= parts[second]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UserError, match="no attribution model"):
        attribution_weights("best", [1])
    with pytest.raises(UserError, match="no touch at this place"):
        attribution_weights("w", [3, 2, 1], lead=3)
    with pytest.raises(UserError, match="at least one day"):
        attribution_weights("time_decay", [3, 2], half_life=0)
    with pytest.raises(UserError, match="cannot be negative"):
        attribution_weights("time_decay", [3, -2])
    with pytest.raises(UserError, match="nothing to split"):
        split_units(100, [])
    assert attribution_weights("w", []) == []


def test_intervals_of_shares() -> None:
    # Newcombe (1998), table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 6/7 - 2/7, 5/56 - 0/29, 10/10 - 0/10
    published = {
        (56, 70, 48, 80): (0.0524, 0.3339),
        (9, 10, 3, 10): (0.1705, 0.8090),
        (6, 7, 2, 7): (0.0582, 0.8062),
        (5, 56, 0, 29): (-0.0381, 0.1926),
        (10, 10, 0, 10): (0.6075, 1.0000),
    }
    for case, expected in published.items():
        assert tuple(round(bound, 4) for bound in difference_interval(*case)) == expected
    low, high = wilson_interval(0, 10)
    assert (low, round(high, 4)) == (0.0, 0.2775)
    with pytest.raises(Undefined):
        difference_interval(0, 0, 1, 2)
