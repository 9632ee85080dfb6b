"""The classic route: one Python function per registered function, as xlwings wants it.

xlwings turns an exception into TEXT in the cell, which SUM skips: a failed metric would vanish from a total. So
nothing is ever raised here; errors leave as the numbers of Excel's error values.
"""

from __future__ import annotations

import inspect
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from revalign_udf.calc.results import CellError, CellValue, cells
from revalign_udf.errors import cell_error
from revalign_udf.excel.codes import MISSING, code_of, text_of
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.pinned import answering_as_of
from revalign_udf.functions.registry import PREFIX, Function, registry

__all__ = [
    "CATEGORY",
    "FILTER_PAIRS",
    "LONGEST_TEXT",
    "decorated",
    "forget",
    "plain_udf",
    "said",
    "udf_name",
    "udfs",
    "vba_name",
]

#: under this heading the functions stand in Excel's wizard
CATEGORY = "Revalign"
#: a VBA function has no optional arguments before a ParamArray, so field and value pairs are written out; for more,
#: METRIC takes one range of two columns
FILTER_PAIRS = 8
#: Excel refuses a longer text inside an array that VBA returns: the whole table would be #VALUE!
LONGEST_TEXT = 255

_VBA_WORDS = frozenset(
    "and as byref byval call case close const date debug dim do each else end enum erase error event exit false for "
    "friend function get goto if implements in input is len let like lock loop me mid mod new next not nothing null on "
    "open option optional or paramarray print private property public put redim resume return seek select set static "
    "step stop string sub then to true type until wend while width with write xor name".split()
)
_DAY_ZERO = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
#: days between the two ways Excel counts them
_SHIFT = (_DAY_ZERO[True] - _DAY_ZERO[False]).days
#: numbers that are days of the 1904 system: what the functions take for days, shifted; smaller ones are years
_DAYS_1904 = (20_000 - _SHIFT, 100_000 - _SHIFT)
_log = logging.getLogger("revalign.excel")
_said: deque[str] = deque(maxlen=5)


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


def said() -> tuple[str, ...]:
    """The last refusals since `forget`, oldest first: a cell of this route has no room for them."""
    return tuple(_said)


def forget() -> None:
    """Drop what `said` would tell."""
    _said.clear()


def plain_udf(function: Function, *, date1904: bool = False) -> Callable[..., list[list[Any]]]:
    """A function that takes raw cells from COM and answers rows of cells for COM, with a signature xlwings can read.

    ``date1904``: the workbook counts days from 1904, so numbers that are days are read and written that way. One value
    more than the function has arguments is the day the workbook pins, counted from 1900.
    """
    arguments = function.expanded(FILTER_PAIRS)

    def udf(*given: Any) -> list[list[Any]]:
        try:
            raw = [_from_com(value) for value in given]
            raw, pin = raw[: len(arguments)], raw[len(arguments) :]
            with answering_as_of(pin[0] if pin else None):
                found = cells(function.call(_of_1900(raw, arguments) if date1904 else raw))
            return _rows(found, date1904) if isinstance(found, list) else [[_to_com(found, date1904)]]
        except Exception as error:  # noqa: BLE001 - a raised error would become text in the cell
            shown, message = cell_error(error)
            _said.append(f"{udf_name(function)}: {message}")
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
            for argument in arguments
        ]
    )
    return udf


def decorated(function: Function, xlwings: Any, *, date1904: bool = False) -> Callable[..., Any]:
    """The function with xlwings' decorators: raw values, help texts, category.

    ``@func`` comes last: applied earlier, ``@arg`` and ``@ret`` would reset what it set.
    """
    udf: Callable[..., Any] = plain_udf(function, date1904=date1904)
    for argument in function.expanded(FILTER_PAIRS):
        udf = xlwings.arg(vba_name(argument.name), "raw", doc=argument.help)(udf)
    udf = xlwings.ret("raw")(udf)
    made: Callable[..., Any] = xlwings.func(category=CATEGORY)(udf)
    return made


def udfs(xlwings: Any, *, date1904: bool = False) -> dict[str, Callable[..., Any]]:
    """Every registered function, decorated, by its VBA name."""
    return {udf_name(function): decorated(function, xlwings, date1904=date1904) for function in registry().values()}


def _from_com(value: Any) -> Any:
    if type(value) is int:
        return None if value == MISSING else text_of(value) or value
    if isinstance(value, tuple | list):
        if int not in {type(cell) for row in value for cell in (row if isinstance(row, tuple | list) else (row,))}:
            return value
        return [_from_com(item) for item in value]
    return value


def _of_1900(given: Sequence[Any], arguments: Sequence[Argument]) -> list[Any]:
    return [_shifted(value) if argument.dated else value for value, argument in zip(given, arguments, strict=False)]


def _shifted(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_shifted(item) for item in value]
    if isinstance(value, float | int) and not isinstance(value, bool) and _DAYS_1904[0] <= value < _DAYS_1904[1]:
        return value + _SHIFT
    return value


def _rows(table: list[list[CellValue]], date1904: bool) -> list[list[Any]]:
    """A rectangle for COM, which knows no ragged rows and no empty table (that is ``#N/A``)."""
    wide = max(map(len, table), default=0)
    if not wide:
        return [[code_of("#N/A")]]
    longest = None if len(table) == wide == 1 else LONGEST_TEXT
    return [[_to_com(cell, date1904, longest) for cell in [*row, *[None] * (wide - len(row))]] for row in table]


def _to_com(cell: CellValue, date1904: bool, longest: int | None = None) -> Any:
    if cell is None:  # Excel shows 0 for an empty variant that a function returns
        return ""
    if isinstance(cell, CellError):
        return code_of(cell)
    if isinstance(cell, date):
        return float((cell - _DAY_ZERO[date1904]).days)
    if isinstance(cell, str) and longest and len(cell) > longest:
        return cell[: longest - 1] + "…"
    return cell
