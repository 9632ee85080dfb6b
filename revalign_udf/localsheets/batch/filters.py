"""The filter of a tab, and filter views. They are kept and handed back; no row is hidden by them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import fields
from revalign_udf.localsheets.batch import ids
from revalign_udf.localsheets.batch.ranges import checked, masked
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.defaults import paired
from revalign_udf.localsheets.problems import bad_request

__all__ = ["KINDS"]


def _filter(book: Book, given: Mapping[str, Any]) -> tuple[Sheet, Json]:
    """The filter with its range closed at the grid."""
    made: Json = paired(copy.deepcopy(dict(given)))
    if "range" not in made and "namedRangeId" in made:
        named = next((item for item in book.named if item["namedRangeId"] == made["namedRangeId"]), None)
        if named is None:
            raise bad_request(f"No named range with id: {made['namedRangeId']}")
        made["range"] = named["range"]
    if "range" not in made:
        raise bad_request("No range specified.")
    rect = book.rect(checked(book, made["range"]))
    made["range"] = rect.grid_range()
    return book.sheet(rect.sheet), made


def _set(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, made = _filter(book, given["filter"])
    sheet.basic_filter = made
    return {}


def _clear(book: Book, given: Mapping[str, Any]) -> Json:
    book.sheet(int(given.get("sheetId", 0))).basic_filter = None
    return {}


def _taken(book: Book) -> set[int]:
    return {int(item["filterViewId"]) for sheet in book.sheets for item in sheet.filter_views}


def _add(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["filter"]
    identity = ids.number(item, "filterViewId", _taken(book), "A filter view")
    sheet, made = _filter(book, item)
    title = made.get("title") or f"Filter {len(sheet.filter_views) + 1}"
    made = {**made, "filterViewId": identity, "title": title}
    sheet.filter_views.append(made)
    return {"addFilterView": {"filter": made}}


def _find(book: Book, identity: int) -> tuple[Sheet, int]:
    for sheet in book.sheets:
        for at, item in enumerate(sheet.filter_views):
            if item["filterViewId"] == identity:
                return sheet, at
    raise bad_request(f"No filter view with id: {identity}")


def _update(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["filter"]
    sheet, at = _find(book, int(item.get("filterViewId", 0)))
    mask = masked("FilterView", given)
    merged = fields.merge(sheet.filter_views[at], item, mask)
    merged["filterViewId"] = sheet.filter_views[at]["filterViewId"]
    target, made = _filter(book, merged)
    if target is not sheet:
        raise bad_request("A filter view cannot move to another sheet.")
    sheet.filter_views[at] = made
    return {}


def _duplicate(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find(book, int(given.get("filterId", 0)))
    made = copy.deepcopy(sheet.filter_views[at])
    made["filterViewId"] = ids.number({}, "filterViewId", _taken(book), "A filter view")
    made["title"] = f"Copy of {made['title']}"
    sheet.filter_views.append(made)
    return {"duplicateFilterView": {"filter": made}}


def _delete(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find(book, int(given.get("filterId", 0)))
    del sheet.filter_views[at]
    return {}


KINDS = {
    "setBasicFilter": _set,
    "clearBasicFilter": _clear,
    "addFilterView": _add,
    "updateFilterView": _update,
    "duplicateFilterView": _duplicate,
    "deleteFilterView": _delete,
}
