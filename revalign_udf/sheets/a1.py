"""The little A1 notation the sync writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from revalign_udf.calc.letters import column_letters

__all__ = ["bare", "cell", "rebase", "rowless", "shifted", "tab"]


def cell(row: int, column: int) -> str:
    """A cell's address from 0-based places.

    >>> cell(6, 1)
    'B7'
    """
    return f"{column_letters(column)}{row + 1}"


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


def rowless(formula: str) -> str:
    """A formula without the rows of its references.

    >>> rowless('=IF(B7="x7",C$8,1)')
    '=IF(B="x7",C$,1)'
    """
    return _REFERENCE.sub(lambda found: f"{found[1]}{found[2]}", formula)


def bare(value: Mapping[str, Any]) -> object:
    """What an ExtendedValue holds; a formula without the rows of its references.

    >>> bare({"formulaValue": "=B7+1"}), bare({"numberValue": 7})
    ('=B+1', 7)
    """
    found: object = next(iter(value.values()), None)
    return rowless(str(found)) if "formulaValue" in value else found


def shifted(formula: str, by: int) -> str:
    """A formula as it reads when it is copied some rows down; rows with a ``$`` stay.

    >>> shifted("=B7+F6*A$1", 2)
    '=B9+F8*A$1'
    """
    return _REFERENCE.sub(lambda found: f"{found[1]}{found[2]}{found[3] if found[2] else int(found[3]) + by}", formula)
