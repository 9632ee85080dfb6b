"""The spreadsheet's locale decides how typed text and formulas are read and how values are shown."""

from collections.abc import Callable
from typing import Any

import gspread
import pytest
from gspread.utils import ValueInputOption, ValueRenderOption

from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.formats import show, typed
from revalign_udf.localsheets.locales import LOCALES

Connect = Callable[..., gspread.Client]
FEB_1 = 46054.0  # 1 February 2026
MONEY = {"type": "CURRENCY", "pattern": "[$€]#,##0.00"}


@pytest.mark.parametrize(
    ("locale", "text", "value", "shown"),
    [
        ("en_US", "1,234.5", 1234.5, "1,234.50"),
        ("en_US", "2/1/2026", FEB_1, "2/1/2026"),
        ("en_US", "-$1,234.50", -1234.5, "-$1,234.50"),
        ("en_GB", "1/2/2026", FEB_1, "01/02/2026"),
        ("en_GB", "£5", 5.0, "£5"),
        ("de_DE", "1,5", 1.5, "1,5"),
        ("de_DE", "1.234", 1234.0, "1.234"),
        ("de_DE", "1.234,5", 1234.5, "1.234,50"),
        ("de_DE", "01.02.2026", FEB_1, "01.02.2026"),
        ("de_DE", "1.2.26", FEB_1, "01.02.2026"),
        ("de_DE", "12,5 %", 0.125, "12,50%"),
        ("de_DE", "1,50 €", 1.5, "1,50 €"),
        ("de_DE", "wahr", True, "WAHR"),
        ("fr_FR", "1 234,5", 1234.5, "1\u202f234,50"),
        ("fr_FR", "1/2/2026", FEB_1, "01/02/2026"),
        ("fr_FR", "FAUX", False, "FAUX"),
        ("pt_BR", "R$ 1.234,56", 1234.56, "R$ 1.234,56"),
        ("ja_JP", "2026/2/1", FEB_1, "2026/02/01"),
        ("ja_JP", "¥1,000", 1000.0, "¥1,000"),
        ("sv_SE", "1 234,5", 1234.5, "1\u00a0234,50"),
        ("sv_SE", "2026-02-01", FEB_1, "2026-02-01"),
        ("sv_SE", "5 kr", 5.0, "5 kr"),
        ("de_CH", "1'234.5", 1234.5, "1’234.50"),
        ("de_CH", "1.5", 1.5, "1.5"),
        ("de_CH", "1.2.2026", FEB_1, "01.02.2026"),
    ],
)
def test_typed_and_shown(locale: str, text: str, value: Any, shown: str) -> None:
    found, number_format = typed(text, locale)
    assert (found, type(found)) == (value, type(value))
    assert show(found, number_format, locale) == shown


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en_US", "1.234,5"),
        ("en_US", "31/1/2026"),
        ("en_US", "1 234"),
        ("de_DE", "1.23.4"),
        ("de_DE", "1,234.5"),
        ("fr_FR", "1.5"),
        ("sv_SE", "1,5,0"),
        ("ja_JP", "01.02.2026"),
    ],
)
def test_what_another_locale_would_read_stays_text(locale: str, text: str) -> None:
    assert typed(text, locale) == (text, None)


def test_a_decimal_point_in_germany_is_a_day_of_this_year() -> None:
    value, number_format = typed("1.5", "de_DE")
    assert number_format == {"type": "DATE", "pattern": "d.m"}
    assert show(value, {"type": "DATE", "pattern": "d mmmm"}, "de_DE") == "1 Mai"


