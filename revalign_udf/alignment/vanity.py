"""The vanity register: numbers that look good while dodging a question, each beside the number that answers it."""

from __future__ import annotations

from revalign_udf.calc.results import CellError
from revalign_udf.errors import UserError
from revalign_udf.metrics import Metric
from revalign_udf.query import Answer, Query, Table

__all__ = ["vanity_register"]

_COLUMNS = (
    "metric", "label", "value", "unit", "question", "counterpart", "counterpart_value", "counterpart_unit", "note",
)  # fmt: skip
_UNITS = ("text", "text", "number", "text", "text", "text", "number", "text", "text")


def vanity_register(query: Query, period: object = "LAST_MONTH") -> Table:
    """Every metric declared as vanity, the question it dodges, its counterpart, and both numbers for a period.

    A number that cannot be had is its cell error with the reason in ``note``; so is a declaration that names no
    question, no counterpart, or one that is nobody's honest answer.

    Raises UserError REV-101 for a period nobody can read, NoData REV-205 while nothing is published.
    """
    when = query.period(period)
    declared = [query.declaration(name) for name in query.names("metrics")]
    return Table(_COLUMNS, tuple(_row(query, m, when) for m in declared if m.role == "vanity"), _UNITS)


def _row(query: Query, metric: Metric, when: object) -> tuple[str | float | None, ...]:
    mine = query.metric(metric.name, when)
    notes = [_note(mine)] if metric.question else [_note(mine), "It names no question that it dodges."]
    name, value, unit = metric.counterpart, None, ""
    if not metric.counterpart:
        notes.append("It names no counterpart.")
    else:
        try:
            other = query.declaration(metric.counterpart)
            theirs = query.metric(other.name, when)
        except UserError as error:
            notes.append(f"Its counterpart: {error}")
        else:
            name, value, unit = other.name, _shown(theirs), other.unit
            notes += [_note(theirs), "Its counterpart is vanity too." if other.role == "vanity" else ""]
    # both numbers mostly lack for the same reason, which is then said once
    note = " ".join(dict.fromkeys(text for text in notes if text))
    return (metric.name, metric.label, _shown(mine), metric.unit, metric.question, name, value, unit, note)


def _shown(answer: Answer) -> str | float | None:
    """A number, or the error a cell shows in its place; a table has neither."""
    return answer.value if answer.value is not None or not answer.cell else CellError(answer.cell)


def _note(answer: Answer) -> str:
    return f"{answer.metric} is a table." if answer.rows is not None else answer.message
