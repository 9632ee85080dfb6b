"""Promises, calendars and routing rules as people write them, and everything that cannot be meant."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.calc.hours import ALWAYS
from revalign_udf.calc.promises import calendar_of, check_promises, read_calendars, read_promises, read_routes
from revalign_udf.config import read_objects
from revalign_udf.errors import ConfigError

FOLLOW = {"name": "a", "kind": "followup", "by": "sales", "to": "marketing", "hours": 4}
VOLUME = {"name": "v", "kind": "volume", "by": "marketing", "to": "sales", "stage": "mql", "amount": 50}
OFFICE = {"name": "office", "hours": "Mon-Fri 09:00-17:00"}
RULE = {"from_team": "marketing", "to_team": "sales", "contact": "Ada"}


def test_a_promise_is_read_from_toml_and_from_text_cells_alike() -> None:
    toml, csv = (
        {**FOLLOW, "share": 0.9, "valid_from": "2026-01-01", "period": "quarter"},
        {
            **FOLLOW,
            "hours": "4",
            "share": "0.9",
            "valid_from": "2026-01-01T00:00:00",
            "period": "Quarter",
            "kind": "FollowUp",
        },
    )
    assert read_promises([toml]) == read_promises([csv])
    (promise,) = read_promises([toml])
    assert (promise.hours, promise.share, promise.period) == (4, Fraction(9, 10), "quarter")
    assert promise.route == ("marketing", "sales")
    assert promise.holds(date(2026, 1, 1))
    assert not promise.holds(date(2025, 12, 31))
    (volume,) = read_promises([VOLUME])
    assert (volume.metric, volume.amount, volume.route) == ("mql", 50, ("marketing", "sales"))
    (named,) = read_promises([{**VOLUME, "stage": "", "metric": "demos", "amount": "12.5"}])
    assert (named.metric, named.amount) == ("demos", Fraction(25, 2))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "folowup"}, "sla 1: kind is 'folowup'. Did you mean followup?"),
        ({"hours": None}, "sla 1: hours is the limit"),
        ({"hours": "four"}, "sla 1: hours is 'four' and no number."),
        ({"hours": 0}, "above zero"),
        ({"hours": -4}, "above zero"),
        ({"share": 90}, "sla 1: share is 90 and no part of the whole. Write 0.9"),
        ({"share": 0}, "no part of the whole"),
        ({"period": "week"}, "sla 1: period is 'week'"),
        ({"amount": 5}, "a promise of followup has no amount; one of volume has."),
        ({"fields": ["email"]}, "has no fields"),
        ({"valid_from": "January"}, "sla 1: valid_from is 'January' and no date."),
        ({"valid_from": "2026-02-01", "valid_to": "2026-02-01"}, "valid_to is the day after the last"),
        ({**VOLUME, "hours": None, "amount": None}, "amount is how many are promised a period"),
        ({**VOLUME, "hours": None, "amount": 0}, "above zero"),
        ({**VOLUME, "hours": None, "stage": "mqll"}, "stage is 'mqll'. Did you mean mql?"),
        ({**VOLUME, "hours": None, "stage": None}, "names a stage or a metric. Stages: lead, mql, sql, opportunity."),
        ({**VOLUME, "hours": None, "metric": "mql"}, "names a stage or a metric"),
        ({**VOLUME, "hours": None, "share": 0.9}, "a promise of volume has no share"),
        ({**VOLUME}, "a promise of volume has no hours; one of followup has."),
    ],
)
def test_a_promise_that_cannot_be_meant(row: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_promises([{**FOLLOW, **row}])
    assert caught.value.code == "REV-305"
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_promises_that_contradict_each_other() -> None:
    old, new = {**FOLLOW, "valid_to": "2026-02-01"}, {**FOLLOW, "hours": 2, "valid_from": "2026-02-01"}
    assert len(read_promises([old, new])) == 2  # one after the other is a change, not a contradiction
    with pytest.raises(ConfigError, match=r"sla 2 \(a\): row 1 has that name at the same time"):
        read_promises([FOLLOW, new])
    with pytest.raises(ConfigError, match=r"sla 2 \(w\): row 1 promises another amount of mql at the same time"):
        read_promises([VOLUME, {**VOLUME, "name": "w", "amount": 60}])
    assert len(read_promises([VOLUME, {**VOLUME, "name": "w", "stage": "sql"}])) == 2
    assert len(read_promises([VOLUME, {**VOLUME, "name": "w", "period": "quarter"}])) == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"name": "a"}], "calendar 1: The calendar a never opens."),
        ([{"name": "a", "hours": "9 to 5"}], 'calendar 1: "9 to 5" names no days and hours.'),
        ([{"name": "a", "monday": "09:00-08:00"}], 'calendar 1: "09:00-08:00" does not close after it opens'),
        ([{**OFFICE, "time_zone": "Europe/Stokholm"}], 'calendar 1: "Europe/Stokholm" is no time zone.'),
        ([{**OFFICE, "holidays": "2026-12-25,Christmas"}], 'calendar 1: holidays: "Christmas" is no date.'),
        ([OFFICE, {**OFFICE, "name": "Office"}], "calendar 2: there are two calendars Office."),
    ],
)
def test_a_calendar_that_cannot_be_meant(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_calendars(rows)
    assert caught.value.code == "REV-305"
    assert message in caught.value.message


def test_a_calendar_by_weekday_wins_over_its_hours() -> None:
    row = {
        **OFFICE,
        "friday": "09:00-12:00,13:00-15:00",
        "saturday": ["10:00-12:00"],
        "holidays": "2026-12-25; 2026-12-26",
    }
    (found,) = read_calendars([row], "Asia/Tokyo").values()
    assert found.week[0] == ((540, 1020),)
    assert found.week[4] == ((540, 720), (780, 900))
    assert found.week[5] == ((600, 720),)
    assert found.holidays == {date(2026, 12, 25), date(2026, 12, 26)}
    assert found.zone.key == "Asia/Tokyo"
    assert read_calendars([{**OFFICE, "time_zone": "UTC"}], "Asia/Tokyo")["office"].zone.key == "UTC"


def test_which_calendar_a_promise_means() -> None:
    office, other = read_calendars([OFFICE]), read_calendars([OFFICE, {**OFFICE, "name": "default"}])
    assert calendar_of("", {}) is ALWAYS
    assert calendar_of("", office) is office["office"]
    assert calendar_of("", other) is other["default"]
    assert calendar_of("OFFICE", other) is other["office"]
    assert calendar_of("", read_calendars([OFFICE, {**OFFICE, "name": "b"}])) is None
    with pytest.raises(ConfigError, match=r"There is no calendar offce. Did you mean office\?"):
        calendar_of("offce", office)
    with pytest.raises(ConfigError, match=r"Write a .*calendar.* with name = \"x\" and its hours"):
        calendar_of("x", {})


def test_a_promise_without_a_calendar_to_mean_is_refused() -> None:
    two = [OFFICE, {**OFFICE, "name": "b"}]
    with pytest.raises(ConfigError, match=r"sla 1 \(a\): there are 2 calendars and it names none"):
        check_promises({"sla": [FOLLOW], "calendar": two})
    with pytest.raises(ConfigError, match=r"sla 1 \(a\): There is no calendar c"):
        check_promises({"sla": [{**FOLLOW, "calendar": "c"}], "calendar": two})
    check_promises({"sla": [{**FOLLOW, "calendar": "b"}, VOLUME], "calendar": two})


def test_the_rule_with_the_lowest_priority_that_fits() -> None:
    ent, default, narrow = (
        {**RULE, "segment": "ENT, MID", "contact": "b"},
        {**RULE, "contact": "a"},
        {**RULE, "segment": "ENT", "channel": ["ads"], "contact": "c"},
    )
    rules = read_routes([default, ent, narrow, {**RULE, "country": "SE", "contact": "d", "priority": 1}])
    assert [rule.contact for rule in rules] == ["d", "c", "b", "a"]

    def first(**lead: str) -> str:
        return next(rule.contact for rule in rules if rule.fits(lead))

    assert first(segment="mid", channel="ads") == "b"
    assert first(segment="ENT", channel="ads") == "c"
    assert first(segment="ENT", channel="ads", country="SE") == "d"
    assert first(segment="SMB") == "a"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{**RULE, "contact": ""}], "routing 1: contact is who gets these leads"),
        ([{**RULE, "priority": "high"}], "routing 1: priority is 'high' and no number."),
        ([{**RULE, "priority": 1.5}], "routing 1: priority is a whole number"),
        ([RULE, {**RULE, "contact": "Bo"}], "routing 2: row 1 is about the same leads."),
    ],
)
def test_a_rule_that_cannot_be_meant(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_routes(rows)
    assert caught.value.code == "REV-305"
    assert message in caught.value.message


def test_a_build_refuses_them_and_wrong_columns(tmp_path: Path) -> None:
    folder = tmp_path / "alignment"
    folder.mkdir()
    path = folder / "sla.csv"
    path.write_text("name,kind,by,to,hours\na,followup,sales,marketing,four\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="hours is 'four'"):
        read_objects(tmp_path)
    path.write_text("name,kind,by,to,hour\na,followup,sales,marketing,4\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown column hour. Did you mean hours\?"):
        read_objects(tmp_path)
    path.write_text("name,kind,by,hours\na,followup,sales,4\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="sla 1 does not say its to"):
        read_objects(tmp_path)
