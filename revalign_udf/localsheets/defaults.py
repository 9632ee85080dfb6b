"""What a new spreadsheet looks like at Google: default format, theme, colours, and the format a cell really shows.

A colour is kept as eight bits per channel, cut off (0.5 comes back as 127/255), and handed out as the shortest text of
a 32-bit float. Every ``xColor`` has a twin ``xColorStyle``; whichever a client writes, both come back.
"""

from __future__ import annotations

import copy
import struct
from collections.abc import Mapping
from functools import cache
from typing import Any

from revalign_udf.localsheets.book import Cell, Json
from revalign_udf.localsheets.fields import Mask

__all__ = ["THEME", "default_format", "effective_format", "paired", "theme", "widened"]

_WHITE = {"red": 1, "green": 1, "blue": 1}
_LINK = {"red": 0.06666667, "green": 0.33333334, "blue": 0.8}

#: Theme colours of a new spreadsheet, in the order Google lists them.
THEME: dict[str, Json] = {
    "TEXT": {},
    "BACKGROUND": _WHITE,
    "ACCENT1": {"red": 0.25882354, "green": 0.52156866, "blue": 0.95686275},
    "ACCENT2": {"red": 0.91764706, "green": 0.2627451, "blue": 0.20784314},
    "ACCENT3": {"red": 0.9843137, "green": 0.7372549, "blue": 0.015686275},
    "ACCENT4": {"red": 0.20392157, "green": 0.65882355, "blue": 0.3254902},
    "ACCENT5": {"red": 1, "green": 0.42745098, "blue": 0.003921569},
    "ACCENT6": {"red": 0.27450982, "green": 0.7411765, "blue": 0.7764706},
    "LINK": _LINK,
}

_TEXT: Json = {
    "foregroundColor": {},
    "fontFamily": "arial,sans,sans-serif",
    "fontSize": 10,
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "foregroundColorStyle": {"rgbColor": {}},
}
_FORMAT: Json = {
    "backgroundColor": _WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": _TEXT,
    "backgroundColorStyle": {"rgbColor": _WHITE},
}
_WIDTH = {"SOLID_MEDIUM": 2, "SOLID_THICK": 3, "DOUBLE": 3}


def default_format() -> Json:
    """``properties.defaultFormat`` of a new spreadsheet."""
    return copy.deepcopy(_FORMAT)


def theme() -> Json:
    """``properties.spreadsheetTheme`` of a new spreadsheet."""
    colours = [{"colorType": kind, "color": {"rgbColor": dict(colour)}} for kind, colour in THEME.items()]
    return {"primaryFontFamily": "Arial", "themeColors": colours}


# --- colours ---------------------------------------------------------------------------------------------------------


@cache
def _channel(level: float) -> float:
    """A channel as it comes back: eight bits, cut off, as the shortest text of a 32-bit float."""
    steps = min(max(int(level * 255 + 1e-3), 0), 255)
    if steps in {0, 255}:
        return steps // 255
    single = struct.unpack("<f", struct.pack("<f", steps / 255))[0]
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.unpack("<f", struct.pack("<f", float(text)))[0] == single:
            return float(text)
    return float(single)


def _colour(given: Mapping[str, Any]) -> Json:
    """A colour without its empty channels; transparency is not kept."""
    channels = {name: _channel(float(given[name])) for name in ("red", "green", "blue") if given.get(name)}
    return {name: level for name, level in channels.items() if level}


def _is_colour(name: str) -> bool:
    return name == "color" or name.endswith("Color")


def _is_style(name: str) -> bool:
    return name == "colorStyle" or name.endswith("ColorStyle")


