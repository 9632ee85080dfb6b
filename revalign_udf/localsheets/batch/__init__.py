"""``spreadsheets:batchUpdate``: every request of a batch, or none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from revalign_udf.localsheets import schema
from revalign_udf.localsheets.batch import (
    arrange,
    cells,
    copies,
    filters,
    grid,
    groups,
    looks,
    metadata,
    objects,
    paste,
    shifted,
    tabs,
)
from revalign_udf.localsheets.book import Book, Json
from revalign_udf.localsheets.formulas import recalculate
from revalign_udf.localsheets.problems import ApiError, bad_request
from revalign_udf.localsheets.wire import wire

__all__ = ["KINDS", "apply"]

#: Kind of request -> what does it. Each changes the book in place and returns its reply.
KINDS: dict[str, Callable[[Book, Mapping[str, Any]], Json]] = {
    **tabs.KINDS,
    **cells.KINDS,
    **grid.KINDS,
    **objects.KINDS,
    **looks.KINDS,
    **metadata.KINDS,
    **arrange.KINDS,
    **copies.KINDS,
    **filters.KINDS,
    **groups.KINDS,
    **paste.KINDS,
    **shifted.KINDS,
}


def apply(book: Book, body: Mapping[str, Any]) -> tuple[Book, list[Json]]:
    """Applies a batch to a copy of the book.

    Returns:
        The new book and one reply per request.

    Raises:
        ApiError: one request was refused; the given book is untouched.
    """
    schema.check_request("BatchUpdateSpreadsheetRequest", body)
    requests = body.get("requests", ())
    if not requests:
        raise bad_request("Must specify at least one request.")
    work = book.clone()
    replies: list[Json] = []
    for number, request in enumerate(requests):
        if len(request) != 1:
            said = "No request set." if not request else "oneof field 'kind' is already set."
            raise bad_request(f"Invalid requests[{number}]: {said}")
        kind, given = next(iter(request.items()))
        handler = KINDS.get(kind)
        if handler is None:
            raise bad_request(f"Invalid requests[{number}].{kind}: the local server does not speak this request.")
        try:
            replies.append(wire(handler(work, given)))
        except ApiError as problem:
            message = f"Invalid requests[{number}].{kind}: {problem.message}"
            raise ApiError(problem.code, message, details=problem.details) from None
        except (KeyError, TypeError, ValueError) as problem:
            raise bad_request(f"Invalid requests[{number}].{kind}: {type(problem).__name__} {problem}") from None
    recalculate(work)
    return work, replies
