"""A spreadsheet with one of everything the page for people draws, made with real calls."""

from typing import Any

import gspread
from gspread.utils import ValueInputOption


def area(top: int, bottom: int, left: int, right: int, sheet: int = 0) -> dict[str, int]:
    return {
        "sheetId": sheet,
        "startRowIndex": top,
        "endRowIndex": bottom,
        "startColumnIndex": left,
        "endColumnIndex": right,
    }


def lines(dimension: str, start: int, end: int) -> dict[str, Any]:
    return {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}


def rgb(text: str) -> dict[str, Any]:
    parts = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return {"rgbColor": dict(zip(("red", "green", "blue"), parts, strict=True))}


def source(top: int, bottom: int, column: int) -> dict[str, Any]:
    return {"sourceRange": {"sources": [area(top, bottom, column, column + 1)]}}


def chart(number: int, title: str, spec: dict[str, Any], row: int, column: int, width: int = 420) -> dict[str, Any]:
    anchor = {"sheetId": 0, "rowIndex": row, "columnIndex": column}
    position = {"overlayPosition": {"anchorCell": anchor, "widthPixels": width, "heightPixels": 250}}
    return {"addChart": {"chart": {"chartId": number, "spec": {"title": title, **spec}, "position": position}}}


def basic(kind: str, columns: tuple[int, ...] = (1, 2), **more: Any) -> dict[str, Any]:
    flat = kind == "BAR"
    return {
        "basicChart": {
            "chartType": kind,
            "headerCount": 1,
            "legendPosition": "BOTTOM_LEGEND",
            "domains": [{"domain": source(2, 9, 0)}],
            "series": [
                {"series": source(2, 9, at), "targetAxis": "BOTTOM_AXIS" if flat else "LEFT_AXIS"} for at in columns
            ],
            **more,
        }
    }


ROWS = [
    ["Month", "New", "Churn", "Rate", "Done", "State", "Total"],
    ["2026-01", 1200.5, -200, 0.12, True, "open", "=B4+C4"],
    ["2026-02", 1800, -350, 0.25, False, "closed", "=B5+C5"],
    ["2026-03", 900, -100, 0.07, True, "open", "=B6+C6"],
    ["2026-04", "", -410, 0.31, False, "<b>odd</b> & text that is far too long", "=B7+C7"],
    ["2026-05", 2400, -90, 0.5, True, "closed", "=B8/0"],
    ["2026-06", 2100, -150, 0.44, True, "open", "=B9+C9"],
]


