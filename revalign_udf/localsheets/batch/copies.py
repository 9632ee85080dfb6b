"""A tab copied within its spreadsheet or into another one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import a1
from revalign_udf.localsheets.batch import ids
from revalign_udf.localsheets.batch.tabs import check_title
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.render import sheet_properties
from revalign_udf.localsheets.wire import wire

__all__ = ["KINDS", "copy_to"]


def _free_title(book: Book, title: str) -> str:
    taken = {sheet.title.lower() for sheet in book.sheets}
    wanted, number = f"Copy of {title}", 0
    while wanted.lower() in taken:
        number += 1
        wanted = f"Copy of {title} {number}"
    return wanted


def _pointed(node: Any, old: int, new: int) -> Any:
    """Ranges and anchors that named one tab now name another."""
    if isinstance(node, list):
        return [_pointed(item, old, new) for item in node]
    if isinstance(node, Mapping):
        made = {name: _pointed(value, old, new) for name, value in node.items()}
        spans = {"startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"}
        spans |= {"dimension", "rowIndex", "columnIndex"}
        if (spans | {"sheetId"}) & set(made) and int(made.get("sheetId", 0)) == old:
            made["sheetId"] = new
        return made
    return node


def _renumber(items: list[Json], name: str, taken: set[int]) -> list[Json]:
    for item in items:
        item[name] = ids.number({}, name, taken, "")
        taken.add(item[name])
    return items


def _numbers(book: Book, part: str, name: str) -> set[int]:
    return {int(item[name]) for sheet in book.sheets for item in getattr(sheet, part)}


def _copied(source: Book, sheet: Sheet, target: Book, identity: int, title: str) -> Sheet:
    """The copy, with everything that stands on the tab under new ids; not yet among the target's tabs."""
    made = sheet.clone()
    made.id, made.title = identity, title
    made.properties.pop("hidden", None)
    old = sheet.id
    made.charts = _renumber(_pointed(made.charts, old, identity), "chartId", _numbers(target, "charts", "chartId"))
    made.bandings = _renumber(
        _pointed(made.bandings, old, identity), "bandedRangeId", _numbers(target, "bandings", "bandedRangeId")
    )
    made.filter_views = _renumber(
        _pointed(made.filter_views, old, identity), "filterViewId", _numbers(target, "filter_views", "filterViewId")
    )
    made.slicers = _renumber(_pointed(made.slicers, old, identity), "slicerId", _numbers(target, "slicers", "slicerId"))
    made.merges = _pointed(made.merges, old, identity)
    made.conditional_formats = _pointed(made.conditional_formats, old, identity)
    made.basic_filter = _pointed(made.basic_filter, old, identity)
    made.row_groups = _pointed(made.row_groups, old, identity)
    made.column_groups = _pointed(made.column_groups, old, identity)
    _names(source, sheet, target, made)
    guards = [item for item in source.protected if "range" in item and int(item["range"].get("sheetId", 0)) == old]
    taken = {int(item["protectedRangeId"]) for item in target.protected}
    target.protected += _renumber(_pointed(copy.deepcopy(guards), old, identity), "protectedRangeId", taken)
    marks = [item for item in source.metadata if old in _tab_of(item)]
    taken = {int(item["metadataId"]) for item in target.metadata}
    target.metadata += _renumber(_pointed(copy.deepcopy(marks), old, identity), "metadataId", taken)
    return made


def _tab_of(mark: Json) -> set[Any]:
    location = mark["location"]
    span = location.get("dimensionRange")
    return {location.get("sheetId"), int(span.get("sheetId", 0)) if span else None} - {None}


def _names(source: Book, sheet: Sheet, target: Book, made: Sheet) -> None:
    """Named ranges of the tab come along as names of the new tab only."""
    taken = {item["namedRangeId"] for item in target.named}
    for item in [item for item in source.named if int(item["range"].get("sheetId", 0)) == sheet.id]:
        name = str(item["name"]).rpartition("!")[2]
        identity = ids.text({}, "namedRangeId", taken, "")
        taken.add(identity)
        scoped = f"{a1.quote(made.title)}!{name}"
        range_ = _pointed(copy.deepcopy(item["range"]), sheet.id, made.id)
        target.named.append({"namedRangeId": identity, "name": scoped, "range": {**range_, "sheetId": made.id}})


def _duplicate(book: Book, given: Mapping[str, Any]) -> Json:
    sheet = book.tab(int(given.get("sourceSheetId", 0)))
    identity = ids.number(given, "newSheetId", {item.id for item in book.sheets}, "A sheet")
    title = str(given.get("newSheetName", "")) or _free_title(book, sheet.title)
    check_title(book, title)
    made = _copied(book, sheet, book, identity, title)
    at = int(given.get("insertSheetIndex", 0))
    if not 0 <= at <= len(book.sheets):
        raise bad_request(f"Invalid insertSheetIndex: {at}")
    book.sheets.insert(at, made)
    book.check_size()
    return {"duplicateSheet": {"properties": sheet_properties(book, made)}}


def copy_to(source: Book, number: int, target: Book) -> Json:
    """SheetProperties of a tab copied to the end of another spreadsheet, or of its own.

    Raises:
        ApiError: no such tab, or the target gets too big.
    """
    sheet = source.tab(number)
    identity = ids.number({}, "sheetId", {item.id for item in target.sheets}, "A sheet")
    made = _copied(source, sheet, target, identity, _free_title(target, sheet.title))
    target.sheets.append(made)
    target.check_size()
    properties: Json = wire(sheet_properties(target, made))
    return properties


KINDS = {"duplicateSheet": _duplicate}
