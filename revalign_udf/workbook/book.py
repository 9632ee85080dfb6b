"""What a workbook says of itself: its sheets, names, tables and how it counts days."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from xml.etree import ElementTree as ET

from revalign_udf.errors import SurfaceError
from revalign_udf.workbook.package import Package

__all__ = ["Book", "Name", "Sheet", "TableArea", "plain_text", "tree"]

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name and the part that holds it."""

    name: str
    part: str


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name; ``sheet`` is the one it belongs to, None for the whole workbook."""

    name: str
    text: str
    sheet: str | None


@dataclass(frozen=True, slots=True)
class TableArea:
    """A table of a sheet: its name, its cells, such as ``A1:C9``, and its columns."""

    name: str
    sheet: str
    area: str
    columns: tuple[str, ...] = ()
    heads: bool = True
    """whether its first row holds the names of the columns"""
    totals: bool = False
    """whether its last row holds totals"""


def tree(content: bytes, what: str) -> ET.Element:
    """The elements of an XML part. Raises SurfaceError REV-704 when it is none, or declares entities."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise SurfaceError(f"{what} declares entities, which no workbook does.", hint="Where does the file come from?")
    try:
        return ET.fromstring(content)  # noqa: S314 - without a document type there is nothing to expand
    except ET.ParseError as error:
        raise SurfaceError(f"{what} is damaged: {error}.") from error


def plain_text(text: str) -> str:
    r"""A text as the cell shows it: signs that XML cannot hold are written ``_x000D_`` in a file.

    >>> plain_text("a_x000D_b"), plain_text("_x005F_x000D_")
    ('a\rb', '_x000D_')
    """
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _children(element: ET.Element, *path: str) -> Iterator[ET.Element]:
    """Descendants by local names: strict and transitional files differ in the namespace only."""
    if not path:
        yield element
        return
    for child in element:
        if _local(child.tag) == path[0]:
            yield from _children(child, *path[1:])


def _attribute(element: ET.Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if _local(key) == name), "")


def _truth(text: str) -> bool:
    return text in ("1", "true")


class Book:
    """The parts of a package by what they are. Raises SurfaceError REV-704 for one that is damaged."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.part = next(iter(self._related("", "/officeDocument").values()), "xl/workbook.xml")
        self._root = tree(package.read(self.part), f"{package.name}: {self.part}")
        found = self._related(self.part, "/worksheet")
        listed = [
            (_attribute(item, "name"), found.get(_attribute(item, "id"), ""))
            for item in _children(self._root, "sheets", "sheet")
        ]
        #: of every sheet, charts on sheets of their own included: what a name's local sheet counts by
        self.titles = [name for name, _ in listed]
        self.sheets = [Sheet(name, part) for name, part in listed if part in package]
        properties = next(_children(self._root, "workbookPr"), None)
        self.date1904 = properties is not None and _truth(properties.get("date1904", ""))
        calculation = next(_children(self._root, "calcPr"), None)
        self.iterates = calculation is not None and _truth(calculation.get("iterate", ""))
        self.recomputed_on_open = calculation is not None and _truth(calculation.get("fullCalcOnLoad", ""))

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """Identifier -> part, of the relations of one kind."""
        folder, file = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", f"{file}.rels")
        if listing not in self.package:
            return {}
        found = {}
        for item in tree(self.package.read(listing), f"{self.package.name}: {listing}"):
            target = item.get("Target", "")
            if item.get("Type", "").endswith(kind) and item.get("TargetMode") != "External":
                place = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                found[item.get("Id", "")] = posixpath.normpath(place)
        return found

    @cached_property
    def names(self) -> list[Name]:
        """The defined names."""
        found = []
        for item in _children(self._root, "definedNames", "definedName"):
            place = item.get("localSheetId")
            sheet = self.titles[int(place)] if place and place.isdigit() and int(place) < len(self.titles) else None
            found.append(Name(item.get("name", ""), item.text or "", sheet))
        return found

    @cached_property
    def tables(self) -> list[TableArea]:
        """The tables of all sheets."""
        found = []
        for sheet in self.sheets:
            for part in self._related(sheet.part, "/table").values():
                if part in self.package:
                    root = tree(self.package.read(part), f"{self.package.name}: {part}")
                    name = root.get("displayName", root.get("name", ""))
                    columns = tuple(item.get("name", "") for item in _children(root, "tableColumns", "tableColumn"))
                    heads, totals = root.get("headerRowCount") != "0", root.get("totalsRowCount", "0") != "0"
                    found.append(TableArea(name, sheet.name, root.get("ref", "A1"), columns, heads, totals))
        return found

    @cached_property
    def strings(self) -> list[str]:
        """The shared texts."""
        part = next(iter(self._related(self.part, "/sharedStrings").values()), "")
        if part not in self.package:
            return []
        root = tree(self.package.read(part), f"{self.package.name}: {part}")
        return [plain_text("".join(_runs(item))) for item in root]

    @property
    def signed(self) -> bool:
        """Whether somebody signed the file."""
        return any(part.startswith("_xmlsignatures/") for part in self.package.parts)

    @property
    def charts(self) -> int:
        """How many charts the file has."""
        return sum(bool(re.fullmatch(r"xl/charts/chart\w*\.xml", part)) for part in self.package.parts)


def _runs(item: ET.Element) -> Iterator[str]:
    """The pieces of one text: plain, or rich; how it is pronounced does not count."""
    for child in item:
        if _local(child.tag) == "t":
            yield child.text or ""
        elif _local(child.tag) == "r":
            yield from _runs(child)
