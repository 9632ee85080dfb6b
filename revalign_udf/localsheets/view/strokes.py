"""Lines and points of a chart: their colours, dashes and shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["paint", "point", "stroke"]

#: dashes and gaps of a line, in widths of the line
_DASHES = {"DOTTED": (1, 2), "MEDIUM_DASHED": (4, 3), "MEDIUM_DASHED_DOTTED": (4, 3, 1, 3), "LONG_DASHED": (8, 4),
           "LONG_DASHED_DOTTED": (8, 4, 1, 4)}  # fmt: skip
#: corners of a point's shape around its middle, in halves of its size
_CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "DIAMOND": ((0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)),
    "SQUARE": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "TRIANGLE": ((0, -1.1), (1.1, 0.9), (-1.1, 0.9)),
    "X_MARK": ((-1, -1), (-0.6, -1), (0, -0.35), (0.6, -1), (1, -1), (0.35, 0), (1, 1), (0.6, 1), (0, 0.35), (-0.6, 1),
               (-1, 1), (-0.35, 0)),
}  # fmt: skip


def _ring(corners: int, inner: float = 0.0) -> tuple[tuple[float, float], ...]:
    """The corners of a regular shape; ``inner`` makes a star of it."""
    made: list[tuple[float, float]] = []
    for at in range(corners * (2 if inner else 1)):
        angle = math.pi * (at if inner else 2 * at) / corners
        reach = inner if inner and at % 2 else 1.15
        made.append((reach * math.sin(angle), -reach * math.cos(angle)))
    return tuple(made)


_CORNERS |= {"PENTAGON": _ring(5), "HEXAGON": _ring(6), "STAR": _ring(5, 0.5)}


def paint(colour: str, what: str) -> str:
    """The paint of a mark: a class of the palette, or a colour of its own."""
    if colour.startswith("#"):
        return f'{what}="{colour}"' + (' fill="none"' if what == "stroke" else "")
    return f'class="{what[0]}{colour}"'


def stroke(colour: str, look: Mapping[str, Any]) -> str:
    """How a line is drawn that has a LineStyle."""
    width = float(look.get("width", 2.2))
    parts = _DASHES.get(str(look.get("type", "SOLID")), ())
    dashes = f' stroke-dasharray="{" ".join(f"{part * width:g}" for part in parts)}"' if parts else ""
    return f'{paint(colour, "stroke")} stroke-width="{width:g}"{dashes}'


def point(colour: str, look: Mapping[str, Any], x: float, y: float, told: str = "") -> str:
    """A point in the shape of its PointStyle."""
    half = float(look.get("size", 6)) / 2
    corners = _CORNERS.get(str(look.get("shape", "CIRCLE")))
    if corners is None:
        return f'<circle {paint(colour, "fill")} cx="{x:.1f}" cy="{y:.1f}" r="{half:g}">{told}</circle>'
    shape = " ".join(f"{x + half * right:.1f},{y + half * down:.1f}" for right, down in corners)
    return f'<polygon {paint(colour, "fill")} points="{shape}">{told}</polygon>'
