"""Requests that put cells in another order or change their text: sort, shuffle, find and replace, tidy up."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from revalign_udf.localsheets.batch.ranges import area
from revalign_udf.localsheets.book import EMPTY, Book, Cell, Json, Rect, Sheet
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.references import copied
from revalign_udf.localsheets.values import Rendering, entered, rendered

__all__ = ["KINDS"]

Line = list[Cell]


def _lines(sheet: Sheet, rect: Rect) -> list[Line]:
    return [[sheet.cell(row, at) for at in range(rect.left, rect.right)] for row in range(rect.top, rect.bottom)]


def _reorder(sheet: Sheet, rect: Rect, lines: Sequence[Line], order: Sequence[int]) -> None:
    """Writes the lines in another order; a formula goes on referring to its own row."""
    for place, number in enumerate(order):
        for across, cell in enumerate(lines[number]):
            made = cell
            if cell.formula and place != number:
                made = replace(cell, formula=copied(cell.formula, place - number, 0))
            sheet.put(rect.top + place, rect.left + across, made)


def _rank(cell: Cell) -> tuple[int, float, str]:
    """Numbers, then text, then false and true, then errors; blanks are kept aside."""
    if cell.error:
        return 3, 0.0, cell.error
    if isinstance(cell.value, bool):
        return 2, float(cell.value), ""
    if isinstance(cell.value, int | float):
        return 0, float(cell.value), ""
    return 1, 0.0, str(cell.value).casefold()


def _blank(cell: Cell) -> bool:
    return not cell.error and (cell.value is None or cell.value == "")


def _sort(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    specs = given.get("sortSpecs", ())
    if not specs:
        raise bad_request("At least one sort spec must be specified.")
    lines = _lines(sheet, rect)
    order = list(range(len(lines)))
    for spec in reversed(specs):
        at = int(spec.get("dimensionIndex", 0)) - rect.left
        if not 0 <= at < rect.right - rect.left:
            raise bad_request(f"sortSpecs.dimensionIndex[{at + rect.left}] is not in the range.")
        falling = spec.get("sortOrder") == "DESCENDING"
        blanks = [number for number in order if _blank(lines[number][at])]
        filled = [number for number in order if not _blank(lines[number][at])]
        ranks = {number: _rank(lines[number][at]) for number in filled}
        # Stable both ways: reverse=True keeps equal rows in their order.
        order = sorted(filled, key=ranks.__getitem__, reverse=falling) + blanks
    _reorder(sheet, rect, lines, order)
    return {}


def _shuffle(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    lines = _lines(sheet, rect)
    order = list(range(len(lines)))
    random.shuffle(order)
    _reorder(sheet, rect, lines, order)
    return {}


# --- find and replace ------------------------------------------------------------------------------------------------


def _replacer(given: Mapping[str, Any]) -> Callable[[str], tuple[str, int]]:
    find, by = str(given.get("find", "")), str(given.get("replacement", ""))
    if not find:
        raise bad_request("Must specify the text to find.")
    flags = 0 if given.get("matchCase") else re.IGNORECASE
    if given.get("searchByRegex"):
        source, by = find, re.sub(r"\$(\d)", r"\\\1", by)
    else:
        source, by = re.escape(find), by.replace("\\", "\\\\")
    if given.get("matchEntireCell"):
        source = rf"\A(?:{source})\Z"
    try:
        pattern = re.compile(source, flags)
    except re.error as problem:
        raise bad_request(f"Invalid regular expression: {problem}") from None
    return lambda text: pattern.subn(by, text)


def _places(book: Book, given: Mapping[str, Any]) -> list[tuple[Sheet, Rect]]:
    if "range" in given:
        return [area(book, given["range"])]
    if given.get("allSheets"):
        return [(sheet, sheet.whole()) for sheet in book.sheets]
    if "sheetId" in given:
        sheet = book.sheet(int(given["sheetId"]))
        return [(sheet, sheet.whole())]
    raise bad_request("Must specify a range, a sheet or all sheets.")


def _replace(book: Book, given: Mapping[str, Any]) -> Json:
    change = _replacer(given)
    values = formulas = times = 0
    rows: set[tuple[int, int]] = set()
    for sheet, rect in _places(book, given):
        for (row, column), cell in list(sheet.cells.items()):
            if not rect.holds(row, column) or not cell.filled or (cell.formula and not given.get("includeFormulas")):
                continue
            text = cell.formula or str(rendered(cell, Rendering()))
            new, count = change(text)
            if not count:
                continue
            times += count
            formulas += bool(cell.formula)
            values += not cell.formula
            rows.add((sheet.id, row))
            sheet.put(row, column, entered(cell, new, "USER_ENTERED"))
    counts = {
        "valuesChanged": values,
        "formulasChanged": formulas,
        "rowsChanged": len(rows),
        "sheetsChanged": len({sheet for sheet, _ in rows}),
        "occurrencesChanged": times,
    }
    return {"findReplace": {name: count for name, count in counts.items() if count}}


# --- tidying up ------------------------------------------------------------------------------------------------------


def _trim(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    changed = 0
    for key, cell in list(sheet.cells.items()):
        if rect.holds(*key) and isinstance(cell.value, str) and not cell.formula:
            text = re.sub(r"[ \t\u00a0]+", " ", cell.value).strip()
            if text != cell.value:
                changed += 1
                sheet.put(*key, replace(cell, value=text or None, runs=()))
    return {"trimWhitespace": {"cellsChangedCount": changed} if changed else {}}


def _unique(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    columns = [
        at - rect.left
        for span in given.get("comparisonColumns", ())
        for at in range(int(span.get("startIndex", 0)), int(span.get("endIndex", sheet.columns)))
    ] or list(range(rect.right - rect.left))
    if any(not 0 <= at < rect.right - rect.left for at in columns):
        raise bad_request("The comparison columns must lie within the range.")
    lines = _lines(sheet, rect)
    seen: set[tuple[str, ...]] = set()
    kept: list[int] = []
    for number, line in enumerate(lines):
        key = tuple(str(rendered(line[at], Rendering("UNFORMATTED_VALUE"))).casefold() for at in columns)
        if key not in seen:
            seen.add(key)
            kept.append(number)
    removed = len(lines) - len(kept)
    blank = [EMPTY] * (rect.right - rect.left)
    _reorder(sheet, rect, [*lines, blank], kept + [len(lines)] * removed)
    return {"deleteDuplicates": {"duplicatesRemovedCount": removed} if removed else {}}


_DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "PERIOD": ".", "SPACE": " "}


def _split(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["source"])
    if rect.right - rect.left != 1:
        raise bad_request("The source must be exactly one column.")
    kind = given.get("delimiterType", "AUTODETECT")
    delimiter = str(given.get("delimiter", "")) if kind == "CUSTOM" else _DELIMITERS.get(kind, "")
    cells = {row: sheet.cell(row, rect.left) for row in range(rect.top, rect.bottom)}
    texts = {row: cell.value for row, cell in cells.items() if isinstance(cell.value, str) and not cell.formula}
    if not delimiter:
        counts = {sign: sum(text.count(sign) for text in texts.values()) for sign in (",", ";", "\t", "|", " ")}
        delimiter = max(counts, key=lambda sign: counts[sign])
    for row, text in texts.items():
        parts = text.split(delimiter)
        sheet.columns = max(sheet.columns, rect.left + len(parts))
        for across, part in enumerate(parts):
            key = (row, rect.left + across)
            sheet.put(*key, entered(sheet.cell(*key), part.strip(), "USER_ENTERED"))
    book.check_size()
    return {}


KINDS = {
    "sortRange": _sort,
    "randomizeRange": _shuffle,
    "findReplace": _replace,
    "trimWhitespace": _trim,
    "deleteDuplicates": _unique,
    "textToColumns": _split,
}
