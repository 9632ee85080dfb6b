"""The requests of ``batchUpdate``, as small as they can be said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area

__all__ = [
    "MAX_BYTES", "SKIP", "Outbox", "Patch", "Request", "batches", "repeat", "rows_request", "split", "weigh",
    "write_cells",
]  # fmt: skip

#: Google advises 2 MB a call; half a megabyte below leaves room for slow lines.
MAX_BYTES = 1_500_000
#: One request of cells stays well below one call: in cells, and in bytes, for a cell may hold 50,000 characters.
MAX_CELLS = 4_000
MAX_PART = 400_000
#: Stands for a cell that is not written; as plain values it is a null, which Google passes over.
SKIP: Json = {}
#: A range of plain values costs as much as this many nulls.
_GAP = 8

Table = list[list[Json | None]]


def rows_request(kind: str, tab: int, start: int, end: int, **more: object) -> Json:
    """``insertDimension``, ``deleteDimension`` or ``moveDimension`` over whole rows."""
    span = {"sheetId": tab, "dimension": "ROWS", "startIndex": start, "endIndex": end}
    return {kind: {"source" if kind == "moveDimension" else "range": span, **more}}


def repeat(area: Area, cell: Json, fields: str) -> Json:
    """One look for a whole rectangle."""
    return {"repeatCell": {"range": area.json(), "cell": cell, "fields": fields}}


def write_cells(tab: int, changes: Mapping[tuple[int, int], Json | None]) -> list[Json]:
    """Values of single cells as few rectangles: runs of a row, joined with equal runs of the rows beneath.

    None empties a cell.
    """
    made: list[Json] = []
    for top, left, rows in _rectangles(changes):
        cells = [
            {"values": [{"userEnteredValue": value} if value is not None else {} for value in row]} for row in rows
        ]
        start = {"sheetId": tab, "rowIndex": top, "columnIndex": left}
        made.append({"updateCells": {"start": start, "rows": cells, "fields": "userEnteredValue"}})
    return made


@dataclass(frozen=True, slots=True)
class Patch:
    """The cells of a block that differ.

    ``standing`` holds, by row, what stands in the block's ``columns`` of the rows that are written in.
    """

    tab: int
    changes: Mapping[tuple[int, int], Json | None]
    columns: Sequence[int] = ()
    standing: Mapping[int, Sequence[Json | None]] = field(default_factory=dict)

    def requests(self) -> list[Json]:
        """Exactly the cells that differ, as ``updateCells``."""
        return write_cells(self.tab, self.changes)

    def sparse(self) -> Iterator[tuple[int, int, Table]]:
        """Exactly the cells that differ, as rectangles (row, column, cells) in which others are passed over."""
        return _rectangles(self.changes, _GAP)

    def whole(self) -> list[Json]:
        """The rows in which something differs, whole: what stands in their other cells is written again."""
        cells = {
            (row, column): value
            for row, line in self.standing.items()
            for column, value in zip(self.columns, line, strict=True)
        }
        return write_cells(self.tab, cells | dict(self.changes))


#: Of ``batchUpdate``, or cells that become requests when it is known how they are best sent.
Request = Json | Patch


def split(top: int, left: int, rows: Table) -> Iterator[tuple[int, int, Table]]:
    """A rectangle cut into parts that one request may carry: by rows, and a row by columns."""
    width = max(len(row) for row in rows)
    if len(rows) * width == 1 or (len(rows) * width <= MAX_CELLS and _light(rows)):
        yield top, left, rows
    elif len(rows) > 1:
        half = max(1, min(len(rows) // 2, MAX_CELLS // width))
        for at in range(0, len(rows), half):
            yield from split(top + at, left, rows[at : at + half])
    else:
        half = min(width // 2, MAX_CELLS)
        for at in range(0, width, half):
            yield from split(top, left + at, [rows[0][at : at + half]])


def _light(rows: Table) -> bool:
    """Whether cells weigh no more than one request should carry."""
    texts = sum(len(text) for row in rows for cell in row if cell for text in cell.values() if type(text) is str)
    # at most: a sign takes six bytes when it must be escaped, a number with its name 50
    return 6 * texts + 50 * sum(map(len, rows)) <= MAX_PART or weigh(rows) <= MAX_PART


def _rectangles(changes: Mapping[tuple[int, int], Json | None], gap: int = 0) -> Iterator[tuple[int, int, Table]]:
    runs: dict[tuple[int, int], list[tuple[int, list[Json | None]]]] = {}
    for row, column, values in _runs(changes, gap):
        runs.setdefault((column, column + len(values)), []).append((row, values))
    for (left, _), lines in runs.items():
        top, block = lines[0][0], [lines[0][1]]
        for row, values in lines[1:]:
            if row == top + len(block):
                block.append(values)
            else:
                yield from split(top, left, block)
                top, block = row, [values]
        yield from split(top, left, block)


def _runs(changes: Mapping[tuple[int, int], Json | None], gap: int) -> Iterator[tuple[int, int, list[Json | None]]]:
    """Cells that stand beside each other in a row; gaps up to some length are passed over inside a run."""
    first, start, values = -1, 0, list[Json | None]()
    for row, column in sorted(changes):
        missing = column - start - len(values)
        if row == first and missing <= gap:
            values += [SKIP] * missing
            values.append(changes[row, column])
            continue
        if values:
            yield first, start, values
        first, start, values = row, column, [changes[row, column]]
    if values:
        yield first, start, values


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def weigh(body: object) -> int:
    """Bytes of a body, or a part of one, on the wire."""
    return len(_ENCODER.encode(body).encode())


class Outbox:
    """Requests in order, some of them inseparable; cells that differ as patches."""

    def __init__(self) -> None:
        self.groups: list[tuple[Request, ...]] = []

    def each(self, requests: Iterable[Json]) -> None:
        """Adds requests that may be cut off from each other: a later run sees what is missing."""
        self.groups += [(request,) for request in requests]

    def together(self, requests: Iterable[Json]) -> None:
        """Adds requests that make sense only all at once; they go into one call."""
        if group := tuple(requests):
            self.groups.append(group)

    def patch(self, cells: Patch) -> None:
        """Adds cells that differ, if any; they may be cut off from each other."""
        if cells.changes:
            self.groups.append((cells,))

    def take(self, other: Outbox) -> None:
        """Adds everything of another."""
        self.groups += other.groups


def batches(groups: Iterable[Sequence[Json]]) -> list[tuple[Json, ...]]:
    """Groups of requests in order, cut into calls below the advised size. Each call is all or nothing."""
    made: list[tuple[Json, ...]] = []
    batch: list[Json] = []
    total = 0
    for group in groups:
        weight = sum(weigh(request) + 1 for request in group)
        if batch and total + weight > MAX_BYTES:
            made.append(tuple(batch))
            batch, total = [], 0
        batch += group
        total += weight
    if batch:
        made.append(tuple(batch))
    return made
