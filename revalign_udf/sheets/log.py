"""The ``_log`` tab: what each sync did, and every edit by hand it met; the newest lines last, the oldest let go."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_udf.sheets import identity, style
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import extended
from revalign_udf.sheets.requests import Outbox, repeat, rows_request, write_cells

__all__ = ["CAP", "TITLE", "log_tab", "write_log"]

TITLE = "_log"
COLUMNS = ("When", "Report", "Tab", "What", "Details")
#: Lines kept; they are trimmed some at a time, so that a line more is no reason to move rows.
CAP, SLACK = 200, 50
_WIDTHS = (175, 110, 140, 100, 900)


def log_tab() -> int:
    """The id of the tab."""
    return identity.number_id("log", identity.WHOLE)


def write_log(current: Current, lines: Sequence[Sequence[str]]) -> Outbox:
    """Lines beneath those that stand there.

    Args:
        current: the spreadsheet, the log's cells read.
        lines: one value per column.
    """
    out = Outbox()
    if not lines:
        return out
    identifier = log_tab()
    tab = current.tabs.get(identifier)
    if tab is not None:  # a line that stands there was sent by this very sync, whose answer was lost
        lines = [line for line in lines if not _stands(tab, line)]
        if not lines:
            return out
    lines = lines[-CAP:]
    if tab is None:
        out.each(_new(current, identifier))
        row = 1
    else:
        row = max((at + 1 for at, column in tab.values if column < len(COLUMNS)), default=1)
        if tab.columns < len(COLUMNS):
            length = len(COLUMNS) - tab.columns
            out.each([{"appendDimension": {"sheetId": identifier, "dimension": "COLUMNS", "length": length}}])
        over = row - 1 + len(lines) - CAP
        if over > SLACK:
            out.each([rows_request("deleteDimension", identifier, first, last) for first, last in _old(tab, over)])
            row -= sum(last - first for first, last in _old(tab, over))
            out.each([{"appendDimension": {"sheetId": identifier, "dimension": "ROWS", "length": over}}])
        elif row + len(lines) > tab.rows:
            length = row + len(lines) - tab.rows
            out.each([{"appendDimension": {"sheetId": identifier, "dimension": "ROWS", "length": length}}])
    cells: dict[tuple[int, int], Json | None] = {
        (row + down, across): extended(text) for down, line in enumerate(lines) for across, text in enumerate(line)
    }
    out.each(write_cells(identifier, cells))
    return out


def _stands(tab: CurrentTab, line: Sequence[str]) -> bool:
    cells = [extended(text) for text in line]
    rows = [row for (row, column), value in tab.values.items() if column == 0 and value == cells[0]]
    return any(all(tab.values.get((row, at)) == cell for at, cell in enumerate(cells)) for row in rows)


def _old(tab: CurrentTab, count: int) -> list[tuple[int, int]]:
    """The oldest lines as runs from below, without those a person wrote beside."""
    beside = {row for row, column in tab.values if column >= len(COLUMNS)} | {row for row, _ in tab.notes}
    going = [row for row in range(1, count + 1) if row not in beside]
    runs: list[tuple[int, int]] = []
    for row in going:
        if runs and runs[-1][1] == row:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return runs[::-1]


def _new(current: Current, identifier: int) -> list[Json]:
    title, number = TITLE, 2
    taken = {tab.title.casefold() for tab in current.tabs.values()}
    while title.casefold() in taken:
        title, number = f"{TITLE} ({number})", number + 1
    grid = {"rowCount": CAP + SLACK + 50, "columnCount": len(COLUMNS) + 1, "frozenRowCount": 1}
    head = Area(identifier, 0, 0, 1, len(COLUMNS))
    current.tabs[identifier] = CurrentTab(identifier, title, grid["rowCount"], grid["columnCount"])
    made: list[Json] = [{"addSheet": {"properties": {"sheetId": identifier, "title": title, "gridProperties": grid}}}]
    made += write_cells(identifier, {(0, at): extended(text) for at, text in enumerate(COLUMNS)})
    made.append(
        repeat(head, {"userEnteredFormat": {"textFormat": style.TITLE["textFormat"]}}, "userEnteredFormat.textFormat")
    )
    for at, width in enumerate(_WIDTHS):
        span = {"sheetId": identifier, "dimension": "COLUMNS", "startIndex": at, "endIndex": at + 1}
        made.append(
            {"updateDimensionProperties": {"range": span, "properties": {"pixelSize": width}, "fields": "pixelSize"}}
        )
    return made
