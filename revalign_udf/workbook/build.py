"""Builds the whole workbook of a report."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import xlsxwriter

from revalign_udf.errors import UserError
from revalign_udf.files import save
from revalign_udf.layout.model import Report
from revalign_udf.workbook.formulas import Route
from revalign_udf.workbook.front import write_about, write_cover, write_definitions
from revalign_udf.workbook.styles import Desk, Styles
from revalign_udf.workbook.tabs import CONTENTS, TabWriter

__all__ = ["build"]

#: The calculation engine of Excel 2019 and later. Excel recomputes a file an older engine wrote, as soon as it opens;
#: a reader without the add-in would then see #NAME? instead of the last values.
_ENGINE = 191029


def build(report: Report, path: Path, route: Route = "classic") -> Path:
    """Writes the workbook and returns its path. The same report gives the same bytes.

    ``route`` is the add-in whose stored spelling the formulas take: ``classic`` (VBA, Windows) or ``office``
    (Office.js). Raises SurfaceError REV-704 or REV-804 when the file cannot be written.
    """
    if route not in get_args(Route):
        raise UserError(f"There is no route {route!r}.", hint="Use classic or office.")
    content = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, options)
    _describe(book, report, route)
    desk = Desk(book, report, Styles(book), route)
    cover = book.add_worksheet(CONTENTS)
    for tab in report.tabs:
        sheet = book.add_worksheet(tab.name)
        TabWriter(desk, sheet, tab).write()
    if report.definitions:
        write_definitions(desk, book.add_worksheet("Definitions"), report.definitions)
    write_about(desk, book.add_worksheet("About"))
    write_cover(desk, cover)
    book.close()
    return save(content.getvalue(), Path(path))


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
