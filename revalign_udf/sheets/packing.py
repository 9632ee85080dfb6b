"""Requests become calls: as few and as small as can be.

============================================== ========================================================================
what is to be sent                             how
============================================== ========================================================================
structure and some cells                       one ``batchUpdate``, all or nothing
many single cells and nothing else             one ``values:batchUpdate`` (RAW): a third of the bytes; cells between
                                               them that stay are passed over
more than one call may carry                   values into a hidden tab by ``values:batchUpdate``, then one
                                               ``batchUpdate`` that copies them into place, with all structure: the
                                               sheet is never seen half done. Where the cells that differ are too
                                               scattered for one call to name, the rows they stand in are copied whole
============================================== ========================================================================

Every ``batchUpdate`` counts the spreadsheet's generation on by creating a mark whose id follows from the count: of two
syncs that planned from the same state the second is refused whole, and plans again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from revalign_udf.sheets import a1, identity, requests
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current
from revalign_udf.sheets.requests import SKIP, Patch, Request, Table

__all__ = ["STAGE_TITLE", "Batch", "Call", "Values", "pack", "stage_tab"]

STAGE_TITLE = "_revalign_stage"
#: Google's limit for a spreadsheet.
MAX_CELLS = 10_000_000
#: Values alone are worth a call of their own kind from here on.
SMALL = 64_000
#: Cells of one range of a full load; a call may be cut between any two.
PIECE = 4_000
#: A rectangle of fewer cells travels with the structure.
_FEW = 40


@dataclass(frozen=True)
class Batch:
    """One ``spreadsheets.batchUpdate``."""

    requests: tuple[Json, ...]
    last: bool = False
    """its answer shows where the blocks stand afterwards"""

    @cached_property
    def bytes(self) -> int:
        """What its body weighs."""
        more = {"includeSpreadsheetInResponse": True} if self.last else {}
        return requests.weigh({"requests": list(self.requests), **more})


@dataclass(frozen=True)
class Values:
    """One ``spreadsheets.values.batchUpdate``, RAW."""

    data: tuple[Json, ...]

    @cached_property
    def bytes(self) -> int:
        """What its body weighs."""
        return requests.weigh({"valueInputOption": "RAW", "data": list(self.data)})


Call = Batch | Values


def stage_tab() -> int:
    """The id of the hidden tab on which full loads are staged."""
    return identity.number_id("stage", identity.WHOLE)


def pack(groups: Sequence[Sequence[Request]], current: Current, titles: Mapping[int, str]) -> tuple[Call, ...]:
    """Requests in order, as calls.

    Args:
        groups: requests that must not be parted.
        current: the spreadsheet before.
        titles: of the tabs that stand there already.
    """
    parts = list(groups)
    if stage_tab() in current.tabs:
        parts.insert(0, ({"deleteSheet": {"sheetId": stage_tab()}},))
    if not parts:
        return ()
    exact = [piece for group in parts for piece in _spelt(group)]
    flat = [request for group in exact for request in group]
    total = _weight(flat)
    counter = _Counter(current)
    if total > SMALL and all(_only_values(request, titles) for request in flat):
        plain = tuple(islice(_values([request for group in parts for request in group], titles), 2))
        if len(plain) == 1:
            return plain
    room = MAX_CELLS - current.cells - _grown(flat, current)
    if total <= requests.MAX_BYTES:
        calls: tuple[Call, ...] = (counter.batch(flat),)
    elif (staged := _stage(flat, room) or _stage(_whole(parts), room)) is not None:
        calls = staged.calls(counter)
    else:
        calls = tuple(counter.batch(batch) for batch in requests.batches(exact))
    final = calls[-1]
    assert isinstance(final, Batch)
    return (*calls[:-1], replace(final, last=True))


def _spelt(group: Sequence[Request]) -> list[tuple[Json, ...]]:
    """A group as requests; those of a patch may be parted."""
    if any(isinstance(request, Patch) for request in group):
        return [(made,) for request in group if isinstance(request, Patch) for made in request.requests()]
    return [tuple(request for request in group if not isinstance(request, Patch))]


def _whole(groups: Sequence[Sequence[Request]]) -> list[Json]:
    made: list[Json] = []
    for request in (request for group in groups for request in group):
        made += request.whole() if isinstance(request, Patch) else [request]
    return made


def _grown(flat: Sequence[Json], current: Current) -> int:
    """Cells that requests add to the tabs that stand there, while the stage stands too."""
    total = 0
    for request in flat:
        grown = request.get("insertDimension", request.get("appendDimension"))
        if grown is None:
            continue
        span = grown.get("range", grown)
        tab = current.tabs.get(int(span["sheetId"]))
        length = int(grown["length"]) if "length" in grown else int(span["endIndex"]) - int(span["startIndex"])
        if tab is not None:
            total += length * (tab.columns if span["dimension"] == "ROWS" else tab.rows)
    return total


def _weight(flat: Sequence[Json]) -> int:
    """Bytes of requests; more than one call may carry is not counted to the end."""
    total = 0
    for request in flat:
        total += requests.weigh(request) + 1
        if total > requests.MAX_BYTES:
            break
    return total


class _Counter:
    """Counts batches on."""

    def __init__(self, current: Current) -> None:
        self.number, self.mark = current.generation, current.generation_mark

    def batch(self, made: Iterable[Json]) -> Batch:
        self.number += 1
        fresh = identity.number_id("run", str(self.number))
        body = {
            "metadataId": fresh,
            "metadataKey": identity.RUN,
            "metadataValue": str(self.number),
            "location": {"spreadsheet": True},
            "visibility": "DOCUMENT",
        }
        count: list[Json] = [{"createDeveloperMetadata": {"developerMetadata": body}}]
        if self.mark is not None:
            lookup = {"developerMetadataLookup": {"metadataId": self.mark}}
            count.append({"deleteDeveloperMetadata": {"dataFilter": lookup}})
        self.mark = fresh
        return Batch((*count, *made))


def _cells(request: Json) -> list[list[Json | None]] | None:
    """The values of an ``updateCells`` that writes values alone."""
    body = request.get("updateCells")
    if body is None or body.get("fields") != "userEnteredValue":
        return None
    return [[cell.get("userEnteredValue") for cell in row.get("values", ())] for row in body["rows"]]


def _only_values(request: Json, titles: Mapping[int, str]) -> bool:
    rows = _cells(request)
    if rows is None or int(request["updateCells"]["start"]["sheetId"]) not in titles:
        return False
    return not any(cell and "formulaValue" in cell for row in rows for cell in row)


def _scalar(cell: Json | None) -> object:
    """A value for RAW input: the empty text clears, a null passes the cell over."""
    if cell is SKIP:
        return None
    return next(iter(cell.values())) if cell else ""


def _values(flat: Iterable[Request], titles: Mapping[int, str]) -> Iterator[Values]:
    def data() -> Iterator[Json]:
        for request in flat:
            for tab, top, left, rows in _tables(request):
                place = f"{a1.tab(titles[tab])}!{a1.cell(top, left)}"
                width = max(len(row) for row in rows)
                if len(rows) > 1 or width > 1:
                    place += ":" + a1.cell(top + len(rows) - 1, left + width - 1)
                yield {"range": place, "values": [[_scalar(cell) for cell in row] for row in rows]}

    return _chunks(data())


def _tables(request: Request) -> Iterator[tuple[int, int, int, Table]]:
    """Tab, row, column and cells of what writes nothing but values."""
    if isinstance(request, Patch):
        for top, left, rows in request.sparse():
            yield request.tab, top, left, rows
        return
    start = request["updateCells"]["start"]
    yield int(start["sheetId"]), int(start["rowIndex"]), int(start["columnIndex"]), _cells(request) or []


def _chunks(data: Iterable[Json]) -> Iterator[Values]:
    part: list[Json] = []
    weight = 0
    for item in data:
        size = requests.weigh(item) + 1
        if part and weight + size > requests.MAX_BYTES:
            yield Values(tuple(part))
            part, weight = [], 0
        part.append(item)
        weight += size
    if part:
        yield Values(tuple(part))


@dataclass(slots=True)
class _Staged:
    """Rectangles of values one beneath another, and the requests that bring them into place."""

    rows: Table
    width: int
    final: list[Json]

    def calls(self, counter: _Counter) -> tuple[Call, ...]:
        grid = {"rowCount": len(self.rows), "columnCount": self.width}
        properties = {"sheetId": stage_tab(), "title": STAGE_TITLE, "hidden": True, "gridProperties": grid}
        opening: list[Json] = [{"addSheet": {"properties": properties}}]
        final = self.final
        if final and "deleteSheet" in final[0]:  # a stage that a run left behind
            opening, final = [final[0], *opening], final[1:]
        first = counter.batch(opening)
        loads = tuple(_chunks(self._data()))
        return (first, *loads, counter.batch([*final, {"deleteSheet": {"sheetId": stage_tab()}}]))

    def _data(self) -> Iterable[Json]:
        """Some rows at a time, so that a call may be cut between any two."""
        step = max(1, PIECE // max(1, self.width))
        for first in range(0, len(self.rows), step):
            for top, left, part in requests.split(first, 0, self.rows[first : first + step]):
                rows = [
                    [None if cell is None or "formulaValue" in cell else next(iter(cell.values())) for cell in row]
                    for row in part
                ]
                last = a1.cell(top + len(rows) - 1, left + max(len(row) for row in rows) - 1)
                yield {"range": f"{a1.tab(STAGE_TITLE)}!{a1.cell(top, left)}:{last}", "values": rows}


def _stage(flat: Sequence[Json], room: int) -> _Staged | None:
    """A full load through the stage; None where its last call would be too large, or the stage has no room."""
    rows: Table = []
    final: list[Json] = []
    width = weight = counted = 0
    for request in flat:
        weight += sum(requests.weigh(made) + 1 for made in final[counted:])
        counted = len(final)
        if weight > requests.MAX_BYTES:
            return None
        cells = _cells(request)
        if cells is None or sum(len(row) for row in cells) < _FEW:
            final.append(request)
            continue
        start = request["updateCells"]["start"]
        tab, top, left = int(start["sheetId"]), int(start["rowIndex"]), int(start["columnIndex"])
        across = max(len(row) for row in cells)
        source = Area(stage_tab(), len(rows), 0, len(rows) + len(cells), across)
        target = Area(tab, top, left, top + len(cells), left + across)
        final.append(
            {"copyPaste": {"source": source.json(), "destination": target.json(), "pasteType": "PASTE_VALUES"}}
        )
        final += _formulas(cells, target)
        rows += cells
        width = max(width, across)
    fits = len(rows) * width <= room and _weight(final) <= requests.MAX_BYTES
    return _Staged(rows, width, final) if rows and fits else None


def _formulas(cells: Sequence[Sequence[Json | None]], area: Area) -> list[Json]:
    """Formulas that repeat down a column as one request; its references move with the row."""
    made: list[Json] = []
    for across in range(area.right - area.left):
        at = 0
        while at < len(cells):
            cell = cells[at][across] if across < len(cells[at]) else None
            if not cell or "formulaValue" not in cell:
                at += 1
                continue
            first, text = at, str(cell["formulaValue"])
            at += 1
            while at < len(cells) and cells[at][across] == {"formulaValue": a1.shifted(text, at - first)}:
                at += 1
            column = area.left + across
            run = Area(area.tab, area.top + first, column, area.top + at, column + 1)
            made.append(requests.repeat(run, {"userEnteredValue": cell}, "userEnteredValue"))
    return made
