"""A small Chargebee: lists with filters, order and offsets as API v2 has them, events for what happens to subscriptions."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from revalign_chargebee import ChargebeeConnector
from revalign_udf.testing import Call, Vendor
from revalign_udf.testing.pulling import Ground

START = 1_767_225_600
"""2026-01-01 00:00 UTC"""
DAY = 86_400
KEY = "test_readonlykey_0123456789"

#: list -> (wrapper, attributes it may be sorted by); as published in Chargebee's own client libraries
LISTS = {
    "customers": ("customer", {"created_at", "updated_at"}),
    "subscriptions": ("subscription", {"created_at", "updated_at"}),
    "invoices": ("invoice", {"date", "updated_at"}),
    "credit_notes": ("credit_note", {"date"}),
    "transactions": ("transaction", {"date", "updated_at"}),
    "events": ("event", {"occurred_at"}),
    "items": ("item", {"name", "id", "updated_at"}),
    "item_prices": ("item_price", {"name", "id", "updated_at"}),
    "item_families": ("item_family", {"name", "updated_at"}),
    "plans": ("plan", set[str]()),
    "addons": ("addon", set[str]()),
    "coupons": ("coupon", {"created_at"}),
}
DELETABLE = {"customers", "subscriptions", "invoices", "credit_notes", "transactions", "plans", "addons"}
ITEMS = {"items", "item_prices", "item_families"}
PLANS = {"plans", "addons"}


class ChargebeeVendor(Vendor):
    """The fake, and the handles of the contract suite."""

    connector = ChargebeeConnector()
    page_size = 100
    main = "customers"
    table = "organization"
    skips: ClassVar[Mapping[str, str]] = {
        "test_an_unknown_stage_is_kept_and_reported": "a billing system has no stages; its states are no funnel",
        "test_an_error_in_the_body_is_an_error": "Chargebee tells every error by its status",
        "test_more_than_the_search_gives": "a list has no such limit",
        "test_a_token_that_expires_midway_is_renewed": "an API key does not expire",
    }

    def __init__(self) -> None:
        super().__init__()
        self.ground: Ground | None = None
        """a store that the tests of a module share"""
        self.kept: dict[str, dict[str, dict[str, Any]]] = {path: {} for path in LISTS}
        self.clock = START
        self.catalogue = 2
        self.shared_second = 0
        self.api.authorize = self._known
        self.api.route("GET", "/api/v2/invoices/([^/]+)")(self._invoice)
        self.api.route("GET", "/api/v2/([a-z_]+)")(self._list)

    # -- the contract's handles

    def settings(self) -> dict[str, Any]:
        return {"api_key": KEY, "base_url": self.api.base_url}

    def secrets(self) -> Sequence[str]:
        return [KEY]

    def fill(self, count: int) -> list[str]:
        return [self.customer(f"cust{len(self.kept['customers']) + 1:06}")["id"] for _ in range(count)]

    def change(self, key: str) -> None:
        self.put("customers", {**self.kept["customers"][key], "company": f"Company {key} renamed"})

    def same_second(self, count: int) -> list[str]:
        self.shared_second = self.shared_second or self.tick()
        keys = []
        for _ in range(count):
            key = f"same{len(self.kept['customers']) + 1:06}"
            self.put("customers", self._customer(key), at=self.shared_second)
            keys.append(key)
        return keys

    def remove(self, key: str) -> None:
        self.put("customers", {**self.kept["customers"][key], "deleted": True})

    def merge(self, gone: str, stays: str) -> None:
        """A customer went over to another business entity: its record there has another id."""
        self.put("customers", {**self.kept["customers"][gone], "active_id": stays})

    def custom(self, key: str, value: str) -> str:
        self.put("customers", {**self.kept["customers"][key], "cf_region": value})
        return "cf_region"

    def money(self) -> tuple[str, str, str]:
        self.customer("yen")
        self.put("invoices", invoice("yen-1", "yen", 500, currency_code="JPY"))
        return "invoice", "yen-1", "500"

    def throttle_in_body(self) -> None:
        """Not as Chargebee does it: a reply without a list is an error, and is not tried again."""
        self.api.faults.add(json={"message": "too many requests"}, times=10**9)

    def expire(self) -> None:
        """The key is no longer accepted, and there is no other."""
        self.api.authorize = lambda _call: False

    # -- records

    def tick(self, seconds: int = 1) -> int:
        self.clock += seconds
        return self.clock

    def customer(self, key: str, **more: Any) -> dict[str, Any]:
        return self.put("customers", {**self._customer(key), **more})

    def _customer(self, key: str) -> dict[str, Any]:
        return {
            "id": key, "company": f"Company {key}", "email": f"billing@{key}.example", "created_at": START,
            "billing_address": {"country": "DE", "object": "billing_address"}, "deleted": False, "object": "customer",
        }  # fmt: skip

    def put(self, path: str, record: dict[str, Any], *, at: int = 0) -> dict[str, Any]:
        """Add or replace a record; its modification time is ``at``, else a second later than everything."""
        at = at or self.tick()
        self.clock = max(self.clock, at)
        found = {**copy.deepcopy(record), "updated_at": at, "resource_version": at * 1000 + 7}
        self.kept[path].pop(record["id"], None)
        self.kept[path][record["id"]] = found
        return found

    def happens(self, kind: str, subscription: dict[str, Any], at: int, *, listed: bool = True) -> dict[str, Any]:
        """A subscription changed at a moment: it is listed so, and an event says so. ``listed=False``: an old event."""
        found = self.put("subscriptions", {**subscription, "deleted": False}, at=at)
        self.event(kind, found, at)
        if not listed:
            del self.kept["subscriptions"][found["id"]]
        return found

    def event(self, kind: str, subscription: dict[str, Any], at: int) -> None:
        key = f"ev_{len(self.kept['events']) + 1}"
        self.kept["events"][key] = {
            "id": key, "occurred_at": at, "event_type": kind, "api_version": "v2", "object": "event",
            "content": {"subscription": copy.deepcopy(subscription)},
        }  # fmt: skip

    # -- the API

    def _known(self, call: Call) -> bool:
        expected = base64.b64encode(f"{KEY}:".encode()).decode()
        return call.headers.get("Authorization") == f"Basic {expected}"

    def _refused(self, code: str, message: str, status: int = 400) -> tuple[int, dict[str, Any]]:
        return status, {
            "message": message,
            "type": "invalid_request",
            "api_error_code": code,
            "http_status_code": status,
        }

    def _list(self, call: Call) -> Any:
        path = call.match[1]
        if path not in LISTS:
            return self._refused("http_method_not_supported", "Sorry, we couldn't find that resource", 404)
        if path in (PLANS if self.catalogue == 2 else ITEMS):
            return self._refused(
                "configuration_incompatible", "This operation is not available for your product catalog"
            )
        wrapper, sortable = LISTS[path]
        records = list(self.kept[path].values())
        limit, offset, order = 10, None, "id"
        for name, value in call.query.items():
            if name == "limit":
                limit = int(value)
            elif name == "offset":
                offset = json.loads(value)
            elif name == "include_deleted" and path in DELETABLE:
                if value == "true":
                    continue
            elif name == "sort_by[asc]" and value in sortable:
                order = value
            elif name.endswith("[after]") and name.split("[")[0] in ("updated_at", "occurred_at"):
                field = name.split("[", maxsplit=1)[0]
                records = [one for one in records if one[field] > int(value)]
            elif name.endswith("[in]") and name.split("[")[0] in ("id", "event_type"):
                field = name.split("[", maxsplit=1)[0]
                records = [one for one in records if one[field] in json.loads(value)]
            else:
                return self._refused("param_wrong_value", f"{name} : invalid parameter")
        if not 1 <= limit <= 100:
            return self._refused("param_wrong_value", "limit : should be between 1 and 100")
        if path in DELETABLE and call.query.get("include_deleted") != "true":
            records = [one for one in records if not one.get("deleted")]
        keyed = sorted(([one[order], one["id"]], one) for one in records)
        if offset is not None:
            keyed = [(key, one) for key, one in keyed if key > offset]
        page = keyed[:limit]
        body: dict[str, Any] = {
            "list": [{wrapper: self._shown(path, one), **self._beside(path, one)} for _, one in page]
        }
        if len(keyed) > limit:
            body["next_offset"] = json.dumps(page[-1][0])
        return body

    def _beside(self, path: str, record: dict[str, Any]) -> dict[str, Any]:
        """A subscription is listed with its customer."""
        return {"customer": self.kept["customers"].get(record["customer_id"], {})} if path == "subscriptions" else {}

    def _shown(self, path: str, record: dict[str, Any]) -> dict[str, Any]:
        """An invoice is listed with its first ten lines only."""
        lines = record.get("line_items") or []
        if path != "invoices" or len(lines) <= 10:
            return record
        return {**record, "line_items": lines[:10], "line_items_next_offset": "10"}

    def _invoice(self, call: Call) -> Any:
        record = self.kept["invoices"].get(call.match[1])
        if record is None:
            return self._refused("resource_not_found", "not found", 404)
        start = int(call.query.get("line_items_offset", 0))
        lines = record["line_items"]
        found = {**record, "line_items": lines[start : start + 10]}
        if start + 10 < len(lines):
            found["line_items_next_offset"] = str(start + 10)
        return {"invoice": found}


def invoice(key: str, customer: str, total: int, **more: Any) -> dict[str, Any]:
    """An invoice over one line, without tax."""
    line = {
        "id": f"li_{key}", "date_from": START, "date_to": START + 31 * DAY, "unit_amount": total, "quantity": 1,
        "amount": total, "discount_amount": 0, "tax_amount": 0, "entity_type": "adhoc", "object": "line_item",
    }  # fmt: skip
    return {
        "id": key, "customer_id": customer, "status": "paid", "date": START, "total": total, "tax": 0,
        "currency_code": "USD", "price_type": "tax_exclusive", "line_items": [line], "deleted": False, **more,
    }  # fmt: skip


def subscription(key: str, customer: str, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A monthly subscription of the catalogue 2.0, running since the start."""
    return {
        "id": key, "customer_id": customer, "currency_code": "USD", "status": "active", "billing_period": 1,
        "billing_period_unit": "month", "created_at": START, "started_at": START, "activated_at": START,
        "subscription_items": items, "object": "subscription", **more,
    }  # fmt: skip


def item(price: str, amount: int, quantity: int = 1, kind: str = "plan", **more: Any) -> dict[str, Any]:
    """A line of a subscription at a unit price in cents."""
    return {
        "item_price_id": price, "item_type": kind, "quantity": quantity, "unit_price": amount, "amount": amount * quantity,
        "object": "subscription_item", **more,
    }  # fmt: skip
