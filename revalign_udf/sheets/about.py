"""The tab "About": how fresh the sources are, what the numbers were made for, and what a reader should know.

A spreadsheet has no cover and no functions of ours, so what a workbook says there stands on a tab of its own, the last.
"""

from __future__ import annotations

from dataclasses import replace

from revalign_udf.layout.model import Block, Cell, Column, Report

__all__ = ["ABOUT", "about_blocks"]

#: Its key; no tab of a layout may be called so.
ABOUT = "about"
#: Wide enough for a name; a sentence in it runs on over the empty cells at its right.
_WIDTH = 24


def about_blocks(report: Report) -> tuple[Block, ...]:
    """The blocks of the tab; none where a report has nothing to say about itself."""
    made: list[Block] = []
    if report.sources is not None and report.sources.columns:
        made.append(replace(report.sources, key="sources"))
    if report.parameters:
        made.append(_parameters(report))
    if lines := tuple(line for line in (report.description, *report.about) if line):
        rows = tuple((Cell(line),) for line in lines)
        made.append(Block("notes", "About this report", (Column("note", "Note", "text", width=_WIDTH),), rows, lines))
    return tuple(made)


def _parameters(report: Report) -> Block:
    columns = (
        Column("parameter", "Parameter", "text", "What can be chosen in the workbook of this report.", _WIDTH),
        Column("value", "Made for", "text", "Every number on this sheet was made for this.", 18),
        Column("about", "About", "text", width=_WIDTH),
    )
    rows = tuple(
        (Cell(parameter.title), Cell(parameter.value or "all"), Cell(parameter.about))
        for parameter in report.parameters
    )
    return Block("parameters", "Parameters", columns, rows, tuple(parameter.key for parameter in report.parameters))
