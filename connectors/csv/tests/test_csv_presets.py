"""Ready mappings: small exports of the vendors' shapes, written by hand, through the real sync engine into a real store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from revalign_csv import CsvConnector, presets
from revalign_udf.canonical import TABLES
from revalign_udf.connector import Connector
from revalign_udf.errors import ConfigError
from revalign_udf.testing import PullResult, Vendor, pulled, without_http


class Export(Vendor):
    """A folder with another system's export."""

    connector: ClassVar[Connector] = CsvConnector()
    page_size, main, table = 1, "organization", "organization"
    skips: ClassVar = without_http("reads files")

    def __init__(self, preset: str) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="revalign-export-")
        self.folder, self.preset = Path(self._folder.name), preset

    def close(self) -> None:
        self._folder.cleanup()
        super().close()

    def settings(self) -> dict[str, Any]:
        return {"path": str(self.folder), "preset": self.preset}

    def fill(self, count: int) -> list[str]:
        raise NotImplementedError

    def write(self, name: str, *lines: str) -> None:
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def export(request: pytest.FixtureRequest) -> Iterator[Export]:
    with Export(request.param) as made:
        yield made


def good(export: Export) -> PullResult:
    found = pulled(export)
    assert found.ok, found.report.failures
    return found


def reasons(found: PullResult) -> list[tuple[str, str]]:
    return [(reject["table"], reject["reason"]) for reject in found.rejects]


def test_every_preset_names_tables_and_columns_that_exist() -> None:
    assert presets.names() == [
        "hubspot_export",
        "marketo_export",
        "salesforce_export",
        "stripe_export",
        "zendesk_export",
    ]
    for name in presets.names():
        ready = presets.preset(name)
        assert ready.about
        assert ready.notes
        for mappings in ready.mappings.values():
            for mapping in mappings:
                if mapping.action == "rows":
                    have = {*mapping.columns, *mapping.constants}
                    assert set(TABLES[mapping.table].required) <= have, (name, mapping.table)


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean stripe_export"):
        presets.preset("stripe_exports")


@pytest.mark.parametrize("export", ["stripe_export"], indirect=True)
def test_stripe_subscriptions_get_their_prices_in_major_units(export: Export) -> None:
    export.write(
        "customer_data.csv",
        "id,created,name,email,address_country,is_deleted,metadata",
        'cus_1,2026-01-01 23:30:00,Acme,ann@www.acme.example,DE,false,"{""crm"": ""001""}"',
        "cus_2,2026-01-02 10:00:00,,bob@b.example,,TRUE,",
    )
    export.write("product_data.csv", "id,name,is_deleted", "prod_1,Core,false")
    export.write("plan_data.csv", "id,amount,currency,interval,interval_count,product_id,usage_type",
                 "plan_y,120000,eur,year,1,prod_1,licensed")  # fmt: skip
    export.write(
        "price_data.csv",
        "id,currency,product_id,recurring_interval,recurring_interval_count,recurring_usage_type,type,unit_amount,unit_amount_decimal",
        "price_m,usd,prod_1,month,3,metered,recurring,2999,2999.5",
        "price_j,jpy,prod_1,month,1,licensed,recurring,5000,5000",
        "price_t,usd,prod_1,month,1,licensed,recurring,,",
    )
    export.write(
        "subscription_history_data.csv",
        "id,_fivetran_active,customer_id,created,start_date,ended_at,canceled_at,status",
        "sub_1,false,cus_1,2026-01-01 00:00:00,2026-01-01 00:00:00,,,trialing",
        "sub_1,true,cus_1,2026-01-01 00:00:00,2026-01-01 00:00:00,2026-06-01 00:00:00,2026-05-01 00:00:00,canceled",
    )
    export.write(
        "subscription_item_data.csv",
        "id,plan_id,quantity,subscription_id,created",
        "si_1,plan_y,2,sub_1,2026-01-01 00:00:00",
        "si_2,price_m,1,sub_1,2026-01-01 00:00:00",
        "si_3,price_j,1,sub_1,2026-01-01 00:00:00",
        "si_4,price_t,1,sub_1,2026-01-01 00:00:00",
    )
    found = good(export)
    assert {row["_key"]: row["name"] for row in found.rows("organization")} == {"cus_1": "Acme"}
    assert found.row("organization", "cus_1")["domain"] == "acme.example"
    assert found.row("organization", "cus_2")["deleted"]
    subscription = found.row("subscription", "sub_1")
    assert (subscription["status"], subscription["ended_at"].isoformat()) == ("canceled", "2026-06-01T00:00:00+00:00")
    items = {row["_key"]: row for row in found.rows("subscription_item_period")}
    shown = {
        key: (row["amount"].normalize(), row["currency"], row["interval"], row["interval_count"], row["metered"])
        for key, row in items.items()
    }
    assert shown == {
        "si_1": (Decimal("1.2E+3"), "EUR", "year", 1, False),
        "si_2": (Decimal("29.995"), "USD", "month", 3, True),
        "si_3": (Decimal("5E+3"), "JPY", "month", 1, False),
    }
    assert items["si_1"]["quantity"] == 2
    assert items["si_1"]["valid_to"].isoformat() == "2026-06-01T00:00:00+00:00"
    assert reasons(found) == [("subscription_item_period", "amount is required and empty")]
    assert any("coupons and discounts" in text for text in found.report.messages)
    assert pulled(export).report.counts.written == 0


