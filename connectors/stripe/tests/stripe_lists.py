"""The HTTP side of the fake Stripe: lists, single objects, expansions, and what Stripe refuses."""

from __future__ import annotations

import copy
import itertools
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from revalign_udf.testing import Call, FakeApi

KEY = "rk_live_51LoopbackOnly"
VERSION = "2026-10-28.endive"
START = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp())

Json = dict[str, Any]

_COMMON = {
    "limit",
    "starting_after",
    "ending_before",
    "expand[]",
    "created[gte]",
    "created[gt]",
    "created[lt]",
    "created[lte]",
}
_LISTS: dict[str, tuple[str, set[str]]] = {
    # path -> object, further parameters
    "customers": ("customer", {"email"}),
    "products": ("product", {"active"}),
    "prices": ("price", {"active", "recurring[usage_type]"}),
    "coupons": ("coupon", set()),
    "subscriptions": ("subscription", {"status", "customer"}),
    "subscription_items": ("subscription_item", {"subscription"}),
    "invoices": ("invoice", {"customer", "subscription", "status"}),
    "invoice_payments": (
        "invoice_payment",
        {"status", "payment[type]", "payment[payment_intent]", "payment[charge]", "invoice"},
    ),
    "charges": ("charge", {"customer", "payment_intent"}),
    "refunds": ("refund", {"charge"}),
    "credit_notes": ("credit_note", {"customer", "invoice"}),
    "events": ("event", {"type", "types[]"}),
}
_SIGNS: dict[str, Callable[[int, int], bool]] = {
    "gte": operator.ge, "gt": operator.gt, "lt": operator.lt, "lte": operator.le,
}  # fmt: skip


