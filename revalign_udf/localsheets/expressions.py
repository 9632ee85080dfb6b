"""A formula's text as something that can be worked out: one pass over the tokens makes nested functions.

Parsing is kept by text, so that a formula is read once however often its spreadsheet is worked out again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from revalign_udf.calc.letters import column_index
from revalign_udf.localsheets.book import Scalar

__all__ = ["OPEN", "Area", "CellError", "Frame", "Program", "Reference", "Value", "parse", "single", "translated"]

#: the end of a range that has none (``B2:B``)
OPEN = 2**31


class CellError(Exception):
    """A cell shows an error value."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        super().__init__(shown)


class Area:
    """The values of a rectangle, errors among them."""

    __slots__ = ("index", "rows")

    def __init__(self, rows: list[list[Scalar | CellError]]) -> None:
        self.rows = rows
        #: where the exact look-ups keep what they found: column -> value -> first row
        self.index: dict[int, dict[object, int]] = {}

    def __iter__(self) -> Iterator[Scalar | CellError]:
        for row in self.rows:
            yield from row


Value = Scalar | Area


@dataclass(frozen=True, slots=True)
class Reference:
    """A cell or a range as a formula names it; 0-based, ends excluded."""

    title: str | None
    top: int
    left: int
    bottom: int
    right: int
    #: which sides stay where they are when the formula is used at another cell
    fixed: tuple[bool, bool, bool, bool]
    one: bool

    def moved(self, down: int, right: int) -> Reference:
        """As the formula would name it further down and to the right."""
        if not down and not right:
            return self
        rows, columns = (self.top, self.bottom), (self.left, self.right)
        top, left, bottom, far = self.fixed
        return Reference(
            self.title,
            rows[0] if top or rows == (0, OPEN) else rows[0] + down,
            columns[0] if left or columns == (0, OPEN) else columns[0] + right,
            rows[1] if bottom or rows[1] == OPEN else rows[1] + down,
            columns[1] if far or columns[1] == OPEN else columns[1] + right,
            self.fixed,
            self.one,
        )


class Frame:
    """Where a formula is worked out: its tab, its cell, how far from home, and who looks up the rest."""

    __slots__ = ("column", "down", "name", "reference", "right", "row", "sheet")

    def __init__(
        self,
        sheet: int,
        row: int,
        column: int,
        reference: Callable[[Frame, Reference], Value],
        name: Callable[[str], Value],
        shift: tuple[int, int] = (0, 0),
    ) -> None:
        self.sheet, self.row, self.column = sheet, row, column
        self.reference, self.name = reference, name
        self.down, self.right = shift


Run = Callable[[Frame], Value]


@dataclass(frozen=True, slots=True)
class Program:
    """A formula that can be worked out, and what it looks at."""

    run: Run
    references: tuple[Reference, ...]
    names: tuple[str, ...]


_REF = (
    r"(?:(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?"
    r"(?:\$?[A-Za-z]{1,3}\$?[1-9]\d*(?::\$?[A-Za-z]{1,3}(?:\$?[1-9]\d*)?|:\$?[1-9]\d*)?"
    r"|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}(?:\$?[1-9]\d*)?|\$?[1-9]\d*:\$?(?:[A-Za-z]{1,3}\$?)?[1-9]\d*)"
    r"(?![\w(.!])"
)


def _tokens(number: str, operators: str) -> re.Pattern[str]:
    return re.compile(
        rf"\s*(?:(?P<ref>{_REF})|(?P<number>{number})"
        r"|(?P<text>\"(?:[^\"]|\"\")*\")"
        r"|(?P<error>#REF!|#N/A|#DIV/0!|#VALUE!|#NAME\?|#NUM!)"
        r"|(?P<name>[^\W\d][\w.]*)"
        rf"|(?P<op><=|>=|<>|[-+*/^%&=<>(){operators}]))"
    )