@pytest.mark.parametrize("export", ["stripe_export"], indirect=True)
def test_stripe_invoices_payments_and_refunds(export: Export) -> None:
    export.write("invoice_data.csv", "id,customer_id,created,due_date,total,tax,currency,status,is_deleted",
                 "in_1,cus_1,2026-01-31 12:00:00,,11900,1900,eur,paid,false")  # fmt: skip
    export.write(
        "invoice_line_item_data.csv",
        "id,invoice_id,amount,currency,period_start,period_end,plan_id,proration,quantity,subscription_id,type",
        "il_1,in_1,10000,eur,2026-01-01 00:00:00,2026-02-01 00:00:00,p,false,1,sub_1,subscription",
        "il_2,in_1,-500,eur,2026-01-01 00:00:00,2026-02-01 00:00:00,p,TRUE,1,sub_1,subscription",
        "il_3,in_1,500,eur,2026-01-01 00:00:00,2026-01-01 00:00:00,,false,1,,invoiceitem",
    )
    export.write("charge_data.csv", "id,amount,created,currency,customer_id,failure_code,invoice_id,status",
                 "ch_1,11900,2026-01-31 12:00:01,eur,cus_1,,in_1,succeeded",
                 "ch_2,11900,2026-01-31 12:00:00,eur,cus_1,card_declined,in_1,failed")  # fmt: skip
    export.write("refund_data.csv", "id,amount,charge_id,created,currency,status",
                 "re_1,500,ch_1,2026-02-01 00:00:00,eur,succeeded")  # fmt: skip
    export.write("credit_note_data.csv", "id,total,created,currency,invoice_id,status",
                 "cn_1,500,2026-02-01 00:00:00.000,eur,in_1,issued", "cn_2,1,2026-02-01 00:00:00,eur,in_1,void")  # fmt: skip
    found = good(export)
    assert (found.row("invoice", "in_1")["total"], found.row("invoice", "in_1")["tax"]) == (119, 19)
    assert {row["_key"]: (row["kind"], row["amount"]) for row in found.rows("invoice_line")} == {
        "il_1": ("subscription", 100), "il_2": ("proration", -5), "il_3": ("one_time", 5),
    }  # fmt: skip
    assert found.row("payment", "ch_2")["failure_code"] == "card_declined"
    refund = found.row("refund", "re_1")
    assert (refund["amount"], refund["payment_id"], refund["invoice_id"], refund["org_id"]) == (
        5,
        "ch_1",
        "in_1",
        "cus_1",
    )
    assert found.keys("credit_note") == {"cn_1"}
    assert found.row("credit_note", "cn_1")["org_id"] == "cus_1"


