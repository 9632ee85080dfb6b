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
from revalign_udf.sheets import a1, identity, style
from revalign_udf.sheets.align import Alignment, Delete, Insert, Move, align
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import WantedBlock, chart_spec, extended, number_keys
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.requests import repeat, rows_request, write_cells

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
    requests: list[Json] = field(default_factory=list)


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
    change.requests.append({"addNamedRange": {"namedRange": named}})
    values: dict[tuple[int, int], Json | None] = {(row, 0): extended(wanted.block.title)}
    for column, value in enumerate(wanted.header()):
        values[area.top, column] = value
    for index in range(len(wanted.block.rows)):
        at = area.top + 1 + index
        values |= {(at, column): value for column, value in enumerate(wanted.row(index, at, columns))}
    change.requests += write_cells(tab, values)
    title = Area(tab, row, 0, row + 1, 1)
    change.requests.append(repeat(title, {"userEnteredFormat": style.TITLE}, "userEnteredFormat.textFormat"))
    change.requests += _header_requests(wanted, area, columns, look=True)
    change.requests += _format_requests(wanted, area, columns, set(range(wanted.width)))
    charts = _chart_requests(current, wanted, area, columns, place, before=())
    change.requests += charts
    change.requests += _guard_request(current, wanted.path, identifier)
    change.requests += _mark_request(current, tab, wanted.mark([chart.key for chart in wanted.block.charts]))
    change.words.append(f'new block "{wanted.block.title or wanted.block.key}"')
    if charts:
        change.words.append(f"{len(charts)} new chart{'s' if len(charts) > 1 else ''}")
    return change


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
        self.columns = self._columns()

    def run(self) -> BlockChange:
        after, rows_changed = self._rows()
        self._title()
        self._formats(after, rows_changed)
        self._charts(after, rows_changed)
        identifier = identity.text_id("block", self.wanted.path)
        if self.wanted.path not in self.current.block_marks:  # a run was cut off; later on a person may take it away
            self.change.requests += _guard_request(self.current, self.wanted.path, identifier)
        charts = dict.fromkeys([*self.mark.charts, *(chart.key for chart in self.wanted.block.charts)])
        self.change.requests += _mark_request(self.current, self.area.tab, self.wanted.mark(list(charts)))
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
            self.change.requests.append({"appendDimension": body})
        if right < area.right:
            gone = Area(area.tab, area.top, right, area.bottom, area.right)
            self.change.requests.append(repeat(gone, {}, "userEnteredValue,userEnteredFormat,note"))
        self.change.words.append("columns changed")

    # --- rows --------------------------------------------------------------------------------------------------------

    def _rows(self) -> tuple[Area, bool]:
        """Moves, deletes, inserts and writes rows; returns the new rectangle and whether rows moved."""
        area, wanted, tab, change = self.area, self.wanted, self.tab, self.change
        first = area.top + 1
        old = number_keys([tab.values.get((row, self.columns[0])) for row in range(first, area.bottom)])
        new = wanted.keys()
        plan = align(old, new, self._guarded())
        if area.bottom >= tab.rows and any(isinstance(step, Insert) for step in plan.steps):
            # Rows cannot be inserted after the very last one.
            body = {"sheetId": area.tab, "dimension": "ROWS", "length": 1}
            change.requests.append({"appendDimension": body})
        for step in plan.steps:
            change.requests.append(self._step(step, len(old)))
        right = max(self.columns[-1] + 1, area.left + 1)
        after = Area(area.tab, area.top, area.left, first + len(new), right)
        moved = bool(plan.steps)
        if after != area or moved:
            named = {"namedRangeId": identity.text_id("block", wanted.path), "range": after.json()}
            change.requests.append({"updateNamedRange": {"namedRange": named, "fields": "range"}})
        self._left_over(plan, after)
        cells = {
            (area.top, where): value
            for where, value in zip(self.columns, wanted.header(), strict=True)
            if value != tab.values.get((area.top, where))
        }
        for index, source in enumerate(plan.source):
            differs = self._compare(index, None if source is None else first + source)
            cells |= differs
            if new[index] not in set(old):
                change.inserted += 1
            elif differs:
                change.updated += 1
            else:
                change.unchanged += 1
        change.kept = len(plan.left_over)
        change.removed = len(set(old) - set(new)) - change.kept
        change.requests += write_cells(area.tab, cells)
        return after, moved

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

    def _step(self, step: Move | Delete | Insert, rows: int) -> Json:
        tab, first = self.area.tab, self.area.top + 1
        match step:
            case Move(start, to):
                return rows_request("moveDimension", tab, first + start, first + start + 1, destinationIndex=first + to)
            case Delete(start, end):
                return rows_request("deleteDimension", tab, first + start, first + end)
            case Insert(at, count):
                # New rows look like data: like the row before, or the one after when the row before is the header.
                where = first + at
                return rows_request("insertDimension", tab, where, where + count, inheritFromBefore=at > 0 or not rows)

    def _left_over(self, plan: Alignment, after: Area) -> None:
        """Rows without a record lose their numbers; what names them, and what people wrote beside, stays."""
        for index, source in enumerate(plan.left_over):
            row = self.area.top + 1 + source
            changes: dict[tuple[int, int], Json | None] = {
                (after.bottom + index, where): None for where in self.columns[1:] if (row, where) in self.tab.values
            }
            self.change.requests += write_cells(self.area.tab, changes)
        if plan.left_over:
            self.change.words.append(f"{len(plan.left_over)} rows no longer in the source kept beneath the block")

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
        title, above = self.wanted.block.title, (self.area.top - 1, self.area.left)
        if title != self.mark.title and above[0] >= 0 and _text(self.tab.values.get(above)) == self.mark.title:
            self.change.requests += write_cells(self.area.tab, {above: extended(title)})

    def _formats(self, after: Area, rows_changed: bool) -> None:
        wanted, mark = self.wanted, self.wanted.mark(())
        had_rows = self.area.bottom > self.area.top + 1
        everything = mark.currency != self.mark.currency or (rows_changed and not had_rows)
        fresh = {
            index
            for index, column in enumerate(mark.columns)
            if everything or index >= len(self.mark.columns) or self.mark.columns[index] != column
        }
        if rows_changed and not had_rows:  # the rows above were a header: its look must not run on
            data = Area(after.tab, after.top + 1, after.left, after.bottom, after.right)
            self.change.requests.append(repeat(data, {}, "userEnteredFormat"))
        self.change.requests += _format_requests(wanted, after, self.columns, fresh)
        look = mark.columns != self.mark.columns
        if look or mark.notes != self.mark.notes:
            self.change.requests += _header_requests(wanted, after, self.columns, look=look)

    def _charts(self, after: Area, rows_changed: bool) -> None:
        wanted, change = self.wanted, self.change
        reshaped = wanted.mark(()).columns != self.mark.columns
        for chart in wanted.block.charts if rows_changed or reshaped else ():
            number = identity.number_id("chart", f"{wanted.path}/{chart.key}")
            found = next((tab.charts[number] for tab in self.current.tabs.values() if number in tab.charts), None)
            if found is None:
                continue
            if reshaped:
                spec = chart_spec(wanted, chart, after, self.columns)
            else:
                spec = copy.deepcopy(found["spec"])
                _stretch(spec, self.area, after)
            change.requests.append({"updateChartSpec": {"chartId": number, "spec": spec}})
        made = _chart_requests(self.current, wanted, after, self.columns, self.place, before=self.mark.charts)
        change.requests += made
        if made:
            change.words.append(f"{len(made)} new chart{'s' if len(made) > 1 else ''}")


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
