"""Formulas in a book: their references move with the grid, and their results are worked out.

What is worked out: ``+ - * / ^ % &``, comparisons, references (``B:B`` and ``B2:B`` too), named ranges and the
functions of :data:`FUNCTIONS`. Anything else shows ``#NAME?``, as an unknown function does in a real sheet. The book's
locale decides which signs a formula is written with.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from revalign_udf.calc.letters import column_index, column_letters
from revalign_udf.localsheets.a1 import quote
from revalign_udf.localsheets.book import Book, Rect, Scalar, Sheet
from revalign_udf.localsheets.expressions import (
    OPEN,
    Area,
    CellError,
    Frame,
    Program,
    Reference,
    Value,
    parse,
    single,
    translated,
)
from revalign_udf.localsheets.locales import locale_of
from revalign_udf.localsheets.lookups import FUNCTIONS

__all__ = ["FUNCTIONS", "CellError", "evaluate", "recalculate", "relocate", "rename", "rewrite"]

_REFERENCE = re.compile(
    r"(?P<text>\"(?:[^\"]|\"\")*\")"
    r"|(?P<sheet>(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?(?<![\w.$])"
    r"(?:(?P<first>\$?[A-Za-z]{1,3}\$?[1-9]\d*)"
    r"(?::(?P<last>\$?[A-Za-z]{1,3}(?:\$?[1-9]\d*)?|\$?[1-9]\d*))?"
    r"|(?P<from>\$?[A-Za-z]{1,3}):(?P<to>\$?[A-Za-z]{1,3})"
    r"|(?P<low>\$?[1-9]\d*):(?P<high>\$?[1-9]\d*))"
    r"(?![\w(.!])"
)
_SIDE = re.compile(r"(\$?)([A-Za-z]{0,3})(\$?)(\d*)")
_FAR = 10_000_000


# --- references ------------------------------------------------------------------------------------------------------


def rewrite(formula: str, own_title: str, moved_title: str, move: Callable[[int, int, int, int], Rect | None]) -> str:
    """The formula after the grid of one tab has moved.

    Args:
        formula: text beginning with ``=``.
        own_title: the tab the formula stands on.
        moved_title: the tab whose rows or columns moved.
        move: new rectangle of (top, left, bottom, right), or None when it is gone.
    """

    def one(found: re.Match[str]) -> str:
        if found["text"]:
            return found[0]
        prefix = found["sheet"] or ""
        title = _title(prefix) if prefix else own_title
        if title.lower() != moved_title.lower():
            return found[0]
        first = found["first"] or found["from"] or found["low"]
        last = found["last"] or found["to"] or found["high"]
        start, end = _SIDE.fullmatch(first), _SIDE.fullmatch(last or first)
        if start is None or end is None:
            return found[0]
        new = move(
            int(start[4]) - 1 if start[4] else 0,
            column_index(start[2]) if start[2] else 0,
            int(end[4]) if end[4] else _FAR,
            column_index(end[2]) + 1 if end[2] else _FAR,
        )
        if new is None:
            return "#REF!"
        shown = _corner(start, new.left, new.top)
        return prefix + shown + (f":{_corner(end, new.right - 1, new.bottom - 1)}" if last else "")

    return _REFERENCE.sub(one, formula)


def _corner(side: re.Match[str], column: int, row: int) -> str:
    """A corner written as it was, at its new place: what was open stays open."""
    letters = f"{side[1]}{column_letters(column)}" if side[2] else ""
    mark = side[3] if side[2] else side[1]
    return letters + (f"{mark}{row + 1}" if side[4] else "")


def rename(formula: str, old: str, new: str) -> str:
    """The formula after a tab was renamed."""

    def one(found: re.Match[str]) -> str:
        prefix = found["sheet"]
        if found["text"] or not prefix or _title(prefix).lower() != old.lower():
            return found[0]
        return f"{quote(new)}!{found[0][len(prefix) :]}"

    return _REFERENCE.sub(one, formula)


def _title(prefix: str) -> str:
    title = prefix[:-1]
    return title[1:-1].replace("''", "'") if title.startswith("'") else title


def relocate(book: Book, locale: str) -> None:
    """Gives the book another locale; its formulas are written with that one's signs from now on, as Google does."""
    old, new = locale_of(book.locale).decimal, locale_of(locale).decimal
    book.locale = locale
    if old == new:
        return
    for sheet in book.sheets:
        for key, cell in sheet.cells.items():
            if cell.formula:
                formula = "=" + translated(cell.formula[1:], old, new)
                sheet.cells[key] = cell.holding(cell.value, formula, cell.error)


