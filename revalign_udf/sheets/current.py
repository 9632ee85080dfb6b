"""The spreadsheet as it stands: two reads, one of its structure, one of the cells of the tabs we keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from revalign_udf.sheets import a1, identity
from revalign_udf.sheets.client import Json, SpreadsheetClient
from revalign_udf.sheets.identity import BlockMark, TabMark

__all__ = ["Area", "Current", "CurrentTab", "Mark", "read_current", "read_structure"]

Kept = TypeVar("Kept", TabMark, BlockMark)

STRUCTURE = (
    "properties(locale,timeZone),developerMetadata,namedRanges,"
    "sheets(properties(sheetId,title,index,gridProperties(rowCount,columnCount)),"
    "charts(chartId,position,spec),conditionalFormats,protectedRanges(protectedRangeId),bandedRanges(bandedRangeId,range),"
    "developerMetadata)"
)
CELLS = (
    "sheets(properties(sheetId),data(startRow,startColumn,rowData(values(userEnteredValue,note,"
    "userEnteredFormat(backgroundColorStyle)))))"
)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of a tab, 0-based, ends excluded."""

    tab: int
    top: int
    left: int
    bottom: int
    right: int

    def json(self) -> Json:
        """As a GridRange."""
        return {
            "sheetId": self.tab,
            "startRowIndex": self.top,
            "endRowIndex": self.bottom,
            "startColumnIndex": self.left,
            "endColumnIndex": self.right,
        }


@dataclass(frozen=True, slots=True)
class Mark(Generic[Kept]):
    """A mark of ours on a tab, with what it remembers."""

    id: int
    tab: int
    kept: Kept
    text: str


@dataclass(slots=True)
class CurrentTab:
    """One tab: its grid, its charts, and (when it is ours) what was entered in its cells."""

    id: int
    title: str
    rows: int
    columns: int
    charts: dict[int, Json] = field(default_factory=dict)
    values: dict[tuple[int, int], Json] = field(default_factory=dict)
    """ExtendedValue by row and column"""
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    colours: dict[tuple[int, int], Json] = field(default_factory=dict)
    bandings: dict[int, Json] = field(default_factory=dict)
    """range by id"""
    rules: list[Json] = field(default_factory=list)
    """conditional formats, the strongest first"""
    read: bool = False
    """whether its cells were read"""

    def used_rows(self) -> int:
        """Rows down to the last cell with anything in it."""
        return max((row + 1 for row, _ in (*self.values, *self.notes)), default=0)

    def taken(self, row: int, column: int) -> bool:
        """Whether a cell holds anything."""
        return (row, column) in self.values or (row, column) in self.notes


@dataclass(slots=True)
class Current:
    """The whole spreadsheet, as far as the sync needs to know it."""

    tabs: dict[int, CurrentTab] = field(default_factory=dict)
    areas: dict[str, tuple[str, Area]] = field(default_factory=dict)
    """named range id -> name and rectangle"""
    guards: set[int] = field(default_factory=set)
    tab_marks: dict[str, Mark[TabMark]] = field(default_factory=dict)
    block_marks: dict[str, Mark[BlockMark]] = field(default_factory=dict)
    locale: str = "en_US"
    time_zone: str = "Etc/GMT"
    generation: int = 0
    """counts the batches of every sync; two that start from the same count cannot both be sent"""
    generation_mark: int | None = None
    """id of the mark that holds the count"""

    @property
    def cells(self) -> int:
        """Cells of all grids, which Google limits to ten million."""
        return sum(tab.rows * tab.columns for tab in self.tabs.values())

    def area(self, kind: str, path: str) -> Area | None:
        """The rectangle of a banner or block, wherever people moved it."""
        found = self.areas.get(identity.text_id(kind, path))
        return found[1] if found and found[1].tab in self.tabs else None

    def tab(self, path: str) -> CurrentTab | None:
        """The tab that is ours for a path, whatever it is called now. A copy that a person made is theirs."""
        own = self.tabs.get(identity.number_id("tab", path))
        if own is not None:
            return own
        mark = self.tab_marks.get(path)
        return self.tabs.get(mark.tab) if mark else None


