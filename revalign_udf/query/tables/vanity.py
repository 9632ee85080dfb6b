"""The vanity register: numbers that look good while dodging a question, each beside the number that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from revalign_udf.calc.results import CellError
from revalign_udf.errors import UserError
from revalign_udf.metrics import Metric
from revalign_udf.query.answers import Answer, Table
from revalign_udf.query.tables.ask import Ask, TableMetric

__all__ = ["TABLES", "register"]

_COLUMNS = (
    "metric", "label", "value", "unit", "question", "counterpart", "counterpart_value", "counterpart_unit", "note",
)  # fmt: skip
_UNITS = ("text", "text", "number", "text", "text", "text", "number", "text", "text")


def register(declared: Iterable[Metric], named: Callable[[str], Metric], asked: Callable[[Metric], Answer]) -> Table:
    """Every metric declared as vanity, the question it dodges, its counterpart, and both numbers.

    ``named`` finds a metric by name, ``asked`` answers one. A number that cannot be had is its cell error with the
    reason in ``note``; so is a declaration that names no question, no counterpart, or one that is vanity itself.
    """
    vain = sorted((metric for metric in declared if metric.role == "vanity"), key=lambda metric: metric.name)
    return Table(_COLUMNS, tuple(_row(metric, named, asked) for metric in vain), _UNITS)


def _row(
    metric: Metric, named: Callable[[str], Metric], asked: Callable[[Metric], Answer]
) -> tuple[str | float | None, ...]:
    mine = asked(metric)
    notes = [_note(mine)] if metric.question else [_note(mine), "It names no question that it dodges."]
    name, value, unit = metric.counterpart, None, ""
    if not metric.counterpart:
        notes.append("It names no counterpart.")
    else:
        try:
            other = named(metric.counterpart)
            theirs = asked(other)
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


def _vanity(ask: Ask) -> Table:
    from revalign_udf.query.answering import answer  # it answers table metrics, so it imports this package

    catalogue = ask.session.catalogue

    def asked(metric: Metric) -> Answer:
        return answer(ask.session, catalogue.bind(metric), ask.period, {})

    return register(catalogue.metrics.values(), catalogue.metric, asked)


TABLES = {"vanity": TableMetric((), _vanity)}
