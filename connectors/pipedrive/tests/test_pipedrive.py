"""What is special to Pipedrive: states told backwards, names of fields and stages, archives, and what lists do not tell."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from beside import load as beside

from revalign_udf.config import load
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.query import Query
from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

_FAKE = beside(Path(__file__).with_name("vendor_pipedrive.py"))
START, TOKEN, HistoryVendor, iso = _FAKE.START, _FAKE.TOKEN, _FAKE.HistoryVendor, _FAKE.iso

_GROUND: list[Ground] = []


@pytest.fixture(scope="module", autouse=True)
def ground() -> Iterator[None]:
    """One store for all tests of this file; each has a connection of its own in it."""
    _GROUND.append(Ground())
    yield
    _GROUND.pop().close()


@pytest.fixture
def vendor() -> Iterator[Any]:
    with HistoryVendor() as found:
        yield found


def bench_of(vendor: Any, *streams: str, zone: str = "UTC", **settings: Any) -> Bench:
    only = {"streams": list(streams)} if streams else {}
    return Bench(vendor, ground=_GROUND[0], settings={**only, **settings}, time_zone=zone)


def pulled(bench: Bench) -> PullResult:
    found = bench.pull()
    assert found.tables is not None
    return found


def days(vendor: Any, number: int) -> None:
    vendor.clock = START + timedelta(days=number, hours=1)


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [
        tuple(str(row[name]).removesuffix("+00:00") if row[name] is not None else None for name in names)
        for row in rows
    ]


def test_states_are_told_backwards_from_today(vendor: Any) -> None:
    deal = vendor.deal(value=100)
    days(vendor, 1)
    vendor.move(deal, stage_id=2, value=150)
    days(vendor, 2)
    vendor.move(deal, owner_id=8)
    days(vendor, 3)
    vendor.move(deal, status="lost", lost_reason="price")
    with bench_of(vendor) as bench:
        found = pulled(bench)
        assert found.ok, found.report.failures
    rows = columns(found.rows("opportunity_snapshot"), "valid_from", "stage", "amount", "owner_id")
    assert rows == [
        ("2026-01-05", "Qualified", "100.0000000000", "7"),
        ("2026-01-06", "Proposal", "150.0000000000", "7"),
        ("2026-01-07", "Proposal", "150.0000000000", "8"),
        ("2026-01-08", "lost", "150.0000000000", "8"),
    ]
    events = columns(found.rows("lifecycle_event"), "stage", "from_stage", "occurred_at", "reason_text")
    assert sorted(events, key=lambda event: event[2]) == [
        ("Qualified", None, "2026-01-05 08:00:01", None),
        ("Proposal", "Qualified", "2026-01-06 09:00:00", None),
        ("lost", "Proposal", "2026-01-08 09:00:00", "price"),
    ]
    assert columns(found.rows("opportunity"), "outcome", "closed_at", "loss_reason", "pipeline") == [
        ("lost", "2026-01-08 09:00:00", "price", "Sales")
    ]


def test_a_won_deal_that_is_opened_again_is_open(vendor: Any) -> None:
    deal = vendor.deal()
    days(vendor, 1)
    vendor.move(deal, status="won")
    days(vendor, 2)
    vendor.move(deal, status="open")
    with bench_of(vendor, "deals", "deal_history") as bench:
        found = pulled(bench)
    assert columns(found.rows("opportunity"), "outcome", "closed_at") == [("open", None)]
    assert columns(found.rows("opportunity_snapshot"), "stage") == [("Qualified",), ("won",), ("Qualified",)]


def test_times_of_the_older_api_are_in_utc_wherever_the_company_is(vendor: Any) -> None:
    deal = vendor.deal()
    vendor.clock = START.replace(hour=23, minute=30)
    vendor.move(deal, stage_id=2)
    with bench_of(vendor, "deal_history", zone="Pacific/Auckland") as bench:
        found = pulled(bench)
    events = sorted(found.rows("lifecycle_event"), key=lambda row: row["occurred_at"])
    assert events[-1]["occurred_at"].isoformat() == "2026-01-05T23:30:00+00:00"
    # 23:30 in London is half past twelve the next day in Auckland
    assert columns(found.rows("opportunity_snapshot"), "valid_from")[-1] == ("2026-01-06",)


def test_custom_fields_have_their_names_and_options_their_labels(vendor: Any) -> None:
    keys = [f"{digit}" * 40 for digit in "abcd"]
    vendor.fields["organization"] = [
        {"key": "name", "name": "Name"},
        {"key": keys[0], "name": "Segment", "options": [{"id": 31, "label": "Enterprise"}]},
        {"key": keys[1], "name": "Stripe ID"},
        {"key": keys[2], "name": "Fee"},
        {"key": keys[3], "name": "Fee"},
    ]
    values = {keys[0]: 31, keys[1]: "cus_9", keys[2]: {"value": 5, "currency": "EUR"}, keys[3]: 6}
    key = vendor.add("organizations", name="Acme", website="https://www.acme.example/x", custom_fields=values)
    mapping = {"organizations": {"attrs.stripe_customer_id": "custom.Stripe ID", "segment": "custom.Segment"}}
    with bench_of(vendor, "organizations", mapping=mapping) as bench:
        row = pulled(bench).row("organization", str(key))
    assert (row["domain"], row["segment"]) == ("acme.example", "Enterprise")
    assert json.loads(row["attrs"]) == {
        "Fee": 5, "Fee (dddddd)": 6, "Segment": "Enterprise", "Stripe ID": "cus_9", "stripe_customer_id": "cus_9",
    }  # fmt: skip


def test_archived_deals_count_and_an_archive_one_may_not_see_is_told(vendor: Any) -> None:
    vendor.deal()
    hidden = vendor.deal(is_archived=True)
    with bench_of(vendor, "deals") as bench:
        assert len(pulled(bench).keys("opportunity")) == 2
        # to the archive and back is no deletion
        days(vendor, 1)
        vendor.data["deals"][hidden].update(is_archived=False, update_time=iso(vendor.clock))
        assert len(pulled(bench).keys("opportunity")) == 2
    vendor.archive = False
    with bench_of(vendor, "deals") as bench:
        found = pulled(bench)
        assert found.ok
        assert any("archived records cannot be read" in text for text in found.report.messages)


def test_deleted_companies_are_found_by_the_weekly_list_of_keys(vendor: Any) -> None:
    keys = [vendor.add("organizations", name=f"Company {number}") for number in range(4)]
    with bench_of(vendor, "organizations") as bench:
        pulled(bench)
        vendor.data["organizations"][keys[0]]["is_deleted"] = True
        days(vendor, 2)
        vendor.add("organizations", name="New")
        assert str(keys[0]) in pulled(bench).keys("organization")
        days(vendor, 9)
        vendor.add("organizations", name="Newer")
        assert pulled(bench).keys("organization") == {*(str(key) for key in keys[1:]), *map(str, (5, 6))}


def test_a_line_and_a_contact_that_went_are_gone(vendor: Any) -> None:
    deal, other = vendor.deal(person_id=51), vendor.deal(person_id=53)
    line = {"id": 1, "deal_id": deal, "product_id": 4, "quantity": 2, "sum": 90.5, "billing_frequency": "monthly"}
    vendor.lines[deal] = [line, {**line, "id": 2, "billing_frequency": "one-time"}]
    with bench_of(vendor, "deals", "deal_products") as bench:
        found = pulled(bench)
        assert columns(found.rows("opportunity_line"), "id", "amount", "recurring") == [
            (f"{deal}:1", "90.5000000000", "True"),
            (f"{deal}:2", "90.5000000000", "False"),
        ]
        days(vendor, 1)
        vendor.lines[deal].pop()
        vendor.move(deal, person_id=52)
        found = pulled(bench)
        assert found.keys("opportunity_line") == {f"{deal}:1"}
        assert found.keys("opportunity_contact") == {f"{deal}|52", f"{other}|53"}


def test_what_was_done_with_somebody_is_a_touch(vendor: Any) -> None:
    done = {"type": "call", "done": True, "owner_id": 7, "participants": [{"person_id": 51, "primary": True}]}
    call = vendor.add("activities", **done, marked_as_done_time="2026-01-05 10:00:00")
    demo = vendor.add("activities", **{**done, "type": "product_demo"}, due_date="2026-01-06", due_time="09:30")
    vendor.add("activities", **{**done, "done": False})
    vendor.add("activities", **{**done, "type": "task"})
    mapping = {"activities": {"kind": {"product_demo": "demo"}}}
    with bench_of(vendor, "activities", mapping=mapping) as bench:
        rows = pulled(bench).rows("touch")
        assert columns(rows, "id", "kind", "person_id", "occurred_at") == [
            (str(call), "call", "51", "2026-01-05 10:00:00"),
            (str(demo), "demo", "51", "2026-01-06 09:30:00"),
        ]
        days(vendor, 1)
        vendor.data["activities"][call].update(done=False, update_time=iso(vendor.clock))
        assert pulled(bench).keys("touch") == {str(demo)}


def test_a_converted_lead_stays_and_a_deal_without_company_is_listed(vendor: Any) -> None:
    vendor.leads = [
        {"id": f"lead-{number}", "title": "x", "owner_id": 7, "person_id": 51, "organization_id": None,
         "source_name": "Web forms", "add_time": "2026-01-05T08:00:00.000Z", "update_time": "2026-01-05T08:00:00.000Z"}
        for number in range(45)
    ]  # fmt: skip
    vendor.deal(org_id=None)
    with bench_of(vendor, "leads", "deals") as bench:
        found = pulled(bench)
        assert len(found.keys("lead")) == 45
        assert "has no organization" in str(found.rejects[0]["reason"])
        vendor.leads.pop()  # converted, or deleted: Pipedrive does not tell
        assert len(pulled(bench).keys("lead")) == 45


def test_a_token_that_is_not_accepted_says_where_to_look(vendor: Any) -> None:
    with bench_of(vendor, api_token="wrong-token-wrong-token") as bench:
        check = bench.check()
    assert not check.ok
    assert "api_token" in check.message


def test_a_daily_budget_that_is_used_up_ends_with_when_to_come_again(vendor: Any) -> None:
    vendor.fill(3)
    vendor.api.faults.add("/api/v2/deals", status=429, headers={"x-ratelimit-reset": "40000"}, times=99)
    with bench_of(vendor, "deals") as bench:
        text = " ".join(pulled(bench).report.failures)
    assert "REV-505" in text
    assert "Pull again after" in text


def test_links_lead_to_pipedrives_own_pages(vendor: Any) -> None:
    assert vendor.connector.links({"base_url": "https://acme.pipedrive.com"})["opportunity"] == (
        "https://acme.pipedrive.com/deal/{id}"
    )


def test_every_number_is_as_counted_by_hand(vendor: Any, tmp_path: Path) -> None:
    org = vendor.add("organizations", name="Acme")
    person = vendor.add("persons", name="P", org_id=org)
    vendor.leads = [
        {"id": "lead-1", "title": "x", "owner_id": 7, "person_id": person, "organization_id": org,
         "add_time": "2026-01-04T08:00:00.000Z", "update_time": "2026-01-04T08:00:00.000Z"}
    ]  # fmt: skip
    won = vendor.deal(org_id=org, person_id=person, value=100)
    lost = vendor.deal(org_id=org, value=40)
    days(vendor, 10)
    vendor.move(won, stage_id=2, value=120)
    days(vendor, 20)
    vendor.move(won, status="won")
    vendor.move(lost, status="lost", lost_reason="price")
    os.environ["REVALIGN_PD_TOKEN"] = TOKEN
    (tmp_path / "revalign.toml").write_text(
        f'[company]\ncurrency = "EUR"\ntime_zone = "UTC"\n[source.crm]\nconnector = "pipedrive"\n'
        f'base_url = "{vendor.api.base_url}"\napi_token = "$env:REVALIGN_PD_TOKEN"\n',
        encoding="utf-8",
    )
    project = load(tmp_path)
    registry = plugins_of(project)
    (report,) = pull(project, registry=registry)
    assert report.status == "ok", report.failures
    build(project, registry=registry)
    ask = Query(project.snapshots)
    hand = {"new_leads": 1, "opportunities": 1, "deals_won": 1, "deals_lost": 1, "win_rate": 0.5, "bookings": 120}
    assert {name: ask.metric(name, "2026-01").value for name in hand} == hand
    assert ask.metric("sales_cycle", "2026-01").value == 20
