"""One worksheet of an .xlsx: the order of its elements, its cells and formulas."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from package_book import Facts, texts_of
from package_formulas import ERRORS, faults
from package_parts import (
    COLUMNS,
    ROWS,
    Area,
    Package,
    area_of,
    areas_of,
    child,
    children,
    counted,
    in_order,
    local,
    place_of,
    repeated,
)

__all__ = ["Grid", "check_grid"]

_ORDER = """sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios
    autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations
    hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches
    ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF picture oleObjects controls webPublishItems tableParts
    extLst""".split()
_VALUES = frozenset({"b", "n", "e", "s", "str", "inlineStr", "d"})


@dataclass
class Grid:
    """A sheet while it is looked through."""

    package: Package
    facts: Facts
    name: str
    part: str
    root: ET.Element
    values: dict[tuple[int, int], object] = field(default_factory=dict)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    arrays: list[Area] = field(default_factory=list)
    results: list[tuple[str, tuple[int, int]]] = field(default_factory=list)
    """cells that hold the text of a formula and have none"""

    def say(self, what: str) -> None:
        """Notes a problem of this sheet."""
        self.package.say(self.part, f"{self.name}: {what}")

    def formula(self, where: str, text: str) -> None:
        """Says what keeps Excel from reading a formula."""
        for fault in faults(text, self.facts.known, self.name):
            self.say(f"{where}: {text[:60]} {fault}")


def check_grid(grid: Grid) -> None:
    """Order of elements, views, columns, rows, cells, spills, merged cells, the page."""
    if stray := in_order(grid.root, _ORDER):
        grid.say(f"{stray} stands out of order")
    _columns(grid)
    _rows(grid)
    _spills(grid)
    _views(grid)
    told = child(grid.root, "dimension")
    area = area_of(told.get("ref", "")) if told is not None else None
    if told is not None and (area is None or any(not area.holds(*place) for place in grid.values)):
        grid.say(f"the dimension {told.get('ref')} does not cover its cells")
    _merged(grid)
    _page(grid)


def _columns(grid: Grid) -> None:
    last = 0
    for item in children(child(grid.root, "cols"), "col"):
        first, end = int(item.get("min", "0")), int(item.get("max", "0"))
        if not last < first <= end <= COLUMNS:
            grid.say(f"columns {first} to {end} overlap others, or are none")
        last = max(last, end)
        if int(item.get("style", "0")) >= grid.facts.formats:
            grid.say(f"columns {first} to {end} have style {item.get('style')}, there are {grid.facts.formats}")
        if not 0 <= float(item.get("width", "8")) <= 255:
            grid.say(f"columns {first} to {end} are {item.get('width')} wide")


def _rows(grid: Grid) -> None:
    above = 0
    for line in children(child(grid.root, "sheetData"), "row"):
        text = line.get("r", str(above + 1))
        row = int(text) if text.isdigit() else 0
        if not above < row <= ROWS:
            grid.say(f"row {text} stands after row {above}")
        above = max(above, row)
        if not 0 <= float(line.get("ht", "0")) <= 409.5:
            grid.say(f"row {row} is {line.get('ht')} high")
        if int(line.get("s", "0")) >= grid.facts.formats:
            grid.say(f"row {row} has style {line.get('s')}, there are {grid.facts.formats}")
        before = 0
        for item in children(line, "c"):
            place = place_of(item.get("r", ""))
            if place is None or place[0] != row or place[1] <= before:
                grid.say(f"cell {item.get('r')} stands out of order in row {row}")
                continue
            before = place[1]
            _cell(grid, item, place)


def _cell(grid: Grid, item: ET.Element, place: tuple[int, int]) -> None:
    where, kind = item.get("r", ""), item.get("t", "n")
    style = item.get("s", "0")
    if not style.isdigit() or int(style) >= grid.facts.formats:
        grid.say(f"{where} has style {style}, there are {grid.facts.formats}")
    if stray := in_order(item, ("f", "v", "is", "extLst")):
        grid.say(f"{where}: {stray} stands out of order")
    if kind not in _VALUES:
        grid.say(f"{where} has the type {kind}, which is none")
    mark = item.get("cm")
    if mark is not None and not (mark.isdigit() and 0 < int(mark) <= grid.facts.metadata):
        grid.say(f"{where} points at cell metadata {mark}, there are {grid.facts.metadata}")
    formula, value, inline = child(item, "f"), child(item, "v"), child(item, "is")
    text = (value.text or "") if value is not None else None
    grid.values[place] = _value(grid, where, kind, text, inline)
    if formula is not None:
        grid.formulas.add(place)
        if text is None:
            grid.say(f"{where} has a formula and no value")
        if kind in ("s", "inlineStr"):
            grid.say(f"{where} has a formula and a value of the type {kind}")
        _formula(grid, formula, where, place, mark)
    elif kind == "str":
        grid.results.append((where, place))


def _value(grid: Grid, where: str, kind: str, text: str | None, inline: ET.Element | None) -> object:
    if kind == "inlineStr":
        if inline is None or text is not None:
            grid.say(f"{where} is an inline text without one")
            return None
        texts_of(grid.package, grid.part, where, inline)
        return "".join(item.text or "" for item in inline.iter() if local(item.tag) == "t")
    if text is None or kind == "str":
        if text is not None and len(text) > 32_767:
            grid.say(f"{where} holds more than 32,767 characters")
        if text in ERRORS:
            grid.say(f"{where} holds the error {text} as a text")
        return text
    if kind == "s":
        if not text.isdigit() or int(text) >= len(grid.facts.strings):
            grid.say(f"{where} shows text {text}, there are {len(grid.facts.strings)}")
            return None
        return grid.facts.strings[int(text)]
    if kind == "b" and text not in ("0", "1"):
        grid.say(f"{where} is neither true nor false: {text!r}")
    if kind == "e" and text not in ERRORS:
        grid.say(f"{where} holds {text!r}, which is no error of Excel")
    if kind == "n":
        if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text) or not math.isfinite(float(text)):
            grid.say(f"{where} holds {text!r}, which is no number")
            return None
        return float(text)
    return text


def _formula(grid: Grid, formula: ET.Element, where: str, place: tuple[int, int], mark: str | None) -> None:
    kind, text, ref = formula.get("t", "normal"), formula.text or "", formula.get("ref")
    if text or kind != "shared":
        grid.formula(where, text)
    if kind not in ("normal", "array", "shared"):
        grid.say(f"{where} has a formula of the type {kind}")
    if kind == "array":
        area = area_of(ref or "")
        if area is None or (area.top, area.left) != place:
            grid.say(f"{where} is the head of an array over {ref}, which does not begin there")
        else:
            grid.arrays.append(area)
    spills = mark is not None and mark.isdigit() and int(mark) in grid.facts.spilling
    if spills and kind != "array":
        grid.say(f"{where} is marked as a dynamic array, and its formula is none")


def _spills(grid: Grid) -> None:
    """An array owns its cells: no other formula stands in it, no two share a cell, and only there have cells the text of
    a formula without one."""
    for where, place in grid.results:
        if not any(area.holds(*place) for area in grid.arrays):
            grid.say(f"{where} has a value of the type str and no formula")
    for number, area in enumerate(grid.arrays):
        for other in grid.arrays[:number]:
            if area.meets(other):
                grid.say(f"two arrays share cells: {_shown(other)} and {_shown(area)}")
        head = (area.top, area.left)
        for place in grid.formulas:
            if place != head and area.holds(*place):
                grid.say(
                    f"a formula stands in {_shown(area)}, which another one fills: row {place[0]}, column {place[1]}"
                )


def _shown(area: Area) -> str:
    def letters(column: int) -> str:
        return (letters((column - 1) // 26) if column > 26 else "") + chr(65 + (column - 1) % 26)

    return f"{letters(area.left)}{area.top}:{letters(area.right)}{area.bottom}"


def _views(grid: Grid) -> None:
    for view in children(child(grid.root, "sheetViews"), "sheetView"):
        if view.get("workbookViewId") != "0":
            grid.say(f"shows itself in window {view.get('workbookViewId')}, which is not there")
        pane = child(view, "pane")
        if pane is not None:
            corner = place_of(pane.get("topLeftCell", ""))
            across, down = float(pane.get("xSplit", "0")), float(pane.get("ySplit", "0"))
            wanted = {(0.0, 1.0): "bottomLeft", (1.0, 0.0): "topRight", (1.0, 1.0): "bottomRight"}
            here = wanted.get((float(across > 0), float(down > 0)))
            if corner is None or corner[0] <= down or corner[1] <= across or pane.get("activePane") != here:
                grid.say("the frozen part does not fit the cell beside it")
        for item in children(view, "selection"):
            if areas_of(item.get("sqref", "A1")) is None or place_of(item.get("activeCell", "A1")) is None:
                grid.say(f"the selection {item.get('sqref')} is none")


def _merged(grid: Grid) -> None:
    listed = child(grid.root, "mergeCells")
    counted(grid.package, grid.part, listed)
    seen: list[Area] = []
    for item in children(listed, "mergeCell"):
        area = area_of(item.get("ref", ""))
        if area is None or area.cells < 2:
            grid.say(f"{item.get('ref')} cannot be merged")
            continue
        for other in (*seen, *grid.arrays):
            if area.meets(other):
                grid.say(f"the merged cells {item.get('ref')} meet {_shown(other)}")
        seen.append(area)


def _page(grid: Grid) -> None:
    margins = child(grid.root, "pageMargins")
    if margins is not None and any(
        not 0 <= float(margins.get(side, "-1")) < 49 for side in "left right top bottom header footer".split()
    ):
        grid.say("the margins of the page are incomplete")
    setup = child(grid.root, "pageSetup")
    if setup is not None:
        limits = {"scale": (10, 400), "fitToWidth": (0, 32767), "fitToHeight": (0, 32767), "paperSize": (1, 118)}
        for name, (low, high) in limits.items():
            if (text := setup.get(name)) is not None and not (text.isdigit() and low <= int(text) <= high):
                grid.say(f"the page has {name} {text}")
    for item in (line for found in children(grid.root, "headerFooter") for line in found):
        text = item.text or ""
        if len(text) > 255 or text.replace("&&", "").endswith("&"):
            grid.say(f"{local(item.tag)} is longer than 255 characters, or ends within a code")
    for name in ("rowBreaks", "colBreaks"):
        listed = child(grid.root, name)
        counted(grid.package, grid.part, listed)
        for text in repeated([item.get("id", "") for item in children(listed, "brk")]):
            grid.say(f"two breaks of the page stand at {text}")


def pieces(grid: Grid, *path: str) -> Iterator[ET.Element]:
    """The elements a chain of names leads to."""
    found = [grid.root]
    for name in path:
        found = [item for one in found for item in children(one, name)]
    yield from found
