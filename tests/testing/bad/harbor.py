"""Harbor, a made-up CRM, and a connector to it that keeps every rule of the contract suite.

The API lists deals by modification time in pages, ends every search after 60 results, tells deletions and merges in a
list of their own, hands out access tokens for an hour, and says "too many calls" in the body of a reply of status 200.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Connector,
    Context,
    Mark,
    Merges,
    Message,
    Records,
    Setting,
    Spec,
    Stream,
    Tombstones,
    http_settings,
)
from revalign_udf.connector.cursors import Cursor
from revalign_udf.connector.http import ClientCredentials, Http, Reply, Throttled, Token
from revalign_udf.connector.values import attrs, fill, from_minor, instant
from revalign_udf.errors import BadRecord, Fatal
from revalign_udf.testing import Answer, Call, Vendor

PAGE, CAP = 20, 60
SECRET = "harbor-secret-4711"
START, SHARED = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
KNOWN = ("id", "company", "stages", "amount", "currency", "created", "updated", "custom")


class Harbor:
    """Reads deals from Harbor."""

    spec = Spec(
        name="harbor",
        version="1.0",
        about="Deals from Harbor",
        settings=(
            Setting("client_id", required=True, help="the client's id"),
            Setting("client_secret", "secret", required=True, help="the client's secret"),
            *http_settings("https://api.harbor.example"),
        ),
        needs=("http",),
        scopes=("deals:read",),
    )

    def http(self, ctx: Context) -> Http:
        auth = ClientCredentials("/oauth/token", ctx.settings["client_id"], ctx.settings["client_secret"])
        return ctx.http(auth, judge=judge)

    def check(self, ctx: Context) -> Check:
        reply = self.http(ctx).get("/deals", {"limit": 1}).json
        return Check(ok=True, message=f"Harbor answers with {len(reply['data'])} deal.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [
            Stream(
                "deals",
                ("opportunity", "lifecycle_event"),
                cursor="updated",
                granularity="second",
                delete_mode="tombstone",
            )
        ]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        http = self.http(ctx)
        # an interrupted pull goes on from `read`; what is gone is asked for from `cursor` on, where the last whole pull ended
        cursor = Cursor({"cursor": state.get("read", state.get("cursor"))}, since=ctx.settings.get("since"))
        yield from self.deals(http, stream, state, cursor)
        yield from self.gone(http, state.get("cursor"))
        yield Mark({"cursor": cursor.value})

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        while True:
            start, count = cursor.start, 0
            params = {"updated_from": start.isoformat() if start else None, "limit": PAGE}
            for page in http.pages("/deals", Token("after", "next", items="data"), params=params):
                yield Records(stream.name, page.items)
                for record in page.items:
                    cursor.see(record["updated"])
                count += len(page.items)
                yield Mark({"cursor": state.get("cursor"), "read": cursor.value})
            if count < CAP:
                return
            if cursor.start == start:
                raise Fatal("More than 60 deals share one second, and Harbor shows no more of them.")

    def gone(self, http: Http, since: str | None) -> Iterator[Message]:
        found = http.get("/deals/gone", {"since": since}).json["data"]
        yield Tombstones("opportunity", [item["id"] for item in found if not item["into"]])
        yield Merges("opportunity", [(item["id"], item["into"]) for item in found if item["into"]])

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        if not record.get("id"):
            raise BadRecord("a deal without an id")
        row = fill(
            record,
            {
                "id": "id",
                "org_id": "company",
                "created_at": lambda deal: instant(deal["created"]),
                "updated_at": lambda deal: instant(deal["updated"]),
                "stage": lambda deal: deal["stages"][-1]["stage"],
                "amount": lambda deal: from_minor(deal["amount"], deal["currency"]),
                "currency": "currency",
            },
            mapping,
            stream,
        )
        yield "opportunity", attrs(row, record, known=KNOWN, more=record["custom"].items())
        for number, step in enumerate(record["stages"]):
            yield (
                "lifecycle_event",
                {
                    "id": f"{record['id']}:{number}",
                    "subject_type": "opportunity",
                    "subject_id": record["id"],
                    "stage": step["stage"],
                    "occurred_at": instant(step["at"]),
                },
            )


def judge(reply: Reply) -> None:
    """Errors that come with status 200."""
    error = reply.json.get("error") if reply.content[:1] == b"{" else None
    if error and error.get("code") == "too_many":
        raise Throttled("Harbor has had too many calls", after=2)


class HarborVendor(Vendor):
    """Harbor's API."""

    connector: ClassVar[Connector] = Harbor()
    page_size = PAGE
    main = "deals"
    table = "opportunity"
    cap = CAP

    def __init__(self) -> None:
        super().__init__()
        self.deals: dict[str, dict[str, Any]] = {}
        self.lost: list[dict[str, Any]] = []
        self.latest = START
        self.tokens = 0
        self.busy = False
        self.api.route("POST", "/oauth/token")(self._token)
        self.api.route("GET", "/deals")(self._list)
        self.api.route("GET", "/deals/gone")(self._gone)

    # what the suite moves

    def settings(self) -> dict[str, Any]:
        return {"base_url": self.api.base_url, "client_id": "board", "client_secret": SECRET}

    def secrets(self) -> Sequence[str]:
        return SECRET, *(f"harbor-token-{number:04}" for number in range(1, self.tokens + 1))

    def fill(self, count: int) -> list[str]:
        return [self._deal(self._later()) for _ in range(count)]

    def change(self, key: str) -> None:
        self.deals[key].update(amount=self.deals[key]["amount"] + 1, updated=self._later())

    def same_second(self, count: int) -> list[str]:
        self.latest = max(self.latest, SHARED)
        return [self._deal("2026-02-01T00:00:00Z") for _ in range(count)]

    def remove(self, key: str) -> None:
        self._lose(key, "")

    def merge(self, gone: str, stays: str) -> None:
        self._lose(gone, stays)

    def custom(self, key: str, value: str) -> str:
        self.deals[key]["custom"]["berth"] = value
        return "berth"

    def stage(self, name: str) -> None:
        deal = next(iter(self.deals.values()))
        deal["stages"].append({"stage": name, "at": deal["updated"]})

    def money(self) -> tuple[str, str, str]:
        key = self._deal(self._later())
        self.deals[key].update(amount=500, currency="JPY")
        return "opportunity", key, "500"

    def throttle_in_body(self) -> None:
        self.busy = True

    def expire(self) -> None:
        self.tokens += 1

    # Harbor itself

    def _later(self) -> str:
        self.latest += timedelta(seconds=1)
        return self.latest.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _deal(self, updated: str) -> str:
        key = f"d{len(self.deals) + len(self.lost) + 1:05}"
        self.deals[key] = {
            "id": key,
            "company": "c1",
            "stages": [{"stage": "opportunity", "at": updated}],
            "amount": 1999,
            "currency": "USD",
            "created": updated,
            "updated": updated,
            "custom": {},
        }
        return key

    def _lose(self, key: str, into: str) -> None:
        at = self._later()
        del self.deals[key]
        self.lost.append({"id": key, "into": into, "at": at})

    def _token(self, call: Call) -> Any:
        if call.form.get("client_secret") != SECRET:
            return 401, {"error": "invalid_client"}
        self.tokens += 1
        return {"access_token": f"harbor-token-{self.tokens:04}", "expires_in": 3600}

    def _refused(self, call: Call) -> Answer | None:
        if call.headers.get("Authorization") != f"Bearer harbor-token-{self.tokens:04}":
            return Answer(401, {"message": "no such token"})
        if self.busy:
            self.busy = False
            return Answer(200, {"error": {"code": "too_many", "message": "slow down"}})
        return None

    def _list(self, call: Call) -> Any:
        if refused := self._refused(call):
            return refused
        begin = _zulu(call.query.get("updated_from", ""))
        found = sorted((deal["updated"], key) for key, deal in self.deals.items() if deal["updated"] >= begin)
        limit, offset = int(call.query["limit"]), int(call.query.get("after", "0"))
        shown = found[:CAP]  # whatever the page, a search shows no more
        page = [self.deals[key] for _, key in shown[offset : offset + limit]]
        after = str(offset + limit) if offset + limit < len(shown) else None
        return {"data": page, "next": after}

    def _gone(self, call: Call) -> Any:
        if refused := self._refused(call):
            return refused
        since = _zulu(call.query.get("since", ""))
        return {"data": [item for item in self.lost if item["at"] >= since]}


def _zulu(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if text else ""
