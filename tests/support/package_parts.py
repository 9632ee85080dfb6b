"""The parts of an .xlsx: read once, with what is wrong with the package itself (types, relations, properties)."""

import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

__all__ = [
    "COLUMNS", "ROWS", "Area", "Package", "Relation", "area_of", "areas_of", "check_parts", "child", "children", "counted",
    "in_order", "local", "place_of", "repeated", "told",
]  # fmt: skip

ROWS, COLUMNS = 1_048_576, 16_384
TYPES = "[Content_Types].xml"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})")

#: end of a relation's type -> end of the content type of the part it leads to
_KINDS = {
    "officeDocument": "sheet.main+xml", "worksheet": "worksheet+xml", "styles": "styles+xml", "theme": "theme+xml",
    "sharedStrings": "sharedStrings+xml", "sheetMetadata": "sheetMetadata+xml", "drawing": "drawing+xml",
    "chart": "chart+xml", "comments": "comments+xml", "vmlDrawing": "vmlDrawing", "table": "table+xml",
    "core-properties": "core-properties+xml", "extended-properties": "extended-properties+xml",
    "custom-properties": "custom-properties+xml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, counted from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def meets(self, other: "Area") -> bool:
        """Whether they share a cell."""
        across = self.left <= other.right and other.left <= self.right
        return across and self.top <= other.bottom and other.top <= self.bottom

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell lies in it."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    @property
    def cells(self) -> int:
        """How many there are."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part points at: a part, or an address outside."""

    key: str
    kind: str
    target: str
    outside: bool


def local(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


def place_of(text: str) -> tuple[int, int] | None:
    """Row and column of ``B7``; None for anything that is no cell of a sheet."""
    found = _REFERENCE.fullmatch(text)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    row = int(found[2])
    return (row, column) if row <= ROWS and column <= COLUMNS else None


def area_of(text: str) -> Area | None:
    """The area of ``A1``, ``A1:B2``, ``A:B`` or ``1:6``, dollars or not; None for anything else."""
    first, colon, last = text.replace("$", "").partition(":")
    last = last if colon else first
    if colon and first.isdigit() and last.isdigit():
        first, last = f"A{first}", f"XFD{last}"
    elif colon and first.isalpha() and last.isalpha():
        first, last = f"{first}1", f"{last}{ROWS}"
    start, end = place_of(first), place_of(last)
    if start is None or end is None or end[0] < start[0] or end[1] < start[1]:
        return None
    return Area(*start, *end)


def areas_of(text: str) -> list[Area] | None:
    """The areas of a list such as ``A1 C3:D4``; None when one of them is none, or there is none at all."""
    found = [area_of(item) for item in text.split()]
    kept = [item for item in found if item]
    return kept if found and len(kept) == len(found) else None


@dataclass
class Package:
    """A file taken apart. ``found`` collects what is wrong, each with the part it stands in."""

    source: Path | bytes
    found: list[str] = field(default_factory=list)
    parts: dict[str, bytes] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    _trees: dict[str, ET.Element | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Reads everything; a file that is no archive is one problem and has no parts."""
        given = BytesIO(self.source) if isinstance(self.source, bytes) else self.source
        try:
            with zipfile.ZipFile(given) as archive:
                self.names = [item.filename for item in archive.infolist() if not item.is_dir()]
                self.parts = {name: archive.read(name) for name in self.names}
        except (zipfile.BadZipFile, OSError) as error:
            self.say("package", f"is no readable archive: {error}")

    def say(self, where: str, what: str) -> None:
        """Notes a problem."""
        self.found.append(f"{where}: {what}")

    def tree(self, part: str) -> ET.Element | None:
        """The elements of a part; None when it is missing or damaged, which is said once."""
        if part not in self._trees:
            self._trees[part] = self._parsed(part) if part in self.parts else None
        return self._trees[part]

    def _parsed(self, part: str) -> ET.Element | None:
        content = self.parts[part]
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            self.say(part, "declares a document type")
            return None
        try:
            return ET.fromstring(content)
        except ET.ParseError as error:
            self.say(part, f"is no well-formed XML: {error}")
            return None

    def relations(self, part: str) -> dict[str, Relation]:
        """What a part points at, by identifier; the package itself is the part ``""``."""
        folder, file = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", f"{file}.rels")
        root = self.tree(listing)
        found: dict[str, Relation] = {}
        for item in root if root is not None else ():
            target, outside = item.get("Target", ""), item.get("TargetMode") == "External"
            if not outside:
                target = posixpath.normpath(target.lstrip("/") if target[:1] == "/" else posixpath.join(folder, target))
            key = item.get("Id", "")
            found[key] = Relation(key, item.get("Type", "").rpartition("/")[2], target, outside)
        return found

    def related(self, part: str, kind: str) -> list[str]:
        """The parts a part points at by one kind of relation."""
        return [item.target for item in self.relations(part).values() if item.kind == kind and not item.outside]

    @cached_property
    def book(self) -> str:
        """The part that lists the sheets."""
        return next(iter(self.related("", "officeDocument")), "xl/workbook.xml")

    def one(self, kind: str) -> ET.Element | None:
        """The elements of the only part of its kind beside the workbook: styles, shared texts, metadata."""
        return next((self.tree(part) for part in self.related(self.book, kind)), None)


def children(element: ET.Element | None, name: str) -> Iterator[ET.Element]:
    """The children of a name, whatever their namespace."""
    for child in element if element is not None else ():
        if local(child.tag) == name:
            yield child


def child(element: ET.Element | None, name: str) -> ET.Element | None:
    """The first child of a name."""
    return next(children(element, name), None)


def told(element: ET.Element | None, name: str, otherwise: str = "") -> str:
    """The text of the first child of a name."""
    found = child(element, name)
    return otherwise if found is None else found.text or otherwise


def in_order(element: ET.Element, order: Sequence[str]) -> str:
    """The first child that stands where the schema wants another or knows none; empty when all stand right."""
    at = 0
    for item in element:
        name = local(item.tag)
        if name not in order:
            return name
        place = order.index(name)
        if place < at:
            return name
        at = place
    return ""


def counted(package: Package, part: str, element: ET.Element | None, name: str = "count") -> None:
    """Says when a list tells another number of items than it has."""
    if element is not None and (said := element.get(name)) is not None and said != str(len(element)):
        package.say(part, f"{local(element.tag)} says {name} {said}, there are {len(element)}")


def repeated(values: Sequence[str]) -> list[str]:
    """What stands there more than once."""
    return [value for value, times in Counter(values).items() if times > 1]


def check_parts(package: Package) -> None:
    """Archive, content types, relations, reachability, document properties."""
    for name in repeated([name.lower() for name in package.names]):
        package.say("package", f"two parts are named {name}")
    for name in package.names:
        if "\\" in name or name.startswith("/") or ".." in name.split("/"):
            package.say("package", f"the name of a part is not legal: {name}")
        if name.endswith((".xml", ".rels", ".vml")):
            package.tree(name)
    _types(package)
    _relations(package)
    _properties(package)


def _types(package: Package) -> None:
    root = package.tree(TYPES)
    if root is None:
        if TYPES not in package.parts:
            package.say("package", f"has no {TYPES}")
        return
    defaults = [item.get("Extension", "").lower() for item in children(root, "Default")]
    overrides = {item.get("PartName", ""): item.get("ContentType", "") for item in children(root, "Override")}
    for name in repeated([*defaults, *(item.get("PartName", "").lower() for item in children(root, "Override"))]):
        package.say(TYPES, f"speaks of {name} twice")
    for name in overrides:
        if name.lstrip("/") not in package.parts:
            package.say(TYPES, f"speaks of {name}, which is not there")
    kinds = {item.get("Extension", "").lower(): item.get("ContentType", "") for item in children(root, "Default")}
    kinds |= {name.lstrip("/"): kind for name, kind in overrides.items()}
    for name in package.parts:
        if name != TYPES and name not in kinds and name.rpartition(".")[2].lower() not in kinds:
            package.say(TYPES, f"no content type for {name}")
    for source in ["", *package.parts]:
        for item in package.relations(source).values():
            wanted, known = _KINDS.get(item.kind), kinds.get(item.target) or kinds.get(item.target.rpartition(".")[2])
            if wanted and not item.outside and known and not known.endswith(wanted):
                package.say(TYPES, f"{item.target} is a {item.kind} and has the content type {known}")


def _relations(package: Package) -> None:
    listings = [name for name in package.parts if name.endswith(".rels")]
    for listing in listings:
        folder, file = posixpath.split(listing)
        source = posixpath.join(posixpath.dirname(folder), file.removesuffix(".rels"))
        if source and source not in package.parts:
            package.say(listing, f"belongs to {source}, which is not there")
        root = package.tree(listing)
        for key in repeated([item.get("Id", "") for item in children(root, "Relationship")]):
            package.say(listing, f"two relations are named {key}")
        for item in package.relations(source).values():
            if not item.outside and item.target not in package.parts:
                package.say(listing, f"{item.key} leads to {item.target}, which is not there")
            if item.outside and (not item.target or re.search(r"[\s<>\"{}|\\^`]", item.target)):
                package.say(listing, f"{item.key} leads to an address that is not legal: {item.target!r}")
    if len(package.related("", "officeDocument")) != 1:
        package.say("package", f"has {len(package.related('', 'officeDocument'))} workbooks")
    reached, ahead = {""}, [""]
    while ahead:
        for item in package.relations(ahead.pop()).values():
            if not item.outside and item.target not in reached:
                reached.add(item.target)
                ahead.append(item.target)
    for name in package.parts:
        if name != TYPES and not name.endswith(".rels") and name not in reached:
            package.say(name, "nothing leads to it")


def _properties(package: Package) -> None:
    for kind in ("core-properties", "extended-properties", "custom-properties"):
        for part in package.related("", kind):
            root = package.tree(part)
            if root is None:
                continue
            for item in root.iter():
                if local(item.tag) == "vector" and item.get("size") != str(len(item)):
                    package.say(part, f"a list says it has {item.get('size')} items, there are {len(item)}")
                if local(item.tag) in ("created", "modified") and not re.fullmatch(
                    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", item.text or ""
                ):
                    package.say(part, f"{local(item.tag)} is no moment: {item.text!r}")
            if kind == "custom-properties":
                keys = [item.get("pid", "") for item in root]
                names = [item.get("name", "").lower() for item in root]
                if repeated(keys) or repeated(names) or any(not key.isdigit() or int(key) < 2 for key in keys):
                    package.say(part, "its properties are not numbered from 2 on, or two have one name")
