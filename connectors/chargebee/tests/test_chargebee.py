"""The chargebee connector against a small Chargebee: each trap by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from chargebee import Chargebee
from vendor_chargebee import DAY, KEY, START, ChargebeeVendor, invoice, item, subscription

from revalign_chargebee import ChargebeeConnector, register_connectors
from revalign_chargebee.prices import tier_total
from revalign_udf import testing
from revalign_udf.connector import Connector, Context, Stream
from revalign_udf.testing import PullResult
from revalign_udf.testing.pulling import Ground

#: what a test reads, where that is not subscriptions
WANTED = {
    "test_plans_and_addons_of_catalogue_1_count_the_same": "subscriptions products",
    "test_lines_are_without_discount_and_without_tax_also_where_prices_hold_tax": "invoices",
    "test_lines_that_do_not_make_the_total_are_said": "invoices",
    "test_every_line_of_a_long_invoice_arrives": "invoices",
    "test_a_line_taken_out_of_an_invoice_is_gone_and_a_deleted_invoice_too": "invoices",
    "test_a_pending_invoice_is_a_draft_and_a_voided_one_says_so": "invoices",
    "test_a_credit_note_is_worth_its_total_without_tax": "credit_notes",
    "test_a_refund_goes_to_the_invoices_of_its_credit_notes_and_excess_money_is_left_out": "transactions",
    "test_exchange_rates_come_only_where_they_are_wanted": "invoices",
    "test_contacts_are_persons_and_one_taken_off_is_gone": "customers",
    "test_chargebees_own_client_sees_the_same_records": "customers subscriptions",
}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One store for all tests of the module; each has a connection of its own in it."""
    made = Ground()
    yield made
    made.close()


@pytest.fixture
def vendor(ground: Ground, request: pytest.FixtureRequest) -> Iterator[ChargebeeVendor]:
    Small.connector.wanted = WANTED.get(request.node.originalname, "subscriptions")
    with Small() as made:
        made.customer("c1")
        made.ground = ground
        yield made


class Few(ChargebeeConnector):
    """The connector with the streams a test is about: each costs a moment."""

    wanted: str = "subscriptions"

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [stream for stream in super().discover(ctx) if stream.name in self.wanted.split()]


class Small(ChargebeeVendor):
    connector = Few()


def pulled(vendor: ChargebeeVendor, settings: dict[str, Any] | None = None) -> PullResult:
    """Pull; the settings hold from the first call on."""
    return testing.pulled(vendor, ground=vendor.ground, settings=settings)


def good(result: PullResult) -> PullResult:
    assert result.ok, result.report.failures
    assert not result.report.counts.rejects
    return result


def periods(result: PullResult) -> list[tuple[str, int, int | None, Decimal, Decimal, Decimal]]:
    """(price, from day, to day, amount for one, quantity, discount), days counted from the start."""
    found = []
    for row in result.rows("subscription_item_period"):
        ends = row["valid_to"] and int(row["valid_to"].timestamp() - START) // DAY
        begins = int(row["valid_from"].timestamp() - START) // DAY
        price = json.loads(row["attrs"])["price"]
        found.append(
            (
                price,
                begins,
                ends,
                row["amount"].normalize(),
                row["quantity"].normalize(),
                row["discount_amount"].normalize(),
            )
        )
    return sorted(found, key=lambda one: (one[0], one[1]))


def n(value: str | int) -> Decimal:
    return Decimal(value).normalize()


def told(result: PullResult, words: str) -> bool:
    return any(words in text for text in result.report.messages)


def test_is_a_connector() -> None:
    (connector,) = register_connectors()
    assert isinstance(connector, Connector)


# -- history


