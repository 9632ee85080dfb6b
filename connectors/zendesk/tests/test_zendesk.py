"""The zendesk connector against a small Zendesk: each trap of its exports by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.connector import Context
from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground
from revalign_zendesk import ZendeskConnector, register_connectors

VENDOR = load(Path(__file__).with_name("vendor_zendesk.py"))
FIELD, GROUP, NOW, ORG, START = VENDOR.FIELD, VENDOR.GROUP, VENDOR.NOW, VENDOR.ORG, VENDOR.START
SmallPages, iso, metrics = VENDOR.SmallPages, VENDOR.iso, VENDOR.metrics


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One store for all tests; each has a connection of its own in it."""
    made = Ground()
    yield made
    made.close()


@pytest.fixture
def vendor(ground: Ground) -> Iterator[Any]:
    with SmallPages() as made:
        made.ground = ground
        yield made


def opened(vendor: Any, *streams: str, **settings: Any) -> Bench:
    """A connection of its own, with some streams only: most rules are about one."""
    only = {"streams": list(streams)} if streams else {}
    return Bench(vendor, ground=vendor.ground, settings={**only, **settings})


def good(result: PullResult) -> PullResult:
    assert not result.report.failures
    assert not result.strangers
    return result


def attrs_of(result: PullResult, table: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.row(table, key)["attrs"] or "{}")
    return found


# -- signing in


def test_three_ways_to_sign_in_and_none(vendor: Any) -> None:
    vendor.fill(1)
    ways = ({"email": "ada@acme.example", "api_token": "tok-en-secret"}, {"oauth_token": "bearer-secret"})
    vendor.account.valid.add("bearer-secret")
    for way in ways:
        with opened(vendor, "tickets", client_id=None, client_secret=None, **way) as bench:
            assert good(bench.pull()).keys("ticket") == {"1001"}
    with opened(vendor, "tickets", client_id=None, client_secret=None) as bench:
        (failure,) = bench.pull().report.failures
        assert "REV-305" in failure
        assert "email and api_token" in failure


def test_check_tells_nobody_an_agent_and_an_administrator_apart(vendor: Any) -> None:
    with opened(vendor) as bench:
        assert bench.check().ok
        vendor.account.admin = False
        assert "exports need an administrator" in bench.check().message
    # Zendesk answers 200 with an anonymous user where it does not know the token
    with opened(vendor, client_id=None, client_secret=None, oauth_token="wrong") as bench:
        found = bench.check()
        assert not found.ok
        assert "does not know" in found.message


# -- tickets


def test_first_response_is_the_creation_plus_calendar_minutes_not_business_minutes(vendor: Any) -> None:
    answered = metrics(reply_time_in_minutes={"calendar": 95, "business": 15}, replies=2)
    vendor.account.ticket(1, START + 3600, metric_set=answered)
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    assert result.row("ticket", "1")["first_response_at"] == datetime(2026, 1, 1, 2, 35, tzinfo=UTC)
    assert attrs_of(result, "ticket", "1")["reply_business_minutes"] == 15


def test_a_messaging_ticket_is_answered_to_the_second(vendor: Any) -> None:
    quick = metrics(reply_time_in_minutes={"calendar": 1}, reply_time_in_seconds={"calendar": 42})
    vendor.account.ticket(1, START, metric_set=quick)
    with opened(vendor, "tickets") as bench:
        assert good(bench.pull()).row("ticket", "1")["first_response_at"] == datetime(2026, 1, 1, 0, 0, 42, tzinfo=UTC)


