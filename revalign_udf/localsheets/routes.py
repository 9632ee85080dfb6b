"""Which handler answers which path; each changes a copy of the state and hands back the reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from revalign_udf.localsheets import a1, datafilters, drive, fields, guards, render, schema, values
from revalign_udf.localsheets.batch import apply as apply_batch
from revalign_udf.localsheets.batch.copies import copy_to
from revalign_udf.localsheets.batch.metadata import search
from revalign_udf.localsheets.batch.tabs import new_sheet
from revalign_udf.localsheets.book import Book, Json, Rect
from revalign_udf.localsheets.formats import SPOKEN
from revalign_udf.localsheets.formulas import recalculate
from revalign_udf.localsheets.library import Asked, Library, Raw, need, open_book, save
from revalign_udf.localsheets.problems import ApiError, bad_request
from revalign_udf.localsheets.wire import wire

__all__ = ["Asked", "Library", "Raw", "answer"]

_SHEETS_READ = frozenset({"spreadsheets", "spreadsheets.readonly", "drive", "drive.readonly", "drive.file"})
_SHEETS_WRITE = frozenset({"spreadsheets", "drive", "drive.file"})
#: Where the body of a method stands in its request: Google names it in its errors.
_PLACES = {"ValueRange": "data", "Spreadsheet": "spreadsheet", "CopySheetToAnotherSpreadsheetRequest": "request"}


def _body(asked: Asked, name: str) -> dict[str, Any]:
    body = {} if asked.body is None else asked.body
    if not isinstance(body, dict):
        raise bad_request("Invalid JSON payload received. Root element must be a message.")
    checked: dict[str, Any] = schema.check_request(name, body, _PLACES.get(name, ""))
    return checked


# --- spreadsheets ----------------------------------------------------------------------------------------------------


def _create(library: Library, asked: Asked) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    body = _body(asked, "Spreadsheet")
    properties = body.get("properties", {})
    book = library.create(properties.get("title", "Untitled spreadsheet"), {asked.caller: "owner"})
    book.locale = properties.get("locale", book.locale)
    SPOKEN.set(book.locale)
    book.time_zone = properties.get("timeZone", book.time_zone)
    if body.get("sheets"):
        book.sheets.clear()
        for sheet in body["sheets"]:
            given = sheet.get("properties", {})
            new_sheet(book, {"title": f"Sheet{len(book.sheets) + 1}", **given})
    book.settings = {
        name: value
        for name, value in properties.items()
        if name in {"autoRecalc", "iterativeCalculationSettings", "importFunctionsExternalUrlAccessAllowed"}
    }
    _fill(book, body)
    recalculate(book)
    return render.spreadsheet(book), "Spreadsheet"


def _fill(book: Book, body: Mapping[str, Any]) -> None:
    """What else a new spreadsheet is given: cells, named ranges, and what stands on its tabs."""
    requests: list[Json] = [{"addNamedRange": {"namedRange": item}} for item in body.get("namedRanges", ())]
    for sheet, given in zip(book.sheets, body.get("sheets", ()), strict=False):
        for data in given.get("data", ()):
            start = {
                "sheetId": sheet.id,
                "rowIndex": data.get("startRow", 0),
                "columnIndex": data.get("startColumn", 0),
            }
            rows = data.get("rowData", [])
            sheet.rows = max(sheet.rows, start["rowIndex"] + len(rows))
            requests.append({"updateCells": {"start": start, "rows": rows, "fields": "*"}})
        requests += [{"mergeCells": {"range": {"sheetId": sheet.id, **item}}} for item in given.get("merges", ())]
        for part, kind, name in (
            ("charts", "addChart", "chart"),
            ("bandedRanges", "addBanding", "bandedRange"),
            ("protectedRanges", "addProtectedRange", "protectedRange"),
            ("filterViews", "addFilterView", "filter"),
            ("conditionalFormats", "addConditionalFormatRule", "rule"),
        ):
            requests += [{kind: {name: item}} for item in given.get(part, ())]
        if "basicFilter" in given:
            requests.append({"setBasicFilter": {"filter": given["basicFilter"]}})
    if requests:
        made, _ = apply_batch(book, {"requests": requests})
        book.sheets, book.named, book.protected = made.sheets, made.named, made.protected


def _get(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_READ)
    book = open_book(library, asked, identity, write=False)
    rects = [a1.parse(book, text) for text in asked.query.get("ranges", ())]
    made = render.spreadsheet(book, rects, data=_grid(asked, asked.flag("includeGridData")))
    guards.seen_by(made, book, asked.caller)
    return made, "Spreadsheet"


def _grid(asked: Asked, wanted: bool, *path: str) -> fields.Mask | None:
    """Which fields of the grid a reply is to have; with a mask Google looks at the mask alone."""
    text = asked.one("fields")
    if not text:
        return {} if wanted else None
    mask = fields.parse(text)
    if not path:
        schema.check_mask("Spreadsheet", mask, text)
    return fields.beneath(mask, *path, "sheets", "data")


def _get_by_filter(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_READ)
    book = open_book(library, asked, identity, write=False)
    body = _body(asked, "GetSpreadsheetByDataFilterRequest")
    rects = [rect for item in body.get("dataFilters", ()) for rect in datafilters.rects(book, item)]
    if body.get("dataFilters") and not rects:
        raise bad_request("No part of the spreadsheet matches the data filters.")
    made = render.spreadsheet(book, rects, data=_grid(asked, bool(body.get("includeGridData"))))
    guards.seen_by(made, book, asked.caller)
    return made, "Spreadsheet"


def _copy_to(library: Library, asked: Asked, identity: str, number: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    source = open_book(library, asked, identity, write=False)
    body = _body(asked, "CopySheetToAnotherSpreadsheetRequest")
    target = open_book(library, asked, str(body.get("destinationSpreadsheetId", "")), write=True).clone()
    properties = copy_to(target if target.id == source.id else source, int(number), target)
    recalculate(target)
    save(library, target, asked)
    return properties, "SheetProperties"


def _batch(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True)
    body = _body(asked, "BatchUpdateSpreadsheetRequest")
    changed, replies = apply_batch(book, body)
    guards.check_batch(book, changed, asked.caller, body, apply_batch)
    guards.adopt(book, changed, asked.caller)
    answer: Json = {"spreadsheetId": identity, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        rects = [a1.parse(changed, text) for text in body.get("responseRanges", ())]
        data = _grid(asked, bool(body.get("responseIncludeGridData")), "updatedSpreadsheet")
        answer["updatedSpreadsheet"] = render.spreadsheet(changed, rects, data=data)
        guards.seen_by(answer["updatedSpreadsheet"], changed, asked.caller)
    schema.check_reply("BatchUpdateSpreadsheetResponse", answer)
    save(library, changed, asked)
    return answer, "BatchUpdateSpreadsheetResponse"


def _search(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_READ)
    book = open_book(library, asked, identity, write=False)
    found = search(book, _body(asked, "SearchDeveloperMetadataRequest"))
    return wire(found), "SearchDeveloperMetadataResponse"


def _mark(library: Library, asked: Asked, identity: str, number: str) -> tuple[Json, str]:
    need(asked, _SHEETS_READ)
    book = open_book(library, asked, identity, write=False)
    for item in book.metadata:
        if str(item["metadataId"]) == number:
            return wire(item), "DeveloperMetadata"
    raise ApiError(404, f"No developer metadata with id: {number}")


# --- values ----------------------------------------------------------------------------------------------------------


def _values_get(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    need(asked, _SHEETS_READ)
    book = open_book(library, asked, identity, write=False)
    return values.read(book, a1.parse(book, text), values.Rendering.of(asked.flat())), "ValueRange"


def _values_batch_get(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_READ)
    book = open_book(library, asked, identity, write=False)
    how = values.Rendering.of(asked.flat())
    found = [values.read(book, a1.parse(book, text), how) for text in asked.query.get("ranges", ())]
    return {"spreadsheetId": identity, "valueRanges": found}, "BatchGetValuesResponse"


def _echo(book: Book, answer: Json, rect: Rect, options: Mapping[str, Any]) -> None:
    how = values.Rendering.of(options, "response")
    answer["updatedData"] = values.read(book, rect, how)


def _values_update(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True).clone()
    body = _body(asked, "ValueRange")
    answer, rect = values.update(book, text, body, asked.one("valueInputOption"))
    recalculate(book)
    if asked.flag("includeValuesInResponse"):
        _echo(book, answer, rect, asked.flat())
    save(library, book, asked)
    return answer, "UpdateValuesResponse"


def _values_batch_update(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True).clone()
    body = _body(asked, "BatchUpdateValuesRequest")
    written = [_one_update(book, number, item, body) for number, item in enumerate(body.get("data", ()))]
    answer = _total(book, body, written)
    save(library, book, asked)
    return answer, "BatchUpdateValuesResponse"


def _one_update(book: Book, number: int, item: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[Json, Rect]:
    try:
        return values.update(book, str(item.get("range", "")), item, body.get("valueInputOption"))
    except ApiError as problem:
        if "valueInputOption" in problem.message:
            raise
        raise ApiError(problem.code, f"Invalid data[{number}]: {problem.message}") from None


def _total(book: Book, body: Mapping[str, Any], written: Sequence[tuple[Json, Rect]]) -> Json:
    """The answer to several updates; what is zero is left out."""
    recalculate(book)
    if body.get("includeValuesInResponse"):
        for answer, rect in written:
            _echo(book, answer, rect, body)
    rows = {(rect.sheet, row) for _, rect in written for row in range(rect.top, rect.bottom)}
    columns = {(rect.sheet, column) for _, rect in written for column in range(rect.left, rect.right)}
    counts = {
        "totalUpdatedRows": len(rows),
        "totalUpdatedColumns": len(columns),
        "totalUpdatedCells": sum(item.get("updatedCells", 0) for item, _ in written),
        "totalUpdatedSheets": len({rect.sheet for _, rect in written}),
    }
    total: Json = {"spreadsheetId": book.id, **{name: count for name, count in counts.items() if count}}
    if written:
        total["responses"] = [item for item, _ in written]
    return total


def _values_update_filtered(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True).clone()
    body = _body(asked, "BatchUpdateValuesByDataFilterRequest")
    answer = _total(book, body, datafilters.update(book, body))
    save(library, book, asked)
    return answer, "BatchUpdateValuesByDataFilterResponse"


def _values_get_filtered(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_READ)
    book = open_book(library, asked, identity, write=False)
    found = datafilters.read(book, _body(asked, "BatchGetValuesByDataFilterRequest"))
    answer: Json = {"spreadsheetId": identity}
    return answer | ({"valueRanges": found} if found else {}), "BatchGetValuesByDataFilterResponse"


def _values_clear_filtered(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True).clone()
    cleared = datafilters.clear(book, _body(asked, "BatchClearValuesByDataFilterRequest"))
    recalculate(book)
    save(library, book, asked)
    answer: Json = {"spreadsheetId": identity}
    return answer | ({"clearedRanges": cleared} if cleared else {}), "BatchClearValuesByDataFilterResponse"


def _values_append(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True).clone()
    body = _body(asked, "ValueRange")
    insert_data = asked.one("insertDataOption") or "OVERWRITE"
    answer, rect = values.append(book, text, body, asked.one("valueInputOption"), insert_data)
    recalculate(book)
    if asked.flag("includeValuesInResponse"):
        _echo(book, answer["updates"], rect, asked.flat())
    save(library, book, asked)
    return answer, "AppendValuesResponse"


def _values_clear(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True).clone()
    _body(asked, "ClearValuesRequest")
    cleared = values.clear(book, text)
    recalculate(book)
    save(library, book, asked)
    return {"spreadsheetId": identity, "clearedRange": cleared}, "ClearValuesResponse"


def _values_batch_clear(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _SHEETS_WRITE)
    book = open_book(library, asked, identity, write=True).clone()
    body = _body(asked, "BatchClearValuesRequest")
    cleared = [values.clear(book, text) for text in body.get("ranges", ())]
    recalculate(book)
    save(library, book, asked)
    return {"spreadsheetId": identity, "clearedRanges": cleared}, "BatchClearValuesResponse"


_Handler = Callable[..., tuple[Any, str]]
_BOOK = rf"/v4/spreadsheets/{drive.ID}"
_METHODS: tuple[tuple[str, str, str, _Handler], ...] = (
    ("POST", "", "create", _create),
    ("GET", _BOOK, "get", _get),
    ("POST", rf"{_BOOK}:batchUpdate", "batchUpdate", _batch),
    ("POST", rf"{_BOOK}:getByDataFilter", "getByDataFilter", _get_by_filter),
    ("POST", rf"{_BOOK}/sheets/(\d+):copyTo", "sheets.copyTo", _copy_to),
    ("POST", rf"{_BOOK}/developerMetadata:search", "developerMetadata.search", _search),
    ("GET", rf"{_BOOK}/developerMetadata/(\d+)", "developerMetadata.get", _mark),
    ("GET", rf"{_BOOK}/values:batchGet", "values.batchGet", _values_batch_get),
    ("POST", rf"{_BOOK}/values:batchGetByDataFilter", "values.batchGetByDataFilter", _values_get_filtered),
    ("POST", rf"{_BOOK}/values:batchUpdate", "values.batchUpdate", _values_batch_update),
    ("POST", rf"{_BOOK}/values:batchUpdateByDataFilter", "values.batchUpdateByDataFilter", _values_update_filtered),
    ("POST", rf"{_BOOK}/values:batchClear", "values.batchClear", _values_batch_clear),
    ("POST", rf"{_BOOK}/values:batchClearByDataFilter", "values.batchClearByDataFilter", _values_clear_filtered),
    ("POST", rf"{_BOOK}/values/(.+):append", "values.append", _values_append),
    ("POST", rf"{_BOOK}/values/(.+):clear", "values.clear", _values_clear),
    ("GET", rf"{_BOOK}/values/(.+)", "values.get", _values_get),
    ("PUT", rf"{_BOOK}/values/(.+)", "values.update", _values_update),
)
_ROUTES: tuple[tuple[str, str, str, _Handler], ...] = (
    *((verb, path or "/v4/spreadsheets", f"sheets.spreadsheets.{name}", made) for verb, path, name, made in _METHODS),
    *((verb, path, "", handler) for verb, path, handler in drive.ROUTES),
)
_COMPILED = tuple((method, re.compile(pattern), name, handler) for method, pattern, name, handler in _ROUTES)


def answer(library: Library, asked: Asked) -> Json | Raw:
    """The reply to a call.

    Raises:
        ApiError: refused; nothing was changed.
    """
    seen = False
    for method, pattern, name, handler in _COMPILED:
        found = pattern.fullmatch(asked.path)
        if not found:
            continue
        seen = True
        if method != asked.method:
            continue
        if name:
            schema.check_query(name, asked.query)
        made, kind = handler(library, asked, *(unquote(part) for part in found.groups()))
        if isinstance(made, Raw):
            return made
        if kind:
            schema.check_reply(kind, made)
        mask = asked.one("fields")
        pruned: Json = fields.prune(made, fields.parse(mask)) if mask else made
        return pruned
    if seen:
        raise ApiError(405, f"{asked.method} is not allowed on {asked.path}")
    raise ApiError(404, f"The requested URL {asked.path} was not found on this server.")