def test_history_beats_state_each_change_is_a_period_of_its_own(vendor: ChargebeeVendor) -> None:
    for day, quantity in ((0, 1), (10, 5), (20, 2)):
        kind = "subscription_changed" if day else "subscription_created"
        vendor.happens(kind, subscription("s1", "c1", [item("p", 1000, quantity)]), START + day * DAY)
    assert periods(good(pulled(vendor))) == [
        ("p", 0, 10, n(10), n(1), n(0)), ("p", 10, 20, n(10), n(5), n(0)), ("p", 20, None, n(10), n(2), n(0)),
    ]  # fmt: skip


def test_a_change_after_the_first_pull_closes_the_period_that_was_open(vendor: ChargebeeVendor) -> None:
    vendor.happens("subscription_created", subscription("s1", "c1", [item("p", 1000)]), START)
    good(pulled(vendor))
    vendor.happens("subscription_changed", subscription("s1", "c1", [item("p", 1500)]), START + 40 * DAY)
    expected = [("p", 0, 40, n(10), n(1), n(0)), ("p", 40, None, n(15), n(1), n(0))]
    assert periods(good(pulled(vendor))) == expected
    assert periods(good(pulled(vendor))) == expected


def test_an_event_read_again_opens_nothing_again(vendor: ChargebeeVendor) -> None:
    one = subscription("s1", "c1", [item("p", 1000)])
    vendor.happens("subscription_created", one, START + 1)
    vendor.happens("subscription_changed", {**one, "subscription_items": [item("p", 2000)]}, START + 20)
    gone = {**one, "status": "cancelled", "cancelled_at": START + 30}
    vendor.happens("subscription_cancelled", gone, START + 30)
    first = good(pulled(vendor))
    # all three events lie within the lookback
    assert good(pulled(vendor)).tables == first.tables


def test_a_change_that_no_event_tells_is_found_in_the_list(vendor: ChargebeeVendor) -> None:
    vendor.happens("subscription_created", subscription("s1", "c1", [item("p", 1000)]), START)
    good(pulled(vendor))
    vendor.put("subscriptions", subscription("s1", "c1", [item("p", 700)]), at=START + 9 * DAY)
    assert periods(good(pulled(vendor))) == [("p", 0, 9, n(10), n(1), n(0)), ("p", 9, None, n(7), n(1), n(0))]


def test_a_subscription_older_than_its_events_is_taken_to_have_cost_the_same_and_it_is_said(
    vendor: ChargebeeVendor,
) -> None:
    vendor.happens("subscription_changed", subscription("s1", "c1", [item("p", 1000)]), START + 50 * DAY)
    result = good(pulled(vendor))
    assert periods(result) == [("p", 0, None, n(10), n(1), n(0))]
    assert told(result, "1 subscriptions are first met in Chargebee's events by a change")


def test_a_trial_is_no_revenue_and_a_cancelled_trial_never_was(vendor: ChargebeeVendor) -> None:
    trial = subscription("s1", "c1", [item("p", 1000)], status="in_trial", activated_at=None, trial_start=START)
    vendor.happens("subscription_created", trial, START)
    gone = {**trial, "id": "s2", "status": "cancelled", "cancelled_at": START + 5 * DAY}
    vendor.put("subscriptions", gone)
    future = {**trial, "id": "s3", "status": "future", "started_at": None, "start_date": START + 90 * DAY}
    vendor.put("subscriptions", future)
    result = good(pulled(vendor))
    assert periods(result) == []
    assert result.row("subscription", "s3")["started_at"].timestamp() == START + 90 * DAY


def test_an_addon_with_a_trial_of_its_own_begins_when_that_ends(vendor: ChargebeeVendor) -> None:
    lines = [item("p", 1000), item("extra", 500, kind="addon", trial_end=START + 14 * DAY)]
    vendor.happens("subscription_created", subscription("s1", "c1", lines), START)
    assert periods(good(pulled(vendor))) == [
        ("extra", 14, None, n(5), n(1), n(0)), ("p", 0, None, n(10), n(1), n(0)),
    ]  # fmt: skip


