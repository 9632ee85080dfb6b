"""Calls of HubSpot's API: lists, searches, batches, associations, properties. Nothing here knows a canonical table."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.http import Auth, Bearer, Limits, OAuth2Refresh, Reply, Throttled
from revalign_udf.errors import ConfigError, Fatal, Retriable

__all__ = ["BATCH", "LIST", "SEARCH", "WITH_HISTORY", "Api", "Raw", "milliseconds"]

LIST = 100
"""records of a list page"""
WITH_HISTORY = 50
"""records of a list page or batch that asks for the history of properties"""
BATCH = 100
"""inputs of a batch read"""
SEARCH = 200
"""records of a search page"""
LONGEST_QUERY = 6000
"""characters of property names in a list's address; with more, the properties come from a batch read, whose body has no end"""
_SEARCH_GAP = 0.25
"""seconds between searches: the search API takes five a second from an account, whoever asks"""

Raw = dict[str, Any]


class Api:
    """HubSpot's API for one connection."""

    def __init__(self, ctx: Context) -> None:
        pace = float(ctx.settings.get("calls_per_second") or 0)
        self.ctx = ctx
        self.http = ctx.http(_auth(ctx), limits=Limits(per_second=pace), judge=_judge)
        self._gap = _SEARCH_GAP if pace else 0.0
        self._searched = 0.0

    def get(self, path: str, params: Mapping[str, Any] | None = None, allow: Sequence[int] = ()) -> Reply:
        """One GET."""
        return self.http.get(path, params, allow=allow)

    def properties(self, kind: str) -> list[Raw]:
        """The definitions of an object's properties, those of the account's own among them."""
        found: list[Raw] = self.http.get(f"/crm/v3/properties/{kind}").json["results"]
        return found

    def pipelines(self, kind: str) -> list[Raw]:
        """The pipelines of deals or tickets with their stages."""
        found: list[Raw] = self.http.get(f"/crm/v3/pipelines/{kind}").json["results"]
        return found

    def pages(self, path: str, params: Mapping[str, Any] | None = None, items: str = "results") -> Iterator[list[Raw]]:
        """Every page of a list that goes on with ``paging.next.after``. Raises Fatal REV-506 for a page that comes again."""
        after: str | None = None
        while True:
            body = self.http.get(path, {**(params or {}), "after": after}).json
            yield body.get(items) or []
            following = _next(body)
            if following is None:
                return
            if following == after:
                raise _again(path)
            after = following

    def listed(
        self, kind: str, properties: Sequence[str], history: Sequence[str], associations: Sequence[str],
        *, after: str | None, archived: bool = False,
    ) -> tuple[list[Raw], str | None, datetime]:  # fmt: skip
        """One page of all records: the records, where the next page begins, and when HubSpot says it answered."""
        own = ",".join(properties)
        short = len(own) <= LONGEST_QUERY
        params = {
            "limit": WITH_HISTORY if history and short else LIST,
            "archived": archived or None,
            "properties": own if short else None,
            "propertiesWithHistory": ",".join(history) or None if short else None,
            "associations": ",".join(associations) or None,
            "after": after,
        }
        reply = self.http.get(f"/crm/v3/objects/{kind}", params)
        records: list[Raw] = reply.json["results"]
        if not short:
            linked = {record["id"]: record.get("associations") for record in records}
            records = self.batch(kind, list(linked), properties, history)
            for record in records:
                record["associations"] = linked[record["id"]] or {}
        for record in records:
            self._rest_of_associations(kind, record)
        following = _next(reply.json)
        if following is not None and following == after:
            raise _again(kind)
        return records, following, self.moment(reply)

    def batch(
        self, kind: str, ids: Sequence[str], properties: Sequence[str], history: Sequence[str] = (), by: str = ""
    ) -> list[Raw]:
        """Records by id (or by another unique property), those that exist."""
        found: list[Raw] = []
        size = WITH_HISTORY if history else BATCH
        for start in range(0, len(ids), size):
            body: Raw = {
                "inputs": [{"id": one} for one in ids[start : start + size]],
                "properties": list(properties),
                "propertiesWithHistory": list(history),
            }
            if by:
                body["idProperty"] = by
            found += _many(self.http.post(f"/crm/v3/objects/{kind}/batch/read", body))
        return found

    def associate(self, kind: str, records: Sequence[Raw], others: Sequence[str]) -> None:
        """Give records their associations, in the form in which a list has them."""
        for record in records:
            record["associations"] = {}
        by_id = {record["id"]: record for record in records}
        for other in others:
            for start in range(0, len(records), BATCH):
                inputs = [{"id": record["id"]} for record in records[start : start + BATCH]]
                path = f"/crm/v3/associations/{kind}/{other}/batch/read"
                for one in _many(self.http.post(path, {"inputs": inputs})):
                    found = {"results": list(one["to"]), "paging": one.get("paging")}
                    by_id[one["from"]["id"]]["associations"][other] = found
        for record in records:
            self._rest_of_associations(kind, record)

    def _rest_of_associations(self, kind: str, record: Raw) -> None:
        """A record with very many associations brings only the first of them."""
        for other, block in (record.get("associations") or {}).items():
            after = _next(block)
            while after is not None:
                path = f"/crm/v3/objects/{kind}/{record['id']}/associations/{other.replace(' ', '_')}"
                body = self.http.get(path, {"limit": 500, "after": after}).json
                block["results"] += body["results"]
                following = _next(body)
                if following == after:
                    raise _again(path)
                after = following

    def changed(self, kind: str, modified: str, since: int) -> Iterator[list[Raw]]:
        """Ids and modification times of records changed since a moment (milliseconds), oldest change first.

        Every page is a query of its own that begins at the last change seen. So no query comes near the 10,000 results at
        which HubSpot stops, and a record that changes while the pages are read moves to the end without pushing another
        one over a page boundary, as it would with offsets.
        """
        start = since
        while True:
            page = self._search(kind, modified, [(modified, "GTE", start)], modified)
            moments = [_modified(record, modified) for record in page]
            if moments != sorted(moments):
                raise Fatal(
                    f"HubSpot did not sort {kind} by {modified}; going on would lose changes.",
                    hint="Pull again; if it stays, tell the author of the connector.",
                )
            yield page
            if len(page) < SEARCH:
                return
            if moments[-1] > start:
                start = moments[-1]
                continue
            yield from self._of_one_moment(kind, modified, start)
            start += 1

    def _of_one_moment(self, kind: str, modified: str, moment: int) -> Iterator[list[Raw]]:
        """More changes in one millisecond than a page holds: by id."""
        last = 0
        while True:
            wanted = [(modified, "EQ", moment), ("hs_object_id", "GT", last)]
            page = self._search(kind, modified, wanted, "hs_object_id")
            yield page
            if len(page) < SEARCH:
                return
            highest = max(int(record["id"]) for record in page)
            if highest <= last:
                raise _again(f"the search of {kind}")
            last = highest

    def _search(self, kind: str, modified: str, wanted: Sequence[tuple[str, str, int]], by: str) -> list[Raw]:
        wait = self._searched + self._gap - time.monotonic()
        if wait > 0:
            self.ctx.wait(wait)
        body = {
            "filterGroups": [
                {"filters": [{"propertyName": n, "operator": how, "value": str(value)} for n, how, value in wanted]}
            ],
            "sorts": [by],
            "properties": [modified],
            "limit": SEARCH,
            "after": "0",
        }
        found: list[Raw] = self.http.post(f"/crm/v3/objects/{kind}/search", body).json["results"]
        self._searched = time.monotonic()
        return found

    def moment(self, reply: Reply) -> datetime:
        """When HubSpot answered, by its own clock; without a word from it a day before ours, to be on the safe side."""
        try:
            found = parsedate_to_datetime(reply.headers.get("date", ""))
        except (ValueError, TypeError, IndexError):
            return self.ctx.clock() - timedelta(days=1)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


