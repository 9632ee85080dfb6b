"""A spreadsheet as an .xlsx file: values, formulas, number formats, bold and colour, merged cells, notes, sizes."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from revalign_udf.localsheets.book import Book, Cell, Json, Sheet

__all__ = ["export"]

_NUMBER = {"PERCENT": "0.00%", "DATE": "yyyy-mm-dd", "DATE_TIME": "yyyy-mm-dd hh:mm:ss", "TIME": "hh:mm:ss"}


def export(book: Book) -> bytes:
    """The file's bytes."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as target:
        formats: dict[str, Any] = {}
        for sheet in book.sheets:
            tab = target.add_worksheet(sheet.title[:31])
            _fill(target, tab, sheet, formats)
    return out.getvalue()


def _fill(target: Any, tab: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    tab.freeze_panes(int(sheet.grid.get("frozenRowCount", 0)), int(sheet.grid.get("frozenColumnCount", 0)))
    if sheet.properties.get("hidden"):
        tab.hide()
    for column, kept in sheet.column_properties.items():
        if "pixelSize" in kept:
            tab.set_column_pixels(column, column, int(kept["pixelSize"]))
    for item in sheet.merges:
        rows = (int(item["startRowIndex"]), int(item["endRowIndex"]) - 1)
        columns = (int(item["startColumnIndex"]), int(item["endColumnIndex"]) - 1)
        tab.merge_range(rows[0], columns[0], rows[1], columns[1], "")
    for (row, column), cell in sheet.cells.items():
        _write(tab, row, column, cell, _format(target, formats, cell))
        if cell.note:
            tab.write_comment(row, column, cell.note)


def _write(tab: Any, row: int, column: int, cell: Cell, look: Any) -> None:
    if cell.formula:
        tab.write_formula(row, column, cell.formula, look, cell.error or cell.value)
    elif cell.value is None:
        if look is not None:
            tab.write_blank(row, column, None, look)
    elif isinstance(cell.value, bool):
        tab.write_boolean(row, column, cell.value, look)
    elif isinstance(cell.value, str):
        tab.write_string(row, column, cell.value, look)
    else:
        tab.write_number(row, column, cell.value, look)


def _format(target: Any, formats: dict[str, Any], cell: Cell) -> Any:
    if not cell.format:
        return None
    kept = cell.format
    text = kept.get("textFormat", {})
    look: Json = {name: True for name in ("bold", "italic") if text.get(name)}
    number = kept.get("numberFormat", {})
    if pattern := number.get("pattern") or _NUMBER.get(str(number.get("type"))):
        look["num_format"] = pattern
    if "backgroundColor" in kept:
        look["bg_color"] = _hex(kept["backgroundColor"])
    if "foregroundColor" in text:
        look["font_color"] = _hex(text["foregroundColor"])
    if kept.get("wrapStrategy") == "WRAP":
        look["text_wrap"] = True
    if (side := str(kept.get("horizontalAlignment", "")).lower()) in {"left", "center", "right"}:
        look["align"] = side
    key = repr(sorted(look.items()))
    if key not in formats:
        formats[key] = target.add_format(look)
    return formats[key]


def _hex(colour: Json) -> str:
    return "#" + "".join(f"{round(float(colour.get(name, 0)) * 255):02X}" for name in ("red", "green", "blue"))
