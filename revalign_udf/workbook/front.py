"""The sheets behind the data: the definitions, and how to read the workbook with and without the add-in."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Cell, Column, Report
from revalign_udf.layout.palette import ENTRY, FLAG, HEAT
from revalign_udf.workbook.cells import write_cell, write_text
from revalign_udf.workbook.formulas import PREFIX
from revalign_udf.workbook.styles import ACCENT, GREY, RULE, Desk
from revalign_udf.workbook.tabs import page_footer

__all__ = ["set_up", "write_about", "write_definitions"]

_ADDIN = {
    "classic": "the Revalign add-in for Excel on Windows (xlwings)",
    "office": "the Revalign add-in for Excel on Windows, Mac and the web",
}
#: characters of the widest column: of a line of text, and of the definitions
_LINE, _WIDEST = 118, 44
#: characters of Arial that fit where a column counts one digit
_DENSE = 1.15
#: of the part of the text that is about tables
_TABLES = "Tables that are one formula"
_LEFT = {"align": "left", "valign": "top", "bottom": 1, "bottom_color": RULE}

#: heading, lines, an empty line; "How the cells are computed" also gets what the report itself says. A line that begins
#: with a word in brackets has a patch of that look beside it
_ABOUT = """
How the cells are computed
Dark heads: each cell is a function call, such as {example}: metric, period of column A, filters in pairs.
Change the period in column A and the row follows.
Pale heads: native formulas over the cells of the same row.
A table without formulas holds the values of the snapshot named on the cover.
No cell ever calls a source system: all of them ask the published snapshot.

Choosing what is shown
The framed cells of the cover are parameters. What you pick there reaches every number that asks for it.
Their lists stand on the hidden sheet Lists, are filled by REVALIGN.LIST and grow by themselves. An empty filter means all.
"Pin to a day" on the cover, the name REVALIGN_ASOF, makes every cell answer from the last snapshot up to that day.
All of this needs the add-in, or "revalign workbook fill". Without them the numbers stay as they were made.

Tables that are one formula
A table whose cells read =IF(Data!A5="","",Data!A5) is one formula on the hidden sheet Data; its cells show what that answers.
To see or copy the formula, right-click any sheet tab and choose Unhide. Type nothing on Data: a table grows there.
The rows under a table are kept free for it. When it has more rows than fit, a line beneath them says so.
To sort it or to keep today's values, copy the table and paste it as values elsewhere.

What the look of a cell says
[heat] Light to dark blue: low to high, on one scale for the whole block. Totals are left out.
[flag] Amber and bold: the value is past a limit, or a source is not as fresh as promised.
[entry] Pale yellow in a frame or in dark blue: meant to be typed over.
[italic] Italic: the period was still open when the file was made, so the number will change.
[gap] Blank: there was no number when the file was made, never a made-up 0. A line at the table says why, unless the cell only \
compares and there was nothing to compare with.
[error] Grey, such as #VALUE!: the formula cannot be answered as it stands, as after a slip in a parameter or a period.
[total] Bold under a rule: a total. It is computed anew from the records, not added up from the rows.
Everything reads on a grey print: dark against light, bold, italic and words, never colour alone.

Names, links and printing
Each block has a name, such as {name}. Pick it in the name box left of the formula bar to go there.
Your own formulas may use these names. The cells of parameters are named {parameter}.
Sheets print on A4 across, as wide as the page, heads on every page, the snapshot at the foot. All: File, Print, Entire workbook.
The cover links to every sheet, and "← Contents" on a sheet leads back.

Without the add-in
Every cell holds the last value it was given. You can read, print, filter, chart and copy all of it.
Nothing is recomputed when the file opens.
Excel shows #NAME? where you edit a Revalign formula. A forced recalculation (Ctrl+Alt+F9) does so everywhere, and empties
the tables but for their first cell. Close without saving then, and the values are back.
LibreOffice shows the same values; only the hidden sheet Data is #NAME? there.
Programs that compute every cell anew when they open a file show #NAME? and blanks instead. Send a PDF to who uses those.
To pass numbers on, copy them and paste as values. Native formulas, such as the check columns, keep working.

With the add-in
This file was written for {add_in}. Refresh asks the published snapshot.
For {others}, convert it or build it again:
    revalign workbook convert FILE --route {other}
    revalign workbook build {report} --route {other}

Newer values without Excel
Whoever sent the file, or whoever runs Revalign at {company}, can do this on any machine that has the project:
    revalign workbook fill FILE: puts newer values in; formats, charts and your own cells stay as they are
    revalign workbook verify FILE: says cell by cell whether the values are still right
