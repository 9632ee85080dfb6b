"""Hand-offs from records and from stages: who, when, the first contact, what came back, what is left out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

STOCKHOLM = '[company]\nname = "x"\ncurrency = "EUR"\ntime_zone = "Europe/Stockholm"\n'
TABLES = {
    "team": "id name function\nmkt Marketing marketing\nsdr Inside sales",
    "owner": "id name team_id\no1 Ada mkt\no2 Bo sdr\no3 Cy sdr",
    "owner_team": "owner_id team_id valid_from valid_to\no3 mkt 2025-01-01 2026-03-05\no3 sdr 2026-03-05 -",
    "person": "id email\np1 a@x.example",
    "lead": "id created_at person_id channel\nl1 2026-02-01 p1 ads\n"
    + "\n".join(f"l{n} 2026-02-01 - web" for n in range(2, 10)),
    "stage_map": "connection object source_stage stage\n* lead Marketing-ready mql\n* lead Sales-ready sql",
    # mapped stages with another owner at the second are hand-offs
    "lifecycle_event": """id subject_type subject_id stage occurred_at owner_id reason_code
        a1 lead l1 Marketing-ready 2026-03-02T09:00 o1 -
        a2 lead l1 Sales-ready 2026-03-03T09:00 o2 -
        b1 lead l2 mql 2026-03-02T09:00 o2 -
        b2 lead l2 sql 2026-03-03T09:00 o2 -
        c1 lead l3 mql 2026-03-02T09:00 o1 -
        c2 lead l3 sql 2026-03-03T09:00 - -
        d1 lead l4 mql 2026-03-02T09:00 o1 -
        d2 lead l4 sal 2026-03-02T10:00 o2 -
        d3 lead l4 sql 2026-03-03T09:00 o2 -
        d4 lead l4 opportunity 2026-03-04T09:00 o2 -
        e1 lead l5 mql 2026-03-02T09:00 - -
        e2 lead l5 sql 2026-03-03T09:00 o2 -
        e3 lead l5 disqualified 2026-03-04T09:00 o2 no_fit
        f1 lead l6 mql 2026-03-02T09:00 o1 -
        f2 lead l6 sql 2026-03-03T09:00 o2 -
        f3 lead l6 recycled 2026-03-04T09:00 o1 later
        f4 lead l6 mql 2026-03-06T09:00 o1 -
        f5 lead l6 sql 2026-03-06T10:00 o3 -
        f6 lead l6 sql 2026-03-07T10:00 o2 -
        g1 lead l7 sql 2026-03-03T09:00 o2 -
        h1 lead l8 mql 2026-03-02T09:00 o1 -
        h2 lead l8 sql 2026-03-03T09:00 o3 -""",
    # only what the new owner does outwards, from then on, is a first contact
    "touch": """id lead_id person_id occurred_at kind owner_id direction is_bot
        t1 l1 - 2026-03-03T08:59 call o2 out -
        t2 l1 - 2026-03-03T10:00 call o1 out -
        t3 l1 - 2026-03-03T11:00 call o2 in -
        t4 l1 - 2026-03-03T12:00 sent - out -
        t5 l1 - 2026-03-03T13:00 visit o2 - -
        t6 - p1 2026-03-03T23:30 meeting o2 - -
        t7 l1 - 2026-03-04T09:00 call o2 out -
        t8 l4 - 2026-03-03T09:00 sent o2 out -
        t9 l6 - 2026-03-03T10:00 call o2 out true""",
}


def facts(query: Query, *columns: str) -> dict[str, Any]:
    """Record -> its columns; one column is itself."""
    sql = f"SELECT record_id, {', '.join(columns)} FROM fact_handoff ORDER BY record_id"
    found = query.session().snapshot.con.execute(sql).fetchall()
    return {row[0]: row[1] if len(columns) == 1 else row[1:] for row in found}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    found = project_of(tmp_path_factory.mktemp("told"), TABLES, STOCKHOLM, through="2026-03-31")
    yield found
    found.close()


def test_a_handoff_is_told_from_mapped_stages_and_a_change_of_owner(told: Query) -> None:
    """l2 keeps its owner, l7 was never a qualified lead of marketing; l4's acceptance in between does not matter; on 6
    March Cy has come over to sales, on the 3rd not yet."""
    assert facts(told, "lead", "from_team", "to_team", "owner") == {
        "a2": ("l1", "mkt", "sdr", "o2"),
        "d3": ("l4", "mkt", "sdr", "o2"),
        "e2": ("l5", None, "sdr", "o2"),
        "f2": ("l6", "mkt", "sdr", "o2"),
        "f5": ("l6", "mkt", "sdr", "o3"),
        "h2": ("l8", "mkt", "mkt", "o3"),
    }


def test_a_stage_without_owner_is_listed(told: Query) -> None:
    excluded = told.explain("handoff_time", "2026-03").excluded.dicts()
    assert [(row["reason"], row["count"]) for row in excluded] == [("no owner at stage sql", 1)]


def test_the_first_contact_is_the_new_owners_own(told: Query) -> None:
    """A meeting with the person counts; its day is the company's, its instant UTC. A mail at the very moment counts."""
    found = {key: (str(at), str(on)) for key, (at, on) in facts(told, "contact_at", "contact_on").items() if at}
    assert found == {"a2": ("2026-03-03 22:30:00", "2026-03-03"), "d3": ("2026-03-03 08:00:00", "2026-03-03")}
    assert told.metric("handoff_time", "2026-03").exact == (14 + 30 / 60 + 0) / 2


