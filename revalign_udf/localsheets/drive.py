"""The part of Drive that clients of spreadsheets use: files, copies, permissions, export and import."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import secrets
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from revalign_udf.localsheets import xlsx
from revalign_udf.localsheets.batch.tabs import new_sheet
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.formats import SPOKEN
from revalign_udf.localsheets.formulas import recalculate
from revalign_udf.localsheets.library import Asked, Library, Raw, need, now
from revalign_udf.localsheets.problems import ApiError
from revalign_udf.localsheets.values import Rendering, entered, rendered

__all__ = ["ID", "ROUTES"]

ID = r"([A-Za-z0-9_-]+)"
_READ = frozenset({"drive", "drive.readonly", "drive.file", "drive.metadata.readonly", "drive.metadata"})
_WRITE = frozenset({"drive", "drive.file"})
_SPREADSHEET = "application/vnd.google-apps.spreadsheet"
_ROLES = {"owner": "owner", "organizer": "writer", "fileOrganizer": "writer", "writer": "writer"}
_ROLES |= {"commenter": "reader", "reader": "reader"}


class DriveError(ApiError):
    """A refusal in the shape of Drive: no status, a list of errors with a reason."""

    def __init__(self, code: int, reason: str, message: str, place: str = "") -> None:
        super().__init__(code, message)
        self.reason, self.place = reason, place

    def body(self) -> dict[str, Any]:
        """The JSON body of the reply."""
        error = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.place:
            error |= {"location": self.place, "locationType": "parameter"}
        return {"error": {"code": self.code, "message": self.message, "errors": [error]}}


def _file_of(library: Library, asked: Asked, identity: str, *, write: bool = False) -> Book:
    book = library.books.get(identity)
    role = (book.roles.get(asked.caller) or book.roles.get("anyone")) if book else None
    if book is None or role is None:
        raise DriveError(404, "notFound", f"File not found: {identity}.", "fileId")
    if write and role not in {"owner", "writer"}:
        message = "The user does not have sufficient permissions for this file."
        raise DriveError(403, "insufficientFilePermissions", message)
    SPOKEN.set(book.locale)
    return book


# --- files -----------------------------------------------------------------------------------------------------------


def _resource(book: Book, asked: Asked) -> Json:
    """The File resource; without a mask Google sends four fields of it."""
    short: Json = {"kind": "drive#file", "id": book.id, "name": book.title, "mimeType": _SPREADSHEET}
    if not asked.one("fields"):
        return short
    owners = [address for address, role in book.roles.items() if role == "owner"]
    return short | {
        "createdTime": book.created,
        "modifiedTime": book.modified,
        "trashed": False,
        "starred": False,
        "parents": book.parents or ["root"],
        "webViewLink": f"{book.url}?usp=drivesdk",
        "owners": [_user(address, asked) for address in owners],
        "ownedByMe": asked.caller in owners,
        "shared": len(book.roles) > 1,
        "permissions": _permissions(book, full=True),
    }


def _user(address: str, asked: Asked) -> Json:
    name = address.partition("@")[0]
    made: Json = {"kind": "drive#user", "displayName": name, "me": address == asked.caller}
    return made | {"permissionId": _number(address), "emailAddress": address}


def _number(address: str) -> str:
    """The permission id of an address: always the same."""
    return str(int.from_bytes(hashlib.sha256(address.encode("utf-8")).digest()[:8], "big")).zfill(20)


_CLAUSE = re.compile(r"(?P<name>name|mimeType|fullText)\s*(?P<op>=|!=|contains)\s*(['\"])(?P<text>(?:\\.|(?!\3).)*)\3")
_PARENT = re.compile(r"(['\"])(?P<folder>[^'\"]+)\1\s+in\s+parents|parents\s+in\s+(['\"])(?P<other>[^'\"]+)\3")


def _wanted(book: Book, query: str) -> bool:
    for clause in _CLAUSE.finditer(query):
        text = re.sub(r"\\(.)", r"\1", clause["text"])
        value = _SPREADSHEET if clause["name"] == "mimeType" else book.title
        fits = text.lower() in value.lower() if clause["op"] == "contains" else value == text
        if fits == (clause["op"] == "!="):
            return False
    folders = {found["folder"] or found["other"] for found in _PARENT.finditer(query)}
    return not folders or bool(folders & set(book.parents or ["root"]))


def _files(library: Library, asked: Asked) -> tuple[Json, str]:
    need(asked, _READ)
    query = asked.one("q") or ""
    found = [book for book in library.books.values() if asked.caller in book.roles and _wanted(book, query)]
    for key in reversed((asked.one("orderBy") or "").split(",")):
        name, _, direction = key.strip().partition(" ")
        order = {"name": "title", "createdTime": "created", "modifiedTime": "modified"}.get(name)
        if order:
            found.sort(key=attrgetter(order), reverse=direction == "desc")
    size = min(int(asked.one("pageSize") or 100), 1000)
    token = asked.one("pageToken") or "0"
    start = int(token) if token.isdigit() else 0
    answer: Json = {"kind": "drive#fileList", "incompleteSearch": False}
    answer["files"] = [_resource(book, asked) for book in found[start : start + size]]
    if start + size < len(found):
        answer["nextPageToken"] = str(start + size)
    return answer, ""


def _file_get(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _READ)
    book = _file_of(library, asked, identity)
    if asked.one("alt") == "media":
        message = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
        raise DriveError(403, "fileNotDownloadable", message, "alt")
    return _resource(book, asked), ""


def _body(asked: Asked) -> Mapping[str, Any]:
    if asked.body is None:
        return {}
    if not isinstance(asked.body, Mapping):
        raise DriveError(400, "parseError", "Parse Error")
    return asked.body


def _file_create(library: Library, asked: Asked) -> tuple[Json, str]:
    need(asked, _WRITE)
    body = _body(asked)
    if body.get("mimeType") != _SPREADSHEET:
        raise DriveError(400, "badRequest", "The local server keeps spreadsheets only.", "mimeType")
    book = library.create(str(body.get("name", "Untitled")), {asked.caller: "owner"})
    book.parents = [str(folder) for folder in body.get("parents", ())]
    return _resource(book, asked), ""


def _file_update(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _WRITE)
    book = _file_of(library, asked, identity, write=True)
    body = _body(asked)
    book.title = str(body.get("name", book.title))
    gone = set((asked.one("removeParents") or "").split(","))
    new = [folder for folder in (asked.one("addParents") or "").split(",") if folder]
    book.parents = [folder for folder in book.parents if folder not in gone] + new
    book.modified = now()
    return _resource(book, asked), ""


def _file_delete(library: Library, asked: Asked, identity: str) -> tuple[Raw, str]:
    need(asked, _WRITE)
    del library.books[_file_of(library, asked, identity, write=True).id]
    return Raw(), ""


def _file_copy(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _WRITE)
    source = _file_of(library, asked, identity)
    body = _body(asked)
    made = library.create(str(body.get("name") or f"Copy of {source.title}"), {asked.caller: "owner"})
    copied = source.clone()
    for name in ("id", "url", "title", "created", "modified", "roles", "permissions"):
        setattr(copied, name, getattr(made, name))
    copied.parents = [str(folder) for folder in body.get("parents", source.parents)]
    library.books[made.id] = copied
    return _resource(copied, asked), ""


def _about(library: Library, asked: Asked) -> tuple[Json, str]:  # noqa: ARG001 - every handler gets both
    need(asked, _READ)
    if not asked.one("fields"):
        raise DriveError(400, "required", "The 'fields' parameter is required for this method.", "fields")
    return {"kind": "drive#about", "user": _user(asked.caller, asked)}, ""


def _comments(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _READ)
    _file_of(library, asked, identity)
    return {"kind": "drive#commentList", "comments": []}, ""


# --- permissions -----------------------------------------------------------------------------------------------------


def _permissions(book: Book, *, full: bool) -> list[Json]:
    """Every permission: those made through Drive, and one for each further role."""
    made = {str(item["id"]): dict(item) for item in book.permissions}
    for address, role in book.roles.items():
        kind = "anyone" if address == "anyone" else "user"
        number = "anyoneWithLink" if kind == "anyone" else _number(address)
        made.setdefault(number, _permission(number, kind, role, address))
    return [_shown(item, full=full) for item in made.values()]


def _permission(number: str, kind: str, role: str, address: str) -> Json:
    made: Json = {"kind": "drive#permission", "id": number, "type": kind, "role": role}
    if kind == "anyone":
        return made | {"allowFileDiscovery": False}
    if kind == "domain":
        return made | {"domain": address, "displayName": address, "allowFileDiscovery": False}
    made |= {"emailAddress": address, "displayName": address.partition("@")[0]}
    return made | {"deleted": False, "pendingOwner": False}


def _shown(item: Json, *, full: bool) -> Json:
    return dict(item) if full else {name: item[name] for name in ("kind", "id", "type", "role")}


def _permission_list(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _READ)
    book = _file_of(library, asked, identity)
    found = _permissions(book, full=bool(asked.one("fields")))
    return {"kind": "drive#permissionList", "permissions": found}, ""


def _permission_create(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    need(asked, _WRITE)
    book = _file_of(library, asked, identity, write=True)
    body = _body(asked)
    kind, role = str(body.get("type", "")), str(body.get("role", ""))
    if kind not in {"user", "group", "domain", "anyone"}:
        raise DriveError(400, "required", "The permission type field is required.", "permission.type")
    if role not in _ROLES:
        raise DriveError(400, "required", "The permission role field is required.", "permission.role")
    address = "anyone" if kind == "anyone" else str(body.get("domain" if kind == "domain" else "emailAddress", ""))
    if not address:
        message = "The specified emailAddress is invalid or not applicable for the given permission type."
        raise DriveError(400, "invalidSharingRequest", message)
    if role == "owner" and book.roles.get(address) != "owner" and not asked.flag("transferOwnership"):
        message = "The transferOwnership parameter must be enabled when the permission role is 'owner'."
        raise DriveError(403, "forbidden", message, "transferOwnership")
    number = {"anyone": "anyoneWithLink"}.get(kind) or _number(address)
    made = _permission(number, kind, role, address)
    book.permissions = [item for item in book.permissions if item["id"] != number] + [made]
    if kind != "domain":
        _grant(book, address, role)
    return _shown(made, full=bool(asked.one("fields"))), ""


def _grant(book: Book, address: str, role: str) -> None:
    if role == "owner":
        book.roles |= {other: "writer" for other, held in book.roles.items() if held == "owner"}
    book.roles[address] = _ROLES[role]


def _held(book: Book, number: str) -> Json:
    for item in _permissions(book, full=True):
        if item["id"] == number:
            return item
    raise DriveError(404, "notFound", f"Permission not found: {number}.", "permissionId")


def _permission_get(library: Library, asked: Asked, identity: str, number: str) -> tuple[Json, str]:
    need(asked, _READ)
    return _shown(_held(_file_of(library, asked, identity), number), full=bool(asked.one("fields"))), ""


def _permission_update(library: Library, asked: Asked, identity: str, number: str) -> tuple[Json, str]:
    need(asked, _WRITE)
    book = _file_of(library, asked, identity, write=True)
    role = str(_body(asked).get("role", ""))
    if role not in _ROLES:
        raise DriveError(400, "required", "The permission role field is required.", "permission.role")
    made = {**_held(book, number), "role": role}
    book.permissions = [item for item in book.permissions if item["id"] != number] + [made]
    _grant(book, str(made.get("emailAddress", "anyone")), role)
    return _shown(made, full=bool(asked.one("fields"))), ""


def _permission_delete(library: Library, asked: Asked, identity: str, number: str) -> tuple[Raw, str]:
    need(asked, _WRITE)
    book = _file_of(library, asked, identity, write=True)
    held = _held(book, number)
    if held["role"] == "owner":
        raise DriveError(403, "cannotRemoveOwner", "The owner of a file cannot be removed.")
    book.permissions = [item for item in book.permissions if item["id"] != number]
    book.roles.pop("anyone" if held["type"] == "anyone" else str(held.get("emailAddress", "")), None)
    return Raw(), ""


# --- export and import -----------------------------------------------------------------------------------------------


def _separated(sheet: Sheet, delimiter: str) -> bytes:
    rows, columns = sheet.extent()
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for row in range(rows):
        writer.writerow([rendered(sheet.cell(row, column), Rendering()) for column in range(columns)])
    return out.getvalue().removesuffix("\r\n").encode("utf-8")


_EXPORTS: dict[str, Callable[[Book], bytes]] = {
    "text/csv": lambda book: _separated(book.sheets[0], ","),
    "text/tab-separated-values": lambda book: _separated(book.sheets[0], "\t"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": xlsx.export,
}


def _export(library: Library, asked: Asked, identity: str) -> tuple[Raw, str]:
    need(asked, frozenset({"drive", "drive.readonly", "drive.file"}))
    book = _file_of(library, asked, identity)
    kind = asked.one("mimeType")
    if not kind:
        raise DriveError(400, "required", "Required parameter: mimeType", "mimeType")
    if kind not in _EXPORTS:
        known = ", ".join(_EXPORTS)
        message = f"The requested conversion is not supported. The local server exports {known}."
        raise DriveError(400, "badRequest", message, "convertTo")
    return Raw(200, _EXPORTS[kind](book), kind), ""


def _import(library: Library, asked: Asked, identity: str) -> tuple[Json, str]:
    """A CSV file in place of everything the spreadsheet holds (Drive v2, ``uploadType=media``)."""
    need(asked, _WRITE)
    book = _file_of(library, asked, identity, write=True)
    text = asked.body.decode("utf-8-sig", "replace") if isinstance(asked.body, bytes) else ""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    book.sheets.clear()
    book.named, book.protected, book.metadata = [], [], []
    sheet = new_sheet(book, {"sheetId": secrets.randbelow(2**31 - 2) + 1, "title": book.title})
    sheet.rows = max(sheet.rows, len(rows))
    sheet.columns = max(sheet.columns, max((len(row) for row in rows), default=0))
    book.check_size()
    for down, row in enumerate(rows):
        for across, value in enumerate(row):
            sheet.put(down, across, entered(sheet.cell(down, across), value, "USER_ENTERED"))
    recalculate(book)
    book.modified = now()
    answer: Json = {"kind": "drive#file", "id": book.id, "title": book.title, "mimeType": _SPREADSHEET}
    return answer | {"createdDate": book.created, "modifiedDate": book.modified}, ""


_FILES = r"/drive/v3/files"
_PERMISSIONS = rf"{_FILES}/{ID}/permissions"
ROUTES: tuple[tuple[str, str, Callable[..., tuple[Any, str]]], ...] = (
    ("GET", r"/drive/v3/about", _about),
    ("GET", _FILES, _files),
    ("POST", _FILES, _file_create),
    ("GET", rf"{_FILES}/{ID}", _file_get),
    ("PATCH", rf"{_FILES}/{ID}", _file_update),
    ("DELETE", rf"{_FILES}/{ID}", _file_delete),
    ("POST", rf"{_FILES}/{ID}/copy", _file_copy),
    ("GET", rf"{_FILES}/{ID}/export", _export),
    ("GET", rf"{_FILES}/{ID}/comments", _comments),
    ("GET", _PERMISSIONS, _permission_list),
    ("POST", _PERMISSIONS, _permission_create),
    ("GET", rf"{_PERMISSIONS}/([A-Za-z0-9]+)", _permission_get),
    ("PATCH", rf"{_PERMISSIONS}/([A-Za-z0-9]+)", _permission_update),
    ("DELETE", rf"{_PERMISSIONS}/([A-Za-z0-9]+)", _permission_delete),
    ("PUT", rf"/upload/drive/v2/files/{ID}", _import),
)
