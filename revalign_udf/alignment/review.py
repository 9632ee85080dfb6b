"""The review: pace against goals and one page of parts, of which a failing one fails all; and what to bring to the meeting.

Limits are those of the object ``review`` (part, limit), else the ones below. A part that cannot be measured is told with
its reason and neither passes nor fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from revalign_udf.alignment.kpis import kpi_problems
from revalign_udf.calc.agreed import Cells
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.money import exact, to_double
from revalign_udf.periods import Period
from revalign_udf.query import Answer, Query, Table
from revalign_udf.query.drifting import drifted

__all__ = ["PARTS", "Review", "review"]

#: part -> (what is measured, its unit, whether it may be at least or at most the limit, the limit)
PARTS: dict[str, tuple[str, str, str, Fraction]] = {
    "pace": ("stages behind their goal", "count", "at most", Fraction(0)),
    "sla_volume": ("promised leads delivered", "rate", "at least", Fraction(9, 10)),
    "sla_information": ("hand-offs with every required field", "rate", "at least", Fraction(9, 10)),
    "sla_followup": ("hand-offs followed up in time", "rate", "at least", Fraction(9, 10)),
    "sla_feedback": ("refusals with a reason in time", "rate", "at least", Fraction(9, 10)),
    "kpis": ("problems of the KPI matrix", "count", "at most", Fraction(0)),
    "definitions": ("definitions waiting for a signature", "count", "at most", Fraction(0)),
    "drift": ("numbers of closed periods that are others now", "count", "at most", Fraction(0)),
    "stale_content": ("content that is stale", "rate", "at most", Fraction(1, 4)),
    "priorities": ("belief in shared priorities beyond what is shared", "rate", "at most", Fraction(0)),
}
_ONE = timedelta(days=1)
#: business days before the meeting, who, what
_CHECKLIST = (
    (3, "finance", "Close the period and say what has drifted since the last close (revalign period, revalign drift)."),
    (3, "marketing", "Every stage beside its goal; of each that is behind: why, and what changes (revalign review)."),
    (3, "marketing", "The gaps and the stale assets: what is made, refreshed or withdrawn (revalign content)."),
    (2, "sales", "The largest wins and losses with their reasons, told by who sold (revalign winloss)."),
    (2, "success", "Who left, who grew, and what they had been promised (revalign commission: customers won)."),
    (1, "marketing, sales, success", "Three priorities each, written without asking the others (revalign priorities)."),
    (
        1,
        "marketing, sales, success",
        "Signatures under what is proposed, or what stands against it (revalign metrics).",
    ),
    (0, "marketing, sales, success", "One action per failing part, with a name and a day."),
)


@dataclass(frozen=True, slots=True)
class Review:
    """One page: ``status`` is ``fail`` where one part fails, else ``pass``; ``unknown`` where nothing could be measured."""

    period: str
    snapshot: str
    status: str
    parts: Table
    """part, what, value, unit, limit, status, detail"""
    pace: Answer
    checklist: Table
    """day, who, what"""

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "period": self.period, "snapshot": self.snapshot, "status": self.status, "parts": self.parts.dicts(),
            "pace": self.pace.rows.dicts() if self.pace.rows is not None else [],
            "checklist": self.checklist.dicts(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Measured:
    """A part's value, or the reason why there is none, and what lies behind it."""

    value: Fraction | None
    detail: str = ""


def review(query: Query, period: object = "THIS_QUARTER", meeting: date | None = None) -> Review:
    """The review of a period. ``meeting`` is the day it is held, else the fifth business day after the snapshot's.

    Raises UserError REV-101 for a period nobody can read, ConfigError REV-305 for a limit that cannot be, NoData REV-205
    while nothing is published.
    """
    when = query.period(period)
    limits = _limits(query)
    pace = query.metric("early_warning", when)
    measures: dict[str, Callable[[], _Measured]] = {
        "pace": lambda: _pace(pace),
        **{name: _ratio_of(query, name, when) for name in PARTS if name.startswith("sla_")},
        "kpis": lambda: _listed([str(row[0]) for row in kpi_problems(query).rows], " "),
        "definitions": lambda: _unsigned(query),
        "drift": lambda: _drift(query),
        "stale_content": _ratio_of(query, "stale_content", when),
        "priorities": lambda: _priorities(query, when),
    }
    rows = [_row(part, measures[part](), limits[part]) for part in PARTS]
    states = {str(row[5]) for row in rows}
    status = "fail" if "fail" in states else "pass" if "pass" in states else "unknown"
    columns = ("part", "what", "value", "unit", "limit", "status", "detail")
    units = ("text", "text", "number", "text", "text", "text", "text")
    day = meeting or _moved(query.as_of, 5)
    return Review(
        str(when), query.snapshot, status, Table(columns, tuple(rows), units), pace,
        _checklist(day, [str(row[0]) for row in rows if row[5] == "fail"]),
    )  # fmt: skip


