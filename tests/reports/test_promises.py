"""What every report promises whoever opens it: where things stand, that numbers are live, that nothing is made up."""

import re
from collections.abc import Iterator
from typing import Any

from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet
from reportbooks import OURS, ROUTES, Made, Placed

from revalign_udf.layout.model import Cell, Column

ROUTE = ROUTES[-1]
NUMBERS = frozenset({"money", "rate", "count", "number", "points", "months"})


def placed(made: Made) -> Iterator[tuple[Placed, Worksheet]]:
    """The blocks with the sheets they stand on."""
    for item in made.placed(ROUTE):
        yield item, made.book(ROUTE)[item.sheet]


def text_of(sheet: Worksheet, row: int, column: int) -> str:
    """The formula of a cell, empty where it has none."""
    found = sheet.cell(row, column).value
    found = getattr(found, "text", found)  # of the head of an array
    return str(found) if isinstance(found, str) and sheet.cell(row, column).data_type == "f" else ""


# --- sheets ------------------------------------------------------------------------------------------------------------


def test_its_sheets_are_those_of_the_layout_between_cover_and_about(made: Made) -> None:
    book, report = made.book(ROUTE), made.report
    shown = [name for name in book.sheetnames if book[name].sheet_state == "visible"]
    tail = ["Definitions", "About"] if report.definitions else ["About"]
    assert shown == ["Cover", *(tab.name for tab in report.tabs), *tail]
    assert set(book.sheetnames) - set(shown) <= {"Lists", "Data"}


def test_the_cover_leads_to_every_sheet_and_says_what_it_rests_on(made: Made) -> None:
    book, report = made.book(ROUTE), made.report
    cells = [cell for row in book["Cover"].iter_rows() for cell in row]
    links = {cell.hyperlink.location for cell in cells if cell.hyperlink}
    shown = [name for name in book.sheetnames[1:] if book[name].sheet_state == "visible"]
    assert {f"'{name.replace(chr(39), chr(39) * 2)}'!A1" for name in shown} <= links
    said = {str(cell.value) for cell in cells if cell.value is not None}
    assert {report.title, report.as_of, report.snapshot, report.currency, report.company} <= said
    assert all(parameter.title in said for parameter in report.parameters)
    if report.sources:
        first = [str(row[0].value) for row in report.sources.rows]
        assert set(first) <= said


def test_each_parameter_is_a_named_cell_that_formulas_can_read(made: Made) -> None:
    book, report = made.book(ROUTE), made.report
    for parameter in report.parameters:
        [(sheet, place)] = book.defined_names[f"param_{parameter.key}"].destinations
        cell = book[sheet][place.replace("$", "")]
        assert (cell.value or "") == parameter.value
        assert cell.number_format == "@"
        assert not cell.protection.locked
        rules = [rule for rule in book[sheet].data_validations.dataValidation if cell.coordinate in rule.sqref]
        assert len(rules) == 1
        assert bool(parameter.choices) == (rules[0].type == "list")


def test_definitions_name_version_and_fingerprint(made: Made) -> None:
    block = made.report.definitions
    assert block is not None
    rows = made.values(ROUTE)["Definitions"]
    top = next(
        number
        for number, row in enumerate(rows)
        if [column.title for column in block.columns] == row[: len(block.columns)]
    )
    found = {row[0]: row for row in rows[top + 1 :] if row[0]}
    assert set(found) == set(block.keys)
    prints = [number for number, column in enumerate(block.columns) if column.key == "fingerprint"]
    assert all(re.search(r"[0-9a-f]{4}", str(row[number])) for row in found.values() for number in prints)
    asked = {
        cell.call.arguments[0]
        for item, _ in placed(made)
        for *_, cell in item.cells()
        if cell.call and cell.call.function == "METRIC" and cell.value is not None and not cell.call.blank
    }
    assert {str(name).lower() for name in asked if isinstance(name, str)} <= set(found)


def test_about_speaks_to_those_without_the_add_in(made: Made) -> None:
    said = "\n".join(str(value) for row in made.values(ROUTE)["About"] for value in row if value)
    assert "Without the add-in" in said
    assert all(line in said for text in made.report.about for line in text.splitlines())


def test_sheets_are_set_up_for_screen_and_paper(made: Made) -> None:
    book = made.book(ROUTE)
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges, sheet.title
    for tab in made.report.tabs:
        sheet = book[tab.name]
        assert sheet.freeze_panes, tab.name
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, tab.name
        assert sheet.page_setup.fitToWidth in (None, 1), tab.name
        assert sheet.page_setup.orientation == "landscape", tab.name
        assert sheet.print_title_rows, tab.name
        assert made.report.snapshot in (sheet.oddFooter.left.text or ""), tab.name


# --- numbers -----------------------------------------------------------------------------------------------------------


def is_number(column: Column, cell: Cell) -> bool:
    """Whether a number stands there that somebody could mistake for one of ours."""
    number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    return column.unit in NUMBERS and number and not cell.entry


def behind(made: Made, text: str) -> Any:
    """The cell of the sheet of tables that a cell of a table shows; None for any other cell."""
    found = re.fullmatch(r'=(?:IFERROR\()?IF\(Data!([A-Z]+\d+)="","",Data!\1\)(?:,.+\))?', text)
    return found and made.book(ROUTE)["Data"][found[1]]


