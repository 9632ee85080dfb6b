"""How a synced sheet looks: number formats by unit, colours, widths."""

from __future__ import annotations

import math

from revalign_udf.layout import formats
from revalign_udf.layout.model import Column, Unit
from revalign_udf.layout.palette import ACCENT, PALE
from revalign_udf.sheets.client import Json

__all__ = [
    "BANNER",
    "CHART_TITLE",
    "FONT",
    "GONE",
    "HEADER",
    "LABEL",
    "LONG",
    "PRESENT",
    "RULE",
    "STRIPES",
    "TITLE",
    "banner_colour",
    "colour",
    "mixed",
    "number_format",
    "pixels",
]


def colour(text: str) -> Json:
    """A colour ``#RRGGBB`` as a ColorStyle. Google cuts a channel off to eight bits, so it is rounded up."""
    red, green, blue = (math.ceil(int(text[at : at + 2], 16) / 255 * 10_000) / 10_000 for at in (1, 3, 5))
    return {"rgbColor": {"red": red, "green": green, "blue": blue}}


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two.

    >>> mixed("#000000", "#ff8040", 0.5)
    '#804020'
    """
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(low + (high - low) * share + 1e-9):02x}" for low, high in pairs)


_STATES = {"fresh": "#d9f2e3", "stale": "#fdecc8", "failed": "#fbd9d7"}
_INK = colour("#1c2733")

FONT = "Arial"
CHART_TITLE: Json = {"fontFamily": FONT, "fontSize": 12, "bold": False, "foregroundColorStyle": _INK}
TITLE: Json = {"textFormat": {"bold": True, "fontSize": 12, "foregroundColorStyle": _INK}}
BANNER: Json = {"textFormat": {"foregroundColorStyle": _INK}, "verticalAlignment": "MIDDLE"}


#: Rows whose record is gone from the source, and one whose record is back.
GONE: Json = {"textFormat": {"foregroundColorStyle": colour("#6b7785"), "italic": True}}
PRESENT: Json = {"textFormat": {"foregroundColorStyle": _INK, "italic": False}}
#: Words beside the refresh box.
LABEL: Json = {"textFormat": {"foregroundColorStyle": colour("#6b7785"), "fontSize": 9}}
#: Sentences.
LONG: Json = {"wrapStrategy": "WRAP", "verticalAlignment": "TOP"}
#: Above the first row of totals.
RULE: Json = {"style": "SOLID", "colorStyle": _INK}
STRIPES: Json = {"firstBandColorStyle": colour("#ffffff"), "secondBandColorStyle": colour("#f6f8fa")}


def HEADER(column: Column, *, computed: bool = False) -> Json:  # noqa: N802 - stands beside the constants
    """The format of a column's header cell; numbers and days have theirs at the right, above the digits. The head of a column
    that the sheet computes is paler than one of the core's."""
    back, front = (PALE, ACCENT) if computed else (ACCENT, "#ffffff")
    return {
        "textFormat": {"bold": True, "foregroundColorStyle": colour(front)},
        "backgroundColorStyle": colour(back),
        "horizontalAlignment": "LEFT" if column.unit == "text" else "RIGHT",
        "verticalAlignment": "BOTTOM",
        "wrapStrategy": "WRAP",
    }


def banner_colour(state: str) -> Json:
    """Green, amber or red, light enough for dark text."""
    return colour(_STATES.get(state, "#eef1f5"))


def number_format(unit: Unit, pattern: str) -> Json | None:
    """The number format of a column; None leaves text to the spreadsheet.

    >>> number_format("money", "[$€-2]#,##0")
    {'type': 'CURRENCY', 'pattern': '[$€-2]#,##0'}
    """
    return None if unit == "text" else {"type": formats.kind(pattern), "pattern": pattern}


def pixels(width: int) -> int:
    """A width in characters as pixels of the default font."""
    return max(48, 7 * width + 12)
