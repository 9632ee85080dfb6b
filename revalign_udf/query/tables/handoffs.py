"""Promises and hand-offs as tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, tzinfo
from fractions import Fraction

from revalign_udf.calc.hours import business_hours, percentile
from revalign_udf.calc.promises import KINDS, Promise, Route
from revalign_udf.errors import NoData
from revalign_udf.periods import Period
from revalign_udf.query.answers import Table
from revalign_udf.query.promises import Case, Handoff, Promises, Volume, parts_of, promises_of, volumes_of
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share

__all__ = ["TABLES"]

Cell = str | float | None
_Row = tuple[Cell, ...]
_HALF, _NINE = Fraction(1, 2), Fraction(9, 10)
_STATES = ("kept", "breached", "open", "apart")
_NEEDS = tuple(f"{kind}_{state}" for kind in ("followup", "information", "feedback") for state in _STATES)


def _spread(hours: Sequence[Fraction]) -> tuple[Cell, Cell, Cell]:
    """Mean, median and 90th percentile; blanks of nothing."""
    mean = sum(hours, Fraction(0)) / len(hours) if hours else None
    return number(mean), number(percentile(hours, _HALF)), number(percentile(hours, _NINE))


def _text(when: datetime | None, zone: tzinfo) -> str | None:
    return None if when is None else when.astimezone(zone).isoformat(timespec="seconds")


def _kinds(ask: Ask, desk: Promises) -> dict[str, list[Case]]:
    """The cases of every kind that is promised, as far as hand-offs are known; the reason where there are no promises and
    no amounts at all."""
    found: dict[str, list[Case]] = {}
    for kind in ("information", "followup", "feedback"):
        if desk.of_kind(kind, ask.period):
            found[kind] = desk.cases(ask.session, kind, ask.period, ask.where)
    return found


def _amounts(ask: Ask, *, needed: bool) -> list[Volume]:
    """Amounts are promised as a whole: there are none in a cut."""
    try:
        return [] if ask.where else volumes_of(ask.session, ask.period)
    except NoData:
        if needed:
            raise
        return []


# --- the monitor -------------------------------------------------------------------------------------------------------

_SLA = (
    ("promise", "text"), ("kind", "text"), ("by_team", "text"), ("to_team", "text"), ("period", "text"),
    ("promised", "number"), ("kept", "number"), ("breached", "number"), ("not_yet_due", "number"), ("apart", "number"),
    ("share", "rate"), ("promised_share", "rate"), ("met", "text"), ("delivered", "number"), ("limit_hours", "number"),
    ("mean_hours", "number"), ("median_hours", "number"), ("p90_hours", "number"),
)  # fmt: skip


def _sla(ask: Ask) -> Table:
    desk = promises_of(ask.session)
    kinds = _kinds(ask, desk)
    volumes = _amounts(ask, needed=not kinds)
    rows = [((item.period.start, 0, item.name), _volume_row(item)) for item in volumes]
    for kind, cases in kinds.items():
        for promise in desk.of_kind(kind, ask.period):
            own = [case for case in cases if case.promise == promise]
            rows += [
                ((part.start, KINDS.index(kind), promise.name), _promise_row(ask, promise, part, own))
                for part in parts_of(ask.period, promise.period) or [ask.period]
                if promise.valid_from < part.end and part.start < promise.valid_to and part.start <= desk.last_day
            ]
    rows.sort(key=lambda row: row[0])
    return Table(tuple(name for name, _ in _SLA), tuple(row for _, row in rows), tuple(unit for _, unit in _SLA))


def _promise_row(ask: Ask, promise: Promise, part: Period, cases: Sequence[Case]) -> _Row:
    cases = [case for case in cases if part.start <= case.handoff.day < part.end]
    count = Counter(case.state for case in cases)
    kept, breached, waiting = (Fraction(count[state]) for state in ("kept", "breached", "open"))
    hours = [case.took for case in cases if case.took is not None]
    over = not ask.session.is_partial(ask.session.component("handed_over"), part)
    return (
        promise.name, promise.kind, promise.by, promise.to, str(part), float(len(cases)), number(kept), number(breached),
        number(waiting), float(count["apart"]), share(kept, kept + breached), number(promise.share),
        _met(promise.share, kept, breached, waiting, over=over), None, number(promise.hours or None), *_spread(hours),
    )  # fmt: skip


def _met(wanted: Fraction, kept: Fraction, breached: Fraction, waiting: Fraction, *, over: bool) -> str | None:
    """Whether the promised share was kept; open while it may still turn, blank where there was nothing to keep."""
    total = kept + breached + waiting
    if not over or not total:
        return "open" if not over else None
    if kept >= wanted * total:
        return "yes"
    return "no" if kept + waiting < wanted * total else "open"


def _volume_row(item: Volume) -> _Row:
    kept = max(Fraction(0), min(item.delivered, item.promised))
    short = item.promised - kept
    met = "yes" if not short else "no" if item.over else "open"
    return (
        item.name, "volume", item.by, item.to, str(item.period), number(item.promised), number(kept),
        number(short if item.over else Fraction(0)), number(Fraction(0) if item.over else short), 0.0,
        share(item.delivered, item.promised), 1.0, met, number(item.delivered), None, None, None, None,
    )  # fmt: skip


# --- broken promises ---------------------------------------------------------------------------------------------------

_BREACHES = (
    "promise", "kind", "lead", "owner", "rep", "from_team", "to_team", "handed_at", "due_at", "done_at", "hours_late", "why",
    "system", "handoff",
)  # fmt: skip


def _breaches(ask: Ask) -> Table:
    desk = promises_of(ask.session)
    kinds = _kinds(ask, desk)
    rows: list[_Row] = []
    for amount in _amounts(ask, needed=not kinds):
        if amount.over and amount.delivered < amount.promised:
            delivered, promised = (f"{number(value):g}" for value in (amount.delivered, amount.promised))
            why = f"{delivered} of {promised} {amount.metric} in {amount.period}"
            rows.append((amount.name, "volume", *[None] * 3, amount.by, amount.to, *[None] * 4, why, None, None))
    broken = [case for cases in kinds.values() for case in cases if case.state == "breached"]
    for case in sorted(broken, key=lambda case: (case.handoff.handed, case.promise.place, case.handoff.id)):
        promise, item = case.promise, case.handoff
        zone = desk.calendar(promise).zone if promise.hours else desk.zone
        rows.append(
            (promise.name, promise.kind, item.lead, item.owner, item.rep, desk.team_name(item.from_team),
             desk.team_name(item.to_team), _text(item.handed, zone), _text(case.due, zone), _text(case.done, zone),
             number(case.late), case.why, item.system, item.id)
        )  # fmt: skip
    units = ("number" if name == "hours_late" else "text" for name in _BREACHES)
    return Table(_BREACHES, tuple(rows), tuple(units))


# --- hand-offs ---------------------------------------------------------------------------------------------------------

_HANDOFFS = (
    ("from_team", "text"), ("to_team", "text"), ("rule", "text"), ("handed", "count"), ("contacted", "count"),
    ("accepted", "count"), ("rejected", "count"), ("returned", "count"), ("orphaned", "count"), ("off_route", "count"),
    ("mean_hours", "number"), ("median_hours", "number"), ("p90_hours", "number"), ("reported", "count"), ("due", "count"),
    ("closed_loop", "rate"), ("contact", "text"), ("contact_for_questions", "text"),
)  # fmt: skip
_NO_RULE = "(no rule)"


def _handoffs(ask: Ask) -> Table:
    ask.value("handed_over")  # without any hand-off there is no table, empty or not
    desk = promises_of(ask.session)
    groups: defaultdict[tuple[str, str, int], list[Handoff]] = defaultdict(list)
    rules: dict[int, Route] = {route.place: route for route in desk.routes}
    for item in desk.handoffs(ask.session, ask.period, ask.where):
        rule = desk.route_of(item)
        route = desk.team_name(item.from_team), desk.team_name(item.to_team)
        groups[*route, rule.place if rule else 0].append(item)
    for idle in () if ask.where else rules.keys() - {place for *_, place in groups}:
        groups[rules[idle].from_team, rules[idle].to_team, idle] = []
    order = {route.place: position for position, route in enumerate(desk.routes, 1)}
    known = {name.casefold() for name in (*ask.session.values_of("owner"), *ask.session.values_of("rep"))}
    rows = [
        _handoff_row(desk, key, groups[key], rules.get(key[2]), known)
        for key in sorted(groups, key=lambda key: (key[0], key[1], order.get(key[2], len(order) + 1)))
    ]
    return Table(tuple(name for name, _ in _HANDOFFS), tuple(rows), tuple(unit for _, unit in _HANDOFFS))


def _handoff_row(
    desk: Promises, key: tuple[str, str, int], items: Sequence[Handoff], route: Route | None, known: set[str]
) -> _Row:
    try:
        hours = [took for item in items if (took := desk.hours_to_contact(item)) is not None]
    except NoData:
        hours = []  # nobody says in which calendar they count
    reported = sum(item.reported for item in items)
    due = sum(item.reported or not desk.feedback_open(item) for item in items)
    off: Cell = None
    if route is not None and route.contact.casefold() in known:
        wanted = route.contact.casefold()
        off = float(sum(wanted not in ((item.owner or "").casefold(), (item.rep or "").casefold()) for item in items))
    rule = route.text or "(every other)" if route is not None else _NO_RULE if desk.routes else ""
    counts = (
        len(items), sum(item.contact is not None for item in items), sum(item.accepted is not None for item in items),
        sum(item.rejected is not None for item in items), sum(item.returned is not None for item in items),
        sum(bool(desk.orphaned(item)) for item in items),
    )  # fmt: skip
    return (
        key[0], key[1], rule, *map(float, counts), off, *_spread(hours), float(reported), float(due),
        share(Fraction(reported), Fraction(due)), route.contact if route else None, route.questions or None if route else None,
    )  # fmt: skip


_ORPHANS = (
    "lead", "from_team", "to_team", "owner", "rep", "handed_at", "due_at", "hours_waiting", "why", "contact", "system",
    "handoff",
)  # fmt: skip


def _orphans(ask: Ask) -> Table:
    ask.value("handed_over")
    desk = promises_of(ask.session)
    rows: list[_Row] = []
    for item in desk.handoffs(ask.session, ask.period, ask.where):
        if not (why := desk.orphaned(item)):
            continue
        promise, route = desk.follows_up(item), desk.route_of(item)
        case = desk.judged(promise, item) if promise else None
        waiting = business_hours(item.handed, desk.now, desk.calendar(promise)) if promise else None
        zone = desk.calendar(promise).zone if promise else desk.zone
        rows.append(
            (item.lead, desk.team_name(item.from_team), desk.team_name(item.to_team), item.owner, item.rep,
             _text(item.handed, zone), _text(case.due if case else None, zone), number(waiting), why,
             route.contact if route else None, item.system, item.id)
        )  # fmt: skip
    units = ("number" if name == "hours_waiting" else "text" for name in _ORPHANS)
    return Table(_ORPHANS, tuple(rows), tuple(units))


TABLES = {
    "sla": TableMetric(_NEEDS, _sla),
    "sla_breaches": TableMetric(_NEEDS, _breaches),
    "handoffs": TableMetric(
        ("handed_over", "contacted", "contact_hours", "handoffs_reported", "handoffs_due"), _handoffs
    ),
    "handoff_orphans": TableMetric(("handed_over",), _orphans),
}
