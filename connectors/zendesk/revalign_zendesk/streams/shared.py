"""What several streams need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from revalign_udf.connector import Log
from revalign_udf.connector.values import take

__all__ = ["RESTARTED", "Columns", "flag", "key_of"]

Columns = Mapping[str, str | Callable[[Mapping[str, Any]], Any]]
"""canonical column -> path in the record, or a function of it"""

RESTARTED = Log(
    "Zendesk no longer takes the place where the last pull ended; reading again from the time up to which it was complete.",
    "warning",
)


def key_of(path: str) -> Callable[[Mapping[str, Any]], str | None]:
    """The id at a path as text."""

    def found(record: Mapping[str, Any]) -> str | None:
        value = take(record, path)
        return None if value in (None, "") else str(value)

    return found


def flag(found: object) -> bool | None:
    """True, or nothing: a row that was never deleted does not say so."""
    return True if found else None
