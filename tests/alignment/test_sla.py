"""Promises between teams, kept and broken, by hand: weekends, holidays, clock changes, two time zones, and what waits."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import load
from click.testing import CliRunner, Result

from revalign_udf.alignment.handoffs import handoff_routes, orphaned_handoffs
from revalign_udf.alignment.sla import sla_breaches, sla_monitor
from revalign_udf.cli.output import console
from revalign_udf.cli.sla import handoffs_command, sla_command
from revalign_udf.errors import ConfigError
from revalign_udf.query import Answer, Query

HAND = load(Path(__file__).with_name("handed.py"))
MARCH = "2026-03"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("handed")
    HAND.handed(found).close()
    return found


@pytest.fixture(scope="module")
def query(folder: Path) -> Iterator[Query]:
    found = Query.open(folder)
    yield found
    found.close()


def rows(answer: Answer) -> list[dict[str, Any]]:
    assert answer.rows is not None, answer.message
    return answer.rows.dicts()


def by(answer: Answer, column: str) -> dict[Any, dict[str, Any]]:
    return {row[column]: row for row in rows(answer)}


# --- follow-up ---------------------------------------------------------------------------------------------------------


def test_followup_of_each_team_in_its_own_hours(query: Query) -> None:
    """Stockholm: exact, weekend over the clock change, holiday, toolate, silent kept; second, waiting, back, nobody, gone,
    later broken; notyet waits; refused (handed back in time) apart. New York: ocean2 kept, ocean took five hours."""
    found = by(query.metric("sla", MARCH), "promise")
    stockholm, york = found["contact"], found["contact overseas"]
    states = ("promised", "kept", "breached", "not_yet_due", "apart")
    assert [stockholm[name] for name in states] == [13, 5, 6, 1, 1]
    assert [york[name] for name in states] == [2, 1, 1, 0, 0]
    assert stockholm["share"] == 5 / 11
    assert query.metric("sla_followup", MARCH).exact == Fraction(6, 13)
    assert query.metric("sla_followup", MARCH, {"to_team": "ny"}).exact == Fraction(1, 2)
    # of eleven the half is promised: five kept and one still open can make six of twelve
    assert (stockholm["promised_share"], stockholm["met"]) == (0.5, "open")
    assert (york["promised_share"], york["met"]) == (1, "no")
    # 4, 4 and a second, 4, 3, 1, 1
    assert [stockholm[name] for name in ("mean_hours", "median_hours", "p90_hours")] == [
        float((17 + Fraction(1, 3600)) / 6), 3.5, float(4 + Fraction(1, 7200)),
    ]  # fmt: skip


def test_every_broken_promise_is_listed_with_its_record(query: Query) -> None:
    found = {row["handoff"]: row for row in rows(query.metric("sla_breaches", MARCH)) if row["kind"] == "followup"}
    late = {name: row["hours_late"] for name, row in found.items()}
    assert late == {
        "second": 1 / 3600, "waiting": 12, "back": 19, "ocean": 1, "gone": 5, "later": 4,
        # from Monday 2 March to the end of the month: 21 working days and a half-finished one less four hours
        "nobody": 21 * 8 - 4,
    }  # fmt: skip
    second, ocean, waiting = found["second"], found["ocean"], found["waiting"]
    assert second["due_at"] == "2026-03-16T13:00:00+01:00"
    assert second["done_at"] == "2026-03-16T13:00:01+01:00"
    assert (second["lead"], second["rep"], second["why"]) == ("l2", "Bo", "first contact too late")
    # told in the time zone of the promise: in March New York was five hours behind
    assert (ocean["handed_at"], ocean["due_at"]) == ("2026-03-16T10:00:00-04:00", "2026-03-16T14:00:00-04:00")
    assert (waiting["due_at"], waiting["done_at"]) == ("2026-03-30T13:00:00+02:00", None)
    assert waiting["why"] == found["later"]["why"] == "no contact yet"
    assert found["back"]["why"] == "handed back too late and without a contact"


def test_what_waits_is_broken_once_its_time_is_up(tmp_path: Path) -> None:
    """On 31 March ``notyet`` has waited two of its four hours; on the evening of 1 April it is late."""
    before, after = (HAND.handed(tmp_path / day, through=day) for day in ("2026-03-31", "2026-04-01"))
    notyet = {"channel": "web", "to_team": "sdr"}
    assert by(before.metric("sla", MARCH, notyet), "promise")["contact"]["not_yet_due"] == 1
    assert by(after.metric("sla", MARCH, notyet), "promise")["contact"]["not_yet_due"] == 0
    late = [row for row in rows(after.metric("sla_breaches", MARCH)) if row["handoff"] == "notyet"]
    assert [row["hours_late"] for row in late] == [6]
    # what happened on the first of April was not known at the end of March, and broke the promise either way
    later = [row["done_at"] for row in rows(after.metric("sla_breaches", MARCH)) if row["handoff"] == "later"]
    assert later == ["2026-04-01T10:00:00+02:00"]


def test_a_longer_period_and_a_slice_are_ratios_of_sums(query: Query) -> None:
    assert query.metric("sla_followup", "2026-Q1").exact == Fraction(6, 13)
    parts = dict(query.breakdown("sla_followup", MARCH, "to_team"))
    assert {name: answer.exact for name, answer in parts.items()} == {"ny": Fraction(1, 2), "sdr": Fraction(5, 11)}
    assert query.metric("sla_followup", "2026-02").status == "REV-204"  # before the first hand-off


# --- information, feedback, time ---------------------------------------------------------------------------------------


def test_information_counts_the_fields_a_handoff_names(query: Query) -> None:
    """Of fifteen hand-offs one came with 4 of 5 fields and one does not say."""
    row = by(query.metric("sla", MARCH), "promise")["complete"]
    assert [row[name] for name in ("promised", "kept", "breached", "apart")] == [15, 13, 1, 1]
    assert query.metric("sla_information", MARCH).exact == Fraction(13, 14)
    broken = [row for row in rows(query.metric("sla_breaches", MARCH)) if row["kind"] == "information"]
    assert [(row["handoff"], row["why"], row["hours_late"]) for row in broken] == [("second", "4 of 5 fields", None)]


def test_information_by_name_is_read_from_lead_person_and_organization(tmp_path: Path) -> None:
    sla = '[[sla]]\nname = "full"\nkind = "information"\nby = "mkt"\nto = "sdr"\nfields = ["email", "budget", "segment"]\n'
    found = HAND.handed(tmp_path, {"sla.csv": "", "sla.toml": sla})
    # l1 has all three; l2's person has no address and it says nothing of a budget; l3's budget is an empty text
    why = {row["lead"]: row["why"] for row in rows(found.metric("sla_breaches", MARCH))}
    assert why["l2"] == "missing: email, budget"
    assert why["l3"] == "missing: budget"
    assert "l1" not in why
    assert found.metric("sla_information", MARCH).exact == Fraction(1, 13)


def test_feedback_is_a_refusal_with_a_reason_in_time(query: Query) -> None:
    """refused in an hour with a reason; back without one, toolate an hour late; silent may still say why."""
    row = by(query.metric("sla", MARCH), "promise")["reasons"]
    assert [row[name] for name in ("promised", "kept", "breached", "not_yet_due", "met")] == [4, 1, 2, 1, "no"]
    assert query.metric("sla_feedback", MARCH).exact == Fraction(1, 3)
    broken = {row["handoff"]: row for row in rows(query.metric("sla_breaches", MARCH)) if row["kind"] == "feedback"}
    assert {name: (row["hours_late"], row["why"]) for name, row in broken.items()} == {
        "toolate": (1, "refused too late"),
        "back": (63, "refused without a reason"),
    }


def test_handoff_time_counts_each_route_in_its_own_calendar(query: Query) -> None:
    """4 + 4 h 1 s + 4 + 3 + 5 + 4 + 1 + 1 hours of eight contacted."""
    assert query.metric("handoff_time", MARCH).exact == (26 + Fraction(1, 3600)) / 8
    assert query.metric("handoff_time", MARCH, {"to_team": "ny"}).exact == Fraction(9, 2)


def test_closed_loop_leaves_out_what_is_not_due(query: Query) -> None:
    """Reported: exact, second, weekend, refused, ocean, toolate. Silent past their time, or never promised any: holiday,
    back, nobody, ocean2."""
    assert query.metric("closed_loop_rate", MARCH).exact == Fraction(6, 10)


# --- volume ------------------------------------------------------------------------------------------------------------


def test_volume_of_rows_and_of_committed_goals(query: Query) -> None:
    """Two of the two qualified leads promised for March; two of the four sql_leads a goal commits to. The goal of ten
    qualified leads is left out: a row of sla speaks of them. A goal without commitment is none."""
    found = by(query.metric("sla", MARCH), "promise")
    assert set(found) == {"leads", "complete", "contact", "contact overseas", "reasons", "goal of sql_leads"}
    leads, goal = found["leads"], found["goal of sql_leads"]
    columns = ("by_team", "promised", "delivered", "kept", "breached", "share", "met")
    assert [leads[name] for name in columns] == ["marketing", 2, 3, 2, 0, 1.5, "yes"]
    assert [goal[name] for name in columns] == ["Inside_sales", 4, 2, 2, 2, 0.5, "no"]
    assert query.metric("sla_volume", MARCH).exact == Fraction(5, 6)
    assert query.metric("sla_volume", "2026-02").exact == Fraction(1, 2)
    short = [row["why"] for row in rows(query.metric("sla_breaches", MARCH)) if row["kind"] == "volume"]
    assert short == ["2 of 4 sql_leads in 2026-03"]


def test_volume_of_a_quarter_is_that_of_its_months_a_promise_holds_in(query: Query) -> None:
    """Promised from February on: (1 + 3) of 4, and the goal of March."""
    assert query.metric("sla_volume", "2026-Q1").exact == Fraction(1 + 3 + 2, 2 + 2 + 4)
    months = [row["period"] for row in rows(query.metric("sla", "2026-Q1")) if row["promise"] == "leads"]
    assert months == ["2026-02", "2026-03"]


def test_volume_is_promised_as_a_whole(query: Query) -> None:
    with pytest.raises(Exception, match="cannot be cut by channel") as caught:
        query.metric("sla_volume", MARCH, {"channel": "ads"})
    assert getattr(caught.value, "code", "") == "REV-103"
    assert "volume" not in {row["kind"] for row in rows(query.metric("sla", MARCH, {"channel": "ads"}))}


def test_an_amount_per_quarter_has_no_month(tmp_path: Path) -> None:
    sla = (
        '[[sla]]\nname = "q"\nkind = "volume"\nby = "mkt"\nto = "sdr"\nmetric = "mql"\namount = 8\nperiod = "quarter"\n'
    )
    query = HAND.handed(tmp_path, {"sla.csv": "", "sla.toml": sla}, {"goal": "metric period value\nmrr 2026-01 1"})
    month = query.metric("sla_volume", MARCH)
    assert (month.status, month.value) == ("REV-204", None)
    assert "promised per quarter" in month.message
    assert query.metric("sla_volume", "2026-Q1").exact == Fraction(4, 8)


def test_an_open_month_is_not_broken_yet(tmp_path: Path) -> None:
    query = HAND.handed(tmp_path, through="2026-03-11")
    found = by(query.metric("sla", MARCH), "promise")
    goal = found["goal of sql_leads"]
    assert [goal[name] for name in ("promised", "kept", "breached", "not_yet_due", "met")] == [4, 0, 0, 4, "open"]
    assert not [row for row in rows(query.metric("sla_breaches", MARCH)) if row["kind"] == "volume"]
    assert query.metric("sla_volume", MARCH).status == "partial"


# --- nothing promised, nothing there -----------------------------------------------------------------------------------


def test_without_promises_there_is_a_reason_and_no_number(tmp_path: Path) -> None:
    query = HAND.handed(tmp_path, dict.fromkeys(HAND.ALIGNMENT, ""), {"goal": "metric period value\nmrr 2026-01 1"})
    for name in ("sla", "sla_breaches", "sla_volume", "sla_followup", "sla_information", "sla_feedback"):
        answer = query.metric(name, MARCH)
        assert (answer.status, answer.value, answer.rows) == ("REV-204", None, None), name
        assert "alignment/sla.toml" in answer.message
    # time from hand-off to contact needs no promise: without any calendar it is counted around the clock
    hours = Fraction(4 + 4 + 67 + 43 + 5 + 68 + 1 + 1) + Fraction(1, 3600)
    assert query.metric("handoff_time", MARCH).exact == hours / 8
    assert query.metric("closed_loop_rate", MARCH).exact == Fraction(6, 15)


def test_without_handoffs_amounts_are_still_monitored(tmp_path: Path) -> None:
    tables = {"handoff": "id lead_id from_team to_team handed_at", "lifecycle_event": HAND.TABLES["lifecycle_event"]}
    query = HAND.handed(tmp_path, tables=tables)
    assert query.metric("sla_volume", MARCH).exact == Fraction(5, 6)
    assert query.metric("sla_followup", MARCH).status == "REV-201"
    assert query.metric("handoffs", MARCH).status == "REV-201"


def test_several_calendars_and_none_named_is_no_number(tmp_path: Path) -> None:
    query = HAND.handed(tmp_path, {"sla.csv": ""})
    answer = query.metric("handoff_time", MARCH)
    assert (answer.status, answer.value) == ("REV-204", None)
    assert 'Call one of the calendars "default".' in answer.message
    assert {row["mean_hours"] for row in rows(query.metric("handoffs", MARCH))} == {None}


def test_adding_a_breach_never_improves_an_sla(tmp_path: Path) -> None:
    worse = HAND.TABLES["handoff"] + "\n more l4 mkt sdr o1 2026-03-03T09:00 2026-03-30T09:00 - - - - - 1 5"
    query = HAND.handed(tmp_path, tables={"handoff": worse})
    assert query.metric("sla_followup", MARCH).exact == Fraction(6, 14)
    assert query.metric("sla_information", MARCH).exact == Fraction(13, 15)


# --- records -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["sla_followup", "sla_information", "sla_feedback", "closed_loop_rate", "handoff_time", "sla"]
)
def test_records_add_up_to_the_components(query: Query, name: str) -> None:
    explained = query.explain(name, MARCH)
    listed: dict[str, float] = {}
    for row in explained.records.dicts():
        assert row["table"] == "handoff"
        listed[str(row["component"])] = listed.get(str(row["component"]), 0) + float(row["contribution"] or 0)
    known = {str(row["component"]): row["value"] for row in explained.components.dicts() if row["value"]}
    assert listed == pytest.approx(known)
    assert known


def test_left_out_handoffs_are_listed(query: Query) -> None:
    excluded = {row["reason"]: row["count"] for row in query.explain("handoff_time", MARCH).excluded.dicts()}
    assert excluded == {"answered before it was made": 1, "no such lead": 1}


# --- routes and orphans ------------------------------------------------------------------------------------------------


def test_routes_show_who_gets_leads_and_who_answers(query: Query) -> None:
    found = {(row["to_team"], row["rule"]): row for row in rows(handoff_routes(query, MARCH))}
    assert list(found) == [
        ("Inside_sales", "segment = ENT or MID"),
        ("Inside_sales", "(every other)"),
        ("New_York", "(no rule)"),
    ]
    large, rest, york = found.values()
    # exact went to Ada as the rule says, second to Bo
    assert [large[name] for name in ("handed", "accepted", "off_route", "contact", "contact_for_questions")] == [
        2, 2, 1, "Ada", "Eve",
    ]  # fmt: skip
    counts = ("handed", "contacted", "accepted", "rejected", "returned", "orphaned", "reported", "due", "off_route")
    assert [rest[name] for name in counts] == [11, 4, 0, 3, 1, 4, 3, 6, None]
    assert (rest["contact"], rest["contact_for_questions"]) == ("desk@example.com", None)
    assert [york[name] for name in ("handed", "contact", "mean_hours", "closed_loop")] == [2, None, 4.5, 0.5]
    assert large["median_hours"] == pytest.approx(4 + 1 / 7200)


def test_orphans_are_those_nobody_takes_care_of(query: Query) -> None:
    """notyet has its time, refused and back were answered; later's contact is not known at the end of March."""
    found = {row["handoff"]: row for row in rows(orphaned_handoffs(query, MARCH))}
    assert {name: row["why"] for name, row in found.items()} == {
        "nobody": "handed to nobody",
        "waiting": "no first contact past the limit",
        "gone": "its owner is not active",
        "later": "no first contact past the limit",
    }
    assert found["waiting"]["hours_waiting"] == 16
    assert found["waiting"]["contact"] == "desk@example.com"


