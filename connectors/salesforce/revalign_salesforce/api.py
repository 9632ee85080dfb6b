"""Calls to one organization: queries page by page, descriptions, errors in words, and the budget of calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from revalign_udf.connector.http import Http, Refused, Reply
from revalign_udf.errors import ConnectorError, Fatal, Retriable

__all__ = ["Api", "Page", "QueryTimeout"]

_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")
_FIELD = re.compile(r"[Nn]o such column '([^']+)'|(\w+(?:\.\w+)*)\s*\^?\s*ERROR", re.DOTALL)


class QueryTimeout(Retriable):
    """Salesforce gave up on a query: as a bulk job it may run."""


class LocatorGone(Retriable):
    """The place in a query's results is no longer known (they are kept two days)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query's results."""

    records: list[dict[str, Any]]
    total: int
    """records of the whole query"""
    now: datetime | None
    """the server's clock when it answered"""


class Api:
    """The REST interface of one version. ``keep_calls``: per cent of the day's calls that are left to others."""

    def __init__(self, http: Http, version: str, keep_calls: int = 0, page_size: int = 2000) -> None:
        self.http = http
        self.version = version
        self.root = f"/services/data/v{version}"
        self._keep = keep_calls
        self._options = {"Sforce-Query-Options": f"batchSize={page_size}"}
        self.used: tuple[int, int] | None = None
        """calls of the last 24 hours and how many there may be, as last told"""

    def call(self, method: str, path: str, **options: Any) -> Reply:
        """One call. Raises what Salesforce's error code means, see :func:`_meaning`."""
        self.stop_at_budget()
        try:
            reply = self.http.request(method, path, **options)
        except Refused as error:
            self._count(error.reply.headers)
            raise _meaning(error) from None
        self._count(reply.headers)
        return reply

    def stop_at_budget(self) -> None:
        """Raise Retriable REV-505 when the calls left are those we promised to others."""
        if self.used is None or not self._keep:
            return
        used, limit = self.used
        if used * 100 >= limit * (100 - self._keep):
            raise Retriable(
                f"Salesforce: {used:,} of the organization's {limit:,} calls of the last 24 hours are used, and keep_calls"
                f" leaves {self._keep} % to others.",
                hint="What was read is kept. Pull again in some hours: calls older than 24 hours no longer count.",
            )

    def _count(self, headers: Mapping[str, str]) -> None:
        found = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
        if found:
            self.used = int(found[1]), int(found[2])

    def pages(self, soql: str) -> Iterator[Page]:
        """The results of a query, deleted and archived records too (``queryAll``).

        Raises QueryTimeout, LocatorGone, Fatal REV-506.
        """
        reply = self.call("GET", f"{self.root}/queryAll", params={"q": soql}, headers=self._options)
        seen: set[str] = set()
        while True:
            body = reply.json
            if not isinstance(body, Mapping) or not isinstance(body.get("records"), list):
                raise Fatal("Salesforce answered a query with something else.", hint="Check base_url and api_version.")
            yield Page(body["records"], int(body.get("totalSize") or 0), _server_time(reply))
            if body.get("done", True):
                return
            onward = str(body.get("nextRecordsUrl") or "")
            if not onward or onward in seen:
                raise Fatal("Salesforce repeats a page of a query for ever.", hint="Tell Salesforce's support.")
            seen.add(onward)
            reply = self.call("GET", onward, headers=self._options)

    def count(self, source: str, where: str) -> int:
        """How many records a query would give. Raises QueryTimeout."""
        soql = f"SELECT COUNT() FROM {source}" + (f" WHERE {where}" if where else "")
        return int(self.call("GET", f"{self.root}/queryAll", params={"q": soql}).json["totalSize"])

    def objects(self) -> dict[str, bool]:
        """The objects these credentials see -> whether they can be queried."""
        body = self.call("GET", f"{self.root}/sobjects").json
        return {item["name"]: bool(item.get("queryable")) for item in body["sobjects"]}

    def describe(self, name: str) -> Mapping[str, Any]:
        """What an object is made of, as far as these credentials may know."""
        body: Mapping[str, Any] = self.call("GET", f"{self.root}/sobjects/{name}/describe").json
        return body


def _server_time(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None


def _codes(reply: Reply) -> str:
    """The error code of a body such as ``[{"errorCode": "INVALID_FIELD", "message": "..."}]``."""
    try:
        body = reply.json
    except ConnectorError:
        return ""
    first = body[0] if isinstance(body, list) and body else body
    return str(first.get("errorCode") or "") if isinstance(first, Mapping) else ""


def _meaning(error: Refused) -> ConnectorError:
    """What a refusal means: to wait, to grant something, or to correct a setting."""
    code, told = _codes(error.reply), error.message
    if code == "REQUEST_LIMIT_EXCEEDED":
        concurrent = "concurrent" in told.lower()
        return Retriable(
            f"Salesforce takes no further calls ({code}). {told}",
            hint="Pull again in a few minutes: too many calls ran at the same time."
            if concurrent
            else "Pull again in some hours: calls older than 24 hours no longer count. `keep_calls` leaves a share unused.",
        )
    if code == "QUERY_TIMEOUT":
        return QueryTimeout(f"Salesforce gave up on a query. {told}", hint='Set bulk = "always".')
    if code == "INVALID_QUERY_LOCATOR":
        return LocatorGone(f"Salesforce no longer knows where a query stood. {told}", hint="Pull again.")
    if code == "INVALID_FIELD":
        found = _FIELD.search(told)
        name = next((text for text in (found.groups() if found else ()) if text), "a field")
        return Fatal(
            f"Salesforce does not know {name}, or these credentials may not read it. {told}",
            hint="Grant read access to it in the permission set, or correct [source.NAME.mapping].",
        )
    if code in ("INVALID_TYPE", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"):
        return Fatal(
            f"These credentials may not read this kind of record. {told}",
            hint="Grant read access to the object in the permission set, or leave it out with `streams`.",
        )
    if code in ("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "FUNCTIONALITY_NOT_ENABLED"):
        return Fatal(
            f"This organization or user may not use the API. {told}",
            hint="The edition needs API access, and the user the permission API Enabled.",
        )
    if code == "UNSUPPORTED_API_VERSION":
        return Fatal(f"Salesforce does not have this version of its API. {told}", hint="Correct api_version.")
    return error
