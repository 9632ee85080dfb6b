"""Charts: series told apart with every kind of colour vision and in grey, and what a chart leaves out."""

from __future__ import annotations

import re
import zipfile
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Report, Tab
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


def test_a_line_through_a_spill_with_gaps_is_drawn_as_columns(tmp_path: Path) -> None:
    """The gap is an empty text there, which a line would show as 0."""
    rows = ((Cell("a"), Cell(1.0)), (Cell("b"), Cell(None)))
    spill = Call("TABLE", ("funnel", "LTM"))
    assert "<c:barChart>" in chart_of(tmp_path, "line", 1, rows=rows, spill=spill)
    assert "<c:lineChart>" in chart_of(tmp_path, "line", 1, spill=spill)
