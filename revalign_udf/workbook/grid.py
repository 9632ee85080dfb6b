"""Addresses of cells: ``B7`` and (7, 2), areas and whether a cell lies in one."""

from __future__ import annotations

import re
from typing import NamedTuple

from revalign_udf.calc.letters import column_index, column_letters

__all__ = ["LAST_COLUMN", "LAST_ROW", "Area", "Place", "address", "area", "place"]

#: (row, column), counted from 1
Place = tuple[int, int]
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")


class Area(NamedTuple):
    """A rectangle of cells, both corners inside."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, at: Place) -> bool:
        """Whether a cell lies in it."""
        return self.top <= at[0] <= self.bottom and self.left <= at[1] <= self.right

    def meets(self, other: Area) -> bool:
        """Whether they share a cell."""
        return (
            self.top <= other.bottom
            and other.top <= self.bottom
            and self.left <= other.right
            and other.left <= self.right
        )

    @property
    def corner(self) -> Place:
        """Its first cell."""
        return self.top, self.left

    @property
    def size(self) -> int:
        """How many cells it has."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def __str__(self) -> str:
        first, last = address((self.top, self.left)), address((self.bottom, self.right))
        return first if first == last else f"{first}:{last}"


def address(at: Place) -> str:
    """The name of a cell.

    >>> address((7, 28))
    'AB7'
    """
    return f"{column_letters(at[1] - 1)}{at[0]}"


def place(text: str) -> Place:
    """The cell of a name, with or without ``$``.

    >>> place("$AB$7")
    (7, 28)

    Raises ValueError for anything else.
    """
    found = _CELL.fullmatch(text)
    if not found:
        raise ValueError(text)
    return int(found[2]), column_index(found[1]) + 1


def area(text: str) -> Area:
    """The cells of ``A1:B2`` or ``A1``; corners in any order.

    >>> area("$B$2:A1")
    Area(top=1, left=1, bottom=2, right=2)

    Raises ValueError for anything else.
    """
    first, _, last = text.partition(":")
    (top, left), (bottom, right) = place(first), place(last or first)
    return Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))
