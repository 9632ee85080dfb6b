"""The marketo connector against a small Marketo: each trap by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from vendor_marketo import START, MarketoVendor, iso

from revalign_marketo import MarketoConnector, register_connectors, register_stage_defaults
from revalign_udf import testing
from revalign_udf.connector import Connector, Context, Stream
from revalign_udf.metrics import STAGES, STATES
from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

#: what a test reads, where that is not leads
WANTED = {
    "test_denied_access_says_which_rights_are_missing": "programmes",
    "test_touches_name_the_programme_and_machines_are_marked": "touches",
    "test_only_stage_fields_are_stages_and_only_the_score_is_a_score": "changes",
    "test_empty_pages_with_more_to_come_are_no_end": "touches",
    "test_a_reading_that_was_stopped_goes_on_with_its_token_or_from_the_cursor": "touches",
    "test_period_costs_are_kept_by_day_and_one_taken_out_is_gone": "programmes",
    "test_only_changed_programmes_are_read_one_by_one": "programmes",
}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One store for all tests of the module; each has a connection of its own in it."""
    made = Ground()
    yield made
    made.close()


@pytest.fixture
def vendor(ground: Ground, request: pytest.FixtureRequest) -> Iterator[MarketoVendor]:
    Small.connector.wanted = WANTED.get(request.node.originalname, "leads")
    with Small() as made:
        made.ground = ground
        yield made


class Few(MarketoConnector):
    """The connector with the streams a test is about: each costs a moment."""

    wanted: str = "leads"

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [stream for stream in super().discover(ctx) if stream.name in self.wanted.split()]


class Small(MarketoVendor):
    connector = Few()


def pulled(vendor: MarketoVendor, settings: dict[str, Any] | None = None) -> PullResult:
    """Pull; the settings hold from the first call on."""
    return testing.pulled(vendor, ground=vendor.ground, settings=settings)


def good(result: PullResult) -> PullResult:
    assert result.ok, result.report.failures
    assert not result.report.counts.rejects
    return result


def told(result: PullResult, words: str) -> bool:
    return any(words in text for text in [*result.report.messages, *result.report.failures])


def test_is_a_connector_whose_stages_are_those_of_the_funnel() -> None:
    (connector,) = register_connectors()
    assert isinstance(connector, Connector)
    assert {one.stage for one in register_stage_defaults()} <= {*STAGES, *STATES}


# -- errors with status 200


def test_the_daily_quota_says_when_to_come_again(vendor: MarketoVendor) -> None:
    vendor.fill(2)
    error = {"success": False, "errors": [{"code": "607", "message": "Daily quota reached"}]}
    vendor.api.faults.add("GET /rest/v1/activities/types", json=error, after=1, times=10**9)
    result = pulled(vendor)
    assert not result.ok
    assert told(result, "Daily quota reached")
    assert told(result, "Pull again after 2026-01-2")  # midnight in Chicago, not 20 seconds
    assert sum(result.slept) < 3600


def test_denied_access_says_which_rights_are_missing(vendor: MarketoVendor) -> None:
    error = {"success": False, "errors": [{"code": "603", "message": "Access denied"}]}
    vendor.api.faults.add("GET /rest/asset", json=error, times=10**9)
    result = pulled(vendor)
    assert told(result, "Read-Only Assets")


# -- exports


def test_the_first_pull_needs_to_know_where_to_begin(vendor: MarketoVendor) -> None:
    assert told(pulled(vendor, settings={"since": None}), "write since = the day your Marketo began")


def test_no_export_covers_more_than_31_days(vendor: MarketoVendor) -> None:
    old = vendor.lead(at=START - timedelta(days=100))
    key = vendor.lead()
    result = good(pulled(vendor, settings={"since": "2025-08-01"}))
    assert {old, key} <= result.keys("lead")
    assert [job["by"] for job in vendor.jobs.values()] == ["createdAt"] * 5


def test_a_download_that_breaks_off_goes_on_where_it_stopped(vendor: MarketoVendor) -> None:
    keys = vendor.fill(400)
    vendor.api.faults.add("file.json", cut=9000)
    result = good(pulled(vendor))
    assert result.keys("lead") == set(keys)
    ranges = [call.headers.get("Range") for call in result.calls if call.path.endswith("file.json")]
    assert ranges[0] is None
    assert str(ranges[1]).startswith("bytes=")


