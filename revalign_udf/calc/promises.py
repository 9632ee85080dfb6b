"""What teams promise each other and who gets a lead, as a project writes it: rows of ``sla``, ``calendar``, ``routing``.

Whether the teams and metrics they name exist is known only to a snapshot; everything else is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import Any

from revalign_udf.calc.agreed import Cells
from revalign_udf.calc.hours import ALWAYS, WEEKDAYS, BusinessHours, parse_week
from revalign_udf.errors import ConfigError, UserError, did_you_mean

__all__ = [
    "CONDITIONS", "INFORMATION", "KINDS", "Promise", "Route", "calendar_of", "check_promises", "read_calendars", "read_promises",
    "read_routes",
]  # fmt: skip

Row = Mapping[str, Any]

KINDS = ("volume", "information", "followup", "feedback")
#: what a routing rule may ask of a lead, and of its customer
CONDITIONS = ("segment", "country", "industry", "channel", "lead_source", "campaign")
#: whose fields a promise of information may ask for by name, besides custom fields of leads
INFORMATION = {
    "lead": ("channel", "lead_source", "campaign_id", "person_id", "org_id"),
    "person": ("email", "country", "first_source"),
    "organization": ("name", "domain", "country", "industry", "employees", "segment"),
}
#: the calendar of a promise that names none
DEFAULT = "default"
_STAGES = {"lead": "new_leads", "mql": "mql", "sql": "sql_leads", "opportunity": "opportunities"}
_MOST_HOURS = 10_000
#: kind -> the columns only that kind reads
_OWN = {
    "volume": ("metric", "stage", "amount"),
    "information": ("fields",),
    "followup": ("hours", "calendar"),
    "feedback": ("hours", "calendar"),
}


@dataclass(frozen=True)
class Promise:
    """What ``by`` promises ``to``.

    ============ ======================================================================================================
    volume       ``amount`` of ``metric`` in every period
    information  every hand-off comes with all required fields: those of ``fields``, else as many as the hand-off asks for
    followup     a hand-off is contacted within ``hours`` working hours
    feedback     a hand-off that is refused is refused with a reason within ``hours`` working hours
    ============ ======================================================================================================

    ``share`` is the part of the cases that has to be kept. It holds on the days ``valid_from`` <= day < ``valid_to``.
    """

    name: str
    kind: str
    by: str
    to: str
    place: int = 0
    metric: str = ""
    amount: Fraction = Fraction(0)
    fields: tuple[str, ...] = ()
    hours: Fraction = Fraction(0)
    share: Fraction = Fraction(1)
    period: str = "month"
    calendar: str = ""
    valid_from: date = date.min
    valid_to: date = date.max

    @property
    def route(self) -> tuple[str, str]:
        """(from, to) of the hand-offs it speaks of: who follows up or answers is the one who receives."""
        return (self.to, self.by) if self.kind in ("followup", "feedback") else (self.by, self.to)

    def holds(self, day: date) -> bool:
        """Whether it is valid on a day."""
        return self.valid_from <= day < self.valid_to

    def problem(self, text: str, hint: str = "") -> ConfigError:
        """A coded error that says which promise."""
        return ConfigError(f"sla {self.place} ({self.name}): {text}", code="REV-305", hint=hint)


@dataclass(frozen=True)
class Route:
    """Who gets a lead that one team hands to another, and who answers questions about it.

    Of the rules that fit, the one with the lowest ``priority`` is taken, then the one with the most conditions, then the
    one written first. A condition is met by any of its values.
    """

    from_team: str
    to_team: str
    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    contact: str = ""
    questions: str = ""
    priority: int = 100
    place: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        """The order in which rules are tried."""
        return (self.priority, -len(self.conditions), self.place)

    @property
    def text(self) -> str:
        """The conditions for people."""
        return ", ".join(f"{name} = {' or '.join(values)}" for name, values in self.conditions)

    def fits(self, lead: Mapping[str, str | None]) -> bool:
        """Whether a lead meets every condition."""
        return all(
            (lead.get(name) or "").casefold() in {value.casefold() for value in values}
            for name, values in self.conditions
        )

    def problem(self, text: str, hint: str = "") -> ConfigError:
        """A coded error that says which rule."""
        return ConfigError(f"routing {self.place}: {text}", code="REV-305", hint=hint)


# --- promises ----------------------------------------------------------------------------------------------------------


def read_promises(rows: Sequence[Row]) -> list[Promise]:
    """The promises of a project.

    Raises ConfigError REV-305 naming the row: a kind, number or day that cannot be read, a column missing for its kind or
    belonging to another, a period of validity that ends before it begins, and two promises of one name, or two amounts
    for one metric and period, that hold at the same time.
    """
    found = [_promise(Cells("sla", place, row)) for place, row in enumerate(rows, 1)]
    for first, second in combinations(found, 2):
        if first.valid_from >= second.valid_to or second.valid_from >= first.valid_to:
            continue
        if first.name == second.name:
            raise second.problem(f"row {first.place} has that name at the same time.", "Give each promise its own.")
        if first.kind == "volume" and (first.kind, first.metric, first.period) == (
            second.kind, second.metric, second.period
        ):  # fmt: skip
            raise second.problem(
                f"row {first.place} promises another amount of {first.metric} at the same time.", "Keep one of them."
            )
    return found


def _promise(cells: Cells) -> Promise:
    kind = cells.one_of("kind", KINDS)
    for other, columns in _OWN.items():
        for column in columns:
            if column not in _OWN[kind] and cells.text(column):
                raise cells.problem(f"a promise of {kind} has no {column}; one of {other} has.")
    metric, stage = cells.text("metric"), cells.text("stage")
    amount, hours, share = cells.number("amount"), cells.number("hours"), cells.number("share", Fraction(1))
    if kind == "volume":
        if bool(metric) == bool(stage):
            raise cells.problem("a promise of volume names a stage or a metric.", f"Stages: {', '.join(_STAGES)}.")
        metric = metric or _STAGES[cells.one_of("stage", _STAGES)]
        if amount is None or amount <= 0:
            raise cells.problem("amount is how many are promised a period, above zero.")
        if share != 1:
            raise cells.problem("a promise of volume has no share.", "Write the amount that is promised.")
    if kind in ("followup", "feedback") and (hours is None or not 0 < hours <= _MOST_HOURS):
        raise cells.problem(f"hours is the limit in working hours, above zero and at most {_MOST_HOURS}.")
    if share is None or not 0 < share <= 1:
        raise cells.problem(f"share is {cells.text('share')} and no part of the whole.", "Write 0.9 for nine of ten.")
    first, last = cells.day("valid_from") or date.min, cells.day("valid_to") or date.max
    if first >= last:
        raise cells.problem("valid_to is the day after the last and lies after valid_from.")
    return Promise(
        cells.text("name"), kind, cells.text("by"), cells.text("to"), cells.place, metric, amount or Fraction(0),
        cells.listed("fields"), hours or Fraction(0), share, cells.one_of("period", ("month", "quarter"), "month"),
        cells.text("calendar"), first, last,
    )  # fmt: skip


# --- calendars ---------------------------------------------------------------------------------------------------------


def read_calendars(rows: Sequence[Row], zone: str = "UTC") -> dict[str, BusinessHours]:
    """The calendars of a project by name, in the company's time zone where a row names none.

    Raises ConfigError REV-305 naming the row: hours, a day or a zone that cannot be read, a calendar that never opens, two
    of one name.
    """
    found: dict[str, BusinessHours] = {}
    for place, row in enumerate(rows, 1):
        cells = Cells("calendar", place, row)
        name = cells.text("name")
        if name.casefold() in {known.casefold() for known in found}:
            raise cells.problem(f"there are two calendars {name}.")
        days = {day: _spans(cells, day) for day in WEEKDAYS if cells.text(day)}
        try:
            found[name] = parse_week(
                cells.text("hours"), cells.text("time_zone") or zone, _holidays(cells), name, days
            )  # fmt: skip
        except UserError as error:
            raise cells.problem(error.message, error.hint) from None
    return found


def _spans(cells: Cells, day: str) -> str:
    value = cells.row.get(day)
    return ",".join(str(part) for part in value) if isinstance(value, list) else cells.text(day)


def _holidays(cells: Cells) -> Iterator[date]:
    value = cells.row.get("holidays")
    parts = value if isinstance(value, list) else cells.text("holidays").replace(";", ",").split(",")
    for part in parts:
        if (text := str(part).strip()) == "":
            continue
        try:
            yield date.fromisoformat(text[:10])
        except ValueError:
            raise cells.problem(f'holidays: "{text}" is no date.', "Write 2026-12-25.") from None


def calendar_of(name: str, calendars: Mapping[str, BusinessHours]) -> BusinessHours | None:
    """The calendar of a name; of no name the one called ``default``, else the only one, else around the clock where a
    project has none. None where there are several and none is named.

    Raises ConfigError REV-305 for a name nobody wrote.
    """
    folded = {known.casefold(): known for known in calendars}
    if name and name.casefold() not in folded:
        near = did_you_mean(name, calendars)
        hint = f"Did you mean {near}?" if near else f'Write a [[calendar]] with name = "{name}" and its hours.'
        raise ConfigError(f"There is no calendar {name}.", code="REV-305", hint=hint)
    wanted = folded.get((name or DEFAULT).casefold())
    if wanted is not None:
        return calendars[wanted]
    if len(calendars) == 1:
        return next(iter(calendars.values()))
    return None if calendars else ALWAYS


# --- routing -----------------------------------------------------------------------------------------------------------


def read_routes(rows: Sequence[Row]) -> list[Route]:
    """The routing rules of a project, in the order in which they are tried.

    Raises ConfigError REV-305 naming the row: a rule without anybody to contact, a priority that is no number, two rules
    for the same leads.
    """
    found: list[Route] = []
    for place, row in enumerate(rows, 1):
        cells = Cells("routing", place, row)
        conditions = tuple((name, cells.listed(name)) for name in CONDITIONS if cells.text(name) or cells.row.get(name))
        contact, questions = cells.text("contact"), cells.text("contact_for_questions")
        if not contact:
            raise cells.problem("contact is who gets these leads: an owner, a name or an address.")
        route = Route(
            cells.text("from_team"), cells.text("to_team"), conditions, contact, questions,
            cells.whole("priority", 100, 0, 10_000), place,
        )  # fmt: skip
        for known in found:
            same = (known.from_team, known.to_team, known.conditions, known.priority)
            if same == (route.from_team, route.to_team, route.conditions, route.priority):
                raise cells.problem(f"row {known.place} is about the same leads.", "Give them different priorities.")
        found.append(route)
    return sorted(found, key=lambda route: route.rank)


def check_promises(objects: Mapping[str, Sequence[Row]]) -> None:
    """Refuse promises, calendars and routing rules that cannot be meant. Raises ConfigError REV-305."""
    calendars = read_calendars(objects.get("calendar", ()))
    read_routes(objects.get("routing", ()))
    for promise in read_promises(objects.get("sla", ())):
        if promise.kind not in ("followup", "feedback"):
            continue
        try:
            chosen = calendar_of(promise.calendar, calendars)
        except ConfigError as error:
            raise promise.problem(error.message, error.hint) from None
        if chosen is None:
            raise promise.problem(
                f"there are {len(calendars)} calendars and it names none.", 'Name one, or call one "default".'
            )
