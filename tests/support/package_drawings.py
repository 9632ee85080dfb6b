"""The drawings of a worksheet and their charts: where they stand, which cells they show, what they remember of them."""

import math
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from package_book import Facts
from package_formulas import areas_in, faults
from package_parts import COLUMNS, ROWS, Package, child, children, in_order, local, repeated, told
from package_sheet import Grid

__all__ = ["check_drawings"]

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_SERIES = """idx order tx spPr invertIfNegative pictureOptions marker explosion dPt dLbls trendline errBars cat xVal val yVal
    smooth shape bubbleSize bubble3D extLst""".split()
_AXIS = """axId scaling delete axPos majorGridlines minorGridlines title numFmt majorTickMark minorTickMark tickLblPos spPr
    txPr crossAx crosses crossesAt"""
_ORDERS = {
    "chartSpace": """date1904 lang roundedCorners AlternateContent style clrMapOvr pivotFmts protection chart spPr txPr
        externalData printSettings userShapes extLst""".split(),
    "chart": """title autoTitleDeleted pivotFmts view3D floor sideWall backWall plotArea legend plotVisOnly dispBlanksAs
        showDLblsOverMax extLst""".split(),
    "barChart": "barDir grouping varyColors ser dLbls gapWidth overlap serLines axId extLst".split(),
    "lineChart": "grouping varyColors ser dLbls dropLines hiLowLines upDownBars marker smooth axId extLst".split(),
    "areaChart": "grouping varyColors ser dLbls dropLines axId extLst".split(),
    "ser": _SERIES,
    "catAx": [*_AXIS.split(), *"auto lblAlgn lblOffset tickLblSkip tickMarkSkip noMultiLvlLbl extLst".split()],
    "valAx": [*_AXIS.split(), *"crossBetween majorUnit minorUnit dispUnits extLst".split()],
    "dateAx": [*_AXIS.split(), *"auto lblOffset baseTimeUnit majorUnit majorTimeUnit minorUnit extLst".split()],
}


def check_drawings(package: Package, grids: Mapping[str, Grid], facts: Facts) -> None:
    """The drawings of all sheets, after their cells were read. ``grids`` are by lower-case name."""
    for grid in grids.values():
        named = child(grid.root, "drawing")
        parts = package.related(grid.part, "drawing")
        if (named is not None) != bool(parts):
            grid.say("has a drawing without its part, or a part without its drawing")
            continue
        if named is None:
            continue
        relation = package.relations(grid.part).get(named.get(f"{_RELATION}id", ""))
        if relation is None or relation.kind != "drawing":
            grid.say("its drawing is not there")
        else:
            _drawing(package, relation.target, grids, facts)


def _drawing(package: Package, part: str, grids: Mapping[str, Grid], facts: Facts) -> None:
    root = package.tree(part)
    if root is None:
        return
    relations, used = package.relations(part), set()
    shapes = [item.get("id", "") for item in root.iter() if local(item.tag) == "cNvPr"]
    for shape in repeated(shapes):
        package.say(part, f"two shapes have the id {shape}")
    for anchor in root:
        _anchor(package, part, anchor)
        for item in anchor.iter():
            key = item.get(f"{_RELATION}id")
            if local(item.tag) != "chart" or key is None:
                continue
            used.add(key)
            found = relations.get(key)
            if found is None or found.kind != "chart":
                package.say(part, f"shows the chart {key}, which is not there")
            else:
                _chart(package, found.target, grids, facts)
    for relation in relations.values():
        if relation.kind == "chart" and relation.key not in used:
            package.say(part, f"does not show the chart {relation.key}")


