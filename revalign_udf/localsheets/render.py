"""A spreadsheet as the API's resources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from revalign_udf.localsheets.book import Book, Cell, Json, Rect, Sheet
from revalign_udf.localsheets.conditional import banding_of, rule_format
from revalign_udf.localsheets.defaults import default_format, effective_format, hyperlink, theme
from revalign_udf.localsheets.fields import Mask, wants
from revalign_udf.localsheets.formats import show
from revalign_udf.localsheets.formulas import FUNCTIONS
from revalign_udf.localsheets.values import plain
from revalign_udf.localsheets.wire import wire

__all__ = ["cell_data", "protected", "sheet_properties", "spreadsheet", "spreadsheet_properties"]

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
_ALL = frozenset({"userEnteredValue", "effectiveValue", "formattedValue", "hyperlink"})
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\(")


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


def _error(cell: Cell) -> Json:
    """ErrorValue; an #N/A says nothing more."""
    kind = _ERRORS.get(cell.error, "ERROR")
    made: Json = {"type": kind}
    if kind == "DIVIDE_BY_ZERO":
        made["message"] = "Function DIVIDE parameter 2 cannot be zero."
    elif kind == "NAME":
        unknown = [name for name in _CALLED.findall(cell.formula) if name.upper() not in FUNCTIONS]
        names = re.findall(r"[A-Za-z_]\w*", cell.formula)
        named = f"Unknown range name: '{names[0].upper() if names else ''}'."
        made["message"] = f"Unknown function: '{unknown[0]}'." if unknown else named
    elif kind == "ERROR":
        made["message"] = "Formula parse error."
    elif kind == "REF":
        made["message"] = "Reference does not exist."
    elif kind != "N_A":
        made["message"] = cell.error
    return made


def cell_data(cell: Cell, wanted: frozenset[str] = _ALL) -> Json:
    """CellData: what was entered and what it comes to, without ``effectiveFormat``.

    Args:
        cell: the cell.
        wanted: only these fields; working out what nobody reads would take most of the time.
    """
    data: Json = {}
    if "userEnteredValue" in wanted:
        if cell.formula:
            data["userEnteredValue"] = {"formulaValue": cell.formula}
        elif cell.value is not None:
            data["userEnteredValue"] = _extended(cell.value)
    if cell.error:
        if "effectiveValue" in wanted:
            data["effectiveValue"] = {"errorValue": _error(cell)}
        data["formattedValue"] = cell.error
    elif cell.value is not None and cell.value != "":
        if "effectiveValue" in wanted:
            data["effectiveValue"] = _extended(cell.value)
        if "formattedValue" in wanted:
            data["formattedValue"] = show(cell.value, cell.format.get("numberFormat"))
    if cell.format:
        data["userEnteredFormat"] = dict(cell.format)
    if (cell.formula or cell.runs or cell.format) and "hyperlink" in wanted and (link := hyperlink(cell)):
        data["hyperlink"] = link
    if cell.note:
        data["note"] = cell.note
    if cell.validation:
        data["dataValidation"] = dict(cell.validation)
    if cell.runs:
        data["textFormatRuns"] = [dict(run) for run in cell.runs]
    return data


def _grid_data(sheet: Sheet, rect: Rect, mask: Mask) -> Json:
    data: Json = {}
    if rect.top:
        data["startRow"] = rect.top
    if rect.left:
        data["startColumn"] = rect.left
    if wants(mask, "rowData") and (rows := _rows(sheet, rect, mask)):
        data["rowData"] = rows
    if wants(mask, "rowMetadata"):
        data["rowMetadata"] = [
            {"pixelSize": _DEFAULT_HEIGHT, **sheet.row_properties.get(row, {})} for row in range(rect.top, rect.bottom)
        ]
    if wants(mask, "columnMetadata"):
        data["columnMetadata"] = [
            {"pixelSize": _DEFAULT_WIDTH, **sheet.column_properties.get(column, {})}
            for column in range(rect.left, rect.right)
        ]
    return data


def _rows(sheet: Sheet, rect: Rect, mask: Mask) -> list[Json]:
    looks = wants(mask, "rowData", "values", "effectiveFormat")
    wanted = frozenset(name for name in _ALL if wants(mask, "rowData", "values", name))
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
        rows.append(
            {"values": [_shown(sheet, row, at, wanted, looks=looks) for at in range(rect.left, right[row] + 1)]}
        )
    return rows


