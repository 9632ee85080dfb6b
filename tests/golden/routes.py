"""The golden call table: what every function shows for given arguments, on every way into Excel.

``calls/*.json`` hold rows ``{"function", "arguments", "cell" | "error", "about"}``. What a row expects is reasoned from the
definition, never copied from an answer. Beside plain JSON:

=============================== ==============================================================================
written                         means
=============================== ==============================================================================
``null``                        a blank cell
``{"exact": "11/1010"}``        of an answer: the double nearest to this arithmetic (+ - * / ^, whole numbers)
``{"error": "#DIV/0!"}``        of a cell inside a table: that error
``{"date": "2026-04-01"}``      of a cell: that day, as ISO text or as a serial number
``{"like": "a+"}``              of a cell: a text that this pattern matches in full
``"holds": [...]``              instead of ``cell``: rows that the table holds, in this order, blanks behind them
``"columns": {"a": [...]}``     instead of ``cell``: whole columns of a table by the names in its first row
``{"repeat": [r], "times": n}`` of an argument: n times that row
``{"from": 1, "to": n}``        of an argument: the whole numbers 1 to n, one below the other
``"code": "REV-110"``           the code at the front of the message, where a way carries messages
``"not": ["count"]``            a reason of `REASONS` why a cell in Excel cannot make this call
=============================== ==============================================================================

A way into Excel is tested by handing `differences` all its answers at once, so that one process serves all rows.
"""

from __future__ import annotations

import ast
import json
import operator
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

__all__ = [
    "REASONS", "Row", "blank_as_text", "differences", "from_cells", "range_rows", "rows", "same", "snapshot_rows",
    "text_as_blank",
]  # fmt: skip

#: why a row does not go through the ways that start in a cell of Excel
REASONS = {
    "count": "Excel itself refuses a formula with an argument too few or too many",
    "ragged": "a range in Excel is a rectangle",
    "spelling": "how a name is spelled is for files and the command line; a cell calls one function",
}

_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
              ast.Pow: operator.pow}  # fmt: skip


_DAY_ZERO = date(1899, 12, 30)
_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


@dataclass(frozen=True)
class Row:
    """One call and what its cell shows: ``cell``, ``holds`` or ``columns``, or ``error`` with the ``code`` of its message."""

    family: str
    place: int
    function: str
    arguments: tuple[Any, ...]
    kind: str
    expected: Any
    code: str
    about: str
    never: tuple[str, ...]

    @property
    def error(self) -> str:
        """The error the cell shows, or an empty text."""
        return self.expected if self.kind == "error" else ""

    @property
    def title(self) -> str:
        """Where it stands and what it is about."""
        return f"{self.family}-{self.place} {self.function}: {self.about}"


