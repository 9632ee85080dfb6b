"""Formulas, formats, ranges and masks by themselves."""

import pytest

from revalign_udf.localsheets import a1, fields
from revalign_udf.localsheets.batch.tabs import new_sheet
from revalign_udf.localsheets.book import Book, Cell
from revalign_udf.localsheets.formats import show, typed
from revalign_udf.localsheets.formulas import recalculate
from revalign_udf.localsheets.problems import ApiError


def result(formula: str, **cells: float | str) -> object:
    book = Book("b", "B")
    sheet = new_sheet(book, {"sheetId": 0, "title": "S"})
    for name, value in cells.items():
        rect = a1.parse(book, name)
        sheet.put(rect.top, rect.left, Cell(value=value))
    sheet.put(99, 0, Cell(formula=formula))
    recalculate(book)
    found = sheet.cell(99, 0)
    return found.error or found.value


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("=1+2*3", 7),
        ("=-(2-5)^2", 9),
        ("=A1/B1", 2.5),
        ("=A1/C1", "#DIV/0!"),
        ("=IFERROR(A1/C1,0)", 0),
        ("=SUM(A1:B2)", 7),
        ("=AVERAGE(A1:B1)", 3.5),
        ("=AVERAGE(D1:D2)", "#DIV/0!"),
        ("=MAX(A1,B1,9)+MIN(A1:B1)", 11),
        ('=IF(A1>B1,"more","less")', "more"),
        ("=ROUND(2.5)+ROUND(-2.5)+ROUND(1.25,1)", 1.3),
        ('=S!A1&"x"', "5x"),
        ("=50%", 0.5),
        ("=UNHEARD(1)", "#NAME?"),
        ("=nobody", "#NAME?"),
        ("=A100", "#REF!"),
        ('="a"+1', "#VALUE!"),
        ("=1+", "#ERROR!"),
        ("=Z9", 0),
        ("=0.1+0.2-0.3", 0),
    ],
)
def test_formulas(formula: str, shown: object) -> None:
    assert result(formula, A1=5.0, B1=2.0) == shown


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (1234.5, "#,##0.00", "1,234.50"),
        (0.9874, "0.0%", "98.7%"),
        (-1234.5, "[$€]#,##0.00", "-€1,234.50"),
        (1234567.0, "#,##0", "1,234,567"),
        (-5.0, "0;(0)", "(5)"),
        (12.0, '0 "months"', "12 months"),
        (46027.0, "yyyy-mm-dd", "2026-01-05"),
        (46027.5, "d mmm yyyy hh:mm", "5 Jan 2026 12:00"),
        (0.125, "0.0#", "0.13"),
        (3.0, "0.##", "3"),
        (-0.001, "0.0", "0.0"),
        (12345.0, "0.00E+00", "1.23E+04"),
    ],
)
def test_number_formats(value: float, pattern: str, shown: str) -> None:
    kind = "DATE" if "yy" in pattern else "NUMBER"
    assert show(value, {"type": kind, "pattern": pattern}) == shown


@pytest.mark.parametrize("text", ["2026-02-30", "1-2-3", "abc", "12a", "-", ".", "$", "%", "1,2,3"])
def test_text_that_is_no_number_stays_text(text: str) -> None:
    assert typed(text) == (text, None)


def test_masks() -> None:
    mask = fields.parse("a(b,c.d),e")
    assert fields.prune({"a": {"b": 1, "c": {"d": 2, "x": 3}, "y": 4}, "e": 5, "f": 6}, mask) == {
        "a": {"b": 1, "c": {"d": 2}},
        "e": 5,
    }
    assert fields.merge({"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"c": 9}}, fields.parse("a,b.c")) == {
        "b": {"c": 9, "d": 2}
    }
    for text in ("a,", "a(b", "(a)", "a b", "a..b", "é"):
        with pytest.raises(ApiError):
            fields.parse(text)
