"""A real sync in a process of its own, as a job runs it, that can be held or killed at every call it makes.

One process starts with everything loaded and forks a child per job, so that a kill costs no second of loading. A kill
comes from the server's side, right before a call is carried out (it then is not) or right after (its answer is lost).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from revalign_udf.config import Project, load
from revalign_udf.jobs.sheets import SheetReport, plan_sheet, sync_sheets
from revalign_udf.localsheets import LocalSheets
from revalign_udf.query import Query
from revalign_udf.sheets import identity
from revalign_udf.sheets.log import log_tab
from revalign_udf.testing import project_of

from .test_sync import comparable

__all__ = ["FIRST_LOAD", "FULL_LOAD", "LATER", "MANY_CALLS", "NEW", "OLD", "When", "Workshop"]

When = Literal["before", "after"]
Json = dict[str, Any]

_STARTER = """
import random
random.random = lambda: 0.01  # waits are short
import json, os, sys
from revalign_udf.config import load
from revalign_udf.errors import RevalignError
from revalign_udf.jobs import sheets as jobs
from revalign_udf.query import Query
from revalign_udf.sheets import gsheets, packing, requests

def work(ask):
    os.environ["REVALIGN_STATE_DIR"] = ask["state"]
    for name, value in ask["limits"].items():
        setattr({"MAX_BYTES": requests}.get(name, packing), name, value)
    project = load(ask["folder"])
    try:
        if ask["action"] == "undo":
            jobs.undo_sheet(project, "team")
            return ""
        [found] = jobs.sync_sheets(project, Query(project.snapshots), ["team"])
        return found.failure
    except RevalignError as error:
        return str(error)

