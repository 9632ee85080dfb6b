"""Content assets as tables: each with its age, and what is missing for a stage and profile."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from revalign_udf.metrics import STAGES
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric
from revalign_udf.snapshots.cuts import NONE

__all__ = ["TABLES"]

_ORDER = {"stale": 0, "unknown": 1, "fresh": 2}


def _age(last: date | None, until: date) -> int | None:
    """Days from the last use or review to a day; None without one, or with a later one."""
    return (until - last).days if last is not None and last <= until else None


def _state(ask: Ask, last: date | None, until: date) -> str:
    if last is None:
        return "unknown"
    age = _age(last, until)
    return "stale" if age is not None and age > int(ask.parameters["days"]) else "fresh"


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _content(ask: Ask) -> Table:
    ask.value("assets")
    until = ask.window("content").end - timedelta(days=1)
    rows = ask.rows(
        "content", "f.name, f.system, f.record_id, f.team, f.stage, f.campaign, f.profile, f.used_day, f.reviewed_day,"
        " f.last_day", shape="held",
    )  # fmt: skip
    found = []
    for name, system, record, team, stage, campaign, profile, used, reviewed, last in rows:
        own = (team or NONE, stage or NONE, campaign or NONE, profile or NONE)
        dates = (_day(used), _day(reviewed), _age(last, until), _state(ask, last, until))
        found.append((name, *own, *dates, system, record))
    found.sort(key=lambda row: (_ORDER[row[8]], -(row[7] or 0), row[0], row[9], row[10]))
    columns = (
        "asset", "team", "stage", "campaign", "profile", "last_used", "last_reviewed", "age_days", "state", "system", "id",
    )  # fmt: skip
    units = ("text", "text", "text", "text", "text", "date", "date", "count", "text", "text", "text")
    return Table(columns, tuple(found), units)


def _content_coverage(ask: Ask) -> Table:
    ask.value("assets")
    until = ask.window("content").end - timedelta(days=1)
    rows = ask.rows("content", "f.stage, f.profile, f.last_day, count(*)", shape="held")
    every: Counter[tuple[str, str]] = Counter()
    stale: Counter[tuple[str, str]] = Counter()
    for stage, profile, last, count in rows:
        key = (stage or NONE, profile or NONE)
        every[key] += count
        stale[key] += count if _state(ask, last, until) == "stale" else 0
    more = sorted({stage for stage, _ in every} - set(STAGES) - {NONE})
    profiles = sorted({profile for _, profile in every} - {NONE})
    stages = [*STAGES, *more, *([NONE] if any(stage == NONE for stage, _ in every) else [])]
    found = []
    for stage in stages:
        for profile in profiles or [NONE]:
            key = (stage, profile)
            general = 0 if profile == NONE else every[stage, NONE]
            found.append((stage, profile, every[key], stale[key], general, "yes" if not every[key] else "no"))
    columns = ("stage", "profile", "assets", "stale", "without_profile", "gap")
    return Table(columns, tuple(found), ("text", "text", "count", "count", "count", "text"))


TABLES = {
    "content": TableMetric(("assets",), _content),
    "content_coverage": TableMetric(("assets", "assets_stale"), _content_coverage),
}