def milliseconds(text: str) -> int:
    """An ISO instant as epoch milliseconds, rounded down; the form in which a search filters.

    >>> milliseconds("1970-01-01T00:00:01.234Z")
    1234
    """
    found = datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _modified(record: Raw, name: str) -> int:
    return milliseconds((record.get("properties") or {}).get(name) or record["updatedAt"])


def _judge(reply: Reply) -> None:
    """An error that comes as a success is no page of records."""
    if reply.kind != "application/json":
        return
    body = reply.json
    if isinstance(body, dict) and body.get("status") == "error":
        message = f"HubSpot says: {body.get('message') or 'error'}"
        if "RATE_LIMIT" in f"{body.get('errorType')} {body.get('category')}":
            raise Throttled(message)
        raise Fatal(message, hint="Pull again; if it stays, show HubSpot this message.")


def _many(reply: Reply) -> list[Raw]:
    """The results of a batch. Inputs that do not exist are left out; any other failure among them is one of the call."""
    body = reply.json
    for error in body.get("errors") or ():
        if error.get("category") != "OBJECT_NOT_FOUND":
            raise Retriable(f"HubSpot answered a part of a batch only: {error.get('message')}", hint="Pull again.")
    found: list[Raw] = body["results"]
    return found


def _again(what: str) -> Fatal:
    return Fatal(f"HubSpot sent the same page of {what} again.", hint="Pull again; if it stays, tell HubSpot.")


def _next(body: Raw | None) -> str | None:
    following = ((body or {}).get("paging") or {}).get("next") or {}
    after = following.get("after")
    return str(after) if after else None


def _auth(ctx: Context) -> Auth:
    settings = ctx.settings
    if settings.get("token"):
        return Bearer(settings["token"])
    if settings.get("refresh_token"):

        def keep(value: str) -> bool:
            return ctx.keep("refresh_token", value)

        return OAuth2Refresh(
            "/oauth/v1/token",
            str(settings.get("client_id") or ""),
            str(settings.get("client_secret") or ""),
            settings["refresh_token"],
            keep=keep,
        )
    raise ConfigError(
        f"source.{ctx.connection} has no credentials.", code="REV-305",
        hint='Write token = "$env:HUBSPOT_TOKEN" with the access token of a private app.',
    )  # fmt: skip
