"""Writes one cell: its live formula with the cached value, or the bare value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from revalign_udf.calc.results import CellError
from revalign_udf.layout import formats
from revalign_udf.layout.model import Cell
from revalign_udf.workbook.formulas import call_text, computed_text, named_text
from revalign_udf.workbook.gaps import BLANK, MISSING, Gap
from revalign_udf.workbook.styles import Desk, Total, Wrapped
from revalign_udf.workbook.values import PLAIN_ERRORS

__all__ = ["LINKS", "Held", "form_of", "held", "is_address", "write_cell", "write_link", "write_text"]

#: what a cell shows
Held = float | str | bool | date

_LONGEST = 32767  # characters of a cell
#: keys of columns whose web addresses are links
LINKS = frozenset({"url"})
_LONGEST_LINK = 2079


def write_text(sheet: Any, row: int, column: int, text: str, form: Any) -> None:
    """Writes a text as text, whatever it looks like. One that is too long for a cell ends with how long it was."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 100]} ... (cut: {len(text):,} characters, a cell holds {_LONGEST:,})"
    sheet.write_string(row, column, text, form)


def is_address(text: str) -> bool:
    """Whether a text is a web address.

    >>> is_address("https://crm.example/7"), is_address("javascript:alert(1)"), is_address("https://")
    (True, False, False)
    """
    return bool(re.match(r"https?://[^\s/]", text))


def write_link(desk: Desk, sheet: Any, row: int, column: int, address: str) -> bool:
    """Writes a web address as a link; False for anything else, which is then text like any other."""
    if not is_address(address) or len(address) > _LONGEST_LINK:
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
    wrapped: Wrapped = "",
    total: Total = "",
    gap: Gap = "",
    indent: int = 0,
) -> None:
    """Writes a cell of a block. ``columns`` says where the columns of its row stand.

    ``gap``: what its formula shows while there is no number, in place of an error; see `revalign_udf.workbook.gaps`.
    """
    row, column = at
    value, styles = cell.value, desk.styles
    form = form_of(cell, form)
    style = styles.body(form, cell, wrapped=wrapped, total=total, indent=indent)
    if cell.call or cell.formula:
        cached = value
        if value is None:
            cached = {"": _error(cell), BLANK: "", MISSING: CellError("#N/A")}[gap]
        if cell.call:
            formula = call_text(cell.call, desk.route, row, columns, gap)
        else:
            formula = computed_text(cell.formula, row, columns, gap)
        sheet.keep(row, column, cached, style, formula=formula)
    elif cell.name:
        sheet.keep(row, column, "" if value is None else value, style, formula=named_text(cell.name))
    elif value is None and cell.status:
        write_text(sheet, row, column, cell.status, styles.quiet())
    elif value is None or (isinstance(value, float) and not math.isfinite(value)):
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str) and not isinstance(value, CellError):
        write_text(sheet, row, column, value, style)
    else:
        sheet.keep(row, column, value, style)


def held(cell: Cell) -> Held:
    """What a cell of a table holds that one function answers. A blank is an empty text there: Excel shows 0 for an empty
    value that a function returns."""
    if cell.value is None and cell.error:
        return _error(cell)
    if isinstance(cell.value, str) and cell.value in PLAIN_ERRORS:
        return CellError(cell.value)
    return "" if cell.value is None else cell.value


def form_of(cell: Cell, form: str) -> str:
    """The pattern of a cell: its own, else that of its column where that shows days, if it holds one."""
    form = cell.format or form
    if isinstance(cell.value, date) and not formats.fits(form, "date"):
        return formats.pattern("date")
    return form


def _error(cell: Cell) -> CellError:
    """The error a formula answers, cached as such so that file and live cell agree."""
    return CellError(cell.error if cell.error in PLAIN_ERRORS else "#N/A")
