"""What lies over the cells of a worksheet: conditional formats, drop-downs, links, tables, comments."""

import re
from xml.etree import ElementTree as ET

from package_book import legal_name
from package_formulas import faults
from package_parts import Area, area_of, areas_of, child, children, counted, in_order, local, place_of, repeated, told
from package_sheet import Grid, pieces

__all__ = ["check_looks"]

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
#: how many formulas a rule has
_RULES = {
    "expression": 1, "cellIs": 1, "containsErrors": 1, "notContainsErrors": 1, "containsBlanks": 1, "notContainsBlanks": 1,
    "containsText": 1, "notContainsText": 1, "beginsWith": 1, "endsWith": 1, "timePeriod": 1, "colorScale": 0, "dataBar": 0,
    "iconSet": 0, "top10": 0, "aboveAverage": 0, "duplicateValues": 0, "uniqueValues": 0,
}  # fmt: skip
_OPERATORS = frozenset(
    "lessThan lessThanOrEqual equal notEqual greaterThanOrEqual greaterThan between notBetween".split()
)
_BOUNDS = frozenset("num percent max min formula percentile autoMin autoMax".split())
_KINDS = frozenset("none whole decimal list date time textLength custom".split())
_MOST_LINKS, _LONGEST_LINK = 65_530, 2_079


def check_looks(grid: Grid) -> None:
    """Everything of a sheet that is no cell and no picture."""
    _rules(grid)
    _validations(grid)
    _links(grid)
    _tables(grid)
    _comments(grid)
    for item in pieces(grid, "ignoredErrors", "ignoredError"):
        if areas_of(item.get("sqref", "")) is None:
            grid.say(f"ignores errors in {item.get('sqref')}, which is no place")
    for item in pieces(grid, "autoFilter"):
        if area_of(item.get("ref", "")) is None:
            grid.say(f"filters {item.get('ref')}, which is no place")


# --- conditional formats -----------------------------------------------------------------------------------------------


def _rules(grid: Grid) -> None:
    priorities = []
    newer = {item.get("id", ""): item for item in grid.root.iter() if _is(item, "cfRule") and item.get("id")}
    for listed in pieces(grid, "conditionalFormatting"):
        where = listed.get("sqref", "")
        if areas_of(where) is None:
            grid.say(f"a conditional format stands on {where!r}, which is no place")
        for rule in children(listed, "cfRule"):
            priorities.append(rule.get("priority", ""))
            _rule(grid, rule, where)
            for key in (item.text or "" for item in rule.iter() if _is(item, "id")):
                if key not in newer:
                    grid.say(f"the conditional format on {where} has a newer half that is not there")
    for text in repeated(priorities):
        grid.say(f"two conditional formats have priority {text}")
    if any(not text.isdigit() or text == "0" for text in priorities):
        grid.say("a conditional format has no priority")


def _is(item: ET.Element, name: str) -> bool:
    return local(item.tag) == name


def _rule(grid: Grid, rule: ET.Element, where: str) -> None:
    kind = rule.get("type", "")
    what = f"the conditional format {kind} on {where}"
    if kind not in _RULES:
        grid.say(f"{what} is of no kind Excel knows")
        return
    mark = rule.get("dxfId")
    if mark is not None and not (mark.isdigit() and int(mark) < grid.facts.differences):
        grid.say(f"{what} looks like dxf {mark}, there are {grid.facts.differences}")
    formulas = [item.text or "" for item in children(rule, "formula")]
    wanted = _RULES[kind]
    if kind == "cellIs":
        if rule.get("operator") not in _OPERATORS:
            grid.say(f"{what} compares by {rule.get('operator')!r}")
        wanted = 2 if rule.get("operator", "").lower().endswith("between") else 1
    if len(formulas) != wanted and kind != "timePeriod":
        grid.say(f"{what} has {len(formulas)} formulas, it takes {wanted}")
    for text in formulas:
        grid.formula(what, text)
    for name, colours, least, most in (("colorScale", 0, 2, 3), ("dataBar", 1, 2, 2), ("iconSet", 0, 3, 5)):
        if kind != name:
            continue
        bounds = list(children(child(rule, name), "cfvo"))
        painted = len(list(children(child(rule, name), "color")))
        wanted = len(bounds) if name == "colorScale" else colours
        if not least <= len(bounds) <= most or painted != wanted:
            grid.say(f"{what} has {len(bounds)} bounds and {painted} colours")
        for bound in bounds:
            _bound(grid, bound, what)


def _bound(grid: Grid, bound: ET.Element, what: str) -> None:
    kind, value = bound.get("type", ""), bound.get("val")
    if kind not in _BOUNDS:
        grid.say(f"{what} has a bound of the type {kind!r}")
    elif kind in ("num", "percent", "percentile"):
        try:
            float(value or "")
        except ValueError:
            grid.formula(what, value or "")


# --- drop-downs --------------------------------------------------------------------------------------------------------


def _validations(grid: Grid) -> None:
    listed = child(grid.root, "dataValidations")
    counted(grid.package, grid.part, listed)
    seen: list[Area] = []
    for item in children(listed, "dataValidation"):
        where = item.get("sqref", "")
        areas, what = areas_of(where), f"the validation of {where}"
        if areas is None:
            grid.say(f"{what} stands on no place")
            continue
        if any(area.meets(other) for area in areas for other in seen):
            grid.say(f"{what} meets another one")
        seen += areas
        if (kind := item.get("type", "none")) not in _KINDS:
            grid.say(f"{what} is of the kind {kind}, which is none")
        if stray := in_order(item, ("formula1", "formula2")):
            grid.say(f"{what}: {stray} stands out of order")
        for name, most in (("promptTitle", 32), ("errorTitle", 32), ("prompt", 255), ("error", 225)):
            if len(item.get(name, "")) > most:
                grid.say(f"{what}: {name} has more than {most} characters")
        _choices(grid, item, kind, what)


