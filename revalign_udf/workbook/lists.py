"""The sheet behind the drop-downs: one column per kind of names, each filled by one formula that grows with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from revalign_udf.layout.model import Call, Parameter
from revalign_udf.workbook.cells import write_text
from revalign_udf.workbook.formulas import call_text
from revalign_udf.workbook.limits import LISTS
from revalign_udf.workbook.styles import Desk

__all__ = ["list_sources", "write_lists"]

#: rows a list may grow to, at least; a drop-down nobody scrolls through anyway
_ROWS = 5000
#: what REVALIGN.LIST answers where there is nothing to list
_NOTHING = "#N/A"


def _kinds(parameters: Iterable[Parameter]) -> Mapping[str, Sequence[str]]:
    """Kind of names -> those there are now."""
    found: dict[str, Sequence[str]] = {}
    for item in parameters:
        if item.choices:
            found.setdefault(item.choices, item.listed)
    return found


def list_sources(parameters: Sequence[Parameter]) -> Mapping[str, str]:
    """Kind of names -> the formula of a drop-down that offers as many of them as there are.

    ``OFFSET`` and not ``A2#``: LibreOffice and Excel before 2021 do not know the latter.
    """
    found = {}
    for number, (kind, listed) in enumerate(_kinds(parameters).items()):
        name, last = xl_col_to_name(number), max(_ROWS, 2 * len(listed)) + 1
        count = f"MAX(1,COUNTA({LISTS}!${name}$2:${name}${last}))"
        found[kind] = f"=OFFSET({LISTS}!${name}$2,0,0,{count},1)"
    return found


def write_lists(desk: Desk, sheet: Any) -> None:
    """The lists, on a hidden sheet: they are for the drop-downs, and are computed all the same."""
    styles, kinds = desk.styles, _kinds(desk.report.parameters)
    sheet.set_column(0, len(kinds) - 1, 24)
    for number, kind in enumerate(kinds):
        write_text(sheet, 0, number, kind, styles.header())
    for number, (kind, listed) in enumerate(kinds.items()):
        formula = call_text(Call("LIST", (kind,)), desk.route, 1, {})
        first = listed[0] if listed else _NOTHING
        sheet.write_dynamic_array_formula(1, number, max(1, len(listed)), number, formula, styles(), first)
    for row, names in enumerate(zip_longest(*(listed[1:] for listed in kinds.values())), start=2):
        for number, name in enumerate(names):
            if name is not None:
                write_text(sheet, row, number, name, styles())
    sheet.freeze_panes(1, 0)
    sheet.hide()
