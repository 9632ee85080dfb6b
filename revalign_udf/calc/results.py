"""What goes back into a cell: one encoder for every route."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any

from revalign_udf.errors import UserError, cell_error
from revalign_udf.money import exact, to_double

__all__ = ["CellError", "CellValue", "as_json", "cells", "failure"]


class CellError(str):
    """An error value inside a table: the text is what the cell shows. Adapters turn it into a real error."""

    __slots__ = ()


CellValue = float | str | bool | date | None
_AS_THEY_ARE = (bool, date)


def cells(result: Any) -> CellValue | list[list[CellValue]]:
    """A result as plain cell values: the double nearest an exact number, text, true/false, a date, None for a blank.

    Rows of a table become lists; an error standing for one cell of a table becomes a `CellError`.

    >>> cells(Fraction(1, 3)), cells([("a", Fraction(1, 2)), ("b", None)])
    (0.3333333333333333, [['a', 0.5], ['b', None]])

    Raises UserError REV-114 (cell ``#NUM!``) for a number no double can hold.
    """
    if isinstance(result, list | tuple):
        return [[_cell(item) for item in row] for row in result]
    return _cell(result)


def _cell(value: Any) -> CellValue:
    kind = type(value)
    if kind is Fraction or kind is int:
        try:
            return float(value.numerator / value.denominator + 0.0)  # never -0
        except OverflowError:
            raise _too_large() from None
    if value is None or isinstance(value, str):
        return value
    if kind is float and isfinite(value):
        return float(value + 0.0)
    if isinstance(value, datetime):
        return date(value.year, value.month, value.day)
    if isinstance(value, _AS_THEY_ARE):
        return value
    if isinstance(value, BaseException):
        return CellError(cell_error(value)[0])
    if isinstance(value, int | float | Fraction | Decimal):
        try:
            return to_double(exact(value))
        except OverflowError:
            raise _too_large() from None
    return str(value)


def _too_large() -> UserError:
    return UserError("The result is too large for a cell.", code="REV-114", cell="#NUM!")


def as_json(result: Any) -> Mapping[str, Any]:
    """A result as JSON: ``{"cell": value}``; dates are ISO text.

    >>> as_json(Fraction(100))
    {'cell': 100.0}
    """
    found = cells(result)
    if isinstance(found, list):
        return {"cell": [[item.isoformat() if isinstance(item, date) else item for item in row] for row in found]}
    return {"cell": found.isoformat() if isinstance(found, date) else found}


def failure(error: BaseException) -> Mapping[str, Any]:
    """An error as JSON: ``{"error": what the cell shows, "message": code and text}``.

    >>> failure(UserError("A score is missing.", code="REV-112"))
    {'error': '#VALUE!', 'message': 'REV-112 A score is missing.'}
    """
    shown, message = cell_error(error)
    return {"error": shown, "message": message}
