"""The generated file where it is used: Python 3.14 as WebAssembly, nothing but the standard library."""

from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.functions import call_cell, registry

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def addin() -> Any:
    return load(HERE / "inside.py").inside()


def _same(expected: Any, found: Any) -> bool:
    """Equal to the last bit and of equal kind: 1.0 is neither 1 nor true."""
    return repr(expected) == repr(found)


def test_every_example_of_every_range_function_gives_the_same_cell(addin: Any) -> None:
    cases = [(f.name, list(e.arguments)) for f in registry().values() if not f.snapshot for e in f.examples]
    # Excel does not let a cell call a function with an argument missing
    cases = [(name, given) for name, given in cases if len(given) >= registry()[name].required]
    assert len(cases) > 50
    for version in ("usual", "native"):
        for (name, given), found in zip(cases, addin.call(cases, version), strict=True):
            expected = call_cell(name, given)
            if "error" in expected:
                assert found["error"] == expected["error"], (name, given)
            else:
                assert _same(expected, found), (name, given)


def test_the_names_are_the_functions_on_ranges_under_our_namespace(addin: Any) -> None:
    assert addin.names == sorted(f"REVALIGN.{f.name}" for f in registry().values() if not f.snapshot)


def test_a_failure_is_never_text_but_an_error_that_says_why(addin: Any) -> None:
    [found] = addin.call([("CAC", [100, 200, 0])])
    assert found["shown"] == "#VALUE!"
    assert found["message"].startswith("#DIV/0! REV-110 ")
    [native] = addin.call([("CAC", [100, 200, 0])], "native")
    assert native == {"shown": "#DIV/0!", "error": "#DIV/0!"}


def test_an_error_cell_in_a_range_is_not_read_as_a_blank(addin: Any) -> None:
    found, row = addin.call([("ARR", [[[100.0], ["#N/A"], [50.0]]]), ("ARR", [[[100.0, "#REF!"]]])])
    assert (found["error"], row["error"]) == ("#N/A", "#REF!")


def test_working_hours_without_time_zones(addin: Any) -> None:
    """UTC and the clock around work as they are; another zone says what is missing instead of counting in UTC."""
    utc, around, stockholm = addin.without_zones
    assert utc == call_cell("SLA_RATE", load(HERE / "inside.py").ZONE)
    assert around == {"cell": 0.0}
    assert stockholm["error"] == "#VALUE!"
    assert stockholm["message"].startswith('REV-101 There is no time-zone data here, so "Europe/Stockholm"')
    assert "tzdata" in stockholm["message"]


def test_ten_thousand_rows(addin: Any) -> None:
    amounts = [["MRR"], *([round(0.37 * place, 2)] for place in range(10_000))]
    for found in addin.call([("ARR", [amounts]), ("NRR", [amounts, amounts])]):
        assert "cell" in found
    assert addin.call([("ARR", [amounts])]) == [call_cell("ARR", [amounts])]
