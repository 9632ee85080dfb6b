"""Where things stand on a sheet, on screen and on paper, in pixels: 96 to an inch.

A screen of 1920 x 1080 shows about 1,800 pixels of a sheet's width; a landscape A4 page has 1,046 x 688 inside its
margins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from revalign_udf.workbook.sizes import PAGE, SHRUNK, fits_one_page, pixels

__all__ = ["COLUMN", "GAP", "Charts", "Ruler", "arranged", "breaks", "height", "printed_width", "room"]

#: what separates two charts
GAP = 16
#: height of a chart, of one with many bars, and of a bar with its name
_USUAL, _TALLEST, _BAR = 260, 600, 18
_ROW = 20
#: width of a column that nobody set
COLUMN = 64
_SCREEN = 1800
_NARROWEST, _WIDEST = 340, 640
#: how much of a page is counted on, since fonts and printers differ
_FILLED = 0.92
#: a table with no more columns has its charts beside it
_NARROW = 6


@dataclass(slots=True)
class Ruler:
    """How far rows and columns of a sheet reach."""

    widths: Sequence[float]
    heights: dict[int, float] = field(default_factory=dict)
    """of the rows that are not 20 pixels tall"""

    def top(self, row: int) -> float:
        """Where a row begins."""
        return row * _ROW + sum(height - _ROW for number, height in self.heights.items() if number < row)

    def left(self, column: int) -> int:
        """Where a column begins."""
        known = sum(pixels(width) for width in self.widths[:column])
        return known + COLUMN * max(0, column - len(self.widths))

    def column(self, right: float) -> int:
        """The column in which something ends that reaches so far to the right."""
        number = 0
        while self.left(number + 1) < right:
            number += 1
        return number


@dataclass(frozen=True, slots=True)
class Charts:
    """How the charts of a block stand: so many abreast, so wide and tall, beside the table or beneath it."""

    beside: bool
    abreast: int
    width: int
    height: int
    count: int

    @property
    def rows(self) -> int:
        """Rows of the sheet they take."""
        return math.ceil(self.count / self.abreast) * self.rows_of_one if self.count else 0

    @property
    def rows_of_one(self) -> int:
        """Rows from the top of one chart to that of the one beneath."""
        return math.ceil((self.height + GAP) / _ROW)

    def spot(self, number: int) -> tuple[int, int]:
        """(rows down, pixels across) of a chart."""
        down, place = divmod(number, self.abreast)
        return down * self.rows_of_one, place * (self.width + GAP)

    @property
    def reach(self) -> int:
        """Pixels from the left of the first to the right of the last of a row."""
        return min(self.count, self.abreast) * (self.width + GAP) - GAP


def height(bars: int) -> int:
    """Of charts of which one has so many bars beneath each other, each with its name."""
    return min(max(_USUAL, 80 + _BAR * bars), _TALLEST)


def arranged(count: int, columns: int, table: int, indent: int, tall: int = _USUAL) -> Charts:
    """The charts of a block: beside a narrow table while there is room on the screen, beneath it otherwise.

    ``table`` is the width of the block, ``indent`` that of the columns that stay in sight: charts begin right of them.
    """
    room = _SCREEN - table - 2 * GAP
    if columns <= _NARROW and room >= _NARROWEST:
        abreast = min(count, 2, (room + GAP) // (_NARROWEST + GAP))
        width = min((room + GAP) // abreast - GAP, 480 if abreast > 1 else 560)
        return Charts(beside=True, abreast=abreast, width=width, height=tall, count=count)
    # as many abreast as the screen shows, and rows of the same length
    most = max(1, (_SCREEN - indent + GAP) // (_NARROWEST + GAP))
    abreast = math.ceil(count / math.ceil(count / most)) if count else 1
    width = (max(table - indent, _NARROWEST) + GAP) // abreast - GAP
    width = min(_WIDEST, max(_NARROWEST, width))
    return Charts(beside=False, abreast=abreast, width=width, height=tall, count=count)


def printed_width(wide: float, tall: float, whole: Sequence[tuple[int, int]], ruler: Ruler) -> float | None:
    """The width of a sheet as it is printed on the width of a page; None for one that reads well on a single page.

    A little wider than it is where a table and its charts then share a page.
    """
    if fits_one_page(wide, tall):
        return None
    above = ruler.top(min((first for first, _ in whole), default=0))
    tallest = above + max((ruler.top(behind) - ruler.top(first) for first, behind in whole), default=0.0)
    wanted = tallest * PAGE[0] / (_FILLED * PAGE[1])
    return wanted if wide < wanted <= SHRUNK * max(wide, PAGE[0]) else wide


def breaks(whole: Sequence[tuple[int, int]], ruler: Ruler, wide: float, repeated: int) -> list[int]:
    """The rows a new page begins with, so that nothing is cut in two that would fit on one.

    ``whole`` are the first rows of such things and the rows behind them, ``wide`` is the width that is printed on the
    width of a page, and ``repeated`` the number of rows that head every page.
    """
    return _paged(whole, ruler, wide, repeated)[0]


def room(whole: Sequence[tuple[int, int]], ruler: Ruler, wide: float, repeated: int) -> float:
    """Pixels that are left on the last page; see `breaks`."""
    return _paged(whole, ruler, wide, repeated)[1]


def _paged(whole: Sequence[tuple[int, int]], ruler: Ruler, wide: float, repeated: int) -> tuple[list[int], float]:
    page = _FILLED * PAGE[1] / min(1.0, PAGE[0] / wide)
    head, start, ended, found = ruler.top(repeated), 0.0, 0.0, list[int]()
    for first in sorted({first for first, _ in whole}):
        top = ruler.top(first)
        ends = sorted(ruler.top(behind) for begin, behind in whole if begin == first)
        # a table with its charts where both fit on a page, else the table by itself
        bottom = max((end for end in ends if end - top <= page - head), default=ends[0])
        start, free = _turned(start, ended, page, head)
        # on a page of its own where it does not fit on this one; above the very first is nothing but the head
        if bottom - start > free and bottom - top <= page - head and ended:
            found.append(first)
            start = top
        ended = bottom
    ended = max((ruler.top(behind) for _, behind in whole), default=0.0)
    start, free = _turned(start, ended, page, head)
    return found, free - (ended - start)


def _turned(start: float, ended: float, page: float, head: float) -> tuple[float, float]:
    """Where the page begins on which something long ends, which is cut wherever a page ends; how much such a page holds."""
    free = page - (head if start else 0.0)
    while ended - start > free:
        start += free
        free = page - head
    return start, free