def test_cancelled_wished_and_ended_are_three_things(vendor: ChargebeeVendor) -> None:
    begun = subscription(
        "s1", "c1", [item("p", 1000)], status="non_renewing", cancelled_at=START + 60 * DAY,
        cancel_schedule_created_at=START + 20 * DAY, cancel_reason_code="Too expensive",
    )  # fmt: skip
    vendor.put("subscriptions", begun, at=START + 20 * DAY)
    result = good(pulled(vendor))
    row = result.row("subscription", "s1")
    assert (row["cancelled_at"].timestamp(), row["ended_at"].timestamp()) == (START + 20 * DAY, START + 60 * DAY)
    assert (row["cancel_reason"], row["involuntary"], row["status"]) == ("Too expensive", False, "non_renewing")
    assert periods(result) == [("p", 0, None, n(10), n(1), n(0))]  # until it ends, by the subscription
    unpaid = {**begun, "id": "s2", "status": "cancelled", "cancel_reason": "not_paid", "cancel_reason_code": None}
    vendor.put("subscriptions", unpaid, at=START + 60 * DAY)
    result = good(pulled(vendor))
    assert result.row("subscription", "s2")["involuntary"] is True
    assert periods(result)[1] == ("p", 0, 60, n(10), n(1), n(0))


def test_reactivated_leaves_the_gap_in_which_nothing_was_paid(vendor: ChargebeeVendor) -> None:
    one = subscription("s1", "c1", [item("p", 1000)])
    vendor.happens("subscription_created", one, START)
    vendor.happens(
        "subscription_cancelled", {**one, "status": "cancelled", "cancelled_at": START + 30 * DAY}, START + 30 * DAY
    )
    vendor.happens("subscription_reactivated", {**one, "activated_at": START + 45 * DAY}, START + 45 * DAY)
    result = good(pulled(vendor))
    assert periods(result) == [("p", 0, 30, n(10), n(1), n(0)), ("p", 45, None, n(10), n(1), n(0))]
    assert result.row("subscription", "s1")["ended_at"] is None


def test_a_deleted_subscription_is_a_tombstone(vendor: ChargebeeVendor) -> None:
    vendor.happens("subscription_created", subscription("s1", "c1", [item("p", 1000)]), START)
    good(pulled(vendor))
    vendor.put("subscriptions", {**vendor.kept["subscriptions"]["s1"], "deleted": True})
    assert not good(pulled(vendor)).rows("subscription")


def test_a_contract_term_is_a_contract_and_a_term(vendor: ChargebeeVendor) -> None:
    term = {
        "id": "t1", "status": "active", "contract_start": START, "contract_end": START + 365 * DAY,
        "action_at_term_end": "renew", "total_contract_value": 142_800, "total_contract_value_before_tax": 120_000,
    }  # fmt: skip
    vendor.happens("subscription_created", subscription("s1", "c1", [item("p", 10_000)], contract_term=term), START)
    result = good(pulled(vendor))
    (contract,) = result.rows("contract")
    assert (contract["id"], contract["value"], contract["term_months"], contract["auto_renew"]) == (
        "t1",
        1200,
        12,
        True,
    )
    (kept,) = result.rows("subscription_term")
    assert (kept["subscription_id"], str(kept["start_date"]), kept["term_months"]) == ("s1", "2026-01-01", 12)
    row = result.row("subscription", "s1")
    assert (row["contract_id"], row["term_months"]) == ("t1", 12)


# -- prices

FIFTEEN = {"item_price_id": "p", "item_type": "plan", "quantity": 15}


