"""How a synced sheet looks: number formats by unit, colours, widths."""

from __future__ import annotations

from revalign_udf.layout.model import Column, Unit
from revalign_udf.money import decimals
from revalign_udf.sheets.client import Json

__all__ = ["BANNER", "HEADER", "TITLE", "banner_colour", "number_format", "pixels"]

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def _colour(text: str) -> Json:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return {"rgbColor": {"red": round(red, 4), "green": round(green, 4), "blue": round(blue, 4)}}


_STATES = {"fresh": "#d9f2e3", "stale": "#fdecc8", "failed": "#fbd9d7"}
_INK = _colour("#1c2733")

TITLE: Json = {"textFormat": {"bold": True, "fontSize": 12, "foregroundColorStyle": _INK}}
BANNER: Json = {"textFormat": {"foregroundColorStyle": _INK}, "verticalAlignment": "MIDDLE"}


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


def number_format(unit: Unit, currency: str) -> Json | None:
    """The number format of a unit; None leaves it to the spreadsheet.

    >>> number_format("money", "EUR")
    {'type': 'CURRENCY', 'pattern': '[$€]#,##0.00'}
    """
    match unit:
        case "money":
            places = decimals(currency)
            digits = "#,##0" + ("." + "0" * places if places else "")
            return {"type": "CURRENCY", "pattern": f"[${_SYMBOLS.get(currency, currency + ' ')}]{digits}"}
        case "rate":
            return {"type": "PERCENT", "pattern": "0.0%"}
        case "count":
            return {"type": "NUMBER", "pattern": "#,##0"}
        case "number":
            return {"type": "NUMBER", "pattern": "#,##0.00"}
        case "points" | "months":
            return {"type": "NUMBER", "pattern": "#,##0.0"}
        case "date":
            return {"type": "DATE", "pattern": "yyyy-mm-dd"}
        case _:
            return None


def pixels(width: int) -> int:
    """A width in characters as pixels of the default font."""
    return max(48, 7 * width + 12)
