import gspread
import pytest
from gspread.exceptions import APIError
from gspread.utils import ValueInputOption, ValueRenderOption

from revalign_udf.localsheets import LocalSheets

RAW, TYPED = ValueInputOption.raw, ValueInputOption.user_entered
PLAIN, FORMULA = ValueRenderOption.unformatted, ValueRenderOption.formula


def test_round_trip_raw(tab: gspread.Worksheet) -> None:
    rows = [["text", 1, 2.5, True], ["=1+1", "007", "2026-01-05", -3]]
    tab.update(rows, "A1", value_input_option=RAW)
    assert tab.get(value_render_option=PLAIN) == rows
    assert tab.get(value_render_option=FORMULA) == rows
    assert tab.get_all_values() == [["text", "1", "2.5", "TRUE"], ["=1+1", "007", "2026-01-05", "-3"]]


def test_typed_as_a_person_would(tab: gspread.Worksheet) -> None:
    tab.update([["1,234.5", "12%", "2026-01-05", "true", "'007", "=A1*2"]], "A1", value_input_option=TYPED)
    assert tab.get(value_render_option=PLAIN) == [[1234.5, 0.12, 46027, True, "007", 2469]]
    assert tab.get(value_render_option=FORMULA)[0][5] == "=A1*2"
    assert tab.get_all_values() == [["1,234.50", "12%", "2026-01-05", "TRUE", "007", "2469"]]
    dated = tab.get("C1", value_render_option=PLAIN, date_time_render_option="FORMATTED_STRING")
    assert dated == [["2026-01-05"]]


def test_null_leaves_alone_and_empty_clears(tab: gspread.Worksheet) -> None:
    tab.update([[1, 2, 3]], "A1")
    tab.update([[None, "", 4]], "A1")
    assert tab.get(value_render_option=PLAIN) == [[1, "", 4]]


def test_trailing_blanks_are_left_out_and_columns_are_turned(tab: gspread.Worksheet) -> None:
    tab.update([["a", ""], ["b", "c"], ["", ""]], "A1")
    assert tab.get("A1:E9") == [["a"], ["b", "c"]]
    assert tab.get("A1:B2", major_dimension="COLUMNS") == [["a", "b"], ["", "c"]]
    assert tab.get("D4:E9") == [[]]


def test_batches(book: gspread.Spreadsheet, tab: gspread.Worksheet) -> None:
    answer = tab.batch_update([{"range": "A1", "values": [[1]]}, {"range": "B2:C2", "values": [[2, 3]]}])
    assert (answer["totalUpdatedCells"], answer["totalUpdatedRows"], answer["totalUpdatedSheets"]) == (3, 2, 1)
    assert tab.batch_get(["A1", "B2:C2"]) == [[["1"]], [["2", "3"]]]
    tab.batch_clear(["A1", "C:C"])
    assert tab.get_all_values() == [["", ""], ["", "2"]]
    assert book.values_clear("Sheet1!A1:Z9")["clearedRange"] == "Sheet1!A1:Z9"


def test_one_bad_range_stops_the_whole_batch(tab: gspread.Worksheet) -> None:
    with pytest.raises(APIError, match="Unable to parse range"):
        tab.spreadsheet.values_batch_update(
            {
                "valueInputOption": "RAW",
                "data": [{"range": "Sheet1!A1", "values": [[1]]}, {"range": "Nowhere!A1", "values": [[2]]}],
            }
        )
    assert tab.get_all_values() == [[]]


def test_append_finds_the_table_and_grows_the_grid(book: gspread.Spreadsheet) -> None:
    tab = book.add_worksheet("Small tab", 3, 2)
    tab.update([["name", "mrr"], ["Ada", 1]], "A1")
    answer = tab.append_rows([["Bob", 2], ["Cyd", 3]])
    assert answer["tableRange"] == "'Small tab'!A1:B2"
    assert answer["updates"]["updatedRange"] == "'Small tab'!A3:B4"
    assert book.worksheet("Small tab").row_count == 4
    assert tab.get_all_values()[2:] == [["Bob", "2"], ["Cyd", "3"]]


def test_update_off_the_grid_is_refused(book: gspread.Spreadsheet) -> None:
    tab = book.add_worksheet("Small", 2, 2)
    for cells, rows in (("A3", [[1]]), ("A1", [[1], [2], [3]]), ("B1:C1", [[1, 2]])):
        with pytest.raises(APIError, match=r"exceeds grid limits\. Max rows: 2, max columns: 2"):
            tab.update(rows, cells)
    with pytest.raises(APIError, match=r"tried writing to column \[C\]"):
        tab.update([[1, 2, 3]], "A1:B1")
    assert tab.get("A1:B9") == [[]]


def test_ranges_by_name_and_quoted_tab(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    tab = book.add_worksheet("Bob's tab", 9, 9)
    tab.update([[1, 2], [3, 4]], "B2")
    tab.define_named_range("B2:C3", "numbers")
    assert book.values_get("numbers")["range"] == "'Bob''s tab'!B2:C3"
    assert book.values_get("numbers")["values"] == [["1", "2"], ["3", "4"]]
    assert book.values_get("'Bob''s tab'")["values"] == [[], ["", "1", "2"], ["", "3", "4"]]
    assert book.values_get("'Bob''s tab'!C:C")["values"] == [[], ["2"], ["4"]]
    assert book.values_get("'Bob''s tab'!3:3")["values"] == [["", "3", "4"]]
    with pytest.raises(APIError, match="Unable to parse range: Nowhere"):
        book.values_get("Nowhere!A1")


def test_input_option_is_required(tab: gspread.Worksheet) -> None:
    with pytest.raises(APIError, match="valueInputOption"):
        tab.spreadsheet.values_update("Sheet1!A1", {}, {"values": [[1]]})


def test_many_cells(tab: gspread.Worksheet) -> None:
    rows = [[row * 20 + column for column in range(20)] for row in range(900)]
    tab.update(rows, "A1")
    assert tab.get(value_render_option=PLAIN) == rows


def test_too_long_a_text_is_refused(tab: gspread.Worksheet) -> None:
    with pytest.raises(APIError, match="50000 characters"):
        tab.update([["x" * 50_001]], "A1")


def test_gspread_conveniences(tab: gspread.Worksheet) -> None:
    tab.update([["name", "mrr"], ["Ada", 100], ["Bob", 200]], "A1")
    assert tab.get_all_records() == [{"name": "Ada", "mrr": 100}, {"name": "Bob", "mrr": 200}]
    assert tab.find("Bob").address == "A3"
    tab.insert_row(["Eve", 50], 2)
    tab.delete_rows(3)
    tab.format("A1:B1", {"textFormat": {"bold": True}})
    tab.freeze(rows=1)
    tab.insert_note("A1", "who")
    assert tab.col_values(1) == ["name", "Eve", "Bob"]
    assert tab.get_note("A1") == "who"
    assert tab.frozen_row_count == 1