@pytest.mark.parametrize(
    ("line", "price", "expected"),
    [
        (item("p", 1000, 3), {}, (n(10), n(3))),
        ({**item("p", 1000, 3), "amount": 2000, "free_quantity": 1}, {}, (n(20), n(1))),
        ({**item("p", 1000, 3), "amount": None, "free_quantity": 1}, {"pricing_model": "per_unit"}, (n(20), n(1))),
        ({**FIFTEEN, "amount": 13000}, {"pricing_model": "tiered"}, (n(130), n(1))),
        (FIFTEEN, {"pricing_model": "tiered"}, (n(130), n(1))),
        (FIFTEEN, {"pricing_model": "volume"}, (n(90), n(1))),
        (FIFTEEN, {"pricing_model": "stairstep"}, (n(6), n(1))),
        ({"item_price_id": "p", "item_type": "plan"}, {"pricing_model": "flat_fee", "price": 4900}, (n(49), n(1))),
        (
            {"item_price_id": "p", "item_type": "plan", "quantity_in_decimal": "2.5", "unit_price_in_decimal": "0.0175",
             "amount_in_decimal": "0.04375", "unit_price": 2, "amount": 4, "quantity": 2},
            {}, (n("0.0175"), n("2.5")),
        ),
    ],
    ids="per_unit free_units free_units_worked_out tiers_by_amount tiered volume stairstep flat decimals".split(),
)  # fmt: skip
def test_every_pricing_model_comes_to_what_chargebee_bills(
    vendor: ChargebeeVendor, line: dict[str, Any], price: dict[str, Any], expected: tuple[Decimal, Decimal]
) -> None:
    tiers = [{"starting_unit": 1, "ending_unit": 10, "price": 1000}, {"starting_unit": 11, "price": 600}]
    vendor.put("item_prices", {"id": "p", "item_id": "i", **price, "tiers": tiers})
    vendor.happens("subscription_created", subscription("s1", "c1", [line]), START)
    ((_, _, _, amount, quantity, _),) = periods(good(pulled(vendor)))
    assert (amount, quantity) == expected


def test_tiers_of_packages_and_flat_fees_are_billed_by_what_is_begun() -> None:
    tiers = [
        {"starting_unit": 1, "ending_unit": 10, "price": 500, "pricing_type": "flat_fee"},
        {"starting_unit": 11, "price": 100, "pricing_type": "package", "package_size": 5},
    ]
    # 5.00 for the first ten, then 12 units in packages of five: three are begun
    assert tier_total("tiered", Decimal(22), tiers, "USD") == 8


def test_currencies_without_cents_and_with_three_decimals_are_exact(vendor: ChargebeeVendor) -> None:
    vendor.happens("subscription_created", subscription("s1", "c1", [item("p", 500)], currency_code="JPY"), START)
    vendor.happens("subscription_created", subscription("s2", "c1", [item("q", 12_345)], currency_code="KWD"), START)
    assert [one[3] for one in periods(good(pulled(vendor)))] == [n(500), n("12.345")]


def test_a_charge_is_one_time_and_a_metered_item_is_marked(vendor: ChargebeeVendor) -> None:
    vendor.put("items", {"id": "calls", "name": "Calls", "metered": True})
    vendor.put("item_prices", {"id": "calls-m", "item_id": "calls", "pricing_model": "per_unit", "price": 3})
    lines = [
        item("p", 1000),
        item("setup", 9900, kind="charge"),
        {"item_price_id": "calls-m", "item_type": "addon", "unit_price": 3},
    ]
    vendor.happens("subscription_created", subscription("s1", "c1", lines), START)
    rows = good(pulled(vendor)).rows("subscription_item_period")
    marks = {json.loads(row["attrs"])["price"]: (row["one_time"], row["metered"]) for row in rows}
    assert marks == {"p": (False, False), "setup": (True, False), "calls-m": (False, True)}


def test_an_item_with_a_period_of_its_own_is_billed_by_that(vendor: ChargebeeVendor) -> None:
    lines = [item("p", 1000), item("support", 12_000, kind="addon", billing_period=1, billing_period_unit="year")]
    vendor.happens("subscription_created", subscription("s1", "c1", lines, billing_period=3, mrr=1333), START)
    result = good(pulled(vendor))
    found = {
        json.loads(r["attrs"])["price"]: (r["interval"], r["interval_count"])
        for r in result.rows("subscription_item_period")
    }
    assert found == {"p": ("month", 3), "support": ("year", 1)}
    assert not told(result, "MRR differs")  # 10 / 3 + 120 / 12 = 13.33


