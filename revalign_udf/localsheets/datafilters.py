"""DataFilter: a part of a spreadsheet named by range, grid range or developer metadata; and the methods that use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import a1, values
from revalign_udf.localsheets.batch.metadata import matching
from revalign_udf.localsheets.book import Book, Json, Rect
from revalign_udf.localsheets.problems import bad_request

__all__ = ["clear", "read", "rects", "update"]


def rects(book: Book, data_filter: Mapping[str, Any]) -> list[Rect]:
    """The rectangles a filter names.

    Raises:
        ApiError: no such range, or not exactly one way of naming it.
    """
    if len(data_filter) != 1:
        raise bad_request("Exactly one of developerMetadataLookup, a1Range and gridRange must be set.")
    if "a1Range" in data_filter:
        return [a1.parse(book, str(data_filter["a1Range"]))]
    if "gridRange" in data_filter:
        return [book.rect(data_filter["gridRange"])]
    found: list[Rect] = []
    for item in matching(book, data_filter):
        location = item["location"]
        if "sheetId" in location:
            found.append(book.sheet(int(location["sheetId"])).whole())
        elif "dimensionRange" in location:
            span = location["dimensionRange"]
            sheet = book.sheet(int(span.get("sheetId", 0)))
            start, end = int(span["startIndex"]), int(span["endIndex"])
            if span["dimension"] == "ROWS":
                found.append(Rect(sheet.id, start, 0, end, sheet.columns))
            else:
                found.append(Rect(sheet.id, 0, start, sheet.rows, end))
        else:
            found += [sheet.whole() for sheet in book.sheets]
    return found


def read(book: Book, body: Mapping[str, Any]) -> list[Json]:
    """MatchedValueRange of ``values:batchGetByDataFilter``; a range two filters name comes once.

    Raises:
        ApiError: no filter, or one that names nothing.
    """
    how = values.Rendering.of(body)
    matched: dict[Rect, list[Any]] = {}
    for data_filter in body.get("dataFilters", ()):
        for rect in rects(book, data_filter):
            matched.setdefault(rect, []).append(data_filter)
    return [{"valueRange": values.read(book, rect, how), "dataFilters": given} for rect, given in matched.items()]


def update(book: Book, body: Mapping[str, Any]) -> list[tuple[Json, Rect]]:
    """UpdateValuesByDataFilterResponse, with the rectangle written, of ``values:batchUpdateByDataFilter``.

    Raises:
        ApiError: a filter that names nothing, or values that do not fit.
    """
    made: list[tuple[Json, Rect]] = []
    for number, item in enumerate(body.get("data", ())):
        places = rects(book, item.get("dataFilter", {}))
        if not places:
            raise bad_request(f"Invalid data[{number}]: no part of the spreadsheet matches the data filter.")
        for rect in places:
            given = {name: value for name, value in item.items() if name in {"values", "majorDimension"}}
            answer, written = values.update(book, a1.write(book, rect), given, body.get("valueInputOption"))
            answer.pop("spreadsheetId")
            made.append(({**answer, "dataFilter": item["dataFilter"]}, written))
    return made


def clear(book: Book, body: Mapping[str, Any]) -> list[str]:
    """The ranges ``values:batchClearByDataFilter`` emptied.

    Raises:
        ApiError: a filter that is none.
    """
    found = [rect for item in body.get("dataFilters", ()) for rect in rects(book, item)]
    return [values.clear(book, a1.write(book, rect)) for rect in found]
