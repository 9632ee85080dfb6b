"""The text of formulas as a file stores them.

Excel stores a function of an Office.js add-in as ``_xldudf_REVALIGN_METRIC(...)``, one of a VBA add-in as
``REVALIGN_METRIC(...)``. A file that held ``REVALIGN.METRIC(...)``, which is what people type, would open as
``#NAME?``. Data never becomes part of a formula: it stands in a cell and the formula points at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from xlsxwriter.utility import xl_rowcol_to_cell

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Argument, Call, Name, Ref

__all__ = [
    "PREFIX", "Route", "call_text", "computed_text", "expression", "named_text", "parameter", "quoted", "typed_text",
]  # fmt: skip

Route = Literal["classic", "office"]
PREFIX: Mapping[Route, str] = {"classic": "REVALIGN_", "office": "_xldudf_REVALIGN_"}

#: Excel refuses a longer text inside a formula, and a longer formula
_LONGEST, _LONGEST_FORMULA = 255, 8192


def parameter(key: str) -> str:
    """The defined name of a parameter's cell."""
    return f"param_{key}"


def named_text(name: Name) -> str:
    """``=param_region&""``: the cell of a parameter once more. Without the ``&""`` an empty one would show as 0."""
    return f'={parameter(name.parameter)}&""'


def call_text(call: Call, route: Route, row: int, columns: Mapping[str, int], gap: str = "") -> str:
    """``=REVALIGN_METRIC("mrr",$A7,,"segment",$B7)``: the call as the chosen route stores it.

    ``columns`` says which column of the sheet each column of the block stands in. ``gap`` is what the cell shows in place
    of an error, as it stands in a formula: ``=IFERROR(REVALIGN_METRIC(...),"")``. Raises SurfaceError REV-704 for a call
    Excel would not take.
    """
    text = f"{PREFIX[route]}{call.function}({','.join(_argument(item, row, columns) for item in call.arguments)})"
    text = f"=IFERROR({text},{gap})" if gap else f"={text}"
    if len(text) > _LONGEST_FORMULA:
        hint = "Ask for fewer things at once: spread them over several blocks."
        raise SurfaceError(f"Excel takes no formula above {_LONGEST_FORMULA} characters: {text[:40]}...", hint=hint)
    return text


def typed_text(call: Call) -> str:
    """``=REVALIGN.TABLE("funnel",param_period)``: a call without references as people type it."""
    return f"=REVALIGN.{call.function}({','.join(_argument(item, 0, {}) for item in call.arguments)})"


def _argument(item: Argument, row: int, columns: Mapping[str, int]) -> str:
    if item is None:
        return ""
    if isinstance(item, Name):
        return parameter(item.parameter)
    if isinstance(item, Ref):
        return str(xl_rowcol_to_cell(row, columns[item.column], col_abs=True))
    if isinstance(item, bool):
        return str(item).upper()
    if not isinstance(item, str):
        return repr(item).upper()
    if len(item) > _LONGEST:
        hint = "Filter by something shorter."
        raise SurfaceError(f"Excel takes no text above {_LONGEST} characters in a formula: {item[:40]}...", hint=hint)
    return quoted(item)


def quoted(text: str) -> str:
    """A text as it stands in a formula.

    >>> quoted('5" pipe')
    '"5"" pipe"'
    """
    return '"' + text.replace('"', '""') + '"'


@lru_cache(256)
def expression(formula: str) -> Expression:
    """The formula of a computed column, read once for all its rows."""
    return Expression(formula)


def computed_text(formula: str, row: int, columns: Mapping[str, int], gap: str = "") -> str:
    """``=B7 + C7 - D7``: the native formula of a computed column.

    ``gap`` is what it shows, as it stands in a formula, where a number is missing or the result is an error:
    ``=IF(COUNT(B7,C7)<2,"",IFERROR(MIN(B7,C7),""))``. ``MIN`` alone would leave a blank out and give another number.
    """
    read = expression(formula)
    text = read.render(lambda name: str(xl_rowcol_to_cell(row, columns[name])))
    if not gap:
        return f"={text}"
    names = [str(xl_rowcol_to_cell(row, columns[name])) for name in dict.fromkeys(read.names)]
    if not names:
        return f"=IFERROR({text},{gap})"
    return f"=IF(COUNT({','.join(names)})<{len(names)},{gap},IFERROR({text},{gap}))"
