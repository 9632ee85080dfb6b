"""The life of a small report on a spreadsheet, from the first look to the last tab taken away.

The same sequence runs on Google's service and on the local server. Stamps, names and ids are the same every time, so
two recordings of it differ only where the service does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.layout.model import Block, Cell, Chart, Column, Report, Tab
from revalign_udf.sheets import (
    GoogleSpreadsheet,
    Options,
    Retry,
    SheetPlan,
    identity,
    make_plan,
    read_values,
    sync_report,
    undo_plan,
    verify_report,
)
from revalign_udf.sheets.access import look_at
from revalign_udf.sheets.current import read_structure
from revalign_udf.sheets.log import log_tab
from revalign_udf.sheets.memory import Memory, load_memory, save_memory
from revalign_udf.sheets.packing import Values, stage_tab
from revalign_udf.sheets.plan import carry_out
from revalign_udf.sheets.update import GONE_TITLE

from .recording import Recorder

__all__ = ["STEPS", "TITLE", "InUse", "run", "wanted"]

REPORT, TITLE = "live_check", "Revalign live check"
STEPS = ("access", "first", "again", "edit", "gone and back", "staged", "verify", "undo", "clean-up")
MONTHS = {"2026-01": (1000.0, 250.5, 1.02), "2026-02": (1250.5, 100.25, 0.987), "2026-03": (1350.75, 0.1, None)}
#: bytes of a call from which on a load is staged, in place of 1.5 MB
LITTLE = 10_000


class InUse(Exception):
    """The spreadsheet holds something of somebody's."""


def wanted(
    *customers: str, months: dict[str, tuple[float, float, float | None]] | None = None, ledger: int = 0
) -> Report:
    """The report: months with a formula, a rate and a chart, customers by record, and a ledger when it shall be long."""
    bridge = Block(
        "bridge",
        "MRR bridge",
        (
            Column("period", "Month", "text"),
            Column("opening", "Opening MRR", "money", "MRR at the start of the month. v1 · Finance"),
            Column("new", "New", "money"),
            Column("closing", "Closing MRR", "money"),
            Column("nrr", "NRR", "rate"),
        ),
        tuple(
            (Cell(key), Cell(opening), Cell(new), Cell(opening + new, formula="opening + new"), Cell(nrr))
            for key, (opening, new, nrr) in (months or MONTHS).items()
        ),
        tuple(months or MONTHS),
        (Chart("closing", "Closing MRR", "line", "period", ("opening", "closing")),),
    )
    people = Block(
        "customers",
        "Customers",
        (Column("name", "Customer", "text"), Column("mrr", "MRR", "money"), Column("live", "Live", "text")),
        tuple((Cell(name), Cell(len(name) * 100), Cell(value=True)) for name in customers),
        customers,
        mode="upsert",
    )
    keys = tuple(f"entry {at:03}" for at in range(ledger))
    long = Block(
        "ledger",
        "Ledger",
        (Column("entry", "Entry", "text"), *(Column(f"c{at}", f"Amount {at}", "money") for at in range(4))),
        tuple((Cell(key), *(Cell(at * 10.5 + column) for column in range(4))) for at, key in enumerate(keys)),
        keys,
    )
    return Report(
        key=REPORT,
        title="Live check",
        tabs=(Tab("check", TITLE, (bridge, people, long) if ledger else (bridge, people)),),
        currency="EUR",
        snapshot="s1",
        as_of="2026-03-31",
        banner="Updated 2026-04-01 06:00 CET · all 4 sources fresh",
    )


@dataclass
class Life:
    """One run, and the memory a project would keep."""

    client: GoogleSpreadsheet
    folder: Path
    recorder: Recorder
    retry: Retry
    runs: int = 0
    plans: list[SheetPlan] = field(default_factory=list)

    def step(self, name: str) -> None:
        """What is heard from now on belongs to another step."""
        self.recorder.step = name

    def options(self) -> Options:
        memory = load_memory(self.folder, "live", self.client.key)
        return Options(memory, stamp=f"2026-04-01 06:00:{self.runs:02} UTC", allow_deletes=True)

    def sync(self, report: Report) -> SheetPlan:
        """A sync as a job runs it: the memory is kept in a file."""
        self.runs += 1
        options = self.options()
        self.plans.clear()
        first = sync_report(self.client, report, options, retry=self.retry, planned=self.plans.append)
        self._keep(options, self.plans[-1])
        return first

    def undo(self) -> None:
        """Takes the last sync back."""
        self.runs += 1
        options, before = self.options(), self.plans[0].before
        plan = carry_out(self.client, lambda: undo_plan(self.client, REPORT, before, options), retry=self.retry)
        self._keep(options, plan)

    def _keep(self, options: Options, plan: SheetPlan) -> None:
        assert options.memory is not None
        options.memory.blocks.update(plan.memory)
        save_memory(self.folder, "live", self.client.key, options.memory)

    def settled(self, report: Report) -> bool:
        """Whether nothing is left to do."""
        return make_plan(self.client, report, self.options()).empty

    def column(self, letter: str) -> list[Any]:
        """A column of the tab from its fifth row on."""
        [rows] = self.client.values([f"'{TITLE}'!{letter}5:{letter}20"])
        return [row[0] if row else None for row in rows]