def _shown(sheet: Sheet, row: int, column: int, wanted: frozenset[str], *, looks: bool) -> Json:
    """CellData, with the format the cell shows when somebody wants it."""
    cell = sheet.cell(row, column)
    data = cell_data(cell, wanted)
    if looks and (cell.filled or cell.format):
        beneath = banding_of(sheet, row, column) if sheet.bandings else {}
        above = rule_format(sheet, row, column, cell) if sheet.conditional_formats else {}
        data["effectiveFormat"] = effective_format(cell, beneath, above)
    return data


def protected(book: Book, item: Json) -> Json:
    """ProtectedRange; one that stands on a named range shows that range too."""
    if "namedRangeId" in item:
        named = next(named for named in book.named if named["namedRangeId"] == item["namedRangeId"])
        return {**item, "range": named["range"]}
    return item


def _sheet(book: Book, sheet: Sheet, rects: Sequence[Rect] | None, mask: Mask | None) -> Json:
    made: Json = {"properties": sheet_properties(book, sheet)}
    guards = [protected(book, item) for item in book.protected]
    marks = [item for item in book.metadata if item["location"].get("sheetId") == sheet.id]
    parts: Json = {
        "merges": sheet.merges,
        "conditionalFormats": sheet.conditional_formats,
        "filterViews": sheet.filter_views,
        "protectedRanges": [item for item in guards if int(item["range"].get("sheetId", 0)) == sheet.id],
        "basicFilter": sheet.basic_filter,
        "charts": sheet.charts,
        "bandedRanges": sheet.bandings,
        "developerMetadata": marks,
        "rowGroups": sheet.row_groups,
        "columnGroups": sheet.column_groups,
        "slicers": sheet.slicers,
    }
    made |= {name: part for name, part in parts.items() if part}
    made = wire(made)
    if mask is not None:
        made["data"] = [_grid_data(sheet, rect, mask) for rect in (rects or [sheet.whole()])]
        _marked_lines(book, sheet, rects or [sheet.whole()], made["data"])
    return made


def _marked_lines(book: Book, sheet: Sheet, rects: Sequence[Rect], data: Sequence[Json]) -> None:
    """Developer metadata of rows and columns stand with the rows and columns."""
    for item in book.metadata:
        span = item["location"].get("dimensionRange")
        if span is None or int(span.get("sheetId", 0)) != sheet.id:
            continue
        rows = span["dimension"] == "ROWS"
        for rect, part in zip(rects, data, strict=True):
            lines = part.get("rowMetadata" if rows else "columnMetadata", ())
            at = int(span["startIndex"]) - (rect.top if rows else rect.left)
            if 0 <= at < len(lines):
                lines[at].setdefault("developerMetadata", []).append(wire(item))


def spreadsheet_properties(book: Book) -> Json:
    """SpreadsheetProperties."""
    return {
        "title": book.title,
        "locale": book.locale,
        "autoRecalc": "ON_CHANGE",
        "timeZone": book.time_zone,
        "defaultFormat": default_format(),
        "spreadsheetTheme": theme(),
        **book.settings,
    }


def spreadsheet(book: Book, rects: Sequence[Rect] = (), *, data: Mask | None = None) -> Json:
    """The Spreadsheet resource; with ranges, only the tabs they touch.

    Args:
        book: the spreadsheet.
        rects: only these parts.
        data: which fields of the grid; None for no grid, an empty mask for all of it.
    """
    sheets = book.sheets if not rects else [book.sheet(key) for key in dict.fromkeys(rect.sheet for rect in rects)]
    made: Json = {
        "spreadsheetId": book.id,
        "properties": spreadsheet_properties(book),
        "sheets": [
            _sheet(book, sheet, [rect for rect in rects if rect.sheet == sheet.id] or None, data) for sheet in sheets
        ],
        "spreadsheetUrl": book.url,
    }
    if book.named:
        made["namedRanges"] = wire(book.named)
    marks = [item for item in book.metadata if item["location"]["locationType"] == "SPREADSHEET"]
    if marks:
        made["developerMetadata"] = marks
    return made
