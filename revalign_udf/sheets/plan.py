"""Plan and apply: read what stands there, compare it with the report, send the difference.

The plan follows from the state alone, so a run that was cut off is put right by the next one, and a second plan right
after is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from revalign_udf.errors import Retriable, SurfaceError
from revalign_udf.layout.locales import formula_marks
from revalign_udf.layout.model import Report
from revalign_udf.sheets import a1, collector, identity
from revalign_udf.sheets.about import ABOUT
from revalign_udf.sheets.banner import WAITING
from revalign_udf.sheets.change import Edit, Refusal
from revalign_udf.sheets.client import AmbiguousWrite, Json, Refused, SpreadsheetClient
from revalign_udf.sheets.current import Area, Current, read_current, read_structure
from revalign_udf.sheets.desired import WantedTab, extended, wanted_tabs
from revalign_udf.sheets.log import log_tab, write_log
from revalign_udf.sheets.memory import BlockMemory, KeptBlock, Memory
from revalign_udf.sheets.packing import Batch, Call, pack, stage_tab
from revalign_udf.sheets.requests import Outbox, write_cells
from revalign_udf.sheets.retry import Retry
from revalign_udf.sheets.tabs import TabPlan, TabPlanner, add_tab, share
from revalign_udf.sheets.update import Judgement

__all__ = [
    "Options",
    "Progress",
    "SheetPlan",
    "apply",
    "carry_out",
    "make_plan",
    "make_tabs",
    "plan_tabs",
    "sync_report",
    "written",
]

#: A write without an answer, or refused because somebody was faster, is looked at and sent again this often.
ATTEMPTS = 4
#: Edits by hand that the log lists one by one.
EDITS = 50


class Named(Protocol):
    """A tab of a layout."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def name(self) -> str:
        """Its title."""


#: (calls done, calls in all)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How a sync is carried out.

    Args:
        memory: what was written last; None where nobody keeps track.
        tabs: keys of the tabs to keep in step, empty for all.
        max_delete: the share of a block's rows or cells that may vanish at once.
        allow_deletes: let more vanish.
        overwrite: write over edits by hand at once, without the warned cycle.
        stamp: when, for the log; empty: no log is written.
    """

    memory: Memory | None = None
    tabs: tuple[str, ...] = ()
    max_delete: float = 0.3
    allow_deletes: bool = False
    overwrite: bool = False
    stamp: str = ""
    loose: set[object] = field(default_factory=set, repr=False)
    """what this very sync has written and may have landed in other rows than meant; never taken for a person's"""

    @property
    def judgement(self) -> Judgement:
        """How strictly blocks are changed."""
        most = 1.0 if self.allow_deletes else self.max_delete
        return Judgement(self.memory, most, self.overwrite, loose=self.loose)


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """Everything one sync will do. ``sends`` are the calls, each all or nothing.

    ``orphans`` are blocks on the spreadsheet that the report no longer has; they are left alone.
    """

    key: str
    url: str
    tabs: tuple[TabPlan, ...]
    sends: tuple[Call, ...] = field(repr=False)
    orphans: tuple[str, ...] = ()
    memory: Mapping[str, BlockMemory] = field(default_factory=dict, repr=False)
    before: tuple[KeptBlock, ...] = field(default=(), repr=False)
    areas: Mapping[str, Area] = field(default_factory=dict, repr=False)
    """where each block's rectangle should stand afterwards, by the id of its named range"""
    generation: int = 0
    """the count of changes afterwards"""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.sends

    @property
    def calls(self) -> int:
        """Writing calls."""
        return len(self.sends)

    @property
    def bytes(self) -> int:
        """Bytes those calls carry."""
        return sum(call.bytes for call in self.sends)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Cells people changed by hand."""
        return tuple(edit for tab in self.tabs for edit in tab.edits)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Why the plan is not carried out as it is."""
        return tuple(refusal for tab in self.tabs for refusal in tab.refusals)

    @property
    def conflict(self) -> bool:
        """Whether a person should look first."""
        return bool(self.edits or self.refusals)

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        inserted, updated, removed, unchanged = (
            sum(getattr(tab, name) for tab in self.tabs) for name in ("inserted", "updated", "removed", "unchanged")
        )
        edited = f", {len(self.edits)} edited by hand" if self.edits else ""
        return (
            f"{len(self.tabs)} tabs, rows: {inserted} inserted, {updated} updated, {removed} removed, {unchanged} "
            f"unchanged{edited}; {self.calls} writing calls, {self.bytes:,} bytes · {self.url}"
        )

    def as_json(self) -> Json:
        """For ``--json``: the counts per tab, structural changes, edits by hand, calls and bytes."""
        return {
            "spreadsheet": self.key,
            "url": self.url,
            "changes": not self.empty,
            "conflict": self.conflict,
            "tabs": [tab.as_json() for tab in self.tabs],
            "orphans": list(self.orphans),
            "calls": self.calls,
            "bytes": self.bytes,
        }


