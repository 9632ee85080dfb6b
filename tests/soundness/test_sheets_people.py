"""What people once lost on a synced sheet, or read wrong there, without a word."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Block, Cell, Column, Report, Tab
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import (
    GoogleSpreadsheet,
    Options,
    SheetPlan,
    SheetTarget,
    make_plan,
    open_spreadsheet,
    sync_report,
    verify_report,
)
from revalign_udf.sheets.memory import Memory

Json = dict[str, Any]


def table(key: str, rows: Mapping[str, Sequence[Any]], *titles: str, **changes: Any) -> Block:
    names = titles or ("Name", "MRR", "NRR")
    units = ("text", "money", "rate", "count")
    columns = tuple(Column(name.lower(), name, units[at]) for at, name in enumerate(names))  # type: ignore[arg-type]
    lines = tuple((Cell(name), *(Cell(value) for value in values)) for name, values in rows.items())
    return replace(Block(key, key.title(), columns, lines, tuple(rows)), **changes)


ROWS: dict[str, Sequence[Any]] = {"Ada": (100.0, 1.02), "Bob": (200.0, 0.9), "Cyd": (300.0, 1.5)}


class Desk:
    """A synced sheet, with its memory, and a person at it. The block's header stands in row 4, its data beneath."""

    def __init__(self, server: LocalSheets) -> None:
        self.server, self.key, self.runs = server, server.create("Board"), 0
        self.client: GoogleSpreadsheet = open_spreadsheet(
            SheetTarget("team", self.key, server.key_file, server.base_url)
        )
        self.memory = Memory()

    def report(self, *blocks: Block) -> Report:
        return Report("board", "Board", (Tab("main", "Main", blocks),), "EUR", "s1", "2026-10-31", "As of 2026-10-31")

    def options(self) -> Options:
        return Options(self.memory, allow_deletes=True, stamp=f"2026-11-01 06:00:{self.runs:02}")

    def sync(self, *blocks: Block) -> SheetPlan:
        self.runs += 1
        plans: list[SheetPlan] = []
        first = sync_report(self.client, self.report(*blocks), self.options(), planned=plans.append)
        self.memory.blocks.update(plans[-1].memory)
        assert make_plan(self.client, self.report(*blocks), self.options()).empty or first.edits
        return first

    @property
    def tab(self) -> int:
        return self.server.book(self.key).sheet("Main").id

    def rows(self) -> list[list[Any]]:
        """From the header on, without what is blank at the end."""
        found: list[list[Any]] = []
        for row in self.server.book(self.key).grid("Main")[3:]:
            used = [at for at, value in enumerate(row) if value is not None]
            found.append(row[: max(used, default=-1) + 1])
        return found

    def pattern(self, row: int, column: int) -> str:
        return str(self.server.book(self.key).sheet("Main").cell(row, column).format["numberFormat"]["pattern"])

    def do(self, *requests: Json) -> None:
        self.client.batch_update(requests)

    def put(self, row: int, column: int, text: str) -> None:
        start = {"sheetId": self.tab, "rowIndex": row, "columnIndex": column}
        cell = {"userEnteredValue": {"stringValue": text}}
        self.do({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}})

    def span(self, start: int, end: int, dimension: str = "ROWS") -> Json:
        return {"range": {"sheetId": self.tab, "dimension": dimension, "startIndex": start, "endIndex": end}}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSheets]:
    with LocalSheets() as local:
        yield local


@pytest.fixture
def desk(server: LocalSheets) -> Iterator[Desk]:
    found = Desk(server)
    yield found
    found.client.close()


# --- lost ------------------------------------------------------------------------------------------------------------


