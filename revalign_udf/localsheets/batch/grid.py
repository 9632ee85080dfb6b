"""Requests that change rows and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import fields, schema, shift
from revalign_udf.localsheets.book import Book, Cell, Json, Sheet
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.values import Rendering, rendered

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
        merged = fields.merge(kept.get(line, {}), given.get("properties", {}), mask)
        kept[line] = {name: value for name, value in merged.items() if value}
    return {}


def _resize(book: Book, given: Mapping[str, Any]) -> Json:
    if "dimensions" not in given:
        raise bad_request("the local server fits rows and columns of a tab only (dimensions).")
    sheet, rows, start, end = _span(book, given["dimensions"])
    if rows:
        for row in range(start, min(end, sheet.rows)):
            sheet.row_properties.get(row, {}).pop("pixelSize", None)
        return {}
    widths: dict[int, float] = {}
    for (_, column), cell in sheet.cells.items():
        if start <= column < end and cell.filled:
            widths[column] = max(widths.get(column, 0.0), _width(cell))
    for column, width in widths.items():
        sheet.column_properties.setdefault(column, {})["pixelSize"] = max(_NARROWEST, round(width))
    return {}


#: Widths of the printable ASCII characters of Arial, in thousandths of its size.
_ARIAL = dict(
    zip(
        (chr(code) for code in range(32, 127)),
        [
            *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
            *([556] * 10),
            *(278, 278, 584, 584, 584, 556, 1015),
            *(667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833),
            *(722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611),
            *(278, 278, 278, 469, 556, 333),
            *(556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833),
            *(556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500),
            *(334, 260, 334, 584),
        ],
        strict=True,
    )
)
_NARROWEST = 21
#: Pixels for one point of letter width: measured once (1,024 letters A of 10 points came to 9,483 pixels).
_STRETCH = 96 / 72 * 1.04131


def _width(cell: Cell) -> float:
    """The pixels a cell's text takes, about."""
    text = str(rendered(cell, Rendering()))
    size = float(cell.format.get("textFormat", {}).get("fontSize", 10))
    longest = max((sum(_ARIAL.get(sign, 1000) for sign in line) for line in text.split("\n")), default=0)
    return longest / 1000 * size * _STRETCH


KINDS = {
    "insertDimension": _insert,
    "deleteDimension": _delete,
    "moveDimension": _move,
    "appendDimension": _append,
    "updateDimensionProperties": _properties,
    "autoResizeDimensions": _resize,
}