def paired(node: Any) -> Any:
    """The same resource with every colour and its style side by side; a style, where given, wins."""
    if isinstance(node, list):
        return [paired(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    made: Json = {}
    for name, value in node.items():
        if isinstance(value, Mapping) and _is_style(name):
            plain = name.removesuffix("Style")
            if "themeColor" in value:
                made[name] = {"themeColor": value["themeColor"]}
                made[plain] = dict(THEME.get(str(value["themeColor"]), {}))
            elif "rgbColor" in value:  # neither: the colour is taken away
                made[plain] = _colour(value.get("rgbColor", {}))
                made[name] = {"rgbColor": dict(made[plain])}
        elif isinstance(value, Mapping) and _is_colour(name) and not ({"rgbColor", "themeColor"} & set(value)):
            if f"{name}Style" not in node:
                made[name] = _colour(value)
                made[f"{name}Style"] = {"rgbColor": dict(made[name])}
        else:
            made[name] = _sides(paired(value)) if name == "borders" else paired(value)
    return made


def _sides(borders: Any) -> Any:
    """Borders as Google keeps them: width and colour follow from the style; no style, no border."""
    if not isinstance(borders, Mapping):
        return borders
    return {
        side: bordered(border) if isinstance(border, Mapping) else border
        for side, border in borders.items()
        if not isinstance(border, Mapping) or border.get("style", "NONE") not in {"NONE", "STYLE_UNSPECIFIED"}
    }


def bordered(border: Mapping[str, Any]) -> Json:
    """One border with what its style implies."""
    kept = paired(border)
    return {
        "style": kept["style"],
        "width": _WIDTH.get(str(kept["style"]), 1),
        "color": kept.get("color", {}),
        "colorStyle": kept.get("colorStyle", {"rgbColor": {}}),
    }


def widened(mask: Mask) -> Mask:
    """A mask that names the twin of every colour it names."""
    made: Mask = {}
    for name, inner in mask.items():
        made[name] = widened(inner)
        if _is_style(name):
            made.setdefault(name.removesuffix("Style"), {})
        elif _is_colour(name):
            made.setdefault(f"{name}Style", {})
    return made


# --- effective format ------------------------------------------------------------------------------------------------


def _side_of(cell: Cell) -> str:
    if cell.error or isinstance(cell.value, bool):
        return "CENTER"
    return "LEFT" if isinstance(cell.value, str) else "RIGHT"


def effective_format(cell: Cell, beneath: Mapping[str, Any], above: Mapping[str, Any]) -> Json:
    """CellData.effectiveFormat: the spreadsheet's default under what was entered.

    Args:
        cell: the cell.
        beneath: what alternating colours give; what was entered covers it.
        above: what conditional formats give; it covers what was entered.
    """
    entered: Mapping[str, Any] = cell.format
    if above:
        entered = {**entered, **above}
        if "textFormat" in above:
            entered["textFormat"] = {**cell.format.get("textFormat", {}), **above["textFormat"]}
    made: Json = {**_FORMAT, **beneath, **entered}
    made["padding"] = {**_FORMAT["padding"], **entered.get("padding", {})}
    text: Json = {**_TEXT, "fontFamily": "Arial", **entered.get("textFormat", {})}
    shown = cell.error or cell.value is not None
    if (link := hyperlink(cell)) and shown:
        given = entered.get("textFormat", {})
        if "foregroundColor" not in given:
            text |= {"foregroundColor": dict(_LINK), "foregroundColorStyle": {"rgbColor": dict(_LINK)}}
        text.setdefault("link", {"uri": link})
        text["underline"] = given.get("underline", True)
    made["textFormat"] = text
    if shown:
        made.setdefault("horizontalAlignment", _side_of(cell))
        made.setdefault("hyperlinkDisplayType", "LINKED" if link else "PLAIN_TEXT")
    return made


def hyperlink(cell: Cell) -> str:
    """Where the whole cell links to: a link format, one link in its text runs, or a HYPERLINK formula."""
    if uri := cell.format.get("textFormat", {}).get("link", {}).get("uri"):
        return str(uri)
    uris = {run.get("format", {}).get("link", {}).get("uri") for run in cell.runs}
    if len(uris) == 1 and (uri := uris.pop()):
        return str(uri)
    head, quote, rest = cell.formula.partition('("')
    if quote and head.upper() == "=HYPERLINK" and '"' in rest:
        return rest.partition('"')[0]
    return ""
