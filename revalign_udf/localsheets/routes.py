"""Which handler answers which path; each changes a copy of the state and hands back the reply."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from revalign_udf.localsheets import a1, fields, render, schema, values
from revalign_udf.localsheets.batch import apply as apply_batch
from revalign_udf.localsheets.batch.metadata import search
from revalign_udf.localsheets.batch.tabs import new_sheet
from revalign_udf.localsheets.book import Book, Json, Rect
from revalign_udf.localsheets.formulas import recalculate
from revalign_udf.localsheets.problems import ApiError, bad_request

__all__ = ["Asked", "Library", "answer"]

_SHEETS_READ = frozenset({"spreadsheets", "spreadsheets.readonly", "drive", "drive.readonly", "drive.file"})
_SHEETS_WRITE = frozenset({"spreadsheets", "drive", "drive.file"})
_DRIVE_READ = frozenset({"drive", "drive.readonly", "drive.file", "drive.metadata.readonly"})
_DRIVE_WRITE = frozenset({"drive", "drive.file"})
_SPREADSHEET = "application/vnd.google-apps.spreadsheet"


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(slots=True)
class Library:
    """Every spreadsheet of the server."""

    base_url: str = ""
    books: dict[str, Book] = field(default_factory=dict)

    def create(self, title: str, roles: Mapping[str, str]) -> Book:
        """A new spreadsheet with one empty tab."""
        identity = secrets.token_urlsafe(33)
        url = f"https://docs.google.com/spreadsheets/d/{identity}/edit"
        now = _now()
        book = Book(identity, title, url, created=now, modified=now, roles=dict(roles))
        new_sheet(book, {"sheetId": 0, "title": "Sheet1"})
        self.books[identity] = book
        return book


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, taken apart."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    body: Any
    scopes: frozenset[str]
    caller: str

    def one(self, name: str) -> str | None:
        """A query parameter's last value."""
        return self.query[name][-1] if self.query.get(name) else None

    def flat(self) -> dict[str, str]:
        """The query with one value each."""
        return {name: given[-1] for name, given in self.query.items() if given}

    def flag(self, name: str) -> bool:
        """A true/false query parameter."""
        return (self.one(name) or "").lower() in {"true", "1"}


def _need(asked: Asked, allowed: frozenset[str]) -> None:
    if not asked.scopes & allowed:
        detail = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
        }
        raise ApiError(403, "Request had insufficient authentication scopes.", details=(detail,))


def _open(library: Library, asked: Asked, identity: str, *, write: bool) -> Book:
    book = library.books.get(identity)
    if book is None:
        raise ApiError(404, "Requested entity was not found.")
    role = book.roles.get(asked.caller)
    if role is None or (write and role != "writer"):
        raise ApiError(403, "The caller does not have permission")
    return book


def _save(library: Library, book: Book) -> None:
    book.modified = _now()
    library.books[book.id] = book


def _body(asked: Asked, name: str) -> dict[str, Any]:
    body = {} if asked.body is None else asked.body
    if not isinstance(body, dict):
        raise bad_request("Invalid JSON payload received. Root element must be a message.")
    schema.check_request(name, body)
    return body


# --- spreadsheets ----------------------------------------------------------------------------------------------------


def _create(library: Library, asked: Asked) -> tuple[Json, str]:
    _need(asked, _SHEETS_WRITE)
    body = _body(asked, "Spreadsheet")
    properties = body.get("properties", {})
    book = library.create(properties.get("title", "Untitled spreadsheet"), {asked.caller: "writer"})
    book.locale = properties.get("locale", book.locale)
    book.time_zone = properties.get("timeZone", book.time_zone)
    if body.get("sheets"):
        book.sheets.clear()
        for sheet in body["sheets"]:
            given = sheet.get("properties", {})
            new_sheet(book, {"title": f"Sheet{len(book.sheets) + 1}", **given})
    return render.spreadsheet(book), "Spreadsheet"


def _get(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_READ)
    book = _open(library, asked, identity, write=False)
    rects = [a1.parse(book, text) for text in asked.query.get("ranges", ())]
    data = asked.flag("includeGridData")
    text = asked.one("fields")
    if text:  # with a mask Google looks at the mask alone
        mask = fields.parse(text)
        schema.check_mask("Spreadsheet", mask, text)
        data = fields.wants(mask, "sheets", "data")
    return render.spreadsheet(book, rects, data=data), "Spreadsheet"


