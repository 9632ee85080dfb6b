"""From Zendesk and a finance system's export to numbers worked out by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.query import Query
from revalign_udf.testing import project_of

VENDOR = load(Path(__file__).with_name("vendor_zendesk.py"))
README = Path(__file__).parents[1] / "README.md"
TABLES = {
    "organization": "id name domain segment\nf1 Acme acme.example big\nf2 Beta beta.example small",
    "subscription": "id org_id started_at\ns1 f1 2026-01-01\ns2 f2 2026-01-01",
    "subscription_item_period": "id subscription_id valid_from amount interval\np1 s1 2026-01-01 100 month\n"
    "p2 s2 2026-01-01 50 month",
}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def filled(account: Any) -> None:
    """Five tickets of two customers in February, one in March."""
    account.now = int(time.time())
    account.organization(702, "Beta GmbH", domain_names=["beta.example"])
    account.user(802, "Ben", organization_id=702)

    def ticket(key: int, opened: str, minutes: int | None, solved: str = "", **more: Any) -> None:
        state = VENDOR.metrics(
            reply_time_in_minutes={"calendar": minutes}, solved_at=f"{solved}:00Z" if solved else None
        )
        account.ticket(key, at(opened), status="solved" if solved else "open", metric_set=state, **more)

    ticket(1, "2026-02-01 08:00", 30, "2026-02-02T08:00")
    ticket(2, "2026-02-10 23:50", 90)
    ticket(3, "2026-02-11 09:00", None)
    ticket(4, "2026-02-12 09:00", 60, "2026-03-05T10:00", organization_id=702, requester_id=802)
    ticket(5, "2026-02-13 09:00", 10, "2026-02-13T11:00")
    account.tickets[5]["status"] = "deleted"
    ticket(6, "2026-03-01 09:00", 600, "2026-03-02T09:00", organization_id=None, requester_id=802)
    for key, ticket_id, score, when in (
        (11, 1, "good", "2026-02-03 10:00"), (12, 2, "bad", "2026-02-20 10:00"), (13, 4, "good", "2026-02-28 23:00"),
        (14, 6, "offered", "2026-03-03 10:00"),
    ):  # fmt: skip
        account.rating(key, ticket_id, score, at(when))


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    folder, patch = tmp_path_factory.mktemp("desk"), pytest.MonkeyPatch()
    with VENDOR.ZendeskVendor() as vendor:
        filled(vendor.account)
        patch.setenv("DESK_SECRET", "client-secret-1")
        (folder / "plugins").mkdir()
        code = README.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
        (folder / "plugins" / "desk.py").write_text(code, encoding="utf-8")
        settings = (
            '[plugins]\nenabled = ["desk"]\n[source.zendesk]\nconnector = "zendesk"\nclient_id = "revalign"\n'
            f'client_secret = "$env:DESK_SECRET"\nexports_per_minute = 60000\nbase_url = "{vendor.api.base_url}"\n'
        )
        made = project_of(folder, TABLES, settings, through="2026-03-31")
        yield made
        made.close()
    patch.undo()


def test_tickets_are_counted_by_the_day_they_were_opened_without_deleted_ones(query: Query) -> None:
    assert query.metric("desk.tickets", "2026-02").exact == 4
    assert query.metric("desk.tickets", "2026-03").exact == 1


def test_a_ticket_counts_for_the_customer_that_finance_knows_by_its_domain(query: Query) -> None:
    assert query.metric("desk.tickets", "2026-02", {"segment": "big"}).exact == 3
    assert query.metric("desk.tickets", "2026-02", {"segment": "small"}).exact == 1
    # the ticket without an organization has its requester's
    assert query.metric("desk.tickets", "2026-03", {"segment": "small"}).exact == 1


def test_first_response_is_the_mean_of_the_answered_tickets(query: Query) -> None:
    # (30 + 90 + 60) / 3: the third ticket has no answer yet
    assert query.metric("desk.first_response", "2026-02").exact == 60
    assert query.metric("desk.first_response", "2026-02", {"segment": "big"}).exact == 60
    assert query.metric("desk.first_response", "2026-03").exact == 600


def test_solved_tickets_are_those_solved_by_now(query: Query) -> None:
    assert query.metric("desk.solved_share", "2026-02").exact == Fraction(2, 4)


def test_csat_counts_answers_and_not_offers(query: Query) -> None:
    assert query.metric("csat", "2026-02").exact == Fraction(2, 3)
    assert query.metric("csat", "2026-02", {"segment": "big"}).exact == Fraction(1, 2)
    assert query.metric("csat", "2026-02", {"segment": "small"}).exact == 1
    assert query.metric("csat", "2026-03").value is None


def test_the_customers_are_those_of_finance(query: Query) -> None:
    assert query.metric("customers", "2026-02").exact == 2
    assert query.metric("mrr", "2026-02").exact == 150
