"""The sheets around the data: cover, definitions, and what to do without the add-in."""

from __future__ import annotations

from typing import Any

from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Report
from revalign_udf.workbook.cells import write_cell, write_text
from revalign_udf.workbook.formulas import PREFIX
from revalign_udf.workbook.styles import GREY, RULE, Desk
from revalign_udf.workbook.tabs import page_footer

__all__ = ["write_about", "write_cover", "write_definitions"]

_STATES = {
    "fresh": ("Fresh", "#009E73"),
    "stale": ("Stale: a source is older than promised", "#E69F00"),
    "failed": ("Failed: a source did not load", "#D55E00"),
}

_ADDIN = {
    "classic": "the Revalign add-in for Excel on Windows (xlwings)",
    "office": "the Revalign add-in for Excel on Windows, Mac and the web",
}

#: heading, lines, an empty line; what follows "How the cells are computed" also gets what the report itself says
_ABOUT = """
Without the add-in
Every cell holds the last value it was given. You can read, print, filter, chart and copy all of it.
Nothing is recomputed when the file opens. If you edit a Revalign formula or force a full recalculation (Ctrl+Alt+F9), \
Excel shows #NAME? there: close without saving, and the values are back.
To pass numbers on, copy them and paste as values. Native formulas, such as the check columns, keep working.
For newer values, ask whoever sent the file, or whoever runs Revalign at {company}: on any machine that has the project, \
without Excel, "revalign workbook fill FILE" puts them in and leaves formats, charts and your own cells alone; \
"revalign workbook verify FILE" says whether the values are still right.

With the add-in
This file was written for {add_in}. Its cells ask the latest published snapshot when they are refreshed; no cell ever \
calls a source system.
For {others}: revalign workbook convert FILE --route {other}, or build it again with \
revalign workbook build {report} --route {other}

How the cells are computed
Dark heads: each cell is a function call, stored as {example} (the metric, the period in column A, then filters in \
pairs). Change the period in column A and the row follows.
Pale heads: native formulas over the cells of the same row.
A table without formulas, such as a funnel, holds the values of the snapshot named on the cover.
Each block has a defined name; the name box left of the formula bar lists them.
"""


def write_cover(desk: Desk, sheet: Any) -> None:
    """Title, where the numbers come from, and links to every sheet."""
    report, styles = desk.report, desk.styles
    _page(sheet, report, (3, 26, 90))
    sheet.set_row(1, 34)
    write_text(sheet, 1, 1, report.title, styles.title(24))
    write_text(sheet, 2, 1, report.description, styles.quiet())
    words, colour = _STATES[report.state]
    facts = {"Company": report.company, "As of": report.as_of, "Snapshot": report.snapshot, "Currency": report.currency}
    row = 4
    for name, value in facts.items():
        write_text(sheet, row, 1, name, styles(font_color=GREY))
        write_text(sheet, row, 2, value, styles(bold=True))
        row += 1
    write_text(sheet, row, 1, "State", styles(font_color=GREY))
    write_text(sheet, row, 2, words, styles(bold=True, font_color=colour))
    write_text(sheet, row + 1, 1, report.banner, styles.quiet())
    row += 3
    write_text(sheet, row, 1, "Sheet", styles.header())
    write_text(sheet, row, 2, "What it shows", styles.header())
    lines = [(tab.name, " · ".join(block.title for block in tab.blocks)) for tab in report.tabs]
    lines += [("Definitions", "What every number means, who owns it, in which version")] if report.definitions else []
    lines += [("About", "How the cells are computed, and reading this file without the add-in")]
    for name, said in lines:
        row += 1
        quoted = name.replace("'", "''")
        sheet.write_url(row, 1, f"internal:'{quoted}'!A1", styles.link(bottom=1, bottom_color=RULE), name)
        write_text(sheet, row, 2, said, styles(text_wrap=True, bottom=1, bottom_color=RULE))
    sheet.activate()


def write_definitions(desk: Desk, sheet: Any, block: Block) -> None:
    """The definitions of every metric in the report."""
    report, styles = desk.report, desk.styles
    _page(sheet, report, tuple(column.width for column in block.columns))
    sheet.set_row(0, 26)
    write_text(sheet, 0, 0, block.title, styles.title())
    write_text(sheet, 1, 0, report.banner, styles.quiet())
    header = 3
    for number, column in enumerate(block.columns):
        write_text(sheet, header, number, column.title, styles.header(number=column.unit != "text"))
    places = {column.key: number for number, column in enumerate(block.columns)}
    for row, cells in enumerate(block.rows, start=header + 1):
        lines = 1
        for number, (column, cell) in enumerate(zip(block.columns, cells, strict=True)):
            # General instead of text: Excel shows #### for more than 255 characters in a text cell
            form = "General" if column.unit == "text" else formats.pattern(column.unit)
            write_cell(desk, sheet, (row, number), cell, places, form=form, wrapped=True)
            text = str(cell.value or "")
            lines = max(lines, sum(1 + len(part) // column.width for part in text.splitlines()))
        sheet.set_row(row, 13.5 * lines + 3)
    sheet.freeze_panes(header + 1, 1)
    sheet.repeat_rows(0, header)


def write_about(desk: Desk, sheet: Any) -> None:
    """How to read the file with and without the add-in."""
    report, styles, route = desk.report, desk.styles, desk.route
    example = f'={PREFIX[route]}METRIC("mrr",$A7)'
    other = "office" if route == "classic" else "classic"
    names = {"example": example, "add_in": _ADDIN[route], "others": _ADDIN[other], "other": other, "report": report.key}
    text = _ABOUT.format(company=report.company, **names)
    parts = [(part.splitlines()[0], part.splitlines()[1:]) for part in text.strip().split("\n\n")]
    parts[-1][1].extend(report.about)
    _page(sheet, report, (3, 118))
    write_text(sheet, 1, 1, "About this workbook", styles.title())
    row = 3
    for title, lines in parts:
        write_text(sheet, row, 1, title, styles.title(12))
        for line in lines:
            row += 1
            write_text(sheet, row, 1, line, styles(text_wrap=True, valign="top"))
            sheet.set_row(row, 13.5 * (1 + len(line) // 138) + 3)
        row += 2


def _page(sheet: Any, report: Report, widths: tuple[int, ...]) -> None:
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    page_footer(sheet, report)
