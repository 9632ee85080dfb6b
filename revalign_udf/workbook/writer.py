"""XlsxWriter with what a sheet of live functions needs besides: typed values of formulas and of the cells a spill fills,
and rows in order.

XlsxWriter takes the text ``007`` in a spill for a number and an error for a text, stores no error without a formula, drops
an empty result, and rewrites ``SORT(`` inside the quotes of a formula. Written row by row, it drops a cell above the last
row in silence. Here a value is stored as the type it has, a formula as it was given, and a cell out of order is an error.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_range, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from revalign_udf.calc.results import CellError
from revalign_udf.errors import InternalError, SurfaceError
from revalign_udf.workbook.values import PLAIN_ERRORS, written

__all__ = ["Sheet"]

_DAY_ZERO = date(1899, 12, 30)


class _Kept(NamedTuple):
    """A cell as it is to be stored; ``area`` is what a formula that spills fills."""

    value: float | str | bool | None
    format: Any
    formula: str = ""
    area: str = ""


class Sheet(Worksheet):  # type: ignore[misc]  # xlsxwriter has no types
    """A sheet that is written from top to bottom, whether it is held in memory or written row by row."""

    def keep(
        self,
        row: int,
        column: int,
        value: float | str | bool | date | None,
        form: Any,
        *,
        formula: str = "",
        size: tuple[int, int] | None = None,
    ) -> None:
        """Writes a value as the type it has, with its ``formula`` or, in the cells a spill fills, without.

        A `CellError` is an error, ``""`` an empty text, None no value. ``size`` are the rows and columns a formula spills
        over; the cells but the first are then still to be written, each with its value.
        """
        self._check_dimensions(row, column)
        if isinstance(value, date):
            value = float((value - _DAY_ZERO).days)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = float(value) if math.isfinite(value) else CellError("#NUM!")
        area = ""
        if size is not None:
            down, across = row + size[0] - 1, column + size[1] - 1
            self._check_dimensions(down, across)
            area = xl_range(row, column, down, across)
            self.has_dynamic_arrays = True
        if self.constant_memory and row > self.previous_row:
            self._write_single_row(row)
        self.table[row][column] = _Kept(value, form, formula.removeprefix("="), area)

    # --- what XlsxWriter calls ------------------------------------------------------------------------------------

    def _check_dimensions(self, row: int, col: int, ignore_row: bool = False, ignore_col: bool = False) -> int:
        """Raises InternalError for a cell above the last row, SurfaceError REV-704 for one a sheet has no room for."""
        if not (ignore_row or ignore_col):
            last = max(self.previous_row, next(reversed(self.table), 0))
            if row < last:
                raise InternalError(f'Sheet "{self.name}": row {row + 1} is written after row {last + 1}.')
        if row >= self.xls_rowmax or col >= self.xls_colmax:
            hint = "Show fewer rows: a limit, a shorter period or a filter."
            raise SurfaceError(f'Sheet "{self.name}" would need a cell {xl_rowcol_to_cell(row, col)}.', hint=hint)
        return int(super()._check_dimensions(row, col, ignore_row, ignore_col))

    def _write_formula(self, row: int, col: int, formula: str, cell_format: Any = None, value: Any = 0) -> int:
        self.keep(row, col, _typed(value), cell_format, formula=formula)
        return 0

    def _write_array_formula(
        self, first_row: int, first_col: int, last_row: int, last_col: int, formula: str, cell_format: Any = None,
        value: Any = 0, atype: str = "static",
    ) -> int:  # fmt: skip
        if atype != "dynamic":
            raise InternalError(f'Sheet "{self.name}": an array formula that does not spill.')
        size = last_row - first_row + 1, last_col - first_col + 1
        self.keep(first_row, first_col, _typed(value), cell_format, formula=formula, size=size)
        return 0

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        if not isinstance(cell, _Kept):
            super()._write_cell(row, col, cell)
            return
        kind, text = written(cell.value)
        marks = f' s="{index}"' if cell.format is not None and (index := cell.format._get_xf_index()) else ""  # noqa: SLF001
        marks += ' cm="1"' if cell.area else ""
        marks += f' t="{kind}"' if kind else ""
        formula = ""
        if cell.formula:
            formula = f'<f t="array" ref="{cell.area}">' if cell.area else "<f>"
            formula += f"{escape(cell.formula)}</f>"
        value = "" if cell.value is None else f"<v>{text}</v>"
        self.fh.write(f'<c r="{xl_rowcol_to_cell(row, col)}"{marks}>{formula}{value}</c>')


def _typed(value: Any) -> Any:
    """An error code, which XlsxWriter takes as a text, as an error."""
    return CellError(value) if isinstance(value, str) and value in PLAIN_ERRORS else value
