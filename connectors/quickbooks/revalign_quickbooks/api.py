"""QuickBooks Online's query and change data capture: what changed, in an order that holds, and what was deleted.

A query returns at most 1,000 records. Positions move while people work in the books, so a page is not asked for by its
position: it begins at the time of the last change read, and position counts only among records of that very second.
Change data capture tells deletions of the last 30 days, at most 1,000 objects a call; beyond either, everything is read
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from revalign_udf.connector import Context
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.http import Http, Limits, OAuth2Refresh, Reply, Throttled
from revalign_udf.errors import Fatal

__all__ = ["CDC_DAYS", "Books", "Record", "connect", "stale", "value_of"]

Record = Mapping[str, Any]
#: change data capture looks back 30 days; a day is left for clocks and long pulls
CDC_DAYS = 29
_MOST = 1000
#: everything we read that can be deleted
_CAPTURED = (
    "Customer", "Item", "Invoice", "SalesReceipt", "Payment", "CreditMemo", "RefundReceipt", "Purchase", "Bill",
    "VendorCredit", "JournalEntry",
)  # fmt: skip
#: lists whose records are switched off instead of deleted; a query leaves those out unless it asks for them
_LISTS = {"Customer", "Item", "Account", "Class", "Department"}


class Books:
    """The books of one company (realm)."""

    def __init__(self, http: Http, realm: str, size: int, minor_version: int) -> None:
        self._http = http
        self._path = f"/v3/company/{realm}"
        self._size = size
        self._version = minor_version
        self._deletions: tuple[str, dict[str, list[str]], str] | None = None
        self.time = ""
        """QuickBooks' own clock when it last answered"""

    def company(self) -> str:
        """The company's name."""
        found = self._query("select * from CompanyInfo", "CompanyInfo")
        return str(found[0].get("CompanyName") or "") if found else ""

    def changed(self, entity: str, start: datetime | None) -> Iterator[list[Record]]:
        """Pages of an entity's records changed at or after a moment, oldest change first; all records for None.

        Raises Fatal REV-506 when QuickBooks leads in a circle.
        """
        position = 1
        before: list[str] = []
        while True:
            found = self._query(self._select(entity, start, position), entity)
            keys = [str(one["Id"]) for one in found]
            times = [parsed(str(one["MetaData"]["LastUpdatedTime"])) for one in found]
            if found and (keys == before or (start is not None and times[0] < _whole(start))):
                raise Fatal(
                    f"quickbooks: {entity}: a page repeated for ever: QuickBooks leads back to records already read.",
                    hint="What was read up to the last mark is kept. Pull again later.",
                )
            yield found
            if len(found) < self._size:
                return
            before = keys
            last = _whole(times[-1])
            if start is not None and last <= _whole(start):
                position += len(found)
            else:
                start, position = last, 1

    def everything(self, entity: str) -> list[Record]:
        """All records of a list that is not long: accounts, items."""
        found: dict[str, Record] = {}
        for page in self.changed(entity, None):
            found.update((str(one["Id"]), one) for one in page)
        return list(found.values())

    def deleted(self, entities: Sequence[str], since: str) -> tuple[dict[str, list[str]], str] | None:
        """(entity -> ids deleted since a moment, until when by QuickBooks' clock). None where too much has changed for one
        answer. One answer about everything serves all streams of a pull."""
        if self._deletions is None or parsed(self._deletions[0]) > parsed(since):
            found = self._captured(_CAPTURED, since)
            self._deletions = (since, found, self.time) if found is not None else None
        if self._deletions is not None:
            return self._deletions[1], self._deletions[2]
        alone = self._captured(entities, since)
        return None if alone is None else (alone, self.time)

    def _captured(self, entities: Sequence[str], since: str) -> dict[str, list[str]] | None:
        reply = self._get("cdc", {"entities": ",".join(entities), "changedSince": since})
        gone: dict[str, list[str]] = {}
        count = 0
        for part in reply.get("CDCResponse") or ():
            for answer in part.get("QueryResponse") or ():
                _no_fault(answer, self._http.hide)
                for entity in entities:
                    records = answer.get(entity) or ()
                    count += len(records)
                    gone.setdefault(entity, []).extend(
                        str(one["Id"]) for one in records if one.get("status") == "Deleted"
                    )
        return gone if count < _MOST else None

    def _select(self, entity: str, start: datetime | None, position: int) -> str:
        conditions = [f"MetaData.LastUpdatedTime >= '{_whole(start).isoformat()}'"] if start else []
        conditions += ["Active IN (true, false)"] if entity in _LISTS else []
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return (
            f"select * from {entity}{where} orderby MetaData.LastUpdatedTime"
            f" startposition {position} maxresults {self._size}"
        )

    def _query(self, text: str, entity: str) -> list[Record]:
        answer = self._get("query", {"query": text})
        found = answer.get("QueryResponse")
        if not isinstance(found, Mapping):
            raise Fatal(
                "quickbooks: the reply to a query has no QueryResponse.",
                hint="Look for a newer version of the connector.",
            )
        others = [name for name, value in found.items() if isinstance(value, list) and name != entity]
        if others:
            raise Fatal(
                f"quickbooks: asked for {entity}, QuickBooks answers with {others[0]}.",
                hint="Pull again; check any proxy in between.",
            )
        return list(found.get(entity) or ())

    def _get(self, what: str, params: Mapping[str, Any]) -> Record:
        reply = self._http.get(f"{self._path}/{what}", {**params, "minorversion": self._version}).json
        if not isinstance(reply, Mapping):
            raise Fatal("quickbooks: the reply is not an object.", hint="Look for a newer version of the connector.")
        self.time = str(reply.get("time") or self.time)
        return reply


