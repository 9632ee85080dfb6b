"""The grid of a tab: column letters, row numbers, frozen rows, and every cell as it looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from revalign_udf.calc.letters import column_letters
from revalign_udf.localsheets.book import EMPTY, Book, Cell, Json, Rect, Sheet
from revalign_udf.localsheets.defaults import hyperlink
from revalign_udf.localsheets.formats import show
from revalign_udf.localsheets.view.colours import (
    INK,
    INK_DARK,
    PAPER,
    PAPER_DARK,
    Colour,
    Styles,
    colour_of,
    css,
    dark,
    readable,
)
from revalign_udf.localsheets.view.conditions import Conditions

__all__ = ["MOST_COLUMNS", "PAGE", "Grid"]

#: rows and columns of a tab that a page shows at once
PAGE = 500
MOST_COLUMNS = 120
_WIDTH, _HEIGHT, _HEAD = 100, 21, 46
#: blank rows and columns around what is filled, so that it looks like a sheet and not like a table
_ROWS_MORE, _LEAST_ROWS, _LEAST_COLUMNS = 4, 24, 10
_TEXT_SIZE = 10
_LETTER = 6.3
#: A text that is nothing but an address is a link, as on a real sheet.
_ADDRESS = re.compile(r"https?://[^\s\"<>]+", re.IGNORECASE)
_SAFE_LINK = re.compile(r"^(https?://|mailto:|#gid=)", re.IGNORECASE)
_BORDERS = {"SOLID": "1px solid", "SOLID_MEDIUM": "2px solid", "SOLID_THICK": "3px solid", "DOTTED": "1px dotted",
            "DASHED": "1px dashed", "DOUBLE": "3px double"}  # fmt: skip


@dataclass
class Grid:
    """One tab, drawn."""

    book: Book
    sheet: Sheet
    styles: Styles
    start: int = 0
    """first of the rows shown below the frozen ones"""
    charts: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """drawn charts by the cell they hang on"""
    reach: tuple[int, int] = (0, 0)
    """rows and columns the charts need"""

    def __post_init__(self) -> None:
        sheet = self.sheet
        self.frozen = min(int(sheet.grid.get("frozenRowCount", 0)), sheet.rows)
        self.frozen_columns = min(int(sheet.grid.get("frozenColumnCount", 0)), sheet.columns)
        self.filled = sheet.extent()
        bottom = max(self.filled[0] + _ROWS_MORE, self.reach[0], _LEAST_ROWS, self.frozen + 1)
        right = max(self.filled[1] + 1, self.reach[1], _LEAST_COLUMNS)
        self.bottom, self.right = min(bottom, sheet.rows), min(right, sheet.columns)
        self.hidden_rows = _hidden(sheet.row_properties, self.bottom)
        self.hidden_columns = _hidden(sheet.column_properties, self.right)
        self.columns = [at for at in range(self.right) if at not in self.hidden_columns][:MOST_COLUMNS]
        head = [row for row in range(self.frozen) if row not in self.hidden_rows]
        rest = [row for row in range(self.frozen, self.bottom) if row not in self.hidden_rows]
        self.start = max(min(self.start, max(len(rest) - 1, 0)), 0)
        self.head, self.body, self.total = head, rest[self.start : self.start + PAGE], len(rest)
        self.conditions = Conditions(self.book, sheet)
        self.bands = [(self.book.rect(item["range"]), item) for item in sheet.bandings if "range" in item]
        self.merged: dict[tuple[int, int], Rect] = {}
        self.covered: set[tuple[int, int]] = set()
        for item in sheet.merges:
            rect = self.book.rect(item)
            self.merged[rect.top, rect.left] = rect
            self.covered |= set(rect.cells()) - {(rect.top, rect.left)}
        self.widths = {at: self._width(at) for at in self.columns}
        self._looks: dict[tuple[int, int, str], tuple[str, Json]] = {}

    def _width(self, column: int) -> int:
        return int(self.sheet.column_properties.get(column, {}).get("pixelSize", _WIDTH))

    # --- the table ---------------------------------------------------------------------------------------------------

    def html(self) -> str:
        """The table."""
        name = self.styles.name(f"width:{_HEAD}px")
        columns = f'<col class="{name}">' + "".join(
            f'<col class="{self.styles.name(f"width:{self.widths[at]}px")}">' for at in self.columns
        )
        whole = self.styles.name(f"width:{_HEAD + sum(self.widths.values())}px")
        letters = "".join(
            f'<th scope="col"{self._class("gap" if at - 1 in self.hidden_columns else "", self._stick(at))}>'
            f"{column_letters(at)}</th>"
            for at in self.columns
        )
        head = "".join(self._row(row) for row in self.head)
        body = "".join(self._row(row) for row in self.body)
        return (
            f'<table class="grid {whole}"><caption>Cells of {escape(self.sheet.title)}</caption>'
            f"<colgroup>{columns}</colgroup>"
            f'<thead{self._class("frozen" if self.head else "")}><tr class="letters"><td class="corner"></td>{letters}'
            f"</tr>{head}</thead><tbody>{body}</tbody></table>"
        )

    @staticmethod
    def _class(*names: str) -> str:
        kept = " ".join(filter(None, names))
        return f' class="{kept}"' if kept else ""

    def _stick(self, column: int) -> str:
        """The class of a frozen column's cells: they stay at the left."""
        if column >= self.frozen_columns:
            return ""
        left = _HEAD + sum(self.widths[at] for at in self.columns if at < column)
        return "stick " + self.styles.name(f"left:{left}px")

    def _row(self, row: int) -> str:
        height = self.sheet.row_properties.get(row, {}).get("pixelSize", _HEIGHT)
        tall = self.styles.name(f"height:{int(height)}px") if int(height) != _HEIGHT else ""
        gap = "gap" if row - 1 in self.hidden_rows else ""
        cells, place = "", 0
        while place < len(self.columns):
            made, used = self._cell(row, place)
            cells += made
            place += used
        return f'<tr{self._class(tall)}><th scope="row"{self._class(gap)}>{row + 1}</th>{cells}</tr>'

    # --- one cell ----------------------------------------------------------------------------------------------------

    def _cell(self, row: int, place: int) -> tuple[str, int]:
        """The cell and how many columns of the page it takes."""
        column = self.columns[place]
        if (row, column) in self.covered:
            return "", 1
        cell = self.sheet.cells.get((row, column), EMPTY)
        chart = self.charts.get((row, column), "")
        name, look = self._look(row, column, cell)
        inner, kind = self._content(cell, look)
        spans, used = "", 1
        if (row, column) in self.merged:
            spans = self._spans(self.merged[row, column])
        elif cell.filled:
            used = self._overflow(row, place, cell, look)
            spans = f' colspan="{used}"' if used > 1 else ""
            if (room := self._runs_over(row, place, used, cell, look)) and inner:
                inner = f'<span class="run {self.styles.name(f"width:{room}px")}">{inner}</span>'
                kind = f"{kind} has".strip()
        note = (
            f'<button type="button" class="note" aria-label="Note on {column_letters(column)}{row + 1}: '
            f'{escape(cell.note)}"></button>'
            if cell.note
            else ""
        )
        formula = f' data-f="{escape(cell.formula)}"' if cell.formula else ""
        classes = self._class(kind, name, self._stick(column), "has" if chart or note else "")
        return f"<td{classes}{spans}{formula}>{inner}{note}{chart}</td>", used

    def _spans(self, rect: Rect) -> str:
        rows = len([row for row in (*self.head, *self.body) if rect.top <= row < rect.bottom])
        columns = len([column for column in self.columns if rect.left <= column < rect.right])
        return (f' rowspan="{rows}"' if rows > 1 else "") + (f' colspan="{columns}"' if columns > 1 else "")

    @staticmethod
    def _wanted(cell: Cell, look: Mapping[str, Any]) -> float:
        """The pixels a text needs that may run over its neighbours; 0 for anything else."""
        if not isinstance(cell.value, str) or cell.error or look.get("wrapStrategy") in {"WRAP", "CLIP"}:
            return 0
        if look.get("horizontalAlignment", "LEFT") != "LEFT":
            return 0
        text = look.get("textFormat", {})
        letter = _LETTER * float(text.get("fontSize", _TEXT_SIZE)) / _TEXT_SIZE * (1.08 if text.get("bold") else 1)
        return letter * max(map(len, cell.value.split("\n"))) + 8

    def _gives_way(self, row: int, place: int, used: int) -> bool:
        """Whether the next cell is blank, so that a text may run over it."""
        if place + used >= len(self.columns):
            return False
        column = self.columns[place + used]
        near = self.sheet.cells.get((row, column), EMPTY)
        taken = near.filled or near.note or (row, column) in self.covered or (row, column) in self.merged
        # Past the frozen columns only in a frozen row: elsewhere the rest moves away beneath them.
        parted = row >= self.frozen and (column < self.frozen_columns) != (self.columns[place] < self.frozen_columns)
        return not (taken or parted or (row, column) in self.charts)

    def _overflow(self, row: int, place: int, cell: Cell, look: Mapping[str, Any]) -> int:
        """How many columns a text takes: blank neighbours of the same look give way to it, as on a sheet."""
        wanted = self._wanted(cell, look)
        used, wide = 1, self.widths[self.columns[place]]
        while wide < wanted and self._gives_way(row, place, used):
            column = self.columns[place + used]
            near = self.sheet.cells.get((row, column), EMPTY)
            if _paper(self._look(row, column, near)[1]) != _paper(look):
                break
            wide += self.widths[column]
            used += 1
        return used

    def _runs_over(self, row: int, place: int, used: int, cell: Cell, look: Mapping[str, Any]) -> int:
        """The pixels a text has that runs on over blank neighbours of another look, which keep theirs; 0 if it does
        not."""
        wanted, first = self._wanted(cell, look), used
        wide = sum(self.widths[at] for at in self.columns[place : place + used])
        while wide < wanted and self._gives_way(row, place, used):
            wide += self.widths[self.columns[place + used]]
            used += 1
        return wide - 6 if used > first else 0

    def _content(self, cell: Cell, look: Mapping[str, Any]) -> tuple[str, str]:
        """What stands in the cell, and its class."""
        condition = (cell.validation or {}).get("condition", {}).get("type", "")
        if condition == "BOOLEAN" and isinstance(cell.value, bool | None) and not cell.error:
            state = "checked" if cell.value else "not checked"
            return f'<span class="box{" on" if cell.value else ""}" role="img" aria-label="{state}"></span>', "c"
        shown = cell.error or show(cell.value, look.get("numberFormat"))
        kind = "e" if cell.error else ""
        if cell.error or isinstance(cell.value, bool):
            kind += " c"
        elif isinstance(cell.value, int | float):
            kind = "n"
        inner = self._runs(shown, cell) if cell.runs and isinstance(cell.value, str) else escape(shown)
        link = hyperlink(cell) if cell.formula or cell.format or cell.runs else ""
        if not link and isinstance(cell.value, str) and not cell.runs and _ADDRESS.fullmatch(cell.value):
            link = cell.value
        if link and shown and _SAFE_LINK.match(link):
            inner = f'<a href="{escape(link)}" rel="noreferrer">{inner}</a>'
        if cell.validation:
            inner += '<span class="list" role="img" aria-label="checked when entered"></span>'
        return inner, kind.strip()

    def _runs(self, shown: str, cell: Cell) -> str:
        """A text whose parts look different."""
        starts = [int(run.get("startIndex", 0)) for run in cell.runs] + [len(shown)]
        made = escape(shown[: starts[0]])
        for at, run in enumerate(cell.runs):
            piece = escape(shown[starts[at] : starts[at + 1]])
            light, night = self._ink({"textFormat": run.get("format", {})}, None)
            made += f"<span{self._class(self.styles.name(light, night))}>{piece}</span>" if piece else ""
        return made

    # --- looks -------------------------------------------------------------------------------------------------------

    def _look(self, row: int, column: int, cell: Cell) -> tuple[str, Json]:
        """The style classes of a cell, and the format they were made of."""
        band = self._band(row, column)
        extra = self.conditions.at(row, column, cell) if self.conditions.rules else {}
        key = (id(cell.format), id(band), repr(extra) if extra else "")
        if key not in self._looks:
            look: Json = {**band, **cell.format, **extra}
            if "textFormat" in extra:
                look["textFormat"] = {**cell.format.get("textFormat", {}), **extra["textFormat"]}
            self._looks[key] = (self._style(look), look)
        return self._looks[key]

    def _band(self, row: int, column: int) -> Json:
        for rect, item in self.bands:
            if rect.holds(row, column) and (colours := item.get("rowProperties")):
                return _banded(colours, row - rect.top, rect.bottom - rect.top)
        return _NOTHING

    def _style(self, look: Mapping[str, Any]) -> str:
        paper = colour_of(look, "backgroundColor")
        light, night = self._ink(look, paper)
        if paper is not None and paper != PAPER:
            light += f"background:{css(paper)};"
            night += f"background:{css(dark(paper))};"
        align = str(look.get("horizontalAlignment", "")).lower()
        rules = f"text-align:{align};" if align in {"left", "right", "center"} else ""
        above = {"TOP": "top", "MIDDLE": "middle", "BOTTOM": "bottom"}.get(str(look.get("verticalAlignment", "")))
        rules += f"vertical-align:{above};" if above else ""
        if look.get("wrapStrategy") == "WRAP":
            rules += "white-space:pre-wrap;overflow-wrap:break-word;"
        for side, border in look.get("borders", {}).items():
            kind = _BORDERS.get(str(border.get("style", "")))
            if side in {"top", "right", "bottom", "left"} and kind:
                colour = colour_of(border, "color") or (0.0, 0.0, 0.0)
                rules += f"border-{side}:{kind} {css(colour)};"
                night += f"border-{side}-color:{css(dark(colour))};"
        return self.styles.name(light + rules, night)

    @staticmethod
    def _ink(look: Mapping[str, Any], paper: Colour | None) -> tuple[str, str]:
        text = look.get("textFormat", {})
        ink = colour_of(text, "foregroundColor")
        light = night = ""
        ground = paper or PAPER
        if ink is not None or (paper is not None and paper != PAPER):
            wanted = INK if ink is None else ink
            light += f"color:{css(readable(wanted, ground) if ink is None else wanted)};"
            below = PAPER_DARK if ground == PAPER else dark(ground)
            night += f"color:{css(readable(INK_DARK if ink is None else dark(wanted), below))};"
        light += "font-weight:600;" if text.get("bold") else ""
        light += "font-style:italic;" if text.get("italic") else ""
        lines = [
            word for name, word in (("underline", "underline"), ("strikethrough", "line-through")) if text.get(name)
        ]
        light += f"text-decoration:{' '.join(lines)};" if lines else ""
        size = float(text.get("fontSize", _TEXT_SIZE))
        light += f"font-size:{size * 1.3:g}px;" if size != _TEXT_SIZE else ""
        family = re.sub(r"[^A-Za-z0-9 -]", "", str(text.get("fontFamily", "")))
        light += f'font-family:"{family}",system-ui,sans-serif;' if family and family != "Arial" else ""
        return light, night


_NOTHING: Json = {}
_BANDS: dict[tuple[int, str], Json] = {}


def _banded(colours: Mapping[str, Any], line: int, lines: int) -> Json:
    """The background of one line of a banded range."""
    header, footer = colour_of(colours, "headerColor"), colour_of(colours, "footerColor")
    first, second = colour_of(colours, "firstBandColor"), colour_of(colours, "secondBandColor")
    if header is not None and line == 0:
        found: Colour | None = header
    elif footer is not None and line == lines - 1:
        found = footer
    else:
        found = second if (line - (header is not None)) % 2 else first
    if found is None:
        return _NOTHING
    name = css(found)
    parts = dict(zip(("red", "green", "blue"), found, strict=True))
    # One object for each colour: looks are told apart by it.
    return _BANDS.setdefault((0, name), {"backgroundColorStyle": {"rgbColor": parts}})


def _paper(look: Mapping[str, Any]) -> Colour | None:
    found = colour_of(look, "backgroundColor")
    return None if found == PAPER else found


def _hidden(properties: Mapping[int, Mapping[str, Any]], end: int) -> set[int]:
    return {
        line
        for line, kept in properties.items()
        if line < end and (kept.get("hiddenByUser") or kept.get("hiddenByFilter"))
    }
