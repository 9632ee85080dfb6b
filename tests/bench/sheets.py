"""The Google Sheets sync beside gspread-dataframe, on the same data and the local server, in one run.

    python tests/bench/sheets.py [--tabs 10] [--rows 1000] [--columns 20] [--formulas] [--only STEP] [--profile STEP]

Both speak HTTP through the real gspread and google-auth; both start from an empty spreadsheet and go through the same
steps: text, numbers, dates and blanks, a header on top. gspread-dataframe writes every tab whole
(`set_with_dataframe`), which is what most teams do today; ours also makes named ranges, formats, stripes, warnings and a
banner.

ours      `sync_report` with nothing kept on this computer
job       as `revalign run` does it: the memory of the last write loaded and saved, lines written to the tab `_log`
gspread-  `set_with_dataframe` per worksheet, made or opened first
dataframe

reads, writes  calls to the server
up             bytes of all request bodies; their share of gspread-dataframe's stands beside
largest        bytes of the largest body
wall           seconds with the server's time, which runs in the same process
cpu            seconds of the processor without the server's time
plan           of these, `make_plan` on the server's recorded answers (reading the answers included), least of three

--formulas makes the last column a formula over two others. Seconds depend on the machine, calls and bytes do not. Nothing
is asserted but that both end with the same cells.
"""

from __future__ import annotations

import argparse
import cProfile
import datetime as dt
import gc
import json
import os
import pstats
import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gspread
import pandas as pd
from google.oauth2 import service_account
from gspread.http_client import HTTPClient
from gspread_dataframe import set_with_dataframe

from revalign_udf.layout.model import Block, Cell, Column, Report, Tab, Unit
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, Options, SheetPlan, SheetTarget, make_plan, open_spreadsheet
from revalign_udf.sheets.memory import load_memory, save_kept, save_memory
from revalign_udf.sheets.plan import sync_report

Row = list[Any]
Tables = list[list[Row]]
"""rows of each tab, the record's key first"""

_UNITS: tuple[Unit, ...] = ("text", "text", "date", "text", "count", "rate")
_WORDS = ("Enterprise", "Mid-market", "SMB", "Zürich", "=cmd", "renewal due", "")


def _unit(at: int) -> Unit:
    return _UNITS[at] if at < len(_UNITS) else "money"


def _value(at: int, seed: random.Random) -> Any:
    unit = _unit(at)
    if unit == "text":
        return seed.choice(_WORDS) or None
    if unit == "date":
        return dt.date(2026, 1, 1) + dt.timedelta(days=seed.randrange(300))
    if unit == "count":
        return seed.randrange(500)
    return seed.random() if unit == "rate" else round(seed.uniform(0, 100_000), 2)


def _row(key: int, columns: int, seed: random.Random) -> Row:
    return [f"C{key:06}", *(_value(at, seed) for at in range(1, columns))]


# --- the steps -------------------------------------------------------------------------------------------------------


def _same(_: Tables, __: random.Random) -> None:
    """Nothing."""