# --- results ---------------------------------------------------------------------------------------------------------


def recalculate(book: Book) -> None:
    """Works out every formula of the book again."""
    results = _Results(book)
    for sheet in book.sheets:
        for key in results.formulas[sheet.id]:
            found = results.settled(sheet.id, *key)
            cell = sheet.cells[key]
            error = found.shown if isinstance(found, CellError) else ""
            value: Scalar = None if isinstance(found, CellError) else found
            if value is None and not error:
                value = 0  # a formula that refers to a blank shows 0
            if value != cell.value or error != cell.error or type(value) is not type(cell.value):
                sheet.cells[key] = cell.holding(value, cell.formula, error)


def evaluate(book: Book, sheet: int, formula: str, row: int, column: int, shift: tuple[int, int] = (0, 0)) -> Value:
    """What a formula comes to at a cell; results already in the book are taken as they are.

    Args:
        book: where it stands.
        sheet: the tab's id.
        formula: text beginning with ``=``.
        row: 0-based row of the cell.
        column: 0-based column of the cell.
        shift: how far the cell lies from the one the formula was written for; its relative references move along.

    Raises:
        CellError: the error it shows.
    """
    results = _Results(book, settled=True)
    program = parse(formula[1:], locale_of(book.locale).decimal)
    return program.run(Frame(sheet, row, column, results.look, results.named, shift))


_Key = tuple[int, int, int]