# -- discounts


def discounted(
    vendor: ChargebeeVendor, *coupons: dict[str, Any], **more: Any
) -> list[tuple[str, int, int | None, Decimal]]:
    """(price, from day, to day, discount) of a plan at 100 and an addon at 50."""
    for coupon in coupons:
        vendor.put(
            "coupons", {"duration_type": "forever", "apply_on": "invoice_amount", "currency_code": "USD", **coupon}
        )
    applied = [{"coupon_id": one["id"], "apply_till": one.get("till")} for one in coupons]
    lines = [item("p", 10_000), item("extra", 5_000, kind="addon"), item("setup", 7_700, kind="charge")]
    vendor.happens("subscription_created", subscription("s1", "c1", lines, coupons=applied, **more), START)
    return [(one[0], one[1], one[2], one[5]) for one in periods(good(pulled(vendor))) if one[0] != "setup"]


PERCENT = {"id": "ten", "discount_type": "percentage", "discount_percentage": 10.0}
FIXED = {"id": "off", "discount_type": "fixed_amount", "discount_amount": 1000}


def test_a_percentage_off_the_invoice_comes_off_every_recurring_line(vendor: ChargebeeVendor) -> None:
    assert discounted(vendor, PERCENT) == [("extra", 0, None, n(5)), ("p", 0, None, n(10))]


def test_a_fixed_amount_off_the_invoice_is_split_to_the_cent(vendor: ChargebeeVendor) -> None:
    found = discounted(vendor, FIXED)
    assert found == [("extra", 0, None, n("3.33")), ("p", 0, None, n("6.67"))]


def test_a_fixed_amount_off_each_item_comes_off_the_items_it_names(vendor: ChargebeeVendor) -> None:
    rules = [
        {"item_type": "plan", "constraint": "specific", "item_price_ids": ["p"]},
        {"item_type": "addon", "constraint": "none"},
    ]
    found = discounted(vendor, {**FIXED, "apply_on": "each_specified_item", "item_constraints": rules})
    assert found == [("extra", 0, None, n(0)), ("p", 0, None, n(10))]


def test_items_first_then_the_invoice_on_what_is_left(vendor: ChargebeeVendor) -> None:
    rules = [{"item_type": "plan", "constraint": "all"}]
    each = {
        **FIXED,
        "id": "each",
        "discount_amount": 2000,
        "apply_on": "each_specified_item",
        "item_constraints": rules,
    }
    # plan: 100 - 20 = 80, less a tenth: 28 in all; addon: a tenth of 50
    assert discounted(vendor, PERCENT, each) == [("extra", 0, None, n(5)), ("p", 0, None, n(28))]


def test_a_discount_given_once_does_not_recur(vendor: ChargebeeVendor) -> None:
    assert [one[3] for one in discounted(vendor, {**PERCENT, "duration_type": "one_time"})] == [n(0), n(0)]


def test_a_discount_never_makes_a_line_cost_less_than_nothing(vendor: ChargebeeVendor) -> None:
    assert [one[3] for one in discounted(vendor, {**FIXED, "discount_amount": 99_999})] == [n(50), n(100)]


def test_free_units_of_a_coupon_are_worth_their_price(vendor: ChargebeeVendor) -> None:
    rules = [{"item_type": "addon", "constraint": "all"}]
    free = {"id": "free", "discount_type": "offer_quantity", "discount_quantity": 1, "apply_on": "each_specified_item",
            "item_constraints": rules}  # fmt: skip
    assert discounted(vendor, free) == [("extra", 0, None, n(50)), ("p", 0, None, n(0))]