def test_a_row_of_their_own_without_a_name_was_removed(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    desk.do({"insertDimension": desk.span(5, 6)})
    desk.put(5, 1, "ask finance")
    desk.sync(table("customers", ROWS))
    assert desk.rows()[2] == [None, "ask finance"]


def test_an_edit_in_a_row_whose_record_ended_went_without_a_word(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    desk.put(5, 1, "disputed")
    desk.sync(table("customers", {name: ROWS[name] for name in ("Ada", "Cyd")}))
    assert ["Bob", "disputed", 0.9] in desk.rows()


def test_an_edit_in_a_row_out_of_order_was_written_over_at_once(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    area = {"sheetId": desk.tab, "startRowIndex": 4, "endRowIndex": 7, "startColumnIndex": 0, "endColumnIndex": 3}
    desk.do({"sortRange": {"range": area, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}})
    desk.put(4, 1, "disputed")  # Cyd
    plan = desk.sync(table("customers", ROWS))
    assert [(edit.row, edit.action) for edit in plan.edits] == [("Cyd", "warned")]
    assert desk.rows()[3] == ["Cyd", "disputed", 1.5]


def test_a_note_on_a_column_the_report_dropped_was_taken_away(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    start = {"sheetId": desk.tab, "rowIndex": 5, "columnIndex": 2}
    desk.do({"updateCells": {"start": start, "rows": [{"values": [{"note": "why 0.9?"}]}], "fields": "note"}})
    desk.sync(table("customers", {name: values[:1] for name, values in ROWS.items()}, "Name", "MRR"))
    assert desk.rows()[0] == ["Name", "MRR"]
    assert desk.server.book(desk.key).sheet("Main").cell(5, 2).note == "why 0.9?"


def test_the_title_a_person_gave_a_chart_went_with_a_new_column(desk: Desk) -> None:
    from revalign_udf.layout.model import Chart

    charts = (Chart("mrr", "MRR", "column", "name", ("mrr",)),)
    desk.sync(table("customers", ROWS, charts=charts))
    chart = desk.server.book(desk.key).sheet("Main").charts[0]
    desk.do({"updateChartSpec": {"chartId": chart["chartId"], "spec": {**chart["spec"], "title": "For the board"}}})
    more = {name: (*values, 7) for name, values in ROWS.items()}
    desk.sync(table("customers", more, "Name", "MRR", "NRR", "Seats", charts=charts))
    assert desk.server.book(desk.key).sheet("Main").charts[0]["spec"]["title"] == "For the board"


# --- read wrong ------------------------------------------------------------------------------------------------------


def test_a_new_column_in_the_middle_left_old_numbers_under_other_formats_for_a_cycle(desk: Desk) -> None:
    """Every shifted cell was taken for an edit by hand: left as it was, and logged as somebody's."""
    desk.sync(table("customers", ROWS))
    wider = {name: (mrr, 7, nrr) for name, (mrr, nrr) in ROWS.items()}
    block = table("customers", wider, "Name", "MRR", "Seats", "NRR")
    units = ("text", "money", "count", "rate")
    columns = tuple(replace(column, unit=unit) for column, unit in zip(block.columns, units, strict=True))  # type: ignore[arg-type]
    plan = desk.sync(replace(block, columns=columns))
    assert plan.edits == ()
    assert desk.rows()[:2] == [["Name", "MRR", "Seats", "NRR"], ["Ada", 100.0, 7, 1.02]]
    assert desk.pattern(4, 3) == "0.0%"


def test_a_deleted_column_came_back_under_the_formats_of_its_neighbours(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    desk.do({"deleteDimension": desk.span(1, 2, "COLUMNS")})
    plan = desk.sync(table("customers", ROWS))
    assert plan.edits == ()
    assert desk.rows()[:2] == [["Name", "NRR", "MRR"], ["Ada", 1.02, 100.0]]
    assert desk.pattern(4, 1) == "0.0%"
    assert "#,##0" in desk.pattern(4, 2)


def test_the_deleted_column_of_names_left_every_row_twice(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    desk.put(5, 4, "about Bob")
    desk.do({"deleteDimension": desk.span(0, 1, "COLUMNS")})
    desk.sync(table("customers", ROWS))
    assert desk.rows()[1:] == [
        [100.0, 1.02, "Ada"],
        [200.0, 0.9, "Bob", "about Bob"],
        [300.0, 1.5, "Cyd"],
    ]


def test_a_column_of_theirs_of_the_same_name_was_taken_for_the_reports(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    desk.do({"insertDimension": desk.span(1, 2, "COLUMNS")})
    desk.put(3, 1, "MRR")
    desk.put(4, 1, "my guess")
    later = {"Ada": (150.0, 1.02), "Bob": (200.0, 0.9), "Cyd": (300.0, 1.5)}
    desk.sync(table("customers", later))
    assert desk.rows()[:2] == [["Name", "MRR", "MRR", "NRR"], ["Ada", "my guess", 150.0, 1.02]]


def test_a_column_dropped_beside_one_of_theirs_stayed_with_its_old_numbers(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    desk.do({"insertDimension": desk.span(1, 2, "COLUMNS")})
    desk.put(4, 1, "mine")
    desk.sync(table("customers", {name: values[:1] for name, values in ROWS.items()}, "Name", "MRR"))
    assert desk.rows()[:2] == [["Name", None, "MRR"], ["Ada", "mine", 100.0]]


def test_rows_of_earlier_snapshots_came_under_the_wrong_headers(desk: Desk) -> None:
    """A column that came in between moved the header, and not the rows that are never touched."""

    def snapshot(label: str, *values: Any) -> Block:
        titles = ("Snapshot", "Name", "MRR", "NRR") if len(values) == 2 else ("Snapshot", "Name", "MRR", "Seats", "NRR")
        columns = tuple(Column(title.lower(), title, "text" if at < 2 else "number") for at, title in enumerate(titles))
        line = (Cell(label), Cell("Ada"), *(Cell(value) for value in values))
        return Block("history", "History", columns, (line,), (f"{label}|Ada",), mode="append", lead=2)

    def sync(label: str, *values: Any) -> None:
        wanted = replace(desk.report(snapshot(label, *values)), snapshot=label)
        plans: list[SheetPlan] = []
        sync_report(desk.client, wanted, desk.options(), planned=plans.append)
        desk.memory.blocks.update(plans[-1].memory)

    sync("s1", 100.0, 1.02)
    sync("s2", 110.0, 5.0, 1.03)
    sync("s3", 120.0, 1.04)
    by_title = [dict(zip(desk.rows()[0], row, strict=False)) for row in desk.rows()[1:]]
    assert [(row["Snapshot"], row["MRR"], row["NRR"]) for row in by_title] == [
        ("s1", 100.0, 1.02), ("s2", 110.0, 1.03), ("s3", 120.0, 1.04),
    ]  # fmt: skip
    assert by_title[1]["Seats"] == 5.0


def test_two_tables_side_by_side_tore_each_other_apart(desk: Desk, server: LocalSheets) -> None:
    """Rows inserted for one moved half of the other, whose cells were then written into the wrong rows."""
    customers, leads = table("customers", ROWS), table("leads", {"Eve": (1.0, 1.0), "Fay": (2.0, 1.0)})
    desk.sync(customers, leads)
    found = {item["name"]: item for item in server.book(desk.key).named}
    item = next(item for name, item in found.items() if "leads" in name)
    area = item["range"]
    new = area | {"startRowIndex": 4, "endRowIndex": 7, "startColumnIndex": 6, "endColumnIndex": 9}
    corner = {"sheetId": desk.tab, "rowIndex": 4, "columnIndex": 6}
    desk.do(
        {"cutPaste": {"source": area, "destination": corner, "pasteType": "PASTE_NORMAL"}},
        {"updateNamedRange": {"namedRange": item | {"range": new}, "fields": "range"}},
    )
    before = desk.rows()
    more = table("leads", {"Eve": (1.0, 1.0), "Dan": (9.0, 1.0), "Fay": (2.0, 1.0)})
    with pytest.raises(SurfaceError, match="another block stands beside it") as caught:
        desk.sync(customers, more)
    assert caught.value.code == "REV-703"
    assert desk.rows() == before
    # numbers alone may change
    desk.sync(customers, table("leads", {"Eve": (5.0, 1.0), "Fay": (2.0, 1.0)}))
    assert desk.rows()[2][6:] == ["Eve", 5.0, 1.0]


def test_a_number_beyond_what_a_sheet_can_hold_differed_for_ever(desk: Desk) -> None:
    big = table("customers", {"Ada": (2**53 + 1, 1.0)})
    desk.sync(big)
    assert make_plan(desk.client, desk.report(big), desk.options()).empty


def test_a_block_that_lost_its_name_and_its_header_could_never_be_synced_again(desk: Desk, server: LocalSheets) -> None:
    desk.sync(table("customers", ROWS))
    name = next(item["namedRangeId"] for item in server.book(desk.key).named if "customers" in item["name"])
    desk.put(3, 0, "Kunde")
    desk.do({"deleteNamedRange": {"namedRangeId": name}})
    desk.memory = Memory(lost=True)
    desk.sync(table("customers", ROWS))
    assert desk.rows()[1] == ["Ada", 100.0, 1.02]
    assert sum(row[:1] == ["Name"] for row in desk.rows()) == 1


def test_what_was_set_apart_joined_the_block_when_its_name_was_deleted(desk: Desk, server: LocalSheets) -> None:
    desk.sync(table("customers", ROWS))
    desk.put(6, 4, "remember Cyd")
    desk.sync(table("customers", {name: ROWS[name] for name in ("Ada", "Bob")}))
    before = desk.rows()
    name = next(
        item["namedRangeId"]
        for item in server.book(desk.key).named
        if "customers" in item["name"] and "gone" not in item["name"]
    )
    desk.do({"deleteNamedRange": {"namedRangeId": name}})
    desk.sync(table("customers", {name: ROWS[name] for name in ("Ada", "Bob")}))
    assert desk.rows() == before


def test_a_log_with_a_column_less_stopped_every_sync(desk: Desk, server: LocalSheets) -> None:
    desk.sync(table("customers", ROWS))
    log = server.book(desk.key).sheet("_log").id
    span = {"sheetId": log, "dimension": "COLUMNS", "startIndex": 3, "endIndex": 6}
    desk.do({"deleteDimension": {"range": span}})
    desk.sync(table("customers", ROWS | {"Dan": (1.0, 1.0)}))
    assert [row[0] for row in desk.rows()[1:]] == ["Ada", "Bob", "Cyd", "Dan"]


def test_a_formula_entered_in_a_synced_cell_was_warned_of_anew_whenever_rows_moved(desk: Desk) -> None:
    desk.sync(table("customers", ROWS))
    start = {"sheetId": desk.tab, "rowIndex": 6, "columnIndex": 1}
    cell = {"userEnteredValue": {"formulaValue": "=B5+B6"}}
    desk.do({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}})
    wanted = table("customers", {"Abe": (1.0, 1.0), **ROWS})
    assert [edit.action for edit in desk.sync(wanted).edits] == ["warned"]
    assert [edit.action for edit in desk.sync(wanted).edits] == ["replaced"]
    assert desk.rows()[4] == ["Cyd", 300.0, 1.5]


def test_names_that_are_nearly_alike_are_different_records(desk: Desk) -> None:
    names = [
        *(True, False, "True", "TRUE", 1, 1.0000000000000002, "1", 0, -0.5, 1e15, 1e16, 123456789012345678),
        *("é", "e\u0301", "😀", "=1+1", "'x", " x", "x ", "a\nb", "No longer in the source (kept, not updated)"),
    ]

    def block(order: Sequence[Any], add: int) -> Block:
        lines = tuple((Cell(name), Cell(float(at + add)), Cell(0.5)) for at, name in enumerate(order))
        return replace(table("odd", {}), rows=lines, keys=tuple(str(at) for at in range(len(order))))

    for order, add in ((names, 0), (names[::-1], 5), (names[::2], 1), (names, 7)):
        wanted = block(order, add)
        assert desk.sync(wanted).edits == ()
        found = verify_report(desk.client, desk.report(wanted))
        assert (found.differences, found.extra) == ((), 0)


def test_a_zero_below_zero_was_a_row_of_its_own(desk: Desk) -> None:
    block = table("odd", {})
    desk.sync(replace(block, rows=((Cell(-0.0), Cell(1.0), Cell(1.0)),), keys=("a",)))
    wanted = replace(block, rows=((Cell(0.0), Cell(2.0), Cell(1.0)),), keys=("a",))
    assert desk.sync(wanted).tabs[0].updated == 1
    assert desk.rows()[1:] == [[0.0, 2.0, 1.0]]
