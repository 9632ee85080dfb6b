"""When a plan's runs begin: instants from wall times in the company's time zone, right when the clocks change.

====================== ======================================================================================
the plan               when the clocks change
====================== ======================================================================================
every 1h or less       by the clock that runs: 25 hourly runs on the day with an hour twice, 23 on the day without
every 2h or more, at   each time of day once: one that comes twice the first time, one that is left out as soon
                       as the clocks have changed
====================== ======================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from revalign_udf.config import Schedule
from revalign_udf.config.unattended import DAYS, every

__all__ = ["last_slot", "plan_text", "slots", "times_of_day"]

_MINUTE, _HOUR = timedelta(minutes=1), 60


def slots(plan: Schedule, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The instants of a plan later than a moment, in order, without end; none of an empty plan. All aware, in UTC."""
    if not plan:
        return
    last, day = after.astimezone(UTC), after.astimezone(zone).date() - timedelta(days=1)
    while True:
        for moment in _of_day(plan, zone, day):
            if moment > last:
                yield moment
                last = moment
        day += timedelta(days=1)


def last_slot(plan: Schedule, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The newest instant of a plan not later than a moment; None of an empty plan."""
    day = now.astimezone(zone).date() + timedelta(days=1)
    for back in range(10) if plan else ():  # some day of every week has runs
        found = [moment for moment in _of_day(plan, zone, day - timedelta(days=back)) if moment <= now]
        if found:
            return found[-1]
    return None


def times_of_day(plan: Schedule) -> tuple[time, ...]:
    """The wall times at which runs begin."""
    if plan.at:
        return plan.at
    return tuple(time(minute // _HOUR, minute % _HOUR) for minute in range(0, 24 * _HOUR, plan.minutes))


def plan_text(plan: Schedule) -> str:
    """A plan for people.

    >>> plan_text(Schedule(60)), plan_text(Schedule(at=(time(6), time(18)), days=(0, 1, 2, 3, 4)))
    ('every 1h', 'at 06:00, 18:00 on mon, tue, wed, thu, fri')
    """
    if not plan:
        return "nothing planned"
    when = f"at {', '.join(item.strftime('%H:%M') for item in plan.at)}" if plan.at else f"every {every(plan.minutes)}"
    return when + (f" on {', '.join(DAYS[day] for day in plan.days)}" if plan.days else "")


def _of_day(plan: Schedule, zone: ZoneInfo, day: date) -> list[datetime]:
    if plan.days and day.weekday() not in plan.days:
        return []
    found: set[datetime] = set()
    for wall in times_of_day(plan):
        first, second = (datetime.combine(day, wall.replace(fold=fold), zone) for fold in (0, 1))
        exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == first.replace(tzinfo=None)
        if plan.minutes and plan.minutes <= _HOUR:
            found |= {first.astimezone(UTC), second.astimezone(UTC)} if exists else set()
        else:
            found.add(first.astimezone(UTC) if exists else _change(first, second, zone))
    return sorted(found)


def _change(first: datetime, second: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clocks are put forward over a wall time that does not exist."""
    # counted with the offset of after the change, it lies before it
    moment, until = second.astimezone(UTC).replace(second=0), first.astimezone(UTC)
    before = moment.astimezone(zone).utcoffset()
    while moment < until and moment.astimezone(zone).utcoffset() == before:
        moment += _MINUTE
    return moment
