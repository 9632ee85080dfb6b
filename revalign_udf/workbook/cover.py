"""The cover: what the workbook is, what a reader may choose, how fresh its sources are, and where everything stands."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Cell, Column
from revalign_udf.layout.palette import FLAG
from revalign_udf.workbook.cells import write_cell, write_text
from revalign_udf.workbook.front import set_up
from revalign_udf.workbook.parameters import inputs, write_input
from revalign_udf.workbook.styles import ACCENT, GREY, RULE, Desk

__all__ = ["write_cover"]

#: characters of the columns: a margin, two for what is read first, and four more of the table of sources
_WIDTHS = (3, 26, 24, 26, 18, 18, 12)
#: characters of a line from column B, C or D to the last one
_FROM_B, _FROM_C, _FROM_D = 138, 112, 84
#: rows that shrunk onto one page still read well
_ONE_PAGE = 54
_FIRST, _LAST = 1, len(_WIDTHS) - 1
_STATES = {
    "fresh": "Fresh: every source is as new as promised",
    "stale": "Stale: a source is older than promised",
    "failed": "Failed: a source did not load",
}
_STATE = {"fresh": "Fresh", "stale": "Stale: older than promised", "failed": "Failed: did not load"}


def write_cover(desk: Desk, sheet: Any, contents: Sequence[tuple[str, str]]) -> None:
    """Everything on it, from top to bottom. ``contents``: the other sheets with what they show."""
    set_up(sheet, desk.report, _WIDTHS)
    cover = _Cover(desk, sheet)
    cover.facts()
    cover.parameters()
    if desk.report.sources:
        cover.sources(desk.report.sources)
    cover.contents(contents)
    if cover.row <= _ONE_PAGE:
        sheet.fit_to_pages(1, 1)
    sheet.activate()


class _Cover:
    """Writes the cover row by row."""

    def __init__(self, desk: Desk, sheet: Any) -> None:
        self.desk, self.sheet, self.styles = desk, sheet, desk.styles
        self.row = 1

    def facts(self) -> None:
        """The title and what the numbers rest on."""
        report, styles = self.desk.report, self.styles
        self.sheet.set_row(self.row, 34)
        self._text(_FIRST, report.title, styles.title(24))
        self.row += 1
        for line in _lines(report.description, _FROM_B):
            self._text(_FIRST, line, styles.quiet(), step=True)
        self.row += 1
        for name, value in (
            ("Company", report.company), ("As of", report.as_of), ("Snapshot", report.snapshot),
            ("Currency", report.currency), ("State", _STATES[report.state]),
        ):  # fmt: skip
            self._text(_FIRST, name, styles(font_color=GREY))
            flagged = name == "State" and report.state != "fresh"
            # amber as far as the words reach
            for column in range(3, 4 if flagged else 3):
                self.sheet.write_blank(self.row, column, None, _flag(self.desk))
            self._text(2, value, _flag(self.desk) if flagged else styles(bold=True), step=True)
        for line in () if report.sources else _lines(report.banner, _FROM_B):
            self._text(_FIRST, line, styles.quiet(), step=True)
        self.row += 1

    def parameters(self) -> None:
        """Cells to type into; with the add-in every number that asks for them follows."""
        said = "The framed cells are yours to change. With the Revalign add-in the numbers that ask for them follow."
        self._heading("Parameters", said, ("Parameter", "Choose or type", "What it does"))
        for item in inputs(self.desk.report):
            lines = _lines(item.about, _FROM_D) or [""]
            self._text(_FIRST, item.title, self.styles(bold=True))
            write_input(self.desk, self.sheet, self.row, 2, item)
            self._told(3, lines, indent=1)
        self.row += 1

    def sources(self, block: Block) -> None:
        """How fresh each source was when the file was made; what is wrong is said in words."""
        self._heading(block.title, "When this file was made. REVALIGN.STATUS says how fresh they are now.")
        shown = block.columns[: _LAST - _FIRST + 1]
        for number, column in enumerate(shown, start=_FIRST):
            self._text(number, column.title, self.styles.header(number=column.unit not in ("text", "date")))
        self.row += 1
        places = {column.key: number for number, column in enumerate(shown, start=_FIRST)}
        for cells in block.rows:
            for (number, column), cell in zip(enumerate(shown, start=_FIRST), cells, strict=False):
                self._source(number, column, cell, places)
            self.row += 1
        if not block.rows:
            self._text(_FIRST, "No source has been loaded yet.", self.styles.quiet(), step=True)
        self.row += 1

    def _source(self, number: int, column: Column, cell: Cell, places: dict[str, int]) -> None:
        if column.key == "state" and cell.value in _STATE:
            look = self.styles(bottom=1, bottom_color=RULE) if cell.value == "fresh" else _flag(self.desk)
            self._text(number, _STATE[str(cell.value)], look)
            return
        if column.key == "pulled_at":
            cell = replace(cell, value=_moment(cell.value))
        # General instead of text: Excel shows #### for a long text in a text cell
        form = "General" if column.unit == "text" else formats.pattern(column.unit)
        if column.unit == "date":
            cell = replace(cell, value=None if cell.value is None else str(cell.value))
        write_cell(self.desk, self.sheet, (self.row, number), cell, places, form=form)

    def contents(self, lines: Sequence[tuple[str, str]]) -> None:
        """A link to every sheet, with what it shows."""
        self._heading("Contents", "", ("Sheet", "What it shows"))
        for name, said in lines:
            quoted, several = name.replace("'", "''"), _lines(said, _FROM_C) or [""]
            look = self.styles.link(valign="top", **self._rule(last=len(several) == 1))
            self.sheet.write_url(self.row, _FIRST, f"internal:'{quoted}'!A1", look, name)
            self._told(2, several)

    # --- pieces ------------------------------------------------------------------------------------------------------

    def _heading(self, title: str, said: str, heads: Sequence[str] = ()) -> None:
        self._text(_FIRST, title, self.styles.title(12), step=True)
        if said:
            self._text(_FIRST, said, self.styles.quiet(), step=True)
        if heads:
            for number, head in enumerate(heads, start=_FIRST):
                self._text(number, head, self.styles.header())
            for number in range(_FIRST + len(heads), _LAST + 1):
                self.sheet.write_blank(self.row, number, None, self.styles(bg_color=ACCENT))
            self.row += 1

    def _told(self, column: int, lines: Sequence[str], **marks: object) -> None:
        """Text from a column on, over its neighbours, in as many rows as it takes; a rule beneath the last."""
        for number, line in enumerate(lines, start=1):
            look = self.styles(**self._rule(last=number == len(lines)))
            if number > 1:
                for before in range(_FIRST, column):
                    self.sheet.write_blank(self.row, before, None, look)
            self._text(column, line, self.styles(**self._rule(last=number == len(lines)), **marks))
            for after in range(column + 1, _LAST + 1):
                self.sheet.write_blank(self.row, after, None, look)
            self.row += 1

    @staticmethod
    def _rule(*, last: bool) -> dict[str, object]:
        return {"bottom": 1, "bottom_color": RULE} if last else {}

    def _text(self, column: int, text: str, look: Any, *, step: bool = False) -> None:
        write_text(self.sheet, self.row, column, text, look)
        self.row += step


def _flag(desk: Desk) -> Any:
    return desk.styles(bold=True, bg_color=FLAG, bottom=1, bottom_color=RULE)


def _lines(text: str, width: int) -> list[str]:
    """A text in lines: cells are not merged, and a text that runs over its neighbours is not wrapped by Excel."""
    return [line for part in text.splitlines() for line in textwrap.wrap(part, width)]


def _moment(value: object) -> str:
    """A moment as people read it: ``2026-10-31 04:00 UTC``, whatever zone it was written in."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return "" if value is None else str(value)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment.tzinfo else f"{moment:%Y-%m-%d %H:%M}"
