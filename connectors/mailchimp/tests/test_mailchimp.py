"""The mailchimp connector against a small Mailchimp: each trap of its lists and reports by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_mailchimp import MailchimpConnector, register_connectors
from revalign_mailchimp.api import _address
from revalign_udf.errors import ConfigError
from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

VENDOR = load(Path(__file__).with_name("vendor_mailchimp.py"))
KEY, START, hash_of, iso = VENDOR.KEY, VENDOR.START, VENDOR.hash_of, VENDOR.iso
ANN, BEN, CAT, DAN = (f"{name}@acme.example" for name in ("ann", "ben", "cat", "dan"))


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One store for all tests; each has a connection of its own in it."""
    made = Ground()
    yield made
    made.close()


@pytest.fixture
def vendor(ground: Ground) -> Iterator[Any]:
    with VENDOR.SmallPages() as made:
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


def kinds(result: PullResult) -> dict[str, list[str]]:
    """Person -> what happened to and by them."""
    names = {hash_of(email): email.split("@")[0] for email in (ANN, BEN, CAT, DAN)}
    found: dict[str, list[str]] = {}
    for row in result.rows("touch"):
        found.setdefault(names[row["person_id"]], []).append(row["kind"])
    return {name: sorted(some) for name, some in found.items()}


# -- signing in


def test_the_end_of_the_key_names_the_host() -> None:
    assert _address({"api_key": KEY}) == "https://us21.api.mailchimp.com/3.0"
    assert (
        _address({"api_key": KEY, "base_url": "https://us5.api.mailchimp.com/"}) == "https://us5.api.mailchimp.com/3.0"
    )
    with pytest.raises(ConfigError, match="data centre"):
        _address({"api_key": "0123456789abcdef"})
    with pytest.raises(ConfigError, match="data centre"):
        _address({"access_token": "t"})


def test_a_bearer_token_signs_in_and_nothing_at_all_is_told(vendor: Any) -> None:
    vendor.fill(1)
    vendor.account.token = "oauth-token"
    with opened(vendor, "members", api_key=None, access_token="oauth-token") as bench:
        assert len(good(bench.pull()).rows("person")) == 1
    with opened(vendor, "members", api_key=None) as bench:
        assert "REV-305" in bench.pull().report.failures[0]


# -- members


def test_one_address_in_two_audiences_is_one_person_with_the_older_audiences_record(vendor: Any) -> None:
    account = vendor.account
    account.audience("aud2", "Customers")
    account.member("aud1", ANN, merge_fields={"PLAN": "first"})
    account.member("aud2", ANN, merge_fields={"PLAN": "second"})
    account.member("aud2", BEN, merge_fields={"PLAN": "only"})
    with opened(vendor, "members") as bench:
        result = good(bench.pull())
        assert {attrs_of(result, "person", key)["PLAN"] for key in result.keys("person")} == {"first", "only"}
        assert good(bench.pull()).report.counts.written == 0
        # a change in the younger audience does not take the person over
        account.touch(account.members["aud2"][hash_of(ANN)], merge_fields={"PLAN": "changed"})
        result = good(bench.pull())
        assert attrs_of(result, "person", hash_of(ANN))["PLAN"] == "first"
        # archived in the older one, it lives on in the younger one
        account.touch(account.members["aud1"][hash_of(ANN)], status="archived")
        result = good(bench.pull())
        assert attrs_of(result, "person", hash_of(ANN))["PLAN"] == "changed"
        account.touch(account.members["aud2"][hash_of(ANN)], status="archived")
        assert good(bench.pull()).keys("person") == {hash_of(BEN)}


def test_a_first_pull_of_two_audiences_asks_for_no_single_member(vendor: Any) -> None:
    vendor.account.audience("aud2", "Customers")
    for number in range(7):
        vendor.account.member("aud1", f"p{number}@x.example")
        vendor.account.member("aud2", f"p{number}@x.example")
    vendor.account.member("aud1", ANN, status="archived")
    vendor.account.member("aud2", ANN)
    with opened(vendor, "members") as bench:
        result = good(bench.pull())
    assert len(result.keys("person")) == 8
    assert not [call for call in result.calls if "/members/" in call.path]


