"""Looks that follow values and rows: conditional formats, lines of charts, addresses, sentences."""

import re
from pathlib import Path
from typing import Any

import gspread
import pytest
import requests
from beside import load
from gspread.utils import ValueInputOption

from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.view.strokes import point, stroke

gallery = load(Path(__file__).with_name("gallery.py"))
Json = dict[str, Any]


def page_of(server: LocalSheets, book: gspread.Spreadsheet) -> str:
    return requests.get(server.view_url(book.id), timeout=10).text


def rule(kind: str, text: str, *corners: int) -> Json:
    condition = {"type": kind, "values": [{"userEnteredValue": text}]}
    look = {"condition": condition, "format": {"textFormat": {"strikethrough": True}}}
    return {"addConditionalFormatRule": {"rule": {"ranges": [gallery.area(*corners)], "booleanRule": look}}}


def struck(page: str) -> set[str]:
    """The texts of cells that are struck through."""
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    names = set(re.findall(r"\.(s\d+)\{[^}]*line-through", style[1]))
    cells = re.findall(r'<td class="([^"]*)"[^>]*>([^<]*)', page)
    return {text for classes, text in cells if names & set(classes.split())}


def read(book: gspread.Spreadsheet) -> list[Json]:
    sheets = book.fetch_sheet_metadata({"fields": "sheets(conditionalFormats)"})["sheets"]
    return list(sheets[0].get("conditionalFormats", []))