class _Results:
    """Results, each worked out once, and after what it depends on: long chains need no deep recursion."""

    def __init__(self, book: Book, *, settled: bool = False) -> None:
        self.book = book
        self.decimal = locale_of(book.locale).decimal
        self.sheets: dict[int, Sheet] = {sheet.id: sheet for sheet in book.sheets}
        self.titles = {sheet.title.lower(): sheet.id for sheet in book.sheets}
        self.formulas: dict[int, list[tuple[int, int]]] = {
            sheet.id: [] if settled else [key for key, cell in sheet.cells.items() if cell.formula]
            for sheet in book.sheets
        }
        self.fresh = settled
        self.done: dict[_Key, Scalar | CellError] = {}
        self.open: set[_Key] = set()
        self.programs: dict[_Key, Program | CellError] = {}
        self.areas: dict[Rect, Area] = {}
        self.covered: set[Rect] = set()
        self.extents: dict[int, tuple[int, int]] = {}

    def settled(self, sheet: int, row: int, column: int) -> Scalar | CellError:
        """A formula's result; what it looks at is worked out first, without recursion."""
        first = (sheet, row, column)
        waiting: list[_Key] = [first]
        entered: set[_Key] = set()
        while waiting:
            key = waiting[-1]
            if key in self.done:
                waiting.pop()
            elif key in entered:
                waiting.pop()
                self.work(key)
            else:
                entered.add(key)
                waiting += [near for near in self.near(key) if near not in self.done and near not in entered]
        return self.done[first]

    def near(self, key: _Key) -> list[_Key]:
        """The formulas a formula looks at."""
        program = self.program(key)
        if isinstance(program, CellError):
            return []
        found: list[_Key] = []
        for reference in program.references:
            sheet = self.sheet_of(reference, key[0])
            if sheet is None:
                continue
            if reference.one:
                cell = self.sheets[sheet].cells.get((reference.top, reference.left))
                if cell is not None and cell.formula:
                    found.append((sheet, reference.top, reference.left))
                continue
            found += self.inside(self.rect(reference, sheet))
        for name in program.names:
            named = self.book.named_range(name)
            if named is not None:
                found += self.inside(self.book.rect(named["range"]))
        return found

    def inside(self, rect: Rect) -> list[_Key]:
        """The formulas in a rectangle, the first time it is asked for."""
        if rect in self.covered:
            return []
        self.covered.add(rect)
        formulas = self.formulas[rect.sheet]
        if (rect.bottom - rect.top) * (rect.right - rect.left) > len(formulas):
            return [(rect.sheet, *key) for key in formulas if rect.holds(*key)]
        cells = self.sheets[rect.sheet].cells
        return [(rect.sheet, *key) for key in rect.cells() if (cell := cells.get(key)) is not None and cell.formula]

    def program(self, key: _Key) -> Program | CellError:
        if key not in self.programs:
            formula = self.sheets[key[0]].cells[key[1], key[2]].formula
            try:
                self.programs[key] = parse(formula[1:], self.decimal)
            except CellError as problem:
                self.programs[key] = problem
        return self.programs[key]

    def work(self, key: _Key) -> None:
        self.open.add(key)
        try:
            program = self.program(key)
            if isinstance(program, CellError):
                raise program
            self.done[key] = single(program.run(Frame(key[0], key[1], key[2], self.look, self.named)))
        except CellError as problem:
            self.done[key] = problem
        except RecursionError:
            self.done[key] = CellError("#REF!")
        finally:
            self.open.discard(key)

    def of(self, sheet: int, row: int, column: int) -> Scalar | CellError:
        """What a cell holds."""
        cell = self.sheets[sheet].cells.get((row, column))
        if cell is None:
            return None
        if not cell.formula:
            return cell.value
        if self.fresh:
            return CellError(cell.error) if cell.error else cell.value
        key = (sheet, row, column)
        if key not in self.done:
            if key in self.open:
                return CellError("#REF!")  # it depends on itself
            self.work(key)
        return self.done[key]

    def look(self, frame: Frame, reference: Reference) -> Value:
        """What a reference comes to. Raises CellError."""
        reference = reference.moved(frame.down, frame.right)
        sheet = self.sheet_of(reference, frame.sheet)
        if sheet is None or reference.top < 0 or reference.left < 0:
            raise CellError("#REF!")
        if not reference.one:
            return self.area(self.rect(reference, sheet))
        found = self.of(sheet, reference.top, reference.left)
        if isinstance(found, CellError):
            raise found
        return found

    def named(self, name: str) -> Value:
        """What a named range comes to. Raises CellError."""
        found = self.book.named_range(name)
        if found is None:
            raise CellError("#NAME?")
        return self.area(self.book.rect(found["range"]))

    def area(self, rect: Rect) -> Area:
        """The values of a rectangle, read once."""
        if rect not in self.areas:
            columns = range(rect.left, rect.right)
            rows = [[self.of(rect.sheet, row, at) for at in columns] for row in range(rect.top, rect.bottom)]
            self.areas[rect] = Area(rows)
        return self.areas[rect]

    def sheet_of(self, reference: Reference, own: int) -> int | None:
        return own if reference.title is None else self.titles.get(reference.title.lower())

    def rect(self, reference: Reference, sheet: int) -> Rect:
        """A range with its open sides closed behind the last cell that holds something."""
        bottom, right = reference.bottom, reference.right
        if OPEN in {bottom, right}:
            if sheet not in self.extents:
                self.extents[sheet] = self.sheets[sheet].extent()
            rows, columns = self.extents[sheet]
            bottom = max(rows, reference.top + 1) if bottom == OPEN else bottom
            right = max(columns, reference.left + 1) if right == OPEN else right
        return Rect(sheet, reference.top, reference.left, bottom, right)
