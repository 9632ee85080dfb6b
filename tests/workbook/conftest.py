"""A rich report, built once, and two readers to look at it with."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from revalign_udf.layout import find, read, resolve
from revalign_udf.layout.model import Report
from revalign_udf.workbook import Route, build

Values = dict[str, list[list[Any]]]

FAKE = runpy.run_path(str(Path(__file__).parents[1] / "layout" / "fake.py"))["FakeAsk"]


def read_values(path: Path) -> Values:
    """Sheet -> rows of values, as a reader that knows no formula sees them."""
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


@pytest.fixture(scope="session")
def report() -> Report:
    return resolve(read(find("saas_metrics")), FAKE())


@pytest.fixture(scope="session", params=["classic", "office"])
def route(request: Any) -> Route:
    return cast(Route, request.param)


@pytest.fixture(scope="session")
def built(report: Report, route: Route, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(report, tmp_path_factory.mktemp("built") / "saas.xlsx", route)


@pytest.fixture(scope="session")
def values(built: Path) -> Values:
    return read_values(built)


@pytest.fixture(scope="session")
def book(built: Path) -> Any:
    return openpyxl.load_workbook(built)


@pytest.fixture
def values_of() -> Callable[[Path], Values]:
    return read_values
