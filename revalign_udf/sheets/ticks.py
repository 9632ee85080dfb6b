"""Refresh boxes: who asked for fresh numbers on a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from revalign_udf.sheets import a1, identity
from revalign_udf.sheets.client import Json, SpreadsheetClient

__all__ = ["Tick", "ticked", "untick"]

_BOXES = "namedRanges,sheets(properties(sheetId,title))"


@dataclass(frozen=True, slots=True)
class Tick:
    """A ticked box: the title of its tab, and the cell."""

    tab: str
    cell: str


def ticked(client: SpreadsheetClient) -> tuple[Tick, ...]:
    """The boxes that are ticked; two small reads, one where the spreadsheet has no box.

    Raises:
        SurfaceError: REV-702, not reachable or not shared.
        Retriable: REV-505, still busy after every attempt.
    """
    answer = client.read(_BOXES)
    titles = {int(item["properties"].get("sheetId", 0)): str(item["properties"]["title"]) for item in answer["sheets"]}
    boxes: list[Tick] = []
    for item in answer.get("namedRanges", ()):
        area: Json = item.get("range", {})
        tab = int(area.get("sheetId", 0))
        # By its name: the id of a box follows from a path that only the report knows.
        if str(item["namedRangeId"]).startswith(identity.BOX) and tab in titles:
            cell = a1.cell(int(area.get("startRowIndex", 0)), int(area.get("startColumnIndex", 0)))
            boxes.append(Tick(titles[tab], cell))
    if not boxes:
        return ()
    found = client.values([f"{a1.tab(box.tab)}!{box.cell}" for box in boxes])
    return tuple(box for box, values in zip(boxes, found, strict=True) if values and values[0] and values[0][0] is True)


def untick(client: SpreadsheetClient, ticks: Sequence[Tick]) -> None:
    """Empties boxes once what they ask for is on record; one write.

    Raises:
        AmbiguousWrite: no answer came; look again.
        SurfaceError: REV-702, not reachable or not shared.
    """
    if ticks:
        client.write_values([{"range": f"{a1.tab(tick.tab)}!{tick.cell}", "values": [[False]]} for tick in ticks])
