"""Functions on promises between teams: over ranges, and on the published snapshot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revalign_udf.calc.hours import parse_week
from revalign_udf.calc.instants import followup_rate
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.asking import shaping, told
from revalign_udf.functions.registry import Example, function
from revalign_udf.functions.tables import rows_of

if TYPE_CHECKING:
    from revalign_udf.query.answers import Table

__all__ = ["promised"]

_ALWAYS = "24x7"
#: kinds of promises the receiver of a hand-off makes
_RECEIVERS = ("followup", "feedback")


@function(
    "SLA_RATE",
    [
        Argument("handed_at", "instants", "When each lead was handed over: dates with times."),
        Argument("first_contact_at", "instants", "When each was first contacted; blank for not yet."),
        Argument("limit_hours", "number", "The promise: so many working hours from hand-off to first contact."),
        Argument("business_hours", "text", 'As "Mon-Fri 09:00-17:00 Europe/Stockholm"; empty: always.', optional=True),
        Argument("holidays", "days", "Days on which nobody works.", optional=True),
        Argument("as_of", "instants", "When to judge; a date means its end. Needed if any wait.", optional=True),
    ],
    examples=[
        Example((["2026-03-27 16:00", "2026-03-30 09:00"], ["2026-03-30 10:00", "2026-03-30 12:30"], 2,
                 "Mon-Fri 09:00-17:00 Europe/Stockholm"), 0.5),
        Example((["2026-03-27 16:00", "2026-03-27 16:30"], ["2026-03-27 16:45", None], 2,
                 "Mon-Fri 09:00-17:00", None, "2026-03-28"), 1.0, "not yet due on Saturday"),
        Example((["2026-03-27 16:00"], [None], 2), "#VALUE!", "as of when?"),
    ],
)  # fmt: skip
def sla_rate(
    handed_at: Sequence[datetime | None], first_contact_at: Sequence[datetime | None], limit_hours: Fraction,
    business_hours: str | None, holidays: list[date], as_of: Sequence[datetime | None],
) -> Fraction:  # fmt: skip
    """Share of hand-offs contacted within the promised working hours; untouched past the limit is broken, what is not
    yet due is left out."""
    try:
        calendar = parse_week(business_hours or _ALWAYS, holidays=holidays)
    except UserError as error:  # in a cell it is an argument, not a setting
        raise UserError(error.message, code="REV-101", hint=error.hint) from error
    return followup_rate(handed_at, first_contact_at, limit_hours, calendar, as_of)


@function(
    "SLA",
    [
        Argument("handoff", "text", 'A promise, a team, a hand-off such as "marketing > sales", or "all".'),
        Argument("period", "period", "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."),
        Argument("as_of", "day", "Date of the snapshot to read; empty for the newest.", optional=True),
        shaping("filters", "Dimension to filter by; "),
    ],
    returns="spill",
    snapshot=True,
)
def sla(handoff: str, period: str | date, as_of: date | None, filters: Mapping[str, str]) -> list[list[Any]]:
    """What became of the promises between teams: promised, kept, broken, not yet due, the share kept and the hours."""
    asked = told(filters, table=True)
    answer = session.query().metric("sla", period, asked.where, as_of=as_of, **asked.plain)
    return asked.cells(promised(rows_of(answer), handoff))


def promised(table: Table, wanted: str) -> Table:
    """The promises of a name, a team or a hand-off ("marketing > sales"); all of them for "all".

    Raises UnknownName REV-101 for none.
    """
    text = wanted.strip().casefold()
    if text == "all":
        return table
    rows, known = [], set()
    for row, cells in zip(table.rows, table.dicts(), strict=True):
        name, by, to = (str(cells[column] or "") for column in ("promise", "by_team", "to_team"))
        route = (to, by) if cells["kind"] in _RECEIVERS else (by, to)
        known |= {name, by, to, " > ".join(route)}
        parts = tuple(part.strip().casefold() for part in re.split(r"\s*(?:->|>|→)\s*", text))
        if text in (name.casefold(), by.casefold(), to.casefold()) or parts == tuple(map(str.casefold, route)):
            rows.append(row)
    if not rows:
        raise UnknownName("promise or team", wanted, sorted(known - {""}))
    return replace(table, rows=tuple(rows))
