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
[[tab.block.rule]]
kind = "heat"
[[tab.block.rule]]
kind = "flag"
when = "< 1"
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
[[tab.block]]
key = "g"
kind = "grid"
periods = "LTM"
metric = { metric = "mrr" }
by = "segment"
values = ["SMB"]
[[tab.block]]
key = "h"
kind = "grid"
from = "2026-01"
to = "2026-02"
metric = "mrr"
by = "segment"
[[tab.block]]
key = "i"
kind = "scorecard"
period = "$month"
metrics = ["mrr"]
compare = ["previous"]
[[tab.block]]
key = "j"
kind = "calls"
entries = ["A"]
[[tab.block.call]]
function = "ARR"
entries = [1]
[[tab.block]]
key = "k"
kind = "spill"
function = "LIST"
arguments = ["months"]
[[tab.block.column]]
title = "Month"
[[tab.block]]
key = "l"
kind = "notes"
lines = ["Read me."]
[[parameter]]
key = "month"
choices = "months"
value = "LTM"
"""
KINDS = ("series", "breakdown", "grid", "scorecard", "table", "records", "calls", "spill", "notes")
#: keys of blocks that only some kinds have
SOME = {
    "metrics": {"series", "breakdown", "scorecard"},
    "computed": {"series", "breakdown"},
}


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
        if last == "metric" and re.search(r"block\[[efgh]\]", self.place):
            last = "metric of a table"
        found[last] |= self._asked
        whole(self)

    monkeypatch.setattr(Fields, "done", done)
    read(write(BLOCKS))
    return found


def test_every_key_is_documented_and_every_documented_key_accepted(accepted: dict[str, set[str]]) -> None:
    said = documented()
    others = ("report", "parameter", "tab", "metric", "computed", "column", "call", "chart", "rule")
    for place in others:
        assert said[place] == accepted[place], place
    for kind in KINDS:
        without = {key for key, kinds in SOME.items() if kind not in kinds}
        assert (said["block"] - without) | said[kind] == accepted[kind] - without, kind
    assert set(said) == {"block", *KINDS, *others}


def test_the_metric_of_a_table_takes_what_the_readme_says(accepted: dict[str, set[str]]) -> None:
    assert accepted["metric of a table"] == {"metric", "where"}