def _area(grid_range: Mapping[str, int], tabs: Mapping[int, CurrentTab]) -> Area | None:
    tab = tabs.get(int(grid_range.get("sheetId", 0)))
    if tab is None:
        return None
    return Area(
        tab.id,
        int(grid_range.get("startRowIndex", 0)),
        int(grid_range.get("startColumnIndex", 0)),
        int(grid_range.get("endRowIndex", tab.rows)),
        int(grid_range.get("endColumnIndex", tab.columns)),
    )


def read_structure(client: SpreadsheetClient) -> Current:
    """Everything but the cells; one call."""
    answer = client.read(STRUCTURE)
    properties = answer.get("properties", {})
    current = Current(locale=properties.get("locale", "en_US"), time_zone=properties.get("timeZone", "Etc/GMT"))
    for item in answer.get("developerMetadata", ()):
        if item.get("metadataKey") == identity.RUN and str(item.get("metadataValue", "")).isdigit():
            number = int(item["metadataValue"])
            if number >= current.generation:
                current.generation, current.generation_mark = number, int(item["metadataId"])
    for sheet in answer.get("sheets", ()):
        properties = sheet["properties"]
        grid = properties.get("gridProperties", {})
        tab = CurrentTab(
            int(properties.get("sheetId", 0)),
            str(properties["title"]),
            int(grid.get("rowCount", 0)),
            int(grid.get("columnCount", 0)),
            {int(chart["chartId"]): chart for chart in sheet.get("charts", ())},
            bandings={int(item["bandedRangeId"]): item.get("range", {}) for item in sheet.get("bandedRanges", ())},
            rules=list(sheet.get("conditionalFormats", ())),
        )
        current.tabs[tab.id] = tab
        current.guards |= {int(item["protectedRangeId"]) for item in sheet.get("protectedRanges", ())}
        for item in sheet.get("developerMetadata", ()):
            _note_mark(current, tab.id, item)
    for item in answer.get("namedRanges", ()):
        area = _area(item.get("range", {}), current.tabs)
        if area is not None:
            current.areas[str(item["namedRangeId"])] = str(item["name"]), area
    return current


def _note_mark(current: Current, tab: int, item: Json) -> None:
    number, text = int(item["metadataId"]), str(item.get("metadataValue", ""))
    # Copying a tab copies its marks under new ids: the mark with our own id is the real one, the copy a person's.
    kept = identity.load_tab(text) if item.get("metadataKey") == identity.TAB else None
    if kept and number == identity.number_id("tab-mark", kept.path):
        current.tab_marks[kept.path] = Mark(number, tab, kept, text)
    block = identity.load_block(text) if item.get("metadataKey") == identity.BLOCK else None
    if block and number == identity.number_id("block-mark", block.path):
        current.block_marks[block.path] = Mark(number, tab, block, text)


def read_current(client: SpreadsheetClient, report: str, made: Collection[int] = ()) -> Current:
    """Structure, then the cells of every tab that holds a part of the report; one or two calls.

    Args:
        client: the spreadsheet.
        report: the report's key.
        made: ids of tabs that are ours by their id alone, such as one whose making was cut short.
    """
    current = read_structure(client)
    prefix = f"{report}/"
    ours = {tab.id for path in current.tab_marks if path.startswith(prefix) and (tab := current.tab(path))}
    ours |= {tab for tab in current.tabs if tab in made}
    for path in current.block_marks:
        if path.startswith(prefix) and (area := current.area("block", path)):
            ours.add(area.tab)
    if ours:
        titles = [a1.tab(current.tabs[tab].title) for tab in sorted(ours)]
        for sheet in client.read(CELLS, titles).get("sheets", ()):
            _fill(current.tabs[int(sheet["properties"].get("sheetId", 0))], sheet)
    return current


def _fill(tab: CurrentTab, sheet: Json) -> None:
    tab.read = True
    for part in sheet.get("data", ()):
        top, left = int(part.get("startRow", 0)), int(part.get("startColumn", 0))
        for at, row in enumerate(part.get("rowData", ()), top):
            for column, cell in enumerate(row.get("values", ()), left):
                if value := cell.get("userEnteredValue"):
                    tab.values[at, column] = value
                    if len(cell) == 1:  # as in nearly all cells
                        continue
                if note := cell.get("note"):
                    tab.notes[at, column] = note
                if colour := cell.get("userEnteredFormat"):
                    tab.colours[at, column] = colour
