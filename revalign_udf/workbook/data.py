"""The sheet behind the tables: every function that answers a whole table stands here, with all that it answers.

A program that does not know our functions computes an array anew when it opens a file and shows ``#NAME?`` in all of it,
while a plain reference keeps the value it has. So this sheet is hidden, and what people read are references to it, with
the same values. A table that grows does so here, where nothing stands in its way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from revalign_udf.calc.results import CellError
from revalign_udf.errors import InternalError
from revalign_udf.layout.model import Call, Cell, Ref
from revalign_udf.workbook.cells import form_of, held, write_text
from revalign_udf.workbook.formulas import call_text, typed_text
from revalign_udf.workbook.gaps import BLANK, Gap
from revalign_udf.workbook.grid import LAST_ROW
from revalign_udf.workbook.styles import Desk

__all__ = ["DATA", "Data", "Spilled", "growth"]

DATA = "Data"
#: rows a table may grow by, at least
_FREE = 200
_WIDTH = 16
_SAID = (
    "One function answers each table. The other sheets show its cells, and this sheet needs no care: leave it hidden."
)
#: what ERROR.TYPE says of #NAME?
_UNKNOWN = 5


def growth(rows: int) -> int:
    """How many rows are kept free below a table of so many."""
    return max(rows, _FREE)


@dataclass(frozen=True, slots=True)
class Spilled:
    """A table on the sheet: its first row, counted from 0, and the rows it may fill."""

    top: int
    room: int

    def reference(self, down: int, across: int, shown: object, gap: Gap = BLANK) -> str:
        """``=IFERROR(IF(Data!B5="","",Data!B5),"")``: a cell of the table wherever it is to be seen.

        Only the first cell shows an error of the function, so that one is seen and not hundreds. Where that cell is to be
        blank or an error now (``shown``), ``#NAME?`` is a blank: programs compute such a cell when they open the file.
        ``gap`` is what any other cell shows where there is nothing.
        """
        cell = f"{DATA}!{xl_rowcol_to_cell(self.top + down, across)}"
        if down or across:
            return f'=IFERROR(IF({cell}="",{gap},{cell}),{gap})'
        filled = f'IF({cell}="","",{cell})'
        if shown == "" or isinstance(shown, CellError):
            return f'=IFERROR({filled},IF(ERROR.TYPE({cell})={_UNKNOWN},"",{cell}))'
        return f"={filled}"

    @property
    def counted(self) -> str:
        """How many rows the table has, as a formula without ``=``."""
        last = min(self.top + self.room, LAST_ROW) - 1
        return f"COUNTA({DATA}!{xl_range_abs(self.top, 0, last, 0)})"


class Data:
    """Writes the sheet from top to bottom, table by table. It is made for the first of them: ``page`` adds a sheet."""

    def __init__(self, desk: Desk, page: Callable[[str], Any]) -> None:
        self._desk, self._page = desk, page
        self._row = 0
        #: None as long as there is no table
        self.sheet: Any = None

    def spill(self, name: str, call: Call, rows: Sequence[Sequence[Cell]], forms: Sequence[str]) -> Spilled:
        """Writes a table under its ``name``: its formula in the first cell, the value it answers in each.

        ``rows`` holds at least one cell, ``forms`` the number format of each column. Raises InternalError for a call that
        reads its own row, which is another one here.
        """
        if any(isinstance(item, Ref) for item in call.arguments):
            raise InternalError(f"{name}: a function that answers a table reads a cell of its row.")
        styles, sheet = self._desk.styles, self._sheet()
        write_text(sheet, self._row, 0, name, styles(bold=True))
        write_text(sheet, self._row, 1, typed_text(call), styles.quiet(quote_prefix=True))
        top, size = self._row + 1, (len(rows), len(rows[0]))
        formula = call_text(call, self._desk.route, top, {})
        for down, cells in enumerate(rows):
            for across, cell in enumerate(cells):
                style = styles(num_format=form_of(cell, forms[across]))
                if down or across:
                    sheet.keep(top + down, across, held(cell), style)
                else:
                    sheet.keep(top, 0, held(cell), style, formula=formula, size=size)
        room = len(rows) + growth(len(rows))
        self._row = top + room + 1
        return Spilled(top, room)

    def _sheet(self) -> Any:
        if self.sheet is None:
            self.sheet = self._page(DATA)
            self.sheet.set_column(0, 0, 2 * _WIDTH)
            self.sheet.set_column(1, 20, _WIDTH)
            self.sheet.hide()
            write_text(self.sheet, 0, 0, _SAID, self._desk.styles.quiet())
            self._row = 2
        return self.sheet
