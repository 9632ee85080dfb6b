"""The add-in's VBA, executed line by line: every function as a cell calls it, and the traps on the way to Python.

An interpreter runs the modules read back from the written .xlam; `XLPy.CallUDF` ends in xlwings' real one.
"""

from typing import Any

import pytest
from beside import load
from pyopenvba.interpreter import EMPTY, MISSING, VBACurrency, VBADate, VBAErrorValue, VBARuntimeError

from revalign_udf.excel.classic import udf_name
from revalign_udf.excel.codes import CODES
from revalign_udf.functions import Function, registry

EXAMPLES = [(f, place) for f in registry().values() for place in range(len(f.examples))]
SERIAL = 46266.0  # 2026-09-01
GONE = 462


@pytest.mark.parametrize(("function", "place"), EXAMPLES, ids=[f"{f.name}-{place}" for f, place in EXAMPLES])
def test_every_example_through_its_wrapper(bench: Any, wanted: Any, function: Function, place: int) -> None:
    arguments = function.examples[place].arguments
    assert bench.cell(udf_name(function), *arguments) == wanted(function.name, arguments)
    (call,) = bench.calls
    assert call[:2] == ("revalign_udf.excel.udfs", udf_name(function))
    assert len(call[2]) == len(function.expanded()), "arguments left out are handed over as such"


def test_every_snapshot_call_through_its_wrapper(bench: Any, wanted: Any, door: Any, snapshot_call: Any) -> None:
    name, arguments, _ = snapshot_call
    if None in arguments[: registry()[name].required]:  # VBA itself refuses, and Excel shows #VALUE!
        with pytest.raises(VBARuntimeError, match="449"):
            bench.cell(f"REVALIGN_{name}", *arguments)
        assert wanted(name, arguments) == "#VALUE!"
        return
    assert bench.cell(f"REVALIGN_{name}", *arguments) == wanted(name, arguments)


def test_every_wrapper_calls_its_own_function(bench: Any, door: Any) -> None:
    for function in registry().values():
        bench.cell(udf_name(function), *["x" for _ in range(function.required)])
        assert bench.calls[-1][1] == udf_name(function)
    assert len(bench.calls) == len(registry())


def test_a_range_travels_as_values(bench: Any) -> None:
    block = bench.fill("B2", [["Spend", None], [10.0, True], ["text", "#N/A"]])
    bench.cell("REVALIGN_CAC", 1, block, 1)
    assert bench.calls[-1][2] == (1.0, (("Spend", None), (10.0, True), ("text", CODES["#N/A"])), 1.0)


def test_a_range_of_one_cell_and_of_one_row(bench: Any) -> None:
    assert bench.cell("REVALIGN_CAC", bench.fill("B2", [[100.0]]), bench.fill("B3", [[150.0, 50.0]]), 3) == 100.0
    assert bench.calls[-1][2] == (100.0, ((150.0, 50.0),), 3.0)


def test_several_blocks_in_brackets_are_refused_where_excel_would_hand_over_the_first(bench: Any) -> None:
    bench.fill("B2", [[1.0], [2.0], [4.0]])
    assert bench.cell("REVALIGN_CAC", bench.range("B2:B3,B4"), 0, 1) == "#VALUE!"
    assert bench.cell("REVALIGN_CAC", bench.range("B2:B4"), 0, 1) == 7.0


def test_of_a_whole_column_only_the_part_in_use_is_read(bench: Any) -> None:
    bench.fill("B2", [["Spend"], [10.0], [20.0]])
    bench.fill("C2", [["Ads"], [1.0], [None]])
    assert bench.cell("REVALIGN_CAC", bench.range("B:B"), bench.range("C:C"), 1) == 31.0
    assert bench.calls[-1][2][:2] == ((("Spend",), (10.0,), (20.0,)), (("Ads",), (1.0,), (None,)))
    assert bench.cell("REVALIGN_CAC", bench.range("K:K"), 5, 1) == 5.0, "an empty column is nothing"
    assert bench.cell("REVALIGN_CAC", bench.range("3:3"), 0, 1) == 11.0


def test_a_cell_formatted_as_currency_is_not_rounded(bench: Any) -> None:
    """Range.Value would hand over 0.1235 for 0.12345."""
    cell = bench.fill("B2", [[0.12345]])
    cell.vba_set("NumberFormat", "$#,##0.00")
    assert isinstance(cell.vba_get("Value"), VBACurrency)
    assert bench.cell("REVALIGN_ARR", cell) == 12 * 0.12345


