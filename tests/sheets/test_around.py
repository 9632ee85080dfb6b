"""Proving, taking back, asking for fresh numbers, and the country of the spreadsheet."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import NoData
from revalign_udf.layout.model import Cell, Tab
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import (
    GoogleSpreadsheet,
    Options,
    make_plan,
    sync_report,
    ticked,
    undo_plan,
    untick,
    verify_report,
)
from revalign_udf.sheets.memory import load_kept, save_kept
from revalign_udf.sheets.plan import apply, make_tabs

from .conftest import BRIDGE, Opener, bridge, customers, report
from .test_sync import FREELY, put, rows


def tab_of(server: LocalSheets, client: GoogleSpreadsheet) -> int:
    return server.book(client.key).sheet("Overview").id


# --- verify ----------------------------------------------------------------------------------------------------------


def test_verify_compares_every_cell_by_record(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    found = verify_report(client, report())
    assert (found.ok, found.compared) == (True, 3 * 5 + 2 * 3 + 1 * 2)
    tab = tab_of(server, client)
    client.batch_update([{"insertDimension": {"range": rows(tab, 1, 3)}}, put(tab, 6, 1, "1000")])
    [wrong] = verify_report(client, report()).differences
    assert (wrong.tab, wrong.cell, wrong.row, wrong.column) == ("Overview", "B7", "2026-01", "Opening MRR")
    assert (wrong.sheet, wrong.engine) == ("1000", "1000")


def test_verify_names_rows_columns_and_blocks_that_are_missing(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(bridge()))
    tab = tab_of(server, client)
    client.batch_update([{"deleteDimension": {"range": rows(tab, 5, 6)}}, put(tab, 3, 4, "mine")])
    found = verify_report(client, report())
    kinds = {item.kind for item in found.differences}
    assert kinds == {"column", "block"}
    client.batch_update([put(tab, 3, 4, "NRR")])
    assert [item.row for item in verify_report(client, report(bridge())).differences] == ["2026-02"]


def test_verify_sees_the_last_digit(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    off = report(bridge(BRIDGE | {"2026-01": (1000.0000000000001, 250.5, 1.02)}), customers("Ada", "Bob"))
    assert [item.cell for item in verify_report(client, off).differences] == ["B5"]


# --- undo ------------------------------------------------------------------------------------------------------------


def test_undo_brings_back_the_block_with_what_stood_beside(
    server: LocalSheets, client: GoogleSpreadsheet, tmp_path: Path
) -> None:
    sync_report(client, report())
    tab = tab_of(server, client)
    client.batch_update([put(tab, 4, 6, "on January")])
    before = server.book(client.key).grid("Overview")
    later = {"2026-01": (1.0, 2.0, 0.5), "2026-03": BRIDGE["2026-03"], "2026-04": (5.0, 6.0, 0.5)}
    plan = sync_report(client, report(bridge(later), customers("Bob", "Cyd")), FREELY)
    assert server.book(client.key).grid("Overview") != before
    save_kept(tmp_path, "team", client.key, "06:00", plan.before)
    kept = load_kept(tmp_path, "team", client.key)
    assert kept is not None
    apply(client, undo_plan(client, "saas_metrics", kept[1], Options(stamp="now")))
    grid = server.book(client.key).grid("Overview")
    assert grid == before
    assert server.book(client.key).sheet("Overview").cell(5, 3).formula == "=B6+C6"


def test_undo_without_a_block_says_where_else_to_look(client: GoogleSpreadsheet) -> None:
    with pytest.raises(NoData, match="None of the blocks"):
        undo_plan(client, "saas_metrics", (), Options())


# --- the refresh box -------------------------------------------------------------------------------------------------


def test_a_ticked_box_is_found_wherever_it_was_moved_and_unticked(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    assert ticked(client) == ()
    sync_report(client, report())
    assert ticked(client) == ()
    tab = tab_of(server, client)
    renamed = {"properties": {"sheetId": tab, "title": "It's ours"}, "fields": "title"}
    start = {"sheetId": tab, "rowIndex": 2, "columnIndex": 1}
    tick = {"rows": [{"values": [{"userEnteredValue": {"boolValue": True}}]}], "fields": "userEnteredValue"}
    client.batch_update(
        [
            {"updateSheetProperties": renamed},
            {"insertDimension": {"range": rows(tab, 0, 1)}},
            {"insertDimension": {"range": rows(tab, 0, 1, "COLUMNS")}},
            {"updateCells": {"start": start, **tick}},
        ]
    )
    [found] = ticked(client)
    assert (found.tab, found.cell) == ("It's ours", "B3")
    untick(client, [found])
    assert ticked(client) == ()
    client.batch_update([{"updateCells": {"start": start, **tick}}])
    sync_report(client, report())  # a sync is what was asked for
    assert ticked(client) == ()


# --- the country -----------------------------------------------------------------------------------------------------


def test_formulas_take_the_marks_of_the_country(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    client.batch_update([{"updateSpreadsheetProperties": {"properties": {"locale": "de_DE"}, "fields": "locale"}}])
    block = bridge()
    capped = replace(
        block,
        rows=tuple(
            (*row[:3], Cell(min(row[1].value, 1100.5), formula="min(opening_mrr, 1100.5)"), row[4])  # type: ignore[type-var]
            for row in block.rows
        ),
    )
    sync_report(client, report(capped))
    cell = server.book(client.key).sheet("Overview").cell(4, 3)
    assert (cell.formula, cell.value, cell.error) == ("=MIN(B5;1100,5)", 1000.0, "")
    assert make_plan(client, report(capped)).empty
    assert verify_report(client, report(capped)).ok


# --- first steps, parts of a report, rows not final yet --------------------------------------------------------------


def test_tabs_made_before_the_first_sync_are_filled_by_it(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    wanted = report()
    assert make_tabs(client, wanted.key, [*wanted.tabs, Tab("definitions", "Definitions", ())]) == (
        *("Overview", "Definitions"),
    )
    assert make_tabs(client, wanted.key, wanted.tabs) == ()
    assert server.book(client.key).grid("Overview")[0][0].startswith("Waiting for the first sync")  # type: ignore[union-attr]
    sync_report(client, wanted)
    assert [sheet.title for sheet in server.book(client.key).sheets] == ["Sheet1", "Overview", "Definitions"]
    assert server.book(client.key).grid("Overview")[2][0] == "MRR bridge"
    assert make_plan(client, wanted).empty


def test_only_the_tabs_asked_for(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    wanted = replace(report(), tabs=(*report().tabs, Tab("more", "More", (customers("Eve"),))))
    sync_report(client, wanted, Options(tabs=("more",)))
    assert [sheet.title for sheet in server.book(client.key).sheets] == ["Sheet1", "More", "Definitions"]


def test_rows_that_are_not_final_stand_in_italics_until_they_are(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    def month(*, partial: bool) -> Any:
        block = bridge()
        last = tuple(replace(cell, partial=partial) for cell in block.rows[-1])
        return report(replace(block, rows=(*block.rows[:-1], last)))

    def italics() -> list[bool]:
        sheet = server.book(client.key).sheet("Overview")
        return [bool(sheet.cell(row, 1).format.get("textFormat", {}).get("italic")) for row in range(4, 7)]

    sync_report(client, month(partial=True))
    assert italics() == [False, False, True]
    assert make_plan(client, month(partial=True)).empty
    sync_report(client, month(partial=False))
    assert italics() == [False, False, False]


def test_a_table_that_cannot_be_answered_leaves_what_stands(client: GoogleSpreadsheet, opener: Opener) -> None:
    sync_report(client, report())
    blank = customers("REV-204 no data")
    missing = replace(blank, columns=blank.columns[:1], rows=((Cell("REV-204"),),), keys=("x",), missing="REV-204")
    plan = make_plan(client, report(bridge(), missing))
    assert plan.empty
    assert any("left as it stands" in word for word in plan.tabs[0].structure)
