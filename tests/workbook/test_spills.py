"""Tables that one function answers: a formula that spills, its value in every cell, room to grow, links that follow it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from revalign_udf.calc.results import CellError
from revalign_udf.errors import InternalError, SurfaceError
from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Name, Report, Tab
from revalign_udf.workbook import Route, build
from revalign_udf.workbook.linking import write_opener
from revalign_udf.workbook.streaming import streamed
from revalign_udf.workbook.styles import Desk, Styles
from revalign_udf.workbook.verify import verify

Values = dict[str, list[list[Any]]]
PREFIX = {"classic": "REVALIGN_", "office": "_xldudf_REVALIGN_"}
COLUMNS = (
    Column("id", "Id", "text"), Column("on", "Date", "date"), Column("mrr", "MRR", "money"), Column("ok", "Ok", "number"),
    Column("url", "Address", "text"),
)  # fmt: skip
ROWS = (
    (Cell("007"), Cell(date(2026, 9, 2)), Cell(10.5), Cell(True), Cell("https://crm.example/7?a=b&c=d")),
    (Cell("#N/A"), Cell(None), Cell(CellError("#DIV/0!")), Cell(1.0), Cell("HTTP://CRM.example")),
    (Cell("=1+1"), Cell(None), Cell(None, error="#VALUE!"), Cell(2.0), Cell("javascript:alert(1)")),
    (Cell("1e5"), Cell(None), Cell(-3.0), Cell(None), Cell("https://crm.example/" + "x" * 250)),
)


def report(*blocks: Block) -> Report:
    return Report("r", "R", (Tab("tab", "Tab", blocks),), "EUR", "s#1", "2026-01-31", "banner")


def spilled(rows: tuple[tuple[Cell, ...], ...] = ROWS, columns: tuple[Column, ...] = COLUMNS, **more: Any) -> Block:
    call = more.pop("spill", Call("RECORDS", ("mrr", Name("month"), None, "heads", "no")))
    return Block("main", "Main", columns, rows, tuple(map(str, range(len(rows)))), spill=call, **more)


def sheet_of(path: Path, part: str = "xl/worksheets/sheet2.xml") -> str:
    with zipfile.ZipFile(path) as package:
        return package.read(part).decode()


def cell(xml: str, name: str) -> str:
    found = re.search(rf'<c r="{name}"[^>]*?(?:/>|>.*?</c>)', xml)
    assert found, name
    return found[0]


@pytest.mark.parametrize("route", ["classic", "office"])
def test_a_spill_is_one_dynamic_formula(tmp_path: Path, route: Route) -> None:
    path = build(report(spilled()), tmp_path / "x.xlsx", route)
    xml = sheet_of(path)
    # cm="1" and metadata.xml: Excel shows it without @ and without the braces of an array formula of old
    assert re.search(r'<c r="A7"[^>]* cm="1" t="str"><f t="array" ref="A7:E10">', cell(xml, "A7"))
    assert len(re.findall('t="array"', xml)) == 1
    with zipfile.ZipFile(path) as package:
        assert 'fDynamic="1"' in package.read("xl/metadata.xml").decode()
    formula = openpyxl.load_workbook(path)["Tab"]["A7"].value
    assert (formula.ref, formula.text) == ("A7:E10", f'={PREFIX[route]}RECORDS("mrr",param_month,,"heads","no")')


def test_every_cell_of_a_spill_holds_its_value_with_its_type(
    tmp_path: Path, values_of: Callable[[Path], Values]
) -> None:
    path = build(report(spilled()), tmp_path / "x.xlsx")
    xml, sheet = sheet_of(path), openpyxl.load_workbook(path, data_only=True)["Tab"]
    assert "<v>007</v>" in cell(xml, "A7")
    assert [(sheet[name].data_type, sheet[name].value) for name in ("A8", "C8", "C9")] == [
        ("e", "#N/A"), ("e", "#DIV/0!"), ("e", "#VALUE!"),
    ]  # fmt: skip
    assert 't="str"><v></v>' in cell(xml, "B8")  # what a function answers for a blank is an empty text
    assert (sheet["A9"].value, sheet["A9"].quotePrefix) == ("=1+1", True)
    assert (sheet["D7"].data_type, sheet["A10"].data_type) == ("b", "s")
    assert (sheet["B7"].value, sheet["B7"].number_format) == (datetime(2026, 9, 2), "yyyy-mm-dd")  # noqa: DTZ001
    read = values_of(path)["Tab"]
    assert [row[0] for row in read[6:10]] == ["007", "", "=1+1", "1e5"]  # this reader shows errors as blanks
    assert [row[3] for row in read[6:10]] == [True, 1, 2, ""]
    assert not [name for name in re.findall(r'<c r="([A-E]\d+)"[^>]*>(?=<f)', xml) if name != "A7"]


def test_one_cell_and_none(tmp_path: Path) -> None:
    one = (Column("x", "X", "text"),)
    path = build(report(spilled(((Cell("a"),),), one)), tmp_path / "one.xlsx")
    assert openpyxl.load_workbook(path)["Tab"]["A7"].value.ref == "A7"
    path = build(report(spilled(())), tmp_path / "none.xlsx")
    sheet = openpyxl.load_workbook(path)["Tab"]
    assert (sheet["A6"].value, sheet["A8"].value.ref) == ("Nothing to show yet.", "A8:E8")
    path = build(report(spilled((), one, spill=Call("LIST", ("sources",)))), tmp_path / "error.xlsx")
    assert 't="e"' in cell(sheet_of(path), "A8")
    assert openpyxl.load_workbook(path, data_only=True)["Tab"]["A8"].value == "#N/A"


def test_a_spill_may_grow(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    """Nothing but number formats stands beneath it, notes stand above it, and the next block keeps its distance."""
    partial = tuple((Cell(str(n), partial=True), Cell(float(n))) for n in range(40))
    columns = (Column("a", "A", "text"), Column("b", "B", "rate"))
    after = Block("after", "After", columns, partial, tuple(map(str, range(40))))
    chart = (Chart("c", "C", "bar", "a", ("b",)),)
    path = build(report(spilled(partial, columns, charts=chart), after), tmp_path / "x.xlsx")
    rows = values_of(path)["Tab"]
    assert rows[5][0].startswith("Italic: partial")
    assert rows[6][:2] == ["A", "B"]
    free = next(n for n in range(47, 200) if rows[n][0]) - 47
    assert rows[47 + free][0] == "After"
    assert free >= 10
    sheet = openpyxl.load_workbook(path)["Tab"]
    assert sheet["B48"].number_format == "0.0%"


def test_totals_of_a_spill_stay_bold_where_they_move(tmp_path: Path) -> None:
    rows = ((Cell("a"), Cell(1.0)), (Cell('all "of" it'), Cell(1.0)))
    block = spilled(rows, (Column("a", "A", "text"), Column("b", "B", "number")), totals=1)
    xml = sheet_of(build(report(block), tmp_path / "x.xlsx"))
    assert '<formula>$A7="all ""of"" it"</formula>' in xml
    assert '<conditionalFormatting sqref="A7:B13">' in xml


def test_links_follow_the_spill(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    path = build(report(spilled()), tmp_path / "x.xlsx")
    sheet, read = openpyxl.load_workbook(path)["Tab"], values_of(path)["Tab"]
    assert [row[5] for row in read[5:10]] == ["Open", "open", "open", "", ""]
    assert sheet["F7"].value == (
        '=IF(AND(LEN($E7)<=255,OR(LEFT($E7,8)="https://",LEFT($E7,7)="http://")),HYPERLINK($E7,"open"),"")'
    )
    assert sheet["F11"].value.startswith("=IF(AND(LEN($E11)")  # a row the spill may grow into
    assert not any(other.hyperlink for row in sheet["A7:F12"] for other in row)


def test_what_the_links_show_is_what_their_formula_answers(tmp_path: Path) -> None:
    block = spilled()
    with streamed() as (book, made):
        sheet = book.add_worksheet("Tab")
        desk = Desk(book, report(block), Styles(book), "classic")
        for row, cells in enumerate(ROWS):
            sheet.write_string(row, 4, str(cells[4].value))
            write_opener(desk, sheet, row, block, cells[4].value)
        book.close()
        path = tmp_path / "x.xlsx"
        path.write_bytes(made.read_bytes())
    checked = verify(path, lambda _: pytest.fail("no function of ours"))
    assert [(item.computed, item.equal) for item in checked.cells] == [("open", True)] * 2 + [("", True)] * 2


@pytest.mark.parametrize("route", ["classic", "office"])
def test_an_engine_agrees_with_every_cell(published: Any, tmp_path: Path, route: Route) -> None:
    query = published.door(None)
    found = [tuple(Cell(value) for value in row) for row in query.status().rows]
    heads = tuple(Cell(name) for name in query.status().columns)
    columns = tuple(Column(name, name, "text") for name in query.status().columns)
    status = Block("status", "S", columns, (heads, *found), tuple("abcdef"[: 1 + len(found)]), spill=Call("STATUS", ()))
    months = tuple((Cell(name),) for name in query.names("months"))
    called = Block(
        "months", "M", columns[:1], months, tuple(map(str, range(len(months)))), spill=Call("LIST", ("months",))
    )
    path = build(report(status, called), tmp_path / "x.xlsx", route)
    checked = verify(path, published.door)
    assert checked.sound
    assert [item.formula for item in checked.cells] == [f"={PREFIX[route]}STATUS()", f'={PREFIX[route]}LIST("months")']


def test_a_text_in_a_formula_stays_as_it_is(tmp_path: Path) -> None:
    """XlsxWriter takes names of newer functions for such wherever they stand."""
    call = Call("METRIC", ("mrr", "2026-01", None, "region", "MAP(SORT(x))}"))
    block = Block("b", "B", (Column("x", "X"),), ((Cell(1.0, call),),), ("1",))
    path = build(report(block), tmp_path / "x.xlsx")
    said = '=REVALIGN_METRIC("mrr","2026-01",,"region","MAP(SORT(x))}")'
    assert openpyxl.load_workbook(path)["Tab"]["A7"].value == said


def test_rows_are_written_in_order_or_not_at_all() -> None:
    with streamed() as (book, _):
        sheet = book.add_worksheet("Tab")
        sheet.write_string(3, 0, "x")
        attempts: list[Callable[[], object]] = [
            lambda: sheet.write_string(2, 0, "x"), lambda: sheet.keep(2, 0, 1.0, None), lambda: sheet.set_row(2, 20),
            lambda: sheet.write_comment(2, 0, "x"), lambda: sheet.write_url(2, 0, "https://x.example"),
        ]  # fmt: skip
        for late in attempts:
            with pytest.raises(InternalError, match="row 3 is written after row 4"):
                late()
        sheet.keep(3, 1, 1.0, None)
        with pytest.raises(SurfaceError, match="A1048577"):
            sheet.write_string(1_048_576, 0, "x")
        book.close()
