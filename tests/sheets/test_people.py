"""What people do on a synced sheet, with a memory of what was written: nothing of theirs is lost."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Block, Report
from revalign_udf.localsheets import Book, LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, Options, SheetPlan, make_plan, sync_report
from revalign_udf.sheets.log import TITLE
from revalign_udf.sheets.memory import BlockMemory, Memory, load_memory, save_memory
from revalign_udf.sheets.update import GONE_TITLE

from .conftest import BRIDGE, QUICK, bridge, customers, report
from .test_sync import put, rows


class Sync:
    """A project's syncs of one spreadsheet, its memory kept in a file between them, as ``jobs`` does."""

    def __init__(self, client: GoogleSpreadsheet, folder: Path) -> None:
        self.client, self.folder, self.runs = client, folder, 0

    def options(self, **more: Any) -> Options:
        memory = load_memory(self.folder, "team", self.client.key)
        return Options(memory, stamp=f"2026-04-01 06:00:{self.runs:02}", **more)

    def plan(self, wanted: Report, **more: Any) -> SheetPlan:
        return make_plan(self.client, wanted, self.options(**more))

    def __call__(self, wanted: Report, **more: Any) -> SheetPlan:
        self.runs += 1
        options = self.options(**more)
        assert options.memory is not None
        plans: list[SheetPlan] = []
        first = sync_report(self.client, wanted, options, retry=QUICK, planned=plans.append)
        options.memory.blocks.update(plans[-1].memory)
        save_memory(self.folder, "team", self.client.key, options.memory)
        return first


@pytest.fixture
def sync(client: GoogleSpreadsheet, tmp_path: Path) -> Sync:
    return Sync(client, tmp_path)


class Sheet:
    """The tab as a person sees it."""

    def __init__(self, server: LocalSheets, client: GoogleSpreadsheet) -> None:
        self.server, self.client = server, client

    @property
    def book(self) -> Book:
        return self.server.book(self.client.key)

    @property
    def tab(self) -> int:
        return self.book.sheet("Overview").id

    def column(self, at: int = 0) -> list[Any]:
        return [row[at] for row in self.book.grid("Overview")]

    def log(self) -> list[list[Any]]:
        return [row[1:] for row in self.book.grid(TITLE)[1:]]

    def edit(self, *requests: dict[str, Any]) -> None:
        self.client.batch_update(requests)


@pytest.fixture
def sheet(server: LocalSheets, client: GoogleSpreadsheet) -> Sheet:
    return Sheet(server, client)


def clients(*names: str, mode: str = "upsert") -> Block:
    return replace(customers(*names), mode=mode)  # type: ignore[arg-type]


# --- a synced cell changed by hand -----------------------------------------------------------------------------------


