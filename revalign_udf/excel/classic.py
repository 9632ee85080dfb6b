"""The classic route: one Python function per registered function, as xlwings wants it.

xlwings turns an exception into TEXT in the cell, which SUM skips: a failed metric would vanish from a total. So
nothing is ever raised here; errors leave as the numbers of Excel's error values.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from revalign_udf.calc.results import CellError, CellValue, cells
from revalign_udf.errors import cell_error
from revalign_udf.excel.codes import code_of, text_of
from revalign_udf.functions.registry import PREFIX, Function, registry

__all__ = ["CATEGORY", "FILTER_PAIRS", "decorated", "plain_udf", "udf_name", "udfs", "vba_name"]

#: under this heading the functions stand in Excel's wizard
CATEGORY = "Revalign"
#: a VBA function has no optional arguments before a ParamArray, so field and value pairs are written out; for more,
#: METRIC takes one range of two columns
FILTER_PAIRS = 8
#: Excel refuses a longer text inside an array that VBA returns: the whole table would be #VALUE!
_LONGEST_TEXT = 255

_VBA_WORDS = frozenset(
    "and as byref byval call case close const date debug dim do each else end enum erase error event exit false for "
    "friend function get goto if implements in input is len let like lock loop me mid mod new next not nothing null on "
    "open option optional or paramarray print private property public put redim resume return seek select set static "
    "step stop string sub then to true type until wend while width with write xor name".split()
)
_DAY_ZERO = date(1899, 12, 30)
_log = logging.getLogger("revalign.excel")


def udf_name(function: Function) -> str:
    """The name in cells and in VBA, which has no dots.

    >>> udf_name(registry()["CAC"])
    'REVALIGN_CAC'
    """
    return f"{PREFIX}_{function.name}"


def vba_name(name: str) -> str:
    """An argument's name, changed where VBA uses the word itself.

    >>> vba_name("new"), vba_name("orders")
    ('new_', 'orders')
    """
    return f"{name}_" if name.casefold() in _VBA_WORDS else name


def plain_udf(function: Function) -> Callable[..., list[list[Any]]]:
    """A function that takes raw cells from COM and answers rows of cells for COM, with a signature xlwings can read."""

    def udf(*given: Any) -> list[list[Any]]:
        try:
            found = cells(function.call([_from_com(value) for value in given]))
            rows = found if isinstance(found, list) else [[found]]
            return [[_to_com(cell) for cell in row] for row in rows]
        except Exception as error:  # noqa: BLE001 - a raised error would become text in the cell
            shown, message = cell_error(error)
            _log.info("%s: %s %s", function.name, shown, message)
            return [[code_of(shown)]]

    udf.__name__ = udf.__qualname__ = udf_name(function)
    udf.__doc__ = function.summary
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    udf.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                vba_name(argument.name), kind, default=None if argument.optional else inspect.Parameter.empty
            )
            for argument in function.expanded(FILTER_PAIRS)
        ]
    )
    return udf


def decorated(function: Function, xlwings: Any) -> Callable[..., Any]:
    """The function with xlwings' decorators: raw values, help texts, category.

    ``@func`` comes last: applied earlier, ``@arg`` and ``@ret`` would reset what it set.
    """
    udf: Callable[..., Any] = plain_udf(function)
    for argument in function.expanded(FILTER_PAIRS):
        udf = xlwings.arg(vba_name(argument.name), "raw", doc=argument.help)(udf)
    udf = xlwings.ret("raw")(udf)
    made: Callable[..., Any] = xlwings.func(category=CATEGORY)(udf)
    return made


def udfs(xlwings: Any) -> dict[str, Callable[..., Any]]:
    """Every registered function, decorated, by its VBA name."""
    return {udf_name(function): decorated(function, xlwings) for function in registry().values()}


def _from_com(value: Any) -> Any:
    if type(value) is int:
        return text_of(value) or value
    if isinstance(value, tuple | list):
        if int not in {type(cell) for row in value for cell in (row if isinstance(row, tuple | list) else (row,))}:
            return value
        return [_from_com(item) for item in value]
    return value


def _to_com(cell: CellValue) -> Any:
    if cell is None:  # Excel shows 0 for an empty variant that a function returns
        return ""
    if isinstance(cell, CellError):
        return code_of(cell)
    if isinstance(cell, date):
        return float((cell - _DAY_ZERO).days)
    return cell[:_LONGEST_TEXT] if isinstance(cell, str) else cell