def test_a_limited_discount_ends_by_itself_also_where_no_event_says_so(vendor: ChargebeeVendor) -> None:
    found = discounted(vendor, {**PERCENT, "duration_type": "limited_period", "till": START + 90 * DAY})
    assert found == [
        ("extra", 0, 90, n(5)), ("extra", 90, None, n(0)), ("p", 0, 90, n(10)), ("p", 90, None, n(0)),
    ]  # fmt: skip


def test_manual_discounts_count_and_those_of_coupons_do_not_count_twice(vendor: ChargebeeVendor) -> None:
    manual = [
        {"id": "d1", "type": "fixed_amount", "amount": 700, "duration_type": "forever", "apply_on": "specific_item_price",
         "item_price_id": "extra"},
        {"id": "d2", "type": "percentage", "percentage": 10, "duration_type": "forever", "apply_on": "invoice_amount",
         "coupon_id": "ten"},
    ]  # fmt: skip
    # addon: 50 - 7 = 43, less a tenth
    assert discounted(vendor, PERCENT, discounts=manual) == [("extra", 0, None, n("11.3")), ("p", 0, None, n(10))]


def test_a_coupon_nobody_knows_is_refused_and_not_taken_for_none(vendor: ChargebeeVendor) -> None:
    one = subscription("s1", "c1", [item("p", 1000)], coupons=[{"coupon_id": "lost"}])
    vendor.happens("subscription_created", one, START)
    result = pulled(vendor)
    assert periods(result) == []
    assert any("coupon lost is not known" in str(one.reason) for one in result.report.counts.rejects)


def test_mrr_that_chargebee_sees_otherwise_is_said(vendor: ChargebeeVendor) -> None:
    vendor.happens("subscription_created", subscription("s1", "c1", [item("p", 1000)], mrr=1200), START)
    assert told(
        good(pulled(vendor)), "MRR differs from Chargebee's own for 1 subscriptions: s1 (10.00 here, 12.00 there)"
    )


# -- the older catalogue


def test_plans_and_addons_of_catalogue_1_count_the_same(vendor: ChargebeeVendor) -> None:
    vendor.catalogue = 1
    vendor.put("plans", {"id": "basic", "name": "Basic", "status": "active"})
    vendor.put("addons", {"id": "basic", "name": "Basic support", "charge_type": "recurring"})
    vendor.put("addons", {"id": "training", "name": "Training", "charge_type": "non_recurring"})
    one = {
        "id": "s1", "customer_id": "c1", "currency_code": "USD", "status": "active", "billing_period": 3,
        "billing_period_unit": "month", "created_at": START, "started_at": START, "activated_at": START,
        "plan_id": "basic", "plan_quantity": 2, "plan_unit_price": 3000, "plan_amount": 6000, "mrr": 2500,
        "addons": [
            {"id": "basic", "quantity": 1, "unit_price": 1500, "amount": 1500},
            {"id": "training", "quantity": 1, "unit_price": 900, "amount": 900},
        ],
    }  # fmt: skip
    vendor.happens("subscription_created", one, START)
    result = good(pulled(vendor))
    rows = {row["product_id"]: row for row in result.rows("subscription_item_period")}
    assert {key: (row["amount"], row["quantity"], row["one_time"]) for key, row in rows.items()} == {
        "basic": (30, 2, False), "addon:basic": (15, 1, False), "addon:training": (9, 1, True),
    }  # fmt: skip
    assert result.keys("product") == {"basic", "addon:basic", "addon:training"}
    assert not told(result, "MRR differs")  # (60 + 15) / 3 = 25


# -- invoices, credits, payments


def line(key: str, amount: int, **more: Any) -> dict[str, Any]:
    return {
        "id": key, "amount": amount, "unit_amount": amount, "quantity": 1, "entity_type": "plan_item_price",
        "entity_id": "p", "discount_amount": 0, "tax_amount": 0, "date_from": START, "date_to": START + 31 * DAY, **more,
    }  # fmt: skip


