"""How Stripe is asked: the pinned version, lists, events, and what to do with test data.

Lists come newest first, at most 100 objects a page. There is no filter for what was updated: changes are told by
``/v1/events``, which Stripe keeps for 30 days (docs: https://docs.stripe.com/api/events).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.http import After, Bearer, Http, Limits, Page
from revalign_udf.errors import ConfigError, Fatal

__all__ = [
    "EVENTS_KEPT", "PAGE", "RELIST_AFTER", "VERSION", "Changes", "changes", "client", "epoch", "latest_event", "listed", "one",
    "relist_due", "usable",
]  # fmt: skip

VERSION = "2026-10-28.endive"
"""the API version every call asks for: the shapes below are those of this version"""
PAGE = 100
EVENTS_KEPT = timedelta(days=30)
RELIST_AFTER = timedelta(days=25)
"""so long after the last run events may be gone before they are read, and everything is listed again"""
_ALLOWED = Limits(per_second=20)
"""well under Stripe's 25 read calls a second of a sandbox; live accounts have 100"""
_GONE = (400, 404)


def client(ctx: Context) -> Http:
    """The HTTP client of a connection. Raises ConfigError REV-305 for a key of test mode without ``test_data``."""
    key = str(ctx.settings["api_key"])
    if "_test_" in key[:10] and not ctx.settings.get("test_data"):
        raise ConfigError(
            f"[source.{ctx.connection}] has a key of Stripe's test mode.",
            code="REV-305",
            hint="Use a live key (rk_live_...), or set test_data = true to read test data on purpose.",
        )
    headers = {"Stripe-Version": VERSION}
    if ctx.settings.get("account"):
        headers["Stripe-Account"] = str(ctx.settings["account"])
    return ctx.http(Bearer(key), headers=headers, limits=_ALLOWED)


def listed(http: Http, path: str, params: Mapping[str, Any] | None = None, *, after: str = "") -> Iterator[Page]:
    """The pages of a list, newest objects first, from the one after ``after`` on.

    An object that was deleted since can no longer be the place to go on from: then the list starts again.
    """
    wanted: dict[str, Any] = {"limit": PAGE, **(params or {})}
    if after and http.request("GET", path, params={**wanted, "starting_after": after}, allow=_GONE).status == 200:
        wanted["starting_after"] = after
    yield from http.pages(path, After("starting_after", items="data"), params=wanted)


def one(http: Http, path: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
    """One object as it is now; None where it was deleted or does not exist."""
    reply = http.request("GET", path, params=params, allow=(404,))
    if reply.status == 404:
        return None
    found: Mapping[str, Any] = reply.json
    return None if found.get("deleted") else found


def usable(ctx: Context, items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Objects without those of test clocks, whose time is not ours.

    Raises Fatal REV-506 for an object of test mode unless the settings ask for test data.
    """
    kept = []
    for item in items:
        if item.get("livemode") is False and not ctx.settings.get("test_data"):
            raise Fatal(
                "Stripe answers with test data.",
                hint=f"Use a live key in [source.{ctx.connection}], or set test_data = true.",
            )
        if not item.get("test_clock"):
            kept.append(item)
    return kept


def epoch(moment: datetime | str) -> int:
    """Seconds since 1970 of an instant; text without an offset is in UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def relist_due(state: Mapping[str, Any], now: datetime) -> bool:
    """Whether everything has to be listed: at first, and when events may be gone before they are read.

    That is a question of when we last read (``at``), not of how old the newest event was: an account may be quiet.
    """
    if "cursor" not in state:
        return True
    return now - datetime.fromtimestamp(int(state.get("at", state["cursor"])), UTC) > RELIST_AFTER


def latest_event(http: Http, now: datetime) -> int:
    """When the newest event happened, by Stripe's clock; for an account without events, 30 days ago by ours."""
    found = http.get("/v1/events", {"limit": 1}).json["data"]
    return int(found[0]["created"]) if found else epoch(now - EVENTS_KEPT)


@dataclass(slots=True)
class Changes:
    """What happened since the last pull."""

    events: list[Mapping[str, Any]]
    """oldest first, those already heeded left out"""
    cursor: int
    """when the newest event happened"""
    seen: list[str]
    """ids of events that a later pull, which looks back a little, will meet again"""
    since: int
    """when the oldest of ``events`` happened"""

    def state(self, now: datetime) -> dict[str, Any]:
        """What the next pull goes on from; ``now`` is when this one began."""
        return {"cursor": self.cursor, "at": epoch(now), **({"seen": self.seen} if self.seen else {})}


def changes(http: Http, types: Sequence[str], state: Mapping[str, Any], lookback: int, *, since: int = 0) -> Changes:
    """The events of some types since a state's cursor, ``lookback`` seconds before it included, or since a moment.

    What an event says of an object is as old as the event and in the version of API the account had then, so objects are
    read again; ids, and what there was before, are taken from here.
    """
    cursor = int(state.get("cursor") or since)
    # all objects were listed after the event of that time, so nothing before it can have been missed
    since = since or max(cursor - lookback, int(state.get("whole") or 0))
    found: list[Mapping[str, Any]] = []
    for page in listed(http, "/v1/events", {"types[]": list(types), "created[gte]": since}):
        found += page.items
    # newest first, so turned round: within one second Stripe's own order is all there is
    found.sort(key=lambda event: int(event["created"]), reverse=True)
    found.reverse()
    cursor = max([cursor, *(int(event["created"]) for event in found)])
    again = sorted(str(event["id"]) for event in found if int(event["created"]) >= cursor - lookback)
    heeded = set(state.get("seen") or ())
    events = [event for event in found if event["id"] not in heeded]
    return Changes(events, cursor, again, int(events[0]["created"]) if events else cursor)
