"""A short walk over a spreadsheet: a first sync, a person's edits, a change, verifying, an undo, and tidying up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from revalign_udf.layout.model import Block, Cell, Chart, Column, Report, Tab
from revalign_udf.sheets import GoogleSpreadsheet, Options, SheetPlan, make_plan, sync_report, undo_plan, verify_report
from revalign_udf.sheets.current import read_structure
from revalign_udf.sheets.identity import number_id, tab_path
from revalign_udf.sheets.log import log_tab
from revalign_udf.sheets.memory import Memory
from revalign_udf.sheets.plan import apply

__all__ = ["KEY", "Walk"]

KEY = "live_check"
NAME = "Revalign live check"
ROWS = {"2026-01": (1000.0, 250.5, 1.02), "2026-02": (1250.5, 100.25, 0.987), "2026-03": (1350.75, 0.1, None)}
STAMP = "2026-04-01 06:00:00 UTC"


def report(rows: dict[str, tuple[Any, Any, Any]], *names: str) -> Report:
    """Formulas, a rate, a blank, text that looks like a formula, a chart."""
    columns = (
        Column("period", "Month", "text"), Column("opening", "Opening", "money", "MRR at the start of the month."),
        Column("new", "New", "money"), Column("closing", "Closing", "money"), Column("nrr", "NRR", "rate"),
    )  # fmt: skip
    lines = tuple(
        (Cell(key), Cell(one), Cell(two), Cell(one + two, formula="opening + new"), Cell(three))
        for key, (one, two, three) in rows.items()
    )
    chart = Chart("closing", "Closing", "line", "period", ("closing",))
    bridge = Block("bridge", "MRR bridge", columns, lines, tuple(rows), (chart,))
    words = (Column("name", "Customer", "text"), Column("live", "Live", "text"))
    customers = Block("customers", "Customers", words, tuple((Cell(name), Cell(value=True)) for name in names), names)
    return Report(
        KEY, NAME, (Tab("check", NAME, (bridge, customers)),), "EUR", "s1", "2026-03-31", "Updated for a live check"
    )


FIRST = report(ROWS, "Ada", "=1+1", "007")
LATER = report(
    {"2026-02": ROWS["2026-02"], "2026-03": (5.0, 6.0, 0.5), "2026-04": (7.0, 8.0, 1.0)}, "=1+1", "Zoë", "Ada"
)


@dataclass
class Walk:
    """The steps; each raises AssertionError where the service does not do what is relied on."""

    client: GoogleSpreadsheet

    def __post_init__(self) -> None:
        self.options = Options(Memory(), allow_deletes=True, stamp=STAMP)
        self.had_log = log_tab() in read_structure(self.client).tabs
        self.tab = number_id("tab", tab_path(KEY, "check"))

    def sync(self, wanted: Report) -> SheetPlan:
        memory = self.options.memory
        assert memory is not None
        plans: list[SheetPlan] = []
        first = sync_report(self.client, wanted, self.options, planned=plans.append)
        memory.blocks.update(plans[-1].memory)
        return first

    def run(self) -> None:
        """The whole walk; tidies up also when a step fails."""
        self.tidy()  # what a walk that was cut off has left
        try:
            self._steps()
        finally:
            self.tidy()

    def _steps(self) -> None:
        self.sync(FIRST)
        assert make_plan(self.client, FIRST, self.options).empty, "a second plan is empty"
        assert verify_report(self.client, FIRST).ok, "every cell reads back"
        note = {"userEnteredValue": {"stringValue": "a person's"}, "note": "mine"}
        start = {"sheetId": self.tab, "rowIndex": 4, "columnIndex": 6}
        insert = {"sheetId": self.tab, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}
        self.client.batch_update(
            [
                {"updateCells": {"start": start, "rows": [{"values": [note]}], "fields": "userEnteredValue,note"}},
                {"insertDimension": {"range": insert}},
            ]
        )
        changed = self.sync(LATER)
        assert not changed.edits, "nothing of ours is taken for a person's"
        assert verify_report(self.client, LATER).ok
        assert make_plan(self.client, LATER, self.options).empty
        beside = self.client.values([f"'{NAME}'!G1:G30"])[0]
        assert ["a person's"] in beside, "what a person wrote is still there"
        apply(self.client, undo_plan(self.client, KEY, changed.before, replace(self.options, memory=None)))
        assert verify_report(self.client, FIRST).ok, "an undo brings the numbers back"

    def tidy(self) -> None:
        """Takes away what the walk has made."""
        current = read_structure(self.client)
        mine = [self.tab] if self.had_log else [self.tab, log_tab()]
        gone: list[dict[str, Any]] = [{"deleteSheet": {"sheetId": tab}} for tab in mine if tab in current.tabs]
        if current.generation_mark is not None and gone:
            lookup = {"developerMetadataLookup": {"metadataId": current.generation_mark}}
            gone.append({"deleteDeveloperMetadata": {"dataFilter": lookup}})
        if gone:
            self.client.batch_update(gone)
