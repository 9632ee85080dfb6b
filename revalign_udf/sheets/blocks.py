"""One block: from what stands there to what is wanted, as requests.

Blocks of a tab are planned from the lowest up, so that rows inserted for one never shift what is planned for another.
A block's mark is written last: a run that was cut off before finds the old mark and sets the formats again.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Chart
from revalign_udf.sheets import a1, identity, style
from revalign_udf.sheets.align import Alignment, Delete, Insert, Move, align
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import WantedBlock, chart_spec, extended, number_keys
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.requests import Outbox, repeat, rows_request, write_cells

__all__ = ["BlockChange", "Place", "create_block", "update_block"]

CHART_WIDTH = 600
CHART_HEIGHT = 371
#: A chart's height in default rows, with a row of air.
CHART_ROWS = 19


@dataclass(slots=True)
class BlockChange:
    """What happens to a block: counts of rows, structural words, requests in order."""

    inserted: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    kept: int = 0
    """rows gone from the source but kept beneath the block, for somebody wrote beside them"""
    words: list[str] = field(default_factory=list)
    out: Outbox = field(default_factory=Outbox)


@dataclass(slots=True)
class Place:
    """Where new charts of a tab go: down a column to the right of the data."""

    row: int = 0


def _format_requests(wanted: WantedBlock, area: Area, columns: Sequence[int], only: set[int]) -> list[Json]:
    """Number formats of the data of some columns (by place in the block)."""
    made: list[Json] = []
    if area.bottom == area.top + 1:
        return made
    for index, (column, where) in enumerate(zip(wanted.block.columns, columns, strict=True)):
        found = style.number_format(column.unit, wanted.currency)
        if index in only and found is not None:
            cells = Area(area.tab, area.top + 1, where, area.bottom, where + 1)
            made.append(repeat(cells, {"userEnteredFormat": {"numberFormat": found}}, "userEnteredFormat.numberFormat"))
    return made


def _header_requests(wanted: WantedBlock, area: Area, columns: Sequence[int], *, look: bool) -> list[Json]:
    """Notes of the header, and its look when it is new."""
    made: list[Json] = []
    for column, where in zip(wanted.block.columns, columns, strict=True):
        cell: Json = {"note": column.note} if column.note else {}
        fields = "note"
        if look:
            cell["userEnteredFormat"] = style.HEADER(column)
            names = "textFormat,backgroundColorStyle,horizontalAlignment,verticalAlignment,wrapStrategy"
            fields += f",userEnteredFormat({names})"
        made.append(repeat(Area(area.tab, area.top, where, area.top + 1, where + 1), cell, fields))
    return made


def _mark_request(current: Current, tab: int, mark: BlockMark) -> list[Json]:
    """Creates or renews the block's mark when it says something new."""
    text = mark.dump()
    found = current.block_marks.get(mark.path)
    if found is not None:
        if found.text == text:
            return []
        lookup = {"developerMetadataLookup": {"metadataId": found.id}}
        value = {"dataFilters": [lookup], "developerMetadata": {"metadataValue": text}, "fields": "metadataValue"}
        return [{"updateDeveloperMetadata": value}]
    made = {
        "metadataId": identity.number_id("block-mark", mark.path),
        "metadataKey": identity.BLOCK,
        "metadataValue": text,
        "location": {"sheetId": tab},
        "visibility": "DOCUMENT",
    }
    return [{"createDeveloperMetadata": {"developerMetadata": made}}]


def _chart_requests(
    current: Current, wanted: WantedBlock, area: Area, columns: Sequence[int], place: Place, *, before: Sequence[str]
) -> list[Json]:
    """Charts that were never made; one a person deleted stays deleted."""
    requests: list[Json] = []
    tab = current.tabs.get(area.tab)
    there = {number for tab in current.tabs.values() for number in tab.charts}
    for chart in wanted.block.charts:
        number = identity.number_id("chart", f"{wanted.path}/{chart.key}")
        if chart.key in before or number in there:
            continue
        if tab is not None and area.right + 1 >= tab.columns:
            length = area.right + 2 - tab.columns
            requests.append({"appendDimension": {"sheetId": tab.id, "dimension": "COLUMNS", "length": length}})
            tab.columns += length
        row = max(place.row, area.top - 1)
        place.row = row + CHART_ROWS
        anchor = {"sheetId": area.tab, "rowIndex": row, "columnIndex": area.right + 1}
        overlay = {"anchorCell": anchor, "widthPixels": CHART_WIDTH, "heightPixels": CHART_HEIGHT}
        spec = chart_spec(wanted, chart, area, columns)
        body = {"chartId": number, "spec": spec, "position": {"overlayPosition": overlay}}
        requests.append({"addChart": {"chart": body}})
    return requests