@pytest.mark.parametrize(
    ("locale", "money", "date", "half"),
    [
        ("en_US", "-€1,234,567.50", "Sun 1 Feb 2026", "0.5"),
        ("en_GB", "-€1,234,567.50", "Sun 1 Feb 2026", "0.5"),
        ("de_DE", "-€1.234.567,50", "So 1 Feb. 2026", "0,5"),
        ("de_CH", "-€1’234’567.50", "So 1 Feb. 2026", "0.5"),
        ("fr_FR", "-€1\u202f234\u202f567,50", "dim. 1 févr. 2026", "0,5"),
        ("pt_BR", "-€1.234.567,50", "dom. 1 fev. 2026", "0,5"),
        ("ja_JP", "-€1,234,567.50", "日 1 2月 2026", "0.5"),
        ("sv_SE", "-€1\u00a0234\u00a0567,50", "sön 1 feb. 2026", "0,5"),
    ],
)
def test_the_same_formats_everywhere(locale: str, money: str, date: str, half: str) -> None:
    assert show(-1234567.5, MONEY, locale) == money
    assert show(FEB_1, {"type": "DATE", "pattern": "ddd d mmm yyyy"}, locale) == date
    assert show(0.5, None, locale) == half


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_shown_is_read_back(locale: str) -> None:
    for value, kind in ((1234.5, "NUMBER"), (FEB_1, "DATE"), (0.25, "PERCENT")):
        assert typed(show(value, {"type": kind}, locale), locale)[0] == value


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (1234567.0, '0.0,,"M"', "1.2M"),
        (1234567.0, "#,##0,", "1,235"),
        (5.0, "000", "005"),
        (0.5, "#.00", ".50"),
        (12345.0, "0.00E+00", "1.23E+04"),
        (0.00012, "0.0E+00", "1.2E-04"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (FEB_1 + 0.75, "h:mm am/pm", "6:00 PM"),
        (FEB_1 + 1 / 1440, "hh:mm", "00:01"),
        (FEB_1, '"Year" yyyy', "Year 2026"),
        (-3.0, '0;"minus ; "0', "minus ; 3"),
        (0.0, '0;-0;"none"', "none"),
    ],
)
def test_patterns(value: float, pattern: str, shown: str) -> None:
    assert show(value, {"type": "NUMBER", "pattern": pattern}, "en_US") == shown


def relocate(book: gspread.Spreadsheet, locale: str) -> None:
    book.batch_update(
        {"requests": [{"updateSpreadsheetProperties": {"properties": {"locale": locale}, "fields": "locale"}}]}
    )


def entered(book: gspread.Spreadsheet, cell: str, text: str) -> Any:
    book.sheet1.update([[text]], cell, value_input_option=ValueInputOption.user_entered)
    return book.sheet1.acell(cell, value_render_option=ValueRenderOption.unformatted).value


@pytest.mark.parametrize(
    ("locale", "formula", "result"),
    [
        ("en_US", "=SUM(1.5,2)", 3.5),
        ("en_US", "=SUM(1.5;2)", 3.5),
        ("de_DE", "=SUM(1,5;2)", 3.5),
        ("de_DE", "=ROUND(1,55;1)", 1.6),
        ("de_DE", "=1,5*2", 3),
        ("de_DE", '=IF(1>2,"a","b")', "#ERROR!"),
        ("de_DE", "=1.5", "#ERROR!"),
        ("de_DE", '="x"&1,5', "x1,5"),
        ("de_CH", "=SUM(1.5,2)", 3.5),
        ("fr_FR", "=SUM(1,5;2)", 3.5),
    ],
)  # fmt: skip
def test_formulas_are_read_in_the_locale(book: gspread.Spreadsheet, locale: str, formula: str, result: Any) -> None:
    relocate(book, locale)
    assert entered(book, "A1", formula) == result


def test_another_locale_rewrites_the_formulas_and_leaves_the_values(book: gspread.Spreadsheet) -> None:
    book.sheet1.update([[1234.5, '=ROUND(A1/1.5,2)&",;"']], "A1", value_input_option=ValueInputOption.user_entered)
    relocate(book, "de_DE")
    assert book.sheet1.acell("B1", value_render_option=ValueRenderOption.formula).value == '=ROUND(A1/1,5;2)&",;"'
    assert book.sheet1.get("A1:B1") == [["1234,5", "823,;"]]
    relocate(book, "en_GB")
    assert book.sheet1.acell("B1", value_render_option=ValueRenderOption.formula).value == '=ROUND(A1/1.5,2)&",;"'
    assert book.sheet1.get("A1:A1", value_render_option=ValueRenderOption.unformatted) == [[1234.5]]


def test_two_spreadsheets_each_speak_their_own(server: LocalSheets, connect: Connect) -> None:
    german, american = (connect().open_by_key(server.create(name)) for name in ("de", "us"))
    relocate(german, "de_DE")
    for _ in range(2):
        assert entered(german, "A1", "1,5") == 1.5
        assert entered(american, "A1", "1,5") == "1,5"
        assert german.sheet1.acell("A1").value == "1,5"
    german.sheet1.update([[True, 1234.5]], "A2")
    data = german.fetch_sheet_metadata({"includeGridData": "true"})["sheets"][0]["data"][0]["rowData"][1]["values"]
    assert [cell["formattedValue"] for cell in data] == ["WAHR", "1234,5"]