def test_an_archived_member_is_gone_and_a_cleaned_one_is_not(vendor: Any) -> None:
    vendor.account.member("aud1", ANN)
    vendor.account.member("aud1", BEN)
    with opened(vendor, "members") as bench:
        good(bench.pull())
        vendor.account.touch(vendor.account.members["aud1"][hash_of(ANN)], status="archived")
        vendor.account.touch(vendor.account.members["aud1"][hash_of(BEN)], status="cleaned")
        result = good(bench.pull())
        assert result.keys("person") == {hash_of(BEN)}
        assert attrs_of(result, "person", hash_of(BEN))["status"] == "cleaned"


def test_a_member_permanently_deleted_goes_with_the_weekly_sweep(vendor: Any) -> None:
    keys = vendor.fill(12)
    with opened(vendor, "members") as bench:
        good(bench.pull())
        del vendor.account.members["aud1"][keys[3]]
        assert keys[3] in good(bench.pull()).keys("person")
        bench.shift = timedelta(days=8)
        assert good(bench.pull()).keys("person") == {*keys} - {keys[3]}


def test_a_member_that_changes_while_we_read_moves_nobody_out_of_sight(vendor: Any) -> None:
    keys = vendor.fill(12)
    # after the first page its first member changes: by offset the sixth would move to where we have been
    vendor.api.faults.add("aud1/members", after=1, delay=0.001, then=lambda: vendor.change(keys[0]))
    with opened(vendor, "members") as bench:
        result = good(bench.pull())
    assert result.keys("person") == {*keys}
    assert result.row("person", keys[0])["first_source"] == "Import"


def test_members_in_no_order_are_read_all_the_same(vendor: Any) -> None:
    vendor.account.sorted = False
    for number in range(13):
        vendor.account.member("aud1", f"p{number}@x.example", START + 1000 * (number % 3))
    with opened(vendor, "members") as bench:
        assert len(good(bench.pull()).keys("person")) == 13
        vendor.account.member("aud1", ANN, START + 1500)  # changed before the latest: within nothing we asked for twice
        vendor.account.touch(vendor.account.members["aud1"][hash_of(ANN)])
        vendor.account.time = START + 5000
        vendor.account.touch(vendor.account.members["aud1"][hash_of(ANN)])
        assert len(good(bench.pull()).keys("person")) == 14


def test_names_and_addresses_of_people_are_left_out(vendor: Any) -> None:
    vendor.account.member(
        "aud1", ANN, merge_fields={"FNAME": "Annabel", "LNAME": "Smith", "PHONE": "555", "PLAN": "gold"}
    )
    with opened(vendor, "members") as bench:
        result = good(bench.pull())
    row = result.row("person", hash_of(ANN))
    assert attrs_of(result, "person", hash_of(ANN))["PLAN"] == "gold"
    assert (row["email"], row["country"]) == (ANN, "DE")
    assert "Annabel" not in str(row)
    assert "Smith" not in str(row)


# -- campaigns


def test_campaigns_are_named_dated_and_aimed(vendor: Any) -> None:
    account = vendor.account
    account.audience("aud2", "Customers")
    account.campaign("c1", START + 86400 - 60, [ANN])
    account.campaign("c2", START + 86400, [ANN], audience="aud2")
    account.campaign("c3", START, [], status="save")
    account.automation("w1", ["e1", "e2"])
    with opened(vendor, "campaigns", customer_audiences=["Customers"]) as bench:
        result = good(bench.pull())
    found = {
        row["id"]: (row["type"], row["audience"], row["automated"], row["start_date"])
        for row in result.rows("campaign")
    }
    assert found == {
        "c1": ("regular", None, False, date(2026, 1, 1)),
        "c2": ("regular", "customer", False, date(2026, 1, 2)),
        "w1": ("automation", None, True, date(2026, 1, 1)),
        "e1": ("automation-email", None, True, date(2026, 1, 1)),
        "e2": ("automation-email", None, True, date(2026, 1, 1)),
    }
    assert any("1 drafts" in text for text in result.report.messages)


