"""Plan, apply, and what happens when people or crashes come between."""

import json
from dataclasses import replace
from typing import Any

import pytest

from revalign_udf.errors import Retriable, SurfaceError, UnknownName
from revalign_udf.layout.model import Cell, Column, Report
from revalign_udf.localsheets import Book, LocalSheets
from revalign_udf.sheets import (
    AmbiguousWrite,
    GoogleSpreadsheet,
    Options,
    Retry,
    apply,
    make_plan,
    read_values,
    sync_report,
)
from revalign_udf.sheets.banner import BOX_LABEL
from revalign_udf.sheets.packing import Batch
from revalign_udf.sheets.update import GONE_TITLE

from .conftest import BRIDGE, QUICK, Opener, bridge, customers, report

FREELY = Options(allow_deletes=True)


def state(book: Book) -> dict[str, Any]:
    """Everything a person could see, and our marks."""
    return {
        "tabs": [
            (sheet.title, sheet.rows, sheet.columns, sheet.cells, sheet.charts, sheet.grid, sheet.column_properties)
            for sheet in book.sheets
        ],
        "named": book.named,
        "protected": book.protected,
        "metadata": book.metadata,
    }


def test_first_sync_writes_the_report(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    plan = sync_report(client, report())
    assert (plan.calls, plan.tabs[0].inserted, plan.tabs[0].structure[0]) == (1, 5, 'new tab "Overview"')
    assert plan.bytes == server.writes()[0].request_bytes
    book = server.book(client.key)
    assert [sheet.title for sheet in book.sheets] == ["Sheet1", "Overview", "Definitions"]
    assert book.grid("Overview") == [
        ["Updated 2026-04-01 06:00 CET · all 4 sources fresh", None, None, None, None],
        [False, BOX_LABEL, None, None, None],
        ["MRR bridge", None, None, None, None],
        ["Month", "Opening MRR", "New", "Closing MRR", "NRR"],
        ["2026-01", 1000.0, 250.5, 1250.5, 1.02],
        ["2026-02", 1250.5, 100.25, 1350.75, 0.987],
        ["2026-03", 1350.75, 0.1, 1350.85, None],
        [None] * 5,
        ["Customers", None, None, None, None],
        ["Customer", "MRR", "Live", None, None],
        ["Ada", 100, True, None, None],
        ["Bob", 101, True, None, None],
    ]
    sheet = book.sheet("Overview")
    assert sheet.grid["frozenRowCount"] == 1
    assert sheet.cell(3, 1).note == "MRR at the start of the month. v1 · Finance"
    assert sheet.cell(4, 1).format["numberFormat"] == {"type": "CURRENCY", "pattern": "[$€-2]#,##0"}
    assert sheet.cell(4, 4).format["numberFormat"]["pattern"] == "0.0%"
    assert sheet.cell(5, 3).formula == "=B6+C6"
    assert all(item["warningOnly"] for item in book.protected)
    [chart] = sheet.charts
    assert chart["position"]["overlayPosition"]["anchorCell"] == {
        "sheetId": sheet.id,
        "rowIndex": 2,
        "columnIndex": 6,
    }
    assert [item["name"] for item in book.named][:2] == ["rv_overview_bridge_0ff7", "rv_overview_customers_247d"]


def test_a_second_plan_is_empty_and_writes_nothing(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    server.calls.clear()
    plan = make_plan(client, report())
    assert plan.empty
    assert [(tab.unchanged, tab.inserted, tab.updated, tab.removed) for tab in plan.tabs] == [
        (5, 0, 0, 0),
        (1, 0, 0, 0),
    ]
    assert sync_report(client, report()).empty
    assert server.writes() == []
    assert len(server.calls) == 4  # two reads each


def test_apply_sends_exactly_the_plan(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    plan = make_plan(client, report())
    assert server.writes() == []
    apply(client, plan)
    [write] = server.writes()
    [send] = plan.sends
    assert isinstance(send, Batch)
    assert write.kinds == tuple(next(iter(request)) for request in send.requests)
    assert write.request_bytes == plan.bytes
    assert json.loads(json.dumps(plan.as_json()))["calls"] == 1


def test_one_changed_cell_is_one_small_write(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    server.calls.clear()
    plan = sync_report(client, report(bridge(BRIDGE | {"2026-02": (1250.5, 100.25, 0.99)}), customers("Ada", "Bob")))
    assert (plan.tabs[0].updated, plan.tabs[0].unchanged) == (1, 4)
    [write] = server.writes()
    assert write.kinds == ("createDeveloperMetadata", "deleteDeveloperMetadata", "updateCells")
    assert write.request_bytes < 600
    assert server.book(client.key).grid("Overview")[5][4] == 0.99


def test_rows_come_and_go_with_their_record(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    rows = {key: BRIDGE[key] for key in ("2026-02", "2026-03")} | {"2026-04": (5.0, 6.0, 0.5), "2026-05": (1.0, 2.0, 1)}
    later = report(bridge(rows), customers("Bob", "Cyd", "Ada"))
    plan = sync_report(client, later)
    assert (plan.tabs[0].inserted, plan.tabs[0].removed) == (3, 1)
    grid = server.book(client.key).grid("Overview")
    assert [row[0] for row in grid[3:]] == [
        *("Month", "2026-02", "2026-03", "2026-04", "2026-05", None),
        *("Customers", "Customer", "Bob", "Cyd", "Ada"),
    ]
    assert [row[3] for row in grid[4:8]] == [1350.75, 1350.85, 11.0, 3.0]
    sheet = server.book(client.key).sheet("Overview")
    assert sheet.cell(7, 3).formula == "=B8+C8"
    assert sheet.cell(7, 4).format["numberFormat"]["pattern"] == "0.0%"
    sources = sheet.charts[0]["spec"]["basicChart"]["domains"][0]["domain"]["sourceRange"]["sources"]
    assert (sources[0]["startRowIndex"], sources[0]["endRowIndex"]) == (3, 8)
    assert make_plan(client, later).empty
    sync_report(client, report(), FREELY)
    assert make_plan(client, report()).empty
    assert read_values(client, "bridge")[0] == ["2026-01", 1000, 250.5, 1250.5, 1.02]


def test_down_to_no_rows_and_back(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    full, empty = report(), report(bridge({}), customers())
    sync_report(client, full)
    before = server.book(client.key).grid("Overview")
    sync_report(client, empty, FREELY)
    assert make_plan(client, empty).empty
    assert read_values(client, "bridge") == []
    sync_report(client, full)
    assert server.book(client.key).grid("Overview") == before
    sheet = server.book(client.key).sheet("Overview")
    assert "textFormat" not in sheet.cell(4, 1).format
    assert sheet.cell(4, 1).format["numberFormat"]["type"] == "CURRENCY"
    assert make_plan(client, full).empty


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", '=HYPERLINK("http://e")', "007", "TRUE", "2026-01-01", "'x"]
)
def test_text_stays_text(server: LocalSheets, client: GoogleSpreadsheet, text: str) -> None:
    sync_report(client, report(customers(text, "Bob")))
    cell = server.book(client.key).sheet("Overview").cell(4, 0)
    assert (cell.value, cell.formula) == (text, "")
    assert read_values(client, "customers")[0][0] == text
    assert make_plan(client, report(customers(text, "Bob"))).empty


def test_formula_cells_hold_the_cached_value(client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    found = [row[3] for row in read_values(client, "saas_metrics/overview/bridge")]
    assert found == [row[3].value for row in bridge().rows]


def test_values_read_back_to_the_last_digit(client: GoogleSpreadsheet) -> None:
    numbers = [0.1 + 0.2, 1 / 3, 1e-17, 123456789.12345679, -5e300, 2**53 - 1]
    rows = {str(at): (number, 0, number) for at, number in enumerate(numbers)}
    sync_report(client, report(bridge(rows)))
    assert [row[1] for row in read_values(client, "bridge")] == numbers
    with pytest.raises(UnknownName, match="Did you mean"):
        read_values(client, "overview/brigde")


def test_dates_are_serial_numbers_with_a_format(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    import datetime as dt

    block = customers("Ada")
    block = replace(
        block,
        columns=(*block.columns, Column("since", "Since", "date")),
        rows=tuple((*row, Cell(dt.date(2026, 1, 5))) for row in block.rows),
    )
    sync_report(client, report(block))
    cell = server.book(client.key).sheet("Overview").cell(4, 3)
    assert (cell.value, cell.format["numberFormat"]["type"]) == (46027, "DATE")
    assert make_plan(client, report(block)).empty


# --- crashes ---------------------------------------------------------------------------------------------------------

STEPS: list[Report] = [
    report(),
    report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Bob", "Cyd"), state="stale", banner="Old"),
]


@pytest.mark.parametrize("after_commit", [True, False])
@pytest.mark.parametrize("step", range(len(STEPS)))
def test_killed_at_a_write_and_run_again(
    server: LocalSheets, opener: Opener, step: int, monkeypatch: pytest.MonkeyPatch, *, after_commit: bool
) -> None:
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 1_500)  # many calls, so many places to be killed at
    straight = opener(server.create("Straight"))
    for wanted in STEPS[: step + 1]:
        sync_report(straight, wanted)
    calls = 0
    for at in range(100):
        client = opener(server.create(f"Killed {at}"))
        for wanted in STEPS[:step]:
            sync_report(client, wanted)
        fault = server.faults.add(":batchUpdate", after=at, drop=not after_commit, drop_after_commit=after_commit)
        try:
            apply(client, make_plan(client, STEPS[step]))
        except AmbiguousWrite:
            calls += 1
        else:
            assert fault.hits == 0
            server.faults.clear()
            break
        again = opener(client.key)
        sync_report(again, STEPS[step])
        assert make_plan(again, STEPS[step]).empty
        assert comparable(server.book(client.key)) == comparable(server.book(straight.key))
    assert calls > 1


def comparable(book: Book) -> dict[str, Any]:
    """The state without the order in which things were made."""
    found = state(book)
    # how many calls it took is no matter of people
    found["metadata"] = [item for item in found["metadata"] if item["metadataKey"] != "revalign.run"]
    found["metadata"] = sorted(found["metadata"], key=lambda item: item["metadataId"])
    found["named"] = sorted(found["named"], key=lambda item: str(item["namedRangeId"]))
    found["protected"] = sorted(found["protected"], key=lambda item: item["protectedRangeId"])
    return found


def test_a_write_without_an_answer_is_read_back(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    server.faults.add(":batchUpdate", drop_after_commit=True)
    sync_report(client, report(), retry=QUICK)
    assert len(server.writes()) == 1  # it had happened, so it is not sent again
    server.faults.add(":batchUpdate", status=503)
    sync_report(client, report(bridge(), customers("Ada")), retry=QUICK)
    assert [call.status for call in server.writes()] == [0, 503, 200]
    assert make_plan(client, report(bridge(), customers("Ada"))).empty


def test_it_gives_up_in_the_end(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    server.faults.add(":batchUpdate", drop=True, times=99)
    with pytest.raises(Retriable, match="no clear answer"):
        sync_report(client, report(), retry=QUICK)
    assert len(server.writes()) == 4


# --- people ----------------------------------------------------------------------------------------------------------


def edit(server: LocalSheets, client: GoogleSpreadsheet, *requests: dict[str, Any]) -> None:
    client.batch_update(requests)
    server.calls.clear()


def rows(tab: int, start: int, end: int, dimension: str = "ROWS") -> dict[str, Any]:
    return {"sheetId": tab, "dimension": dimension, "startIndex": start, "endIndex": end}


def put(tab: int, row: int, column: int, text: str, **more: str) -> dict[str, Any]:
    cell = {"userEnteredValue": {"stringValue": text}, **more}
    start = {"sheetId": tab, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue,note"}}


@pytest.fixture
def tab(server: LocalSheets, client: GoogleSpreadsheet) -> int:
    sync_report(client, report())
    return server.book(client.key).sheet("Overview").id


def test_survives_rename_move_and_inserted_rows_and_columns(
    server: LocalSheets, client: GoogleSpreadsheet, tab: int
) -> None:
    renamed = {"properties": {"sheetId": tab, "title": "Bob's numbers", "index": 0}, "fields": "title,index"}
    edit(
        server,
        client,
        {"updateSheetProperties": renamed},
        {"insertDimension": {"range": rows(tab, 1, 4)}},
        {"insertDimension": {"range": rows(tab, 0, 2, "COLUMNS")}},
        {"insertDimension": {"range": rows(tab, 4, 5, "COLUMNS")}},
        put(tab, 7, 4, "mine"),
    )
    assert make_plan(client, report()).empty
    wanted = report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Ada"))
    plan = sync_report(client, wanted)
    assert plan.tabs[0].name == "Bob's numbers"
    assert make_plan(client, wanted).empty
    grid = server.book(client.key).grid("Bob's numbers")
    assert grid[6][2:] == ["Month", "Opening MRR", None, "New", "Closing MRR", "NRR"]
    assert grid[7][2:6] == ["2026-01", 1000, "mine", 250.5]
    assert grid[10][2:] == ["2026-04", 5.0, None, 6.0, 11.0, 0.5]
    assert server.book(client.key).sheet(tab).cell(10, 6).formula == "=D11+F11"
    assert len(server.book(client.key).sheets) == 3


def test_what_people_write_beside_travels_with_the_record(
    server: LocalSheets, client: GoogleSpreadsheet, tab: int
) -> None:
    edit(server, client, put(tab, 10, 6, "call Ada", note="mine"), put(tab, 20, 0, "below"))
    wanted = report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Bob", "Cyd", "Ada"))
    sync_report(client, wanted)
    grid = server.book(client.key).grid("Overview")
    assert [(row[0], row[6]) for row in grid[11:14]] == [("Bob", None), ("Cyd", None), ("Ada", "call Ada")]
    assert [row[0] for row in grid].index("below") == 22
    gone = report(bridge(), customers("Bob"))
    plan = sync_report(client, gone, FREELY)
    assert (plan.tabs[0].kept, plan.tabs[0].removed) == (1, 2)
    grid = server.book(client.key).grid("Overview")
    assert [(row[0], row[1], row[6]) for row in grid[10:13]] == [
        *(("Bob", 100, None), (GONE_TITLE, None, None), ("Ada", 102, "call Ada")),
    ]
    assert [row[0] for row in grid if row[0]][-1] == "below"
    assert make_plan(client, gone).empty


def test_looks_and_charts_people_changed_are_left_alone(
    server: LocalSheets, client: GoogleSpreadsheet, tab: int
) -> None:
    chart = server.book(client.key).sheet(tab).charts[0]
    money = {"userEnteredFormat": {"numberFormat": {"type": "NUMBER", "pattern": "0"}}}
    column = {"sheetId": tab, "startRowIndex": 4, "endRowIndex": 7, "startColumnIndex": 1, "endColumnIndex": 2}
    edit(
        server,
        client,
        {"repeatCell": {"range": column, "cell": money, "fields": "userEnteredFormat.numberFormat"}},
        {"updateChartSpec": {"chartId": chart["chartId"], "spec": {**chart["spec"], "title": "Mine"}}},
    )
    wanted = report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Ada", "Bob"))
    sync_report(client, wanted)
    sheet = server.book(client.key).sheet(tab)
    assert sheet.cell(5, 1).format["numberFormat"]["pattern"] == "0"
    assert sheet.charts[0]["spec"]["title"] == "Mine"
    edit(server, client, {"deleteEmbeddedObject": {"objectId": chart["chartId"]}})
    sync_report(client, report())
    assert server.book(client.key).sheet(tab).charts == []
    assert make_plan(client, report()).empty


def test_an_edited_cell_is_put_right(server: LocalSheets, client: GoogleSpreadsheet, tab: int) -> None:
    before = server.book(client.key).grid("Overview")
    edit(server, client, put(tab, 4, 1, "oops"), put(tab, 5, 3, "oops"), put(tab, 3, 2, "Fresh"), put(tab, 0, 0, "hi"))
    plan = sync_report(client, report())
    assert plan.tabs[0].updated == 2
    assert server.book(client.key).grid("Overview") == before


def test_deleted_things_come_back(server: LocalSheets, client: GoogleSpreadsheet, tab: int) -> None:
    edit(server, client, {"deleteDimension": {"range": rows(tab, 0, 1)}})
    plan = sync_report(client, report())
    assert "banner restored" in plan.tabs[0].structure
    assert make_plan(client, report()).empty
    edit(server, client, {"deleteSheet": {"sheetId": tab}})
    sync_report(client, report())
    assert make_plan(client, report()).empty
    assert server.book(client.key).grid("Overview")[4][0] == "2026-01"


def test_a_block_whose_rows_were_deleted_is_written_beneath(
    server: LocalSheets, client: GoogleSpreadsheet, tab: int
) -> None:
    edit(server, client, {"deleteDimension": {"range": rows(tab, 2, 7)}})
    sync_report(client, report())
    assert make_plan(client, report()).empty
    column = [row[0] for row in server.book(client.key).grid("Overview")]
    assert column.index("Customers") < column.index("MRR bridge")


def test_new_columns_need_room(server: LocalSheets, client: GoogleSpreadsheet, tab: int) -> None:
    block = bridge()
    wider = replace(
        block,
        columns=(*block.columns, Column("grr", "GRR", "rate")),
        rows=tuple((*row, Cell(0.9)) for row in block.rows),
    )
    edit(server, client, put(tab, 5, 5, "mine"))
    with pytest.raises(SurfaceError, match="Overview!F6 beside it is not empty") as caught:
        sync_report(client, report(wider, customers("Ada", "Bob")))
    assert caught.value.code == "REV-703"
    assert server.writes() == []
    edit(server, client, {"insertDimension": {"range": rows(tab, 5, 6, "COLUMNS")}})
    wanted = report(wider, customers("Ada", "Bob"))
    sync_report(client, wanted)
    grid = server.book(client.key).grid("Overview")
    assert grid[3][5] == "GRR"
    assert (grid[5][5], grid[5][6]) == (0.9, "mine")
    assert server.book(client.key).sheet(tab).cell(5, 5).format["numberFormat"]["type"] == "PERCENT"
    assert make_plan(client, wanted).empty
    sync_report(client, report())
    assert [row[5] for row in server.book(client.key).grid("Overview")[3:7]] == [None] * 4
    assert make_plan(client, report()).empty


def test_a_new_block_in_a_tab_that_stands(server: LocalSheets, client: GoogleSpreadsheet, tab: int) -> None:
    edit(server, client, put(tab, 30, 0, "below"))
    more = replace(customers("Eve"), key="leads", title="Leads")
    wanted = report(bridge(), customers("Ada", "Bob"), more)
    sync_report(client, wanted)
    assert make_plan(client, wanted).empty
    assert [row[0] for row in server.book(client.key).grid("Overview")[30:]] == [
        "below",
        None,
        "Leads",
        "Customer",
        "Eve",
    ]
    plan = make_plan(client, report())
    assert plan.orphans == ("saas_metrics/overview/leads",)
    assert plan.empty


def test_a_taken_title_and_a_second_report(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    client.batch_update([{"addSheet": {"properties": {"title": "overview"}}}])
    sync_report(client, report())
    other = replace(report(), key="other")
    sync_report(client, other)
    titles = [sheet.title for sheet in server.book(client.key).sheets]
    assert titles == ["Sheet1", "overview", "Overview (2)", "Definitions", "Overview (3)", "Definitions (2)"]
    assert make_plan(client, report()).empty
    assert make_plan(client, other).empty


def test_the_banner_follows_the_state(server: LocalSheets, client: GoogleSpreadsheet, tab: int) -> None:
    green = server.book(client.key).sheet(tab).cell(0, 0).format["backgroundColorStyle"]
    stale = report(banner="Stale since Monday", state="stale")
    sync_report(client, stale)
    cell = server.book(client.key).sheet(tab).cell(0, 0)
    assert cell.value == "Stale since Monday"
    assert cell.format["backgroundColorStyle"] != green
    assert make_plan(client, stale).empty


@pytest.mark.campaign
def test_large_reports_go_in_several_calls(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    many = {f"c{at:05}": (float(at), 0.5, 0.1) for at in range(12_000)}
    wanted = report(bridge(many))
    plan = sync_report(client, wanted)
    assert plan.calls > 1
    assert max(call.request_bytes for call in server.writes()) <= 1_500_100
    assert make_plan(client, wanted).empty
    assert len(read_values(client, "bridge")) == 12_000


def test_a_formula_over_an_unknown_column_is_refused(client: GoogleSpreadsheet) -> None:
    block = bridge()
    broken = replace(
        block, rows=tuple((*row[:3], replace(row[3], formula="opening + 1"), row[4]) for row in block.rows)
    )
    with pytest.raises(SurfaceError, match='names no column "opening"'):
        make_plan(client, report(broken))


def test_retry_is_quick_in_tests(client: GoogleSpreadsheet) -> None:
    assert Retry(draw=lambda: 1.0).wait(3) == 8.0
    assert Retry(draw=lambda: 1.0).wait(9) == 32.0
    assert Retry(draw=lambda: 0.0).wait(0, 7.0) == 7.0
