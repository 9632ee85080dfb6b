"""Builds the whole workbook of a report, one sheet after the other: no more than one of them is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, get_args

from revalign_udf.errors import UserError
from revalign_udf.files import save
from revalign_udf.layout.model import Block, Report, Tab
from revalign_udf.workbook.cover import write_cover
from revalign_udf.workbook.data import Data
from revalign_udf.workbook.formulas import Route
from revalign_udf.workbook.front import write_about, write_definitions
from revalign_udf.workbook.limits import ABOUT, DEFINITIONS, LISTS, Names, check_size
from revalign_udf.workbook.lists import write_lists
from revalign_udf.workbook.streaming import put_last, streamed
from revalign_udf.workbook.styles import Desk, Styles
from revalign_udf.workbook.tabs import CONTENTS, TabWriter

__all__ = ["Built", "Progress", "Tabs", "build", "write"]

#: The calculation engine of Excel 2019 and later. Excel recomputes a file an older engine wrote, as soon as it opens;
#: a reader without the add-in would then see #NAME? instead of the last values.
_ENGINE = 191029

#: told after each step: steps done, steps in all, the sheet or file that was made, cells so far
Progress = Callable[[int, int, str, int], None]


class Tabs(Protocol):
    """A report whose sheets are made when they are asked for, such as a `revalign_udf.layout.Draft`."""

    @property
    def head(self) -> Report:
        """The report without sheets and definitions."""

    def __len__(self) -> int:
        """How many sheets there are."""

    def tabs(self) -> Iterator[Tab]:
        """The sheets in order."""

    def definitions(self) -> Block | None:
        """The definitions of what the sheets made so far have shown."""


@dataclass(frozen=True, slots=True)
class Built:
    """A workbook that was written. ``sheets`` are all of them, ``cells`` those of the blocks without their heads."""

    report: str
    path: Path
    sheets: int
    cells: int
    charts: int


def build(
    report: Report | Tabs, path: Path, route: Route = "classic", progress: Progress | None = None
) -> Path:  # fmt: skip
    """Writes the workbook and returns its path; see `write`."""
    return write(report, path, route, progress).path


def write(report: Report | Tabs, path: Path, route: Route = "classic", progress: Progress | None = None) -> Built:
    """Writes the workbook. The same report gives the same bytes, and nothing of a file that cannot be finished stays.

    ``route`` is the add-in whose stored spelling the formulas take: ``classic`` (VBA, Windows) or ``office``
    (Office.js). Memory does not grow with the number of sheets when ``report`` makes them one by one. Raises SurfaceError
    REV-704 or REV-804 when the file cannot be written or Excel could not hold it.
    """
    if route not in get_args(Route):
        raise UserError(f"There is no route {route!r}.", hint="Use classic or office.")
    path = Path(path)
    tell = progress or (lambda *_: None)
    with streamed() as (book, made):
        writer = _Writer(book, _Whole(report) if isinstance(report, Report) else report, route, tell)
        writer.write()
        book.close()
        save(made, path)
        tell(writer.steps, writer.steps, path.name, writer.cells)
        return Built(writer.desk.report.key, path, len(book.worksheets()), writer.cells, len(book.charts))


class _Whole:
    """A report that is in memory anyway. Raises SurfaceError REV-704 when its sheets cannot have their names."""

    def __init__(self, report: Report) -> None:
        self.head = report
        names = Names()
        for tab in report.tabs:
            names.claim(tab.name)
            check_size(tab)

    def __len__(self) -> int:
        return len(self.head.tabs)

    def tabs(self) -> Iterator[Tab]:
        return iter(self.head.tabs)

    def definitions(self) -> Block | None:
        return self.head.definitions


class _Writer:
    """Writes every sheet of one workbook."""

    def __init__(self, book: Any, source: Tabs, route: Route, tell: Progress) -> None:
        self.source, self.tell = source, tell
        self.desk = Desk(book, source.head, Styles(book), route)
        self.data = Data(self.desk, self._page)
        self.steps, self.cells = len(source) + 1, 0
        self._done, self._names, self._named = 0, Names(), ""

    def write(self) -> None:
        """All sheets in the order of the file; the cover, which tells of the others, gets its cells last."""
        desk, book = self.desk, self.desk.book
        _describe(book, desk.report, desk.route)
        self.tell(0, self.steps, "", 0)
        cover = book.add_worksheet(CONTENTS)
        lines = [(tab.name, self._tab(tab)) for tab in self.source.tabs()]
        if block := self.source.definitions():
            write_definitions(desk, self._page(DEFINITIONS), block)
            lines.append((DEFINITIONS, "What every number means, who owns it, in which version"))
        write_about(desk, self._page(ABOUT), self._named, tables=self.data.sheet is not None)
        lines.append((ABOUT, "How the cells are computed, how to read them, and this file without the add-in"))
        if any(parameter.choices for parameter in desk.report.parameters):
            write_lists(desk, self._page(LISTS), self.data)
        write_cover(desk, cover, lines)
        if self.data.sheet is not None:
            put_last(book, self.data.sheet)
        for sheet in book.worksheets():
            if not sheet.finished:
                sheet.finish()

    def _tab(self, tab: Tab) -> str:
        """Writes a sheet of the report; says what it shows."""
        self._names.claim(tab.name)
        check_size(tab)
        sheet = self._page(tab.name)
        if any(block.charts for block in tab.blocks):
            sheet.remember()
        TabWriter(self.desk, sheet, tab, self.data).write()
        self._named = self._named or next((f"{tab.key}_{block.key}" for block in tab.blocks), "")
        sheet.finish()
        self.cells += sum(len(block.rows) * sum(not column.hidden for column in block.columns) for block in tab.blocks)
        self._done += 1
        self.tell(self._done, self.steps, tab.name, self.cells)
        return " · ".join(block.title for block in tab.blocks)

    def _page(self, name: str) -> Any:
        return self.desk.book.add_worksheet(name)


def _describe(book: Any, report: Report, route: Route) -> None:
    book.set_size(2400, 1500)
    book.set_calc_mode("auto", _ENGINE)
    book.calc_on_load = False
    book.set_properties(
        {
            "title": report.title,
            "subject": report.description,
            "author": "Revalign",
            "company": report.company,
            "comments": report.banner,
            # the clock would make every build of one report differ
            "created": datetime.fromisoformat(report.as_of),
        }
    )
    for name, value in (
        ("report", report.key),
        ("snapshot", report.snapshot),
        ("as_of", report.as_of),
        ("route", route),
    ):
        book.set_custom_property(f"revalign_{name}", value, "text")