def fill(book: gspread.Spreadsheet) -> None:
    """Makes the gallery."""
    tab = book.sheet1
    tab.update([["A title that runs over its empty neighbours, as on a sheet"], [], *ROWS], "A1", raw=False)
    tab.update([["a text that wraps in its cell, however long it is"]], "A11", value_input_option=ValueInputOption.raw)
    money, percent = ({"numberFormat": {"type": kind, "pattern": pattern}} for kind, pattern in
                      (("CURRENCY", "[$€]#,##0.00"), ("PERCENT", "0.0%")))  # fmt: skip
    bold = {"textFormat": {"bold": True, "foregroundColorStyle": rgb("#1c2733")}, "horizontalAlignment": "CENTER"}

    def look(format_: dict[str, Any], *corners: int) -> dict[str, Any]:
        fields = ",".join(f"userEnteredFormat.{name}" for name in format_)
        return {"repeatCell": {"range": area(*corners), "cell": {"userEnteredFormat": format_}, "fields": fields}}

    band = {
        "headerColorStyle": rgb("#d9e2ef"),
        "firstBandColorStyle": rgb("#ffffff"),
        "secondBandColorStyle": rgb("#f3f6fa"),
    }
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": '=$F4="closed"'}]}
    low = {"type": "NUMBER_LESS", "values": [{"userEnteredValue": "-300"}]}
    red = {
        "backgroundColorStyle": rgb("#fbd9d7"),
        "textFormat": {"bold": True, "foregroundColorStyle": rgb("#8c1d18")},
    }
    scale = {
        "minpoint": {"type": "MIN", "colorStyle": rgb("#ffffff")},
        "maxpoint": {"type": "MAX", "colorStyle": rgb("#57bb8a")},
    }
    hidden = {"properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
    book.batch_update({"requests": [
        {"updateSheetProperties": {"properties": {"sheetId": 0, "gridProperties": {"frozenRowCount": 3, "frozenColumnCount": 1}},
                                   "fields": "gridProperties.frozenRowCount,gridProperties.frozenColumnCount"}},
        look({"textFormat": {"bold": True, "fontSize": 14}}, 0, 1, 0, 1),
        look(bold, 2, 3, 0, 7),
        look(money, 3, 9, 1, 3), look(money, 3, 9, 6, 7), look(percent, 3, 9, 3, 4),
        look({"wrapStrategy": "WRAP"}, 10, 11, 0, 1),
        look({"textFormat": {"italic": True, "strikethrough": True}}, 9, 10, 0, 1),
        {"addBanding": {"bandedRange": {"bandedRangeId": 1, "range": area(2, 9, 0, 7), "rowProperties": band}}},
        {"addConditionalFormatRule": {"index": 0, "rule": {"ranges": [area(3, 9, 3, 4)], "gradientRule": scale}}},
        {"addConditionalFormatRule": {"index": 1, "rule": {"ranges": [area(3, 9, 2, 3)],
                                                           "booleanRule": {"condition": low, "format": red}}}},
        {"addConditionalFormatRule": {"index": 2, "rule": {"ranges": [area(3, 9, 5, 6)], "booleanRule": {
            "condition": condition, "format": {"textFormat": {"strikethrough": True}}}}}},
        {"setDataValidation": {"range": area(3, 9, 4, 5), "rule": {"condition": {"type": "BOOLEAN"}}}},
        {"setDataValidation": {"range": area(3, 9, 5, 6), "rule": {"condition": {
            "type": "ONE_OF_LIST", "values": [{"userEnteredValue": "open"}, {"userEnteredValue": "closed"}]}}}},
        {"updateCells": {"start": {"sheetId": 0, "rowIndex": 2, "columnIndex": 1}, "fields": "note",
                         "rows": [{"values": [{"note": "New business of the month.\nv1 · Finance"}]}]}},
        {"mergeCells": {"range": area(11, 13, 1, 4), "mergeType": "MERGE_ALL"}},
        {"updateCells": {"start": {"sheetId": 0, "rowIndex": 11, "columnIndex": 1}, "fields": "*", "rows": [{"values": [
            {"userEnteredValue": {"stringValue": "merged"}, "userEnteredFormat": {
                "horizontalAlignment": "CENTER", "verticalAlignment": "MIDDLE", "backgroundColorStyle": rgb("#fdecc8"),
                "borders": {"bottom": {"style": "SOLID_MEDIUM", "colorStyle": rgb("#b06000")}}}}]}]}},
        {"updateDimensionProperties": {"range": lines("ROWS", 13, 15), **hidden}},
        {"updateDimensionProperties": {"range": lines("COLUMNS", 7, 8), **hidden}},
        {"addNamedRange": {"namedRange": {"namedRangeId": "n", "name": "gallery", "range": area(2, 9, 0, 7)}}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 1, "range": area(2, 3, 0, 7), "warningOnly": True,
                                                  "description": "Headers"}}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 2, "range": area(0, 1, 0, 7)}}},
        {"createDeveloperMetadata": {"developerMetadata": {"metadataKey": "team", "metadataValue": "<finance>",
                                     "location": {"sheetId": 0}, "visibility": "DOCUMENT"}}},
        {"addSheet": {"properties": {"title": "Second <tab>", "sheetId": 2}}},
        {"addSheet": {"properties": {"title": "Behind the scenes", "sheetId": 3, "hidden": True}}},
        chart(1, "Line", basic("LINE"), 3, 8), chart(2, "Column", basic("COLUMN"), 3, 13),
        chart(3, "Stacked", basic("COLUMN", stackedType="STACKED"), 16, 8),
        chart(4, "Bar", basic("BAR", (1,), legendPosition="NO_LEGEND"), 16, 13),
        chart(5, "Area", basic("AREA", (1,), legendPosition="NO_LEGEND"), 29, 8),
        chart(6, "Pie", {"pieChart": {"domain": source(2, 9, 0), "series": source(2, 9, 1), "pieHole": 0.5}}, 29, 13),
        chart(7, "Scorecard", {"scorecardChart": {
            "keyValueData": source(8, 9, 1), "baselineValueData": source(7, 8, 1), "aggregateType": "SUM"}}, 42, 8),
        chart(8, "Share", basic("BAR", (1, 2), stackedType="PERCENT_STACKED"), 42, 13),
        chart(9, "Both", {"basicChart": {**basic("COMBO")["basicChart"], "series": [
            {"series": source(2, 9, 1), "type": "COLUMN", "targetAxis": "LEFT_AXIS"},
            {"series": source(2, 9, 2), "type": "LINE", "targetAxis": "LEFT_AXIS", "colorStyle": rgb("#7b1fa2")}]}}, 55, 8),
        chart(10, "Odd", {"treemapChart": {"labels": source(2, 9, 0), "parentLabels": source(2, 9, 5)}}, 55, 13),
    ]})  # fmt: skip
