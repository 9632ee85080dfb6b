"""Calls of Intercom's API 2.14: searches, the company scroll, whole lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.http import Bearer, Limits, Refused, Reply, Throttled
from revalign_udf.errors import ConfigError, Fatal, Retriable

__all__ = ["PER_PAGE", "VERSION", "Api", "Fields", "Raw", "first_company"]

VERSION = "2.14"
PER_PAGE = 150
"""records of a search page, the most Intercom gives"""
_TOGETHER = 50
"""contacts looked up in one search"""
_DAYS = 2
"""search filters on times are cut to whole days of the workspace's own time zone, and ``>`` begins on the day after: two
days earlier is early enough anywhere"""

Raw = dict[str, Any]
Fields = dict[str, str | Callable[[Mapping[str, Any]], Any]]
"""canonical column -> path into a record, or a function of it"""


class Api:
    """Intercom's API for one connection."""

    def __init__(self, ctx: Context) -> None:
        token = ctx.settings.get("token")
        if not token:
            raise ConfigError(
                f"source.{ctx.connection} has no token.", code="REV-305",
                hint='Write token = "$env:INTERCOM_TOKEN" with the access token of your app.',
            )  # fmt: skip
        pace = float(ctx.settings.get("calls_per_second") or 0)
        self.ctx = ctx
        self.http = ctx.http(
            Bearer(token), headers={"Intercom-Version": VERSION}, limits=Limits(per_second=pace), judge=_judge
        )

    def whole(self, path: str, items: str) -> list[Raw]:
        """A list that comes whole."""
        found: list[Raw] = self.http.get(path).json[items]
        return found

    def search(self, kind: str, items: str, since: int) -> Iterator[tuple[list[Raw], datetime]]:
        """Records whose last change is not older than a moment (seconds), oldest change first, page by page, and when
        Intercom says it answered. Older ones may come too: see ``_DAYS``.
        """
        body: Raw = {
            "query": {"field": "updated_at", "operator": ">", "value": max(0, since - _DAYS * 86_400)},
            "sort": {"field": "updated_at", "order": "ascending"},
            "pagination": {"per_page": PER_PAGE},
        }
        while True:
            reply = self.http.post(f"/{kind}/search", body)
            yield reply.json.get(items) or [], self._moment(reply)
            following = ((reply.json.get("pages") or {}).get("next") or {}).get("starting_after")
            if not following:
                return
            if following == body["pagination"].get("starting_after"):
                raise Fatal(f"Intercom sent the same page of {kind} again.", hint="Pull again.")
            body["pagination"] = {"per_page": PER_PAGE, "starting_after": following}

    def companies(self) -> Iterator[list[Raw]]:
        """Every company that has contacts. A scroll cannot be gone on with: what breaks off begins anew."""
        scroll: str | None = None
        before: list[Raw] = []
        while True:
            try:
                body = self.http.get("/companies/scroll", {"scroll_param": scroll}).json
            except Refused as error:
                if "scroll" in error.message.lower():
                    raise Retriable(
                        f"Intercom allows one scroll over companies at a time, and another is open. ({error.message})",
                        hint="Pull again in a minute, and let no other program read companies meanwhile.",
                    ) from None
                raise
            found: list[Raw] = body.get("data") or []
            if not found:
                return
            if found == before:
                raise Fatal("Intercom sent the same page of companies again.", hint="Pull again.")
            yield found
            before, scroll = found, body.get("scroll_param")
            if not scroll:
                return

    def company_of(self, contacts: Sequence[str]) -> dict[str, str]:
        """Contact -> the company it belongs to, for those that have one."""
        found: dict[str, str] = {}
        for start in range(0, len(contacts), _TOGETHER):
            some = list(contacts[start : start + _TOGETHER])
            body = {
                "query": {"field": "id", "operator": "IN", "value": some},
                "pagination": {"per_page": PER_PAGE},
            }
            for one in self.http.post("/contacts/search", body).json.get("data") or []:
                company = first_company(one)
                if company:
                    found[str(one["id"])] = company
        return found

    def _moment(self, reply: Reply) -> datetime:
        """When Intercom answered, by its own clock; without a word from it a day before ours."""
        try:
            found = parsedate_to_datetime(reply.headers.get("date", ""))
        except (ValueError, TypeError, IndexError):
            return self.ctx.clock() - timedelta(days=1)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


def first_company(contact: Raw) -> str | None:
    """The company a contact belongs to; of several the one Intercom names first."""
    linked = (contact.get("companies") or {}).get("data") or []
    return str(linked[0]["id"]) if linked else None


def _judge(reply: Reply) -> None:
    """An error that comes as a success is no page of records."""
    if reply.kind != "application/json":
        return
    body = reply.json
    if isinstance(body, dict) and body.get("type") == "error.list":
        told = (body.get("errors") or [{}])[0]
        message = f"Intercom says: {told.get('message') or told.get('code') or 'error'}"
        if told.get("code") == "rate_limit_exceeded":
            raise Throttled(message)
        raise Fatal(message, hint="Pull again; if it stays, show Intercom this message.")
