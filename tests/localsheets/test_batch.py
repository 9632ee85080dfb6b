from typing import Any

import gspread
import pytest
from gspread.exceptions import APIError

from revalign_udf.localsheets import LocalSheets


def run(book: gspread.Spreadsheet, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = book.batch_update({"requests": list(requests)})["replies"]
    return answer


def span(start: int, end: int, dimension: str = "ROWS") -> dict[str, Any]:
    return {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}


def area(top: int, bottom: int, left: int, right: int) -> dict[str, Any]:
    return {
        "sheetId": 0,
        "startRowIndex": top,
        "endRowIndex": bottom,
        "startColumnIndex": left,
        "endColumnIndex": right,
    }


CHART = {
    "basicChart": {
        "chartType": "LINE",
        "headerCount": 1,
        "domains": [{"domain": {"sourceRange": {"sources": [area(1, 4, 0, 1)]}}}],
        "series": [{"series": {"sourceRange": {"sources": [area(1, 4, 1, 2)]}}, "targetAxis": "LEFT_AXIS"}],
    }
}


def test_all_or_nothing(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    with pytest.raises(APIError, match=r"Invalid requests\[1\]\.deleteSheet: No sheet with id: 99"):
        run(book, {"addSheet": {"properties": {"title": "Kept?"}}}, {"deleteSheet": {"sheetId": 99}})
    assert [sheet.title for sheet in server.book(book.id).sheets] == ["Sheet1"]


def test_unknown_and_unsupported_kinds_are_refused(book: gspread.Spreadsheet) -> None:
    with pytest.raises(APIError, match=r"Unknown name \"addShet\" at 'requests\[0\]': Cannot find field"):
        run(book, {"addShet": {}})
    with pytest.raises(APIError, match=r"requests\[0\]\.refreshDataSource: the local server does not speak"):
        run(book, {"refreshDataSource": {"isAll": True}})
    with pytest.raises(APIError, match="Must specify at least one request"):
        run(book)
    with pytest.raises(APIError, match="oneof"):
        run(book, {"deleteSheet": {"sheetId": 1}, "addSheet": {}})


def test_the_schema_refuses_a_typo(book: gspread.Spreadsheet) -> None:
    with pytest.raises(APIError, match=r"Unknown name \"tilte\" at 'requests\[0\]\.add_sheet\.properties'"):
        run(book, {"addSheet": {"properties": {"tilte": "x"}}})
    with pytest.raises(APIError, match="Invalid value"):
        run(book, {"deleteSheet": {"sheetId": "zero"}})
    with pytest.raises(APIError, match="Invalid field: titel"):
        run(book, {"updateSheetProperties": {"properties": {"title": "x"}, "fields": "titel"}})
    with pytest.raises(APIError, match="Cannot bind query parameter"):
        book.fetch_sheet_metadata({"includeGridDate": "true"})


def test_a_repeated_create_with_a_chosen_id_fails(book: gspread.Spreadsheet) -> None:
    for request in (
        {"addSheet": {"properties": {"sheetId": 7, "title": "Seven"}}},
        {"addNamedRange": {"namedRange": {"namedRangeId": "n1", "name": "one", "range": area(0, 2, 0, 2)}}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 5, "namedRangeId": "n1", "warningOnly": True}}},
        {"addChart": {"chart": {"chartId": 9, "spec": CHART, "position": {"overlayPosition": {}}}}},
        {
            "createDeveloperMetadata": {
                "developerMetadata": {
                    "metadataId": 3,
                    "metadataKey": "k",
                    "visibility": "DOCUMENT",
                    "location": {"sheetId": 0},
                }
            }
        },
    ):
        run(book, request)
        with pytest.raises(APIError, match="already exists"):
            run(book, request)


