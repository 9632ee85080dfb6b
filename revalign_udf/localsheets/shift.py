"""Rows and columns inserted, deleted, moved: cells, ranges, charts, metadata and formulas go with them.

A range grows when rows are inserted inside it, moves when they are inserted before or at its start, and stays when
they are inserted at its end. A range whose every row is deleted is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from revalign_udf.localsheets.book import Book, Cell, Json, Rect, Sheet
from revalign_udf.localsheets.formulas import rewrite
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.references import copied

__all__ = ["delete", "insert", "move"]


@dataclass(frozen=True, slots=True)
class _Change:
    """Where a line (a row or a column) goes, and where a span of lines goes; None when gone."""

    rows: bool
    line: Callable[[int], int | None]
    span: Callable[[int, int], tuple[int, int] | None]


def insert(book: Book, sheet: Sheet, *, rows: bool, at: int, count: int, inherit_before: bool) -> None:
    """Inserts empty lines; they take the format of the line before, or else of the line after.

    Raises:
        ApiError: off the grid.
    """
    size = sheet.rows if rows else sheet.columns
    if count <= 0 or not 0 <= at <= size:
        raise bad_request(f"range.startIndex[{at}] is not in grid of {size}")
    if inherit_before and at == 0:
        raise bad_request("inheritFromBefore cannot be true if inserting at the first row or column.")

    def span(start: int, end: int) -> tuple[int, int]:
        return (start + count if start >= at else start), (end + count if end > at else end)

    _apply(book, sheet, _Change(rows, lambda line: line + count if line >= at else line, span))
    if rows:
        sheet.rows += count
    else:
        sheet.columns += count
    book.check_size()
    _inherit(sheet, rows=rows, at=at, count=count, source=at - 1 if inherit_before else at + count)


def _inherit(sheet: Sheet, *, rows: bool, at: int, count: int, source: int) -> None:
    pattern = [
        (key[1] if rows else key[0], cell)
        for key, cell in sheet.cells.items()
        if (key[0] if rows else key[1]) == source and (cell.format or cell.validation)
    ]
    for across, cell in pattern:
        blank = Cell(format=cell.format, validation=cell.validation)
        for line in range(at, at + count):
            sheet.cells[(line, across) if rows else (across, line)] = blank


def delete(book: Book, sheet: Sheet, *, rows: bool, start: int, end: int) -> None:
    """Deletes lines with all they hold.

    Raises:
        ApiError: off the grid, or nothing would be left.
    """
    size = sheet.rows if rows else sheet.columns
    if not 0 <= start < end <= size:
        raise bad_request(f"Cannot delete {'rows' if rows else 'columns'} {start} to {end} of a grid of {size}")
    if end - start == size:
        raise bad_request(f"You can't delete all the {'rows' if rows else 'columns'} on the sheet.")
    count = end - start

    def line(at: int) -> int | None:
        if start <= at < end:
            return None
        return at - count if at >= end else at

    def span(first: int, last: int) -> tuple[int, int] | None:
        new = (
            first - min(max(first - start, 0), count),
            last - min(max(last - start, 0), count),
        )
        return new if new[1] > new[0] else None

    _apply(book, sheet, _Change(rows, line, span))
    if rows:
        sheet.rows -= count
    else:
        sheet.columns -= count


def move(book: Book, sheet: Sheet, *, rows: bool, start: int, end: int, destination: int) -> None:
    """Moves lines; ``destination`` counts before they are taken out.

    Raises:
        ApiError: off the grid, or into itself.
    """
    size = sheet.rows if rows else sheet.columns
    if not 0 <= start < end <= size or not 0 <= destination <= size:
        raise bad_request(f"Cannot move lines {start} to {end} of a grid of {size}")
    if start < destination < end:
        raise bad_request("The destination index must not be within the source range.")
    count = end - start
    target = destination if destination <= start else destination - count

    def line(at: int) -> int:
        if start <= at < end:
            return at - start + target
        without = at - count if at >= end else at
        return without + count if without >= target else without

    def span(first: int, last: int) -> tuple[int, int]:
        if start <= first and last <= end:
            return first - start + target, last - start + target
        first -= min(max(first - start, 0), count)
        last -= min(max(last - start, 0), count)
        return (first + count if first >= target else first), (last + count if last > target else last)

    _apply(book, sheet, _Change(rows, line, span))


def _apply(book: Book, sheet: Sheet, change: _Change) -> None:
    def at(key: tuple[int, int]) -> tuple[int, int] | None:
        line = change.line(key[0] if change.rows else key[1])
        if line is None:
            return None
        return (line, key[1]) if change.rows else (key[0], line)

    sheet.cells = {new: cell for key, cell in sheet.cells.items() if (new := at(key)) is not None}
    kept = sheet.row_properties if change.rows else sheet.column_properties
    moved = {place: value for line, value in kept.items() if (place := change.line(line)) is not None}
    if change.rows:
        sheet.row_properties = moved
    else:
        sheet.column_properties = moved
    _ranges(book, sheet, change)
    _formulas(book, sheet, change)


def _grid_range(range_: Json, sheet: Sheet, change: _Change) -> Json | None:
    """The new GridRange; None when it is gone. Open sides stay open."""
    if int(range_.get("sheetId", 0)) != sheet.id:
        return range_
    low, high = ("startRowIndex", "endRowIndex") if change.rows else ("startColumnIndex", "endColumnIndex")
    if low not in range_ and high not in range_:
        return range_
    size = sheet.rows if change.rows else sheet.columns
    new = change.span(int(range_.get(low, 0)), int(range_.get(high, size)))
    if new is None:
        return None
    moved = dict(range_)
    if low in range_:
        moved[low] = new[0]
    if high in range_:
        moved[high] = new[1]
    return moved


def _ranges(book: Book, sheet: Sheet, change: _Change) -> None:
    def keep(items: list[Json]) -> list[Json]:
        kept: list[Json] = []
        for item in items:
            if "range" not in item:
                kept.append(item)
            elif (new := _grid_range(item["range"], sheet, change)) is not None:
                kept.append({**item, "range": new})
        return kept

    book.named = keep(book.named)
    names = {item["namedRangeId"] for item in book.named}
    book.protected = [
        item for item in keep(book.protected) if "namedRangeId" not in item or item["namedRangeId"] in names
    ]
    sheet.bandings = keep(sheet.bandings)
    sheet.filter_views = keep(sheet.filter_views)
    sheet.basic_filter = next(iter(keep([sheet.basic_filter])), None) if sheet.basic_filter else None
    groups = [_group(item, change) for item in (sheet.row_groups if change.rows else sheet.column_groups)]
    kept = [item for item in groups if item is not None]
    if change.rows:
        sheet.row_groups = kept
    else:
        sheet.column_groups = kept
    sheet.merges = [new for item in sheet.merges if (new := _grid_range(item, sheet, change)) is not None]
    sheet.conditional_formats = [
        made for rule in sheet.conditional_formats if (made := _rule(rule, sheet, change)) is not None
    ]
    book.metadata = [new for item in book.metadata if (new := _metadata(item, sheet, change)) is not None]
    for other in book.sheets:
        other.charts = [_chart(chart, sheet, change) for chart in other.charts]


def _rule(rule: Json, sheet: Sheet, change: _Change) -> Json | None:
    """A conditional format where its cells are now. Its formula is meant for the first cell of its first range."""
    ranges = [new for item in rule.get("ranges", ()) if (new := _grid_range(item, sheet, change)) is not None]
    if not ranges:
        return None
    condition = rule.get("booleanRule", {}).get("condition", {})
    if condition.get("type") != "CUSTOM_FORMULA":
        return {**rule, "ranges": ranges}
    name = "startRowIndex" if change.rows else "startColumnIndex"
    by = int(ranges[0].get(name, 0)) - int(rule["ranges"][0].get(name, 0))
    down, across = (by, 0) if change.rows else (0, by)
    values = [
        {**value, "userEnteredValue": copied(str(value.get("userEnteredValue", "")), down, across)}
        for value in condition.get("values", ())
    ]
    made = {**rule["booleanRule"], "condition": {**condition, "values": values}}
    return {**rule, "ranges": ranges, "booleanRule": made}


def _group(item: Json, change: _Change) -> Json | None:
    new = change.span(int(item["range"]["startIndex"]), int(item["range"]["endIndex"]))
    return None if new is None else {**item, "range": {**item["range"], "startIndex": new[0], "endIndex": new[1]}}


def _metadata(item: Json, sheet: Sheet, change: _Change) -> Json | None:
    span = item["location"].get("dimensionRange")
    dimension = "ROWS" if change.rows else "COLUMNS"
    if span is None or span.get("sheetId", 0) != sheet.id or span["dimension"] != dimension:
        return item
    new = change.span(int(span["startIndex"]), int(span["endIndex"]))
    if new is None:
        return None
    location = {**item["location"], "dimensionRange": {**span, "startIndex": new[0], "endIndex": new[1]}}
    return {**item, "location": location}


def _chart(chart: Json, sheet: Sheet, change: _Change) -> Json:
    anchor = chart.get("position", {}).get("overlayPosition", {}).get("anchorCell")
    if anchor is not None and int(anchor.get("sheetId", 0)) == sheet.id:
        name = "rowIndex" if change.rows else "columnIndex"
        line = int(anchor.get(name, 0))
        new = change.line(line)
        while new is None and line > 0:  # its line was deleted: the chart slides to the one before
            line -= 1
            new = change.line(line)
        anchor[name] = new or 0
    _sources(chart.get("spec"), sheet, change)
    return chart


def _sources(node: Any, sheet: Sheet, change: _Change) -> None:
    if isinstance(node, list):
        for item in node:
            _sources(item, sheet, change)
    elif isinstance(node, dict):
        sources = node.get("sources")
        if isinstance(sources, list):
            moved = [_grid_range(item, sheet, change) for item in sources]
            node["sources"] = [item for item in moved if item is not None]
        for item in node.values():
            _sources(item, sheet, change)


def _formulas(book: Book, sheet: Sheet, change: _Change) -> None:
    def where(top: int, left: int, bottom: int, right: int) -> Rect | None:
        new = change.span(top, bottom) if change.rows else change.span(left, right)
        if new is None:
            return None
        return (
            Rect(sheet.id, new[0], left, new[1], right) if change.rows else Rect(sheet.id, top, new[0], bottom, new[1])
        )

    for other in book.sheets:
        for key, cell in other.cells.items():
            if cell.formula:
                formula = rewrite(cell.formula, other.title, sheet.title, where)
                if formula != cell.formula:
                    other.cells[key] = replace(cell, formula=formula)