def test_a_deleted_campaign_is_gone(vendor: Any) -> None:
    for number in range(7):
        vendor.account.campaign(f"c{number}", START + number, [])
    with opened(vendor, "campaigns") as bench:
        good(bench.pull())
        del vendor.account.campaigns["c3"]
        assert "c3" not in good(bench.pull()).keys("campaign")


def test_a_campaign_removed_while_we_list_takes_no_other_along(vendor: Any) -> None:
    for number in range(12):
        vendor.account.campaign(f"c{number}", START + number, [])
    with opened(vendor, "campaigns") as bench:
        good(bench.pull())
        # after the first page c0 goes: by offset c5 moves to where we have been
        vendor.api.faults.add("3.0/campaigns", after=1, delay=0.001, then=lambda: vendor.account.campaigns.pop("c0"))
        result = good(bench.pull())
        assert "c5" in result.keys("campaign")
        assert good(bench.pull()).keys("campaign") == {f"c{number}" for number in range(1, 12)}


# -- activity


def test_delivered_is_sent_without_bounced(vendor: Any) -> None:
    account = vendor.account
    account.campaign("c1", START, [ANN, BEN, CAT])
    account.act("c1", BEN, "bounce", START + 30, type="hard")
    account.act("c1", CAT, "bounce", START + 60, type="soft")
    account.act("c1", ANN, "open", START + 100)
    account.act("c1", ANN, "click", START + 110, url="https://acme.example/a")
    account.unsubscribe("c1", ANN, START + 200)
    with opened(vendor, "email_activity") as bench:
        result = good(bench.pull())
    assert kinds(result) == {
        "ann": ["clicked", "delivered", "opened", "sent", "unsubscribed"],
        "ben": ["bounced", "sent"],
        "cat": ["bounced", "sent"],
    }
    bounced = result.row("touch", f"c1:{hash_of(BEN)}:bounced")
    assert bounced["occurred_at"] == datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    assert attrs_of(result, "touch", f"c1:{hash_of(BEN)}:bounced") == {"bounce": "hard"}
    assert {row["message_id"] for row in result.rows("touch") if row["person_id"] == hash_of(ANN)} == {
        f"c1:{hash_of(ANN)}"
    }


def test_a_message_that_bounces_days_later_was_not_delivered(vendor: Any) -> None:
    vendor.account.campaign("c1", START, [ANN, BEN])
    with opened(vendor, "email_activity") as bench:
        assert kinds(good(bench.pull()))["ben"] == ["delivered", "sent"]
        vendor.account.act("c1", BEN, "bounce", START + 2 * 86400, type="soft")
        assert kinds(good(bench.pull())) == {"ann": ["delivered", "sent"], "ben": ["bounced", "sent"]}


def test_only_campaigns_whose_counters_moved_are_read_again(vendor: Any) -> None:
    for number in range(3):
        vendor.account.campaign(f"c{number}", START + number, [ANN])
    with opened(vendor, "email_activity") as bench:
        good(bench.pull())
        quiet = good(bench.pull())
        assert [call.path for call in quiet.calls if "/reports/" in call.path] == []
        vendor.account.act("c1", ANN, "open", START + 90 * 86400)
        result = good(bench.pull())
        assert {call.path for call in result.calls if "/reports/" in call.path} == {"/3.0/reports/c1/email-activity"}
        assert kinds(result)["ann"].count("opened") == 1


def test_opens_are_read_from_where_the_last_ones_were_and_count_once(vendor: Any) -> None:
    account = vendor.account
    account.campaign("c1", START, [ANN])
    for second in (50, 50, 60):  # two in one second are two
        account.act("c1", ANN, "open", START + second)
    account.act("c1", ANN, "click", START + 60, url="https://acme.example/a")
    account.act("c1", ANN, "click", START + 60, url="https://acme.example/b")
    with opened(vendor, "email_activity") as bench:
        assert kinds(good(bench.pull()))["ann"].count("opened") == 3
        account.act("c1", ANN, "open", START + 60)  # one more in the last second we know
        account.act("c1", ANN, "open", START + 70)
        found = kinds(good(bench.pull()))["ann"]
    assert (found.count("opened"), found.count("clicked")) == (5, 2)


