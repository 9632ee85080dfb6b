"""What stands around the data: cover with parameters and sources, drop-downs, definitions, and the page about it all."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from packages import problems
from python_calamine import CalamineWorkbook
from rendering import convert

from revalign_udf.layout.model import Block, Call, Cell, Column, Name, Parameter, Ref, Report, Tab
from revalign_udf.workbook import Route, build
from revalign_udf.workbook.cover import _moment
from revalign_udf.workbook.fill import fill
from revalign_udf.workbook.verify import verify

Values = dict[str, list[list[Any]]]

SEGMENT = Parameter("segment", "Segment", "", "segment", ("large", "small"), "Cuts the key figures.")
MONTH = Parameter("month", "Month", "2026-08", "months", ("2026-07", "2026-08"))
YEAR = Parameter("year", "Year", "2026", "years", ("2026",), "Of the plan.")
SOURCES = Block(
    "sources",
    "Sources",
    (
        Column("source", "Source", "text"), Column("connector", "Connector", "text"), Column("state", "State", "text"),
        Column("complete_through", "Complete through", "date"), Column("pulled_at", "Pulled at", "text"),
        Column("rejects", "Rejects", "count"),
    ),
    (
        (Cell("billing"), Cell("stripe"), Cell("fresh"), Cell(date(2026, 8, 31)), Cell("2026-09-01T04:00:00"), Cell(0)),
        (Cell("crm"), Cell("=1+1"), Cell("stale"), Cell("2026-08-20"), Cell("2026-08-21T01:30:00+02:00"), Cell(7)),
        (Cell("support"), Cell("zendesk"), Cell("failed"), Cell(None), Cell(None), Cell(None)),
    ),
    ("billing", "crm", "support"),
)  # fmt: skip


def made(*parameters: Parameter, **more: Any) -> Report:
    """Two months of MRR of everybody and of the segment the cover names; 350.10 and 250.10 belong to the one customer in
    segment "large"."""
    arguments = ("segment", Name("segment")) if any(item.key == "segment" for item in parameters) else ()
    columns = (Column("period", "Period", "text"), Column("mrr", "MRR", "money"))
    rows = tuple(
        (Cell(month), Cell(350.1, Call("METRIC", ("mrr", Ref("period"), None, *arguments))))
        for month in ("2026-07", "2026-08")
    )
    block = Block("kpis", "Key figures", columns, rows, ("2026-07", "2026-08"))
    tabs = (Tab("a", "It's all", (block, replace(block, key="more", title="Once more"))),)
    report = Report("hand", "=TITLE()", tabs, "EUR", "2026-08-31#1", "2026-08-31", "banner", about=("A last line.",),
                    company="Ada & Co.", description="One. " * 60, parameters=parameters, sources=SOURCES)  # fmt: skip
    return replace(report, **more)


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory, route: Route) -> Path:
    return build(made(SEGMENT, MONTH, YEAR, state="stale"), tmp_path_factory.mktemp("hand") / "hand.xlsx", route)


@pytest.fixture(scope="module")
def opened(hand: Path) -> Any:
    return openpyxl.load_workbook(hand)


def named(book: Any, name: str) -> Any:
    ((sheet, place),) = book.defined_names[name].destinations
    return book[sheet][place]


def checks(book: Any) -> dict[str, Any]:
    return {str(item.sqref): item for item in book["Cover"].data_validations.dataValidation}


# --- the cover -------------------------------------------------------------------------------------------------------


def test_excel_would_open_it(hand: Path) -> None:
    assert problems(hand) == []


def test_the_cover_is_what_one_sees_first(opened: Any) -> None:
    assert (opened.sheetnames[0], opened.active.title) == ("Cover", "Cover")
    assert opened["Cover"].page_setup.fitToHeight in (None, 1)  # one page
    assert not opened["Cover"].merged_cells.ranges


def test_facts_stand_on_it(hand: Path, values_of: Callable[[Path], Values]) -> None:
    rows = values_of(hand)["Cover"]
    facts = {row[1]: row[2] for row in rows if row[1] in ("Company", "As of", "Snapshot", "Currency", "State")}
    assert facts == {
        "Company": "Ada & Co.", "As of": "2026-08-31", "Snapshot": "2026-08-31#1", "Currency": "EUR",
        "State": "Stale: a source is older than promised",
    }  # fmt: skip
    assert rows[1][1] == "=TITLE()"
    described = [row[1] for row in rows[2:6] if row[1]]
    assert " ".join(described) == ("One. " * 60).strip()
    assert all(len(line) <= 138 for line in described)


def test_a_parameter_is_a_cell_to_type_into(opened: Any) -> None:
    month, segment = named(opened, "param_month"), named(opened, "param_segment")
    assert (month.value, month.data_type, month.number_format) == ("2026-08", "s", "@")
    assert segment.value is None
    for cell in (month, segment):
        assert not cell.protection.locked
        assert (cell.fill.fgColor.rgb, cell.border.top.style) == ("FFFFF9DB", "thin")
        assert cell.parent.cell(cell.row, 2).value in ("Month", "Segment")
    assert cell.parent.cell(segment.row, 4).value == "Cuts the key figures. Empty: all."
    assert "LAST_MONTH" in cell.parent.cell(month.row, 4).value


def test_a_drop_down_grows_with_its_list_and_only_warns(opened: Any) -> None:
    found = checks(opened)
    for column, key, last in (("A", "segment", 203), ("B", "month", 203), ("C", "year", 202)):
        check = found[named(opened, f"param_{key}").coordinate]
        counted = f'MAX(1,COUNTIF(Lists!${column}$2:${column}${last},"?*"))'
        assert check.formula1 == f"OFFSET(Lists!${column}$2,0,0,{counted},1)"
        assert (check.type, check.allow_blank, check.errorStyle) == ("list", True, "warning")
        assert check.showErrorMessage
        assert check.showInputMessage
        assert ("means all" in check.prompt) == (key == "segment")


def test_the_day_is_pinned_by_a_cell_that_is_blank(opened: Any) -> None:
    cell = named(opened, "REVALIGN_ASOF")
    assert (cell.value, cell.number_format) == (None, "yyyy-mm-dd")
    check = checks(opened)[cell.coordinate]
    assert (check.type, check.operator, check.allow_blank) == ("date", None, True)  # between is the default
    assert (check.formula1, check.formula2) == ("36526", "109574")  # 2000-01-01 and 2199-12-31


def test_sources_are_told_in_words(hand: Path, opened: Any, values_of: Callable[[Path], Values]) -> None:
    rows = values_of(hand)["Cover"]
    (top,) = [number for number, row in enumerate(rows) if row[1] == "Source"]
    assert rows[top][1:] == ["Source", "Connector", "State", "Complete through", "Pulled at", "Rejects"]
    assert rows[top + 1][1:] == ["billing", "stripe", "Fresh", "2026-08-31", "2026-09-01 04:00", 0.0]
    assert rows[top + 2][1:] == ["crm", "=1+1", "Stale: older than promised", "2026-08-20", "2026-08-20 23:30 UTC", 7.0]
    assert rows[top + 3][1:] == ["support", "zendesk", "Failed: did not load", "", "", ""]
    bold = [opened["Cover"].cell(row, 4).font.bold for row in range(top + 2, top + 5)]
    assert bold == [False, True, True]


def test_contents_lead_to_every_sheet_one_sees(opened: Any) -> None:
    links = {cell.value: cell.hyperlink.location for row in opened["Cover"] for cell in row if cell.hyperlink}
    assert links == {"It's all": "'It''s all'!A1", "About": "'About'!A1"}
    (row,) = [cell.row for cell in opened["Cover"]["B"] if cell.value == "It's all"]
    assert opened["Cover"].cell(row, 3).value == "Key figures · Once more"


def test_a_report_with_nothing_to_choose_pins_a_day_all_the_same(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(build(made(sources=None), tmp_path / "x.xlsx"))
    assert "Lists" not in book.sheetnames
    assert [name for name in book.defined_names if "param" in name or "ASOF" in name] == ["REVALIGN_ASOF"]
    assert [cell.value for cell in book["Cover"]["B"]].count("banner") == 1


def test_long_words_are_cut_where_excel_would_refuse_the_file(tmp_path: Path) -> None:
    long = replace(SEGMENT, title="T" * 40, about="word " * 80, value="=1+1")
    path = build(made(long), tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(path)
    cell = named(book, "param_segment")
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    check = checks(book)[cell.coordinate]
    assert (len(check.promptTitle), len(check.prompt)) == (32, 255)
    assert "=1+1" not in check.formula1
    assert problems(path) == []


def test_many_sheets_take_more_than_one_page(tmp_path: Path) -> None:
    tab = made().tabs[0]
    many = tuple(replace(tab, key=f"t{n}", name=f"Tab {n}") for n in range(40))
    assert openpyxl.load_workbook(build(made(tabs=many), tmp_path / "x.xlsx"))["Cover"].page_setup.fitToHeight == 0


def test_a_moment_as_people_read_it() -> None:
    assert [_moment(value) for value in ("2026-08-21T01:30:00+02:00", "yesterday", None)] == [
        "2026-08-20 23:30 UTC", "yesterday", "",
    ]  # fmt: skip


# --- the lists behind it ---------------------------------------------------------------------------------------------


def test_each_kind_of_names_is_one_formula_on_a_hidden_sheet(hand: Path, opened: Any, route: Route) -> None:
    lists = opened["Lists"]
    assert lists.sheet_state == "hidden"
    assert [cell.value for cell in lists[1]] == ["segment", "months", "years"]
    spelled = {"classic": "REVALIGN_LIST", "office": "_xldudf_REVALIGN_LIST"}[route]
    data = opened["Data"]
    assert data.sheet_state == "hidden"
    assert (data["A4"].value.text, data["A4"].value.ref) == (f'={spelled}("segment")', "A4:A5")
    assert (data["A3"].value, data["B3"].value) == ("list_segment", '=REVALIGN.LIST("segment")')
    assert data["B3"].data_type == "s"
    assert (lists["A2"].value, lists["A203"].value) == (
        '=IF(Data!A4="","",Data!A4)', '=IFERROR(IF(Data!A205="","",Data!A205),"")'
    )  # fmt: skip
    assert (data["A207"].value, lists["B2"].value) == ("list_months", '=IF(Data!A208="","",Data!A208)')
    shown = openpyxl.load_workbook(hand, data_only=True)["Lists"]
    assert [[cell.value for cell in row] for row in shown["A2:C3"]] == [
        ["large", "2026-07", "2026"],
        ["small", "2026-08", None],
    ]
    assert shown["C2"].data_type == "s"  # a year from the list is a text, like one that is typed


def test_parameters_of_one_kind_share_a_list_and_an_empty_one_is_an_error(
    tmp_path: Path, values_of: Callable[[Path], Values]
) -> None:
    path = build(made(SEGMENT, replace(SEGMENT, key="other"), replace(MONTH, listed=())), tmp_path / "x.xlsx")
    assert values_of(path)["Lists"][0] == ["segment", "months"]
    cell = openpyxl.load_workbook(path, data_only=True)["Lists"]["B2"]
    assert (cell.value, cell.data_type) == ("#N/A", "e")
    assert problems(path) == []


@pytest.mark.campaign
def test_libreoffice_offers_the_names_of_the_list(hand: Path, tmp_path: Path) -> None:
    text = convert(hand, "fods", tmp_path).read_text(encoding="utf-8")
    found = re.findall(r'cell-content-is-in-list\((.*?)\)" table:allow-empty-cell="true"', text)
    assert found == [
        f"OFFSET([$Lists.${column}$2];0;0;MAX(1;COUNTIF([$Lists.${column}$2:.${column}${last}];&quot;?*&quot;));1)"
        for column, last in (("A", 203), ("B", 203), ("C", 202))
    ]
    lists = CalamineWorkbook.from_path(convert(hand, "ods", tmp_path)).get_sheet_by_name("Lists").to_python()
    assert [row[:3] for row in lists[:4]] == [
        ["segment", "months", "years"], ["large", "2026-07", "2026"], ["small", "2026-08", ""],
    ]  # fmt: skip


# --- they work ---------------------------------------------------------------------------------------------------------


def typed(path: Path, name: str, cell: str) -> Path:
    """The file with something typed into the cell of a name: the XML of its value and type."""
    place = named(openpyxl.load_workbook(path), name).coordinate
    target = path.with_name(f"typed-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                content, count = re.subn(rf'(<c r="{place}"[^>]*)/>'.encode(), rf"\g<1>{cell}</c>".encode(), content)
                assert count == 1
            new.writestr(part, content)
    return target


@pytest.fixture
def priced(published: Any, route: Route, tmp_path: Path) -> Path:
    """A workbook with a parameter, filled from a project: 400.10 in all in August, and 250.10 of it in segment large."""
    listed = replace(SEGMENT, listed=tuple(published.door(None).names("segment")))
    path = build(made(listed), tmp_path / "book.xlsx", route)
    fill(path, published.door)
    return path


def test_every_formula_of_the_file_agrees_with_its_value(priced: Path, published: Any) -> None:
    found = verify(priced, published.door)
    assert found.sound
    assert {cell.sheet for cell in found.cells} == {"It's all", "Lists", "Data"}
    assert {cell.sheet for cell in found.cells if cell.ours} == {"It's all", "Data"}
    assert [cell.computed for cell in found.cells if cell.sheet == "It's all"] == [350.1, 400.1] * 2


def ours(path: Path, published: Any) -> list[Any]:
    """What the cells of ours with numbers are worth, computed anew: the first two of the sheet."""
    found = verify(path, published.door).cells
    return [cell.computed for cell in found if cell.ours and cell.sheet == "It's all"][:2]


def test_what_is_chosen_on_the_cover_reaches_the_numbers(priced: Path, published: Any) -> None:
    path = typed(priced, "param_segment", ' t="inlineStr"><is><t>large</t></is>')
    assert fill(path, published.door).complete
    assert ours(path, published) == [250.1, 250.1]


def test_a_pinned_day_reaches_the_numbers_and_a_blank_one_does_not(priced: Path, published: Any) -> None:
    assert fill(priced, published.door).as_of is None
    path = typed(priced, "REVALIGN_ASOF", "><v>46265</v>")  # 2026-08-31, before the third customer was known
    assert fill(path, published.door).as_of == date(2026, 8, 31)
    assert ours(path, published) == [350.1, 350.1]


# --- definitions and about ---------------------------------------------------------------------------------------------


def test_definitions_are_read_on_screen_and_on_paper(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    columns = (
        Column("metric", "Metric", "text", "", 24), Column("definition", "Definition", "text", "", 60),
        Column("version", "Version", "count", "", 10), Column("fingerprint", "Fingerprint", "text", "", 14),
    )  # fmt: skip
    long = "Monthly recurring revenue of every customer paying at the end of the period. " * 3
    rows = (
        (Cell("mrr"), Cell(long), Cell(3), Cell("9f2c11aa")),
        (Cell("arr"), Cell("12 x MRR."), Cell(1), Cell("=0b")),
    )
    block = Block("definitions", "Definitions", columns, rows, ("mrr", "arr"))
    path = build(made(definitions=block), tmp_path / "x.xlsx")
    assert values_of(path)["Definitions"][3:] == [
        ["Metric", "Definition", "Version", "Fingerprint"], ["mrr", long, 3, "9f2c11aa"], ["arr", "12 x MRR.", 1, "=0b"],
    ]  # fmt: skip
    sheet = openpyxl.load_workbook(path)["Definitions"]
    assert (sheet.freeze_panes, sheet.print_title_rows) == ("B5", "$1:$4")
    assert sheet["B5"].alignment.wrap_text
    widths = [sheet.column_dimensions[letter].width for letter in "ABCD"]
    # as wide as what stands there, and never too wide to print
    assert widths[0] < 12
    assert 40 < widths[1] < 46
    assert sheet.row_dimensions[5].height > 3 * sheet.row_dimensions[6].height - 7


def about(path: Path, values_of: Callable[[Path], Values]) -> str:
    return "\n".join(str(row[1]) for row in values_of(path)["About"] if len(row) > 1)


def test_about_says_how_to_read_the_file(hand: Path, route: Route, values_of: Callable[[Path], Values]) -> None:
    text = about(hand, values_of)
    for heading in ("How the cells are computed", "Choosing what is shown",
                    "What the look of a cell says", "Names, links and printing", "Without the add-in", "With the add-in",
                    "Newer values without Excel"):  # fmt: skip
        assert f"\n{heading}\n" in f"\n{text}\n"
    assert {"classic": '=REVALIGN_METRIC("mrr",$A7)', "office": '=_xldudf_REVALIGN_METRIC("mrr",$A7)'}[route] in text
    other = "office" if route == "classic" else "classic"
    assert f"revalign workbook convert FILE --route {other}" in text
    assert f"revalign workbook build hand --route {other}" in text
    assert "A last line." in text
    assert "{" not in text
    assert "Tables that are one formula" not in text  # it has none


def test_about_says_where_the_formulas_of_tables_are(tmp_path: Path, values_of: Callable[[Path], Values]) -> None:
    table = Block("t", "T", (Column("x", "X", "text"),), ((Cell("a"),),), ("1",), spill=Call("LIST", ("sources",)))
    path = build(made(tabs=(Tab("t", "T", (table,)),)), tmp_path / "x.xlsx")
    assert "\nTables that are one formula\n" in about(path, values_of)
    assert openpyxl.load_workbook(path)["T"]["A7"].value == '=IF(Data!A4="","",Data!A4)'
    assert '=IF(Data!A5="","",Data!A5)' in about(path, values_of)


def test_what_about_names_is_there(hand: Path, opened: Any, values_of: Callable[[Path], Values]) -> None:
    text = about(hand, values_of)
    for name in re.findall(r"such as (\w+)\. Pick|named (\w+)\.|the name (\w+),", text):
        assert "".join(name) in opened.defined_names
    assert len(re.findall("a_kpis|param_segment|REVALIGN_ASOF", text)) == 3


def test_a_look_is_shown_beside_what_it_means(opened: Any) -> None:
    sheet = opened["About"]
    shown = {sheet.cell(cell.row, 2).value.split(":")[0]: cell for cell in sheet["A"] if cell.has_style and cell.fill}
    assert shown["Amber and bold"].font.bold
    assert shown["Amber and bold"].fill.fgColor.rgb == "FFFFE8B3"
    assert shown["Light to dark blue"].fill.fgColor.rgb == "FF2171B5"
    assert shown["Italic"].font.italic


def test_lines_of_about_have_room(opened: Any) -> None:
    sheet = opened["About"]
    for cell in sheet["B"]:
        if cell.value and cell.alignment.wrap_text:
            lines = -(-len(str(cell.value)) // 135)
            assert sheet.row_dimensions[cell.row].height >= 13.5 * lines
