"""Every row of the golden table through the registry, which every way into Excel ends in."""

from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.functions import bare_name, call_cell, registry, session

ROUTES = load(Path(__file__).with_name("routes.py"))


@pytest.mark.parametrize("row", ROUTES.range_rows(), ids=lambda row: f"{row.family}-{row.place}-{row.function}")
def test_ranges(row: Any) -> None:
    assert not ROUTES.differences([row], [call_cell(row.function, row.arguments)])


def test_snapshot(golden: Path) -> None:
    asked = ROUTES.snapshot_rows()
    with session.using(golden):
        answers = [call_cell(row.function, row.arguments) for row in asked]
    assert ROUTES.differences(asked, answers) == []


def test_the_table_covers_every_function() -> None:
    counts = dict.fromkeys(registry(), 0)
    for row in ROUTES.rows():
        if bare_name(row.function) in counts:
            counts[bare_name(row.function)] += 1
    assert len(ROUTES.rows()) >= 300
    assert {name for name, count in counts.items() if count < 3} == set()
    errors = {row.error for row in ROUTES.rows()}
    assert {"#DIV/0!", "#N/A", "#NAME?", "#NUM!", "#REF!", "#VALUE!", "#NULL!"} <= errors
    for row in ROUTES.rows():
        assert row.about, row.title
        assert bool(row.error) == bool(row.code), row.title


def test_the_comparison_sees_the_last_bit_and_the_kind() -> None:
    same = ROUTES.same
    assert same(0.3, 0.3)
    assert same(1.0, 1)
    assert not same(0.3, 0.1 + 0.2)
    assert not same(1.0, True)
    assert not same(0.0, -0.0)
    assert not same(None, "")
    assert not same(None, 0.0)
    assert same([["a", None]], [["a", None]])
    assert not same([["a", None]], [["a"]])
    assert not same(1.0, [[1.0]])
    [row] = [row for row in ROUTES.rows() if (row.family, row.place) == ("acquisition", 2)]
    right = {"error": "#DIV/0!", "message": "REV-110 because"}
    assert ROUTES.differences([row], [right]) == []
    for wrong in ({"cell": 0.0}, {**right, "error": "#N/A"}, {**right, "message": "REV-112 because"}):
        assert len(ROUTES.differences([row], [wrong])) == 1
    assert ROUTES.exactly("1 - (97/100)^2") * 10_000 == 591
