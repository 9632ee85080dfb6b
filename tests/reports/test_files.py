"""Every report as a file: sound, read alike by two readers that know nothing of us, and computed again."""

from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from packages import problems
from reportbooks import OURS, Made

from revalign_udf.layout.model import Cell
from revalign_udf.query import Query
from revalign_udf.workbook import Route
from revalign_udf.workbook.verify import verify

ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


def test_excel_has_nothing_to_repair(made: Made, route: Route) -> None:
    assert problems(made.path(route)) == []


def same(cell: Cell, read: Any) -> bool:
    """Whether a reader found what the report says; a number to the last bit, no number as no number."""
    value = cell.value
    if value is None or value == "":
        # an error reads as a blank here, and where there is nothing to ask, the reason stands in words
        return read == "" or (cell.call is None and read == cell.status)
    if isinstance(value, bool) or isinstance(read, bool):
        return value is read
    if isinstance(value, int | float):
        return isinstance(read, int | float) and read == value
    if isinstance(value, date):
        return read == value or (isinstance(read, datetime) and read.isoformat() == f"{value}T00:00:00")
    return bool(read == value or (value in ERRORS and read == ""))


def test_values_are_those_of_the_report(made: Made, route: Route) -> None:
    values = made.values(route)
    seen = 0
    for placed in made.placed(route):
        # a function that has no rows to answer stands in a row of its own
        height = len(placed.block.rows) or int(placed.block.spill is not None)
        assert (placed.width, placed.height) == (len(placed.block.columns), height)
        rows = values[placed.sheet]
        heads = rows[placed.top - 1][placed.left - 1 : placed.left - 1 + placed.width]
        assert heads == [column.title for column in placed.block.columns]
        for row, column, _, cell in placed.cells():
            read = rows[row - 1][column - 1] if row <= len(rows) and column <= len(rows[row - 1]) else ""
            assert same(cell, read), (placed.sheet, row, column, cell, read)
            seen += 1
    assert seen


def test_two_readers_agree(made: Made) -> None:
    shown, values = made.shown("office"), made.values("office")
    assert shown.sheetnames == list(values)
    for name, rows in values.items():
        for ours, theirs in zip_longest(rows, shown[name].iter_rows(values_only=True), fillvalue=()):
            for value, other in zip_longest(ours, theirs, fillvalue=None):
                blank = other is None or other in ERRORS  # one of them shows errors as blanks
                day = isinstance(other, datetime) and isinstance(value, date) and other.date() == value
                assert value in ("", None) if blank else day or value == other, (name, value, other)


def test_an_engine_agrees_with_every_cell(made: Made, route: Route, query: Query) -> None:
    """The engine knows our functions and asks the same snapshot; a file it cannot speak of would prove nothing."""
    found = verify(made.path(route), lambda _: query)
    assert [(cell.sheet, cell.cell, cell.stored, cell.computed) for cell in found.different] == []
    assert [(cell.sheet, cell.cell, cell.reason) for cell in found.unchecked] == []
    asked = sum(
        bool(cell.call and not placed.block.spill) for placed in made.placed(route) for *_, cell in placed.cells()
    )
    spills = sum(placed.block.spill is not None for placed in made.placed(route))
    checked = [cell for cell in found.cells if cell.ours]
    assert len(checked) >= asked + spills > 0
    assert all(OURS.search(cell.formula) for cell in checked)
