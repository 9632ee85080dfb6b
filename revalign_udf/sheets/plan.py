"""Plan and apply: read what stands there, compare it with the report, send the difference.

The plan follows from the state alone, so a run that was cut off is put right by the next one, and a second plan right
after is empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from revalign_udf.errors import Retriable
from revalign_udf.layout.model import Report
from revalign_udf.sheets import identity, style
from revalign_udf.sheets.blocks import CHART_ROWS, BlockChange, Place, create_block, update_block
from revalign_udf.sheets.client import AmbiguousWrite, Json, SpreadsheetClient
from revalign_udf.sheets.current import Area, Current, CurrentTab, read_current
from revalign_udf.sheets.desired import WantedBlock, WantedTab, extended, wanted_tabs
from revalign_udf.sheets.identity import TabMark
from revalign_udf.sheets.requests import Outbox, batches, rows_request, size, write_cells
from revalign_udf.sheets.retry import Retry

__all__ = ["SheetPlan", "TabPlan", "apply", "make_plan", "sync_report"]

#: Rows and columns of a new tab: what it needs and some room.
SPARE_ROWS = 40
MIN_ROWS = 100
CHART_COLUMNS = 10
MIN_COLUMNS = 26
#: A write without an answer is looked at and sent again this often.
ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class TabPlan:
    """What happens to one tab: counts of rows, and structural changes in words."""

    name: str
    inserted: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    kept: int = 0
    structure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """Everything one sync will do. ``batches`` are the calls, each all or nothing.

    ``orphans`` are blocks on the spreadsheet that the report no longer has; they are left alone.
    """

    key: str
    url: str
    tabs: tuple[TabPlan, ...]
    batches: tuple[tuple[Json, ...], ...] = field(repr=False)
    orphans: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.batches

    @property
    def calls(self) -> int:
        """Writing calls."""
        return len(self.batches)

    @property
    def bytes(self) -> int:
        """Bytes those calls carry."""
        return sum(size(batch) for batch in self.batches)

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        inserted, updated, removed, unchanged = (
            sum(getattr(tab, name) for tab in self.tabs) for name in ("inserted", "updated", "removed", "unchanged")
        )
        return (
            f"{len(self.tabs)} tabs, rows: {inserted} inserted, {updated} updated, {removed} removed, {unchanged} "
            f"unchanged; {self.calls} writing calls, {self.bytes:,} bytes · {self.url}"
        )

    def as_json(self) -> Json:
        """For ``--json``: the counts per tab, structural changes, calls and bytes."""
        return {
            "spreadsheet": self.key,
            "url": self.url,
            "changes": not self.empty,
            "tabs": [
                {
                    "tab": tab.name,
                    "inserted": tab.inserted,
                    "updated": tab.updated,
                    "removed": tab.removed,
                    "unchanged": tab.unchanged,
                    "kept": tab.kept,
                    "structure": list(tab.structure),
                }
                for tab in self.tabs
            ],
            "orphans": list(self.orphans),
            "calls": self.calls,
            "bytes": self.bytes,
        }


def make_plan(client: SpreadsheetClient, report: Report) -> SheetPlan:
    """What a sync would do now. Reads once or twice, writes nothing.

    Raises:
        SurfaceError: REV-702, not reachable or not shared; REV-703, a block would have to write over what a person
            wrote; REV-701, a formula or chart names a column its block does not have.
    """
    current = read_current(client, report.key)
    tabs: list[TabPlan] = []
    out = Outbox()
    wanted = wanted_tabs(report)
    for tab in wanted:
        planner = _Tab(current, tab, report)
        tabs.append(planner.run())
        out.take(planner.out)
    paths = {block.path for tab in wanted for block in tab.blocks}
    mine = [path for path in current.block_marks if path.startswith(f"{report.key}/")]
    orphans = tuple(sorted(path for path in mine if path not in paths))
    return SheetPlan(client.key, client.url, tuple(tabs), batches(out.groups), orphans)


def apply(client: SpreadsheetClient, plan: SheetPlan) -> None:
    """Sends exactly what the plan says, call by call.

    Raises:
        AmbiguousWrite: a call got no answer; plan again, which shows what is left to do.
        SurfaceError: REV-702, not reachable, not shared or refused.
        Retriable: REV-505, still busy after every attempt.
    """
    for batch in plan.batches:
        client.batch_update(batch)


def sync_report(client: SpreadsheetClient, report: Report, *, retry: Retry | None = None) -> SheetPlan:
    """Plans and applies; after a write without an answer it reads again and sends what is left.

    Args:
        client: the spreadsheet.
        report: what it shall show.
        retry: how long to wait before reading again.

    Returns:
        The first plan: what this sync changed.

    Raises:
        Retriable: REV-505, no answer after several attempts.
        SurfaceError: see :func:`make_plan` and :func:`apply`.
    """
    policy = retry or Retry()
    first: SheetPlan | None = None
    for attempt in range(ATTEMPTS):
        plan = make_plan(client, report)
        first = first or plan
        if plan.empty:
            return first
        try:
            apply(client, plan)
        except AmbiguousWrite:
            policy.sleep(policy.wait(attempt))
        else:
            return first
    raise Retriable(
        f"The spreadsheet {client.key} gave no answer to {ATTEMPTS} changes in a row.",
        hint="Run it again in a few minutes; it goes on where it stopped.",
    )


class _Tab:
    """One tab of the report."""

    def __init__(self, current: Current, wanted: WantedTab, report: Report) -> None:
        self.current, self.wanted, self.report = current, wanted, report
        self.out = Outbox()
        self.words: list[str] = []
        self.changes: list[BlockChange] = []
        self.tab = current.tab(wanted.path)

    def run(self) -> TabPlan:
        current = self.current
        standing = [
            (area, block) for block in self.wanted.blocks if (area := current.area("block", block.path)) is not None
        ]
        missing = [block for block in self.wanted.blocks if current.area("block", block.path) is None]
        fresh = self.wanted.path not in current.tab_marks  # the mark is written last: without it, set it up once more
        identifier = identity.number_id("tab", self.wanted.path) if self.tab is None else self.tab.id
        place = Place(self._chart_row())
        top = 2
        if self.tab is None:
            self._add(identifier)
        else:
            # A block that was cut off holds rows that are still blank.
            held = [area.bottom for _, area in current.areas.values() if area.tab == identifier]
            top = max(2, self.tab.used_rows() + 1, max(held, default=0) + 1)
            self._grow(self.tab, top, missing)
        # Each request names places as they are when its turn comes: a banner that stands is written before any row
        # moves, blocks from the lowest up, and a row for a lost banner is inserted last.
        restore = self.current.area("banner", self.wanted.path) is None
        if not restore:
            self._banner(identifier)
        for block in missing:
            self._take(create_block(current, block, identifier, top, place))
            top += len(block.block.rows) + 3
        for area, block in sorted(standing, key=lambda pair: (pair[0].tab, -pair[0].top)):
            self._take(update_block(current, block, area, place))
        if fresh:
            self._widths(identifier)
        if restore:
            self._banner(identifier)
        self._mark(identifier)
        name = self.wanted.name if self.tab is None else self.tab.title
        return TabPlan(
            name,
            sum(change.inserted for change in self.changes),
            sum(change.updated for change in self.changes),
            sum(change.removed for change in self.changes),
            sum(change.unchanged for change in self.changes),
            sum(change.kept for change in self.changes),
            (*self.words, *(word for change in self.changes for word in change.words)),
        )

    def _take(self, change: BlockChange) -> None:
        self.changes.append(change)
        self.out.take(change.out)

    def _rows_needed(self) -> int:
        return 2 + sum(len(block.block.rows) + 3 for block in self.wanted.blocks)

    def _add(self, identifier: int) -> None:
        title, number = self.wanted.name, 2
        taken = {tab.title.casefold() for tab in self.current.tabs.values()}
        while title.casefold() in taken:
            title, number = f"{self.wanted.name} ({number})", number + 1
        width = max((block.width for block in self.wanted.blocks), default=1)
        charts = sum(len(block.block.charts) for block in self.wanted.blocks)
        rows = max(self._rows_needed(), charts * CHART_ROWS)
        grid = {
            "rowCount": max(MIN_ROWS, rows + SPARE_ROWS),
            "columnCount": max(MIN_COLUMNS, width + CHART_COLUMNS),
            "frozenRowCount": 1,
        }
        properties = {"sheetId": identifier, "title": title, "gridProperties": grid}
        self.out.each([{"addSheet": {"properties": properties}}])
        self.words.append(f'new tab "{title}"')
        # Remembered, so that a second tab of the same name finds this one taken.
        self.current.tabs[identifier] = CurrentTab(identifier, title, grid["rowCount"], grid["columnCount"])

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
        row = 1
        for chart in self.tab.charts.values() if self.tab else ():
            anchor = chart.get("position", {}).get("overlayPosition", {}).get("anchorCell", {})
            row = max(row, int(anchor.get("rowIndex", 0)) + CHART_ROWS)
        return row

    def _widths(self, identifier: int) -> None:
        widths: dict[int, int] = {}
        for block in self.wanted.blocks:
            for index, column in enumerate(block.block.columns):
                widths[index] = max(widths.get(index, 0), style.pixels(column.width))
        start = 0
        for index in range(1, len(widths) + 1):  # equal neighbours in one request
            if index == len(widths) or widths[index] != widths[start]:
                span = {"sheetId": identifier, "dimension": "COLUMNS", "startIndex": start, "endIndex": index}
                body = {"range": span, "properties": {"pixelSize": widths[start]}, "fields": "pixelSize"}
                self.out.each([{"updateDimensionProperties": body}])
                start = index

    def _banner(self, identifier: int) -> None:
        """The line on top: when and from what; its colour says how fresh."""
        path, text = self.wanted.path, extended(self.report.banner)
        area = self.current.area("banner", path)
        lost = area is None
        found = self.current.tab_marks.get(path)
        name = identity.text_id("banner", path)
        if area is None:
            insert: list[Json] = []
            if found is not None:
                self.words.append("banner restored")
            if self.tab is not None and any(self.tab.taken(0, column) for column in range(self.tab.columns)):
                insert.append(rows_request("insertDimension", identifier, 0, 1, inheritFromBefore=False))
            area = Area(identifier, 0, 0, 1, 1)
            named = {"namedRangeId": name, "name": identity.range_name(f"{path}/banner"), "range": area.json()}
            self.out.together([*insert, {"addNamedRange": {"namedRange": named}}])
            have = None
        else:
            have = self.current.tabs[area.tab].values.get((area.top, area.left))
        if have != text:
            self.out.each(write_cells(area.tab, {(area.top, area.left): text}))
        if lost or found is None or found.kept.state != self.report.state:
            colour = {"backgroundColorStyle": style.banner_colour(self.report.state)}
            # The colour runs across the row; the text stands in its first cell.
            row = {"sheetId": area.tab, "startRowIndex": area.top, "endRowIndex": area.top + 1}
            cell = {"userEnteredFormat": {**style.BANNER, **colour}}
            fields = "userEnteredFormat(textFormat,verticalAlignment,backgroundColorStyle)"
            self.out.each([{"repeatCell": {"range": row, "cell": cell, "fields": fields}}])
        number = identity.number_id("guard", f"{path}#banner")
        if (lost or found is None) and number not in self.current.guards:
            body = {"protectedRangeId": number, "namedRangeId": name, "warningOnly": True}
            body["description"] = "Written by Revalign at every sync."
            self.out.each([{"addProtectedRange": {"protectedRange": body}}])

    def _mark(self, identifier: int) -> None:
        path = self.wanted.path
        text = TabMark(path, self.report.state).dump()
        found = self.current.tab_marks.get(path)
        if found is None:
            made = {
                "metadataId": identity.number_id("tab-mark", path),
                "metadataKey": identity.TAB,
                "metadataValue": text,
                "location": {"sheetId": identifier},
                "visibility": "DOCUMENT",
            }
            self.out.each([{"createDeveloperMetadata": {"developerMetadata": made}}])
        elif found.text != text:
            lookup = {"developerMetadataLookup": {"metadataId": found.id}}
            body = {"dataFilters": [lookup], "developerMetadata": {"metadataValue": text}, "fields": "metadataValue"}
            self.out.each([{"updateDeveloperMetadata": body}])