class StripeError(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        self.answer = (status, {"error": {"type": "invalid_request_error", "message": message, "code": code}})
        super().__init__(message)


class StripeServer:
    """The state, and what answers calls; :attr:`api` serves it."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.now = START
        self.objects: dict[str, dict[str, Json]] = {kind: {} for kind, _ in _LISTS.values()}
        self.pending: dict[str, list[Json]] = {}
        self.versions: set[str] = set()
        self.accounts: set[str] = set()
        self.forbidden: set[str] = set()
        self._numbers = itertools.count(1)
        self.api.authorize = self._known
        self._routes()

    # -- HTTP ------------------------------------------------------------------------------------------------------

    def _known(self, call: Call) -> bool:
        self.versions.add(call.headers.get("Stripe-Version", ""))
        self.accounts.add(call.headers.get("Stripe-Account", ""))
        return call.headers.get("Authorization") == f"Bearer {KEY}"

    def _routes(self) -> None:
        def guarded(handler: Callable[[Call], Any]) -> Callable[[Call], Any]:
            def run(call: Call) -> Any:
                try:
                    return handler(call)
                except StripeError as error:
                    return error.answer

            return run

        self.api.route("GET", r"/v1/invoices/(\w+)/lines")(guarded(self._lines))
        self.api.route("GET", r"/v1/(\w+)")(guarded(self._list))
        self.api.route("GET", r"/v1/(\w+)/([\w-]+)")(guarded(self._one))

    def _kind(self, name: str) -> tuple[str, set[str]]:
        if name not in _LISTS:
            raise StripeError(404, f"Unrecognized request URL (GET: /v1/{name}).")
        if name in self.forbidden:
            raise StripeError(403, f"The provided key does not have the required permissions for {name}.")
        return _LISTS[name]

    def _list(self, call: Call) -> Any:
        name = call.match[1]
        kind, more = self._kind(name)
        if unknown := set(call.queries) - _COMMON - more:
            raise StripeError(400, f"Received unknown parameters: {', '.join(sorted(unknown))}")
        found = [item for item in self.objects[kind].values() if not item.get("deleted")]
        found = [item for item in found if self._wanted(kind, item, call)]
        found.sort(key=lambda item: (item["created"], item["_n"]), reverse=True)
        return self._page(call, found, f"/v1/{name}", "data.")

    def _wanted(self, kind: str, item: Json, call: Call) -> bool:
        query = call.query
        made = item["created"]
        for sign, limit in ((name, int(query[f"created[{name}]"])) for name in _SIGNS if f"created[{name}]" in query):
            if not _SIGNS[sign](made, limit):
                return False
        for field in ("customer", "subscription", "payment_intent", "charge", "invoice"):
            if field in query and item.get(field, item.get("_" + field)) != query[field]:
                return False
        if kind == "subscription":
            status = query.get("status")
            if status is None and item["status"] in ("canceled", "incomplete_expired"):
                return False
            if status not in (None, "all") and item["status"] != status:
                return False
        if kind == "invoice_payment" and "payment[type]" in query:
            key = query["payment[type]"]
            return bool(item["payment"].get(key) == query[f"payment[{key}]"])
        if kind == "price" and "recurring[usage_type]" in query:
            return bool((item["recurring"] or {}).get("usage_type") == query["recurring[usage_type]"])
        if kind == "event":
            types = call.queries.get("types[]", [])
            if len(types) > 20:
                raise StripeError(400, "types: at most 20")
            if item["created"] < self.now - 30 * 86_400:
                return False
            return not types or item["type"] in types
        return True

    def _page(self, call: Call, found: list[Json], url: str, prefix: str) -> Json:
        limit = int(call.query.get("limit", 10))
        if not 1 <= limit <= 100:
            raise StripeError(400, "This value must be less than or equal to 100.")
        if after := call.query.get("starting_after"):
            at = next((n for n, item in enumerate(found) if item["id"] == after), None)
            if at is None:
                raise StripeError(400, f"No such object: '{after}'", "resource_missing")
            found = found[at + 1 :]
        expand = self._expansions(call, prefix)
        data = [self._shown(item, expand) for item in found[:limit]]
        return {"object": "list", "url": url, "has_more": len(found) > limit, "data": data}

    def _expansions(self, call: Call, prefix: str) -> list[str]:
        for path in call.queries.get("expand[]", []):
            if len(path.split(".")) > 4:
                raise StripeError(400, f"You cannot expand more than 4 levels of a property. Property: {path}")
            if not path.startswith(prefix):
                raise StripeError(400, f"This property cannot be expanded ({path}).")
        return [path.removeprefix(prefix) for path in call.queries.get("expand[]", [])]

    def _one(self, call: Call) -> Any:
        kind, _ = self._kind(call.match[1])
        item = self.objects[kind].get(call.match[2])
        if item is None or (item.get("deleted") and kind != "customer"):
            raise StripeError(404, f"No such {kind}: '{call.match[2]}'", "resource_missing")
        if item.get("deleted"):
            return {"id": item["id"], "object": kind, "deleted": True}
        return self._shown(item, self._expansions(call, ""))

    def _lines(self, call: Call) -> Any:
        invoice = self.objects["invoice"][call.match[1]]
        return self._page(call, invoice["lines"]["data"], f"/v1/invoices/{invoice['id']}/lines", "data.")

    def _shown(self, item: Json, expand: list[str]) -> Json:
        shown = {name: value for name, value in copy.deepcopy(item).items() if not name.startswith("_")}
        kind = item["object"]
        if kind == "subscription":
            shown["items"] = self._first_ten(shown["items"], "/v1/subscription_items")
        if kind == "invoice":
            shown["lines"] = self._first_ten(shown["lines"], f"/v1/invoices/{item['id']}/lines")
        if kind == "price" and "tiers" not in expand:
            shown.pop("tiers", None)
        if kind == "price" and "currency_options" not in expand:
            shown.pop("currency_options", None)
        if kind == "coupon" and "applies_to" not in expand:
            shown.pop("applies_to", None)
        self._expand_discounts(shown, "discounts.source.coupon" in expand)
        if "customer" in expand and shown.get("customer"):
            shown["customer"] = self._shown(self.objects["customer"][shown["customer"]], [])
        if "charge" in expand and shown.get("charge"):
            shown["charge"] = self._shown(self.objects["charge"][shown["charge"]], [])
        return shown

    def _expand_discounts(self, shown: Json, wanted: bool) -> None:
        for line in (shown.get("items") or {}).get("data") or () if shown.get("object") == "subscription" else ():
            line["discounts"] = [one["id"] for one in line["discounts"]]
            line.pop("_n", None)
            for hidden in ("tiers", "currency_options", "_n"):
                line["price"].pop(hidden, None)
        if shown.get("object") in ("subscription", "subscription_item"):
            if not wanted:
                shown["discounts"] = [one["id"] for one in shown["discounts"]]
            for one in shown["discounts"] if wanted else ():
                coupon = self.objects["coupon"].get(one["source"]["coupon"])
                if coupon is not None:
                    one["source"]["coupon"] = {k: v for k, v in coupon.items() if k not in ("_n", "applies_to")}

    @staticmethod
    def _first_ten(holder: Json, url: str) -> Json:
        data = holder["data"]
        return {"object": "list", "data": data[:10], "has_more": len(data) > 10, "url": url}
