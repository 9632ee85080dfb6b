"""Win/loss and content by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

DEALS = {
    "organization": "id name segment\na Alpha SMB\nb Beta SMB\nc Gamma ENT",
    "owner": "id name\no1 Ada\no2 Bo",
    "fx_rate": "date from_currency to_currency rate\n2026-01-31 EUR USD 2",
    "opportunity": "id org_id created_at type amount currency amount_basis term_months outcome closed_at owner_id loss_reason"
    """ competitor
        W1 a 2026-01-01 new     1200 USD acv -  won  2026-01-10 o1 -     Rival
        W2 b 2026-01-01 renewal 3000 USD tcv 36 won  2026-01-11 o1 -     -
        W3 c 2026-01-01 new      100 EUR mrr -  won  2026-01-31 -  -     rival
        L1 a 2026-01-01 new      900 USD acv -  lost 2026-01-12 o2 price RIVAL
        L2 b 2026-01-01 new      500 USD acv -  lost 2026-01-13 o2 Price Other
        L3 c 2026-01-01 new        - USD acv -  lost 2026-01-14 o2 -     -
        L4 c 2026-01-01 new     7000 USD acv -  lost 2026-02-01 o2 price Rival
        O1 c 2026-01-01 new     7000 USD acv -  open -          o2 price Rival""",
}  # fmt: skip


@pytest.fixture(scope="module")
def deals(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("deals"), DEALS, through="2026-03-31")


def rows(query: Query, name: str, period: str, where: dict[str, str] | None = None) -> list[dict[str, Any]]:
    found = query.metric(name, period, where)
    assert found.rows is not None, found.message
    return found.rows.dicts()


def test_the_largest_deals_of_each_outcome_by_value_a_year(deals: Query) -> None:
    found = rows(deals, "winloss", "2026-01")
    assert [(row["outcome"], row["id"], row["acv"]) for row in found] == [
        ("won", "W3", 2400), ("won", "W1", 1200), ("won", "W2", 1000),
        ("lost", "L1", 900), ("lost", "L2", 500), ("lost", "L3", 0),
    ]  # fmt: skip
    assert found[0]["rep"] == "(none)"
    assert (found[3]["rep"], found[3]["name"], found[3]["reason"], found[3]["competitor"]) == (
        "Bo",
        "Alpha",
        "price",
        "RIVAL",
    )
    assert [row["id"] for row in rows(deals, "winloss", "2026-01", {"top": "1"})] == ["W3", "L1"]
    assert [row["id"] for row in rows(deals, "winloss", "2026-01", {"segment": "ENT"})] == ["W3", "L3"]


def test_reasons_and_competitors_that_differ_by_case_are_one(deals: Query) -> None:
    found = {(row["by"], row["value"]): row for row in rows(deals, "winloss_reasons", "2026-01")}
    assert list(found) == [
        ("reason", "Price"), ("reason", "(none)"), ("competitor", "RIVAL"), ("competitor", "Other"), ("competitor", "(none)"),
    ]  # fmt: skip
    price = found["reason", "Price"]
    assert (price["lost"], price["acv_lost"], price["share_of_lost"], price["win_rate"]) == (2, 1400, 2 / 3, None)
    rival = found["competitor", "RIVAL"]
    assert (rival["won"], rival["lost"], rival["win_rate"], rival["acv_won"]) == (2, 1, 2 / 3, 3600)
    assert rival["win_rate_value"] == 3600 / 4500
    assert found["competitor", "Other"]["win_rate"] == 0
    assert rival["under_30"] == "yes"


def test_a_deal_without_a_rate_is_refused_and_never_listed_as_nothing(deals: Query, tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {**DEALS, "fx_rate": "date from_currency to_currency rate\n2026-01-01 EUR USD 2"},
        through="2026-03-31",
    )
    for name in ("winloss", "winloss_reasons"):
        assert query.metric(name, "2026-01").status == "REV-208"
        assert query.metric(name, "2026-02").rows is not None
        assert deals.metric(name, "2025-01").status == "REV-204"


CONTENT = {
    "team": "id name function\nt1 M marketing",
    "content_asset": """id name team_id stage campaign_id profile last_used_at last_reviewed_at
        1 Guide  t1 MQL         - SMB 2026-01-01 2026-06-30
        2 Slides t1 mql         - SMB 2026-01-01 -
        3 Edge   t1 lead        - SMB 2026-01-11 2025-01-01
        4 Over   t1 lead        - ENT 2026-01-10 -
        5 Nobody -  opportunity - -   -          -
        6 Other  t1 onboarding  - ENT 2026-07-09 -""",
}  # fmt: skip


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("content"), CONTENT, through="2026-07-10")


def test_an_asset_is_stale_after_180_days_and_not_on_the_180th(content: Query) -> None:
    found = {row["asset"]: row for row in rows(content, "content", "2026-07")}
    # the last day loaded is 10 July: 180 days after 11 January
    assert {name: row["age_days"] for name, row in found.items()} == {
        "Slides": 190, "Over": 181, "Nobody": None, "Edge": 180, "Guide": 10, "Other": 1,
    }  # fmt: skip
    assert {name: row["state"] for name, row in found.items()} == {
        "Slides": "stale", "Over": "stale", "Nobody": "unknown", "Edge": "fresh", "Guide": "fresh", "Other": "fresh",
    }  # fmt: skip
    assert content.metric("stale_content", "2026-07").value == 2 / 5
    assert content.metric("stale_content", "2026-07", {"days": "179"}).value == 3 / 5
    assert content.metric("content_assets", "2026-07").value == 6


def test_the_table_and_the_number_agree_on_what_is_stale(content: Query) -> None:
    for period in ("2026-02", "2026-06", "2026-07", "2026"):
        for days in ("1", "10", "150", "179", "180", "181"):
            found = [row["state"] for row in rows(content, "content", period, {"days": days})]
            share = content.metric("stale_content", period, {"days": days}).value
            assert share == found.count("stale") / (len(found) - found.count("unknown")), (period, days)


def test_what_was_used_after_a_past_period_is_not_stale_in_it(content: Query) -> None:
    found = {row["asset"]: row for row in rows(content, "content", "2026-02")}
    assert (found["Other"]["age_days"], found["Other"]["state"]) == (None, "fresh")


def test_a_stage_and_profile_without_an_asset_is_a_gap(content: Query) -> None:
    found = {(row["stage"], row["profile"]): row for row in rows(content, "content_coverage", "2026-07")}
    assert len(found) == 14  # six stages of the funnel and one of their own, for two profiles
    assert [key for key, row in found.items() if row["gap"] == "no"] == [
        ("lead", "ENT"), ("lead", "SMB"), ("mql", "SMB"), ("onboarding", "ENT"),
    ]  # fmt: skip
    assert (found["mql", "SMB"]["assets"], found["mql", "SMB"]["stale"]) == (2, 1)
    # an asset for everybody closes no gap of a profile, and is told
    assert (found["opportunity", "SMB"]["gap"], found["opportunity", "SMB"]["without_profile"]) == ("yes", 1)


def test_no_content_is_no_answer(deals: Query) -> None:
    for name in ("content", "content_coverage", "stale_content", "content_assets"):
        assert deals.metric(name, "2026-01").status == "REV-201"


def test_assets_without_any_date_have_no_share(tmp_path: Path) -> None:
    query = project_of(tmp_path, {"content_asset": "id name\n1 Guide"}, through="2026-07-10")
    answer = query.metric("stale_content", "2026-07")
    assert (answer.status, answer.value) == ("REV-110", None)
    assert rows(query, "content_coverage", "2026-07")[0]["gap"] == "yes"