def test_an_edit_is_left_for_one_cycle_logged_and_then_written_over(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit(put(sheet.tab, 4, 1, "mine"))
    plan = sync.plan(report())
    assert plan.conflict
    assert [(edit.cell, edit.action) for edit in plan.edits] == [("B5", "warned")]
    sync(report())
    assert sheet.book.grid("Overview")[4][1] == "mine"
    assert sheet.log()[-1][:3] == ["saas_metrics", "Overview", "edit warned"]
    assert "B5 (2026-01, Opening MRR): mine entered by hand" in sheet.log()[-1][3]
    second = sync(report())
    assert [edit.action for edit in second.edits] == ["replaced"]
    assert sheet.book.grid("Overview")[4][1] == 1000.0
    assert sheet.log()[-1][2] == "edit replaced"
    assert sync.plan(report()).empty


def test_an_edit_that_is_changed_again_is_warned_of_again(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit(put(sheet.tab, 4, 1, "mine"))
    sync(report())
    sheet.edit(put(sheet.tab, 4, 1, "mine, really"))
    assert [edit.action for edit in sync(report()).edits] == ["warned"]
    assert [edit.action for edit in sync(report()).edits] == ["replaced"]


def test_what_the_source_changed_is_no_edit(sync: Sync) -> None:
    sync(report())
    plan = sync(report(bridge(BRIDGE | {"2026-02": (1250.5, 100.25, 0.5)}), customers("Ada", "Bob")))
    assert (plan.edits, plan.tabs[0].updated) == ((), 1)


def test_an_edit_and_a_change_of_the_source_in_one_row(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit(put(sheet.tab, 5, 2, "hm"))
    later = report(bridge(BRIDGE | {"2026-02": (1250.5, 100.25, 0.5)}), customers("Ada", "Bob"))
    plan = sync(later)
    assert [edit.cell for edit in plan.edits] == ["C6"]
    assert sheet.book.grid("Overview")[5][2:] == ["hm", "#VALUE!", 0.5]


def test_a_cell_emptied_by_hand_and_a_formula_in_place_of_a_number(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    start = {"sheetId": sheet.tab, "rowIndex": 4, "columnIndex": 1}
    cells = [{}, {"userEnteredValue": {"formulaValue": "=1+1"}}]
    sheet.edit({"updateCells": {"start": start, "rows": [{"values": cells}], "fields": "userEnteredValue"}})
    plan = sync(report())
    assert [(edit.cell, edit.as_json()["theirs"]) for edit in plan.edits] == [("B5", "(blank)"), ("C5", "=1+1")]
    assert [edit.action for edit in sync(report()).edits] == ["replaced", "replaced"]
    assert sync.plan(report()).empty


def test_a_changed_formula_of_ours_and_a_moved_one(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit({"insertDimension": {"range": rows(sheet.tab, 1, 3)}})
    assert sync.plan(report()).empty
    start = {"sheetId": sheet.tab, "rowIndex": 6, "columnIndex": 3}
    cell = {"userEnteredValue": {"formulaValue": "=B7-C7"}}
    sheet.edit({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}})
    assert [edit.cell for edit in sync(report()).edits] == ["D7"]


def test_a_renamed_header_is_an_edit(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit(put(sheet.tab, 3, 2, "Fresh"))
    assert [(edit.row, edit.action) for edit in sync(report()).edits] == [("header", "warned")]
    assert sheet.book.grid("Overview")[3][2] == "Fresh"
    sync(report())
    assert sheet.book.grid("Overview")[3][2] == "New"


def test_a_row_whose_name_was_edited_keeps_its_record(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit(put(sheet.tab, 10, 0, "Ada Lovelace"), put(sheet.tab, 10, 6, "call her"))
    plan = sync(report())
    assert [(edit.cell, edit.row, edit.action) for edit in plan.edits] == [("A11", "Ada", "warned")]
    sync(report())
    assert [(row[0], row[6]) for row in sheet.book.grid("Overview")[10:12]] == [("Ada", "call her"), ("Bob", None)]


def test_overwrite_skips_the_cycle(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit(put(sheet.tab, 4, 1, "mine"))
    plan = sync(report(), overwrite=True)
    assert plan.edits == ()
    assert sheet.book.grid("Overview")[4][1] == 1000.0


def test_a_run_cut_off_before_its_memory_was_written_sees_no_edit(
    sync: Sync, client: GoogleSpreadsheet, sheet: Sheet
) -> None:
    """The numbers on the sheet are newer than the memory: they were meant, so they are ours."""
    sync(report())
    later = report(bridge(BRIDGE | {"2026-02": (7.0, 8.0, 0.5)}), customers("Ada", "Bob"))
    options = sync.options()
    assert options.memory is not None
    plan = make_plan(client, later, options)
    for path, block in plan.memory.items():
        options.memory.blocks[path].meant, options.memory.blocks[path].meant_columns = block.rows, block.columns
    save_memory(sync.folder, "team", client.key, options.memory)
    sync_report(client, later, options)  # ... and killed here
    assert sync.plan(report()).edits == ()
    sync(report())
    assert sheet.book.grid("Overview")[5][1] == 1250.5


# --- rows ------------------------------------------------------------------------------------------------------------


def test_a_row_of_their_own_inside_the_block_stays_where_it_is(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    sheet.edit({"insertDimension": {"range": rows(sheet.tab, 6, 7)}}, put(sheet.tab, 6, 0, "half-year"))
    sync(report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Ada", "Bob")))
    assert sheet.column()[4:9] == ["2026-01", "2026-02", "half-year", "2026-03", "2026-04"]
    rolled = {key: BRIDGE[key] for key in ("2026-02", "2026-03")} | {"2026-04": (5.0, 6.0, 0.5)}
    sync(report(bridge(rolled), customers("Ada", "Bob")))
    assert sheet.column()[4:8] == ["2026-02", "half-year", "2026-03", "2026-04"]


def test_records_gone_from_the_source_are_set_apart_and_come_back(sync: Sync, sheet: Sheet) -> None:
    names = ("Ada", "Bob", "Cyd", "Dan", "Eve")
    sync(report(clients(*names)))
    sheet.edit(put(sheet.tab, 5, 6, "Bob's note"))
    plan = sync(report(clients("Ada", "Cyd", "Dan", "Eve")))
    assert (plan.tabs[0].kept, plan.tabs[0].removed) == (1, 0)
    assert sheet.column()[4:] == ["Ada", "Cyd", "Dan", "Eve", GONE_TITLE, "Bob"]
    assert sheet.book.grid("Overview")[9][6] == "Bob's note"
    assert sync.plan(report(clients("Ada", "Cyd", "Dan", "Eve"))).empty
    sync(report(clients("Ada", "Dan", "Eve")))
    assert sheet.column()[4:] == ["Ada", "Dan", "Eve", GONE_TITLE, "Bob", "Cyd"]
    sync(report(clients(*names)))
    assert sheet.column()[4:] == ["Ada", "Dan", "Eve", "Bob", "Cyd"]
    assert sheet.book.grid("Overview")[7][6] == "Bob's note"
    assert sync.plan(report(clients(*names))).empty
    look = sheet.book.sheet("Overview").cell(7, 0).format["textFormat"]
    assert look["italic"] is False


def test_upsert_keeps_the_order_people_sorted_into(sync: Sync, sheet: Sheet) -> None:
    sync(report(clients("Ada", "Bob", "Cyd")))
    area = {"sheetId": sheet.tab, "startRowIndex": 4, "endRowIndex": 7, "startColumnIndex": 0, "endColumnIndex": 3}
    sheet.edit({"sortRange": {"range": area, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}})
    assert sync.plan(report(clients("Ada", "Bob", "Cyd"))).empty
    sync(report(clients("Ada", "Bee", "Bob", "Cyd")))
    assert sheet.column()[4:] == ["Cyd", "Bob", "Ada", "Bee"]
    sync(report(clients("Ada", "Bee", "Bob", "Cyd", mode="replace")))
    assert sheet.column()[4:] == ["Ada", "Bee", "Bob", "Cyd"]


def test_append_adds_beneath_and_never_touches_earlier_snapshots(sync: Sync, sheet: Sheet) -> None:
    def snapshot(label: str, *names: str) -> Report:
        block = customers(*names)
        first = replace(block.columns[0], key="snapshot", title="Snapshot")
        cells = tuple((replace(row[0], value=label), *row) for row in block.rows)
        keys = tuple(f"{label}|{key}" for key in block.keys)
        made = replace(block, columns=(first, *block.columns), rows=cells, keys=keys, mode="append", lead=2)
        return report(made, snapshot=label)

    sync(snapshot("s1", "Ada", "Bob"))
    sync(snapshot("s2", "Ada", "Cyd"))
    assert [row[:2] for row in sheet.book.grid("Overview")[4:]] == [
        *(["s1", "Ada"], ["s1", "Bob"], ["s2", "Ada"], ["s2", "Cyd"]),
    ]
    assert sync.plan(snapshot("s2", "Ada", "Cyd")).empty
    sheet.edit(put(sheet.tab, 4, 2, "a remark"))
    assert sync.plan(snapshot("s2", "Ada", "Cyd")).empty
    sync(snapshot("s3", "Bob"))
    assert sheet.column()[4:] == ["s1", "s1", "s2", "s2", "s3"]


def test_their_formulas_are_filled_down_into_new_rows(sync: Sync, sheet: Sheet) -> None:
    sync(report(clients("Ada", "Bob")))
    for row in (4, 5):
        start = {"sheetId": sheet.tab, "rowIndex": row, "columnIndex": 4}
        cells = [{"userEnteredValue": {"formulaValue": f"=B{row + 1}*2"}}, {"userEnteredValue": {"numberValue": row}}]
        sheet.edit({"updateCells": {"start": start, "rows": [{"values": cells}], "fields": "userEnteredValue"}})
    total = {"userEnteredValue": {"formulaValue": "=SUM(B5:B6)"}}
    start = {"sheetId": sheet.tab, "rowIndex": 5, "columnIndex": 6}
    sheet.edit({"updateCells": {"start": start, "rows": [{"values": [total]}], "fields": "userEnteredValue"}})
    sync(report(clients("Ada", "Bob", "Cyd", "Dan")))
    cells = [sheet.book.sheet("Overview").cell(row, 4).formula for row in range(4, 8)]
    assert cells == ["=B5*2", "=B6*2", "=B7*2", "=B8*2"]
    assert [row[4:6] for row in sheet.book.grid("Overview")[6:8]] == [[204, None], [206, None]]
    assert sheet.book.sheet("Overview").cell(7, 6).formula == ""


def test_a_colour_belongs_to_its_row(sync: Sync, sheet: Sheet) -> None:
    sync(report(clients("Ada", "Bob")))
    red = {"userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"red": 1}}}}
    area = {"sheetId": sheet.tab, "startRowIndex": 5, "endRowIndex": 6, "startColumnIndex": 0, "endColumnIndex": 3}
    sheet.edit({"repeatCell": {"range": area, "cell": red, "fields": "userEnteredFormat.backgroundColorStyle"}})
    sync(report(clients("Ada", "Bob", "Cyd")))
    found = [bool(sheet.book.sheet("Overview").cell(row, 0).format.get("backgroundColorStyle")) for row in range(4, 7)]
    assert found == [False, True, False]


# --- deleted and copied ----------------------------------------------------------------------------------------------


def test_a_deleted_named_range_is_found_by_its_header(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    name = next(item["namedRangeId"] for item in sheet.book.named if item["name"].startswith("rv_overview_bridge"))
    sheet.edit({"deleteNamedRange": {"namedRangeId": name}}, put(sheet.tab, 5, 6, "mine"))
    before = sheet.book.grid("Overview")
    plan = sync(report())
    assert 'named range of "MRR bridge" restored' in plan.tabs[0].structure
    assert sheet.book.grid("Overview") == before
    assert sync.plan(report()).empty


def test_a_copied_tab_is_theirs_even_when_the_first_one_is_deleted(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    original = sheet.tab
    sheet.edit({"duplicateSheet": {"sourceSheetId": original, "newSheetName": "My copy"}})
    assert sync.plan(report()).empty
    sheet.edit({"deleteSheet": {"sheetId": original}})
    copy = sheet.book.grid("My copy")
    sync(report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Ada", "Bob")))
    assert sheet.book.grid("My copy") == copy
    assert sheet.column()[4] == "2026-01"
    assert sum(1 for tab in sheet.book.sheets if tab.title.startswith("Overview")) == 1


def test_a_refresh_box_taken_away_stays_away(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    name = next(item["namedRangeId"] for item in sheet.book.named if item["namedRangeId"].startswith("rvbox"))
    sheet.edit({"deleteNamedRange": {"namedRangeId": name}}, {"deleteDimension": {"range": rows(sheet.tab, 1, 2)}})
    assert sync.plan(report()).empty


def test_stripes_grow_with_the_rows_and_stay_away_when_taken_away(sync: Sync, sheet: Sheet) -> None:
    sync(report(clients("Ada", "Bob")))

    def stripes() -> list[tuple[int, int]]:
        tab = sheet.book.sheet("Overview")
        return [(item["range"]["startRowIndex"], item["range"]["endRowIndex"]) for item in tab.bandings]

    assert stripes() == [(4, 6)]
    sync(report(clients("Ada", "Bob", "Cyd")))
    assert stripes() == [(4, 7)]
    number = sheet.book.sheet("Overview").bandings[0]["bandedRangeId"]
    sheet.edit({"deleteBanding": {"bandedRangeId": number}})
    sync(report(clients("Ada", "Bob", "Cyd", "Dan")))
    assert stripes() == []


# --- what must not go by itself --------------------------------------------------------------------------------------


def test_a_source_that_answers_half_empties_nothing(sync: Sync, sheet: Sheet, server: LocalSheets) -> None:
    names = tuple(f"c{at}" for at in range(10))
    for mode in ("upsert", "replace"):
        sync(report(clients(*names, mode=mode)))
        less = report(clients(*names[:6], mode=mode))
        assert sync.plan(less).conflict
        server.calls.clear()
        with pytest.raises(SurfaceError, match="would lose 4 of 10 rows") as caught:
            sync(less)
        assert caught.value.code == "REV-706"
        assert server.writes() == []
        assert sync.plan(report(clients(*names[:7], mode=mode))).refusals == ()
    sync(less, allow_deletes=True)
    assert len([name for name in sheet.column() if name in names]) == 6


def test_numbers_that_all_turn_blank_are_a_guarded_loss(sync: Sync) -> None:
    full = {f"2026-{month:02}": (1.0, 2.0, 0.5) for month in range(1, 13)}
    sync(report(bridge(full, calendar=True)))
    none = bridge(full, calendar=True)
    blank = replace(none, rows=tuple((*row[:4], replace(row[4], value=None)) for row in none.rows))
    assert sync.plan(report(blank)).refusals == ()  # 12 of 60
    blank = replace(none, rows=tuple((row[0], *(replace(cell, value=None) for cell in row[1:])) for row in none.rows))
    assert [refusal.code for refusal in sync.plan(report(blank)).refusals] == ["REV-706"]


def test_months_that_roll_out_of_a_report_are_no_loss(sync: Sync, sheet: Sheet) -> None:
    year = {f"2025-{month:02}": (1.0, 2.0, 0.5) for month in range(1, 13)}
    sync(report(bridge(year, calendar=True)))
    plan = sync(report(bridge({"2026-01": (1.0, 2.0, 0.5)}, calendar=True)))
    assert (plan.tabs[0].removed, plan.tabs[0].inserted) == (12, 1)
    assert sheet.column()[4:] == ["2026-01"]


def test_without_a_memory_no_row_is_removed(client: GoogleSpreadsheet, sheet: Sheet) -> None:
    sync_report(client, report(customers("Ada", "Bob", "Cyd", "Dan")))
    lost = Options(Memory(lost=True), stamp="now")
    sync_report(client, report(customers("Ada", "Bob", "Cyd")), lost)
    assert sheet.column()[4:] == ["Ada", "Bob", "Cyd", GONE_TITLE, "Dan"]
    assert sheet.log()[-1][2] == "note"


# --- the log ---------------------------------------------------------------------------------------------------------


def test_the_log_tells_of_changes_only_and_lets_the_oldest_go(
    sync: Sync, sheet: Sheet, server: LocalSheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revalign_udf.sheets.log.CAP", 6)
    monkeypatch.setattr("revalign_udf.sheets.log.SLACK", 2)
    sync(report())
    first = sheet.log()
    assert [line[1:3] for line in first] == [["Overview", "synced"], ["Definitions", "synced"]]
    server.calls.clear()
    assert sync(report()).empty
    assert server.writes() == []
    for number in range(12):
        sync(report(bridge(BRIDGE | {"2026-02": (float(number), 1.0, 0.5)}), customers("Ada", "Bob")))
        assert len(sheet.log()) <= 8
    assert sheet.log()[-1][3].startswith("1 updated")
    times = [str(row[0]) for row in sheet.book.grid(TITLE)[1:]]
    assert times == sorted(times)


def test_memory_survives_the_file(tmp_path: Path) -> None:
    block = BlockMemory(("a", "b"), {"k": [{"numberValue": 1.5}, None]}, {"k": [None, None]}, ("a", "b"))
    block.warned["k", "a"] = {"stringValue": "x"}
    save_memory(tmp_path, "team", "KEY", Memory({"p": block}))
    assert load_memory(tmp_path, "team", "KEY") == Memory({"p": block})
    assert load_memory(tmp_path, "team", "OTHER").lost
    (tmp_path / ".revalign" / "sheets" / "team.json.gz").write_bytes(b"cut off")
    assert load_memory(tmp_path, "team", "KEY").lost


def test_columns_in_another_order_are_left_in_it(sync: Sync, sheet: Sheet) -> None:
    sync(report())
    source = rows(sheet.tab, 1, 2, "COLUMNS")
    sheet.edit({"moveDimension": {"source": source, "destinationIndex": 3}})
    assert sheet.book.grid("Overview")[3][:4] == ["Month", "New", "Opening MRR", "Closing MRR"]
    plan = sync(report())
    assert (plan.edits, plan.tabs[0].structure) == ((), ("named range put right",))
    assert sync.plan(report()).empty
    sync(report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Ada", "Bob")))
    assert sheet.book.grid("Overview")[7][:5] == ["2026-04", 6.0, 5.0, 11.0, 0.5]
    assert sheet.book.sheet("Overview").cell(7, 3).formula == "=C8+B8"


def test_stripes_of_theirs_are_no_obstacle(sync: Sync, sheet: Sheet, client: GoogleSpreadsheet) -> None:
    sync(report(customers("Ada")))
    area = {"sheetId": sheet.tab, "startRowIndex": 6, "endRowIndex": 60, "startColumnIndex": 0, "endColumnIndex": 9}
    colours = {"firstBandColorStyle": {"rgbColor": {"red": 1}}, "secondBandColorStyle": {"rgbColor": {"blue": 1}}}
    sheet.edit({"addBanding": {"bandedRange": {"range": area, "rowProperties": colours}}})
    sync(report(customers("Ada"), bridge()))
    assert sync.plan(report(customers("Ada"), bridge())).empty
    sync(report(customers("Ada", "Bob", "Cyd"), bridge()))
    assert sync.plan(report(customers("Ada", "Bob", "Cyd"), bridge())).empty


def test_a_long_table_that_is_not_final_fits_into_its_mark(sync: Sync, sheet: Sheet) -> None:
    block = customers(*(f"customer number {at}" for at in range(3000)))
    partial = replace(block, rows=tuple(tuple(replace(cell, partial=True) for cell in row) for row in block.rows))
    sync(report(partial))
    assert max(len(item["metadataValue"]) for item in sheet.book.metadata) < 2_000
    assert sync.plan(report(partial)).empty
    sync(report(block))
    assert not sheet.book.sheet("Overview").cell(2000, 1).format["textFormat"].get("italic")
