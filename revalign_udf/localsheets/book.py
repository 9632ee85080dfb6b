"""The state of a spreadsheet: plain dataclasses, ranges half-open and 0-based as in the API.

Cells are immutable, so a batch works on a cheap copy of the book and is thrown away whole when one request fails.
Resources the server only keeps and hands back (formats, chart specs, protections) stay in the shape of the API.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from revalign_udf.localsheets.problems import bad_request

__all__ = ["EMPTY", "Book", "Cell", "Json", "Rect", "Scalar", "Sheet"]

Json = dict[str, Any]
Scalar = str | int | float | bool | None

#: Google's own limits.
MAX_CELLS = 10_000_000
MAX_CHARACTERS = 50_000
MAX_COLUMNS = 18_278


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. A formula keeps its text in ``formula``; ``value`` and ``error`` then hold its result."""

    value: Scalar = None
    formula: str = ""
    error: str = ""
    format: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    validation: Mapping[str, Any] | None = None
    runs: tuple[Mapping[str, Any], ...] = ()

    @property
    def filled(self) -> bool:
        """Whether somebody entered something."""
        return bool(self.formula) or self.value is not None

    @property
    def bare(self) -> bool:
        """Whether nothing at all is kept here."""
        return not (self.filled or self.format or self.note or self.validation or self.runs)

    def without_value(self) -> Cell:
        """The same cell, emptied; format and note stay."""
        return self.holding()

    def holding(self, value: Scalar = None, formula: str = "", error: str = "") -> Cell:
        """The same cell with something else in it; every write goes through here, so it must be quick."""
        return Cell(value, formula, error, self.format, self.note, self.validation)

    def looking(self, look: Mapping[str, Any]) -> Cell:
        """The same cell in another format; a whole column changes its look at once."""
        return Cell(self.value, self.formula, self.error, look, self.note, self.validation, self.runs)


EMPTY = Cell()


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of one sheet, 0-based, ends excluded."""

    sheet: int
    top: int
    left: int
    bottom: int
    right: int

    def cells(self) -> Iterator[tuple[int, int]]:
        """Every (row, column), row by row."""
        for row in range(self.top, self.bottom):
            for column in range(self.left, self.right):
                yield row, column

    def holds(self, row: int, column: int) -> bool:
        """Whether the rectangle covers a cell."""
        return self.top <= row < self.bottom and self.left <= column < self.right

    def meets(self, other: Rect) -> bool:
        """Whether two rectangles share a cell."""
        return (
            self.sheet == other.sheet
            and self.top < other.bottom
            and other.top < self.bottom
            and self.left < other.right
            and other.left < self.right
        )

    def grid_range(self) -> Json:
        """As the API's GridRange."""
        return {
            "sheetId": self.sheet,
            "startRowIndex": self.top,
            "endRowIndex": self.bottom,
            "startColumnIndex": self.left,
            "endColumnIndex": self.right,
        }


@dataclass(slots=True)
class Sheet:
    """One tab."""

    id: int
    title: str
    rows: int = 1000
    columns: int = 26
    properties: Json = field(default_factory=dict)
    """SheetProperties without id, title, index and grid size: ``hidden``, ``tabColor`` ..."""
    grid: Json = field(default_factory=dict)
    """GridProperties without the size: ``frozenRowCount`` ..."""
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    row_properties: dict[int, Json] = field(default_factory=dict)
    column_properties: dict[int, Json] = field(default_factory=dict)
    charts: list[Json] = field(default_factory=list)
    bandings: list[Json] = field(default_factory=list)
    merges: list[Json] = field(default_factory=list)
    conditional_formats: list[Json] = field(default_factory=list)
    basic_filter: Json | None = None
    filter_views: list[Json] = field(default_factory=list)
    slicers: list[Json] = field(default_factory=list)
    row_groups: list[Json] = field(default_factory=list)
    """DimensionGroup, outer before inner"""
    column_groups: list[Json] = field(default_factory=list)

    def cell(self, row: int, column: int) -> Cell:
        """The cell, empty when nothing was ever kept there."""
        return self.cells.get((row, column), EMPTY)

    def put(self, row: int, column: int, cell: Cell) -> None:
        """Keeps a cell, or forgets it when it is bare."""
        entered = cell.formula or cell.value
        if isinstance(entered, str) and len(entered) > MAX_CHARACTERS:
            raise bad_request("Your input contains more than the maximum of 50000 characters in a single cell.")
        if cell.bare:
            self.cells.pop((row, column), None)
        else:
            self.cells[row, column] = cell

    def extent(self) -> tuple[int, int]:
        """Rows and columns up to the last filled cell."""
        filled = [key for key, cell in self.cells.items() if cell.filled]
        return max((row + 1 for row, _ in filled), default=0), max((column + 1 for _, column in filled), default=0)

    def whole(self) -> Rect:
        """The rectangle of the whole grid."""
        return Rect(self.id, 0, 0, self.rows, self.columns)

    def clone(self) -> Sheet:
        """A copy that can be thrown away: cells are shared, being immutable."""
        return Sheet(
            id=self.id,
            title=self.title,
            rows=self.rows,
            columns=self.columns,
            properties=copy.deepcopy(self.properties),
            grid=dict(self.grid),
            cells=dict(self.cells),
            row_properties={index: dict(value) for index, value in self.row_properties.items()},
            column_properties={index: dict(value) for index, value in self.column_properties.items()},
            charts=copy.deepcopy(self.charts),
            bandings=copy.deepcopy(self.bandings),
            merges=copy.deepcopy(self.merges),
            conditional_formats=copy.deepcopy(self.conditional_formats),
            basic_filter=copy.deepcopy(self.basic_filter),
            filter_views=copy.deepcopy(self.filter_views),
            slicers=copy.deepcopy(self.slicers),
            row_groups=copy.deepcopy(self.row_groups),
            column_groups=copy.deepcopy(self.column_groups),
        )

    def shadowed(self) -> set[tuple[int, int]]:
        """The cells hidden beneath merged ones."""
        return {
            (row, column)
            for item in self.merges
            for row in range(int(item["startRowIndex"]), int(item["endRowIndex"]))
            for column in range(int(item["startColumnIndex"]), int(item["endColumnIndex"]))
            if (row, column) != (int(item["startRowIndex"]), int(item["startColumnIndex"]))
        }


