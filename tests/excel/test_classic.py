"""The classic add-in, run by the real xlwings code over simulated COM."""

import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import pytest

from revalign_udf.excel.classic import CATEGORY, FILTER_PAIRS, plain_udf, udf_name
from revalign_udf.excel.codes import CODES, text_of
from revalign_udf.functions import Argument, Function, call_cell, registry

EXAMPLES = [(f"{f.name}-{place}", f, e) for f in registry().values() for place, e in enumerate(f.examples)]
VALUE, NA, DIV0 = CODES["#VALUE!"], CODES["#N/A"], CODES["#DIV/0!"]


def seen(cell: Any) -> Any:
    """What a cell shows for what COM carries: whole numbers are errors, empty text is a blank."""
    if isinstance(cell, list):
        return [seen(item) for item in cell]
    if type(cell) is int:
        text = text_of(cell)
        assert text, f"{cell} is no error value: numbers must be floats"
        return text
    return None if cell == "" else cell


def expected(name: str, arguments: Any) -> Any:
    answer = call_cell(name, arguments)
    cell = answer["error"] if "error" in answer else answer["cell"]
    return cell[0] if isinstance(cell, list) and len(cell) == 1 else cell


@pytest.mark.parametrize(("function", "example"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES])
def test_every_example_gives_the_same_cell(excel: Any, function: Function, example: Any) -> None:
    assert seen(excel.call(udf_name(function), example.arguments)) == expected(function.name, example.arguments)


def test_every_snapshot_call_gives_the_same_cell(excel: Any, door: Any, snapshot_call: Any) -> None:
    name, arguments, _ = snapshot_call
    wanted = expected(name, arguments)
    if name == "PERIOD":
        wanted = date.fromisoformat(wanted)
        serial = excel.call("REVALIGN_PERIOD", tuple(arguments))
        assert date(1899, 12, 30) + timedelta(days=serial) == wanted
    else:
        assert seen(excel.call(f"REVALIGN_{name}", tuple(arguments))) == wanted


def test_no_function_is_left_out(door: Any, excel: Any) -> None:
    """Every registered function is reached by the two tests above."""
    called = {f.name for _, f, _ in EXAMPLES} | set(
        "METRIC SERIES TABLE EXPLAIN RECORDS DEFINE STATUS LIST SLA SPLIT".split()
    )
    assert called | {"PERIOD"} == set(registry())


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("REVALIGN_CAC", (1, 2, 0), DIV0),
        ("REVALIGN_CAC", (1, "two", 3), VALUE),
        ("REVALIGN_CAC", (1, [[2.0], ["#N/A"], ["two"]], 3), NA),
        ("REVALIGN_CAC", ("two", "#DIV/0!", 3), DIV0),
        ("REVALIGN_METRIC", ("nrr", "2025-12"), NA),
        ("REVALIGN_METRIC", ("nrr", "2026-09", None, "segment"), None),
    ],
)
def test_errors_are_numbers_of_error_values(excel: Any, door: Any, name: str, arguments: Any, code: int | None) -> None:
    answer = excel.call(name, arguments)
    assert type(answer) is (float if code is None else int)
    assert answer == (0.9 if code is None else code)


def test_the_codes_are_those_of_xlwings(excel: Any) -> None:
    read, written = excel.xlwings._xlwindows.cell_errors, vars(excel.xlwings.constants.CVError)
    assert {text: CODES[text] for text in read.values()} == {text: code for code, text in read.items()}
    assert {code & 0xFFFF for code in read} == {number for number in written.values() if type(number) is int}


def test_an_error_cell_in_a_range_comes_out_again(excel: Any) -> None:
    book = excel.book
    com = sys.modules[type(excel).__module__]
    for code in CODES.values():
        cells = com.FakeRange(((1.0,), (code,), ("text",)), book)
        answer = excel.server.CallUDF(excel.MODULE, "REVALIGN_CAC", [cells, 1.0, 1.0], book, com.FakeRange(0.0, book))
        assert answer == code


def test_blank_cells_and_dates(excel: Any, door: Any) -> None:
    book = excel.book
    com = sys.modules[type(excel).__module__]
    caller = com.FakeRange(0.0, book)
    blank = com.FakeRange(None, book)
    day = com.FakeRange(com.datetime(2026, 9, 1, tzinfo=com.UTC), book)
    given = [com.FakeRange("mrr", book), day, blank, com.FakeRange("segment", book), blank]
    given += [com.MISSING] * (2 * FILTER_PAIRS - 2)
    assert excel.server.CallUDF(excel.MODULE, "REVALIGN_METRIC", given, book, caller) == 1000.1
    rows = com.FakeRange((("Amount",), (10.0,), (None,)), book)
    assert excel.server.CallUDF(excel.MODULE, "REVALIGN_ARR", [rows], book, caller) == 120.0


def test_a_bug_never_becomes_text() -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    function = Function("BROKEN", "Fails.", (Argument("x", "number", "x"),), "value", (), "0.1", False, broken)
    assert plain_udf(function)(1.0) == [[VALUE]]


def test_long_texts_do_not_spoil_a_table() -> None:
    function = Function("LONG", "Long.", (), "spill", (), "0.1", False, lambda: [["x" * 300, 1]])
    assert plain_udf(function)() == [["x" * 255, 1.0]]


def test_the_wizard_gets_our_help(excel: Any) -> None:
    text = excel.import_functions()
    described = {options["name"].split("!")[1]: options for options in excel.book.Application.described}
    assert set(described) == {udf_name(function) for function in registry().values()}
    for function in registry().values():
        options = described[udf_name(function)]
        assert options["Category"] == CATEGORY
        assert options["Description"] == function.summary
        assert options["ArgumentDescriptions"] == [a.help for a in function.expanded(FILTER_PAIRS)]
        assert f"Function {udf_name(function)}(" in text


def test_xlwings_was_told_to_hand_over_raw_values(excel: Any) -> None:
    module = excel.xlwings.udfs.get_udf_module(excel.MODULE, excel.book)
    for function in registry().values():
        told = getattr(module, udf_name(function)).__xlfunc__
        assert told["ret"]["options"] == {"convert": "raw"}
        assert all(argument["options"] == {"convert": "raw"} for argument in told["args"])
        assert (told["volatile"], told["call_in_wizard"]) == (False, True)


def test_off_windows_the_module_holds_plain_functions() -> None:
    code = "import revalign_udf.excel.udfs as udfs; print(udfs.REVALIGN_CAC(100.0, ((150.0,), (50.0,)), 3.0))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[[100.0]]"
