"""Native charts of a block: made once, stretched with its rows, never touched where a person changed them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Chart
from revalign_udf.sheets import identity
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current
from revalign_udf.sheets.desired import WantedBlock

__all__ = ["CHART_ROWS", "Place", "chart_count", "new_charts", "redraw"]

CHART_WIDTH = 600
CHART_HEIGHT = 371
#: A chart's height in default rows, with a row of air.
CHART_ROWS = 19
_KINDS = {"line": "LINE", "column": "COLUMN", "column_stacked": "COLUMN", "bar": "BAR", "area": "AREA"}


@dataclass(slots=True)
class Place:
    """Where new charts of a tab go: down a column to the right of the data."""

    row: int = 0


def new_charts(
    current: Current, wanted: WantedBlock, area: Area, columns: Sequence[int], place: Place, *, before: Sequence[str]
) -> list[Json]:
    """Charts that were never made; one a person deleted stays deleted."""
    requests: list[Json] = []
    tab = current.tabs.get(area.tab)
    there = {number for tab in current.tabs.values() for number in tab.charts}
    for chart in wanted.block.charts:
        number = identity.number_id("chart", f"{wanted.path}/{chart.key}")
        if chart.key in before or number in there:
            continue
        if tab is not None and area.right + 1 >= tab.columns:
            length = area.right + 2 - tab.columns
            requests.append({"appendDimension": {"sheetId": tab.id, "dimension": "COLUMNS", "length": length}})
            tab.columns += length
        row = max(place.row, area.top - 1)
        place.row = row + CHART_ROWS
        anchor = {"sheetId": area.tab, "rowIndex": row, "columnIndex": area.right + 1}
        overlay = {"anchorCell": anchor, "widthPixels": CHART_WIDTH, "heightPixels": CHART_HEIGHT}
        spec = _spec(wanted, chart, area, columns)
        body = {"chartId": number, "spec": spec, "position": {"overlayPosition": overlay}}
        requests.append({"addChart": {"chart": body}})
    return requests


def chart_count(requests: Sequence[Json]) -> str:
    """How many charts requests make, in words."""
    made = sum(1 for request in requests if "addChart" in request)
    return f"{made} new chart{'s' if made > 1 else ''}"


def redraw(
    current: Current, wanted: WantedBlock, before: Area, after: Area, columns: Sequence[int], *, reshaped: bool
) -> list[Json]:
    """The charts that stand over the block's new rows, or (``reshaped``) over its new columns."""
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
        made.append({"updateChartSpec": {"chartId": number, "spec": spec}})
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


def _stretch(node: Any, before: Area, after: Area) -> None:
    """A chart over all rows of a block goes on covering all of them; whatever else a person set in it stays."""
    if isinstance(node, list):
        for item in node:
            _stretch(item, before, after)
    elif isinstance(node, dict):
        for source in node.get("sources", ()):
            same_tab = int(source.get("sheetId", 0)) == before.tab
            if same_tab and (source.get("startRowIndex", 0), source.get("endRowIndex")) == (before.top, before.bottom):
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

    bars = chart.kind == "bar"
    basic: Json = {
        "chartType": _KINDS[chart.kind],
        "legendPosition": "BOTTOM_LEGEND" if len(chart.series) > 1 else "NO_LEGEND",
        "headerCount": 1,
        "domains": [{"domain": source(chart.x)}],
        "series": [
            {"series": source(key), "targetAxis": "BOTTOM_AXIS" if bars else "LEFT_AXIS"} for key in chart.series
        ],
    }
    if chart.kind == "column_stacked":
        basic["stackedType"] = "STACKED"
    return {"title": chart.title, "basicChart": basic}
