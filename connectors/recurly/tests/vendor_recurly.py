"""A small Recurly as the contract suite moves it: lists by modification time, with ``next`` and ``has_more``."""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from revalign_recurly import RecurlyConnector
from revalign_udf.testing import Call, Vendor

KEY = "recurly-key-of-loopback"
START = datetime(2026, 2, 1, tzinfo=UTC)
_LISTS = ("accounts", "plans", "subscriptions", "invoices", "transactions")
_PARAMETERS = {"limit", "order", "sort", "begin_time", "end_time", "cursor"}

Json = dict[str, Any]


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class RecurlyVendor(Vendor):
    connector = RecurlyConnector()
    page_size = 200
    main = "accounts"
    table = "organization"
    skips: ClassVar[Mapping[str, str]] = {
        "test_merged_is_linked": "Recurly does not merge accounts",
        "test_deleted_is_a_tombstone": "Recurly closes accounts and keeps them: a closed one is a customer of the past",
        "test_an_unknown_stage_is_kept_and_reported": "Recurly knows no stages",
        "test_an_error_in_the_body_is_an_error": "Recurly says what is wrong with an HTTP status",
        "test_a_token_that_expires_midway_is_renewed": "a key of Recurly holds until somebody withdraws it",
        "test_more_than_the_search_gives": "lists of Recurly have no end",
    }

    def __init__(self) -> None:
        super().__init__()
        self.clock = START
        self.records: dict[str, dict[str, Json]] = {name: {} for name in _LISTS}
        token = base64.b64encode(f"{KEY}:".encode()).decode()
        self.api.authorize = lambda call: (
            call.headers.get("Authorization") == f"Basic {token}"
            and call.headers.get("Accept") == "application/vnd.recurly.v2021-02-25"
        )
        self.api.route("GET", r"/invoices/(\w+)/line_items")(self._lines)
        self.api.route("GET", r"/sites")(
            lambda _call: {"object": "list", "data": [{"subdomain": "loop"}], "has_more": False}
        )
        self.api.route("GET", r"/(\w+)")(self._list)

    def _list(self, call: Call) -> Any:
        name = call.match[1]
        if name not in self.records or set(call.queries) - _PARAMETERS:
            return 400, {"error": {"type": "bad_request", "message": "unknown list or parameter", "params": []}}
        limit = int(call.query.get("limit", 20))
        if not 1 <= limit <= 200:
            return 400, {"error": {"type": "bad_request", "message": "limit", "params": []}}
        found = sorted(self.records[name].values(), key=lambda one: (one["updated_at"], one["_n"]))
        begin = call.query.get("begin_time")
        if begin:
            start = datetime.fromisoformat(begin)
            found = [one for one in found if datetime.fromisoformat(one["updated_at"]) >= start]
        return self._page(call, found, limit)

    def _page(self, call: Call, found: list[Json], limit: int) -> Json:
        first = int(call.query.get("cursor", 0))
        data = [{k: v for k, v in copy.deepcopy(one).items() if k != "_n"} for one in found[first : first + limit]]
        for one in data:
            if len(one.get("line_items") or ()) > 2:
                one.update(line_items=one["line_items"][:2], has_more_line_items=True)
        more = first + limit < len(found)
        query = "&".join(f"{k}={v.replace('+', '%2B')}" for k, v in call.query.items() if k != "cursor")
        following = f"{call.path}?cursor={first + limit}&{query}" if more else None
        return {"object": "list", "has_more": more, "next": following, "data": data}

    def _lines(self, call: Call) -> Any:
        invoice = self.records["invoices"][call.match[1]]
        return self._page(call, invoice["line_items"], int(call.query.get("limit", 20)))

    def put(self, name: str, key: str, /, **fields: Any) -> Json:
        """Make or change a record, now."""
        old = self.records[name].get(key) or {"created_at": iso(self.clock), "_n": len(self.records[name])}
        self.records[name][key] = {"object": name, **old, "id": key, "updated_at": iso(self.clock), **fields}
        return self.records[name][key]

    def account(self, number: int, **fields: Any) -> str:
        base: Json = {
            "code": f"a{number}", "company": f"Company {number}", "email": f"ann@company{number}.example", "state": "active",
            "address": {"country": "US"}, "parent_account_id": None, "custom_fields": [],
        }  # fmt: skip
        return str(self.put("accounts", f"acc{number}", **{**base, **fields})["id"])

    def settings(self) -> dict[str, Any]:
        return {"api_key": KEY, "base_url": self.api.base_url}

    def secrets(self) -> Sequence[str]:
        return [KEY]

    def fill(self, count: int) -> list[str]:
        found = []
        for _ in range(count):
            self.clock += timedelta(seconds=1)
            found.append(self.account(len(self.records["accounts"])))
        return found

    def change(self, key: str) -> None:
        self.clock += timedelta(minutes=1)
        self.put("accounts", key, company=f"Changed {self.clock}")

    def same_second(self, count: int) -> list[str]:
        if not hasattr(self, "_second"):
            self._second = self.clock + timedelta(minutes=1)
        self.clock = self._second
        return [self.account(len(self.records["accounts"])) for _ in range(count)]

    def custom(self, key: str, value: str) -> str:
        self.clock += timedelta(minutes=1)
        self.put("accounts", key, custom_fields=[{"name": "crm_account", "value": value}])
        return "crm_account"

    def money(self) -> tuple[str, str, str]:
        (account,) = self.fill(1)
        self.invoice("inv1", account, [self.line("li1", 1500)], currency="JPY")
        return "invoice", "inv1", "1500"

    @staticmethod
    def line(key: str, amount: Any, tax: Any = 0, **fields: Any) -> Json:
        return {"id": key, "amount": amount, "tax": tax, "type": "charge", "origin": "plan", "quantity": 1, **fields}

    def invoice(self, key: str, account: str, lines: list[Json], **fields: Any) -> None:
        total = round(sum(line["amount"] for line in lines), 2)
        tax = round(sum(line["tax"] for line in lines), 2)
        base: Json = {
            "type": "charge", "state": "paid", "account": {"id": account}, "currency": "USD", "total": total, "tax": tax,
            "line_items": lines, "has_more_line_items": False, "number": "1001", "origin": "purchase",
            "closed_at": iso(self.clock), "due_at": iso(self.clock), "previous_invoice_id": None, "custom_fields": [],
        }  # fmt: skip
        self.put("invoices", key, **{**base, **fields})

    def subscription(self, key: str, account: str, plan: str, unit: Any, **fields: Any) -> None:
        base: Json = {
            "account": {"id": account}, "plan": {"id": plan}, "state": "active", "currency": "USD", "unit_amount": unit,
            "quantity": 1, "add_ons": [], "coupon_redemptions": [], "activated_at": iso(self.clock), "canceled_at": None,
            "expires_at": None, "trial_ends_at": None, "paused_at": None, "total_billing_cycles": 1, "tax_inclusive": False,
            "current_period_started_at": iso(self.clock), "expiration_reason": None, "custom_fields": [],
        }  # fmt: skip
        self.put("subscriptions", key, **{**base, **fields})