"""


def write_definitions(desk: Desk, sheet: Any, block: Block) -> None:
    """The definitions of every metric in the report."""
    report, styles = desk.report, desk.styles
    widths = tuple(_width(column, [row[number] for row in block.rows]) for number, column in enumerate(block.columns))
    set_up(sheet, report, widths)
    sheet.set_row(0, 26)
    write_text(sheet, 0, 0, block.title, styles.title())
    write_text(sheet, 1, 0, report.banner, styles.quiet())
    header = 3
    for number, column in enumerate(block.columns):
        write_text(sheet, header, number, column.title, styles.header())
    for row, cells in enumerate(block.rows, start=header + 1):
        shown = zip(cells, widths, strict=True)
        sheet.set_row(row, max(_height(str(cell.value or ""), width) for cell, width in shown))
        for number, (column, cell) in enumerate(zip(block.columns, cells, strict=True)):
            # General instead of text: Excel shows #### for more than 255 characters in a text cell
            form = "General" if column.unit == "text" else formats.pattern(column.unit)
            if isinstance(
                cell.value, int | float
            ):  # the name of something, such as a version: it stands with the words
                sheet.write_number(row, number, cell.value, styles(num_format=form, **_LEFT))
            else:
                write_cell(desk, sheet, (row, number), cell, {}, form=form, wrapped="top")
    sheet.freeze_panes(header + 1, 1)
    sheet.repeat_rows(0, header)


def _width(column: Column, cells: Sequence[Cell]) -> int:
    """No wider than what stands in a column, so that the sheet is not printed smaller than it has to be."""
    longest = max((len(str(cell.value)) for cell in cells if cell.value is not None), default=0)
    return min(_WIDEST, max(len(column.title) + 2, min(column.width, longest + 2)))


def write_about(desk: Desk, sheet: Any, named: str, *, tables: bool = True) -> None:
    """How to read the file with and without the add-in.

    ``named`` is the name of one of its blocks, ``tables`` whether any is a table that one function answers.
    """
    report, styles = desk.report, desk.styles
    set_up(sheet, report, (3, _LINE))
    write_text(sheet, 1, 1, "About this workbook", styles.title())
    row = 3
    for title, lines in _parts(desk, named):
        if title == _TABLES and not tables:
            continue
        write_text(sheet, row, 1, title, styles.title(12))
        for line in lines:
            row += 1
            marks: dict[str, object] = {"indent": 2, "align": "left"} if line.startswith(" ") else {}
            if found := re.match(r"\[(\w+)\] ", line):
                _patch(desk, sheet, row, found[1])
                line, marks = line[found.end() :], {"indent": 1, "align": "left"}  # noqa: PLW2901
            sheet.set_row(row, _height(line, _LINE))
            write_text(sheet, row, 1, line.strip(), styles(text_wrap=True, valign="top", **marks))
        row += 2


def _parts(desk: Desk, named: str) -> list[tuple[str, list[str]]]:
    report, route = desk.report, desk.route
    other = "office" if route == "classic" else "classic"
    chosen = report.parameters[0].key if report.parameters else "region"
    text = _ABOUT.format(
        example=f'={PREFIX[route]}METRIC("mrr",$A7)', add_in=_ADDIN[route], others=_ADDIN[other], other=other,
        report=report.key, company=report.company or "your company", name=named, parameter=f"param_{chosen}",
    )  # fmt: skip
    parts = [(part.splitlines()[0], part.splitlines()[1:]) for part in text.strip().split("\n\n")]
    parts[0][1].extend(report.about)
    return parts


def _patch(desk: Desk, sheet: Any, row: int, look: str) -> None:
    """The look a line tells of, in the margin beside it."""
    styles = desk.styles
    patches: Mapping[str, tuple[str, dict[str, object]]] = {
        "heat": ("", {"bg_color": HEAT[1]}),
        "flag": ("7", {"bg_color": FLAG, "bold": True}),
        "entry": ("7", {"bg_color": ENTRY, "border": 1, "border_color": GREY}),
        "italic": ("7", {"italic": True}),
        "gap": ("", {"border": 1, "border_color": RULE}),
        "error": ("#", {"font_color": "#A6A6A6"}),
        "total": ("7", {"bold": True, "top": 1, "top_color": ACCENT}),
    }
    text, marks = patches[look]
    write_text(sheet, row, 0, text, styles(align="center", **marks))


def _height(text: str, width: int) -> float:
    """Points a wrapped text takes."""
    lines = sum(len(textwrap.wrap(part, int(width * _DENSE))) or 1 for part in text.splitlines() or [""])
    return 13.5 * lines + 3


def set_up(sheet: Any, report: Report, widths: tuple[int, ...]) -> None:
    """Columns and print set-up of a sheet of text."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    page_footer(sheet, report)
