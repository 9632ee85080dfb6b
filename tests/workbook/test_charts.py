"""Charts: series told apart with every kind of colour vision and in grey, and what a chart leaves out."""

from __future__ import annotations

import re
import zipfile
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Report, Rule, RuleKind, Tab
from revalign_udf.layout.palette import PALETTE
from revalign_udf.workbook import build

#: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear light
SEEN = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip


def lightness(colour: str, seen: str) -> float:
    """CIELAB L* of a colour as it is seen."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    shown = [min(1.0, max(0.0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in SEEN[seen]]
    y = 0.2126 * shown[0] + 0.7152 * shown[1] + 0.0722 * shown[2]
    return float(116 * (y ** (1 / 3) if y > 216 / 24389 else (24389 / 27 * y + 16) / 116) - 16)


def steps(colours: tuple[str, ...]) -> tuple[float, float]:
    """The smallest step in lightness between neighbours, and between any two, whoever looks."""
    every = [[lightness(colour, seen) for colour in colours] for seen in SEEN]
    near = min(abs(a - b) for found in every for a, b in pairwise(found))
    return near, min(abs(a - b) for found in every for a, b in combinations(found, 2))


def test_lightness_is_that_of_the_textbook() -> None:
    assert lightness("#FFFFFF", "all colours") == pytest.approx(100)
    assert lightness("#777777", "all colours") == pytest.approx(50.03, abs=0.05)
    assert lightness("#000000", "all colours") == pytest.approx(0)


def test_the_first_six_series_are_told_apart_by_everybody_and_in_grey() -> None:
    near, two = steps(PALETTE[:6])
    assert len(set(PALETTE[:6])) == 6
    assert near >= 20
    assert two >= 8


@pytest.mark.parametrize(
    "colours",
    [
        ("#707070", "#777777", "#7E7E7E", "#858585", "#8C8C8C", "#939393"),
        ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"),  # Okabe and Ito: by hue alone
    ],
)
def test_other_palettes_would_not_do(colours: tuple[str, ...]) -> None:
    assert steps(colours)[0] < 20


def chart_of(folder: Path, kind: Any, series: int, **more: Any) -> str:
    columns = (Column("x", "X", "text"), *(Column(f"s{n}", f"S{n}", "count") for n in range(series)))
    rows = tuple((Cell(f"r{n}"), *(Cell(float(n + m)) for m in range(series))) for n in range(4))
    chart = Chart("c", "What it shows", kind, "x", tuple(column.key for column in columns[1:]))
    rows = more.pop("rows", rows)
    block = Block("main", "Main", columns, rows, tuple("abcd"[: len(rows)]), (chart,), **more)
    report = Report("r", "R", (Tab("tab", "Tab", (block,)),), "EUR", "s#1", "2026-01-31", "banner")
    with zipfile.ZipFile(build(report, folder / "x.xlsx")) as package:
        return package.read("xl/charts/chart1.xml").decode() + package.read("xl/drawings/drawing1.xml").decode()


def test_lines_differ_in_dash_and_marker_and_come_again_otherwise(tmp_path: Path) -> None:
    xml = chart_of(tmp_path, "line", 12)
    looks = []
    for part in re.findall(r"<c:ser>.*?</c:ser>", xml):
        line = re.search(
            r'<a:ln w="\d+"><a:solidFill><a:srgbClr val="(\w+)"/></a:solidFill><a:prstDash val="(\w+)"', part
        )
        marker = re.search(r'<c:symbol val="(\w+)"', part)
        assert line
        assert marker
        looks.append((line[1], line[2], marker[1]))
    assert len(set(looks)) == 12
    assert all(len({look[place] for look in looks[:6]}) == 6 for place in range(3))
    assert xml.count('<c:smooth val="0"/>') == 12  # said: a curve would run through values nobody had


@pytest.mark.parametrize("kind", ["column", "column_stacked", "bar", "bar_stacked"])
def test_filled_series_come_again_with_a_pattern(tmp_path: Path, kind: str) -> None:
    xml = chart_of(tmp_path, kind, 8)
    assert len(re.findall("<a:pattFill ", xml)) == 2
    assert ("FFFFFF" in re.findall(r"<a:ln[^>]*><a:solidFill><a:srgbClr val=\"(\w+)\"", xml)) == ("stacked" in kind)
    assert ('<c:grouping val="stacked"/>' in xml) == ("stacked" in kind)
    assert ('<c:barDir val="bar"/>' in xml) == kind.startswith("bar")


def test_totals_are_not_drawn_and_values_stand_in_the_chart(tmp_path: Path) -> None:
    xml = chart_of(tmp_path, "column", 1, totals=1)
    assert "Tab!$B$7:$B$9" in xml
    values = re.search(r"<c:val>.*?</c:val>", xml)
    assert values
    assert re.findall(r"<c:v>([^<]+)</c:v>", values[0]) == ["0.0", "1.0", "2.0"]
    assert 'descr="Column chart: What it shows. S0 by X, r0 to r2."' in xml


def test_nothing_but_totals_is_no_chart(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        chart_of(tmp_path, "column", 1, rows=((Cell("all"), Cell(1.0)),), totals=1)


def test_a_line_through_a_table_of_one_function_has_gaps_and_no_zeros(tmp_path: Path) -> None:
    """An empty text would be drawn as 0: the cell is #N/A there, now or after the next refresh, and does not show it."""
    rows = ((Cell("a"), Cell(1.0)), (Cell("b"), Cell(None)), (Cell("c"), Cell(2.0)))
    xml = chart_of(tmp_path, "line", 1, rows=rows, spill=Call("TABLE", ("funnel", "LTM")))
    assert "<c:lineChart>" in xml
    assert '<c16r3:dispNaAsBlank val="1"/>' in xml
    values = re.search(r"<c:val>.*?</c:val>", xml)
    assert values
    assert re.findall(r'<c:pt idx="(\d)"><c:v>([^<]+)', values[0]) == [("0", "1.0"), ("2", "2.0")]
    with zipfile.ZipFile(tmp_path / "x.xlsx") as package:
        sheet = package.read("xl/worksheets/sheet2.xml").decode()
    assert 't="e"><f>IFERROR(IF(Data!B5="",NA(),Data!B5),NA())</f><v>#N/A</v>' in sheet
    assert 't="str"><f>IFERROR(IF(Data!B8="","",Data!B8),"")</f><v></v>' in sheet  # a row that is not drawn
    assert '<conditionalFormatting sqref="B7:B9">' in sheet
    assert "<formula>ISNA(B7)</formula>" in sheet


