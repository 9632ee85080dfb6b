"""Zendesk's three ways to list: cursor exports, time-based exports, and plain lists.

Facts from developer.zendesk.com (Incremental Exports; Pagination; Rate limits): an export leaves out what changed within
the last minute, refuses a start that is "too recent" (422), allows 10 calls a minute (30 with the High Volume API add-on)
and compares times with ``generated_timestamp`` for tickets, ``updated_at`` for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.http import (
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    Limits,
    Refused,
    Reply,
    Step,
    Throttled,
    Token,
)
from revalign_udf.errors import ConfigError, Fatal

__all__ = ["LIST_PAGE", "Desk", "ExportPage", "Record", "epoch_of"]

#: the most that a plain list gives at a time
LIST_PAGE = 100
_EXPORT_PAGE = 1000
#: an export refuses to start later than this before now; vendors' texts say one minute and five
_TOO_RECENT = 300
_CURSOR_REFUSED = frozenset((400, 410, 422))
_API = "/api/v2"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportPage:
    """One page of an export: its records, everything else that came along, and where to go on."""

    items: list[Record]
    body: Mapping[str, Any]
    cursor: str
    restarted: bool = False
    """the saved cursor was refused, and reading began again at the saved time"""


@dataclass(frozen=True, slots=True)
class _ByCursor:
    """Cursor export: on to ``after_cursor`` until ``end_of_stream``."""

    items: str

    def first(self, step: Step) -> Step:
        """The call as it is."""
        return step

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:  # noqa: ARG002
        """The address Zendesk gives names its own host, so that we go on by the cursor itself."""
        after = reply.json.get("after_cursor")
        if reply.json.get("end_of_stream"):
            return None
        if not after:
            raise Fatal(f"Zendesk's export of {self.items} says that there is more, and gives no after_cursor.")
        return replace(step, params={**step.params, "cursor": after, "start_time": None})


class Desk:
    """A Zendesk account, opened for reading.

    Exports have a client of their own, because their pace is a fraction of what the rest of the API allows.
    """

    def __init__(self, ctx: Context) -> None:
        settings = ctx.settings
        base = str(settings["base_url"]).rstrip("/").removesuffix(_API)
        self.page_size = min(_EXPORT_PAGE, max(1, int(settings.get("page_size") or _EXPORT_PAGE)))
        pace = max(1, int(settings.get("exports_per_minute") or 10)) / 60
        self._ctx = ctx
        auth = _auth(settings, base)  # one for both clients: a new token may end the one before
        self.http = ctx.http(auth, base_url=base, judge=_judge)
        self._exports = ctx.http(
            auth, base_url=f"{base}{_API}/incremental", limits=Limits(per_second=pace), judge=_judge
        )

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """One object of the API."""
        found: Mapping[str, Any] = self.http.get(f"{_API}/{path}", params).json
        return found

    def listed(self, path: str, key: str, params: Mapping[str, Any] | None = None) -> Iterator[list[Record]]:
        """The pages of a plain list (cursor pagination; offset pagination ends after 100 pages)."""
        paging = Token("page[after]", "meta.after_cursor", items=key, more="meta.has_more")
        for page in self.http.pages(f"{_API}/{path}", paging, params={"page[size]": LIST_PAGE, **(params or {})}):
            yield page.items

    def changed(self, name: str, state: Mapping[str, Any], include: str = "") -> Iterator[ExportPage]:
        """Cursor export of ``name``: what changed since the state's cursor, else since its ``time``, else everything.

        A cursor that Zendesk no longer takes is given up for the time up to which everything was read.
        """
        cursor = str(state.get("cursor") or "")
        where = {"cursor": cursor} if cursor else {"start_time": self.start(state)}
        params = {**where, "per_page": self.page_size, "include": include or None}
        began = restarted = False
        try:
            for page in self._exports.pages(f"/{name}/cursor.json", _ByCursor(name), params=params):
                began = True
                cursor = str(page.reply.json.get("after_cursor") or cursor)
                yield ExportPage(page.items, page.reply.json, cursor)
        except Refused as refused:
            if "cursor" not in where and not began and _is_too_recent(refused):
                return
            if began or "cursor" not in where or refused.reply.status not in _CURSOR_REFUSED:
                raise
            restarted = True
        if restarted:
            for again in self.changed(name, {**state, "cursor": ""}, include):
                yield replace(again, restarted=True)

    def changed_by_time(self, name: str, state: Mapping[str, Any]) -> Iterator[tuple[list[Record], int]]:
        """Time-based export of ``name``: (records, time up to which they are complete). A record may come twice.

        An export whose one second fills a whole page cannot move on: then everything is read from the plain list.
        """
        start = self.start(state)
        while True:
            try:
                body = self._exports.get(f"/{name}.json", {"start_time": start, "per_page": self.page_size}).json
            except Refused as refused:
                if _is_too_recent(refused):
                    return
                raise
            items, end = list(body.get(name) or ()), int(body.get("end_time") or start)
            ended = body.get("end_of_stream")
            if ended is None:  # where an account does not say it, a short page is the last
                ended = len(items) < self.page_size
            if not ended and end <= start:
                for page in self.listed(name, name):
                    yield page, start
                return
            yield items, max(start, end)
            if ended:
                return
            start = end

    def start(self, state: Mapping[str, Any]) -> int:
        """Epoch seconds from which an export begins: what was read up to, else the setting ``since``, else 1970."""
        known = state.get("time")
        since = self._ctx.settings.get("since")
        wanted = int(known) if known else int(parsed(str(since)).timestamp()) if since else 1
        return max(1, min(wanted, int(self._ctx.clock().timestamp()) - _TOO_RECENT))


def _judge(reply: Reply) -> None:
    """An error that comes with status 200, as gateways before Zendesk send it, is no page of records."""
    body = reply.json
    if isinstance(body, Mapping) and body.get("error") and len(body) <= 3:
        raise Throttled(f"Zendesk answered with an error: {body.get('description') or body['error']}")


def _is_too_recent(refused: Refused) -> bool:
    """Whether an export says that its start is too near to now: then there is nothing new yet."""
    return refused.reply.status == 422 and b"recent" in refused.reply.content.lower()


def epoch_of(text: str | None) -> int:
    """Epoch seconds of an ISO instant; 0 for none."""
    return int(parsed(text).astimezone(UTC).timestamp()) if text else 0


def _auth(settings: Mapping[str, Any], base: str) -> Auth:
    """How the connection signs its calls: the first way whose settings are filled."""
    if settings.get("client_id") or settings.get("client_secret"):
        return ClientCredentials(
            f"{base}/oauth/tokens", str(settings.get("client_id") or ""), str(settings.get("client_secret") or ""),
            scope="read",
        )  # fmt: skip
    if settings.get("oauth_token"):
        return Bearer(str(settings["oauth_token"]))
    if settings.get("email") and settings.get("api_token"):
        return Basic(f"{settings['email']}/token", str(settings["api_token"]))
    raise ConfigError(
        "Zendesk needs a way to sign in.", code="REV-305",
        hint="Set email and api_token, or oauth_token, or client_id and client_secret; the connector's README says how"
        " to make them.",
    )  # fmt: skip
