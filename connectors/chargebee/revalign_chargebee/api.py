"""Chargebee's lists: pages of wrapped objects, and how far one was read.

Chargebee API v2: a list answers ``{"list": [{"customer": {...}}], "next_offset": "..."}``, times are epoch seconds, and a
filter ``updated_at[after]`` leaves its own second out, so we ask from the second before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.http import Basic, Http, Page, Token
from revalign_udf.errors import Fatal

__all__ = ["PAGE", "Record", "Site", "connect", "epoch", "iso", "latest", "one_of"]

PAGE = 100
#: what Chargebee says where a site has the other product catalogue, or a feature is not switched on
_NOT_HERE = {
    "api_restricted",
    "configuration_incompatible",
    "resource_not_found",
    "site_not_found",
    "http_method_not_supported",
}
_PREFIX = "/api/v2"

Record = Mapping[str, Any]


class Site:
    """One Chargebee site, opened for reading."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def listed(
        self, path: str, kind: str, params: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[list[Record], int]]:
        """Pages of a list as (objects of one kind, Chargebee's own clock when it answered, 0 when it does not say)."""
        pages = self._http.pages(
            f"{_PREFIX}/{path}", Token("offset", "next_offset", items="list"), params={"limit": PAGE, **(params or {})}
        )
        for page in pages:
            yield [item[kind] for item in page.items if kind in item], _clock(page)

    def has(self, path: str) -> bool:
        """Whether the site knows a list: the lists of a product catalogue it does not use are refused."""
        reply = self._http.get(f"{_PREFIX}/{path}", {"limit": 1}, allow=(400, 403, 404))
        if reply.status == 200 and "list" in reply.json:
            return True
        code = str((reply.json or {}).get("api_error_code") or "")
        if code in _NOT_HERE:
            return False
        said = self._http.hide(str((reply.json or {}).get("message") or reply.status)[:200])
        raise Fatal(
            f"Chargebee refuses to list {path}: {said}",
            hint="Give the API key read-only access to all data (Settings > Configure Chargebee > API keys).",
        )

    def one(self, path: str, kind: str, params: Mapping[str, Any] | None = None) -> Record | None:
        """One object; None where there is none."""
        reply = self._http.get(f"{_PREFIX}/{path}", dict(params or {}), allow=(404,))
        found: Record | None = reply.json.get(kind) if reply.status == 200 else None
        return found


def connect(ctx: Context) -> Site:
    """The site named by the settings, signed in with its API key (the user name of Basic; there is no password)."""
    return Site(ctx.http(Basic(str(ctx.settings["api_key"]))))


def one_of(values: Iterable[str]) -> str:
    """The value of a filter with the operator ``in``: a JSON list."""
    return json.dumps(sorted(set(values)))


def epoch(text: str | None) -> int:
    """Epoch seconds of an ISO date or instant; 0 for none."""
    return int(parsed(text).timestamp()) if text else 0


def _clock(page: Page) -> int:
    try:
        return int(parsedate_to_datetime(page.reply.headers["Date"]).astimezone(UTC).timestamp())
    except (KeyError, TypeError, ValueError):
        return 0


def iso(seconds: int) -> str:
    """Epoch seconds as ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def latest(records: Sequence[Record], field: str = "updated_at") -> int:
    """The greatest value of a time field, 0 for none."""
    return max((int(record.get(field) or 0) for record in records), default=0)
