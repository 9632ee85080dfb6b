"""Shared definitions: where the teams' answers differ, and what a proposed definition would do to the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revalign_udf.errors import UserError
from revalign_udf.metrics import Metric
from revalign_udf.periods import Period
from revalign_udf.query import Query, Table
from revalign_udf.query.tables.agreements import differences
from revalign_udf.query.versions import Change, impact

__all__ = ["Differences", "Impact", "impact_of", "month_name", "months_back", "where_answers_differ"]

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_STATES = ("different", "unanswered", "agreed")


@dataclass(frozen=True, slots=True)
class Differences:
    """The questions with all answers beside each other, and how many are different, unanswered and agreed."""

    table: Table
    counts: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {"teams": list(self.table.columns[3:]), "counts": dict(self.counts), "rows": self.table.dicts()}


def where_answers_differ(answers: Sequence[Mapping[str, Any]]) -> Differences:
    """Team beside team: see :func:`revalign_udf.query.tables.agreements.differences`."""
    table = differences(answers)
    found = [row["state"] for row in table.dicts()]
    return Differences(table, {state: found.count(state) for state in _STATES})


@dataclass(frozen=True, slots=True)
class Impact:
    """A change of definition: two versions, month by month. ``closed`` are the periods whose number stays all the same."""

    before: Metric
    after: Metric
    changes: tuple[Change, ...]
    closed: frozenset[str]
    currency: str
    snapshot: str

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        rows = [{**one.as_json(), "closed": str(one.period) in self.closed} for one in self.changes]
        return {
            "metric": self.after.name, "unit": self.after.unit, "from_version": self.before.version,
            "to_version": self.after.version, "snapshot": self.snapshot, "rows": rows,
        }  # fmt: skip


def impact_of(query: Query, before: Metric, after: Metric, last: int = 6) -> Impact:
    """What ``after`` instead of ``before`` does to the last full months, both computed from the published snapshot.

    Raises UserError REV-102 for no months, REV-403 for a caller who may not see whole numbers.
    """
    if query.caller.row_filter:
        raise UserError(f"{query.caller.name} may not see whole numbers.", code="REV-403", cell="#N/A")
    session = query.session("today")
    months = months_back(query, last)
    closed = frozenset(str(month) for month in months if query.closes.of(month) is not None)
    changes = tuple(impact(session, before, after, months))
    currency = session.manifest.currency if after.unit == "money" else ""
    return Impact(before, after, changes, closed, currency, session.snapshot.label)


def months_back(query: Query, last: int) -> list[Period]:
    """The last full months, oldest first. Raises UserError REV-102 for fewer than one or more than 60."""
    if not 1 <= last <= 60:
        raise UserError(f"The last {last} months cannot be shown.", hint="Take 1 to 60.")
    found = [query.period("LAST_MONTH")]
    while len(found) < last:
        found.append(found[-1].previous())
    return found[::-1]


def month_name(period: Period) -> str:
    """A month as people say it: ``Sep 2026``; any other period by its name."""
    plain = period.grain == "month" and str(period) == f"{period.start:%Y-%m}"
    return f"{_MONTHS[period.start.month - 1]} {period.start.year}" if plain else str(period)
