"""Hand-offs, and whether a promise was kept for one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, Literal

from revalign_udf.calc.hours import BusinessHours, add_hours, business_hours
from revalign_udf.calc.promises import CONDITIONS, INFORMATION, Promise

__all__ = ["COLUMNS", "JUDGES", "Case", "Handoff", "State", "columns_of", "handoff_of"]

State = Literal["kept", "breached", "open", "apart"]
_TIMES = ("handed", "contact", "accepted", "rejected", "feedback", "returned")
#: what is read of the fact, after the conditions of routing rules
COLUMNS = (
    "f.system, f.record_table, f.record_id, f.lead, f.customer, f.from_team, f.to_team, f.owner, f.rep, f.on_day,"
    f" {', '.join(f'f.{name}_at' for name in _TIMES)}, f.reason, f.fields_present, f.fields_required, f.fields,"
    " f.owner_known, f.active_from, f.active_to"
)


@dataclass(frozen=True, slots=True)
class Handoff:
    """One hand-off as it is known at the instant of judging; instants in UTC."""

    system: str
    table: str
    id: str
    lead: str
    customer: str | None
    from_team: str | None
    to_team: str | None
    owner: str | None
    rep: str | None
    day: date
    handed: datetime
    contact: datetime | None
    accepted: datetime | None
    rejected: datetime | None
    feedback: datetime | None
    returned: datetime | None
    reason: str | None
    present: int | None
    required: int | None
    fields: frozenset[str] | None
    owner_known: bool
    active_from: date | None
    active_to: date | None
    traits: tuple[str, ...]

    @property
    def refused(self) -> datetime | None:
        """When it was rejected or returned, whichever came first."""
        return min((when for when in (self.rejected, self.returned) if when), default=None)

    @property
    def reported(self) -> bool:
        """Whether an outcome came back: accepted, rejected with a reason, or feedback."""
        return bool(self.accepted or (self.rejected and self.reason) or self.feedback)

    @property
    def touched(self) -> bool:
        """Whether anybody did anything with it."""
        return bool(self.contact or self.accepted or self.refused or self.feedback)


@dataclass(frozen=True, slots=True)
class Case:
    """One hand-off held against one promise. ``late`` and ``took`` are working hours; ``took`` is what the answer took."""

    promise: Promise
    handoff: Handoff
    state: State
    due: datetime | None = None
    done: datetime | None = None
    late: Fraction | None = None
    took: Fraction | None = None
    why: str = ""


def handoff_of(row: Sequence[Any], now: datetime) -> Handoff:
    """A hand-off of a row of :data:`COLUMNS`, as it is known at an instant."""
    traits, rest = tuple(row[: len(CONDITIONS)]), row[len(CONDITIONS) :]
    key, times, after = rest[:10], rest[10:16], rest[16:]
    moments = [None if when is None else when.replace(tzinfo=UTC) for when in times]
    # what lies ahead of the instant of judging has not happened yet
    known = [moments[0], *(when if when is not None and when < now else None for when in moments[1:])]
    reason, present, required, fields, owner_known, active_from, active_to = after
    names = None if fields is None else frozenset(name for name in fields.strip("|").split("|") if name)
    told = reason if known[3] or known[5] else None
    found: Any = (*key, *known, told, present, required, names, bool(owner_known), active_from, active_to, traits)
    return Handoff(*found)


# --- judging ----------------------------------------------------------------------------------------------------------


def _follow_up(promise: Promise, item: Handoff, calendar: BusinessHours, now: datetime) -> Case:
    due = add_hours(item.handed, promise.hours, calendar)
    if item.contact is not None:
        took = business_hours(item.handed, item.contact, calendar)
        late = took - promise.hours
        if late <= 0:
            return Case(promise, item, "kept", due, item.contact, took=took)
        return Case(promise, item, "breached", due, item.contact, late, took, "first contact too late")
    until = item.refused or now
    late = business_hours(item.handed, until, calendar) - promise.hours
    if late > 0:
        why = "handed back too late and without a contact" if item.refused else "no contact yet"
        return Case(promise, item, "breached", due, item.refused, late, why=why)
    return Case(promise, item, "apart" if item.refused else "open", due, item.refused)


def _feedback(promise: Promise, item: Handoff, calendar: BusinessHours, now: datetime) -> Case | None:
    if (refused := item.refused) is None:
        return None
    due = add_hours(item.handed, promise.hours, calendar)
    took = business_hours(item.handed, refused, calendar)
    if item.reason:
        if took <= promise.hours:
            return Case(promise, item, "kept", due, refused, took=took)
        return Case(promise, item, "breached", due, refused, took - promise.hours, took, "refused too late")
    late = business_hours(item.handed, now, calendar) - promise.hours
    if late > 0:
        return Case(promise, item, "breached", due, None, late, why="refused without a reason")
    return Case(promise, item, "open", due)


def _information(promise: Promise, item: Handoff, _: BusinessHours, __: datetime) -> Case:
    if promise.fields:
        if item.fields is None:
            return Case(promise, item, "apart")
        have = item.fields
        missing = [name for name in promise.fields if not have & {name, *columns_of(name)}]
        why = f"missing: {', '.join(missing)}"
        return Case(promise, item, "breached" if missing else "kept", item.handed, why=why if missing else "")
    if item.present is None or item.required is None:
        return Case(promise, item, "apart")
    if item.present >= item.required:
        return Case(promise, item, "kept", item.handed)
    return Case(promise, item, "breached", item.handed, why=f"{item.present} of {item.required} fields")


JUDGES: Mapping[str, Callable[[Promise, Handoff, BusinessHours, datetime], Case | None]] = {
    "followup": _follow_up,
    "feedback": _feedback,
    "information": _information,
}


def columns_of(field: str) -> frozenset[str]:
    """The columns a field's name means, alone or with its table."""
    every = [f"{table}.{name}" for table, names in INFORMATION.items() for name in names]
    return frozenset(name for name in every if field in (name, name.partition(".")[2]))