@pytest.mark.parametrize("export", ["salesforce_export"], indirect=True)
def test_salesforce_accounts_opportunities_and_their_history(export: Export) -> None:
    export.write(
        "sf_account_data.csv", "_fivetran_active,id,name,website,is_deleted,master_record_id,owner_id,industry,Tier_c",
        "true,001A,Acme,https://www.acme.example/x,false,,005A,Software,Gold", "true,001B,Acme Inc,,true,001A,005A,,",
        "false,001C,Old,,false,,,,",
    )  # fmt: skip
    export.write(
        "sf_opportunity_data.csv",
        "account_id,amount,close_date,created_date,id,is_closed,is_deleted,is_won,lead_source,owner_id,stage_name,type",
        "001A,24120000.55,2018-12-19 00:00:00,2018-12-18 19:51:13,006A,true,false,true,Web,005A,Closed Won,New Business",
        "001A,,2018-12-19 00:00:00,2018-12-18 19:51:13,006B,true,false,false,Web,005A,Closed Lost,Odd",
        "001A,5,2018-12-19 00:00:00,2018-12-18 19:51:13,006C,FALSE,false,FALSE,,005A,Demo,Renewal",
    )
    export.write(
        "sf_opportunity_history_data.csv",
        "_fivetran_start,_fivetran_end,id,amount,close_date,stage_name,owner_id,is_deleted",
        "2018-12-18 19:51:13,2018-12-20 10:00:00,006A,100,2018-12-31 00:00:00,Demo,005A,false",
        "2018-12-20 10:00:00,9999-12-31 23:59:59,006A,200,2018-12-19 00:00:00,Closed Won,005A,false",
    )
    export.write("sf_account_history_data.csv", "_fivetran_start,_fivetran_end,id,owner_id,industry",
                 "2018-01-01 00:00:00,9999-12-31 23:59:59,001A,005A,", "2018-01-01 00:00:00,,001B,,Software")  # fmt: skip
    export.write("sf_lead_data.csv", "id,created_date,converted_date,converted_opportunity_id,lead_source,is_deleted",
                 "00Q1,2018-12-01 08:00:00,2018-12-18 19:51:13,006A,Web,false")  # fmt: skip
    export.write("sf_event_data.csv", "id,who_id,start_date_time,is_deleted", "00U1,003A,2018-12-02 09:00:00,false",
                 "00U2,00Q1,2018-12-03 09:00:00,false", "00U3,,2018-12-03 09:00:00,false")  # fmt: skip
    found = good(export)
    assert found.row("organization", "001A")["domain"] == "acme.example"
    assert (found.row("organization", "001B")["deleted"], found.row("organization", "001B")["merged_into"]) == (
        True,
        "001A",
    )
    assert "001C" not in found.keys("organization")
    deals = {row["_key"]: row for row in found.rows("opportunity")}
    assert {key: (row["outcome"], row["type"], str(row["close_date"])) for key, row in deals.items()} == {
        "006A": ("won", "new", "2018-12-19"), "006B": ("lost", None, "2018-12-19"), "006C": ("open", "renewal", "2018-12-19"),
    }  # fmt: skip
    assert deals["006A"]["amount"] == Decimal("24120000.55")
    assert '"type":"Odd"' in deals["006B"]["attrs"]
    snapshots = [
        (str(r["valid_from"]), r["valid_to"] and str(r["valid_to"]), r["stage"])
        for r in found.rows("opportunity_snapshot")
    ]
    assert snapshots == [("2018-12-18", "2018-12-20", "Demo"), ("2018-12-20", None, "Closed Won")]
    assert {(r["entity_id"], r["attribute"], r["value"]) for r in found.rows("attribute_history")} == {
        ("001A", "owner", "005A"), ("001B", "industry", "Software"),
    }  # fmt: skip
    assert {row["_key"]: (row["person_id"], row["lead_id"]) for row in found.rows("touch")} == {
        "00U1": ("003A", None), "00U2": (None, "00Q1"),
    }  # fmt: skip


