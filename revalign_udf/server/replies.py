"""Refusals: every one is JSON with a code, in the shape the command line prints too."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from revalign_udf.errors import RevalignError, redact

__all__ = ["Json", "refusal"]


class Json(JSONResponse):
    """A JSON answer that nobody in between keeps: caching is the client's business, by edition."""

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-store", **(headers or {})})


def refusal(status: int, error: RevalignError, headers: dict[str, str] | None = None) -> Json:
    """A coded error as an HTTP answer."""
    described = {"code": error.code, "message": redact(error.message), "hint": redact(error.hint)}
    return Json({"status": error.code, "error": described}, status, headers)
