"""What several families of requests need: ranges that lie on the grid, masks that name something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.localsheets import a1, fields, schema
from revalign_udf.localsheets.book import Book, Json, Rect, Sheet
from revalign_udf.localsheets.problems import bad_request

__all__ = ["area", "checked", "masked", "on_grid"]


def checked(book: Book, given: Mapping[str, Any]) -> Json:
    """A GridRange as given, refused when it does not lie on the grid.

    Raises:
        ApiError: off the grid, or no such tab.
    """
    rect = book.rect(given)
    sheet = book.sheet(rect.sheet)
    on_grid(book, sheet, rect)
    return {"sheetId": sheet.id, **given}


def on_grid(book: Book, sheet: Sheet, rect: Rect) -> None:
    """Refuses a rectangle that does not lie on the grid.

    Raises:
        ApiError: with the size of the grid.
    """
    if rect.bottom > sheet.rows or rect.right > sheet.columns:
        raise a1.exceeds(book, rect)


def area(book: Book, given: Mapping[str, Any]) -> tuple[Sheet, Rect]:
    """The tab and the closed rectangle of a GridRange.

    Raises:
        ApiError: off the grid, or no such tab.
    """
    rect = book.rect(given)
    sheet = book.sheet(rect.sheet)
    on_grid(book, sheet, rect)
    return sheet, rect


def masked(name: str, given: Mapping[str, Any]) -> fields.Mask:
    """The ``fields`` of an update.

    Raises:
        ApiError: missing, or naming no field of the resource.
    """
    text = str(given.get("fields", ""))
    if not text:
        raise bad_request("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = fields.parse(text)
    schema.check_mask(name, mask, text)
    return mask
