"""Functions on the snapshot, over a door with a handful of numbers."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.functions import call_cell, session
from revalign_udf.functions.asking import RESERVED
from revalign_udf.metrics import DIMENSIONS, METRICS


def test_cells(door: Any, snapshot_call: tuple[str, list[Any], Any]) -> None:
    name, arguments, cell = snapshot_call
    answer = call_cell(f"REVALIGN.{name}", arguments)
    assert (answer["error"] if "error" in answer else answer["cell"]) == cell


def test_what_is_asked(door: Any) -> None:
    call_cell("METRIC", ["nrr", 46266.0, 46326.0, "segment", "smb", "country", 0, None, None])
    assert door.asked == [
        {"name": "nrr", "period": date(2026, 9, 1), "where": {"segment": "smb"}, "as_of": date(2026, 10, 31)}
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nnr", "2026-09"], 'REV-101 Unknown metric "nnr". Did you mean nrr?'),
        (["nrr", "2025-12"], "REV-204 Nothing was paying."),
        (["nrr", "2026-09", "segment", "smb"], 'REV-101 as_of is not a date: "segment".'),
        (["nrr"], "REV-102 METRIC needs period."),
        (["", "2026-09"], "REV-112 metric is empty."),
        (["funnel", "2026-09"], "REV-102 funnel is a table"),
        (["nrr", "Jan-22"], 'REV-101 "Jan-22" can mean Jan 2022 or a day in Jan. Write 2022-01 for the month.'),
        (["nrr", "2026-09", None, None, "smb"], 'REV-102 The value "smb" has no field before it.'),
    ],
)
def test_messages(door: Any, arguments: list[Any], message: str) -> None:
    assert call_cell("METRIC", arguments)["message"].startswith(message)


@pytest.mark.parametrize(
    ("function", "pairs", "message"),
    [
        ("TABLE", ["columns", "mr"], 'REV-101 Unknown column "mr". Did you mean mrr? There are: period, mrr.'),
        ("TABLE", ["sort", "-perod"], 'REV-101 Unknown column "perod". Did you mean period?'),
        (
            "TABLE",
            ["columns", "mrr, -period"],
            "REV-102 columns names some to show and some to leave out. Give a minus",
        ),
        ("TABLE", ["columns", "period, , mrr"], 'REV-102 columns has a comma without a name. Write "stage, reached".'),
        ("TABLE", ["sort", "-"], "REV-102 sort has a comma without a name."),
        ("TABLE", ["limit", -1], 'REV-102 limit is how many rows to show, not "-1". Write 50, for instance.'),
        ("TABLE", ["limit", "0"], 'REV-102 limit is how many rows to show, not "0".'),
        ("TABLE", ["heads", "off"], 'REV-102 heads is yes or no, not "off". Write yes or no.'),
        ("TABLE", ["dates", "yes"], 'REV-102 dates is text or real, not "yes". Write text or real.'),
        ("TABLE", ["Heads", "no", "heads", "yes"], 'REV-102 The field "heads" is given twice.'),
        (
            "METRIC",
            ["heads", "no"],
            "REV-102 heads does not go with this function. It goes with TABLE, RECORDS, BRIDGE, DRIFT",
        ),
        ("STAMP", ["limit", "1"], "REV-102 limit does not go with this function."),
        ("EXPLAIN", ["columns", "value"], "REV-102 columns does not go with this function."),
        ("SERIES", ["dates", "real"], "REV-102 dates does not go with this function."),
        ("BRIDGE", ["columns", "amount"], 'REV-101 Unknown column "amount". Did you mean about? There are: item'),
        ("DRIFT", ["heads", "no"], 'REV-102 What DRIFT tells without show is no one table. Add "show", "metrics"'),
        ("DRIFT", ["show", "rows"], 'REV-101 Unknown part to show "rows".'),
        ("DRIFT", ["segment", "smb"], "REV-102 segment does not go with this function. It takes columns, heads,"),
        ("DEFINE", ["profile", "stripe"], "REV-102 profile does not go with this function."),
        ("STATUS", ["columns", "sorce"], 'REV-101 Unknown column "sorce". Did you mean source?'),
        ("REVIEW", ["segment", "smb"], "REV-102 segment does not go with this function. It takes columns, heads,"),
        ("SPLIT", ["profile", "stripe"], "REV-102 profile does not go with this function."),
    ],
)
def test_what_to_show_of_a_table(door: Any, function: str, pairs: list[Any], message: str) -> None:
    before = {"TABLE": 4, "SPLIT": 2, "BRIDGE": 4, "SERIES": 5, "DRIFT": 2, "DEFINE": 1, "STATUS": 1}.get(function, 3)
    given: dict[str, list[Any]] = {
        "SPLIT": ["2026-Q3"], "REVIEW": ["2026-Q3"], "BRIDGE": ["mrr", "mrr@stripe", "2026-09"],
        "SERIES": ["mrr", "2026-08", "2026-09"], "DRIFT": ["2026-08"], "DEFINE": ["nrr"], "STATUS": [None],
    }  # fmt: skip
    arguments = [*given.get(function, ["mrr", "2026-09"]), *[None] * 3][:before]
    assert call_cell(function, [*arguments, *pairs])["message"].startswith(message)


def test_words_of_pairs_are_no_dimension_and_no_parameter() -> None:
    """Else nobody could filter by it in a cell."""
    assert len(set(RESERVED)) == len(RESERVED)
    parameters = {item.name for metric in METRICS.values() for item in metric.parameters}
    assert set(RESERVED).isdisjoint({*DIMENSIONS, *parameters})


def test_without_a_project_the_cell_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(session.PROJECT_VARIABLE, str(tmp_path))
    session.use(None)
    answer = call_cell("METRIC", ["nrr", "2026-09"])
    assert answer["message"].startswith("REV-301")