def test_a_file_that_is_not_the_one_announced_is_not_believed(vendor: MarketoVendor) -> None:
    vendor.fill(3)
    vendor.api.faults.add(
        "file.json", body=b"id,createdAt\n1,2026-01-01T00:00:00Z\n", headers={"Content-Type": "text/csv"}
    )
    result = pulled(vendor)
    assert told(result, "is not the one it announced")
    assert not result.rows("lead")
    assert len(good(pulled(vendor)).rows("lead")) == 3


def test_what_is_empty_in_marketo_is_empty_here(vendor: MarketoVendor) -> None:
    key = vendor.lead(email=None, country=None)
    result = good(pulled(vendor))
    assert result.row("person", key)["email"] is None
    assert result.row("person", key)["country"] is None


def test_a_stopped_pull_goes_on_with_the_export_that_was_queued(vendor: MarketoVendor) -> None:
    vendor.fill(3)
    vendor.polls = 5
    with Bench(vendor, ground=vendor.ground) as bench:
        bench.cancelled = lambda: bool(vendor.api.called("status.json"))
        assert not bench.pull().ok
        bench.cancelled = lambda: False
        assert len(good(bench.pull()).rows("lead")) == 3
    assert len(vendor.jobs) == 1


def test_an_export_that_is_gone_is_made_again(vendor: MarketoVendor) -> None:
    vendor.fill(3)
    vendor.polls = 5
    with Bench(vendor, ground=vendor.ground) as bench:
        bench.cancelled = lambda: bool(vendor.api.called("status.json"))
        bench.pull()
        bench.cancelled = lambda: False
        vendor.jobs.clear()
        assert len(good(bench.pull()).rows("lead")) == 3


def test_without_the_filter_changed_leads_are_found_by_their_activities(vendor: MarketoVendor) -> None:
    vendor.updated_filter = False
    keys = vendor.fill(310)
    good(pulled(vendor))
    vendor.tick(5_000)
    vendor.change(keys[3])
    new = vendor.lead()
    vendor.activity("New Lead", new)
    result = good(pulled(vendor))
    assert told(result, "changed leads are found by their activities")
    assert result.row("lead", keys[3])["lead_source"] == "Partner"
    assert new in result.keys("lead")


# -- merges and deletions


@pytest.mark.parametrize("form", ["[{0}, {1}]", "{0},{1}", "{0}, {1}"])
def test_several_leads_merged_into_one(vendor: MarketoVendor, form: str) -> None:
    one, two, stays = vendor.fill(3)
    good(pulled(vendor))
    del vendor.leads[one], vendor.leads[two]
    vendor.activity("Merge Leads", stays, attributes={"Merge IDs": form.format(one, two)})
    result = good(pulled(vendor))
    assert [result.row("lead", key)["merged_into"] for key in (one, two)] == [stays, stays]
    assert result.row("person", one)["merged_into"] == stays
    assert result.keys("lead") == {stays}


# -- activities


def test_touches_name_the_programme_and_machines_are_marked(vendor: MarketoVendor) -> None:
    (key,) = vendor.fill(1)
    vendor.campaigns.append({"id": 2522, "name": "Invite", "programId": 77})
    vendor.activity("Send Email", key, "Invite", 1810, campaign=2522, actionResult="succeeded")
    vendor.activity("Send Email", key, "Invite", 1810, campaign=2522, actionResult="skipped")
    vendor.activity("Open Email", key, "Invite", 1810, campaign=2522, attributes={"Is Bot Activity": "true"})
    vendor.activity("Click Email", key, "Invite", 1810, campaign=9999, attributes={"Is Bot Activity": "false"})
    vendor.activity("Fill Out Form", key, "Demo", 5)
    result = good(pulled(vendor))
    found = [(r["kind"], r["campaign_id"], r["message_id"], r["is_bot"], r["direction"]) for r in result.rows("touch")]
    assert sorted(found, key=str) == [
        ("clicked", None, "1810", False, "in"), ("form", None, None, False, "in"),
        ("opened", "77", "1810", True, "in"), ("sent", "77", "1810", False, "out"),
    ]  # fmt: skip
    assert told(result, "1 e-mails were skipped by Marketo and never sent")


