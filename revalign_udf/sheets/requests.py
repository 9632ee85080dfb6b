"""The requests of ``batchUpdate``, as small as they can be said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area

__all__ = ["Outbox", "batches", "rows_request", "size", "write_cells"]

#: Google advises 2 MB a call; half a megabyte below leaves room for slow lines.
MAX_BYTES = 1_500_000
#: One request of cells stays well below one call.
MAX_CELLS = 4_000


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
    for top, left, right, rows in _rectangles(changes):
        step = max(1, MAX_CELLS // (right - left))
        for first in range(0, len(rows), step):
            part = rows[first : first + step]
            cells = [
                {"values": [{"userEnteredValue": value} if value is not None else {} for value in row]} for row in part
            ]
            start = {"sheetId": tab, "rowIndex": top + first, "columnIndex": left}
            made.append({"updateCells": {"start": start, "rows": cells, "fields": "userEnteredValue"}})
    return made


def _rectangles(
    changes: Mapping[tuple[int, int], Json | None],
) -> Iterator[tuple[int, int, int, list[list[Json | None]]]]:
    runs: dict[tuple[int, int], list[tuple[int, list[Json | None]]]] = {}
    for row, column, values in _runs(changes):
        runs.setdefault((column, column + len(values)), []).append((row, values))
    for (left, right), lines in runs.items():
        top, block = lines[0][0], [lines[0][1]]
        for row, values in lines[1:]:
            if row == top + len(block):
                block.append(values)
            else:
                yield top, left, right, block
                top, block = row, [values]
        yield top, left, right, block


def _runs(changes: Mapping[tuple[int, int], Json | None]) -> Iterator[tuple[int, int, list[Json | None]]]:
    place: tuple[int, int] | None = None
    values: list[Json | None] = []
    for (row, column), value in sorted(changes.items(), key=lambda item: item[0]):
        if place is not None and (row, column) == (place[0], place[1] + len(values)):
            values.append(value)
            continue
        if place is not None:
            yield *place, values
        place, values = (row, column), [value]
    if place is not None:
        yield *place, values


def size(requests: Sequence[Json]) -> int:
    """Bytes of the call that carries some requests."""
    return len(json.dumps({"requests": list(requests)}).encode())


class Outbox:
    """Requests in order, some of them inseparable."""

    def __init__(self) -> None:
        self.groups: list[tuple[Json, ...]] = []

    def each(self, requests: Iterable[Json]) -> None:
        """Adds requests that may be cut off from each other: a later run sees what is missing."""
        self.groups += [(request,) for request in requests]

    def together(self, requests: Iterable[Json]) -> None:
        """Adds requests that make sense only all at once; they go into one call."""
        if group := tuple(requests):
            self.groups.append(group)

    def take(self, other: Outbox) -> None:
        """Adds everything of another."""
        self.groups += other.groups


def batches(groups: Iterable[Sequence[Json]]) -> tuple[tuple[Json, ...], ...]:
    """Groups of requests in order, cut into calls below the advised size. Each call is all or nothing."""
    made: list[tuple[Json, ...]] = []
    batch: list[Json] = []
    total = 0
    for group in groups:
        weight = sum(len(json.dumps(request).encode()) + 2 for request in group)
        if batch and total + weight > MAX_BYTES:
            made.append(tuple(batch))
            batch, total = [], 0
        batch += group
        total += weight
    if batch:
        made.append(tuple(batch))
    return tuple(made)
