"""Requests about alternating colours, conditional formats and merged cells."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import fields
from revalign_udf.localsheets.batch import ids
from revalign_udf.localsheets.batch.ranges import area, checked, masked
from revalign_udf.localsheets.book import Book, Json, Rect, Sheet
from revalign_udf.localsheets.defaults import paired, widened
from revalign_udf.localsheets.problems import bad_request

__all__ = ["KINDS"]


def _find_banding(book: Book, identity: int) -> tuple[Sheet, int]:
    for sheet in book.sheets:
        for at, item in enumerate(sheet.bandings):
            if item["bandedRangeId"] == identity:
                return sheet, at
    raise bad_request(f"No banded range with id: {identity}")


def _check_banding(book: Book, rect: Rect, own: int | None = None) -> None:
    for item in book.sheet(rect.sheet).bandings:
        if item["bandedRangeId"] != own and book.rect(item["range"]).meets(rect):
            raise bad_request("You cannot add alternating background colors to a range that already has them.")


def _add_banding(book: Book, given: Mapping[str, Any]) -> Json:
    item: Json = paired(copy.deepcopy(dict(given["bandedRange"])))
    taken = {banding["bandedRangeId"] for sheet in book.sheets for banding in sheet.bandings}
    item["bandedRangeId"] = ids.number(item, "bandedRangeId", taken, "A banded range")
    item["range"] = checked(book, item["range"])
    if "rowProperties" not in item and "columnProperties" not in item:
        raise bad_request("At least one of rowProperties or columnProperties must be specified.")
    rect = book.rect(item["range"])
    _check_banding(book, rect)
    book.sheet(rect.sheet).bandings.append(item)
    return {"addBanding": {"bandedRange": item}}


def _update_banding(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["bandedRange"]
    sheet, at = _find_banding(book, int(item.get("bandedRangeId", 0)))
    merged = fields.merge(sheet.bandings[at], paired(item), widened(masked("BandedRange", given)))
    merged["range"] = checked(book, merged["range"])
    _check_banding(book, book.rect(merged["range"]), merged["bandedRangeId"])
    sheet.bandings[at] = merged
    return {}


def _delete_banding(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find_banding(book, int(given["bandedRangeId"]))
    del sheet.bandings[at]
    return {}


def _rule(book: Book, given: Mapping[str, Any]) -> Json:
    made: Json = paired(copy.deepcopy(dict(given)))
    # Unlike elsewhere, an empty range is accepted here.
    made["ranges"] = [
        {"sheetId": book.sheet(int(item.get("sheetId", 0))).id, **item} for item in made.get("ranges", ())
    ]
    if not made["ranges"]:
        raise bad_request("ConditionalFormatRule.ranges is required.")
    if len({item["sheetId"] for item in made["ranges"]}) != 1:
        raise bad_request("All ranges of a conditional format rule must be on the same sheet.")
    if ("booleanRule" in made) == ("gradientRule" in made):
        raise bad_request("Exactly one of booleanRule and gradientRule must be set.")
    return made


def _add_rule(book: Book, given: Mapping[str, Any]) -> Json:
    rule = _rule(book, given["rule"])
    rules = book.sheet(int(rule["ranges"][0]["sheetId"])).conditional_formats
    index = int(given.get("index", 0))
    if not 0 <= index <= len(rules):
        raise bad_request(f"No conditional format on sheet at index: {index}")
    rules.insert(index, rule)
    return {}


def _delete_rule(book: Book, given: Mapping[str, Any]) -> Json:
    rules = book.sheet(int(given.get("sheetId", 0))).conditional_formats
    index = int(given.get("index", 0))
    if index >= len(rules):
        raise bad_request(f"No conditional format on sheet at index: {index}")
    return {"deleteConditionalFormatRule": {"rule": rules.pop(index)}}


def _update_rule(book: Book, given: Mapping[str, Any]) -> Json:
    index = int(given.get("index", 0))
    wanted = given.get("rule")
    ranges = wanted.get("ranges", ()) if wanted else ()
    number = int(ranges[0].get("sheetId", 0)) if ranges else int(given.get("sheetId", 0))
    rules = book.sheet(number).conditional_formats
    if not 0 <= index < len(rules):
        raise bad_request(f"No conditional format on sheet at index: {index}")
    old = rules[index]
    answer: Json = {"oldRule": old}
    if wanted is not None:
        rules[index] = _rule(book, wanted)
        answer |= {"newRule": rules[index], "newIndex": index}
    else:
        target = int(given.get("newIndex", 0))
        rules.insert(min(target, len(rules)), rules.pop(index))
        answer |= {"newRule": old, "newIndex": target, "oldIndex": index}
    return {"updateConditionalFormatRule": {name: value for name, value in answer.items() if value != 0}}


def _merge(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    for item in sheet.merges:
        if _cut(book.rect(item), rect):
            raise bad_request("You must select all cells in a merged range to merge or unmerge them.")
    kind = given.get("mergeType", "MERGE_ALL")
    if kind == "MERGE_ALL":
        parts = [rect]
    elif kind == "MERGE_ROWS":
        parts = [Rect(rect.sheet, row, rect.left, row + 1, rect.right) for row in range(rect.top, rect.bottom)]
    elif kind == "MERGE_COLUMNS":
        parts = [Rect(rect.sheet, rect.top, at, rect.bottom, at + 1) for at in range(rect.left, rect.right)]
    else:
        raise bad_request(f"Unknown merge type: {kind}")
    sheet.merges = [item for item in sheet.merges if not book.rect(item).meets(rect)]
    for part in parts:
        if part.bottom - part.top == 1 and part.right - part.left == 1:
            continue
        for key in part.cells():
            if key != (part.top, part.left) and key in sheet.cells:
                sheet.put(*key, sheet.cells[key].without_value())
        sheet.merges.append(part.grid_range())
    return {}


def _cut(merged: Rect, rect: Rect) -> bool:
    """Whether a rectangle holds some cells of merged ones, but not all of them."""
    whole = (
        rect.top <= merged.top
        and merged.bottom <= rect.bottom
        and rect.left <= merged.left
        and merged.right <= rect.right
    )
    return merged.meets(rect) and not whole


def _unmerge(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, rect = area(book, given["range"])
    if any(_cut(book.rect(item), rect) for item in sheet.merges):
        raise bad_request("You must select all cells in a merged range to merge or unmerge them.")
    sheet.merges = [item for item in sheet.merges if not book.rect(item).meets(rect)]
    return {}


KINDS = {
    "addBanding": _add_banding,
    "updateBanding": _update_banding,
    "deleteBanding": _delete_banding,
    "addConditionalFormatRule": _add_rule,
    "updateConditionalFormatRule": _update_rule,
    "deleteConditionalFormatRule": _delete_rule,
    "mergeCells": _merge,
    "unmergeCells": _unmerge,
}
