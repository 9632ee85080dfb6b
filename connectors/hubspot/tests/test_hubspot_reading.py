"""How HubSpot is read: an index that lags, a search that stops, history, deletions nobody tells. Each trap by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_hubspot import HubSpotConnector, register_connectors, register_identity_keys, register_stage_defaults
from revalign_udf.connector import Context
from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

VENDOR = load(Path(__file__).with_name("vendor_hubspot.py"))
START = VENDOR.START
HubSpotVendor = VENDOR.HubSpotVendor
iso = VENDOR.iso


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One store for all tests of this module, a connection of its own for each."""
    made = Ground()
    yield made
    made.close()


@pytest.fixture
def vendor(ground: Ground) -> Iterator[Any]:
    with HubSpotVendor() as made:
        made.ground = ground
        yield made


def bench(vendor: Any, *streams: str, **settings: Any) -> Bench:
    vendor._bench = Bench(vendor, ground=vendor.ground, settings={"streams": list(streams), **settings})
    own: Bench = vendor._bench
    return own


def good(result: PullResult) -> PullResult:
    assert not result.report.failures
    assert not result.strangers
    return result


def names(result: PullResult) -> set[str]:
    return {row["name"] for row in result.rows("organization")}


# -- signing in


def test_a_private_app_token_is_enough(vendor: Any) -> None:
    vendor.token = "pat-na1-of-ours"
    vendor.fill(1)
    with Bench(
        vendor, ground=vendor.ground, settings={"refresh_token": None, "client_secret": None, "token": vendor.token}
    ) as own:
        good(own.pull())
        assert own.check().message == "HubSpot account 4711 (US/Eastern, USD)"
    assert {call.path for call in vendor.api.called("oauth")} == set()


def test_without_credentials_it_says_what_to_write(vendor: Any) -> None:
    with Bench(vendor, ground=vendor.ground, settings={"refresh_token": None, "client_secret": None}) as own:
        assert "HUBSPOT_TOKEN" in own.check().message


def test_a_token_of_another_account_is_noticed(vendor: Any) -> None:
    with Bench(vendor, ground=vendor.ground, settings={"portal_id": "4712"}) as own:
        found = own.check()
    assert not found.ok
    assert found.message == "The token belongs to account 4711, the settings say 4712."


def test_the_package_registers_what_it_has() -> None:
    (connector,) = register_connectors()
    assert isinstance(connector, HubSpotConnector)
    assert {one.source_stage: one.stage for one in register_stage_defaults()}["marketingqualifiedlead"] == "mql"
    assert [one.field for one in register_identity_keys()] == ["attrs.stripe_customer_id"]
    assert connector.links({}) == {}
    assert (
        connector.links({"portal_id": "4711"})["opportunity"] == "https://app.hubspot.com/contacts/4711/record/0-3/{id}"
    )


def test_the_daily_limit_ends_the_stream_in_hubspots_words(vendor: Any) -> None:
    said = {"status": "error", "message": "You have reached your daily limit.", "errorType": "RATE_LIMIT",
            "policyName": "DAILY"}  # fmt: skip
    vendor.api.faults.add("objects/companies", status=429, json=said, times=99)
    result = bench(vendor, "companies").pull()
    assert "REV-505" in result.report.failures[0]
    assert "You have reached your daily limit." in result.report.failures[0]


# -- later pulls


def test_a_change_that_the_index_shows_late_is_not_lost(vendor: Any) -> None:
    keys = vendor.fill(2)
    vendor.tick(3600)
    own = bench(vendor, "companies", lookback=600)
    good(own.pull())
    vendor.tick(3600)
    vendor.lagging = True
    vendor.set("companies", keys[0], name="Late")
    vendor.lagging = False
    vendor.set("companies", keys[1], name="In time")
    assert names(good(own.pull())) == {"Company 101", "In time"}
    vendor.settle()
    assert names(good(own.pull())) == {"Late", "In time"}


