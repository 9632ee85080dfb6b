"""The table of keys in workbooks/README.md and the keys a layout may hold are the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.layout import packaged, read
from revalign_udf.layout.fields import Fields

BLOCKS = """
title = "All"
[[tab]]
key = "t"
[[tab.block]]
key = "a"
kind = "series"
periods = "LTM"
metrics = [{ metric = "mrr" }]
[[tab.block.computed]]
key = "c"
formula = "mrr"
[[tab.block.chart]]
kind = "line"
series = ["c"]
[[tab.block]]
key = "b"
kind = "series"
from = "2026-01"
to = "2026-02"
metrics = ["mrr"]
[[tab.block]]
key = "d"
kind = "breakdown"
by = "segment"
period = "LTM"
metrics = ["mrr"]
[[tab.block]]
key = "e"
kind = "table"
period = "LTM"
metric = { metric = "funnel" }
columns = [{ key = "stage" }]
row_key = ["stage"]
[[tab.block]]
key = "f"
kind = "records"
period = "LTM"
metric = "mrr"
sort = ["on"]
"""
KINDS = ("series", "breakdown", "table", "records")


def documented() -> dict[str, set[str]]:
    """Place -> keys, from the table under the example."""
    text = (packaged() / "README.md").read_text("utf-8").partition("| where | key | means |")[2].partition("\n\n")[0]
    found: defaultdict[str, set[str]] = defaultdict(set)
    place = ""
    for line in text.splitlines()[2:]:
        where, keys = (part.strip() for part in line.strip("|").split("|")[:2])
        place = where or place
        found[place] |= set(re.findall(r"`(\w+)`", keys))
    return found


@pytest.fixture
def accepted(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Place -> keys the reader asks for, gathered while it reads a layout of every kind of block."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    whole = Fields.done

    def done(self: Any) -> None:
        last = re.sub(r"\[.*?\]$", "", self.place.rpartition(".")[2])
        last = {"": "report", "metrics": "metric", "columns": "column"}.get(last, last)
        if last == "block":
            last = self._values["kind"]
        if last == "metric" and re.search(r"block\[[ef]\]", self.place):
            last = "metric of a table"
        found[last] |= self._asked
        whole(self)

    monkeypatch.setattr(Fields, "done", done)
    read(write(BLOCKS))
    return found


def test_every_key_is_documented_and_every_documented_key_accepted(accepted: dict[str, set[str]]) -> None:
    said = documented()
    for place in ("report", "tab", "metric", "computed", "column", "chart"):
        assert said[place] == accepted[place], place
    numbers = {"series", "breakdown"}
    for kind in KINDS:
        common = said["block"] - (set() if kind in numbers else {"metrics", "computed"})
        known = accepted[kind] - (set() if kind in numbers else {"metrics", "computed"})
        assert common | said[kind] == known, kind
    assert set(said) == {"report", "tab", "block", *KINDS, "metric", "computed", "column", "chart"}


def test_the_metric_of_a_table_takes_what_the_readme_says(accepted: dict[str, set[str]]) -> None:
    assert accepted["metric of a table"] == {"metric", "where"}
