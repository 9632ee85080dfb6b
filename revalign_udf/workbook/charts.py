"""Native charts over the columns of a block, without its rows of totals.

Series are told apart by lightness and hue, lines by their dashes and markers as well, so a grey print reads like the
screen. Each chart carries the values it shows, for viewers that compute nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from revalign_udf.layout.model import Block, Chart, ChartKind
from revalign_udf.layout.palette import PALETTE
from revalign_udf.workbook.gaps import gaps, shaded
from revalign_udf.workbook.styles import GREY, Desk, axis_format

__all__ = ["bars", "drawable", "insert"]

_KINDS: dict[ChartKind, dict[str, str]] = {
    "line": {"type": "line"},
    "column": {"type": "column"},
    "column_stacked": {"type": "column", "subtype": "stacked"},
    "bar": {"type": "bar"},
    "bar_stacked": {"type": "bar", "subtype": "stacked"},
    "area": {"type": "area"},
}
_SAID = {
    "line": "Line chart", "column": "Column chart", "column_stacked": "Stacked column chart", "bar": "Bar chart",
    "bar_stacked": "Stacked bar chart", "area": "Area chart",
}  # fmt: skip
_FONT = {"name": "Arial", "size": 9, "color": "#404040"}
_DASHES = ("solid", "dash", "square_dot", "long_dash", "dash_dot", "round_dot")
_MARKERS = ("circle", "square", "diamond", "triangle", "x", "plus")
_PATTERNS = ("wide_upward_diagonal", "horizontal_brick", "dotted_grid")
#: more points than this stand too close for markers
_MARKED = 24
_DAY_ZERO = date(1899, 12, 30)


def drawable(block: Block) -> bool:
    """Whether there is anything to draw: rows that are no totals, and columns beside the one that names them."""
    return bool(block.charts) and len(block.rows) > block.totals and len(block.columns) > 1


def bars(block: Block) -> int:
    """How many bars stand beneath each other in the tallest of a block's charts; 0 where none has any."""
    rows = len(block.rows) - block.totals
    side = {"bar": [len(chart.series) for chart in block.charts if chart.kind == "bar"], "bar_stacked": [1]}
    abreast = [max(side[chart.kind]) for chart in block.charts if chart.kind in side]
    return rows * max(1, max(abreast) // 2) if abreast else 0


def insert(desk: Desk, sheet: Any, block: Block, chart: Chart, header: int, spot: dict[str, Any]) -> None:
    """Draws a chart of the block whose head stands in row ``header``; ``spot`` says where, how wide and tall."""
    chart = replace(chart, kind=_kind(block, chart))
    made = _made(desk, block, chart, sheet.name, header)
    made.set_size({"width": spot["width"], "height": spot["height"]})
    options = {"x_offset": spot["x"], "y_offset": 3, "object_position": 2, "description": _description(block, chart)}
    sheet.insert_chart(spot["row"], spot["column"], made, options)


def _made(desk: Desk, block: Block, chart: Chart, sheet: str, header: int) -> Any:
    columns = {column.key: number for number, column in enumerate(block.columns)}
    rows = block.rows[: len(block.rows) - block.totals]
    first, last = header + 1, header + len(rows)
    x = columns[chart.x]
    kind, numbers = chart.kind, [_numbers(rows, columns[name]) for name in chart.series]
    every = [value for row in numbers for value in row if value is not None]
    lowest, largest = min(every, default=0.0), max(map(abs, every), default=0.0)
    made = desk.book.add_chart(_KINDS[kind])
    for place, name in enumerate(chart.series):
        column = columns[name]
        made.add_series(
            {
                "name": [sheet, header, column],
                "name_data": [block.columns[column].title],
                "categories": [sheet, first, x, last, x],
                "categories_data": [_category(row[x].value) for row in rows],
                "values": [sheet, first, column, last, column],
                "values_data": numbers[place],
                **_look(kind, place, len(rows), len(chart.series)),
            }
        )
    title = {"name": _literal(chart.title or block.title), "name_font": {**_FONT, "size": 12, "bold": False}}
    made.set_title({**title, "overlay": False})
    made.set_legend({"none": True} if len(chart.series) == 1 else {"position": "bottom", "font": _FONT})
    unit = block.columns[columns[chart.series[0]]].unit
    form = axis_format(unit, desk.report.currency, largest)
    _axes(made, kind, form, len(rows), lowest, whole=unit == "rate" and kind.endswith("stacked") and _full(numbers))
    made.set_chartarea({"border": {"color": "#D9D9D9"}})
    if kind == "line":
        # said, because programs other than Excel draw curves where the file is silent
        made._write_c_smooth = lambda _: made._xml_empty_tag("c:smooth", [("val", "0")])  # noqa: SLF001
    made.show_blanks_as("gap")
    made.show_na_as_empty_cell()
    return made


def _full(numbers: Sequence[Sequence[float | None]]) -> bool:
    """Whether shares add up to a whole, which nothing is stacked on top of."""
    largest = max((sum(value or 0.0 for value in row) for row in zip(*numbers, strict=True)), default=0.0)
    return math.isclose(largest, 1.0, abs_tol=1e-6)


def _axes(made: Any, kind: ChartKind, form: str, points: int, lowest: float, *, whole: bool) -> None:
    categories: dict[str, object] = {"num_font": _FONT, "line": {"color": "#A0A0A0"}, "major_tick_mark": "none"}
    if lowest < 0:
        categories["label_position"] = "low"  # names stay below the plot instead of running through the columns
    values: dict[str, object] = {
        "num_format": form,
        "num_font": {**_FONT, "color": GREY},
        "line": {"none": True},
        "major_gridlines": {"visible": True, "line": {"color": "#E3E3E3", "width": 0.75}},
        "major_tick_mark": "none",
    }
    if kind != "line" and lowest >= 0:
        # by itself the axis may begin just below the smallest number, and bars of 24 % and 27 % look like 1 to 4
        values["min"] = 0
    if whole:
        values["max"] = 1
    if kind.startswith("bar"):
        # the first row of the table is the first bar from the top; the values stay at the bottom all the same
        made.set_y_axis({**categories, "reverse": True})
        made.set_x_axis({**values, "label_position": "high"})
    else:
        if points > 8:
            categories["num_font"] = {**_FONT, "rotation": -45}
        made.set_x_axis(categories)
        made.set_y_axis(values)


def _kind(block: Block, chart: Chart) -> ChartKind:
    """Columns in place of a line through cells that are shaded as well and may be blank: a line would show an empty text as
    0, and with an error in its place Excel would shade none of them."""
    lines = set(chart.series) & shaded(block) if chart.kind in ("line", "area") else set()
    places = [number for number, column in enumerate(block.columns) if column.key in lines]
    blank = (gaps(block, cells, frozenset()) for cells in block.rows)
    may_be_blank = lines and (block.spill or any(row[number] for row in blank for number in places))
    return "column" if may_be_blank else chart.kind


def _numbers(rows: Sequence[Sequence[Any]], column: int) -> list[float | None]:
    """The values of a series, as numbers only."""
    found = [row[column].value for row in rows]
    return [float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None for value in found]


def _category(value: object) -> str | float:
    if isinstance(value, date):
        return float((value - _DAY_ZERO).days)
    return "" if value is None else str(value)


def _look(kind: ChartKind, place: int, points: int, series: int) -> dict[str, object]:
    """How a series looks. Beyond the colours of the palette they come again with other dashes, markers and patterns."""
    lap, number = divmod(place, len(PALETTE))
    colour = PALETTE[number]
    if kind == "line":
        shape = _MARKERS[(place + lap) % len(_MARKERS)]
        marker = {"type": shape, "size": 6, "fill": {"color": colour}, "border": {"color": colour}}
        line = {"color": colour, "width": 2.25, "dash_type": _DASHES[(place + lap) % len(_DASHES)]}
        return {"line": line, "marker": marker if points <= _MARKED else {"type": "none"}}
    if kind == "area":
        return {"fill": {"color": colour, "transparency": 35}, "line": {"color": colour, "width": 2}}
    fill: dict[str, object] = {"fill": {"color": colour}}
    if lap:
        fill = {
            "pattern": {"pattern": _PATTERNS[(lap - 1) % len(_PATTERNS)], "fg_color": colour, "bg_color": "#FFFFFF"}
        }
    # a white line parts what is stacked
    border = {"color": "#FFFFFF", "width": 0.75} if kind.endswith("stacked") else {"none": True}
    return {**fill, "border": border, "gap": 60 if series == 1 or kind.endswith("stacked") else 80}


def _description(block: Block, chart: Chart) -> str:
    """What a person who cannot see a chart is told: its kind, its title, what it draws over what."""
    titles = {column.key: column.title for column in block.columns}
    rows, x = block.rows[: len(block.rows) - block.totals], [column.key for column in block.columns].index(chart.x)
    ends = [str(row[x].value or "") for row in (rows[0], rows[-1])]
    span = f", {ends[0]} to {ends[1]}" if len(rows) > 1 else ""
    drawn = ", ".join(titles[name] for name in chart.series)
    return f"{_SAID[chart.kind]}: {chart.title or block.title}. {drawn} by {titles[chart.x]}{span}."


def _literal(text: str) -> str:
    """XlsxWriter takes a title that begins with ``=`` for a reference; a title is never one."""
    return f" {text}" if text.startswith("=") else text
