"""What a spreadsheet may hand over, read in one way for every route.

Classic Excel, Office.js, the Lite add-in, the command line and notebooks deliver the same cell in different clothes.
These rules make them agree:

================================ ===================================================================================
cell                             read as
================================ ====================================================================================
blank (None, "", spaces, NaN     0 in a sum and in rows that belong together, left out of a list of answers. Excel on
or NA of a data frame)           the desktop sends 0 for a blank through Office.js, so no sum may depend on it
one number, as text              a number if it reads as one in full, in plain digits with ``.``: "12.5" and "1e3" yes,
                                 "1,250", "5 %", "1_000" and digits of other scripts no
a range                          rows of cells; one row or column of values works too; one cell is the cell itself
first row of text and blanks     headers, skipped, when rows follow. A text that looks like an amount ("1,250 kr", "2024",
                                 "EUR 9.50") is no header: it is refused, because leaving it out would be a wrong total
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
from math import isnan
from typing import Any, Literal, NamedTuple

from revalign_udf.calc.sums import Number, quick_column_total, quick_total, total
from revalign_udf.errors import UserError
from revalign_udf.money import exact

__all__ = [
    "ERRORS", "Column", "amount", "first_error", "grid", "header_of", "is_blank", "is_heading", "is_nothing", "number",
    "number_in_range", "numbers", "unwrap",
]  # fmt: skip

#: what a cell shows for an error, in Excel and in Google Sheets
ERRORS = frozenset(
    "#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #GETTING_DATA #SPILL! #CALC! #BUSY! #BLOCKED! #FIELD! #CONNECT! "
    "#UNKNOWN! #EXTERNAL! #PYTHON! #ERROR!".split()
)
_PLAIN = {float, int}
_NOTHING = Fraction(0)
#: up to here a whole double is the decimal it is written as; 1e23 is another number than its bits
_WHOLE = 2.0**53
_AS_TEXT = "Numbers stored as text do not count inside a range, and a heading does not begin with a digit."
_TEXT_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
#: no header: what begins with a digit, and an amount behind a currency ("Q1" and "MRR 2026" are headers)
_AMOUNT = re.compile(
    r"\W*\d.*|[^\W\d]{1,3}\W*\d[\d\s]*[.,'’]\d.*"
    r"|(?i:AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|Fr|GBP|HKD|HUF|INR|JPY|Kč|kr|MXN|NOK|NZD|PLN|Rs|SEK|SGD|USD|zł|ZAR)\W*\d.*",
    re.DOTALL,
)
#: no header either: what people write where a number is missing
_MISSING = frozenset("- -- – — . ? * n/a na n.a. n.a nan nil none null tbd tba unknown missing".split())


class Column(NamedTuple):
    """Values of a range in reading order, whether a header row was left out, and how wide that is."""

    values: list[Number]
    header: bool
    width: int = 1

    @property
    def cells(self) -> int:
        """How many cells the whole range has, its header row included."""
        return len(self.values) + self.header * self.width


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing.

    >>> [is_blank(cell) for cell in (None, "", " ", float("nan"), 0, False)]
    [True, True, True, True, False, False]
    """
    if cell is None:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    try:
        return bool(cell != cell)  # noqa: PLR0124 - NaN
    except TypeError:  # pandas.NA is neither equal nor unequal to itself
        return True


def is_nothing(cell: object) -> bool:
    """Whether a cell holds nothing where a name or a date is meant: blank, or 0 (Excel's own word for a blank).

    >>> [is_nothing(cell) for cell in (None, 0.0, False, "0")]
    [True, True, False, False]
    """
    return is_blank(cell) or (cell == 0 and not isinstance(cell, bool))


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
    Column(values=[10.0, 0, 2.5], header=True, width=1)
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
    header = header_of(rows)
    found = _homogeneous(rows[header:])
    if found is None:
        found = []
        for place, row in enumerate(rows[header:], 1 + header):
            for column, cell in enumerate(row, 1):
                if not is_blank(cell):
                    found.append(number_in_range(cell, what, place, column))
                elif blank == "zero":
                    found.append(0)
    return Column(found, header, len(rows[0]) if rows else 1)


def _flat(value: Any) -> list[Any] | None:
    """The cells of a list or of rows of equal length, whatever they hold; None for anything else."""
    if type(value) not in (list, tuple) or not value:
        return None
    if type(value[0]) not in (list, tuple):
        return value if type(value) is list else list(value)
    try:
        if len(value[0]) == 1:
            return [cell for (cell,) in value]
        return list(chain.from_iterable(value)) if len(set(map(len, value))) == 1 else None
    except (TypeError, ValueError):  # a cell among rows, a row of another length
        return None


def _homogeneous(value: Any) -> list[Number] | None:
    """The bulk path: a list, or rows of equal length, of nothing but floats and ints; None for anything else."""
    flat = _flat(value)
    if flat is None or not set(map(type, flat)) <= _PLAIN:
        return None
    try:
        return None if isnan(sum(flat)) else flat  # not-a-number is a blank, and no sum with it is one
    except OverflowError:  # an int no double can hold
        return None


def header_of(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether the first of several rows is a header: texts, none of them an amount, beside blanks and zeros only.

    >>> header_of([["Sales", 0], [1.0, 2.0]]), header_of([["1,250"], [3.0]]), header_of([["Sales"]])
    (True, False, False)
    """
    cells = [cell for cell in rows[0] if not is_nothing(cell)] if len(rows) > 1 else []
    return bool(cells) and all(map(is_heading, cells))


def is_heading(cell: object) -> bool:
    """Whether a cell may stand above numbers: a text that is no error, no amount and no stand-in for a missing one.

    >>> [is_heading(cell) for cell in ("MRR 2026", "Q1", "2024", "1,250 kr", "EUR 9.50", "€ 5", "#N/A", "n/a", 1.0)]
    [True, True, False, False, False, False, False, False, False]
    """
    if not isinstance(cell, str) or _AMOUNT.match(cell):
        return False
    word = cell.strip()
    return word.upper() not in ERRORS and word.casefold() not in _MISSING and not word[:1].isnumeric()


def number_in_range(cell: Any, what: str, row: int, column: int) -> Number:
    """The number in a cell of a range, for which text is never taken. Raises UserError REV-112."""
    if isinstance(cell, int | float | Fraction | Decimal) and not isinstance(cell, bool):
        return _plain(cell)
    if hasattr(cell, "item"):  # one number of an array
        return number_in_range(cell.item(), what, row, column)
    raise _refused(cell, f"{what}: row {row}, column {column}", _AS_TEXT)


def _plain(cell: Any) -> Number:
    """A number as Python's own: that of an array does not print as a number."""
    return float(cell) if isinstance(cell, float) and type(cell) is not float else cell


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
    kind = type(value)
    if kind is list or kind is tuple:
        quick = quick_column_total(value)
        if quick is None and (flat := _flat(value)):
            quick = quick_total(flat, blanks=True)
        if quick is not None:
            return quick
    elif value is None:
        return _NOTHING
    elif kind is int or (kind is float and -_WHOLE < value < _WHOLE and value.is_integer()):
        return Fraction(int(value))
    return total(numbers(value, what).values)


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
        return exact(_plain(cell))
    raise _refused(cell, what, 'Write numbers as "1250.5".')