def test_a_cell_formatted_as_a_date_is_its_serial_number(bench: Any, door: Any) -> None:
    cell = bench.fill("B2", [[SERIAL]])
    cell.vba_set("NumberFormat", "yyyy-mm-dd")
    assert isinstance(cell.vba_get("Value"), VBADate)
    assert bench.cell("REVALIGN_METRIC", "mrr", cell) == 1000.1
    assert bench.calls[-1][2][1] == SERIAL


def test_missing_blank_empty_text_and_zero(bench: Any, door: Any) -> None:
    blank = bench.range("B2")
    for nothing in (MISSING, EMPTY, blank, "", 0.0):
        bench.caller = bench.range("Z99")
        assert bench.vba("REVALIGN_METRIC", "mrr", "2026-09", nothing, "segment", nothing) == 1000.1
    assert [call[2][2] for call in bench.calls] == [-2147352572, None, None, "", 0.0]
    assert bench.cell("REVALIGN_CAC", "", 0, 1) == 0.0


def test_true_and_false_are_no_numbers(bench: Any) -> None:
    assert bench.cell("REVALIGN_CAC", True, 0, 1) == "#VALUE!"
    assert bench.cell("REVALIGN_CAC", [[True]], 0, 1) == "#VALUE!"


def test_a_number_that_looks_like_an_error_code_is_a_number(bench: Any) -> None:
    """Cells hold doubles; only whole numbers of COM are errors."""
    assert bench.cell("REVALIGN_ARR", float(CODES["#N/A"])) == 12.0 * CODES["#N/A"]


def test_an_error_cell_comes_out_again_as_itself(bench: Any) -> None:
    for text, code in CODES.items():
        bench.range("A:C").vba_get("ClearContents")
        bench.row = 0
        assert bench.cell("REVALIGN_CAC", [[1.0], [text], ["text"]], 1, 1) == text
        assert bench.vba("REVALIGN_ARR", VBAErrorValue(code + 2146828288)) == VBAErrorValue(code + 2146828288)


def test_errors_inside_a_table_are_real_errors(bench: Any, door: Any) -> None:
    rows = bench.cell("REVALIGN_SERIES", "mrr", "2025-12", "2026-01")
    assert rows == [["2025-12", "#N/A"], ["2026-01", 1000.1]]


def test_a_table_of_one_row_is_a_row(bench: Any, door: Any) -> None:
    assert bench.cell("REVALIGN_SERIES", "mrr", "2026-01", "2026-01") == ["2026-01", 1000.1]


def test_a_workbook_that_counts_from_1904(bench: Any, door: Any) -> None:
    """The workbook of the calling cell decides, not the active one: 1,462 days lie between them."""
    bench.date1904 = True
    assert bench.cell("REVALIGN_PERIOD", "2026-09") == SERIAL - 1462
    assert bench.calls[-1][0] == "revalign_udf.excel.udfs1904"
    bench.cell("REVALIGN_METRIC", "mrr", bench.fill("B2", [[SERIAL - 1462]]))
    assert str(door.asked[-1]["period"]) == "2026-09-01"
    other = bench.app.add_workbook()
    bench.app.activate_workbook(other)
    assert bench.cell("REVALIGN_PERIOD", "2026-09") == SERIAL - 1462
    bench.caller = other.sheets_[0].vba_get("Range", ["A1"])
    assert bench.vba("REVALIGN_PERIOD", "2026-09") == SERIAL
    bench.caller = VBAErrorValue(2023)  # called from VBA
    assert bench.vba("REVALIGN_PERIOD", "2026-09") == SERIAL
    bench.app.activate_workbook(bench.book)
    assert bench.vba("REVALIGN_PERIOD", "2026-09") == SERIAL - 1462


def test_called_from_vba_without_a_cell(bench: Any) -> None:
    assert bench.vba("REVALIGN_CAC", 1.0, 2.0, 3.0) == 1.0


def test_python_is_started_once_without_a_window(bench: Any) -> None:
    assert bench.cell("REVALIGN_ARR", 1) == bench.cell("REVALIGN_ARR", 1) == 12.0
    asked = r'"pythonw.exe" -P -m revalign_udf.excel.comserver {12345678-0ABC-0000-0007-000000000000} --excel 4711'
    assert bench.windows.started == [(rf'{asked} --project "C:\Revalign\acme"', 0)]
    assert bench.windows.closed == 1
    assert bench.windows.waited == 100, "two attempts before Python had registered itself"


