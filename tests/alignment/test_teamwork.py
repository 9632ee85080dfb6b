"""Priorities, the teams' own customer profiles, pace against goals, and the review."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from revalign_udf.alignment.review import PARTS, review
from revalign_udf.cli.commission import commission_command
from revalign_udf.cli.teamwork import content_command, priorities_command, review_command, winloss_command
from revalign_udf.errors import ConfigError
from revalign_udf.query import Query
from revalign_udf.query.tables.pace import business_days
from revalign_udf.query.tables.priorities import heads_of
from revalign_udf.query.tables.profiles import profiles_of
from revalign_udf.testing import project_of

PRIORITIES = """team,priority,topic,text,believes_match
marketing,1,Leads,more of the good ones,yes
marketing,2,Brand,,
marketing,3,Mid-market,,
sales,1,mid-market,,no
sales,2,leads,,
success,1,Onboarding,,yes
"""
PROFILES = """team,trait,value
marketing,segment,"SMB, MM"
sales,segment,MM
sales,country,SE
"""
# a renewed and grew, b renewed and shrank, c left, d pays
TABLES = {
    "organization": "id name segment country\na A MM SE\nb B SMB SE\nc C MM NO\nd D MM SE",
    "subscription": "id org_id started_at term_months\n" + "\n".join(f"s{k} {k} 2025-01-01 12" for k in "abc")
    + "\nsd d 2026-02-10 12",
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        a1 sa 2025-01-01 -          100 month
        b1 sb 2025-01-01 2026-02-01 100 month
        b2 sb 2026-02-01 -           50 month
        c1 sc 2025-01-01 2025-06-01 100 month
        d1 sd 2026-02-10 -          100 month""",
    "lead": "id created_at\n" + "\n".join(f"L{n} 2026-01-{n:02d}" for n in range(5, 15)),
    "opportunity": """id org_id created_at type amount amount_basis outcome closed_at
        O1 a 2025-12-01 new 1000 acv won  2026-01-15
        O2 b 2025-12-01 new 1000 acv lost 2026-01-15""",
    "goal": """metric period value currency team_id owner_id
        new_leads 2026-Q1 20 - - -
        deals_won 2026-Q1 10 - - -
        deals_lost 2026-Q1 3 - - -
        bookings 2026-Q1 100 USD - -
        nrr 2026-Q1 1.1 - - -
        visitors 2026-Q1 5 - - -""",
}  # fmt: skip


def project(folder: Path, files: dict[str, str], through: str = "2026-02-15") -> Query:
    (folder / "alignment").mkdir(parents=True)
    for name, text in files.items():
        (folder / "alignment" / name).write_text(text)
    return project_of(folder, TABLES, through=through)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("teamwork") / "p"
    project(found, {"priorities.csv": PRIORITIES, "profiles.csv": PROFILES}).close()
    return found


@pytest.fixture(scope="module")
def query(folder: Path) -> Query:
    return Query.open(folder)


def rows(query: Query, name: str, period: str = "2026-Q1", **where: str) -> list[dict[str, Any]]:
    found = query.metric(name, period, where)
    assert found.rows is not None, found.message
    return found.rows.dicts()


# --- priorities -------------------------------------------------------------------------------------------------------


def test_overlap_actual_believed_and_the_gap(query: Query) -> None:
    first, second, third, every = rows(query, "priorities")
    assert first == {
        "team": "marketing", "other_team": "sales", "shared": 2, "topics": "Leads, Mid-market", "actual_overlap": 2 / 3,
        "believed_overlap": 0.5, "gap": -1 / 6,
    }  # fmt: skip
    assert (second["shared"], second["believed_overlap"], second["gap"]) == (0, 1, 1)
    assert (third["other_team"], third["gap"]) == ("success", 0.5)
    assert (every["team"], every["shared"], every["believed_overlap"]) == ("all", 0, 2 / 3)


def row(team: str, rank: object, topic: str, **more: object) -> dict[str, object]:
    return {"team": team, "priority": rank, "topic": topic, **more}


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (row("sale", 1, "x"), "team is 'sale'"),
        (row("sales", 4, "x"), "whole number from 1 to 3"),
        (row("sales", "first", "x"), "no number"),
        (row("marketing", 1, "x"), "marketing has two priorities 1"),
        (row("marketing", 2, "LEADS"), "marketing lists LEADS twice"),
        (row("marketing", 2, "x", believes_match="no"), "both that the priorities match and that they do not"),
        (row("marketing", 2, "x", believes_match="perhaps"), "believes_match is 'perhaps'"),
    ],
)
def test_a_list_that_cannot_be_read(second: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match="priorities 2: ") as caught:
        heads_of([row("marketing", 1, "leads", believes_match=True), second])
    assert said in caught.value.message
    assert caught.value.code == "REV-305"


def test_what_nobody_has_said_is_blank(tmp_path: Path) -> None:
    query = project(tmp_path / "p", {"priorities.csv": "team,priority,topic\nsales,1,x\nmarketing,1,x\n"})
    assert [(r["actual_overlap"], r["believed_overlap"], r["gap"]) for r in rows(query, "priorities")] == [
        (1, None, None)
    ] * 2
    assert query.metric("team_profiles", "2026-01").status == "REV-204"


# --- profiles ---------------------------------------------------------------------------------------------------------


def test_two_teams_look_for_two_customers(query: Query) -> None:
    assert [tuple(r.values()) for r in rows(query, "team_profiles")] == [
        ("segment", "MM", "yes", "yes", "yes"), ("segment", "SMB", "yes", "", "no"), ("country", "SE", "", "yes", "no"),
    ]  # fmt: skip
    assert [tuple(r.values()) for r in rows(query, "profile_overlap")] == [("marketing", "sales", 1, 1, 1, 1 / 3)]


