"""Requests that change part of the grid: cells inserted or deleted with a shift, borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from revalign_udf.localsheets.batch.ranges import area
from revalign_udf.localsheets.book import EMPTY, Book, Cell, Json, Rect, Sheet
from revalign_udf.localsheets.defaults import bordered
from revalign_udf.localsheets.formulas import rewrite
from revalign_udf.localsheets.problems import bad_request

__all__ = ["KINDS"]


def _band(sheet: Sheet, rect: Rect, dimension: str) -> tuple[Rect, int, int]:
    """What moves, and how far down or across one insertion moves it."""
    if dimension == "ROWS":
        return Rect(sheet.id, rect.top, rect.left, sheet.rows, rect.right), rect.bottom - rect.top, 0
    if dimension == "COLUMNS":
        return Rect(sheet.id, rect.top, rect.left, rect.bottom, sheet.columns), 0, rect.right - rect.left
    raise bad_request("shiftDimension must be ROWS or COLUMNS.")


def _crosses_merge(book: Book, sheet: Sheet, band: Rect) -> bool:
    for item in sheet.merges:
        merged = book.rect(item)
        inside = (
            band.top <= merged.top
            and merged.bottom <= band.bottom
            and band.left <= merged.left
            and merged.right <= band.right
        )
        if merged.meets(band) and not inside:
            return True
    return False


def _insert(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    band, down, across = _band(sheet, rect, str(given.get("shiftDimension", "")))
    if _crosses_merge(book, sheet, band):
        raise bad_request("You must select all cells in a merged range to move them.")
    moving = {key: sheet.cells.pop(key) for key in list(sheet.cells) if band.holds(*key)}
    filled = [key for key, cell in moving.items() if cell.filled]
    sheet.rows = max(sheet.rows, max((row + down + 1 for row, _ in filled), default=0))
    sheet.columns = max(sheet.columns, max((column + across + 1 for _, column in filled), default=0))
    book.check_size()
    for (row, column), cell in moving.items():
        if row + down < sheet.rows and column + across < sheet.columns:
            sheet.put(row + down, column + across, cell)
    _follow(book, sheet, band, down, across)
    return {}


def _delete(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    band, down, across = _band(sheet, rect, str(given.get("shiftDimension", "")))
    if _crosses_merge(book, sheet, band):
        raise bad_request("You must select all cells in a merged range to move them.")
    moving = {key: sheet.cells.pop(key) for key in list(sheet.cells) if band.holds(*key)}
    for (row, column), cell in moving.items():
        if not rect.holds(row, column):
            sheet.put(row - down, column - across, cell)
    rest = Rect(sheet.id, rect.top + down, rect.left + across, band.bottom, band.right)
    _follow(book, sheet, rest, -down, -across, gone=rect)
    return {}


def _follow(book: Book, sheet: Sheet, band: Rect, down: int, across: int, gone: Rect | None = None) -> None:
    """Merged cells and references that lie wholly in what moved go along; to what is gone they break."""

    def within(rect: Rect, outer: Rect) -> bool:
        return (
            outer.top <= rect.top
            and rect.bottom <= outer.bottom
            and outer.left <= rect.left
            and rect.right <= outer.right
        )

    def where(top: int, left: int, bottom: int, right: int) -> Rect | None:
        rect = Rect(sheet.id, top, left, bottom, right)
        if gone is not None and within(rect, gone):
            return None
        if within(rect, band):
            return Rect(sheet.id, top + down, left + across, bottom + down, right + across)
        return rect

    for other in book.sheets:
        for key, cell in other.cells.items():
            if cell.formula:
                formula = rewrite(cell.formula, other.title, sheet.title, where)
                if formula != cell.formula:
                    other.cells[key] = replace(cell, formula=formula)
    kept: list[Json] = []
    for item in sheet.merges:
        rect = book.rect(item)
        moved = where(rect.top, rect.left, rect.bottom, rect.right)
        if moved is not None:
            kept.append(moved.grid_range())
    sheet.merges = kept


# --- borders ---------------------------------------------------------------------------------------------------------


def _border(cell: Cell, side: str, given: Mapping[str, Any]) -> Cell:
    borders = {name: value for name, value in cell.format.get("borders", {}).items() if name != side}
    if given.get("style", "NONE") not in {"NONE", "STYLE_UNSPECIFIED"}:
        borders[side] = bordered(given)
    kept = {name: value for name, value in cell.format.items() if name != "borders"}
    return replace(cell, format={**kept, "borders": borders} if borders else kept)


def _borders(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    for row, column in rect.cells():
        cell = sheet.cells.get((row, column), EMPTY)
        sides = {
            "top": given.get("top" if row == rect.top else "innerHorizontal"),
            "bottom": given.get("bottom" if row == rect.bottom - 1 else "innerHorizontal"),
            "left": given.get("left" if column == rect.left else "innerVertical"),
            "right": given.get("right" if column == rect.right - 1 else "innerVertical"),
        }
        for side, wanted in sides.items():
            if wanted is not None:
                cell = _border(cell, side, wanted)
        sheet.put(row, column, cell)
    return {}


KINDS = {"insertRange": _insert, "deleteRange": _delete, "updateBorders": _borders}
