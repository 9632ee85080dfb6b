"""Promises and hand-offs a second time: plain Python over plain rows, written from the definitions.

Working time is counted the slow way: quarter of an hour by quarter of an hour, looking at the clock on the wall.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Where = dict[str, str]
Span = tuple[date, date]

HOME = ZoneInfo("Europe/Stockholm")
FIRST, THROUGH = date(2025, 1, 6), date(2026, 2, 18)
STEP = timedelta(minutes=15)
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
SLOTS = int((datetime(2026, 3, 1, tzinfo=UTC) - BEGIN) / STEP)
NOW = datetime.combine(THROUGH + timedelta(days=1), time(), HOME).astimezone(UTC)
FREE = {date(2025, 4, 18), date(2025, 4, 21), date(2025, 12, 25), date(2026, 1, 1)}
CALENDARS: dict[str, tuple[ZoneInfo, Callable[[datetime], bool]]] = {
    "home": (HOME, lambda w: w.weekday() < 5 and 9 <= w.hour < 17 and w.hour != 12 and w.date() not in FREE),
    "away": (
        ZoneInfo("America/New_York"),
        lambda w: (w.weekday() < 4 and 8 <= w.hour < 18) or (w.weekday() == 6 and w.hour < 4),
    ),
}
OBJECTS = {
    "calendar": """
        [[calendar]]
        name = "home"
        hours = "Mon-Fri 09:00-12:00,13:00-17:00"
        holidays = [2025-04-18, 2025-04-21, 2025-12-25, 2026-01-01]
        [[calendar]]
        name = "away"
        time_zone = "America/New_York"
        hours = "Mon-Thu 08:00-18:00; Sun 00:00-04:00"
        """,
    "sla": """
        [[sla]]
        name = "contact"
        kind = "followup"
        by = "sdr"
        to = "marketing"
        hours = 6
        calendar = "home"
        [[sla]]
        name = "contact away"
        kind = "followup"
        by = "west"
        to = "marketing"
        hours = 9
        calendar = "away"
        [[sla]]
        name = "fast"
        kind = "followup"
        by = "sales"
        to = "mkt"
        hours = 2
        calendar = "home"
        valid_from = 2025-06-01
        valid_to = 2025-11-01
        [[sla]]
        name = "reasons"
        kind = "feedback"
        by = "sdr"
        to = "mkt"
        hours = 20
        calendar = "home"
        [[sla]]
        name = "complete"
        kind = "information"
        by = "mkt"
        to = "sales"
        valid_from = 2025-02-01
        [[sla]]
        name = "leads"
        kind = "volume"
        by = "mkt"
        to = "sales"
        stage = "mql"
        amount = 6
        valid_from = 2025-03-01
        [[sla]]
        name = "work"
        kind = "volume"
        by = "sales"
        to = "mkt"
        metric = "sql_leads"
        amount = 7.5
        period = "quarter"
        """,
}
#: name, receivers, hours, calendar, days
FOLLOWUPS = (
    ("contact", {"sdr"}, 6, "home", (date.min, date.max)),
    ("contact away", {"west"}, 9, "away", (date.min, date.max)),
    ("fast", {"sdr", "west"}, 2, "home", (date(2025, 6, 1), date(2025, 11, 1))),
)


class Clock:
    """Working quarters of an hour before each instant."""

    def __init__(self, name: str) -> None:
        zone, opened = CALENDARS[name]
        slots = (opened((BEGIN + n * STEP).astimezone(zone)) for n in range(SLOTS))
        self.before = [0, *accumulate(int(slot) for slot in slots)]

    def hours(self, start: datetime, end: datetime) -> Fraction:
        """Working hours between two instants on the quarter of an hour."""
        first, last = (int((when - BEGIN) / STEP) for when in (start, end))
        return Fraction(self.before[last] - self.before[first], 4)


class Company:
    """A random company that hands leads over."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        days = (THROUGH - FIRST).days
        self.tables: dict[str, list[Row]] = {
            "team": [
                {"id": "mkt", "name": "Marketing", "function": "marketing"},
                {"id": "sdr", "name": "Inside", "function": "sales"}, {"id": "west", "name": "West", "function": "sales"},
            ],
            "owner": [{"id": f"o{n}", "name": f"Rep{n}", "team_id": ("sdr", "west")[n % 2]} for n in range(5)],
            "lead": [], "lifecycle_event": [], "handoff": [], "goal": [],
        }  # fmt: skip
        for n in range(220):
            day = FIRST + timedelta(days=self.random.randrange(days))
            lead: Row = {"id": f"l{n}", "created_at": day, "channel": self.random.choice(("ads", "web", None))}
            self.tables["lead"].append(lead)
            for stage in ("mql", "sql")[: self.random.choice((0, 1, 1, 2))]:
                day += timedelta(days=self.random.randrange(20))
                event = {"id": f"e{n}{stage}", "subject_type": "lead", "subject_id": lead["id"], "stage": stage}
                self.tables["lifecycle_event"].append({**event, "occurred_at": day})
            for k in range(self.random.choice((0, 1, 1, 2))):
                self._hand(f"h{n}-{k}", lead["id"])
        for month in ("2025-02", "2025-03", "2025-06", "2025-12", "2026-02"):
            goal = {"metric": "new_leads", "period": month, "value": self.random.randrange(5, 20)}
            self.tables["goal"].append({**goal, "team_id": "mkt", "is_commitment": "true"})
        # a row of sla speaks of this one in March, and none does in January; a target is no promise
        self.tables["goal"] += [
            {"metric": "mql", "period": "2025-03", "value": 99, "team_id": "mkt", "is_commitment": "true"},
            {"metric": "mql", "period": "2025-01", "value": 4, "team_id": "mkt", "is_commitment": "true"},
            {"metric": "mql", "period": "2025-02", "value": 50, "team_id": None, "is_commitment": "false"},
        ]

    def _hand(self, key: str, lead: str) -> None:
        span = (THROUGH - FIRST).days * 96 + 96
        handed = datetime.combine(FIRST, time(), HOME).astimezone(UTC) + self.random.randrange(span) * STEP
        to = self.random.choice(("sdr", "west"))

        def after(most: int, chance: float) -> datetime | None:
            when = handed + self.random.randrange(most) * STEP
            return when if self.random.random() < chance and when < BEGIN + SLOTS * STEP else None

        required = self.random.choice((None, 5, 5, 5))
        self.tables["handoff"].append(
            {
                "id": key, "lead_id": lead, "from_team": "mkt", "to_team": to, "handed_at": handed,
                "to_owner_id": self.random.choice(["o0", "o2", "o4"] if to == "sdr" else ["o1", "o3", None]),
                "first_contact_at": after(400, 0.7), "accepted_at": after(600, 0.4), "rejected_at": after(600, 0.3),
                "reason_code": self.random.choice(("no_fit", None)), "feedback_at": after(900, 0.2),
                "returned_at": after(900, 0.15), "fields_required": required,
                "fields_present": None if required is None else self.random.randrange(4, 6),
            }
        )  # fmt: skip

    def texts(self) -> dict[str, str]:
        """The tables as a hand-written project takes them."""

        def cell(value: Any) -> str:
            if isinstance(value, datetime):
                return value.isoformat()
            return "-" if value is None else str(value)

        found = {}
        for name, rows in self.tables.items():
            lines = [" ".join(rows[0]), *(" ".join(cell(value) for value in row.values()) for row in rows)]
            found[name] = "\n".join(lines)
        return found


