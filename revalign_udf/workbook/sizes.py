"""How wide columns and how tall heads must be, and how a sheet fits on paper."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Cell

__all__ = ["fits_one_page", "head_lines", "pixels", "widths"]

_NARROWEST, _WIDEST = 10, 30


def pixels(width: float) -> int:
    """Of a column that is so many characters wide."""
    return int(width * 7 + 5)


def widths(blocks: Sequence[Block], currency: str) -> list[int]:
    """Characters of each column of a sheet: as asked, else enough for the widest cell and the longest word of a head."""
    found: list[int] = []
    for block in blocks:
        for number, (column, form) in enumerate(zip(block.columns, formats.patterns(block, currency), strict=True)):
            cells = [_shown(row[number], form) for row in block.rows]
            wanted = min(max([_NARROWEST, _head(column.title), *(length + 2 for length in cells)]), _WIDEST)
            wanted = column.width if column.fixed else wanted
            if number < len(found):
                found[number] = max(found[number], wanted)
            else:
                found.append(wanted)
    return found


def _shown(cell: Cell, form: str) -> int:
    """About how many characters a cell takes on screen."""
    value = cell.value
    if value is None:
        return len(cell.error)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return len(str(value))
    return formats.length(value, form)


def _head(title: str) -> int:
    """Characters a head needs: on two lines where that saves room, never just filling one and touching the next head."""
    words = title.split()
    splits = (max(len(" ".join(words[:n])), len(" ".join(words[n:]))) for n in range(1, len(words)))
    two = min(splits, default=len(title)) + 3
    return two if len(title) > 1.3 * two else len(title) + 3


def head_lines(block: Block, found: Sequence[int]) -> int:
    """Lines the tallest head of a block takes when its words are wrapped."""
    most = 1
    for column, width in zip(block.columns, found, strict=False):
        lines, used = 1, 0
        for word in column.title.split():
            if used and used + 1 + len(word) > width:
                lines, used = lines + 1, len(word)
            else:
                used += len(word) + (1 if used else 0)
        most = max(most, lines)
    return most


def fits_one_page(wide: float, tall: float) -> bool:
    """Whether a sheet still reads well when shrunk in height too, onto one landscape page (277 x 180 mm inside)."""
    return tall <= wide * 1.15
