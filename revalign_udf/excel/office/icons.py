"""The icon of the ribbon, drawn by arithmetic: three bars of unlike length that end at one line."""

from __future__ import annotations

import struct
import zlib

__all__ = ["icon"]

_TEAL, _WHITE, _CLEAR = (15, 110, 110, 255), (255, 255, 255, 255), (0, 0, 0, 0)
#: bars as (top, bottom, left) in eighths of the square; all end at seven eighths less one
_BARS = ((1.6, 2.7, 3.4), (3.45, 4.55, 1.6), (5.3, 6.4, 4.6))
_RIGHT, _LINE = 5.9, 6.5


def icon(size: int, *, outline: bool = False) -> bytes:
    """A square PNG; ``outline``: the white drawing alone on a clear ground, as Teams wants one of its icons."""
    ground, radius = (_CLEAR if outline else _TEAL), 1.2
    rows = bytearray()
    for y in range(size):
        rows.append(0)  # no filter
        for x in range(size):
            across, down = (x + 0.5) * 8 / size, (y + 0.5) * 8 / size
            rows += bytes(_WHITE if _drawn(across, down) else ground if _inside(across, down, radius) else _CLEAR)
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _drawn(x: float, y: float) -> bool:
    bar = any(top <= y <= bottom and left <= x <= _RIGHT for top, bottom, left in _BARS)
    return bar or (_RIGHT < x <= _LINE and 1.2 <= y <= 6.8)


def _inside(x: float, y: float, radius: float) -> bool:
    """Whether a point lies in a square with round corners."""
    dx = max(radius - x, x - (8 - radius), 0)
    dy = max(radius - y, y - (8 - radius), 0)
    return dx * dx + dy * dy <= radius * radius


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
