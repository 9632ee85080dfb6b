"""The sheet behind the drop-downs: one column per kind of names, which grows with them.

The function that lists them stands on the sheet of tables, and what a drop-down reads are references to it: programs that
do not know the function keep the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from revalign_udf.layout.model import Call, Cell, Parameter
from revalign_udf.workbook.cells import held, write_text
from revalign_udf.workbook.data import Data, growth
from revalign_udf.workbook.limits import LISTS
from revalign_udf.workbook.styles import Desk

__all__ = ["list_sources", "write_lists"]

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
        name, last = xl_col_to_name(number), _room(listed) + 1
        count = f'MAX(1,COUNTIF({LISTS}!${name}$2:${name}${last},"?*"))'
        found[kind] = f"=OFFSET({LISTS}!${name}$2,0,0,{count},1)"
    return found


def _room(listed: Sequence[str]) -> int:
    """Rows a list may fill."""
    rows = max(1, len(listed))
    return rows + growth(rows)


def write_lists(desk: Desk, sheet: Any, data: Data) -> None:
    """The lists, on a hidden sheet: they are for the drop-downs, and are computed all the same."""
    styles, kinds = desk.styles, _kinds(desk.report.parameters)
    sheet.set_column(0, len(kinds) - 1, 24)
    tables, names = [], []
    for number, (kind, listed) in enumerate(kinds.items()):
        write_text(sheet, 0, number, kind, styles.header())
        rows = [(Cell(name),) for name in listed] or [(Cell(error=_NOTHING),)]
        tables.append(data.spill(f"list_{kind}", Call("LIST", (kind,)), rows, ["General"]))
        names.append([held(cell) for (cell,) in rows] + [""] * growth(len(rows)))
    for down in range(max(map(len, names))):
        for number, (table, column) in enumerate(zip(tables, names, strict=True)):
            if down < len(column):
                formula = table.reference(down, 0, column[down])
                sheet.keep(1 + down, number, column[down], styles(), formula=formula)
    sheet.freeze_panes(1, 0)
    sheet.hide()
