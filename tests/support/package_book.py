"""The workbook of an .xlsx as a whole: sheets, defined names, shared texts, styles, metadata."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from package_formulas import Known, areas_in, faults
from package_parts import COLUMNS, ROWS, Package, child, children, counted, in_order, local, place_of, repeated

__all__ = ["Facts", "Listed", "check_book", "facts_of"]

_ORDER = """fileVersion fileSharing workbookPr workbookProtection bookViews sheets functionGroups externalReferences
    definedNames calcPr oleSize customWorkbookViews pivotCaches smartTagPr smartTagTypes webPublishing fileRecoveryPr
    webPublishObjects extLst""".split()
_STYLES = "numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs tableStyles colors extLst".split()
_DXF = "font numFmt fill alignment border protection extLst".split()
#: names Excel makes itself
_OWN = frozenset(
    {"Print_Titles", "Print_Area", "_FilterDatabase", "Criteria", "Extract", "Consolidate_Area", "Database"}
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_TITLES = re.compile(r"(?:'(?:[^']|'')+'|\w[\w.]*)!\$[A-Z]{0,3}\$?\d*:\$[A-Z]{0,3}\$?\d*")


@dataclass(frozen=True, slots=True)
class Listed:
    """A sheet the workbook lists: its name and part."""

    name: str
    part: str
    kind: str
    state: str


@dataclass
class Facts:
    """What the checks of sheets and charts need to know of the workbook."""

    sheets: list[Listed] = field(default_factory=list)
    known: Known = field(default_factory=Known)
    strings: list[str] = field(default_factory=list)
    formats: int = 0
    differences: int = 0
    spilling: set[int] = field(default_factory=set)
    """numbers of cell metadata that say: dynamic array"""
    metadata: int = 0


def facts_of(package: Package, functions: frozenset[str]) -> Facts:
    """Reads the workbook, whatever state it is in."""
    root, made = package.tree(package.book), Facts()
    found = package.relations(package.book)
    for item in children(child(root, "sheets"), "sheet"):
        relation = found.get(item.get(f"{_RELATION}id", ""))
        made.sheets.append(
            Listed(
                item.get("name", ""),
                relation.target if relation else "",
                relation.kind if relation else "",
                item.get("state", "visible"),
            )
        )
    titles = tuple(sheet.name for sheet in made.sheets)
    names = set()
    for item in children(child(root, "definedNames"), "definedName"):
        scope = item.get("localSheetId", "")
        sheet = titles[int(scope)].lower() if scope.isdigit() and int(scope) < len(titles) else ""
        names.add((sheet, item.get("name", "").lower()))
    tables = [
        package.tree(part) for listed in made.sheets if listed.part for part in package.related(listed.part, "table")
    ]
    made.known = Known(titles, names, {t.get("displayName", "").lower() for t in tables if t is not None}, functions)
    strings = package.one("sharedStrings")
    for entry in strings if strings is not None else ():
        made.strings.append("".join(part.text or "" for part in entry.iter() if local(part.tag) == "t"))
    styles = package.one("styles")
    made.formats = sum(1 for _ in children(child(styles, "cellXfs"), "xf"))
    made.differences = sum(1 for _ in children(child(styles, "dxfs"), "dxf"))
    _metadata(package.one("sheetMetadata"), made)
    return made


def _metadata(root: ET.Element | None, made: Facts) -> None:
    kinds = [item.get("name", "") for item in children(child(root, "metadataTypes"), "metadataType")]
    blocks = list(children(child(root, "cellMetadata"), "bk"))
    made.metadata = len(blocks)
    for number, block in enumerate(blocks, 1):
        for record in block:
            kind = record.get("t", "")
            if kind.isdigit() and 0 < int(kind) <= len(kinds) and kinds[int(kind) - 1] == "XLDAPR":
                made.spilling.add(number)


def check_book(package: Package, facts: Facts) -> None:
    """The workbook part, its names, shared texts, styles and metadata."""
    root = package.tree(package.book)
    if root is None:
        package.say("package", "has no workbook that can be read")
        return
    if stray := in_order(root, _ORDER):
        package.say(package.book, f"{stray} stands out of order")
    _sheets(package, root, facts)
    _names(package, root, facts)
    _strings(package, facts)
    _styles(package)
    _records(package)


def _sheets(package: Package, root: ET.Element, facts: Facts) -> None:
    part, items = package.book, list(children(child(root, "sheets"), "sheet"))
    if not items:
        package.say(part, "lists no sheet")
    for text in repeated([item.get("sheetId", "") for item in items]):
        package.say(part, f"two sheets have the id {text}")
    for text in repeated([sheet.part for sheet in facts.sheets]):
        package.say(part, f"two sheets lead to {text or 'nothing'}")
    for text in repeated([sheet.name.lower() for sheet in facts.sheets]):
        package.say(part, f"two sheets are named {text}")
    for sheet in facts.sheets:
        name, legal = sheet.name, not re.search(r"^'|'$|[\[\]:*?/\\]", sheet.name)
        if not legal or not 0 < len(name.encode("utf-16-le")) // 2 <= 31 or name.lower() == "history":
            package.say(part, f"{name!r} is no legal name of a sheet")
        if sheet.kind not in ("worksheet", "chartsheet"):
            package.say(part, f"the sheet {name} leads to a {sheet.kind or 'part that is not there'}")
    if items and all(sheet.state != "visible" for sheet in facts.sheets):
        package.say(part, "no sheet is visible")
    for view in children(child(root, "bookViews"), "workbookView"):
        active = int(view.get("activeTab", "0"))
        if active >= len(items) or facts.sheets[active].state != "visible":
            package.say(part, f"the active sheet is number {active}, which cannot be shown")


def legal_name(name: str) -> bool:
    """Whether a name may be defined: letters first, and nothing that reads as a cell (Q3, FY26, R1C1)."""
    if not re.fullmatch(r"[^\W\d][\w.?\\]*|\\[\w.?\\]*", name) or len(name) > 255:
        return False
    return place_of(name.upper()) is None and not re.fullmatch(r"(?i)R(\d*)C?(\d*)|C(\d*)", name)


def _names(package: Package, root: ET.Element, facts: Facts) -> None:
    part = package.book
    items = list(children(child(root, "definedNames"), "definedName"))
    for text in repeated([f"{item.get('localSheetId', '')}/{item.get('name', '').lower()}" for item in items]):
        package.say(part, f"the name {text.partition('/')[2]} is defined twice")
    for item in items:
        name, text, scope = item.get("name", ""), item.text or "", item.get("localSheetId")
        if scope is not None and not (scope.isdigit() and int(scope) < len(facts.sheets)):
            package.say(part, f"the name {name} belongs to sheet {scope}, which is not there")
            continue
        own = name.startswith("_xlnm.")
        if (own and name.removeprefix("_xlnm.") not in _OWN) or (not own and not legal_name(name)):
            package.say(part, f"{name!r} is no legal name")
        sheet = facts.sheets[int(scope)].name if scope is not None else ""
        for fault in faults(text, facts.known, sheet):
            package.say(part, f"the name {name}: {text} {fault}")
        places = [*areas_in(text, sheet)]
        if own and (scope is None or any(on.lower() != sheet.lower() for on, _ in places)):
            package.say(part, f"{name} points at another sheet than its own")
        if name == "_xlnm.Print_Titles":
            whole = all(
                (area.left, area.right) == (1, COLUMNS) or (area.top, area.bottom) == (1, ROWS) for _, area in places
            )
            if not whole or _TITLES.sub("", text).strip(","):
                package.say(part, f"{name} names no whole rows or columns: {text}")


def _strings(package: Package, facts: Facts) -> None:
    for part in package.related(package.book, "sharedStrings"):
        root = package.tree(part)
        if root is None:
            continue
        if (told := root.get("uniqueCount")) is not None and told != str(len(root)):
            package.say(part, f"says uniqueCount {told}, there are {len(root)}")
        used = sum(len(re.findall(rb'<c\b[^>]*\bt="s"', package.parts.get(sheet.part, b""))) for sheet in facts.sheets)
        if (told := root.get("count")) is not None and told != str(used):
            package.say(part, f"says count {told}, cells use {used}")
        for number, entry in enumerate(root):
            texts_of(package, part, f"text {number}", entry)


def texts_of(package: Package, part: str, what: str, entry: ET.Element) -> None:
    """Says what is wrong with a shared or inline text."""
    pieces = [item for item in entry.iter() if local(item.tag) == "t"]
    if not pieces:
        package.say(part, f"{what} holds nothing")
    if sum(len(item.text or "") for item in pieces) > 32_767:
        package.say(part, f"{what} has more than 32,767 characters")
    for item in pieces:
        text, kept = item.text or "", item.get("{http://www.w3.org/XML/1998/namespace}space")
        if text != text.strip() and kept != "preserve":
            package.say(part, f"{what} loses the blanks at its ends")
        if re.search(r"[\ufffe\uffff]", text):
            package.say(part, f"{what} holds a character that XML forbids")


def _index(package: Package, part: str, item: ET.Element, name: str, limit: int) -> None:
    text = item.get(name, "0")
    if not text.isdigit() or int(text) >= limit:
        package.say(part, f"{local(item.tag)} has {name} {text}, there are {limit}")


def _styles(package: Package) -> None:
    for part in package.related(package.book, "styles"):
        root = package.tree(part)
        if root is None:
            continue
        if stray := in_order(root, _STYLES):
            package.say(part, f"{stray} stands out of order")
        lists = {name: child(root, name) for name in _STYLES}
        for name in _STYLES[:8]:
            counted(package, part, lists[name])
        size = {name: len(found) if found is not None else 0 for name, found in lists.items()}
        own = [item.get("numFmtId", "") for item in children(lists["numFmts"], "numFmt")]
        for text in repeated(own):
            package.say(part, f"two number formats have the id {text}")
        for item in root.iter():
            if local(item.tag) == "numFmt":
                _pattern(package, part, item.get("formatCode", ""))
            if (colour := item.get("rgb")) is not None and not re.fullmatch(r"[0-9A-Fa-f]{8}", colour):
                package.say(part, f"{colour} is no colour")
        for name in ("cellStyleXfs", "cellXfs"):
            for item in children(lists[name], "xf"):
                for key, other in (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders")):
                    _index(package, part, item, key, size[other])
                if name == "cellXfs":
                    _index(package, part, item, "xfId", size["cellStyleXfs"])
                if (text := item.get("numFmtId", "0")) not in own and not (text.isdigit() and int(text) < 164):
                    package.say(part, f"xf has numFmtId {text}, which is nowhere declared")
        for item in children(lists["cellStyles"], "cellStyle"):
            _index(package, part, item, "xfId", size["cellStyleXfs"])
        for number, item in enumerate(children(lists["dxfs"], "dxf")):
            if stray := in_order(item, _DXF):
                package.say(part, f"dxf {number}: {stray} stands out of order")
        patterns = [child(item, "patternFill") for item in children(lists["fills"], "fill")][:2]
        if [item.get("patternType", "none") if item is not None else "" for item in patterns] != ["none", "gray125"]:
            package.say(part, "the first two fills are not those Excel takes for granted")
        if not all(size[name] for name in ("fonts", "borders", "cellXfs")):
            package.say(part, "a list that needs one entry has none")


def _pattern(package: Package, part: str, code: str) -> None:
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", code)
    if not code or len(code) > 255 or '"' in bare or "[" in bare or bare.count(";") > 3:
        package.say(part, f"{code!r} is no number format")


def _records(package: Package) -> None:
    for part in package.related(package.book, "sheetMetadata"):
        root = package.tree(part)
        if root is None:
            continue
        kinds = list(children(child(root, "metadataTypes"), "metadataType"))
        future = {item.get("name", ""): len(list(children(item, "bk"))) for item in children(root, "futureMetadata")}
        for name in ("metadataTypes", "cellMetadata", "valueMetadata"):
            counted(package, part, child(root, name))
        for item in children(root, "futureMetadata"):
            counted(package, part, item)
        records: Sequence[ET.Element] = [
            record
            for name in ("cellMetadata", "valueMetadata")
            for block in children(child(root, name), "bk")
            for record in block
        ]
        for record in records:
            kind, value = int(record.get("t", "0")), int(record.get("v", "0"))
            if not 0 < kind <= len(kinds) or value >= future.get(kinds[kind - 1].get("name", ""), 1):
                package.say(part, f"a record points at type {kind}, value {value}, which is not there")