def make_plan(client: SpreadsheetClient, report: Report, options: Options | None = None) -> SheetPlan:
    """What a sync would do now. Reads once or twice, writes nothing.

    Raises:
        SurfaceError: REV-702, not reachable or not shared; REV-703, a block would have to write over what a person
            wrote; REV-701, a formula or chart names a column its block does not have.
        UnknownName: REV-101, a tab of the options that the report does not have.
    """
    chosen = options or Options()
    keys = [*(tab.key for tab in report.tabs), "definitions", ABOUT]
    made = [identity.number_id("tab", identity.tab_path(report.key, key)) for key in keys]
    with collector.paused():
        current = read_current(client, report.key, [*made, log_tab()] if chosen.stamp else made)
        wanted = wanted_tabs(report, formula_marks(current.locale), chosen.tabs)
        return plan_tabs(client, current, report, wanted, chosen)


def plan_tabs(
    client: SpreadsheetClient, current: Current, report: Report, wanted: Sequence[WantedTab], options: Options, *,
    only_cells: bool = False,
) -> SheetPlan:  # fmt: skip
    """What it takes to bring tabs to what is wanted; ``only_cells`` leaves banners, looks and charts as they are."""
    titles = {tab.id: tab.title for tab in current.tabs.values() if tab.id != stage_tab()}
    plans: list[TabPlan] = []
    out = Outbox()
    memory: dict[str, BlockMemory] = {}
    before: list[KeptBlock] = []
    areas: dict[str, Area] = {}
    planners = [TabPlanner(current, tab, report, options.judgement) for tab in wanted]
    if not only_cells:
        for planner in planners:
            out.take(planner.find_lost())
    share(current, planners)
    for planner in planners:
        plans.append(planner.only_cells() if only_cells else planner.run())
        out.take(planner.out)
        areas |= planner.areas()
        for path, change in planner.changes.items():
            if change.memory is not None:
                memory[path] = change.memory
            if change.before is not None and change.out.groups:
                before.append(change.before)
    if options.stamp:
        out.take(write_log(current, _lines(report, plans, options, judged=bool(before))))
    paths = {block.path for tab in wanted for block in tab.blocks}
    mine = [path for path in current.block_marks if path.startswith(f"{report.key}/")]
    orphans = tuple(sorted(path for path in mine if path not in paths)) if not options.tabs else ()
    sends = pack(out.groups, current, titles)
    generation = current.generation + sum(isinstance(call, Batch) for call in sends)
    return SheetPlan(client.key, client.url, tuple(plans), sends, orphans, memory, tuple(before), areas, generation)


def make_tabs(client: SpreadsheetClient, report: str, tabs: Sequence[Named]) -> tuple[str, ...]:
    """Makes the tabs of a layout that are not there yet, with a line that says what they wait for; one write at most.

    Args:
        client: the spreadsheet.
        report: the report's key.
        tabs: its tabs, each with ``key`` and ``name``.

    Returns:
        The titles of the new tabs.

    Raises:
        SurfaceError: REV-702, not reachable, not shared or refused.
    """
    current = read_structure(client)
    out = Outbox()
    titles: list[str] = []
    for tab in tabs:
        path = identity.tab_path(report, tab.key)
        if current.tab(path) is not None:
            continue
        made, request = add_tab(current, path, tab.name)
        titles.append(made.title)
        out.each([request, *write_cells(made.id, {(0, 0): extended(WAITING)})])
    for call in pack(out.groups, current, {}):
        client.batch_update(call.requests) if isinstance(call, Batch) else client.write_values(call.data)
    return tuple(titles)


def _lines(report: Report, plans: Sequence[TabPlan], options: Options, *, judged: bool) -> list[tuple[str, ...]]:
    """What the log says of a sync; nothing of one that changed nothing."""
    lines: list[tuple[str, ...]] = []
    for plan in plans:
        counts = [f"{getattr(plan, name)} {name}" for name in ("inserted", "updated", "removed") if getattr(plan, name)]
        if counts or plan.structure:
            what = "; ".join([", ".join(counts), *plan.structure] if counts else plan.structure)
            lines.append((options.stamp, report.key, plan.name, "synced", f"{what} · snapshot {report.snapshot}"))
        head = (options.stamp, report.key, plan.name)
        lines += [(*head, f"edit {edit.action}", edit.words) for edit in plan.edits[:EDITS]]
        if len(plan.edits) > EDITS:
            lines.append((*head, "edits", f"and {len(plan.edits) - EDITS:,} more cells changed by hand"))
    if judged and options.memory is not None and options.memory.lost and lines:
        words = "No memory of an earlier sync from this project: edits by hand made before cannot be told apart."
        lines.append((options.stamp, report.key, "", "note", words))
    return lines


