"""Invoices, credit notes, payments, refunds and customers: amounts without tax, what a draft is, what goes with what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_stripe import StripeConnector
from revalign_udf.errors import BadRecord, Fatal

fake = load(Path(__file__).with_name("fake_stripe.py"))
reading = load(Path(__file__).with_name("reading_stripe.py"))
moment = fake.moment
DAY = 86_400


@pytest.fixture
def stripe() -> Iterator[Any]:
    server = fake.FakeStripe()
    server.now = moment("2026-01-01")
    with server.api:
        yield server


def lines_of(reader: Any) -> list[tuple[str, str]]:
    return sorted((row["kind"], row["amount"]) for row in reader.rows.get("invoice_line", {}).values())


def test_lines_are_without_tax_and_after_discounts(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    inclusive = stripe.one_off(11900, taxes=[{"amount": 1900, "tax_behavior": "inclusive"}])
    exclusive = stripe.one_off(10000, taxes=[{"amount": 1900, "tax_behavior": "exclusive"}])
    cheaper = stripe.one_off(
        5000, discount_amounts=[{"amount": 500, "discount": "a"}, {"amount": 450, "discount": "b"}]
    )
    invoice = stripe.invoice(customer, "usd", [inclusive, exclusive, cheaper], tax=3800)
    reader = reading.Reader(stripe, "invoices")
    reader.pull()
    assert lines_of(reader) == [("one_time", "100.00"), ("one_time", "100.00"), ("one_time", "40.50")]
    row = reader.rows["invoice"][invoice]
    assert (row["total"], row["tax"], row["currency"]) == ("278.50", "38.00", "USD")


def test_kinds_of_lines(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    used = stripe.price(7, usage="metered")
    sub = stripe.subscribe(customer, (stripe.price(3000), 2), (used, None))
    stripe.advance(moment("2026-01-16"))
    stripe.change(sub, quantity=1)
    stripe.advance(moment("2026-02-01"))
    invoice = stripe.objects["invoice"][stripe.objects["subscription"][sub]["latest_invoice"]]
    item = stripe.objects["subscription"][sub]["items"]["data"][1]
    billed = stripe._line(
        stripe.objects["subscription"][sub], item, 770, moment("2026-01-01"), stripe.now, [], proration=False
    )
    invoice["lines"]["data"] += [billed, stripe.one_off(-500), stripe.one_off(900)]
    for total in ("total", "total_excluding_tax"):
        invoice[total] += 770 - 500 + 900
    reader = reading.Reader(stripe, "invoices")
    reader.pull()
    assert lines_of(reader) == [
        ("credit", "-5.00"), ("one_time", "9.00"), ("proration", "-30.97"), ("proration", "15.48"),
        ("subscription", "30.00"), ("subscription", "60.00"), ("usage", "7.70"),
    ]  # fmt: skip
    assert {row["subscription_id"] for row in reader.rows["invoice_line"].values()} == {sub, None}


def test_lines_that_do_not_add_up_are_refused_not_summed(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    invoice = stripe.invoice(customer, "usd", [stripe.one_off(1000)])
    stripe.objects["invoice"][invoice]["total_excluding_tax"] = 1001
    with pytest.raises(BadRecord, match=r"add up to 10.00 without tax, and the invoice says 10.01"):
        reading.Reader(stripe, "invoices").pull()


def test_a_draft_has_no_lines_until_it_is_final_and_a_deleted_one_goes(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    kept = stripe.invoice(customer, "usd", [stripe.one_off(1000), stripe.one_off(300)], status="draft")
    gone = stripe.invoice(customer, "usd", [stripe.one_off(999)], status="draft")
    reader = reading.Reader(stripe, "invoices")
    reader.pull()
    assert (set(reader.rows["invoice"]), lines_of(reader)) == ({kept, gone}, [])
    stripe.now += DAY
    del stripe.objects["invoice"][kept]["lines"]["data"][1]  # somebody takes a line out
    stripe.update("invoice", kept, status="open", total=1000, total_excluding_tax=1000)
    stripe.delete("invoice", gone)
    reader.pull()
    assert (set(reader.rows["invoice"]), lines_of(reader)) == ({kept}, [("one_time", "10.00")])


def test_more_than_ten_lines_are_all_read(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    stripe.invoice(customer, "usd", [stripe.one_off(100 + n) for n in range(27)])
    reader = reading.Reader(stripe, "invoices")
    reader.pull()
    assert len(lines_of(reader)) == 27


def test_since_leaves_older_documents_out_and_sweeps_nothing_away(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    old = stripe.invoice(customer, "usd", [stripe.one_off(100)])
    stripe.now = moment("2026-02-01")
    new = stripe.invoice(customer, "usd", [stripe.one_off(100)])
    reader = reading.Reader(stripe, "invoices")
    reader.pull()
    reader.state, reader.settings = {}, {"since": "2026-01-15"}
    reader.pull()
    assert set(reader.rows["invoice"]) == {old, new}
    fresh = reading.Reader(stripe, "invoices", since="2026-01-15")
    fresh.pull()
    assert set(fresh.rows["invoice"]) == {new}


def test_a_credit_note_is_without_its_tax_and_a_voided_one_says_so(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    invoice = stripe.invoice(customer, "usd", [stripe.one_off(10000)], tax=1900)
    note = stripe.credit_note(invoice, 2500, 475)
    reader = reading.Reader(stripe, "credit_notes")
    reader.pull()
    row = reader.rows["credit_note"][note]
    assert (row["amount"], row["invoice_id"], row["status"]) == ("25.00", invoice, "issued")
    stripe.now += DAY
    stripe.update("credit_note", note, status="void")
    reader.pull()
    assert reader.rows["credit_note"][note]["status"] == "void"


def test_payments_know_their_invoice_failed_ones_their_reason_and_holds_are_no_payments(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    invoice = stripe.invoice(customer, "usd", [stripe.one_off(10000)])
    failed = stripe.charge(customer, 500, "usd", status="failed", captured=False, failure_code="card_declined")
    held = stripe.charge(customer, 700, "usd", captured=False, amount_captured=0)
    part = stripe.charge(customer, 900, "usd", amount_captured=650)
    reader = reading.Reader(stripe, "payments")
    reader.pull()
    rows = reader.rows["payment"]
    paid = next(row for row in rows.values() if row["invoice_id"] == invoice)
    assert (paid["amount"], paid["status"]) == ("100.00", "succeeded")
    assert (rows[failed]["status"], rows[failed]["failure_code"]) == ("failed", "card_declined")
    assert (rows[held]["status"], rows[held]["amount"]) == ("authorized", "7.00")
    assert rows[part]["amount"] == "6.50"


def test_a_payment_joined_to_its_invoice_later_is_read_again(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    charge = stripe.charge(customer, 500, "usd")
    reader = reading.Reader(stripe, "payments")
    reader.pull()
    assert reader.rows["payment"][charge]["invoice_id"] is None
    stripe.now += DAY
    intent = stripe.objects["charge"][charge]["payment_intent"]
    joined = stripe.make("invoice_payment", "inpay", invoice="in_9", status="paid",
                         payment={"type": "payment_intent", "payment_intent": intent})  # fmt: skip
    stripe.event("invoice_payment.paid", joined)
    reader.pull()
    assert reader.rows["payment"][charge]["invoice_id"] == "in_9"


def test_many_payments_do_not_cost_a_call_each(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    for _ in range(180):
        stripe.now += 60
        stripe.invoice(customer, "usd", [stripe.one_off(100)])
    reader = reading.Reader(stripe, "payments")
    assert reader.pull() <= 60
    assert all(row["invoice_id"] for row in reader.rows["payment"].values())


def test_a_refund_names_its_payment_and_its_customer(stripe: Any) -> None:
    customer = stripe.customer("Ann", None)
    charge = stripe.charge(customer, 5000, "jpy")
    refund = stripe.refund(charge, 1200)
    reader = reading.Reader(stripe, "refunds")
    reader.pull()
    row = reader.rows["refund"][refund]
    assert (row["amount"], row["payment_id"], row["org_id"], row["currency"]) == ("1200", charge, customer, "JPY")
    stripe.now += DAY
    stripe.update("refund", refund, status="failed", failure_reason="declined")
    reader.pull()
    assert (reader.rows["refund"][refund]["status"], reader.rows["refund"][refund]["failure_code"]) == (
        "failed",
        "declined",
    )


def test_a_customer_without_a_name_is_called_by_its_address_and_loses_its_person_with_it(stripe: Any) -> None:
    customer = stripe.customer(None, "ann@acme.example", address=None, shipping={"address": {"country": "NZ"}})
    nobody = stripe.customer(None, None)
    reader = reading.Reader(stripe, "customers")
    reader.pull()
    row = reader.rows["organization"][customer]
    assert (row["name"], row["domain"], row["country"]) == ("ann@acme.example", "acme.example", "NZ")
    assert reader.rows["organization"][nobody]["name"] == nobody
    assert set(reader.rows["person"]) == {customer}
    stripe.now += DAY
    stripe.update("customer", customer, email=None, name="Acme")
    reader.pull()
    assert reader.rows["person"] == {}
    assert reader.rows["organization"][customer]["domain"] is None


def test_links_lead_to_the_account_and_mode_that_is_read() -> None:
    links = StripeConnector().links({"account": "acct_1", "test_data": True})
    assert links["subscription"] == "https://dashboard.stripe.com/acct_1/test/subscriptions/{id}"
    assert StripeConnector().links({})["organization"] == "https://dashboard.stripe.com/customers/{id}"


def test_an_unknown_stream_is_named() -> None:
    with pytest.raises(Fatal, match="no stream 'quotes'"):
        list(StripeConnector().map("quotes", {}, {}))