def _limits(query: Query) -> dict[str, Fraction]:
    found = {part: limit for part, (*_, limit) in PARTS.items()}
    for place, row in enumerate(query.objects("review"), 1):
        cells = Cells("review", place, row)
        part, limit = cells.one_of("part", tuple(PARTS)), cells.number("limit")
        assert limit is not None, "a row without a limit is refused when it is read"
        if limit < 0 or (PARTS[part][1] == "rate" and limit > 1):
            raise cells.problem(
                f"the limit of {part} is {cells.text('limit')}.", "Write a share from 0 to 1, or a count."
            )
        found[part] = limit
    return found


def _row(part: str, found: _Measured, limit: Fraction) -> tuple[str | float | None, ...]:
    what, unit, way, _ = PARTS[part]
    shown = f"{way} {to_double(limit * 100):g} %" if unit == "rate" else f"{way} {to_double(limit):g}"
    if found.value is None:
        return (part, what, None, unit, shown, "unknown", found.detail)
    good = found.value >= limit if way == "at least" else found.value <= limit
    return (part, what, to_double(found.value), unit, shown, "pass" if good else "fail", found.detail)


# --- parts ------------------------------------------------------------------------------------------------------------


def _pace(answer: Answer) -> _Measured:
    if answer.rows is None:
        return _Measured(None, answer.message)
    rows = answer.rows.dicts()
    judged = [row for row in rows if row["status"] in ("ahead", "behind")]
    if not judged:
        return _Measured(None, "No stage has both a goal for the period and a number.")
    return _listed([str(row["metric"]) for row in judged if row["status"] == "behind"])


def _listed(problems: list[str], between: str = ", ") -> _Measured:
    return _Measured(Fraction(len(problems)), between.join(problems))


def _ratio_of(query: Query, name: str, when: Period) -> Callable[[], _Measured]:
    def measured() -> _Measured:
        try:
            found = query.metric(name, when)
        except UnknownName:
            return _Measured(None, f"The snapshot has no metric {name}.")
        except UserError as error:
            return _Measured(None, str(error))
        return _Measured(found.exact, found.message)

    return measured


def _unsigned(query: Query) -> _Measured:
    waiting = [item for item in query.session().manifest.versions if item.get("state") == "proposed"]
    return _listed([f"{i['name']} v{i['version']} (waiting for: {', '.join(i['waiting_for'])})" for i in waiting])


def _drift(query: Query) -> _Measured:
    standing = query.closes.standing
    if not standing:
        return _Measured(None, "No period is closed.")
    now = query.session()
    moved = [(close.period, drifted(close, now)) for close in standing]
    total = sum(count for _, count in moved)
    return _Measured(Fraction(total), ", ".join(f"{period}: {count}" for period, count in moved if count))


def _priorities(query: Query, when: Period) -> _Measured:
    try:
        found = query.metric("priorities", when)
    except UserError as error:
        return _Measured(None, str(error))
    if found.rows is None:
        return _Measured(None, found.message)
    row = found.rows.dicts()[-1]
    if row["gap"] is None:
        return _Measured(None, "No head has said whether the priorities match.")
    gap = exact(str(row["believed_overlap"])) - exact(str(row["actual_overlap"]))
    return _Measured(gap, f"{row['shared']} shared by all: {row['topics'] or 'none'}")


# --- the meeting ------------------------------------------------------------------------------------------------------


def _moved(day: date, count: int) -> date:
    """Some business days later, or earlier."""
    step = _ONE if count > 0 else -_ONE
    for _ in range(abs(count)):
        day += step
        while day.weekday() >= 5:
            day += step
    return day


def _checklist(meeting: date, failing: list[str]) -> Table:
    rows: list[tuple[str, str, str]] = [
        (_moved(meeting, -before).isoformat(), who, what) for before, who, what in _CHECKLIST
    ]
    if failing:
        told = f"What stands behind each part that fails: {', '.join(failing)}."
        rows.append((_moved(meeting, -1).isoformat(), "marketing, sales, success", told))
    rows.sort(key=lambda row: row[0])
    return Table(("day", "who", "what"), tuple(rows), ("date", "text", "text"))
