"""The stand-in for the one door for numbers, and a short way to write a layout."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import NoData, Undefined, UnknownName
from revalign_udf.functions.calling import call
from revalign_udf.layout.ask import Caller

FAKE = runpy.run_path(str(Path(__file__).with_name("fake.py")))["FakeAsk"]

GOOD = """
title = "Test"
[[tab]]
key = "one"
name = "One"
[[tab.block]]
key = "main"
title = "Main"
kind = "series"
periods = "LAST_N_MONTHS:3"
metrics = ["opening_mrr", "mrr", { metric = "mrr", where = { segment = "SMB" } }]
[[tab.block.computed]]
key = "change"
unit = "money"
formula = "mrr - opening_mrr"
[[tab.block.chart]]
kind = "line"
series = ["mrr", "change"]
"""


@pytest.fixture
def ask() -> Any:
    return FAKE()


@pytest.fixture
def answering() -> Caller:
    """Calls functions: those on ranges as they are, those on a snapshot with a few rows made up here."""

    def called(name: str, arguments: Sequence[Any]) -> Any:
        if name == "METRIC":
            raise UnknownName("metric", arguments[0], ["mrr"])
        if name == "BRIDGE":
            raise NoData("nothing to bridge", code="REV-201")
        if name == "EXPLAIN":
            return [["MRR", "2026-09", Fraction(5, 2), Undefined("nothing")], ["records", 3]]
        return call(name, arguments)

    return called


@pytest.fixture
def fake() -> Any:
    return FAKE


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = GOOD, *swaps: tuple[str, str], name: str = "demo") -> Path:
        for old, new in swaps:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "workbooks" / name / "layout.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def good() -> str:
    return GOOD
