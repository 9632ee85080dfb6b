"""What a report wants on the spreadsheet, cell by cell, in the types of the API."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import InternalError, SurfaceError, UserError
from revalign_udf.layout.model import Block, Cell, Chart, Report
from revalign_udf.sheets import a1, identity
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area
from revalign_udf.sheets.identity import BlockMark

__all__ = ["WantedBlock", "WantedTab", "chart_spec", "extended", "wanted_tabs"]

_EPOCH = dt.date(1899, 12, 30)
_KINDS = {"line": "LINE", "column": "COLUMN", "column_stacked": "COLUMN", "bar": "BAR", "area": "AREA"}
MAX_CHARACTERS = 50_000


def extended(value: object) -> Json | None:
    """A value in the API's types; None leaves the cell empty. Text stays text, whatever it begins with.

    >>> extended("=1+1"), extended(True), extended(dt.date(2026, 1, 1)), extended("")
    ({'stringValue': '=1+1'}, {'boolValue': True}, {'numberValue': 46023}, None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, dt.datetime):
        day = (value.date() - _EPOCH).days
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        return {"numberValue": day + seconds / 86400}
    if isinstance(value, dt.date):
        return {"numberValue": (value - _EPOCH).days}
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise InternalError(f"A cell holds {value}, which no spreadsheet can show.")
        return {"numberValue": value}
    return {"stringValue": str(value)[:MAX_CHARACTERS]}


@dataclass(frozen=True, slots=True)
class WantedBlock:
    """A block of the report under its path."""

    path: str
    block: Block
    currency: str

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.block.columns)

    def header(self) -> list[Json | None]:
        """The header row."""
        return [extended(column.title) for column in self.block.columns]

    def keys(self) -> list[tuple[str, int]]:
        """What names each row: its first cell as the API holds it, counted where it repeats."""
        return number_keys([extended(row[0].value) if row else None for row in self.block.rows])

    def row(self, index: int, at: int, columns: Sequence[int]) -> list[Json | None]:
        """A data row as it reads on row ``at`` with the block's columns at ``columns``."""
        places = {column.key: where for column, where in zip(self.block.columns, columns, strict=True)}
        return [self._cell(cell, at, places) for cell in self.block.rows[index]]

    def _cell(self, cell: Cell, at: int, places: dict[str, int]) -> Json | None:
        # Without a value a formula would count blanks as zero and show a number nobody vouches for.
        if not cell.formula or cell.value is None:
            return extended(cell.value)

        def reference(name: str) -> str:
            if name not in places:
                raise SurfaceError(f'The formula {cell.formula!r} names no column "{name}".', code="REV-701")
            return a1.cell(at, places[name])

        try:
            text = Expression(cell.formula).render(reference)
        except UserError as problem:
            raise SurfaceError(f"{self.path}: {problem.message}", code="REV-701", hint=problem.hint) from None
        return {"formulaValue": "=" + text.replace(" ", "")}

    def mark(self, charts: Sequence[str]) -> BlockMark:
        """What the block's mark should remember."""
        return BlockMark(
            self.path,
            self.block.title,
            tuple((column.key, column.unit) for column in self.block.columns),
            self.currency,
            identity.fingerprint(tuple(column.note for column in self.block.columns)),
            tuple(charts),
        )


@dataclass(frozen=True, slots=True)
class WantedTab:
    """A tab of the report under its path."""

    path: str
    name: str
    blocks: tuple[WantedBlock, ...]


def number_keys(values: Sequence[Json | None]) -> list[tuple[str, int]]:
    """Keys made unique by counting: two rows may begin alike."""
    seen: dict[str, int] = {}
    keys: list[tuple[str, int]] = []
    for value in values:
        found = next(iter(value.values())) if value else ""
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        text = repr(float(found)) if is_number else repr(found)
        seen[text] = seen.get(text, 0) + 1
        keys.append((text, seen[text]))
    return keys


def wanted_tabs(report: Report) -> list[WantedTab]:
    """The report's tabs, the definitions last."""
    tabs = [(tab.key, tab.name, tab.blocks) for tab in report.tabs]
    if report.definitions is not None:
        tabs.append(("definitions", "Definitions", (report.definitions,)))
    return [
        WantedTab(
            identity.tab_path(report.key, key),
            name,
            tuple(
                WantedBlock(identity.block_path(report.key, key, block.key), block, report.currency) for block in blocks
            ),
        )
        for key, name, blocks in tabs
    ]


def chart_spec(wanted: WantedBlock, chart: Chart, area: Area, columns: Sequence[int]) -> Json:
    """The specification of a native chart over a block.

    Raises:
        SurfaceError: REV-701, the chart names a column the block does not have.
    """
    places = {column.key: where for column, where in zip(wanted.block.columns, columns, strict=True)}

    def source(key: str) -> Json:
        if key not in places:
            raise SurfaceError(f'The chart "{chart.key}" of {wanted.path} names no column "{key}".', code="REV-701")
        where = places[key]
        return {"sourceRange": {"sources": [Area(area.tab, area.top, where, area.bottom, where + 1).json()]}}

    bars = chart.kind == "bar"
    basic: Json = {
        "chartType": _KINDS[chart.kind],
        "legendPosition": "BOTTOM_LEGEND" if len(chart.series) > 1 else "NO_LEGEND",
        "headerCount": 1,
        "domains": [{"domain": source(chart.x)}],
        "series": [
            {"series": source(key), "targetAxis": "BOTTOM_AXIS" if bars else "LEFT_AXIS"} for key in chart.series
        ],
    }
    if chart.kind == "column_stacked":
        basic["stackedType"] = "STACKED"
    return {"title": chart.title, "basicChart": basic}
