"""Cells that show a blank where there is no number.

A program without our functions computes errors and empty texts anew when it opens a file. A call that has no number now
therefore stands in an ``IFERROR``: every reader sees a blank, and why is said beneath the table. One that has a number
stands bare, so that an error it meets later is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from revalign_udf.layout.model import Block, Cell
from revalign_udf.workbook.formulas import expression

__all__ = ["BLANK", "MISSING", "Gap", "drawn_as_lines", "gaps", "shaded"]

#: what a formula shows in place of an error, as it stands there; empty where the error is to be seen
Gap = Literal["", '""', "NA()"]
BLANK: Gap = '""'
#: where a line runs through the cell, which would draw an empty text as 0; `revalign_udf.workbook.rules` hides it
MISSING: Gap = "NA()"


def shaded(block: Block) -> frozenset[str]:
    """The columns with a scale or with bars, which Excel leaves out of all their cells when one is an error."""
    return frozenset(name for rule in block.rules if rule.kind in ("heat", "bars") for name in rule.columns)


def drawn_as_lines(block: Block) -> frozenset[int]:
    """The columns a chart draws as lines or areas and in which a gap may be an error."""
    drawn = {name for chart in block.charts if chart.kind in ("line", "area") for name in chart.series} - shaded(block)
    return frozenset(number for number, column in enumerate(block.columns) if column.key in drawn)


def gaps(block: Block, cells: Sequence[Cell], drawn: frozenset[int]) -> list[Gap]:
    """What the formula of each cell of a row shows in place of an error; ``drawn`` is `drawn_as_lines` of the block."""
    found: dict[str, Gap] = {}
    for number, (column, cell) in enumerate(zip(block.columns, cells, strict=True)):
        blank = False
        if cell.call:
            blank = not cell.call.bare and (cell.call.blank or cell.value is None)
        elif cell.formula:
            blank = cell.value is None or any(found.get(name) for name in expression(cell.formula).names)
        found[column.key] = (MISSING if number in drawn else BLANK) if blank else ""
    return list(found.values())