def _anchor(package: Package, part: str, anchor: ET.Element) -> None:
    corners = []
    for name in ("from", "to"):
        corner = child(anchor, name)
        if corner is None:
            continue
        row, column = int(told(corner, "row", "-1")), int(told(corner, "col", "-1"))
        if not (0 <= row < ROWS and 0 <= column < COLUMNS):
            package.say(part, f"a shape stands on row {row + 1}, column {column + 1}, which is no cell")
        corners.append((row, column))
    if len(corners) == 2 and (corners[1][0] < corners[0][0] or corners[1][1] < corners[0][1]):
        package.say(part, "a shape ends before it begins")


def _chart(package: Package, part: str, grids: Mapping[str, Grid], facts: Facts) -> None:
    root = package.tree(part)
    if root is None:
        return
    for item in root.iter():
        name = local(item.tag)
        stray = in_order(item, _ORDERS[name]) if name in _ORDERS else ""
        if stray:
            package.say(part, f"{stray} stands out of order in {name}")
    plot = child(child(root, "chart"), "plotArea")
    if plot is None:
        package.say(part, "has nothing to plot")
        return
    axes = [item.get("val", "") for kind in plot for item in children(kind, "axId") if local(kind.tag).endswith("Ax")]
    asked = [
        item.get("val", "") for kind in plot for item in children(kind, "axId") if local(kind.tag).endswith("Chart")
    ]
    crossed = [item.get("val", "") for item in plot.iter() if local(item.tag) == "crossAx"]
    if repeated(axes) or {*asked, *crossed} != set(axes):
        package.say(part, "its axes are not those it is drawn on")
    series = [item for item in plot.iter() if local(item.tag) == "ser"]
    if not series:
        package.say(part, "has no series")
    for name in ("idx", "order"):
        for text in repeated([mark.get("val", "") for item in series for mark in children(item, name)]):
            package.say(part, f"two series have the {name} {text}")
    for item in series:
        lengths = {}
        for axis in ("cat", "val", "tx"):
            for reference in (one for found in children(item, axis) for one in found):
                lengths[axis] = _shown(package, part, reference, grids, facts)
        if lengths.get("cat") and lengths.get("val") and lengths["cat"] != lengths["val"]:
            package.say(part, f"has {lengths['val']} values under {lengths['cat']} names")


def _shown(package: Package, part: str, reference: ET.Element, grids: Mapping[str, Grid], facts: Facts) -> int | None:
    """Checks the cells a series names and what the chart remembers of them; how many there are."""
    formula = child(reference, "f")
    if formula is None:
        return None
    text = formula.text or ""
    for fault in faults(text, facts.known, ""):
        package.say(part, f"{text} {fault}")
    places = [(grids.get(sheet.lower()), area) for sheet, area in areas_in(text, "")]
    if len(places) != 1 or places[0][0] is None:
        if places:
            package.say(part, f"{text} names no one place")
        return None
    grid, area = places[0]
    cells = [(row, column) for row in range(area.top, area.bottom + 1) for column in range(area.left, area.right + 1)]
    cache = next((item for item in reference if local(item.tag).endswith("Cache")), None)
    if cache is None or grid is None:
        return len(cells)
    points = child(cache, "ptCount")
    said = points.get("val") if points is not None else "no"
    if said != str(len(cells)):
        package.say(part, f"remembers {said} points of {text}, there are {len(cells)}")
        return len(cells)
    for point in children(cache, "pt"):
        at, value = int(point.get("idx", "-1")), child(point, "v")
        held = grid.values.get(cells[at]) if 0 <= at < len(cells) else None
        if not 0 <= at < len(cells) or not _same((value.text or "") if value is not None else "", held):
            package.say(part, f"remembers another value of point {at} of {text} than the cell holds")
            break
    return len(cells)


def _same(text: str, held: object) -> bool:
    try:
        number = float(text)
    except ValueError:
        return text == (held or "") or (isinstance(held, str) and text.strip() == held.strip())
    if not math.isfinite(number):
        return False
    return math.isclose(number, held, rel_tol=1e-12, abs_tol=1e-12) if isinstance(held, float) else text == (held or "")
