"""The cells of the cover a reader may change: the parameters of the report, and the day its numbers are pinned to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from revalign_udf.functions.pinned import ASOF
from revalign_udf.layout import formats
from revalign_udf.layout.model import Parameter, Report
from revalign_udf.layout.palette import ENTRY, ENTRY_TEXT
from revalign_udf.workbook.cells import write_text
from revalign_udf.workbook.formulas import parameter
from revalign_udf.workbook.lists import list_sources
from revalign_udf.workbook.styles import GREY, Desk

__all__ = ["Input", "inputs", "write_input"]

#: kinds of names that are periods; people may type any other
_PERIODS = ("periods", "closed", "months", "quarters", "years")
_PIN = "Pin to a day"
#: characters Excel takes of the title and of the text of a message
_TITLE, _MESSAGE = 32, 255

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Input:
    """One cell to type into: its title, its defined name, what it does, what it takes and what it holds now."""

    title: str
    name: str
    about: str
    check: Options
    value: str = ""
    day: bool = False


def inputs(report: Report) -> list[Input]:
    """The cells in order: the parameters, then the day."""
    sources = list_sources(report.parameters)
    return [*(_parameter(item, sources) for item in report.parameters), _pin(report.snapshot)]


def _parameter(item: Parameter, sources: Mapping[str, str]) -> Input:
    if item.choices.removeprefix("fiscal_") in _PERIODS:
        rest = "Any period can be typed: 2026-09, 2026-Q3, LAST_MONTH."
        message = "Pick a period, or type one such as 2026-Q3 or LAST_MONTH."
        doubt = "Any period can be typed, such as 2026-09, 2026-Q3 or LAST_MONTH."
    else:
        rest = "Empty: all."
        message = "Empty means all. Pick a name, or type one."
        doubt = "The list has no such name: cells that ask for it will show an error. Empty means all."
    check = _message(item.title, f"{message} {item.about}")
    if item.choices:
        check |= {"validate": "list", "source": sources[item.choices], "error_type": "warning"}
        check |= {"error_title": "Not in the list", "error_message": doubt}
    about = " ".join(part for part in (item.about, rest) if part)
    return Input(item.title, parameter(item.key), about, check, item.value)


def _pin(snapshot: str) -> Input:
    check = _message(_PIN, "Empty means the newest snapshot. A day such as 2026-09-30 means the last one up to it.")
    check |= {"validate": "date", "criteria": "between", "minimum": date(2000, 1, 1), "maximum": date(2199, 12, 31)}
    check |= {"error_title": "Not a day", "error_message": "Type a day such as 2026-09-30, or leave the cell empty."}
    about = (
        "Empty: the newest snapshot. A day: the last snapshot made up to it, in every cell that names no day of its own."
        f" This file was made from {snapshot}."
    )
    return Input(_PIN, ASOF, about, check, day=True)


def _message(title: str, text: str) -> Options:
    shown = {"input_title": title[:_TITLE], "input_message": text.strip()[:_MESSAGE]}
    return {"validate": "any", "ignore_blank": True, **shown}


def write_input(desk: Desk, sheet: Any, row: int, column: int, item: Input) -> None:
    """The cell itself, where formulas of the whole workbook find it by its name."""
    # text, so that 2026-09 stays what was typed; framed, so that it is seen in grey as well
    look = desk.styles(
        num_format=formats.pattern("date" if item.day else "text"), bg_color=ENTRY, font_color=ENTRY_TEXT, border=1,
        border_color=GREY, align="left", locked=False,
    )  # fmt: skip
    if item.value:
        write_text(sheet, row, column, item.value, look)
    else:
        sheet.write_blank(row, column, None, look)
    sheet.data_validation(row, column, row, column, item.check)
    place = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
    desk.book.define_name(item.name, f"='{sheet.name}'!{place}")
