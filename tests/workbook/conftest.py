"""A rich report, built once, and two readers to look at it with."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from revalign_udf.config import load
from revalign_udf.functions.pinned import pinned
from revalign_udf.functions.session import Door
from revalign_udf.layout import find, read, resolve
from revalign_udf.layout.model import Report
from revalign_udf.query import Query
from revalign_udf.testing import project_of
from revalign_udf.workbook import Route, build

Values = dict[str, list[list[Any]]]

#: a layout of the kind people write; what ships is tested in tests/reports
LAYOUT = Path(__file__).parent / "saas_metrics" / "layout.toml"
FAKE = runpy.run_path(str(Path(__file__).parents[1] / "layout" / "fake.py"))["FakeAsk"]


def read_values(path: Path) -> Values:
    """Sheet -> rows of values, as a reader that knows no formula sees them."""
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


@pytest.fixture(scope="session")
def report() -> Report:
    return resolve(read(LAYOUT), FAKE())


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


class Published:
    """A company of two customers whose third is told of a month later, and a report built before that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._publish("", "2026-08-31")
        self.old_report = self.report(folder / "old.xlsx", "classic")
        self._publish("3 c 2026-08-01 - 50 month", "2026-09-30")
        self._query = Query(load(folder).snapshots)

    def _publish(self, more: str, through: str) -> None:
        tables = {
            "organization": "id name segment\na a small\nb b large\nc c small",
            "subscription": "\n".join(["id org_id started_at", *(f"{key} {key} 2026-01-01" for key in "abc")]),
            "subscription_item_period": (
                "id subscription_id valid_from valid_to amount interval\n"
                f"1 a 2026-01-01 - 100 month\n2 b 2026-02-01 - 250.10 month\n{more}"
            ),
        }
        project_of(self.folder, tables, through=through).close()

    def report(self, path: Path, route: Route) -> Path:
        """The report on what is published now."""
        query = Query(load(self.folder).snapshots)
        try:
            return build(resolve(read(find("saas_metrics")), query), path, route)
        finally:
            query.close()

    def door(self, day: date | None) -> Door:
        return pinned(self._query, day) if day else self._query


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(tmp_path_factory.mktemp("published"))
