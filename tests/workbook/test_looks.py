"""How a sheet looks and where things stand: totals, entries, formats of single cells, charts, paper."""

from __future__ import annotations

import re
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Name, Parameter, Ref, Report, Tab
from revalign_udf.layout.palette import ENTRY
from revalign_udf.workbook import build
from revalign_udf.workbook.places import Ruler, arranged, breaks, printed_width, room


def report(*blocks: Block, **more: Any) -> Report:
    return Report("r", "R", (Tab("tab", "Tab", blocks),), "EUR", "s#1", "2026-01-31", "banner", **more)


def block(key: str, columns: int, rows: int, charts: int = 0, **more: Any) -> Block:
    heads = (Column("x", "X", "text"), *(Column(f"c{n}", f"C{n}", "count") for n in range(1, columns)))
    cells = tuple((Cell(f"r{n}"), *(Cell(float(n * m)) for m in range(1, columns))) for n in range(rows))
    drawn = tuple(Chart(f"ch{n}", f"Chart {n}", "column", "x", ("c1",)) for n in range(charts))
    return Block(key, key.title(), heads, cells, tuple(map(str, range(rows))), drawn, **more)


def anchors(path: Path) -> list[tuple[int, int, int, int]]:
    """Of each chart: first column, first row, last column, last row, counted from 0."""
    with zipfile.ZipFile(path) as package:
        drawing = package.read("xl/drawings/drawing1.xml").decode()
    corners = r"<xdr:{0}><xdr:col>(\d+)</xdr:col>.*?<xdr:row>(\d+)</xdr:row>"
    found = re.findall(corners.format("from") + ".*?" + corners.format("to"), drawing)
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in found]


