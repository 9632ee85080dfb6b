"""Requests about named and protected ranges, charts, banding, conditional formats and merged cells."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import a1, fields, schema
from revalign_udf.localsheets.batch import ids
from revalign_udf.localsheets.book import Book, Json, Rect, Sheet
from revalign_udf.localsheets.problems import ApiError, bad_request
from revalign_udf.localsheets.render import protected

__all__ = ["KINDS"]

_NAME = re.compile(r"^[^\W\d]\w{0,249}$")
_LIKE_A_CELL = re.compile(r"^([A-Za-z]{1,3}\d+|[Rr]\d+[Cc]\d+|true|false)$", re.IGNORECASE)


def _range(book: Book, given: Mapping[str, Any]) -> Json:
    """The range as given, refused when it does not lie on the grid."""
    rect = book.rect(given)
    sheet = book.sheet(rect.sheet)
    if rect.bottom > sheet.rows or rect.right > sheet.columns:
        raise a1.exceeds(book, rect)
    return {"sheetId": sheet.id, **given}


def _masked(name: str, given: Mapping[str, Any]) -> fields.Mask:
    text = str(given.get("fields", ""))
    if not text:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = fields.parse(text)
    schema.check_mask(name, mask, text)
    return mask


# --- named ranges ----------------------------------------------------------------------------------------------------


def _check_name(book: Book, name: str, own: str = "") -> None:
    if not _NAME.match(name) or _LIKE_A_CELL.match(name):
        raise bad_request(f"'{name}' is not a valid name for a named range.")
    found = book.named_range(name)
    if found is not None and found["namedRangeId"] != own:
        raise bad_request(f"A named range with the name '{name}' already exists.")


def _add_named(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["namedRange"]
    identity = ids.text(item, "namedRangeId", {named["namedRangeId"] for named in book.named}, "A named range")
    _check_name(book, str(item.get("name", "")))
    named = {"namedRangeId": identity, "name": item["name"], "range": _range(book, item["range"])}
    book.named.append(named)
    return {"addNamedRange": {"namedRange": named}}


def _find_named(book: Book, identity: str) -> int:
    for at, item in enumerate(book.named):
        if item["namedRangeId"] == identity:
            return at
    raise bad_request(f"No named range with id: {identity}")


def _update_named(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["namedRange"]
    at = _find_named(book, str(item.get("namedRangeId", "")))
    mask = _masked("NamedRange", given)
    merged = fields.merge(book.named[at], item, mask)
    merged["namedRangeId"] = book.named[at]["namedRangeId"]
    _check_name(book, str(merged.get("name", "")), merged["namedRangeId"])
    merged["range"] = _range(book, merged["range"])
    book.named[at] = merged
    return {}


def _delete_named(book: Book, given: Mapping[str, Any]) -> Json:
    identity = str(given["namedRangeId"])
    del book.named[_find_named(book, identity)]
    book.protected = [item for item in book.protected if item.get("namedRangeId") != identity]
    return {}


# --- protected ranges ------------------------------------------------------------------------------------------------


def _guard(book: Book, item: Mapping[str, Any]) -> Json:
    if ("range" in item) == ("namedRangeId" in item):
        raise bad_request("Exactly one of range and namedRangeId must be set.")
    made = {name: value for name, value in item.items() if name != "requestingUserCanEdit"}
    if "range" in made:
        made["range"] = {"sheetId": book.sheet(int(made["range"].get("sheetId", 0))).id, **made["range"]}
    else:
        _find_named(book, made["namedRangeId"])
    if made.get("warningOnly") and "editors" in made:
        raise bad_request("Editors cannot be set on a warning-only protected range.")
    return made


def _add_protected(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["protectedRange"]
    taken = {guard["protectedRangeId"] for guard in book.protected}
    identity = ids.number(item, "protectedRangeId", taken, "A protected range")
    made = {**_guard(book, item), "protectedRangeId": identity}
    if not made.get("warningOnly"):
        made.setdefault("requestingUserCanEdit", True)
    book.protected.append(made)
    return {"addProtectedRange": {"protectedRange": protected(book, made)}}


def _find_protected(book: Book, identity: int) -> int:
    for at, item in enumerate(book.protected):
        if item["protectedRangeId"] == identity:
            return at
    raise bad_request(f"No protected range with ID: {identity}.")


def _update_protected(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["protectedRange"]
    at = _find_protected(book, int(item.get("protectedRangeId", 0)))
    mask = _masked("ProtectedRange", given)
    merged = fields.merge(book.protected[at], item, mask)
    if "range" in mask and "range" in merged:
        merged.pop("namedRangeId", None)
    book.protected[at] = {**_guard(book, merged), "protectedRangeId": book.protected[at]["protectedRangeId"]}
    return {}


def _delete_protected(book: Book, given: Mapping[str, Any]) -> Json:
    del book.protected[_find_protected(book, int(given["protectedRangeId"]))]
    return {}


# --- charts ----------------------------------------------------------------------------------------------------------


def _add_chart(book: Book, given: Mapping[str, Any]) -> Json:
    chart = copy.deepcopy(dict(given["chart"]))
    taken = {item["chartId"] for sheet in book.sheets for item in sheet.charts}
    chart["chartId"] = ids.number(chart, "chartId", taken, "A chart")
    overlay = chart.get("position", {}).get("overlayPosition")
    if overlay is None:
        raise bad_request("the local server keeps charts that lie over a sheet (overlayPosition) only.")
    if not any(name.endswith("Chart") for name in chart.get("spec", {})):
        raise bad_request("A chart specification must be provided.")
    anchor = overlay.setdefault("anchorCell", {})
    sheet = book.sheet(int(anchor.setdefault("sheetId", 0)))
    if int(anchor.get("rowIndex", 0)) >= sheet.rows or int(anchor.get("columnIndex", 0)) >= sheet.columns:
        raise bad_request("The anchor cell of the chart lies outside the grid.")
    overlay.setdefault("widthPixels", 600)
    overlay.setdefault("heightPixels", 371)
    _check_sources(book, chart["spec"])
    sheet.charts.append(chart)
    return {"addChart": {"chart": chart}}


def _check_sources(book: Book, node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _check_sources(book, item)
    elif isinstance(node, dict):
        for source in node.get("sources", ()):
            rect = book.rect(_range(book, source))
            if rect.bottom - rect.top > 1 and rect.right - rect.left > 1:
                raise bad_request("Each source must be one row or one column.")
        for item in node.values():
            _check_sources(book, item)


def _find_chart(book: Book, identity: int) -> tuple[Sheet, int]:
    for sheet in book.sheets:
        for at, chart in enumerate(sheet.charts):
            if chart["chartId"] == identity:
                return sheet, at
    raise bad_request(f"No chart with id: {identity}")


def _update_chart(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find_chart(book, int(given.get("chartId", 0)))
    spec = copy.deepcopy(given["spec"])
    _check_sources(book, spec)
    sheet.charts[at]["spec"] = spec
    return {}


def _move_object(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find_chart(book, int(given.get("objectId", 0)))
    chart = sheet.charts.pop(at)
    overlay = given["newPosition"].get("overlayPosition", {})
    mask = _masked("OverlayPosition", given)
    chart["position"] = {"overlayPosition": fields.merge(chart["position"]["overlayPosition"], overlay, mask)}
    anchor = chart["position"]["overlayPosition"].setdefault("anchorCell", {"sheetId": sheet.id})
    book.sheet(int(anchor.get("sheetId", 0))).charts.append(chart)
    return {"updateEmbeddedObjectPosition": {"position": chart["position"]}}


def _delete_object(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find_chart(book, int(given["objectId"]))
    del sheet.charts[at]
    return {}


# --- banding, conditional formats, merged cells ----------------------------------------------------------------------


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
    item = copy.deepcopy(dict(given["bandedRange"]))
    taken = {banding["bandedRangeId"] for sheet in book.sheets for banding in sheet.bandings}
    item["bandedRangeId"] = ids.number(item, "bandedRangeId", taken, "A banded range")
    item["range"] = _range(book, item["range"])
    if "rowProperties" not in item and "columnProperties" not in item:
        raise bad_request("At least one of rowProperties or columnProperties must be specified.")
    rect = book.rect(item["range"])
    _check_banding(book, rect)
    book.sheet(rect.sheet).bandings.append(item)
    return {"addBanding": {"bandedRange": item}}


def _update_banding(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["bandedRange"]
    sheet, at = _find_banding(book, int(item.get("bandedRangeId", 0)))
    merged = fields.merge(sheet.bandings[at], item, _masked("BandedRange", given))
    merged["range"] = _range(book, merged["range"])
    _check_banding(book, book.rect(merged["range"]), merged["bandedRangeId"])
    sheet.bandings[at] = merged
    return {}


def _delete_banding(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find_banding(book, int(given["bandedRangeId"]))
    del sheet.bandings[at]
    return {}


def _add_rule(book: Book, given: Mapping[str, Any]) -> Json:
    rule = copy.deepcopy(given["rule"])
    ranges = [_range(book, item) for item in rule.get("ranges", ())]
    if not ranges or len({item["sheetId"] for item in ranges}) != 1:
        raise bad_request("A rule needs ranges of one sheet.")
    rules = book.sheet(int(ranges[0]["sheetId"])).conditional_formats
    rules.insert(int(given.get("index", 0)), {**rule, "ranges": ranges})
    return {}


def _delete_rule(book: Book, given: Mapping[str, Any]) -> Json:
    rules = book.sheet(int(given.get("sheetId", 0))).conditional_formats
    index = int(given.get("index", 0))
    if index >= len(rules):
        raise bad_request(f"No conditional format on sheet at index: {index}")
    return {"deleteConditionalFormatRule": {"rule": rules.pop(index)}}


def _merge(book: Book, given: Mapping[str, Any]) -> Json:
    rect = book.rect(_range(book, given["range"]))
    sheet = book.sheet(rect.sheet)
    if any(book.rect(item).meets(rect) for item in sheet.merges):
        raise ApiError(400, "You must select all cells in a merged range to merge or unmerge them.")
    kind = given.get("mergeType", "MERGE_ALL")
    if kind == "MERGE_ALL":
        parts = [rect]
    elif kind == "MERGE_ROWS":
        parts = [Rect(rect.sheet, row, rect.left, row + 1, rect.right) for row in range(rect.top, rect.bottom)]
    else:
        parts = [Rect(rect.sheet, rect.top, at, rect.bottom, at + 1) for at in range(rect.left, rect.right)]
    for part in parts:
        for key in part.cells():
            if key != (part.top, part.left) and key in sheet.cells:
                sheet.put(*key, sheet.cells[key].without_value())
        sheet.merges.append(part.grid_range())
    return {}


def _unmerge(book: Book, given: Mapping[str, Any]) -> Json:
    rect = book.rect(given["range"])
    sheet = book.sheet(rect.sheet)
    sheet.merges = [item for item in sheet.merges if not book.rect(item).meets(rect)]
    return {}


KINDS = {
    "addNamedRange": _add_named,
    "updateNamedRange": _update_named,
    "deleteNamedRange": _delete_named,
    "addProtectedRange": _add_protected,
    "updateProtectedRange": _update_protected,
    "deleteProtectedRange": _delete_protected,
    "addChart": _add_chart,
    "updateChartSpec": _update_chart,
    "updateEmbeddedObjectPosition": _move_object,
    "deleteEmbeddedObject": _delete_object,
    "addBanding": _add_banding,
    "updateBanding": _update_banding,
    "deleteBanding": _delete_banding,
    "addConditionalFormatRule": _add_rule,
    "deleteConditionalFormatRule": _delete_rule,
    "mergeCells": _merge,
    "unmergeCells": _unmerge,
}
