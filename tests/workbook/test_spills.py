"""Tables that one function answers: a formula on the sheet behind, references to its cells, room to grow, links that
follow them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from rendering import convert

from revalign_udf.calc.results import CellError
from revalign_udf.errors import InternalError, SurfaceError
from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Name, Ref, Report, Tab
from revalign_udf.workbook import Route, build
from revalign_udf.workbook.fill import fill
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


DATA = "xl/worksheets/sheet4.xml"


@pytest.mark.parametrize("route", ["classic", "office"])
def test_a_table_is_one_dynamic_formula_on_the_sheet_behind(tmp_path: Path, route: Route) -> None:
    path = build(report(spilled()), tmp_path / "x.xlsx", route)
    xml, book = sheet_of(path, DATA), openpyxl.load_workbook(path)
    assert (book.sheetnames[-1], book["Data"].sheet_state) == ("Data", "hidden")
    # cm="1" and metadata.xml: Excel shows it without @ and without the braces of an array formula of old
    assert re.search(r'<c r="A4"[^>]* cm="1" t="str"><f t="array" ref="A4:E7">', cell(xml, "A4"))
    assert len(re.findall('t="array"', xml)) == 1
    assert 't="array"' not in sheet_of(path)
    with zipfile.ZipFile(path) as package:
        assert 'fDynamic="1"' in package.read("xl/metadata.xml").decode()
    formula = book["Data"]["A4"].value
    assert (formula.ref, formula.text) == ("A4:E7", f'={PREFIX[route]}RECORDS("mrr",param_month,,"heads","no")')
    said = book["Data"]["B3"]
    assert (book["Data"]["A3"].value, said.value) == (
        "tab_main", '=REVALIGN.RECORDS("mrr",param_month,,"heads","no")'
    )  # fmt: skip
    assert (said.data_type, said.quotePrefix) == ("s", True)


def test_every_cell_behind_holds_its_value_with_its_type(tmp_path: Path) -> None:
    path = build(report(spilled()), tmp_path / "x.xlsx")
    xml, sheet = sheet_of(path, DATA), openpyxl.load_workbook(path, data_only=True)["Data"]
    assert "<v>007</v>" in cell(xml, "A4")
    assert [(sheet[name].data_type, sheet[name].value) for name in ("A5", "C5", "C6")] == [
        ("e", "#N/A"), ("e", "#DIV/0!"), ("e", "#VALUE!"),
    ]  # fmt: skip
    assert 't="str"><v></v>' in cell(xml, "B5")  # what a function answers for a blank is an empty text
    assert (sheet["A6"].value, sheet["D4"].data_type, sheet["A7"].data_type) == ("=1+1", "b", "s")
    assert (sheet["B4"].value, sheet["B4"].number_format) == (datetime(2026, 9, 2), "yyyy-mm-dd")  # noqa: DTZ001
    assert not [name for name in re.findall(r'<c r="([A-E]\d+)"[^>]*>(?=<f)', xml) if name != "A4"]


def test_what_is_seen_are_references_with_the_same_values(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    path = build(report(spilled()), tmp_path / "x.xlsx")
    xml, sheet = sheet_of(path), openpyxl.load_workbook(path)["Tab"]
    assert sheet["A7"].value == '=IF(Data!A4="","",Data!A4)'  # an error of the function is seen once
    assert sheet["E10"].value == '=IFERROR(IF(Data!E7="","",Data!E7),"")'
    assert all(other.data_type == "f" for row in sheet["A7:E10"] for other in row)
    assert "<v>007</v>" in cell(xml, "A7")
    assert all('t="str"' in cell(xml, name) and cell(xml, name).endswith("<v></v></c>") for name in ("A8", "C8", "B9"))
    read = values_of(path)["Tab"][6:10]
    assert [row[:4] for row in read] == [
        ["007", date(2026, 9, 2), 10.5, True], ["", "", "", 1.0], ["=1+1", "", "", 2.0], ["1e5", "", -3.0, ""],
    ]  # fmt: skip
    assert [row[4] for row in read] == [row[4].value for row in ROWS]
    assert (sheet["A7"].number_format, sheet["B7"].number_format) == ("General", "yyyy-mm-dd")
    # in a cell marked as text its formula would become one when it is typed anew
    assert not sheet["A9"].quotePrefix


def test_one_cell_and_none(tmp_path: Path) -> None:
    one = (Column("x", "X", "text"),)
    path = build(report(spilled(((Cell("a"),),), one)), tmp_path / "one.xlsx")
    assert openpyxl.load_workbook(path)["Data"]["A4"].value.ref == "A4"
    path = build(report(spilled(())), tmp_path / "none.xlsx")
    sheet = openpyxl.load_workbook(path)
    assert (sheet["Tab"]["A6"].value, sheet["Data"]["A4"].value.ref) == ("Nothing to show yet.", "A4:E4")
    # blank for programs that compute it and do not know the function; other errors are seen
    unknown = '=IFERROR(IF(Data!A4="","",Data!A4),IF(ERROR.TYPE(Data!A4)=5,"",Data!A4))'
    assert sheet["Tab"]["A8"].value == unknown
    path = build(report(spilled((), one, spill=Call("LIST", ("sources",)))), tmp_path / "error.xlsx")
    assert 't="e"' in cell(sheet_of(path), "A8")
    shown = openpyxl.load_workbook(path, data_only=True)
    assert (shown["Tab"]["A8"].value, shown["Data"]["A4"].value) == ("#N/A", "#N/A")
    assert openpyxl.load_workbook(path)["Tab"]["A8"].value == unknown


def test_no_table_no_sheet_behind(tmp_path: Path) -> None:
    block = Block("main", "Main", COLUMNS, ROWS, tuple("abcd"))
    assert "Data" not in openpyxl.load_workbook(build(report(block), tmp_path / "x.xlsx")).sheetnames


def test_a_function_that_reads_its_row_cannot_stand_behind(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="tab_main"):
        build(report(spilled(spill=Call("TABLE", ("mrr", Ref("id"))))), tmp_path / "x.xlsx")


def test_a_table_may_grow(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    """References stand ready beneath it, notes stand above it, and what follows keeps its distance on both sheets."""
    partial = tuple((Cell(str(n), partial=True), Cell(float(n))) for n in range(40))
    columns = (Column("a", "A", "text"), Column("b", "B", "rate"))
    after = spilled(partial[:2], columns)
    chart = (Chart("c", "C", "bar", "a", ("b",)),)
    path = build(
        report(spilled(partial, columns, charts=chart), replace(after, key="after", title="After")), tmp_path / "x.xlsx"
    )
    rows, sheet = values_of(path)["Tab"], openpyxl.load_workbook(path)["Tab"]
    assert rows[5][0].startswith("Italic: partial")
    assert rows[6][:2] == ["A", "B"]
    title = next(n for n in range(47, 200) if rows[n][0])
    assert rows[title][0] == "After"
    # ten rows, a quarter of forty, and beneath them what says that they are not enough
    assert sheet["B57"].value == '=IFERROR(IF(Data!B53="","",Data!B53),"")'
    assert sheet["B57"].number_format == "0.0%"
    assert sheet["A58"].value.startswith("=IF(COUNTA(Data!$A$4:$A$243)>50,")
    assert title > 58
    behind = openpyxl.load_workbook(path)["Data"]
    assert next(cell.row for cell in behind["A"] if cell.row > 43 and cell.value) == 245
    assert behind["A245"].value == "tab_after"  # 40 rows, 200 to grow into, and one between
    assert behind["A246"].value.ref == "A246:B247"


@pytest.mark.parametrize(("limit", "line"), [("1", 8), ("3", 10), ("1000", 13)])
def test_no_more_room_than_a_limit_allows(tmp_path: Path, limit: str, line: int) -> None:
    """One row of data in row 7, then the free rows, then the line that says when there are more."""
    call = Call("RECORDS", ("mrr", "2026-09", None, "heads", "no", "limit", limit))
    path = build(report(spilled(((Cell("a"), Cell(1.0)),), COLUMNS[::2][:2], spill=call)), tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(path)["Tab"]
    found = [cell.row for cell in sheet["A"] if str(cell.value).startswith("=IF(COUNTA(")]
    assert found == [line]


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
    assert sheet["F11"].value.startswith("=IF(AND(LEN($E11)")  # a row the table may grow into
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
    ours = [item.formula for item in checked.cells if item.ours]
    assert ours == [f"={PREFIX[route]}STATUS()", f'={PREFIX[route]}LIST("months")']
    assert {item.sheet for item in checked.cells if not item.ours} == {"Tab"}


def months(count: int) -> tuple[tuple[Cell, ...], ...]:
    return tuple((Cell(f"2026-{n}"),) for n in range(1, 1 + count))


def filled(path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch, published: Any) -> list[Any]:
    """Column A of the sheet from the head on, after a fill for which the function answers these names."""
    query = published.door(None)
    monkeypatch.setattr(query, "names", lambda *_, **__: names)
    fill(path, published.door)
    assert verify(path, published.door).sound
    sheet = openpyxl.load_workbook(path, data_only=True)["Tab"]
    return [cell.value for cell in sheet["A"]][6:]


@pytest.mark.parametrize(("now", "said"), [(1, False), (7, False), (9, False), (10, True), (104, True), (204, True)])
def test_fill_lets_a_table_grow_into_its_free_rows(
    now: int, said: bool, published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four rows and five free ones; beneath them a line that says when this is too little."""
    block = spilled(months(4), (Column("m", "M", "text"),), spill=Call("LIST", ("months",)))
    path = build(report(block), tmp_path / "x.xlsx")
    names = [f"m{n}" for n in range(now)]
    found = filled(path, names, monkeypatch, published)
    assert [value or "" for value in found[:9]] == [*names[:9], *[""] * (9 - now)]
    assert (found[9] or "").startswith("There are more rows") == said
    behind = openpyxl.load_workbook(path, data_only=True)["Data"]
    assert [behind.cell(4 + n, 1).value for n in range(now)] == names