def amounts(result: PullResult) -> dict[str, Decimal]:
    return {row["id"]: row["amount"].normalize() for row in result.rows("invoice_line")}


def test_lines_are_without_discount_and_without_tax_also_where_prices_hold_tax(vendor: ChargebeeVendor) -> None:
    plus = [line("a", 10_000, discount_amount=1000, tax_amount=1800)]
    vendor.put("invoices", invoice("1", "c1", 10_800, tax=1800, line_items=plus))
    within = [line("b", 12_000, tax_amount=2000)]
    vendor.put("invoices", invoice("2", "c1", 12_000, tax=2000, price_type="tax_inclusive", line_items=within))
    result = good(pulled(vendor))
    assert amounts(result) == {"1:a": n(90), "2:b": n(100)}
    assert not told(result, "do not add up")


def test_lines_that_do_not_make_the_total_are_said(vendor: ChargebeeVendor) -> None:
    vendor.put("invoices", invoice("1", "c1", 9_000, line_items=[line("a", 10_000)]))
    assert told(good(pulled(vendor)), "The lines of 1 invoices do not add up to their totals: 1.")


def test_every_line_of_a_long_invoice_arrives(vendor: ChargebeeVendor) -> None:
    vendor.put("invoices", invoice("1", "c1", 3500, line_items=[line(f"l{one:02}", 100) for one in range(35)]))
    result = good(pulled(vendor))
    assert len(amounts(result)) == 35
    assert not told(result, "do not add up")


def test_a_line_taken_out_of_an_invoice_is_gone_and_a_deleted_invoice_too(vendor: ChargebeeVendor) -> None:
    vendor.put("invoices", invoice("1", "c1", 300, line_items=[line("a", 100), line("b", 200)]))
    vendor.put("invoices", invoice("2", "c1", 100, line_items=[line("c", 100)]))
    good(pulled(vendor))
    vendor.put("invoices", invoice("1", "c1", 100, line_items=[line("a", 100)]))
    vendor.put("invoices", {**vendor.kept["invoices"]["2"], "deleted": True})
    result = good(pulled(vendor))
    assert amounts(result) == {"1:a": n(1)}
    assert result.keys("invoice") == {"1"}


def test_a_pending_invoice_is_a_draft_and_a_voided_one_says_so(vendor: ChargebeeVendor) -> None:
    vendor.put("invoices", invoice("1", "c1", 100, status="pending"))
    vendor.put("invoices", invoice("2", "c1", 100, status="voided"))
    assert {row["id"]: row["status"] for row in good(pulled(vendor)).rows("invoice")} == {"1": "draft", "2": "voided"}


def test_a_credit_note_is_worth_its_total_without_tax(vendor: ChargebeeVendor) -> None:
    note = {"id": "CN-1", "customer_id": "c1", "reference_invoice_id": "1", "type": "refundable", "status": "refunded",
            "date": START, "total": 11_900, "taxes": [{"name": "VAT", "amount": 1900}], "currency_code": "USD"}  # fmt: skip
    vendor.put("credit_notes", note)
    assert good(pulled(vendor)).row("credit_note", "CN-1")["amount"] == 100
    vendor.put("credit_notes", {**note, "deleted": True})
    assert not good(pulled(vendor)).rows("credit_note")


