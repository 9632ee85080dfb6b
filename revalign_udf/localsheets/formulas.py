"""Formulas: their references move with the grid, and plain arithmetic is worked out.

Known: ``+ - * / ^ % &``, comparisons, references, named ranges and the functions of :data:`FUNCTIONS`. Anything else
shows ``#NAME?``, as an unknown function does in a real sheet.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from revalign_udf.localsheets.a1 import column_index, column_letters, quote
from revalign_udf.localsheets.book import Book, Rect, Scalar

__all__ = ["FUNCTIONS", "recalculate", "rewrite"]

_REFERENCE = re.compile(
    r"(?P<text>\"(?:[^\"]|\"\")*\")"
    r"|(?P<sheet>(?:'(?:[^']|'')+'|[A-Za-z_][A-Za-z0-9_.]*)!)?"
    r"(?P<first>\$?[A-Za-z]{1,3}\$?[1-9]\d*)(?::(?P<last>\$?[A-Za-z]{1,3}\$?[1-9]\d*))?(?![A-Za-z0-9_(.!])"
)
_CORNER = re.compile(r"^(\$?)([A-Za-z]{1,3})(\$?)(\d+)$")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<text>\"(?:[^\"]|\"\")*\")"
    r"|(?P<ref>(?:(?:'(?:[^']|'')+'|[A-Za-z_][A-Za-z0-9_.]*)!)?\$?[A-Za-z]{1,3}\$?[1-9]\d*"
    r"(?::\$?[A-Za-z]{1,3}\$?[1-9]\d*)?(?![A-Za-z0-9_(.!]))"
    r"|(?P<error>#REF!)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<op><=|>=|<>|[-+*/^%&=<>(),;]))"
)


class CellError(Exception):
    """A cell shows an error value."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        super().__init__(shown)


_NOISE = 16 * sys.float_info.epsilon

Range = list[list[Scalar]]
Value = Scalar | Range


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
        start = _CORNER.match(found["first"])
        end = _CORNER.match(found["last"] or found["first"])
        if start is None or end is None:
            return found[0]
        new = move(int(start[4]) - 1, column_index(start[2]), int(end[4]), column_index(end[2]) + 1)
        if new is None:
            return f"{prefix}#REF!" if not prefix else "#REF!"
        first = f"{start[1]}{column_letters(new.left)}{start[3]}{new.top + 1}"
        last = f"{end[1]}{column_letters(new.right - 1)}{end[3]}{new.bottom}"
        return prefix + first + (f":{last}" if found["last"] else "")

    return _REFERENCE.sub(one, formula)


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


# --- results ---------------------------------------------------------------------------------------------------------


def recalculate(book: Book) -> None:
    """Works out every formula of the book again."""
    todo = [(sheet.id, key) for sheet in book.sheets for key, cell in sheet.cells.items() if cell.formula]
    results = _Results(book)
    for sheet_id, (row, column) in todo:
        sheet = book.sheet(sheet_id)
        cell = sheet.cell(row, column)
        try:
            value, error = results.of(sheet_id, row, column), ""
        except CellError as problem:
            value, error = None, problem.shown
        except RecursionError:
            value, error = None, "#REF!"
        if value is None and not error:
            value = 0  # a formula that refers to a blank shows 0
        sheet.cells[row, column] = replace(cell, value=value, error=error)


