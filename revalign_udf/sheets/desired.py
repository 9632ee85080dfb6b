"""What a report wants on the spreadsheet, cell by cell, in the types of the API."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from revalign_udf.calc.expression import Expression
from revalign_udf.calc.letters import column_letters
from revalign_udf.errors import InternalError, SurfaceError, UnknownName, UserError
from revalign_udf.layout.model import Block, Column, Report
from revalign_udf.sheets import identity
from revalign_udf.sheets.about import ABOUT, about_blocks
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.rows import record_keys

__all__ = ["Marks", "WantedBlock", "WantedTab", "extended", "wanted_tabs"]

_EPOCH = dt.date(1899, 12, 30)
MAX_CHARACTERS = 50_000
_EXACT = 2**53
#: Stands for the number of the row.
_ROW = "{row}"


def extended(value: object) -> Json | None:
    """A value in the API's types; None leaves the cell empty. Text stays text, whatever it begins with.

    >>> extended("=1+1"), extended(True), extended(dt.date(2026, 1, 1)), extended("")
    ({'stringValue': '=1+1'}, {'boolValue': True}, {'numberValue': 46023}, None)
    """
    kind = type(value)
    if kind is str:  # most cells are text or a number
        return _text(cast(str, value))
    if kind is float or kind is int:
        return _number(cast(float, value))
    if value is None:
        return None
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, dt.datetime):
        day = (value.date() - _EPOCH).days
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        return {"numberValue": day + seconds / 86400}
    if isinstance(value, dt.date):
        return {"numberValue": (value - _EPOCH).days}
    return _number(value) if isinstance(value, int | float) else _text(str(value))


def _number(value: float) -> Json:
    if not math.isfinite(value):
        raise InternalError(f"A cell holds {value}, which no spreadsheet can show.")
    # a sheet keeps doubles and no zero below zero: what it would change is changed here, or it would differ for ever
    return {"numberValue": float(value) if abs(value) > _EXACT else value or abs(value)}


def _text(text: str) -> Json | None:
    if not text:
        return None
    if not text.isascii():  # half a character, as a broken export leaves it, cannot be sent
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if len(text) > MAX_CHARACTERS:  # said in the cell itself, so that nobody takes the part for the whole
        text = f"{text[: MAX_CHARACTERS - 100]} ... (cut: {len(text):,} characters, a cell holds {MAX_CHARACTERS:,})"
    return {"stringValue": text}


Marks = tuple[str, str]


@dataclass(frozen=True)
class WantedBlock:
    """A block of the report under its path.

    ``marks`` are the decimal mark and the mark between arguments of formulas in the spreadsheet's locale; ``label`` the
    snapshot the report shows.
    """

    path: str
    block: Block
    currency: str
    marks: Marks = (".", ",")
    label: str = ""

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.block.columns)

    @property
    def key_columns(self) -> tuple[int, ...]:
        """The columns that name a row, by place.

        A breakdown says its one period in every row; from one period to the next its rows are the same records, so the
        period names a row only where earlier snapshots stand beside.
        """
        block = self.block
        lead = max(1, min(block.lead, self.width))
        one_period = lead > 1 and not block.calendar and block.mode != "append" and block.columns[0].key == "period"
        return tuple(range(1 if one_period else 0, lead))

    def header(self) -> list[Json | None]:
        """The header row."""
        return [extended(column.title) for column in self.block.columns]

    def keys(self) -> list[str]:
        """What names each row: its key cells as the API holds them, counted where they repeat."""
        return self._keys

    @cached_property
    def _keys(self) -> list[str]:
        places = self.key_columns
        return record_keys([[extended(row[at].value) if row else None for at in places] for row in self.block.rows])

    @cached_property
    def _lines(self) -> list[list[Json | None]]:
        """Every data row as the memory keeps it; made once, for a plan looks at each more than once."""
        return [
            [
                # Without a value a formula would count blanks as zero and show a number nobody vouches for.
                {"template": cell.formula} if cell.formula and cell.value is not None else extended(cell.value)
                for cell in row
            ]
            for row in self.block.rows
        ]

    @cached_property
    def _computes(self) -> bool:
        return any(cell and "template" in cell for line in self._lines for cell in line)

    def is_earlier(self, cells: Sequence[Json | None]) -> bool:
        """Whether a row of the sheet, given its key cells, belongs to an earlier snapshot of an appended block."""
        blank = all(cell is None for cell in cells)  # a sync that was cut off had not written it yet
        return self.block.mode == "append" and not blank and cells[0] != extended(self.label)

    def row(self, index: int, at: int, places: Mapping[str, int]) -> list[Json | None]:
        """A data row as it reads on row ``at`` with the block's columns at ``places`` (by key)."""
        line = self._lines[index]
        if not self._computes:
            return line
        return [
            self.formula(str(cell["template"]), at, places) if cell and "template" in cell else cell for cell in line
        ]

    def template(self, index: int) -> list[Json | None]:
        """A data row as the memory keeps it: formulas without their place."""
        return self._lines[index]

    def formula(self, template: str, at: int, places: Mapping[str, int]) -> Json:
        """A formula over its own row.

        Raises:
            SurfaceError: REV-701, it names a column the block does not have.
        """
        key = template, *places.items()
        if key not in self._rendered:
            self._rendered[key] = self._render(template, places)
        return {"formulaValue": self._rendered[key].replace(_ROW, str(at + 1))}

    @cached_property
    def _rendered(self) -> dict[tuple[object, ...], str]:
        """Formulas that were read before, which are the same in every row but for its number."""
        return {}

    def _render(self, template: str, places: Mapping[str, int]) -> str:
        def reference(name: str) -> str:
            if name not in places:
                raise SurfaceError(f'The formula {template!r} names no column "{name}".', code="REV-701")
            return column_letters(places[name]) + _ROW

        try:
            decimal, separator = self.marks
            return "=" + Expression(template).render(reference, separator, decimal).replace(" ", "")
        except UserError as problem:
            raise SurfaceError(f"{self.path}: {problem.message}", code="REV-701", hint=problem.hint) from None

    def mark(self, charts: Sequence[str] = ()) -> BlockMark:
        """What the block's mark should remember of what follows from the block alone."""
        return BlockMark(
            self.path,
            self.block.title,
            tuple((column.key, self._look(column)) for column in self.block.columns),
            self.currency,
            identity.fingerprint(tuple(column.note for column in self.block.columns)),
            tuple(charts),
            banded=True,
        )

    @staticmethod
    def _look(column: Column) -> str:
        """A column's unit and what else decides its number format."""
        more = "" if column.decimals is None else f".{column.decimals}"
        total = " total" if column.total else ""
        return f"{column.unit}{more}{' ' + column.format if column.format else ''}{total}"

    def partial_rows(self) -> list[int]:
        """Rows whose numbers are not final yet."""
        return [at for at, row in enumerate(self.block.rows) if any(cell.partial for cell in row)]

    def total_keys(self) -> tuple[str, ...]:
        """What names the rows of totals, which stand last."""
        keys = self.keys()
        return tuple(keys[len(keys) - self.block.totals :]) if self.block.totals else ()


