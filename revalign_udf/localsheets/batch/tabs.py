"""Requests about tabs and the spreadsheet itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from revalign_udf.localsheets import fields, schema
from revalign_udf.localsheets.batch import ids
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.defaults import paired, widened
from revalign_udf.localsheets.formulas import relocate, rename
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.render import sheet_properties, spreadsheet_properties

__all__ = ["KINDS", "check_title", "new_sheet"]


def check_title(book: Book, title: str, own: Sheet | None = None) -> None:
    """Refuses a title that is empty, too long or taken (case does not matter).

    Raises:
        ApiError: with Google's words.
    """
    if not title:
        raise bad_request("The sheet name cannot be empty.")
    if any(sheet is not own and sheet.title.lower() == title.lower() for sheet in book.sheets):
        raise bad_request(f'A sheet with the name "{title}" already exists. Please enter another name.')


def new_sheet(book: Book, properties: Mapping[str, Any]) -> Sheet:
    """Adds a tab from its SheetProperties.

    Raises:
        ApiError: id or title taken, or a bad size.
    """
    taken = {sheet.id for sheet in book.sheets}
    identity = ids.number(properties, "sheetId", taken, "A sheet")
    title = properties.get("title", "")
    if not title:
        number = len(book.sheets) + 1
        while any(sheet.title == f"Sheet{number}" for sheet in book.sheets):
            number += 1
        title = f"Sheet{number}"
    check_title(book, title)
    if properties.get("sheetType", "GRID") != "GRID":
        raise bad_request("the local server keeps GRID sheets only.")
    sheet = Sheet(identity, title)
    index = int(properties.get("index", len(book.sheets)))
    book.sheets.insert(min(max(index, 0), len(book.sheets)), sheet)
    _set(book, sheet, properties)
    return sheet


def _set(book: Book, sheet: Sheet, properties: Mapping[str, Any]) -> None:
    size = dict(properties.get("gridProperties", {}))
    rows, columns = int(size.pop("rowCount", sheet.rows)), int(size.pop("columnCount", sheet.columns))
    if rows < 1 or columns < 1:
        raise bad_request("Grid size must be at least one row and one column.")
    if int(size.get("frozenRowCount", 0)) >= rows:
        raise bad_request("You can't freeze all visible rows on the sheet.")
    sheet.rows, sheet.columns = rows, columns
    sheet.cells = {key: cell for key, cell in sheet.cells.items() if key[0] < rows and key[1] < columns}
    sheet.grid = {name: value for name, value in size.items() if value}
    aside = {"sheetId", "title", "index", "sheetType", "gridProperties"}
    sheet.properties = paired({name: value for name, value in properties.items() if name not in aside and value})
    if all(other.properties.get("hidden") for other in book.sheets):
        raise bad_request("You can't hide all the sheets in a document.")
    book.check_size()


def _add(book: Book, given: Mapping[str, Any]) -> Json:
    sheet = new_sheet(book, given.get("properties", {}))
    return {"addSheet": {"properties": sheet_properties(book, sheet)}}


def _delete(book: Book, given: Mapping[str, Any]) -> Json:
    sheet = book.tab(int(given.get("sheetId", 0)))
    if len(book.sheets) == 1:
        raise bad_request("You can't remove all the sheets in a document.")
    if all(other is sheet or other.properties.get("hidden") for other in book.sheets):
        raise bad_request("You can't remove all the visible sheets in a document.")
    book.sheets.remove(sheet)
    book.named = [item for item in book.named if int(item["range"].get("sheetId", 0)) != sheet.id]
    names = {item["namedRangeId"] for item in book.named}
    book.protected = [
        item
        for item in book.protected
        if (item["namedRangeId"] in names if "namedRangeId" in item else item["range"].get("sheetId", 0) != sheet.id)
    ]
    book.metadata = [
        item
        for item in book.metadata
        if sheet.id not in {item["location"].get("sheetId"), item["location"].get("dimensionRange", {}).get("sheetId")}
    ]
    return {}


def _update(book: Book, given: Mapping[str, Any]) -> Json:
    wanted = given.get("properties", {})
    text = given.get("fields", "")
    if not text:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = fields.parse(text)
    schema.check_mask("SheetProperties", mask, text)
    sheet = book.tab(int(wanted.get("sheetId", 0)))
    source = paired({**wanted, "sheetId": sheet.id})
    merged = fields.merge(sheet_properties(book, sheet), source, widened(mask))
    if merged.get("title", "") != sheet.title:
        title = str(merged.get("title", ""))
        check_title(book, title, sheet)
        for other in book.sheets:
            for key, cell in other.cells.items():
                if cell.formula:
                    other.cells[key] = replace(cell, formula=rename(cell.formula, sheet.title, title))
        sheet.title = title
    index = int(merged.get("index", 0))
    if index != book.index(sheet):
        # Google counts places before the tab is taken out.
        target = index - 1 if index > book.index(sheet) else index
        book.sheets.remove(sheet)
        book.sheets.insert(min(target, len(book.sheets)), sheet)
    _set(book, sheet, merged)
    return {}


def _update_book(book: Book, given: Mapping[str, Any]) -> Json:
    wanted = given.get("properties", {})
    text = given.get("fields", "")
    if not text:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = fields.parse(text)
    schema.check_mask("SpreadsheetProperties", mask, text)
    merged = fields.merge(spreadsheet_properties(book), wanted, mask)
    aside = {"title", "locale", "timeZone", "defaultFormat", "spreadsheetTheme"}
    book.settings = {name: value for name, value in merged.items() if name not in aside and name != "autoRecalc"}
    if merged.get("autoRecalc", "ON_CHANGE") != "ON_CHANGE":
        book.settings["autoRecalc"] = merged["autoRecalc"]
    book.title = str(wanted.get("title", book.title)) if fields.wants(mask, "title") else book.title
    if fields.wants(mask, "locale"):
        relocate(book, str(wanted.get("locale", book.locale)))
    book.time_zone = str(wanted.get("timeZone", book.time_zone)) if fields.wants(mask, "timeZone") else book.time_zone
    return {}


KINDS = {
    "addSheet": _add,
    "deleteSheet": _delete,
    "updateSheetProperties": _update,
    "updateSpreadsheetProperties": _update_book,
}
