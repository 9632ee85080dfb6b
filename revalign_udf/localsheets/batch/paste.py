"""Requests that copy, cut, paste and fill."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from revalign_udf.localsheets.batch.ranges import area, on_grid
from revalign_udf.localsheets.book import EMPTY, Book, Cell, Json, Rect, Sheet
from revalign_udf.localsheets.formulas import rewrite
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.references import copied
from revalign_udf.localsheets.values import entered

__all__ = ["KINDS", "pasted"]

_KNOWN = {
    "PASTE_NORMAL",
    "PASTE_VALUES",
    "PASTE_FORMAT",
    "PASTE_NO_BORDERS",
    "PASTE_FORMULA",
    "PASTE_DATA_VALIDATION",
    "PASTE_CONDITIONAL_FORMATTING",
}


def pasted(kind: str, source: Cell, target: Cell, down: int, across: int) -> Cell:
    """The target cell after a paste.

    Args:
        kind: a PasteType.
        source: what was copied.
        target: what was there.
        down: rows between them; relative references move as far.
        across: columns between them.
    """
    formula = copied(source.formula, down, across) if source.formula else ""
    if kind == "PASTE_NORMAL":
        return replace(source, formula=formula)
    if kind == "PASTE_NO_BORDERS":
        kept = {name: value for name, value in source.format.items() if name != "borders"}
        if "borders" in target.format:
            kept["borders"] = target.format["borders"]
        return replace(source, formula=formula, format=kept)
    if kind == "PASTE_VALUES":
        value = source.error or source.value
        return replace(target, value=value, formula="", error="", runs=())
    if kind == "PASTE_FORMULA":
        return replace(target, value=source.value, formula=formula, error="", runs=())
    if kind == "PASTE_FORMAT":
        return replace(target, format=source.format)
    if kind == "PASTE_DATA_VALIDATION":
        return replace(target, validation=source.validation)
    return target


def _type(given: Mapping[str, Any], name: str = "pasteType") -> str:
    kind = str(given.get(name, "PASTE_NORMAL"))
    if kind not in _KNOWN:
        raise bad_request(f"the local server does not speak {kind}.")
    return kind


def _copy(book: Book, given: Mapping[str, Any]) -> Json:
    kind = _type(given)
    origin, source = area(book, given["source"])
    target_sheet, asked = area(book, given["destination"])
    turned = given.get("pasteOrientation", "NORMAL") == "TRANSPOSE"
    height, width = source.bottom - source.top, source.right - source.left
    if turned:
        height, width = width, height
    # A destination that holds the source several times is filled; any other gets it once, whole.
    times_down = max((asked.bottom - asked.top) // height, 1) if (asked.bottom - asked.top) % height == 0 else 1
    times_across = max((asked.right - asked.left) // width, 1) if (asked.right - asked.left) % width == 0 else 1
    target = Rect(
        asked.sheet, asked.top, asked.left, asked.top + times_down * height, asked.left + times_across * width
    )
    on_grid(book, target_sheet, target)
    read = {key: origin.cell(*key) for key in source.cells()}
    for row, column in target.cells():
        down, across = (row - target.top) % height, (column - target.left) % width
        key = (source.top + across, source.left + down) if turned else (source.top + down, source.left + across)
        made = pasted(kind, read[key], target_sheet.cell(row, column), row - key[0], column - key[1])
        target_sheet.put(row, column, made)
    if kind == "PASTE_NORMAL" and not turned:
        _copy_merges(book, origin, source, target_sheet, target)
    if kind in {"PASTE_NORMAL", "PASTE_FORMAT", "PASTE_CONDITIONAL_FORMATTING"} and not turned:
        _copy_rules(book, origin, source, target)
    return {}


def _copy_merges(book: Book, origin: Sheet, source: Rect, target_sheet: Sheet, target: Rect) -> None:
    found = [rect for rect in (book.rect(item) for item in origin.merges) if _inside(rect, source)]
    if not found:
        return
    target_sheet.merges = [item for item in target_sheet.merges if not book.rect(item).meets(target)]
    for top in range(target.top, target.bottom, source.bottom - source.top):
        for left in range(target.left, target.right, source.right - source.left):
            down, across = top - source.top, left - source.left
            target_sheet.merges += [_moved(rect, target.sheet, down, across).grid_range() for rect in found]


def _copy_rules(book: Book, origin: Sheet, source: Rect, target: Rect) -> None:
    """Conditional formats that cover the whole source now cover the target as well, on the same tab."""
    if origin.id != target.sheet:
        return
    for rule in origin.conditional_formats:
        rects = [book.rect(item) for item in rule["ranges"]]
        if any(_inside(source, rect) for rect in rects) and not any(_inside(target, rect) for rect in rects):
            rule["ranges"].append(target.grid_range())


def _inside(rect: Rect, outer: Rect) -> bool:
    return (
        rect.sheet == outer.sheet
        and outer.top <= rect.top
        and rect.bottom <= outer.bottom
        and outer.left <= rect.left
        and rect.right <= outer.right
    )


def _moved(rect: Rect, sheet: int, down: int, across: int) -> Rect:
    return Rect(sheet, rect.top + down, rect.left + across, rect.bottom + down, rect.right + across)


def _cut(book: Book, given: Mapping[str, Any]) -> Json:
    kind = _type(given)
    origin, source = area(book, given["source"])
    corner = given["destination"]
    target_sheet = book.sheet(int(corner.get("sheetId", 0)))
    down = int(corner.get("rowIndex", 0)) - source.top
    across = int(corner.get("columnIndex", 0)) - source.left
    target = _moved(source, target_sheet.id, down, across)
    on_grid(book, target_sheet, target)
    read = {key: origin.cell(*key) for key in source.cells()}
    for key, cell in read.items():
        origin.put(*key, _left_behind(kind, cell))
    for (row, column), cell in read.items():
        there = target_sheet.cell(row + down, column + across)
        # What is cut keeps its references: it is the same cell in another place.
        target_sheet.put(row + down, column + across, pasted(kind, cell, there, 0, 0))
    if kind in {"PASTE_NORMAL", "PASTE_VALUES", "PASTE_FORMULA"}:
        _follow(book, origin, source, target_sheet, down, across)
    return {}


def _left_behind(kind: str, cell: Cell) -> Cell:
    if kind == "PASTE_NORMAL":
        return EMPTY
    if kind in {"PASTE_VALUES", "PASTE_FORMULA"}:
        return cell.without_value()
    if kind == "PASTE_FORMAT":
        return replace(cell, format={})
    if kind == "PASTE_DATA_VALIDATION":
        return replace(cell, validation=None)
    if kind == "PASTE_NO_BORDERS":
        return replace(EMPTY, format={"borders": cell.format["borders"]}) if "borders" in cell.format else EMPTY
    return cell


def _follow(book: Book, origin: Sheet, source: Rect, target: Sheet, down: int, across: int) -> None:
    """Formulas and merged cells go along with what was cut (within one tab)."""
    if origin is not target:
        return

    def where(top: int, left: int, bottom: int, right: int) -> Rect | None:
        rect = Rect(origin.id, top, left, bottom, right)
        return _moved(rect, origin.id, down, across) if _inside(rect, source) else rect

    for sheet in book.sheets:
        for key, cell in sheet.cells.items():
            if cell.formula:
                formula = rewrite(cell.formula, sheet.title, origin.title, where)
                if formula != cell.formula:
                    sheet.cells[key] = replace(cell, formula=formula)
    origin.merges = [
        _moved(rect, origin.id, down, across).grid_range() if _inside(rect, source) else item
        for item, rect in ((item, book.rect(item)) for item in origin.merges)
    ]


def _paste(book: Book, given: Mapping[str, Any]) -> Json:
    if given.get("html"):
        raise bad_request("the local server pastes delimited text only, no HTML.")
    kind = _type(given, "type")
    corner = given["coordinate"]
    sheet = book.sheet(int(corner.get("sheetId", 0)))
    top, left = int(corner.get("rowIndex", 0)), int(corner.get("columnIndex", 0))
    delimiter = str(given.get("delimiter") or "\t")
    rows = list(csv.reader(io.StringIO(str(given.get("data", ""))), delimiter=delimiter))
    sheet.rows = max(sheet.rows, top + len(rows))
    sheet.columns = max(sheet.columns, left + max((len(row) for row in rows), default=0))
    book.check_size()
    for down, row in enumerate(rows):
        for across, text in enumerate(row):
            key = (top + down, left + across)
            if kind in {"PASTE_NORMAL", "PASTE_VALUES", "PASTE_NO_BORDERS", "PASTE_FORMULA"}:
                sheet.put(*key, entered(sheet.cell(*key), text, "USER_ENTERED"))
    return {}


def _fill(book: Book, given: Mapping[str, Any]) -> Json:
    if "sourceAndDestination" in given:
        wanted = given["sourceAndDestination"]
        sheet, source = area(book, wanted["source"])
        rows, length = wanted.get("dimension", "ROWS") == "ROWS", int(wanted.get("fillLength", 0))
    elif "range" in given:
        sheet, source, rows, length = _detected(book, given["range"])
    else:
        raise bad_request("Must specify either range or sourceAndDestination.")
    if rows:
        target = Rect(sheet.id, source.top + min(length, 0), source.left, source.bottom + max(length, 0), source.right)
    else:
        target = Rect(sheet.id, source.top, source.left + min(length, 0), source.bottom, source.right + max(length, 0))
    if target.top < 0 or target.left < 0:
        raise bad_request("The fill would go off the grid.")
    on_grid(book, sheet, target)
    plain = bool(given.get("useAlternateSeries"))
    lines = range(source.left, source.right) if rows else range(source.top, source.bottom)
    for line in lines:
        _fill_line(sheet, source, target, line, rows=rows, series=not plain)
    return {}


def _detected(book: Book, given: Mapping[str, Any]) -> tuple[Sheet, Rect, bool, int]:
    """The filled part at the start of a range is continued over the rest of it."""
    sheet, rect = area(book, given)
    filled = [key for key, cell in sheet.cells.items() if cell.filled and rect.holds(*key)]
    if not filled:
        raise bad_request("There is nothing to fill from.")
    bottom, right = max(row for row, _ in filled) + 1, max(column for _, column in filled) + 1
    if bottom < rect.bottom:
        return sheet, Rect(sheet.id, rect.top, rect.left, bottom, rect.right), True, rect.bottom - bottom
    return sheet, Rect(sheet.id, rect.top, rect.left, rect.bottom, right), False, rect.right - right


def _fill_line(sheet: Sheet, source: Rect, target: Rect, line: int, *, rows: bool, series: bool) -> None:
    def key(at: int) -> tuple[int, int]:
        return (at, line) if rows else (line, at)

    first, last = (source.top, source.bottom) if rows else (source.left, source.right)
    start, end = (target.top, target.bottom) if rows else (target.left, target.right)
    cells = [sheet.cell(*key(at)) for at in range(first, last)]
    step = _step(cells) if series else None
    for at in [*range(start, first), *range(last, end)]:
        index = (at - first) % len(cells)
        cell = cells[index]
        distance = at - (first + index)
        made = pasted("PASTE_NORMAL", cell, EMPTY, distance if rows else 0, 0 if rows else distance)
        if step is not None:
            origin = cells[0].value
            made = replace(made, value=(float(origin) if isinstance(origin, int | float) else 0) + step * (at - first))
        sheet.put(*key(at), replace(made, note=""))


def _step(cells: list[Cell]) -> float | None:
    """The step of a series of plain numbers; one number alone, or anything else, is repeated."""
    values = [cell.value for cell in cells]
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != len(cells) or len(cells) < 2 or any(cell.formula for cell in cells):
        return None
    steps = {round(after - before, 9) for before, after in itertools.pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else None


KINDS = {"copyPaste": _copy, "cutPaste": _cut, "pasteData": _paste, "autoFill": _fill}
