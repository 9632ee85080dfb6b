"""Groups of rows or columns that fold. Each line has a depth; the groups are the runs of each depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import fields, schema
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.problems import bad_request

__all__ = ["KINDS"]

_DEEPEST = 8


def _span(book: Book, given: Mapping[str, Any]) -> tuple[Sheet, bool, int, int]:
    sheet = book.sheet(int(given.get("sheetId", 0)))
    if given.get("dimension") not in {"ROWS", "COLUMNS"}:
        raise bad_request("No dimension specified.")
    rows = given["dimension"] == "ROWS"
    size = sheet.rows if rows else sheet.columns
    start, end = int(given.get("startIndex", 0)), int(given.get("endIndex", size))
    if not 0 <= start < end <= size:
        raise bad_request(f"range.endIndex[{end}] is not in grid of {size}")
    return sheet, rows, start, end


def _groups(sheet: Sheet, *, rows: bool) -> list[Json]:
    return sheet.row_groups if rows else sheet.column_groups


def _depths(groups: list[Json]) -> dict[int, int]:
    depths: dict[int, int] = {}
    for group in groups:
        for line in range(int(group["range"]["startIndex"]), int(group["range"]["endIndex"])):
            depths[line] = max(depths.get(line, 0), int(group["depth"]))
    return depths


def _keep(sheet: Sheet, depths: dict[int, int], *, rows: bool) -> list[Json]:
    """The groups that follow from the depths; one that is still there stays folded."""
    folded = {
        (item["range"]["startIndex"], item["range"]["endIndex"], item["depth"])
        for item in _groups(sheet, rows=rows)
        if item.get("collapsed")
    }
    made: list[Json] = []
    for depth in range(1, max(depths.values(), default=0) + 1):
        lines = sorted(line for line, own in depths.items() if own >= depth)
        start = None
        for line in lines:
            start = line if start is None else start
            if line + 1 in depths and depths[line + 1] >= depth:
                continue
            span = {"sheetId": sheet.id, "dimension": "ROWS" if rows else "COLUMNS"}
            group: Json = {"range": {**span, "startIndex": start, "endIndex": line + 1}, "depth": depth}
            if (start, line + 1, depth) in folded:
                group["collapsed"] = True
            made.append(group)
            start = None
    if rows:
        sheet.row_groups = made
    else:
        sheet.column_groups = made
    return made


def _add(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rows, start, end = _span(book, given["range"])
    depths = _depths(_groups(sheet, rows=rows))
    for line in range(start, end):
        depths[line] = depths.get(line, 0) + 1
    if max(depths.values()) > _DEEPEST:
        raise bad_request(f"Cannot add a group deeper than {_DEEPEST}.")
    sheet.grid["rowGroupControlAfter" if rows else "columnGroupControlAfter"] = True
    return {"addDimensionGroup": {"dimensionGroups": _keep(sheet, depths, rows=rows)}}


def _delete(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rows, start, end = _span(book, given["range"])
    depths = _depths(_groups(sheet, rows=rows))
    if not any(depths.get(line) for line in range(start, end)):
        raise bad_request("There is no group in the specified range.")
    for line in range(start, end):
        depths[line] = max(depths.get(line, 0) - 1, 0)
    left = _keep(sheet, {line: depth for line, depth in depths.items() if depth}, rows=rows)
    return {"deleteDimensionGroup": {"dimensionGroups": left} if left else {}}


def _update(book: Book, given: Mapping[str, Any]) -> Json:
    wanted = given["dimensionGroup"]
    text = str(given.get("fields", ""))
    mask = fields.parse(text) if text else {}
    if not mask:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    schema.check_mask("DimensionGroup", mask, text)
    sheet, rows, start, end = _span(book, wanted["range"])
    for group in _groups(sheet, rows=rows):
        place = (group["range"]["startIndex"], group["range"]["endIndex"], group["depth"])
        if place == (start, end, int(wanted.get("depth", 0))):
            if wanted.get("collapsed"):
                group["collapsed"] = True
            else:
                group.pop("collapsed", None)
            kept = sheet.row_properties if rows else sheet.column_properties
            for line in range(start, end):
                _hide(kept, line, hidden=bool(wanted.get("collapsed")))
            return {}
    raise bad_request("There is no group with this range and depth.")


def _hide(kept: dict[int, Json], line: int, *, hidden: bool) -> None:
    properties = {name: value for name, value in kept.get(line, {}).items() if name != "hiddenByUser"}
    kept[line] = {**properties, "hiddenByUser": True} if hidden else properties


KINDS = {"addDimensionGroup": _add, "deleteDimensionGroup": _delete, "updateDimensionGroup": _update}
