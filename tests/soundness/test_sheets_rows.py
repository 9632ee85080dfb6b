"""What a person writes beside a segment once moved to another segment's row: rows were told apart by their first cell."""

from collections.abc import Iterator

import pytest

from revalign_udf.layout.model import Block, Cell, Column, Report, Tab
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, SheetTarget, open_spreadsheet, sync_report


def segments(period: str, **mrr: float) -> Report:
    columns = (Column("period", "Period", "text"), Column("segment", "Segment", "text"), Column("mrr", "MRR", "money"))
    rows = tuple((Cell(period), Cell(name), Cell(value)) for name, value in mrr.items())
    block = Block("segments", "By segment", columns, rows, tuple(f"{period}|{name}" for name in mrr), lead=2)
    return Report("board", "Board", (Tab("main", "Main", (block,)),), "EUR", "s1", "2026-10-31", "As of 2026-10-31")


@pytest.fixture
def server() -> Iterator[LocalSheets]:
    with LocalSheets() as local:
        yield local


@pytest.fixture
def client(server: LocalSheets) -> Iterator[GoogleSpreadsheet]:
    target = SheetTarget("team", server.create("Board"), server.key_file, server.base_url)
    with open_spreadsheet(target) as found:
        yield found


def beside(server: LocalSheets, client: GoogleSpreadsheet) -> dict[object, object]:
    rows = server.book(client.key).grid("Main")
    return {row[1]: row[4] for row in rows[4:] if row[1] and len(row) > 4}


def test_a_remark_stays_with_its_segment(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, segments("2026-09", Mid=10.0, SMB=20.0))
    tab = server.book(client.key).sheet("Main").id
    cell = {"userEnteredValue": {"stringValue": "Bob asks"}}
    start = {"sheetId": tab, "rowIndex": 5, "columnIndex": 4}
    write = {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}
    client.batch_update([{"updateCells": write}])
    assert beside(server, client) == {"Mid": None, "SMB": "Bob asks"}
    # a segment comes in between, then the month turns
    sync_report(client, segments("2026-09", Enterprise=5.0, Mid=10.0, SMB=20.0))
    assert beside(server, client) == {"Enterprise": None, "Mid": None, "SMB": "Bob asks"}
    sync_report(client, segments("2026-10", Enterprise=5.0, Mid=11.0, SMB=21.0))
    assert beside(server, client) == {"Enterprise": None, "Mid": None, "SMB": "Bob asks"}
    assert server.book(client.key).grid("Main")[6][:3] == ["2026-10", "SMB", 21.0]