class Oracle:
    """The same numbers by plain Python."""

    def __init__(self, company: Company) -> None:
        self.tables = company.tables
        self.clocks = {name: Clock(name) for name in CALENDARS}
        self.leads = {row["id"]: row for row in self.tables["lead"]}
        self.reps = {row["id"]: row["name"] for row in self.tables["owner"]}

    def known(self, row: Row, name: str) -> datetime | None:
        """An instant that lies before the end of what is loaded."""
        when: datetime | None = row[name]
        return when if when is not None and when < NOW else None

    def handed(self, span: Span, where: Where) -> Iterator[Row]:
        for row in self.tables["handoff"]:
            own = {
                "to_team": row["to_team"],
                "channel": self.leads[row["lead_id"]]["channel"] or "(none)",
                "rep": self.reps.get(row["to_owner_id"], "(none)"),
            }
            day = row["handed_at"].astimezone(HOME).date()
            if span[0] <= day < span[1] and day <= THROUGH and all(own[name] == where[name] for name in where):
                yield {**row, "day": day, "reason": row["reason_code"]}

    def refused(self, row: Row) -> datetime | None:
        return min((w for n in ("rejected_at", "returned_at") if (w := self.known(row, n))), default=None)

    def sla_followup(self, span: Span, where: Where) -> Fraction | None:
        kept = broken = 0
        for row in self.handed(span, where):
            for _, teams, limit, calendar, (first, last) in FOLLOWUPS:
                if row["to_team"] not in teams or not first <= row["day"] < last:
                    continue
                contact, refused = self.known(row, "first_contact_at"), self.refused(row)
                waited = self.clocks[calendar].hours(row["handed_at"], contact or refused or NOW)
                kept += contact is not None and waited <= limit
                broken += waited > limit
        return Fraction(kept, kept + broken) if kept + broken else None

    def sla_feedback(self, span: Span, where: Where) -> Fraction | None:
        kept = broken = 0
        for row in self.handed(span, where):
            refused = self.refused(row)
            if row["to_team"] == "sdr" and refused is not None:
                until = refused if row["reason"] else NOW
                in_time = self.clocks["home"].hours(row["handed_at"], until) <= 20
                kept += bool(row["reason"]) and in_time
                broken += not in_time
        return Fraction(kept, kept + broken) if kept + broken else None

    def sla_information(self, span: Span, where: Where) -> Fraction | None:
        rows = [row for row in self.handed(span, where) if row["day"] >= date(2025, 2, 1) and row["fields_required"]]
        kept = sum(row["fields_present"] >= row["fields_required"] for row in rows)
        return Fraction(kept, len(rows)) if rows else None

    def handoff_time(self, span: Span, where: Where) -> Fraction | None:
        hours = [
            self.clocks["home" if row["to_team"] == "sdr" else "away"].hours(row["handed_at"], contact)
            for row in self.handed(span, where)
            if (contact := self.known(row, "first_contact_at"))
        ]
        return sum(hours, Fraction(0)) / len(hours) if hours else None

    def closed_loop_rate(self, span: Span, where: Where) -> Fraction | None:
        closed = due = 0
        for row in self.handed(span, where):
            told = self.known(row, "accepted_at") or self.known(row, "feedback_at")
            told = told or (self.known(row, "rejected_at") if row["reason"] else None)
            waits = row["to_team"] == "sdr" and self.clocks["home"].hours(row["handed_at"], NOW) <= 20
            closed += told is not None
            due += told is not None or not waits
        return Fraction(closed, due) if due else None

    # --- amounts -----------------------------------------------------------------------------------------------------

    def _reached(self, stage: str) -> list[date]:
        """The first day each lead was at a stage or a later one."""
        if stage == "lead":
            return [row["created_at"] for row in self.tables["lead"]]
        stages = ("mql", "sql") if stage == "mql" else ("sql",)
        first: dict[str, date] = {}
        for row in self.tables["lifecycle_event"]:
            if row["stage"] in stages:
                day = row["occurred_at"]
                first[row["subject_id"]] = min(day, first.get(row["subject_id"], day))
        return [*first.values()]

    def sla_volume(self, span: Span, _: Where) -> Fraction | None:
        begun = min(row["created_at"] for row in self.tables["lead"])
        found: dict[tuple[str, Span], Fraction] = {}
        for month in spans(span, 1):
            if month[0] >= date(2025, 3, 1):
                found["mql", month] = Fraction(6)
            for goal in self.tables["goal"]:
                start = date.fromisoformat(f"{goal['period']}-01")
                stage = {"new_leads": "lead", "mql": "mql"}[goal["metric"]]
                if goal["is_commitment"] == "true" and start == month[0] and (stage, month) not in found:
                    found[stage, month] = Fraction(goal["value"])
        found |= {("sql", quarter): Fraction(15, 2) for quarter in spans(span, 3)}
        found = {key: value for key, value in found.items() if key[1][1] > begun and key[1][0] <= THROUGH}
        delivered = sum(
            start <= day < end and day <= THROUGH for stage, (start, end) in found for day in self._reached(stage)
        )
        return delivered / sum(found.values(), Fraction(0)) if found else None


def _later(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def spans(span: Span, months: int) -> list[Span]:
    """The months or quarters that make up a stretch of days; none where they do not."""
    start, found = span[0], []
    if start.day != 1 or (start.month - 1) % months:
        return []
    while start < span[1]:
        found.append((start, _later(start, months)))
        start = _later(start, months)
    return found if start == span[1] else []


def periods() -> dict[str, Span]:
    """Months, quarters, a year, and the twelve months to the last day of data's month."""
    found = {f"{m:%Y-%m}": (m, _later(m, 1)) for m in (_later(date(2025, 1, 1), n) for n in range(14))}
    found |= {f"2025-Q{n + 1}": (_later(date(2025, 1, 1), 3 * n), _later(date(2025, 4, 1), 3 * n)) for n in range(4)}
    found |= {"2026-Q1": (date(2026, 1, 1), date(2026, 4, 1)), "2025": (date(2025, 1, 1), date(2026, 1, 1))}
    return found