def test_how_the_profiles_fit_the_successful_and_the_worst(query: Query) -> None:
    # successful: a; the rest: b, c, d; of these the worst: c. sales looks for MM in SE: a and d
    marketing, sales = rows(query, "profile_fit", "2026-02")
    assert [marketing[k] for k in ("successful", "rest", "worst")] == [1, 3, 1]
    assert [sales[k] for k in ("successful", "rest", "worst", "lift", "lift_on_worst")] == [1, 1, 0, 3, None]


def test_a_profile_that_cannot_be_read() -> None:
    with pytest.raises(ConfigError, match="profiles 1: trait is 'segmnt'") as caught:
        profiles_of([{"team": "sales", "trait": "segmnt", "value": "x"}])
    assert caught.value.hint == "Did you mean segment?"


# --- pace -------------------------------------------------------------------------------------------------------------


def test_business_days() -> None:
    assert business_days(date(2026, 1, 1), date(2026, 4, 1)) == 64
    assert business_days(date(2026, 1, 3), date(2026, 1, 5)) == 0


def test_pace_is_what_is_reached_beside_the_days_gone(query: Query) -> None:
    found = {r["metric"]: r for r in rows(query, "early_warning")}
    # 1 January to 15 February: 32 of 64 business days
    leads = found["new_leads"]
    assert (leads["so_far"], leads["goal"], leads["share_reached"], leads["days_gone"]) == (10, 20, 0.5, 0.5)
    assert (leads["forecast"], leads["forecast_share"], leads["status"]) == (20, 1, "ahead")
    assert (found["deals_won"]["status"], found["deals_won"]["forecast"]) == ("behind", 2)
    # of a number wanted low, less is ahead
    assert (found["deals_lost"]["share_reached"], found["deals_lost"]["status"]) == (1 / 3, "ahead")
    assert found["opportunities"]["status"] == "no goal"
    assert (found["visitors"]["status"], found["visitors"]["so_far"], found["visitors"]["goal"]) == ("no data", None, 5)
    assert "REV-201" in found["visitors"]["note"]
    assert "nrr" not in found  # a ratio has no pace
    assert found["bookings"]["so_far"] == 1000


def test_a_stage_may_lag_by_some_points(query: Query) -> None:
    found = {r["metric"]: r for r in rows(query, "early_warning", tolerance="40")}
    assert found["deals_won"]["status"] == "ahead"


# --- review -----------------------------------------------------------------------------------------------------------


def test_one_failing_part_fails_all(query: Query) -> None:
    found = review(query, "2026-Q1")
    parts = {r["part"]: r for r in found.parts.dicts()}
    assert list(parts) == list(PARTS)
    assert (parts["pace"]["status"], parts["pace"]["value"], parts["pace"]["detail"]) == ("fail", 1, "deals_won")
    assert (parts["priorities"]["status"], parts["priorities"]["value"]) == ("fail", 2 / 3)
    assert (parts["kpis"]["status"], parts["definitions"]["status"]) == ("pass", "pass")
    for part in ("sla_followup", "stale_content", "drift"):
        assert (parts[part]["status"], parts[part]["value"]) == ("unknown", None)
        assert parts[part]["detail"]
    assert found.status == "fail"


def test_what_cannot_be_measured_neither_passes_nor_fails(tmp_path: Path) -> None:
    limits = "part,limit\npace,1\n"
    found = review(project(tmp_path / "p", {"review.csv": limits}), "2026-Q1")
    parts = {r["part"]: r["status"] for r in found.parts.dicts()}
    assert (parts["pace"], parts["priorities"], found.status) == ("pass", "unknown", "pass")


@pytest.mark.parametrize(
    ("text", "said"),
    [("pase,1", "part is 'pase'"), ("stale_content,25", "the limit of stale_content is 25"), ("pace,few", "no number")],
)
def test_a_limit_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    query = project(tmp_path / "p", {"review.csv": f"part,limit\n{text}\n"})
    with pytest.raises(ConfigError, match="review 1: ") as caught:
        review(query, "2026-Q1")
    assert said in caught.value.message


def test_the_checklist_counts_back_in_business_days(query: Query) -> None:
    days = [r["day"] for r in review(query, "2026-Q1", date(2026, 2, 23)).checklist.dicts()]
    assert (days[0], days[-1]) == ("2026-02-18", "2026-02-23")  # three business days before a Monday
    assert review(query, "2026-Q1").checklist.dicts()[-1]["day"] == "2026-02-20"  # five after Sunday, 15 February


def test_the_commands(folder: Path) -> None:
    def told(command: Any, *arguments: str) -> dict[str, Any]:
        done = CliRunner().invoke(command, [*arguments, "--project", str(folder), "--json"])
        assert done.exit_code == 0, done.output
        text = CliRunner().invoke(command, [*arguments, "--project", str(folder)])
        assert text.exit_code == 0, text.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    assert told(review_command, "2026-Q1", "--on", "2026-02-23")["status"] == "fail"
    assert told(priorities_command, "2026-02")["profile_fit"][0]["team"] == "marketing"
    won = told(winloss_command, "2026-Q1", "--top", "1")
    assert ([r["id"] for r in won["rows"]], won["reasons"][0]["value"]) == (["O1", "O2"], "(none)")
    assert told(content_command)["status"] == "REV-201"
    assert told(commission_command, "2025-Q4")["status"] == "REV-204"
