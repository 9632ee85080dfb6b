"""Native charts of a block: made once, stretched with its rows, never touched where a person changed them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Chart
from revalign_udf.layout.palette import PALETTE
from revalign_udf.sheets import identity, style
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import WantedBlock
from revalign_udf.sheets.extent import Extent

__all__ = ["CHART_ROWS", "Place", "aside", "beneath", "chart_count", "new_charts", "redraw"]

#: Pixels of a chart.
CHART_WIDTH, CHART_HEIGHT = 480, 300
#: The default rows and columns from one chart to the next, and how many stand abreast.
CHART_ROWS, CHART_COLUMNS, ABREAST = 15, 5, 2
#: Pixels of a default row.
_ROW = 21
_KINDS = {
    "line": "LINE", "column": "COLUMN", "column_stacked": "COLUMN", "bar": "BAR", "bar_stacked": "BAR", "area": "AREA",
}  # fmt: skip
#: Lines are told apart without their colours too.
_SHAPES = ("CIRCLE", "SQUARE", "DIAMOND", "TRIANGLE", "X_MARK", "STAR")
_DASHES = ("SOLID", "MEDIUM_DASHED", "DOTTED", "LONG_DASHED", "MEDIUM_DASHED_DOTTED", "LONG_DASHED_DOTTED")
#: With more points than this their marks run into each other.
_POINTS = 24


@dataclass(slots=True)
class Place:
    """Where new charts of a tab go: beneath those of other blocks, to the right of all blocks."""

    row: int = 0
    column: int = 0


def new_charts(
    current: Current, wanted: WantedBlock, area: Area, columns: Sequence[int], place: Place, *, before: Sequence[str]
) -> list[Json]:
    """Charts that were never made; one a person deleted stays deleted."""
    requests: list[Json] = []
    tab = current.tabs.get(area.tab)
    there = {number for tab in current.tabs.values() for number in tab.charts}
    names = {chart.key: identity.number_id("chart", f"{wanted.path}/{chart.key}") for chart in wanted.block.charts}
    fresh = [chart for chart in wanted.block.charts if chart.key not in before and names[chart.key] not in there]
    first, left = max(place.row, area.top - 1), max(place.column, area.right + 1)
    for number, chart in enumerate(fresh):
        row = first + number // ABREAST * CHART_ROWS
        column = left + number % ABREAST * CHART_COLUMNS
        place.row = row + CHART_ROWS
        if tab is not None:
            requests += _room(tab, row, column)
        anchor = {"sheetId": area.tab, "rowIndex": row, "columnIndex": column}
        overlay = {"anchorCell": anchor, "widthPixels": CHART_WIDTH, "heightPixels": CHART_HEIGHT}
        spec = _spec(wanted, chart, area, columns)
        body = {"chartId": names[chart.key], "spec": spec, "position": {"overlayPosition": overlay}}
        requests.append({"addChart": {"chart": body}})
    return requests


def beneath(chart: Json) -> int:
    """The first row beneath a chart that stands there."""
    overlay = chart.get("position", {}).get("overlayPosition", {})
    pixels = int(overlay.get("offsetYPixels", 0)) + int(overlay.get("heightPixels", 371))
    return int(overlay.get("anchorCell", {}).get("rowIndex", 0)) + pixels // _ROW + 1


def _room(tab: CurrentTab, row: int, column: int) -> list[Json]:
    """A chart hangs on a cell, which has to be there."""
    made: list[Json] = []
    for dimension, need, have in (("ROWS", row + 1, tab.rows), ("COLUMNS", column + 1, tab.columns)):
        if need > have:
            made.append({"appendDimension": {"sheetId": tab.id, "dimension": dimension, "length": need - have}})
    tab.rows, tab.columns = max(tab.rows, row + 1), max(tab.columns, column + 1)
    return made


def chart_count(requests: Sequence[Json]) -> str:
    """How many charts requests make, in words."""
    made = sum(1 for request in requests if "addChart" in request)
    return f"{made} new chart{'s' if made > 1 else ''}"


def redraw(
    current: Current, wanted: WantedBlock, before: Extent, after: Area, columns: Sequence[int], *, moved: bool = False,
    reshaped: bool = False,
) -> list[Json]:  # fmt: skip
    """The charts that stand over the block's new rows, or (``reshaped``) over its new columns.

    Args:
        current: the spreadsheet.
        wanted: the block.
        before: its rows as it stands.
        after: its header and data rows as they will be, without totals.
        columns: where its columns will stand.
        moved: whether rows come, go or move, and Google moves ranges with them.
        reshaped: whether columns do.
    """
    made: list[Json] = []
    for chart in wanted.block.charts:
        number = identity.number_id("chart", f"{wanted.path}/{chart.key}")
        found = next((tab.charts[number] for tab in current.tabs.values() if number in tab.charts), None)
        if found is None:
            continue
        spec = copy.deepcopy(found["spec"])
        if reshaped:
            _repoint(spec, _spec(wanted, chart, after, columns))
        else:
            _stretch(spec, before, after)
        if moved or spec != found["spec"]:
            made.append({"updateChartSpec": {"chartId": number, "spec": spec}})
    return made


def aside(current: Current, before: Area, after: Area, place: Place) -> list[Json]:
    """Charts of ours that a block would grow beneath when it gains columns move to the right, all others stay."""
    tab = current.tabs.get(before.tab)
    if tab is None or after.right <= before.right:
        return []
    ours = {
        identity.number_id("chart", f"{path}/{key}")
        for path, mark in current.block_marks.items()
        for key in mark.kept.charts
    }
    standing = {
        number: chart.get("position", {}).get("overlayPosition", {}).get("anchorCell", {})
        for number, chart in tab.charts.items()
        if number in ours
    }
    at = {number: int(anchor.get("columnIndex", 0)) for number, anchor in standing.items()}
    if not any(before.right <= column < after.right for column in at.values()):
        return []
    # those in a second column go along, or the first would cover them
    by = max(place.column, after.right + 1) - min(column for column in at.values() if column >= before.right)
    made: list[Json] = []
    for number, anchor in standing.items():
        if at[number] >= before.right:
            column = at[number] + by
            made += _room(tab, 0, column)
            moved = {"overlayPosition": {"anchorCell": {**anchor, "columnIndex": column}}}
            body = {"objectId": number, "newPosition": moved, "fields": "anchorCell.columnIndex"}
            made.append({"updateEmbeddedObjectPosition": body})
    return made


def _repoint(spec: Json, fresh: Json) -> None:
    """A chart shows the columns it is about, wherever they stand now; whatever else a person set in it stays."""
    have, want = spec.get("basicChart"), fresh["basicChart"]
    if have is None:
        return  # of another kind now: a person's
    for part, inner in (("domains", "domain"), ("series", "series")):
        if len(have.get(part, ())) != len(want[part]):
            have[part] = want[part]
        for old, new in zip(have[part], want[part], strict=True):
            old[inner] = new[inner]


def _stretch(node: Any, before: Extent, after: Area) -> None:
    """A chart over all rows of a block goes on covering all of them; whatever else a person set in it stays."""
    if isinstance(node, list):
        for item in node:
            _stretch(item, before, after)
    elif isinstance(node, dict):
        for source in node.get("sources", ()):
            same_tab = int(source.get("sheetId", 0)) == before.tab
            if same_tab and before.is_charted(int(source.get("startRowIndex", 0)), int(source.get("endRowIndex", 0))):
                source["startRowIndex"], source["endRowIndex"] = after.top, after.bottom
        for item in node.values():
            _stretch(item, before, after)


def _spec(wanted: WantedBlock, chart: Chart, area: Area, columns: Sequence[int]) -> Json:
    """The specification of a native chart over a block.

    Raises:
        SurfaceError: REV-701, the chart names a column the block does not have.
    """
    places = {column.key: where for column, where in zip(wanted.block.columns, columns, strict=True)}

    def source(key: str) -> Json:
        if key not in places:
            raise SurfaceError(f'The chart "{chart.key}" of {wanted.path} names no column "{key}".', code="REV-701")
        where = places[key]
        return {"sourceRange": {"sources": [Area(area.tab, area.top, where, area.bottom, where + 1).json()]}}

    bars, several = chart.kind.startswith("bar"), len(chart.series) > 1
    titles = {column.key: column.title for column in wanted.block.columns}
    basic: Json = {
        "chartType": _KINDS[chart.kind],
        "legendPosition": "BOTTOM_LEGEND" if several else "NO_LEGEND",
        "headerCount": 1,
        "domains": [{"domain": source(chart.x)}],
        "series": [
            {
                "series": source(key),
                "targetAxis": "BOTTOM_AXIS" if bars else "LEFT_AXIS",
                "colorStyle": style.colour(PALETTE[at % len(PALETTE)]),
                **_line(chart, at, len(wanted.block.rows)),
            }
            for at, key in enumerate(chart.series)
        ],
    }
    if chart.kind.endswith("_stacked"):
        basic["stackedType"] = "STACKED"
    shown = ", ".join(titles[key] for key in chart.series)
    words = f"{chart.kind.replace('_', ' ').capitalize()} chart: {shown} by {titles[chart.x]}."
    return {
        "title": chart.title or wanted.block.title,
        "altText": words,
        "fontName": style.FONT,
        "titleTextFormat": style.CHART_TITLE,
        "basicChart": basic,
    }


def _line(chart: Chart, at: int, points: int) -> Json:
    """How a line or the edge of an area is drawn."""
    if chart.kind == "area":
        return {"lineStyle": {"width": 2, "type": "SOLID"}}
    if chart.kind != "line":
        return {}
    dash = {"width": 2, "type": _DASHES[at % len(_DASHES)]}
    if points > _POINTS:
        return {"lineStyle": dash}
    return {"lineStyle": dash, "pointStyle": {"shape": _SHAPES[at % len(_SHAPES)], "size": 6}}