def run(client: GoogleSpreadsheet, folder: Path, recorder: Recorder, retry: Retry | None = None) -> None:
    """Runs every step; what it made is taken away also when a step fails.

    Args:
        client: an empty spreadsheet.
        folder: for the memory of the syncs.
        recorder: hears every call but the first look.
        retry: how long to wait before reading again.

    Raises:
        InUse: the spreadsheet holds something of somebody's; nothing was changed or recorded.
        AssertionError: a step found something else than it should.
    """
    _tidy(client)  # after a run that was cut off
    _look(client)
    save_memory(folder, "live", client.key, Memory())
    life = Life(client, folder, recorder, retry or Retry())
    with recorder.listening(client):
        try:
            _live(life)
        finally:
            life.step("clean-up")
            _tidy(client)
    left = read_structure(client)
    assert (_ours() & set(left.tabs), left.areas, left.generation_mark) == (set(), {}, None)


def _live(life: Life) -> None:
    client, names = life.client, ("Ada", "Bob & Co", "=1+1", "Dvořák")
    life.step("access")
    assert look_at(client, "live").ok

    life.step("first")
    assert life.sync(wanted(*names)).tabs[0].inserted == 7
    assert read_values(client, "customers")[2] == ["=1+1", 400, True]
    assert life.column("D")[:3] == [1250.5, 1350.75, 1350.85]

    life.step("again")
    assert life.settled(wanted(*names))

    life.step("edit")
    edits = [{"range": f"'{TITLE}'!{place}", "values": [[value]]} for place, value in (("B5", 7), ("G6", "ask Ada"))]
    client.write_values(edits)
    assert [edit.action for edit in life.sync(wanted(*names)).edits] == ["warned"]
    assert life.column("B")[0] == 7
    assert [edit.action for edit in life.sync(wanted(*names)).edits] == ["replaced"]
    assert (life.column("B")[0], life.column("G")[1]) == (1000, "ask Ada")

    life.step("gone and back")
    life.sync(wanted(*names[:1], *names[2:]))
    assert life.column("A")[6:] == ["Ada", "=1+1", "Dvořák", GONE_TITLE, "Bob & Co"]
    life.sync(wanted(*names))
    assert life.column("A")[6:] == ["Ada", "=1+1", "Dvořák", "Bob & Co"]
    assert life.settled(wanted(*names))

    life.step("staged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("revalign_udf.sheets.requests.MAX_BYTES", LITTLE)
        full = life.sync(wanted(*names, ledger=60))
    assert any(isinstance(call, Values) for call in full.sends)
    assert [row[0] for row in read_values(client, "ledger")] == [f"entry {at:03}" for at in range(60)]
    assert stage_tab() not in read_structure(client).tabs

    life.step("verify")
    found = verify_report(client, wanted(*names, ledger=60))
    assert (found.compared, found.differences) == (3 * 5 + 4 * 3 + 60 * 5, ())

    life.step("undo")
    before = read_values(client, "bridge")
    later = MONTHS | {"2026-02": (5.0, 6.0, 0.5), "2026-04": (7.0, 8.0, 0.25)}
    life.sync(wanted(*names, months=later, ledger=60))
    assert len(read_values(client, "bridge")) == 4
    life.undo()
    assert read_values(client, "bridge") == before
    assert life.column("G")[1] == "ask Ada"


def _ours() -> set[int]:
    tabs = {identity.number_id("tab", identity.tab_path(REPORT, key)) for key in ("check", "definitions")}
    return tabs | {log_tab(), stage_tab()}


def _look(client: GoogleSpreadsheet) -> None:
    """Only an empty spreadsheet is good enough: its structure is recorded."""
    current = read_structure(client)
    filled = len(current.tabs) != 1 or bool(current.areas) or current.generation > 0
    if filled or any(client.values([f"'{tab.title.replace(chr(39), chr(39) * 2)}'" for tab in current.tabs.values()])):
        raise InUse("The live test needs a spreadsheet of its own: one empty tab, nothing in it.")


def _tidy(client: GoogleSpreadsheet) -> None:
    """Takes away what an earlier or this run made, known by ids that only this report has."""
    current = read_structure(client)
    tabs = _ours() & set(current.tabs)
    if not tabs & {identity.number_id("tab", identity.tab_path(REPORT, "check"))}:
        return  # another report's log is not ours
    requests: list[dict[str, Any]] = [
        {"deleteNamedRange": {"namedRangeId": name}} for name, (_, area) in current.areas.items() if area.tab in tabs
    ]
    requests += [{"deleteSheet": {"sheetId": tab}} for tab in sorted(tabs)]
    if current.generation_mark is not None:
        lookup = {"developerMetadataLookup": {"metadataId": current.generation_mark}}
        requests.append({"deleteDeveloperMetadata": {"dataFilter": lookup}})
    client.batch_update(requests)
