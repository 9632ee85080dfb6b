"""The text of formulas as a file stores them.

Excel stores a function of an Office.js add-in as ``_xldudf_REVALIGN_METRIC(...)``, one of a VBA add-in as
``REVALIGN_METRIC(...)``. A file that held ``REVALIGN.METRIC(...)``, which is what people type, would open as
``#NAME?``. Data never becomes part of a formula: it stands in a cell and the formula points at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from xlsxwriter.utility import xl_rowcol_to_cell

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Call, Ref

__all__ = ["PREFIX", "Route", "call_text", "computed_text"]

Route = Literal["classic", "office"]
PREFIX: Mapping[Route, str] = {"classic": "REVALIGN_", "office": "_xldudf_REVALIGN_"}

#: Excel refuses a longer text inside a formula
_LONGEST = 255


def call_text(call: Call, route: Route, row: int, columns: Mapping[str, int]) -> str:
    """``=REVALIGN_METRIC("mrr",$A7,,"segment",$B7)``: the call as the chosen route stores it.

    ``columns`` says which column of the sheet each column of the block stands in.
    """
    return f"={PREFIX[route]}{call.function}({','.join(_argument(item, row, columns) for item in call.arguments)})"


def _argument(item: str | float | Ref | None, row: int, columns: Mapping[str, int]) -> str:
    if item is None:
        return ""
    if isinstance(item, Ref):
        return str(xl_rowcol_to_cell(row, columns[item.column], col_abs=True))
    if not isinstance(item, str):
        return repr(item)
    if len(item) > _LONGEST:
        hint = "Filter by something shorter."
        raise SurfaceError(f"Excel takes no text above {_LONGEST} characters in a formula: {item[:40]}...", hint=hint)
    return '"' + item.replace('"', '""') + '"'


def computed_text(formula: str, row: int, columns: Mapping[str, int]) -> str:
    """``=B7 + C7 - D7``: the native formula of a computed column."""
    return "=" + Expression(formula).render(lambda name: str(xl_rowcol_to_cell(row, columns[name])))
