"""Developer metadata: marks on a spreadsheet, a tab, a row or a column that only programs see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import a1, fields, schema
from revalign_udf.localsheets.batch import ids
from revalign_udf.localsheets.book import Book, Json, Rect
from revalign_udf.localsheets.problems import bad_request

__all__ = ["KINDS", "matching", "search"]

MAX_CHARACTERS = 30_000


def _location(book: Book, given: Mapping[str, Any]) -> Json:
    if len([name for name in ("spreadsheet", "sheetId", "dimensionRange") if name in given]) != 1:
        raise bad_request("Exactly one location must be set.")
    if "spreadsheet" in given:
        return {"locationType": "SPREADSHEET", "spreadsheet": True}
    if "sheetId" in given:
        return {"locationType": "SHEET", "sheetId": book.sheet(int(given["sheetId"])).id}
    span = given["dimensionRange"]
    sheet = book.sheet(int(span.get("sheetId", 0)))
    start, end = int(span.get("startIndex", 0)), int(span.get("endIndex", 0))
    if end != start + 1:
        raise bad_request("Developer metadata on a dimension must span exactly one row or column.")
    dimension = span.get("dimension", "ROWS")
    if end > (sheet.rows if dimension == "ROWS" else sheet.columns):
        raise bad_request("The dimension range lies outside the grid.")
    return {
        "locationType": "ROW" if dimension == "ROWS" else "COLUMN",
        "dimensionRange": {"sheetId": sheet.id, "dimension": dimension, "startIndex": start, "endIndex": end},
    }


def _check_size(book: Book) -> None:
    sizes: dict[object, int] = {}
    for item in book.metadata:
        place = item["location"].get("sheetId", item["location"].get("dimensionRange", {}).get("sheetId", "book"))
        sizes[place] = sizes.get(place, 0) + len(item["metadataKey"]) + len(item.get("metadataValue", ""))
    if any(size > MAX_CHARACTERS for size in sizes.values()):
        raise bad_request("Developer metadata exceeds the limit of 30000 characters.")


def _create(book: Book, given: Mapping[str, Any]) -> Json:
    item = given["developerMetadata"]
    if not item.get("metadataKey"):
        raise bad_request("Developer metadata must have a key.")
    if item.get("visibility") not in {"DOCUMENT", "PROJECT"}:
        raise bad_request("Developer metadata must have a visibility.")
    taken = {mark["metadataId"] for mark in book.metadata}
    identity = ids.number(item, "metadataId", taken, "Developer metadata")
    made: Json = {"metadataId": identity, "metadataKey": item["metadataKey"]}
    if "metadataValue" in item:
        made["metadataValue"] = item["metadataValue"]
    made["location"] = _location(book, item.get("location", {}))
    made["visibility"] = item["visibility"]
    book.metadata.append(made)
    _check_size(book)
    return {"createDeveloperMetadata": {"developerMetadata": made}}


def _matches(item: Json, lookup: Mapping[str, Any]) -> bool:
    for name in ("metadataId", "metadataKey", "metadataValue", "visibility"):
        if name in lookup and item.get(name) != lookup[name]:
            return False
    location = item["location"]
    if "locationType" in lookup and location["locationType"] != lookup["locationType"]:
        return False
    where = lookup.get("metadataLocation")
    if not where:
        return True
    if lookup.get("locationMatchingStrategy") == "INTERSECTING_LOCATION" and "sheetId" in where:
        return where["sheetId"] in {location.get("sheetId"), location.get("dimensionRange", {}).get("sheetId")}
    return all(location.get(name) == value for name, value in where.items())


def matching(book: Book, data_filter: Mapping[str, Any]) -> list[Json]:
    """The developer metadata a filter names.

    Raises:
        ApiError: not exactly one way of naming it, or no such range.
    """
    if len(data_filter) != 1:
        raise bad_request("Exactly one of developerMetadataLookup, a1Range and gridRange must be set.")
    if "developerMetadataLookup" in data_filter:
        return [item for item in book.metadata if _matches(item, data_filter["developerMetadataLookup"])]
    text = data_filter.get("a1Range")
    rect = a1.parse(book, str(text)) if text is not None else book.rect(data_filter["gridRange"])
    return [item for item in book.metadata if _stands_in(book, item["location"], rect)]


def _stands_in(book: Book, location: Json, rect: Rect) -> bool:
    """Whether metadata stands on the whole tab of a rectangle, or on a row or column that meets it."""
    if "sheetId" in location:
        return location["sheetId"] == rect.sheet and rect == book.sheet(rect.sheet).whole()
    span = location.get("dimensionRange")
    if span is None or int(span.get("sheetId", 0)) != rect.sheet:
        return False
    start = int(span["startIndex"])
    return rect.top <= start < rect.bottom if span["dimension"] == "ROWS" else rect.left <= start < rect.right


def search(book: Book, body: Mapping[str, Any]) -> Json:
    """SearchDeveloperMetadataResponse.

    Raises:
        ApiError: no filter, or one the server does not know.
    """
    filters = body.get("dataFilters", ())
    if not filters:
        raise bad_request("Must specify at least one dataFilter.")
    matched: dict[int, Json] = {}
    for data_filter in filters:
        for item in matching(book, data_filter):
            entry = matched.setdefault(item["metadataId"], {"developerMetadata": item, "dataFilters": []})
            entry["dataFilters"].append(data_filter)
    return {"matchedDeveloperMetadata": list(matched.values())} if matched else {}


def _update(book: Book, given: Mapping[str, Any]) -> Json:
    text = str(given.get("fields", ""))
    if not text:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = fields.parse(text)
    schema.check_mask("DeveloperMetadata", mask, text)
    changed: list[Json] = []
    for data_filter in given.get("dataFilters", ()):
        for item in matching(book, data_filter):
            merged = fields.merge(item, given["developerMetadata"], mask)
            merged["metadataId"] = item["metadataId"]
            if fields.wants(mask, "location"):
                merged["location"] = _location(book, merged.get("location", {}))
            book.metadata[book.metadata.index(item)] = merged
            changed.append(merged)
    _check_size(book)
    return {"updateDeveloperMetadata": {"developerMetadata": changed}}


def _delete(book: Book, given: Mapping[str, Any]) -> Json:
    found = matching(book, given["dataFilter"])
    book.metadata = [item for item in book.metadata if item not in found]
    return {"deleteDeveloperMetadata": {"deletedDeveloperMetadata": found}}


KINDS = {
    "createDeveloperMetadata": _create,
    "updateDeveloperMetadata": _update,
    "deleteDeveloperMetadata": _delete,
}
