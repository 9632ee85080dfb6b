"""MRR of a small company month by month, from Chargebee's events and subscriptions to the metric, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from vendor_chargebee import KEY, ChargebeeVendor, item, subscription

from revalign_udf.config import SETTINGS_FILE, load
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.query import Query


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def company(vendor: ChargebeeVendor) -> None:
    """Five subscriptions with everything that moves MRR."""
    for key in ("ann", "bob", "cleo", "dan", "eve"):
        vendor.customer(key, created_at=at("2026-01-01"))
    vendor.put("items", {"id": "pro", "name": "Pro"})
    vendor.put("items", {"id": "api", "name": "API calls", "metered": True})
    for price, of in (("pro-m", "pro"), ("pro-y", "pro"), ("seats", "pro"), ("setup", "pro"), ("api-m", "api")):
        vendor.put("item_prices", {"id": price, "item_id": of, "pricing_model": "per_unit"})
    vendor.put("coupons", {"id": "tenth", "discount_type": "percentage", "discount_percentage": 10.0,
                           "duration_type": "limited_period", "apply_on": "invoice_amount"})  # fmt: skip
    vendor.put("coupons", {"id": "once", "discount_type": "fixed_amount", "discount_amount": 5000,
                           "currency_code": "USD", "duration_type": "one_time", "apply_on": "invoice_amount"})  # fmt: skip

    # ann: 100 a month from 10 January; 3 seats at 20 on top from 15 February; a set-up charge and metered calls beside
    begun = {"activated_at": at("2026-01-10"), "started_at": at("2026-01-10"), "created_at": at("2026-01-10")}
    one = subscription("s-ann", "ann", [item("pro-m", 10_000), item("setup", 50_000, kind="charge")], **begun)
    vendor.happens("subscription_created", one, at("2026-01-10"))
    more = [item("pro-m", 10_000), item("seats", 2_000, 3, "addon"), item("api-m", 1, 0, "addon")]
    vendor.happens("subscription_changed", {**one, "subscription_items": more, "mrr": 16_000}, at("2026-02-15"))

    # bob: 1,200 a year from 1 January; 10 % off until 1 April; a coupon for the first invoice changes nothing
    begun = {"activated_at": at("2026-01-01"), "started_at": at("2026-01-01")}
    coupons = [{"coupon_id": "tenth", "apply_till": at("2026-04-01")}, {"coupon_id": "once", "applied_count": 1}]
    two = subscription("s-bob", "bob", [item("pro-y", 120_000)], billing_period_unit="year", coupons=coupons, **begun)
    vendor.happens("subscription_created", two, at("2026-01-01"))

    # cleo: in trial from 20 January, active and paying 50 from 3 February; leaves, by her own wish of 5 March, on 31 March
    three = subscription("s-cleo", "cleo", [item("pro-m", 5_000)], status="in_trial", activated_at=None,
                         trial_start=at("2026-01-20"), trial_end=at("2026-02-03"), started_at=at("2026-01-20"))  # fmt: skip
    vendor.happens("subscription_created", three, at("2026-01-20"))
    three |= {"status": "active", "activated_at": at("2026-02-03")}
    vendor.happens("subscription_activated", three, at("2026-02-03"))
    three |= {
        "status": "non_renewing",
        "cancelled_at": at("2026-03-31"),
        "cancel_schedule_created_at": at("2026-03-05"),
    }
    vendor.happens("subscription_renewed", three, at("2026-03-05"))
    three |= {"status": "cancelled", "cancel_reason_code": "Too expensive"}
    vendor.happens("subscription_cancelled", three, at("2026-03-31"))

    # dan: 40 from 1 February, paused from 1 March, taken up again on 20 April for 60
    begun = {"activated_at": at("2026-02-01"), "started_at": at("2026-02-01")}
    four = subscription("s-dan", "dan", [item("pro-m", 4_000)], **begun)
    vendor.happens("subscription_created", four, at("2026-02-01"))
    vendor.happens(
        "subscription_paused", {**four, "status": "paused", "pause_date": at("2026-03-01")}, at("2026-03-01")
    )
    four |= {"subscription_items": [item("pro-m", 6_000)]}
    vendor.happens("subscription_resumed", four, at("2026-04-20"))

    # eve: 30 since 1 January; an upgrade to 90 for the coming term is scheduled, and comes on 15 May
    begun = {"activated_at": at("2026-01-01"), "started_at": at("2026-01-01")}
    five = subscription("s-eve", "eve", [item("pro-m", 3_000)], has_scheduled_changes=True, **begun)
    vendor.happens("subscription_created", five, at("2026-01-01"))


def asked(vendor: ChargebeeVendor, folder: Path) -> Query:
    (folder / SETTINGS_FILE).write_text(
        f'[company]\ncurrency = "USD"\n[source.cb]\nconnector = "chargebee"\napi_key = "$env:CHARGEBEE_TEST_KEY"\n'
        f'base_url = "{vendor.api.base_url}"\n',
        encoding="utf-8",
    )
    project = load(folder)
    registry = plugins_of(project)
    for report in pull(project, registry=registry):
        assert not report.failures, report.failures
        assert not report.counts.rejects
        assert not any("MRR differs" in text for text in report.messages), report.messages
    build(project, registry=registry)
    return Query(project.snapshots)


MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05")


def mrr(query: Query) -> list[Fraction]:
    return [Fraction(query.metric("mrr", month).exact or 0) for month in MONTHS]


def test_mrr_of_each_month_is_what_the_items_say_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each month's end, ann + bob + cleo + dan + eve:

    January    100 + 1200 x 0.9 / 12 = 90 + 0 (trial) + 0        + 30 = 220
    February   160 + 90                   + 50        + 40       + 30 = 370
    March      160 + 90                   + 0 (left)  + 0 paused + 30 = 280
    April      160 + 100 (coupon ended)   + 0         + 60       + 30 = 350
    May        160 + 100                  + 0         + 60       + 90 = 410, once the scheduled change has come
    """
    monkeypatch.setenv("CHARGEBEE_TEST_KEY", KEY)
    with ChargebeeVendor() as vendor:
        company(vendor)
        query = asked(vendor, tmp_path)
        assert mrr(query) == [220, 370, 280, 350, 350]
        # the scheduled change comes; the next pull closes the old price on that day and opens the new one
        five = {**vendor.kept["subscriptions"]["s-eve"], "subscription_items": [item("pro-m", 9_000)], "mrr": 9_000}
        vendor.happens("subscription_changed", five, at("2026-05-15"))
        query.close()
        query = asked(vendor, tmp_path)
        assert mrr(query) == [220, 370, 280, 350, 410]
        moved = {
            name: [Fraction(query.metric(name, month).exact or 0) for month in MONTHS]
            for name in ("new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr")
        }
        query.close()
    assert moved == {
        "new_mrr": [220, 90, 0, 0, 0],
        "expansion_mrr": [0, 60, 0, 10, 60],
        "contraction_mrr": [0, 0, 0, 0, 0],
        "churned_mrr": [0, 0, -90, 0, 0],
        "reactivation_mrr": [0, 0, 0, 60, 0],
    }
