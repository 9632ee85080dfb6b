"""When runs begin: by hand, in Berlin, where the clocks go back on 25 October 2026 at 3:00 and forward on 29 March at 2:00."""

from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from revalign_udf.config import Schedule
from revalign_udf.jobs.timetable import last_slot, slots

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Schedule(at=(time(2, 30),))


def shown(plan: Schedule, after: str, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    found = islice(slots(plan, zone, datetime.fromisoformat(after).replace(tzinfo=zone)), count)
    return [moment.astimezone(zone).strftime("%d %H:%M %z") for moment in found]


def day_of(plan: Schedule, day: str) -> int:
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    end = (start + timedelta(days=1)).astimezone(UTC)
    return sum(1 for moment in islice(slots(plan, BERLIN, start - timedelta(seconds=1)), 2000) if moment < end)


def test_plain_days() -> None:
    assert shown(Schedule(60), "2026-11-22T06:00", 2) == ["22 07:00 +0100", "22 08:00 +0100"]  # strictly later
    assert shown(Schedule(60), "2026-11-22T05:59:59", 1) == ["22 06:00 +0100"]
    assert shown(Schedule(90), "2026-11-22T21:30", 3) == ["22 22:30 +0100", "23 00:00 +0100", "23 01:30 +0100"]
    weekdays = Schedule(at=(time(6), time(18)), days=(0, 1, 2, 3, 4))
    assert shown(weekdays, "2026-11-20T12:00", 2) == ["20 18:00 +0100", "23 06:00 +0100"]  # Friday to Monday
    assert shown(Schedule(1440, days=(6,)), "2026-11-22T00:00", 1) == ["29 00:00 +0100"]
    assert shown(Schedule(), "2026-11-22T00:00", 1) == []


def test_an_hour_that_comes_twice_is_run_twice_by_an_hourly_plan() -> None:
    assert shown(Schedule(60), "2026-10-25T01:30", 3) == ["25 02:00 +0200", "25 02:00 +0100", "25 03:00 +0100"]
    assert (day_of(Schedule(60), "2026-10-25"), day_of(Schedule(15), "2026-10-25")) == (25, 100)


def test_an_hour_that_is_left_out_has_no_hourly_run() -> None:
    assert shown(Schedule(60), "2026-03-29T00:30", 2) == ["29 01:00 +0100", "29 03:00 +0200"]
    assert (day_of(Schedule(60), "2026-03-29"), day_of(Schedule(15), "2026-03-29")) == (23, 92)


def test_a_time_of_day_that_comes_twice_is_run_once() -> None:
    assert shown(NIGHT, "2026-10-24T12:00", 2) == ["25 02:30 +0200", "26 02:30 +0100"]
    assert shown(Schedule(120), "2026-10-25T00:30", 2) == ["25 02:00 +0200", "25 04:00 +0100"]


def test_a_time_of_day_that_is_left_out_is_run_once_the_clocks_have_changed() -> None:
    assert shown(NIGHT, "2026-03-28T12:00", 2) == ["29 03:00 +0200", "30 02:30 +0200"]
    both = Schedule(at=(time(2, 30), time(3)))
    assert shown(both, "2026-03-28T12:00", 2) == ["29 03:00 +0200", "30 02:30 +0200"]  # not twice at three
    chile = ZoneInfo("America/Santiago")  # where midnight itself is left out
    assert shown(Schedule(1440), "2026-09-05T12:00", 2, chile) == ["06 01:00 -0300", "07 00:00 -0300"]


def test_a_weekday_is_that_of_the_company_not_of_greenwich() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    assert shown(Schedule(at=(time(6),), days=(0,)), "2026-11-20T00:00", 1, tokyo) == ["23 06:00 +0900"]  # UTC: Sunday


@pytest.mark.parametrize("plan", [Schedule(60), Schedule(160), NIGHT, Schedule(1440, days=(2,)), Schedule(45)])
@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24", "2026-11-22"])
def test_the_last_and_the_next_run_enclose_every_moment(plan: Schedule, day: str) -> None:
    """Between two slots the one before is the last, and the one after the next."""
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    found = list(islice(slots(plan, BERLIN, start), 60))
    assert found == sorted(set(found))
    for before, after in pairwise(found):
        for moment in (before, before + timedelta(seconds=1), after - timedelta(seconds=1)):
            assert last_slot(plan, BERLIN, moment) == before
            assert next(slots(plan, BERLIN, moment)) == after


def test_nothing_planned_has_no_last_run() -> None:
    assert last_slot(Schedule(), BERLIN, datetime(2026, 1, 1, tzinfo=UTC)) is None
