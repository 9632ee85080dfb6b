"""A spreadsheet as the API's resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from revalign_udf.localsheets.book import Book, Cell, Json, Rect, Sheet
from revalign_udf.localsheets.formats import show
from revalign_udf.localsheets.values import plain

__all__ = ["cell_data", "sheet_properties", "spreadsheet"]

_ERRORS = {
    "#DIV/0!": "DIVIDE_BY_ZERO",
    "#VALUE!": "VALUE",
    "#REF!": "REF",
    "#NAME?": "NAME",
    "#NUM!": "NUM",
    "#N/A": "N_A",
    "#ERROR!": "ERROR",
}
_DEFAULT_WIDTH = 100
_DEFAULT_HEIGHT = 21


def sheet_properties(book: Book, sheet: Sheet) -> Json:
    """SheetProperties."""
    return {
        "sheetId": sheet.id,
        "title": sheet.title,
        "index": book.index(sheet),
        "sheetType": "GRID",
        "gridProperties": {"rowCount": sheet.rows, "columnCount": sheet.columns, **sheet.grid},
        **sheet.properties,
    }


def _extended(value: Any) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int | float):
        return {"numberValue": plain(value)}
    return {"stringValue": value}


def cell_data(cell: Cell) -> Json:
    """CellData: what was entered, what it comes to, how it shows."""
    data: Json = {}
    if cell.formula:
        data["userEnteredValue"] = {"formulaValue": cell.formula}
    elif cell.value is not None:
        data["userEnteredValue"] = _extended(cell.value)
    if cell.error:
        kind = _ERRORS.get(cell.error, "ERROR")
        data["effectiveValue"] = {"errorValue": {"type": kind, "message": cell.error}}
        data["formattedValue"] = cell.error
    elif cell.value is not None:
        data["effectiveValue"] = _extended(cell.value)
        data["formattedValue"] = show(cell.value, cell.format.get("numberFormat"))
    if cell.format:
        data["userEnteredFormat"] = dict(cell.format)
        data["effectiveFormat"] = dict(cell.format)
    if cell.note:
        data["note"] = cell.note
    if cell.validation:
        data["dataValidation"] = dict(cell.validation)
    if cell.runs:
        data["textFormatRuns"] = [dict(run) for run in cell.runs]
    return data


def _grid_data(sheet: Sheet, rect: Rect) -> Json:
    data: Json = {}
    if rect.top:
        data["startRow"] = rect.top
    if rect.left:
        data["startColumn"] = rect.left
    kept = [key for key in sheet.cells if rect.holds(*key)]
    last = max((row for row, _ in kept), default=rect.top - 1)
    right: dict[int, int] = {}
    for row, column in kept:
        right[row] = max(right.get(row, -1), column)
    rows: list[Json] = []
    for row in range(rect.top, last + 1):
        if row not in right:
            rows.append({})
            continue
        cells = [cell_data(sheet.cell(row, column)) for column in range(rect.left, right[row] + 1)]
        rows.append({"values": cells})
    if rows:
        data["rowData"] = rows
    data["rowMetadata"] = [
        {"pixelSize": _DEFAULT_HEIGHT, **sheet.row_properties.get(row, {})} for row in range(rect.top, rect.bottom)
    ]
    data["columnMetadata"] = [
        {"pixelSize": _DEFAULT_WIDTH, **sheet.column_properties.get(column, {})}
        for column in range(rect.left, rect.right)
    ]
    return data


def protected(book: Book, item: Json) -> Json:
    """ProtectedRange; one that stands on a named range shows that range too."""
    if "namedRangeId" in item:
        named = next(named for named in book.named if named["namedRangeId"] == item["namedRangeId"])
        return {**item, "range": named["range"]}
    return item


def _sheet(book: Book, sheet: Sheet, rects: Sequence[Rect] | None, *, data: bool) -> Json:
    made: Json = {"properties": sheet_properties(book, sheet)}
    if data:
        made["data"] = [_grid_data(sheet, rect) for rect in (rects or [sheet.whole()])]
    if sheet.merges:
        made["merges"] = sheet.merges
    if sheet.conditional_formats:
        made["conditionalFormats"] = sheet.conditional_formats
    guards = [protected(book, item) for item in book.protected]
    guards = [item for item in guards if int(item["range"].get("sheetId", 0)) == sheet.id]
    if guards:
        made["protectedRanges"] = guards
    if sheet.charts:
        made["charts"] = sheet.charts
    if sheet.bandings:
        made["bandedRanges"] = sheet.bandings
    marks = [item for item in book.metadata if item["location"].get("sheetId") == sheet.id]
    if marks:
        made["developerMetadata"] = marks
    return made


def spreadsheet(book: Book, rects: Sequence[Rect] = (), *, data: bool = False) -> Json:
    """The Spreadsheet resource; with ranges, only the tabs they touch."""
    sheets = book.sheets if not rects else [book.sheet(key) for key in dict.fromkeys(rect.sheet for rect in rects)]
    made: Json = {
        "spreadsheetId": book.id,
        "properties": {
            "title": book.title,
            "locale": book.locale,
            "autoRecalc": "ON_CHANGE",
            "timeZone": book.time_zone,
        },
        "sheets": [
            _sheet(book, sheet, [rect for rect in rects if rect.sheet == sheet.id] or None, data=data)
            for sheet in sheets
        ],
        "spreadsheetUrl": book.url,
    }
    if book.named:
        made["namedRanges"] = book.named
    marks = [item for item in book.metadata if item["location"]["locationType"] == "SPREADSHEET"]
    if marks:
        made["developerMetadata"] = marks
    return made