def test_what_stages_say_afterwards_is_the_answer(told: Query) -> None:
    columns = ("accepted_on", "rejected_on", "returned_on", "reason")
    found = {key: tuple(str(cell) if cell else None for cell in row) for key, row in facts(told, *columns).items()}
    assert found["d3"] == ("2026-03-04", None, None, None)
    assert found["e2"] == (None, "2026-03-04", None, "no_fit")
    # recycled before it was handed over anew: the second hand-off has no answer
    assert found["f2"] == (None, None, "2026-03-04", "later")
    assert found["f5"] == found["a2"] == (None, None, None, None)
    assert told.metric("closed_loop_rate", "2026-03").value == 2 / 6


def test_teams_and_dimensions_reach_handoffs(told: Query) -> None:
    table = {(row["from_team"], row["to_team"]): row["handed"] for row in _rows(told, "handoffs")}
    assert table == {("(none)", "Inside"): 1, ("Marketing", "Inside"): 4, ("Marketing", "Marketing"): 1}
    parts = {value: answer.exact for value, answer in told.breakdown("handoff_time", "2026-03", "rep")}
    assert parts == {"Bo": 7.25}
    assert told.metric("closed_loop_rate", "2026-03", {"from_team": "(none)"}).exact == 1
    assert told.metric("closed_loop_rate", "2026-03", {"channel": "ads"}).exact == 0


def _rows(query: Query, name: str) -> list[dict[str, Any]]:
    answer = query.metric(name, "2026-03")
    assert answer.rows is not None, answer.message
    return answer.rows.dicts()


def test_one_record_is_enough_for_stages_to_be_no_handoffs(tmp_path: Path) -> None:
    """A record without a first contact takes the new owner's own; one with keeps it."""
    handoff = """id lead_id from_team to_team handed_at to_owner_id first_contact_at
        r1 l1 mkt sdr 2026-03-03T09:00 o2 -
        r2 l4 mkt sdr 2026-03-03T08:00 o2 2026-03-03T08:30"""
    query = project_of(tmp_path, {**TABLES, "handoff": handoff}, STOCKHOLM, through="2026-03-31")
    found = {key: str(at) for key, at in facts(query, "contact_at").items()}
    assert found == {"r1": "2026-03-03 22:30:00", "r2": "2026-03-03 07:30:00"}


def test_instants_with_offsets_and_days_in_the_companys_zone(tmp_path: Path) -> None:
    """23:30 in UTC is the next morning in Stockholm: the hand-off belongs to April."""
    handoff = "id lead_id from_team to_team handed_at to_owner_id\nr1 l1 mkt sdr 2026-03-31T23:30:00Z o2"
    query = project_of(tmp_path, {**TABLES, "handoff": handoff}, STOCKHOLM, through="2026-04-30")
    assert [str(cell) for cell in facts(query, "handed_at", "on_day")["r1"]] == ["2026-03-31 23:30:00", "2026-04-01"]
    assert query.metric("closed_loop_rate", "2026-04").exact == 0
    assert query.metric("closed_loop_rate", "2026-03").status == "REV-204"


def test_leads_that_are_not_loaded_at_all_are_no_reason_to_leave_out(tmp_path: Path) -> None:
    handoff = "id lead_id from_team to_team handed_at\nr1 l1 mkt sdr 2026-03-03T09:00"
    query = project_of(tmp_path, {"handoff": handoff}, STOCKHOLM, through="2026-03-31")
    (row,) = _rows(query, "handoff_orphans")
    assert (row["lead"], row["why"]) == ("l1", "handed to nobody")


def test_an_owner_nobody_knows_or_who_has_not_begun_is_no_owner(tmp_path: Path) -> None:
    tables = {
        "owner": "id name active_from\no1 Ada 2026-05-01\no2 Bo -",
        "handoff": "id lead_id from_team to_team handed_at to_owner_id\n"
        "r1 l1 mkt sdr 2026-03-03T09:00 o1\nr2 l1 mkt sdr 2026-03-03T09:00 o9\nr3 l1 mkt sdr 2026-03-03T09:00 o2",
    }
    query = project_of(tmp_path, tables, STOCKHOLM, through="2026-03-31")
    assert {row["handoff"]: row["why"] for row in _rows(query, "handoff_orphans")} == {
        "r1": "its owner is not active", "r2": "handed to an owner who is not known", "r3": "no first contact",
    }  # fmt: skip


def test_without_stages_and_records_there_is_no_number(tmp_path: Path) -> None:
    query = project_of(tmp_path, {"lead": "id created_at\nl1 2026-02-01"}, STOCKHOLM, through="2026-03-31")
    for name in ("handoff_time", "closed_loop_rate", "handoffs", "handoff_orphans"):
        assert query.metric(name, "2026-03").status == "REV-201", name
