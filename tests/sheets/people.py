"""A report that changes and a person who works on its sheet, at random: the players of ``test_fuzz``.

Everything a person writes carries a token of its own (``q17q``), so that what is lost can be named. A token is *own*
(beside a block, in an inserted row or column, beneath, a note) and must never vanish, or an *edit* of a synced cell,
which must stand through one sync, be named in the log, and then give way to the report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Block, Cell, Chart, Column, Report, Rule
from revalign_udf.localsheets import Book, LocalSheets, Sheet
from revalign_udf.sheets import (
    GoogleSpreadsheet,
    Options,
    SheetPlan,
    SheetTarget,
    make_plan,
    open_spreadsheet,
    sync_report,
    verify_report,
)
from revalign_udf.sheets.identity import block_path, number_id, text_id
from revalign_udf.sheets.log import log_tab
from revalign_udf.sheets.memory import BlockMemory, Memory, load_memory, save_memory

from .conftest import QUICK, report

__all__ = ["PEOPLE", "REPORT", "Action", "World"]

Json = dict[str, Any]
TOKEN = re.compile(r"q\d+q")
MODES = ("replace", "upsert", "append")
NAMES = ("Ada", "Bob", "Cyd", "Dan", "Eve", "Fay", "Gus", "Hal")
MONTHS = tuple(f"2026-{month:02}" for month in range(1, 9))


class Table:
    """One block of the report, as its source has it."""

    def __init__(self, key: str, titles: tuple[str, ...], names: tuple[str, ...], count: int) -> None:
        self.key, self.titles, self.names = key, titles, names
        self.rows: dict[str, int] = {name: at + 1 for at, name in enumerate(names[:count])}
        self.shown = list(range(1, len(titles)))
        self.mode = "replace"
        self.title = key.title()
        self.there = True
        self.totals = 0
        self.limit = 20.0

    def block(self, label: str) -> Block:
        """As the report has it: the first column names the row, the second is a formula of the third and fourth."""
        append = self.mode == "append"
        keys = ["name", *(f"c{at}" for at in self.shown)]
        columns = [Column("name", self.titles[0], "text")]
        columns += [Column(f"c{at}", self.titles[at], "rate" if at == 3 else "money") for at in self.shown]
        lines = []
        for name, number in self.rows.items():
            line = [Cell(name)]
            for at in self.shown:
                value = float(number * 10 + at) if (number + at) % 7 else None
                if at == 2 and {1, 3} <= set(self.shown):
                    value = float(number * 10 + 1)
                    line.append(Cell(2 * value, formula="c1 + c1"))
                else:
                    line.append(Cell(float(number * 10 + at) if at == 1 else value))
            lines.append(tuple(line))
        totals = self.totals if self.rows else 0
        if totals:
            lines.append((Cell("Total"), *(Cell(999.5, format="0.0") for _ in self.shown)))
        if append:
            columns.insert(0, Column("snapshot", "Snapshot", "text"))
            lines = [(Cell(label), *line) for line in lines]
        chart = (Chart("main", self.title, "line", "name", ("c1",)),) if "c1" in keys else ()
        rules = (Rule("heat", ("c1",)), Rule("flag", ("c1",), test=">", limit=self.limit)) if chart else ()
        ids = tuple(f"{label}|{name}" if append else name for name in (*self.rows, *["Total"] * totals))
        made = Block(self.key, self.title, tuple(columns), tuple(lines), ids, chart, totals=totals, rules=rules)
        return replace(made, mode=self.mode, lead=2 if append else 1)  # type: ignore[arg-type]


class World:
    """A spreadsheet, the report that is synced to it, and the person."""

    def __init__(self, server: LocalSheets, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.key = server.create("Fuzz")
        target = SheetTarget("team", self.key, server.key_file, server.base_url)
        self.client: GoogleSpreadsheet = open_spreadsheet(target, retry=QUICK)
        save_memory(folder, "team", self.key, Memory())
        self.tables = [
            Table("bridge", ("Month", "Opening", "Closing", "Rate"), MONTHS, 3),
            Table("customers", ("Customer", "MRR", "Twice", "Share", "Seats"), NAMES, 3),
            Table("leads", ("Lead", "Value"), tuple(f"L{at}" for at in range(5)), 2),
        ]
        self.tables[2].there = False
        self.banner, self.label, self.number, self.runs = 0, 1, 0, 0
        self.own: set[str] = set()
        self.edits: dict[str, int] = {}
        self.told: list[str] = []
        self.stuck = False
        self.touched = False
        """synced cells were changed by hand"""
        self.shared = False
        """another computer keeps the sheet too: what it writes is not known here"""
        self.blind = False
        """the memory was lost: until the next sync edits cannot be told apart"""

    def close(self) -> None:
        self.client.close()
        self.server.library.books.pop(self.key, None)

    # --- the report --------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        blocks = [table.block(f"s{self.label}") for table in self.tables if table.there]
        state: Any = ("fresh", "stale", "failed")[self.banner % 3]
        return report(*blocks, banner=f"Updated at {self.banner}", state=state, snapshot=f"s{self.label}")

    def table(self, a: int) -> Table:
        return self.tables[a % len(self.tables)]

    def change_value(self, a: int, b: int, c: int) -> None:
        table = self.table(a)
        if table.rows:
            name = list(table.rows)[b % len(table.rows)]
            table.rows[name] += c + 1

    def add_row(self, a: int, b: int, c: int) -> None:
        table = self.table(a)
        free = [name for name in table.names if name not in table.rows]
        if free:
            lines = list(table.rows.items())
            lines.insert(b % (len(lines) + 1), (free[c % len(free)], c + 1))
            table.rows = dict(lines)

    def drop_row(self, a: int, b: int, _: int) -> None:
        table = self.table(a)
        if table.rows:
            del table.rows[list(table.rows)[b % len(table.rows)]]

    def drop_all(self, a: int, b: int, _: int) -> None:
        table = self.table(a)
        table.rows = dict(list(table.rows.items())[: b % 2])

    def reorder(self, a: int, b: int, _: int) -> None:
        table = self.table(a)
        lines = list(table.rows.items())
        at = b % max(1, len(lines))
        table.rows = dict([*lines[at:], *lines[:at]] if b % 2 else lines[::-1])

    def change_columns(self, a: int, b: int, _: int) -> None:
        table = self.table(a)
        at = 1 + b % (len(table.titles) - 1)
        table.shown = sorted(set(table.shown) ^ {at}) or [1]

    def change_mode(self, a: int, b: int, _: int) -> None:
        table = self.table(a)
        mode = MODES[b % 3]
        # a block whose rows get another name is another table: nobody does it in place
        if (mode == "append") == (table.mode == "append"):
            table.mode = mode

    def change_looks(self, a: int, b: int, _: int) -> None:
        """Rows of totals and limits of flags come and go."""
        table = self.table(a)
        table.totals, table.limit = b % 2, 20.0 + b // 20

    def rename(self, a: int, b: int, _: int) -> None:
        self.table(a).title = f"Title {b}"

    def rename_column(self, a: int, b: int, c: int) -> None:
        table = self.table(a)
        at = b % len(table.titles)
        table.titles = (*table.titles[:at], f"Head {at} {c % 3}", *table.titles[at + 1 :])

    def change_banner(self, a: int, _: int, __: int) -> None:
        self.banner = a

    def next_snapshot(self, _: int, __: int, ___: int) -> None:
        self.label += 1

    def toggle_leads(self, a: int, _: int, __: int) -> None:
        if not self.tables[2].there:
            self.tables[2].there, self.tables[2].mode = True, MODES[a % 3]

    # --- where things are --------------------------------------------------------------------------------------------

    @property
    def book(self) -> Book:
        return self.server.book(self.key)

    def area(self, a: int) -> Json | None:
        table = self.table(a)
        name = text_id("block", block_path("saas_metrics", "overview", table.key))
        found = next((item for item in self.book.named if item["namedRangeId"] == name), None)
        return found["range"] if found else None

    def sheet(self, a: int = 0) -> Sheet | None:
        area = self.area(a)
        number = int(area.get("sheetId", 0)) if area else number_id("tab", "saas_metrics/overview")
        return next((sheet for sheet in self.book.sheets if sheet.id == number), None)

    def texts(self) -> set[str]:
        """Tokens anywhere but in the log."""
        found: set[str] = set()
        for sheet in self.book.sheets:
            if sheet.id != log_tab():
                for cell in sheet.cells.values():
                    found |= set(TOKEN.findall(f"{cell.value}|{cell.formula}|{cell.note}"))
        return found

    def log(self) -> str:
        sheet = next((sheet for sheet in self.book.sheets if sheet.id == log_tab()), None)
        return "\n".join(str(cell.value) for cell in sheet.cells.values()) if sheet else ""

    # --- the person --------------------------------------------------------------------------------------------------

    def do(self, *requests: Json) -> None:
        """A change in the browser; one that Google would refuse there simply does not happen."""
        try:
            self.client.batch_update(requests)
        except SurfaceError as problem:
            self.told.append(f"  refused: {problem.message[:150]}")
            return
        standing = self.texts()
        self.own &= standing
        self.edits = {token: age for token, age in self.edits.items() if token in standing}

    def token(self) -> str:
        self.number += 1
        return f"q{self.number}q"

    def put(self, tab: int, row: int, column: int, *, kind: int = 0, own: bool = True) -> None:
        """Writes a token: as text, in a formula, or as a note."""
        token = self.token()
        cell: Json = {"userEnteredValue": {"stringValue": token}}
        fields = "userEnteredValue"
        if kind % 5 == 3:
            cell = {"userEnteredValue": {"formulaValue": f'=IF(A{row + 1}="","{token}","{token}")'}}
        elif kind % 5 == 4:
            cell, fields = {"note": token}, "note"
        start = {"sheetId": tab, "rowIndex": row, "columnIndex": column}
        before = self.number
        if own or fields == "note":
            self.own.add(token)
        elif not self.blind:
            self.edits[token] = 0
        self.told.append(f"  {token} at {row},{column} kind {kind % 5} own {own or fields == 'note'}")
        self.do({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": fields}})
        assert before == self.number

    def span(self, tab: int, start: int, count: int = 1, dimension: str = "ROWS") -> Json:
        return {"sheetId": tab, "dimension": dimension, "startIndex": start, "endIndex": start + count}

    def beside(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            row = area["startRowIndex"] + b % (area["endRowIndex"] - area["startRowIndex"])
            column = area["endColumnIndex"] + c % 3
            if column < sheet.columns and not self.taken(sheet, row, column):
                self.put(sheet.id, row, column, kind=b)

    def taken(self, sheet: Sheet, row: int, column: int) -> bool:
        """Whether a cell belongs to any block."""
        return any(
            int(item["range"].get("sheetId", 0)) == sheet.id
            and item["range"]["startRowIndex"] <= row < item["range"]["endRowIndex"]
            and item["range"]["startColumnIndex"] <= column < item["range"]["endColumnIndex"]
            for item in self.book.named
        )

    def below(self, a: int, b: int, c: int) -> None:
        """Beneath a block, right beneath or with a gap; never over a cell with something in it."""
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            row, column = area["endRowIndex"] + b % 3, area["startColumnIndex"] + c % 4
            free = not sheet.cell(row, column).filled and not self.taken(sheet, row, column)
            if free and row < sheet.rows and column < sheet.columns:
                self.put(sheet.id, row, column, kind=c)

    def far_below(self, a: int, b: int, c: int) -> None:
        if sheet := self.sheet(a):
            row = min(sheet.rows - 1, 30 + b % 30)
            if not self.taken(sheet, row, c % 4):
                self.put(sheet.id, row, c % 4, kind=b)

    def title_row(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)) and area["startRowIndex"]:
            row, column = area["startRowIndex"] - 1, area["startColumnIndex"] + b % 3
            if not self.taken(sheet, row, column):
                self.put(sheet.id, row, column, kind=c)

    def top_row(self, _: int, b: int, c: int) -> None:
        if (sheet := self.sheet()) and not self.taken(sheet, b % 2, 2 + c % 4):
            self.put(sheet.id, b % 2, 2 + c % 4, kind=b)

    def own_row(self, a: int, b: int, c: int) -> None:
        """A row of their own inside a block, at its edges too."""
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            first = area["startRowIndex"] + 1
            row = first + b % (area["endRowIndex"] - first + 1)
            self.do({"insertDimension": {"range": self.span(sheet.id, row), "inheritFromBefore": c % 2 == 0}})
            wide = area["endColumnIndex"] - area["startColumnIndex"]
            if c % 4 < 3:  # else it stays blank
                self.put(sheet.id, row, area["startColumnIndex"] + (0 if c % 4 == 0 else b % (wide + 1)), kind=c % 3)

    def own_column(self, a: int, b: int, c: int) -> None:
        """A column of their own left of, inside, or right of a block."""
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            wide = area["endColumnIndex"] - area["startColumnIndex"]
            column = area["startColumnIndex"] + b % (wide + 1)
            self.do({"insertDimension": {"range": self.span(sheet.id, column, dimension="COLUMNS")}})
            rows = area["endRowIndex"] - area["startRowIndex"]
            self.put(sheet.id, area["startRowIndex"] + c % rows, column, kind=c)

    def insert_above(self, _: int, b: int, c: int) -> None:
        if sheet := self.sheet():
            self.do({"insertDimension": {"range": self.span(sheet.id, b % 3, 1 + c % 2)}})

    def is_synced(self, a: int, row: int, column: int) -> bool:
        """Whether a cell of a block is the report's: its row and its column are."""
        area, sheet, table = self.area(a), self.sheet(a), self.table(a)
        assert area is not None
        assert sheet is not None
        heads = {column.title for column in table.block("").columns}
        span = range(area["startColumnIndex"], area["endColumnIndex"])
        names = {str(sheet.cell(row, at).value) for at in span}
        head = row == area["startRowIndex"]
        return sheet.cell(area["startRowIndex"], column).value in heads and (head or bool(names & set(table.rows)))

    def edit(self, a: int, b: int, c: int) -> None:
        """A synced cell is written over: a number, a name or a header."""
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            row = area["startRowIndex"] + b % (area["endRowIndex"] - area["startRowIndex"])
            column = area["startColumnIndex"] + c % (area["endColumnIndex"] - area["startColumnIndex"])
            table = self.table(a)
            earlier = table.mode == "append" and sheet.cell(row, area["startColumnIndex"]).value != f"s{self.label}"
            if self.is_synced(a, row, column) and not (earlier and row > area["startRowIndex"]):
                self.touched = True
                self.put(sheet.id, row, column, kind=b % 4, own=False)

    def note_inside(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            first = area["startRowIndex"] + 1
            if area["endRowIndex"] > first:
                row = first + b % (area["endRowIndex"] - first)
                column = area["startColumnIndex"] + c % (area["endColumnIndex"] - area["startColumnIndex"])
                self.put(sheet.id, row, column, kind=4)

    def clear_cell(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            row = area["startRowIndex"] + b % (area["endRowIndex"] - area["startRowIndex"])
            column = area["startColumnIndex"] + c % (area["endColumnIndex"] - area["startColumnIndex"])
            start = {"sheetId": sheet.id, "rowIndex": row, "columnIndex": column}
            self.touched = True
            self.do({"updateCells": {"start": start, "rows": [{"values": [{}]}], "fields": "userEnteredValue"}})

    def colour(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            row = area["startRowIndex"] + b % (area["endRowIndex"] - area["startRowIndex"])
            cells = {"sheetId": sheet.id, "startRowIndex": row, "endRowIndex": row + 1 + c % 2, "startColumnIndex": 0}
            red = {"userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"red": 1}}}}
            fields = "userEnteredFormat.backgroundColorStyle"
            self.do({"repeatCell": {"range": {**cells, "endColumnIndex": 4}, "cell": red, "fields": fields}})

    def delete_rows(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            row = max(0, area["startRowIndex"] - 2) + b % (area["endRowIndex"] - area["startRowIndex"] + 2)
            self.touched |= row <= area["startRowIndex"] <= row + c % 2  # a header: what remains may be taken for one
            self.do({"deleteDimension": {"range": self.span(sheet.id, row, 1 + c % 2)}})

    def delete_column(self, a: int, b: int, _: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            column = area["startColumnIndex"] + b % (area["endColumnIndex"] - area["startColumnIndex"] + 1)
            self.touched = True  # an own column in its very place reads like one of ours that was cleared
            self.do({"deleteDimension": {"range": self.span(sheet.id, column, dimension="COLUMNS")}})

    def move_row(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            first, count = area["startRowIndex"] + 1, area["endRowIndex"] - area["startRowIndex"] - 1
            if count > 0:
                move = {"source": self.span(sheet.id, first + b % count), "destinationIndex": first + c % (count + 3)}
                self.do({"moveDimension": move})

    def move_column(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            first, count = area["startColumnIndex"], area["endColumnIndex"] - area["startColumnIndex"]
            source = self.span(sheet.id, first + b % count, dimension="COLUMNS")
            self.do({"moveDimension": {"source": source, "destinationIndex": first + c % (count + 2)}})

    def sort(self, a: int, b: int, c: int) -> None:
        if area := self.area(a):
            rows = {**area, "startRowIndex": area["startRowIndex"] + 1}
            if rows["startRowIndex"] < rows["endRowIndex"]:
                at = area["startColumnIndex"] + b % (area["endColumnIndex"] - area["startColumnIndex"])
                order = "ASCENDING" if c % 2 else "DESCENDING"
                self.touched = True  # a column moved out of the block stays behind
                self.do({"sortRange": {"range": rows, "sortSpecs": [{"dimensionIndex": at, "sortOrder": order}]}})

    def filter(self, a: int, _: int, __: int) -> None:
        if area := self.area(a):
            self.do({"setBasicFilter": {"filter": {"range": area}}})

    def merge(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            row, column = area["endRowIndex"] + 1 + b % 3, area["endColumnIndex"] + c % 3
            if not any(self.taken(sheet, row + at, column) for at in range(2)):
                cells = {"startRowIndex": row, "endRowIndex": row + 2, "startColumnIndex": column}
                merged = {"sheetId": sheet.id, **cells, "endColumnIndex": column + 2}
                self.touched = True  # a column moved out of the block may lie there
                self.do({"mergeCells": {"range": merged, "mergeType": "MERGE_ALL"}})

    def hide(self, a: int, b: int, c: int) -> None:
        if (area := self.area(a)) and (sheet := self.sheet(a)):
            rows = c % 2 == 0
            at = area["startRowIndex" if rows else "startColumnIndex"] + b % 3
            body = {"range": self.span(sheet.id, at, dimension="ROWS" if rows else "COLUMNS")}
            self.do(
                {
                    "updateDimensionProperties": {
                        **body,
                        "properties": {"hiddenByUser": True},
                        "fields": "hiddenByUser",
                    }
                }
            )

    def freeze(self, _: int, b: int, c: int) -> None:
        if sheet := self.sheet():
            grid = {"frozenRowCount": b % 4, "frozenColumnCount": c % 2}
            properties = {"sheetId": sheet.id, "gridProperties": grid}
            fields = "gridProperties(frozenRowCount,frozenColumnCount)"
            self.do({"updateSheetProperties": {"properties": properties, "fields": fields}})

    def rename_tab(self, _: int, b: int, __: int) -> None:
        if sheet := self.sheet():
            title = ("Bob's numbers", "Q1 ! 😀", "A1", "Übersicht 'x'!B2", "_log (2)")[b % 5]
            properties = {"sheetId": sheet.id, "title": title}
            self.do({"updateSheetProperties": {"properties": properties, "fields": "title"}})

    def move_tab(self, _: int, b: int, __: int) -> None:
        if sheet := self.sheet():
            properties = {"sheetId": sheet.id, "index": b % len(self.book.sheets)}
            self.do({"updateSheetProperties": {"properties": properties, "fields": "index"}})

    def duplicate_tab(self, _: int, b: int, __: int) -> None:
        if (sheet := self.sheet()) and len(self.book.sheets) < 6:
            self.do({"duplicateSheet": {"sourceSheetId": sheet.id, "newSheetName": f"Copy {b}"}})

    def delete_tab(self, _: int, b: int, __: int) -> None:
        tabs = self.book.sheets
        self.do({"deleteSheet": {"sheetId": tabs[b % len(tabs)].id}})

    def delete_name(self, _: int, b: int, __: int) -> None:
        if named := self.book.named:
            self.do({"deleteNamedRange": {"namedRangeId": named[b % len(named)]["namedRangeId"]}})

    def delete_thing(self, _: int, b: int, c: int) -> None:
        book = self.book
        charts = [item["chartId"] for sheet in book.sheets for item in sheet.charts]
        stripes = [item["bandedRangeId"] for sheet in book.sheets for item in sheet.bandings]
        guards = [item["protectedRangeId"] for item in book.protected]
        if c % 3 == 0 and charts:
            self.do({"deleteEmbeddedObject": {"objectId": charts[b % len(charts)]}})
        elif c % 3 == 1 and stripes:
            self.do({"deleteBanding": {"bandedRangeId": stripes[b % len(stripes)]}})
        elif b % 2 and (sheet := self.sheet()) and sheet.conditional_formats:
            at = c % len(sheet.conditional_formats)
            self.do({"deleteConditionalFormatRule": {"sheetId": sheet.id, "index": at}})
        elif guards:
            self.do({"deleteProtectedRange": {"protectedRangeId": guards[b % len(guards)]}})

    def tick(self, _: int, __: int, ___: int) -> None:
        name = text_id("box", "saas_metrics/overview")
        for item in self.book.named:
            if item["namedRangeId"] == name:
                at = item["range"]
                start = {key: at[key] for key in ("sheetId",) if key in at}
                start |= {"rowIndex": at["startRowIndex"], "columnIndex": at["startColumnIndex"]}
                cell = {"userEnteredValue": {"boolValue": True}}
                self.do({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}})

    def log_line(self, _: int, b: int, c: int) -> None:
        """Deletes columns of the log, or writes into it."""
        if sheet := next((sheet for sheet in self.book.sheets if sheet.id == log_tab()), None):
            if b % 2 and sheet.columns > 2:
                self.do({"deleteDimension": {"range": self.span(sheet.id, c % 3, 2, "COLUMNS")}})
            else:
                self.do({"deleteDimension": {"range": self.span(sheet.id, b % 2, max(1, sheet.rows - 3))}})

    def move_block(self, a: int, b: int, c: int) -> None:
        """Cuts a block out and pastes it elsewhere on the tab, or on the tab of definitions."""
        area, sheet = self.area(a), self.sheet(a)
        if area is None or sheet is None:
            return
        other = next((tab for tab in self.book.sheets if tab.title == "Definitions"), sheet) if c % 4 == 0 else sheet
        high, wide = area["endRowIndex"] - area["startRowIndex"], area["endColumnIndex"] - area["startColumnIndex"]
        top, left = 3 + b % 8, (8 if other is sheet else 4) + c % 3
        if left + wide > other.columns or top + high > other.rows:
            return
        if any(other.cell(top + down, left + across).filled for down in range(-1, high) for across in range(wide)):
            return
        to = {"sheetId": other.id, "rowIndex": top, "columnIndex": left}
        new = {"sheetId": other.id, "startRowIndex": top, "endRowIndex": top + high, "startColumnIndex": left}
        new["endColumnIndex"] = left + wide
        name = text_id("block", block_path("saas_metrics", "overview", self.table(a).key))
        self.touched |= other is not sheet  # formulas that go to another tab are not followed by the local server
        self.do(
            {"cutPaste": {"source": area, "destination": to, "pasteType": "PASTE_NORMAL"}},
            {"updateNamedRange": {"namedRange": {"namedRangeId": name, "range": new}, "fields": "range"}},
        )

    def move_down(self, a: int) -> None:
        """Cuts a block out, its title with it, and pastes it beneath everything."""
        area, sheet = self.area(a), self.sheet(a)
        if area is None or sheet is None:
            return
        top = sheet.extent()[0] + 3
        high, wide = area["endRowIndex"] - area["startRowIndex"], area["endColumnIndex"] - area["startColumnIndex"]
        if top + high > sheet.rows:
            self.do({"appendDimension": {"sheetId": sheet.id, "dimension": "ROWS", "length": top + high - sheet.rows}})
        new = {"sheetId": sheet.id, "startRowIndex": top, "endRowIndex": top + high, "startColumnIndex": 0}
        new["endColumnIndex"] = wide
        name = text_id("block", block_path("saas_metrics", "overview", self.table(a).key))
        to = {"sheetId": sheet.id, "rowIndex": top, "columnIndex": 0}
        self.do(
            {"cutPaste": {"source": area, "destination": to, "pasteType": "PASTE_NORMAL"}},
            {"updateNamedRange": {"namedRange": {"namedRangeId": name, "range": new}, "fields": "range"}},
        )

    def forget(self, _: int, __: int, ___: int) -> None:
        """The project's memory of the sheet is lost."""
        save_memory(self.folder, "team", self.key, Memory(lost=True))
        (self.folder / ".revalign" / "sheets" / "team.json.gz").unlink()
        self.edits.clear()
        self.blind = True

    # --- syncing -----------------------------------------------------------------------------------------------------

    def options(self) -> Options:
        memory = load_memory(self.folder, "team", self.key)
        return Options(memory, allow_deletes=True, stamp=f"2026-04-01 06:{self.runs // 60:02}:{self.runs % 60:02}")

    def sync(self, *_: int) -> SheetPlan | None:
        """A sync as the jobs do it. One that is refused must not have written anything."""
        for hinted in range(3):
            self.runs += 1
            options = self.options()
            memory = options.memory
            assert memory is not None
            plans: list[SheetPlan] = []

            def planned(plan: SheetPlan, memory: Memory = memory, plans: list[SheetPlan] = plans) -> None:
                plans.append(plan)
                if not plan.empty:
                    for path, block in plan.memory.items():
                        kept = memory.blocks.setdefault(path, BlockMemory())
                        kept.meant, kept.meant_columns = block.rows, block.columns
                    save_memory(self.folder, "team", self.key, memory)

            self.server.calls.clear()
            before = self.texts()
            try:
                first = sync_report(self.client, self.report(), options, retry=QUICK, planned=planned)
            except SurfaceError as problem:
                if problem.code not in {"REV-703", "REV-706"}:
                    raise
                assert self.server.writes() == []
                self.told.append(f"  {problem.message}")
                self.follow(hinted, problem)
                continue
            memory.blocks.update(plans[-1].memory)
            self.blind = False
            assert self.touched or self.shared or not first.edits, f"no edit: {[edit.words for edit in first.edits]}"
            self.touched = bool(first.edits)
            save_memory(self.folder, "team", self.key, memory)
            self.check(before)
            return first
        self.stuck = True
        return None

    def follow(self, hinted: int, problem: SurfaceError) -> None:
        """The person does what the hint says: makes room to the right of every block."""
        if "beside it on the same rows" in problem.message:
            for a in range(3):
                self.move_down(a)
            return
        for a in range(3):
            if (area := self.area(a)) and (sheet := self.sheet(a)):
                self.do(
                    {"insertDimension": {"range": self.span(sheet.id, area["endColumnIndex"], 4, "COLUMNS")}}
                    if area["endColumnIndex"] < sheet.columns
                    else {"appendDimension": {"sheetId": sheet.id, "dimension": "COLUMNS", "length": 4}}
                )
        if hinted:
            self.told.append("  still refused")

    def check(self, before: set[str]) -> None:
        """After a sync: what is a person's still stands, and an edit is on the sheet once and in the log."""
        standing = self.texts()
        lost = self.own - standing
        assert not lost, f"lost: {sorted(lost)}"
        log = self.log()
        for token in list(self.edits):
            if token not in before:
                del self.edits[token]
                continue
            if not self.edits[token]:
                assert token in standing or token in log, f"edit {token} is gone without a word"
            self.edits[token] += 1

    def settle(self) -> None:
        """Two more syncs, and the sheet shows the report; a plan right after is empty."""
        for _ in range(2):
            if self.sync() is None:
                return
        plan = make_plan(self.client, self.report(), self.options())
        assert plan.empty, [sum((call.requests if hasattr(call, "requests") else call.data for call in plan.sends), ())]
        found = verify_report(self.client, self.report())
        assert found.ok, found.differences
        self.unique()

    def unique(self) -> None:
        """No twins: names, charts, marks, rows of the report."""
        book = self.book
        names = [item["name"] for item in book.named]
        assert len(names) == len(set(names)), names
        marks = [item["metadataId"] for item in book.metadata]
        assert len(marks) == len(set(marks))
        charts = [item["chartId"] for sheet in book.sheets for item in sheet.charts]
        assert len(charts) == len(set(charts))
        for at, table in enumerate(self.tables):
            if table.there and (area := self.area(at)) and (sheet := self.sheet(at)):
                shift = int(table.mode == "append")
                rows = range(area["startRowIndex"] + 1, area["endRowIndex"])
                left = area["startColumnIndex"]
                heads: list[Any] = [None] * left
                heads += [sheet.cell(area["startRowIndex"], c).value for c in range(left, sheet.columns)]
                where = heads.index(table.titles[0]) if table.titles[0] in heads else 0
                label = heads.index("Snapshot") if shift else 0
                seen = [(sheet.cell(row, label).value if shift else "", sheet.cell(row, where).value) for row in rows]
                self.dressed(table, sheet, [(row, name) for row, (_, name) in zip(rows, seen, strict=True)])
                for name in table.rows:
                    key = (f"s{self.label}" if shift else "", name)
                    assert seen.count(key) == 1, (table.key, name, seen)

    def dressed(self, table: Table, sheet: Sheet, rows: list[tuple[int, Any]]) -> None:
        """A total is bold, no other row of the report is; no rule stands there twice."""
        columns = {cell.value: at for (_, at), cell in sheet.cells.items() if cell.value in table.titles}
        where = columns.get(table.titles[0], 0)
        for row, name in rows:
            is_bold = bool(sheet.cell(row, where).format.get("textFormat", {}).get("bold"))
            assert name not in table.rows or not is_bold, (table.key, name)
        if table.totals and table.rows and table.mode != "append":
            [total] = [row for row, name in rows if name == "Total"]
            assert sheet.cell(total, where).format.get("textFormat", {}).get("bold"), table.key
        rules = [
            (next(iter(set(rule) - {"ranges"})), json.dumps(rule["ranges"], sort_keys=True))
            for rule in sheet.conditional_formats
        ]
        assert len(rules) == len(set(rules)), rules


Action = Callable[[World, int, int, int], Any]
REPORT: tuple[Action, ...] = (
    World.change_value, World.add_row, World.drop_row, World.drop_all, World.reorder, World.change_columns,
    World.change_mode, World.rename, World.rename_column, World.change_banner, World.next_snapshot, World.toggle_leads,
    World.change_looks,
)  # fmt: skip
PEOPLE: tuple[Action, ...] = (
    World.beside, World.below, World.far_below, World.title_row, World.top_row, World.own_row, World.own_column,
    World.insert_above, World.edit, World.note_inside, World.clear_cell, World.colour, World.delete_rows,
    World.delete_column, World.move_row, World.move_column, World.sort, World.filter, World.merge, World.hide,
    World.freeze, World.rename_tab, World.move_tab, World.duplicate_tab, World.delete_tab, World.delete_name,
    World.delete_thing, World.tick, World.log_line, World.move_block, World.forget,
)  # fmt: skip
