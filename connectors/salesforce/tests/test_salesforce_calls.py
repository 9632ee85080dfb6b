"""How Salesforce is asked: bulk jobs, limits, errors, ways to sign in; a second reader; and the whole way to numbers."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from beside import load as beside
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from revalign_salesforce.bulk import lines
from revalign_salesforce.soql import literal
from revalign_udf.config import load
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.query import Query

_literal = beside(Path(__file__).with_name("fake_salesforce.py"))._literal
_BENCH = beside(Path(__file__).with_name("bench_salesforce.py"))
ground, vendor, org = _BENCH.ground, _BENCH.vendor, _BENCH.org
bench_of, pulled, days, company, columns = (
    _BENCH.bench_of, _BENCH.pulled, _BENCH.days, _BENCH.company, _BENCH.columns,
)  # fmt: skip


# -- bulk jobs


def test_bulk_jobs_bring_the_same_rows_as_pages_do(vendor: Any, org: Any) -> None:
    org.add_field("Account", "Notes__c")
    org.add_field("Account", "Score__c", "double")
    org.add_field("Account", "Key_Account__c", "boolean")
    org.add_field("Account", "Reviewed__c", "datetime")
    company(
        org, Name='Quote " and, comma', Notes__c="two\nlines\r\nand \u2028 one more\r", Score__c=1500.0,
        Key_Account__c=True, Reviewed__c="2026-01-01T00:00:00.000+0000",
    )  # fmt: skip
    company(org, Name="Umläut & Söhne", Score__c=0.1, Key_Account__c=False)
    org.deal(AccountId=company(org, Name="No cents"), Amount=1000000.0)
    three = ("Account", "Opportunity", "OpportunityHistory")
    with bench_of(vendor, *three, bulk="never") as pages, bench_of(vendor, *three, bulk="always") as jobs:
        one, two = pulled(pages), pulled(jobs)
        assert one.ok, one.report.failures
        assert two.ok, two.report.failures
        assert one.tables.keys() == two.tables.keys()
        for table in ("organization", "opportunity", "opportunity_snapshot"):
            assert one.rows(table) == two.rows(table)
        attrs = json.loads(one.rows("organization")[0]["attrs"])
    assert attrs["Notes__c"] == "two\nlines\r\nand \u2028 one more\r"
    assert attrs["Score__c"] == "1500"
    assert attrs["Key_Account__c"] is True
    assert not org.jobs, "a finished job is cleared away"


def test_many_records_are_read_by_a_job_and_few_by_pages(vendor: Any, org: Any) -> None:
    vendor.fill(30)
    org.add("Contact")
    with bench_of(vendor, "Account", "Contact", bulk_from=30, lookback=5) as bench:
        found = pulled(bench)
        assert len(found.rows("organization")) == 30
        made = [json.loads(call.body)["query"] for call in found.calls if call.method == "POST" and "jobs" in call.path]
        assert [query.split(" FROM ")[1].split()[0] for query in made] == ["Account"]
        assert "ORDER BY" not in made[0]
        assert not any("jobs" in call.path for call in pulled(bench).calls)


def test_a_job_goes_on_at_the_set_where_it_stopped(vendor: Any, org: Any) -> None:
    vendor.fill(30)
    org.set_size = 10
    with bench_of(vendor, "Account", bulk="always") as bench:
        vendor.api.faults.add("results.*locator=L20", status=503, times=20)
        assert not pulled(bench).ok
        saved = bench.store.state(bench.name)["Account"]["bulk"]
        assert saved["locator"] == "L20"
        vendor.api.faults.clear()
        found = pulled(bench)
        assert found.ok
        assert len(found.rows("organization")) == 30
        results = [call.target for call in found.calls if "results" in call.path]
        assert len(results) == 1, results
        assert not [call for call in found.calls if call.method == "POST" and "jobs" in call.path]
        assert "bulk" not in found.state["Account"]


def test_a_job_that_is_gone_is_made_anew(vendor: Any, org: Any) -> None:
    vendor.fill(30)
    org.set_size = 10
    with bench_of(vendor, "Account", bulk="always") as bench:
        vendor.api.faults.add("results.*locator=L20", status=503, times=20)
        pulled(bench)
        vendor.api.faults.clear()
        org.jobs.clear()  # a week has passed
        assert len(pulled(bench).rows("organization")) == 30


def test_a_job_is_asked_through_the_version_it_was_made_with(vendor: Any, org: Any) -> None:
    vendor.fill(30)
    org.set_size = 10
    with bench_of(vendor, "Account", bulk="always") as bench:
        vendor.api.faults.add("results.*locator=L20", status=503, times=20)
        pulled(bench)
        vendor.api.faults.clear()
        bench.project.sources[bench.name].settings["api_version"] = "65.0"
        found = pulled(bench)
        assert len(found.rows("organization")) == 30
        assert {call.path.split("/")[3] for call in found.calls if "jobs" in call.path} == {"v64.0"}


def test_a_job_is_stopped_with_the_pull(vendor: Any, org: Any) -> None:
    vendor.fill(3)
    org.polls = 10**6
    with bench_of(vendor, "Account", bulk="always") as bench:
        bench.cancelled = lambda: any(job["_polls"] > 3 for job in org.jobs.values())
        assert not pulled(bench).ok
        assert len(org.gone_jobs) == 1
        bench.cancelled = lambda: False
        org.polls = 1
        assert len(pulled(bench).rows("organization")) == 3


def test_a_job_that_failed_says_why(vendor: Any, org: Any) -> None:
    vendor.fill(3)
    vendor.api.faults.add(
        "GET .*jobs/query/750", json={"id": "750", "state": "Failed", "errorMessage": "too many retries"}, times=99
    )
    with bench_of(vendor, "Account", bulk="always") as bench:
        text = " ".join(pulled(bench).report.failures)
    assert "ended as Failed. too many retries" in text


def test_fewer_records_than_announced_are_not_taken_for_all(vendor: Any, org: Any) -> None:
    vendor.fill(3)
    vendor.api.faults.add(
        "results", body=b'"Id"\n', headers={"Sforce-NumberOfRecords": "3", "Sforce-Locator": "null"}, times=99
    )
    with bench_of(vendor, "Account", bulk="always") as bench:
        found = pulled(bench)
        assert not found.ok
        vendor.api.faults.clear()
        assert len(pulled(bench).rows("organization")) == 3


def test_more_fields_than_an_address_holds_are_asked_by_a_job(vendor: Any, org: Any) -> None:
    for number in range(500):
        org.add_field("Account", f"A_custom_field_with_a_long_name_{number:03d}__c")
    company(org, A_custom_field_with_a_long_name_499__c="last")
    with bench_of(vendor, "Account") as bench:
        found = pulled(bench)
        assert "long_name_499__c" in found.rows("organization")[0]["attrs"]
        assert not any(len(call.target) > 16_384 for call in found.calls)


def test_lines_end_at_line_feeds_only_and_pieces_may_cut_anything() -> None:
    text = '"a","b\r\u2028\x85"\n"c","d\ne"\n'
    for size in (1, 2, 3, 7):
        data = text.encode()
        pieces = [data[place : place + size] for place in range(0, len(data), size)]
        assert list(csv.reader(lines(pieces))) == list(csv.reader(io.StringIO(text, newline="\n")))
        assert "".join(lines(pieces)) == text


# -- limits and errors


def refusal(code: str, message: str = "said Salesforce") -> list[dict[str, str]]:
    return [{"message": message, "errorCode": code}]


def test_the_days_limit_is_busy_not_forbidden(vendor: Any, org: Any) -> None:
    vendor.fill(1)
    told = refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    vendor.api.faults.add("queryAll", status=403, json=told, times=99)
    with bench_of(vendor, "Account") as bench:
        text = " ".join(pulled(bench).report.failures)
    assert "REV-505" in text
    assert "some hours" in text


def test_a_share_of_the_calls_is_left_to_others_and_what_was_read_is_kept(vendor: Any, org: Any) -> None:
    vendor.fill(120)
    with bench_of(vendor, "Account", keep_calls=20) as bench:
        vendor.api.faults.add("/query/01g", then=lambda: setattr(org, "usage", (80_000, 100_000)))
        found = pulled(bench)
        assert "80,000 of the organization's 100,000" in " ".join(found.report.failures)
        assert len(found.rows("organization")) == 100
        org.usage = (500, 100_000)
        assert len(pulled(bench).rows("organization")) == 120


def test_a_query_that_takes_too_long_is_asked_as_a_job(vendor: Any, org: Any) -> None:
    vendor.fill(3)
    vendor.api.faults.add("queryAll.*SystemModstamp", status=400, json=refusal("QUERY_TIMEOUT"))
    with bench_of(vendor, "Account") as bench:
        found = pulled(bench)
    assert len(found.rows("organization")) == 3
    assert any("jobs" in call.path for call in found.calls)


def test_a_place_in_a_query_that_is_lost_is_found_again(vendor: Any, org: Any) -> None:
    vendor.fill(120)
    vendor.api.faults.add("/query/01g.*-100", status=400, json=refusal("INVALID_QUERY_LOCATOR"))
    with bench_of(vendor, "Account") as bench:
        found = pulled(bench)
        assert found.ok
        assert len(found.rows("organization")) == 120


def test_an_unknown_field_in_a_query_is_named(vendor: Any, org: Any) -> None:
    vendor.fill(1)
    told = refusal("INVALID_FIELD", "\nSELECT Id, Foo__c FROM Account\n^\nNo such column 'Foo__c' on entity 'Account'.")
    vendor.api.faults.add("queryAll.*SystemModstamp", status=400, json=told)
    with bench_of(vendor, "Account") as bench:
        text = " ".join(pulled(bench).report.failures)
    assert "does not know Foo__c" in text


def test_a_record_changed_while_we_page_is_read_the_next_time(vendor: Any, org: Any) -> None:
    keys = vendor.fill(120)
    with bench_of(vendor, "Account", lookback=0) as bench:

        def edit() -> None:
            # the first page is out; somebody changes a record of it, and later one of the last page
            org.tick(100)
            org.update("Account", keys[0], Name="changed while we paged")
            org.tick(100)
            org.update("Account", keys[-1], Name="changed after that")
            _, rows, _ = next(iter(org.locators.values()))
            rows[-1].update(org.data["Account"][keys[-1]])

        vendor.api.faults.add("/query/01g", then=edit)
        pulled(bench)
        assert pulled(bench).row("organization", keys[0])["name"] == "changed while we paged"


def test_formula_fields_are_read_again_after_some_days(vendor: Any, org: Any) -> None:
    org.add_field("Account", "Health__c")
    key = company(org, Health__c="good")
    org.tick(1000)
    company(org, Name="Later")
    with bench_of(vendor, "Account", resync_days=7) as bench:
        pulled(bench)
        org.data["Account"][key]["Health__c"] = "bad"  # formulas leave SystemModstamp as it is
        days(org, 3)
        assert "good" in pulled(bench).row("organization", key)["attrs"]
        bench.shift = timedelta(days=8)
        assert "bad" in pulled(bench).row("organization", key)["attrs"]


def test_since_limits_leads_and_never_companies(vendor: Any, org: Any) -> None:
    account = company(org)
    org.add("Lead", Status="New")
    days(org, 30)
    late = org.add("Lead", Status="New")
    with bench_of(vendor, "Account", "Lead", since="2026-02-01") as bench:
        found = pulled(bench)
    assert found.keys("organization") == {account}
    assert found.keys("lead") == {late}


@pytest.mark.parametrize("text", ["O'Brien", 'a "quote"', "back\\slash\\", "line\nend", "' OR Name != '", "ünï"])
def test_text_cannot_break_out_of_a_query(text: str) -> None:
    written = literal(text)
    assert "\n" not in written
    assert _literal(written) == text


# -- signing in


def test_client_credentials_and_signed_keys_sign_in_too(vendor: Any, org: Any, tmp_path: Path) -> None:
    company(org)
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "salesforce.pem").write_bytes(key)
    signed = {"refresh_token": None, "client_secret": None, "username": "rev@example.com"}
    ways: tuple[dict[str, Any], ...] = (
        {"refresh_token": None},
        {**signed, "private_key": key.decode()},
        {**signed, "private_key_file": str(tmp_path / "salesforce.pem")},
    )
    for settings in ways:
        with bench_of(vendor, "Account", **settings) as bench:
            found = pulled(bench)
            assert found.ok, found.report.failures
            assert len(found.rows("organization")) == 1


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"client_id": None}, "has no client_id"),
        ({"client_secret": None}, "has no client_secret"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----"}, "both a refresh_token and a private key"),
        ({"refresh_token": None, "private_key": "-----BEGIN PRIVATE KEY-----"}, "no username"),
        ({"bulk": "sometimes"}, "Write one of auto, always, never"),
        ({"page_size": 5000}, "200 to 2000"),
    ],
)
def test_settings_that_do_not_fit_are_named(vendor: Any, settings: dict[str, Any], text: str) -> None:
    with bench_of(vendor, **settings) as bench:
        assert text in " ".join(pulled(bench).report.failures)


def test_links_lead_to_salesforces_own_pages(vendor: Any) -> None:
    links = vendor.connector.links({"base_url": "https://acme.my.salesforce.com/"})
    assert links["organization"] == "https://acme.my.salesforce.com/lightning/r/Account/{id}/view"


# -- a second reader


class _Plain(HTTPAdapter):
    """simple-salesforce writes https:// whatever it is told; the organization here speaks plain HTTP on loopback."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **more)


