"""The first rows of a tab: the line that says when and from what, and the box that asks for fresh numbers."""

from __future__ import annotations

import re

from revalign_udf.layout.model import Report
from revalign_udf.sheets import identity, looks, style
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import extended
from revalign_udf.sheets.identity import TabMark
from revalign_udf.sheets.requests import Outbox, repeat, rows_request, write_cells

__all__ = ["BOX_LABEL", "WAITING", "banner", "box", "mark"]

#: In the first cell of a tab that was made before there was anything to show.
WAITING = "Waiting for the first sync: revalign sheets apply"
#: How a line begins that a sync wrote.
_OURS = re.compile(r"Updated \d{4}-\d\d-\d\d \d\d:\d\d ")
BOX_LABEL = "Tick the box to ask for fresh numbers."


def banner(current: Current, tab: CurrentTab | None, identifier: int, path: str, report: Report) -> Outbox:
    """The line on top; its colour says how fresh. One that is gone comes back above what stands there.

    Args:
        current: the spreadsheet.
        tab: the tab as it stands, None when it is new.
        identifier: the tab's id.
        path: of the tab.
        report: what it shows.
    """
    out = Outbox()
    text = extended(report.banner)
    area = current.area("banner", path)
    lost = area is None
    found = current.tab_marks.get(path)
    name = identity.text_id("banner", path)
    if area is None:
        insert: list[Json] = []
        if tab is not None and _theirs(tab, report.banner):
            insert.append(rows_request("insertDimension", identifier, 0, 1, inheritFromBefore=False))
        area = Area(identifier, 0, 0, 1, 1)
        named = {"namedRangeId": name, "name": identity.range_name(f"{path}/banner"), "range": area.json()}
        out.together([*insert, {"addNamedRange": {"namedRange": named}}])
        have = None
    else:
        have = current.tabs[area.tab].values.get((area.top, area.left))
    if have != text:
        out.each(write_cells(area.tab, {(area.top, area.left): text}))
    if lost or found is None or found.kept.state != report.state:
        colour = {"backgroundColorStyle": style.banner_colour(report.state)}
        # The colour runs across the row; the text stands in its first cell.
        row = {"sheetId": area.tab, "startRowIndex": area.top, "endRowIndex": area.top + 1}
        cell = {"userEnteredFormat": {**style.BANNER, **colour}}
        fields = "userEnteredFormat(textFormat,verticalAlignment,backgroundColorStyle)"
        out.each([{"repeatCell": {"range": row, "cell": cell, "fields": fields}}])
    if lost or found is None:
        out.each(looks.guard(current, f"{path}#banner", name))
    return out


def _theirs(tab: CurrentTab, text: str) -> bool:
    """Whether something of a person's stands in the first row. A line of ours that only lost its name is not."""
    first = tab.values.get((0, 0))
    if first is not None and (first == extended(text) or _OURS.match(str(first.get("stringValue", "")))):
        return False
    found = {column for row, column in (*tab.values, *tab.notes) if row == 0}
    return bool(found - {0}) or (0 in found and tab.values.get((0, 0)) != extended(WAITING))


def box(current: Current, tab: CurrentTab | None, identifier: int, path: str) -> Outbox:
    """The refresh box beneath the line: made once, unticked at every sync, left away where a person took it away."""
    out = Outbox()
    found = current.tab_marks.get(path)
    area = current.area("box", path)
    if area is not None:
        if current.tabs[area.tab].values.get((area.top, area.left)) != {"boolValue": False}:
            out.each(write_cells(area.tab, {(area.top, area.left): {"boolValue": False}}))
        return out
    if found is not None and found.kept.box:
        return out
    if tab is not None and (tab.taken(1, 0) or tab.taken(1, 1) or tab.rows < 2):
        return out  # what a person wrote there comes first
    area = Area(identifier, 1, 0, 2, 1)
    name = identity.text_id("box", path)
    named = {"namedRangeId": name, "name": identity.range_name(f"{path}/refresh"), "range": area.json()}
    rule = {"condition": {"type": "BOOLEAN"}, "strict": True, "showCustomUi": True}
    # all at once: a box that stands there is taken for whole
    out.together(
        [
            {"addNamedRange": {"namedRange": named}},
            {"setDataValidation": {"range": area.json(), "rule": rule}},
            *write_cells(identifier, {(1, 0): {"boolValue": False}, (1, 1): extended(BOX_LABEL)}),
            repeat(Area(identifier, 1, 1, 2, 2), {"userEnteredFormat": style.LABEL}, "userEnteredFormat.textFormat"),
        ]
    )
    return out


def mark(current: Current, identifier: int, path: str, state: str) -> list[Json]:
    """Creates or renews the tab's mark when it says something new."""
    text = TabMark(path, state, box=True).dump()
    found = current.tab_marks.get(path)
    if found is None:
        made = {
            "metadataId": identity.number_id("tab-mark", path),
            "metadataKey": identity.TAB,
            "metadataValue": text,
            "location": {"sheetId": identifier},
            "visibility": "DOCUMENT",
        }
        return [{"createDeveloperMetadata": {"developerMetadata": made}}]
    if found.text == text:
        return []
    lookup = {"developerMetadataLookup": {"metadataId": found.id}}
    body = {"dataFilters": [lookup], "developerMetadata": {"metadataValue": text}, "fields": "metadataValue"}
    return [{"updateDeveloperMetadata": body}]
