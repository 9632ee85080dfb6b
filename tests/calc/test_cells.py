"""Traps of cells: blanks, headers, text, true/false, errors, shapes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc import cells, texts
from revalign_udf.calc.cells import Column
from revalign_udf.errors import UserError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (2.5, Fraction(5, 2)),
        ("2.5", Fraction(5, 2)),
        (" -1e3 ", -1000),
        (".5", Fraction(1, 2)),
        (None, 0),
        ("", 0),
        ("  ", 0),
        ([[3.0]], 3),
        ([["3"]], 3),
        ([], 0),
        ([[]], 0),
        ([1.0, 2.0], 3),
        ([[1.0, 2.0], [3.0, None]], 6),
        (((1.0,), (2.0,)), 3),
        ([["Amount"], [1.0], [2.0]], 3),
        ([["Q1", None], [1.0, 2.0]], 3),
        (["Amount", 1.0], 1),
        (Decimal("1.10"), Fraction(11, 10)),
        ([Decimal("1.10"), 0.2, 1], Fraction(23, 10)),
        ([[0.1]] * 10, 1),
        (pd.Series([1.5, 2.5]), 4),
        (pd.DataFrame({"a": [1.0, None], "b": [2.0, 3.0]}), 6),
        (np.array([[1, 2], [3, 4]]), 10),
        (np.float64(0.1), Fraction(1, 10)),
        ([np.float64(0.1), np.int64(2), 0.2], Fraction(23, 10)),
        # blanks of data frames, in plain lists too
        ([[float("nan")], [1.5]], Fraction(3, 2)),
        ([1.5, pd.NA, pd.NaT], Fraction(3, 2)),
        # a heading beside a blank that a host hands over as 0
        ([["Q1", 0], [1.0, 2.0]], 3),
        ([["MRR 2026"], [1.0]], 1),
        ([["#"], [1.0]], 1),
        # edges of doubles and ints
        (-0.0, 0),
        ([-0.0, 0.0], 0),
        ([2**53 + 1, 1], 2**53 + 2),
        ([[2**70], [0.5], [-(2**70)]], Fraction(1, 2)),
        ([10**400, 1], 10**400 + 1),
        ([1e308, 1e308], Fraction(2 * 10**308)),
        ([9e10, 0.0001], Fraction("90000000000.0001")),
        ([90071992547.0001] * 3, Fraction("270215977641.0003")),
        ([5e-324, 5e-324], Fraction(10) ** -323),
        ([1.0000000000000002, -1.0], Fraction("0.0000000000000002")),
        ("9007199254740993", 9007199254740993),
        ("\u00a012.5\u00a0", Fraction(25, 2)),
        ("1e3", 1000),
        ("5.", 5),
    ],
)
def test_amounts(value: Any, expected: Fraction) -> None:
    assert cells.amount(value, "amounts") == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("abc", 'amounts holds the text "abc"'),
        ("1,250", "not a number"),
        ("5 %", "not a number"),
        ("0x10", "not a number"),
        ("1_000", "not a number"),
        ("1\u00a0000", "not a number"),
        ("１２", "not a number"),
        ("٣", "not a number"),
        ("\u22125", "not a number"),
        ("inf", "not a number"),
        ("nan", "not a number"),
        ("(5)", "not a number"),
        ("1e1000", "not a number"),
        (float("inf"), "inf is not a number"),
        ([1.0, float("-inf")], "-inf is not a number"),
        ({"a": 1}, "not a number"),
        # an amount as text is no heading: leaving it out would be a wrong total
        ([["1,250"], [3.0]], 'row 1, column 1 holds the text "1,250"'),
        ([["1 250 kr"], [3.0]], "row 1, column 1"),
        ([["€ 1.250,00"], [3.0]], "row 1, column 1"),
        ([["EUR 9.50"], [3.0]], "row 1, column 1"),
        ([["(12)"], [3.0]], "row 1, column 1"),
        ([["１２"], [3.0]], "row 1, column 1"),
        ([["Sales", False], [1.0, 2.0]], "row 1, column 1"),
        ("1e9999", "not a number"),
        (True, "TRUE"),
        (date(2026, 1, 2), "the date 2026-01-02"),
        ([[1.0], ["n/a"], [3.0]], 'row 2, column 1 holds the text "n/a"'),
        ([["Amount", "Fee"], [1.0, 2.0], [3.0, "x"]], "row 3, column 2"),
        ([[1.0, 2.0], [True, 3.0]], "row 2, column 1 holds TRUE"),
        ([["Amount"], ["Sum"], [3.0]], 'row 2, column 1 holds the text "Sum"'),
        ([["2024"], [3.0]], 'row 1, column 1 holds the text "2024"'),
        ([["10"], ["20"]], "row 1, column 1"),
        ([["Amount", "Fee"]], "row 1, column 1"),
        ([[None], ["Amount"], [3.0]], "row 2, column 1"),
        ([1.0, datetime(2026, 1, 2, tzinfo=UTC)], "row 2, column 1 holds the date 2026-01-02"),
    ],
)
def test_what_is_no_number_is_refused_by_name(value: Any, words: str) -> None:
    with pytest.raises(UserError) as caught:
        cells.amount(value, "amounts")
    assert caught.value.code == "REV-112"
    assert words in str(caught.value)


@pytest.mark.parametrize("value", [[[1.0, 2.0], [3.0]], [1.0, [2.0]], [[1.0], 2.0]])
def test_ragged_ranges_are_refused(value: Any) -> None:
    with pytest.raises(UserError, match="REV-102 amounts: row 2"):
        cells.amount(value, "amounts")


def test_blanks_in_answers_are_no_answers() -> None:
    assert cells.numbers([[10.0], [None], [""], [9.0]], "scores", blank="skip") == Column([10.0, 9.0], header=False)
    assert cells.numbers(None, "scores", blank="skip") == Column([], header=False)


def test_a_scalar_is_one_cell() -> None:
    assert cells.number([["7"]], "term") == 7
    assert cells.number(None, "term") is None
    with pytest.raises(UserError, match="REV-102"):
        cells.number([[1.0], [2.0]], "term")


def test_the_first_error_cell_wins() -> None:
    found = cells.first_error([1.0, "text", [[2.0, "#REF!"], ["#N/A", 1.0]], "#NUM!"])
    assert found is not None
    assert found.cell == "#REF!"
    assert cells.first_error([1.0, "#notes", [["x"]]]) is None


@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=2), st.integers(1, 5))
def test_blanks_zeros_and_shape_do_not_change_a_sum(values: list[float], width: int) -> None:
    padded: list[Any] = [*values, *[None] * (-len(values) % width)]
    rows = [padded[place : place + width] for place in range(0, len(padded), width)]
    zeros = [[cell or 0 for cell in row] for row in rows]
    assert cells.amount(values, "x") == cells.amount(rows, "x") == cells.amount(zeros, "x")


def test_texts() -> None:
    assert texts.text(True, "value") == "True"
    assert texts.text(datetime(2026, 9, 1, tzinfo=UTC), "value") == "2026-09-01"
    with pytest.raises(UserError, match="REV-102"):
        texts.text([["a"], ["b"]], "unit")
    with pytest.raises(UserError) as caught:
        texts.text("#N/A", "unit")
    assert caught.value.cell == "#N/A"


def test_what_stands_beside_must_match() -> None:
    beside = Column([1, 2], header=True)
    assert texts.aligned_texts("year", "intervals", beside) == ["year", "year"]
    assert texts.aligned_texts([["Interval"], ["year"], [0]], "intervals", beside) == ["year", None]
    with pytest.raises(UserError, match="2 cells beside 3"):
        texts.aligned_texts([["year"], [0]], "intervals", beside)
    wide = texts.aligned_texts([["a", "b"], ["year", "month"]], "x", Column([1, 2], header=True, width=2))
    assert wide == ["year", "month"]
    with pytest.raises(UserError, match="3 cells beside 2"):
        texts.aligned_texts(["a", "b", "c"], "intervals", Column([1, 2], header=False))
    with pytest.raises(UserError, match="row 2 holds"):
        texts.aligned_flags([True, "maybe"], "flags", Column([1, 2], header=False))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 10, 31, 12, tzinfo=UTC), date(2026, 10, 31)),
        (date(2026, 10, 31), date(2026, 10, 31)),
        (pd.Timestamp("2026-10-31"), date(2026, 10, 31)),
        (pd.Series([pd.Timestamp("2026-10-31")]), date(2026, 10, 31)),
        ("2026-10-31", date(2026, 10, 31)),
        (46326, date(2026, 10, 31)),
        ([[46326.0]], date(2026, 10, 31)),
        ("2026-10-31T12:00", date(2026, 10, 31)),
        (46326.75, date(2026, 10, 31)),
        (pd.NaT, None),
        (None, None),
        (0, None),
    ],
)
def test_days(value: Any, expected: date | None) -> None:
    assert texts.day(value, "as_of") == expected


@pytest.mark.parametrize(
    "value",
    ["segment", 12.5, True, "31/10/2026", "2026-10-31x", 20261031, 20261031.0, 1e300, float("inf"), "２０２６-10-31"],
)
def test_no_day(value: Any) -> None:
    with pytest.raises(UserError, match="REV-101 as_of is not a date"):
        texts.day(value, "as_of")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (46266.0, date(2026, 9, 1)),
        (2026.0, "2026"),
        (2026, "2026"),
        ("FY26-Q3", "FY26-Q3"),
        (datetime(2026, 9, 1, tzinfo=UTC), date(2026, 9, 1)),
        ("", None),
    ],
)
def test_period_tokens(value: Any, expected: date | str | None) -> None:
    assert texts.period_token(value, "period") == expected


@pytest.mark.parametrize(
    ("given_cells", "expected"),
    [
        ([], {}),
        (["segment", "smb", "country", "SE"], {"segment": "smb", "country": "SE"}),
        (["segment", None, None, None], {}),
        (["segment", 0], {"segment": texts.UNSURE}),
        (["segment", 0, "segment", "smb"], {"segment": "smb"}),
        ([[["segment"]], [["smb"]]], {"segment": "smb"}),
        ([[["segment"]], None], {}),
        ([[["segment", "smb"]]], {"segment": "smb"}),
        ([["segment", "smb"]], {"segment": "smb"}),
        ([[["segment", "smb"], [None, None], ["country", 5.0]], None, None], {"segment": "smb", "country": "5"}),
        (["segment", "smb", "segment", "smb"], {"segment": "smb"}),
    ],
)
def test_pairs(given_cells: list[Any], expected: dict[str, str]) -> None:
    assert texts.pairs(given_cells) == expected


@pytest.mark.parametrize(
    ("given_cells", "words"),
    [
        ([None, "smb"], "no field"),
        (["segment", "smb", "segment", "mid"], "twice"),
        ([[["segment"], ["smb"]]], "has 1 columns"),
        ([[["a", "b", "c"]]], "has 3 columns"),
    ],
)
def test_pairs_that_cannot_be_read(given_cells: list[Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        texts.pairs(given_cells)


def test_a_missing_value_of_a_data_frame_is_blank_wherever_it_stands() -> None:
    assert [cells.is_blank(cell) for cell in (pd.NA, pd.NaT, np.nan, float("nan"))] == [True] * 4
    assert texts.date_of(pd.NaT) is None
    assert texts.text(pd.NA, "unit") is None


def test_one_name_in_two_unicode_spellings_is_one_name() -> None:
    assert texts.text("Caf\u00e9", "customer") == texts.text("Cafe\u0301 ", "customer")


def test_cells_of_one_column_or_one_row() -> None:
    assert texts.cells_of([["a"], [None]], "x") == texts.cells_of([["a", None]], "x") == ["a", None]
    with pytest.raises(UserError, match="one row or one column"):
        texts.cells_of([["a", "b"], ["c", "d"]], "x")
    with pytest.raises(UserError) as caught:
        texts.cells_of([["a"], ["#REF!"], ["#N/A"]], "x")
    assert caught.value.cell == "#REF!"


def test_an_error_in_a_heading_is_not_left_out_with_it() -> None:
    with pytest.raises(UserError) as caught:
        texts.aligned_texts([["#NAME?"], ["year"]], "intervals", Column([1], header=True))
    assert caught.value.cell == "#NAME?"
