"""A small Intercom on this machine: searches cut to days, a scroll that stands alone, merges nobody tells."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar

from revalign_intercom import IntercomConnector
from revalign_udf.testing import Answer, Call, Vendor
from revalign_udf.testing.pulling import Ground

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400
Record = dict[str, Any]


class IntercomVendor(Vendor):
    connector = IntercomConnector()
    page_size = 150
    main = "contacts"
    table = "person"
    now: ClassVar[datetime | None] = datetime(2026, 3, 1, tzinfo=UTC)
    skips: ClassVar[dict[str, str]] = {
        "test_merged_is_linked": "Intercom's API tells no merges: a merged contact is gone, and found gone by the sweep",
        "test_an_unknown_stage_is_kept_and_reported": "Intercom has no stages",
        "test_money_without_cents_is_exact": "Intercom's records hold no amounts of a currency",
        "test_more_than_the_search_gives": "Intercom's search ends nowhere",
        "test_a_token_that_expires_midway_is_renewed": "the token of an app does not expire",
    }

    def __init__(self) -> None:
        super().__init__()
        self.clock = int(START.timestamp())
        self.ground: Ground | None = None
        self.next_id = 101
        self.offset = 0
        """seconds of the workspace's time zone: searches are cut to its days"""
        self.sorted = True
        self.page_limit = 150
        self.scrolls = 0
        self.shared: int | None = None
        self.companies: dict[str, Record] = {}
        self.records: dict[str, dict[str, Record]] = {"contacts": {}, "conversations": {}, "tickets": {}}
        self.admins: list[Record] = []
        self.teams: list[Record] = []
        self.api.authorize = lambda call: call.headers.get("Authorization") == "Bearer ic-secret-token"
        api = self.api
        for method, path, handler in (
            ("GET", "/me", self._me),
            ("GET", "/admins", lambda _: self._answer({"type": "admin.list", "admins": self.admins})),
            ("GET", "/teams", lambda _: self._answer({"type": "team.list", "teams": self.teams})),
            ("GET", "/companies/scroll", self._scroll),
            ("POST", "/(contacts|conversations|tickets)/search", self._search),
        ):
            api.route(method, path)(handler)

    # -- handles of the contract suite

    def settings(self) -> dict[str, Any]:
        return {
            "token": "ic-secret-token", "base_url": self.api.base_url, "calls_per_second": 0.0, "lookback": 30,
            "app_id": "abc123",
        }  # fmt: skip

    def secrets(self) -> list[str]:
        return ["ic-secret-token"]

    def fill(self, count: int) -> list[str]:
        return [self.contact(name=f"Person {self.next_id}") for _ in range(count)]

    def change(self, key: str) -> None:
        self.update("contacts", key, email=f"changed{self.clock}@c.example")

    def same_second(self, count: int) -> list[str]:
        if self.shared is None:
            self.shared = self.tick(60)
        return [self.contact(name="Twin", at=self.shared) for _ in range(count)]

    def remove(self, key: str) -> None:
        self.tick(60)
        del self.records["contacts"][key]

    def custom(self, key: str, value: str) -> str:
        self.update("contacts", key, custom_attributes={"stripe_customer_id": value})
        return "stripe_customer_id"

    def expire(self) -> None:
        self.api.authorize = lambda _call: False  # a token that ends was revoked, and there is no other

    def throttle_in_body(self) -> None:
        said = {"type": "error.list", "errors": [{"code": "rate_limit_exceeded", "message": "Exceeded rate limit"}]}
        self.api.faults.add("search", json=said)

    # -- what a test writes

    def tick(self, seconds: int = 1) -> int:
        self.clock += seconds
        return self.clock

    def _id(self) -> str:
        self.next_id += 1
        return str(self.next_id - 1)

    def company(self, name: str, **more: Any) -> str:
        key, moment = self._id(), self.tick()
        self.companies[key] = {
            "type": "company", "id": key, "name": name, "app_id": "abc123", "company_id": f"own-{key}", "created_at": moment,
            "updated_at": moment, "size": 12, "website": f"https://www.{name.lower()}.example/x", "industry": "Software",
            "monthly_spend": 0, "session_count": 0, "user_count": 1, "custom_attributes": {}, **more,
        }  # fmt: skip
        return key

    def contact(self, *companies: str, at: int | None = None, **more: Any) -> str:
        key, moment = self._id(), at or self.tick()
        data = [{"type": "company", "id": one, "url": f"https://api.intercom.io/companies/{one}"} for one in companies]
        self.records["contacts"][key] = {
            "type": "contact", "id": key, "external_id": f"u-{key}", "role": "user", "email": f"p{key}@c.example",
            "name": None, "created_at": moment, "updated_at": moment, "custom_attributes": {},
            "companies": {"type": "list", "data": data, "url": f"https://api.intercom.io/contacts/{key}/companies",
                          "total_count": len(data), "has_more": False}, **more,
        }  # fmt: skip
        return key

    def conversation(self, *contacts: str, **more: Any) -> str:
        key, moment = self._id(), self.tick()
        self.records["conversations"][key] = {
            "type": "conversation", "id": key, "title": None, "created_at": moment, "updated_at": moment, "open": True,
            "state": "open", "read": True, "priority": "not_priority", "admin_assignee_id": None,
            "source": {"type": "email", "id": "s1", "delivered_as": "customer_initiated", "subject": "", "body": "Help"},
            "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": one} for one in contacts]},
            "statistics": None, "conversation_rating": None, "custom_attributes": {}, **more,
        }  # fmt: skip
        return key

    def ticket(self, *contacts: str, **more: Any) -> str:
        key, moment = self._id(), self.tick()
        self.records["tickets"][key] = {
            "type": "ticket", "id": key, "ticket_id": key, "category": "Customer", "created_at": moment,
            "updated_at": moment, "open": True, "ticket_attributes": {"_default_title_": "Broken", "area": "billing"},
            "ticket_state": {"type": "ticket_state", "id": "1", "category": "submitted"},
            "ticket_type": {"type": "ticket_type", "id": "7", "name": "Bug", "category": "Customer"},
            "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": one} for one in contacts]},
            "ticket_parts": {"type": "ticket_part.list", "ticket_parts": [], "total_count": 0}, **more,
        }  # fmt: skip
        return key

    def update(self, kind: str, key: str, *, at: int | None = None, **more: Any) -> None:
        self.records[kind][key] |= {**more, "updated_at": at or self.tick(60)}

    # -- the API

    def _answer(self, body: Any, status: int = 200) -> Answer:
        moment = datetime.fromtimestamp(self.clock, UTC)
        return Answer(status, body, headers={"Date": format_datetime(moment, usegmt=True)})

    def _me(self, _call: Call) -> Answer:
        app = {"type": "app", "id_code": "abc123", "name": "Ours", "region": "US", "timezone": "America/New_York"}
        return self._answer({"type": "admin", "id": "1", "name": "Ann", "email": "ann@us.example", "app": app})

    def _scroll(self, call: Call) -> Answer:
        start = int(call.query.get("scroll_param", "at-0").removeprefix("at-"))
        if start == 0:
            self.scrolls += 1
        found = list(self.companies.values())[start : start + 2]
        pages = {"type": "pages", "page": 1, "per_page": 2, "total_pages": 1}
        return self._answer(
            {"type": "list", "data": found, "pages": pages, "total_count": None, "scroll_param": f"at-{start + 2}"}
        )

    def _day(self, moment: int) -> int:
        return (moment + self.offset) // DAY

    def _fits(self, one: Record, query: Record) -> bool:
        if query["operator"] == "IN":
            return one[query["field"]] in query["value"]
        return self._day(int(one[query["field"]])) > self._day(query["value"])

    def _search(self, call: Call) -> Answer:
        kind, body = call.match[1], call.json
        found = [one for one in self.records[kind].values() if self._fits(one, body["query"])]
        sort = body.get("sort")
        if sort and self.sorted:
            found.sort(key=lambda one: (one[sort["field"]], int(one["id"])))
        paging = body.get("pagination") or {}
        start = int(paging.get("starting_after") or 0)
        size = min(int(paging.get("per_page") or 20), self.page_limit)
        pages: Record = {
            "type": "pages",
            "page": start // size + 1,
            "per_page": size,
            "total_pages": -(-len(found) // size),
        }
        if start + size < len(found):
            pages["next"] = {"per_page": size, "starting_after": str(start + size)}
        names = {"contacts": ("data", "list"), "conversations": ("conversations", "conversation.list"),
                 "tickets": ("tickets", "ticket.list")}  # fmt: skip
        items, label = names[kind]
        return self._answer(
            {"type": label, items: found[start : start + size], "total_count": len(found), "pages": pages}
        )