def test_only_stage_fields_are_stages_and_only_the_score_is_a_score(vendor: MarketoVendor) -> None:
    (key,) = vendor.fill(1)
    vendor.activity(
        "Change Data Value", key, "Lead Status", attributes={"New Value": "MQL", "Old Value": "Lead", "Reason": "Form"}
    )
    vendor.activity("Change Data Value", key, "Phone", attributes={"New Value": "1"})
    vendor.activity("Change Revenue Stage", key, "Model", attributes={"New Stage": "SQL", "Old Stage": "MQL"})
    vendor.activity(
        "Change Score", key, "Lead Score", attributes={"New Value": 35, "Old Value": 25, "Change Value": "+10"}
    )
    vendor.activity("Change Score", key, "Demographic Score", attributes={"New Value": 5, "Change Value": "+5"})
    vendor.activity(
        "Change Status in Progression",
        key,
        "Webinar",
        77,
        attributes={"New Status": "Attended", "Old Status": "Registered"},
    )
    result = good(pulled(vendor))
    stages = [(r["stage"], r["from_stage"], r["subject_id"], r["reason_text"]) for r in result.rows("lifecycle_event")]
    assert stages == [("MQL", "Lead", key, "Form"), ("SQL", "MQL", key, None)]
    (score,) = result.rows("score_event")
    assert (score["value"], score["delta"], score["lead_id"]) == (35, 10, key)
    (step,) = result.rows("programme_membership")
    assert (step["campaign_id"], step["step"], step["lead_id"]) == ("77", "Attended", key)


def test_empty_pages_with_more_to_come_are_no_end(vendor: MarketoVendor) -> None:
    keys = vendor.fill(2)
    for _ in range(700):
        vendor.activity("New Lead", keys[0])
    last = vendor.activity("Open Email", keys[1], "Invite", 1)
    assert good(pulled(vendor)).keys("touch") == {last}


def test_a_reading_that_was_stopped_goes_on_with_its_token_or_from_the_cursor(vendor: MarketoVendor) -> None:
    (key,) = vendor.fill(1)
    keys = {vendor.activity("Open Email", key, "Invite", 1) for _ in range(900)}
    vendor.api.faults.add("activities.json.*P300", status=503, times=10**9)
    with Bench(vendor, ground=vendor.ground) as bench:
        assert not bench.pull().ok
        vendor.api.faults.clear()
        state = dict(bench.store.state(bench.name)["touches"])
        assert state["token"] == "P300===="
        assert good(bench.pull()).keys("touch") == keys
        bench.set_state("touches", {**state, "token": "stale"})
        assert good(bench.pull()).keys("touch") == keys


# -- programmes


def costs(result: PullResult) -> dict[tuple[str, str], Any]:
    return {(row["campaign_id"], str(row["date"])): row["amount"] for row in result.rows("campaign_cost")}


def test_period_costs_are_kept_by_day_and_one_taken_out_is_gone(vendor: MarketoVendor) -> None:
    vendor.programme(
        77,
        "Webinar",
        [("2026-01-01", 2000), ("2026-01-01", 500), ("2026-02-01", 300)],
        tags=[{"tagType": "Region", "tagValue": "EMEA"}],
    )
    vendor.programme(78, "Nurture", [], type="Engagement")
    result = good(pulled(vendor))
    assert costs(result) == {("77", "2026-01-01"): 2500, ("77", "2026-02-01"): 300}
    assert {row["id"]: row["automated"] for row in result.rows("campaign")} == {"77": False, "78": True}
    assert json.loads(result.row("campaign", "77")["attrs"])["Region"] == "EMEA"
    vendor.programme(77, "Webinar", [("2026-01-01", 2000)])
    del vendor.programmes[78]
    result = good(pulled(vendor))
    assert costs(result) == {("77", "2026-01-01"): 2000}
    assert result.keys("campaign") == {"77"}


def test_only_changed_programmes_are_read_one_by_one(vendor: MarketoVendor) -> None:
    for key in range(450):
        vendor.programme(key, f"Programme {key}", [])
    assert len(good(pulled(vendor)).rows("campaign")) == 450
    vendor.programme(7, "Renamed", [])
    result = good(pulled(vendor))
    assert result.row("campaign", "7")["name"] == "Renamed"
    read = [call.path for call in result.calls if "/program/" in call.path]
    assert len(read) <= 3
    assert vendor.programmes[7]["updatedAt"] == f"{iso(vendor.clock)}+0000"