def test_what_stands_on_rows_moves_with_them(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    book.sheet1.update([["x", "y"], [1, "=A2*2"], [2, "=A3*2"], ["", "=SUM(A2:A3)"]], "A1", raw=False)
    run(
        book,
        {"addNamedRange": {"namedRange": {"namedRangeId": "n", "name": "data", "range": area(1, 3, 0, 2)}}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 5, "namedRangeId": "n", "warningOnly": True}}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 6, "range": area(1, 3, 0, 2)}}},
        {
            "addChart": {
                "chart": {"chartId": 9, "spec": CHART, "position": {"overlayPosition": {"anchorCell": {"rowIndex": 2}}}}
            }
        },
        {
            "createDeveloperMetadata": {
                "developerMetadata": {
                    "metadataId": 3,
                    "metadataKey": "row",
                    "visibility": "DOCUMENT",
                    "location": {"dimensionRange": span(2, 3)},
                }
            }
        },
    )
    run(book, {"insertDimension": {"range": span(0, 2), "inheritFromBefore": False}})
    state = server.book(book.id)
    assert state.named[0]["range"] == area(3, 5, 0, 2)
    assert state.protected[1]["range"] == area(3, 5, 0, 2)
    assert state.metadata[0]["location"]["dimensionRange"]["startIndex"] == 4
    chart = state.sheets[0].charts[0]
    assert chart["position"]["overlayPosition"]["anchorCell"]["rowIndex"] == 4
    assert chart["spec"]["basicChart"]["domains"][0]["domain"]["sourceRange"]["sources"] == [area(3, 6, 0, 1)]
    assert book.sheet1.get("B4:B6", value_render_option="FORMULA") == [["=A4*2"], ["=A5*2"], ["=SUM(A4:A5)"]]

    run(book, {"insertDimension": {"range": span(4, 5), "inheritFromBefore": True}})
    assert server.book(book.id).named[0]["range"] == area(3, 6, 0, 2)
    assert book.sheet1.acell("B7", value_render_option="FORMULA").value == "=SUM(A4:A6)"

    run(book, {"deleteDimension": {"range": span(0, 4)}})
    assert server.book(book.id).named[0]["range"] == area(0, 2, 0, 2)
    run(book, {"deleteDimension": {"range": span(0, 2)}})
    state = server.book(book.id)
    assert (state.named, state.metadata, state.protected) == ([], [], [])
    assert book.sheet1.acell("B1").value == "#REF!"