@pytest.mark.parametrize("kind", ["heat", "bars"])
def test_a_line_through_shaded_cells_with_gaps_is_drawn_as_columns(tmp_path: Path, kind: RuleKind) -> None:
    """With an error among them Excel would shade none of the cells, and a line would show an empty text as 0."""
    gap = Cell(None, Call("METRIC", ("nrr",)), error="#N/A")
    rows = ((Cell("a"), Cell(1.0)), (Cell("b"), gap))
    rules = (Rule(kind, ("s0",)),)
    xml = chart_of(tmp_path, "line", 1, rows=rows, rules=rules)
    assert "<c:barChart>" in xml
    assert 'descr="Column chart' in xml
    with zipfile.ZipFile(tmp_path / "x.xlsx") as package:
        assert "NA()" not in package.read("xl/worksheets/sheet2.xml").decode()
    assert "<c:lineChart>" in chart_of(tmp_path, "line", 1, rules=rules)
    assert "<c:barChart>" in chart_of(tmp_path, "line", 1, rules=rules, spill=Call("TABLE", ("funnel", "LTM")))
    flagged = (Rule("flag", ("s0",), test="<", limit=1.0),)
    assert "<c:lineChart>" in chart_of(tmp_path, "line", 1, rows=rows, rules=flagged)


def axis_of(xml: str) -> list[str]:
    """The ends of the axis of values."""
    return re.findall(r'<c:(min|max) val="([^"]+)"', xml[xml.index("<c:valAx>") :])


@pytest.mark.parametrize("kind", ["column", "column_stacked", "bar", "bar_stacked", "area"])
def test_bars_begin_at_zero_so_that_their_lengths_compare(tmp_path: Path, kind: str) -> None:
    rows = tuple((Cell(name), Cell(value)) for name, value in (("a", 0.24), ("b", 0.27)))
    assert axis_of(chart_of(tmp_path, kind, 1, rows=rows)) == [("min", "0")]
    below = ((Cell("a"), Cell(-1.0)), (Cell("b"), Cell(2.0)))
    assert axis_of(chart_of(tmp_path, kind, 1, rows=below)) == []


def test_a_line_begins_where_its_values_are(tmp_path: Path) -> None:
    assert axis_of(chart_of(tmp_path, "line", 1)) == []


@pytest.mark.parametrize(("second", "ends"), [(0.6, [("max", "1"), ("min", "0")]), (0.5, [("min", "0")])])
def test_shares_of_a_whole_end_at_the_whole(tmp_path: Path, second: float, ends: list[tuple[str, str]]) -> None:
    rows = ((Cell("a"), Cell(0.4), Cell(second)), (Cell("b"), Cell(0.1), Cell(0.2)))
    columns = (Column("x", "X", "text"), Column("s0", "S", "rate"), Column("s1", "T", "rate"))
    chart = Chart("c", "C", "bar_stacked", "x", ("s0", "s1"))
    block = Block("main", "Main", columns, rows, ("a", "b"), (chart,))
    path = build(Report("r", "R", (Tab("tab", "Tab", (block,)),), "EUR", "s#1", "2026-01-31", "b"), tmp_path / "x.xlsx")
    with zipfile.ZipFile(path) as package:
        assert axis_of(package.read("xl/charts/chart1.xml").decode()) == ends