class _Results:
    """Results by need, each once."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.done: dict[tuple[int, int, int], Scalar | CellError] = {}
        self.open: set[tuple[int, int, int]] = set()

    def of(self, sheet_id: int, row: int, column: int) -> Scalar:
        cell = self.book.sheet(sheet_id).cell(row, column)
        if not cell.formula:
            return cell.value
        key = (sheet_id, row, column)
        if key in self.open:
            raise CellError("#REF!")  # it depends on itself
        if key not in self.done:
            self.open.add(key)
            try:
                value = _Reader(self, sheet_id, cell.formula[1:]).result()
                self.done[key] = _single(value)
            except CellError as problem:
                self.done[key] = problem
            finally:
                self.open.discard(key)
        found = self.done[key]
        if isinstance(found, CellError):
            raise found
        return found

    def range(self, rect: Rect) -> Range:
        return [
            [self.of(rect.sheet, row, column) for column in range(rect.left, rect.right)]
            for row in range(rect.top, rect.bottom)
        ]


@dataclass(frozen=True, slots=True)
class _Lazy:
    """An argument worked out when asked for: IF and IFERROR must not trip over the branch not taken."""

    make: Callable[[], Value]


class _Reader:
    """Recursive descent over one formula."""

    def __init__(self, results: _Results, sheet_id: int, text: str) -> None:
        self.results, self.sheet_id = results, sheet_id
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if not found or found.end() == at:
                raise CellError("#ERROR!")
            self.tokens.append((str(found.lastgroup), str(found[found.lastgroup or 0])))
            at = found.end()

    def result(self) -> Value:
        value = self.compare()
        if self.at != len(self.tokens):
            raise CellError("#ERROR!")
        return value

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise CellError("#ERROR!")
        self.at += 1
        return self.tokens[self.at - 1]

    def compare(self) -> Value:
        left = self.join()
        while self.peek() in {"=", "<>", "<", ">", "<=", ">="}:
            op = self.take()[1]
            left = _compared(op, _single(left), _single(self.join()))
        return left

    def join(self) -> Value:
        left = self.add()
        while self.peek() == "&":
            self.take()
            left = _text(_single(left)) + _text(_single(self.add()))
        return left

    def add(self) -> Value:
        left = self.multiply()
        while self.peek() in {"+", "-"}:
            op = self.take()[1]
            left, right = _number(left), _number(self.multiply())
            total = left + right if op == "+" else left - right
            # As spreadsheets do: what cancels down to the noise of its operands is nothing.
            left = 0.0 if abs(total) <= _NOISE * max(abs(left), abs(right)) else total
        return left

    def multiply(self) -> Value:
        left = self.power()
        while self.peek() in {"*", "/"}:
            op = self.take()[1]
            right = _number(self.power())
            if op == "/" and right == 0:
                raise CellError("#DIV/0!")
            left = _number(left) * right if op == "*" else _number(left) / right
        return left

    def power(self) -> Value:
        left = self.unary()
        while self.peek() == "^":
            self.take()
            left = float(_number(left) ** _number(self.unary()))
        return left

    def unary(self) -> Value:
        if self.peek() in {"+", "-"}:
            sign = self.take()[1]
            value = self.unary()
            return -_number(value) if sign == "-" else value
        value = self.primary()
        while self.peek() == "%":
            self.take()
            value = _number(value) / 100
        return value

    def primary(self) -> Value:
        kind, text = self.take()
        if kind == "number":
            return float(text)
        if kind == "text":
            return text[1:-1].replace('""', '"')
        if kind == "ref":
            return self.reference(text)
        if kind == "error":
            raise CellError("#REF!")
        if kind == "name":
            return self.named(text)
        if text == "(":
            value = self.compare()
            self.expect(")")
            return value
        raise CellError("#ERROR!")

    def expect(self, op: str) -> None:
        if self.take()[1] != op:
            raise CellError("#ERROR!")

    def reference(self, text: str) -> Value:
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise CellError("#ERROR!")
        sheet_id = self.sheet_id
        if found["sheet"]:
            title = _title(found["sheet"]).lower()
            sheet = next((item for item in self.results.book.sheets if item.title.lower() == title), None)
            if sheet is None:
                raise CellError("#REF!")
            sheet_id = sheet.id
        start, end = _CORNER.match(found["first"]), _CORNER.match(found["last"] or found["first"])
        if start is None or end is None:
            raise CellError("#ERROR!")
        row, column = int(start[4]) - 1, column_index(start[2])
        if not found["last"]:
            return self.results.of(sheet_id, row, column)
        return self.results.range(Rect(sheet_id, row, column, int(end[4]), column_index(end[2]) + 1))

    def named(self, name: str) -> Value:
        if self.peek() != "(":
            if name.upper() in {"TRUE", "FALSE"}:
                return name.upper() == "TRUE"
            named = self.results.book.named_range(name)
            if named is None:
                raise CellError("#NAME?")
            rect = self.results.book.rect(named["range"])
            return self.results.range(rect)
        self.take()
        arguments: list[_Lazy] = []
        while self.peek() != ")":
            arguments.append(self.argument())
            if self.peek() in {",", ";"}:
                self.take()
        self.expect(")")
        function = FUNCTIONS.get(name.upper())
        if function is None:
            raise CellError("#NAME?")
        return function(arguments)

    def argument(self) -> _Lazy:
        start, depth = self.at, 0
        while depth or self.peek() not in {",", ";", ")"}:
            text = self.take()[1]
            depth += (text == "(") - (text == ")")
        part = self.tokens[start : self.at]

        def make() -> Value:
            reader = _Reader(self.results, self.sheet_id, "")
            reader.tokens = part
            return reader.result() if part else None

        return _Lazy(make)


def _single(value: Value) -> Scalar:
    if isinstance(value, list):
        if len(value) == 1 and len(value[0]) == 1:
            return value[0][0]
        raise CellError("#VALUE!")
    return value


def _number(value: Value) -> float:
    found = _single(value)
    if found is None:
        return 0.0
    if isinstance(found, str):
        try:
            return float(found) if found else 0.0
        except ValueError:
            raise CellError("#VALUE!") from None
    return float(found)


def _text(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _compared(op: str, left: Scalar, right: Scalar) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        pair: tuple[str, str] | tuple[float, float] = (_text(left).lower(), _text(right).lower())
    else:
        pair = (_number(left), _number(right))
    order = (pair[0] > pair[1]) - (pair[0] < pair[1])  # type: ignore[operator]
    return {"=": order == 0, "<>": order != 0, "<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[op]


def _flat(arguments: Iterable[_Lazy]) -> list[float]:
    """The numbers among the arguments; text and blanks of a range do not count, as in a sheet."""
    numbers: list[float] = []
    for lazy in arguments:
        value = lazy.make()
        if isinstance(value, list):
            numbers += [
                float(item)
                for row in value
                for item in row
                if isinstance(item, int | float) and not isinstance(item, bool)
            ]
        elif value is not None:
            numbers.append(_number(value))
    return numbers


def _if(arguments: list[_Lazy]) -> Value:
    if not 2 <= len(arguments) <= 3:
        raise CellError("#N/A")
    if _number(arguments[0].make()):
        return arguments[1].make()
    return arguments[2].make() if len(arguments) > 2 else False


def _iferror(arguments: list[_Lazy]) -> Value:
    try:
        return arguments[0].make()
    except CellError:
        return arguments[1].make() if len(arguments) > 1 else None


def _round(arguments: list[_Lazy]) -> Value:
    places = int(_number(arguments[1].make())) if len(arguments) > 1 else 0
    factor = 10.0**places
    number = _number(arguments[0].make()) * factor
    return math.copysign(math.floor(abs(number) + 0.5), number) / factor


def _average(arguments: list[_Lazy]) -> Value:
    numbers = _flat(arguments)
    if not numbers:
        raise CellError("#DIV/0!")
    return math.fsum(numbers) / len(numbers)


FUNCTIONS: dict[str, Callable[[list[_Lazy]], Value]] = {
    "SUM": lambda arguments: math.fsum(_flat(arguments)),
    "AVERAGE": _average,
    "MIN": lambda arguments: min(_flat(arguments), default=0.0),
    "MAX": lambda arguments: max(_flat(arguments), default=0.0),
    "COUNT": lambda arguments: float(len(_flat(arguments))),
    "ABS": lambda arguments: abs(_number(arguments[0].make())),
    "ROUND": _round,
    "IF": _if,
    "IFERROR": _iferror,
    "AND": lambda arguments: all(_flat(arguments)),
    "OR": lambda arguments: any(_flat(arguments)),
    "NOT": lambda arguments: not _number(arguments[0].make()),
}