def _one_percent_of_rows(tables: Tables, seed: random.Random) -> None:
    for rows in tables:
        for row in seed.sample(rows, len(rows) // 100):
            row[1:] = _row(0, len(row), seed)[1:]


def _one_percent_of_cells(tables: Tables, seed: random.Random) -> None:
    for rows in tables:
        places = [(at, column) for at in range(len(rows)) for column in range(4, len(rows[0]))]
        for at, column in seed.sample(places, len(rows) * len(rows[0]) // 100):
            rows[at][column] = _value(column, seed)


def _a_row_in_each_tab(tables: Tables, seed: random.Random) -> None:
    for number, rows in enumerate(tables):
        rows.insert(len(rows) // 2, _row(900_000 + number, len(rows[0]), seed))


def _everything(tables: Tables, seed: random.Random) -> None:
    for rows in tables:
        for row in rows:
            row[1:] = _row(0, len(row), seed)[1:]


STEPS: dict[str, Callable[[Tables, random.Random], None]] = {
    "first sync": _same,
    "unchanged": _same,
    "1% of rows": _one_percent_of_rows,
    "1% of cells": _one_percent_of_cells,
    "row inserted": _a_row_in_each_tab,
    "everything": _everything,
}


# --- ours ------------------------------------------------------------------------------------------------------------


def _report(tables: Tables, *, formulas: bool) -> Report:
    width = len(tables[0][0])
    columns = tuple(Column(f"c{at}", f"Column {at}", _unit(at)) for at in range(width))

    def cells(row: Row) -> tuple[Cell, ...]:
        made = [Cell(value) for value in row]
        if formulas:
            made[-1] = Cell(row[-3] + row[-2], formula=f"c{width - 3} + c{width - 2}")
        return tuple(made)

    return Report(
        key="bench",
        title="Benchmark",
        tabs=tuple(
            Tab(
                f"t{number}",
                f"Table {number}",
                (Block("data", "Data", columns, tuple(map(cells, rows)), tuple(row[0] for row in rows)),),
            )
            for number, rows in enumerate(tables)
        ),
        currency="EUR",
        snapshot="s1",
        as_of="2026-03-31",
        banner="Updated 2026-04-01 06:00 CET",
    )


class _Recorded:
    """A spreadsheet that answers as the server did, and takes no time over it but to read the answer."""

    def __init__(self, client: GoogleSpreadsheet) -> None:
        self.client, self.answers = client, dict[str, str]()
        self.key, self.url = client.key, client.url

    def read(self, fields: str, ranges: Sequence[str] = ()) -> dict[str, Any]:
        """The Spreadsheet resource."""
        asked = json.dumps([fields, *ranges])
        if asked not in self.answers:
            self.answers[asked] = json.dumps(self.client.read(fields, ranges))
        found: dict[str, Any] = json.loads(self.answers[asked])
        return found

    def values(self, ranges: Sequence[str]) -> list[list[list[Any]]]:
        """Not asked for by a plan."""
        raise NotImplementedError

    def write_values(self, data: Sequence[dict[str, Any]]) -> None:
        """Not asked for by a plan."""
        raise NotImplementedError

    def batch_update(self, requests: Sequence[dict[str, Any]], *, fields: str = "") -> dict[str, Any]:
        """Not asked for by a plan."""
        raise NotImplementedError


def _plan_seconds(client: GoogleSpreadsheet, report: Report, options: Options | None, *, profile: bool) -> float:
    recorded = _Recorded(client)
    make_plan(recorded, report, options)
    spent: list[float] = []
    for _ in range(3):
        gc.collect()
        start = time.thread_time()
        make_plan(recorded, report, options)
        spent.append(time.thread_time() - start)
    if profile:
        with cProfile.Profile() as profiler:
            make_plan(recorded, report, options)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
        tracemalloc.start()
        make_plan(recorded, report, options)
        print(f"memory of a plan at most {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
        tracemalloc.stop()
    return min(spent)


# --- measuring -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Figures:
    """What one step cost one of the three."""

    reads: int
    writes: int
    up: int
    largest: int
    wall: float
    cpu: float
    plan: float | None = None


def _measured(server: LocalSheets, work: Callable[[], object]) -> Figures:
    server.calls.clear()
    gc.collect()
    wall, cpu = time.perf_counter(), time.thread_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    calls = [call for call in server.calls if call.path.startswith("/v4/")]
    assert all(call.status == 200 for call in calls), calls
    up = sum(call.request_bytes for call in calls)
    return Figures(len(server.reads()), len(server.writes()), up, server.largest, wall, cpu)


class _Frames:
    """gspread-dataframe on a spreadsheet of its own."""

    def __init__(self, server: LocalSheets) -> None:
        class Local(HTTPClient):  # type: ignore[misc,unused-ignore]
            """gspread's client, at the local server."""

            def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> Any:
                return super().request(
                    method, endpoint.replace("https://sheets.googleapis.com", server.base_url), *args, **options
                )

        scope = "https://www.googleapis.com/auth/spreadsheets"
        credentials = service_account.Credentials.from_service_account_file(str(server.key_file), scopes=[scope])
        credentials._maybe_start_regional_access_boundary_refresh = lambda *_: None
        self.client = gspread.Client(credentials, http_client=Local)
        self.server, self.key = server, server.create("Frames")

    def write(self, tables: Tables, *, formulas: bool) -> None:
        """Every tab, whole."""
        width = len(tables[0][0])
        book = self.client.open_by_key(self.key)
        have = {sheet.title: sheet for sheet in book.worksheets()}
        for number, rows in enumerate(tables):
            frame = pd.DataFrame(rows, columns=[f"Column {at}" for at in range(width)], dtype=object)
            if formulas:
                a, b = chr(64 + width - 2), chr(64 + width - 1)
                frame[f"Column {width - 1}"] = [f"={a}{at + 2}+{b}{at + 2}" for at in range(len(rows))]
            title = f"Table {number}"
            sheet = have.get(title) or book.add_worksheet(title, len(rows) + 1, width)
            # the words that begin with = are text
            escaping = {"allow_formulas": formulas, "string_escaping": (lambda text: text == "=cmd")}
            set_with_dataframe(sheet, frame, **escaping)

    def grid(self, tab: int) -> list[list[Any]]:
        """What stands on a tab."""
        return self.server.book(self.key).grid(f"Table {tab}")


class _Ours:
    """The sync on a spreadsheet of its own; as a job with a folder to keep things in."""

    def __init__(self, server: LocalSheets, folder: Path | None = None) -> None:
        self.server, self.key, self.folder = server, server.create("Ours"), folder
        self.client = open_spreadsheet(SheetTarget("bench", self.key, server.key_file, server.base_url))
        self.syncs = 0
        self.kept = 0.0
        """seconds of the processor for the memory's file in the last write"""

    def options(self) -> Options | None:
        """As a job makes them."""
        if self.folder is None:
            return None
        return Options(load_memory(self.folder, "bench", self.key), stamp=f"2026-04-01 06:{self.syncs:02}:00 CET")

    def write(self, report: Report) -> None:
        """One sync, as `jobs.sheets` does it."""
        self.syncs += 1
        start = time.thread_time()
        options, folder = self.options(), self.folder
        self.kept = time.thread_time() - start
        plans: list[SheetPlan] = []

        def planned(plan: SheetPlan) -> None:
            plans.append(plan)
            if folder is None or options is None or options.memory is None or plan.empty:
                return
            start = time.thread_time()
            if plan.before:
                save_kept(folder, "bench", self.key, options.stamp, plan.before)
            for path, block in plan.memory.items():
                kept = options.memory.blocks.setdefault(path, type(block)())
                kept.meant, kept.meant_columns = block.rows, block.columns
            save_memory(folder, "bench", self.key, options.memory)
            self.kept += time.thread_time() - start

        sync_report(self.client, report, options, planned=planned)
        if folder is not None and options is not None and options.memory is not None:
            start = time.thread_time()
            options.memory.blocks.update(plans[-1].memory)
            save_memory(folder, "bench", self.key, options.memory)
            self.kept += time.thread_time() - start

    def grid(self, tab: int) -> list[list[Any]]:
        """What stands on a tab, without banner and title."""
        return self.server.book(self.key).grid(f"Table {tab}")[3:]


def _line(step: str, who: str, found: Figures, yardstick: Figures) -> str:
    plan = "" if found.plan is None else f"{found.plan:8.2f}"
    return (
        f"{step:13}{who:18}{found.reads:6}{found.writes:7}{found.up:11,}{found.up / yardstick.up:8.1%}"
        f"{found.largest:11,}{found.wall:8.2f}{found.cpu:8.2f}{plan:>8}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tabs", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--formulas", action="store_true")
    parser.add_argument("--profile", default="", help="print where the plan of this step spends its time and memory")
    given = parser.parse_args()
    seed = random.Random(2026)
    tables = [
        [_row(1000 * number + at, given.columns, seed) for at in range(given.rows)] for number in range(given.tabs)
    ]
    cells = given.tabs * given.rows * given.columns
    print(f"{given.tabs} tabs x {given.rows:,} rows x {given.columns} columns = {cells:,} cells\n")
    heads = f"{'reads':>6}{'writes':>7}{'up':>11}{'share':>8}{'largest':>11}{'wall':>8}{'cpu':>8}{'plan':>8}"
    print(f"{'step':13}{'who':18}{heads}")
    with tempfile.TemporaryDirectory() as folder, LocalSheets() as server:
        os.environ["REVALIGN_STATE_DIR"] = folder
        frames, ours, job = _Frames(server), _Ours(server), _Ours(server, Path(folder))
        for step, change in STEPS.items():
            change(tables, seed)
            report = _report(tables, formulas=given.formulas)
            yardstick = _measured(server, lambda: frames.write(tables, formulas=given.formulas))
            print(_line(step, "gspread-dataframe", yardstick, yardstick))
            for name, mine in (("ours", ours), ("job", job)):
                profile = given.profile == step and mine is job
                spent = _plan_seconds(mine.client, report, mine.options(), profile=profile)
                found = _measured(server, lambda mine=mine, report=report: mine.write(report))  # type: ignore[misc]
                found.plan = spent
                more = f"  memory {mine.kept:.2f} s" if mine.folder else ""
                print(_line(step, name, found, yardstick) + more)
            for tab in range(given.tabs):
                assert ours.grid(tab) == job.grid(tab) == frames.grid(tab), f"{step}: tab {tab} differs"
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.gz"))
        print(f"\nfiles of the memory: {size / 1e6:.2f} MB")
        ours.client.close()
        job.client.close()


if __name__ == "__main__":
    main()
