"""The workbook read back by two readers that know nothing of how it was written."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from revalign_udf.errors import SurfaceError, UserError
from revalign_udf.layout.model import Block, Call, Cell, Chart, ChartKind, Column, Ref, Report, Tab, Unit
from revalign_udf.workbook import Route, build

Values = dict[str, list[list[Any]]]

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STORED = {"classic": "REVALIGN_METRIC", "office": "_xldudf_REVALIGN_METRIC"}


def placed(book: Any, tab: Tab, block: Block) -> tuple[Any, tuple[int, int], tuple[int, int]]:
    """The sheet of a tab and the row and columns its defined name points at."""
    name = book.defined_names[f"{tab.key}_{block.key}"]
    ((sheet, area),) = name.destinations
    first, last = area.replace("$", "").split(":")
    return book[sheet], openpyxl.utils.cell.coordinate_to_tuple(first), openpyxl.utils.cell.coordinate_to_tuple(last)


def blocks(report: Report) -> list[tuple[Tab, Block]]:
    return [(tab, block) for tab in report.tabs for block in tab.blocks]


def test_the_sheets_stand_in_order(values: Values, report: Report) -> None:
    assert list(values) == ["Cover", *(tab.name for tab in report.tabs), "Definitions", "About", "Data"]


def test_every_cached_value_is_the_double_of_the_report(values: Values, book: Any, report: Report) -> None:
    seen = 0
    for tab, block in blocks(report):
        sheet, (top, left), (bottom, right) = placed(book, tab, block)
        assert (bottom - top, right - left + 1) == (len(block.rows), len(block.columns))
        assert [cell.value for cell in sheet[top]][:right] == [column.title for column in block.columns]
        for number, cells in enumerate(block.rows):
            read = values[tab.name][top + number][left - 1 : right]
            for cell, value in zip(cells, read, strict=True):
                assert value == ("" if cell.value is None else cell.value)
                seen += 1
    assert seen > 400


def test_formulas_take_the_spelling_of_their_route(book: Any, report: Report, route: Route) -> None:
    sheet, (top, _), _ = placed(book, *blocks(report)[0])
    assert sheet.cell(top + 1, 2).value == f'={STORED[route]}("mrr",$A{top + 1})'
    (pair,) = [(tab, block) for tab, block in blocks(report) if block.key == "by_segment"]
    sheet, (top, _), _ = placed(book, *pair)
    assert sheet.cell(top + 2, 3).value == f'={STORED[route]}("mrr",$A{top + 2},,"segment",$B{top + 2})'


def test_every_call_is_a_formula_and_every_computed_cell_a_native_one(book: Any, report: Report, route: Route) -> None:
    for tab, block in blocks(report):
        sheet, (top, _), _ = placed(book, tab, block)
        for down, cells in enumerate(block.rows, start=1):
            for across, cell in enumerate(cells, start=1):
                text = sheet.cell(top + down, across)
                assert (text.data_type == "f") == bool(cell.call or cell.formula or block.spill)
                if cell.call:
                    bare = f'{STORED[route]}("'
                    assert text.value.startswith(f"=IFERROR({bare}" if cell.value is None else f"={bare}")
                elif cell.formula:
                    assert re.fullmatch(r"=[A-Z]+\d+( [-+] [A-Z]+\d+)+", text.value)


def test_a_number_that_is_missing_is_a_gap(built: Path, route: Route) -> None:
    with zipfile.ZipFile(built) as package:
        sheet = ET.fromstring(package.read("xl/worksheets/sheet2.xml"))
    cells = {cell.get("r"): cell for cell in sheet.iter(f"{MAIN}c")}
    assert not [cell for cell in cells.values() if cell.get("t") == "e"]
    gaps = [cells["J7"], cells["J8"]]
    assert [(cell.get("t"), cell.findtext(f"{MAIN}v")) for cell in gaps] == [("str", ""), ("str", "")]
    assert [cell.findtext(f"{MAIN}f") for cell in gaps] == [f'IFERROR({STORED[route]}("cac",$A{n}),"")' for n in (7, 8)]


def test_periods_are_text(values: Values, book: Any, report: Report) -> None:
    sheet, (top, _), _ = placed(book, *blocks(report)[0])
    cell = sheet.cell(top + 1, 1)
    assert (cell.value, cell.data_type, cell.number_format) == ("2025-10", "s", "@")


def test_a_partial_row_is_italic_and_explained(values: Values, book: Any, report: Report) -> None:
    sheet, (top, _), (bottom, _) = placed(book, *blocks(report)[0])
    assert sheet.cell(bottom, 2).font.italic
    assert not sheet.cell(top + 1, 2).font.italic
    assert sheet.cell(bottom + 1, 1).value == "Italic: partial, the period was still open on 2026-10-14."
    assert sheet.cell(bottom + 2, 1).value.startswith("No number when built: CAC: REV-204 no expense before 2025-12.")


def test_heads_carry_the_definition(book: Any, report: Report) -> None:
    tab, block = blocks(report)[0]
    sheet, (top, _), _ = placed(book, tab, block)
    note = sheet.cell(top, 2).comment.text
    assert block.columns[1].note in note
    assert note.endswith("mrr v2 · d:9f2c · s:2026-10-14#2")


def test_number_formats_follow_the_unit(book: Any, report: Report) -> None:
    sheet, (top, _), _ = placed(book, *blocks(report)[0])
    formats = [cell.number_format for cell in sheet[top + 1]]
    assert formats == ["@", "[$€-2]#,##0", "[$€-2]#,##0", "#,##0", "[$€-2]#,##0.00", *["0.0%"] * 3, "#,##0",
                       "[$€-2]#,##0", "[$€-2]#,##0", "#,##0.00"]  # fmt: skip


def test_charts_are_native_and_point_at_cells(built: Path, report: Report) -> None:
    charts = [chart for _, block in blocks(report) for chart in block.charts]
    assert len(charts) >= 4
    with zipfile.ZipFile(built) as package:
        parts = [name for name in package.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]
        texts = [package.read(name).decode() for name in parts]
    assert len(parts) == len(charts)
    assert all(re.search(r"<c:val><c:numRef><c:f>[^<]*\$B?\$?", text) for text in texts)


def test_print_set_up(book: Any, report: Report) -> None:
    for tab in report.tabs:
        sheet = book[tab.name]
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth in (None, 1)
        assert sheet.print_title_rows
        assert sheet.freeze_panes
        assert not sheet.merged_cells.ranges
    assert book["Overview"].freeze_panes == "B7"
    assert book["Funnel"].freeze_panes == "B4"


def test_the_cover_links_to_every_sheet(book: Any, values: Values) -> None:
    links = [cell.hyperlink.location for row in book["Cover"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in list(values)[1:] if name != "Data"]
    said = [cell for row in values["Cover"] for cell in row]
    assert {"SaaS metrics", "Nordlicht Software", "2026-10-14", "2026-10-14#2", "EUR", "Fresh"} <= set(said)


def test_definitions_and_about(values: Values, report: Report) -> None:
    rows = values["Definitions"]
    assert rows[3] == ["Metric", "Label", "Definition", "Formula", "Unit", "Owners", "Version", "Fingerprint"]
    assert report.definitions
    assert [row[0] for row in rows[4:]] == list(report.definitions.keys)
    about = "\n".join(str(cell) for row in values["About"] for cell in row)
    assert "Without the add-in" in about
    assert all(line in about for line in report.about)


def test_nothing_is_recomputed_on_opening(built: Path) -> None:
    with zipfile.ZipFile(built) as package:
        found = re.search(r"<calcPr[^>]*>", package.read("xl/workbook.xml").decode())
    assert found
    assert found[0] == '<calcPr calcId="191029"/>'


def test_document_properties(book: Any, route: Route) -> None:
    assert (book.properties.title, book.properties.creator) == ("SaaS metrics", "Revalign")
    custom = {item.name: item.value for item in book.custom_doc_props.props}
    assert custom == {
        "revalign_report": "saas_metrics",
        "revalign_snapshot": "2026-10-14#2",
        "revalign_as_of": "2026-10-14",
        "revalign_route": route,
    }


def test_the_same_report_gives_the_same_bytes(report: Report, built: Path, route: Route, tmp_path: Path) -> None:
    assert build(report, tmp_path / "again.xlsx", route).read_bytes() == built.read_bytes()


def test_an_unknown_route(report: Report, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no route 'vba'"):
        build(report, tmp_path / "x.xlsx", "vba")  # type: ignore[arg-type]


def one(
    rows: tuple[tuple[Cell, ...], ...], columns: tuple[Column, ...], charts: tuple[Chart, ...] = (), **more: Any
) -> Report:
    block = Block("main", "Main", columns, rows, tuple(str(n) for n in range(len(rows))), charts)
    return Report("r", "R", (Tab("tab", more.pop("name", "Tab"), (block,)),), more.pop("currency", "EUR"), "s#1",
                  "2026-01-31", "banner", **more)  # fmt: skip


TEXTS = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "{=1}", "http://x", "\ttab", "a\nb", "", "007", "1e5"]


def test_no_text_becomes_a_formula_a_link_or_a_number(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    rows = tuple((Cell(text),) for text in TEXTS)
    hostile = one(rows, (Column("=A1", "=A1", "text", "=note"),), company="=1+1", description="=2+2", about=("=3+3",))
    hostile = replace(hostile, title="=TITLE()", banner="=BANNER()", currency="=X")
    path = build(hostile, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(path)["Tab"]
    found = [sheet.cell(7 + n, 1) for n in range(len(TEXTS))]
    assert [cell.value or "" for cell in found] == TEXTS
    assert {cell.data_type for cell in found if cell.value} == {"s"}
    assert [cell.quotePrefix for cell in found[:5]] == [True] * 5
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            assert b"<f>" not in package.read(name)
    assert values_of(path)["Cover"][1][1] == "=TITLE()"


def test_a_text_in_a_call_cannot_leave_its_quotes(tmp_path: Path) -> None:
    call = Call("METRIC", ("mrr", Ref("period"), None, "segment", 'a","b")&EVIL("'))
    rows = ((Cell("2026-01"), Cell(1.0, call)),)
    path = build(one(rows, (Column("period", "P", "text"), Column("mrr", "M"))), tmp_path / "x.xlsx")
    text = openpyxl.load_workbook(path)["Tab"]["B7"].value
    assert text == '=REVALIGN_METRIC("mrr",$A7,,"segment","a"",""b"")&EVIL(""")'


