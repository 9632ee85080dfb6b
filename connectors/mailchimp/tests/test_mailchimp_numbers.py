"""From Mailchimp to the catalogue's e-mail metrics, worked out by hand; and Mailchimp's own client as a second reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import mailchimp_marketing  # type: ignore[import-untyped]
import pytest
from beside import load

from revalign_udf.query import Query
from revalign_udf.testing import Bench, project_of

VENDOR = load(Path(__file__).with_name("vendor_mailchimp.py"))
PEOPLE = [f"p{number}@acme.example" for number in range(1, 11)]
TABLES = {"organization": "id name domain\nf1 Acme acme.example"}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def filled(account: Any) -> None:
    """A newsletter to ten people in February, one to customers, and an automation of two steps."""
    account.audience("aud2", "Customers")
    for email in PEOPLE:
        account.member("aud1", email)
    account.member("aud2", PEOPLE[0])
    account.campaign("news", at("2026-02-10 09:00"), PEOPLE)
    account.act("news", PEOPLE[8], "bounce", at("2026-02-10 09:01"), type="hard")
    account.act("news", PEOPLE[9], "bounce", at("2026-02-10 09:02"), type="soft")
    for email in PEOPLE[:4]:
        account.act("news", email, "open", at("2026-02-10 10:00"))
        account.act("news", email, "open", at("2026-02-11 10:00"))  # a second look is no second message
    account.act("news", PEOPLE[4], "open", at("2026-03-02 10:00"))  # late, and still of February
    account.act("news", PEOPLE[0], "click", at("2026-02-10 10:01"), url="https://acme.example/a")
    account.act("news", PEOPLE[0], "click", at("2026-02-10 10:02"), url="https://acme.example/b")
    account.unsubscribe("news", PEOPLE[3], at("2026-02-10 11:00"))
    account.campaign("cust", at("2026-02-20 09:00"), PEOPLE[:2], audience="aud2")
    account.act("cust", PEOPLE[1], "click", at("2026-02-20 10:00"), url="https://acme.example/c")
    account.automation("flow", ["step1", "step2"])
    for email in PEOPLE[:3]:
        account.automated("flow", "step1", email, at("2026-02-05 09:00"))
    account.automated("flow", "step2", PEOPLE[0], at("2026-02-07 09:00"))
    account.act("step1", PEOPLE[0], "open", at("2026-02-05 10:00"))


@pytest.fixture(scope="module")
def vendor() -> Iterator[Any]:
    with VENDOR.SmallPages() as made:
        filled(made.account)
        yield made


@pytest.fixture(scope="module")
def query(vendor: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    patch = pytest.MonkeyPatch()
    patch.setenv("MAIL_KEY", VENDOR.KEY)
    settings = (
        '[source.mail]\nconnector = "mailchimp"\napi_key = "$env:MAIL_KEY"\ncustomer_audiences = ["Customers"]\n'
        f'automation_sends = true\nbase_url = "{vendor.api.base_url}"\n'
    )
    made = project_of(tmp_path_factory.mktemp("mail"), TABLES, settings, through="2026-03-31")
    yield made
    made.close()
    patch.undo()


def test_rates_are_of_delivered_mail_and_not_of_sent_mail(query: Query) -> None:
    # ten sent, two bounced: eight delivered; five people opened, one of them clicked
    assert query.metric("email_open_rate", "2026-02").exact == Fraction(5, 8)
    assert query.metric("email_ctr", "2026-02").exact == Fraction(1, 8)
    assert query.metric("email_open_rate", "2026-03").value is None


def test_mail_to_customers_stands_apart(query: Query) -> None:
    assert query.metric("email_ctr_customers", "2026-02").exact == Fraction(1, 2)
    assert query.metric("email_open_rate_customers", "2026-02").exact == 0


def test_automated_mail_stands_apart(query: Query) -> None:
    # four messages sent by the automation, one of them opened
    assert query.metric("email_open_rate_automated", "2026-02").exact == Fraction(1, 4)


def test_mailchimps_own_client_sees_the_same_people_and_acts(vendor: Any) -> None:
    client = mailchimp_marketing.Client({"api_key": VENDOR.KEY})
    for part in (client.lists, client.reports):
        part.api_client.host = f"{vendor.api.base_url}/3.0"
    members = client.lists.get_list_members_info("aud1", count=1000)["members"]
    sent = client.reports.get_campaign_recipients("news", count=1000)["sent_to"]
    acts = client.reports.get_email_activity_for_campaign("news", count=1000)["emails"]
    with Bench(vendor) as bench:
        result = bench.pull()
        assert {member["id"] for member in members} == result.keys("person")
        ours = {kind: [row for row in result.rows("touch") if (row["kind"], row["campaign_id"]) == (kind, "news")]
                for kind in ("sent", "delivered", "bounced", "opened", "clicked")}  # fmt: skip
        assert {item["email_id"] for item in sent} == {row["person_id"] for row in ours["sent"]}
        assert {item["email_id"] for item in sent if item["status"] == "sent"} == {
            row["person_id"] for row in ours["delivered"]
        }
        for action, kind in (("open", "opened"), ("click", "clicked"), ("bounce", "bounced")):
            theirs = sorted(
                (email["email_id"], act["timestamp"])
                for email in acts
                for act in email["activity"]
                if act["action"] == action
            )
            assert sorted((row["person_id"], row["occurred_at"].isoformat()) for row in ours[kind]) == theirs
