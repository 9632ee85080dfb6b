"""What a layout says of rows and columns, in the workbook: records, hidden columns, links, rows of one snapshot."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from revalign_udf.layout import read, resolve
from revalign_udf.layout.model import Block, Cell, Column, Report, Tab
from revalign_udf.query import Query
from revalign_udf.workbook import build
from revalign_udf.workbook.verify import verify

LAYOUT = """
title = "Rows"
[[tab]]
key = "kept"
mode = "append"
[[tab.block]]
key = "months"
kind = "series"
from = "2026-06"
to = "THIS_MONTH"
metrics = ["mrr", "customers", { metric = "mrr", where = { segment = "small" } }]
[[tab.block.computed]]
key = "each"
unit = "money"
formula = "mrr / customers"
[[tab.block]]
key = "segments"
kind = "breakdown"
by = "segment"
period = "THIS_MONTH"
metrics = ["mrr"]
[[tab]]
key = "lists"
name = "Behind it"
[[tab.block]]
key = "paying"
kind = "records"
metric = "mrr"
period = "THIS_MONTH"
columns = ["name", "on", { key = "contribution", title = "MRR", unit = "money" }, { key = "table", hidden = true }]
"""


def one(columns: tuple[Column, ...], *rows: tuple[Cell, ...]) -> Report:
    block = Block("main", "Main", columns, rows, tuple(str(n) for n in range(len(rows))))
    return Report("r", "R", (Tab("tab", "Tab", (block,)),), "EUR", "s#1", "2026-01-31", "banner")


@pytest.fixture
def rows(published: Any, tmp_path: Path) -> tuple[Report, Path]:
    """The report on the newest snapshot of a real project, and its workbook."""
    (tmp_path / "layout.toml").write_text(LAYOUT, "utf-8")
    query = Query(published.door(None).root)
    try:
        report = resolve(read(tmp_path / "layout.toml"), query)
    finally:
        query.close()
    return report, build(report, tmp_path / "rows.xlsx")


def test_appended_rows_ask_the_snapshot_they_name(rows: tuple[Report, Path], published: Any) -> None:
    """Month and snapshot of a row stand in its cells, so it says the same after the next month is published."""
    _, path = rows
    sheet = openpyxl.load_workbook(path)["Kept"]
    assert [cell.value for cell in sheet[6]] == [
        "Snapshot",
        "As of",
        "Period",
        "MRR",
        "Customers",
        "MRR (small)",
        "Each",
    ]
    assert sheet["D7"].value == '=REVALIGN_METRIC("mrr",$C7,$B7)'
    assert sheet["F7"].value == '=REVALIGN_METRIC("mrr",$C7,$B7,"segment","small")'
    assert sheet["B7"].value == datetime(2026, 9, 30)  # noqa: DTZ001 - a cell knows no time zone
    assert {cell.value for cell in sheet["A"][6:10]} == {published.door(None).snapshot}
    checked = verify(path, published.door, now=datetime(2026, 11, 30, tzinfo=UTC))
    assert checked.sound
    assert len(checked.cells) >= 4 * 4 + 2


def test_records_add_up_to_the_number_they_stand_behind(rows: tuple[Report, Path], published: Any) -> None:
    report, path = rows
    block = report.tabs[1].blocks[0]
    assert [row[-1].value for row in block.rows] == [100, 250.10, 50]  # by the day each began
    assert 100 + 250.10 + 50 == published.door(None).metric("mrr", "2026-09").value == 400.10
    sheet = openpyxl.load_workbook(path)["Behind it"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "System")
    assert [cell.value for cell in head][:6] == ["System", "Record", "Component", "Name", "Date", "MRR"]
    values = openpyxl.load_workbook(path, data_only=True)["Behind it"]
    first = values[head[0].row + 1]
    assert [cell.value for cell in first][1:6] == ["1", "mrr", "a", datetime(2026, 1, 1), 100]  # noqa: DTZ001
    assert [cell.number_format for cell in first][4:6] == ["yyyy-mm-dd", "[$$-409]#,##0.00"]


def test_a_hidden_column_is_left_out_and_the_rest_moves_up(tmp_path: Path) -> None:
    columns = (Column("id", "Id", "text", hidden=True), Column("a", "A", "text"), Column("b", "B", "number"))
    path = build(one(columns, (Cell("7"), Cell("x"), Cell(2.0))), tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(path)["Tab"]
    assert [[cell.value for cell in row][:3] for row in sheet["A6:C7"]] == [["A", "B", None], ["x", 2, None]]


@pytest.mark.parametrize(
    ("key", "address", "linked"),
    [
        ("url", "https://crm.example/deal/7?a=b&c=d", True),
        ("url", "http://crm.example", True),
        ("url", "javascript:alert(1)", False),
        ("url", "file:///etc/passwd", False),
        ("url", "internal:'Tab'!A1", False),
        ("url", "=HYPERLINK(1)", False),
        ("url", "https://crm.example/" + "x" * 2100, False),
        ("name", "https://crm.example/deal/7", False),
        ("url", None, False),
    ],
)
def test_only_web_addresses_in_a_column_for_them_are_links(
    tmp_path: Path, key: str, address: str | None, linked: bool
) -> None:
    path = build(
        one((Column("n", "N", "text"), Column(key, "U", "text")), (Cell("x"), Cell(address))), tmp_path / "x.xlsx"
    )
    cell = openpyxl.load_workbook(path)["Tab"]["B7"]
    assert cell.value == address
    assert (cell.hyperlink is not None) == linked
    assert cell.data_type != "f"


def test_days_take_a_format_of_their_own_and_never_that_of_a_number(tmp_path: Path) -> None:
    day = Cell(date(2026, 9, 2))
    columns = (Column("a", "A", "date", format="d mmm yyyy"), Column("b", "B", "date"), Column("c", "C", "number"))
    sheet = openpyxl.load_workbook(build(one(columns, (day, day, day)), tmp_path / "x.xlsx"))["Tab"]
    assert [cell.number_format for cell in sheet[7]] == ["d mmm yyyy", "yyyy-mm-dd", "yyyy-mm-dd"]