def apply(client: SpreadsheetClient, plan: SheetPlan, progress: Progress | None = None) -> bool:
    """Sends exactly what the plan says, call by call.

    Returns:
        Whether every block stands where the plan meant it to: False when somebody moved rows or columns in between, and
        a new plan should put it right.

    Raises:
        AmbiguousWrite: a call got no answer; plan again, which shows what is left to do.
        SurfaceError: REV-702, not reachable, not shared or refused; REV-706, too much would vanish.
        Retriable: REV-505, still busy after every attempt.
    """
    if plan.refusals:
        first = plan.refusals[0]
        raise SurfaceError(first.message, code=first.code, hint=first.hint)
    told = progress or (lambda _done, _all: None)
    after: Json = {}
    for done, call in enumerate(plan.sends):
        told(done, plan.calls)
        if isinstance(call, Batch):
            after = client.batch_update(call.requests, fields="namedRanges" if call.last else "")
        else:
            client.write_values(call.data)
            after = {}
    told(plan.calls, plan.calls)
    if plan.empty:
        return True
    return _in_place(after, plan) if after else _stands(client, plan)


def _in_place(answer: Json, plan: SheetPlan) -> bool:
    found = {str(item["namedRangeId"]): item.get("range", {}) for item in answer.get("namedRanges", ())}
    return all(_near(found.get(name, {}), area) for name, area in plan.areas.items())


def _near(found: Json, area: Area) -> bool:
    """Whether a named range stands where it should; one that has grown or shrunk holds a row nobody planned for."""
    return {"sheetId": 0, "startRowIndex": 0, "startColumnIndex": 0, **found} == area.json()


def _stands(client: SpreadsheetClient, plan: SheetPlan) -> bool:
    current = read_structure(client)
    # Plain values are not refused when another sync was faster: its count says so afterwards.
    return current.generation == plan.generation and all(
        name in current.areas and current.areas[name][1] == area for name, area in plan.areas.items()
    )


def written(plan: SheetPlan) -> set[object]:
    """Every value a plan writes, formulas without their rows; None when it empties a cell."""
    found: set[object] = set()
    for call in plan.sends:
        if isinstance(call, Batch):
            for request in call.requests:
                cells = request.get("updateCells", {})
                rows = cells.get("rows", ()) if cells.get("fields") == "userEnteredValue" else ()
                values = [cell.get("userEnteredValue") for row in rows for cell in row.get("values", ())]
                if value := request.get("repeatCell", {}).get("cell", {}).get("userEnteredValue"):
                    values.append(value)
                found |= {a1.bare(value) if value else None for value in values}
        else:
            # None passes a cell over, the empty text empties it
            scalars = {value for item in call.data for row in item["values"] for value in row if value is not None}
            found |= {None if value == "" else value for value in scalars}
    return found


def sync_report(
    client: SpreadsheetClient, report: Report, options: Options | None = None, *, retry: Retry | None = None,
    progress: Progress | None = None, planned: Callable[[SheetPlan], None] | None = None,
) -> SheetPlan:  # fmt: skip
    """Plans and applies; after a write without an answer, or one that somebody got ahead of, reads again and sends what
    is left.

    Args:
        client: the spreadsheet.
        report: what it shall show.
        options: how.
        retry: how long to wait before reading again.
        progress: told after each call.
        planned: told of each plan before it is sent.

    Returns:
        The first plan: what this sync changed.

    Raises:
        Retriable: REV-505, no answer after several attempts.
        SurfaceError: see :func:`make_plan` and :func:`apply`.
    """
    chosen = options or Options()
    return carry_out(
        client, lambda: make_plan(client, report, chosen), retry=retry, progress=progress, planned=planned,
        unclear=lambda plan: chosen.loose.update(written(plan)),
    )  # fmt: skip


def carry_out(
    client: SpreadsheetClient, make: Callable[[], SheetPlan], *, retry: Retry | None = None,
    progress: Progress | None = None, planned: Callable[[SheetPlan], None] | None = None,
    unclear: Callable[[SheetPlan], None] | None = None,
) -> SheetPlan:  # fmt: skip
    """Plans and applies until a plan has gone through, see :func:`sync_report`."""
    policy = retry or Retry()
    first: SheetPlan | None = None
    last: Exception | None = None
    for attempt in range(ATTEMPTS):
        plan = make()
        first = first or plan
        if planned is not None and not plan.refusals:
            planned(plan)
        try:
            if apply(client, plan, progress):
                return first
        except AmbiguousWrite as problem:
            last = problem
        except Refused as problem:
            if problem.why != "request" or attempt == ATTEMPTS - 1:
                raise
            last = problem
        if unclear is not None:
            unclear(plan)
        policy.sleep(policy.wait(attempt))
    raise Retriable(
        f"The spreadsheet {client.key} gave no clear answer to {ATTEMPTS} changes in a row.",
        hint="Run it again in a few minutes; it goes on where it stopped.",
    ) from last
