"""The cells of a worksheet part with the bytes they take, and changes to single cells that leave every other byte.

A sheet is read once by expat, which says at which byte an element begins. Only formula cells and the cells of spills
are kept; what people typed is not even looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from revalign_udf.errors import SurfaceError
from revalign_udf.workbook.grid import Area, Place, area, place

__all__ = ["STALE", "Edit", "Node", "Row", "Scan", "edited", "scan"]

#: stands in a cell that was left with a value that may be out of date: a comment, which every reader skips. The program
#: that computes the cell writes the sheet anew, and the note is gone
STALE = "revalign: out of date"
#: cells of one formula; no sheet that people open has more
_LARGEST_AREA = 1 << 21
#: (first byte, byte behind the last, what stands there instead)
Edit = tuple[int, int, bytes]
_ENCODING = re.compile(rb"""^(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding=["']([A-Za-z0-9._-]+)["']""")


@dataclass(slots=True)
class Node:
    """A cell as the file holds it; spans are (first byte, byte behind the last)."""

    at: Place
    attributes: dict[str, str]
    start: int
    tag_end: int
    end: int = 0
    formula: str | None = None
    formula_attributes: dict[str, str] = field(default_factory=dict)
    formula_span: tuple[int, int] | None = None
    inner_span: tuple[int, int] | None = None
    """of the formula's text; None for an empty element"""
    value: str | None = None
    value_span: tuple[int, int] | None = None
    inline: str | None = None
    inline_span: tuple[int, int] | None = None
    mark_span: tuple[int, int] | None = None
    """of the note that its value is out of date, see `STALE`"""

    @property
    def area(self) -> Area | None:
        """The cells a formula of several fills, as the file says."""
        if self.formula_attributes.get("t") in ("array", "dataTable") and "ref" in self.formula_attributes:
            try:
                found = area(self.formula_attributes["ref"])
            except ValueError:
                return None
            return found if found.size <= _LARGEST_AREA else None
        return None

    @property
    def dynamic(self) -> bool:
        """Whether it is a formula that spills as far as it has to."""
        return self.formula_attributes.get("t") == "array" and self.attributes.get("cm", "0") != "0"


@dataclass(slots=True)
class Row:
    """A row as the file holds it."""

    number: int
    start: int
    tag_end: int
    end: int = 0


@dataclass(slots=True)
class Scan:
    """What was found: cells by place, rows (only when areas were asked for), merged cells."""

    nodes: dict[Place, Node] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    merged: list[Area] = field(default_factory=list)
    dimension: tuple[int, int, str] | None = None
    data_end: int = 0
    """the byte at which a row could be added at the end"""
    prefix: str = ""
    """of element names, such as ``x:``"""


def scan(content: bytes, what: str, areas: Sequence[Area] = ()) -> Scan:
    """The formula cells of a sheet, those in the spills they fill and, with ``areas``, all cells of those rows.

    Raises SurfaceError REV-704 when the part cannot be read.
    """
    encoding = _ENCODING.match(content[:200])
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or (
        encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")
    ):
        raise SurfaceError(f"{what} is not written in UTF-8.", hint="Open and save the file in Excel once.")
    reader = _Reader(content, areas)
    try:
        reader.parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:
        raise SurfaceError(f"{what} is damaged: {error}.") from error
    return reader.found


class _Reader:
    """Takes expat's events and keeps what counts."""

    def __init__(self, content: bytes, areas: Sequence[Area]) -> None:
        self.content, self.found = content, Scan()
        self._rows_wanted = [(item.top, item.bottom) for item in areas]
        self._spills: list[Area] = []
        self._row = self._column = 0
        self._node: Node | None = None
        self._text: list[str] | None = None
        self._opened: dict[str, int] = {}
        self._inside = False
        self._phonetic = 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._comment
        parser.StartDoctypeDeclHandler = self._refuse
        self.parser = parser

    @staticmethod
    def _refuse(*_: Any) -> None:
        raise ValueError("it declares a document type")

    def _comment(self, text: str) -> None:
        if self._node is not None and text.strip() == STALE:
            at = self.parser.CurrentByteIndex
            self._node.mark_span = at, self.content.index(b"-->", at) + 3

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        prefix, _, name = tag.rpartition(":")
        if not self._inside:
            at = self.parser.CurrentByteIndex
            if name == "sheetData":
                self._inside = True
                self.found.prefix = f"{prefix}:" if prefix else ""
                self.found.data_end = at
            elif name == "mergeCell" and "ref" in attributes:
                self.found.merged.append(area(attributes["ref"]))
            elif name == "dimension" and "ref" in attributes:
                self.found.dimension = (at, self._close(at), attributes["ref"])
            return
        if name == "c":
            self._column = place(attributes["r"])[1] if "r" in attributes else self._column + 1
            at = self.parser.CurrentByteIndex
            self._node = Node((self._row, self._column), attributes, at, self._close(at))
        elif name == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0
            if self._rows_wanted:
                at = self.parser.CurrentByteIndex
                self.found.rows.append(Row(self._row, at, self._close(at)))
        elif self._node is not None:
            at = self.parser.CurrentByteIndex
            self._opened[name] = at
            if name in ("f", "v"):
                self._text = []
                if name == "f":
                    self._node.formula_attributes = attributes
            elif name == "is":
                self._node.inline = ""
            elif name == "rPh":
                self._phonetic += 1
            elif name == "t" and self._node.inline is not None and not self._phonetic:
                self._text = []

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        node = self._node
        if not self._inside:
            return
        if name == "sheetData":
            self._inside = False
            at = self.parser.CurrentByteIndex
            self.found.data_end = at
        elif name == "row":
            if self._rows_wanted:
                row = self.found.rows[-1]
                row.end = self._end_of(row.start, self.parser.CurrentByteIndex)
        elif node is None:
            return
        elif name == "c":
            node.end = self._end_of(node.start, self.parser.CurrentByteIndex)
            self._keep(node)
            self._node = None
        elif name in ("f", "v", "is", "t"):
            at, opened = self.parser.CurrentByteIndex, self._opened.get(name, 0)
            text = "".join(self._text or [])
            span = opened, self._end_of(opened, at)
            if name == "f":
                node.formula, node.formula_span = text, span
                node.inner_span = (self._close(opened), at) if span[1] != at else None
            elif name == "v":
                node.value, node.value_span = text, span
            elif name == "is":
                node.inline_span = span
            elif node.inline is not None:
                node.inline += text
            self._text = None
        elif name == "rPh":
            self._phonetic -= 1

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end_of(self, opened: int, at: int) -> int:
        """The byte behind an element, whose end expat reports at a byte: of ``<v/>`` at the one behind it."""
        alone = at == opened or (self.content[at - 2 : at] == b"/>" and self._close(opened) == at)
        return max(at, self._close(opened)) if alone else self._close(at)

    def _close(self, at: int) -> int:
        """The byte behind the tag that begins at a byte; a ``>`` may stand in the quotes of an attribute."""
        content = self.content
        end = content.index(b">", at) + 1
        while True:
            tag = content[at:end]
            if (b"'" not in tag and not tag.count(b'"') % 2) or not _open_quote(tag):
                return end
            end = content.index(b">", end) + 1

    def _keep(self, node: Node) -> None:
        if node.formula is not None:
            self.found.nodes[node.at] = node
            if (filled := node.area) is not None and filled.size > 1:
                self._spills.append(filled)
        elif any(spill.holds(node.at) for spill in self._spills) or any(
            first <= node.at[0] <= last for first, last in self._rows_wanted
        ):
            self.found.nodes[node.at] = node
        if len(self._spills) > 1 and self._spills[0].bottom < node.at[0]:
            self._spills = [spill for spill in self._spills if spill.bottom >= node.at[0]]


def _open_quote(tag: bytes) -> bool:
    quote = 0
    for sign in tag:
        if quote:
            quote = 0 if sign == quote else quote
        elif sign in b"\"'":
            quote = sign
    return bool(quote)


def edited(content: bytes, edits: Iterable[Edit]) -> bytes:
    """The part with some of its bytes exchanged; edits never overlap. Those at one byte stand in their order."""
    pieces, at = [], 0
    for start, end, instead in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        if start < at:
            raise ValueError(f"edits overlap at byte {start}")
        pieces += [content[at:start], instead]
        at = end
    return b"".join([*pieces, content[at:]])