def _choices(grid: Grid, item: ET.Element, kind: str, what: str) -> None:
    formulas = [(entry.text or "") for entry in item]
    if kind != "none" and not formulas:
        grid.say(f"{what} has no formula")
    for text in formulas:
        if kind == "list" and text[:1] == '"':
            if len(text) - 2 > 255 or text[-1:] != '"':
                grid.say(f"{what} lists more than 255 characters")
        else:
            grid.formula(what, text)
            if len(text) > 255:
                grid.say(f"{what} has a formula of more than 255 characters")


# --- links -------------------------------------------------------------------------------------------------------------


def _links(grid: Grid) -> None:
    relations = grid.package.relations(grid.part)
    items = list(pieces(grid, "hyperlinks", "hyperlink"))
    if len(items) > _MOST_LINKS:
        grid.say(f"has {len(items)} links, Excel takes {_MOST_LINKS}")
    for text in repeated([item.get("ref", "") for item in items]):
        grid.say(f"two links stand on {text}")
    used = set()
    for item in items:
        where, key, location = item.get("ref", ""), item.get(f"{_RELATION}id"), item.get("location")
        if area_of(where) is None:
            grid.say(f"a link stands on {where!r}, which is no place")
        if key is None and location is None:
            grid.say(f"the link on {where} leads nowhere")
        if key is not None:
            used.add(key)
            found = relations.get(key)
            if found is None or found.kind != "hyperlink" or not found.outside:
                grid.say(f"the link on {where} has no address")
            elif len(found.target) > _LONGEST_LINK:
                grid.say(f"the link on {where} has more than {_LONGEST_LINK} characters")
        elif location is not None and (fault := next(faults(location, grid.facts.known, grid.name), None)):
            grid.say(f"the link on {where} leads to {location}: {fault}")
        if len(item.get("tooltip", "")) > 255:
            grid.say(f"the link on {where} says more than 255 characters")
    for relation in relations.values():
        if relation.kind == "hyperlink" and relation.key not in used:
            grid.say(f"the address {relation.key} belongs to no link")


# --- tables ------------------------------------------------------------------------------------------------------------


def _tables(grid: Grid) -> None:
    listed = child(grid.root, "tableParts")
    counted(grid.package, grid.part, listed)
    parts = grid.package.related(grid.part, "table")
    if len(listed if listed is not None else ()) != len(parts):
        grid.say(f"lists {len(listed if listed is not None else ())} tables and has {len(parts)}")
    seen = list(grid.arrays)
    for part in parts:
        root = grid.package.tree(part)
        if root is None:
            continue
        area, name = area_of(root.get("ref", "")), root.get("displayName", "")
        titles = [item.get("name", "") for item in children(child(root, "tableColumns"), "tableColumn")]
        counted(grid.package, part, child(root, "tableColumns"))
        if not legal_name(name) or ("", name.lower()) in grid.facts.known.names:
            grid.package.say(part, f"{name!r} is no legal name of a table, or a name of the workbook")
        if area is None or area.right - area.left + 1 != len(titles):
            grid.package.say(part, f"the table {name} has {len(titles)} columns on {root.get('ref')}")
            continue
        if any(area.meets(other) for other in seen):
            grid.package.say(part, f"the table {name} meets another one, or an array")
        seen.append(area)
        if repeated([title.lower() for title in titles]):
            grid.package.say(part, f"two columns of the table {name} have one name")
        heads = [grid.values.get((area.top, area.left + number)) for number in range(len(titles))]
        if root.get("headerRowCount") != "0" and heads != [_escaped(title) for title in titles]:
            grid.package.say(part, f"the heads of the table {name} are not the names of its columns")
        inner = child(root, "autoFilter")
        if inner is not None and area_of(inner.get("ref", "")) is None:
            grid.package.say(part, f"the table {name} filters {inner.get('ref')}")


def _escaped(title: str) -> str:
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), title)


# --- comments ----------------------------------------------------------------------------------------------------------


def _comments(grid: Grid) -> None:
    package, part = grid.package, grid.part
    parts, shapes = package.related(part, "comments"), package.related(part, "vmlDrawing")
    legacy = child(grid.root, "legacyDrawing")
    if bool(parts) != (legacy is not None) or len(parts) > 1:
        grid.say(f"has {len(parts)} parts of comments and {'a' if legacy is not None else 'no'} drawing for them")
        return
    if legacy is None:
        return
    relation = package.relations(part).get(legacy.get(f"{_RELATION}id", ""))
    if relation is None or relation.kind != "vmlDrawing" or relation.target not in shapes:
        grid.say("the drawing of its comments is not there")
        return
    root, drawn = package.tree(parts[0]), package.tree(relation.target)
    authors = sum(1 for _ in children(child(root, "authors"), "author"))
    texts = [item.get("ref", "") for item in children(child(root, "commentList"), "comment")]
    for text in repeated(texts):
        package.say(parts[0], f"two comments stand on {text}")
    for item in children(child(root, "commentList"), "comment"):
        if int(item.get("authorId", "0")) >= authors:
            package.say(parts[0], f"the comment on {item.get('ref')} has an author that is not there")
    places = []
    for item in drawn.iter() if drawn is not None else ():
        if _is(item, "ClientData") and item.get("ObjectType") == "Note":
            row, column = (int(told(item, name, "-1")) for name in ("Row", "Column"))
            places.append((row + 1, column + 1))
    if sorted(places) != sorted(place_of(text) or (0, 0) for text in texts):
        package.say(relation.target, "the comments drawn are not the comments written")