@dataclass(frozen=True, slots=True)
class WantedTab:
    """A tab of the report under its path."""

    path: str
    name: str
    blocks: tuple[WantedBlock, ...]


def wanted_tabs(report: Report, marks: Marks = (".", ","), only: Collection[str] = ()) -> list[WantedTab]:
    """The report's tabs, then the definitions and what the report says about itself.

    Args:
        report: the report.
        marks: of formulas in the spreadsheet's locale.
        only: keys of the tabs wanted, empty for all.

    Raises:
        UnknownName: no tab of that key.
    """
    known = [tab.key for tab in report.tabs]
    for key in only:
        if key not in known:
            raise UnknownName("tab", key, known)
    tabs = [(tab.key, tab.name, tab.blocks) for tab in report.tabs if not only or tab.key in only]
    if report.definitions is not None:
        tabs.append(("definitions", "Definitions", (report.definitions,)))
    if blocks := about_blocks(report):
        tabs.append((ABOUT, "About", blocks))
    return [
        WantedTab(
            identity.tab_path(report.key, key),
            name,
            tuple(
                WantedBlock(
                    identity.block_path(report.key, key, block.key), block, report.currency, marks, report.snapshot
                )
                for block in blocks
            ),
        )
        for key, name, blocks in tabs
    ]
