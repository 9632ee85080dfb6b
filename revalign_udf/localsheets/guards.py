"""Protected ranges that protect: a caller who is not among the editors cannot change what they cover.

The state before a call and after it are compared, so that every request kind is covered: what was under a protection
must still be there, unchanged, in the same shape, and the protection itself too. Rows inserted above a protected range
only move it; that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from revalign_udf.localsheets.book import EMPTY, Book, Cell, Json, Rect
from revalign_udf.localsheets.problems import ApiError, bad_request

__all__ = ["adopt", "check", "check_batch", "seen_by"]

MESSAGE = (
    "You are trying to edit a protected cell or object. "
    "Please contact the spreadsheet owner to remove protection if you need to edit."
)


def may_edit(book: Book, item: Mapping[str, Any], caller: str) -> bool:
    """Whether a caller may edit under a protection."""
    if item.get("warningOnly") or book.roles.get(caller) == "owner":
        return True
    editors = item.get("editors", {})
    # A protection without a list names nobody: as when it was made before there were callers to name.
    return "editors" not in item or caller in editors.get("users", ())


def adopt(before: Book, after: Book, caller: str) -> None:
    """Adds the owner, and whoever made it, to the editors of each new protection, as Google does."""
    known = {item["protectedRangeId"] for item in before.protected}
    owners = [address for address, role in after.roles.items() if role == "owner"]
    for item in after.protected:
        if item["protectedRangeId"] not in known and not item.get("warningOnly"):
            editors = item.get("editors", {})
            item["editors"] = {**editors, "users": list(dict.fromkeys([*editors.get("users", ()), *owners, caller]))}


def check(before: Book, after: Book, caller: str) -> None:
    """Refuses a change under a protection the caller is no editor of.

    Raises:
        ApiError: in Google's words.
    """
    closed = [item for item in before.protected if not may_edit(before, item, caller)]
    if not closed:
        return
    moved = _frame(before) != _frame(after)
    kept = {item["protectedRangeId"]: item for item in after.protected}
    for item in closed:
        now = kept.get(item["protectedRangeId"])
        if now is None or _terms(item) != _terms(now) or not _same(before, item, after, now, moved=moved):
            raise bad_request(MESSAGE)


def check_batch(
    before: Book, after: Book, caller: str, body: Mapping[str, Any], apply: Callable[[Book, Json], tuple[Book, Any]]
) -> None:
    """As :func:`check`, naming the request of the batch that went too far.

    Raises:
        ApiError: in Google's words.
    """
    try:
        check(before, after, caller)
    except ApiError:
        requests: Sequence[Json] = body.get("requests", ())
        for number, request in enumerate(requests):
            try:
                check(before, apply(before, {"requests": list(requests[: number + 1])})[0], caller)
            except ApiError:
                raise bad_request(f"Invalid requests[{number}].{next(iter(request), '')}: {MESSAGE}") from None
        raise


def seen_by(made: Json, book: Book, caller: str) -> None:
    """Says in a Spreadsheet resource what the caller may edit; who else may is shown to editors only."""
    for sheet in made.get("sheets", ()):
        if "protectedRanges" not in sheet:
            continue
        shown: list[Json] = []
        for item in sheet["protectedRanges"]:
            allowed = may_edit(book, item, caller)
            kept = item if allowed else {name: value for name, value in item.items() if name != "editors"}
            shown.append(
                {**kept, "requestingUserCanEdit": True}
                if allowed
                else {name: value for name, value in kept.items() if name != "requestingUserCanEdit"}
            )
        sheet["protectedRanges"] = shown


def _frame(book: Book) -> list[tuple[int, str, int, int]]:
    return [(sheet.id, sheet.title, sheet.rows, sheet.columns) for sheet in book.sheets]


def _terms(item: Mapping[str, Any]) -> Json:
    """What a protection says, but for where it lies."""
    aside = {"range", "unprotectedRanges", "requestingUserCanEdit"}
    return {name: value for name, value in item.items() if name not in aside}


def _rect(book: Book, item: Mapping[str, Any]) -> Rect | None:
    if "range" in item:
        return book.rect(item["range"])
    named = next((named for named in book.named if named["namedRangeId"] == item.get("namedRangeId")), None)
    return None if named is None else book.rect(named["range"])


def _entered(cell: Cell) -> tuple[Any, ...]:
    """What somebody put into a cell; the result of a formula is nobody's edit."""
    value = None if cell.formula else (type(cell.value), cell.value)
    return value, cell.format, cell.note, cell.validation, cell.runs


def _same(before: Book, item: Json, after: Book, now: Json, *, moved: bool) -> bool:
    old, new = _rect(before, item), _rect(after, now)
    if old is None or new is None or (old.sheet, *_size(old)) != (new.sheet, *_size(new)):
        return False
    sheets = before.sheet(old.sheet), after.sheet(new.sheet)
    if _whole(item) and (sheets[0].title, sheets[0].properties) != (sheets[1].title, sheets[1].properties):
        return False
    free = [before.rect(part) for part in item.get("unprotectedRanges", ())]
    down, right = new.top - old.top, new.left - old.left
    places = {key for key in sheets[0].cells if old.holds(*key)}
    places |= {(row - down, column - right) for row, column in sheets[1].cells if new.holds(row, column)}
    for row, column in places:
        if any(part.holds(row, column) for part in free):
            continue
        was = sheets[0].cells.get((row, column), EMPTY)
        is_ = sheets[1].cells.get((row + down, column + right), EMPTY)
        # A formula whose references moved along with the grid is still the same formula.
        rewritten = moved and was.formula and is_.formula
        if _entered(was) != _entered(is_) or (was.formula != is_.formula and not rewritten):
            return False
    return True


def _size(rect: Rect) -> tuple[int, int]:
    return rect.bottom - rect.top, rect.right - rect.left


def _whole(item: Mapping[str, Any]) -> bool:
    return set(item.get("range", {"x": 0})) <= {"sheetId"}
