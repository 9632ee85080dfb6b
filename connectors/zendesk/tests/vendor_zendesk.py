"""A small Zendesk: exports by cursor and by time, lists by cursor, sign-in three ways, and what it does to late readers.

Times are seconds since 1970. An export shows each record once, where it was last changed: a ticket changed while somebody
reads moves to the end. What changed within the last minute is not shown, and a start within it is refused.
"""

from __future__ import annotations

import base64
import heapq
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from revalign_udf.testing import Call, FakeApi, Vendor
from revalign_udf.testing.pulling import Ground
from revalign_zendesk import ZendeskConnector

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
FIELD = 360001
AGENT, ORG, GROUP = 901, 701, 501

Record = dict[str, Any]


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeZendesk:
    """The account: its records and its API."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.now = int(NOW.timestamp())
        self.time = START
        self.tickets: dict[int, Record] = {}
        self.users: dict[int, Record] = {}
        self.organizations: dict[int, Record] = {}
        self.groups: dict[int, Record] = {}
        self.ratings: dict[int, Record] = {}
        self.ticket_fields: list[Record] = [
            {"id": 1, "title": "Subject", "type": "subject"},
            {"id": 2, "title": "Status", "type": "status"},
            {"id": FIELD, "title": "Plan", "type": "text"},
        ]
        self.organization_fields: list[Record] = [{"id": 3, "key": "crm_id", "title": "CRM id", "type": "text"}]
        self.user_fields: list[Record] = []
        self.lost_cursors = False
        self.admin = True
        self.tokens: list[str] = []
        self.valid: set[str] = set()
        self.says_end = True
        """whether time-based exports say ``end_of_stream``"""
        api.authorize = self.knows
        api.route("POST", "/oauth/tokens")(self.token)
        api.route("GET", "/api/v2/users/me.json")(self.me)
        api.route("GET", "/api/v2/incremental/(tickets|users)/cursor.json")(self.by_cursor)
        api.route("GET", "/api/v2/incremental/organizations.json")(self.by_time)
        api.route("GET", "/api/v2/tickets/show_many.json")(self.show_many)
        api.route("GET", "/api/v2/([a-z_]+)")(self.listed)

    # -- records

    def tick(self) -> int:
        self.time += 1
        return self.time

    def organization(self, key: int, name: str, **more: Any) -> Record:
        at = self.tick()
        self.organizations[key] = {
            "id": key, "name": name, "domain_names": [], "organization_fields": {}, "tags": [], "external_id": None,
            "created_at": iso(at), "updated_at": iso(at), "_at": at, **more,
        }  # fmt: skip
        return self.organizations[key]

    def user(self, key: int, name: str, **more: Any) -> Record:
        at = self.tick()
        self.users[key] = {
            "id": key, "name": name, "email": f"{name.lower().replace(' ', '.')}@acme.example", "role": "end-user",
            "active": True, "organization_id": None, "tags": [], "user_fields": {}, "default_group_id": None,
            "created_at": iso(at), "updated_at": iso(at), "_at": at, **more,
        }  # fmt: skip
        return self.users[key]

    def ticket(self, key: int, at: int | None = None, **more: Any) -> Record:
        at = self.tick() if at is None else at
        self.tickets[key] = {
            "id": key, "created_at": iso(at), "updated_at": iso(at), "generated_timestamp": at, "_at": at,
            "status": "open", "priority": "normal", "type": "question", "via": {"channel": "email"}, "tags": [],
            "organization_id": ORG, "requester_id": 801, "assignee_id": AGENT, "group_id": GROUP,
            "custom_fields": [{"id": FIELD, "value": None}], "metric_set": metrics(), **more,
        }  # fmt: skip
        return self.tickets[key]

    def rating(self, key: int, ticket: int, score: str, at: int | None = None, **more: Any) -> Record:
        at = self.tick() if at is None else at
        self.ratings[key] = {
            "id": key, "ticket_id": ticket, "score": score, "comment": "", "requester_id": 801, "assignee_id": AGENT,
            "created_at": iso(at), "updated_at": iso(at), "_at": at, **more,
        }  # fmt: skip
        return self.ratings[key]

    def touch(self, record: Record, **changes: Any) -> None:
        """Change a record now; it moves to the end of its export."""
        at = self.tick()
        record.update(changes)
        record.update({"updated_at": iso(at), "_at": at})
        if "generated_timestamp" in record:
            record["generated_timestamp"] = at

    # -- the API

    def knows(self, call: Call) -> bool:
        if call.path in ("/oauth/tokens", "/api/v2/users/me.json"):
            return True
        return self.signed(call)

    def signed(self, call: Call) -> bool:
        said = call.headers.get("Authorization", "")
        kind, _, value = said.partition(" ")
        if kind == "Basic":
            return base64.b64decode(value) == b"ada@acme.example/token:tok-en-secret"
        return kind == "Bearer" and value in self.valid

    def token(self, call: Call) -> Any:
        form = call.form
        if (form.get("client_id"), form.get("client_secret")) != ("revalign", "client-secret-1"):
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        token = f"oauth-token-{len(self.tokens) + 1}"
        self.tokens.append(token)
        self.valid = {token}
        return {"access_token": token, "token_type": "bearer", "scope": form.get("scope")}

    def me(self, call: Call) -> Any:
        if not self.signed(call):
            return {"user": {"id": None, "name": "Anonymous user", "role": "end-user"}}
        return {"user": {"id": AGENT, "name": "Ada", "role": "admin" if self.admin else "agent"}}

    def shown(self, records: Mapping[int, Record], after: tuple[int, int], size: int) -> list[Record]:
        """The next records after a place, one more than asked for."""
        end = self.now - 60
        left = ((r["_at"], r["id"]) for r in records.values() if r["_at"] <= end)
        return [records[key] for _, key in heapq.nsmallest(size + 1, (place for place in left if place > after))]

    def by_cursor(self, call: Call) -> Any:
        name, size = call.match[1], int(call.query.get("per_page", "1000"))
        records: dict[int, Record] = getattr(self, name)
        if "cursor" in call.query:
            if self.lost_cursors or not call.query["cursor"].startswith("c"):
                return 400, {"error": "InvalidPaginationParameter", "description": "The cursor is invalid"}
            at, key = map(int, call.query["cursor"].removeprefix("c").split("x"))
        else:
            if int(call.query["start_time"]) > self.now - 60:
                return self.too_recent()
            at, key = int(call.query["start_time"]), 0
        left = self.shown(records, (at, key), size)
        page = left[:size]
        if page:
            at, key = page[-1]["_at"], page[-1]["id"]
        body: Record = {
            name: [public(r) for r in page],
            "after_cursor": f"c{at}x{key}",
            "after_url": f"https://acme.zendesk.com/api/v2/incremental/{name}/cursor.json?cursor=c{at}x{key}",
            "before_cursor": None,
            "end_of_stream": len(left) <= size,
        }
        if "users" in call.query.get("include", ""):
            wanted = {r.get("requester_id") for r in page}
            body["users"] = [public(user) for user in self.users.values() if user["id"] in wanted]
        if name == "tickets" and "metric_sets" not in call.query.get("include", ""):
            for ticket in body[name]:
                del ticket["metric_set"]
        return body

    def by_time(self, call: Call) -> Any:
        size, start = int(call.query.get("per_page", "1000")), int(call.query["start_time"])
        if start > self.now - 60:
            return self.too_recent()
        left = self.shown(self.organizations, (start, 0), size)
        page = left[:size]
        end = page[-1]["_at"] if page else self.now - 60
        body: Record = {
            "organizations": [public(r) for r in page],
            "count": len(page),
            "end_time": end,
            "next_page": f"https://acme.zendesk.com/api/v2/incremental/organizations.json?start_time={end}",
        }
        if self.says_end:
            body["end_of_stream"] = len(left) <= len(page)
        return body

    @staticmethod
    def too_recent() -> Any:
        said = "Too recent start_time. Use a start_time older than 60 seconds"
        return 422, {"error": "InvalidValue", "description": said}

    def show_many(self, call: Call) -> Any:
        keys = [int(key) for key in call.query["ids"].split(",")]
        if len(keys) > 100:
            return 400, {"error": "TooManyValues"}
        return {"tickets": [public(self.tickets[key]) for key in keys if key in self.tickets], "count": len(keys)}

    def listed(self, call: Call) -> Any:
        name = {"satisfaction_ratings": "ratings"}.get(call.match[1], call.match[1])
        found = getattr(self, name, None)
        if found is None:
            return 404, {"error": "RecordNotFound", "description": "Not found"}
        records = list(found.values()) if isinstance(found, dict) else found
        if start := int(call.query.get("start_time", "0")):
            records = [r for r in records if r["_at"] >= start]
        size = int(call.query["page[size]"])
        if size > 100:
            return 400, {"error": "InvalidPaginationParameter", "description": "page[size] is at most 100"}
        first = int(call.query.get("page[after]", "0"))
        page = records[first : first + size]
        more = first + size < len(records)
        return {
            call.match[1]: [public(r) for r in page],
            "meta": {"has_more": more, "after_cursor": str(first + size) if more else None},
            "links": {"next": f"https://acme.zendesk.com/api/v2/{call.match[1]}?page[after]={first + size}"},
        }


def public(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "_at"}


def metrics(**more: Any) -> Record:
    """A metric set as Zendesk makes it for a new ticket, and what has happened since."""
    none = {"calendar": None, "business": None}
    return {
        "reopens": 0, "replies": 0, "solved_at": None, "initially_assigned_at": None, "reply_time_in_minutes": none,
        "first_resolution_time_in_minutes": none, "full_resolution_time_in_minutes": none, **more,
    }  # fmt: skip


class ZendeskVendor(Vendor):
    connector = ZendeskConnector()
    page_size = 50
    main, table = "tickets", "ticket"
    now = NOW
    skips: ClassVar[Mapping[str, str]] = {
        "test_merged_is_linked": "Zendesk does not say which user or organization another was merged into; the one that is"
        " gone is deleted, and what it had moves to the other",
        "test_an_unknown_stage_is_kept_and_reported": "tickets have no stages of a funnel",
        "test_money_without_cents_is_exact": "Zendesk has no amounts",
        "test_more_than_the_search_gives": "nothing is searched; exports and cursor lists have no such end",
    }

    def __init__(self) -> None:
        super().__init__()
        self.account = FakeZendesk(self.api)
        self.account.groups[GROUP] = {"id": GROUP, "name": "Support", "deleted": False, "_at": START}
        self.account.organization(ORG, "Acme", domain_names=["acme.example", "acme.test"], external_id="A-1")
        self.account.user(AGENT, "Ada Agent", role="admin", default_group_id=GROUP)
        self.account.user(801, "Rita", organization_id=ORG)
        self.account.time = START + 1000
        self._second = 0

    def settings(self) -> dict[str, Any]:
        return {
            "base_url": self.api.base_url, "client_id": "revalign", "client_secret": "client-secret-1",
            "page_size": self.page_size,
        }  # fmt: skip

    def secrets(self) -> Sequence[str]:
        return ["client-secret-1", *self.account.tokens]

    def fill(self, count: int) -> list[str]:
        first = 1001 + len(self.account.tickets)
        return [str(self.account.ticket(key)["id"]) for key in range(first, first + count)]

    def change(self, key: str) -> None:
        self.account.touch(self.account.tickets[int(key)], priority="urgent")

    def same_second(self, count: int) -> list[str]:
        self._second = self._second or self.account.tick()
        first = 1001 + len(self.account.tickets)
        return [str(self.account.ticket(key, self._second)["id"]) for key in range(first, first + count)]

    def remove(self, key: str) -> None:
        self.account.touch(self.account.tickets[int(key)], status="deleted")

    def custom(self, key: str, value: str) -> str:
        self.account.touch(self.account.tickets[int(key)], custom_fields=[{"id": FIELD, "value": value}])
        return "Plan"

    def throttle_in_body(self) -> None:
        said = {"error": "TooManyRequests", "description": "Number of allowed requests exceeded"}
        self.api.faults.add(json=said)

    def expire(self) -> None:
        self.account.valid = set()


class SmallPages(ZendeskVendor):
    """The same with pages of five, to have many seams with few records."""

    page_size = 5
    ground: Ground


__all__ = [
    "AGENT",
    "FIELD",
    "GROUP",
    "NOW",
    "ORG",
    "START",
    "FakeZendesk",
    "SmallPages",
    "ZendeskVendor",
    "iso",
    "metrics",
]
