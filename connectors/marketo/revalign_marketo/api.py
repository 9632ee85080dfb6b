"""Marketo's REST API: errors that come with status 200, paging tokens, and its own clock.

Every answer has ``success`` and, where that is false, ``errors`` with a code. 601 and 602 mean the token, 606, 607 and 615
that we ask too much, 604, 608, 611, 614 and 713 that something is busy; the rest is ours to put right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from revalign_udf.connector import Context
from revalign_udf.connector.http import ClientCredentials, Expired, Http, Limits, Offset, Reply, Throttled, Token
from revalign_udf.errors import Fatal

__all__ = ["IDS", "Marketo", "Record", "Refusal", "connect", "judged", "stamp"]

Record = Mapping[str, Any]
#: ids in one request for leads, and types in one for activities
IDS, TYPES = 300, 10
_TOKEN = {"601", "602"}
_BUSY = {
    "502": 5.0,
    "604": 10.0,
    "606": 20.0,
    "608": 30.0,
    "611": 10.0,
    "614": 30.0,
    "615": 5.0,
    "713": 30.0,
    "719": 30.0,
}
_QUOTA = {"607"}
#: quotas begin anew at midnight of this zone
_RESET = ZoneInfo("America/Chicago")


class Refusal(Fatal):
    """What Marketo refuses, with its code."""

    def __init__(self, number: str, message: str, *, hint: str = "") -> None:
        self.number = number
        super().__init__(message, hint=hint)


class Marketo:
    """One Marketo subscription."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Record:
        """One answer."""
        found: Record = self.http.get(path, params).json
        return found

    def result(self, path: str, params: Mapping[str, Any] | None = None) -> list[Record]:
        """The ``result`` of one answer; Marketo leaves an empty one out."""
        return list(self.get(path, params).get("result") or ())

    def now(self) -> datetime:
        """Marketo's own clock; ours where it does not say. It costs one call."""
        reply = self.http.get("/rest/v1/activities/types.json")
        try:
            return parsedate_to_datetime(reply.headers["Date"]).astimezone(UTC)
        except (KeyError, TypeError, ValueError):
            return self.http.now().astimezone(UTC)

    def types(self) -> dict[str, int]:
        """Activity types by name: their numbers are not the same everywhere."""
        return {str(one["name"]): int(one["id"]) for one in self.result("/rest/v1/activities/types.json")}

    def paging_token(self, since: datetime) -> str:
        """The token of the first page after a moment."""
        answer = self.get("/rest/v1/activities/pagingtoken.json", {"sinceDatetime": stamp(since)})
        return str(answer["nextPageToken"])

    def activities(self, token: str, types: Sequence[int]) -> Iterator[tuple[list[Record], str]]:
        """Pages of activities after a token: (activities, the token after them)."""
        return self._tokens("/rest/v1/activities.json", token, {"activityTypeIds": ",".join(str(one) for one in types)})

    def deleted(self, token: str) -> Iterator[tuple[list[Record], str]]:
        """Pages of deletions of leads after a token. Marketo keeps them for 14 days."""
        return self._tokens("/rest/v1/activities/deletedleads.json", token, {})

    def assets(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[list[Record]]:
        """Pages of a list of assets."""
        paging = Offset(items="result?", size=200, offset="offset", limit="maxReturn")
        for page in self.http.pages(path, paging, params=params):
            yield page.items

    def listed(self, path: str) -> Iterator[list[Record]]:
        """Pages of a list of the lead database."""
        for page in self.http.pages(path, Token("nextPageToken", "nextPageToken", items="result?")):
            yield page.items

    def _tokens(self, path: str, token: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Record], str]]:
        paging = Token("nextPageToken", "nextPageToken", items="result?", more="moreResult")
        for page in self.http.pages(path, paging, params={**params, "nextPageToken": token}):
            yield page.items, str(page.reply.json.get("nextPageToken") or "")


def connect(ctx: Context) -> Marketo:
    """The subscription named by the settings. 100 calls in 20 seconds are allowed; we keep a fifth below that."""
    auth = ClientCredentials(
        "/identity/oauth/token", str(ctx.settings["client_id"]), str(ctx.settings["client_secret"]), style="query"
    )
    base = str(ctx.settings["base_url"]).rstrip("/").removesuffix("/rest")
    return Marketo(ctx.http(auth, base_url=base, limits=Limits(per_second=4), judge=lambda reply: _judge(reply, ctx)))


def _judge(reply: Reply, ctx: Context) -> None:
    """Look at every answer that is JSON."""
    if reply.kind.endswith("json"):
        judged(reply.json, ctx.clock())


def judged(body: object, now: datetime) -> None:
    """Raise what an answer says went wrong: Expired, Throttled, or :class:`Refusal` with the code and Marketo's words."""
    if not isinstance(body, Mapping) or body.get("success") is not False:
        return
    errors: Iterable[Record] = body.get("errors") or ()
    first: Record = next(iter(errors), {})
    code, text = str(first.get("code") or ""), str(first.get("message") or "no reason given")[:200]
    told = f"Marketo says {code}: {text}"
    if code in _TOKEN:
        raise Expired(told)
    if code in _BUSY:
        raise Throttled(told, after=_BUSY[code])
    if code in _QUOTA or (code == "1029" and "quota" in text.lower()):
        raise Throttled(told, after=_until_midnight(now))
    if code == "1029":
        raise Throttled(told, after=60)
    hints = {
        "603": "Give the API user's role Read-Only Lead, Read-Only Activity, Read-Only Campaign and Read-Only Assets, and"
        " allow this computer's address where calls are limited to some.",
        "610": "Check base_url: the REST endpoint of Admin > Web Services without /rest.",
        "1003": "The source may have changed: look for a newer version of the connector.",
    }
    raise Refusal(code, told, hint=hints.get(code, "The connector's README lists the permissions (scope) it needs."))


def _until_midnight(now: datetime) -> float:
    local = now.astimezone(_RESET)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=5, second=0, microsecond=0)
    return (midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()


def stamp(moment: datetime) -> str:
    """A moment as Marketo wants it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