# --- bad agreements ----------------------------------------------------------------------------------------------------

_SLA = '[[sla]]\nname = "a"\nkind = "followup"\nby = "{by}"\nto = "mkt"\nhours = 4\ncalendar = "stockholm"\n'


@pytest.mark.parametrize(
    ("alignment", "message"),
    [
        ({"sla.toml": _SLA.format(by="slaes")}, r"sla 1 \(a\): there is no team slaes. Did you mean sales?"),
        (
            {"sla.toml": '[[sla]]\nname = "v"\nkind = "volume"\nby = "mkt"\nto = "sdr"\nmetric = "mqll"\namount = 5\n'},
            r'sla 1 \(v\): Unknown metric "mqll". Did you mean mql?',
        ),
        (
            {"sla.toml": '[[sla]]\nname = "v"\nkind = "volume"\nby = "mkt"\nto = "sdr"\nmetric = "nrr"\namount = 5\n'},
            "nrr is not counted by the period",
        ),
        (
            {"sla.toml": '[[sla]]\nname = "i"\nkind = "information"\nby = "mkt"\nto = "sdr"\nfields = ["emial"]\n'},
            "no lead has a field emial. Did you mean email?",
        ),
        (
            {"routing.toml": '[[routing]]\nfrom_team = "mkt"\nto_team = "Inside sale"\ncontact = "x"\n'},
            "routing 1: there is no team Inside sale. Did you mean Inside_sales?",
        ),
    ],
)
def test_names_nobody_knows(tmp_path: Path, alignment: dict[str, str], message: str) -> None:
    query = HAND.handed(tmp_path, {"sla.csv": "", **alignment})
    with pytest.raises(ConfigError, match=message) as caught:
        query.metric("sla", MARCH)
    assert caught.value.code == "REV-305"


