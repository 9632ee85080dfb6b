"""Addresses in text cells: links people can click, with the address as the value, as it is in the source."""

from typing import Any

import pytest

from revalign_udf.layout.model import Block, Cell, Column, Report
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, Options, make_plan, sync_report, undo
from revalign_udf.sheets.links import MOST, address
from revalign_udf.sheets.memory import Memory

from .conftest import report

FREELY = Options(allow_deletes=True)


def deals(**addresses: Any) -> Report:
    columns = (Column("deal", "Deal", "text"), Column("url", "Address", "text"), Column("amount", "Amount", "money"))
    rows = tuple((Cell(name), Cell(url), Cell(10.0)) for name, url in addresses.items())
    return report(Block("deals", "Deals", columns, rows, tuple(addresses)))


def linked(server: LocalSheets, client: GoogleSpreadsheet) -> dict[Any, Any]:
    """By deal: where its address cell leads, checked against what it says."""
    sheet = server.book(client.key).sheet("Overview")
    found = {}
    for row in range(4, sheet.extent()[0]):
        cell = sheet.cell(row, 1)
        look = cell.format.get("textFormat", {})
        link = look.get("link", {}).get("uri")
        assert link in {None, cell.value}, (link, cell.value)
        assert not cell.formula
        found[sheet.cell(row, 0).value] = link
    return found


def test_an_address_is_a_link_and_stays_the_value(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    made = deals(a="https://crm.example/deals/1?x=1&y=2#z", b="http://crm.example/2", c=None, d="no address")
    sync_report(client, made)
    assert linked(server, client) == {
        "a": "https://crm.example/deals/1?x=1&y=2#z", "b": "http://crm.example/2", "c": None, "d": None,
    }  # fmt: skip
    assert make_plan(client, made).empty


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "ftp://crm.example/1", "mailto:a@crm.example", "see https://crm.example", "https://",
        "https://crm.example/a b", 'https://crm.example/"', "https://crm.example/\n", '=HYPERLINK("https://crm.example")',
        "//crm.example", " https://crm.example", "data:text/html,https://crm.example",
    ],
)  # fmt: skip
def test_nothing_else_is_a_link(text: str) -> None:
    assert not address({"stringValue": text})
    assert not address({"formulaValue": "https://crm.example"})


def test_links_follow_their_records(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    def url(name: str, version: int = 1) -> str:
        return f"https://crm.example/{name}/{version}"

    reports = [
        deals(a=url("a"), b=url("b"), c=url("c")),
        deals(c=url("c"), x=url("x"), b=url("b", 2)),  # gone, new in place of another, changed
        deals(c="lost", x=None, b=url("b", 2)),
        deals(c=url("c"), x=url("x"), b=url("b"), d="none"),
    ]
    for made in reports:
        sync_report(client, made, FREELY)
        want = {row[0].value: str(row[1].value) for row in made.tabs[0].blocks[0].rows}
        assert linked(server, client) == {
            name: text if text.startswith("https") else None for name, text in want.items()
        }
        assert make_plan(client, made).empty
    cell = server.book(client.key).sheet("Overview").cell(7, 1)
    assert "foregroundColorStyle" not in cell.format.get("textFormat", {})


def test_addresses_of_an_older_sheet_become_links_once(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    made = deals(a="https://crm.example/1", b="https://crm.example/2")
    sync_report(client, made)
    sheet = server.book(client.key).sheet("Overview")
    rows = {"sheetId": sheet.id, "startRowIndex": 4, "endRowIndex": 6, "startColumnIndex": 1, "endColumnIndex": 2}
    client.batch_update([{"repeatCell": {"range": rows, "cell": {}, "fields": "userEnteredFormat.textFormat"}}])
    assert make_plan(client, made).empty  # a person took the links away
    for item in server.book(client.key).metadata:  # as an older version wrote it
        item["metadataValue"] = str(item["metadataValue"]).replace('"links": ["url"], ', "")
    plan = sync_report(client, made)
    assert not plan.conflict
    assert linked(server, client) == {"a": "https://crm.example/1", "b": "https://crm.example/2"}
    assert make_plan(client, made).empty


def test_an_undo_takes_the_links_along(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    first, second = (
        deals(a="https://crm.example/1", b="none"),
        deals(a="https://crm.example/9", b="https://crm.example/8"),
    )
    memory = Memory()
    sync_report(client, first, Options(memory=memory))
    plan = make_plan(client, second, Options(memory=memory))
    sync_report(client, second, Options(memory=memory))
    back = undo.undo_plan(client, "saas_metrics", plan.before, Options(memory=memory))
    for call in back.sends:
        client.batch_update(call.requests)  # type: ignore[union-attr]
    assert linked(server, client) == {"a": "https://crm.example/1", "b": None}


def test_more_addresses_than_one_call_carries_stay_text(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    many = {f"d{at}": f"https://crm.example/{at}" for at in range(MOST + 1)}
    sync_report(client, deals(**many))
    assert set(linked(server, client).values()) == {None}
    assert make_plan(client, deals(**many)).empty