def connect(ctx: Context) -> Books:
    """The books named by the settings. The refresh token is replaced by QuickBooks about once a day and kept where the
    setting points."""
    settings = ctx.settings
    auth = OAuth2Refresh(
        str(settings["token_url"]), str(settings["client_id"]), str(settings["client_secret"]),
        str(settings["refresh_token"]), style="basic", keep=lambda token: ctx.keep("refresh_token", token),
    )  # fmt: skip
    # 500 calls a minute per company, 10 at a time
    http = ctx.http(auth, limits=Limits(per_second=8), judge=_judge)
    if http not in _OPEN:
        size, version = int(settings.get("page_size") or _MOST), int(settings.get("minor_version") or 75)
        _OPEN[http] = Books(http, str(settings["realm"]), size, version)
    return _OPEN[http]


#: the books of a connection, as long as its client lives: the streams of one pull share them
_OPEN: WeakKeyDictionary[Http, Books] = WeakKeyDictionary()


def _judge(reply: Reply) -> None:
    """A fault may come with status 200."""
    if reply.kind.endswith("json"):
        body = reply.json
        if isinstance(body, Mapping):
            _no_fault(body)


def _no_fault(body: Record, hide: Callable[[str], str] = str) -> None:
    fault = body.get("Fault") or body.get("fault")
    if not isinstance(fault, Mapping):
        return
    errors: Iterable[Record] = fault.get("Error") or fault.get("error") or ()
    first: Record = next(iter(errors), {})
    text = hide(
        " ".join(str(first.get(name) or first.get(name.lower()) or "") for name in ("Message", "Detail")).strip()
    )
    if str(first.get("code")).lstrip("0") == "3001" or "Throttle" in text:
        raise Throttled(f"QuickBooks is asked too much: {text[:200]}", after=60)
    raise Fatal(
        f"QuickBooks refuses: {text[:200] or fault.get('type')}", hint="Check the app's accounting scope and the realm."
    )


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def value_of(record: Record, reference: str) -> str | None:
    """The id in a reference: ``{"CustomerRef": {"value": "1"}}``."""
    found = (record.get(reference) or {}).get("value")
    return None if found in (None, "") else str(found)


def stale(stamp: str, now: datetime) -> bool:
    """Whether change data capture cannot look back so far."""
    return now - parsed(stamp) > timedelta(days=CDC_DAYS)