def test_simple_salesforce_sees_the_same_records(vendor: Any, org: Any) -> None:
    vendor.fill(120)
    account = company(org, Name='It\'s "quoted",\nyes', NumberOfEmployees=7)
    deal = org.deal(AccountId=account, Amount=1234.56)
    with requests.Session() as session, bench_of(vendor, "Account", "Opportunity", bulk="always") as bench:
        session.mount("https://", _Plain())
        # the page size of the second reader is Salesforce's own
        second: Any = Salesforce(
            instance_url=vendor.api.base_url.replace("http://", "https://"), session_id=org.tokens[-1], version="64.0",
            session=session,
        )  # fmt: skip
        by_rest = second.query_all("SELECT Id, Name, NumberOfEmployees FROM Account ORDER BY Id")["records"]
        texts = list(second.bulk2.Account.query("SELECT Id, Name FROM Account", max_records=50, wait=0))
        deals = second.query_all("SELECT Id, Amount, StageName, CloseDate FROM Opportunity")["records"]
        found = pulled(bench)
    ours = {row["_key"]: row for row in found.rows("organization")}
    assert {record["Id"]: record["Name"] for record in by_rest} == {key: row["name"] for key, row in ours.items()}
    assert len(texts) == 3
    by_bulk = [line for text in texts for line in list(csv.reader(io.StringIO(str(text), newline="")))[1:]]
    assert {line[0]: line[1] for line in by_bulk} == {key: row["name"] for key, row in ours.items()}
    assert [(record["Id"], record["Amount"]) for record in deals] == [(deal, 1234.56)]
    assert str(found.row("opportunity", deal)["amount"]) == "1234.5600000000"