def test_the_formula_of_a_rule_goes_along_with_its_cells(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    book.sheet1.update([["a"], ["late"], ["on time"], ["late"]], "B1")
    book.batch_update({"requests": [rule("CUSTOM_FORMULA", '=(B2<>"late")*(B2<>"")', 1, 4, 1, 2)]})
    assert struck(page_of(server, book)) == {"on time"}
    for change in (
        {"insertDimension": {"range": gallery.lines("ROWS", 0, 2), "inheritFromBefore": False}},
        {"insertDimension": {"range": gallery.lines("COLUMNS", 0, 1), "inheritFromBefore": False}},
        {"insertDimension": {"range": gallery.lines("ROWS", 4, 5), "inheritFromBefore": True}},
    ):
        book.batch_update({"requests": [change]})
        assert struck(page_of(server, book)) == {"on time"}
    [made] = read(book)
    assert made["booleanRule"]["condition"]["values"] == [{"userEnteredValue": '=(C4<>"late")*(C4<>"")'}]
    book.batch_update({"requests": [{"deleteDimension": {"range": gallery.lines("ROWS", 3, 4)}}]})  # its first row
    [made] = read(book)
    assert made["booleanRule"]["condition"]["values"] == [{"userEnteredValue": '=(C4<>"late")*(C4<>"")'}]
    assert struck(page_of(server, book)) == {"on time"}


def test_a_limit_is_read_in_the_country_of_the_sheet(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    properties = {"properties": {"locale": "de_DE"}, "fields": "locale"}
    book.batch_update({"requests": [{"updateSpreadsheetProperties": properties}]})
    book.sheet1.update([[0.25], [0.75]], "A1")
    book.batch_update({"requests": [rule("NUMBER_LESS", "0,5", 0, 2, 0, 1)]})
    assert struck(page_of(server, book)) == {"0,25"}
    shown = book.fetch_sheet_metadata(
        {"includeGridData": True, "fields": "sheets(data(rowData(values(effectiveFormat))))"}
    )
    lines = [row["values"][0]["effectiveFormat"]["textFormat"] for row in shown["sheets"][0]["data"][0]["rowData"]]
    assert [line["strikethrough"] for line in lines] == [True, False]


def test_lines_are_drawn_with_their_dashes_and_points(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    rows: list[list[Any]] = [["Month", "A", "B"], ["1", 1, 2], ["2", 2, 3], ["3", 3, 1]]
    book.sheet1.update(rows, "A1", value_input_option=ValueInputOption.raw)

    def series(column: int, dash: str, shape: str) -> Json:
        source = {"sourceRange": {"sources": [gallery.area(0, 4, column, column + 1)]}}
        return {"series": source, "targetAxis": "LEFT_AXIS", "colorStyle": gallery.rgb("#0a46be"),
                "lineStyle": {"type": dash, "width": 2}, "pointStyle": {"shape": shape, "size": 6}}  # fmt: skip

    spec = {
        "altText": "Line chart: A, B by Month.",
        "basicChart": {
            "chartType": "LINE", "headerCount": 1, "legendPosition": "BOTTOM_LEGEND",
            "domains": [{"domain": {"sourceRange": {"sources": [gallery.area(0, 4, 0, 1)]}}}],
            "series": [series(1, "SOLID", "CIRCLE"), series(2, "MEDIUM_DASHED", "SQUARE")],
        },
    }  # fmt: skip
    book.batch_update({"requests": [gallery.chart(1, "Lines", spec, 6, 0)]})
    found = re.search(r"<svg.*?</svg>", page_of(server, book), re.DOTALL)
    assert found is not None
    assert len(re.findall(r'stroke-width="2" stroke-dasharray="8 6"', found[0])) == 2  # the line, and in the legend
    assert len(re.findall(r'stroke-width="2" d=', found[0])) == 2
    assert (found[0].count("<circle"), found[0].count("<polygon")) == (4, 4)
    assert "<desc" in found[0]
    assert "Line chart: A, B by Month. Line chart with 3 points" in found[0]


@pytest.mark.parametrize("shape", ["CIRCLE", "DIAMOND", "HEXAGON", "PENTAGON", "SQUARE", "STAR", "TRIANGLE", "X_MARK"])
def test_every_shape_lies_around_its_point(shape: str) -> None:
    made = point("c1", {"shape": shape, "size": 10}, 50, 50)
    assert 'class="fc1"' in made
    corners = [float(text) for pair in re.findall(r"points=\"([^\"]*)\"", made) for text in re.split(r"[ ,]", pair)]
    assert (shape == "CIRCLE") is not bool(corners)
    assert all(43.9 <= at <= 56.1 for at in corners)


def test_a_line_says_what_it_is_drawn_with() -> None:
    assert stroke("#123456", {}) == 'stroke="#123456" fill="none" stroke-width="2.2"'
    assert stroke("c0", {"type": "DOTTED", "width": 3}) == 'class="sc0" stroke-width="3" stroke-dasharray="3 6"'


def test_an_address_can_be_followed_and_nothing_else(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    rows = [["https://crm.example/1?a=1&b=2"], ["see https://crm.example"], ["javascript:alert(1)"]]
    book.sheet1.update(rows, "A1", value_input_option=ValueInputOption.raw)
    page = page_of(server, book)
    assert re.findall(r"<a href=\"([^\"]*)\" rel=\"noreferrer\">([^<]*)</a>", page) == [
        ("https://crm.example/1?a=1&amp;b=2", "https://crm.example/1?a=1&amp;b=2")
    ]


def test_a_sentence_runs_over_blank_cells_of_another_colour(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    words = "A sentence that is much longer than the column it stands in, and runs on"
    book.sheet1.update([[words, None, None, "taken"], [words]], "A1", value_input_option=ValueInputOption.raw)
    look = {"userEnteredFormat": {"backgroundColorStyle": gallery.rgb("#eef1f5")}}
    fields = "userEnteredFormat.backgroundColorStyle"
    book.batch_update(
        {"requests": [{"repeatCell": {"range": gallery.area(0, 2, 0, 1), "cell": look, "fields": fields}}]}
    )
    page = page_of(server, book)
    runs = re.findall(rf'<span class="run (s\d+)">{words}</span>', page)
    assert [re.search(rf"\.{name}{{width:(\d+)px}}", page)[1] for name in runs] == ["294", "494"]  # type: ignore[index]
