"""Links from records to the systems they come from.

An address that stands in its own cell is a link there. One that a function spills may be another tomorrow, and a link set
on its cell would lead to yesterday's record: beside a spill stands a column of native formulas that follow it.
"""

from __future__ import annotations

from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from revalign_udf.layout.model import Block
from revalign_udf.workbook.cells import LINKS, write_text
from revalign_udf.workbook.styles import RULE, Desk

__all__ = ["HEAD", "WIDTH", "opened", "write_opener", "write_opener_head"]

HEAD, WIDTH = "Open", 9
_SHOWN = "open"
#: HYPERLINK answers #VALUE! for a longer address
_LONGEST = 255


def opened(block: Block) -> int | None:
    """The column of a spill that holds addresses; None without one."""
    if block.spill is None:
        return None
    return next((number for number, column in enumerate(block.columns) if column.key in LINKS), None)


def write_opener_head(desk: Desk, sheet: Any, row: int, block: Block) -> None:
    """The head of the column of links, right of the block."""
    if opened(block) is not None:
        write_text(sheet, row, len(block.columns), HEAD, desk.styles.header(computed=True, indent=1))


def write_opener(desk: Desk, sheet: Any, row: int, block: Block, address: object = None, *, ruled: bool = True) -> None:
    """The link of one row, to the ``address`` that stands there now. ``ruled``: with the rule of the rows beside it."""
    column = opened(block)
    if column is None:
        return
    cell = xl_rowcol_to_cell(row, column, col_abs=True)
    web = f'OR(LEFT({cell},8)="https://",LEFT({cell},7)="http://")'
    formula = f'=IF(AND(LEN({cell})<={_LONGEST},{web}),HYPERLINK({cell},"{_SHOWN}"),"")'
    shown = isinstance(address, str) and _follows(address)
    rule = {"bottom": 1, "bottom_color": RULE} if ruled else {}
    style = desk.styles.link(align="left", indent=1, **rule)
    sheet.keep(row, len(block.columns), _SHOWN if shown else "", style, formula=formula)


def _follows(address: str) -> bool:
    """What the formula says of an address; ``LEFT(...)=...`` does not look at case."""
    units = len(address.encode("utf-16-le")) // 2
    return units <= _LONGEST and address.casefold().startswith(("http://", "https://"))
