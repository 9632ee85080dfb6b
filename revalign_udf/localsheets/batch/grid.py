"""Requests that change rows and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import fields, schema, shift
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.problems import bad_request

__all__ = ["KINDS"]


def _rows(dimension: str | None) -> bool:
    if dimension not in {"ROWS", "COLUMNS"}:
        raise bad_request("dimension must be ROWS or COLUMNS.")
    return dimension == "ROWS"


def _span(book: Book, range_: Mapping[str, Any]) -> tuple[Sheet, bool, int, int]:
    sheet = book.sheet(int(range_.get("sheetId", 0)))
    rows = _rows(range_.get("dimension"))
    size = sheet.rows if rows else sheet.columns
    return sheet, rows, int(range_.get("startIndex", 0)), int(range_.get("endIndex", size))


def _insert(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rows, start, end = _span(book, given["range"])
    before = bool(given.get("inheritFromBefore"))
    shift.insert(book, sheet, rows=rows, at=start, count=end - start, inherit_before=before)
    return {}


def _delete(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rows, start, end = _span(book, given["range"])
    shift.delete(book, sheet, rows=rows, start=start, end=end)
    return {}


def _move(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rows, start, end = _span(book, given["source"])
    shift.move(book, sheet, rows=rows, start=start, end=end, destination=int(given.get("destinationIndex", 0)))
    return {}


def _append(book: Book, given: Mapping[str, Any]) -> Json:
    sheet = book.sheet(int(given.get("sheetId", 0)))
    length = int(given.get("length", 0))
    if length < 1:
        raise bad_request("length must be at least 1.")
    if _rows(given.get("dimension")):
        sheet.rows += length
    else:
        sheet.columns += length
    book.check_size()
    return {}


def _properties(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rows, start, end = _span(book, given["range"])
    text = str(given.get("fields", ""))
    if not text:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = fields.parse(text)
    schema.check_mask("DimensionProperties", mask, text)
    kept = sheet.row_properties if rows else sheet.column_properties
    for line in range(start, min(end, sheet.rows if rows else sheet.columns)):
        kept[line] = fields.merge(kept.get(line, {}), given.get("properties", {}), mask)
    return {}


def _resize(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rows, start, end = _span(book, given["dimensions"])
    if rows:
        return {}
    for column in range(start, min(end, sheet.columns)):
        longest = max((len(str(cell.value)) for key, cell in sheet.cells.items() if key[1] == column), default=0)
        if longest:
            kept = sheet.column_properties.setdefault(column, {})
            kept["pixelSize"] = max(21, 7 * longest + 10)
    return {}


KINDS = {
    "insertDimension": _insert,
    "deleteDimension": _delete,
    "moveDimension": _move,
    "appendDimension": _append,
    "updateDimensionProperties": _properties,
    "autoResizeDimensions": _resize,
}
