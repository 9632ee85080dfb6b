"""Requests that write cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from revalign_udf.localsheets import fields, schema
from revalign_udf.localsheets.batch.ranges import on_grid
from revalign_udf.localsheets.book import Book, Cell, Json, Rect, Scalar
from revalign_udf.localsheets.defaults import paired, widened
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.references import copied
from revalign_udf.localsheets.render import cell_data

__all__ = ["KINDS"]

_READ_ONLY = {"effectiveValue", "effectiveFormat", "formattedValue", "hyperlink"}
#: what of a cell is entered, not worked out
_ENTERED = frozenset({"userEnteredValue"})
_UNKNOWN = {"pivotTable", "dataSourceTable", "dataSourceFormula", "chipRuns"}


def _mask(given: Mapping[str, Any]) -> fields.Mask:
    text = str(given.get("fields", ""))
    if not text:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = fields.parse(text)
    schema.check_mask("CellData", mask, text)
    if _READ_ONLY & set(mask):
        raise bad_request(f"Invalid field: {min(_READ_ONLY & set(mask))} is read-only.")
    if _UNKNOWN & set(mask):
        raise bad_request(f"the local server does not keep {min(_UNKNOWN & set(mask))}.")
    return widened(mask)


def _value(extended: Mapping[str, Any]) -> tuple[Scalar, str]:
    """The value and the formula text of an ExtendedValue."""
    if len(extended) > 1:
        raise bad_request("Invalid value (oneof), oneof field 'value' is already set.")
    if "formulaValue" in extended:
        formula = str(extended["formulaValue"])
        if not formula.startswith("="):
            raise bad_request("Invalid formula: a formula begins with '='.")
        return None, formula
    if "errorValue" in extended:
        raise bad_request("Error values cannot be written.")
    found: Scalar = next(iter(extended.values()), None)
    return (None if found == "" and isinstance(found, str) else found), ""


def written(cell: Cell, data: Mapping[str, Any], mask: fields.Mask) -> Cell:
    """The cell after CellData was written through a mask.

    Raises:
        ApiError: not a value.
    """
    if mask == {"userEnteredValue": {}}:  # nearly every write: no need to take the whole cell apart
        value, formula = _value(data.get("userEnteredValue") or {})
        return cell.holding(value, formula)
    if _UNKNOWN & set(data) and "*" in mask:
        raise bad_request(f"the local server does not keep {min(_UNKNOWN & set(data))}.")
    merged = fields.merge(cell_data(cell, _ENTERED), paired(data), mask)
    entered = merged.get("userEnteredValue") or {}
    value, formula = _value(entered)
    return Cell(
        value=value,
        formula=formula,
        format=merged.get("userEnteredFormat", {}),
        note=str(merged.get("note", "")),
        validation=merged.get("dataValidation"),
        runs=tuple(_run(run) for run in merged.get("textFormatRuns", ())),
    )


def _run(given: Mapping[str, Any]) -> Json:
    """A text run as it is kept: it begins at 0 without saying so."""
    return {name: value for name, value in given.items() if name != "startIndex" or value}


def _update(book: Book, given: Mapping[str, Any]) -> Json:
    mask = _mask(given)
    rows = given.get("rows", [])
    height = len(rows)
    width = max((len(row.get("values", ())) for row in rows), default=0)
    if "start" in given:
        start = given["start"]
        sheet = book.sheet(int(start.get("sheetId", 0)))
        top, left = int(start.get("rowIndex", 0)), int(start.get("columnIndex", 0))
        rect = Rect(sheet.id, top, left, top + max(height, 1), left + max(width, 1))
        clear = False
    elif "range" in given:
        rect, clear = book.rect(given["range"]), True
        sheet = book.sheet(rect.sheet)
        if height > rect.bottom - rect.top or width > rect.right - rect.left:
            raise bad_request("Attempting to write outside the requested range.")
    else:
        raise bad_request("Must specify either start or range.")
    on_grid(book, sheet, rect)
    for row, column in rect.cells():
        down, across = row - rect.top, column - rect.left
        cells = rows[down].get("values", ()) if down < height else ()
        if across < len(cells):
            sheet.put(row, column, written(sheet.cell(row, column), cells[across], mask))
        elif clear:
            sheet.put(row, column, written(sheet.cell(row, column), {}, mask))
    return {}


def _repeat(book: Book, given: Mapping[str, Any]) -> Json:
    mask = _mask(given)
    rect = book.rect(given["range"])
    sheet = book.sheet(rect.sheet)
    if rect.top >= sheet.rows or rect.left >= sheet.columns:
        on_grid(book, sheet, rect)
    # What lies beyond the grid is left out in silence, unlike when cells are written one by one.
    rect = Rect(sheet.id, rect.top, rect.left, min(rect.bottom, sheet.rows), min(rect.right, sheet.columns))
    data = given.get("cell", {})
    formula = str(data.get("userEnteredValue", {}).get("formulaValue", ""))
    done: dict[int, Cell] = {}  # cells are shared: most of a range is one and the same blank cell
    looks: dict[int, tuple[Mapping[str, Any], Cell]] = {}  # and cells that look alike share their format
    only_look = set(mask) == {"userEnteredFormat"}
    for row, column in rect.cells():
        cell = sheet.cell(row, column)
        if only_look:
            if id(cell.format) not in looks:  # the old format is held, so that its id is not given again
                looks[id(cell.format)] = cell.format, written(cell, data, mask)
            look = looks[id(cell.format)][1].format
            sheet.put(row, column, cell.looking(look))
            continue
        made = done.get(id(cell))
        if made is None:
            made = done[id(cell)] = written(cell, data, mask)
        if formula and made.formula == formula:  # its relative references move along
            made = replace(made, formula=copied(formula, row - rect.top, column - rect.left))
        sheet.put(row, column, made)
    return {}


def _append(book: Book, given: Mapping[str, Any]) -> Json:
    mask = _mask(given)
    sheet = book.sheet(int(given.get("sheetId", 0)))
    rows = given.get("rows", [])
    top = sheet.extent()[0]
    sheet.rows = max(sheet.rows, top + len(rows))
    sheet.columns = max(sheet.columns, max((len(row.get("values", ())) for row in rows), default=0))
    book.check_size()
    for down, line in enumerate(rows):
        for column, data in enumerate(line.get("values", ())):
            sheet.put(top + down, column, written(sheet.cell(top + down, column), data, mask))
    return {}


def _validate(book: Book, given: Mapping[str, Any]) -> Json:
    mask: fields.Mask = {"dataValidation": {}}
    data = {"dataValidation": given["rule"]} if "rule" in given else {}
    rect = book.rect(given["range"])
    sheet = book.sheet(rect.sheet)
    on_grid(book, sheet, rect)
    for row, column in rect.cells():
        sheet.put(row, column, written(sheet.cell(row, column), data, mask))
    return {}


KINDS = {
    "updateCells": _update,
    "repeatCell": _repeat,
    "appendCells": _append,
    "setDataValidation": _validate,
}
