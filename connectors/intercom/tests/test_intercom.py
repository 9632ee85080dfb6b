"""The intercom connector against a small Intercom: each trap of its API by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_intercom import IntercomConnector, register_connectors
from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

VENDOR = load(Path(__file__).with_name("vendor_intercom.py"))
T0 = int(VENDOR.START.timestamp())


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One store for all tests of this module, a connection of its own for each."""
    made = Ground()
    yield made
    made.close()


@pytest.fixture
def vendor(ground: Ground) -> Iterator[Any]:
    with VENDOR.IntercomVendor() as made:
        made.ground = ground
        yield made


def pull(vendor: Any, *streams: str, **settings: Any) -> PullResult:
    if vendor._bench is None:
        vendor._bench = Bench(vendor, ground=vendor.ground, settings={"streams": list(streams), **settings})
    result: PullResult = vendor._bench.pull()
    assert not result.report.failures
    assert not result.strangers
    return result


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_every_call_names_the_version_it_was_written_for(vendor: Any) -> None:
    vendor.company("Acme")
    calls = pull(vendor).calls
    assert {call.headers["Intercom-Version"] for call in calls} == {"2.14"}


def test_the_workspace_is_named_and_another_one_noticed(vendor: Any) -> None:
    pull(vendor, "teams")
    assert vendor._bench.check().message == "Intercom workspace abc123 (Ours)"
    with Bench(vendor, ground=vendor.ground, settings={"app_id": "zzz"}) as own:
        assert own.check().message == "The token belongs to workspace abc123, the settings say zzz."
    with Bench(vendor, ground=vendor.ground, settings={"token": None}) as own:
        assert "INTERCOM_TOKEN" in own.check().message


def test_links_need_the_workspace() -> None:
    (connector,) = register_connectors()
    assert isinstance(connector, IntercomConnector)
    assert connector.links({}) == {}
    assert connector.links({"app_id": "abc"})["person"] == "https://app.intercom.com/a/apps/abc/users/{id}"


@pytest.mark.parametrize("offset", [-10 * 3600, 0, 13 * 3600], ids=["hawaii", "utc", "auckland"])
def test_a_search_that_is_cut_to_days_of_some_time_zone_loses_no_change(vendor: Any, offset: int) -> None:
    vendor.offset = offset
    vendor.tick(9 * 3600)
    keys = [vendor.contact(name="A") for _ in range(3)]
    pull(vendor, "contacts")
    vendor.tick(600)
    vendor.update("contacts", keys[1], email="new@c.example")
    assert pull(vendor).row("person", keys[1])["email"] == "new@c.example"


def test_what_the_search_shows_beside_the_wanted_days_is_not_read_again(vendor: Any) -> None:
    for _ in range(5):
        vendor.contact(name="A")
        vendor.tick(3600)
    pull(vendor, "contacts")
    changed = vendor.contact(name="B")
    result = pull(vendor)
    assert result.report.streams["contacts"] == 2, "the newest one, for the lookback, and the new one"
    assert changed in result.keys("person")


def test_a_contact_changed_while_pages_are_read_is_read_by_the_next_pull(vendor: Any) -> None:
    vendor.page_limit = 2
    keys = [vendor.contact(name="A") for _ in range(5)]

    def behind() -> None:
        vendor.update("contacts", keys[0], name="Behind", email="behind@c.example")
        vendor.update("contacts", keys[4], at=vendor.tick(3600))

    vendor.sorted = False
    vendor.api.faults.add("contacts/search", after=1, then=behind)
    assert pull(vendor, "contacts", lookback=0).row("person", keys[0])["email"] != "behind@c.example"
    assert pull(vendor).row("person", keys[0])["email"] == "behind@c.example"


def test_a_deleted_or_merged_contact_is_gone_after_the_sweep_and_not_before(vendor: Any) -> None:
    keys = [vendor.contact(name="A") for _ in range(3)]
    pull(vendor, "contacts")
    vendor.remove(keys[0])
    assert pull(vendor).keys("person") == set(keys)
    vendor._bench.shift = timedelta(days=7, minutes=1)
    assert pull(vendor).keys("person") == set(keys[1:])


def test_companies_come_by_scroll_and_a_missing_one_is_not_taken_for_deleted(vendor: Any) -> None:
    keys = [vendor.company(name) for name in ("Acme", "Beta", "Gamma")]
    result = pull(vendor, "companies")
    row = result.row("organization", keys[0])
    assert (row["name"], row["domain"], row["employees"], row["industry"]) == ("Acme", "acme.example", 12, "Software")
    assert json.loads(row["attrs"])["company_id"] == f"own-{keys[0]}"
    del vendor.companies[keys[0]]  # it lost its last contact
    assert pull(vendor).keys("organization") == set(keys)


def test_a_scroll_that_is_open_elsewhere_says_so(vendor: Any) -> None:
    said = {
        "type": "error.list",
        "errors": [{"code": "scroll_exists", "message": "scroll already exists for this workspace"}],
    }
    vendor.api.faults.add("scroll", status=400, json=said)
    vendor._bench = Bench(vendor, ground=vendor.ground, settings={"streams": ["companies"]})
    (failure,) = vendor._bench.pull().report.failures
    assert "one scroll over companies at a time" in failure


