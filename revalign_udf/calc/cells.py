"""What a spreadsheet may hand over, read in one way for every route.

Classic Excel, Office.js, the Lite add-in, the command line and notebooks deliver the same cell in different clothes.
These rules make them agree:

================================ ===================================================================================
cell                             read as
================================ ====================================================================================
blank (None, "", spaces, NaN     0 in a sum and in rows that belong together, left out of a list of answers. Excel on
of a data frame)                 the desktop sends 0 for a blank through Office.js, so no sum may depend on it
one number, as text              a number if it reads as one in full, with ``.``: "12.5" yes, "1,250", "5 %" no
a range                          rows of cells; one row or column of values works too; one cell is the cell itself
first row all text               headers, skipped, when rows follow and none of it reads as a number
other text in a range            refused, naming row and column (SUM would skip it: a wrong total that nobody sees)
true, false                      refused where a number belongs
``#N/A``, ``#DIV/0!`` ...        the error itself goes into the result, the first one found
================================ ====================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any, Literal, NamedTuple

from revalign_udf.calc.sums import Number, total
from revalign_udf.errors import UserError
from revalign_udf.money import exact

__all__ = ["ERRORS", "Column", "amount", "first_error", "grid", "is_blank", "number", "numbers", "unwrap"]

#: what a cell shows for an error, in Excel and in Google Sheets
ERRORS = frozenset(
    "#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC! #BUSY! #BLOCKED! #FIELD! #CONNECT! "
    "#UNKNOWN! #EXTERNAL! #PYTHON! #ERROR!".split()
)
_PLAIN = {float, int}
_TEXT_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


class Column(NamedTuple):
    """Values of a range in reading order, and whether a header row was left out."""

    values: list[Number]
    header: bool


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing.

    >>> [is_blank(cell) for cell in (None, "", " ", float("nan"), 0, False)]
    [True, True, True, True, False, False]
    """
    return cell is None or (not cell.strip() if isinstance(cell, str) else bool(cell != cell))  # noqa: PLR0124 - NaN


def first_error(values: Iterable[object]) -> UserError | None:
    """The first error cell among arguments, as an error that shows the same in the cell; None without one.

    >>> first_error([1.0, [[2.0, "#N/A"], ["#REF!", 3.0]]]).cell
    '#N/A'
    """
    for value in map(unwrap, values):
        if isinstance(value, str):
            if value in ERRORS:
                return UserError(f"An input cell holds {value}.", code="REV-112", cell=value)
        elif isinstance(value, list | tuple) and (found := first_error(value)):
            return found
    return None


def unwrap(value: Any) -> Any:
    """Plain Python values: a data frame, series or array becomes lists, one cell the cell itself."""
    if hasattr(value, "to_numpy") and not isinstance(value, date):  # a pandas timestamp is a date, not a container
        value = value.to_numpy(dtype=object)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple) and len(value) == 1:
        if not isinstance(value[0], list | tuple):
            return value[0]
        if len(value[0]) == 1:
            return value[0][0]
    return value


def grid(value: Any, what: str) -> list[Sequence[Any]]:
    """A range as rows of cells of equal length. A flat list is one column, a value is one cell.

    >>> grid([1, 2], "amounts"), grid([[1, 2]], "amounts"), grid(3, "amounts")
    ([[1], [2]], [[1, 2]], [[3]])

    Raises UserError REV-102 for rows of different length.
    """
    if not isinstance(value, list | tuple):
        return [[value]]
    widths = [len(row) if isinstance(row, list | tuple) else None for row in value]
    for place, width in enumerate(widths):
        if width != widths[0]:
            raise UserError(f"{what}: row {place + 1} is not as long as the first row.", hint="Give a rectangle.")
    if widths and widths[0] is None:
        return [[cell] for cell in value]
    return list(value)


def numbers(value: Any, what: str, *, blank: Literal["zero", "skip"] = "zero") -> Column:
    """The numbers of a range in reading order, row by row.

    >>> numbers([["MRR"], [10.0], [None], [2.5]], "amounts")
    Column(values=[10.0, 0, 2.5], header=True)
    >>> numbers([10.0, None], "scores", blank="skip").values
    [10.0]

    Raises UserError REV-112 for text and true/false, naming row and column; REV-102 for rows of different length.
    """
    flat = _homogeneous(value)
    if flat is not None:
        return Column(flat, header=False)
    value = unwrap(value)
    if not isinstance(value, list | tuple):
        single = number(value, what)
        return Column(([] if blank == "skip" else [0]) if single is None else [single], header=False)
    rows = grid(value, what)
    header = _is_header(rows)
    found: list[Number] = []
    for place, row in enumerate(rows[header:], 1 + header):
        for column, cell in enumerate(row, 1):
            if not is_blank(cell):
                found.append(_number_in_range(cell, what, place, column))
            elif blank == "zero":
                found.append(0)
    return Column(found, header=header)


def _homogeneous(value: Any) -> list[Number] | None:
    """The bulk path: a list, or rows of equal length, of nothing but floats and ints; None for anything else."""
    if type(value) not in (list, tuple) or not value:
        return None
    rows = value if type(value[0]) in (list, tuple) else [value]
    try:
        flat = list(chain.from_iterable(rows))
    except TypeError:
        return None
    return flat if set(map(type, flat)) <= _PLAIN and len(set(map(len, rows))) == 1 else None


def _is_header(rows: list[Sequence[Any]]) -> bool:
    cells = [cell for cell in rows[0] if not is_blank(cell)] if len(rows) > 1 else []
    return bool(cells) and all(
        isinstance(cell, str) and cell not in ERRORS and not _TEXT_NUMBER.fullmatch(cell.strip()) for cell in cells
    )


def _number_in_range(cell: Any, what: str, row: int, column: int) -> Number:
    if isinstance(cell, int | float | Fraction | Decimal) and not isinstance(cell, bool):
        return cell
    raise _refused(cell, f"{what}: row {row}, column {column}", "Numbers stored as text do not count inside a range.")


def _refused(cell: Any, where: str, hint: str) -> UserError:
    named = f'the text "{cell!s:.40}"'
    if isinstance(cell, bool | date):
        named, hint = (str(cell).upper() if isinstance(cell, bool) else f"the date {cell:%Y-%m-%d}"), ""
    return UserError(f"{where} holds {named}, not a number.", code="REV-112", hint=hint)


def amount(value: Any, what: str) -> Fraction:
    """One number, or a range added up; a blank is 0.

    >>> amount([[100.0], [200.0], [""]], "sales_expense"), amount("12.5", "sales_expense")
    (Fraction(300, 1), Fraction(25, 2))

    Raises what `numbers` raises.
    """
    flat = [value] if type(value) in _PLAIN else _homogeneous(value)
    return total(numbers(value, what).values if flat is None else flat)


def number(value: Any, what: str) -> Fraction | None:
    """One number; None for a blank.

    >>> number("2.50", "term"), number([[3.0]], "term"), number("", "term")
    (Fraction(5, 2), Fraction(3, 1), None)

    Raises UserError REV-112 for text that does not read as a number in full, for true/false and dates, REV-102 for a
    range of several cells.
    """
    cell = unwrap(value)
    if isinstance(cell, list | tuple):
        raise UserError(f"{what} is one number, not a range.", hint="Point to one cell.")
    if is_blank(cell):
        return None
    if isinstance(cell, str) and _TEXT_NUMBER.fullmatch(cell.strip()):
        return exact(cell.strip())
    if isinstance(cell, int | float | Fraction | Decimal) and not isinstance(cell, bool):
        return exact(cell)
    raise _refused(cell, what, 'Write numbers as "1250.5".')