def test_a_change_during_the_first_pull_is_read_by_the_next(vendor: Any) -> None:
    keys = vendor.fill(60)
    own = bench(vendor, "companies", lookback=0)

    def edited() -> None:
        # the first page is read already; the last record becomes the newest by far, and is listed after that
        vendor.set("companies", keys[0], name="Edited behind our back")
        vendor.set("companies", keys[-1], at=vendor.tick(3600), name="Newest")

    vendor.api.faults.add("GET /crm/v3/objects/companies.*after=", then=edited)
    assert "Edited behind our back" not in names(good(own.pull()))
    assert "Edited behind our back" in names(good(own.pull()))


def test_a_record_changed_between_two_search_pages_pushes_no_other_over_the_boundary(vendor: Any) -> None:
    good(bench(vendor, "companies").pull())
    vendor.tick(3600)
    keys = vendor.fill(450)
    vendor.api.faults.add("companies/search", after=1, then=lambda: vendor.set("companies", keys[0], name="Moved"))
    assert vendor._bench
    result = good(vendor._bench.pull())
    assert result.keys("organization") == set(keys)
    assert result.row("organization", keys[0])["name"] == "Moved"


def test_more_changes_in_one_millisecond_than_a_page_holds_are_all_read(vendor: Any) -> None:
    good(bench(vendor, "companies").pull())
    moment = vendor.tick(3600)
    keys = {vendor.add("companies", {"name": "Imported"}, at=moment) for _ in range(450)}
    later = vendor.fill(1)
    assert vendor._bench
    assert good(vendor._bench.pull()).keys("organization") == {*keys, *later}


def test_no_search_goes_beyond_the_ten_thousandth_result(vendor: Any) -> None:
    good(bench(vendor, "companies").pull())
    vendor.tick(3600)
    keys = vendor.fill(3 * vendor.cap)
    assert vendor._bench
    result = good(vendor._bench.pull())
    assert result.keys("organization") == set(keys)
    assert {call.json["after"] for call in result.calls if call.path.endswith("search")} == {"0"}


def test_a_search_that_is_not_sorted_is_refused(vendor: Any) -> None:
    keys = vendor.fill(2)
    own = bench(vendor, "companies")
    good(own.pull())
    results = [{"id": key, "updatedAt": iso(START - timedelta(days=number)), "properties": {}}
               for number, key in enumerate(keys)]  # fmt: skip
    vendor.api.faults.add("companies/search", json={"total": 2, "results": results})
    assert "did not sort companies" in own.pull().report.failures[0]


def test_a_part_of_a_batch_that_failed_is_no_success(vendor: Any) -> None:
    keys = vendor.fill(1)
    own = bench(vendor, "companies")
    good(own.pull())
    vendor.change(keys[0])
    said = {"status": "COMPLETE", "results": [], "errors": [{"category": "INTERNAL", "message": "try later"}]}
    vendor.api.faults.add("batch/read", status=207, json=said)
    assert "try later" in own.pull().report.failures[0]
    assert names(good(own.pull())) == {row for row in names(own.pull()) if row.startswith("Changed")}


def test_since_leaves_older_records_out_also_when_everything_is_read_again(vendor: Any) -> None:
    vendor.fill(3)
    vendor.tick(86_400 * 10)
    vendor.add("companies", {"name": "Recent"})
    own = bench(vendor, "companies", since="2026-01-05")
    assert names(good(own.pull())) == {"Recent"}
    own.shift = timedelta(days=8)
    assert names(good(own.pull())) == {"Recent"}


def test_many_own_properties_do_not_make_the_address_too_long(vendor: Any) -> None:
    company, person = vendor.add("companies", {"name": "A"}), vendor.add("contacts", {"email": "a@a.example"})
    vendor.custom_names["deals"] = {f"a_property_with_a_rather_long_name_{number:04d}" for number in range(200)}
    key = vendor.add(
        "deals", {"dealstage": "contractsent", "a_property_with_a_rather_long_name_0199": "kept"},
        companies=[company], contacts=[person],
    )  # fmt: skip
    result = good(bench(vendor, "deals").pull())
    assert max(len(call.target) for call in result.calls) < 8000
    assert json.loads(result.row("opportunity", key)["attrs"])["a_property_with_a_rather_long_name_0199"] == "kept"
    assert result.keys("opportunity_contact") == {f"{key}|{person}"}
    assert len(result.rows("lifecycle_event")) == 1