def test_every_number_is_live(made: Made) -> None:
    """No cell holds a metric as a mere number: a formula of ours answers it, alone or as one of a table."""
    for item, sheet in placed(made):
        for row, column, head, cell in item.cells():
            text, where = text_of(sheet, row, column), (item.sheet, row, column, head.key)
            if item.block.spill:
                assert behind(made, text) is not None, where
            elif cell.call:
                assert OURS.search(text), where
            elif cell.formula:
                assert text, where
                assert not OURS.search(text), where
            elif cell.name:
                # with an empty text behind, an empty parameter is none and not 0
                assert text in (f"=param_{cell.name.parameter}", f'=param_{cell.name.parameter}&""'), where
            elif not item.block.missing and item.block.mode != "append":
                assert not is_number(head, cell), where


def test_a_spill_fills_its_block(made: Made) -> None:
    for item, sheet in placed(made):
        if item.block.spill and item.block.rows:
            head = behind(made, text_of(sheet, item.top + 1, item.left))
            assert OURS.search(head.value.text), item.block.key
            area = head.column, head.row, head.column + item.width - 1, head.row + item.height - 1
            assert range_boundaries(head.value.ref) == area, item.block.key
            for row, column, _, _ in item.cells():
                cell = behind(made, text_of(sheet, row, column))
                assert (cell.row - head.row, cell.column - head.column) == (row - item.top - 1, column - item.left)


def test_totals_are_asked_and_never_added_up(made: Made) -> None:
    for item, sheet in placed(made):
        for row, column, head, cell in item.cells():
            if not item.is_total(row):
                continue
            text = text_of(sheet, row, column)
            assert "SUM(" not in text.upper(), (item.sheet, row, column)
            assert "AVERAGE(" not in text.upper(), (item.sheet, row, column)
            if is_number(head, cell) and not item.block.spill and not cell.formula:
                assert OURS.search(text), (item.sheet, row, column)
            assert sheet.cell(row, column).font.bold, (item.sheet, row, column)


def test_open_periods_are_italic_and_closed_ones_are_not(made: Made) -> None:
    for item, sheet in placed(made):
        for row, column, _, cell in item.cells():
            if cell.call or cell.partial:
                assert bool(sheet.cell(row, column).font.italic) == cell.partial, (item.sheet, row, column)


def test_no_answer_is_no_number(made: Made) -> None:
    """Where the core has no number the file has none: no 0, and a formula that is blank until there is one."""
    values = made.shown(ROUTE)
    for item, sheet in placed(made):
        for row, column, _, cell in item.cells():
            if cell.value is not None:
                continue
            shown, text = values[item.sheet].cell(row, column).value, text_of(sheet, row, column)
            assert not isinstance(shown, int | float), (item.sheet, row, column, shown)
            if cell.call and shown in (None, ""):
                assert text.startswith("=IFERROR("), (item.sheet, row, column, text)


# --- charts ------------------------------------------------------------------------------------------------------------


def charts_of(made: Made) -> list[str]:
    return made.parts(ROUTE, r"xl/charts/chart\d+\.xml")


def wanted_charts(made: Made) -> int:
    """Those of blocks that have anything to draw."""
    blocks = [block for tab in made.report.tabs for block in tab.blocks]
    return sum(len(block.charts) for block in blocks if len(block.rows) > block.totals and not block.missing)


def test_charts_are_native_told_in_words_and_draw_something(made: Made) -> None:
    charts = charts_of(made)
    assert len(charts) == wanted_charts(made)
    frames = [
        text
        for drawing in made.parts(ROUTE, r"xl/drawings/drawing\d+\.xml")
        for text in re.findall(r"<xdr:cNvPr [^>]*>", drawing)
    ]
    assert len(frames) == len(charts)
    assert all(re.search(r'descr="[^"]{8,}"', frame) for frame in frames)
    for chart in charts:
        values = re.findall(r"<c:val>(.*?)</c:val>", chart, re.DOTALL)
        assert values
        assert any(re.search(r"<c:v>-?[\d.]+(E[-+]?\d+)?</c:v>", series) for series in values), chart[:400]


def test_charts_leave_totals_out(made: Made) -> None:
    for item, _ in placed(made):
        last = item.top + item.height - item.block.totals
        quoted = item.sheet.replace("'", "''")
        for chart in charts_of(made):
            for top, bottom in re.findall(
                rf"<c:f>'?{re.escape(quoted)}'?!\$[A-Z]+\$(\d+):\$[A-Z]+\$(\d+)</c:f>", chart
            ):
                if item.top < int(top) <= item.top + item.height:
                    assert (int(top), int(bottom)) == (item.top + 1, last), (item.sheet, item.block.key)


def test_all_reports_together_have_fifteen_charts(every: list[Made]) -> None:
    assert sum(len(charts_of(made)) for made in every) >= 15


def test_formulas_are_spelled_for_their_add_in(made: Made) -> None:
    for route, wrong in (("classic", "_xldudf_"), ("office", "(?<!_xldudf_)REVALIGN_[A-Z]")):
        for sheet in made.parts(route, r"xl/worksheets/sheet\d+\.xml"):  # type: ignore[arg-type]
            for formula in re.findall(r"<f\b[^>]*>([^<]*)</f>", sheet):
                assert not re.search(wrong, formula), formula
