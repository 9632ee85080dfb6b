"""Every range function gives the double nearest the exact value, whatever the numbers look like and however they come."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from revalign_udf.calc.cells import amount, numbers
from revalign_udf.calc.sums import quick_column_total, quick_total, whole_numbers
from revalign_udf.functions import call_cell, registry

messy = st.one_of(
    st.decimals(0, 10**6, places=2).map(float),
    st.decimals(0, 10**10, places=4).map(float),
    st.floats(0, 1e12),
    st.integers(0, 10**18),
    st.sampled_from([0.1, 0.2, 0.3, 1e15 + 0.3, 99999999999.9999, 100000000000.0, 1e22, 5e-324, 2.0**53, 1 + 2**-52]),
    st.none(),
)
columns = st.lists(messy, min_size=1, max_size=25)


def exact(cell: float | None) -> Fraction:
    return Fraction(0) if cell is None else Fraction(repr(cell))


def added(cells: list[float | None]) -> Fraction:
    return sum(map(exact, cells), Fraction(0))


def shown(value: Fraction) -> float | str:
    """The double nearest a value, or the error where no double is."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return "#NUM!"


def cell(name: str, arguments: list[Any]) -> Any:
    answer = call_cell(name, arguments)
    return answer.get("error", answer.get("cell"))


def shaped(cells: list[float | None], shape: int) -> Any:
    """The same cells as a list, a column, a column of tuples, a row, with blanks as other blanks, under a heading."""
    if shape == 0:
        return cells
    if shape == 1:
        return [[cell] for cell in cells]
    if shape == 2:
        return tuple((cell,) for cell in cells)
    if shape == 3:
        return [cells]
    if shape == 4:
        return [["" if cell is None else cell] for cell in cells]
    return [["Heading"], *([cell] for cell in cells)]


shapes = st.integers(0, 5)
ORACLES: dict[str, Callable[..., Fraction]] = {
    "CAC": lambda a, b, c: (a + b) / c,
    "AOV": lambda a, b, _: a / b,
    "ORDER_FREQUENCY": lambda a, b, _: a / b,
    "REVENUE_GROWTH": lambda a, b, _: (a - b) / b,
    "ROI": lambda a, b, _: (a - b) / b,
    "UPSELL_SHARE": lambda a, b, _: a / b,
    "CONVERSION": lambda a, b, _: a / b,
    "ARR": lambda a, _, __: 12 * a,
}


@pytest.mark.parametrize("name", ORACLES)
@given(data=st.data())
def test_sums_and_ratios_of_sums(name: str, data: st.DataObject) -> None:
    count = len(registry()[name].arguments) - (name == "ROI")
    ranges = [data.draw(columns) for _ in range(count)]
    sums = [*map(added, ranges), Fraction(1), Fraction(1)][:3]
    assume(all(sums))
    expected = ORACLES[name](*sums)
    given_cells = [shaped(cells, data.draw(shapes)) for cells in ranges]
    assert cell(name, given_cells) == shown(expected)


@given(st.lists(st.tuples(messy, messy), min_size=1, max_size=25), shapes)
def test_retention(pairs: list[tuple[float | None, float | None]], shape: int) -> None:
    opening, closing = [start for start, _ in pairs], [end for _, end in pairs]
    paying = [(exact(start), exact(end)) for start, end in pairs if exact(start) > 0]
    assume(paying)
    start = sum(first for first, _ in paying)
    for name, kept in (("NRR", sum(end for _, end in paying)), ("GRR", sum(min(pair) for pair in paying))):
        assert cell(name, [shaped(opening, shape), shaped(closing, shape)]) == shown(Fraction(kept) / start)


@given(
    st.lists(
        st.tuples(messy, st.sampled_from(["day", "week", "Month", "quarter", "year", None]), st.integers(0, 9), st.booleans()),
        min_size=1, max_size=20,
    )
)  # fmt: skip
def test_mrr(items: list[tuple[float | None, str | None, int, bool]]) -> None:
    yearly = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}
    expected = sum(
        (exact(price) * count * yearly[(interval or "month").lower()] / 12 for price, interval, count, once in items if not once),
        Fraction(0),
    )  # fmt: skip
    assert cell("MRR", [list(column) for column in zip(*items, strict=True)]) == shown(expected)


@given(columns, shapes)
def test_quick_ways_are_taken_only_when_they_are_exact(cells: list[float | None], shape: int) -> None:
    wanted = added(cells)
    assert amount(shaped(cells, shape), "x") == wanted
    assert sum((Fraction(str(value)) for value in numbers(shaped(cells, shape), "x").values), Fraction(0)) == wanted
    assert quick_total(cells, blanks=True) in (None, wanted)
    assert quick_column_total([[cell] for cell in cells]) in (None, wanted)
    filled = [cell for cell in cells if cell is not None]
    whole, unit = whole_numbers(filled)
    assert [Fraction(part, unit) for part in whole] == [exact(cell) for cell in filled]


def test_the_quick_way_is_the_usual_way() -> None:
    """Else nobody would notice that everything takes the slow one."""
    money = [round(place * 17.31, 2) for place in range(-500, 500)]
    assert quick_total(money) == added(money)  # type: ignore[arg-type]
    assert quick_column_total([[cell] for cell in money]) == quick_total([*money, None], blanks=True)
    assert quick_total([1_000_000_000, 0.0001, 5]) == Fraction("1000000005.0001")


@pytest.mark.parametrize(
    "cells",
    [
        [0.00001],
        [1e11],  # sixteen digits with four decimals: several decimals may stand for one double
        [9e14] * 100,
        [float("inf")],
        [float("-inf"), 1.0],
        [float("nan")],
        [True],
        ["1"],
        [None],
        [10**400],
        [2**53 + 1],
    ],
)
def test_the_quick_way_leaves_alone_what_it_cannot_prove(cells: list[Any]) -> None:
    assert quick_total(cells) is None
    if cells != [None]:
        assert quick_column_total([[cell] for cell in cells]) is None


def test_rows_of_another_form_are_no_column() -> None:
    for rows in ([[1.0], [2.0, 3.0]], [[1.0], []], [1.0], ["5"], [[1.0], None], [[[1.0]]]):
        assert quick_column_total(rows) is None