def test_a_reply_within_the_first_minute_is_a_reply(vendor: Any) -> None:
    vendor.account.ticket(1, START, metric_set=metrics(reply_time_in_minutes={"calendar": 0, "business": 0}))
    vendor.account.ticket(2, START, metric_set=None)
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    assert result.row("ticket", "1")["first_response_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    silent = result.row("ticket", "2")
    assert (silent["first_response_at"], silent["solved_at"], silent["reopened"]) == (None, None, False)


def test_a_reopened_ticket_is_not_solved_until_it_is_solved_again(vendor: Any) -> None:
    ticket = vendor.account.ticket(1, status="solved", metric_set=metrics(solved_at=iso(START + 500)))
    with opened(vendor, "tickets") as bench:
        row = good(bench.pull()).row("ticket", "1")
        assert (row["solved_at"], row["reopened"]) == (datetime(2026, 1, 1, 0, 8, 20, tzinfo=UTC), False)
        vendor.account.touch(ticket, status="open", metric_set=metrics(solved_at=iso(START + 500), reopens=1))
        row = good(bench.pull()).row("ticket", "1")
        assert (row["solved_at"], row["reopened"]) == (None, True)
        vendor.account.touch(ticket, status="closed", metric_set=metrics(solved_at=iso(START + 9000), reopens=1))
        row = good(bench.pull()).row("ticket", "1")
        assert (row["solved_at"], row["reopened"]) == (datetime(2026, 1, 1, 2, 30, tzinfo=UTC), True)


def test_a_ticket_deleted_and_restored_while_we_read_is_there(vendor: Any) -> None:
    vendor.fill(12)
    vendor.remove("1001")
    first = vendor.account.tickets[1001]
    first["_at"] = first["generated_timestamp"] = START + 900  # it comes on the first page, deleted ...
    vendor.api.faults.add(
        "tickets/cursor", after=1, delay=0.001, then=lambda: vendor.account.touch(first, status="open")
    )
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
        assert "1001" in result.keys("ticket")  # ... and on the last one, restored
        vendor.remove("1001")
        assert "1001" not in good(bench.pull()).keys("ticket")
        vendor.account.touch(first, status="open")
        assert "1001" in good(bench.pull()).keys("ticket")


def test_a_ticket_changed_while_we_read_comes_twice_and_the_later_one_counts(vendor: Any) -> None:
    vendor.fill(12)
    vendor.api.faults.add("tickets/cursor", after=1, delay=0.001, then=lambda: vendor.change("1001"))
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    assert len(result.keys("ticket")) == 12
    assert result.row("ticket", "1001")["priority"] == "urgent"


def test_a_deleted_ticket_without_organization_is_no_reject(vendor: Any) -> None:
    vendor.account.ticket(1, status="deleted", organization_id=None, requester_id=899)
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    assert not result.report.counts.rejects
    assert not result.keys("ticket")


def test_a_ticket_without_organization_takes_its_requesters(vendor: Any) -> None:
    vendor.account.ticket(1, organization_id=None, requester_id=801)
    with opened(vendor, "tickets") as bench:
        assert good(bench.pull()).row("ticket", "1")["org_id"] == str(ORG)


def test_a_ticket_of_nobodys_organization_is_rejected_with_a_way_out(vendor: Any) -> None:
    vendor.account.user(802, "Lone")
    vendor.account.ticket(1, organization_id=None, requester_id=802)
    vendor.account.ticket(2)
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    assert result.keys("ticket") == {"2"}
    (reject,) = result.report.counts.rejects
    assert "ticket 1 belongs to no organization" in reject.reason
    with opened(vendor, "tickets", default_org_id=str(ORG)) as bench:
        assert good(bench.pull()).row("ticket", "1")["org_id"] == str(ORG)


def test_a_ticket_closed_by_a_merge_stays_and_says_so(vendor: Any) -> None:
    vendor.account.ticket(1, status="closed", tags=["vip", "closed_by_merge"])
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    assert attrs_of(result, "ticket", "1")["tags"] == ["closed_by_merge", "vip"]


def test_custom_fields_are_named_by_title_and_no_two_share_a_name(vendor: Any) -> None:
    vendor.account.ticket_fields += [
        {"id": 71, "title": "Area", "type": "tagger"}, {"id": 72, "title": "Area", "type": "text"},
        {"id": 73, "title": "type", "type": "text"}, {"id": 74, "title": "Topics", "type": "multiselect"},
    ]  # fmt: skip
    values = [(FIELD, "gold"), (71, "billing"), (72, "north"), (73, "own"), (74, ["a", "b"]), (99, "old")]
    vendor.account.ticket(1, custom_fields=[{"id": key, "value": value} for key, value in values])
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    context = _context(vendor)
    names = {stream.name: stream.custom for stream in vendor.connector.discover(context)}
    context.close()
    found = attrs_of(result, "ticket", "1")
    assert found["Plan"] == "gold"
    assert (found["Area (71)"], found["Area (72)"]) == ("billing", "north")
    assert (found["type"], found["type (73)"]) == ("question", "own")
    assert found["Topics"] == ["a", "b"]
    assert found["field 99"] == "old"
    assert names["tickets"] == ("Area (71)", "Area (72)", "Plan", "Topics", "type (73)")
    assert names["organizations"] == ("crm_id",)


def test_the_settings_choose_another_field_for_a_column(vendor: Any) -> None:
    vendor.account.ticket(1, custom_fields=[{"id": FIELD, "value": "gold"}], group_id=None)
    mapping = {"tickets": {"priority": "custom.Plan", "attrs.form": "ticket_form_id", "channel": ""}}
    with opened(vendor, "tickets", mapping=mapping) as bench:
        row = good(bench.pull()).row("ticket", "1")
    assert (row["priority"], row["channel"]) == ("gold", None)


def _context(vendor: Any) -> Context:
    settings = {item.name: item.default for item in ZendeskConnector.spec.settings} | vendor.settings()
    return Context("desk", settings, sleep=lambda _: None, clock=lambda: NOW)


# -- exports


def test_a_cursor_no_longer_taken_begins_again_where_everything_was_read(vendor: Any) -> None:
    keys = vendor.fill(7)
    with opened(vendor, "tickets") as bench:
        good(bench.pull())
        vendor.change(keys[0])
        vendor.api.faults.add(
            "tickets/cursor.json.cursor=",
            status=400,
            json={"error": "InvalidPaginationParameter", "description": "gone"},
        )
        result = good(bench.pull())
    assert result.row("ticket", keys[0])["priority"] == "urgent"
    assert len(result.keys("ticket")) == 7
    asked = [call.query for call in result.calls if "tickets/cursor" in call.path]
    assert [("cursor" in query, query.get("start_time")) for query in asked] == [
        (True, None), (False, str(START + 1007)),
    ]  # fmt: skip
    assert any("no longer takes" in text for text in result.report.messages)


def test_a_cursor_refused_midway_is_an_error_and_not_a_new_beginning(vendor: Any) -> None:
    vendor.fill(12)
    refused = {"error": "InvalidPaginationParameter", "description": "gone"}
    vendor.api.faults.add("tickets/cursor.json.*cursor=", status=400, json=refused, times=9)
    with opened(vendor, "tickets") as bench:
        result = bench.pull()
        assert "REV-506" in result.report.failures[0]
        assert len(result.keys("ticket")) == 5  # the page before is kept, with its place
        vendor.api.faults.clear()
        assert len(good(bench.pull()).keys("ticket")) == 12


def test_what_changed_within_the_last_minute_comes_with_the_next_pull(vendor: Any) -> None:
    now = int(NOW.timestamp())
    vendor.account.ticket(1, now - 61)
    vendor.account.ticket(2, now - 30)
    with opened(vendor, "tickets") as bench:
        assert good(bench.pull()).keys("ticket") == {"1"}
        vendor.account.now += 60
        assert good(bench.pull()).keys("ticket") == {"1", "2"}


def test_an_export_asked_too_early_or_by_a_fast_clock_has_nothing_new(vendor: Any) -> None:
    now = int(NOW.timestamp())
    vendor.account.organization(702, "Late")["_at"] = now - 61
    with opened(vendor, "organizations") as bench:
        good(bench.pull())
        assert good(bench.pull()).keys("organization") == {"701", "702"}
        bench.shift = timedelta(hours=2)  # our clock is wrong: Zendesk refuses the start as too recent
        result = good(bench.pull())
        assert result.keys("organization") == {"701", "702"}


@pytest.mark.parametrize("says_end", [True, False])
def test_organizations_by_time_cross_page_seams_without_loss(vendor: Any, says_end: bool) -> None:
    vendor.account.says_end = says_end
    for number in range(11):  # every page but the first begins with the last record of the one before
        vendor.account.organization(710 + number, f"Org {number}")
    with opened(vendor, "organizations") as bench:
        result = good(bench.pull())
        assert len(result.keys("organization")) == 12
        assert not result.report.counts.rejects
        assert good(bench.pull()).report.counts.written == 0


def test_more_organizations_in_one_second_than_a_page_holds_are_read_from_the_list(vendor: Any) -> None:
    at = vendor.account.tick()
    for number in range(8):
        vendor.account.organization(730 + number, f"Twin {number}")["_at"] = at
    vendor.account.organization(750, "Later")
    with opened(vendor, "organizations") as bench:
        result = good(bench.pull())
        assert len(result.keys("organization")) == 10
        vendor.account.touch(vendor.account.organizations[733], name="Renamed")
        assert good(bench.pull()).row("organization", "733")["name"] == "Renamed"


def test_exports_keep_their_pace_and_lists_need_none(vendor: Any) -> None:
    vendor.fill(12)  # three pages
    with opened(vendor) as bench:
        waits = [round(seconds) for seconds in good(bench.pull()).slept]
        assert len(waits) == 4  # the first of five exports does not wait: 1 organizations, 1 users, 3 tickets
        assert all(5 <= seconds <= 24 for seconds in waits)
    with opened(vendor, exports_per_minute=30) as bench:
        assert max(good(bench.pull()).slept) <= 8


def test_a_busy_zendesk_says_503_and_when_to_come_again(vendor: Any) -> None:
    vendor.fill(3)
    vendor.api.faults.add("tickets/cursor", status=503, headers={"Retry-After": "17"})
    with opened(vendor, "tickets") as bench:
        result = good(bench.pull())
    assert len(result.keys("ticket")) == 3
    assert any(16.5 <= seconds <= 18 for seconds in result.slept)


def test_since_limits_the_first_pull(vendor: Any) -> None:
    vendor.account.ticket(1, START)
    vendor.account.ticket(2, START + 90 * 86400)
    with opened(vendor, "tickets", since="2026-02-01") as bench:
        assert good(bench.pull()).keys("ticket") == {"2"}


def test_addresses_that_zendesk_gives_are_not_followed(vendor: Any) -> None:
    vendor.fill(12)  # every page names acme.zendesk.com as the host of the next
    with opened(vendor, "tickets", base_url=f"{vendor.api.base_url}/api/v2/") as bench:
        assert len(good(bench.pull()).keys("ticket")) == 12
    assert not vendor.api.strangers
    assert not vendor.api.unknown


# -- organizations, people, groups


def test_an_organization_has_its_first_domain_and_keeps_all(vendor: Any) -> None:
    vendor.account.organization(702, "Beta", domain_names=["WWW.Beta.example"], organization_fields={"crm_id": "0015"})
    vendor.account.organization(703, "Bare")
    with opened(vendor, "organizations") as bench:
        result = good(bench.pull())
    assert result.row("organization", str(ORG))["domain"] == "acme.example"
    assert attrs_of(result, "organization", str(ORG)) == {
        "domains": ["acme.example", "acme.test"],
        "external_id": "A-1",
    }
    assert result.row("organization", "702")["domain"] == "beta.example"
    assert attrs_of(result, "organization", "702")["crm_id"] == "0015"
    assert result.row("organization", "703")["domain"] is None


def test_a_deleted_organization_goes_with_the_weekly_sweep(vendor: Any) -> None:
    for number in range(120):
        vendor.account.organization(1000 + number, f"Org {number}")
    with opened(vendor, "organizations") as bench:
        good(bench.pull())
        del vendor.account.organizations[1119]
        assert "1119" in good(bench.pull()).keys("organization")
        bench.shift = timedelta(days=8)
        vendor.account.now += 8 * 86400
        result = good(bench.pull())
        assert "1119" not in result.keys("organization")
        assert len(result.keys("organization")) == 120
        assert len([call for call in result.calls if call.path == "/api/v2/organizations"]) == 2
        assert not [call for call in good(bench.pull()).calls if call.path == "/api/v2/organizations"]


def test_a_deleted_or_merged_user_is_no_person_any_more(vendor: Any) -> None:
    rita = vendor.account.users[801]
    with opened(vendor, "users") as bench:
        assert "801" in good(bench.pull()).keys("person")
        vendor.account.touch(rita, active=False)
        assert "801" not in good(bench.pull()).keys("person")


def test_an_agent_who_leaves_stays_an_owner_with_a_last_day(vendor: Any) -> None:
    vendor.account.user(902, "Bo", role="agent", default_group_id=GROUP)
    with opened(vendor, "users") as bench:
        owner = good(bench.pull()).row("owner", "902")
        assert (owner["name"], owner["team_id"], owner["active_to"]) == ("Bo", str(GROUP), None)
        vendor.account.time = START + 40 * 86400
        vendor.account.touch(vendor.account.users[902], active=False)
        result = good(bench.pull())
    assert result.row("owner", "902")["active_to"] == date(2026, 2, 10)
    assert "902" in result.keys("owner")
    assert "902" not in result.keys("person")


def test_an_agent_made_an_end_user_ends_as_an_owner_and_stays_a_person(vendor: Any) -> None:
    user = vendor.account.user(902, "Bo", role="agent")
    with opened(vendor, "users") as bench:
        good(bench.pull())
        vendor.account.touch(user, role="end-user")
        result = good(bench.pull())
        assert result.row("owner", "902")["active_to"] == date(2026, 1, 1)
        vendor.account.time = START + 90 * 86400
        vendor.account.touch(user, name="Bo B")  # a later change of the person moves no last day
        result = good(bench.pull())
        assert result.row("owner", "902")["active_to"] == date(2026, 1, 1)
        assert "902" in result.keys("person")
        assert "801" not in result.keys("owner")


def test_a_deleted_group_is_no_team(vendor: Any) -> None:
    vendor.account.groups[502] = {"id": 502, "name": "Billing", "deleted": False, "_at": START}
    with opened(vendor, "groups") as bench:
        result = good(bench.pull())
        assert [row["function"] for row in result.rows("team")] == [None, None]
        del vendor.account.groups[502]
        assert good(bench.pull()).keys("team") == {str(GROUP)}


# -- satisfaction


def test_good_is_one_bad_is_zero_and_an_offer_is_no_answer(vendor: Any) -> None:
    vendor.account.ticket(1)
    vendor.account.rating(11, 1, "good", START + 100, comment="Quick!")
    vendor.account.rating(12, 1, "bad", START + 200)
    vendor.account.rating(13, 1, "offered")
    vendor.account.rating(14, 1, "unoffered")
    with opened(vendor, "satisfaction_ratings") as bench:
        result = good(bench.pull())
    found = [
        (row["id"], row["kind"], int(row["score"]), int(row["scale_max"])) for row in result.rows("survey_response")
    ]
    assert found == [("11", "csat", 1, 1), ("12", "csat", 0, 1)]
    first = result.row("survey_response", "11")
    assert (first["comment"], first["org_id"], first["person_id"]) == ("Quick!", str(ORG), "801")
    assert first["responded_at"] == datetime(2026, 1, 1, 0, 1, 40, tzinfo=UTC)
    assert any("2 offers" in text for text in result.report.messages)


def test_an_answer_changed_weeks_later_is_read_again(vendor: Any) -> None:
    vendor.account.ticket(1)
    rating = vendor.account.rating(11, 1, "bad", START)
    vendor.account.rating(12, 1, "good", START + 30 * 86400)
    with opened(vendor, "satisfaction_ratings") as bench:
        good(bench.pull())
        rating.update(score="good", updated_at=iso(START + 27 * 86400))
        assert int(good(bench.pull()).row("survey_response", "11")["score"]) == 1


def test_deleted_ratings_go_with_the_weekly_sweep(vendor: Any) -> None:
    vendor.account.ticket(1)
    for number in range(230):
        vendor.account.rating(2000 + number, 1, "good", START + number * 86400)
    with opened(vendor, "satisfaction_ratings") as bench:
        assert len(good(bench.pull()).keys("survey_response")) == 230
        del vendor.account.ratings[2000]
        assert len(good(bench.pull()).keys("survey_response")) == 230
        bench.shift = timedelta(days=8)
        assert len(good(bench.pull()).keys("survey_response")) == 229


def test_a_score_nobody_knows_is_rejected_and_not_guessed(vendor: Any) -> None:
    vendor.account.ticket(1)
    vendor.account.rating(11, 1, "excellent")
    with opened(vendor, "satisfaction_ratings") as bench:
        (reject,) = good(bench.pull()).report.counts.rejects
    assert "neither good nor bad" in reject.reason


def test_an_account_without_ratings_says_so_and_keeps_what_was_read(vendor: Any) -> None:
    vendor.account.ticket(1)
    vendor.account.rating(11, 1, "good")
    with opened(vendor, "satisfaction_ratings") as bench:
        good(bench.pull())
        vendor.api.faults.add("satisfaction_ratings", status=404, json={"error": "RecordNotFound"}, times=9)
        result = good(bench.pull())
        assert result.keys("survey_response") == {"11"}
        assert any("does not have the satisfaction ratings" in text for text in result.report.messages)


# -- the rest


def test_links_lead_to_the_agent_workspace() -> None:
    links = ZendeskConnector().links({"base_url": "https://acme.zendesk.com/"})
    assert links["ticket"].format(id=7) == "https://acme.zendesk.com/agent/tickets/7"


def test_the_package_registers_one_connector() -> None:
    assert [connector.spec.name for connector in register_connectors()] == ["zendesk"]


def test_no_ticket_text_is_kept(vendor: Any) -> None:
    vendor.account.ticket(1, subject="My password is hunter2", description="private words")
    with opened(vendor, "tickets") as bench:
        row = good(bench.pull()).row("ticket", "1")
    assert "hunter2" not in str(row)
    assert "private words" not in str(row)