def test_a_refund_goes_to_the_invoices_of_its_credit_notes_and_excess_money_is_left_out(
    vendor: ChargebeeVendor,
) -> None:
    for key, of in (("CN-1", "1"), ("CN-2", "2")):
        vendor.put("credit_notes", {"id": key, "customer_id": "c1", "reference_invoice_id": of, "status": "refunded",
                                    "date": START, "total": 500, "currency_code": "USD"})  # fmt: skip
    paid = {"customer_id": "c1", "currency_code": "USD", "date": START, "status": "success"}
    vendor.put("transactions", {**paid, "id": "pay", "type": "payment", "amount": 3000,
                                "linked_invoices": [{"invoice_id": "1"}, {"invoice_id": "2"}]})  # fmt: skip
    both = [{"cn_id": "CN-1", "applied_amount": 500}, {"cn_id": "CN-2", "applied_amount": 300}]
    vendor.put("transactions", {**paid, "id": "back", "type": "refund", "amount": 800, "linked_credit_notes": both,
                                "reference_transaction_id": "pay"})  # fmt: skip
    vendor.put("transactions", {**paid, "id": "excess", "type": "refund", "amount": 70})
    vendor.put(
        "transactions",
        {**paid, "id": "failed", "type": "payment", "amount": 10, "status": "failure", "error_code": "declined"},
    )
    result = good(pulled(vendor))
    assert {row["id"]: (row["invoice_id"], row["amount"], row["payment_id"]) for row in result.rows("refund")} == {
        "back:CN-1": ("1", 5, "pay"), "back:CN-2": ("2", 3, "pay"),
    }  # fmt: skip
    assert result.row("payment", "pay")["invoice_id"] is None
    assert (result.row("payment", "failed")["status"], result.row("payment", "failed")["failure_code"]) == (
        "failed",
        "declined",
    )
    assert told(result, "1 transactions are left out: refunds of money that paid no invoice")


def test_exchange_rates_come_only_where_they_are_wanted(vendor: ChargebeeVendor) -> None:
    more = {"currency_code": "EUR", "base_currency_code": "USD", "exchange_rate": 1.0825}
    vendor.put("invoices", invoice("1", "c1", 100, **more))
    assert not good(pulled(vendor, settings={"rates": False})).rows("fx_rate")
    with ChargebeeVendor() as other:
        other.put("invoices", invoice("1", "c1", 100, **more))
        (rate,) = good(pulled(other, settings={"rates": True})).rows("fx_rate")
        assert (rate["from_currency"], rate["to_currency"], rate["rate"]) == ("EUR", "USD", Decimal("1.0825"))


# -- customers


def test_contacts_are_persons_and_one_taken_off_is_gone(vendor: ChargebeeVendor) -> None:
    contacts = [{"id": "k1", "email": "ann@c2.example"}, {"id": "k2", "email": "bob@c2.example"}, {"id": "k3"}]
    vendor.customer("c2", contacts=contacts, relationship={"parent_id": "c1", "root_id": "c1"})
    result = good(pulled(vendor))
    assert {"c2", "c2:k1", "c2:k2"} <= result.keys("person")
    assert result.row("organization", "c2")["parent_org_id"] == "c1"
    vendor.customer("c2", contacts=contacts[:1])
    assert good(pulled(vendor)).keys("person") == {"c1", "c2", "c2:k1"}


# -- a second reader


def test_chargebees_own_client_sees_the_same_records(vendor: ChargebeeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.fill(230)
    vendor.happens("subscription_created", subscription("s1", "c1", [item("p", 1000, 3)]), START)
    result = good(pulled(vendor))
    monkeypatch.setattr(Chargebee, "verify_ca_certs", False)
    own = Chargebee(api_key=KEY, site="127", chargebee_domain=f"0.0.1:{vendor.api.port}", protocol="http")
    seen: dict[str, str] = {}
    offset = None
    while True:
        page = own.Customer.list({"limit": 100, **({"offset": offset} if offset else {})})
        seen.update((entry.customer.id, entry.customer.company) for entry in page.list)
        offset = page.next_offset
        if not offset:
            break
    assert seen == {row["id"]: row["name"] for row in result.rows("organization")}
    (entry,) = own.Subscription.list({}).list
    (row,) = result.rows("subscription_item_period")
    line_item = entry.subscription.subscription_items[0]
    assert line_item.unit_price * line_item.quantity == 100 * row["amount"] * row["quantity"]
