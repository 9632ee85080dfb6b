"""Texts, flags, dates and periods out of cells, by the same rules as `revalign_udf.calc.cells`.

Where a text is meant, the number 0 counts as blank: Excel on the desktop sends 0 for a blank cell through Office.js. Where
0 could be meant as well (a filter by a dimension that has the value "0") it is refused: see `pairs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from unicodedata import normalize

from revalign_udf.calc.cells import ERRORS, Column, first_error, grid, is_blank, is_nothing, unwrap
from revalign_udf.errors import UserError

__all__ = [
    "UNSURE", "aligned_flags", "aligned_texts", "cells_of", "date_of", "day", "pairs", "period_token", "text", "unequal",
]  # fmt: skip

_YES = frozenset({"true", "yes", "y", "1", "x", "one_time", "one-time"})
_NO = frozenset({"false", "no", "n", "0", "", "recurring"})
#: serial numbers that are taken for dates: 1954 to 2173; smaller whole numbers are years
_SERIALS = (20_000, 100_000)
_DAY_ZERO = date(1899, 12, 30)
#: the value of a pair that may be 0 or a blank; any other value is a text
UNSURE = ""


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
    if type(cell) is str and cell not in ERRORS:
        found = cell.strip()
        # one name may be written with one sign or with two: an e with an accent
        return (found if found.isascii() else normalize("NFC", found)) or None
    if isinstance(cell, str) and (error := first_error([cell])):
        raise error
    if is_nothing(cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell.date() if isinstance(cell, datetime) else cell).strip()


def cells_of(value: Any, what: str) -> list[Any]:
    """The cells of one row or column as they are, from the first to the last; one cell is a column of one.

    >>> cells_of([["Customer"], ["Acme"], [None]], "customer"), cells_of("Acme", "customer")
    (['Customer', 'Acme', None], ['Acme'])

    Raises UserError REV-102 for several rows and columns, and an error among the cells as itself.
    """
    rows = grid(unwrap(value), what)
    if len(rows) > 1 and len(rows[0]) > 1:
        raise UserError(f"{what} is one row or one column of cells.", hint="Give a range one column wide.")
    cells = [cell for row in rows for cell in row]
    if any(isinstance(cell, str) and cell in ERRORS for cell in cells) and (error := first_error(cells)):
        raise error
    return cells


def aligned_texts(value: Any, what: str, beside: Column, *, spread: bool = True) -> list[str | None]:
    """Texts that stand beside a column of numbers: one per row, or (``spread``) one for all; blank is None.

    A header is left out when the numbers had one. Raises UserError REV-102 when the ranges do not have as many cells.

    >>> aligned_texts([["interval"], ["year"], [None]], "intervals", Column([1, 2], header=True))
    ['year', None]
    """
    cells, times = _aligned(value, what, beside, spread=spread)
    return [_as_text(cell) for cell in cells] * times


def aligned_flags(value: Any, what: str, beside: Column) -> list[bool]:
    """Yes or no beside a column of numbers; blank is no.

    >>> aligned_flags([True, None, "no", 1.0], "one_time_flags", Column([1, 2, 3, 4], header=False))
    [True, False, False, True]

    Raises UserError REV-112 for anything that is neither, REV-102 when the rows do not match.
    """
    found = []
    cells, times = _aligned(value, what, beside, spread=True)
    for place, cell in enumerate(cells, 1 + beside.header):
        word = str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell or "").strip().casefold()
        if word not in _YES and word not in _NO:
            raise UserError(f'{what}: row {place} holds "{cell!s:.40}".', code="REV-112", hint="Use TRUE or FALSE.")
        found.append(word in _YES)
    return found * times


def _aligned(value: Any, what: str, beside: Column, *, spread: bool) -> tuple[list[Any], int]:
    """The cells beside a column, without its heading, and how often they count: one cell, ``spread``, is for all rows."""
    single = unwrap(value)
    if spread and not isinstance(single, list | tuple):
        return [single], len(beside.values)
    cells = [cell for row in grid(single, what) for cell in row]
    if len(cells) != beside.cells:
        raise unequal(what, len(cells), beside.cells)
    heading = beside.header * beside.width
    if heading and (error := first_error(cells[:heading])):
        raise error
    return cells[heading:], 1


def unequal(what: str, found: int, wanted: int) -> UserError:
    """The complaint about ranges that do not stand side by side."""
    return UserError(
        f"{what} has {found} cells beside {wanted}.", hint="Give ranges of equal length, headers included."
    )


def day(value: Any, what: str) -> date | None:
    """One date: a date cell, a serial number of the 1900 system, or ISO text; None for a blank.

    >>> day("2026-10-31", "as_of"), day(46326.0, "as_of"), day(0, "as_of")
    (datetime.date(2026, 10, 31), datetime.date(2026, 10, 31), None)

    Raises UserError REV-101 for anything else.
    """
    cell = unwrap(value)
    found = date_of(cell)
    if found is not None or is_nothing(cell):
        return found
    if isinstance(cell, str):
        if error := first_error([cell]):
            raise error
        try:
            return datetime.fromisoformat(cell.strip()).date()
        except ValueError:
            pass
    hint = "Write 2026-10-31, or leave it empty for the published snapshot."
    raise UserError(f'{what} is not a date: "{cell!s:.40}".', code="REV-101", hint=hint)


def period_token(value: Any, what: str) -> date | str | None:
    """What a user gave for a period, ready for `revalign_udf.periods.parse_period`; None for a blank.

    A date typed as 2026-09 is a date to Excel and arrives as one, or as its serial number.

    >>> period_token(46266.0, "period"), period_token(2026.0, "period"), period_token("2026-Q3", "period")
    (datetime.date(2026, 9, 1), '2026', '2026-Q3')
    """
    cell = unwrap(value)
    return date_of(cell) or text(cell, what)


def date_of(cell: Any) -> date | None:
    """The day of a date cell or of a serial number of the 1900 system; None for anything else."""
    if isinstance(cell, date):
        if is_blank(cell):  # the missing date of a data frame
            return None
        return date(cell.year, cell.month, cell.day) if isinstance(cell, datetime) else cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and _SERIALS[0] <= cell < _SERIALS[1]:
        return _DAY_ZERO + timedelta(days=int(cell))
    return None


def pairs(values: Sequence[Any], what: str = "filter") -> dict[str, str]:
    """Field and value pairs, like those of SUMIFS, or one range of two columns. A blank value means "all"; of the number 0,
    which may stand for a blank, nobody can say here what it means: it is `UNSURE`.

    >>> pairs(["segment", "smb", "country", None])
    {'segment': 'smb'}
    >>> pairs([[["segment", "smb"], ["country", ""]]])
    {'segment': 'smb'}
    >>> pairs(["tier", 0.0, "band", "0"])
    {'tier': '', 'band': '0'}

    Raises UserError REV-102 for a field without a place for its value, a value without a field, or a field twice.
    """
    given = [unwrap(value) for value in values]
    if given and isinstance(given[0], list | tuple) and all(is_nothing(rest) for rest in given[1:]):
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
        if field is None:
            continue
        if chosen is None:
            if not is_blank(given[place + 1] if place + 1 < len(given) else None):
                found.setdefault(field, UNSURE)
            continue
        if (found.get(field) or chosen) != chosen:
            raise UserError(f'The field "{field}" is given twice.', hint="Give each field once.")
        found[field] = chosen
    return found
