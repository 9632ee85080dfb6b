"""Colours of a sheet on a light and on a dark page, and the style classes made of them."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any

__all__ = [
    "INK",
    "INK_DARK",
    "PAPER",
    "PAPER_DARK",
    "Colour",
    "Styles",
    "colour_of",
    "contrast",
    "css",
    "dark",
    "readable",
]

#: red, green, blue from 0 to 1
Colour = tuple[float, float, float]

INK: Colour = (0.110, 0.153, 0.200)
PAPER: Colour = (1.0, 1.0, 1.0)
INK_DARK: Colour = (0.902, 0.922, 0.941)
PAPER_DARK: Colour = (0.086, 0.110, 0.137)

#: the theme a new spreadsheet has
_THEME = {
    "TEXT": "#000000",
    "BACKGROUND": "#ffffff",
    "ACCENT1": "#4285f4",
    "ACCENT2": "#ea4335",
    "ACCENT3": "#fbbc04",
    "ACCENT4": "#34a853",
    "ACCENT5": "#ff6d01",
    "ACCENT6": "#46bdc6",
    "LINK": "#1155cc",
}
#: WCAG's least contrast of text
_LEAST = 4.5


def parsed(text: str) -> Colour:
    """A colour written ``#rrggbb``."""
    return (int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255)


def colour_of(holder: Mapping[str, Any], name: str) -> Colour | None:
    """The colour a format names: ``backgroundColorStyle`` before the older ``backgroundColor``."""
    style = holder.get(f"{name}Style")
    if style and "themeColor" in style:
        return parsed(_THEME.get(style["themeColor"], "#000000"))
    plain = style.get("rgbColor") if style else holder.get(name)
    if plain is None:
        return None
    return tuple(min(max(float(plain.get(part, 0)), 0.0), 1.0) for part in ("red", "green", "blue"))  # type: ignore[return-value]


def css(colour: Colour) -> str:
    """A colour as a style sheet writes it."""
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


def _light(colour: Colour) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Colour, two: Colour) -> float:
    """The contrast of two colours by WCAG, from 1 to 21."""
    high, low = sorted((_light(one), _light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def dark(colour: Colour) -> Colour:
    """A colour of a light sheet as it looks on a dark one: lightness turned round, hue kept."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    return colorsys.hls_to_rgb(hue, 0.11 + 0.80 * (1 - lightness), saturation * 0.55)


def readable(ink: Colour, paper: Colour) -> Colour:
    """The ink, moved towards black or white as far as reading needs."""
    target = (1.0, 1.0, 1.0) if _light(paper) < 0.18 else (0.0, 0.0, 0.0)
    for step in range(11):
        mixed = tuple(part + (end - part) * step / 10 for part, end in zip(ink, target, strict=True))
        if contrast(mixed, paper) >= _LEAST:  # type: ignore[arg-type]
            return mixed  # type: ignore[return-value]
    return target


class Styles:
    """Style classes, one for each different look: the page carries no ``style`` attribute, so its policy can be strict."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}

    def name(self, light: str, dark_too: str = "") -> str:
        """The class of some declarations; empty when there are none."""
        if not light and not dark_too:
            return ""
        return self._names.setdefault((light, dark_too), f"s{len(self._names)}")

    def sheet(self) -> str:
        """The classes as a style sheet."""
        light = "".join(f".{name}{{{rules}}}" for (rules, _), name in self._names.items() if rules)
        night = "".join(f".{name}{{{rules}}}" for (_, rules), name in self._names.items() if rules)
        return light + (f"@media (prefers-color-scheme:dark){{{night}}}" if night else "")
