"""Writes the data sheets of a report: one per tab, its blocks from top to bottom, their charts beneath."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from xlsxwriter.utility import xl_range, xl_range_abs

from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Report, Tab
from revalign_udf.workbook import charts, sizes
from revalign_udf.workbook.cells import LINKS, write_cell, write_link, write_text
from revalign_udf.workbook.styles import Desk

__all__ = ["CONTENTS", "TabWriter", "page_footer"]

CONTENTS = "Cover"


class TabWriter:
    """Writes one tab."""

    def __init__(self, desk: Desk, sheet: Any, tab: Tab) -> None:
        self.desk, self.sheet = desk, sheet
        self.tab = tab = replace(tab, blocks=tuple(_shown(block) for block in tab.blocks))
        self.report, self.styles = desk.report, desk.styles
        self._widths = sizes.widths(tab.blocks, self.report.currency)
        self._texts: list[str] = []
        self._charted = 0

    def write(self) -> None:
        """The whole sheet."""
        sheet, styles = self.sheet, self.styles
        for column, width in enumerate(self._widths):
            sheet.set_column(column, column, width, styles())
        sheet.set_row(0, 26)
        write_text(sheet, 0, 0, f"{self.tab.name} · {self.report.title}", styles.title())
        write_text(sheet, 1, 0, self.report.banner, styles.quiet())
        sheet.write_url(2, 0, f"internal:'{CONTENTS}'!A1", styles.link(font_size=9), "← Contents")
        row, pixels, headers = 4, 26 * 4 / 3 + 60, []
        for block in self.tab.blocks:
            row, header, height = self._block(block, row)
            headers.append(header)
            pixels += height
        # one block: its header stays in sight; several: only what is true of all of them does
        top = headers[0] if len(headers) == 1 else 2
        sheet.freeze_panes(top + 1, 1)
        if self._texts:
            sheet.ignore_errors({"number_stored_as_text": " ".join(self._texts)})
        self._print(top, pixels)

    def _block(self, block: Block, row: int) -> tuple[int, int, float]:
        """Writes a block from ``row`` on; the next free row, the header's row and the height in pixels."""
        sheet, styles, start = self.sheet, self.styles, row
        write_text(sheet, row, 0, block.title, styles.title(12))
        if block.about:
            row += 1
            write_text(sheet, row, 0, block.about, styles.quiet())
        header = row + 1
        tall = 13.5 * sizes.head_lines(block, self._widths) + 6
        sheet.set_row(header, tall)
        computed = {n for cells in block.rows for n, cell in enumerate(cells) if cell.formula}
        for number, column in enumerate(block.columns):
            style = styles.header(number=column.unit != "text", computed=number in computed)
            write_text(sheet, header, number, column.title, style)
            if note := self._note(block, number):
                lines = 1 + sum(1 + len(part) // 44 for part in note.split("\n"))
                size = {"x_scale": 2.2, "y_scale": max(0.6, lines * 0.23), "font_name": "Arial", "font_size": 9}
                sheet.write_comment(header, number, note, {**size, "author": "Revalign"})
        places = {column.key: number for number, column in enumerate(block.columns)}
        forms = formats.patterns(block, self.report.currency)
        row = header
        for cells in block.rows:
            row += 1
            for number, cell in enumerate(cells):
                linked = isinstance(cell.value, str) and block.columns[number].key in LINKS
                if not (linked and write_link(self.desk, sheet, row, number, str(cell.value))):
                    write_cell(self.desk, sheet, (row, number), cell, places, form=forms[number])
        if block.rows:
            self._rules(block, header, row, forms)
        quoted = self.tab.name.replace("'", "''")
        area = xl_range_abs(header, 0, row, len(block.columns) - 1)
        self.desk.book.define_name(f"{self.tab.key}_{block.key}", f"='{quoted}'!{area}")
        row = self._footnotes(block, row + 1)
        if block.charts and block.rows and len(block.columns) > 1:
            row = self._charts(block, header, row)
        # the head is as tall as its text; every other row has the usual 20 pixels
        return row + 2, header, (row + 1 - start) * 20 + tall * 4 / 3

    def _note(self, block: Block, column: int) -> str:
        prints = [row[column].fingerprint for row in block.rows if row[column].fingerprint]
        return "\n".join(part for part in (block.columns[column].note, prints[-1] if prints else "") if part)

    def _rules(self, block: Block, header: int, last: int, forms: list[str]) -> None:
        """Errors are grey, and an amount that rounds to nothing is a plain 0 instead of -0."""
        sheet, first = self.sheet, header + 1
        grey = self.desk.book.add_format({"font_color": "#A6A6A6"})
        sheet.conditional_format(first, 0, last, len(block.columns) - 1, {"type": "errors", "format": grey})
        for number, column in enumerate(block.columns):
            if column.unit == "text":
                self._texts.append(xl_range(first, number, last, number))
            if column.unit == "money" and not column.format:
                form = forms[number]
                edge = 0.5 * 10.0 ** -len(form.partition(".")[2])
                zero = self.desk.book.add_format({"num_format": f"{form};{form}"})
                rule = {"type": "cell", "criteria": "between", "minimum": -edge, "maximum": 0, "format": zero}
                sheet.conditional_format(first, number, last, number, rule)

    def _footnotes(self, block: Block, row: int) -> int:
        notes = [] if block.rows else ["Nothing to show yet."]
        if any(cell.partial for cells in block.rows for cell in cells):
            notes.append(f"Italic: partial, the period was still open on {self.report.as_of}.")
        missing: dict[str, list[str]] = {}
        for key, cells in zip(block.keys, block.rows, strict=True):
            for column, cell in zip(block.columns, cells, strict=True):
                if cell.value is None and cell.status and cell.call:
                    missing.setdefault(f"{column.title}: {cell.status}", []).append(key)
        for said, keys in missing.items():
            several = keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}, {len(keys)} rows"
            notes.append(f"No number when built: {said} ({several})")
        if len(notes) > 7:
            notes = [*notes[:6], f"... and {len(notes) - 6} more reasons; ask REVALIGN.METRIC or `revalign metric`."]
        for note in notes:
            write_text(self.sheet, row, 0, note, self.styles.quiet(italic=note.startswith("Italic")))
            row += 1
        return row

    def _charts(self, block: Block, header: int, row: int) -> int:
        """Draws the charts, the free row below them.

        They stand two abreast under the table, from column B on so that the frozen first column never cuts one. A
        single chart stands beside a narrow table.
        """
        inner = sum(sizes.pixels(width) for width in self._widths[1 : len(block.columns)])
        wide = int(min(640, max(440, (inner - 16) // 2)))
        beside = len(block.charts) == 1 and inner <= 400
        across = inner + 24 if beside else 0
        for number, chart in enumerate(block.charts):
            made = charts.make(self.desk, block, chart, self.tab.name, header)
            made.set_size({"width": wide, "height": charts.HEIGHT})
            down, place = divmod(number, 2)
            options = {
                "x_offset": across + place * (wide + 16),
                "object_position": 2,
                "description": f"{chart.kind} chart: {chart.title or block.title}",
            }
            self.sheet.insert_chart(header if beside else row + 1 + down * charts.ROWS, 1, made, options)
            self._charted = max(self._charted, across + (place + 1) * (wide + 16))
        if beside:
            return max(row, header + charts.ROWS)
        return row + 1 + charts.ROWS * math.ceil(len(block.charts) / 2)

    def _print(self, top: int, tall: float) -> None:
        sheet = self.sheet
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.repeat_rows(0, top)
        wide = max(sum(map(sizes.pixels, self._widths)), sizes.pixels(self._widths[0]) + self._charted)
        sheet.fit_to_pages(1, 1 if sizes.fits_one_page(wide, tall) else 0)
        page_footer(sheet, self.report)


def _shown(block: Block) -> Block:
    """A block without its hidden columns: they are for the sync to find its rows by, which no workbook needs."""
    kept = [number for number, column in enumerate(block.columns) if not column.hidden]
    if len(kept) == len(block.columns):
        return block
    rows = tuple(tuple(row[number] for number in kept) for row in block.rows)
    return replace(block, columns=tuple(block.columns[number] for number in kept), rows=rows)


def page_footer(sheet: Any, report: Report) -> None:
    """Title and snapshot on the left, the page on the right."""
    left = f"{report.title} · as of {report.as_of} · snapshot {report.snapshot}".replace("&", "&&")
    sheet.set_footer(f"&L&8{left[:200]}&R&8&A · &P of &N")