@pytest.mark.parametrize("export", ["hubspot_export"], indirect=True)
def test_hubspot_deals_stages_merges_and_mail(export: Export) -> None:
    export.write("company_data.csv", "id,is_deleted,property_name,property_domain,property_createdate",
                 "1,false,Acme,acme.example,2019-07-05 20:35:26")  # fmt: skip
    export.write(
        "contact_data.csv",
        "_fivetran_deleted,id,property_email",
        "FALSE,11,ann@acme.example",
        "FALSE,12,bob@acme.example",
    )
    export.write("contact_merge_audit_data.csv", "canonical_vid,contact_id,vid_to_merge", "11,11,12")
    export.write("deal_data.csv",
                 "deal_id,is_deleted,deal_pipeline_id,deal_pipeline_stage_id,owner_id,property_amount,property_createdate",
                 "21,false,p1,s2,7,1000.5,2019-12-04 12:48:22", "22,false,p1,s1,7,,2019-12-04 12:48:22",
                 "23,false,p1,s1,7,,2019-12-04 12:48:22")  # fmt: skip
    export.write("deal_company_data.csv", "company_id,deal_id", "1,21", "1,22")
    export.write("merged_deal_data.csv", "deal_id,merged_deal_id", "21,22")
    export.write("deal_pipeline_stage_data.csv",
                 "_fivetran_deleted,closed_won,is_closed,display_order,stage_id,label,pipeline_id",
                 "FALSE,FALSE,FALSE,0,s1,Demo,p1", "FALSE,TRUE,TRUE,1,s2,Won,p1", "FALSE,FALSE,TRUE,2,s3,Lost,p1")  # fmt: skip
    export.write("deal_stage_data.csv", "_fivetran_start,deal_id,date_entered,value",
                 "2019-12-04 12:48:22,21,2019-12-04 12:48:22,s1", "2019-12-20 8:00:46,21,2019-12-20 8:00:46,s2")  # fmt: skip
    export.write(
        "deal_property_history_data.csv", "deal_id,timestamp,name,value", "21,2019-12-04 12:48:22.1,dealstage,s1"
    )
    export.write("contact_property_history_data.csv", "contact_id,timestamp,name,value",
                 "11,2019-12-01 08:00:00.001,lifecyclestage,lead", "11,2019-12-01 08:00:00.001,city,Bonn")  # fmt: skip
    export.write(
        "owner_data.csv", "owner_id,created_at,email,first_name,last_name", "7,2019-01-01 00:00:00,eve@x.example,Eve,Oh"
    )
    export.write("owner_team_data.csv", "owner_id,team_id,is_team_primary", "7,70,false", "7,71,true")
    export.write("team_data.csv", "id,name", "71,Sales")
    export.write("email_event_data.csv", "id,created,email_campaign_id,type,filtered_event,recipient",
                 "e1,2020-03-16 19:03:20.357,2,OPEN,true,ann@acme.example", "e2,2020-03-16 19:03:20,2,PRINT,false,x")  # fmt: skip
    found = good(export)
    assert found.keys("person") == {"11"}
    assert found.row("person", "12")["merged_into"] == "11"
    deal = found.row("opportunity", "21")
    assert (deal["org_id"], deal["outcome"], deal["amount"]) == ("1", "won", Decimal("1000.5"))
    assert found.row("opportunity", "22")["merged_into"] == "21"
    assert reasons(found) == [("opportunity", "org_id is required and empty")]
    events = [(r["subject_type"], r["stage"], r["occurred_at"].isoformat()) for r in found.rows("lifecycle_event")]
    assert sorted(events) == [
        ("opportunity", "s1", "2019-12-04T12:48:22+00:00"), ("opportunity", "s2", "2019-12-20T08:00:46+00:00"),
        ("person", "lead", "2019-12-01T08:00:00.001000+00:00"),
    ]  # fmt: skip
    stages = {
        r["source_stage"]: (r["stage"], r["is_won"], r["is_lost"], r["position"]) for r in found.rows("stage_map")
    }
    assert stages == {
        "s1": ("opportunity", False, False, 0),
        "s2": ("customer", True, False, 1),
        "s3": ("lost", False, True, 2),
    }
    assert (found.row("owner", "7")["name"], found.row("owner", "7")["team_id"]) == ("Eve Oh", "71")
    touch = found.row("touch", "e1")
    assert (touch["kind"], touch["person_id"], touch["is_bot"]) == ("opened", "11", True)
    assert pulled(export).report.counts.written == 0