def test_numbers_in_a_call(tmp_path: Path) -> None:
    rows = ((Cell(1.0, Call("SPLIT", (2, 0.5))),),)
    path = build(one(rows, (Column("x", "X"),)), tmp_path / "x.xlsx")
    assert openpyxl.load_workbook(path)["Tab"]["A7"].value == "=REVALIGN_SPLIT(2,0.5)"


def test_a_text_too_long_for_a_formula_is_refused(tmp_path: Path) -> None:
    rows = ((Cell(1.0, Call("METRIC", ("x" * 256,))),),)
    with pytest.raises(SurfaceError, match="255"):
        build(one(rows, (Column("x", "X"),)), tmp_path / "x.xlsx")


def test_every_kind_of_value(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    doubles = (0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, 123456789.12345679, -0.1)
    rows = tuple((Cell(value),) for value in (*doubles, 7, True, date(2026, 1, 31), float("nan"), None))
    path = build(one(rows, (Column("x", "X"),)), tmp_path / "x.xlsx")
    found = [row[0] for row in values_of(path)["Tab"][6:17]]
    assert found[:6] == list(doubles)
    assert found[6:8] == [7, True]
    assert str(found[8])[:10] == "2026-01-31"
    with zipfile.ZipFile(path) as package:
        assert "nan" not in package.read("xl/worksheets/sheet2.xml").decode().lower()


def test_sentences_stand_on_several_lines_in_a_row_as_tall_as_they_need(tmp_path: Path) -> None:
    columns = (Column("x", "X", "text", width=40, fixed=True), Column("y", "Y", "text", width=39, fixed=True))
    sheet = openpyxl.load_workbook(
        build(
            one(((Cell("word " * 30), Cell("word " * 30)), (Cell("short"), Cell("word " * 30))), columns),
            tmp_path / "x.xlsx",
        )
    )["Tab"]
    assert [sheet[name].alignment.wrap_text for name in ("A7", "A8", "B7")] == [True, True, None]
    assert sheet.row_dimensions[7].height == pytest.approx(13.5 * 4 + 3, abs=0.5)  # 150 letters, 44 a line
    assert sheet.row_dimensions[8].height in (None, 15)


def test_a_text_too_long_for_a_cell_says_how_long_it_was(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    path = build(one(((Cell("x" * 40_000),),), (Column("x", "X"),)), tmp_path / "x.xlsx")
    text = values_of(path)["Tab"][6][0]
    assert len(text) <= 32_767
    assert text.endswith("xx ... (cut: 40,000 characters, a cell holds 32,767)")


def test_a_block_with_nothing_to_show_says_why(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    chart = Chart("c", "C", "line", "x", ("x",))
    rows = ((Cell(None, status="REV-204 no lead yet.", error="#N/A"),),)
    path = build(one(rows, (Column("funnel", "Funnel", "text"),), (chart,)), tmp_path / "x.xlsx")
    assert values_of(path)["Tab"][6][0] == "REV-204 no lead yet."


def test_a_block_without_rows_says_so(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    chart = Chart("c", "C", "line", "x", ("y",))
    path = build(one((), (Column("x", "X", "text"), Column("y", "Y", "money")), (chart,)), tmp_path / "x.xlsx")
    assert values_of(path)["Tab"][6][0] == "Nothing to show yet."
    with zipfile.ZipFile(path) as package:
        assert not [name for name in package.namelist() if "chart" in name]


def test_many_reasons_are_cut_short(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    call = Call("METRIC", ("mrr",))
    rows = tuple((Cell(None, call, status=f"REV-204 reason {n}", error="#N/A"),) for n in range(20))
    path = build(one(rows, (Column("x", "X"),)), tmp_path / "x.xlsx")
    said = [row[0] for row in values_of(path)["Tab"][26:] if row[0]]
    assert len(said) == 7
    assert said[-1].startswith("... and 14 more reasons")


def test_an_error_excel_does_not_know_is_no_text(tmp_path: Path) -> None:
    rows = ((Cell(None, Call("METRIC", ("mrr",), bare=True), error="#BUSY!"),),)
    path = build(one(rows, (Column("x", "X"),)), tmp_path / "x.xlsx")
    cell = openpyxl.load_workbook(path, data_only=True)["Tab"]["A7"]
    assert (cell.value, cell.data_type) == ("#N/A", "e")


@pytest.mark.parametrize("kind", ["line", "column", "column_stacked", "bar", "area"])
@pytest.mark.parametrize("unit", ["money", "rate", "count", "number", "points", "months"])
def test_every_chart_of_every_unit(tmp_path: Path, kind: ChartKind, unit: Unit) -> None:
    columns = (Column("x", "X", "text"), Column("y", "Y", unit), Column("z", "=Z", unit))
    sizes = (-3e6, 0.15, 20_000, 500)
    rows = tuple((Cell(f"r{n}"), Cell(size), Cell(None)) for n, size in enumerate(sizes))
    chart = Chart("c", "=Title", kind, "x", ("y", "z"))
    path = build(one(rows, columns, (chart,), name="It's & <so>", currency="CHF"), tmp_path / "x.xlsx")
    with zipfile.ZipFile(path) as package:
        text = package.read("xl/charts/chart1.xml").decode()
    assert "<a:t> =Title</a:t>" in text
    assert "'It''s &amp; &lt;so&gt;'!$B$7:$B$10" in text


@pytest.mark.parametrize(("state", "said"), [("stale", "Stale: a source is older"), ("failed", "Failed: a source")])
def test_the_cover_warns(
    report: Report, tmp_path: Path, values_of: Callable[[Path], Values], state: Any, said: str
) -> None:
    path = build(replace(report, state=state, definitions=None), tmp_path / "x.xlsx")
    assert any(str(cell).startswith(said) for row in values_of(path)["Cover"] for cell in row)
    assert "Definitions" not in values_of(path)


def test_cents_show_as_declared_or_while_amounts_are_small(tmp_path: Path) -> None:
    columns = (Column("a", "A", "money"), Column("b", "B", "money", decimals=0), Column("c", "C", "rate", decimals=2))
    path = build(one(((Cell(12.5), Cell(12.5), Cell(0.5)),), columns, currency="CHF"), tmp_path / "x.xlsx")
    formats = [cell.number_format for cell in openpyxl.load_workbook(path)["Tab"][7]]
    assert formats == ["[$CHF] #,##0.00", "[$CHF] #,##0", "0.00%"]
