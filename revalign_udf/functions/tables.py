"""Answers of the query layer and of the core as rows of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revalign_udf.errors import NoData, RevalignError, Undefined, UnknownName, UserError

if TYPE_CHECKING:
    from revalign_udf.calc.funnel import Stage
    from revalign_udf.query.answers import Answer, Explanation, Table

__all__ = [
    "FUNNEL_HEADER", "explained", "funnel_row", "headed", "only", "padded", "rows_of", "value_of", "value_or_error",
]  # fmt: skip

FUNNEL_HEADER = ("stage", "reached", "step_conversion", "overall_conversion")


def value_of(answer: Answer) -> Fraction:
    """The exact number of an answer. Raises NoData with the answer's own reason and cell when it has none."""
    if answer.exact is not None:
        return answer.exact
    if answer.rows is not None:
        raise UserError(f"{answer.metric} is a table, not one number.", hint="Use REVALIGN.TABLE or REVALIGN.EXPLAIN.")
    code = answer.status if answer.status.startswith("REV-") else None
    message = answer.message.removeprefix(answer.status).strip()
    raise NoData(message or "There is no number.", code=code, cell=answer.cell or None)


def value_or_error(answer: Answer) -> Fraction | RevalignError:
    """The exact number, or the error that stands in its cell of a table."""
    try:
        return value_of(answer)
    except RevalignError as error:
        return error


def rows_of(answer: Answer) -> Table:
    """The rows of an answer. Raises NoData with its reason when it has none."""
    if answer.rows is None:
        value_of(answer)  # raises the reason
        raise NoData(answer.message)  # pragma: no cover - a table without rows has a reason
    return answer.rows


def headed(table: Table) -> list[list[Any]]:
    """A table with its column names above it."""
    return [list(table.columns), *(list(row) for row in table.rows)]


def only(table: Table, column: str, value: str | None) -> Table:
    """The rows with a value in a column; all of them without a value. Raises UnknownName for a value not there."""
    if value is None or column not in table.columns:
        return table
    place = table.columns.index(column)
    rows = tuple(row for row in table.rows if str(row[place]).casefold() == value.casefold())
    if not rows:
        raise UnknownName(column, value, (str(row[place]) for row in table.rows))
    return replace(table, rows=rows)


def padded(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Rows made equally long with blanks: a spill is a rectangle.

    >>> padded([["a"], ["b", 1]])
    [['a', None], ['b', 1]]
    """
    found = [list(row) for row in rows]
    width = max(map(len, found), default=0)
    return [row + [None] * (width - len(row)) for row in found]


def explained(explanation: Explanation) -> list[list[Any]]:
    """An explanation from top to bottom: the number, its definition, components, arithmetic, records in and out."""
    answer = explanation.answer
    return padded(
        [
            [answer.label or answer.metric, answer.period, value_or_error(answer), answer.unit],
            ["definition", explanation.definition],
            *_vanity(answer),
            ["formula", explanation.formula],
            *headed(explanation.components),
            ["arithmetic", explanation.arithmetic],
            *headed(explanation.records),
            *headed(explanation.excluded),
        ]
    )


def _vanity(answer: Answer) -> list[list[Any]]:
    """Of a vanity metric the question it dodges and the metric that answers it, with its number."""
    if not answer.counterpart:
        return []
    return [["question", answer.question], ["counterpart", answer.counterpart, answer.counterpart_exact]]


def funnel_row(stage: Stage, *, first: bool) -> list[Any]:
    """One stage as a row; a share of nothing is an error cell, the first stage has no step."""
    nothing = Undefined("Nobody reached the stage before.")
    step = None if first else nothing if stage.step is None else stage.step
    return [stage.name, stage.reached, step, nothing if stage.overall is None else stage.overall]