@pytest.mark.parametrize("export", ["zendesk_export"], indirect=True)
def test_zendesk_tickets_find_their_customer_and_when_they_were_solved(export: Export) -> None:
    export.write("organization_data.csv", "id,name,created_at", "1,Acme,2020-02-13 22:45:02")
    export.write("domain_name_data.csv", "index,organization_id,domain_name", "0,1,acme.example", "1,1,acme.test")
    export.write(
        "user_data.csv",
        "id,name,email,organization_id,role",
        "11,Ann,a@x.example,,agent",
        "12,Bob,b@x.example,1,end-user",
    )
    export.write("ticket_data.csv", "id,assignee_id,created_at,organization_id,priority,requester_id,status,via_channel",
                 "101,11,2020-02-19 01:54:52,1,high,12,solved,web", "102,11,2020-02-19 01:54:52,,,12,open,email",
                 "103,,2020-02-19 01:54:52,1,,12,deleted,web", "104,,2020-02-19 01:54:52,,,11,new,web")  # fmt: skip
    export.write("ticket_field_history_data.csv", "field_name,ticket_id,updated,value", "status,101,2020-02-20 08:00:00,solved",
                 "status,101,2020-02-22 08:00:00,solved", "status,101,2020-02-21 08:00:00,open",
                 "priority,101,2020-02-23 08:00:00,high")  # fmt: skip
    found = good(export)
    assert found.row("organization", "1")["domain"] == "acme.example"
    assert (found.keys("owner"), found.keys("person")) == ({"11"}, {"12"})
    assert found.row("ticket", "101")["solved_at"].isoformat() == "2020-02-22T08:00:00+00:00"
    assert found.row("ticket", "102")["org_id"] == "1"
    assert found.keys("ticket") == {"101", "102"}
    assert reasons(found) == [("ticket", "org_id is required and empty")]


@pytest.mark.parametrize("export", ["marketo_export"], indirect=True)
def test_marketo_leads_that_were_deleted_or_merged_stay_so(export: Export) -> None:
    lead = ("id,created_at,updated_at,email", "1,2019-12-29 08:15:15.000,,a@x.example", "2,2019-12-29 08:15:15.000,,b@x.example",
            "3,2019-12-29 08:15:15.000,,c@x.example")  # fmt: skip
    export.write("marketo_lead_data.csv", *lead)
    export.write(
        "marketo_activity_delete_lead_data.csv", "\ufeffid,activity_date,lead_id", "9,2020-05-14 00:28:21.000,2"
    )
    export.write(
        "marketo_activity_merge_leads_data.csv", "id,activity_date,lead_id,merge_ids", "8,2020-05-07 22:45:08.000,1,[3]"
    )
    export.write("marketo_program_data.csv", "id,name,channel,_fivetran_deleted", "7,Webinar,Content,FALSE")
    export.write(
        "marketo_campaign_data.csv", "id,name,created_at,_fivetran_deleted", "7,Invite,2020-05-15 22:18:25 UTC,FALSE"
    )
    export.write("marketo_activity_send_email_data.csv", "activity_date,campaign_id,email_template_id,id,lead_id,action_result",
                 "2020-05-11 18:00:04.000,7,2500,1,1,succeeded", "2020-05-11 18:00:04.000,7,2500,2,1,skipped")  # fmt: skip
    found = good(export)
    assert (found.keys("lead"), found.keys("person")) == ({"1"}, {"1"})
    assert found.row("lead", "3")["merged_into"] == "1"
    assert found.keys("campaign") == {"7", "program:7"}
    assert found.keys("touch") == {"1"}
    export.write("marketo_lead_data.csv", *lead, "4,2020-01-01 00:00:00.000,,d@x.example")
    assert good(export).keys("lead") == {"1", "4"}


@pytest.mark.parametrize("export", ["zendesk_export"], indirect=True)
def test_a_mapping_of_ones_own_goes_before_the_preset_and_spare_files_are_named_once(export: Export) -> None:
    export.write("organization.csv", "id,name,tier", "1,Acme,Gold")
    export.write("brand.csv", "id", "1")
    own = {"organization.csv": {"table": "organization", "columns": {"segment": "tier"}}}
    found = pulled(export, settings={"mapping": own})
    assert found.row("organization", "1")["segment"] == "Gold"
    assert sum("The preset reads no file called brand.csv." in text for text in found.report.messages) == 1
