"""Respells our functions in a workbook for another route, wherever a formula may stand.

Only the names of our functions change: in cells, conditional formats, data validation, defined names, charts, table
columns and sparklines. A text that looks like a call stays a text. Converting back gives the same bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from revalign_udf.errors import SurfaceError, UserError
from revalign_udf.files import save
from revalign_udf.workbook.package import Package, opened
from revalign_udf.workbook.sheetxml import Edit, edited
from revalign_udf.workbook.spelling import SPELLINGS, Spelling, calls, mentions, respelled

__all__ = ["Converted", "convert", "converted"]

#: elements that hold a formula, by the name behind the prefix
_FORMULAS = frozenset(
    "f formula formula1 formula2 definedName calculatedColumnFormula totalsRowFormula oddFormula".split()
)
#: parts that may hold one
_PARTS = re.compile(
    r"xl/(?:workbook\.xml|(?:worksheets|chartsheets|dialogsheets|macrosheets|charts|tables)/[^/]+\.xml)"
)
_PROPERTY = re.compile(rb'(name="revalign_route"[^>]*>\s*<vt:lpwstr>)(office|classic|typed)(</vt:lpwstr>)')
_PIECE = re.compile(r"<!\[CDATA\[(?P<raw>.*?)\]\]>|&(?P<sign>#x[0-9A-Fa-f]+|#\d+|\w+);|(?P<plain>[^<&]+)", re.DOTALL)
_SIGNS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


@dataclass(slots=True)
class Converted:
    """What became of a workbook."""

    path: Path
    route: Spelling
    calls: int = 0
    """that were respelled"""
    places: Counter[str] = field(default_factory=Counter)
    """part -> calls respelled in it"""
    left: list[str] = field(default_factory=list)
    """formulas that call something of ours and could not be read, or that this version does not know"""
    notes: list[str] = field(default_factory=list)


def convert(
    path: Path, route: Spelling, *, to: Path | None = None, only: Collection[Spelling] = SPELLINGS
) -> Converted:
    """Respell the calls of a workbook for a route and write it to ``to``, or in its own place.

    ``only``: the spellings to start from. A workbook without such calls is written as it was. Raises SurfaceError
    REV-704 for a file that cannot be read or written, UserError REV-102 for a route nobody knows.
    """
    if route not in SPELLINGS:
        raise UserError(f"There is no route {route!r}.", hint=f"Use {', '.join(SPELLINGS)}.")
    package = opened(path)
    content, report = converted(package, path, route, only)
    if to is not None or content != package.raw:
        save(content, (to or path).resolve())
    return report


def converted(package: Package, path: Path, route: Spelling, only: Collection[Spelling]) -> tuple[bytes, Converted]:
    """The bytes of a workbook with its calls respelled, and the report."""
    report = Converted(path, route)
    parts = {}
    for part in package.parts:
        if not _PARTS.fullmatch(part):
            continue
        content = package.read(part)
        if b"REVALIGN" not in content.upper():
            continue
        edits = _Formulas(content, f"{package.name}: {part}", report).edits(route, only)
        if edits:
            parts[part] = edited(content, edits)
            report.places[part] += len(edits)
            report.calls += len(edits)
    properties = "docProps/custom.xml"
    if parts and properties in package:
        said = package.read(properties)
        parts[properties] = _PROPERTY.sub(rb"\g<1>" + route.encode() + rb"\g<3>", said)
    if report.calls and route == "typed":
        report.notes.append(
            "Excel shows #NAME? for typed names until a cell is entered again; other programs read them."
        )
    if report.calls and any(part.startswith("_xmlsignatures/") for part in package.parts):
        report.notes.append("The file was signed; its signature is no longer valid.")
    return package.with_parts(parts), report


class _Formulas:
    """Finds the formulas of a part and where their text stands in the bytes."""

    def __init__(self, content: bytes, what: str, report: Converted) -> None:
        self._content, self._what, self._report = content, what, report
        self._spans: list[tuple[int, int]] = []
        self._opened: int | None = None

    def edits(self, route: Spelling, only: Collection[Spelling]) -> list[Edit]:
        """The bytes to exchange. Raises SurfaceError REV-704 for a part that cannot be read."""
        parser = expat.ParserCreate()

        def start(tag: str, _: dict[str, str]) -> None:
            if tag.rpartition(":")[2] in _FORMULAS:
                self._opened = parser.CurrentByteIndex

        def end(tag: str) -> None:
            if tag.rpartition(":")[2] in _FORMULAS and self._opened is not None:
                at = parser.CurrentByteIndex
                if at != self._opened:
                    self._spans.append((self._opened, at))
                self._opened = None

        def refuse(*_: object) -> None:
            raise ValueError("it declares a document type")

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartDoctypeDeclHandler = refuse
        try:
            parser.Parse(self._content, True)
        except (expat.ExpatError, ValueError) as error:
            raise SurfaceError(f"{self._what} is damaged: {error}.") from error
        found: list[Edit] = []
        for start_at, end_at in self._spans:
            if b"REVALIGN" in self._content[start_at:end_at].upper():
                found += self._of(start_at, end_at, route, only)
        return found

    def _of(self, start: int, end: int, route: Spelling, only: Collection[Spelling]) -> list[Edit]:
        inner = _behind_tag(self._content, start)
        try:
            formula, places = _read(self._content[inner:end].decode())
            if not mentions(formula):
                return []
            wanted = respelled(formula, route, only)
            self._report.left += [
                f"={formula}" for call in calls(formula) if not call.known and f"={formula}" not in self._report.left
            ]
        except (UnicodeDecodeError, ValueError):
            self._report.left.append("=" + self._content[inner:end].decode(errors="replace"))
            return []
        return [(inner + places(first), inner + places(last), name.encode()) for first, last, name in wanted]


def _behind_tag(content: bytes, at: int) -> int:
    """The byte behind the tag that begins at a byte; a ``>`` may stand in the quotes of an attribute."""
    quote = 0
    for place in range(at, len(content)):
        sign = content[place]
        if quote:
            quote = 0 if sign == quote else quote
        elif sign in b"\"'":
            quote = sign
        elif sign == ord(">"):
            return place + 1
    raise ValueError(at)  # pragma: no cover - expat has read the tag


class _Places:
    """Where a byte of the text stands in the raw bytes of the part."""

    def __init__(self) -> None:
        self._text: list[int] = []
        self._raw: list[int] = []

    def add(self, text: int, raw: int) -> None:
        self._text.append(text)
        self._raw.append(raw)

    def __call__(self, place: int) -> int:
        piece = bisect_right(self._text, place) - 1
        return self._raw[piece] + place - self._text[piece]


def _read(raw: str) -> tuple[str, _Places]:
    """The formula written in XML, and where its bytes stand. Raises ValueError for anything but text."""
    pieces, places, at, length = [], _Places(), 0, 0
    while at < len(raw):
        found = _PIECE.match(raw, at)
        if not found:
            raise ValueError(raw)
        if found["plain"] is not None:
            piece, skipped = found["plain"], 0
        elif found["raw"] is not None:
            piece, skipped = found["raw"], len("<![CDATA[")
        else:
            piece, skipped = _sign(found["sign"]), 0
        places.add(length, len(raw[:at].encode()) + skipped)
        pieces.append(piece)
        length += len(piece.encode())
        at = found.end()
    places.add(length, len(raw.encode()))
    return "".join(pieces), places


def _sign(name: str) -> str:
    if name.startswith("#"):
        return chr(int(f"0{name[1:]}" if name[1] == "x" else name[1:], 0 if name[1] == "x" else 10))
    if name not in _SIGNS:
        raise ValueError(name)
    return _SIGNS[name]
