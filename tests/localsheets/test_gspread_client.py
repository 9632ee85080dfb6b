"""What the real gspread offers, through the real gspread."""

from collections.abc import Iterator
from typing import Any

import gspread
import pytest
from gspread.exceptions import APIError, GSpreadException, WorksheetNotFound
from gspread.utils import Dimension, MergeType, PasteType, ValidationConditionType, ValueInputOption
from sheetsapi import SCOPES, LocalCredentials, connected

from revalign_udf.localsheets import LocalSheets

TYPED = ValueInputOption.user_entered


@pytest.fixture(scope="module")
def client() -> Iterator[gspread.Client]:
    with LocalSheets() as server, connected(server) as session:

        class Redirected(gspread.http_client.HTTPClient):  # type: ignore[misc,unused-ignore]
            def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> Any:
                for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
                    endpoint = endpoint.replace(host, server.base_url)
                return super().request(method, endpoint, *args, **options)

        credentials = LocalCredentials.from_service_account_file(str(server.key_file), scopes=list(SCOPES))
        yield gspread.Client(credentials, session=session, http_client=Redirected)


@pytest.fixture
def book(client: gspread.Client) -> gspread.Spreadsheet:
    return client.create("Plans")


@pytest.fixture
def tab(book: gspread.Spreadsheet) -> gspread.Worksheet:
    return book.sheet1


# --- files -----------------------------------------------------------------------------------------------------------