@dataclass(slots=True)
class Book:
    """A spreadsheet. ``roles`` says who may read or write it (address -> ``writer`` or ``reader``)."""

    id: str
    title: str
    url: str = ""
    locale: str = "en_US"
    time_zone: str = "Etc/GMT"
    created: str = ""
    modified: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)
    named: list[Json] = field(default_factory=list)
    """NamedRange"""
    protected: list[Json] = field(default_factory=list)
    """ProtectedRange, with ``range`` or ``namedRangeId``"""
    metadata: list[Json] = field(default_factory=list)
    """DeveloperMetadata"""
    settings: Json = field(default_factory=dict)
    """SpreadsheetProperties other than title, locale, time zone and format"""
    permissions: list[Json] = field(default_factory=list)
    """Drive permissions, the owner's first"""
    parents: list[str] = field(default_factory=list)
    """Drive folders"""

    def clone(self) -> Book:
        """A copy to try a change on."""
        return replace(
            self,
            roles=dict(self.roles),
            sheets=[sheet.clone() for sheet in self.sheets],
            named=copy.deepcopy(self.named),
            protected=copy.deepcopy(self.protected),
            metadata=copy.deepcopy(self.metadata),
            settings=copy.deepcopy(self.settings),
            permissions=copy.deepcopy(self.permissions),
            parents=list(self.parents),
        )

    def sheet(self, key: int | str) -> Sheet:
        """A tab by id or title.

        Raises:
            ApiError: there is none.
        """
        for sheet in self.sheets:
            if key in {sheet.id, sheet.title}:
                return sheet
        if isinstance(key, int):
            raise bad_request(f"No grid with id: {key}")
        raise bad_request(f"Unable to parse range: {key}")

    def tab(self, number: int) -> Sheet:
        """A tab by id, as the requests about tabs name it.

        Raises:
            ApiError: there is none.
        """
        for sheet in self.sheets:
            if sheet.id == number:
                return sheet
        raise bad_request(f"No sheet with id: {number}")

    def grid(self, title: str) -> list[list[Scalar]]:
        """The values of a tab as rows, errors as their text; for looking inside."""
        sheet = self.sheet(title)
        rows, columns = sheet.extent()
        return [
            [cell.error or cell.value for cell in (sheet.cell(row, column) for column in range(columns))]
            for row in range(rows)
        ]

    def index(self, sheet: Sheet) -> int:
        """The tab's place among the tabs."""
        return self.sheets.index(sheet)

    def named_range(self, name: str) -> Json | None:
        """A named range by name, as people type it (case does not matter)."""
        return next((item for item in self.named if item["name"].lower() == name.lower()), None)

    def rect(self, grid_range: Mapping[str, Any]) -> Rect:
        """A GridRange with its open sides closed at the grid.

        Raises:
            ApiError: no such tab, or an end before its start.
        """
        sheet = self.sheet(int(grid_range.get("sheetId", 0)))
        rect = Rect(
            sheet.id,
            int(grid_range.get("startRowIndex", 0)),
            int(grid_range.get("startColumnIndex", 0)),
            int(grid_range.get("endRowIndex", sheet.rows)),
            int(grid_range.get("endColumnIndex", sheet.columns)),
        )
        if rect.top < 0 or rect.left < 0 or rect.bottom <= rect.top or rect.right <= rect.left:
            raise bad_request("Invalid range: the end index must be greater than the start index.")
        return rect

    def check_size(self) -> None:
        """Refuses a book above Google's cell limit.

        Raises:
            ApiError: too many cells.
        """
        if any(sheet.columns > MAX_COLUMNS for sheet in self.sheets):
            raise bad_request(
                "This action would increase the number of columns in the sheet above the limit of 18278 columns."
            )
        if sum(sheet.rows * sheet.columns for sheet in self.sheets) > MAX_CELLS:
            raise bad_request(
                "This action would increase the number of cells in the workbook above the limit of 10000000 cells."
            )
