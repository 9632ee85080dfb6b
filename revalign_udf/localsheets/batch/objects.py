"""Requests about named and protected ranges and charts."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import fields
from revalign_udf.localsheets.batch import ids
from revalign_udf.localsheets.batch.ranges import checked, masked
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.defaults import paired, widened
from revalign_udf.localsheets.problems import bad_request
from revalign_udf.localsheets.render import protected

__all__ = ["KINDS"]

_NAME = re.compile(r"^[^\W\d]\w{0,249}$")
_LIKE_A_CELL = re.compile(r"^([A-Za-z]{1,3}\d+|[Rr]\d+[Cc]\d+|true|false)$", re.IGNORECASE)


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
    named = {"namedRangeId": identity, "name": item["name"], "range": checked(book, item["range"])}
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
    mask = masked("NamedRange", given)
    merged = fields.merge(book.named[at], item, mask)
    merged["namedRangeId"] = book.named[at]["namedRangeId"]
    _check_name(book, str(merged.get("name", "")), merged["namedRangeId"])
    merged["range"] = checked(book, merged["range"])
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
    mask = masked("ProtectedRange", given)
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
    chart: Json = paired(copy.deepcopy(dict(given["chart"])))
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
            rect = book.rect(checked(book, source))
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
    spec = paired(copy.deepcopy(given["spec"]))
    _check_sources(book, spec)
    sheet.charts[at]["spec"] = spec
    return {}


def _move_object(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find_chart(book, int(given.get("objectId", 0)))
    chart = sheet.charts.pop(at)
    overlay = given["newPosition"].get("overlayPosition", {})
    mask = masked("OverlayPosition", given)
    chart["position"] = {"overlayPosition": fields.merge(chart["position"]["overlayPosition"], overlay, mask)}
    anchor = chart["position"]["overlayPosition"].setdefault("anchorCell", {"sheetId": sheet.id})
    book.sheet(int(anchor.get("sheetId", 0))).charts.append(chart)
    return {"updateEmbeddedObjectPosition": {"position": chart["position"]}}


def _delete_object(book: Book, given: Mapping[str, Any]) -> Json:
    identity = int(given["objectId"])
    for sheet in book.sheets:
        for items, name in ((sheet.charts, "chartId"), (sheet.slicers, "slicerId")):
            for at, item in enumerate(items):
                if item[name] == identity:
                    del items[at]
                    return {}
    raise bad_request(f"No embedded object with id: {identity}")


def _border(book: Book, given: Mapping[str, Any]) -> Json:
    sheet, at = _find_chart(book, int(given.get("objectId", 0)))
    mask = widened(masked("EmbeddedObjectBorder", given))
    chart = sheet.charts[at]
    chart["border"] = fields.merge(chart.get("border", {}), paired(given.get("border", {})), mask)
    return {}


# --- slicers ---------------------------------------------------------------------------------------------------------


def _add_slicer(book: Book, given: Mapping[str, Any]) -> Json:
    slicer: Json = paired(copy.deepcopy(dict(given["slicer"])))
    taken = {item["slicerId"] for sheet in book.sheets for item in sheet.slicers}
    slicer["slicerId"] = ids.number(slicer, "slicerId", taken, "A slicer")
    overlay = slicer.get("position", {}).get("overlayPosition")
    if overlay is None:
        raise bad_request("A slicer must lie over a sheet (overlayPosition).")
    sheet = book.sheet(int(overlay.setdefault("anchorCell", {}).setdefault("sheetId", 0)))
    slicer["spec"]["dataRange"] = checked(book, slicer["spec"]["dataRange"])
    sheet.slicers.append(slicer)
    return {"addSlicer": {"slicer": slicer}}


def _update_slicer(book: Book, given: Mapping[str, Any]) -> Json:
    mask = widened(masked("SlicerSpec", given))
    for sheet in book.sheets:
        for slicer in sheet.slicers:
            if slicer["slicerId"] == int(given.get("slicerId", 0)):
                slicer["spec"] = fields.merge(slicer["spec"], paired(given.get("spec", {})), mask)
                return {}
    raise bad_request(f"No slicer with id: {given.get('slicerId', 0)}")


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
    "updateEmbeddedObjectBorder": _border,
    "addSlicer": _add_slicer,
    "updateSlicerSpec": _update_slicer,
}
