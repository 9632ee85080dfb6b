"""What is special to Recurly: periods that close without any history at the vendor's, credit invoices, add-ons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_recurly.records import map_transaction
from revalign_udf.errors import BadRecord
from revalign_udf.testing import PullResult, pulled

vendors = load(Path(__file__).with_name("vendor_recurly.py"))
DAY = timedelta(days=1)


@pytest.fixture
def recurly() -> Iterator[Any]:
    with vendors.RecurlyVendor() as vendor:
        vendor.put("plans", "gold", code="gold", name="Gold", interval_unit="months", interval_length=1)
        vendor.put("plans", "year", code="year", name="Year", interval_unit="months", interval_length=12)
        vendor.account(1)
        yield vendor


def periods(result: PullResult) -> list[tuple[Any, ...]]:
    """(item, from, to, amount, quantity, discount) in February 2026, as days of the month."""
    assert result.ok, result.report.failures
    rows = sorted(
        result.rows("subscription_item_period"), key=lambda row: (row["id"].rsplit(":", 1)[0], row["valid_from"])
    )
    start = datetime(2026, 1, 31, tzinfo=UTC)

    def day(moment: datetime | None) -> int | None:
        return None if moment is None else (moment - start).days

    return [
        (row["id"].rsplit(":", 1)[0], day(row["valid_from"]), day(row["valid_to"]), str(row["amount"].normalize()),
         str(row["quantity"].normalize()), row["discount_amount"])
        for row in rows
    ]  # fmt: skip


def test_a_change_closes_the_period_that_was_sent_and_begins_another(recurly: Any) -> None:
    recurly.subscription("s", "acc1", "gold", 49.9)
    assert periods(pulled(recurly)) == [("s:plan", 1, None, "49.9", "1", 0)]
    recurly.clock += 4 * DAY
    recurly.put("subscriptions", "s", quantity=3)
    pulled(recurly)
    recurly.clock += 4 * DAY
    recurly.put("subscriptions", "s", unit_amount=40)
    assert periods(pulled(recurly)) == [
        ("s:plan", 1, 5, "49.9", "1", 0), ("s:plan", 5, 9, "49.9", "3", 0), ("s:plan", 9, None, "4E+1", "3", 0),
    ]  # fmt: skip
    again = pulled(recurly)
    assert again.report.counts.written == 0


def test_cancelled_runs_until_it_expires(recurly: Any) -> None:
    recurly.subscription("s", "acc1", "gold", 10)
    pulled(recurly)
    recurly.clock += 5 * DAY
    recurly.put("subscriptions", "s", state="canceled", canceled_at=vendors.iso(recurly.clock),
                expires_at=vendors.iso(recurly.clock + 20 * DAY))  # fmt: skip
    result = pulled(recurly)
    assert periods(result) == [("s:plan", 1, None, "1E+1", "1", 0)]
    assert result.row("subscription", "s")["ended_at"] is None
    recurly.clock += 20 * DAY
    recurly.put("subscriptions", "s", state="expired", expiration_reason="nonpayment")
    result = pulled(recurly)
    assert periods(result) == [("s:plan", 1, 26, "1E+1", "1", 0)]
    assert result.row("subscription", "s")["involuntary"] is True
    recurly.clock += 40 * DAY
    recurly.put("subscriptions", "s", custom_fields=[{"name": "x", "value": "y"}])
    assert periods(pulled(recurly)) == [("s:plan", 1, 26, "1E+1", "1", 0)]


def test_a_trial_has_no_revenue_and_one_that_never_ended_none_at_all(recurly: Any) -> None:
    ends = vendors.iso(recurly.clock + 10 * DAY)
    recurly.subscription("kept", "acc1", "gold", 10, trial_ends_at=ends)
    recurly.subscription("left", "acc1", "gold", 10, trial_ends_at=ends)
    assert periods(pulled(recurly)) == [
        ("kept:plan", 11, None, "1E+1", "1", 0),
        ("left:plan", 11, None, "1E+1", "1", 0),
    ]
    recurly.clock += 10 * DAY
    recurly.put("subscriptions", "left", state="expired", expires_at=ends)
    assert periods(pulled(recurly)) == [("kept:plan", 11, None, "1E+1", "1", 0)]


def test_a_pause_has_no_revenue(recurly: Any) -> None:
    recurly.subscription("s", "acc1", "gold", 10)
    pulled(recurly)
    recurly.clock += 6 * DAY
    recurly.put("subscriptions", "s", state="paused", paused_at=vendors.iso(recurly.clock - DAY))
    assert periods(pulled(recurly)) == [("s:plan", 1, 6, "1E+1", "1", 0)]
    recurly.clock += 10 * DAY
    recurly.put("subscriptions", "s", state="active", paused_at=None,
                current_period_started_at=vendors.iso(recurly.clock - DAY))  # fmt: skip
    assert periods(pulled(recurly)) == [("s:plan", 1, 6, "1E+1", "1", 0), ("s:plan", 16, None, "1E+1", "1", 0)]


def test_add_ons_tiers_use_and_coupons(recurly: Any) -> None:
    tiers = [{"ending_quantity": 10, "unit_amount": 5}, {"ending_quantity": None, "unit_amount": 4}]
    usage = {"id": "u", "quantity": 1, "unit_amount": 7, "add_on": {"code": "api", "add_on_type": "usage"}}
    recurly.subscription(
        "s", "acc1", "gold", 100,
        add_ons=[
            {"id": "flat", "quantity": 3, "unit_amount_decimal": "0.3333", "add_on": {"code": "seat"}},
            {"id": "tier", "quantity": 12, "tier_type": "tiered", "tiers": tiers, "add_on": {"code": "gb"}},
            {"id": "vol", "quantity": 12, "tier_type": "volume", "tiers": tiers, "add_on": {"code": "v"}},
            {"id": "step", "quantity": 12, "tier_type": "stairstep", "tiers": tiers, "add_on": {"code": "st"}},
            usage,
        ],
        coupon_redemptions=[
            {"id": "r1", "state": "active", "coupon": {"discount": {"type": "percent", "percent": 10}}},
            {"id": "r2", "state": "inactive", "coupon": {"discount": {"type": "percent", "percent": 90}}},
        ],
    )  # fmt: skip
    found = {key: (amount, quantity, discount) for key, _, _, amount, quantity, discount in periods(pulled(recurly))}
    assert found == {
        "s:plan": ("1E+2", "1", Decimal(10)),
        "s:flat": ("0.3333", "3", Decimal("0.1")),
        "s:tier": ("58", "1", Decimal("5.8")),
        "s:vol": ("48", "1", Decimal("4.8")),
        "s:step": ("4", "1", Decimal("0.4")),
        "s:u": ("0", "1", 0),
    }


def test_an_amount_off_is_shared_to_the_cent_and_tax_in_the_price_is_taken_out(recurly: Any) -> None:
    recurly.subscription(
        "s", "acc1", "year", 119, tax_inclusive=True, tax_info={"rate": 0.19},
        add_ons=[{"id": "a", "quantity": 1, "unit_amount": 59.5, "add_on": {"code": "a"}}],
        coupon_redemptions=[{
            "id": "r", "state": "active",
            "coupon": {"discount": {"type": "fixed", "currencies": [{"currency": "USD", "amount": 0.01}]}},
        }],
    )  # fmt: skip
    found = {key: (amount, discount) for key, _, _, amount, _, discount in periods(pulled(recurly))}
    assert found == {"s:plan": ("1E+2", Decimal("0.01")), "s:a": ("5E+1", Decimal(0))}


def test_a_plan_without_interval_is_a_reject_not_a_guess(recurly: Any) -> None:
    recurly.subscription("s", "acc1", "silver", 10)
    result = pulled(recurly)
    assert "no billing interval" in result.rejects[0]["reason"]
    assert result.rows("subscription_item_period") == []


def test_invoices_without_tax_more_lines_than_an_invoice_carries_and_credit_invoices(recurly: Any) -> None:
    lines = [
        recurly.line("l1", 119, 19, subscription_id="s", plan_id="gold"),
        recurly.line("l2", 23.8, 3.8, subscription_id="s", plan_id="gold", proration_rate=0.5),
        recurly.line("l3", 11.9, 1.9, origin="setup_fee", subscription_id="s"),
        recurly.line("l4", 5.95, 0.95, origin="usage_add_on", subscription_id="s"),
    ]
    recurly.invoice("in", "acc1", lines)
    recurly.invoice("cn", "acc1", [recurly.line("c1", -59.5, -9.5, type="credit")], type="credit", previous_invoice_id="in",
                    state="closed")  # fmt: skip
    result = pulled(recurly)
    assert {row["id"]: (row["amount"], row["kind"]) for row in result.rows("invoice_line")} == {
        "l1": (100, "subscription"), "l2": (20, "proration"), "l3": (10, "one_time"), "l4": (5, "usage"),
    }  # fmt: skip
    assert [(row["invoice_id"], row["amount"]) for row in result.rows("credit_note")] == [("in", 50)]
    assert [row["id"] for row in result.rows("invoice")] == ["in"]


def test_lines_that_do_not_add_up_are_refused(recurly: Any) -> None:
    recurly.invoice("in", "acc1", [recurly.line("l1", 10)], total=11)
    assert "add up to 10 without tax" in pulled(recurly).rejects[0]["reason"]


def test_transactions_become_payments_and_refunds_and_card_checks_nothing(recurly: Any) -> None:
    common = {"account": {"id": "acc1"}, "invoice": {"id": "in"}, "currency": "USD", "custom_fields": []}
    recurly.put("transactions", "t1", type="purchase", status="success", success=True, amount=20, **common)
    recurly.put("transactions", "t2", type="refund", status="success", success=True, amount=5,
                original_transaction_id="t1", **common)  # fmt: skip
    recurly.put("transactions", "t3", type="purchase", status="declined", success=False, amount=20,
                gateway_response_code="51", **common)  # fmt: skip
    recurly.put("transactions", "t4", type="verify", status="success", success=True, amount=0, **common)
    result = pulled(recurly)
    assert {row["id"]: (row["status"], row["failure_code"]) for row in result.rows("payment")} == {
        "t1": ("success", None), "t3": ("declined", "51"),
    }  # fmt: skip
    assert [(row["payment_id"], row["amount"]) for row in result.rows("refund")] == [("t1", 5)]
    with pytest.raises(BadRecord, match="unknown type 'gift'"):
        list(map_transaction({"id": "t5", "type": "gift"}, {}))


def test_read_from_the_start_again_there_is_nothing_twice(recurly: Any) -> None:
    recurly.subscription("s", "acc1", "gold", 10)
    pulled(recurly)
    recurly.clock += 4 * DAY
    recurly.put("subscriptions", "s", unit_amount=20)
    pulled(recurly)
    again = recurly._bench.pull(full=True)
    assert periods(again) == [("s:plan", 1, None, "2E+1", "1", 0)]