def test_libreoffice_shows_tables_and_gaps_as_they_are(tmp_path: Path) -> None:
    """It does not know our functions, and computes arrays, errors and empty texts anew when it opens a file."""
    gap = Cell(None, Call("METRIC", ("mrr", "2020-01")), status="REV-204 no", error="#N/A")
    bare = Cell(None, Call("METRIC", ("mrrr", "2020-01"), bare=True), status="no such metric", error="#NAME?")
    number = Cell(7.5, Call("METRIC", ("mrr", "2026-01")))
    columns = (Column("k", "K", "text"), Column("v", "V"), Column("drawn", "Drawn"), Column("sum", "Sum"))
    rows = (
        (Cell("a"), number, number, Cell(7.5, formula="min(v, drawn)")),
        (Cell("b"), gap, number, Cell(None, formula="min(v, drawn)", error="#N/A")),
        (Cell("c"), number, gap, Cell(None, formula="min(v, drawn)", error="#N/A")),
    )
    line = (Chart("c", "C", "line", "k", ("drawn",)),)
    cells = Block("cells", "Cells", columns, rows, ("a", "b", "c"), line)
    tried = Block("tried", "Tried", columns[:2], ((Cell("d"), bare),), ("d",))
    tabs = (
        Tab("t", "Tables", (spilled(), replace(spilled(()), key="none"))), Tab("c", "Cells", (cells, tried)),
    )  # fmt: skip
    path = build(Report("r", "R", tabs, "EUR", "s#1", "2026-01-31", "banner"), tmp_path / "x.xlsx")
    theirs = openpyxl.load_workbook(convert(path, "xlsx", tmp_path / "theirs"), data_only=True)
    ours = openpyxl.load_workbook(path, data_only=True)
    for name in ("Cover", "Tables", "About"):
        for row in ours[name].iter_rows():
            # of a formula whose value is TRUE it computes that anew as well
            known = ["" if cell.value is None or cell.value is True else cell.value for cell in row]
            assert known == [theirs[name][cell.coordinate].value or "" for cell in row]
    assert theirs["Data"]["A4"].value == "#NAME?"
    sheet = theirs["Cells"]
    assert [[cell.value or "" for cell in row] for row in sheet["A7:D9"]] == [
        ["a", 7.5, 7.5, 7.5], ["b", "", 7.5, ""], ["c", 7.5, "#N/A", ""],
    ]  # fmt: skip
    errors = {cell.value for name in ("Tables", "Cells") for row in theirs[name].iter_rows() for cell in row}
    assert [value for value in errors if str(value).startswith("#NAME")] == ["#NAME?"]
    assert [cell.value for cell in sheet["B"]].count("#NAME?") == 1  # where an error is to be seen


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
