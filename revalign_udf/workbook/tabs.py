"""Writes the data sheets of a report: one per tab, its blocks from top to bottom, their charts beside or beneath.

Every cell is written in the order of rows, for a workbook that is written row by row.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from xlsxwriter.utility import xl_range, xl_range_abs

from revalign_udf.calc.results import CellError
from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Cell, Report, Tab
from revalign_udf.workbook import charts, places, sizes
from revalign_udf.workbook.cells import LINKS, form_of, held, write_cell, write_link, write_text
from revalign_udf.workbook.data import Data, Spilled
from revalign_udf.workbook.gaps import BLANK, MISSING, Gap, drawn_as_lines, gaps
from revalign_udf.workbook.linking import WIDTH, opened, write_opener, write_opener_head
from revalign_udf.workbook.rules import write_rules
from revalign_udf.workbook.styles import ACCENT, Desk, Total, Wrapped

__all__ = ["CONTENTS", "TabWriter", "page_footer"]

CONTENTS = "Cover"
#: pixels that stay in sight when a sheet is scrolled sideways: no more than this, or little is left to scroll
_FROZEN = 480
#: pixels of a letter of 9 points, and of the shortest line a remark is broken into
_LETTER, _SHORTEST = 5.6, 700
#: functions that answer a row of blanks where they have no rows; others say #N/A
_TABLES = frozenset({"TABLE", "RECORDS"})
#: rows a table that one function answers may grow into before it meets what stands beneath it
_SPARE = (5, 25)
#: characters from which on a column of text is one of sentences
_WIDE = 40
_MORE = "There are more rows than fit here: build the workbook again, or look at the hidden sheet Data."


class TabWriter:
    """Writes one tab."""

    def __init__(self, desk: Desk, sheet: Any, tab: Tab, data: Data) -> None:
        self.desk, self.sheet, self.data = desk, sheet, data
        self.tab = tab = replace(tab, blocks=tuple(_shown(block) for block in tab.blocks))
        self.report, self.styles = desk.report, desk.styles
        self._widths = _widths(tab.blocks, self.report.currency)
        self._ruler = places.Ruler(self._widths)
        self._frozen = self._lead()
        self._texts: list[str] = []
        self._tables: list[str] = []
        #: what the end of a page should not cut: first row, the row behind
        self._whole: list[tuple[int, int]] = []
        #: the last column that is printed ends here, the last rows are these: of what stands there, of what may come
        self._right = self._bottom = self._free = 0

    def write(self) -> None:
        """The whole sheet."""
        sheet, styles = self.sheet, self.styles
        for column, width in enumerate(self._widths):
            sheet.set_column(column, column, width, styles())
        self._tall(0, 26)
        write_text(sheet, 0, 0, f"{self.tab.name} · {self.report.title}", styles.title())
        write_text(sheet, 1, 0, self.report.banner, styles.quiet())
        sheet.write_url(2, 0, f"internal:'{CONTENTS}'!A1", styles.link(font_size=9), "← Contents")
        row, headers = 4, []
        for block in self.tab.blocks:
            row, header = self._block(block, row)
            headers.append(header)
        # one block: its header stays in sight; several: only what is true of all of them does
        top = headers[0] if len(headers) == 1 else 2
        sheet.freeze_panes(top + 1, self._frozen)
        # text that looks like a number, and totals that are computed otherwise than the rows above, are meant so
        marks = {"number_stored_as_text": self._texts, "formula_differs": self._tables}
        if ignored := {name: " ".join(areas) for name, areas in marks.items() if areas}:
            sheet.ignore_errors(ignored)
        self._print(top)

    def _lead(self) -> int:
        """How many columns stay in sight: those that name a row, where they are narrow."""
        lead = max(1, min((block.lead for block in self.tab.blocks), default=1))
        while lead > 1 and self._ruler.left(lead) > _FROZEN:
            lead -= 1
        return lead

    def _tall(self, row: int, points: float) -> None:
        self.sheet.set_row(row, points)
        self._ruler.heights[row] = points * 4 / 3

    def _fitted(self, row: int, cells: Sequence[Cell], prose: Collection[int]) -> None:
        """Makes a row as tall as its longest sentences."""
        texts = [(str(cells[at].value or ""), self._widths[at]) for at in prose if at < len(cells)]
        # letters are narrower than the digits a width is counted in
        if (lines := max((len(textwrap.wrap(text, width * 11 // 10)) for text, width in texts), default=1)) > 1:
            self._tall(row, 13.5 * lines + 3)

    # --- a block ---------------------------------------------------------------------------------------------------

    def _block(self, block: Block, start: int) -> tuple[int, int]:
        """Writes a block from row ``start`` on; the next free row and the header's row."""
        sheet, styles, row = self.sheet, self.styles, start
        write_text(sheet, row, 0, block.title, styles.title(12))
        row = self._notes(self._wrapped(block.about), row + 1) - 1
        notes = self._footnotes(block)
        if block.spill:
            row = self._notes(notes, row + 1) - 1  # beneath, they would stand below rows that are still free
        header = row + 1
        self._header(block, header)
        forms = formats.patterns(block, self.report.currency)
        count, spare = (
            self._spilled(block, header + 1, forms) if block.spill else (self._rows(block, header + 1, forms), 0)
        )
        last = header + count
        if last > header:
            write_rules(self.desk, sheet, block, header + 1, forms, spare)
        width = len(block.columns) + (opened(block) is not None)
        self._marked(block, header, last, spare)
        self._right = max(self._right, self._ruler.left(width))
        row = last + 1 if block.spill else self._notes(notes, last + 1)
        self._whole.append((start, row))
        self._bottom = max(self._bottom, row - 1)
        row += spare + (1 if block.spill else 0)
        self._free = row - 1
        if charts.drawable(block):
            row = self._charts(block, header, row)
            self._whole.append((start, self._bottom + 1))
        return row + 2, header

    def _header(self, block: Block, header: int) -> None:
        sheet, styles = self.sheet, self.styles
        self._tall(header, 13.5 * sizes.head_lines(block, self._widths) + 6)
        computed = {n for cells in block.rows for n, cell in enumerate(cells) if cell.formula}
        for number, column in enumerate(block.columns):
            style = styles.header(
                number=column.unit != "text", computed=number in computed, indent=_indent(block, number)
            )
            write_text(sheet, header, number, column.title, style)
            if note := _note(block, number):
                lines = 1 + sum(1 + len(part) // 44 for part in note.split("\n"))
                size = {"x_scale": 2.2, "y_scale": max(0.6, lines * 0.23), "font_name": "Arial", "font_size": 9}
                sheet.write_comment(header, number, note, {**size, "author": "Revalign"})
        write_opener_head(self.desk, sheet, header, block)

    def _rows(self, block: Block, row: int, forms: Sequence[str]) -> int:
        """Writes rows whose cells each have a formula or a value of their own; how many rows they take."""
        columns = {column.key: number for number, column in enumerate(block.columns)}
        drawn, prose = drawn_as_lines(block), _prose(block)
        for down, cells in enumerate(block.rows):
            total = _total(block, down)
            self._fitted(row + down, cells, prose)
            for number, (cell, gap) in enumerate(zip(cells, gaps(block, cells, drawn), strict=True)):
                linked = isinstance(cell.value, str) and block.columns[number].key in LINKS
                if not (linked and write_link(self.desk, self.sheet, row + down, number, str(cell.value))):
                    at, form, indent = (row + down, number), forms[number], _indent(block, number)
                    write_cell(
                        self.desk, self.sheet, at, cell, columns,
                        form=form, indent=indent, total=total, gap=gap, wrapped="vcenter" if number in prose else "",
                    )  # fmt: skip
        return len(block.rows)

    def _spilled(self, block: Block, row: int, forms: Sequence[str]) -> tuple[int, int]:
        """Writes rows one function answers, and below them free rows it may grow into: how many of each.

        The function stands on the sheet behind; a cell here refers to its cell there.
        """
        assert block.spill is not None
        rows = block.rows or _nothing(block)
        table = self.data.spill(f"{self.tab.key}_{block.key}", block.spill, rows, forms)
        links = opened(block) if block.rows else None
        width, drawn, prose = len(block.columns), drawn_as_lines(block), _prose(block)
        for down, cells in enumerate(rows):
            self._fitted(row + down, cells, prose)
            for number, cell in enumerate((*cells, *[Cell()] * (width - len(cells)))):
                gap = MISSING if number in drawn else BLANK
                self._seen(
                    table, row + down, (down, number), cell, gap,
                    form=forms[number], indent=_indent(block, number), wrapped="vcenter" if number in prose else "",
                )  # fmt: skip
            write_opener(self.desk, self.sheet, row + down, block, None if links is None else cells[links].value)
        spare = _spare(block)
        for down in range(len(rows), len(rows) + spare):
            for number, form in enumerate(forms):
                style = self.styles.spare(_untyped(form), _indent(block, number))
                self.sheet.keep(row + down, number, "", style, formula=table.reference(down, number, ""))
            write_opener(self.desk, self.sheet, row + down, block, ruled=False)
        shown = len(rows) + spare
        said = f'=IF({table.counted}>{shown},"{_MORE}","")'
        self.sheet.keep(row + shown, 0, "", self.styles(bold=True, font_color=ACCENT), formula=said)
        return len(rows), spare

    def _seen(
        self, table: Spilled, row: int, place: tuple[int, int], cell: Cell, gap: Gap, *,
        form: str, indent: int, wrapped: Wrapped,
    ) -> None:  # fmt: skip
        """Writes a reference to the cell at a ``place`` of a table, with the value it has.

        Rows of totals look like any other: a rule makes them bold wherever the function puts them.
        """
        value, (down, across) = held(cell), place
        formula = table.reference(down, across, value, gap)
        if place != (0, 0) and (value == "" or isinstance(value, CellError)):
            value = CellError("#N/A") if gap == MISSING else ""
        elif value == "#NAME?":
            value = ""
        style = self.styles.body(_untyped(form_of(cell, form)), cell, indent=indent, computed=True, wrapped=wrapped)
        self.sheet.keep(row, across, value, style, formula=formula)

    def _marked(self, block: Block, header: int, last: int, spare: int) -> None:
        """The name of the block, and what Excel should not warn of."""
        quoted, width = self.tab.name.replace("'", "''"), len(block.columns)
        name = f"{self.tab.key}_{block.key}"
        self.desk.book.define_name(name, f"='{quoted}'!{xl_range_abs(header, 0, last, width - 1)}")
        if last > header:
            self._tables.append(xl_range(header + 1, 0, last + spare, width - 1))
            for number, column in enumerate(block.columns):
                if column.unit == "text":
                    self._texts.append(xl_range(header + 1, number, last + spare, number))

    # --- what stands around the table --------------------------------------------------------------------------------

    def _footnotes(self, block: Block) -> list[str]:
        notes = [] if block.rows else ["Nothing to show yet."]
        if any(cell.partial for cells in block.rows for cell in cells):
            notes.append(f"Italic: partial, the period was still open on {self.report.as_of}.")
        missing: dict[str, list[str]] = {}
        for key, cells in zip(block.keys, block.rows, strict=True):
            for column, cell in zip(block.columns, cells, strict=True):
                # a gap is meant where the layout asks for one, and an error where it is to be seen
                if cell.value is None and cell.status and cell.call and not (cell.call.blank or cell.call.bare):
                    missing.setdefault(f"{column.title}: {cell.status}", []).append(key)
        for said, keys in missing.items():
            several = keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}, {len(keys)} rows"
            notes.append(f"No number when built: {said} ({several})")
        if len(notes) > 7:
            notes = [*notes[:6], f"... and {len(notes) - 6} more reasons; ask REVALIGN.METRIC or `revalign metric`."]
        return notes

    def _wrapped(self, text: str) -> list[str]:
        """A long remark in lines of the width of the sheet, since no cells are merged."""
        wide = max(_SHORTEST, self._ruler.left(len(self._widths)))
        return textwrap.wrap(text, int(wide / _LETTER))

    def _notes(self, notes: Sequence[str], row: int) -> int:
        """Writes lines from a row on; the next free row."""
        for note in notes:
            write_text(self.sheet, row, 0, note, self.styles.quiet(italic=note.startswith("Italic")))
            row += 1
        return row

    def _charts(self, block: Block, header: int, row: int) -> int:
        """Draws the charts of a block whose next free row is ``row``; the free row below table and charts."""
        ruler = self._ruler
        width = len(block.columns) + (opened(block) is not None)
        table, indent = ruler.left(width), ruler.left(self._frozen)
        stand = places.arranged(len(block.charts), width, table, indent, places.height(charts.bars(block)))
        top = header if stand.beside else row + (0 if block.spill else 1)
        left = table - indent + 2 * places.GAP if stand.beside else 0
        for number, chart in enumerate(block.charts):
            down, across = stand.spot(number)
            # from the first column that moves, so that the ones that stay never cut a chart
            spot = {"row": top + down, "column": self._frozen, "x": left + across}
            spot |= {"width": stand.width, "height": stand.height}
            charts.insert(self.desk, self.sheet, block, chart, header, spot)
            if not stand.beside:
                self._whole.append((top + down, top + down + stand.rows_of_one))
        self._right = max(self._right, indent + left + stand.reach)
        behind = top + stand.rows
        self._bottom = max(self._bottom, behind - 1)
        return max(row, behind)

    def _print(self, top: int) -> None:
        sheet, ruler = self.sheet, self._ruler
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.repeat_rows(0, top)
        # as wide as a page at least: what stands around a narrow table is wider than the table
        right = ruler.column(max(self._right, sizes.PAGE[0] - places.COLUMN))
        tall, wide = ruler.top(self._bottom + 1), ruler.left(right + 1)
        printed, bottom = places.printed_width(wide, tall, self._whole, ruler), self._bottom
        # rows that are still free are printed where they take no page of their own
        more = ruler.top(self._free + 1) - tall
        if printed is None:
            sheet.fit_to_pages(1, 1)
            bottom = max(bottom, self._free if tall + more <= sizes.PAGE[1] * max(1.0, wide / sizes.PAGE[0]) else 0)
        else:
            right = ruler.column(printed)
            sheet.fit_to_pages(1, 0)
            asked = self._whole, ruler, ruler.left(right + 1), top + 1
            sheet.set_h_pagebreaks(places.breaks(*asked))
            bottom = max(bottom, self._free if more <= places.room(*asked) else 0)
        sheet.print_area(0, 0, bottom, right)
        if right >= len(self._widths):
            # said, because programs differ in how wide a column is by itself
            sheet.set_column_pixels(len(self._widths), right, places.COLUMN)
        page_footer(sheet, self.report)