def test_moved_rows_take_their_things_along(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    book.sheet1.update([[1], [2], [3], ["=A1+A3"]], "A1", raw=False)
    run(book, {"moveDimension": {"source": span(0, 1), "destinationIndex": 3}})
    assert book.sheet1.get(value_render_option="FORMULA") == [[2], [3], [1], ["=A3+A2"]]
    with pytest.raises(APIError, match="within the source range"):
        run(book, {"moveDimension": {"source": span(0, 3), "destinationIndex": 1}})


def test_inserted_rows_inherit_the_look_not_the_values(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    percent = {"numberFormat": {"type": "PERCENT", "pattern": "0.0%"}}
    cell = {"userEnteredValue": {"numberValue": 0.5}, "userEnteredFormat": percent, "note": "n"}
    run(
        book,
        {"updateCells": {"start": {"sheetId": 0}, "rows": [{"values": [cell]}], "fields": "*"}},
        {"insertDimension": {"range": span(1, 3), "inheritFromBefore": True}},
    )
    sheet = server.book(book.id).sheets[0]
    assert sheet.cell(2, 0).format == percent
    assert (sheet.cell(2, 0).value, sheet.cell(2, 0).note) == (None, "")
    assert book.sheet1.acell("A1").value == "50.0%"


def test_cells_are_written_through_a_mask(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    bold = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    value = {"userEnteredValue": {"stringValue": "=1+1"}}
    run(
        book,
        {"updateCells": {"start": start, "rows": [{"values": [{**bold, "note": "kept"}]}], "fields": "*"}},
        {
            "updateCells": {
                "start": start,
                "rows": [{"values": [{**value, "note": "not written"}]}],
                "fields": "userEnteredValue",
            }
        },
    )
    cell = server.book(book.id).sheets[0].cell(0, 0)
    assert (cell.value, cell.formula, cell.note) == ("=1+1", "", "kept")
    assert cell.format == {"textFormat": {"bold": True}}
    run(book, {"repeatCell": {"range": area(0, 1, 0, 1), "cell": {}, "fields": "userEnteredValue,userEnteredFormat"}})
    assert server.book(book.id).sheets[0].cell(0, 0).note == "kept"
    assert book.sheet1.acell("A1").value is None
    with pytest.raises(APIError, match="At least one field"):
        run(book, {"updateCells": {"start": start, "rows": [], "fields": ""}})
    with pytest.raises(APIError, match="read-only"):
        run(book, {"updateCells": {"start": start, "rows": [], "fields": "effectiveValue"}})


def test_cells_off_the_grid_are_refused(book: gspread.Spreadsheet) -> None:
    start = {"sheetId": 0, "rowIndex": 1000, "columnIndex": 0}
    row = {"values": [{"userEnteredValue": {"numberValue": 1}}]}
    with pytest.raises(APIError, match="exceeds grid limits"):
        run(book, {"updateCells": {"start": start, "rows": [row], "fields": "userEnteredValue"}})
    run(book, {"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 1}})
    run(book, {"updateCells": {"start": start, "rows": [row], "fields": "userEnteredValue"}})


def test_metadata_is_found_and_changed(book: gspread.Spreadsheet) -> None:
    made = {
        "metadataId": 3,
        "metadataKey": "block",
        "metadataValue": "a",
        "visibility": "DOCUMENT",
        "location": {"sheetId": 0},
    }
    lookup = {"developerMetadataLookup": {"metadataKey": "block"}}
    run(book, {"createDeveloperMetadata": {"developerMetadata": made}})
    change = {"dataFilters": [lookup], "developerMetadata": {"metadataValue": "b"}, "fields": "metadataValue"}
    run(book, {"updateDeveloperMetadata": change})
    url = f"https://sheets.googleapis.com/v4/spreadsheets/{book.id}/developerMetadata:search"
    found = book.client.request("post", url, json={"dataFilters": [lookup]}).json()
    assert found["matchedDeveloperMetadata"][0]["developerMetadata"]["metadataValue"] == "b"
    run(book, {"deleteDeveloperMetadata": {"dataFilter": lookup}})
    assert book.client.request("post", url, json={"dataFilters": [lookup]}).json() == {}


def test_other_objects(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    colour = {"rgbColor": {"red": 1}}
    band = {"bandedRangeId": 4, "range": area(0, 3, 0, 2), "rowProperties": {"headerColorStyle": colour}}
    run(
        book,
        {"addBanding": {"bandedRange": band}},
        {"addChart": {"chart": {"chartId": 9, "spec": CHART, "position": {"overlayPosition": {}}}}},
        {"updateChartSpec": {"chartId": 9, "spec": {**CHART, "title": "New"}}},
        {
            "updateDimensionProperties": {
                "range": span(0, 2, "COLUMNS"),
                "properties": {"pixelSize": 50},
                "fields": "pixelSize",
            }
        },
        {"autoResizeDimensions": {"dimensions": span(0, 1, "COLUMNS")}},
        {"mergeCells": {"range": area(5, 6, 0, 2)}},
    )
    with pytest.raises(APIError, match="alternating background colors"):
        run(book, {"addBanding": {"bandedRange": {**band, "bandedRangeId": 5}}})
    whole = book.fetch_sheet_metadata({"includeGridData": "true"})["sheets"][0]
    assert whole["charts"][0]["spec"]["title"] == "New"
    assert whole["data"][0]["columnMetadata"][1]["pixelSize"] == 50
    assert whole["bandedRanges"][0]["bandedRangeId"] == 4
    run(book, {"deleteBanding": {"bandedRangeId": 4}}, {"deleteEmbeddedObject": {"objectId": 9}})
    assert "charts" not in book.fetch_sheet_metadata()["sheets"][0]


def test_tabs(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    one, two = book.add_worksheet("One", 5, 5), book.add_worksheet("Two", 5, 5)
    two.update([["=One!A1+1"]], "A1", raw=False)
    one.update_title("First one")
    assert two.acell("A1", value_render_option="FORMULA").value == "='First one'!A1+1"
    book.reorder_worksheets([two, one, book.sheet1])
    assert [sheet.title for sheet in book.worksheets()] == ["Two", "First one", "Sheet1"]
    with pytest.raises(APIError, match="already exists"):
        book.add_worksheet("two", 5, 5)
    book.del_worksheet(one)
    book.del_worksheet(two)
    with pytest.raises(APIError, match="can't remove all the sheets"):
        book.del_worksheet(book.sheet1)


def test_named_range_rules(book: gspread.Spreadsheet) -> None:
    for name in ("A1", "two words", "1st", ""):
        with pytest.raises(APIError, match="not a valid name"):
            run(book, {"addNamedRange": {"namedRange": {"name": name, "range": area(0, 1, 0, 1)}}})
