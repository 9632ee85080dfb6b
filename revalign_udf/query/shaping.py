"""Which columns and rows of an answered table are shown, in which order, and how its days are told.

Blocks of reports and functions in cells both use this and nothing else, so that a formula fills its block with the very
rows the block was built with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from revalign_udf.calc.cells import ERRORS
from revalign_udf.calc.results import CellError
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.query.answers import Table

__all__ = [
    "RECORD_DAY",
    "Shape",
    "Value",
    "as_day",
    "chosen",
    "dated",
    "ordered",
    "picked",
    "records_in_order",
    "shaped",
]

Value = str | int | float | bool | date | None

#: the column of a list of records that tells a day
RECORD_DAY = "on"
#: what orders records within a component and a period
_USUAL = (RECORD_DAY, "system", "table", "id", "customer")
#: in front of a column: to sort by it largest first, or to leave it out
_MINUS = "-"


@dataclass(frozen=True, slots=True)
class Shape:
    """What to show of a table; by default all of it, as it was answered.

    ``columns`` are the columns to show, in this order; each with a minus in front: all but these. ``sort`` are those to
    order by, the first counts most, a minus in front means largest first. ``limit`` is how many rows to show. ``days``:
    days are dates and not texts. ``heads``: the names of the columns stand above.
    """

    columns: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    limit: int | None = None
    days: bool = False
    heads: bool = True


def shaped(table: Table, shape: Shape) -> list[list[Value]]:
    """A table as rows of cells. Without heads and without rows it is one row of blanks: a formula in a spreadsheet cannot
    answer nothing. A text that spells an error is one, whichever way it reaches a cell.

    >>> table = Table(("name", "n"), (("a", 1), ("b", None), ("c", 3)), ("text", "count"))
    >>> shaped(table, Shape(("n",), ("-n",), 2))
    [['n'], [3], [1]]
    >>> shaped(replace(table, rows=()), Shape(heads=False))
    [[None, None]]

    Raises UnknownName REV-101 for a column the table does not have, UserError REV-102 as `chosen` does.
    """
    places = chosen(table, shape.columns)
    days = dated(table) if shape.days else (False,) * len(table.columns)
    rows = ordered(table, shape.sort).rows[: shape.limit]
    real = [days[at] for at in places]
    found = [[_error(value) for value in picked(row, places, real)] for row in rows]
    if shape.heads:
        return [[table.columns[at] for at in places], *found]
    return found or [[None] * len(places)]


def _error(value: Value) -> Value:
    return CellError(value) if isinstance(value, str) and value in ERRORS else value


# --- columns ---------------------------------------------------------------------------------------------------------


def chosen(table: Table, names: Sequence[str]) -> list[int]:
    """The places of columns by their names, in the order of the names; without names all, with minuses all others.

    >>> table = Table(("stage", "reached", "share"), ())
    >>> chosen(table, ["Share", "stage"]), chosen(table, ["-reached"]), chosen(table, [])
    ([2, 0], [0, 2], [0, 1, 2])

    Raises UnknownName REV-101 for a column that is not there, UserError REV-102 for one named twice, for names with and
    without a minus together, and where no column is left.
    """
    left_out = [name.startswith(_MINUS) and name not in table.columns for name in names]
    if any(left_out) and not all(left_out):
        raise UserError(
            "columns names some to show and some to leave out.", hint="Give a minus to all of them or to none."
        )
    places = [
        _place(table, name.removeprefix(_MINUS).strip() if out else name)
        for name, out in zip(names, left_out, strict=True)
    ]
    for at in places:
        if places.count(at) > 1:
            raise UserError(f'The column "{table.columns[at]}" is named twice.', hint="Name each column once.")
    if names and not any(left_out):
        return places
    found = [at for at in range(len(table.columns)) if at not in places]
    if not found:
        raise UserError("No column is left to show.", hint="Leave out fewer.")
    return found


def _place(table: Table, name: str) -> int:
    if name in table.columns:
        return table.columns.index(name)
    known = [_folded(column) for column in table.columns]
    if _folded(name) not in known:
        raise UnknownName("column", name, table.columns, hint=f"There are: {', '.join(table.columns)}.")
    return known.index(_folded(name))


def _folded(name: str) -> str:
    """Like the names of metrics and dimensions: small letters, one sign for blanks and dashes."""
    return re.sub(r"[\s\-_]+", "_", name.strip().casefold())


def picked(row: Sequence[Value], places: Sequence[int], days: Sequence[bool]) -> list[Value]:
    """The values of a row in the order of the places; where ``days`` says so, what tells a day is a date."""
    values = [row[at] for at in places]
    return [(as_day(value) or value) if day else value for value, day in zip(values, days, strict=True)]


def dated(table: Table) -> tuple[bool, ...]:
    """Which columns hold days."""
    return tuple(unit == "date" for unit in table.units or ("text",) * len(table.columns))


def as_day(value: object) -> date | None:
    """A day an answer tells as text; None for anything else.

    >>> as_day("2026-09-02"), as_day("soon"), as_day("2026-09")
    (datetime.date(2026, 9, 2), None, None)
    """
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


# --- rows ------------------------------------------------------------------------------------------------------------


def ordered(table: Table, sort: Sequence[str]) -> Table:
    """The rows by these columns: blanks, then numbers, then texts; with a minus in front of the name the other way round.
    Equal rows stay in the order they have. Raises UnknownName REV-101 for a column that is not there.

    >>> rows = (("b", 2), ("a", 2), ("c", None))
    >>> ordered(Table(("name", "n"), rows), ["-n"]).rows
    (('b', 2), ('a', 2), ('c', None))
    >>> ordered(Table(("name", "n"), rows), ["n", "name"]).rows
    (('c', None), ('a', 2), ('b', 2))
    """
    order = list(range(len(table.rows)))
    for name in reversed(sort):  # Python's sort keeps the order of equals, so the first named counts most
        largest_first = name.startswith(_MINUS) and name not in table.columns
        at = _place(table, name.removeprefix(_MINUS).strip() if largest_first else name)
        order.sort(key=_ranks(row[at] for row in table.rows).__getitem__, reverse=largest_first)
    return replace(table, rows=tuple(table.rows[place] for place in order))


def records_in_order(table: Table) -> Table:
    """A list of records in an order that depends on nothing but the records: components and periods as they come, within
    them day, system, table, identifier and customer. Its column of days is one."""
    parts = [table.columns.index(name) for name in ("component", "period") if name in table.columns]
    first = dict[tuple[Value, ...], int]()
    seen = [first.setdefault(tuple(row[at] for at in parts), len(first)) for row in table.rows]
    usual = [table.columns.index(name) for name in _USUAL if name in table.columns]
    keys = list(zip(seen, *(_ranks(row[at] for row in table.rows) for at in usual), strict=True))
    rows = list[tuple[Any, ...]]()
    for _, alike in groupby(sorted(range(len(keys)), key=keys.__getitem__), key=keys.__getitem__):
        found = [table.rows[place] for place in alike]
        rows += sorted(found, key=lambda row: tuple(map(_rank, row))) if len(found) > 1 else found
    units = table.units or ("text",) * len(table.columns)
    days = tuple("date" if name == RECORD_DAY else unit for name, unit in zip(table.columns, units, strict=True))
    return replace(table, rows=tuple(rows), units=days)


def _ranks(values: Iterable[Value]) -> Sequence[Any]:
    """What a column is sorted by: its values where they are of one kind, which is many times faster, else their ranks."""
    found = list(values)
    kinds = set(map(type, found))
    return found if len(kinds) == 1 and kinds <= {str, int, float} else [_rank(value) for value in found]


def _rank(value: Value) -> tuple[int, float, str]:
    """Blanks, then numbers, then texts."""
    if value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, str(value))
