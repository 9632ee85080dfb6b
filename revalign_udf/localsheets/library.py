"""The spreadsheets of the server, one call taken apart, and who may do what to which."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from revalign_udf.localsheets import guards
from revalign_udf.localsheets.batch.tabs import new_sheet
from revalign_udf.localsheets.book import Book
from revalign_udf.localsheets.formats import SPOKEN
from revalign_udf.localsheets.problems import ApiError

__all__ = ["Asked", "Library", "Raw", "need", "now", "open_book", "save"]


def now() -> str:
    """This moment as the API writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(frozen=True, slots=True)
class Raw:
    """A reply that is no JSON."""

    status: int = 204
    content: bytes = b""
    kind: str = "text/html"


@dataclass(slots=True)
class Library:
    """Every spreadsheet of the server."""

    base_url: str = ""
    books: dict[str, Book] = field(default_factory=dict)

    def create(self, title: str, roles: Mapping[str, str]) -> Book:
        """A new spreadsheet with one empty tab."""
        identity = (
            f"1{secrets.token_urlsafe(32)}"  # as Google: never a sign first, which a command line takes for an option
        )
        url = f"https://docs.google.com/spreadsheets/d/{identity}/edit"
        moment = now()
        book = Book(identity, title, url, created=moment, modified=moment, roles=dict(roles))
        new_sheet(book, {"sheetId": 0, "title": "Sheet1"})
        self.books[identity] = book
        return book


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, taken apart. ``body`` is JSON, or bytes for an upload."""

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


def need(asked: Asked, allowed: frozenset[str]) -> None:
    """Refuses a token that covers none of the scopes.

    Raises:
        ApiError: 403.
    """
    if not asked.scopes & allowed:
        detail = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
        }
        raise ApiError(403, "Request had insufficient authentication scopes.", details=(detail,))


def open_book(library: Library, asked: Asked, identity: str, *, write: bool) -> Book:
    """A spreadsheet the caller may read, or write.

    Raises:
        ApiError: 404 unknown, 403 not shared.
    """
    book = library.books.get(identity)
    if book is None:
        raise ApiError(404, "Requested entity was not found.")
    role = book.roles.get(asked.caller) or book.roles.get("anyone")
    if role is None or (write and role not in {"owner", "writer"}):
        raise ApiError(403, "The caller does not have permission")
    SPOKEN.set(book.locale)
    return book


def save(library: Library, book: Book, asked: Asked) -> None:
    """Keeps a changed spreadsheet, unless the caller touched what is protected from it.

    Raises:
        ApiError: a protected cell or object.
    """
    guards.check(library.books[book.id], book, asked.caller)
    book.modified = now()
    library.books[book.id] = book