def _guard_request(current: Current, path: str, name: str) -> list[Json]:
    """A protection that warns and lets people through; it stands on the named range and moves with it."""
    number = identity.number_id("guard", path)
    if number in current.guards:
        return []
    body = {
        "protectedRangeId": number,
        "namedRangeId": name,
        "warningOnly": True,
        "description": "Written by Revalign; the next sync writes over changes.",
    }
    return [{"addProtectedRange": {"protectedRange": body}}]


def create_block(current: Current, wanted: WantedBlock, tab: int, row: int, place: Place) -> BlockChange:
    """Writes a block that stands nowhere yet: title on ``row``, header beneath, then the data.

    The caller has made sure that the rows are free and on the grid.
    """
    change = BlockChange(inserted=len(wanted.block.rows))
    area = Area(tab, row + 1, 0, row + 2 + len(wanted.block.rows), wanted.width)
    columns = range(wanted.width)
    identifier = identity.text_id("block", wanted.path)
    named = {"namedRangeId": identifier, "name": identity.range_name(wanted.path), "range": area.json()}
    values: dict[tuple[int, int], Json | None] = {(row, 0): extended(wanted.block.title)}
    for column, value in enumerate(wanted.header()):
        values[area.top, column] = value
    for index in range(len(wanted.block.rows)):
        at = area.top + 1 + index
        values |= {(at, column): value for column, value in enumerate(wanted.row(index, at, columns))}
    charts = _chart_requests(current, wanted, area, columns, place, before=())
    change.out.each(
        [
            {"addNamedRange": {"namedRange": named}},
            *write_cells(tab, values),
            _title_look(tab, row, 0),
            *_header_requests(wanted, area, columns, look=True),
            *_format_requests(wanted, area, columns, set(range(wanted.width))),
            *charts,
            *_guard_request(current, wanted.path, identifier),
            *_mark_request(current, tab, wanted.mark([chart.key for chart in wanted.block.charts])),
        ]
    )
    change.words.append(f'new block "{wanted.block.title or wanted.block.key}"')
    if charts:
        change.words.append(_count(charts))
    return change


def _title_look(tab: int, row: int, column: int) -> Json:
    title = Area(tab, row, column, row + 1, column + 1)
    return repeat(title, {"userEnteredFormat": style.TITLE}, "userEnteredFormat.textFormat")


def _count(charts: Sequence[Json]) -> str:
    made = sum(1 for request in charts if "addChart" in request)
    return f"{made} new chart{'s' if made > 1 else ''}"


def update_block(current: Current, wanted: WantedBlock, area: Area, place: Place) -> BlockChange:
    """Brings a block that stands somewhere to what is wanted.

    Raises:
        SurfaceError: REV-703, it would have to write over what a person wrote.
    """
    return _Update(current, wanted, area, place).run()


