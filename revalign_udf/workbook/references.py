"""Which cells a formula reads: what decides whether a value that was kept can still be right.

Read from the text of the formula, on the safe side: where the text does not say it (INDIRECT, OFFSET, one sheet to
another) a formula reads everything. What stands in another file is no cell of this one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import formualizer

from revalign_udf.workbook.book import Name, TableArea
from revalign_udf.workbook.grid import LAST_COLUMN, LAST_ROW, Area, Place, area

__all__ = ["Cell", "Graph", "Reader", "Reads"]

#: (sheet, place)
Cell = tuple[str, Place]
_WHOLE = Area(1, 1, LAST_ROW, LAST_COLUMN)
#: what is read shows only when the formula runs
_MOVING = re.compile(r"\b(?:INDIRECT|OFFSET)\s*\(|\)\s*:|:\s*[A-Za-z_][\w.]*\s*\(", re.IGNORECASE)
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Reads:
    """The areas a formula reads, by sheet; ``anything`` when its text does not tell."""

    areas: frozenset[tuple[str, Area]]
    anything: bool = False


class Reader:
    """Finds what formulas read, with the names and tables of their workbook."""

    def __init__(self, names: Iterable[Name], tables: Iterable[TableArea]) -> None:
        self._names: dict[tuple[str | None, str], str] = {
            (item.sheet, item.name.casefold()): item.text for item in names
        }
        self._tables = {item.name.casefold(): (item.sheet, area(item.area)) for item in tables}
        self._found: dict[tuple[str, str], Reads] = {}

    def __call__(self, sheet: str, formula: str) -> Reads:
        """What a formula (without ``=``) on a sheet reads."""
        key = sheet, formula
        if key not in self._found:
            self._found[key] = self._read(sheet, formula, 0)
        return self._found[key]

    def _read(self, sheet: str, formula: str, depth: int) -> Reads:
        if depth > _DEPTH or _MOVING.search(formula):
            return Reads(frozenset(), anything=True)
        try:
            found = [self._one(sheet, item, depth) for item in formualizer.parse(f"={formula}").walk_refs()]
        except (formualizer.ParserError, formualizer.TokenizerError, ValueError):
            return Reads(frozenset(), anything=True)
        return Reads(frozenset().union(*(one.areas for one in found)), any(one.anything for one in found))

    def _one(self, sheet: str, item: Any, depth: int) -> Reads:
        if isinstance(item, formualizer.CellRef):
            at = item.row, item.col
            return Reads(frozenset({(item.sheet or sheet, Area(*at, *at))}))
        if isinstance(item, formualizer.RangeRef):
            where = item.sheet or sheet
            if item.start is None or item.end is None:
                return Reads(frozenset({(where, _WHOLE)}))
            return Reads(frozenset({(where, Area(item.start.row, item.start.col, item.end.row, item.end.col))}))
        if isinstance(item, formualizer.TableRef):
            known = self._tables.get((item.name or "").casefold())
            # a table without a name is the one the formula stands in: anywhere on its sheet, to be safe
            return Reads(frozenset({known or (sheet, _WHOLE)}))
        if isinstance(item, formualizer.NamedRangeRef):
            scope, _, name = item.name.casefold().rpartition("!")
            home = next((one for one, _ in self._names if one and one.casefold() == scope.strip("'")), sheet)
            text = self._names.get((home, name), self._names.get((None, name)))
            # a word that is no name is a variable of LET or LAMBDA, or does not exist
            return Reads(frozenset()) if text is None else self._read(home, text, depth + 1)
        linked = isinstance(item, formualizer.UnknownRef) and "[" in str(item.raw)
        return Reads(frozenset(), anything=not linked)


class Graph:
    """Who reads whom among the formulas of a workbook."""

    def __init__(self, formulas: Mapping[Cell, str], reads: Reader, filled: Callable[[Cell], Area | None]) -> None:
        self._single: dict[Cell, set[Cell]] = defaultdict(set)
        self._ranges: dict[str, list[tuple[Area, Cell]]] = defaultdict(list)
        self._any: set[Cell] = set()
        self._filled = filled
        for cell, formula in formulas.items():
            found = reads(cell[0], formula)
            if found.anything:
                self._any.add(cell)
            for sheet, where in found.areas:
                if where.size == 1:
                    self._single[sheet, where.corner].add(cell)
                else:
                    self._ranges[sheet].append((where, cell))

    def behind(self, start: Iterable[Cell], *, certain: bool = False) -> dict[Cell, Cell]:
        """Every formula cell that depends on one of these cells, directly or not -> the cell it depends on.

        Formulas that may read anything count as dependent as soon as there is one cell to depend on; not so when only
        what is ``certain`` is asked for.
        """
        waiting = list(start)
        found: dict[Cell, Cell] = {}
        for cell in self._any if waiting and not certain else ():
            found[cell] = waiting[0]
        waiting += found
        seen = set(waiting)
        while waiting:
            cell = waiting.pop()
            for one in self._of(cell):
                if one not in seen:
                    seen.add(one)
                    found[one] = cell
                    waiting.append(one)
        return found

    def _of(self, cell: Cell) -> set[Cell]:
        sheet, at = cell
        spill = self._filled(cell) or Area(*at, *at)
        found = {reader for where, reader in self._ranges[sheet] if where.meets(spill)}
        if spill.size == 1:
            return found | self._single.get(cell, set())
        inside = (readers for (other, place), readers in self._single.items() if other == sheet and spill.holds(place))
        return found.union(*inside)
