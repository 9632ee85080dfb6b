"""A small Stripe: objects, lists, events and a billing engine with a clock, on loopback.

It refuses what Stripe refuses and this connector might get wrong: unknown parameters, expansions deeper than four levels,
more than 100 a page, more than 20 event types, a place to go on from that is gone. Events carry whole objects and the old
values of what changed. Prorations wait for the next invoice, as by default at Stripe's.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from beside import load

from revalign_stripe.calendar import Rhythm
from revalign_udf.money import round_half_away

lists = load(Path(__file__).with_name("stripe_lists.py"))
KEY, START, VERSION = lists.KEY, lists.START, lists.VERSION

Json = dict[str, Any]


def moment(text: str) -> int:
    """Seconds of an ISO date or instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class FakeStripe(lists.StripeServer):  # type: ignore[misc, name-defined]
    """A Stripe with a billing engine and a clock."""

    now: int

    # -- making things ---------------------------------------------------------------------------------------------

    def make(self, kind: str, prefix: str, **fields: Any) -> Json:
        """An object of a kind, made now."""
        number = next(self._numbers)
        item: Json = {
            "id": f"{prefix}_{number:06d}",
            "object": kind,
            "created": self.now,
            "livemode": True,
            "_n": number,
        }
        item.update(fields)
        self.objects[kind][item["id"]] = item
        return item

    def event(self, name: str, item: Json, before: Json | None = None) -> Json:
        """Something happened, now."""
        data: Json = {"object": self._shown(item, [])}
        if before:
            data["previous_attributes"] = before
        return self.make("event", "evt", type=name, api_version=VERSION, data=data)

    def customer(self, name: str, email: str | None, **fields: Any) -> str:
        base: Json = {
            "address": None,
            "metadata": {},
            "discount": None,
            "test_clock": None,
            "shipping": None,
            "currency": None,
        }
        item = self.make("customer", "cus", name=name, email=email, **{**base, **fields})
        self.event("customer.created", item)
        return str(item["id"])

    def update(self, kind: str, key: str, **fields: Any) -> None:
        """Change an object; its event tells the old values."""
        item = self.objects[kind][key]
        before = {name: copy.deepcopy(item.get(name)) for name in fields}
        item.update(fields)
        self.event(
            f"{ {'subscription': 'customer.subscription'}.get(kind, kind) }.updated".replace(" ", ""), item, before
        )

    def delete(self, kind: str, key: str) -> None:
        item = self.objects[kind][key]
        event = self.event(f"{kind}.deleted", item)
        event["data"]["object"]["deleted"] = True
        item["deleted"] = True

    def product(self, name: str, **fields: Any) -> str:
        item = self.make("product", "prod", name=name, active=True, metadata={}, **fields)
        self.event("product.created", item)
        return str(item["id"])

    def price(
        self, amount: str | int | None, currency: str = "usd", interval: str = "month", count: int = 1,
        product: str = "", usage: str = "licensed", **fields: Any,
    ) -> str:  # fmt: skip
        whole = int(amount) if amount is not None and str(amount).isdigit() else None
        base: Json = {
            "active": True, "billing_scheme": "per_unit", "currency": currency, "product": product or self.product("Plan"),
            "recurring": {"interval": interval, "interval_count": count, "usage_type": usage, "meter": None},
            "type": "recurring", "unit_amount": whole, "unit_amount_decimal": None if amount is None else str(amount),
            "tiers_mode": None, "transform_quantity": None, "metadata": {}, "nickname": None, "lookup_key": None,
        }  # fmt: skip
        return str(self.make("price", "price", **{**base, **fields})["id"])

    def coupon(self, duration: str = "forever", **fields: Any) -> str:
        base: Json = {
            "percent_off": None, "amount_off": None, "currency": None, "duration": duration, "duration_in_months": None,
            "metadata": {}, "name": None, "valid": True, "times_redeemed": 0,
        }  # fmt: skip
        return str(self.make("coupon", "co", **{**base, **fields})["id"])

    def _discount(self, coupon: str, customer: str, subscription: str | None, item: str | None) -> Json:
        found = self.objects["coupon"][coupon]
        end = None
        if found["duration"] == "repeating":
            end = Rhythm(self.now, "month", 1).nth(found["duration_in_months"])
        return {
            "id": f"di_{next(self._numbers):06d}", "object": "discount", "source": {"type": "coupon", "coupon": coupon},
            "customer": customer, "subscription": subscription, "subscription_item": item, "start": self.now, "end": end,
            "promotion_code": None, "invoice": None, "invoice_item": None, "checkout_session": None,
        }  # fmt: skip

    # -- subscriptions ---------------------------------------------------------------------------------------------

    def subscribe(
        self, customer: str, *lines: tuple[str, int | None], trial_end: int | None = None, coupon: str = "",
        status: str = "", **fields: Any,
    ) -> str:  # fmt: skip
        """Subscribe a customer to (price, quantity) lines, now."""
        currency = self.objects["price"][lines[0][0]]["currency"]
        anchor = trial_end or self.now
        base: Json = {
            "customer": customer, "currency": currency, "status": status or ("trialing" if trial_end else "active"),
            "start_date": self.now, "billing_cycle_anchor": anchor, "trial_start": self.now if trial_end else None,
            "trial_end": trial_end, "cancel_at_period_end": False, "cancel_at": None, "canceled_at": None, "ended_at": None,
            "cancellation_details": {"comment": None, "feedback": None, "reason": None},
            "pause_collection": None, "discounts": [], "metadata": {}, "items": {"data": []}, "latest_invoice": None,
            "schedule": None, "test_clock": None,
        }  # fmt: skip
        sub = self.make("subscription", "sub", **{**base, **fields})
        if coupon:
            sub["discounts"] = [self._discount(coupon, customer, sub["id"], None)]
        for price, quantity in lines:
            self._item(sub, price, quantity)
        for line in sub["items"]["data"]:
            line["current_period_start"] = self.now
            line["current_period_end"] = trial_end or self._rhythm(sub, line).after(self.now)
        self.event("customer.subscription.created", sub)
        if sub["status"] == "active":
            self._invoice(sub, "subscription_create", self.now)
        return str(sub["id"])

    def _item(self, sub: Json, price: str, quantity: int | None) -> Json:
        item = self.make(
            "subscription_item", "si", subscription=sub["id"], price=self.objects["price"][price], quantity=quantity,
            discounts=[], metadata={}, current_period_start=self.now, current_period_end=self.now,
        )  # fmt: skip
        if quantity is None:
            del item["quantity"]
        sub["items"]["data"].append(item)
        return item

    @staticmethod
    def _rhythm(sub: Json, line: Json) -> Rhythm:
        recurring = line["price"]["recurring"]
        return Rhythm(sub["billing_cycle_anchor"], recurring["interval"], recurring["interval_count"])

    def _lines_before(self, sub: Json) -> Json:
        shown = self._shown(sub, [])["items"]
        return copy.deepcopy({"object": "list", **shown})

    def lines(self, sub: str) -> list[str]:
        """The ids of a subscription's items."""
        return [line["id"] for line in self.objects["subscription"][sub]["items"]["data"]]

    def change(
        self, sub: str, line: str = "", *, price: str = "", quantity: int | None = None, prorate: bool = True
    ) -> None:
        """Another price or quantity for an item (the first one), now."""
        whole = self.objects["subscription"][sub]
        item = next(one for one in whole["items"]["data"] if line in ("", one["id"]))
        before = {"items": self._lines_before(whole)}
        if whole["status"] == "active" and prorate:
            self._prorate(whole, item, -1)
        if price:
            item["price"] = self.objects["price"][price]
        if quantity is not None:
            item["quantity"] = quantity
        if whole["status"] == "active" and prorate:
            self._prorate(whole, item, 1)
        self.event("customer.subscription.updated", whole, before)

    def add_line(self, sub: str, price: str, quantity: int) -> str:
        whole = self.objects["subscription"][sub]
        before = {"items": self._lines_before(whole)}
        first = whole["items"]["data"][0]
        item = self._item(whole, price, quantity)
        item["current_period_start"], item["current_period_end"] = (
            first["current_period_start"],
            first["current_period_end"],
        )
        self._prorate(whole, item, 1)
        self.event("customer.subscription.updated", whole, before)
        return str(item["id"])

    def remove_line(self, sub: str, line: str) -> None:
        whole = self.objects["subscription"][sub]
        before = {"items": self._lines_before(whole)}
        item = next(one for one in whole["items"]["data"] if one["id"] == line)
        self._prorate(whole, item, -1)
        whole["items"]["data"].remove(item)
        self.event("customer.subscription.updated", whole, before)

    def _prorate(self, sub: Json, item: Json, sign: int) -> None:
        begin, end = item["current_period_start"], item["current_period_end"]
        if not begin <= self.now < end or item["price"]["unit_amount_decimal"] is None:
            return
        gross = Fraction(item["price"]["unit_amount_decimal"]) * item["quantity"]
        off = sum(amount for _, amount in self._off(sub, item, gross, begin))
        amount = round_half_away(sign * (gross - off) * (end - self.now) / (end - begin))
        line = self._line(sub, item, amount, self.now, end, [], proration=True)
        if sign < 0:
            line["parent"]["subscription_item_details"]["proration_details"] = {
                "credited_items": {"invoice": sub["latest_invoice"], "invoice_line_items": []}
            }
        self.pending.setdefault(sub["id"], []).append(line)

    def _off(self, sub: Json, item: Json, gross: Fraction, at: int) -> list[tuple[str, int]]:
        """(discount, amount) of an item in a period that begins at a moment; per cent and whole amounts, one line only."""
        found, left = [], gross
        customer = self.objects["customer"][sub["customer"]]
        whole = sub["discounts"] or ([customer["discount"]] if customer["discount"] else [])
        for one in [*item["discounts"], *whole]:
            coupon = self.objects["coupon"][one["source"]["coupon"]]
            if one["start"] > at or (one["end"] is not None and at >= one["end"]):
                continue
            if coupon["percent_off"] is not None:
                amount = round_half_away(left * Fraction(str(coupon["percent_off"])) / 100)
            else:
                amount = min(int(coupon["amount_off"]), int(left))
            left -= amount
            found.append((one["id"], amount))
        return found

    def _line(
        self, sub: Json, item: Json, amount: int, begin: int, end: int, off: list[tuple[str, int]], *, proration: bool
    ) -> Json:  # fmt: skip
        return {
            "id": f"il_{next(self._numbers):06d}", "object": "line_item", "amount": amount, "currency": sub["currency"],
            "description": "line", "discount_amounts": [{"discount": key, "amount": value} for key, value in off],
            "discounts": [], "livemode": True, "metadata": {}, "period": {"start": begin, "end": end},
            "quantity": item.get("quantity", 0), "subscription": sub["id"], "subtotal": amount, "taxes": [],
            "parent": {
                "type": "subscription_item_details", "invoice_item_details": None,
                "subscription_item_details": {
                    "subscription": sub["id"], "subscription_item": item["id"], "proration": proration,
                    "proration_details": {"credited_items": None}, "invoice_item": None,
                },
            },
            "pricing": {
                "type": "price_details", "unit_amount_decimal": item["price"]["unit_amount_decimal"],
                "price_details": {"price": item["price"]["id"], "product": item["price"]["product"]},
            },
        }  # fmt: skip

    def _invoice(self, sub: Json, reason: str, at: int) -> str:
        lines = self.pending.pop(sub["id"], [])
        for item in sub["items"]["data"]:
            if item["current_period_start"] != at or item["price"]["recurring"]["usage_type"] == "metered":
                continue
            gross = Fraction(item["price"]["unit_amount_decimal"] or 0) * item["quantity"]
            off = self._off(sub, item, gross, at)
            lines.append(
                self._line(sub, item, round_half_away(gross), at, item["current_period_end"], off, proration=False)
            )
        invoice = self.invoice(sub["customer"], sub["currency"], lines, reason, sub["id"])
        sub["latest_invoice"] = invoice
        once = [
            one for one in sub["discounts"] if self.objects["coupon"][one["source"]["coupon"]]["duration"] == "once"
        ]
        if once and reason in ("subscription_create", "subscription_cycle"):
            before = {"discounts": [one["id"] for one in sub["discounts"]]}
            sub["discounts"] = [one for one in sub["discounts"] if one not in once]
            self.event("customer.subscription.updated", sub, before)
        return invoice

    def invoice(
        self, customer: str, currency: str, lines: list[Json], reason: str = "manual", sub: str = "", *,
        status: str = "paid", tax: int = 0,
    ) -> str:  # fmt: skip
        """An invoice of some lines, final and paid unless said otherwise."""
        net = sum(
            line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
            - sum(one["amount"] for one in line["taxes"] if one["tax_behavior"] == "inclusive")
            for line in lines
        )  # fmt: skip
        final = status != "draft"
        item = self.make(
            "invoice", "in", customer=customer, currency=currency, status=status, billing_reason=reason, number="A-1",
            total=net + tax, total_excluding_tax=net, total_taxes=[{"amount": tax}] if tax else [], due_date=None,
            effective_at=self.now if final else None, lines={"data": lines}, metadata={}, test_clock=None,
            status_transitions={"finalized_at": self.now if final else None, "paid_at": self.now if status == "paid" else None},
            parent={"type": "subscription_details", "subscription_details": {"subscription": sub}} if sub else None,
            discounts=[], shipping_cost=None, _subscription=sub or None,
        )  # fmt: skip
        for line in lines:
            line["invoice"] = item["id"]
        self.event("invoice.created", item)
        if status == "paid" and item["total"] > 0:
            self.charge(customer, item["total"], currency, item["id"])
        return str(item["id"])

    def one_off(self, amount: int, currency: str = "usd", **fields: Any) -> Json:
        """A line of an invoice that is no subscription's."""
        base: Json = {
            "id": f"il_{next(self._numbers):06d}", "object": "line_item", "amount": amount, "currency": currency,
            "description": "setup", "discount_amounts": [], "discounts": [], "livemode": True, "metadata": {}, "quantity": 1,
            "period": {"start": self.now, "end": self.now}, "subscription": None, "subtotal": amount, "taxes": [],
            "parent": {
                "type": "invoice_item_details", "subscription_item_details": None,
                "invoice_item_details": {
                    "invoice_item": "ii_1", "proration": False, "proration_details": None, "subscription": None,
                },
            },
            "pricing": {
                "type": "price_details", "unit_amount_decimal": str(amount),
                "price_details": {"price": "price_x", "product": ""},
            },
        }  # fmt: skip
        return {**base, **fields}

    def charge(self, customer: str, amount: int, currency: str, invoice: str = "", **fields: Any) -> str:
        intent = f"pi_{next(self._numbers):06d}"
        base: Json = {
            "customer": customer, "amount": amount, "amount_captured": amount, "amount_refunded": 0, "captured": True,
            "currency": currency, "status": "succeeded", "paid": True, "failure_code": None, "payment_intent": intent,
            "refunded": False, "disputed": False, "metadata": {},
        }  # fmt: skip
        item = self.make("charge", "ch", **{**base, **fields})
        self.event("charge.succeeded", item)
        if invoice:
            paid = self.make(
                "invoice_payment", "inpay", invoice=invoice, amount_paid=amount, amount_requested=amount, currency=currency,
                status="paid", is_default=True, payment={"type": "payment_intent", "payment_intent": intent},
            )  # fmt: skip
            self.event("invoice_payment.paid", paid)
        return str(item["id"])

    def refund(self, charge: str, amount: int, status: str = "succeeded") -> str:
        paid = self.objects["charge"][charge]
        item = self.make(
            "refund", "re", charge=charge, payment_intent=paid["payment_intent"], amount=amount, currency=paid["currency"],
            status=status, reason="requested_by_customer", metadata={}, failure_reason=None,
        )  # fmt: skip
        self.event("refund.created", item)
        return str(item["id"])

    def credit_note(self, invoice: str, net: int, tax: int = 0) -> str:
        paid = self.objects["invoice"][invoice]
        item = self.make(
            "credit_note", "cn", invoice=invoice, customer=paid["customer"], currency=paid["currency"], amount=net + tax,
            total=net + tax, total_excluding_tax=net, total_taxes=[{"amount": tax}], status="issued", number="A-1-CN",
            type="post_payment", reason="order_change", effective_at=self.now, metadata={},
        )  # fmt: skip
        self.event("credit_note.created", item)
        return str(item["id"])

    # -- what happens to subscriptions -----------------------------------------------------------------------------

    def give(self, sub: str, coupon: str, line: str = "") -> str:
        """Give a subscription (or an item of it) a coupon, now."""
        whole = self.objects["subscription"][sub]
        one = self._discount(coupon, whole["customer"], sub, line or None)
        before: Json
        if line:
            before = {"items": self._lines_before(whole)}
            next(item for item in whole["items"]["data"] if item["id"] == line)["discounts"].append(one)
        else:
            before = {"discounts": [known["id"] for known in whole["discounts"]]}
            whole["discounts"].append(one)
        self.event("customer.subscription.updated", whole, before)
        return str(one["id"])

    def take_back(self, sub: str) -> None:
        """Remove a subscription's discounts, now."""
        whole = self.objects["subscription"][sub]
        before = {"discounts": [known["id"] for known in whole["discounts"]]}
        whole["discounts"] = []
        self.event("customer.subscription.updated", whole, before)

    def give_customer(self, customer: str, coupon: str) -> None:
        item = self.objects["customer"][customer]
        item["discount"] = self._discount(coupon, customer, None, None)
        made = self.event("customer.discount.created", {**item["discount"], "_n": 0})
        made["data"]["object"] = {name: value for name, value in item["discount"].items() if name != "_n"}

    def cancel(
        self,
        sub: str,
        *,
        at_period_end: bool = False,
        reason: str = "cancellation_requested",
        feedback: str | None = None,
    ) -> None:
        whole = self.objects["subscription"][sub]
        details = {"reason": reason, "feedback": feedback, "comment": None}
        if at_period_end:
            before = {"cancel_at_period_end": False, "canceled_at": None}
            whole.update(cancel_at_period_end=True, canceled_at=self.now, cancellation_details=details)
            whole["cancel_at"] = min(line["current_period_end"] for line in whole["items"]["data"])
            self.event("customer.subscription.updated", whole, before)
            return
        whole.update(status="canceled", canceled_at=self.now, ended_at=self.now, cancellation_details=details)
        self.event("customer.subscription.deleted", whole)

    def status(self, sub: str, status: str, **fields: Any) -> None:
        """Another status, now."""
        whole = self.objects["subscription"][sub]
        changed = {"status": status, **fields} if status else fields
        before = {name: copy.deepcopy(whole.get(name)) for name in changed}
        whole.update(changed)
        self.event("customer.subscription.updated", whole, before)

    def advance(self, to: int) -> None:
        """Let time pass: periods end, invoices are made, trials turn into paid subscriptions, coupons run out."""
        while True:
            due = [
                (line["current_period_end"], sub["_n"], sub)
                for sub in self.objects["subscription"].values()
                if sub["ended_at"] is None and sub["status"] in ("active", "trialing", "past_due", "unpaid")
                for line in sub["items"]["data"]
                if line["current_period_end"] <= to
            ]
            if not due:
                break
            at, _, sub = min(due, key=lambda one: one[:2])
            self.now = max(self.now, at)
            self._turn(sub, at)
        self.now = max(self.now, to)

    def _turn(self, sub: Json, at: int) -> None:
        if sub["cancel_at_period_end"]:
            sub.update(status="canceled", ended_at=at)
            self.event("customer.subscription.deleted", sub)
            return
        before: Json = {"items": self._lines_before(sub), "latest_invoice": sub["latest_invoice"]}
        if sub["status"] == "trialing":
            before["status"] = "trialing"
            sub["status"] = "active"
        gone = [one for one in sub["discounts"] if one["end"] is not None and one["end"] <= at]
        if gone:
            before["discounts"] = [one["id"] for one in sub["discounts"]]
            sub["discounts"] = [one for one in sub["discounts"] if one not in gone]
        for line in sub["items"]["data"]:
            if line["current_period_end"] <= at:
                line["current_period_start"] = at
                line["current_period_end"] = self._rhythm(sub, line).after(at)
        self.event("customer.subscription.updated", sub, before)
        self._invoice(sub, "subscription_cycle", at)
