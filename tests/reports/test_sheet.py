"""The same layouts on a Google Sheet: cell for cell what the workbook holds, and as many charts."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from reportbooks import ROUTES, Made

from revalign_udf.layout.model import Block, Cell
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import SheetTarget, make_plan, open_spreadsheet, read_values, sync_report

ROUTE = ROUTES[-1]
_DAY_ZERO = date(1899, 12, 30)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSheets]:
    with LocalSheets() as found:
        yield found


def synced(server: LocalSheets, made: Made) -> tuple[str, SheetTarget]:
    key = server.create(made.report.title)
    return key, SheetTarget(made.key, key, server.key_file, server.base_url)


def serial(value: object) -> object:
    """A value as the API tells it: days are counted, an empty text is a blank."""
    if isinstance(value, date):
        return (value - _DAY_ZERO).days
    return None if value == "" else value


def test_the_sheet_holds_what_the_workbook_holds(chosen: Made, server: LocalSheets) -> None:
    report, values = chosen.report, chosen.values(ROUTE)
    key, target = synced(server, chosen)
    with open_spreadsheet(target) as client:
        sync_report(client, report)
        seen = 0
        for item in chosen.placed(ROUTE):
            block = next(block for block in item.tab.blocks if block.key == item.block.key)
            rows = read_values(client, f"{report.key}/{item.tab.key}/{block.key}")
            assert len(rows) == len(block.rows), block.key
            kept = [number for number, column in enumerate(block.columns) if not column.hidden]
            for down, (line, cells) in enumerate(zip(rows, item.block.rows, strict=True)):
                there = [line[number] for number in kept]
                here = values[item.sheet][item.top + down][item.left - 1 :]
                for cell, one, other in zip(cells, there, here, strict=False):
                    assert same(cell, one, other), (item.sheet, block.key, down, cell, one, other)
                    seen += 1
        assert seen
        assert make_plan(client, report).empty
    charts = sum(len(sheet.charts) for sheet in server.book(key).sheets)
    assert charts == sum(len(block.charts) for tab in report.tabs for block in tab.blocks if drawn(block))


def drawn(block: Block) -> bool:
    return len(block.rows) > block.totals and not block.missing


def same(cell: Cell, sheet: Any, book: Any) -> bool:
    """Whether both surfaces show the same, a number to the last bit."""
    if cell.value is None:
        # the sheet leaves a blank where the formula of the workbook answers an error
        return sheet is None and book in ("", cell.status)
    return bool(sheet == serial(book) == serial(cell.value)) and type(sheet) is not bool
