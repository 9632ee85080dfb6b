"""Which rows of a block are data: without header, without totals, and without telling a person's own rows at an end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from revalign_udf.sheets.current import Area

__all__ = ["Extent", "data_rows", "extent"]


@dataclass(frozen=True, slots=True)
class Extent:
    """The data rows of a block as it stands.

    A row that a person inserted right beneath the header or above the totals is inside the block, and yet nothing that
    covered all data rows covers it. So the first row covered lies in ``top`` and the end of those covered in ``bottom``,
    both ends included.
    """

    tab: int
    header: int
    top: tuple[int, int]
    bottom: tuple[int, int]

    def is_data(self, top: int, bottom: int) -> bool:
        """Whether rows are all data rows."""
        return self.top[0] <= top <= self.top[1] and self._ends(bottom)

    def is_charted(self, top: int, bottom: int) -> bool:
        """Whether rows are the header and all data rows, as a chart has them."""
        return top == self.header and self._ends(bottom)

    def _ends(self, bottom: int) -> bool:
        return self.bottom[0] <= bottom <= self.bottom[1]


def extent(area: Area, keys: Sequence[str], totals: Collection[str], theirs: Collection[str]) -> Extent:
    """The data rows of a block that stands at ``area``.

    Args:
        area: the block with its header.
        keys: the names of its rows.
        totals: names of the rows of totals.
        theirs: names of rows that are a person's own.
    """
    first = area.top + 1
    end, known = _known(keys, totals, theirs)
    top, bottom = (known[0], known[-1] + 1) if known else (0, 0)
    return Extent(area.tab, area.top, (first, first + top), (first + bottom, first + end))


def data_rows(after: Area, keys: Sequence[str], totals: Collection[str] = (), theirs: Collection[str] = ()) -> Area:
    """The data rows of a block that will stand at ``after``, down to the last that is the report's."""
    _, known = _known(keys, totals, theirs)
    first = after.top + 1
    return Area(after.tab, first, after.left, first + (known[-1] + 1 if known else 0), after.right)


def _known(keys: Sequence[str], totals: Collection[str], theirs: Collection[str]) -> tuple[int, list[int]]:
    """Where the totals begin, and the rows above them that are the report's."""
    end = next((at for at, key in enumerate(keys) if key in totals), len(keys))
    return end, [at for at in range(end) if keys[at] not in theirs]