def _batch(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_WRITE)
    book = _open(library, asked, identity, write=True)
    body = _body(asked, "BatchUpdateSpreadsheetRequest")
    changed, replies = apply_batch(book, body)
    answer: Json = {"spreadsheetId": identity, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        rects = [a1.parse(changed, text) for text in body.get("responseRanges", ())]
        data = bool(body.get("responseIncludeGridData"))
        answer["updatedSpreadsheet"] = render.spreadsheet(changed, rects, data=data)
    schema.check_reply("BatchUpdateSpreadsheetResponse", answer)
    _save(library, changed)
    return answer, "BatchUpdateSpreadsheetResponse"


def _search(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_READ)
    book = _open(library, asked, identity, write=False)
    return search(book, _body(asked, "SearchDeveloperMetadataRequest")), "SearchDeveloperMetadataResponse"


def _mark(library: Library, asked: Asked, identity: str, number: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_READ)
    book = _open(library, asked, identity, write=False)
    for item in book.metadata:
        if str(item["metadataId"]) == number:
            return item, "DeveloperMetadata"
    raise ApiError(404, f"No developer metadata with id: {number}")


# --- values ----------------------------------------------------------------------------------------------------------


def _values_get(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_READ)
    book = _open(library, asked, identity, write=False)
    return values.read(book, a1.parse(book, text), values.Rendering.of(asked.flat())), "ValueRange"


def _values_batch_get(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_READ)
    book = _open(library, asked, identity, write=False)
    how = values.Rendering.of(asked.flat())
    found = [values.read(book, a1.parse(book, text), how) for text in asked.query.get("ranges", ())]
    return {"spreadsheetId": identity, "valueRanges": found}, "BatchGetValuesResponse"


def _echo(book: Book, answer: Json, rect: Rect, options: Mapping[str, Any]) -> None:
    how = values.Rendering.of(options, "response")
    answer["updatedData"] = values.read(book, rect, how)


def _values_update(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_WRITE)
    book = _open(library, asked, identity, write=True).clone()
    body = _body(asked, "ValueRange")
    answer, rect = values.update(book, text, body, asked.one("valueInputOption"))
    recalculate(book)
    if asked.flag("includeValuesInResponse"):
        _echo(book, answer, rect, asked.flat())
    _save(library, book)
    return answer, "UpdateValuesResponse"


def _values_batch_update(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_WRITE)
    book = _open(library, asked, identity, write=True).clone()
    body = _body(asked, "BatchUpdateValuesRequest")
    written = [
        values.update(book, item.get("range", ""), item, body.get("valueInputOption")) for item in body.get("data", ())
    ]
    recalculate(book)
    if body.get("includeValuesInResponse"):
        for answer, rect in written:
            _echo(book, answer, rect, body)
    rows = {(rect.sheet, row) for _, rect in written for row in range(rect.top, rect.bottom)}
    columns = {(rect.sheet, column) for _, rect in written for column in range(rect.left, rect.right)}
    answer = {
        "spreadsheetId": identity,
        "totalUpdatedRows": len(rows),
        "totalUpdatedColumns": len(columns),
        "totalUpdatedCells": sum(item.get("updatedCells", 0) for item, _ in written),
        "totalUpdatedSheets": len({rect.sheet for _, rect in written}),
        "responses": [item for item, _ in written],
    }
    _save(library, book)
    return answer, "BatchUpdateValuesResponse"


def _values_append(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_WRITE)
    book = _open(library, asked, identity, write=True).clone()
    body = _body(asked, "ValueRange")
    insert_data = asked.one("insertDataOption") or "OVERWRITE"
    answer, rect = values.append(book, text, body, asked.one("valueInputOption"), insert_data)
    recalculate(book)
    if asked.flag("includeValuesInResponse"):
        _echo(book, answer["updates"], rect, asked.flat())
    _save(library, book)
    return answer, "AppendValuesResponse"


def _values_clear(library: Library, asked: Asked, identity: str, text: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_WRITE)
    book = _open(library, asked, identity, write=True).clone()
    _body(asked, "ClearValuesRequest")
    cleared = values.clear(book, text)
    recalculate(book)
    _save(library, book)
    return {"spreadsheetId": identity, "clearedRange": cleared}, "ClearValuesResponse"


def _values_batch_clear(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _SHEETS_WRITE)
    book = _open(library, asked, identity, write=True).clone()
    body = _body(asked, "BatchClearValuesRequest")
    cleared = [values.clear(book, text) for text in body.get("ranges", ())]
    recalculate(book)
    _save(library, book)
    return {"spreadsheetId": identity, "clearedRanges": cleared}, "BatchClearValuesResponse"


# --- Drive -----------------------------------------------------------------------------------------------------------


def _file(book: Book) -> Json:
    return {
        "kind": "drive#file",
        "id": book.id,
        "name": book.title,
        "mimeType": _SPREADSHEET,
        "createdTime": book.created,
        "modifiedTime": book.modified,
    }


def _files(library: Library, asked: Asked) -> tuple[Json, str]:
    _need(asked, _DRIVE_READ)
    found = [book for book in library.books.values() if asked.caller in book.roles]
    named = re.search(r"name\s*=\s*(['\"])(.*?)\1", asked.one("q") or "")
    if named:
        found = [book for book in found if book.title == named[2]]
    return {"kind": "drive#fileList", "incompleteSearch": False, "files": [_file(book) for book in found]}, ""


def _file_get(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _DRIVE_READ)
    return _file(_open(library, asked, identity, write=False)), ""


def _file_create(library: Library, asked: Asked) -> tuple[Json, str]:
    _need(asked, _DRIVE_WRITE)
    body = asked.body or {}
    if body.get("mimeType") != _SPREADSHEET:
        raise bad_request("the local server keeps spreadsheets only.")
    return _file(library.create(body.get("name", "Untitled"), {asked.caller: "writer"})), ""


def _file_delete(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    _need(asked, _DRIVE_WRITE)
    del library.books[_open(library, asked, identity, write=True).id]
    return {}, ""


_Handler = Callable[..., tuple[Json, str]]
_ID = r"([A-Za-z0-9_-]+)"
_ROUTES: tuple[tuple[str, str, str, _Handler], ...] = (
    ("POST", r"/v4/spreadsheets", "sheets.spreadsheets.create", _create),
    ("GET", rf"/v4/spreadsheets/{_ID}", "sheets.spreadsheets.get", _get),
    ("POST", rf"/v4/spreadsheets/{_ID}:batchUpdate", "sheets.spreadsheets.batchUpdate", _batch),
    (
        "POST",
        rf"/v4/spreadsheets/{_ID}/developerMetadata:search",
        "sheets.spreadsheets.developerMetadata.search",
        _search,
    ),
    ("GET", rf"/v4/spreadsheets/{_ID}/developerMetadata/(\d+)", "sheets.spreadsheets.developerMetadata.get", _mark),
    ("GET", rf"/v4/spreadsheets/{_ID}/values:batchGet", "sheets.spreadsheets.values.batchGet", _values_batch_get),
    (
        "POST",
        rf"/v4/spreadsheets/{_ID}/values:batchUpdate",
        "sheets.spreadsheets.values.batchUpdate",
        _values_batch_update,
    ),
    (
        "POST",
        rf"/v4/spreadsheets/{_ID}/values:batchClear",
        "sheets.spreadsheets.values.batchClear",
        _values_batch_clear,
    ),
    ("POST", rf"/v4/spreadsheets/{_ID}/values/(.+):append", "sheets.spreadsheets.values.append", _values_append),
    ("POST", rf"/v4/spreadsheets/{_ID}/values/(.+):clear", "sheets.spreadsheets.values.clear", _values_clear),
    ("GET", rf"/v4/spreadsheets/{_ID}/values/(.+)", "sheets.spreadsheets.values.get", _values_get),
    ("PUT", rf"/v4/spreadsheets/{_ID}/values/(.+)", "sheets.spreadsheets.values.update", _values_update),
    ("GET", r"/drive/v3/files", "", _files),
    ("POST", r"/drive/v3/files", "", _file_create),
    ("GET", rf"/drive/v3/files/{_ID}", "", _file_get),
    ("DELETE", rf"/drive/v3/files/{_ID}", "", _file_delete),
)
_COMPILED = tuple((method, re.compile(pattern), name, handler) for method, pattern, name, handler in _ROUTES)


def answer(library: Library, asked: Asked) -> Json:
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
        if kind:
            schema.check_reply(kind, made)
        mask = asked.one("fields")
        pruned: Json = fields.prune(made, fields.parse(mask)) if mask else made
        return pruned
    if seen:
        raise ApiError(405, f"{asked.method} is not allowed on {asked.path}")
    raise ApiError(404, f"The requested URL {asked.path} was not found on this server.")