# -- deleted and merged


def test_a_deleted_record_comes_back_when_it_is_restored(vendor: Any) -> None:
    (key,) = vendor.fill(1)
    own = bench(vendor, "companies")
    good(own.pull())
    vendor.archive("companies", key)
    assert not good(own.pull()).rows("organization")
    vendor.records["companies"][key]["archived"] = None
    vendor.change(key)
    assert good(own.pull()).keys("organization") == {key}


def test_a_privacy_deletion_is_found_when_everything_is_read_again(vendor: Any) -> None:
    keys = [vendor.add("contacts", {"email": f"p{n}@c.example", "lifecyclestage": "lead"}) for n in range(3)]
    own = bench(vendor, "contacts", sweep_days=7)
    good(own.pull())
    vendor.forget("contacts", keys[0])
    own.shift = timedelta(days=6)
    assert good(own.pull()).keys("person") == set(keys), "nothing tells before the sweep"
    own.shift = timedelta(days=7, minutes=1)
    result = good(own.pull())
    assert result.keys("person") == set(keys[1:])
    assert result.keys("lead") == set(keys[1:])
    assert not any(call.path.endswith("search") for call in result.calls)
    assert any(call.path.endswith("search") for call in good(own.pull()).calls), "and not again at once"


def test_a_sweep_that_is_cut_off_deletes_nothing(vendor: Any) -> None:
    keys = vendor.fill(120)
    own = bench(vendor, "companies")
    good(own.pull())
    own.shift = timedelta(days=8)
    vendor.api.faults.add("objects/companies.*after=", status=400, json={"message": "no"})
    result = own.pull()
    assert result.report.failures
    assert result.keys("organization") == set(keys)


@pytest.mark.parametrize(
    "told", [{"hs_merged_object_ids": "GONE"}, {"hs_calculated_merged_vids": "GONE:1767225600000"}], ids=["new", "old"]
)
def test_a_merged_contact_is_linked_as_person_and_as_lead(vendor: Any, told: dict[str, str]) -> None:
    gone, stays = (vendor.add("contacts", {"email": f"m{n}@c.example", "lifecyclestage": "lead"}) for n in range(2))
    own = bench(vendor, "contacts")
    good(own.pull())
    vendor.set("contacts", stays, **{name: text.replace("GONE", gone) for name, text in told.items()})
    vendor.forget("contacts", gone)
    result = good(own.pull())
    for table in ("person", "lead"):
        assert result.row(table, gone)["merged_into"] == stays
        assert result.keys(table) == {stays}


# -- streams that not every account has


def test_a_scope_that_is_missing_leaves_an_optional_stream_out_and_says_so(vendor: Any) -> None:
    vendor.missing_scopes = {"tickets"}
    result = good(bench(vendor, "tickets").pull())
    (line,) = result.report.messages
    assert "tickets was not read" in line
    assert "scope tickets" in line


def test_a_scope_that_was_taken_away_is_an_error(vendor: Any) -> None:
    own = bench(vendor, "tickets")
    good(own.pull())
    vendor.missing_scopes = {"tickets"}
    assert own.pull().report.failures


def test_a_scope_that_every_account_has_may_not_be_missing(vendor: Any) -> None:
    vendor.missing_scopes = {"deals"}
    assert bench(vendor, "deals").pull().report.failures


def test_a_context_without_settings_of_its_own_has_the_defaults() -> None:
    spec = HubSpotConnector.spec
    ctx = Context("h", {item.name: item.default for item in spec.settings})
    assert (ctx.settings["not_leads"], ctx.settings["lookback"]) == (["subscriber", "other"], 600)
