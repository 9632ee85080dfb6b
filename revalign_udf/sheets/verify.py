"""Does the sheet say what the engine says? Every cell of every block, by record, not by place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from revalign_udf.layout.model import Report
from revalign_udf.sheets import a1
from revalign_udf.sheets.change import show
from revalign_udf.sheets.client import Json, SpreadsheetClient
from revalign_udf.sheets.current import Area, Current, read_structure
from revalign_udf.sheets.desired import WantedBlock, extended, wanted_tabs
from revalign_udf.sheets.rows import record_keys

__all__ = ["Difference", "Verification", "verify_report"]

_CELLS = "sheets(properties(sheetId),data(startRow,startColumn,rowData(values(effectiveValue))))"
#: A formula adds in another order than we do; its last digits may differ.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell, row or block that differs: where, what the sheet shows, what the engine answers."""

    tab: str
    cell: str
    row: str
    column: str
    sheet: str
    engine: str
    kind: str = "cell"

    def as_json(self) -> Json:
        """The stable JSON form."""
        return {
            "tab": self.tab, "cell": self.cell, "row": self.row, "column": self.column, "sheet": self.sheet,
            "engine": self.engine, "kind": self.kind,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verification:
    """How many cells were compared, and those that differ. ``extra``: rows of people's own inside blocks."""

    key: str
    url: str
    compared: int
    differences: tuple[Difference, ...]
    extra: int = 0

    @property
    def ok(self) -> bool:
        """Whether sheet and engine agree."""
        return not self.differences

    def as_json(self) -> Json:
        """The stable JSON form."""
        return {
            "spreadsheet": self.key,
            "url": self.url,
            "status": "ok" if self.ok else "differs",
            "compared": self.compared,
            "differences": [item.as_json() for item in self.differences],
            "extra_rows": self.extra,
        }


def verify_report(client: SpreadsheetClient, report: Report, tabs: Sequence[str] = ()) -> Verification:
    """Compares what a spreadsheet shows with a report, cell by cell; two reads.

    Raises:
        SurfaceError: REV-702, not reachable or not shared.
        UnknownName: REV-101, a tab the report does not have.
    """
    current = read_structure(client)
    blocks = [(tab.name, block) for tab in wanted_tabs(report, only=tabs) for block in tab.blocks]
    areas = {block.path: current.area("block", block.path) for _, block in blocks}
    titles = sorted({current.tabs[area.tab].title for area in areas.values() if area})
    shown = _shown(client, titles)
    compared, extra = 0, 0
    found: list[Difference] = []
    for name, block in blocks:
        area = areas[block.path]
        if area is None:
            title = block.block.title or block.block.key
            found.append(
                Difference(name, "", "", title, "(not on the sheet)", f"{len(block.block.rows)} rows", "block")
            )
            continue
        count, more, differs = _block(current, block, area, shown.get(area.tab, {}))
        compared, extra = compared + count, extra + more
        found += differs
    return Verification(client.key, client.url, compared, tuple(found), extra)


def _shown(client: SpreadsheetClient, titles: Sequence[str]) -> dict[int, dict[tuple[int, int], Json]]:
    found: dict[int, dict[tuple[int, int], Json]] = {}
    if not titles:
        return found
    for sheet in client.read(_CELLS, [a1.tab(title) for title in titles]).get("sheets", ()):
        cells = found.setdefault(int(sheet["properties"].get("sheetId", 0)), {})
        for part in sheet.get("data", ()):
            top, left = int(part.get("startRow", 0)), int(part.get("startColumn", 0))
            for down, row in enumerate(part.get("rowData", ())):
                for across, cell in enumerate(row.get("values", ())):
                    if value := cell.get("effectiveValue"):
                        cells[top + down, left + across] = value
    return found


def _block(
    current: Current, wanted: WantedBlock, area: Area, shown: dict[tuple[int, int], Json]
) -> tuple[int, int, list[Difference]]:
    tab = current.tabs[area.tab].title
    columns, missing = _columns(wanted, area, shown)
    found = [
        Difference(tab, a1.cell(area.top, area.left), "header", title, "(no such column)", title, "column")
        for title in missing
    ]
    if missing:
        return 0, 0, found
    rows = range(area.top + 1, area.bottom)
    at_keys = [columns[at] for at in wanted.key_columns]
    places = dict(zip(record_keys([[shown.get((row, at)) for at in at_keys] for row in rows]), rows, strict=True))
    compared = 0
    keys = wanted.keys()
    for key, line in zip(keys, wanted.block.rows, strict=True):
        row = places.get(key)
        named = key.replace("\x1f", " · ").replace("'", "")
        if row is None:
            found.append(Difference(tab, "", named, "", "(no such row)", "a row", "row"))
            continue
        for column, where, cell in zip(wanted.block.columns, columns, line, strict=True):
            have, want = shown.get((row, where)), extended(cell.value)
            compared += 1
            if not _agree(have, want, formula=bool(cell.formula)):
                at = a1.cell(row, where)
                found.append(Difference(tab, at, named, column.title, show(have), show(want)))
    extra = sum(1 for key in places if key not in set(keys) and not key.startswith("\x00"))
    return compared, extra, found


def _columns(wanted: WantedBlock, area: Area, shown: dict[tuple[int, int], Json]) -> tuple[list[int], list[str]]:
    """Where each column stands, by its title, in whatever order people keep them; titles that are not there."""
    places: list[int] = []
    missing: list[str] = []
    free = list(range(area.left, area.right))
    for column in wanted.block.columns:
        title = extended(column.title)
        at = [where for where in free if shown.get((area.top, where)) == title]
        if not at:
            missing.append(column.title)
            continue
        # of two columns of the same name the next one, as the report has them
        place = next((where for where in at if not places or where > places[-1]), at[0])
        places.append(place)
        free.remove(place)
    return places, missing


def _agree(have: Json | None, want: Json | None, *, formula: bool) -> bool:
    if have == want:
        return True
    if not formula or not have or not want or "numberValue" not in have or "numberValue" not in want:
        return False
    return math.isclose(float(have["numberValue"]), float(want["numberValue"]), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
