"""How wide columns and how tall heads must be, and what fits on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Cell

__all__ = ["PAGE", "SHRUNK", "fits_one_page", "head_lines", "pixels", "widths"]

_NARROWEST, _WIDEST = 10, 30
#: pixels of a landscape A4 page inside its margins, and how much more a sheet may be shrunk to fit on a single one
PAGE, SHRUNK = (1046, 688), 1.3


def pixels(width: float) -> int:
    """Of a column that is so many characters wide."""
    return int(width * 7 + 5)


def widths(blocks: Sequence[Block], currency: str) -> list[int]:
    """Characters of each column of a sheet: as asked, else enough for the widest cell and the longest word of a head."""
    found: list[int] = []
    for block in blocks:
        for number, (column, form) in enumerate(zip(block.columns, formats.patterns(block, currency), strict=True)):
            shown = _longest((row[number] for row in block.rows), form)
            wanted = min(max(_NARROWEST, _head(column.title), shown + 2), _WIDEST)
            wanted = column.width if column.fixed else wanted
            if number < len(found):
                found[number] = max(found[number], wanted)
            else:
                found.append(wanted)
    return found


def _longest(cells: Iterable[Cell], form: str) -> int:
    """About how many characters the longest cell of a column takes on screen. Of numbers shown alike it is one of the two
    at the ends; asking for each would take longer than writing them."""
    most, ends = 0, dict[str, tuple[float, float]]()
    for cell in cells:
        value = cell.value
        if value is None:
            seen = cell.call.bare if cell.call else not cell.formula
            most = max(most, len(cell.error) if seen else 0)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            most = max(most, len(str(value)))
        else:
            low, high = ends.get(cell.format or form, (value, value))
            ends[cell.format or form] = min(low, value), max(high, value)
    return max([most, *(formats.length(value, shown) for shown, pair in ends.items() for value in pair)])


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
    """Whether a sheet still reads well when it is shrunk in height too, onto one landscape page."""
    return tall * min(1.0, PAGE[0] / wide) <= SHRUNK * PAGE[1]
