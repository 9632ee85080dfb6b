"""The agreements of a snapshot, held against what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from revalign_udf.calc.agreed import TEAMS
from revalign_udf.calc.hours import ALWAYS, BusinessHours, business_hours
from revalign_udf.calc.promises import (
    CONDITIONS,
    INFORMATION,
    Promise,
    Route,
    calendar_of,
    read_calendars,
    read_promises,
    read_routes,
)
from revalign_udf.errors import ConfigError, NoData, UserError, did_you_mean
from revalign_udf.periods import Grain, Period, between
from revalign_udf.query.promises.cases import COLUMNS, JUDGES, Case, Handoff, columns_of, handoff_of
from revalign_udf.snapshots.cuts import NONE

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["WRITE", "Promises", "Volume", "parts_of", "promises_of"]

Where = Mapping[str, str]
WRITE = "Write [[sla]] rows in alignment/sla.toml of the project, and build."
_NAMES = {"followup": "to follow up", "feedback": "feedback", "information": "complete information"}


@dataclass(frozen=True, slots=True)
class Volume:
    """One promised amount for one period; ``over`` says whether the period is over and loaded."""

    name: str
    by: str
    to: str
    metric: str
    period: Period
    promised: Fraction
    delivered: Fraction
    over: bool


def parts_of(period: Period, grain: str) -> list[Period]:
    """The months or quarters that make up a period exactly, fiscal ones where the calendar ones do not; none otherwise."""
    names: tuple[Grain, ...] = ("quarter", "fiscal_quarter") if grain == "quarter" else ("month", "fiscal_month")
    for name in names:
        found = between(period, period, name)
        if (found[0].start, found[-1].end) == (period.start, period.end):
            return found
    return []


_desks: WeakKeyDictionary[Session, Promises] = WeakKeyDictionary()


def promises_of(session: Session) -> Promises:
    """The promises of a snapshot, read once. Raises ConfigError REV-305 for one that cannot be meant."""
    if session not in _desks:
        _desks[session] = Promises(session)
    return _desks[session]


class Promises:
    """The agreements of a snapshot and what became of them."""

    def __init__(self, session: Session) -> None:
        objects = session.manifest.objects
        self.zone = ZoneInfo(session.manifest.time_zone)
        self.calendars = read_calendars(objects.get("calendar", ()), session.manifest.time_zone)
        self.promises = read_promises(objects.get("sla", ()))
        self.routes = read_routes(objects.get("routing", ()))
        self._teams, self._facts = _teams(session), session.manifest.facts
        self._ids = {
            promise.place: tuple(self.team(text, promise.problem) for text in promise.route)
            for promise in self.promises
        }
        self._on_route = {
            route.place: (self.team(route.from_team, route.problem), self.team(route.to_team, route.problem))
            for route in self.routes
        }
        self._check(session)
        self._handoffs: dict[tuple[date, date, tuple[tuple[str, str], ...]], list[Handoff]] = {}
        self._cases: dict[tuple[str, date, date, tuple[tuple[str, str], ...]], list[Case]] = {}

    # --- teams -------------------------------------------------------------------------------------------------------

    def team(self, text: str, problem: Callable[[str, str], ConfigError]) -> frozenset[str]:
        """The keys of the teams a name means: one team by its key or name, or all of a function (sales).

        Raises ConfigError REV-305 for a team nobody knows.
        """
        wanted = text.casefold()
        for place in range(3):
            found = frozenset(key for key, names in self._teams.items() if names[place].casefold() == wanted)
            if found:
                return found
        if wanted in TEAMS:
            return frozenset()  # a function this company has no team of
        known = sorted({name for names in self._teams.values() for name in names if name} | set(TEAMS))
        near = did_you_mean(text, known)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
        raise problem(f"there is no team {text}.", hint)

    def team_name(self, key: str | None) -> str:
        """The name of a team."""
        if key is None:
            return NONE
        return self._teams[key][1] or key if key in self._teams else key

    def concerns(self, text: str, wanted: str) -> bool:
        """Whether a text (one team, or several apart by commas) names a team in common with another. Raises UnknownName
        REV-101 for a wanted team nobody knows."""
        keys = self.team(wanted, self._unknown)
        same = wanted.casefold()
        return any(
            part.casefold() == same or bool(keys & self.team(part, self._unknown)) for part in text.split(", ") if part
        )

    @staticmethod
    def _unknown(message: str, hint: str) -> ConfigError:
        return ConfigError(f"{message[0].upper()}{message[1:]}", code="REV-101", hint=hint)

    # --- checks ------------------------------------------------------------------------------------------------------

    def _check(self, session: Session) -> None:
        """What only a snapshot can say of promises: their metrics and fields. Raises ConfigError REV-305."""
        own: set[str] | None = None
        for promise in self.promises:
            if promise.kind == "volume":
                try:
                    metric = session.catalogue.metric(promise.metric)
                except UserError as error:
                    raise promise.problem(error.message, error.hint) from None
                if metric.kind != "scalar" or metric.additivity not in ("flow", "distinct"):
                    raise promise.problem(
                        f"{metric.name} is not counted by the period.", "Promise one that is, such as mql."
                    )
            for field in promise.fields:
                if columns_of(field):
                    continue
                own = _custom_fields(session) if own is None else own
                if field not in own:
                    known = [*own, *(name for names in INFORMATION.values() for name in names)]
                    near = did_you_mean(field, known)
                    hint = f"Did you mean {near}?" if near else f"Known: {', '.join(sorted(set(known)))}."
                    raise promise.problem(f"no lead has a field {field}.", hint)

    # --- hand-offs ---------------------------------------------------------------------------------------------------

    @cached_property
    def now(self) -> datetime:
        """The instant of judging. Raises NoData REV-201 where there are no hand-offs."""
        info = self._facts.get("handoff")
        if info is None or info.watermark is None:
            raise NoData("No hand-offs are loaded.", code="REV-201", hint="Pull a source that has them.")
        return datetime.combine(info.watermark + timedelta(days=1), time(), self.zone).astimezone(UTC)

    @property
    def last_day(self) -> date:
        """The last day hand-offs are loaded for."""
        return self.now.astimezone(self.zone).date() - timedelta(days=1)

    def handoffs(self, session: Session, period: Period, where: Where) -> list[Handoff]:
        """The hand-offs made in a period. Raises NoData as :meth:`Session.window_of`."""
        key = (period.start, period.end, tuple(sorted(where.items())))
        if key not in self._handoffs:
            window, now = session.window_of("handoff", period), self.now
            rows = session.evaluator.rows("handoff", window, where, COLUMNS, by=CONDITIONS)
            found = [handoff_of(row, now) for row in rows]
            self._handoffs[key] = sorted(found, key=lambda item: (item.handed, item.system, item.id))
        return self._handoffs[key]

    def cases(self, session: Session, kind: str, period: Period, where: Where) -> list[Case]:
        """Every hand-off of a period held against every promise of a kind that speaks of it and is valid on its day.

        Raises NoData REV-204 where no promise of the kind is valid in the period.
        """
        promises = self.of_kind(kind, period)
        if not promises:
            raise NoData(f"Nobody promised {_NAMES[kind]} for {period}.", hint=WRITE)
        key = (kind, period.start, period.end, tuple(sorted(where.items())))
        if key not in self._cases:
            pairs = (
                (promise, handoff)
                for handoff in self.handoffs(session, period, where)
                for promise in promises
                if self.speaks(promise, handoff)
            )
            judged = (self.judged(promise, handoff) for promise, handoff in pairs)
            self._cases[key] = [case for case in judged if case is not None]
        return self._cases[key]

    def of_kind(self, kind: str, period: Period) -> list[Promise]:
        """The promises of a kind that are valid on any day of a period."""
        return [
            item for item in self.promises
            if item.kind == kind and item.valid_from < period.end and period.start < item.valid_to
        ]  # fmt: skip

    def speaks(self, promise: Promise, handoff: Handoff) -> bool:
        """Whether a promise is about a hand-off: its route, on a day it is valid."""
        giver, taker = self._ids[promise.place]
        return promise.holds(handoff.day) and handoff.from_team in giver and handoff.to_team in taker

    def calendar(self, promise: Promise) -> BusinessHours:
        """The calendar of a promise; around the clock for one without a limit."""
        if not promise.hours:
            return ALWAYS
        found = calendar_of(promise.calendar, self.calendars)
        if found is None:  # pragma: no cover - refused when the promises were read
            raise promise.problem("it names no calendar.")
        return found

    def judged(self, promise: Promise, handoff: Handoff) -> Case | None:
        """What became of a promise for one hand-off; None for one it asks nothing of."""
        return JUDGES[promise.kind](promise, handoff, self.calendar(promise), self.now)

    def follows_up(self, handoff: Handoff) -> Promise | None:
        """The first promise to follow up a hand-off."""
        return next((item for item in self.promises if item.kind == "followup" and self.speaks(item, handoff)), None)

    def hours_to_contact(self, handoff: Handoff) -> Fraction | None:
        """Working hours to the first contact; None without one. Raises NoData REV-204 where nobody can say which of several
        calendars counts."""
        if handoff.contact is None:
            return None
        promise = self.follows_up(handoff)
        calendar = self.calendar(promise) if promise else calendar_of("", self.calendars)
        if calendar is None:
            raise NoData(
                f"Nobody says in which of {len(self.calendars)} calendars hand-offs from"
                f" {self.team_name(handoff.from_team)} to {self.team_name(handoff.to_team)} count.",
                hint='Call one of the calendars "default".',
            )
        return business_hours(handoff.handed, handoff.contact, calendar)

    def feedback_open(self, handoff: Handoff) -> bool:
        """Whether a promise still gives time to say what became of a hand-off."""
        return any(
            item.kind == "feedback"
            and self.speaks(item, handoff)
            and business_hours(handoff.handed, self.now, self.calendar(item)) <= item.hours
            for item in self.promises
        )

    def orphaned(self, handoff: Handoff) -> str:
        """Why nobody takes care of a hand-off; empty where somebody does, or still has time to."""
        if handoff.touched:
            return ""
        today = self.last_day
        if handoff.owner is None:
            return "handed to nobody"
        if not handoff.owner_known:
            return "handed to an owner who is not known"
        if (handoff.active_from and today < handoff.active_from) or (handoff.active_to and handoff.active_to <= today):
            return "its owner is not active"
        promise = self.follows_up(handoff)
        if promise is None:
            return "no first contact"
        case = self.judged(promise, handoff)
        return "no first contact past the limit" if case is not None and case.state == "breached" else ""

    def route_of(self, handoff: Handoff) -> Route | None:
        """The routing rule a hand-off falls under."""
        lead = dict(zip(CONDITIONS, handoff.traits, strict=True))
        for route in self.routes:
            giver, taker = self._on_route[route.place]
            if handoff.from_team in giver and handoff.to_team in taker and route.fits(lead):
                return route
        return None

    # --- amounts -----------------------------------------------------------------------------------------------------

    def volumes(self, session: Session, period: Period) -> list[Volume]:
        """Every amount promised for the months or quarters that make up a period, and what was delivered.

        Those before the first record and those that have not begun are left out. Raises NoData, as the metric does, where
        that leaves none and for any other reason.
        """
        promised: list[tuple[str, str, str, str, Period, Fraction]] = []
        taken: set[tuple[str, date, date]] = set()
        for item in self.of_kind("volume", period):
            name = session.catalogue.metric(item.metric).name
            for part in parts_of(period, item.period):
                if item.holds(part.start):
                    promised.append((item.name, item.by, item.to, name, part, item.amount))
                    taken.add((name, part.start, part.end))
        for name, givers, part, amount in _committed(session, period):
            if not any(n == name and start < part.end and part.start < end for n, start, end in taken):
                teams = ", ".join(sorted(map(self.team_name, givers)))
                promised.append((f"goal of {name}", teams, "", name, part, amount))
        found, missing = [], None
        for name, by, to, metric, part, amount in promised:
            try:
                found.append(Volume(name, by, to, metric, part, amount, *_delivered(session, metric, part)))
            except NoData as error:
                if error.code != "REV-204":
                    raise
                missing = error
        if missing is not None and not found:
            raise missing
        return found


# --- reading ----------------------------------------------------------------------------------------------------------


def _teams(session: Session) -> dict[str, tuple[str, str, str]]:
    """Key -> (key, name, function) of every team there is, or that a hand-off names."""
    con, known = session.snapshot.con, session.manifest.facts
    found: dict[str, tuple[str, str, str]] = {}
    if "handoff" in known:
        rows = con.execute("SELECT from_team FROM fact_handoff UNION SELECT to_team FROM fact_handoff").fetchall()
        found = {key: (key, "", "") for (key,) in rows if key is not None}
    if "team" in known:
        for key, name, function in con.execute("SELECT id, name, function FROM team ORDER BY ALL").fetchall():
            found[key] = (key, name or "", function or "")
    return found


def _custom_fields(session: Session) -> set[str]:
    if "handoff" not in session.manifest.facts:
        return set()
    rows = session.snapshot.con.execute("SELECT DISTINCT fields FROM fact_handoff WHERE fields IS NOT NULL").fetchall()
    found = {name for (text,) in rows for name in text.strip("|").split("|") if name}
    return {name for name in found if not columns_of(name)}


def _committed(session: Session, period: Period) -> Iterator[tuple[str, set[str], Period, Fraction]]:
    """(metric, teams, period, amount) of promises written as goals, longer ones before the shorter ones inside them. Those
    of the company go before those of teams, which add up; those of single owners are no promise to another team."""
    grouped: dict[tuple[str, date, date], list[Any]] = {}
    for goal in session.goals:
        metric = session.catalogue.metric(goal.metric)
        counted = metric.kind == "scalar" and metric.additivity in ("flow", "distinct") and metric.unit != "money"
        inside = period.start <= goal.period.start and goal.period.end <= period.end
        if goal.promise and not goal.owner and counted and inside and goal.value > 0:
            grouped.setdefault((metric.name, goal.period.start, goal.period.end), []).append(goal)
    chosen: list[tuple[str, date, date]] = []
    for key in sorted(grouped, key=lambda item: (item[0], item[1] - item[2], item[1])):
        name, start, end = key
        if any(n == name and start < e and s < end for n, s, e in chosen):
            continue
        chosen.append(key)
        goals = [goal for goal in grouped[key] if not goal.team] or grouped[key]
        yield (
            name,
            {goal.team for goal in goals if goal.team},
            goals[0].period,
            sum((goal.value for goal in goals), Fraction(0)),
        )


def _delivered(session: Session, name: str, period: Period) -> tuple[Fraction, bool]:
    from revalign_udf.query.formulas import component_periods, evaluate

    metric = session.catalogue.bind(session.catalogue.metrics[name])
    open_ = any(
        session.is_partial(session.component(one), when) for one, when in component_periods(session, metric, period)
    )
    return evaluate(session, metric, period, {}), not open_