def test_recipients_on_many_pages_all_arrive(vendor: Any) -> None:
    emails = [f"r{number}@x.example" for number in range(23)]
    vendor.account.campaign("c1", START, emails)
    for number, email in enumerate(emails):
        vendor.account.act("c1", email, "open", START + number)
    with opened(vendor, "email_activity") as bench:
        rows = good(bench.pull()).rows("touch")
    assert [sum(row["kind"] == kind for row in rows) for kind in ("sent", "delivered", "opened")] == [23, 23, 23]


def test_a_report_that_loses_a_line_while_we_read_is_read_again(vendor: Any) -> None:
    emails = [f"r{number}@x.example" for number in range(12)]
    vendor.account.campaign("c1", START, emails)
    gone = vendor.account.sent["c1"]
    vendor.api.faults.add("sent-to", after=1, delay=0.001, then=lambda: gone.pop(hash_of(emails[0])))
    with opened(vendor, "email_activity") as bench:
        result = good(bench.pull())
        assert any("changed while it was read" in text for text in result.report.messages)
        rows = good(bench.pull()).rows("touch")
    assert {row["person_id"] for row in rows} == {hash_of(email) for email in emails}


def test_an_unknown_act_is_rejected_and_takes_nothing_along(vendor: Any) -> None:
    vendor.account.campaign("c1", START, [ANN])
    vendor.account.act("c1", ANN, "open", START + 10)
    vendor.account.act("c1", ANN, "teleport", START + 20)
    with opened(vendor, "email_activity") as bench:
        result = good(bench.pull())
    (reject,) = result.report.counts.rejects
    assert "teleport" in reject.reason
    assert kinds(result)["ann"] == ["delivered", "opened", "sent"]


def test_old_campaigns_before_since_are_left_out(vendor: Any) -> None:
    vendor.account.campaign("c1", START, [ANN])
    vendor.account.campaign("c2", START + 60 * 86400, [BEN])
    with opened(vendor, "email_activity", since="2026-02-01") as bench:
        assert set(kinds(good(bench.pull()))) == {"ben"}


# -- automations


def flow(vendor: Any) -> None:
    account = vendor.account
    account.automation("w1", ["e1", "e2"])
    account.automated("w1", "e1", ANN, START + 100)
    account.automated("w1", "e2", ANN, START + 90000)
    account.automated("w1", "e1", BEN, START + 200)
    account.automated("w1", "e1", CAT, START + 300)
    account.removed["w1"] = [{"id": hash_of(CAT), "email_address": CAT}]
    account.act("e1", ANN, "open", START + 150)


def test_automated_mail_without_its_times_is_in_no_rate_and_said(vendor: Any) -> None:
    flow(vendor)
    with opened(vendor, "email_activity") as bench:
        result = good(bench.pull())
    assert kinds(result) == {"ann": ["opened"]}
    assert any("automation_sends" in text for text in result.report.messages)


def test_automations_tell_who_entered_which_step_when(vendor: Any) -> None:
    flow(vendor)
    with opened(vendor, "automations", automation_sends=True) as bench:
        result = good(bench.pull())
        names = {hash_of(email): email.split("@")[0] for email in (ANN, BEN, CAT)}
        steps = {(names[row["person_id"]], row["step"], row["status"]) for row in result.rows("programme_membership")}
        assert steps == {
            ("ann", "1 Step e1", "advanced"), ("ann", "2 Step e2", None), ("ben", "1 Step e1", None),
            ("cat", "1 Step e1", "dropped"),
        }  # fmt: skip
        first = result.row("programme_membership", f"e1:{hash_of(ANN)}:{iso(START + 100)}")
        assert (first["campaign_id"], first["left_at"]) == ("w1", datetime(2026, 1, 2, 1, 0, tzinfo=UTC))
        assert kinds(result)["ann"] == ["delivered", "delivered", "sent", "sent"]
        assert not [call for call in good(bench.pull()).calls if "activity-feed" in call.path]


def test_the_package_registers_one_connector() -> None:
    assert [connector.spec.name for connector in register_connectors()] == ["mailchimp"]
    assert "base_url" in {item.name for item in MailchimpConnector.spec.settings}