def test_a_conversation_is_a_ticket_of_its_contacts_company(vendor: Any) -> None:
    acme = vendor.company("Acme")
    alone, person = vendor.contact(), vendor.contact(acme)
    told = {"first_admin_reply_at": T0 + 100, "first_close_at": T0 + 200, "last_close_at": T0 + 900, "count_reopens": 1}
    rating = {"rating": 4, "remark": "fine", "created_at": T0 + 950, "updated_at": T0 + 1000,
              "contact": {"type": "contact", "id": person}}  # fmt: skip
    key = vendor.conversation(
        alone,
        person,
        state="closed",
        statistics=told,
        conversation_rating=rating,
        admin_assignee_id=9,
        priority="priority",
    )
    still = vendor.conversation(person, statistics={"first_close_at": T0 + 5, "count_reopens": 0})
    nobody = vendor.conversation(alone)
    ours = vendor.conversation(person, source={"type": "email", "delivered_as": "admin_initiated"})
    result = pull(vendor, "conversations")
    row = result.row("ticket", f"conversation-{key}")
    assert (row["org_id"], row["first_response_at"], row["solved_at"]) == (acme, at(T0 + 100), at(T0 + 900))
    assert (row["reopened"], row["priority"], row["channel"], row["owner_id"]) == (True, "priority", "email", "9")
    assert result.row("ticket", f"conversation-{still}")["solved_at"] is None, "an open one is not solved"
    survey = result.row("survey_response", f"conversation-{key}")
    assert (survey["kind"], survey["score"], survey["scale_max"], survey["comment"]) == ("csat", 4, 5, "fine")
    assert (survey["responded_at"], survey["invited_at"], survey["person_id"]) == (at(T0 + 1000), at(T0 + 950), person)
    assert result.keys("ticket") == {f"conversation-{key}", f"conversation-{still}"}
    assert f"conversation-{nobody} is of a contact without a company" in result.rejects[0]["reason"]
    assert any("1 conversations were begun by us" in line for line in result.report.messages)
    assert ours


def test_a_tickets_times_come_from_its_parts(vendor: Any) -> None:
    acme = vendor.company("Acme")
    person = vendor.contact(acme)

    def part(second: int, kind: str, who: str, **more: str) -> dict[str, Any]:
        return {"type": "ticket_part", "part_type": kind, "created_at": T0 + second, "author": {"type": who}, **more}

    parts = [
        part(10, "comment", "user"), part(20, "comment", "admin"),
        part(30, "ticket_state_updated_by_admin", "admin", previous_ticket_state="submitted", ticket_state="resolved"),
        part(40, "ticket_state_updated_by_admin", "user", previous_ticket_state="resolved", ticket_state="in_progress"),
        part(50, "ticket_state_updated_by_admin", "admin", previous_ticket_state="in_progress", ticket_state="resolved"),
    ]  # fmt: skip
    told = {"type": "ticket_part.list", "ticket_parts": parts[::-1], "total_count": 5}
    key = vendor.ticket(person, ticket_parts=told, ticket_state={"category": "resolved"})
    inner = vendor.ticket(person, category="Tracker")
    result = pull(vendor, "tickets")
    row = result.row("ticket", f"ticket-{key}")
    assert (row["first_response_at"], row["solved_at"], row["reopened"]) == (at(T0 + 20), at(T0 + 50), True)
    assert json.loads(row["attrs"]) == {"area": "billing", "ticket_type": "Bug"}
    assert result.keys("ticket") == {f"ticket-{key}"}
    assert inner


def test_tickets_and_conversations_are_swept_apart(vendor: Any) -> None:
    person = vendor.contact(vendor.company("Acme"))
    talk, gone = vendor.conversation(person), vendor.conversation(person)
    key = vendor.ticket(person)
    pull(vendor, "conversations", "tickets")
    del vendor.records["conversations"][gone]
    vendor._bench.shift = timedelta(days=8)
    assert pull(vendor).keys("ticket") == {f"conversation-{talk}", f"ticket-{key}"}


def test_admins_keep_their_team_until_a_pull_sees_a_change(vendor: Any) -> None:
    vendor.teams = [{"type": "team", "id": "7", "name": "Support"}, {"type": "team", "id": "8", "name": "Success"}]
    vendor.admins = [{"type": "admin", "id": "1", "name": "Ann", "email": "ann@us.example", "team_ids": [7]},
                     {"type": "admin", "id": "2", "name": "Bob", "email": "bob@us.example", "team_ids": [7, 8]}]  # fmt: skip
    result = pull(vendor, "teams", "admins")
    assert result.row("owner", "1")["team_id"] == "7"
    assert result.row("owner", "2")["team_id"] is None, "of two teams none is the main one"
    assert not result.rows("owner_team")
    vendor.admins[0]["team_ids"] = [8]
    rows = pull(vendor).rows("owner_team")
    assert [(row["team_id"], row["valid_from"], row["valid_to"]) for row in rows] == [
        ("7", date(1970, 1, 1), date(2026, 3, 1)), ("8", date(2026, 3, 1), None),
    ]  # fmt: skip
