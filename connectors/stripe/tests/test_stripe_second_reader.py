"""Stripe's own client as a second reader: it has to see in the same server what the connector brought."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import stripe
from beside import load

from revalign_udf.money import decimals
from revalign_udf.testing import PullResult, pulled

vendors = load(Path(__file__).with_name("vendor_stripe.py"))
fake = vendors.fake


def company(server: Any) -> None:
    """A bit of everything: more than a page of customers, more than ten items, tax, yen, refunds, a deleted customer."""
    keys = []
    for number in range(130):
        server.now += 30
        keys.append(
            server.customer(f"Customer {number}", f"a{number}@c{number}.example", metadata={"tier": str(number % 3)})
        )
    server.delete("customer", keys[5])
    prices = [server.price(cents) for cents in (1999, "0.5", 5000)]
    wide = server.subscribe(keys[0], *[(server.price(100 + number), 1 + number) for number in range(13)])
    yen = server.subscribe(keys[1], (server.price(5000, "jpy"), 2))
    half_cent = server.subscribe(keys[2], (prices[1], 30000), coupon=server.coupon(percent_off="12.5"))
    gone = server.subscribe(keys[3], (prices[2], 1))
    server.now += 86_400
    server.change(half_cent, quantity=50000)
    server.cancel(gone)
    server.advance(server.now + 40 * 86_400)
    taxed = server.one_off(11900, taxes=[{"amount": 1900, "tax_behavior": "inclusive"}])
    plain = server.one_off(10000, discount_amounts=[{"amount": 1000, "discount": "di_x"}])
    invoice = server.invoice(keys[4], "usd", [taxed, plain], tax=1900)
    server.invoice(keys[4], "usd", [server.one_off(999)], status="draft")
    charge = next(key for key, one in server.objects["charge"].items() if one["amount"] == 20900)
    server.refund(charge, 4000)
    server.credit_note(invoice, 3000, 570)
    server.charge(keys[6], 700, "usd", status="failed", captured=False, failure_code="card_declined")
    assert server.objects["subscription"][yen]["currency"] == "jpy"
    assert len(server.lines(wide)) == 13


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[PullResult, stripe.StripeClient]]:
    with vendors.StripeVendor() as vendor:
        company(vendor.stripe)
        vendor.now = fake.datetime.fromtimestamp(vendor.stripe.now, fake.UTC)
        result = pulled(vendor)
        assert result.ok, result.report.failures
        assert not result.rejects
        yield result, stripe.StripeClient(fake.KEY, base_addresses={"api": vendor.api.base_url})


def money(minor: Any, currency: str) -> Decimal:
    return Decimal(str(minor)).scaleb(-decimals(currency))


def test_customers_are_the_same(both: tuple[PullResult, stripe.StripeClient]) -> None:
    result, client = both
    theirs = {one.id: (one.name, one.email) for one in client.v1.customers.list({"limit": 100}).auto_paging_iter()}
    people = {row["id"]: row["email"] for row in result.rows("person")}
    assert {row["id"]: (row["name"], people[row["id"]]) for row in result.rows("organization")} == theirs
    assert len(theirs) == 129


def test_subscriptions_and_all_their_items_are_the_same(both: tuple[PullResult, stripe.StripeClient]) -> None:
    result, client = both
    subs = list(client.v1.subscriptions.list({"limit": 100, "status": "all"}).auto_paging_iter())
    assert {row["id"]: row["status"] for row in result.rows("subscription")} == {one.id: one.status for one in subs}
    now = {}
    for one in subs:
        if one.ended_at is None:
            for item in client.v1.subscription_items.list({"subscription": one.id, "limit": 100}).auto_paging_iter():
                unit = money(item.price.unit_amount_decimal, item.price.currency)
                now[item.id] = (one.id, unit, Decimal(item["quantity"]), one.currency.upper())
    ours = {
        row["id"].split(":")[0]: (row["subscription_id"], row["amount"], row["quantity"], row["currency"])
        for row in result.rows("subscription_item_period")
        if row["valid_to"] is None
    }
    assert ours == now
    assert len(now) == 15


def test_invoices_and_their_lines_are_the_same(both: tuple[PullResult, stripe.StripeClient]) -> None:
    result, client = both
    lines: dict[str, Decimal] = {}
    totals: dict[str, tuple[Any, ...]] = {}
    for one in client.v1.invoices.list({"limit": 100}).auto_paging_iter():
        net = one.total_excluding_tax or 0
        totals[one.id] = (one.status, money(one.total, one.currency), money(one.total - net, one.currency))
        for line in client.v1.invoices.line_items.list(one.id, {"limit": 100}).auto_paging_iter():
            if one.status == "draft":
                continue
            off = sum(item.amount for item in line.discount_amounts or ())
            tax = sum(item.amount for item in line.taxes or () if item.tax_behavior == "inclusive")
            lines[line.id] = money(line.amount - off - tax, one.currency)
    assert {row["id"]: (row["status"], row["total"], row["tax"]) for row in result.rows("invoice")} == totals
    assert {row["id"]: row["amount"] for row in result.rows("invoice_line")} == lines
    assert len(lines) > 30


def test_payments_refunds_and_credit_notes_are_the_same(both: tuple[PullResult, stripe.StripeClient]) -> None:
    result, client = both
    joined = {
        one.payment.payment_intent: one.invoice
        for one in client.v1.invoice_payments.list({"limit": 100}).auto_paging_iter()
    }
    charges = {
        one.id: (money(one.amount, one.currency), one.status, joined.get(one.payment_intent), one.failure_code)
        for one in client.v1.charges.list({"limit": 100}).auto_paging_iter()
    }
    ours = {
        row["id"]: (row["amount"], row["status"], row["invoice_id"], row["failure_code"])
        for row in result.rows("payment")
    }
    assert ours == charges
    refunds = {
        one.id: (money(one.amount, one.currency), one.charge) for one in client.v1.refunds.list().auto_paging_iter()
    }
    assert {row["id"]: (row["amount"], row["payment_id"]) for row in result.rows("refund")} == refunds
    notes = {
        one.id: money(one.total_excluding_tax, one.currency) for one in client.v1.credit_notes.list().auto_paging_iter()
    }
    assert (
        {row["id"]: row["amount"] for row in result.rows("credit_note")}
        == notes
        == {"cn_" + next(iter(notes))[3:]: Decimal(30)}
    )


def test_both_asked_in_the_same_version(both: tuple[PullResult, stripe.StripeClient]) -> None:
    result, _ = both
    assert {call.headers["Stripe-Version"] for call in result.calls} == {stripe.api_version}