def exactly(text: str) -> Fraction:
    """The value of arithmetic with whole numbers.

    >>> exactly("1 - (97/100)^2")
    Fraction(591, 10000)
    """

    def value(node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return Fraction(node.value)
        if isinstance(node, ast.BinOp):
            right = value(node.right)
            return _OPERATORS[type(node.op)](value(node.left), int(right) if isinstance(node.op, ast.Pow) else right)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        raise ValueError(text)

    return Fraction(value(ast.parse(text.replace("^", "**"), mode="eval").body))


def _argument(value: Any) -> Any:
    if isinstance(value, dict) and "repeat" in value:
        return [list(value["repeat"])] * value["times"]
    if isinstance(value, dict):
        return [[number] for number in range(value["from"], value["to"] + 1)]
    return value


def _expected(value: Any) -> Any:
    if isinstance(value, list):
        return [[_expected(cell) for cell in row] for row in value]
    if isinstance(value, dict):
        if "error" in value:
            return value["error"]
        if "date" in value:
            return date.fromisoformat(value["date"])
        if "like" in value:
            return re.compile(value["like"])
        found = exactly(value["exact"])
        return found.numerator / found.denominator  # Python divides whole numbers to the nearest double
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@cache
def rows() -> tuple[Row, ...]:
    """All rows, in the order of their files."""
    found = []
    for file in sorted((Path(__file__).parent / "calls").glob("*.json")):
        for place, row in enumerate(json.loads(file.read_text(encoding="utf-8")), 1):
            kinds = [kind for kind in ("cell", "error", "holds", "columns") if kind in row]
            surplus = set(row) - {"function", "arguments", "code", "about", "not", *kinds}
            if surplus or len(kinds) != 1 or not set(row.get("not", ())) <= set(REASONS):
                raise ValueError(f"{file.name}, row {place}: {row}")
            [kind] = kinds
            found.append(
                Row(
                    file.stem,
                    place,
                    row["function"],
                    tuple(map(_argument, row["arguments"])),
                    kind,
                    {name: _expected([cells])[0] for name, cells in row[kind].items()}
                    if kind == "columns"
                    else _expected(row[kind]),
                    row.get("code", ""),
                    row["about"],
                    tuple(row.get("not", ())),
                )
            )
    return tuple(found)


def snapshot_rows(*, in_cells: bool = False) -> list[Row]:
    """The rows about the published snapshot of `project.py`; ``in_cells`` as for `range_rows`."""
    return [row for row in rows() if row.family == "snapshot" and not (in_cells and row.never)]


def range_rows(*, in_cells: bool = False) -> list[Row]:
    """The rows about ranges; ``in_cells`` leaves out what no cell of Excel can call."""
    return [row for row in rows() if row.family != "snapshot" and not (in_cells and row.never)]


def same(expected: Any, found: Any) -> bool:
    """Whether two cells, or tables of cells, are the same: numbers to the last bit, and true is not 1."""
    if isinstance(expected, list) or isinstance(found, list):
        return (
            isinstance(expected, list)
            and isinstance(found, list)
            and len(expected) == len(found)
            and all(
                isinstance(one, list | tuple) and len(one) == len(other) and all(map(same, one, other))
                for one, other in zip(expected, found, strict=True)
            )
        )
    if isinstance(expected, date):
        return same(expected.isoformat(), found) or same(float((expected - _DAY_ZERO).days), found)
    if isinstance(expected, re.Pattern):
        return isinstance(found, str) and expected.fullmatch(found) is not None
    if isinstance(expected, float):
        return type(found) in (int, float) and float(found).hex() == expected.hex()
    if isinstance(expected, str):  # an error inside a table is a text with a class of its own
        return isinstance(found, str) and str(found) == expected
    return type(expected) is type(found) and expected == found


def _fits(row: Row, found: Any) -> bool:
    if row.kind == "cell":
        return same(row.expected, found)
    if not isinstance(found, list):
        return False
    if row.kind == "holds":
        left = iter(found)
        return all(
            any(same([wanted], [one[: len(wanted)]]) and set(one[len(wanted) :]) <= {None} for one in left)
            for wanted in row.expected
        )
    header, *body = found
    return all(
        name in header and same([cells], [[line[header.index(name)] for line in body]])
        for name, cells in row.expected.items()
    )


def differences(
    asked: Sequence[Row], answers: Iterable[Mapping[str, Any]], *, messages: Container[str] = _ERRORS
) -> list[str]:
    """What is not as it should be, one text each. Answers are as those of `call_cell`; ``messages`` are the errors that
    come with one."""
    found = []
    for row, answer in zip(asked, answers, strict=True):
        if row.error:
            shown, message = answer.get("error"), str(answer.get("message") or "")
            said = shown not in messages or message.removeprefix(f"{row.error} ").startswith(f"{row.code} ")
            if shown == row.error and said:
                continue
        elif "cell" in answer and _fits(row, answer["cell"]):
            continue
        found.append(f"{row.title}\n    {row.expected!r:.300} {row.code}\n    {dict(answer)!r:.900}")
    return found


def from_cells(row: Row, shown: Any) -> dict[str, Any]:
    """What a row's cell shows in a sheet, as an answer: an error by its text, a blank that arrives as an empty text (Excel
    would show 0), a table of one row or one cell that arrives without its brackets."""
    if isinstance(shown, str) and shown in _ERRORS:
        return {"error": str(shown)}
    table = row.kind in ("holds", "columns") or isinstance(row.expected, list)
    if table and not isinstance(shown, list):
        shown = [[shown]]
    elif table and shown and not isinstance(shown[0], list):
        shown = [shown]
    return {"cell": shown}


def blank_as_text(row: Row) -> Row:
    """The row as a sheet shows it, where a blank and an empty text are the same."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items()}
        return None if value == "" else value

    return replace(row, expected=plain(row.expected) if row.kind != "error" else row.expected)


def text_as_blank(value: Any) -> Any:
    """A cell or a table of a sheet with its empty texts as blanks."""
    if isinstance(value, list | tuple):
        return [text_as_blank(item) for item in value]
    return None if value == "" else value