_POINT = _tokens(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+", ",;")
_COMMA = _tokens(r"\d+(?:,\d*)?(?:[eE][+-]?\d+)?|,\d+", ";")
_SIDE = re.compile(r"(\$?)([A-Za-z]{0,3})(\$?)(\d*)")
_COMPARE = frozenset({"=", "<>", "<", ">", "<=", ">="})


@lru_cache(maxsize=65_536)
def parse(text: str, decimal: str = ".") -> Program:
    """A formula, without its ``=``.

    Args:
        text: the formula.
        decimal: the locale's decimal mark. With a comma, only ``;`` parts arguments.

    Raises:
        CellError: ``#ERROR!``, it cannot be read.
    """
    return _Parser(text, decimal).program()


def translated(text: str, old: str, new: str) -> str:
    """A formula, without its ``=``, written with another decimal mark; one that cannot be read stays as it is."""
    if old == new:
        return text
    pattern, parts, at = (_COMMA if old == "," else _POINT), [], 0
    while at < len(text.rstrip()):
        found = pattern.match(text, at)
        if found is None:
            return text
        part = found[0]
        if found["number"]:
            part = part.replace(old, new)
        elif found["op"] in {",", ";"}:
            part = part[:-1] + (";" if new == "," else ",")
        parts.append(part)
        at = found.end()
    return "".join(parts)


def reference(text: str) -> Reference:
    """A reference as it stands in a formula.

    Raises:
        CellError: not a reference.
    """
    prefix, mark, rest = text.rpartition("!")
    title: str | None = None
    if mark:
        title = prefix[1:-1].replace("''", "'") if prefix.startswith("'") else prefix
    first, colon, last = rest.partition(":")
    start, end = _SIDE.fullmatch(first), _SIDE.fullmatch(last or first)
    if start is None or end is None:
        raise CellError("#ERROR!")
    rows = [int(side[4]) - 1 if side[4] else None for side in (start, end)]
    columns = [column_index(side[2]) if side[2] else None for side in (start, end)]
    fixed = (
        bool(start[3]) or (not start[2] and bool(start[1])),
        bool(start[1]),
        bool(end[3]) or (not end[2] and bool(end[1])),
        bool(end[1]),
    )
    top, bottom = _span(*rows)
    left, right = _span(*columns)
    return Reference(title, top, left, bottom, right, fixed, one=not colon)


def _span(first: int | None, last: int | None) -> tuple[int, int]:
    if last is None:
        return first or 0, OPEN
    if first is None:
        return last, OPEN
    return min(first, last), max(first, last) + 1


class _Parser:
    """Recursive descent."""

    def __init__(self, text: str, decimal: str) -> None:
        self.decimal = decimal
        pattern = _COMMA if decimal == "," else _POINT
        self.kinds: list[str] = []
        self.texts: list[str] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            found = pattern.match(text, at)
            if found is None:
                raise CellError("#ERROR!")
            kind = found.lastgroup or ""
            self.kinds.append(kind)
            self.texts.append(found[kind])
            at = found.end()
        self.kinds.append("end")
        self.texts.append("")
        self.at = 0
        self.references: list[Reference] = []
        self.names: list[str] = []

    def program(self) -> Program:
        try:
            run = self.compare()
        except RecursionError:
            raise CellError("#ERROR!") from None
        if self.kinds[self.at] != "end":
            raise CellError("#ERROR!")
        return Program(run, tuple(self.references), tuple(self.names))

    def peek(self) -> str:
        return self.texts[self.at] if self.kinds[self.at] == "op" else ""

    def take(self) -> str:
        self.at += 1
        return self.texts[self.at - 1]

    def compare(self) -> Run:
        left = self.join()
        while self.peek() in _COMPARE:
            left = _comparing(self.take(), left, self.join())
        return left

    def join(self) -> Run:
        left = self.add()
        while self.peek() == "&":
            self.take()
            left = _joining(left, self.add(), self.decimal)
        return left

    def add(self) -> Run:
        left = self.multiply()
        while self.peek() in {"+", "-"}:
            left = _adding(self.take(), left, self.multiply())
        return left

    def multiply(self) -> Run:
        left = self.power()
        while self.peek() in {"*", "/"}:
            left = _multiplying(self.take(), left, self.power())
        return left

    def power(self) -> Run:
        left = self.unary()
        while self.peek() == "^":
            self.take()
            left = _raising(left, self.unary())
        return left

    def unary(self) -> Run:
        if self.peek() in {"+", "-"}:
            sign, run = self.take(), self.unary()
            return _negating(run) if sign == "-" else run
        run = self.primary()
        while self.peek() == "%":
            self.take()
            run = _hundredth(run)
        return run

    def primary(self) -> Run:
        kind, text = self.kinds[self.at], self.take()
        if kind == "number":
            return _constant(float(text.replace(",", ".")))
        if kind == "ref":
            found = reference(text)
            self.references.append(found)
            return _looking(found)
        if kind == "text":
            return _constant(text[1:-1].replace('""', '"'))
        if kind == "name":
            return self.named(text)
        if kind == "error":
            return _failing(text)
        if kind == "op" and text == "(":
            run = self.compare()
            self.expect(")")
            return run
        raise CellError("#ERROR!")

    def expect(self, op: str) -> None:
        if self.peek() != op:
            raise CellError("#ERROR!")
        self.at += 1

    def named(self, name: str) -> Run:
        if self.peek() != "(":
            if name.upper() in {"TRUE", "FALSE"}:
                return _constant(name.upper() == "TRUE")
            self.names.append(name)
            return lambda frame: frame.name(name)
        self.take()
        given: list[Run | None] = []
        if self.peek() == ")":
            self.take()
            return _calling(name, given)
        while True:
            given.append(None if self.peek() in {",", ";", ")"} else self.compare())
            if self.peek() in {",", ";"}:
                self.take()
                continue
            self.expect(")")
            return _calling(name, given)


# --- what the nodes do -----------------------------------------------------------------------------------------------


def _constant(value: Scalar) -> Run:
    return lambda _: value


def _failing(shown: str) -> Run:
    def run(_: Frame) -> Value:
        raise CellError(shown)

    return run


def _looking(found: Reference) -> Run:
    return lambda frame: frame.reference(frame, found)


def _calling(name: str, given: list[Run | None]) -> Run:
    from revalign_udf.localsheets.lookups import call

    upper = name.upper()
    return lambda frame: call(upper, frame, given)


def single(value: Value) -> Scalar:
    """One value.

    Raises:
        CellError: an error, or a range of more than one cell.
    """
    if isinstance(value, Area):
        if len(value.rows) == 1 and len(value.rows[0]) == 1:
            found = value.rows[0][0]
            if isinstance(found, CellError):
                raise found
            return found
        raise CellError("#VALUE!")
    return value


def number(value: Value) -> float:
    """A value as a number; a blank is 0.

    Raises:
        CellError: ``#VALUE!``, text that is no number.
    """
    found = single(value)
    if type(found) is float:
        return found
    if found is None:
        return 0.0
    if isinstance(found, str):
        try:
            return float(found) if found else 0.0
        except ValueError:
            raise CellError("#VALUE!") from None
    return float(found)


def text(value: Scalar, decimal: str = ".") -> str:
    """A value as text, as ``&`` writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        shown = str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.15g}"
        return shown.replace(".", decimal)
    return value


def compared(op: str, left: Scalar, right: Scalar) -> bool:
    """A comparison, case aside; numbers come before text, text before truth."""
    if left is None and isinstance(right, str):
        left = ""
    if right is None and isinstance(left, str):
        right = ""
    one, two = _rank(left), _rank(right)
    order = (one > two) - (one < two)
    if op == "=":
        return order == 0
    if op == "<>":
        return order != 0
    return {"<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[op]


def _rank(value: Scalar) -> tuple[int, float, str]:
    if isinstance(value, bool):
        return 2, float(value), ""
    if isinstance(value, str):
        return 1, 0.0, value.lower()
    return 0, float(value or 0.0), ""


#: as spreadsheets do: what cancels down to the noise of its operands is nothing
_NOISE = 16 * 2.220446049250313e-16


def _adding(op: str, left: Run, right: Run) -> Run:
    def run(frame: Frame) -> Value:
        one, two = number(left(frame)), number(right(frame))
        total = one + two if op == "+" else one - two
        return 0.0 if abs(total) <= _NOISE * max(abs(one), abs(two)) else total

    return run


def _multiplying(op: str, left: Run, right: Run) -> Run:
    def run(frame: Frame) -> Value:
        one, two = number(left(frame)), number(right(frame))
        if op == "*":
            return one * two
        if two == 0:
            raise CellError("#DIV/0!")
        return one / two

    return run


def raised(base: float, exponent: float) -> float:
    """A power.

    Raises:
        CellError: ``#NUM!`` or ``#DIV/0!``, there is none.
    """
    try:
        found = base**exponent
    except ZeroDivisionError:
        raise CellError("#DIV/0!") from None
    except OverflowError:
        raise CellError("#NUM!") from None
    if isinstance(found, complex):
        raise CellError("#NUM!")
    return float(found)


def _raising(left: Run, right: Run) -> Run:
    return lambda frame: raised(number(left(frame)), number(right(frame)))


def _negating(inner: Run) -> Run:
    return lambda frame: -number(inner(frame))


def _hundredth(inner: Run) -> Run:
    return lambda frame: number(inner(frame)) / 100


def _joining(left: Run, right: Run, decimal: str) -> Run:
    return lambda frame: text(single(left(frame)), decimal) + text(single(right(frame)), decimal)


def _comparing(op: str, left: Run, right: Run) -> Run:
    return lambda frame: compared(op, single(left(frame)), single(right(frame)))
