"""How a synced sheet looks: number formats by unit, colours, widths."""

from __future__ import annotations

from revalign_udf.layout import formats
from revalign_udf.layout.model import Column, Unit
from revalign_udf.sheets.client import Json

__all__ = [
    "BANNER",
    "GONE",
    "HEADER",
    "LABEL",
    "LONG",
    "PRESENT",
    "STRIPES",
    "TITLE",
    "banner_colour",
    "number_format",
    "pixels",
]


def _colour(text: str) -> Json:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return {"rgbColor": {"red": round(red, 4), "green": round(green, 4), "blue": round(blue, 4)}}


_STATES = {"fresh": "#d9f2e3", "stale": "#fdecc8", "failed": "#fbd9d7"}
_INK = _colour("#1c2733")

TITLE: Json = {"textFormat": {"bold": True, "fontSize": 12, "foregroundColorStyle": _INK}}
BANNER: Json = {"textFormat": {"foregroundColorStyle": _INK}, "verticalAlignment": "MIDDLE"}


#: Rows whose record is gone from the source, and one whose record is back.
GONE: Json = {"textFormat": {"foregroundColorStyle": _colour("#6b7785"), "italic": True}}
PRESENT: Json = {"textFormat": {"foregroundColorStyle": _INK, "italic": False}}
#: Words beside the refresh box.
LABEL: Json = {"textFormat": {"foregroundColorStyle": _colour("#6b7785"), "fontSize": 9}}
#: Sentences.
LONG: Json = {"wrapStrategy": "WRAP", "verticalAlignment": "TOP"}
STRIPES: Json = {"firstBandColorStyle": _colour("#ffffff"), "secondBandColorStyle": _colour("#f6f8fa")}


def HEADER(column: Column) -> Json:  # noqa: N802 - stands beside the two constants
    """The format of a column's header cell; numbers have theirs at the right, above the digits."""
    return {
        "textFormat": {"bold": True, "foregroundColorStyle": _INK},
        "backgroundColorStyle": _colour("#eef1f5"),
        "horizontalAlignment": "LEFT" if column.unit in {"text", "date"} else "RIGHT",
        "verticalAlignment": "BOTTOM",
        "wrapStrategy": "WRAP",
    }


def banner_colour(state: str) -> Json:
    """Green, amber or red, light enough for dark text."""
    return _colour(_STATES.get(state, "#eef1f5"))


def number_format(unit: Unit, pattern: str) -> Json | None:
    """The number format of a column; None leaves text to the spreadsheet.

    >>> number_format("money", "[$€-2]#,##0")
    {'type': 'CURRENCY', 'pattern': '[$€-2]#,##0'}
    """
    return None if unit == "text" else {"type": formats.kind(pattern), "pattern": pattern}


def pixels(width: int) -> int:
    """A width in characters as pixels of the default font."""
    return max(48, 7 * width + 12)
