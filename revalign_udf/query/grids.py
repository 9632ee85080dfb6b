"""Answers side by side: the rows of tables and the cells of comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from revalign_udf.errors import NoData
from revalign_udf.query.answering import cell
from revalign_udf.query.answers import Answer, Table

__all__ = ["beside_cells", "stacked"]


def stacked(answers: Sequence[Answer]) -> Table:
    """The rows of one table metric for several periods, the period in front. Raises NoData with the reason of the first
    period where none has rows; columns that only some periods have are blank in the others."""
    found = [(answer.period, answer.rows) for answer in answers if answer.rows is not None]
    if not found:
        first = answers[0]
        raise NoData(
            first.message.removeprefix(first.status).strip(), code=first.status or None, cell=first.cell or None
        )
    names: dict[str, str] = {}
    for _, table in found:
        names |= dict(zip(table.columns, table.units or ("text",) * len(table.columns), strict=True))
    rows = [(period, *(row.get(name) for name in names)) for period, table in found for row in table.dicts()]
    front = "asked_period" if "period" in names else "period"  # a table may tell periods of its own
    return Table((front, *names), tuple(rows), ("text", *names.values()))


def beside_cells(found: Answer) -> list[str | float | None]:
    """The comparisons of an answer as cells: difference and share; a blank where there is none."""
    return [
        None if value is None else cell(replace(found, exact=value))
        for item in found.comparisons
        for value in (item.difference, item.share)
    ]