def test_open_list_copy_share_delete(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    assert client.open("Plans").title == "Plans"
    assert book.id in {item["id"] for item in client.list_spreadsheet_files()}
    copied = client.copy(book.id, title="Plans again", copy_permissions=True)
    assert copied.title == "Plans again"
    book.share("bob@example.com", perm_type="user", role="writer", notify=False)
    assert "bob@example.com" in {item.get("emailAddress") for item in book.list_permissions()}
    assert book.remove_permissions("bob@example.com", role="writer")
    client.del_spreadsheet(copied.id)
    with pytest.raises(gspread.exceptions.SpreadsheetNotFound):
        client.open_by_key(copied.id)


def test_import_and_export(client: gspread.Client, book: gspread.Spreadsheet) -> None:
    client.import_csv(book.id, b"name,mrr\nAda,100\n")
    assert client.open_by_key(book.id).get_worksheet(0).get_all_records() == [{"name": "Ada", "mrr": 100}]
    assert client.open_by_key(book.id).export(gspread.utils.ExportFormat.CSV) == b"name,mrr\r\nAda,100"


def test_title_locale_and_zone(book: gspread.Spreadsheet) -> None:
    book.update_title("Other plans")
    book.update_locale("fr_FR")
    book.update_timezone("Europe/Paris")
    fresh = book.fetch_sheet_metadata()["properties"]
    assert (fresh["title"], fresh["locale"], fresh["timeZone"]) == ("Other plans", "fr_FR", "Europe/Paris")
    assert book.get_lastUpdateTime() >= book.creationTime


# --- tabs ------------------------------------------------------------------------------------------------------------


def test_tabs_come_go_and_change_places(book: gspread.Spreadsheet) -> None:
    second = book.add_worksheet("Second", 5, 5)
    third = book.duplicate_sheet(second.id, insert_sheet_index=2, new_sheet_name="Third")
    book.reorder_worksheets([third, second, book.sheet1])
    assert [item.title for item in book.worksheets()] == ["Third", "Second", "Sheet1"]
    book.worksheets()[-1].update_index(0)
    assert [item.title for item in book.worksheets()] == ["Sheet1", "Third", "Second"]
    third.hide()
    assert [item.title for item in book.worksheets(exclude_hidden=True)] == ["Sheet1", "Second"]
    third.show()
    book.del_worksheet(third)
    with pytest.raises(WorksheetNotFound):
        book.worksheet("Third")
    with pytest.raises(APIError, match="already exists"):
        book.add_worksheet("Second", 1, 1)


def test_a_tab_that_is_called_like_a_cell(tab: gspread.Worksheet) -> None:
    tab.update_title("D3")
    tab.update([["x"]], "A1")
    assert tab.get_all_values() == [["x"]]
    assert tab.get("A1").range == "'D3'!A1"


def test_colour_gridlines_frozen_rows(tab: gspread.Worksheet, book: gspread.Spreadsheet) -> None:
    tab.update_tab_color("#FF8000")
    assert book.sheet1.get_tab_color() == "#FF8000"
    tab.clear_tab_color()
    assert book.sheet1.get_tab_color() is None
    tab.hide_gridlines()
    tab.freeze(rows=2, cols=1)
    grid: dict[str, Any] = book.fetch_sheet_metadata()["sheets"][0]["properties"]["gridProperties"]
    assert (grid["hideGridlines"], grid["frozenRowCount"], grid["frozenColumnCount"]) == (True, 2, 1)
    tab.show_gridlines()
    tab.freeze(0, 0)
    grid = book.fetch_sheet_metadata()["sheets"][0]["properties"]["gridProperties"]
    assert set(grid) == {"rowCount", "columnCount"}


def test_sizes(tab: gspread.Worksheet, book: gspread.Spreadsheet) -> None:
    tab.add_rows(10)
    tab.add_cols(4)
    assert (book.sheet1.row_count, book.sheet1.col_count) == (1010, 30)
    tab.resize(5, 3)
    assert (book.sheet1.row_count, book.sheet1.col_count) == (5, 3)
    with pytest.raises(APIError, match="exceeds grid limits"):
        tab.update([["x"]], "D1")


# --- cells -----------------------------------------------------------------------------------------------------------


def test_cells_one_by_one_and_many(tab: gspread.Worksheet) -> None:
    for given, shown in ((42, "42"), ("0042", "42"), (42.01, "42.01"), ("Łódź", "Łódź"), ("a\nb", "a\nb")):
        tab.update_cell(1, 2, given)
        assert tab.cell(1, 2).value == shown
    cells = tab.range("A2:B3")
    for number, cell in enumerate(cells):
        cell.value = number
    tab.update_cells([cells[0], cells[3]])
    assert tab.get("A2:B3") == [["0"], ["", "3"]]
    assert [cell.value for cell in tab.range("B3:A2")] == ["0", "", "", "3"]
    assert tab.find("3").address == "B3"
    assert tab.findall("nothing") == []


def test_rows_inserted_keep_formulas_and_take_values(tab: gspread.Worksheet) -> None:
    tab.update([["a"], ["=1+1"], ["c"]], "A1", value_input_option=TYPED)
    tab.insert_rows([["x", "y"], ["z"]], 2)
    assert tab.get("A1:B5", value_render_option="FORMULA") == [["a"], ["x", "y"], ["z"], ["=1+1"], ["c"]]
    tab.insert_cols([["left"]], 1)
    assert tab.acell("B4", value_render_option="FORMULA").value == "=1+1"
    with pytest.raises(GSpreadException):
        tab.insert_row(["n"], 1, inherit_from_before=True)
    tab.delete_rows(2, 3)
    tab.delete_columns(1)
    assert tab.get_values("A1:A3") == [["a"], ["2"], ["c"]]


def test_appended_rows(tab: gspread.Worksheet) -> None:
    tab.append_row(["x", "", "z"])
    tab.append_row(["x", "", "z"])
    assert tab.row_values(2) == ["", "", "x", "", "z"]
    tab.append_row(["q"], table_range="A1")
    assert tab.cell(2, 1).value == "q"


def test_records(tab: gspread.Worksheet) -> None:
    tab.update([["id", "amount", "note"], [1, 1.5, ""], [2, "", "x"]], "A1")
    assert tab.get_all_records(default_blank=None) == [
        {"id": 1, "amount": 1.5, "note": None},
        {"id": 2, "amount": None, "note": "x"},
    ]
    tab.update([["id", "id"]], "A1")
    with pytest.raises(GSpreadException):
        tab.get_all_records()


def test_sorting_and_filters(tab: gspread.Worksheet, book: gspread.Spreadsheet) -> None:
    tab.update([["c", 2], ["a", 3], ["b", 1]], "A1")
    tab.sort((2, "des"), range="A1:B3")
    assert tab.get("A1:A3") == [["a"], ["c"], ["b"]]
    tab.set_basic_filter("A1:B3")
    assert book.fetch_sheet_metadata()["sheets"][0]["basicFilter"]["range"]["endRowIndex"] == 3
    tab.clear_basic_filter()
    assert "basicFilter" not in book.fetch_sheet_metadata()["sheets"][0]


def test_notes_formats_merges_names(tab: gspread.Worksheet, book: gspread.Spreadsheet) -> None:
    tab.insert_notes({"A1": "first", "B2": "second"})
    assert tab.get_notes() == [["first"], ["", "second"]]
    tab.clear_notes(["A1", "B2"])
    assert tab.get_note("A1") == ""
    tab.format("A1:B2", {"textFormat": {"bold": True}})
    tab.merge_cells("A1:B2", MergeType.merge_all)
    merged = book.fetch_sheet_metadata()["sheets"][0]["merges"]
    assert merged == [{"startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 2}]
    tab.update([["top"]], "A1")
    tab.update([["x"]], "C3")
    assert tab.get_all_values(combine_merged_cells=True) == [["top", "top", ""], ["top", "top", ""], ["", "", "x"]]
    tab.unmerge_cells("A1:B2")
    made = tab.define_named_range("A1:B2", "corner")["replies"][0]["addNamedRange"]["namedRange"]
    assert [item["name"] for item in book.list_named_ranges()] == ["corner"]
    tab.delete_named_range(made["namedRangeId"])
    assert book.list_named_ranges() == []


def test_protection_validation_hidden_and_grouped_lines(tab: gspread.Worksheet, book: gspread.Spreadsheet) -> None:
    tab.add_protected_range("A1:B2", warning_only=True, description="careful")
    assert book.list_protected_ranges(tab.id)[0]["description"] == "careful"
    tab.delete_protected_range(book.list_protected_ranges(tab.id)[0]["protectedRangeId"])
    tab.add_validation("A1", ValidationConditionType.one_of_list, ["y"], inputMessage="y only", strict=True)
    fields = "sheets.data.rowData.values.dataValidation"
    shown = book.fetch_sheet_metadata({"ranges": "A1", "fields": fields})["sheets"][0]["data"][0]["rowData"][0]
    rule = shown["values"][0]["dataValidation"]
    assert (rule["strict"], rule["condition"]["type"]) == (True, "ONE_OF_LIST")
    tab.hide_rows(0, 2)
    fields = "sheets.data.rowMetadata"
    lines = book.fetch_sheet_metadata({"ranges": "A1:A3", "fields": fields})["sheets"][0]["data"][0]["rowMetadata"]
    assert [line.get("hiddenByUser", False) for line in lines] == [True, True, False]
    tab.unhide_rows(0, 2)
    tab.add_dimension_group_rows(1, 3)
    assert tab.list_dimension_group_rows()[0]["range"]["dimension"] == Dimension.rows
    tab.delete_dimension_group_rows(1, 3)
    assert tab.list_dimension_group_rows() == []


def test_copied_and_cut_ranges(tab: gspread.Worksheet) -> None:
    tab.update([["A1"], ["A2"]], "A1:A2")
    tab.copy_range("A1:A2", "B1:B2")
    tab.cut_range("A1:A2", "C1", paste_type=PasteType.normal)
    assert tab.get("A1:C2") == [["", "A1", "A1"], ["", "A2", "A2"]]


def test_batches(tab: gspread.Worksheet) -> None:
    tab.batch_update([{"range": "A1:D1", "values": [["A1", "", "", "D1"]]}, {"range": "A4", "values": [["A4"]]}])
    assert tab.get("A1:D4") == [["A1", "", "", "D1"], [], [], ["A4"]]
    ranges = tab.batch_get(["A1:B1", "A4:D4"])
    assert (ranges[0].range, ranges[0].first(), ranges[1]) == ("Sheet1!A1:B1", "A1", [["A4"]])
    tab.batch_clear(["A1:D1", "A4"])
    assert tab.get_all_values() == [[]]
