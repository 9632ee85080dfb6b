"""The little A1 notation the sync writes."""

from __future__ import annotations

import re

__all__ = ["cell", "letters", "rebase", "tab"]


def letters(column: int) -> str:
    """The letters of a 0-based column.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    text = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        text = chr(65 + digit) + text
    return text


def cell(row: int, column: int) -> str:
    """A cell's address from 0-based places.

    >>> cell(6, 1)
    'B7'
    """
    return f"{letters(column)}{row + 1}"


def tab(title: str) -> str:
    """A tab's title as a range of all its cells; quoted, for a title may read like a cell.

    >>> tab("Bob's")
    "'Bob''s'"
    """
    return "'" + title.replace("'", "''") + "'"


_REFERENCE = re.compile(r"(\$?[A-Z]{1,3})(\$?)(\d+)(?![\d(A-Za-z_])")


def rebase(formula: str, old: int, new: int) -> str:
    """A formula over its own row as it reads after the row has moved (0-based rows).

    >>> rebase("=B7+C7", 6, 8)
    '=B9+C9'
    """
    if old == new:
        return formula
    return _REFERENCE.sub(
        lambda found: f"{found[1]}{found[2]}{new + 1}" if int(found[3]) == old + 1 else found[0], formula
    )