# -- the whole way


def test_from_lead_to_customer_every_number_is_as_counted_by_hand(vendor: Any, org: Any, tmp_path: Path) -> None:
    for name, flags in (("New", {"IsDefault": True}), ("MQL", {}), ("SQL", {}), ("Unqualified", {})):
        org.add("LeadStatus", ApiName=name, MasterLabel=name, **flags)
    sdrs, reps = org.add("UserRole", Name="SDR"), org.add("UserRole", Name="AE")
    ann, ben = (org.add("User", Name=name, UserRoleId=role) for name, role in (("Ann", sdrs), ("Ben", reps)))
    # a change that was recorded before everything else: tracking was on
    days(org, -5)
    org.move_lead(org.add("Lead", Id="00Q000000000000AAA", Status="New", IsDeleted=True), Status="MQL")

    days(org, 0)
    one, two = (org.add("Lead", Status="New", OwnerId=ann) for _ in range(2))
    days(org, 1)
    three = org.add("Lead", Status="New", OwnerId=ann)
    org.move_lead(one, Status="MQL")
    days(org, 2)
    org.move_lead(two, Status="MQL")
    org.move_lead(three, Status="Unqualified")
    days(org, 3)
    org.move_lead(one, Status="SQL", OwnerId=ben)
    org.add("Task", WhoId=one, OwnerId=ben, TaskSubtype="Call", IsClosed=True,
            CompletedDateTime="2026-01-08T11:00:00.000+0000")  # fmt: skip
    days(org, 5)
    account, other = company(org, Name="Acme"), company(org, Name="Bolt")
    contact = org.add("Contact", AccountId=account)
    deal = org.deal(AccountId=account, Amount=12000, OwnerId=ben, CloseDate="2026-02-28", Type="New Business")
    org.move_lead(one, Status="Qualified", IsConverted=True, ConvertedDate="2026-01-10", ConvertedAccountId=account,
                  ConvertedContactId=contact, ConvertedOpportunityId=deal)  # fmt: skip
    lost = org.deal(AccountId=other, Amount=8000, OwnerId=ben, CloseDate="2026-02-28")
    org.deal(AccountId=other, Amount=5000, OwnerId=ben, CloseDate="2026-03-31")
    days(org, 15)
    org.move_deal(deal, StageName="Proposal", Amount=15000)
    days(org, 30)
    org.move_deal(lost, StageName="Closed Lost", CloseDate="2026-02-04")
    days(org, 36)
    org.move_deal(deal, StageName="Closed Won", CloseDate="2026-02-10")

    os.environ["REVALIGN_SF_SECRET"] = "consumer-secret-1234"
    (tmp_path / "revalign.toml").write_text(
        f"""
[company]
currency = "USD"
time_zone = "Europe/Berlin"

[source.crm]
connector = "salesforce"
base_url = "{vendor.api.base_url}"
client_id = "consumer-key"
client_secret = "$env:REVALIGN_SF_SECRET"

[source.crm.mapping.UserRole]
function = {{ SDR = "marketing", AE = "sales" }}
""",
        encoding="utf-8",
    )
    project = load(tmp_path)
    registry = plugins_of(project)
    for report in pull(project, registry=registry):
        assert report.status == "ok", report.failures
        assert not report.counts.rejects
    build(project, registry=registry)
    ask = Query(project.snapshots)

    def number(name: str, period: str) -> Any:
        return ask.metric(name, period).value

    assert number("new_leads", "2026-01") == 3
    assert number("mql", "2026-01") == 2
    assert number("sql_leads", "2026-01") == 1
    assert number("opportunities", "2026-01") == 1
    assert number("sql_to_customer", "2026-01") == 1
    assert number("deals_won", "2026-02") == 1
    assert number("deals_lost", "2026-02") == 1
    assert number("win_rate", "2026-02") == 0.5
    assert number("bookings", "2026-02") == 15000
    # created 10 January, won 10 February
    assert number("sales_cycle", "2026-02") == 31
    # handed over at 9:00 UTC on 8 January, called at 11:00
    assert number("handoff_time", "2026-01") == 2