@pytest.mark.parametrize(
    ("windows", "why"),
    [
        ({"missing": True}, "Python could not be started: File not found"),
        ({"ended": 1}, "Python ended before it answered (code 1)."),
        ({"slow": 10**6}, "Python did not answer within a minute."),
        ({"refused": -2147024891}, "Windows refuses the connection to Python (code 80070005)."),
    ],
)
def test_without_python_cells_are_errors_at_once_and_status_says_why(bench: Any, windows: Any, why: str) -> None:
    for name, value in windows.items():
        setattr(bench.windows, name, value)
    assert bench.cell("REVALIGN_ARR", 1) == "#VALUE!"
    started, waited = len(bench.windows.started), bench.windows.waited
    assert bench.cell("REVALIGN_ARR", 1) == "#VALUE!"
    assert (len(bench.windows.started), bench.windows.waited) == (started, waited), "a thousand cells wait once"
    bench.vba("RevalignStatus")
    assert why in bench.messages[-1]
    assert '"python.exe" -P -m revalign_udf.excel.comserver --check' in bench.messages[-1]
    bench.windows.__init__(bench)
    bench.vba("RevalignRefresh")
    assert bench.done == [("calculate",)]
    assert bench.cell("REVALIGN_ARR", 1) == 12.0, "a button tries again"


def test_python_that_ends_is_started_again_three_times(bench: Any) -> None:
    for times in range(1, 5):
        assert bench.cell("REVALIGN_ARR", 1) == 12.0
        bench.gone = GONE
        assert bench.cell("REVALIGN_ARR", 1) == "#VALUE!"
        assert len(bench.windows.started) == times
    assert bench.cell("REVALIGN_ARR", 1) == "#VALUE!"
    assert len(bench.windows.started) == 4
    bench.vba("RevalignStatus")
    assert bench.cell("REVALIGN_ARR", 1) == 12.0


def test_a_refused_argument_does_not_stop_python(bench: Any) -> None:
    assert bench.cell("REVALIGN_ARR", 1) == 12.0
    assert bench.cell("REVALIGN_CAC", bench.range("B2:B3,B4"), 0, 1) == "#VALUE!"
    assert bench.cell("REVALIGN_ARR", "x") == "#VALUE!"
    assert len(bench.windows.started) == 1


def test_paths_may_hold_variables_of_windows(bench: Any) -> None:
    cases = {
        r"%LOCALAPPDATA%\py\pythonw.exe": r"C:\Users\ada\AppData\Local\py\pythonw.exe",
        r"C:\%LOCALAPPDATA%\%LOCALAPPDATA%": r"C:\C:\Users\ada\AppData\Local\C:\Users\ada\AppData\Local",
        r"C:\100%\x": r"C:\100%\x",
        "%LOCALAPPDATA%%a": r"C:\Users\ada\AppData\Local%a",
        "": "",
    }
    assert {path: bench.vba("RevalignExpanded", path) for path in cases} == cases


def test_the_help_texts_reach_the_wizard(bench: Any) -> None:
    """Excel describes no function of a hidden workbook, so the add-in shows itself for that long."""
    bench.vba("RevalignDescribe")
    assert bench.done[0] == ("hidden", False)
    assert bench.done[-1] == ("hidden", True)
    described = {given[0].split("!")[1]: given for what, *given in bench.done[1:-1] if what == "describe"}
    assert set(described) == {udf_name(function) for function in registry().values()}
    for function in registry().values():
        macro, category, summary, texts = described[udf_name(function)]
        assert macro == f"'revalign.xlam'!{udf_name(function)}"
        assert category == "Revalign"
        assert 0 < len(summary) <= 255
        assert [len(text) <= 255 for text in (texts.items if function.arguments else [])] == [True] * len(
            function.expanded()
        )


def test_opening_the_add_in_only_asks_for_the_help_texts(bench: Any) -> None:
    bench.app.interpreter.run("Workbook_Open", [], module="ThisWorkbook")
    ((what, _, procedure),) = bench.done
    assert (what, procedure) == ("on time", "'revalign.xlam'!RevalignDescribe")


def test_the_kinds_of_calls_of_the_door_are_all_here(bench: Any, pytestconfig: pytest.Config) -> None:
    door = load(pytestconfig.rootpath / "tests" / "functions" / "door.py")
    assert {f.name for f, _ in EXAMPLES} | {call[0] for call in door.CALLS} == set(registry())
