"""Compares the values a workbook holds with what an engine computes, without changing the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from revalign_udf.calc.results import CellError
from revalign_udf.functions.session import Door
from revalign_udf.workbook.book import Book
from revalign_udf.workbook.computing import Computed, compute
from revalign_udf.workbook.engine import Value
from revalign_udf.workbook.grid import Place, address
from revalign_udf.workbook.package import opened
from revalign_udf.workbook.references import Cell

__all__ = ["Checked", "Unchecked", "Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A cell, what the file holds and what the engine computes."""

    sheet: str
    cell: str
    formula: str
    """of the cell itself, or of the one it is spilled from"""
    stored: Value
    computed: Value
    equal: bool
    ours: bool


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A formula cell the engine cannot speak of, and why."""

    sheet: str
    cell: str
    formula: str
    reason: str
    ours: bool
    stale: bool
    """whether its value may be out of date"""


@dataclass(slots=True)
class Verified:
    """What was compared in a workbook."""

    path: Path
    cells: list[Checked] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    as_of: date | None = None

    @property
    def different(self) -> list[Checked]:
        """Cells whose stored value is not the computed one."""
        return [cell for cell in self.cells if not cell.equal]

    @property
    def sound(self) -> bool:
        """Whether nothing differs, every cell of ours could be checked, and no other may be out of date."""
        return not self.different and not any(cell.ours or cell.stale for cell in self.unchecked)


def verify(
    path: Path,
    door: Callable[[date | None], Door],
    *,
    tolerance: float = 0.0,
    as_of: date | None = None,
    now: datetime | None = None,
    called: Callable[[int], None] | None = None,
) -> Verified:
    """Compare every formula cell of a workbook with the engine.

    ``tolerance``: how far two numbers may lie apart. With 0 a cell of ours must agree to the last bit, a native formula
    to the 15 digits Excel keeps. Cells that rest on the clock or on chance are compared, and listed as unchecked where
    they differ. Raises what `revalign_udf.workbook.computing.compute` raises.
    """
    book = Book(opened(path))
    made = compute(book, door, as_of=as_of, now=now, called=called)
    report = Verified(path, as_of=made.as_of)
    for cell in sorted(made.formulas):
        ours = cell in made.ours
        if cell in made.kept:
            report.unchecked.append(_unchecked(made, cell, made.kept[cell].reason, stale=made.kept[cell].stale))
            continue
        found = {at: (old, new) for at, old, new in made.differing(cell) if not _near(old, new, tolerance)}
        if found and cell in made.moving:
            report.unchecked.append(_unchecked(made, cell, f"it rests on {made.moving[cell]}", stale=False))
            continue
        if cell[1] not in found:
            report.cells.append(
                _checked(made, cell, cell[1], made.held(cell), made.values[cell], equal=True, ours=ours)
            )
        for at, (old, new) in sorted(found.items()):
            report.cells.append(_checked(made, cell, at, old, new, equal=False, ours=ours))
    return report


def _near(old: Value, new: Value, tolerance: float) -> bool:
    if not tolerance or isinstance(old, bool | str) or isinstance(new, bool | str) or old is None or new is None:
        return False
    return abs(old - new) <= tolerance


def _checked(made: Computed, cell: Cell, at: Place, old: Value, new: Value, *, equal: bool, ours: bool) -> Checked:
    return Checked(cell[0], address(at), f"={made.formula(cell)}", old, new, equal, ours)


def _unchecked(made: Computed, cell: Cell, reason: str, *, stale: bool) -> Unchecked:
    return Unchecked(cell[0], address(cell[1]), f"={made.formula(cell)}", reason, cell in made.ours, stale)


def as_json(value: Value) -> object:
    """A value for a JSON document: errors are their text."""
    return str(value) if isinstance(value, CellError) else value
