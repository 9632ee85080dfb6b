"""Charts: how they look, that they cover neither data nor each other, and that they stay away from totals."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from revalign_udf.layout.model import Block, Cell, Chart, Column, Report
from revalign_udf.layout.palette import PALETTE
from revalign_udf.localsheets import LocalSheets, Sheet
from revalign_udf.sheets import GoogleSpreadsheet, make_plan, sync_report
from revalign_udf.sheets.charts import CHART_COLUMNS, CHART_ROWS

from .conftest import report

Json = dict[str, Any]


def block(key: str, width: int, height: int, *kinds: Any) -> Block:
    columns = (Column("name", "Name", "text"), *(Column(f"c{at}", f"Column {at}") for at in range(1, width)))
    rows = tuple((Cell(f"{key} {at}"), *(Cell(float(at)) for _ in range(1, width))) for at in range(height))
    series = tuple(f"c{at}" for at in range(1, width))
    charts = tuple(Chart(f"{kind}{at}", f"{key} {at}", kind, "name", series) for at, kind in enumerate(kinds))
    return Block(key, key, columns, rows, tuple(str(at) for at in range(height)), charts)


def tab(server: LocalSheets, client: GoogleSpreadsheet) -> Sheet:
    return server.book(client.key).sheet("Overview")


def boxes(sheet: Sheet) -> dict[str, tuple[int, int, int, int]]:
    """Left, top, right, bottom of each chart in rows and columns of the usual size."""
    found = {}
    for chart in sheet.charts:
        overlay = chart["position"]["overlayPosition"]
        left, top = overlay["anchorCell"].get("columnIndex", 0), overlay["anchorCell"].get("rowIndex", 0)
        wide, tall = -(-overlay["widthPixels"] // 100), -(-overlay["heightPixels"] // 21)
        found[chart["spec"]["title"]] = (left, top, left + wide, top + tall)
    return found


def clear(sheet: Sheet) -> None:
    """No chart covers another or a cell."""
    found = boxes(sheet)
    for (one, a), (two, b) in combinations(found.items(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (one, two)
    for name, (left, top, right, bottom) in found.items():
        covered = [
            key
            for key, cell in sheet.cells.items()
            if cell.filled and top <= key[0] < bottom and left <= key[1] < right
        ]
        assert not covered, (name, covered)


def test_series_have_the_colours_of_every_other_surface(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(block("lines", 9, 3, "line", "area", "column")))
    line, area, column = (chart["spec"]["basicChart"] for chart in tab(server, client).charts)
    for spec in (line, area, column):
        channels = [series["colorStyle"]["rgbColor"] for series in spec["series"]]
        shown = [
            "#" + "".join(f"{round(c.get(part, 0) * 255):02X}" for part in ("red", "green", "blue")) for c in channels
        ]
        assert shown == [PALETTE[at % len(PALETTE)] for at in range(8)]
    drawn = [(item["lineStyle"]["type"], item["pointStyle"]["shape"]) for item in line["series"][:6]]
    assert len({dash for dash, _ in drawn}) == len({shape for _, shape in drawn}) == 6
    assert not any("pointStyle" in item for item in area["series"])
    assert not any("lineStyle" in item for item in column["series"])
    assert not any("axis" in spec for spec in (line, area, column))


@pytest.mark.parametrize(
    ("kind", "drawn"),
    [("bar", ("BAR", None)), ("bar_stacked", ("BAR", "STACKED")), ("column_stacked", ("COLUMN", "STACKED"))],
)
def test_every_kind_there_is_a_counterpart_for(
    server: LocalSheets, client: GoogleSpreadsheet, kind: str, drawn: tuple[str, str | None]
) -> None:
    made = report(block("kinds", 3, 2, kind))
    sync_report(client, made)
    [chart] = tab(server, client).charts
    basic = chart["spec"]["basicChart"]
    assert (basic["chartType"], basic.get("stackedType")) == drawn
    axis = "BOTTOM_AXIS" if drawn[0] == "BAR" else "LEFT_AXIS"
    assert {series["targetAxis"] for series in basic["series"]} == {axis}
    assert chart["spec"]["altText"].endswith("Column 1, Column 2 by Name.")
    assert chart["spec"]["titleTextFormat"]["fontFamily"] == chart["spec"]["fontName"] == "Arial"
    assert make_plan(client, made).empty


def test_long_lines_have_no_points(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(block("short", 2, 24, "line"), block("long", 2, 25, "line")))
    specs = {chart["spec"]["title"]: chart["spec"]["basicChart"] for chart in tab(server, client).charts}
    assert "pointStyle" in specs["short 0"]["series"][0]
    assert "pointStyle" not in specs["long 0"]["series"][0]


def tall(*more: Block) -> Report:
    """A narrow block with many charts above a wide one, and a short one: what would run into each other."""
    return report(
        block("narrow", 2, 3, *["line"] * 5),
        block("wide", 12, 4, "column", "bar"),
        block("last", 3, 200, "area"),
        *more,
    )


def test_charts_cover_neither_data_nor_each_other(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, tall())
    sheet = tab(server, client)
    assert len(sheet.charts) == 8
    clear(sheet)
    found = boxes(sheet)
    # two abreast, the block's own beside its title
    assert (found["narrow 0"][:2], found["narrow 1"][:2]) == ((13, 2), (13 + CHART_COLUMNS, 2))
    assert found["narrow 2"][:2] == (13, 2 + CHART_ROWS)
    assert make_plan(client, tall()).empty


def test_charts_that_come_later_find_room(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, tall())
    later = tall(block("new", 3, 2, "line", "line", "line"))
    grown = replace(later.tabs[0].blocks[0], charts=block("narrow", 2, 3, *["line"] * 7).charts)
    later = replace(later, tabs=(replace(later.tabs[0], blocks=(grown, *later.tabs[0].blocks[1:])),))
    sync_report(client, later)
    sheet = tab(server, client)
    assert len(sheet.charts) == 13
    clear(sheet)
    assert make_plan(client, later).empty


def test_a_chart_hangs_on_a_cell_that_is_there(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    """The charts of the lower block begin far down, past the rows that the tab was made with."""
    sync_report(client, report(block("long", 2, 100), block("charted", 2, 1, *["line"] * 30)))
    sheet = tab(server, client)
    clear(sheet)
    assert max(top for _, top, _, _ in boxes(sheet).values()) < sheet.rows


def test_a_block_that_grows_wider_moves_its_charts_aside(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    for width in (3, 4, 8):
        made = report(block("cohorts", width, 3, "line", "line", "line"))
        sync_report(client, made)
        clear(tab(server, client))
        assert make_plan(client, made).empty


def test_a_chart_a_person_put_elsewhere_stays_there(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(block("cohorts", 3, 3, "line")))
    sheet = tab(server, client)
    position = {"overlayPosition": {"anchorCell": {"sheetId": sheet.id, "rowIndex": 20, "columnIndex": 1}}}
    body = {"objectId": sheet.charts[0]["chartId"], "newPosition": position, "fields": "anchorCell"}
    client.batch_update([{"updateEmbeddedObjectPosition": body}])
    sync_report(client, report(block("cohorts", 8, 3, "line")))
    assert boxes(tab(server, client))["cohorts 0"][:2] == (1, 20)
