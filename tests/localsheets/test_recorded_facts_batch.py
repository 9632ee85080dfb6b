"""What the kinds of request do and answer, as seen in recordings of real traffic and in the published reference."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sheetsapi import Api, open_api

from revalign_udf.localsheets import LocalSheets

Opened = tuple[LocalSheets, requests.Session]


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    with open_api() as both:
        yield both


@pytest.fixture
def api(opened: Opened) -> Api:
    return Api(*opened)


def area(top: int, bottom: int, left: int, right: int) -> dict[str, int]:
    edges = {"startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}
    return {"sheetId": 0, **edges}


def span(dimension: str, start: int, end: int) -> dict[str, Any]:
    return {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}


# --- what is left out because it is zero -----------------------------------------------------------------------------


def test_ranges_do_not_name_tab_zero_but_do_name_row_zero(api: Api) -> None:
    made = api.batch({"addNamedRange": {"namedRange": {"name": "corner", "range": area(0, 2, 0, 2)}}})[0]
    assert made["addNamedRange"]["namedRange"]["range"] == {
        "startRowIndex": 0,
        "endRowIndex": 2,
        "startColumnIndex": 0,
        "endColumnIndex": 2,
    }
    assert "sheetId" not in api.sheets("GET", fields="namedRanges")["namedRanges"][0]["range"]


def test_flags_that_are_off_are_absent(api: Api) -> None:
    grid = {"hideGridlines": True}
    properties = {"sheetId": 0, "gridProperties": grid, "rightToLeft": True}
    mask = "gridProperties.hideGridlines,rightToLeft"
    api.batch({"updateSheetProperties": {"properties": properties, "fields": mask}})
    shown = api.sheet("properties")["properties"]
    assert shown["rightToLeft"] is True
    assert shown["gridProperties"]["hideGridlines"] is True
    off = {"sheetId": 0, "gridProperties": {"hideGridlines": False}, "rightToLeft": False}
    api.batch({"updateSheetProperties": {"properties": off, "fields": mask}})
    shown = api.sheet("properties")["properties"]
    assert "rightToLeft" not in shown
    assert "hideGridlines" not in shown["gridProperties"]


# --- tabs ------------------------------------------------------------------------------------------------------------


def test_not_all_tabs_can_be_hidden_or_removed(api: Api) -> None:
    hide = {"updateSheetProperties": {"properties": {"sheetId": 0, "hidden": True}, "fields": "hidden"}}
    message = "Invalid requests[0].updateSheetProperties: You can't hide all the sheets in a document."
    assert api.no(hide) == message
    assert "You can't remove all the sheets in a document." in api.no({"deleteSheet": {"sheetId": 0}})
    assert api.no({"deleteSheet": {"sheetId": 9}}) == "Invalid requests[0].deleteSheet: No sheet with id: 9"
    taken = 'A sheet with the name "Sheet1" already exists. Please enter another name.'
    assert taken in api.no({"addSheet": {"properties": {"title": "sheet1"}}}).replace("sheet1", "Sheet1")


def test_a_duplicate_takes_everything_along_under_new_ids(api: Api) -> None:
    mark = {"metadataId": 7, "metadataKey": "k", "location": {"sheetId": 0}, "visibility": "DOCUMENT"}
    api.batch(
        {"addNamedRange": {"namedRange": {"namedRangeId": "n", "name": "total", "range": area(0, 1, 0, 1)}}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 5, "range": area(0, 1, 0, 2)}}},
        {"createDeveloperMetadata": {"developerMetadata": mark}},
        {"mergeCells": {"range": area(1, 2, 0, 2), "mergeType": "MERGE_ALL"}},
    )
    api.write("A1", [[5]])
    made = api.batch({"duplicateSheet": {"sourceSheetId": 0, "insertSheetIndex": 1, "newSheetId": 8}})[0]
    properties = made["duplicateSheet"]["properties"]
    assert (properties["sheetId"], properties["title"], properties["index"]) == (8, "Copy of Sheet1", 1)
    assert api.read("'Copy of Sheet1'!A1") == [[5]]
    book = api.sheets("GET")
    assert [item["name"] for item in book["namedRanges"]] == ["total", "'Copy of Sheet1'!total"]
    assert api.read("'Copy of Sheet1'!total") == [[5]]
    copied = book["sheets"][1]
    assert copied["protectedRanges"][0]["protectedRangeId"] != 5
    assert copied["developerMetadata"][0]["metadataId"] != 7
    assert copied["merges"][0]["sheetId"] == 8


def test_a_tab_copied_into_another_spreadsheet(api: Api, opened: Opened) -> None:
    api.write("A1", [["x"]])
    other = Api(*opened)
    made = api.sheets("POST", "/sheets/0:copyTo", {"destinationSpreadsheetId": other.key})
    assert (made["title"], made["index"]) == ("Copy of Sheet1", 1)
    assert other.read("'Copy of Sheet1'!A1") == [["x"]]


# --- groups, sizes, filters, merges ----------------------------------------------------------------------------------


def test_groups_nest_where_they_overlap(api: Api) -> None:
    outer = api.batch({"addDimensionGroup": {"range": span("COLUMNS", 0, 4)}})[0]
    assert outer["addDimensionGroup"]["dimensionGroups"] == [
        {"range": {"dimension": "COLUMNS", "startIndex": 0, "endIndex": 4}, "depth": 1}
    ]
    inner = api.batch({"addDimensionGroup": {"range": span("COLUMNS", 2, 6)}})[0]
    groups = [
        (item["range"]["startIndex"], item["range"]["endIndex"], item["depth"])
        for item in inner["addDimensionGroup"]["dimensionGroups"]
    ]
    assert groups == [(0, 6, 1), (2, 4, 2)]
    assert api.sheet("properties.gridProperties")["properties"]["gridProperties"]["columnGroupControlAfter"] is True
    assert api.batch({"deleteDimensionGroup": {"range": span("COLUMNS", 2, 4)}})[0] == {
        "deleteDimensionGroup": {
            "dimensionGroups": [{"range": {"dimension": "COLUMNS", "startIndex": 0, "endIndex": 6}, "depth": 1}]
        }
    }
    assert api.batch({"deleteDimensionGroup": {"range": span("COLUMNS", 0, 6)}}) == [{"deleteDimensionGroup": {}}]
    # The flag stays when the last group is gone.
    assert api.sheet("properties.gridProperties")["properties"]["gridProperties"]["columnGroupControlAfter"] is True


def test_groups_move_with_inserted_rows(api: Api) -> None:
    api.batch({"addDimensionGroup": {"range": span("ROWS", 2, 4)}})
    api.batch({"insertDimension": {"range": span("ROWS", 0, 3)}})
    assert api.sheet("rowGroups")["rowGroups"][0]["range"] == {"dimension": "ROWS", "startIndex": 5, "endIndex": 7}


def test_the_measured_width_of_a_fitted_column(api: Api) -> None:
    api.write("A1", [["A" * 1024]])
    api.batch({"autoResizeDimensions": {"dimensions": span("COLUMNS", 0, 1)}})
    columns = api.sheet("data.columnMetadata")["data"][0]["columnMetadata"]
    assert [item["pixelSize"] for item in columns[:2]] == [9483, 100]


def test_a_filter_is_closed_at_the_grid(api: Api) -> None:
    properties = {"sheetId": 0, "gridProperties": {"rowCount": 20, "columnCount": 20}}
    api.batch(
        {
            "updateSheetProperties": {
                "properties": properties,
                "fields": "gridProperties/rowCount,gridProperties/columnCount",
            }
        },
        {"setBasicFilter": {"filter": {"range": {"sheetId": 0}}}},
    )
    assert api.sheet("basicFilter")["basicFilter"] == {
        "range": {"startRowIndex": 0, "endRowIndex": 20, "startColumnIndex": 0, "endColumnIndex": 20}
    }
    api.batch({"clearBasicFilter": {"sheetId": 0}})
    assert api.sheet("basicFilter") == {}


def test_filter_views(api: Api) -> None:
    view = api.batch({"addFilterView": {"filter": {"title": "Mine", "range": area(0, 3, 0, 3)}}})[0]
    number = view["addFilterView"]["filter"]["filterViewId"]
    copied = api.batch({"duplicateFilterView": {"filterId": number}})[0]["duplicateFilterView"]["filter"]
    assert copied["title"] == "Copy of Mine"
    update = {"filter": {"filterViewId": number, "title": "Yours"}, "fields": "title"}
    api.batch({"updateFilterView": update}, {"deleteFilterView": {"filterId": copied["filterViewId"]}})
    assert [item["title"] for item in api.sheet("filterViews")["filterViews"]] == ["Yours"]
    assert "No filter view with id" in api.no({"deleteFilterView": {"filterId": copied["filterViewId"]}})


def test_merging_over_merged_cells_replaces_them_when_all_are_meant(api: Api) -> None:
    def merge(kind: str, *edges: int) -> dict[str, Any]:
        return {"mergeCells": {"mergeType": kind, "range": area(*edges)}}

    api.batch(merge("MERGE_ROWS", 0, 2, 0, 2))
    assert len(api.sheet("merges")["merges"]) == 2
    api.batch(merge("MERGE_ALL", 0, 2, 0, 2))
    assert len(api.sheet("merges")["merges"]) == 1
    assert "You must select all cells in a merged range" in api.no(merge("MERGE_ALL", 1, 3, 0, 2))
    assert "You must select all cells" in api.no({"unmergeCells": {"range": area(1, 2, 0, 2)}})
    api.batch(merge("MERGE_COLUMNS", 4, 5, 0, 3))  # one row high: there is nothing to merge
    assert len(api.sheet("merges")["merges"]) == 1
    api.batch({"unmergeCells": {"range": area(0, 9, 0, 9)}})
    assert api.sheet("merges") == {}


# --- copy, cut, paste, fill ------------------------------------------------------------------------------------------


def paste(kind: str, source: dict[str, int], destination: dict[str, int], **more: Any) -> dict[str, Any]:
    return {"copyPaste": {"source": source, "destination": destination, "pasteType": kind, **more}}


def test_a_copy_moves_relative_references_and_fills_a_multiple(api: Api) -> None:
    api.write("A1", [[1, 10], [2, 20], [3, 30], ["=A1+$B$1"]])
    api.batch(paste("PASTE_NORMAL", area(3, 4, 0, 1), area(4, 6, 0, 2)))
    assert api.read("A5:B6", "FORMULA") == [["=A2+$B$1", "=B2+$B$1"], ["=A3+$B$1", "=B3+$B$1"]]
    api.batch(paste("PASTE_VALUES", area(3, 4, 0, 1), area(7, 8, 0, 1)))
    assert api.read("A8", "FORMULA") == [[11]]
    api.batch(paste("PASTE_NORMAL", area(0, 3, 0, 2), area(9, 10, 0, 1), pasteOrientation="TRANSPOSE"))
    assert api.read("A10:C11") == [[1, 2, 3], [10, 20, 30]]


def test_what_is_cut_keeps_its_references_and_takes_those_to_it_along(api: Api) -> None:
    api.write("A1", [[1], ["=A1"], ["=A2"]])
    corner = {"sheetId": 0, "rowIndex": 0, "columnIndex": 2}
    api.batch({"cutPaste": {"source": area(1, 2, 0, 1), "destination": corner, "pasteType": "PASTE_NORMAL"}})
    assert api.read("A1:C3", "FORMULA") == [[1, "", "=A1"], [], ["=C1"]]
    assert api.read("A3") == [[1]]


def test_a_repeated_formula_counts_on(api: Api) -> None:
    cell = {"userEnteredValue": {"formulaValue": "=$A1*B$1"}}
    api.batch({"repeatCell": {"range": area(1, 3, 2, 4), "cell": cell, "fields": "userEnteredValue"}})
    assert api.read("C2:D3", "FORMULA") == [["=$A1*B$1", "=$A1*C$1"], ["=$A2*B$1", "=$A2*C$1"]]


def test_delimited_text_is_pasted_as_typed(api: Api) -> None:
    corner = {"sheetId": 0, "rowIndex": 1, "columnIndex": 0}
    api.batch({"pasteData": {"coordinate": corner, "data": 'a,"b,c"\n12%,=1+1\n', "delimiter": ","}})
    assert api.read("A2:B3") == [["a", "b,c"], [0.12, 2]]


def test_a_series_is_filled_on(api: Api) -> None:
    api.write("A1", [[2, "=A1*2"], [4, "=A2*2"]])
    wanted = {"source": area(0, 2, 0, 2), "dimension": "ROWS", "fillLength": 2}
    api.batch({"autoFill": {"sourceAndDestination": wanted}})
    assert api.read("A3:B4", "FORMULA") == [[6, "=A3*2"], [8, "=A4*2"]]


# --- order and text --------------------------------------------------------------------------------------------------


def test_sorted_numbers_come_before_text_and_blanks_last_both_ways(api: Api) -> None:
    api.write("A1", [["b", 1], [2, 2], ["", 3], ["a", 4], [10, 5], [True, 6]])

    def sort(order: str) -> list[Any]:
        spec = {"dimensionIndex": 0, "sortOrder": order}
        api.batch({"sortRange": {"range": area(0, 6, 0, 2), "sortSpecs": [spec]}})
        return [row[1] for row in api.read("A1:B6")]

    assert sort("ASCENDING") == [2, 5, 4, 1, 6, 3]
    assert sort("DESCENDING") == [6, 1, 4, 5, 2, 3]


def test_a_sorted_formula_stays_with_its_row(api: Api) -> None:
    api.write("A1", [[3, "=A1"], [1, "=A2"], [2, "=A3"]])
    api.batch({"sortRange": {"range": area(0, 3, 0, 2), "sortSpecs": [{"dimensionIndex": 0}]}})
    assert api.read("A1:B3") == [[1, 1], [2, 2], [3, 3]]


def test_find_and_replace_counts_what_it_did(api: Api) -> None:
    api.write("A1", [["cat", "Cat cat", "=1+1"], ["dog", "cats", ""]])
    found = {"find": "cat", "replacement": "cow", "allSheets": True}
    assert api.batch({"findReplace": found}) == [
        {"findReplace": {"valuesChanged": 3, "rowsChanged": 2, "sheetsChanged": 1, "occurrencesChanged": 4}}
    ]
    assert api.batch({"findReplace": found}) == [{"findReplace": {}}]
    whole = {"find": "cow", "replacement": "5", "matchEntireCell": True, "sheetId": 0}
    api.batch({"findReplace": whole})
    assert api.read("A1:B2") == [[5, "cow cow"], ["dog", "cows"]]


def test_tidying_up(api: Api) -> None:
    api.write("A1", [["  a  b "], ["a b"], ["A B"], ["x"]], "RAW")
    assert api.batch({"trimWhitespace": {"range": area(0, 4, 0, 1)}}) == [{"trimWhitespace": {"cellsChangedCount": 1}}]
    removed = api.batch({"deleteDuplicates": {"range": area(0, 4, 0, 1)}})
    assert removed == [{"deleteDuplicates": {"duplicatesRemovedCount": 2}}]
    assert api.read("A1:A4") == [["a b"], ["x"]]
    api.write("C1", [["1;2;x"]])
    api.batch({"textToColumns": {"source": area(0, 1, 2, 3), "delimiterType": "SEMICOLON"}})
    assert api.read("C1:E1") == [[1, 2, "x"]]
    api.write("F1", [[number] for number in range(9)])
    api.batch({"randomizeRange": {"range": area(0, 9, 5, 6)}})
    assert sorted(row[0] for row in api.read("F1:F9")) == list(range(9))


def test_cells_inserted_and_deleted_push_the_rest(api: Api) -> None:
    api.write("A1", [[1, "a"], [2, "b"], ["=A2", "c"]])
    api.batch({"insertRange": {"range": area(0, 1, 0, 1), "shiftDimension": "ROWS"}})
    assert api.read("A1:B4", "FORMULA") == [["", "a"], [1, "b"], [2, "c"], ["=A3"]]
    api.batch({"deleteRange": {"range": area(0, 2, 0, 1), "shiftDimension": "ROWS"}})
    assert api.read("A1:B3", "FORMULA") == [[2, "a"], ["=A1", "b"], ["", "c"]]


def test_borders_around_and_between(api: Api) -> None:
    line = {"style": "SOLID"}
    api.batch({"updateBorders": {"range": area(0, 2, 0, 2), "top": line, "innerVertical": {"style": "DASHED"}}})
    shown = api.cells("A1:B2", "userEnteredFormat.borders")
    borders = [[cell["userEnteredFormat"]["borders"] for cell in row] for row in shown]
    assert [sorted(item) for item in borders[0]] == [["right", "top"], ["left", "top"]]
    assert [item["left" if at else "right"]["style"] for at, item in enumerate(borders[1])] == ["DASHED", "DASHED"]
    api.batch({"updateBorders": {"range": area(0, 2, 0, 2), "top": {"style": "NONE"}, "innerVertical": {}}})
    assert api.cells("A1:B2", "userEnteredFormat.borders") == []


def test_conditional_rules_are_replaced_and_moved(api: Api) -> None:
    def rule(text: str) -> dict[str, Any]:
        condition = {"type": "TEXT_EQ", "values": [{"userEnteredValue": text}]}
        look = {"textFormat": {"foregroundColor": {"red": 1}}}
        return {"ranges": [area(0, 2, 0, 2)], "booleanRule": {"condition": condition, "format": look}}

    api.batch(
        {"addConditionalFormatRule": {"rule": rule("a"), "index": 0}},
        {"addConditionalFormatRule": {"rule": rule("b"), "index": 1}},
    )
    replaced = api.batch({"updateConditionalFormatRule": {"index": 1, "rule": rule("c")}})[0]
    assert set(replaced["updateConditionalFormatRule"]) == {"oldRule", "newRule", "newIndex"}
    moved = api.batch({"updateConditionalFormatRule": {"index": 1, "newIndex": 0, "sheetId": 0}})[0]
    assert moved["updateConditionalFormatRule"]["oldIndex"] == 1
    rules = api.sheet("conditionalFormats")["conditionalFormats"]
    assert [item["booleanRule"]["condition"]["values"][0]["userEnteredValue"] for item in rules] == ["c", "a"]
    assert rules[0]["booleanRule"]["format"]["textFormat"]["foregroundColorStyle"] == {"rgbColor": {"red": 1}}
    assert "No conditional format on sheet at index: 5" in api.no(
        {"deleteConditionalFormatRule": {"index": 5, "sheetId": 0}}
    )


def test_slicers_and_a_charts_border(api: Api) -> None:
    place = {"overlayPosition": {"anchorCell": {"sheetId": 0, "rowIndex": 1}}}
    slicer = {"slicerId": 4, "spec": {"dataRange": area(0, 5, 0, 2), "columnIndex": 1}, "position": place}
    made = api.batch({"addSlicer": {"slicer": slicer}})[0]["addSlicer"]["slicer"]
    assert made["position"]["overlayPosition"]["anchorCell"] == {"rowIndex": 1}
    api.batch({"updateSlicerSpec": {"slicerId": 4, "spec": {"title": "Region"}, "fields": "title"}})
    assert api.sheet("slicers")["slicers"][0]["spec"]["title"] == "Region"
    spec = {"title": "t", "pieChart": {"domain": {}, "series": {}}}
    api.batch({"addChart": {"chart": {"chartId": 5, "spec": spec, "position": place}}})
    border = {"objectId": 5, "border": {"color": {"red": 1}}, "fields": "color"}
    api.batch({"updateEmbeddedObjectBorder": border}, {"deleteEmbeddedObject": {"objectId": 4}})
    shown = api.sheet("charts.border,slicers")
    assert shown == {"charts": [{"border": {"color": {"red": 1}, "colorStyle": {"rgbColor": {"red": 1}}}}]}


# --- the reply of a batch, data filters ------------------------------------------------------------------------------


def test_a_batch_hands_back_the_spreadsheet_when_asked(api: Api) -> None:
    api.write("A1", [["x"], ["y"]])
    body = {
        "requests": [{"addSheet": {"properties": {"title": "New"}}}],
        "includeSpreadsheetInResponse": True,
        "responseRanges": ["Sheet1!A1:A2"],
        "responseIncludeGridData": True,
    }
    made = api.sheets("POST", ":batchUpdate", body)["updatedSpreadsheet"]
    assert [sheet["properties"]["title"] for sheet in made["sheets"]] == ["Sheet1"]
    assert made["sheets"][0]["data"][0]["rowData"][1]["values"][0]["formattedValue"] == "y"
    body = {"requests": [{"deleteNamedRange": {"namedRangeId": "none"}}], "includeSpreadsheetInResponse": True}
    assert api.refused("POST", ":batchUpdate", body)["code"] == 400
    body = {"requests": [{"addSheet": {}}], "includeSpreadsheetInResponse": True}
    cut = api.sheets("POST", ":batchUpdate", body, fields="updatedSpreadsheet.sheets.properties.title")
    assert [sheet["properties"]["title"] for sheet in cut["updatedSpreadsheet"]["sheets"]] == [
        "Sheet1",
        "New",
        "Sheet3",
    ]


def test_data_filters(api: Api) -> None:
    mark = {"metadataKey": "total", "location": {"dimensionRange": span("ROWS", 1, 2)}, "visibility": "DOCUMENT"}
    api.write("A1", [["a", 1], ["b", 2], ["c", 3]])
    api.batch({"createDeveloperMetadata": {"developerMetadata": mark}})
    by_key = {"developerMetadataLookup": {"metadataKey": "total"}}
    found = api.sheets("POST", "/values:batchGetByDataFilter", {"dataFilters": [by_key, {"a1Range": "A3:B3"}]})
    assert [item["valueRange"]["values"] for item in found["valueRanges"]] == [[["b", "2"]], [["c", "3"]]]
    assert found["valueRanges"][0]["dataFilters"] == [by_key]
    data = [{"dataFilter": by_key, "values": [["B", 20]], "majorDimension": "ROWS"}]
    body = {"valueInputOption": "RAW", "data": data}
    made = api.sheets("POST", "/values:batchUpdateByDataFilter", body)
    assert (made["totalUpdatedCells"], made["responses"][0]["updatedRange"]) == (2, "Sheet1!A2:B2")
    part = api.sheets("POST", ":getByDataFilter", {"dataFilters": [by_key], "includeGridData": True})
    assert part["sheets"][0]["data"][0]["rowData"][0]["values"][1]["formattedValue"] == "20"
    cleared = api.sheets("POST", "/values:batchClearByDataFilter", {"dataFilters": [{"gridRange": area(0, 1, 0, 2)}]})
    assert cleared["clearedRanges"] == ["Sheet1!A1:B1"]
    assert api.read("A1:B3") == [[], ["B", 20], ["c", 3]]


# --- the parser's leniency and its words -----------------------------------------------------------------------------


def test_text_numbers_single_values_underscores_and_nested_lists_are_read(api: Api) -> None:
    one = {"add_sheet": {"properties": {"title": "One", "grid_properties": {"rowCount": "5", "columnCount": 2.0}}}}
    reply = api.sheets("POST", ":batchUpdate", {"requests": one})["replies"][0]
    assert reply["addSheet"]["properties"]["gridProperties"] == {"rowCount": 5, "columnCount": 2}
    nested = [[{"addSheet": {"properties": {"title": "Two"}}}], [{"addSheet": {"properties": {"title": "Three"}}}]]
    assert len(api.sheets("POST", ":batchUpdate", {"requests": nested})["replies"]) == 2


def test_everything_that_cannot_be_read_is_named_at_once(api: Api) -> None:
    requests_ = [{"addSheet": {"properties": {"tilte": "x", "sheetId": "zero"}}}, {"mergeCells": {"mergeType": "ALL"}}]
    error = api.refused("POST", ":batchUpdate", {"requests": requests_})
    place = "requests[0].add_sheet.properties"
    kind = "type.googleapis.com/google.apps.sheets.v4.MergeCellsRequest.MergeType"
    assert error["message"].splitlines() == [
        f"Invalid JSON payload received. Unknown name \"tilte\" at '{place}': Cannot find field.",
        f"Invalid value at '{place}.sheet_id' (TYPE_INT32), \"zero\"",
        f"Invalid value at 'requests[1].merge_cells.merge_type' ({kind}), \"ALL\"",
    ]
    assert len(error["details"][0]["fieldViolations"]) == 3


def test_words_about_values(api: Api) -> None:
    wrong = api.refused("PUT", "/values/A1", {"values": "X", "majorDimension": None}, valueInputOption="RAW")
    said = "Invalid value at 'data.values' (type.googleapis.com/google.protobuf.ListValue), \"X\""
    assert wrong["message"] == said
    violation = {"field": "data.values", "description": said}
    assert wrong["details"] == [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    nested = api.refused("PUT", "/values/A1", {"values": [[["x"]]]}, valueInputOption="RAW")
    text = 'list_value {\n  values {\n    string_value: "x"\n  }\n}\n'
    assert nested["message"] == f"Invalid values[0][0]: {text}"
    missing = api.refused("PUT", "/values/A1", {"values": [[1]]})
    assert missing["message"] == "'valueInputOption' is required but not specified"
    option = api.refused("PUT", "/values/A1", {"values": [[1]]}, valueInputOption="RAWISH")["message"]
    assert option == (
        "Invalid value at 'value_input_option' (type.googleapis.com/google.apps.sheets.v4.ValueInputOption), \"RAWISH\""
    )
    data = [{"range": "A1", "values": [[1]]}, {"range": "None!A1", "values": [[2]]}]
    several = api.refused("POST", "/values:batchUpdate", {"valueInputOption": "RAW", "data": data})
    assert several["message"] == "Invalid data[1]: Unable to parse range: None!A1"
    beyond = api.refused("GET", "/values/A1001:B1002")["message"]
    assert beyond == "Range (Sheet1!A1001:B1002) exceeds grid limits. Max rows: 1000, max columns: 26"


def test_kinds_not_spoken_say_so(api: Api) -> None:
    assert "the local server does not speak this request" in api.no({"refreshDataSource": {"isAll": True}})
    cell = {"pivotTable": {"source": area(0, 2, 0, 2)}}
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    pivot = {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "pivotTable"}}
    assert "the local server does not keep pivotTable" in api.no(pivot)
