"""Errors as Google words and shapes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SIGN_IN", "ApiError", "bad_request", "service_disabled", "unauthenticated"]

#: Where Google's words send a caller it does not know.
SIGN_IN = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)

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
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class ApiError(Exception):
    """A refusal. ``code`` is the HTTP status; ``details`` are Google's typed details, empty for most errors; ``headers``
    go with the reply."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        details: tuple[dict[str, Any], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code, self.message, self.details, self.headers = code, message, details, dict(headers or {})
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


def unauthenticated(reason: str) -> ApiError:
    """A 401: no token (``CREDENTIALS_MISSING``), or one that is not accepted (any more)."""
    missing = reason == "CREDENTIALS_MISSING"
    said = "is missing required authentication credential" if missing else "had invalid authentication credentials"
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com"},
    }
    asks = 'Bearer realm="https://accounts.google.com/"' + ("" if missing else ', error="invalid_token"')
    return ApiError(401, f"Request {said}. {SIGN_IN}", details=(detail,), headers={"WWW-Authenticate": asks})


def service_disabled(number: str, service: str = "sheets.googleapis.com") -> ApiError:
    """A 403: the API is switched off in the caller's project."""
    name = "Google Sheets API" if service.startswith("sheets") else "Google Drive API"
    url = f"https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    message = (
        f"{name} has not been used in project {number} before or it is disabled. Enable it by visiting {url} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
        "retry."
    )
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {
            "service": service,
            "serviceTitle": name,
            "containerInfo": number,
            "consumer": f"projects/{number}",
            "activationUrl": url,
        },
    }
    link = {"description": "Google developers console API activation", "url": url}
    more = {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}
    return ApiError(403, message, details=(info, more))
