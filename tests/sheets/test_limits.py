"""Google's limits: bytes of a call, characters of a cell, cells of a spreadsheet; and shapes that strain them."""

import gc
from dataclasses import replace

import pytest

from revalign_udf.errors import SurfaceError, UnknownName
from revalign_udf.layout.model import Block, Cell, Column, Report
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, Options, apply, make_plan, read_values, sync_report
from revalign_udf.sheets.memory import Memory
from revalign_udf.sheets.packing import Batch, Values
from revalign_udf.sheets.requests import MAX_PART, weigh, write_cells

from .conftest import QUICK, customers, report
from .test_sync import put, state

#: what a call may weigh, and what the count of calls adds to it
MOST = 1_500_000 + 2_000


def table(*rows: tuple[object, ...]) -> Block:
    columns = tuple(Column(f"c{at}", f"Column {at}", "text" if not at else "number") for at in range(len(rows[0])))
    cells = tuple(tuple(Cell(value) for value in row) for row in rows)  # type: ignore[arg-type]
    return Block("data", "Data", columns, cells, tuple(str(row[0]) for row in rows))


def alone(block: Block) -> Report:
    return replace(report(block), definitions=None)


def calls(server: LocalSheets) -> list[str]:
    assert max(write.request_bytes for write in server.writes()) <= MOST
    return [write.path.rpartition("/")[2].rpartition(":")[0] for write in server.writes()]


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_a_row_of_600_columns(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    row = ("key", *(float(at) for at in range(600)))
    sync_report(client, alone(table(row)))
    calls(server)
    assert read_values(client, "data") == [list(row)]


def test_more_columns_than_can_be_remembered_are_said_before_anything_is_sent(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    with pytest.raises(SurfaceError, match="5,001 columns") as caught:
        sync_report(client, alone(table(("key", *(float(at) for at in range(5_000))))))
    assert caught.value.code == "REV-701"
    assert server.writes() == []


def test_a_rectangle_of_5000_columns_is_cut_between_its_cells() -> None:
    cells = {(0, at): {"stringValue": "x" * 2_000} for at in range(5_000)}
    made = write_cells(1, cells)
    assert max(map(weigh, made)) <= MAX_PART + 1_000
    found = {
        (0, int(request["updateCells"]["start"]["columnIndex"]) + at): cell["userEnteredValue"]
        for request in made
        for at, cell in enumerate(request["updateCells"]["rows"][0]["values"])
    }
    assert found == cells


def test_a_column_of_30000_rows(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    rows = [(f"record {at:07} of a long column of names",) for at in range(30_000)]
    sync_report(client, alone(table(*rows)))
    assert calls(server).count("values") == 1
    assert read_values(client, "data") == [list(row) for row in rows]
    assert make_plan(client, alone(table(*rows))).empty


@pytest.mark.parametrize("sign", ["x", "\N{GRINNING FACE}", "\x01"])
def test_cells_of_49000_characters_never_fill_a_call_beyond_its_limit(
    server: LocalSheets, client: GoogleSpreadsheet, sign: str
) -> None:
    """4,000 of them in one range would be 200 MB; a control character takes six bytes."""
    rows = [(f"r{at}", sign * 49_000, f"{at}" + sign * 48_000, None) for at in range(40)]
    plan = sync_report(client, alone(table(*rows)))
    assert max(send.bytes for send in plan.sends) <= MOST
    calls(server)
    assert read_values(client, "data") == [list(row) for row in rows]
    assert make_plan(client, alone(table(*rows))).empty


def test_a_row_of_long_texts_is_cut_between_its_cells(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    row = ("key", *(f"{at}" + "x" * 49_000 for at in range(60)))
    sync_report(client, alone(table(row)))
    calls(server)
    sync_report(client, alone(table(("key", *(f"{at}" + "y" * 49_000 for at in range(60))))))
    calls(server)
    assert read_values(client, "data") == [["key", *(f"{at}" + "y" * 49_000 for at in range(60))]]


# --- scattered cells -------------------------------------------------------------------------------------------------


def grid(rows: int, add: int = 0, *, keep: int = 3) -> Block:
    """Numbers of which every third (in a pattern that shifts from row to row) stays when ``add`` does not."""
    return table(
        *(
            (f"r{row:04}", *(float(row * 10 + at + (add if (row + at) % keep else 0)) for at in range(10)))
            for row in range(rows)
        )
    )


def test_cells_between_two_that_differ_are_passed_over_not_written(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    sync_report(client, alone(grid(600)))
    plan = make_plan(client, alone(grid(600, 5)))
    assert [type(send) for send in plan.sends] == [Values]
    assert plan.bytes < 600 * 120  # a range per cell would take three times as much
    tab = server.book(client.key).sheet("Overview").id
    client.batch_update([put(tab, 4, 4, "entered while it was planned")])  # stays: column 3 of row 0
    apply(client, plan)
    sheet = server.book(client.key).grid("Overview")
    assert sheet[4][:6] == ["r0000", 0.0, 6.0, 7.0, "entered while it was planned", 9.0]
    assert sheet[5][:5] == ["r0001", 15.0, 16.0, 12.0, 18.0]


def test_scattered_cells_beyond_one_call_are_still_swapped_at_once(
    server: LocalSheets, client: GoogleSpreadsheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_report(client, alone(grid(600)))
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 40_000)
    server.calls.clear()
    plan = sync_report(client, alone(grid(600, 5)))
    assert [type(send) for send in plan.sends] == [Batch, Values, Values, Batch]
    assert max(write.request_bytes for write in server.writes()) < 42_000
    assert make_plan(client, alone(grid(600, 5))).empty
    assert read_values(client, "data") == [[cell.value for cell in row] for row in grid(600, 5).rows]


def test_rows_copied_whole_leave_an_edit_that_was_only_warned_of(
    server: LocalSheets, client: GoogleSpreadsheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sync_report(client, alone(grid(600)), Options(Memory()))
    memory = Memory(dict(first.memory))
    tab = server.book(client.key).sheet("Overview").id
    client.batch_update([put(tab, 6, 2, "=mine")])
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 40_000)
    plan = sync_report(client, alone(grid(600, 5)), Options(memory))
    assert [type(send) for send in plan.sends][-1:] == [Batch]
    assert [(edit.cell, edit.action) for edit in plan.edits] == [("C7", "warned")]
    assert server.book(client.key).grid("Overview")[6][2] == "=mine"
    assert server.book(client.key).grid("Overview")[6][:5] == ["r0002", 25.0, "=mine", 27.0, 28.0]


# --- ten million cells -----------------------------------------------------------------------------------------------


def fill_up(client: GoogleSpreadsheet, left: int) -> None:
    """A tab beside that leaves so many cells of ten million."""
    have = 1_000 * 26
    rows = (10_000_000 - have - left) // 26
    grid_ = {"rowCount": rows, "columnCount": 26}
    client.batch_update([{"addSheet": {"properties": {"title": "Big", "gridProperties": grid_}}}])


def test_a_full_load_without_room_for_a_stage_goes_in_several_calls(
    server: LocalSheets, client: GoogleSpreadsheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_up(client, 800 * 26)
    server.calls.clear()
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 40_000)
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_CELLS", 500)
    plan = sync_report(client, alone(grid(600)))
    assert {type(send) for send in plan.sends} == {Batch}
    assert plan.calls > 4
    assert read_values(client, "data") == [[cell.value for cell in row] for row in grid(600).rows]
    assert make_plan(client, alone(grid(600))).empty


def test_more_than_ten_million_cells_are_refused_whole(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    fill_up(client, 100)
    before = state(server.book(client.key))
    with pytest.raises(SurfaceError, match="10000000 cells"):
        sync_report(client, alone(customers("Ada")), retry=QUICK)
    assert state(server.book(client.key)) == before


# --- the search for cycles -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [True, False])
def test_the_search_for_cycles_is_as_it_was_also_after_a_failure(client: GoogleSpreadsheet, *, on: bool) -> None:
    was = gc.isenabled()
    try:
        gc.enable() if on else gc.disable()
        with pytest.raises(UnknownName):
            make_plan(client, report(), Options(tabs=("nowhere",)))
        assert gc.isenabled() is on
    finally:
        gc.enable() if was else gc.disable()
