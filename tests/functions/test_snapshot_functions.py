"""Functions on the snapshot, over a door with a handful of numbers."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.functions import call_cell, session


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


def test_without_a_project_the_cell_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(session.PROJECT_VARIABLE, str(tmp_path))
    session.use(None)
    answer = call_cell("METRIC", ["nrr", "2026-09"])
    assert answer["message"].startswith("REV-301")
