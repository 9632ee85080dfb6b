"""A1 notation: `'My tab'!B2:D`, `Tab`, `B:B`, names of ranges."""

from __future__ import annotations

import re

from revalign_udf.calc.letters import column_index, column_letters
from revalign_udf.localsheets.book import Book, Rect, Sheet
from revalign_udf.localsheets.problems import bad_request

__all__ = ["exceeds", "parse", "write"]

_PART = re.compile(r"^\$?([A-Za-z]{1,3})?\$?([1-9]\d*)?$")
_NUMBERED = re.compile(r"^[Rr]([1-9]\d*)[Cc]([1-9]\d*)(?::[Rr]([1-9]\d*)[Cc]([1-9]\d*))?$")
_PLAIN_TITLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_LIKE_A_CELL = re.compile(r"^([A-Za-z]{1,3}\d+|[Rr]\d*[Cc]\d*)$")


def quote(title: str) -> str:
    """A tab's title as it stands in a range.

    >>> quote("Sheet1"), quote("Bob's tab"), quote("A1")
    ('Sheet1', "'Bob''s tab'", "'A1'")
    """
    if _PLAIN_TITLE.match(title) and not _LIKE_A_CELL.match(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def write(book: Book, rect: Rect) -> str:
    """A rectangle as Google writes it back."""
    sheet = book.sheet(rect.sheet)
    first = f"{column_letters(rect.left)}{rect.top + 1}"
    last = f"{column_letters(rect.right - 1)}{rect.bottom}"
    return f"{quote(sheet.title)}!{first}" + ("" if first == last else f":{last}")


def exceeds(book: Book, rect: Rect) -> Exception:
    """The error for a rectangle that does not lie on the grid."""
    sheet = book.sheet(rect.sheet)
    return bad_request(
        f"Range ({write(book, rect)}) exceeds grid limits. Max rows: {sheet.rows}, max columns: {sheet.columns}"
    )


def parse(book: Book, text: str, *, clip: bool = True) -> Rect:
    """The rectangle a range names; open sides end at the grid.

    Args:
        book: where the tabs and named ranges are.
        text: the range.
        clip: cut what lies beyond the grid (reading); otherwise refuse it (writing).

    Raises:
        ApiError: not a range, no such tab, or off the grid.
    """
    sheet, rest = _split(book, text)
    if sheet is None:
        named = book.named_range(text)
        if named is not None:
            return book.rect(named["range"])
        raise bad_request(f"Unable to parse range: {text}")
    if rest is not None and (scoped := _scoped(book, sheet, rest)) is not None:
        return scoped
    rect = sheet.whole() if rest is None else _corners(sheet, rest, text)
    if rect.top >= sheet.rows or rect.left >= sheet.columns:
        raise exceeds(book, rect)
    if rect.bottom > sheet.rows or rect.right > sheet.columns:
        if not clip:
            raise exceeds(book, rect)
        rect = Rect(sheet.id, rect.top, rect.left, min(rect.bottom, sheet.rows), min(rect.right, sheet.columns))
    return rect


def _split(book: Book, text: str) -> tuple[Sheet | None, str | None]:
    if text.startswith("'"):
        found = re.match(r"^'((?:[^']|'')*)'(?:!(.*))?$", text, re.DOTALL)
        if not found:
            raise bad_request(f"Unable to parse range: {text}")
        return _sheet(book, found[1].replace("''", "'"), text), found[2]
    title, mark, rest = text.rpartition("!")
    if mark:
        return _sheet(book, title, text), rest
    for sheet in book.sheets:
        if sheet.title == text:
            return sheet, None
    if text and (_NUMBERED.match(text) or all(_PART.match(part) for part in text.split(":", 1))):
        return book.sheets[0], text
    return None, None


def _sheet(book: Book, title: str, text: str) -> Sheet:
    found = next((sheet for sheet in book.sheets if sheet.title.lower() == title.lower()), None)
    if found is None:
        raise bad_request(f"Unable to parse range: {text}")
    return found


def _scoped(book: Book, sheet: Sheet, name: str) -> Rect | None:
    """A named range of one tab: its own name, or one of the spreadsheet's that stands on it."""
    found = book.named_range(f"{quote(sheet.title)}!{name}") or book.named_range(name)
    if found is None or int(found["range"].get("sheetId", 0)) != sheet.id:
        return None
    return book.rect(found["range"])


def _from_numbers(rest: str) -> str:
    """R1C1 notation as A1 notation; anything else as it is."""
    found = _NUMBERED.match(rest)
    if not found:
        return rest
    first = f"{column_letters(int(found[2]) - 1)}{found[1]}"
    return first + (f":{column_letters(int(found[4]) - 1)}{found[3]}" if found[3] else "")


def _corners(sheet: Sheet, rest: str, text: str) -> Rect:
    first, _, last = _from_numbers(rest).partition(":")
    start, end = _PART.match(first), _PART.match(last or first)
    if not first or not start or not end:
        raise bad_request(f"Unable to parse range: {text}")
    rows = sorted(int(found[2]) for found in (start, end) if found[2])
    columns = sorted(column_index(found[1]) for found in (start, end) if found[1])
    top = int(start[2]) - 1 if start[2] else 0
    left = column_index(start[1]) if start[1] else 0
    if start[2] and end[2]:
        top = rows[0] - 1
    if start[1] and end[1]:
        left = columns[0]
    bottom = rows[-1] if end[2] else sheet.rows
    right = columns[-1] + 1 if end[1] else sheet.columns
    return Rect(sheet.id, top, left, max(bottom, top + 1), max(right, left + 1))
