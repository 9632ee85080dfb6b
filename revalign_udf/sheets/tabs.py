"""One tab of a report: made, found again, its blocks brought to what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from revalign_udf.layout.model import Report
from revalign_udf.sheets import banner, identity, looks
from revalign_udf.sheets.change import BlockChange, Edit, Refusal
from revalign_udf.sheets.charts import CHART_ROWS, Place, beneath
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.create import create_block
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import WantedBlock, WantedTab
from revalign_udf.sheets.requests import Outbox, Request
from revalign_udf.sheets.rules import settle, shaken_rules
from revalign_udf.sheets.search import search
from revalign_udf.sheets.update import Judgement, update_block

__all__ = ["TabPlan", "TabPlanner", "add_tab", "share"]

#: Rows and columns of a new tab: what it needs and some room.
SPARE_ROWS = 40
MIN_ROWS = 100
CHART_COLUMNS = 10
MIN_COLUMNS = 26
#: The first row of the first block: beneath the banner and the refresh box.
FIRST_ROW = 2


@dataclass(frozen=True, slots=True)
class TabPlan:
    """What happens to one tab: counts of rows, structural changes in words, edits by hand."""

    name: str
    inserted: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    kept: int = 0
    structure: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def as_json(self) -> Json:
        """The stable JSON form."""
        return {
            "tab": self.name,
            "inserted": self.inserted,
            "updated": self.updated,
            "removed": self.removed,
            "unchanged": self.unchanged,
            "kept": self.kept,
            "structure": list(self.structure),
            "edits": [edit.as_json() for edit in self.edits],
            "refusals": [refusal.as_json() for refusal in self.refusals],
        }


def add_tab(current: Current, path: str, name: str, rows: int = 0, width: int = 1) -> tuple[CurrentTab, Json]:
    """A new tab at the end, under an id that follows from its path; its title is free."""
    identifier = identity.number_id("tab", path)
    title, number = name, 2
    taken = {tab.title.casefold() for tab in current.tabs.values()}
    while title.casefold() in taken:
        title, number = f"{name} ({number})", number + 1
    grid = {
        "rowCount": max(MIN_ROWS, rows + SPARE_ROWS),
        "columnCount": max(MIN_COLUMNS, width + CHART_COLUMNS),
        "frozenRowCount": 1,
    }
    properties = {"sheetId": identifier, "title": title, "gridProperties": grid}
    made = CurrentTab(identifier, title, grid["rowCount"], grid["columnCount"])
    # Remembered, so that a second tab of the same name finds this one taken.
    current.tabs[identifier] = made
    return made, {"addSheet": {"properties": properties}}


class TabPlanner:
    """Plans one tab; ``out`` then holds its requests in order."""

    def __init__(self, current: Current, wanted: WantedTab, report: Report, judgement: Judgement) -> None:
        self.current, self.wanted, self.report, self.judgement = current, wanted, report, judgement
        self.out = Outbox()
        self.words: list[str] = []
        self.changes: dict[str, BlockChange] = {}
        self.tab = current.tab(wanted.path)
        self.identifier = self.tab.id if self.tab else identity.number_id("tab", wanted.path)
        self.lifted: list[tuple[Request, ...]] = []
        self.standing: list[tuple[Area, WantedBlock]] = []
        """blocks to bring up to date, from the lowest up"""
        self.left: list[str] = []
        """blocks that cannot be answered now and stay as they are"""

    def run(self) -> TabPlan:
        """The plan of the tab."""
        current, path = self.current, self.wanted.path
        fresh = path not in current.tab_marks  # the mark is written last: without it, set it up once more
        missing = [block for block in self.wanted.blocks if current.area("block", block.path) is None]
        identifier = self.identifier
        place = Place(self._chart_row(), self._chart_column())
        top = FIRST_ROW
        was = self.tab
        if self.tab is None:
            self._add()
        else:
            # A block that was cut off holds rows that are still blank.
            held = [area.bottom for _, area in current.areas.values() if area.tab == identifier]
            top = max(FIRST_ROW, self.tab.used_rows() + 1, max(held, default=0) + 1)
            if not missing or (fresh and not held and self.tab.used_rows() <= FIRST_ROW):
                top = FIRST_ROW
            self._grow(self.tab, top, missing)
        # Each request names places as they are when its turn comes: a banner that stands is written before any row
        # moves, blocks from the lowest up, and a row for a lost banner is inserted last.
        opening = len(self.out.groups)
        restore = current.area("banner", path) is None
        if not restore:
            self.out.take(banner.banner(current, was, identifier, path, self.report))
            self.out.take(banner.box(current, was, identifier, path))
        for block in missing:
            self._take(block, create_block(current, block, identifier, top, place))
            top += len(block.block.rows) + 3
        for area, block in self.standing:
            if block.block.missing:
                self.words.append(f'"{block.block.title or block.block.key}" left as it stands: {block.block.missing}')
                self.left.append(block.path)
                continue
            self._take(block, update_block(current, block, area, place, self.judgement))
        self.out.groups[opening:opening] = self._settle_rules()
        if fresh:
            self._widths(identifier)
        if restore:
            if path in current.tab_marks:
                self.words.append("banner restored")
            else:
                self.out.take(banner.box(current, was, identifier, path))
            lifted = banner.banner(current, was, identifier, path, self.report)
            self.lifted = lifted.groups
            self.out.take(lifted)
        self.out.each(banner.mark(current, identifier, path, self.report.state))
        return self._sum(self.wanted.name if self.tab is None else self.tab.title)

    def only_cells(self) -> TabPlan:
        """The plan of blocks that stand already, and of nothing but their rows and cells."""
        assert self.tab is not None
        judgement = replace(self.judgement, only_cells=True)
        for area, block in self.standing:
            self._take(block, update_block(self.current, block, area, Place(), judgement))
        return self._sum(self.tab.title)

    def _settle_rules(self) -> list[tuple[Request, ...]]:
        """Says where in its tab's list each conditional format goes, and takes out first what has to change: a rule is
        known by its place alone, and no place is certain any more once rows have gone."""
        taken: list[tuple[Request, ...]] = []
        changes = [change for change in self.changes.values() if change.area is not None]
        for tab in dict.fromkeys(change.area.tab for change in changes if change.area):
            here = [change for change in changes if change.area and change.area.tab == tab]
            rules = self.current.tabs[tab].rules if tab in self.current.tabs else []
            lost = shaken_rules(rules, set[int]().union(*(change.shaken for change in here)))
            off, places = settle(len(rules), [change.rules for change in here], lost)
            for change, indexes in zip(here, places, strict=True):
                for request, index in zip(change.puts, indexes, strict=True):
                    request["addConditionalFormatRule"]["index"] = index
            if off:
                taken.append(tuple({"deleteConditionalFormatRule": {"sheetId": tab, "index": at}} for at in off))
        return taken

    def _sum(self, name: str) -> TabPlan:
        changes = list(self.changes.values())
        return TabPlan(
            name,
            sum(change.inserted for change in changes),
            sum(change.updated for change in changes),
            sum(change.removed for change in changes),
            sum(change.unchanged for change in changes),
            sum(change.kept for change in changes),
            (*self.words, *(word for change in changes for word in change.words)),
            tuple(edit for change in changes for edit in change.edits),
            tuple(change.refusal for change in changes if change.refusal),
        )

    def areas(self) -> dict[str, Area]:
        """Where each block will stand, by the id of its named range."""
        lifted = [request for group in self.lifted for request in group if isinstance(request, dict)]
        shift = int(any("insertDimension" in request for request in lifted))
        found: dict[str, Area] = {}
        placed = [(path, change) for path, change in self.changes.items() if change.area is not None]
        for path, change in sorted(placed, key=lambda item: item[1].area.top if item[1].area else 0):
            area = change.area
            assert area is not None
            above = sum(
                other.grown
                for _, other in placed
                if other.area is not None and other.area.tab == area.tab and other.area.top < area.top
            )
            down = above + (shift if area.tab == self.identifier else 0)
            found[identity.text_id("block", path)] = replace(area, top=area.top + down, bottom=area.bottom + down)
        return found

    def _take(self, block: WantedBlock, change: BlockChange) -> None:
        self.changes[block.path] = change
        self.out.take(change.out)

    def find_lost(self) -> Outbox:
        """A block whose named range a person deleted is known by its header, if that stands there once."""
        out = Outbox()
        for block in self.wanted.blocks:
            mark = self.current.block_marks.get(block.path)
            if mark is None or self.current.area("block", block.path) is not None:
                continue
            tab = self.current.tabs.get(mark.tab)
            memory = self.judgement.memory.blocks.get(block.path) if self.judgement.memory else None
            area = search(self.current, tab, block, memory) if tab is not None and tab.read else None
            if area is None:
                continue
            identifier, name = identity.text_id("block", block.path), identity.range_name(block.path)
            named = {"namedRangeId": identifier, "name": name, "range": area.json()}
            out.each([{"addNamedRange": {"namedRange": named}}])
            self.current.areas[identifier] = name, area
            self.words.append(f'named range of "{block.block.title or block.block.key}" restored')
        return out

    def _rows_needed(self) -> int:
        return FIRST_ROW + sum(len(block.block.rows) + 3 for block in self.wanted.blocks)

    def _add(self) -> None:
        width = max((block.width for block in self.wanted.blocks), default=1)
        charts = sum(len(block.block.charts) for block in self.wanted.blocks)
        made, request = add_tab(
            self.current, self.wanted.path, self.wanted.name, max(self._rows_needed(), charts * CHART_ROWS), width
        )
        self.out.each([request])
        self.words.append(f'new tab "{made.title}"')

    def _grow(self, tab: CurrentTab, top: int, blocks: list[WantedBlock]) -> None:
        if not blocks:
            return
        rows = top + sum(len(block.block.rows) + 3 for block in blocks)
        columns = max(block.width for block in blocks) + 2
        for dimension, need, have in (("ROWS", rows, tab.rows), ("COLUMNS", columns, tab.columns)):
            if need > have:
                body = {"sheetId": tab.id, "dimension": dimension, "length": need - have}
                self.out.each([{"appendDimension": body}])

    def _chart_row(self) -> int:
        """The first row beneath the charts that are there."""
        return max([1, *map(beneath, self.tab.charts.values() if self.tab else ())])

    def _chart_column(self) -> int:
        """The first column to the right of every block: a chart beside one may reach down to the next."""
        rights = [block.width for block in self.wanted.blocks]
        rights += [
            max(area.right, area.left + block.width) for area, block in self.standing if area.tab == self.identifier
        ]
        return max(rights, default=0) + 1

    def _widths(self, identifier: int) -> None:
        widths: dict[int, int] = {}
        for block in self.wanted.blocks:
            for index, column in enumerate(block.block.columns):
                widths[index] = max(widths.get(index, 0), column.width)
        hidden = {at for block in self.wanted.blocks for at, column in enumerate(block.block.columns) if column.hidden}
        shown = {
            at for block in self.wanted.blocks for at, column in enumerate(block.block.columns) if not column.hidden
        }
        for index, width in widths.items():  # the first one carries the banner and the titles
            self.out.each([looks.width(identifier, index, width, hidden=index in hidden - shown and index > 0)])


def share(current: Current, planners: Sequence[TabPlanner]) -> None:
    """Gives every block that stands to one planner of the tab it stands on, wherever people moved it: only one that
    sees all blocks of a tab can change them from the lowest up."""
    hosts: dict[int, TabPlanner] = {planner.tab.id: planner for planner in planners if planner.tab is not None}
    for planner in planners:
        for block in planner.wanted.blocks:
            if (area := current.area("block", block.path)) is not None:
                hosts.setdefault(area.tab, planner).standing.append((area, block))
    for planner in planners:
        planner.standing.sort(key=lambda pair: (pair[0].tab, -pair[0].top))