def _prose(block: Block) -> frozenset[int]:
    """The columns that hold sentences, which stand on several lines: texts a layout gives much room."""
    columns = enumerate(block.columns)
    return frozenset(at for at, column in columns if column.unit == "text" and column.fixed and column.width >= _WIDE)


def _spare(block: Block) -> int:
    """Rows kept free beneath a table one function answers: some to grow into, and no more than it can come to have."""
    count = min(max(len(block.rows) // 4, _SPARE[0]), _SPARE[1])
    said = block.spill.arguments if block.spill else ()
    limits = [int(value) for name, value in pairwise(map(str, said)) if name == "limit" and value.isdecimal()]
    return max(0, min([count, *(limit - max(1, len(block.rows)) for limit in limits)]))


def _shown(block: Block) -> Block:
    """A block without its hidden columns: they are for the sync to find its rows by, which no workbook needs. A spill
    answers the others."""
    kept = [number for number, column in enumerate(block.columns) if not column.hidden]
    if len(kept) == len(block.columns):
        return block
    rows = tuple(tuple(row[number] for number in kept) for row in block.rows)
    lead = sum(number < block.lead for number in kept)
    return replace(block, columns=tuple(block.columns[number] for number in kept), rows=rows, lead=lead)


def _widths(blocks: Sequence[Block], currency: str) -> list[int]:
    """Characters of each column of a sheet, those of links beside a spill included."""
    found = sizes.widths(blocks, currency)
    for block in blocks:
        if opened(block) is not None:
            place = len(block.columns)
            found += [WIDTH] * (place + 1 - len(found))
            found[place] = max(found[place], WIDTH)
    return found


def _untyped(form: str) -> str:
    """The format of a cell with a formula: one that is typed over in a cell of the format text becomes a text."""
    return "General" if form == formats.pattern("text") else form


def _nothing(block: Block) -> tuple[tuple[Cell, ...], ...]:
    """What a function answers that has no rows: a table one row of blanks, another function an error."""
    blanks = block.spill is not None and block.spill.function in _TABLES
    return (tuple(Cell() for _ in block.columns),) if blanks else ((Cell(error="#N/A"),),)


def _indent(block: Block, column: int) -> int:
    """1 for a text that stands right of a number, which would touch it."""
    units = [other.unit for other in block.columns[max(0, column - 1) : column + 1]]
    return int(len(units) == 2 and units[0] != "text" and units[1] == "text")


def _note(block: Block, column: int) -> str:
    prints = [row[column].fingerprint for row in block.rows if row[column].fingerprint]
    return "\n".join(part for part in (block.columns[column].note, prints[-1] if prints else "") if part)


def _total(block: Block, row: int) -> Total:
    first = len(block.rows) - block.totals
    return "first" if row == first < len(block.rows) else "more" if row > first else ""


def page_footer(sheet: Any, report: Report) -> None:
    """Title and snapshot on the left, the page on the right."""
    left = f"{report.title} · as of {report.as_of} · snapshot {report.snapshot}".replace("&", "&&")
    sheet.set_footer(f"&L&8{left[:200]}&R&8&A · &P of &N")
