"""Writes one cell: its live formula with the cached value, or the bare value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from revalign_udf.layout import formats
from revalign_udf.layout.model import Cell
from revalign_udf.workbook.formulas import call_text, computed_text
from revalign_udf.workbook.styles import Desk

__all__ = ["LINKS", "write_cell", "write_link", "write_text"]

_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")
_LONGEST = 32767  # characters of a cell
#: keys of columns whose web addresses are links
LINKS = frozenset({"url"})
_LONGEST_LINK = 2079


class _Exact(float):
    """A double written with all its digits: XlsxWriter's 16 lose the last bit of some, and parity is to the last."""

    __slots__ = ()

    def __format__(self, _: str) -> str:
        return repr(float(self))


def write_text(sheet: Any, row: int, column: int, text: str, form: Any) -> None:
    """Writes a text as text, whatever it looks like."""
    sheet.write_string(row, column, text[:_LONGEST], form)


def write_link(desk: Desk, sheet: Any, row: int, column: int, address: str) -> bool:
    """Writes a web address as a link; False for anything else, which is then text like any other."""
    if not re.match(r"https?://[^\s/]", address) or len(address) > _LONGEST_LINK:
        return False
    # -4: the sheet holds as many links as Excel takes, and this address is not on it
    return bool(sheet.write_url(row, column, address, desk.styles.link(), address) == 0)


def write_cell(
    desk: Desk,
    sheet: Any,
    at: tuple[int, int],
    cell: Cell,
    columns: Mapping[str, int],
    *,
    form: str,
    wrapped: bool = False,
) -> None:
    """Writes a cell of a block. ``columns`` says where the columns of its row stand."""
    row, column = at
    value, styles = cell.value, desk.styles
    style = styles.body(form, cell, wrapped=wrapped)
    if cell.call or cell.formula:
        text = (
            call_text(cell.call, desk.route, row, columns) if cell.call else computed_text(cell.formula, row, columns)
        )
        # the cached value is the one the formula answers, an error included, so file and live cell agree
        cached = cell.error if cell.error in _ERRORS else "#N/A"
        sheet.write_formula(row, column, text, style, cached if value is None else value)
    elif value is None and cell.status:
        write_text(sheet, row, column, cell.status, styles.quiet())
    elif value is None or (isinstance(value, float) and not math.isfinite(value)):
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, style)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, _Exact(value), style)
    elif isinstance(value, date):
        form = form if formats.fits(form, "date") else formats.pattern("date")
        sheet.write_datetime(row, column, value, styles.body(form, cell, wrapped=wrapped))
    else:
        write_text(sheet, row, column, value, style)
