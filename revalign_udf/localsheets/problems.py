"""Errors as Google words and shapes them."""

from __future__ import annotations

from typing import Any

__all__ = ["ApiError", "bad_request"]

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class ApiError(Exception):
    """A refusal. ``code`` is the HTTP status; ``details`` are Google's typed details, empty for most errors."""

    def __init__(self, code: int, message: str, *, details: tuple[dict[str, Any], ...] = ()) -> None:
        self.code, self.message, self.details = code, message, details
        super().__init__(message)

    def body(self) -> dict[str, Any]:
        """The JSON body of the reply."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": _STATUS.get(self.code, "UNKNOWN"),
        }
        if self.details:
            error["details"] = list(self.details)
        return {"error": error}


def bad_request(message: str) -> ApiError:
    """A 400 INVALID_ARGUMENT."""
    return ApiError(400, message)