class _Update:
    """The steps of one block, in the order of the requests."""

    def __init__(self, current: Current, wanted: WantedBlock, area: Area, place: Place) -> None:
        self.current, self.wanted, self.area, self.place = current, wanted, area, place
        self.tab: CurrentTab = current.tabs[area.tab]
        found = current.block_marks.get(wanted.path)
        self.mark = found.kept if found else BlockMark(wanted.path)
        self.change = BlockChange()
        self.resize: list[Json] = []
        self.columns = self._columns()
        first = area.top + 1
        self.old = number_keys([self.tab.values.get((row, self.columns[0])) for row in range(first, area.bottom)])
        self.new = wanted.keys()
        self.plan: Alignment = align(self.old, self.new, self._guarded())
        right = max(self.columns[-1] + 1, area.left + 1)
        self.after = Area(area.tab, area.top, area.left, first + len(self.new), right)
        """the rectangle as it will be"""

    def run(self) -> BlockChange:
        shape = self._shape()
        self.change.out.together(self.resize + shape)
        self.change.out.each(self._cells())
        self._title()
        self._formats()
        self._new_charts()
        if self.wanted.path not in self.current.block_marks:  # a run was cut off; later on a person may take it away
            identifier = identity.text_id("block", self.wanted.path)
            self.change.out.each(_guard_request(self.current, self.wanted.path, identifier))
        charts = dict.fromkeys([*self.mark.charts, *(chart.key for chart in self.wanted.block.charts)])
        self.change.out.each(_mark_request(self.current, self.area.tab, self.wanted.mark(list(charts))))
        return self.change

    # --- columns -----------------------------------------------------------------------------------------------------

    def _columns(self) -> list[int]:
        """Where each wanted column stands. Columns a person inserted inside the block are left to them."""
        area, wanted = self.area, self.wanted
        width = area.right - area.left
        known = len(self.mark.columns) or wanted.width
        plain = list(range(area.left, area.left + wanted.width))
        if width == wanted.width == known:
            return plain
        if width <= known:
            self._widen(plain[-1] + 1)
            return plain
        titles = [_text(self.tab.values.get((area.top, column))) for column in range(area.left, area.right)]
        places: list[int] = []
        at = 0
        for column in wanted.block.columns:
            if column.title not in titles[at:]:
                break
            at = titles.index(column.title, at) + 1
            places.append(area.left + at - 1)
        if len(places) < wanted.width:
            raise SurfaceError(
                f'Somebody inserted columns inside "{wanted.block.title}" and its own columns have changed since.',
                code="REV-703",
                hint=f"Move the inserted columns of {self.tab.title} to the right of the block and run again.",
            )
        return places

    def _widen(self, right: int) -> None:
        """The report has other columns now: room to the right must be free, columns left over are emptied."""
        area = self.area
        for row in range(area.top, area.bottom):
            for column in range(area.right, right):
                if self.tab.taken(row, column):
                    raise SurfaceError(
                        f'"{self.wanted.block.title}" has more columns now, and '
                        f"{self.tab.title}!{a1.cell(row, column)} beside it is not empty.",
                        code="REV-703",
                        hint="Insert columns to the right of the block, or move what stands there.",
                    )
        if right > self.tab.columns:
            length = right - self.tab.columns + 1
            body = {"sheetId": area.tab, "dimension": "COLUMNS", "length": length}
            self.resize.append({"appendDimension": body})
        if right < area.right:
            gone = Area(area.tab, area.top, right, area.bottom, area.right)
            self.resize.append(repeat(gone, {}, "userEnteredValue,userEnteredFormat,note"))
        self.change.words.append("columns changed")

    # --- rows --------------------------------------------------------------------------------------------------------

    def _shape(self) -> list[Json]:
        """Everything that follows from rows moving: one call, for a later run could not tell it was half done."""
        area, tab, plan = self.area, self.tab, self.plan
        made: list[Json] = []
        if area.bottom >= tab.rows and any(isinstance(step, Insert) for step in plan.steps):
            # Rows cannot be inserted after the very last one.
            made.append({"appendDimension": {"sheetId": area.tab, "dimension": "ROWS", "length": 1}})
        made += [self._step(step) for step in plan.steps]
        if plan.steps or self.after != area:
            named = {"namedRangeId": identity.text_id("block", self.wanted.path), "range": self.after.json()}
            made.append({"updateNamedRange": {"namedRange": named, "fields": "range"}})
        made += self._left_over()
        if plan.steps and not self.old:  # the row above was the header: its look must not run on
            data = Area(area.tab, self.after.top + 1, area.left, self.after.bottom, self.after.right)
            made.append(repeat(data, {}, "userEnteredFormat"))
            made += _format_requests(self.wanted, self.after, self.columns, set(range(self.wanted.width)))
        reshaped = self.wanted.mark(()).columns != self.mark.columns
        for chart in self.wanted.block.charts if plan.steps or reshaped else ():
            made += self._redraw(chart, reshaped=reshaped)
        return made

    def _cells(self) -> list[Json]:
        """Values that differ; counts the rows on the way."""
        tab, change, first = self.tab, self.change, self.area.top + 1
        cells: dict[tuple[int, int], Json | None] = {
            (self.area.top, where): value
            for where, value in zip(self.columns, self.wanted.header(), strict=True)
            if value != tab.values.get((self.area.top, where))
        }
        known = set(self.old)
        for index, source in enumerate(self.plan.source):
            differs = self._compare(index, None if source is None else first + source)
            cells |= differs
            if self.new[index] not in known:
                change.inserted += 1
            elif differs:
                change.updated += 1
            else:
                change.unchanged += 1
        change.kept = len(self.plan.left_over)
        change.removed = len(known - set(self.new)) - change.kept
        return write_cells(self.area.tab, cells)

    def _guarded(self) -> set[int]:
        """Data rows in which a person keeps something: beside the block, in a column of theirs inside it, or a note."""
        own = set(self.columns)
        first, last = self.area.top + 1, self.area.bottom
        beside = {row for row, column in self.tab.values if first <= row < last and column not in own}
        if self.columns == list(range(self.area.left, self.area.left + self.wanted.width)):
            # Columns the report has dropped are ours, not a person's.
            dropped = set(range(self.columns[-1] + 1, self.area.right))
            beside = {row for row, column in self.tab.values if first <= row < last and column not in own | dropped}
        noted = {row for row, _ in self.tab.notes if first <= row < last}
        return {row - first for row in beside | noted}

    def _step(self, step: Move | Delete | Insert) -> Json:
        tab, first = self.area.tab, self.area.top + 1
        match step:
            case Move(start, to):
                return rows_request("moveDimension", tab, first + start, first + start + 1, destinationIndex=first + to)
            case Delete(start, end):
                return rows_request("deleteDimension", tab, first + start, first + end)
            case Insert(at, count):
                # New rows look like data: like the row before, or the one after when the row before is the header.
                where = first + at
                return rows_request(
                    "insertDimension", tab, where, where + count, inheritFromBefore=at > 0 or not self.old
                )

    def _left_over(self) -> list[Json]:
        """Rows without a record lose their numbers; what names them, and what people wrote beside, stays."""
        made: list[Json] = []
        for index, source in enumerate(self.plan.left_over):
            row = self.area.top + 1 + source
            changes: dict[tuple[int, int], Json | None] = {
                (self.after.bottom + index, where): None
                for where in self.columns[1:]
                if (row, where) in self.tab.values
            }
            made += write_cells(self.area.tab, changes)
        if made:
            self.change.words.append(f"{len(self.plan.left_over)} rows no longer in the source kept beneath the block")
        return made

    def _compare(self, index: int, source: int | None) -> dict[tuple[int, int], Json | None]:
        """The cells of a wanted row that differ from the row now standing there."""
        at = self.area.top + 1 + index
        differs: dict[tuple[int, int], Json | None] = {}
        for where, value in zip(self.columns, self.wanted.row(index, at, self.columns), strict=True):
            have = None if source is None else self.tab.values.get((source, where))
            if have and source is not None and "formulaValue" in have:
                have = {"formulaValue": a1.rebase(str(have["formulaValue"]), source, at)}
            if have != value:
                differs[at, where] = value
        return differs

    # --- what is set once --------------------------------------------------------------------------------------------

    def _title(self) -> None:
        """Renews the title above the header, unless a person has changed or moved it."""
        title, row, column = self.wanted.block.title, self.area.top - 1, self.area.left
        if row < 0 or title == self.mark.title:
            return
        have = _text(self.tab.values.get((row, column)))
        if have == self.mark.title:
            self.change.out.each(write_cells(self.area.tab, {(row, column): extended(title)}))
        if self.wanted.path not in self.current.block_marks and have in {"", title}:
            self.change.out.each([_title_look(self.area.tab, row, column)])

    def _formats(self) -> None:
        wanted, mark = self.wanted, self.wanted.mark(())
        fresh = {
            index
            for index, column in enumerate(mark.columns)
            if mark.currency != self.mark.currency or self.mark.columns[index : index + 1] != (column,)
        }
        self.change.out.each(_format_requests(wanted, self.after, self.columns, fresh))
        look = mark.columns != self.mark.columns
        if look or mark.notes != self.mark.notes:
            self.change.out.each(_header_requests(wanted, self.after, self.columns, look=look))

    def _redraw(self, chart: Chart, *, reshaped: bool) -> list[Json]:
        """The chart over the block's new rows, or over its new columns."""
        number = identity.number_id("chart", f"{self.wanted.path}/{chart.key}")
        found = next((tab.charts[number] for tab in self.current.tabs.values() if number in tab.charts), None)
        if found is None:
            return []
        if reshaped:
            spec = chart_spec(self.wanted, chart, self.after, self.columns)
        else:
            spec = copy.deepcopy(found["spec"])
            _stretch(spec, self.area, self.after)
        return [{"updateChartSpec": {"chartId": number, "spec": spec}}]

    def _new_charts(self) -> None:
        before = self.mark.charts
        made = _chart_requests(self.current, self.wanted, self.after, self.columns, self.place, before=before)
        self.change.out.each(made)
        if made:
            self.change.words.append(_count(made))


def _stretch(node: Any, before: Area, after: Area) -> None:
    """A chart over all rows of a block goes on covering all of them; whatever else a person set in it stays."""
    if isinstance(node, list):
        for item in node:
            _stretch(item, before, after)
    elif isinstance(node, dict):
        for source in node.get("sources", ()):
            same_tab = int(source.get("sheetId", 0)) == before.tab
            if same_tab and (source.get("startRowIndex", 0), source.get("endRowIndex")) == (before.top, before.bottom):
                source["startRowIndex"], source["endRowIndex"] = after.top, after.bottom
        for item in node.values():
            _stretch(item, before, after)


def _text(value: Json | None) -> str:
    return str(next(iter(value.values()))) if value else ""