for line in sys.stdin:
    ask = json.loads(line)
    pid = os.fork()
    if not pid:
        failure = work(ask)
        with open(ask["failure"], "w", encoding="utf-8") as file:
            file.write(failure)
        os._exit(3 if failure else 0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

#: The states of the company: a month comes and one goes, a price changes.
OLD, NEW, LATER = "old", "new", "later"
_STATES = {OLD: (100, "2024-01", "2025-10"), NEW: (120, "2024-02", "2025-11"), LATER: (130, "2024-03", "2025-12")}
_LAYOUT = """
title = "Board"
[[tab]]
key = "board"
name = "Board"
[[tab.block]]
key = "months"
title = "By month"
kind = "series"
from = "{first}"
to = "{last}"
metrics = ["opening_mrr", "mrr", "customers", "arpu"]
[[tab.block.computed]]
key = "net_new"
title = "Net new MRR"
unit = "money"
formula = "mrr - opening_mrr"
[[tab.block.chart]]
key = "net_new"
kind = "column"
title = "Net new MRR"
series = ["net_new"]
[[tab]]
key = "kept"
name = "Kept"
[[tab.block]]
key = "history"
title = "Every snapshot"
kind = "series"
mode = "append"
from = "2025-09"
to = "{last}"
metrics = ["mrr"]
"""
#: With these a change of the project is staged.
FULL_LOAD = {"MAX_BYTES": 6_500, "_FEW": 8, "PIECE": 30, "SMALL": 10_000_000}
#: With these the first sync is staged, or cut into calls of which each can be the last.
FIRST_LOAD = {**FULL_LOAD, "MAX_BYTES": 32_500}
MANY_CALLS = {"MAX_BYTES": 6_000}


@dataclass(slots=True)
class Running:
    """A job under way."""

    pid: int
    failure: Path
    workshop: Workshop

    def wait(self) -> int:
        """Its exit code, negative for the signal that ended it."""
        return int(self.workshop.line())


class Workshop:
    """A server, the states of one project, and the process that runs jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = LocalSheets()
        self._count = 0
        self._queries: dict[str, Query] = {}

    def __enter__(self) -> Self:
        for state, (price, first, last) in _STATES.items():
            tables = {
                "subscription": "id org_id started_at\nsA A 2023-12-01\nsB B 2025-01-10",
                "subscription_item_period": (
                    "id subscription_id valid_from amount interval\n"
                    f"1 sA 2023-12-01 {price} month\n2 sB 2025-01-10 50 month"
                ),
            }
            folder = self.folder / state
            self._queries[state] = project_of(folder, tables, through="2025-12-31")
            layout = folder / "workbooks" / "board" / "layout.toml"
            layout.parent.mkdir(parents=True)
            layout.write_text(_LAYOUT.format(first=first, last=last), encoding="utf-8")
        self.server.__enter__()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        for query in self._queries.values():
            query.close()
        self.server.close()

    def line(self) -> str:
        """What the process says next."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    # --- projects and spreadsheets -----------------------------------------------------------------------------------

    def copy(self, state: str, key: str) -> Path:
        """A project in one of its states, connected to a spreadsheet; nothing was synced from it."""
        self._count += 1
        folder = self.folder / f"copy{self._count}"
        shutil.copytree(self.folder / state, folder)
        self._connect(folder, key)
        return folder

    def turn(self, folder: Path, state: str, key: str) -> None:
        """Brings a project to another state; what its syncs keep stays."""
        shutil.copytree(self.folder / state, folder, dirs_exist_ok=True)
        self._connect(folder, key)

    def _connect(self, folder: Path, key: str) -> None:
        with (folder / "revalign.toml").open("a", encoding="utf-8") as file:
            file.write(
                f'[sheets.team]\nkey = "{key}"\nlayout = "board"\nkey_file = "{self.server.key_file}"\n'
                f'base_url = "{self.server.base_url}"\n'
            )

    def sync(self, folder: Path, state: str) -> SheetReport:
        """A sync in this process, undisturbed."""
        [found] = sync_sheets(load(folder), self._queries[state], ["team"])
        return found

    def query(self, state: str) -> Query:
        """The answers of a state."""
        return self._queries[state]

    def is_done(self, folder: Path, state: str) -> bool:
        """Whether a plan finds nothing to do and nothing by hand."""
        plan = plan_sheet(load(folder), self._queries[state], "team")
        return plan.empty and not plan.conflict

    def project(self, folder: Path) -> Project:
        """A project's settings."""
        return load(folder)

    # --- jobs --------------------------------------------------------------------------------------------------------

    def start(
        self, folder: Path, action: str = "sync", limits: dict[str, int] | None = None, state: Path | None = None
    ) -> Running:
        """Starts a job as a process of its own. ``state`` is the computer it runs on."""
        assert self._process.stdin is not None
        failure = folder / "failure.txt"
        ask = {
            "folder": str(folder),
            "action": action,
            "limits": limits or {},
            "state": str(state or os.environ["REVALIGN_STATE_DIR"]),
            "failure": str(failure),
        }
        self._process.stdin.write(json.dumps(ask) + "\n")
        self._process.stdin.flush()
        return Running(int(self.line()), failure, self)

    def run(
        self,
        folder: Path,
        action: str = "sync",
        limits: dict[str, int] | None = None,
        *,
        at: int = 0,
        when: When = "after",
    ) -> int:
        """Runs a job to its end, or to the call (counted from 1) at which it is killed.

        Returns:
            The calls it made.
        """
        count = 0
        pid: list[int] = []

        def deadly(now: When, call: str) -> None:
            nonlocal count
            count += now == "before"
            if count == at and now == when:
                while not pid:
                    pass
                os.kill(pid[0], signal.SIGKILL)
                if when == "before":  # the call never came
                    raise ConnectionAbortedError(call)

        away = self.server.faults.on_call(deadly)
        job = self.start(folder, action, limits)
        pid.append(job.pid)
        ended = job.wait()
        away()
        if ended == 3:
            raise AssertionError(job.failure.read_text(encoding="utf-8"))
        if at and count >= at:
            assert ended == -signal.SIGKILL
        else:
            assert ended == 0
        return count

    # --- what stands there -------------------------------------------------------------------------------------------

    def standing(self, key: str) -> Json:
        """The spreadsheet as people see it, and its marks, but for the log and the count of changes."""
        book = self.server.book(key)
        found = comparable(book)
        title = next((sheet.title for sheet in book.sheets if sheet.id == log_tab()), "")
        found["tabs"] = [tab for tab in found["tabs"] if tab[0] != title]
        return found

    def twins(self, key: str) -> list[str]:
        """Everything that stands there twice."""
        book = self.server.book(key)
        names = [sheet.title.rstrip("() 0123456789") for sheet in book.sheets]
        names += [str(item["name"]) for item in book.named]
        names += [f"chart {chart['chartId']}" for sheet in book.sheets for chart in sheet.charts]
        runs = [str(item) for item in book.metadata if item["metadataKey"] == identity.RUN]
        return [name for name in names if names.count(name) > 1] + runs[1:]

    def logged(self, key: str) -> list[str]:
        """Words of the log about edits by hand."""
        book = self.server.book(key)
        title = next((sheet.title for sheet in book.sheets if sheet.id == log_tab()), "")
        rows = book.grid(title) if title else []
        return [str(row[4]) for row in rows if str(row[3]).startswith("edit")]
