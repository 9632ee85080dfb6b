"""Texts, flags, dates and periods out of cells, by the same rules as `revalign_udf.calc.cells`.

Where a text is meant, the number 0 counts as blank: Excel on the desktop sends 0 for a blank cell through Office.js,
and no name in the model is "0".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from revalign_udf.calc.cells import Column, first_error, grid, is_blank, unwrap
from revalign_udf.errors import UserError

__all__ = ["aligned_flags", "aligned_texts", "day", "pairs", "period_token", "text"]

_YES = frozenset({"true", "yes", "y", "1", "x", "one_time", "one-time"})
_NO = frozenset({"false", "no", "n", "0", "", "recurring"})
#: serial numbers that are taken for dates: 1954 to 2173; smaller whole numbers are years
_SERIALS = range(20_000, 100_000)
_DAY_ZERO = date(1899, 12, 30)


def text(value: Any, what: str) -> str | None:
    """One text; None for a blank.

    >>> text(" years ", "unit"), text([["EMEA"]], "value"), text(0, "value"), text(5.0, "value")
    ('years', 'EMEA', None, '5')

    Raises UserError REV-102 for a range of several cells.
    """
    cell = unwrap(value)
    if isinstance(cell, list | tuple):
        raise UserError(f"{what} is one text, not a range.", hint="Point to one cell.")
    return _as_text(cell)


def _as_text(cell: Any) -> str | None:
    if isinstance(cell, str) and (error := first_error([cell])):
        raise error
    if is_blank(cell) or (cell == 0 and not isinstance(cell, bool)):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell.date() if isinstance(cell, datetime) else cell).strip()


def aligned_texts(value: Any, what: str, beside: Column, *, spread: bool = True) -> list[str | None]:
    """Texts that stand beside a column of numbers: one per row, or (``spread``) one for all; blank is None.

    A header is left out when the numbers had one. Raises UserError REV-102 when the rows do not match.

    >>> aligned_texts([["interval"], ["year"], [None]], "intervals", Column([1, 2], header=True))
    ['year', None]
    """
    return [_as_text(cell) for cell in _aligned(value, what, beside, spread=spread)]


def aligned_flags(value: Any, what: str, beside: Column) -> list[bool]:
    """Yes or no beside a column of numbers; blank is no.

    >>> aligned_flags([True, None, "no", 1.0], "one_time_flags", Column([1, 2, 3, 4], header=False))
    [True, False, False, True]

    Raises UserError REV-112 for anything that is neither, REV-102 when the rows do not match.
    """
    found = []
    for place, cell in enumerate(_aligned(value, what, beside, spread=True), 1 + beside.header):
        word = str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell or "").strip().casefold()
        if word not in _YES and word not in _NO:
            raise UserError(f'{what}: row {place} holds "{cell!s:.40}".', code="REV-112", hint="Use TRUE or FALSE.")
        found.append(word in _YES)
    return found


def _aligned(value: Any, what: str, beside: Column, *, spread: bool) -> list[Any]:
    wanted = len(beside.values)
    cells = [cell for row in grid(unwrap(value), what) for cell in row]
    if len(cells) == 1 and spread:
        return cells * wanted
    if beside.header and len(cells) == wanted + 1:
        return cells[1:]
    if len(cells) != wanted:
        raise UserError(f"{what} has {len(cells)} cells beside {wanted} numbers.", hint="Give ranges of equal length.")
    return cells


def day(value: Any, what: str) -> date | None:
    """One date: a date cell, a serial number of the 1900 system, or ISO text; None for a blank.

    >>> day("2026-10-31", "as_of"), day(46326.0, "as_of"), day(0, "as_of")
    (datetime.date(2026, 10, 31), datetime.date(2026, 10, 31), None)

    Raises UserError REV-101 for anything else.
    """
    cell = unwrap(value)
    found = _date_of(cell)
    if found is not None or is_blank(cell) or (cell == 0 and not isinstance(cell, bool)):
        return found
    try:
        return date.fromisoformat(str(cell).strip()[:10])
    except ValueError:
        hint = "Write 2026-10-31, or leave it empty for the published snapshot."
        raise UserError(f'{what} is not a date: "{cell!s:.40}".', code="REV-101", hint=hint) from None


def period_token(value: Any, what: str) -> date | str | None:
    """What a user gave for a period, ready for `revalign_udf.periods.parse_period`; None for a blank.

    A date typed as 2026-09 is a date to Excel and arrives as one, or as its serial number.

    >>> period_token(46266.0, "period"), period_token(2026.0, "period"), period_token("2026-Q3", "period")
    (datetime.date(2026, 9, 1), '2026', '2026-Q3')
    """
    cell = unwrap(value)
    return _date_of(cell) or text(cell, what)


def _date_of(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return date(cell.year, cell.month, cell.day)
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and int(cell) in _SERIALS:
        return _DAY_ZERO + timedelta(days=int(cell))
    return None


def pairs(values: Sequence[Any], what: str = "filter") -> dict[str, str]:
    """Field and value pairs, like those of SUMIFS, or one range of two columns. A blank value means "all".

    >>> pairs(["segment", "smb", "country", None])
    {'segment': 'smb'}
    >>> pairs([[["segment", "smb"], ["country", ""]]])
    {'segment': 'smb'}

    Raises UserError REV-102 for a field without a place for its value, a value without a field, or a field twice.
    """
    given = [unwrap(value) for value in values]
    if given and isinstance(given[0], list | tuple) and all(is_blank(rest) for rest in given[1:]):
        rows = [given[0]] if len(given[0]) == 2 and not isinstance(given[0][0], list | tuple) else grid(given[0], what)
        if any(len(row) != 2 for row in rows):
            raise UserError(f"The {what} range has {len(rows[0])} columns.", hint="Give two: fields and values.")
        given = [cell for row in rows for cell in row]
    found: dict[str, str] = {}
    for place in range(0, len(given), 2):
        field = text(given[place], "A field")
        chosen = text(given[place + 1], "A value") if place + 1 < len(given) else None
        if field is None and chosen is not None:
            raise UserError(f'The value "{chosen}" has no field before it.', hint="Give field, value, field, value.")
        if field is None or chosen is None:
            continue
        if found.setdefault(field, chosen) != chosen:
            raise UserError(f'The field "{field}" is given twice.', hint="Give each field once.")
    return found
