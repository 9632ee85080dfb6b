"""A spreadsheet as a source, read by the real gspread and google-auth from the local server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import Project, SheetSettings
from revalign_udf.connector import SheetReader
from revalign_udf.errors import ConfigError, Fatal, Retriable
from revalign_udf.localsheets import LocalSheets, Quota
from revalign_udf.sheets import GoogleSpreadsheet, Retry, reading
from revalign_udf.sheets.reading import GoogleSheet, open_sheet

from .conftest import QUICK, Opener

Json = dict[str, Any]


def cell(value: Any = None, kind: str = "", pattern: str = "") -> Json:
    """A cell as the API takes it: a formula when it begins with ``=``."""
    made: Json = {}
    if isinstance(value, bool):
        made["userEnteredValue"] = {"boolValue": value}
    elif isinstance(value, int | float):
        made["userEnteredValue"] = {"numberValue": value}
    elif isinstance(value, str):
        made["userEnteredValue"] = {"formulaValue" if value.startswith("=") else "stringValue": value}
    if kind:
        made["userEnteredFormat"] = {"numberFormat": {"type": kind, **({"pattern": pattern} if pattern else {})}}
    return made


class Book:
    """The spreadsheet, written to as a person would and read as a source is."""

    def __init__(self, server: LocalSheets, key: str, client: GoogleSpreadsheet, folder: Path) -> None:
        self.server, self.key, self.client, self.folder = server, key, client, folder
        self.first = server.book(key).sheets[0].id
        self.title("Goals")
        self.opened: list[GoogleSheet] = []

    def do(self, *requests: Json) -> None:
        self.client.batch_update(requests)

    def title(self, title: str, **more: Any) -> None:
        properties = {"sheetId": self.first, "title": title, **more}
        self.do({"updateSheetProperties": {"properties": properties, "fields": ",".join(["title", *more])}})

    def write(self, *rows: list[Any], row: int = 0, column: int = 0) -> None:
        cells = [{"values": [item if isinstance(item, dict) else cell(item) for item in line]} for line in rows]
        start = {"sheetId": self.first, "rowIndex": row, "columnIndex": column}
        self.do({"updateCells": {"start": start, "rows": cells, "fields": "userEnteredValue,userEnteredFormat"}})

    def settings(self, **more: Any) -> Mapping[str, Any]:
        return {"url": self.key, "key_file": str(self.server.key_file), "base_url": self.server.base_url, **more}

    def open(self, retry: Retry = QUICK) -> GoogleSheet:
        self.opened.append(open_sheet(Project(self.folder), self.settings(), retry=retry))
        return self.opened[-1]


@pytest.fixture
def book(server: LocalSheets, book_key: str, opener: Opener, tmp_path: Path) -> Iterator[Book]:
    made = Book(server, book_key, opener(), tmp_path)
    yield made
    for reader in made.opened:
        reader.close()


def test_is_a_sheet_reader_that_knows_its_tabs_hidden_ones_too(book: Book) -> None:
    book.do({"addSheet": {"properties": {"title": "Old", "hidden": True}}})
    reader: SheetReader = book.open()
    assert (reader.title, list(reader.tabs())) == ("Metrics", ["Goals", "Old"])
    assert reader.url == f"{book.server.base_url}/view/{book.key}"
    assert reader.rows("Old") == []


def test_values_are_what_they_stand_for_not_what_is_shown(book: Book) -> None:
    book.write(
        ["text", 5, 0.1, 1234567.891, True, False, None, " x "],
        [cell(0.05, "PERCENT", "0%"), cell(19.99, "CURRENCY", "[$€]#,##0.00"), cell(1001, "NUMBER", "000000")],
        [],
        ["=1+1", '=""', "=A1", None],
    )
    assert book.open().rows("Goals") == [
        ["text", 5, 0.1, 1234567.891, True, False, None, " x "],
        [0.05, 19.99, 1001],
        [],
        [2, None, "text"],
    ]


def test_dates_months_times_and_instants_in_the_zone_of_the_spreadsheet(book: Book) -> None:
    book.do({"updateSpreadsheetProperties": {"properties": {"timeZone": "America/New_York"}, "fields": "timeZone"}})
    book.write(
        [cell(46082, "DATE", "dd.mm.yyyy"), cell(46082, "DATE"), cell(46082, "DATE", "yyyy-mm"), 46082],
        [cell(46082, "DATE", 'mmm "date" yyyy'), cell(46083, "DATE", "mmm yyyy"), cell(1, "DATE", "yyyy-mm-dd")],
        [cell(46082.5, "DATE_TIME"), cell(46082, "DATE_TIME"), cell(46217.25, "DATE_TIME"), cell(0.375, "TIME")],
        [cell(46082.0416666667, "DATE_TIME"), cell(1.5, "TIME"), cell(1e9, "DATE")],
    )
    assert book.open().rows("Goals") == [
        ["2026-03-01", "2026-03-01", "2026-03", 46082],
        ["2026-03", "2026-03-02", "1899-12-31"],
        ["2026-03-01T12:00:00-05:00", "2026-03-01", "2026-07-14T06:00:00-04:00", "09:00:00"],
        ["2026-03-01T01:00:00-05:00", 1.5, 1e9],
    ]


def test_formulas_that_failed_show_their_error(book: Book) -> None:
    book.write(["=1/0", "=NA()", '=1+"x"', "=NOSUCH(1)", "=SQRT(-1)"])
    assert book.open().rows("Goals") == [["#DIV/0!", "#N/A", "#VALUE!", "#NAME?", "#NUM!"]]


def test_merged_cells_are_said_and_hidden_rows_are_read(book: Book) -> None:
    book.write(["Team", "Goal"], ["Sales", 1], [None, 2])
    area = {"sheetId": book.first, "startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 1}
    span = {"sheetId": book.first, "dimension": "ROWS", "startIndex": 2, "endIndex": 3}
    book.do(
        {"mergeCells": {"range": area, "mergeType": "MERGE_ALL"}},
        {"updateDimensionProperties": {"range": span, "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}},
    )
    reader = book.open()
    assert reader.rows("Goals") == [["Team", "Goal"], ["Sales", 1], [None, 2]]
    assert reader.merges("Goals") == [(1, 0, 3, 1)]


def test_large_tabs_come_in_pieces_with_gaps_in_their_place(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CELLS", 26 * 10)
    book.write(["first"])
    book.write(["last"], row=57)
    found = book.open().rows("Goals")
    assert (len(found), found[0], found[57]) == (58, ["first"], ["last"])
    assert all(row == [] for row in found[1:57])


def test_a_tab_that_is_not_there_names_the_nearest(book: Book) -> None:
    book.title("Goals 2026")
    with pytest.raises(Fatal, match=r"no tab 'Goals'\. Did you mean 'Goals 2026'") as caught:
        book.open().rows("Goals")
    assert caught.value.code == "REV-501"


@pytest.mark.parametrize("title", ["Bob's tab", "A1", "1:2", "Ziele – Übersicht!"])
def test_titles_that_read_like_something_else(book: Book, title: str) -> None:
    book.title(title)
    book.write(["x"])
    assert book.open().rows(title) == [["x"]]


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_sheet_of_the_settings_lends_its_sign_in(book: Book) -> None:
    book.write(["x"])
    own = SheetSettings("team", "elsewhere", key_file=str(book.server.key_file), base_url=book.server.base_url)
    project = Project(book.folder, sheets={"team": own})
    reader = open_sheet(project, {"sheet": "team", "url": book.key})
    assert reader.rows("Goals") == [["x"]]
    reader.close()
    with pytest.raises(ConfigError, match="Did you mean team"):
        open_sheet(project, {"sheet": "taem"})


def test_a_viewer_is_enough_and_a_stranger_is_told_whom_to_share_with(book: Book) -> None:
    book.write(["x"])
    book.server.share(book.key, "reader")
    assert book.open().rows("Goals") == [["x"]]
    book.server.share(book.key, None)
    for key, why in ((book.key, "not shared"), ("1NoSuchSpreadsheetAnywhere", "There is no spreadsheet")):
        reader = open_sheet(Project(book.folder), book.settings(url=key), retry=QUICK)
        with pytest.raises(Fatal, match=why) as caught:
            reader.rows("Goals")
        reader.close()
        assert caught.value.code == "REV-702"
        assert "as Viewer with" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"key_file": ""}, "Nothing says how to sign in"),
        ({"client_file": "client.json", "key_file": ""}, "sheets login NAME"),
        ({"url": ""}, "No spreadsheet is named"),
    ],
)
def test_settings_that_cannot_be_used_say_what_to_write(book: Book, settings: Json, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        open_sheet(Project(book.folder), book.settings(**settings))


def test_a_missing_key_file_is_said(book: Book) -> None:
    with pytest.raises(Fatal, match="cannot be read") as caught:
        open_sheet(Project(book.folder), book.settings(key_file="gone.json"))
    assert caught.value.code == "REV-702"


def test_a_busy_service_is_tried_again_and_then_retriable(book: Book) -> None:
    book.write(["x"])
    book.server.faults.add("GET .*", status=503, times=2)
    assert book.open().rows("Goals") == [["x"]]
    book.server.faults.add("GET .*", status=503, times=99)
    with pytest.raises(Retriable):
        book.open().rows("Goals")


def test_reading_a_tab_costs_two_calls(book: Book) -> None:
    book.write(["x"])
    book.server.quota = Quota()
    before = len(book.server.reads())
    reader = book.open()
    reader.rows("Goals")
    assert len(book.server.reads()) - before == 2
    reader.merges("Goals")
    assert len(book.server.reads()) - before == 2