def test_a_function_nobody_has_a_team_of_is_no_mistake(tmp_path: Path) -> None:
    query = HAND.handed(tmp_path, {"sla.csv": "", "sla.toml": _SLA.format(by="success")})
    assert by(query.metric("sla", MARCH), "promise")["a"]["promised"] == 0
    assert query.metric("sla_followup", MARCH).status == "REV-110"


# --- command line ------------------------------------------------------------------------------------------------------


def run(command: Any, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(item) for item in arguments])


def test_the_monitor_on_the_command_line(folder: Path) -> None:
    shown = run(sla_command, MARCH, "--project", folder)
    assert shown.exit_code == 0
    assert "SLA monitor · 2026-03" in shown.output
    answer = json.loads(run(sla_command, MARCH, "--project", folder, "--json").output)
    assert answer["status"] == "ok"
    assert len(answer["rows"]) == 6
    mine = json.loads(run(sla_command, MARCH, "--team", "New_York", "--project", folder, "--json").output)
    # sales is promised leads and information, whichever team of sales it is
    assert {row["promise"] for row in mine["rows"]} == {"contact overseas", "complete", "leads"}


def test_breaches_of_a_team_on_the_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 300)
    found = json.loads(
        run(sla_command, MARCH, "--breaches", "--team", "marketing", "--project", folder, "--json").output
    )
    assert [row["handoff"] for row in found["rows"]] == ["second"]
    york = json.loads(run(sla_command, MARCH, "--breaches", "--team", "ny", "--project", folder, "--json").output)
    assert [row["handoff"] for row in york["rows"]] == ["ocean"]
    assert "2026-03-16 10:00" in run(sla_command, MARCH, "--breaches", "--team", "ny", "--project", folder).output
    wrong = run(sla_command, MARCH, "--team", "maketing", "--project", folder)
    assert wrong.exit_code == 2
    assert "REV-101 There is no team maketing." in wrong.stderr
    assert "Did you mean" in wrong.stderr


def test_handoffs_on_the_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 300)
    found = json.loads(run(handoffs_command, MARCH, "--project", folder, "--json").output)
    assert [row["handed"] for row in found["rows"]] == [2, 11, 2]
    orphans = run(handoffs_command, MARCH, "--orphans", "--project", folder)
    assert orphans.exit_code == 0
    assert "handed to nobody" in orphans.output
    empty = run(handoffs_command, MARCH, "--orphans", "-w", "to_team=ny", "--project", folder)
    assert "none" in empty.output
    none = run(handoffs_command, "2025-03", "--project", folder)
    assert "REV-204" in none.output


def test_one_team_of_the_monitor(query: Query) -> None:
    everything, sales = sla_monitor(query, MARCH), sla_breaches(query, MARCH, "sales")
    assert len(rows(everything)) == 6
    assert {row["kind"] for row in rows(sales)} == {"followup", "feedback", "volume"}
