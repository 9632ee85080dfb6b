"""ATTRIBUTION and COMMISSION_SPLIT: the published models by hand, and shares that add up whatever is shared."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.attribution import MODELS, credits_of
from revalign_udf.functions import call, call_cell
from revalign_udf.money import largest_remainder

DAYS = ["2026-03-01", "2026-03-08", "2026-03-15", "2026-03-22"]
FOUR = ["ads", "mail", "web", "call"]


def credited(*arguments: Any) -> dict[str, float]:
    answer = call_cell("ATTRIBUTION", list(arguments))
    assert "cell" in answer, answer
    assert answer["cell"][0] == ["channel", "credit"]
    return dict(answer["cell"][1:])


def refused(name: str, *arguments: Any) -> str:
    answer = call_cell(name, list(arguments))
    assert "error" in answer, answer
    return f"{answer['error']} {answer['message']}"


@pytest.mark.parametrize(
    ("arguments", "credits_"),
    [
        (("first", DAYS, FOUR, 1000), [1000, 0, 0, 0]),
        (("last", DAYS, FOUR, 1000), [0, 0, 0, 1000]),
        (("linear", DAYS, FOUR, 1000), [250, 250, 250, 250]),
        (("u", DAYS, FOUR, 1000), [400, 100, 100, 400]),
        (("U", DAYS[:2], FOUR[:2], 1000), [500, 500]),
        (("u", DAYS[:1], FOUR[:1], 1000), [1000]),
        (("w", DAYS, FOUR, 1000, None, None, [DAYS[1], DAYS[3]]), [300, 300, 100, 300]),
        # lead created with the first touch: the two thirties add up; the day before a touch is the touch before
        (("w", DAYS, FOUR, 1000, None, None, ["2026-03-01", "2026-03-21"]), [600, 50, 300, 50]),
        # one of the two is not known: it counts at the first touch
        (("w", DAYS, FOUR, 1000, None, None, [None, DAYS[3]]), [600, 50, 50, 300]),
        (("w", DAYS[:1], FOUR[:1], 1000), [1000]),
        # one half-life apart: 1 : 2 : 4 : 8
        (("time_decay", DAYS, FOUR, 1500), [100, 200, 400, 800]),
        (("time decay", DAYS, FOUR, 1500, 7, "2026-03-30"), [100, 200, 400, 800]),
        (("time-decay", DAYS[::2], FOUR[::2], 300, 14), [100, 200]),
        # without a currency the smallest part is a hundredth, or what the value itself has
        (("linear", DAYS[:3], FOUR[:3], 100), [33.34, 33.33, 33.33]),
        (("linear", DAYS[:3], FOUR[:3], 0.02), [0.01, 0.01, 0]),
        (("linear", DAYS[:3], FOUR[:3], 1.0001), [0.3334, 0.3334, 0.3333]),
        (("linear", DAYS[:3], FOUR[:3], -100), [-33.34, -33.33, -33.33]),
        (("linear", DAYS[:3], FOUR[:3], 0), [0, 0, 0]),
    ],
)  # fmt: skip
def test_the_models(arguments: tuple[Any, ...], credits_: list[float]) -> None:
    assert list(credited(*arguments).values()) == credits_


def test_one_channel_is_one_row_and_unsorted_touches_are_sorted() -> None:
    assert credited("first", [DAYS[2], DAYS[0], DAYS[1]], ["web", "ads", "mail"], 10) == {
        "ads": 10,
        "mail": 0,
        "web": 0,
    }
    assert credited("u", DAYS, ["ads", "mail", "mail", "ads"], 100) == {"ads": 80, "mail": 20}
    # of one moment the order of the rows, of one day the time
    assert credited("first", [46082.0, 46082.0], ["web", "ads"], 10)["web"] == 10
    assert credited("first", ["2026-03-01 15:00", 46082.375], ["web", "ads"], 10)["ads"] == 10


def test_touches_after_the_sale_are_credited_nothing_and_still_listed() -> None:
    assert credited("last", DAYS, FOUR, 100, None, "2026-03-15") == {"ads": 0, "mail": 0, "web": 100, "call": 0}
    # the day itself counts, whatever the time of the touch
    assert credited("last", [46082.9], ["ads"], 100, None, 46082.0) == {"ads": 100}
    assert refused("ATTRIBUTION", "last", DAYS, FOUR, 100, None, "2026-02-01").startswith(
        "#N/A REV-204 Every touch came"
    )


def test_time_decay_counts_in_whole_half_lives_back_from_the_sale_or_the_last_touch() -> None:
    ages = [24, 17, 10, 3]
    expected = [credit / 100 for credit in credits_of(10_000, ages, "time_decay", half_life=5)]
    assert list(credited("time_decay", DAYS, FOUR, 100, 5, "2026-03-25").values()) == expected
    # the proportions between touches do not depend on the day of the sale, but for rounding
    assert credited("time_decay", DAYS, FOUR, 1500, 7, "2026-04-05") == credited("time_decay", DAYS, FOUR, 1500, 7)


def test_headings_blanks_and_channels_without_a_name() -> None:
    dates = [["Touch"], ["2026-03-01"], [None], [46083.0], [0], [datetime(2026, 3, 9, tzinfo=UTC)]]
    channels = [["Channel"], ["ads"], [None], [0], [""], [None]]
    assert credited("linear", dates, channels, 90) == {"ads": 30, "(none)": 60}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("best", DAYS, FOUR, 1), '#VALUE! REV-101 Unknown model "best".'),
        ((None, DAYS, FOUR, 1), "#VALUE! REV-112 model is empty."),
        (("u", DAYS, FOUR[:3], 1), "#VALUE! REV-102 channels has 3 cells beside 4."),
        (("u", ["Touch", *DAYS], FOUR, 1), "#VALUE! REV-102 channels has 4 cells beside 5."),
        (("u", ["2026-03-01", None], ["ads", "mail"], 1), "#VALUE! REV-112 Row 2 has a channel and no date."),
        (("u", ["2026-03-01", "soon"], ["ads", "mail"], 1), '#VALUE! REV-112 touch_dates: row 2 holds "soon"'),
        (("u", [[None]], [[None]], 1), "#N/A REV-204 There is no touch."),
        (("u", DAYS, FOUR, None), "#VALUE! REV-112 value is empty."),
        (("u", DAYS, FOUR, [1, 2]), "#VALUE! REV-102 value is one number"),
        (("time_decay", DAYS, FOUR, 1, 0), "#NUM! REV-114 A half-life is a whole number of days"),
        (("time_decay", DAYS, FOUR, 1, 3.5), "#NUM! REV-114 A half-life"),
        (("w", DAYS, FOUR, 1), "#VALUE! REV-102 The model w needs to know"),
        (("w", DAYS, FOUR, 1, None, None, [None, None]), "#VALUE! REV-102 The model w needs to know"),
        (("w", DAYS, FOUR, 1, None, None, DAYS), "#VALUE! REV-102 key_dates has 4 dates."),
        (("u", ["2026-03-01T09:00+01:00", "2026-03-02"], ["a", "b"], 1), "#VALUE! REV-112 Some times have a time zone"),
        (("u", ["2026-03-01", "#N/A"], ["a", "#REF!"], "x"), "#N/A REV-112"),
        (("u", DAYS, ["a", "b", "#REF!", "d"], "x"), "#REF! REV-112"),
    ],
)
def test_what_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    assert refused("ATTRIBUTION", *arguments).startswith(message)


values = st.one_of(
    st.decimals(-(10**9), 10**9, places=2).map(float),
    st.floats(-1e12, 1e12),
    st.sampled_from([0.1 + 0.2, 1e-7, 1e300, 5e-324]),
    st.integers(-(10**20), 10**20),
)
touches = st.lists(
    st.tuples(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.sampled_from("abc")), min_size=1, max_size=12
)


@given(touches, values, st.sampled_from(MODELS), st.integers(1, 90), st.integers(-400, 400))
def test_credits_add_up_to_the_value(
    path: list[tuple[date, str]], value: float, model: str, half_life: int, later: int
) -> None:
    won = max(day for day, _ in path) + timedelta(days=later)
    way = [day for day, _ in path if day <= won]
    dates, channels = [day for day, _ in path], [channel for _, channel in path]
    arguments = [model, dates, channels, value, half_life, won, [path[0][0], path[-1][0]]]
    if not way:
        assert call_cell("ATTRIBUTION", arguments)["error"] == "#N/A"
        return
    found = call("ATTRIBUTION", arguments)[1:]
    assert sum(credit for _, credit in found) == Fraction(repr(value))
    assert sorted(channel for channel, _ in found) == sorted(set(channels))
    assert all(credit * value >= 0 for _, credit in found), "nobody pays back what others get"
    assert all(credit == 0 for channel, credit in found if all(day > won for day, name in path if name == channel))


@given(values, st.lists(st.one_of(st.decimals(-100, 1000, places=2).map(float), st.integers(-5, 50)), min_size=1))
def test_shares_add_up_to_the_pot(pot: float, weights: list[float]) -> None:
    if all(weight <= 0 for weight in weights):
        assert refused("COMMISSION_SPLIT", pot, weights).startswith("#DIV/0! REV-110")
        return
    found = [share for _, share in call("COMMISSION_SPLIT", [pot, weights])[1:]]
    assert sum(found) == Fraction(repr(pot))
    assert all(share == 0 for share, weight in zip(found, weights, strict=True) if weight <= 0)
    counted = [max(Fraction(repr(weight)), Fraction(0)) for weight in weights]
    for share, weight in zip(found, counted, strict=True):
        assert abs(share - Fraction(repr(pot)) * weight / sum(counted)) < Fraction(1, 100)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_a_pot_of_cents_is_split_as_commission_splits_it(cents: int, weights: list[int]) -> None:
    found = [share for _, share in call("COMMISSION_SPLIT", [cents / 100, weights])[1:]]
    assert [share * 100 for share in found] == largest_remainder(cents, weights)


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ((100, [[1.0], [2.0]], [["Ann"], ["Bo"]]), [["Ann", 33.33], ["Bo", 66.67]]),
        ((100, [["Weight"], [1.0], [3.0]], [["Rep"], ["Ann"], [None]]), [["Ann", 25.0], ["2", 75.0]]),
        # the rest of whole columns, as blanks or as 0
        ((100, [["W"], [1.0], [None], [0]], [["Rep"], ["Ann"], [0], [None]]), [["Ann", 100.0]]),
        ((100, [1.0, 0.0]), [["1", 100.0], ["2", 0.0]]),
        ((100, [1.0, 0.0], ["Ann", "Bo"]), [["Ann", 100.0], ["Bo", 0.0]]),
        (("100.5", 7), [["1", 100.5]]),
        ((-100, [1, 1, 1]), [["1", -33.34], ["2", -33.33], ["3", -33.33]]),
    ],
)
def test_the_split(arguments: tuple[Any, ...], rows: list[list[Any]]) -> None:
    assert call_cell("COMMISSION_SPLIT", arguments) == {"cell": [["label", "share"], *rows]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((100, [1.0, 2.0], ["Ann"]), "#VALUE! REV-102 labels has 1 cells beside 2."),
        ((100, [["W"], [1.0]], [["Ann"]]), "#VALUE! REV-102 labels has 1 cells beside 2."),
        ((None, [1.0]), "#VALUE! REV-112 pot is empty."),
        ((100, [1.0, "x"]), "#VALUE! REV-112 weights: row 2"),
        ((100, [1.0, 2.0], ["Ann", "#N/A"]), "#N/A REV-112"),
        ((100, [[None]]), "#DIV/0! REV-110 No weight is above zero"),
    ],
)
def test_the_split_refuses(arguments: tuple[Any, ...], message: str) -> None:
    assert refused("COMMISSION_SPLIT", *arguments).startswith(message)
