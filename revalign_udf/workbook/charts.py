"""Native charts over the columns of a block."""

from __future__ import annotations

from typing import Any

from revalign_udf.layout.model import Block, Chart
from revalign_udf.workbook.styles import GREY, PALETTE, Desk, axis_format

__all__ = ["HEIGHT", "ROWS", "make"]

#: of a chart in pixels, and the rows of a sheet it takes with the gap beneath
HEIGHT, ROWS = 260, 14

_KINDS = {
    "line": {"type": "line"},
    "column": {"type": "column"},
    "column_stacked": {"type": "column", "subtype": "stacked"},
    "bar": {"type": "bar"},
    "area": {"type": "area"},
}
_FONT = {"name": "Arial", "size": 9, "color": "#404040"}


def make(desk: Desk, block: Block, chart: Chart, sheet: str, header: int) -> Any:
    """The XlsxWriter chart; its block's header stands in row ``header`` of ``sheet``, its first column in column A."""
    columns = {column.key: number for number, column in enumerate(block.columns)}
    first, last = header + 1, header + len(block.rows)
    numbers = [_numbers(block, columns[name]) for name in chart.series]
    lowest, largest = min(map(min, numbers), default=0.0), max((abs(n) for row in numbers for n in row), default=0.0)
    made = desk.book.add_chart(_KINDS[chart.kind])
    for place, name in enumerate(chart.series):
        column, colour = columns[name], PALETTE[place % len(PALETTE)]
        made.add_series(
            {
                "name": [sheet, header, column],
                "categories": [sheet, first, columns[chart.x], last, columns[chart.x]],
                "values": [sheet, first, column, last, column],
                **_look(chart.kind, colour, len(block.rows), len(chart.series)),
            }
        )
    unit = block.columns[columns[chart.series[0]]].unit
    made.set_title(
        {
            "name": _literal(chart.title or block.title),
            "name_font": {**_FONT, "size": 12, "bold": False},
            "overlay": False,
        }
    )
    made.set_legend({"none": True} if len(chart.series) == 1 else {"position": "bottom", "font": _FONT})
    categories: dict[str, object] = {"num_font": _FONT, "line": {"color": "#A0A0A0"}, "major_tick_mark": "none"}
    if lowest < 0:
        categories["label_position"] = "low"  # names stay below the plot instead of running through the columns
    values: dict[str, object] = {
        "num_format": axis_format(unit, desk.report.currency, largest),
        "num_font": {**_FONT, "color": GREY},
        "line": {"none": True},
        "major_gridlines": {"visible": True, "line": {"color": "#E3E3E3", "width": 0.75}},
        "major_tick_mark": "none",
    }
    if chart.kind != "bar" and len(block.rows) > 8:
        categories["num_font"] = {**_FONT, "rotation": -45}
    if chart.kind == "bar":
        # the first row of the table is the first bar from the top; the values stay at the bottom all the same
        made.set_y_axis({**categories, "reverse": True})
        made.set_x_axis({**values, "label_position": "high"})
    else:
        made.set_x_axis(categories)
        made.set_y_axis(values)
    made.set_chartarea({"border": {"color": "#D9D9D9"}})
    made.show_blanks_as("gap")
    made.show_na_as_empty_cell()
    return made


def _numbers(block: Block, column: int) -> list[float]:
    found = [row[column].value for row in block.rows]
    return [float(value) for value in found if isinstance(value, int | float)] or [0.0]


def _look(kind: str, colour: str, points: int, series: int) -> dict[str, object]:
    if kind == "line":
        marker = {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}}
        return {"line": {"color": colour, "width": 2.25}, "marker": marker if points <= 24 else {"type": "none"}}
    fill: dict[str, object] = {"fill": {"color": colour}, "border": {"none": True}}
    if kind == "area":
        return {"fill": {"color": colour, "transparency": 35}, "line": {"color": colour, "width": 2}}
    return {**fill, "gap": 60 if series == 1 or kind == "column_stacked" else 80}


def _literal(text: str) -> str:
    """XlsxWriter takes a title that begins with ``=`` for a reference; a title is never one."""
    return f" {text}" if text.startswith("=") else text
