"""Workbooks: what a cell is, not what it shows; errors, merges, hidden sheets and both date systems."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from revalign_csv import CsvConnector
from revalign_csv.cells import letters
from revalign_udf.connector import Context, Message, Rejected, Rows
from revalign_udf.errors import Fatal

HEAD = ["id", "org_id", "ordered_at", "amount"]
Fill = Callable[[Any, Mapping[str, Any]], None]


def book(
    path: Path, fill: Fill, *, sheets: tuple[str, ...] = ("Orders",), hidden: tuple[str, ...] = (), **options: Any
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = xlsxwriter.Workbook(path, options)
    looks = {
        "day": made.add_format({"num_format": "dd.mm.yyyy"}),
        "time": made.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        "percent": made.add_format({"num_format": "0%"}),
        "euro": made.add_format({"num_format": "#,##0.00 [$€]"}),
    }
    for name in sheets:
        sheet = made.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        fill(sheet, looks)
    if sheets[0] in hidden and len(hidden) < len(sheets):
        next(sheet for sheet in made.worksheets() if sheet.name not in hidden).activate()
    made.close()
    return path


def plain(*rows: list[Any]) -> Fill:
    def fill(sheet: Any, looks: Mapping[str, Any]) -> None:
        for at, row in enumerate([HEAD, *rows]):
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(at, column, value, looks["time"])
                elif isinstance(value, date):
                    sheet.write_datetime(at, column, value, looks["day"])
                elif value is not None:
                    sheet.write(at, column, value)

    return fill


def pull(path: Path, mapping: Any = None, **settings: Any) -> list[Message]:
    connector = CsvConnector()
    given = {"path": str(path), **({"mapping": mapping} if mapping is not None else {}), **settings}
    ctx = Context("shop", given, project=path.parent)
    return [message for stream in connector.discover(ctx) for message in connector.read(ctx, stream, {})]


def rows(messages: list[Message]) -> list[dict[str, Any]]:
    return [
        dict(zip(message.columns, values, strict=True))
        for message in messages
        if isinstance(message, Rows)
        for values in zip(*message.columns.values(), strict=True)
    ]


def rejected(messages: list[Message]) -> list[tuple[int, str, str]]:
    return [(m.line, m.column, m.reason) for m in messages if isinstance(m, Rejected)]


ORDERS = {"table": "sales_order"}


@pytest.mark.parametrize("date_1904", [False, True])
def test_cells_are_what_they_are_in_both_date_systems(tmp_path: Path, date_1904: bool) -> None:
    def fill(sheet: Any, looks: Mapping[str, Any]) -> None:
        sheet.write_row(0, 0, [*HEAD, "Share", "Paid", "Local", "Span", "Hour", "Sum", "Long"])
        sheet.write_row(1, 0, [1001, "c1"])
        sheet.write_datetime(1, 2, datetime(2026, 3, 1, 10, 30, 15), looks["time"])  # noqa: DTZ001
        sheet.write_number(1, 3, 1234.1, looks["euro"])
        sheet.write_number(1, 4, 0.05, looks["percent"])
        sheet.write_boolean(1, 5, True)
        sheet.write_datetime(1, 6, date(2026, 3, 1), looks["day"])
        sheet.write_datetime(1, 7, timedelta(hours=36), looks["time"])
        sheet.write_datetime(1, 8, time(9, 30), looks["time"])
        sheet.write_formula(1, 9, "=D2*2", None, 2468.2)
        sheet.write_number(1, 10, 123456789012345)

    path = book(tmp_path / "a.xlsx", fill, date_1904=date_1904)
    (row,) = rows(pull(path, ORDERS))
    assert (row["id"], row["ordered_at"], row["amount"]) == ("1001", "2026-03-01T10:30:15", "1234.1")
    shown = {'"Share":"0.05"', '"Paid":"true"', '"Local":"2026-03-01"', '"Sum":"2468.2"', '"Long":"123456789012345"'}
    assert all(text in row["attrs"] for text in shown), row["attrs"]


def test_a_workbook_named_like_a_table_needs_no_mapping(tmp_path: Path) -> None:
    book(tmp_path / "data" / "sales_order.xlsx", plain(["o1", "c1", date(2026, 3, 1), 5]))
    (row,) = rows(pull(tmp_path / "data"))
    assert row == {"id": "o1", "org_id": "c1", "ordered_at": "2026-03-01", "amount": "5"}


def test_errors_in_cells_reject_their_row_by_address_and_are_never_blanks(tmp_path: Path) -> None:
    def fill(sheet: Any, looks: Mapping[str, Any]) -> None:
        sheet.write_row(0, 0, [*HEAD, "quantity", "Note"])
        for at, key in enumerate(("o1", "o2", "o3"), 1):
            sheet.write_row(at, 0, [key, "c1", "2026-03-01", 5, 1])
        sheet.write_formula(1, 4, "=NA()", None, "#N/A")
        sheet.write_formula(2, 3, "=1/0", None, "#DIV/0!")
        sheet.write_formula(3, 5, "=NA()", None, "#N/A")

    messages = pull(book(tmp_path / "a.xlsx", fill), ORDERS)
    assert rejected(messages) == [(2, "quantity", "E2 shows #N/A"), (3, "amount", "D3 shows #DIV/0!")]
    (row,) = rows(messages)
    assert (row["id"], row["attrs"]) == ("o3", '{"Note":"#N/A"}')


def test_sheets_are_chosen_by_name_then_by_table_then_the_first_that_is_not_hidden(tmp_path: Path) -> None:
    def fill(sheet: Any, _: Mapping[str, Any]) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, [sheet.name, "c1", "2026-03-01", 5])

    several = book(tmp_path / "a.xlsx", fill, sheets=("Old", "Now", "Plan"), hidden=("Old",))
    assert rows(pull(several, ORDERS))[0]["id"] == "Now"
    assert rows(pull(several, {**ORDERS, "sheet": "Old"}))[0]["id"] == "Old"
    assert rows(pull(book(tmp_path / "b.xlsx", fill, sheets=("Now", "sales_order")), ORDERS))[0]["id"] == "sales_order"
    with pytest.raises(Fatal, match=r"has no sheet 'Paln'\. Did you mean 'Plan'") as caught:
        pull(several, {**ORDERS, "sheet": "Paln"})
    assert caught.value.code == "REV-501"


def test_several_sheets_of_one_workbook_fill_several_tables(tmp_path: Path) -> None:
    def fill(sheet: Any, _: Mapping[str, Any]) -> None:
        sheet.write_row(0, 0, ["id", "name"])
        sheet.write_row(1, 0, [sheet.name, "x"])

    path = book(tmp_path / "a.xlsx", fill, sheets=("Teams", "Products", "More"))
    mapping = {
        "a.xlsx": [
            {"table": "team", "sheet": "Teams"},
            {"table": "product", "sheet": "Products"},
            {"table": "product", "sheet": "More"},
        ]
    }
    messages = pull(path, mapping)
    assert [(m.table, m.scope, m.columns["id"]) for m in messages if isinstance(m, Rows)] == [
        ("team", "a.xlsx", ("Teams",)),
        ("product", "a.xlsx", ("Products",)),
        ("product", "a.xlsx#2", ("More",)),
    ]


def test_a_header_further_down_blank_rows_and_line_numbers(tmp_path: Path) -> None:
    def fill(sheet: Any, _: Mapping[str, Any]) -> None:
        sheet.write(0, 0, "Orders of 2026")
        sheet.write_row(2, 0, HEAD)
        sheet.write_row(3, 0, ["o1", "c1", "2026-03-01", 5])
        sheet.write_row(6, 0, ["o2", "c1", "2026-03-01", 5])
        sheet.write(7, 6, "see above")

    messages = pull(book(tmp_path / "a.xlsx", fill), {**ORDERS, "header_row": 3})
    assert [list(m.lines) for m in messages if isinstance(m, Rows)] == [[4, 7]]
    assert rejected(messages) == [(8, "", "G8 has a value in a column without a name")]


def test_a_cell_swallowed_by_a_merge_is_said_not_read_as_blank(tmp_path: Path) -> None:
    def fill(sheet: Any, _: Mapping[str, Any]) -> None:
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["o1", None, "2026-03-01", 5])
        sheet.write_row(2, 0, ["o2", None, "2026-03-01", 5])
        sheet.merge_range(1, 1, 2, 1, "c1")

    messages = pull(book(tmp_path / "a.xlsx", fill), ORDERS)
    assert [row["id"] for row in rows(messages)] == ["o1"]
    assert rejected(messages) == [(3, "org_id", "B3 is inside merged cells, of which only the first has a value")]


def test_text_cells_follow_the_marks_and_formats_typed_cells_need_none(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx",
        plain(
            ["o1", "c1", date(2026, 3, 1), 1234.5],
            ["o2", "c1", "01.03.2026", "1.234,50"],
            ["o3", "c1", "2026-03-01", 5],
            ["o4", "c1", datetime(2026, 3, 1, 12), "1.5"],  # noqa: DTZ001
        ),
    )
    messages = pull(
        path, {**ORDERS, "decimal": ",", "thousands": ".", "date_format": "%d.%m.%Y", "time_zone": "Europe/Berlin"}
    )
    assert [(row["ordered_at"], row["amount"]) for row in rows(messages)] == [
        ("2026-03-01", "1234.5"), ("2026-03-01", "1234.50"),
    ]  # fmt: skip
    assert [(line, column) for line, column, _ in rejected(messages)] == [(4, "ordered_at"), (5, "amount")]


def test_an_open_document_sheet_and_its_errors(tmp_path: Path) -> None:
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>' for name in HEAD
    )
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    number = '<table:table-cell office:value-type="float" office:value="{}"><text:p>x</text:p></table:table-cell>'
    day = '<table:table-cell office:value-type="date" office:date-value="2026-03-01"><text:p>x</text:p></table:table-cell>'
    error = ('<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value=""'
             ' calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>')  # fmt: skip
    rows_ = [
        f"<table:table-row>{cells}</table:table-row>",
        f"<table:table-row>{text.format('o1')}{text.format('c1')}{day}{number.format('19.99')}</table:table-row>",
        '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="4"/></table:table-row>',
        f"<table:table-row>{text.format('o2')}{text.format('c1')}{day}{error}</table:table-row>",
    ]
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names} xmlns:calcext="urn:org:documentfoundation:names:experimental:'
        f'calc:xmlns:calcext:1.0" office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Orders">'
        f"{''.join(rows_)}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:'
                         'tc:opendocument:xmlns:manifest:1.0"/>')  # fmt: skip
    messages = pull(path, ORDERS)
    assert rows(messages) == [{"id": "o1", "org_id": "c1", "ordered_at": "2026-03-01", "amount": "19.99"}]
    assert rejected(messages) == [(6, "amount", "D6 shows #N/A")]


@pytest.mark.parametrize(
    ("content", "wanted"), [(b"no workbook", "cannot be read as a workbook"), (b"", "cannot be read as a workbook")]
)
def test_what_is_no_workbook_is_said(tmp_path: Path, content: bytes, wanted: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(Fatal, match=wanted) as caught:
        pull(path, ORDERS)
    assert caught.value.code == "REV-503"


def test_headers_of_workbooks_that_cannot_be_used(tmp_path: Path) -> None:
    twice = book(tmp_path / "a.xlsx", lambda sheet, _: sheet.write_row(0, 0, ["id", "id"]))
    with pytest.raises(Fatal, match="columns of the same name: id"):
        pull(twice, ORDERS)
    with pytest.raises(Fatal, match=r"Row 2 of the sheet 'Orders' in a\.xlsx is empty"):
        pull(twice, {**ORDERS, "header_row": 2})
    hidden = book(tmp_path / "b.xlsx", plain(), sheets=("One",))
    with zipfile.ZipFile(hidden) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'sheetId="1"', b'sheetId="1" state="hidden"')
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    hidden.write_bytes(buffer.getvalue())
    with pytest.raises(Fatal, match=r"Every sheet of b\.xlsx is hidden"):
        pull(hidden, ORDERS)


def test_names_of_columns() -> None:
    assert [letters(number) for number in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
