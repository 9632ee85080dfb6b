"""A report as it is in memory, as a workbook of either route, and where each of its blocks stands there."""

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, get_args

import openpyxl
from openpyxl.utils.cell import range_boundaries
from python_calamine import CalamineWorkbook

from revalign_udf.config import load
from revalign_udf.jobs.reports import report_of
from revalign_udf.layout.model import Block, Cell, Column, Report, Tab
from revalign_udf.query import Query
from revalign_udf.workbook import Route, build

__all__ = ["OURS", "ROUTES", "Made", "Placed", "make_report", "opened", "read_values"]

ROUTES: Sequence[Route] = get_args(Route)
#: in the text of a formula that asks the core
OURS = re.compile(r"\b(?:_xldudf_)?REVALIGN_[A-Z_]+\(")


@dataclass(frozen=True)
class Placed:
    """A block as the workbook shows it. Cells are counted from 1; ``top`` is the row of the heads."""

    tab: Tab
    block: Block
    sheet: str
    top: int
    left: int
    width: int
    height: int

    def cells(self) -> Iterator[tuple[int, int, Column, Cell]]:
        """Row and column of each data cell, with what the report says of it."""
        for row, cells in enumerate(self.block.rows, self.top + 1):
            for column, (head, cell) in enumerate(zip(self.block.columns, cells, strict=True), self.left):
                yield row, column, head, cell

    def is_total(self, row: int) -> bool:
        """Whether a row of the sheet is one of the block's totals."""
        return row > self.top + len(self.block.rows) - self.block.totals


@dataclass(frozen=True)
class Made:
    """A report and its files."""

    key: str
    folder: Path

    @cached_property
    def report(self) -> Report:
        """As it was resolved."""
        made = pickle.loads((self.folder / "report.pickle").read_bytes())
        assert isinstance(made, Report)
        return made

    def path(self, route: Route) -> Path:
        """Of the workbook."""
        return self.folder / f"{route}.xlsx"

    @cache  # noqa: B019 - lives as long as the run
    def values(self, route: Route) -> dict[str, list[list[Any]]]:
        """Sheet -> rows of values, as a reader that knows no formula sees them."""
        return read_values(self.path(route))

    @cache  # noqa: B019 - lives as long as the run
    def book(self, route: Route) -> Any:
        """As openpyxl reads it: formulas and looks."""
        return opened(self.path(route))

    @cache  # noqa: B019 - lives as long as the run
    def shown(self, route: Route) -> Any:
        """As openpyxl reads it: values, errors as their text."""
        return opened(self.path(route), data_only=True)

    def placed(self, route: Route) -> list[Placed]:
        """Every block of the sheets of data, where its defined name says it stands."""
        names = self.book(route).defined_names
        found = []
        for tab in self.report.tabs:
            for block in map(visible, tab.blocks):
                assert f"{tab.key}_{block.key}" in names, f"no name for the block {block.key} of {tab.key}"
                [(sheet, area)] = names[f"{tab.key}_{block.key}"].destinations
                left, top, right, bottom = range_boundaries(area)
                found.append(Placed(tab, block, sheet, top, left, right - left + 1, bottom - top))
        return found

    def parts(self, route: Route, pattern: str) -> list[str]:
        """The texts of the parts of a workbook whose name fits, in the order of their numbers."""
        with zipfile.ZipFile(self.path(route)) as package:
            names = [name for name in package.namelist() if re.fullmatch(pattern, name)]
            names.sort(key=lambda name: [int(digits) for digits in re.findall(r"\d+", name)])
            return [package.read(name).decode() for name in names]


def opened(path: Path, *, data_only: bool = False) -> Any:
    """A workbook as openpyxl reads it, which warns of what it cannot keep; here nothing is kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(path, data_only=data_only)


def read_values(path: Path) -> dict[str, list[list[Any]]]:
    """Sheet -> rows of values by calamine, blanks in front included."""
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def visible(block: Block) -> Block:
    """A block without the columns that only a synced sheet needs."""
    kept = [number for number, column in enumerate(block.columns) if not column.hidden]
    rows = tuple(tuple(row[number] for number in kept) for row in block.rows)
    return replace(block, columns=tuple(block.columns[number] for number in kept), rows=rows)


def make_report(key: str, company: Path, folder: Path) -> None:
    """Resolves a report on the snapshot of a company and writes both workbooks."""
    query = Query.open(company)
    try:
        report = report_of(load(company), query, key)
    finally:
        query.close()
    (folder / "report.pickle").write_bytes(pickle.dumps(report))
    for route in ROUTES:
        build(report, folder / f"{route}.xlsx", route)
