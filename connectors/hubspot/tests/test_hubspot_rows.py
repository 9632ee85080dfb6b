"""What HubSpot's records become: leads, deals with their history, tickets, touches. Hand-computable, each trap by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

VENDOR = load(Path(__file__).with_name("vendor_hubspot.py"))
START = VENDOR.START
HubSpotVendor = VENDOR.HubSpotVendor
_pipeline = VENDOR._pipeline
_stage = VENDOR._stage


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


def pull(vendor: Any, *streams: str, zone: str = "UTC", **settings: Any) -> PullResult:
    if vendor._bench is None:
        vendor._bench = Bench(
            vendor, ground=vendor.ground, settings={"streams": list(streams), **settings}, time_zone=zone
        )
    result: PullResult = vendor._bench.pull()
    assert not result.report.failures
    return result


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def attrs(result: PullResult, table: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.row(table, key)["attrs"] or "{}")
    return found


# -- companies


def test_owners_of_a_company_are_kept_with_their_days(vendor: Any) -> None:
    key = vendor.add("companies", {"name": "Acme", "hubspot_owner_id": "1", "segment__c": "SMB"}, at=at("2026-01-02"))
    vendor.custom_names["companies"] = {"segment__c"}
    vendor.set("companies", key, at=at("2026-02-10"), hubspot_owner_id="2", segment__c="Enterprise")
    vendor.set("companies", key, at=at("2026-02-20"), hubspot_owner_id="")
    result = pull(vendor, "companies", mapping={"companies": {"segment": "segment__c"}})
    found = [
        (row["attribute"], row["value"], row["valid_from"], row["valid_to"]) for row in result.rows("attribute_history")
    ]
    assert found == [
        ("owner_id", "1", date(2026, 1, 2), date(2026, 2, 10)),
        ("owner_id", "2", date(2026, 2, 10), date(2026, 2, 20)),
        ("segment", "SMB", date(2026, 1, 2), date(2026, 2, 10)),
        ("segment", "Enterprise", date(2026, 2, 10), None),
    ]
    assert result.row("organization", key)["segment"] == "Enterprise"


def test_a_company_known_by_its_domain_alone_has_that_for_a_name(vendor: Any) -> None:
    key = vendor.add("companies", {"domain": "https://www.Acme.example/"})
    row = pull(vendor, "companies").row("organization", key)
    assert (row["name"], row["domain"]) == ("acme.example", "acme.example")


# -- contacts


def test_who_only_reads_the_newsletter_is_no_lead(vendor: Any) -> None:
    reader = vendor.add("contacts", {"email": "r@c.example", "lifecyclestage": "subscriber"})
    nothing = vendor.add("contacts", {"email": "n@c.example"})
    lead = vendor.add("contacts", {"email": "l@c.example", "lifecyclestage": "lead"})
    worked = vendor.add("contacts", {"email": "w@c.example", "hs_lead_status": "OPEN"})
    result = pull(vendor, "contacts")
    assert result.keys("person") == {reader, nothing, lead, worked}
    assert result.keys("lead") == {lead, worked}


def test_a_lead_begins_when_it_became_one_and_not_when_it_subscribed(vendor: Any) -> None:
    key = vendor.add("contacts", {"email": "a@c.example", "lifecyclestage": "subscriber"}, at=at("2024-05-01"))
    vendor.set("contacts", key, at=at("2026-02-03 10:00"), lifecyclestage="marketingqualifiedlead")
    vendor.set("contacts", key, at=at("2026-02-05 11:00"), lifecyclestage="customer")
    result = pull(vendor, "contacts")
    assert result.row("lead", key)["created_at"] == at("2026-02-03 10:00")
    found = [(row["stage"], row["occurred_at"], row["from_stage"]) for row in result.rows("lifecycle_event")]
    assert found == [
        ("subscriber", at("2024-05-01"), None),
        ("marketingqualifiedlead", at("2026-02-03 10:00"), "subscriber"),
        ("customer", at("2026-02-05 11:00"), "marketingqualifiedlead"),
    ]


def test_which_stages_make_no_lead_can_be_said(vendor: Any) -> None:
    key = vendor.add("contacts", {"email": "a@c.example", "lifecyclestage": "subscriber"})
    assert pull(vendor, "contacts", not_leads=[]).keys("lead") == {key}


def test_a_stage_set_again_without_a_change_is_no_second_event(vendor: Any) -> None:
    key = vendor.add("contacts", {"email": "a@c.example", "lifecyclestage": "lead"})
    vendor.set("contacts", key, lifecyclestage="lead")
    assert len(pull(vendor, "contacts").rows("lifecycle_event")) == 1


# -- stages


def test_an_accounts_own_stages_are_read_from_their_labels_and_never_guessed(vendor: Any) -> None:
    vendor.lifecycle += [("77001", "Sales Accepted Lead"), ("77002", "In Nurture")]
    result = pull(vendor, "pipelines")
    stages = {row["source_stage"]: row["stage"] for row in result.rows("stage_map")}
    assert stages["77001"] == "sal"
    assert "77002" not in stages
    assert any('77002 ("In Nurture")' in line for line in result.report.messages)


def test_what_wins_and_loses_is_what_the_pipeline_says(vendor: Any) -> None:
    vendor.pipelines["deals"].append(_pipeline("9001", "Partner", [
        _stage("9002", "Signed", 0, isClosed="true", probability="1.0"),
        _stage("contractsent", "Contract", 1, isClosed="false", probability="0.5"),
    ]))  # fmt: skip
    result = pull(vendor, "pipelines")
    found = {(row["source_stage"], row["pipeline"]): (row["stage"], row["is_won"], row["is_lost"])
             for row in result.rows("stage_map")}  # fmt: skip
    assert found["9002", None] == ("customer", True, False)
    assert found["closedlost", None] == ("lost", False, True)
    # one id in two pipelines: each speaks for itself only
    assert {key[1] for key in found if key[0] == "contractsent"} == {"default", "9001"}
    assert result.row("stage_map", f"{vendor._bench.name}|opportunity||closedwon|")["is_won"]


# -- deals


def deal(vendor: Any, moment: datetime | None = None, **more: str) -> str:
    company = vendor.add("companies", {"name": "Acme"}, at=START)
    properties = {"dealstage": "appointmentscheduled", "pipeline": "default", **more}
    return str(vendor.add("deals", properties, at=moment, companies=[company]))


def test_an_amount_keeps_every_digit_and_its_currency(vendor: Any) -> None:
    key = deal(vendor, amount="1234567890123.4567", deal_currency_code="EUR")
    row = pull(vendor, "deals").row("opportunity", key)
    assert (row["amount"], row["currency"]) == (Decimal("1234567890123.4567"), "EUR")


def test_what_a_deal_was_worth_is_known_for_every_day_in_the_companys_time_zone(vendor: Any) -> None:
    key = deal(vendor, at("2026-01-10 12:00"), amount="100", closedate="2026-03-31T22:00:00Z", hubspot_owner_id="1")
    vendor.set("deals", key, at=at("2026-01-20 09:00"), amount="150")
    vendor.set("deals", key, at=at("2026-01-20 10:00"), amount="140")
    vendor.set("deals", key, at=at("2026-02-01 03:00"), dealstage="contractsent", hubspot_owner_id="2")
    rows = pull(vendor, "deals", zone="America/New_York").rows("opportunity_snapshot")
    assert [(r["valid_from"], r["stage"], r["amount"], r["close_date"], r["owner_id"]) for r in rows] == [
        (date(2026, 1, 10), "appointmentscheduled", Decimal(100), date(2026, 3, 31), "1"),
        (date(2026, 1, 20), "appointmentscheduled", Decimal(140), date(2026, 3, 31), "1"),
        (date(2026, 1, 31), "contractsent", Decimal(140), date(2026, 3, 31), "2"),
    ]


def test_what_hubspot_has_forgotten_is_not_guessed_from_the_rest(vendor: Any) -> None:
    key = deal(vendor, at("2026-01-01"), amount="0")
    for day in range(2, 24):
        vendor.set("deals", key, at=at(f"2026-01-{day:02d}"), amount=str(day))
    rows = pull(vendor, "deals").rows("opportunity_snapshot")
    # 23 amounts, of which HubSpot tells the last 20: from the 4th on
    assert [row["valid_from"].day for row in rows] == list(range(4, 24))
    assert all(row["amount"] == row["valid_from"].day for row in rows)
    assert key


def test_what_an_earlier_pull_learnt_stays_when_hubspot_forgets_it(vendor: Any) -> None:
    key = deal(vendor, at("2026-01-01"), amount="1")
    pull(vendor, "deals")
    for day in range(2, 24):
        vendor.set("deals", key, at=at(f"2026-01-{day:02d}"), amount=str(day))
    rows = pull(vendor).rows("opportunity_snapshot")
    assert rows[0]["valid_from"] == date(2026, 1, 1)
    assert rows[0]["amount"] == 1


def test_won_lost_and_open_are_what_the_stage_says(vendor: Any) -> None:
    won = deal(vendor, closedate="2026-02-01T00:00:00Z", dealstage="closedwon")
    lost = deal(vendor, dealstage="closedlost", closed_lost_reason="price")
    still = deal(vendor, closedate="2026-09-30T00:00:00Z")
    result = pull(vendor, "deals")
    row = result.row("opportunity", won)
    assert (row["outcome"], row["closed_at"]) == ("won", at("2026-02-01"))
    row = result.row("opportunity", lost)
    assert (row["outcome"], row["loss_reason"]) == ("lost", "price")
    assert row["closed_at"] == vendor.records["deals"][lost]["created"], (
        "without a close date: when it came into the stage"
    )
    row = result.row("opportunity", still)
    assert (row["outcome"], row["closed_at"], row["close_date"]) == ("open", None, date(2026, 9, 30))


def test_a_deal_belongs_to_its_primary_company(vendor: Any) -> None:
    first, second = (vendor.add("companies", {"name": name}) for name in ("First", "Second"))
    key = vendor.add("deals", {"dealstage": "contractsent"}, companies=[second, first])
    assert pull(vendor, "deals").row("opportunity", key)["org_id"] == second


def test_a_deal_without_a_company_belongs_to_that_of_its_contact(vendor: Any) -> None:
    company = vendor.add("companies", {"name": "Acme"})
    nobody = vendor.add("contacts", {"email": "n@a.example"})
    person = vendor.add("contacts", {"email": "p@a.example", "associatedcompanyid": company})
    key = vendor.add("deals", {"dealstage": "contractsent"}, contacts=[nobody, person])
    assert pull(vendor, "deals").row("opportunity", key)["org_id"] == company


def test_a_deal_of_nobody_is_rejected_and_says_what_to_do(vendor: Any) -> None:
    key = vendor.add("deals", {"dealstage": "contractsent"})
    result = pull(vendor, "deals")
    assert not result.rows("opportunity")
    assert not result.rows("lifecycle_event")
    (reject,) = result.rejects
    assert reject["reason"] == (
        f"deal {key} belongs to no company, nor do its contacts; associate it with a company in HubSpot"
    )


def test_the_contact_who_was_there_first_is_the_primary_one(vendor: Any) -> None:
    people = [vendor.add("contacts", {"email": f"p{n}@a.example"}) for n in range(3)]
    key = deal(vendor)
    vendor.link("deals", key, contacts=people[::-1])
    rows = pull(vendor, "deals").rows("opportunity_contact")
    assert {row["person_id"]: row["is_primary"] for row in rows} == {
        people[0]: True,
        people[1]: False,
        people[2]: False,
    }


def test_a_contact_taken_off_a_deal_is_gone_at_the_next_pull(vendor: Any) -> None:
    people = [vendor.add("contacts", {"email": f"p{n}@a.example"}) for n in range(2)]
    key, other = deal(vendor), deal(vendor)
    vendor.link("deals", key, contacts=people)
    vendor.link("deals", other, contacts=people)
    assert len(pull(vendor, "deals").rows("opportunity_contact")) == 4
    vendor.tick(3600)
    vendor.link("deals", key, contacts=people[1:])
    assert pull(vendor).keys("opportunity_contact") == {
        f"{key}|{people[1]}", f"{other}|{people[0]}", f"{other}|{people[1]}",
    }  # fmt: skip
    vendor.archive("deals", other)
    assert pull(vendor).keys("opportunity_contact") == {f"{key}|{people[1]}"}


def test_associations_beyond_the_first_page_are_read_too(vendor: Any) -> None:
    vendor.associations_per_page = 2
    people = [vendor.add("contacts", {"email": f"p{n}@a.example"}) for n in range(5)]
    key = deal(vendor)
    vendor.link("deals", key, contacts=people)
    assert len(pull(vendor, "deals").rows("opportunity_contact")) == 5
    vendor.link("deals", key)
    assert len(pull(vendor).rows("opportunity_contact")) == 5


def test_another_amount_of_hubspots_brings_its_basis(vendor: Any) -> None:
    key = deal(vendor, amount="1200", hs_mrr="100")
    result = pull(vendor, "deals", mapping={"deals": {"amount": "hs_mrr"}})
    row = result.row("opportunity", key)
    assert (row["amount"], row["amount_basis"]) == (100, "mrr")
    assert result.rows("opportunity_snapshot")[0]["amount"] == 100


def test_a_deal_type_nobody_has_heard_of_is_kept_and_not_guessed(vendor: Any) -> None:
    keys = [deal(vendor, dealtype=name) for name in ("newbusiness", "existingbusiness", "Renewal", "Reseller", "Odd")]
    result = pull(vendor, "deals", deal_types={"Reseller": "new"})
    assert [result.row("opportunity", key)["type"] for key in keys] == ["new", "expansion", "renewal", "new", None]
    assert attrs(result, "opportunity", keys[4])["dealtype"] == "Odd"


def test_a_wrong_word_in_the_settings_is_told_with_the_right_ones(vendor: Any) -> None:
    deal(vendor)
    with Bench(vendor, ground=vendor.ground, settings={"streams": ["deals"], "deal_types": {"Odd": "nonsense"}}) as own:
        assert "One of new, expansion" in own.pull().report.failures[0]
    with Bench(vendor, ground=vendor.ground, settings={"streams": ["deals"], "amount_basis": "yearly"}) as own:
        assert "mrr, arr, acv, tcv" in own.pull().report.failures[0]


def test_lines_of_quotes_are_left_out_and_counted(vendor: Any) -> None:
    key = deal(vendor)
    line = vendor.add(
        "line_items",
        {"name": "Seat", "quantity": "3", "price": "19.99", "hs_product_id": "5", "recurringbillingfrequency": "monthly",
         "hs_recurring_billing_period": "P1Y"}, deals=[key],
    )  # fmt: skip
    cheap = vendor.add("line_items", {"quantity": "2", "price": "10", "discount": "1"}, deals=[key])
    vendor.add("line_items", {"name": "of a quote", "amount": "5"})
    result = pull(vendor, "line_items")
    row = result.row("opportunity_line", line)
    assert (row["amount"], row["quantity"], row["recurring"], row["term_months"]) == (Decimal("59.97"), 3, True, 12)
    assert result.row("opportunity_line", cheap)["amount"] is None, "a discount is not ignored"
    assert result.keys("opportunity_line") == {line, cheap}
    assert any("1 line items belong to no deal" in text for text in result.report.messages)


def test_a_line_taken_off_its_deal_is_gone(vendor: Any) -> None:
    key = deal(vendor)
    lines = [vendor.add("line_items", {"amount": "5"}, deals=[key]) for _ in range(2)]
    assert pull(vendor, "line_items").keys("opportunity_line") == set(lines)
    vendor.tick(3600)
    vendor.link("line_items", lines[0], deals=[])
    assert pull(vendor).keys("opportunity_line") == {lines[1]}


# -- people


def owner(key: str, *teams: tuple[str, str, bool], archived: bool = False) -> dict[str, Any]:
    return {
        "id": key, "email": f"o{key}@us.example", "firstName": "Ann", "lastName": key, "type": "PERSON", "userId": 1,
        "archived": archived, "createdAt": "2025-01-01T00:00:00.000Z", "updatedAt": "2026-01-15T00:00:00.000Z",
        "teams": [{"id": team, "name": name, "primary": primary} for team, name, primary in teams],
    }  # fmt: skip


def test_owners_who_left_stay_known_and_a_change_of_team_has_a_date(vendor: Any) -> None:
    vendor.owners = [owner("1", ("T1", "North", True), ("T2", "South", False)), owner("2", archived=True)]
    result = pull(vendor, "owners")
    assert result.row("owner", "2")["active_to"] == date(2026, 1, 15)
    assert (result.row("owner", "1")["team_id"], result.keys("team")) == ("T1", {"T1", "T2"})
    vendor.owners[0] = owner("1", ("T2", "South", True))
    rows = pull(vendor).rows("owner_team")
    assert [(row["team_id"], row["valid_from"], row["valid_to"]) for row in rows] == [
        ("T1", date(2025, 1, 1), date(2026, 3, 1)),
        ("T2", date(2026, 3, 1), None),
    ]


# -- tickets and surveys


def test_a_ticket_that_left_its_closed_stage_was_reopened(vendor: Any) -> None:
    company = vendor.add("companies", {"name": "Acme"})
    one, two = (vendor.add("tickets", {"hs_pipeline_stage": "1"}, companies=[company]) for _ in range(2))
    for key in (one, two):
        vendor.set("tickets", key, hs_pipeline_stage="4", closed_date="2026-01-02T00:00:00Z")
    vendor.set("tickets", one, hs_pipeline_stage="1", closed_date="")
    result = pull(vendor, "tickets")
    assert (result.row("ticket", one)["reopened"], result.row("ticket", one)["solved_at"]) == (True, None)
    assert (result.row("ticket", two)["reopened"], result.row("ticket", two)["solved_at"]) == (False, at("2026-01-02"))


def test_survey_answers_have_the_scale_of_their_kind(vendor: Any) -> None:
    company = vendor.add("companies", {"name": "Acme"})
    person = vendor.add("contacts", {"email": "p@a.example", "associatedcompanyid": company})
    said = {"hs_survey_type": "NPS", "hs_value": "9", "hs_submission_timestamp": "2026-01-05T10:00:00Z"}
    key = vendor.add("feedback_submissions", said, contacts=[person])
    odd = vendor.add("feedback_submissions", {"hs_survey_type": "CUSTOM"})
    result = pull(vendor, "feedback_submissions")
    row = result.row("survey_response", key)
    assert (row["kind"], row["score"], row["scale_max"], row["org_id"]) == ("nps", 9, 10, company)
    assert odd not in result.keys("survey_response")
    assert "CUSTOM" in result.rejects[0]["reason"]


# -- touches


def test_a_meeting_that_was_called_off_is_no_touch_any_more(vendor: Any) -> None:
    people = [vendor.add("contacts", {"email": f"p{n}@a.example"}) for n in range(2)]
    said = {"hs_meeting_outcome": "SCHEDULED", "hs_meeting_start_time": "2026-02-01T09:00:00Z", "hubspot_owner_id": "7"}
    key = vendor.add("meetings", said, contacts=people)
    vendor.add("meetings", said)
    result = pull(vendor, "meetings")
    assert result.keys("touch") == {f"meetings:{key}:{one}" for one in people}
    assert result.row("touch", f"meetings:{key}:{people[0]}")["occurred_at"] == at("2026-02-01 09:00")
    assert "1 meetings have no contact and are left out." in result.report.messages
    vendor.tick(3600)
    vendor.set("meetings", key, hs_meeting_outcome="CANCELED")
    assert not pull(vendor).rows("touch")


def test_a_call_that_lost_its_contact_is_no_touch_any_more(vendor: Any) -> None:
    person = vendor.add("contacts", {"email": "p@a.example"})
    calls = [vendor.add("calls", {"hs_timestamp": "2026-01-02T09:00:00Z"}, contacts=[person]) for _ in range(2)]
    assert len(pull(vendor, "calls").rows("touch")) == 2
    vendor.tick(3600)
    vendor.link("calls", calls[0], contacts=[])
    assert pull(vendor).keys("touch") == {f"calls:{calls[1]}:{person}"}


def test_calls_and_mails_say_who_spoke_first(vendor: Any) -> None:
    person = vendor.add("contacts", {"email": "p@a.example"})
    call = vendor.add(
        "calls", {"hs_timestamp": "2026-01-02T09:00:00Z", "hs_call_direction": "INBOUND"}, contacts=[person]
    )
    mail = vendor.add(
        "emails", {"hs_timestamp": "2026-01-02T09:00:00Z", "hs_email_direction": "EMAIL"}, contacts=[person]
    )
    result = pull(vendor, "calls", "emails")
    found = {row["id"]: (row["kind"], row["direction"]) for row in result.rows("touch")}
    assert found == {f"calls:{call}:{person}": ("call", "in"), f"emails:{mail}:{person}": ("sent", "out")}


def event(key: str, kind: str, second: int, **more: Any) -> dict[str, Any]:
    created = int(START.timestamp() * 1000) + second * 1000
    return {"id": key, "type": kind, "created": created, "recipient": "P@a.example", "emailCampaignId": 55, **more}


def test_email_events_find_their_person_their_campaign_and_the_bots(vendor: Any) -> None:
    person = vendor.add("contacts", {"email": "p@a.example"})
    vendor.emails = [{"id": "900", "name": "Spring", "type": "BATCH_EMAIL", "state": "PUBLISHED", "archived": False,
                      "createdAt": "2025-11-01T00:00:00Z", "allEmailCampaignIds": ["55"]}]  # fmt: skip
    sent = {"id": "s1", "created": 1}
    vendor.events = [
        event("s1", "SENT", 1), event("d1", "DELIVERED", 2, sentBy=sent), event("o1", "OPEN", 3, sentBy=sent),
        event("o2", "OPEN", 4, sentBy=sent, filteredEvent=True), event("c1", "CLICK", 5, sentBy=sent),
        event("u1", "STATUSCHANGE", 6, portalSubscriptionStatus="UNSUBSCRIBED"), event("x1", "DEFERRED", 7),
        event("n1", "DELIVERED", 8, recipient="gone@a.example"), event("q1", "STATUSCHANGE", 9),
    ]  # fmt: skip
    vendor.tick(3600)
    result = pull(vendor, "marketing_emails", "email_events")
    assert result.row("campaign", "900")["channel"] == "email"
    found = {
        row["id"]: (row["kind"], row["person_id"], row["message_id"], row["is_bot"]) for row in result.rows("touch")
    }
    assert found == {
        "event:s1": ("sent", person, "s1", False), "event:d1": ("delivered", person, "s1", False),
        "event:o1": ("opened", person, "s1", False), "event:o2": ("opened", person, "s1", True),
        "event:c1": ("clicked", person, "s1", False), "event:u1": ("unsubscribed", person, None, False),
        "event:n1": ("delivered", None, None, False),
    }  # fmt: skip
    assert {row["campaign_id"] for row in result.rows("touch")} == {"900"}
    assert result.row("touch", "event:n1")["anonymous_id"].startswith("email:")
    assert "gone@a.example" not in str(result.tables)
    vendor.tick(3600)
    vendor.events.append(event("d2", "DELIVERED", 7200))
    result = pull(vendor)
    assert result.report.counts.written == 1
    first = min(int(call.query["startTimestamp"]) for call in result.calls if "startTimestamp" in call.query)
    assert first == int(START.timestamp() * 1000) + 9000 - 6 * 3600 * 1000


def test_a_wrong_clock_of_ours_skips_no_event(vendor: Any) -> None:
    vendor.emails = [{"id": "900", "name": "Spring", "archived": False, "createdAt": "2025-12-31T00:00:00Z"}]
    pull(vendor, "email_events")  # our clock shows March, HubSpot's January
    vendor.tick(86_400)
    vendor.events = [event("s1", "SENT", 80_000)]
    assert pull(vendor).keys("touch") == {"event:s1"}


def test_submissions_of_forms_are_read_down_to_what_is_known(vendor: Any) -> None:
    person = vendor.add("contacts", {"email": "p@a.example"})
    vendor.forms = [{"id": "f1", "name": "Book a demo"}, {"id": "f2", "name": "Newsletter"}]
    start = int(START.timestamp() * 1000)

    def submission(key: str, hours: int) -> dict[str, Any]:
        values = [{"name": "email", "value": "p@a.example"}]
        return {
            "conversionId": key,
            "submittedAt": start + hours * 3_600_000,
            "values": values,
            "pageUrl": "https://a.example",
        }

    vendor.submissions = {"f1": [submission(f"c{n}", n * 24) for n in range(7)], "f2": [submission("n1", 1)]}
    result = pull(vendor, "form_submissions", form_kinds={"Book a demo": "demo"})
    assert {row["kind"] for row in result.rows("touch")} == {"demo", "form"}
    assert {row["person_id"] for row in result.rows("touch")} == {person}
    assert len(result.rows("touch")) == 8
    vendor.submissions["f1"].append(submission("late", 7 * 24))
    result = pull(vendor)
    assert result.report.counts.written == 1
    assert len([call for call in result.calls if call.path.endswith("/f1")]) == 2, "not all four pages again"
