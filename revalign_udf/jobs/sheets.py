"""Google Sheets of a project: what a sync would do, doing it, proving it, taking it back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from revalign_udf.config import Project, SheetSettings
from revalign_udf.errors import NoData, Retriable, RevalignError
from revalign_udf.governance import record
from revalign_udf.jobs.reports import report_of
from revalign_udf.layout.model import Report
from revalign_udf.query import Query

# the surface is loaded by the steps that write it: a pull or a build needs no gspread
if TYPE_CHECKING:
    from revalign_udf.sheets import Options, SheetPlan, SheetTarget, Verification
    from revalign_udf.sheets.memory import Memory

__all__ = [
    "Ask",
    "SheetReport",
    "plan_sheet",
    "sheet_report",
    "sync_sheets",
    "target_of",
    "undo_sheet",
    "verify_sheet",
]

#: seconds to wait for another sync of the same spreadsheet
_PATIENCE = 120.0
#: (spreadsheet, calls done, calls in all)
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """How a person asked for a sync: let much vanish, write over edits by hand at once."""

    allow_deletes: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class SheetReport:
    """What a sync did to one spreadsheet, or why it could not."""

    name: str
    plan: SheetPlan | None = None
    failure: str = ""

    @property
    def held_back(self) -> tuple[str, ...]:
        """Edits by hand that the next sync writes over, in words."""
        edits = self.plan.edits if self.plan else ()
        return tuple(f"sheet {self.name}, {edit.tab}: {edit.words}" for edit in edits if edit.action == "warned")

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        found: dict[str, Any] = {"sheet": self.name, "status": "failed" if self.failure else "ok"}
        if self.plan is not None:
            found |= self.plan.as_json()
        if self.failure:
            found["failure"] = self.failure
        return found


def target_of(project: Project, sheet: SheetSettings) -> SheetTarget:
    """A spreadsheet of the settings, the paths of its keys made absolute."""
    from revalign_udf.sheets.target import target_from

    return target_from(sheet, project.folder)


def sheet_report(project: Project, query: Query, layout: str, failed: Sequence[str] = ()) -> Report:
    """A report as a synced sheet shows it: its banner says when, what comes next, and how fresh the sources are.

    Args:
        project: whose report.
        query: the published snapshot.
        layout: the report's name.
        failed: sources that could not be pulled by the run at hand.
    """
    report = report_of(project, query, layout)
    state = "failed" if failed else report.state
    return replace(report, banner=_banner(project, query, failed), state=state)


def _banner(project: Project, query: Query, failed: Sequence[str]) -> str:
    from revalign_udf.jobs.schedule import next_run

    zone = ZoneInfo(project.company.time_zone)
    manifest = query.session().manifest
    made = datetime.fromisoformat(manifest.created_at)
    made = (made if made.tzinfo else made.replace(tzinfo=UTC)).astimezone(zone)
    parts = [f"Updated {made:%Y-%m-%d %H:%M %Z}"]
    if (coming := next_run(project)) is not None:
        parts.append(f"next {_soon(coming.astimezone(zone), datetime.now(zone))}")
    rows = list(query.status().dicts())
    stale = [str(row["source"]) for row in rows if row["state"] == "stale" and row["source"] not in failed]
    if failed:
        parts.append(f"FAILED to load: {', '.join(sorted(failed))}")
    if stale:
        parts.append(f"{len(stale)} of {len(rows)} sources stale: {', '.join(stale)}")
    if not failed and not stale:
        parts.append("source fresh" if len(rows) == 1 else f"all {len(rows)} sources fresh")
    return " · ".join([*parts, f"as of {manifest.as_of}", f"snapshot {manifest.label}", query.currency])


def _soon(when: datetime, now: datetime) -> str:
    return f"{when:%H:%M}" if when.date() == now.date() else f"{when:%Y-%m-%d %H:%M}"


def _options(project: Project, sheet: SheetSettings, memory: Memory, ask: Ask) -> Options:
    from revalign_udf.sheets import Options

    stamp = datetime.now(ZoneInfo(project.company.time_zone)).strftime("%Y-%m-%d %H:%M:%S %Z")
    return Options(memory, sheet.tabs, sheet.max_delete, ask.allow_deletes, ask.overwrite, stamp)


def plan_sheet(project: Project, query: Query, name: str, ask: Ask | None = None) -> SheetPlan:
    """What a sync of one spreadsheet would do now. Raises what :func:`revalign_udf.sheets.make_plan` raises."""
    from revalign_udf.sheets import make_plan, open_spreadsheet
    from revalign_udf.sheets.memory import load_memory

    sheet = project.sheets[name]
    with open_spreadsheet(target_of(project, sheet)) as client:
        memory = load_memory(project.folder, name, client.key)
        report = sheet_report(project, query, sheet.layout)
        return make_plan(client, report, _options(project, sheet, memory, ask or Ask()))


def sync_sheets(
    project: Project, query: Query, names: Sequence[str] = (), *, ask: Ask | None = None, failed: Sequence[str] = (),
    told: Told | None = None, waiting: Callable[[str], None] | None = None,
) -> list[SheetReport]:  # fmt: skip
    """Bring each spreadsheet of the settings to what the snapshot says. One that fails does not stop the others.

    Args:
        project: whose sheets.
        query: the published snapshot.
        names: of the spreadsheets, empty for all.
        ask: how.
        failed: sources that the run at hand could not pull; the banners say so.
        told: hears of each call that was sent.
        waiting: hears why nothing moves for a while, such as the quota.
    """
    found: list[SheetReport] = []
    for name in names or project.sheets:
        try:
            plan = _sync(project, query, name, ask or Ask(), failed, told, waiting)
            found.append(SheetReport(name, plan))
            if not plan.empty:
                record(project.folder, "sheet synced", sheet=name, snapshot=query.snapshot, calls=plan.calls)
        except RevalignError as error:
            found.append(SheetReport(name, failure=str(error)))
    return found


def _sync(
    project: Project, query: Query, name: str, ask: Ask, failed: Sequence[str], told: Told | None,
    waiting: Callable[[str], None] | None,
) -> SheetPlan:  # fmt: skip
    from revalign_udf.sheets import open_spreadsheet, sync_report
    from revalign_udf.sheets.memory import load_memory, save_kept, save_memory

    sheet = project.sheets[name]
    report = sheet_report(project, query, sheet.layout, failed)
    with open_spreadsheet(target_of(project, sheet), told=waiting) as client, _alone(client.key):
        memory = load_memory(project.folder, name, client.key)
        options = _options(project, sheet, memory, ask)
        latest: list[SheetPlan] = []

        def planned(plan: SheetPlan) -> None:
            """Before anything is sent: what is meant, and what stood there."""
            if not latest and plan.before:
                save_kept(project.folder, name, client.key, options.stamp, plan.before)
            latest.append(plan)
            if not plan.empty:
                memory.intend(plan.memory, {block.path for block in plan.before})
                save_memory(project.folder, name, client.key, memory)

        def progress(done: int, every: int) -> None:
            if told is not None:
                told(name, done, every)

        first = sync_report(client, report, options, progress=progress, planned=planned)
        _remember(memory, latest[-1], first)
        save_memory(project.folder, name, client.key, memory)
        return first


def _remember(memory: Memory, plan: SheetPlan, first: SheetPlan) -> None:
    """What stands there now is what the last plan wrote; edits the first plan warned of stay warned of."""
    del first
    for path, block in plan.memory.items():
        memory.blocks[path] = block


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """Only one sync of a spreadsheet at a time on this computer; one from elsewhere is refused by the count of changes.

    Raises:
        Retriable: REV-505, another sync is still at it.
    """
    from filelock import FileLock, Timeout

    from revalign_udf.sheets.bucket import state_folder

    folder = state_folder() / "sheets"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.sync")
    try:
        with lock.acquire(timeout=_PATIENCE):
            yield
    except Timeout:
        raise Retriable(
            "Another sync of this spreadsheet is still running on this computer.",
            hint="Wait until it is done, or end it; then run again.",
        ) from None


def verify_sheet(project: Project, query: Query, name: str) -> Verification:
    """Compare one spreadsheet with the snapshot, cell by cell. Raises what the surface raises."""
    from revalign_udf.sheets import open_spreadsheet, verify_report

    sheet = project.sheets[name]
    with open_spreadsheet(target_of(project, sheet)) as client:
        return verify_report(client, report_of(project, query, sheet.layout), sheet.tabs)


def undo_sheet(project: Project, name: str) -> tuple[str, SheetPlan]:
    """Bring back the blocks of one spreadsheet as they stood before the last change.

    Returns:
        When that change was made, and what the undo did.

    Raises:
        NoData: REV-204, nothing is kept (any more).
    """
    from revalign_udf.sheets import open_spreadsheet, undo_plan
    from revalign_udf.sheets.memory import forget_kept, load_kept, load_memory, save_memory
    from revalign_udf.sheets.plan import carry_out

    sheet = project.sheets[name]
    with open_spreadsheet(target_of(project, sheet)) as client, _alone(client.key):
        kept = load_kept(project.folder, name, client.key)
        if kept is None:
            raise NoData(
                f"Nothing is kept from before the last change of {name}.",
                hint="Only the last change can be undone, once. Google's own history: File > Version history.",
            )
        when, blocks = kept
        memory = load_memory(project.folder, name, client.key)
        options = _options(project, sheet, memory, Ask())

        def planned(plan: SheetPlan) -> None:
            """Before anything is sent: an undo that is cut off must not look like edits by hand to the next sync."""
            if not plan.empty:
                memory.release(plan.memory)
                save_memory(project.folder, name, client.key, memory)

        plan = carry_out(client, lambda: undo_plan(client, sheet.layout, blocks, options), planned=planned)
        memory.blocks.update(plan.memory)
        save_memory(project.folder, name, client.key, memory)
        forget_kept(project.folder, name)
        record(project.folder, "sheet undone", sheet=name, calls=plan.calls)
        return when, plan