def test_totals_are_bold_beneath_a_rule(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(build(report(block("main", 2, 4, totals=2)), tmp_path / "x.xlsx"))["Tab"]
    assert [sheet.cell(row, 2).font.b for row in (8, 9, 10)] == [False, True, True]
    assert [sheet.cell(row, 2).border.top.style for row in (8, 9, 10)] == [None, "thin", None]


def test_cells_with_a_look_and_a_source_of_their_own(tmp_path: Path) -> None:
    columns = (Column("period", "Period", "text"), Column("value", "Value", "number"), Column("plan", "Plan", "number"))
    call = Call("METRIC", ("mrr", Ref("period"), None, "segment", Name("segment"), "gross", True, "top", 1e-7))
    rows = (
        (Cell("2026-01", name=Name("month")), Cell(0.5, call, format="0.0%"), Cell(7.0, entry=True)),
        (Cell(None, name=Name("segment")), Cell(12.0, format="[$€-2]#,##0"), Cell("=x", entry=True)),
    )
    choices = (Parameter("month", "Month", "2026-01", "months", ("2026-01",)), Parameter("segment", "Segment"))
    path = build(report(Block("main", "Main", columns, rows, ("a", "b")), parameters=choices), tmp_path / "x.xlsx")
    sheet, held = openpyxl.load_workbook(path)["Tab"], openpyxl.load_workbook(path, data_only=True)["Tab"]
    # an empty cell of a parameter would show as 0 without the &""
    assert [(sheet[name].value, held[name].value or "") for name in ("A7", "A8")] == [
        ('=param_month&""', "2026-01"), ('=param_segment&""', ""),
    ]  # fmt: skip
    assert sheet["B7"].value == '=REVALIGN_METRIC("mrr",$A7,,"segment",param_segment,"gross",TRUE,"top",1E-07)'
    assert [sheet[name].number_format for name in ("B7", "B8", "C7")] == ["0.0%", "[$€-2]#,##0", "#,##0.00"]
    entry = sheet["C7"]
    assert (entry.fill.fgColor.rgb, entry.protection.locked) == (f"FF{ENTRY[1:]}", False)
    assert sheet["B7"].protection.locked
    assert (sheet["C8"].value, sheet["C8"].data_type, sheet["C8"].quotePrefix) == ("=x", "s", True)


def test_charts_stand_beside_a_narrow_table_and_beneath_a_wide_one(tmp_path: Path) -> None:
    narrow = anchors(build(report(block("main", 3, 4, 2)), tmp_path / "narrow.xlsx"))
    assert [chart[1] for chart in narrow] == [5, 5]
    assert all(chart[0] >= 1 for chart in narrow)
    wide = anchors(build(report(block("main", 9, 4, 4)), tmp_path / "wide.xlsx"))
    assert len({chart[1] for chart in wide}) == 1  # four abreast: all of them are seen without scrolling
    assert wide[0][1] > 9
    assert all(first[2] <= second[0] for first, second in pairwise(wide))


@pytest.mark.parametrize("columns", [3, 9])
def test_no_chart_lies_on_a_table(tmp_path: Path, columns: int) -> None:
    path = build(
        report(block("one", columns, 2, 5), block("two", columns, 30, 1), block("three", 2, 2)), tmp_path / "x.xlsx"
    )
    book, charts = openpyxl.load_workbook(path), anchors(path)
    for key in ("one", "two", "three"):
        ((_, area),) = book.defined_names[f"tab_{key}"].destinations
        left, top, right, bottom = openpyxl.utils.range_boundaries(area)
        for from_column, from_row, to_column, to_row in charts:
            # a chart's right edge may end in a column without covering it
            apart = from_column >= right or to_column < left - 1 or from_row >= bottom or to_row < top - 1
            offset = from_column == 1 and from_row == top - 1 and columns == 3  # moved right by pixels, from column B
            assert apart or offset, (key, area, (from_column, from_row, to_column, to_row))


@pytest.mark.parametrize(
    ("lead", "widths", "frozen"), [(1, (12, 12), "B7"), (2, (12, 12), "C7"), (2, (60, 20), "B7"), (0, (9, 9), "B7")]
)
def test_what_names_a_row_stays_in_sight_where_it_is_narrow(
    tmp_path: Path, lead: int, widths: tuple[int, int], frozen: str
) -> None:
    columns = (
        *(Column(f"k{n}", "K", "text", width=width, fixed=True) for n, width in enumerate(widths)),
        Column("v", "V"),
    )
    made = Block("main", "Main", columns, ((Cell("a"), Cell("b"), Cell(1.0)),), ("1",), lead=lead)
    assert openpyxl.load_workbook(build(report(made), tmp_path / "x.xlsx"))["Tab"].freeze_panes == frozen


def test_a_sheet_prints_what_it_shows(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(build(report(block("main", 3, 200, 1)), tmp_path / "x.xlsx"))["Tab"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToHeight, sheet.print_title_rows) == (0, "$1:$6")
    area = sheet.print_area.replace("$", "").split("!")[-1]
    assert re.fullmatch(r"A1:[J-P]206", area)


def test_a_narrow_table_is_printed_with_the_words_around_it(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(build(report(block("main", 1, 2)), tmp_path / "x.xlsx"))["Tab"]
    last = sheet.print_area.replace("$", "").split(":")[1]
    assert re.fullmatch(r"[M-Q]8", last)  # one column of 75 pixels, and others of 64 up to the width of a page


@pytest.mark.parametrize(("rows", "printed"), [(2, 14), (33, 39), (38, 54), (43, 49)])
def test_rows_a_table_may_grow_into_are_printed_where_there_is_room(tmp_path: Path, rows: int, printed: int) -> None:
    """Free rows and the line beneath are 6 with 2 rows of a table. With 33 they would shrink the page, with 38 the second
    page has room for 10 more, and with 43 it has not."""
    made = block("main", 3, rows, spill=Call("TABLE", ("funnel", "LTM")))
    sheet = openpyxl.load_workbook(build(report(made), tmp_path / "x.xlsx"))["Tab"]
    assert int(re.findall(r"\d+", sheet.print_area)[-1]) == printed


def test_a_long_remark_is_broken_into_lines(tmp_path: Path) -> None:
    said = "word " * 100
    sheet = openpyxl.load_workbook(build(report(block("main", 3, 2, about=said)), tmp_path / "x.xlsx"))["Tab"]
    lines = []
    for row in range(6, 20):
        if sheet.cell(row, 1).value == "X":
            break
        lines.append(sheet.cell(row, 1).value)
    assert len(lines) == 4
    assert " ".join(lines) == said.strip()


# --- places: plain arithmetic ------------------------------------------------------------------------------------------

RULER = Ruler([10.0] * 4, {0: 40.0})  # columns of 75 pixels, a first row of 40


def test_a_ruler() -> None:
    assert [RULER.top(row) for row in (0, 1, 3)] == [0, 40, 80]
    assert [RULER.left(column) for column in (0, 2, 4, 5)] == [0, 150, 300, 364]
    assert [RULER.column(right) for right in (75, 76, 364, 365)] == [0, 1, 4, 5]


def test_charts_in_rows_of_one_length() -> None:
    beneath = arranged(6, 12, 1000, 100)
    assert (beneath.beside, beneath.abreast, beneath.width) == (False, 3, 340)
    assert [beneath.spot(number) for number in (0, 2, 3)] == [(0, 0), (0, 712), (14, 0)]
    assert beneath.rows == 28
    beside = arranged(1, 4, 400, 80)
    assert (beside.beside, beside.abreast, beside.width) == (True, 1, 560)
    assert arranged(1, 4, 1700, 80).beside is False  # no room


def test_pages_begin_where_nothing_is_cut() -> None:
    """1,046 pixels wide: a page holds 0.92 x 688 = 633 pixels, of which three rows of head take 80 from the second on."""
    # table, its chart, the next table: 80 to 400, 420 to 680, 700 to 900
    parts = [(3, 19), (20, 33), (3, 33), (34, 44)]
    assert breaks(parts, RULER, 1046, 3) == [20]
    # wider: everything is smaller, and table and chart share a page
    assert breaks(parts, RULER, 1300, 3) == [34]
    # a table of 100 rows flows over pages; what follows begins a page where it would be cut
    assert breaks([(3, 103), (104, 105)], RULER, 1046, 3) == []
    assert breaks([(3, 103), (104, 114)], RULER, 1046, 3) == [104]


def test_what_is_left_of_the_last_page() -> None:
    # 80 to 400 of 633 pixels; with a page of its own from 700 on, 80 of them the head
    assert room([(3, 19)], RULER, 1046, 3) == pytest.approx(632.96 - 400)
    assert room([(3, 19), (34, 54)], RULER, 1046, 3) == pytest.approx(632.96 - 80 - 400)
    # 2,080 pixels: one page of 633, then 2.6 of 553
    assert room([(3, 103)], RULER, 1046, 3) == pytest.approx(632.96 + 3 * 552.96 - 2080)


def test_a_sheet_is_shrunk_to_one_page_only_where_it_stays_readable() -> None:
    assert printed_width(1046, 800, [(3, 20)], RULER) is None
    assert printed_width(1046, 2000, [(3, 20)], RULER) == 1046
    # 80 + 600 pixels are to share a page: 680 x 1046 / 633
    assert printed_width(1046, 2000, [(3, 33)], RULER) == pytest.approx(1123.7, abs=0.1)
