"""What becomes of Salesforce's records: histories, conversions, activities, stages, and what may not be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from beside import load

from revalign_udf.connector import Present

_BENCH = load(Path(__file__).with_name("bench_salesforce.py"))
ground, vendor, org = _BENCH.ground, _BENCH.vendor, _BENCH.org
bench_of, pulled, days, company, columns = (
    _BENCH.bench_of, _BENCH.pulled, _BENCH.days, _BENCH.company, _BENCH.columns,
)  # fmt: skip


# -- histories


def test_a_deal_becomes_its_stages_and_states_with_their_days(vendor: Any, org: Any) -> None:
    account = company(org)
    deal = org.deal(AccountId=account, Amount=100.5, OwnerId="005000000000001AAA")
    days(org, 2)
    org.move_deal(deal, Amount=120.25)
    days(org, 3)
    org.move_deal(deal, OwnerId="005000000000002AAA")
    days(org, 4)
    org.move_deal(deal, StageName="Closed Won", CloseDate="2026-01-09")
    with bench_of(vendor, "Opportunity", "OpportunityHistory") as bench:
        found = pulled(bench)
        assert found.ok, found.report.failures
        assert columns(found.rows("opportunity_snapshot"), "valid_from", "stage", "amount", "owner_id") == [
            ("2026-01-05", "Prospecting", "100.5000000000", "005000000000001AAA"),
            ("2026-01-07", "Prospecting", "120.2500000000", "005000000000001AAA"),
            ("2026-01-08", "Prospecting", "120.2500000000", "005000000000002AAA"),
            ("2026-01-09", "Closed Won", "120.2500000000", "005000000000002AAA"),
        ]
        # the change of the amount alone is no new stage
        assert columns(found.rows("lifecycle_event"), "stage", "from_stage", "owner_id") == [
            ("Prospecting", None, "005000000000001AAA"),
            ("Closed Won", "Prospecting", "005000000000002AAA"),
        ]
        assert columns(found.rows("opportunity"), "outcome", "close_date", "closed_at") == [
            ("won", "2026-01-09", "2026-01-09 00:00:00")
        ]


def test_two_states_of_one_day_leave_the_later_one(vendor: Any, org: Any) -> None:
    deal = org.deal(AccountId=company(org), Amount=1)
    org.tick(3600)
    org.move_deal(deal, Amount=2)
    with bench_of(vendor, "OpportunityHistory") as bench:
        assert columns(pulled(bench).rows("opportunity_snapshot"), "amount") == [("2.0000000000",)]
        again = pulled(bench)
        assert again.report.counts.written == 0


def test_an_owner_thrown_out_of_the_history_does_not_rewrite_old_states(vendor: Any, org: Any) -> None:
    account = company(org)
    deal = org.deal(AccountId=account, Amount=1, OwnerId="005000000000001AAA")
    days(org, 1)
    org.move_deal(deal, OwnerId="005000000000002AAA")
    days(org, 100)
    other = org.deal(AccountId=account, OwnerId="005000000000008AAA")
    org.tick()
    org.move_deal(other, OwnerId="005000000000009AAA")
    with bench_of(vendor, "OpportunityHistory") as bench:
        pulled(bench)
        # Salesforce forgets owners after two years, and the deal is touched again
        gone = [key for key, row in org.data["OpportunityFieldHistory"].items() if row["OpportunityId"] == deal]
        for key in gone:
            del org.data["OpportunityFieldHistory"][key]
        days(org, 200)
        org.move_deal(deal, Amount=5)
        rows = [row for row in pulled(bench).rows("opportunity_snapshot") if row["opportunity_id"] == deal]
        assert columns(rows, "valid_from", "owner_id") == [
            ("2026-01-05", "005000000000001AAA"),
            ("2026-01-06", "005000000000002AAA"),
            ("2026-07-24", "005000000000002AAA"),
        ]


def test_a_state_from_before_owners_were_recorded_is_not_lost(vendor: Any, org: Any) -> None:
    deal = org.deal(AccountId=company(org), Amount=1, OwnerId="005000000000001AAA")
    with bench_of(vendor, "OpportunityHistory") as bench:
        pulled(bench)
        days(org, 1)
        org.move_deal(deal, Amount=2)
        days(org, 2)  # somebody turns field history on, and the first change of an owner is recorded
        org.move_deal(deal, OwnerId="005000000000002AAA")
        rows = pulled(bench).rows("opportunity_snapshot")
    assert columns(rows, "valid_from", "amount", "owner_id") == [
        ("2026-01-05", "1.0000000000", "005000000000001AAA"),
        ("2026-01-06", "2.0000000000", "005000000000001AAA"),
        ("2026-01-07", "2.0000000000", "005000000000002AAA"),
    ]


def test_a_lead_has_its_statuses_with_times_and_owners(vendor: Any, org: Any) -> None:
    lead = org.add("Lead", Status="New", OwnerId="005000000000001AAA")
    days(org, 1)
    org.move_lead(lead, Status="MQL")
    days(org, 2)
    org.move_lead(lead, Status="SQL", OwnerId="005000000000002AAA")
    with bench_of(vendor, "LeadHistory") as bench:
        rows = pulled(bench).rows("lifecycle_event")
    # tracking began with the first change: what the lead was before is known, since when is not
    assert columns(rows, "stage", "from_stage", "occurred_at", "owner_id") == [
        ("MQL", "New", "2026-01-06 09:00:00", "005000000000001AAA"),
        ("SQL", "MQL", "2026-01-07 09:00:00", "005000000000002AAA"),
    ]


def test_the_first_status_is_dated_only_while_every_change_is_recorded(vendor: Any, org: Any) -> None:
    early = org.add("Lead", Status="MQL")
    days(org, 1)
    org.move_lead(early, Status="SQL")  # the first change that was ever recorded
    days(org, 2)
    fresh = org.add("Lead", Status="MQL")
    days(org, 3)
    org.move_lead(org.add("Lead", Status="New"), Status="MQL")
    with bench_of(vendor, "LeadHistory") as bench:
        rows = pulled(bench).rows("lifecycle_event")
    by_lead = {
        key: columns([row for row in rows if row["subject_id"] == key], "stage", "occurred_at")
        for key in (early, fresh)
    }
    assert by_lead[early] == [("SQL", "2026-01-06 09:00:00")]
    assert by_lead[fresh] == [("MQL", "2026-01-07 09:00:00")]


def test_a_date_field_gives_a_stage_where_history_is_not_tracked(vendor: Any, org: Any) -> None:
    org.add_field("Lead", "MQL_Date__c", "date")
    lead = org.add("Lead", Status="Open", MQL_Date__c="2026-01-03")
    with bench_of(vendor, "LeadHistory", mapping={"LeadHistory": {"stage": {"mql": "MQL_Date__c"}}}) as bench:
        rows = pulled(bench).rows("lifecycle_event")
    assert columns(rows, "id", "stage", "occurred_at") == [(f"{lead}:mql", "mql", "2026-01-03 00:00:00")]


def test_without_a_history_the_stage_now_is_dated_by_its_last_change(vendor: Any, org: Any) -> None:
    org.offers = tuple(name for name in org.offers if name != "OpportunityHistory")
    deal = org.deal(AccountId=company(org))
    days(org, 3)
    org.move_deal(deal, StageName="Proposal")
    with bench_of(vendor, "OpportunityHistory") as bench:
        found = pulled(bench)
    assert columns(found.rows("lifecycle_event"), "id", "stage", "occurred_at") == [
        (f"{deal}:Proposal", "Proposal", "2026-01-08 09:00:00")
    ]
    assert any("OpportunityHistory cannot be read" in text for text in found.report.messages)


def test_changes_of_an_account_become_dated_attributes(vendor: Any, org: Any) -> None:
    org.add_field("Account", "Segment__c", "picklist")
    account = company(org, OwnerId="005000000000002AAA", Segment__c="enterprise")
    days(org, 0)
    org.add("AccountHistory", AccountId=account, Field="Phone", OldValue="1", NewValue="2")
    days(org, 1)
    for old, new in (("Ann", "Ben"), ("005000000000001AAA", "005000000000002AAA")):
        org.add("AccountHistory", AccountId=account, Field="Owner", OldValue=old, NewValue=new)
    days(org, 2)
    org.add("AccountHistory", AccountId=account, Field="Segment__c", OldValue="smb", NewValue="enterprise")
    with bench_of(vendor, "Account", "AccountHistory", mapping={"Account": {"segment": "Segment__c"}}) as bench:
        found = pulled(bench)
    rows = [row for row in found.rows("attribute_history") if row["entity_id"] == account]
    assert columns(rows, "attribute", "value", "valid_from", "valid_to") == [
        ("owner", "005000000000001AAA", "2026-01-05", "2026-01-06"),
        ("owner", "005000000000002AAA", "2026-01-06", None),
        ("segment", "smb", "2026-01-05", "2026-01-07"),
        ("segment", "enterprise", "2026-01-07", None),
    ]
    assert found.row("organization", account)["segment"] == "enterprise"


# -- conversions, deletions, merges


def test_a_converted_lead_is_one_person_with_its_contact(vendor: Any, org: Any) -> None:
    lead = org.add("Lead", Email="ann@acme.example", Status="New")
    with bench_of(vendor, "Lead", "Contact", "LeadHistory") as bench:
        assert pulled(bench).row("lead", lead)["person_id"] == lead
        days(org, 5)
        account = company(org)
        contact = org.add("Contact", AccountId=account, Email="ann@acme.example")
        deal = org.deal(AccountId=account)
        org.move_lead(
            lead, Status="Closed - Converted", IsConverted=True, ConvertedDate="2026-01-10", ConvertedAccountId=account,
            ConvertedContactId=contact, ConvertedOpportunityId=deal,
        )  # fmt: skip
        for _ in range(2):  # read again, the person that went stays gone
            found = pulled(bench)
            row = found.row("lead", lead)
            assert (row["person_id"], row["org_id"], row["opportunity_id"]) == (contact, account, deal)
            assert row["converted_at"] == datetime(2026, 1, 10, tzinfo=UTC)
            assert found.row("person", lead)["merged_into"] == contact
            assert found.keys("person") == {contact}
        assert ("Closed - Converted",) in columns(found.rows("lifecycle_event"), "stage")


def test_merged_leads_keep_one_person(vendor: Any, org: Any) -> None:
    gone, stays = org.add("Lead", Status="New"), org.add("Lead", Status="New")
    with bench_of(vendor, "Lead") as bench:
        pulled(bench)
        org.tick(60)
        org.delete("Lead", gone, stays)
        found = pulled(bench)
        assert found.row("lead", gone)["merged_into"] == stays
        assert found.row("person", gone)["merged_into"] == stays


def test_a_contact_with_two_roles_stays_while_one_is_left(vendor: Any, org: Any) -> None:
    deal, person, other = org.deal(AccountId=company(org)), org.add("Contact"), org.add("Contact")
    first = org.add("OpportunityContactRole", OpportunityId=deal, ContactId=person, Role="User")
    org.add("OpportunityContactRole", OpportunityId=deal, ContactId=person, Role="Buyer", IsPrimary=True)
    lone = org.add("OpportunityContactRole", OpportunityId=deal, ContactId=other, Role="User")
    with bench_of(vendor, "OpportunityContactRole") as bench:
        found = pulled(bench)
        assert sorted(columns(found.rows("opportunity_contact"), "person_id", "role", "is_primary")) == sorted([
            (person, "Buyer", "True"), (other, "User", "False"),
        ])  # fmt: skip
        org.tick(60)
        for key in (first, lone):
            org.delete("OpportunityContactRole", key)
        assert columns(pulled(bench).rows("opportunity_contact"), "person_id", "role") == [(person, "Buyer")]


def test_a_deleted_deal_takes_its_history_along(vendor: Any, org: Any) -> None:
    account = company(org)
    deal, other = org.deal(AccountId=account), org.deal(AccountId=account)
    with bench_of(vendor, "Opportunity", "OpportunityHistory") as bench:
        assert len(pulled(bench).rows("opportunity_snapshot")) == 2
        days(org, 3)
        org.delete("Opportunity", deal)
        found = pulled(bench)
        assert found.keys("opportunity") == {other}
        assert [row["opportunity_id"] for row in found.rows("opportunity_snapshot")] == [other]
        assert [row["subject_id"] for row in found.rows("lifecycle_event")] == [other]


def test_a_row_that_left_no_trace_is_found_by_the_weekly_list_of_keys(vendor: Any, org: Any) -> None:
    keys = [org.add("Product2", Name=f"Plan {number}") for number in range(5)]
    with bench_of(vendor, "Product2") as bench:
        pulled(bench)
        del org.data["Product2"][keys[0]]  # the bin was emptied between two pulls
        org.tick(3600)
        org.add("Product2", Name="Plan 9")
        assert keys[0] in pulled(bench).keys("product")
        days(org, 8)
        org.add("Product2", Name="Plan 10")
        found = pulled(bench)
        assert keys[0] not in found.keys("product")
        assert len(found.keys("product")) == 6
        assert any(isinstance(message, Present) for _, message, _ in found.watch.messages)


# -- activities and campaigns


def test_only_what_was_done_with_somebody_is_a_touch(vendor: Any, org: Any) -> None:
    lead, person = org.add("Lead", Status="New"), org.add("Contact")
    call = org.add(
        "Task", WhoId=lead, TaskSubtype="Call", CallType="Inbound", IsClosed=True,
        CompletedDateTime="2026-01-05T10:00:00.000+0000",
    )  # fmt: skip
    old = org.add(
        "Task", WhoId=person, TaskSubtype="Email", IsClosed=True, ActivityDate="2024-03-01", IsArchived=True,
    )  # fmt: skip
    for values in (
        {"WhoId": lead, "TaskSubtype": "Call"},  # not done yet
        {"WhoId": lead, "TaskSubtype": "Task", "IsClosed": True},  # a note to oneself
        {"TaskSubtype": "Call", "IsClosed": True},  # with nobody
    ):
        org.add("Task", **values)
    meeting = org.add("Event", WhoId=person, StartDateTime="2026-01-06T09:00:00.000+0000")
    org.add("Event", WhoId=person, StartDateTime="2026-01-06T09:00:00.000+0000", IsChild=True)
    with bench_of(vendor, "Task", "Event") as bench:
        found = pulled(bench)
        rows = columns(found.rows("touch"), "id", "kind", "direction", "occurred_at", "lead_id", "person_id")
        assert sorted(rows) == sorted([
            (call, "call", "in", "2026-01-05 10:00:00", lead, None),
            (old, "sent", "out", "2024-03-01 00:00:00", None, person),
            (meeting, "meeting", None, "2026-01-06 09:00:00", None, person),
        ])  # fmt: skip
        assert any("Task: 3 records are left out" in text for text in found.report.messages)
        org.tick(60)
        org.update("Task", call, IsClosed=False)  # opened again: it was not done after all
        assert call not in pulled(bench).keys("touch")


def test_a_response_to_a_campaign_is_a_touch_and_its_cost_moves_with_it(vendor: Any, org: Any) -> None:
    campaign = org.add("Campaign", Name="Fair", Type="Trade Show", StartDate="2026-02-01", ActualCost=1234.5)
    lead = org.add("Lead", Status="New")
    member = org.add(
        "CampaignMember", CampaignId=campaign, LeadId=lead, Status="Attended", HasResponded=True,
        FirstRespondedDate="2026-02-02",
    )  # fmt: skip
    with bench_of(
        vendor, "CampaignMember", "CampaignCost", mapping={"CampaignMember": {"kind": {"Trade Show": "meeting"}}}
    ) as bench:
        found = pulled(bench)
        assert columns(found.rows("touch"), "id", "kind", "campaign_id", "lead_id") == [
            (member, "meeting", campaign, lead)
        ]
        assert columns(found.rows("programme_membership"), "step", "campaign_id") == [("Attended", campaign)]
        assert columns(found.rows("campaign_cost"), "date", "amount") == [("2026-02-01", "1234.5000000000")]
        org.tick(60)
        org.update("Campaign", campaign, StartDate="2026-03-01", ActualCost=2000)
        assert columns(pulled(bench).rows("campaign_cost"), "date", "amount") == [("2026-03-01", "2000.0000000000")]


def test_the_other_objects_become_their_rows(vendor: Any, org: Any) -> None:
    role = org.add("UserRole", Name="SDR Team")
    user = org.add("User", Name="Ann", UserRoleId=role, IsActive=True)
    plan, account = org.add("Product2", Name="Gold", Family="Plans"), company(org, OwnerId=user, NumberOfEmployees=50)
    deal = org.deal(AccountId=account, Type="Existing Business", Amount=10)
    org.add("OpportunityLineItem", OpportunityId=deal, Product2Id=plan, Quantity=2.0, TotalPrice=9.5)
    org.add("Contract", AccountId=account, StatusCode="Draft")
    contract = org.add(
        "Contract", AccountId=account, StatusCode="Activated", StartDate="2026-01-01", EndDate="2026-12-31",
        ContractTerm=12,
    )  # fmt: skip
    org.add("Order", AccountId=account, StatusCode="Activated", EffectiveDate="2026-01-03", TotalAmount=7)
    mapping = {"UserRole": {"function": {"SDR Team": "sales"}}, "User": {"role": {"sdr team": "sdr"}}}
    with bench_of(vendor, mapping=mapping, currency="EUR", orders=True) as bench:
        found = pulled(bench)
    assert found.ok
    assert columns(found.rows("team"), "name", "function") == [("SDR Team", "sales")]
    assert columns(found.rows("owner"), "name", "team_id", "role") == [("Ann", role, "sdr")]
    assert columns(found.rows("organization"), "owner_id", "employees") == [(user, "50")]
    assert columns(found.rows("opportunity"), "type", "currency") == [("expansion", "EUR")]
    assert columns(found.rows("opportunity_line"), "product_id", "quantity", "amount") == [
        (plan, "2.0000000000", "9.5000000000")
    ]
    assert columns(found.rows("contract"), "id", "end_date", "term_months") == [(contract, "2026-12-31", "12")]
    assert columns(found.rows("sales_order"), "amount", "currency") == [("7.0000000000", "EUR")]


def test_what_cannot_be_used_is_listed_and_the_rest_loads(vendor: Any, org: Any) -> None:
    org.deal(Name="Nobody's")
    good = org.deal(AccountId=company(org), Type="Partner Deal")
    org.add("Contract", AccountId="001000000000001AAA", StatusCode="Activated", StartDate="2026-01-01")
    with bench_of(vendor, "Opportunity", "Contract") as bench:
        found = pulled(bench)
    assert found.keys("opportunity") == {good}
    reasons = " ".join(str(reject["reason"]) for reject in found.rejects)
    assert "has no account" in reasons
    assert "is activated and has no end_date" in reasons
    told = " ".join(found.report.messages)
    assert "Partner Deal (1)" in told


# -- stages


def test_stages_get_their_meaning_from_salesforces_flags(vendor: Any, org: Any) -> None:
    for name, flags in (
        ("MQL", {"IsDefault": True}), ("Warm", {}), ("Won over", {"IsConverted": True}), ("Unqualified", {}),
    ):  # fmt: skip
        org.add("LeadStatus", ApiName=name, MasterLabel=name, **flags)
    with bench_of(vendor, "OpportunityStage", "LeadStatus") as bench:
        found = pulled(bench)
        stages = {(row["object"], row["source_stage"]): row["stage"] for row in found.rows("stage_map")}
        assert stages["opportunity", "Closed Won"] == "customer"
        assert stages["opportunity", "Closed Lost"] == "lost"
        assert stages["opportunity", "Proposal"] == "opportunity"
        # a name that is a stage itself beats the default flag, and nothing is guessed
        assert stages["lead", "MQL"] == "mql"
        assert stages["lead", "Won over"] == "sql"
        assert stages["lead", "Unqualified"] == "disqualified"
        assert ("lead", "Warm") not in stages
        assert all(row["connection"] == bench.name for row in found.rows("stage_map"))
        assert any("not known: Warm" in text for text in found.report.messages)


# -- permissions


def test_a_field_that_may_not_be_read_is_left_out_and_told(vendor: Any, org: Any) -> None:
    key = company(org, Industry="Steel")
    del org.fields["Account"]["Industry"]
    with bench_of(vendor, "Account") as bench:
        found = pulled(bench)
    assert found.ok
    assert found.row("organization", key)["industry"] is None
    assert any("Account: Industry cannot be read" in text for text in found.report.messages)


def test_a_field_one_cannot_do_without_is_named(vendor: Any, org: Any) -> None:
    company(org)
    del org.fields["Opportunity"]["IsWon"]
    with bench_of(vendor, "Account", "Opportunity") as bench:
        found = pulled(bench)
    assert not found.ok
    assert "may not read IsWon" in " ".join(found.report.failures)
    assert len(found.rows("organization")) == 1


def test_an_object_that_may_not_be_read_is_told_and_the_rest_loads(vendor: Any, org: Any) -> None:
    org.offers = tuple(name for name in org.offers if name not in ("Contract", "Lead"))
    company(org)
    with bench_of(vendor, "UserRole", "Account") as bench:
        found = pulled(bench)
        assert found.ok
        assert any("no Lead, Contract, LeadHistory" in text for text in found.report.messages)
        check = bench.check()
    assert check.ok
    assert "Not: Lead, Contract, LeadHistory" in check.message


def test_a_mapped_field_nobody_has_is_told(vendor: Any, org: Any) -> None:
    company(org)
    with bench_of(vendor, "Account", mapping={"Account": {"segment": "Segment__c"}}) as bench:
        found = pulled(bench)
    assert any("the mapping names Segment__c" in text for text in found.report.messages)


def test_custom_fields_can_be_chosen_and_hold_other_systems_ids(vendor: Any, org: Any) -> None:
    for name in ("Stripe_Customer_ID__c", "Secret_Note__c"):
        org.add_field("Account", name)
    key = company(org, Stripe_Customer_ID__c="cus_1", Secret_Note__c="x")
    mapping = {"Account": {"attrs.stripe_customer_id": "Stripe_Customer_ID__c"}}
    with bench_of(vendor, "Account", mapping=mapping, custom_fields=[]) as bench:
        attrs = json.loads(pulled(bench).row("organization", key)["attrs"])
    assert attrs["stripe_customer_id"] == "cus_1"
    assert "Secret_Note__c" not in attrs
