"""The kinds of arguments, and how raw cells become what a function body receives.

========== ============================================================ ==========================================
kind       what a user gives                                            what the body receives
========== ============================================================ ==========================================
amount     a number, or a range that is added up; blank is 0            Fraction
loss       the same; magnitudes or signed, but not both in one range    Fraction
number     one number                                                   Fraction (None when optional and blank)
column     a range, blank is 0                                          Column: its numbers in reading order
answers    a range, blank is no answer                                  Column: its numbers in reading order
cells      one row or column, read together with those beside it        list of raw cells, none of them an error
beside     numbers beside the column, as many; blank is 0               list of numbers
factors    numbers beside the column, as many or one for all            list of numbers, 1 for each when omitted
labels     texts beside the column, as many                             list of text or None
texts      texts beside the column, as many or one for all              list of text or None
flags      yes or no beside the column, as many or one for all          list of bool, False when omitted
text       one text                                                     str (None when optional and blank)
choice     one of ``enum``                                              str, the first of ``enum`` when optional and blank
day        one date                                                     date or None
period     a period or a date                                           str or date
names      texts in a range, or one                                     list of str
periods    periods in a range, or one                                   list of str or date
instants   dates and times in a range, or one; blank is None. Required  list of datetime or None
           ones stand side by side
days       dates in a range, or one                                     list of date
pairs      field, value, field, value ... or one range of two columns   dict
========== ============================================================ ==========================================

Ranges that stand side by side have as many cells, and a header in all of them or in none: A1:A9 beside B2:B9 would pair
each number with its neighbour's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from revalign_udf.calc.cells import Column, amount, grid, is_blank, number, numbers, unwrap
from revalign_udf.calc.instants import days, has_heading, instants
from revalign_udf.calc.sums import total
from revalign_udf.calc.texts import aligned_flags, aligned_texts, cells_of, day, pairs, period_token, text, unequal
from revalign_udf.errors import UnknownName, UserError

__all__ = ["Argument", "Kind", "bind"]

Kind = Literal[
    "amount", "loss", "number", "column", "answers", "cells", "beside", "factors", "labels", "texts", "flags",
    "text", "choice", "day", "period", "names", "periods", "instants", "days", "pairs",
]  # fmt: skip

_NO_COLUMN = Column([], header=False)
_SCALARS = frozenset({"number", "text", "period", "names", "periods"})


_DATED = frozenset({"day", "days", "instants", "period", "periods"})
#: of the arguments whose kind says nothing (``cells``), those whose numbers may be days
_DATED_CELLS = frozenset({"period", "touch_dates"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name and help text are what Excel's function wizard shows."""

    name: str
    kind: Kind
    help: str
    optional: bool = False
    repeating: bool = False
    enum: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        """Whether its numbers may be days: what a workbook that counts days from 1904 hands over must be shifted."""
        return self.kind in _DATED or (self.kind == "cells" and self.name in _DATED_CELLS)

    def expanded(self, times: int) -> list[Argument]:
        """Itself, or a repeating pair written out: field1, value1, field2, value2 ..."""
        if not self.repeating:
            return [self]
        single = replace(self, repeating=False, optional=True)
        return [
            replace(single, name=f"{name}{place}", help=help_text)
            for place in range(1, times + 1)
            for name, help_text in (("field", self.help), ("value", "The value to keep; empty means all."))
        ]


def _loss(value: Any, what: str) -> Any:
    found = numbers(value, what).values
    if found and min(found) < 0 < max(found):
        raise UserError(
            f"{what} mixes positive and negative numbers.",
            code="REV-114",
            cell="#NUM!",
            hint="Give losses either all as magnitudes or all negative.",
        )
    return total(found)


def _names(value: Any, what: str) -> list[str]:
    cells = (text(cell, what) for row in grid(unwrap(value), what) for cell in row)
    return [name for name in cells if name is not None]


def _periods(value: Any, what: str) -> list[Any]:
    cells = (period_token(cell, what) for row in grid(unwrap(value), what) for cell in row)
    return [token for token in cells if token is not None]


def _answers(value: Any, what: str) -> Column:
    return numbers(value, what, blank="skip")


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "amount": amount,
    "loss": _loss,
    "number": number,
    "column": numbers,
    "answers": _answers,
    "cells": cells_of,
    "text": text,
    "choice": text,
    "day": day,
    "period": period_token,
    "names": _names,
    "periods": _periods,
    "instants": instants,
    "days": days,
}


def _beside(value: Any, what: str, column: Column) -> list[Any]:
    found = numbers(value, what)
    if found.cells != column.cells:
        raise unequal(what, found.cells, column.cells)
    if found.header != column.header:
        raise _one_heading(what, found.header)
    if len(found.values) != len(column.values):  # headings of different width
        raise unequal(what, len(found.values), len(column.values))
    return found.values


def _one_heading(what: str, has: bool) -> UserError:
    first, second = (what, "the range beside it") if has else ("The range beside it", what)
    return UserError(
        f"{first} begins with a heading, {second} does not.", hint="Give both with theirs, or both without."
    )


def _factors(value: Any, what: str, column: Column) -> list[Any]:
    cell = unwrap(value)
    if isinstance(cell, list | tuple):
        return _beside(value, what, column)
    return [1 if is_blank(cell) else number(cell, what)] * len(column.values)


def _labels(value: Any, what: str, column: Column) -> list[str | None]:
    return aligned_texts(value, what, column, spread=is_blank(unwrap(value)))


_ALIGNED: Mapping[str, Callable[[Any, str, Column], Any]] = {
    "beside": _beside,
    "factors": _factors,
    "labels": _labels,
    "texts": aligned_texts,
    "flags": aligned_flags,
}


def bind(arguments: Sequence[Argument], given: Sequence[Any], function: str) -> list[Any]:
    """What the body of a function receives for raw cells.

    Raises UserError REV-102 for a missing or surplus argument, REV-112 for a blank where one number or text must be.
    """
    values: list[Any] = []
    column = _NO_COLUMN
    stood: Sequence[Any] | None = None
    count = len(given)
    for place, argument in enumerate(arguments):
        kind, name = argument.kind, argument.name
        if kind == "pairs":
            values.append(pairs(given[place:]))
            return values
        if place < count:
            raw = given[place]
        elif argument.optional:
            raw = None
        else:
            raise UserError(f"{function} needs {name}.", hint=argument.help)
        if kind in _READERS:
            value = _READERS[kind](raw, name)
            if kind == "column":
                column = value
            elif kind == "choice":
                value = _chosen(argument, value)
            elif kind == "instants" and not argument.optional:
                stood = _side_by_side(raw, name, stood)
            elif kind in _SCALARS and not argument.optional and (value is None or value == []):
                raise UserError(f"{name} is empty.", code="REV-112", hint=argument.help)
        else:
            value = _ALIGNED[kind](raw, name, column)
        values.append(value)
    if count > len(arguments):
        raise UserError(f"{function} takes {len(arguments)} arguments, not {count}.")
    return values


def _side_by_side(value: Any, what: str, before: Sequence[Any] | None) -> Sequence[Any]:
    """The cells of a range of dates, which stands beside the one before it."""
    cells = [cell for row in grid(unwrap(value), what) for cell in row]
    if before is not None:
        if len(cells) != len(before):
            raise unequal(what, len(cells), len(before))
        if has_heading(cells) != has_heading(before):
            raise _one_heading(what, has_heading(cells))
    return cells


def _chosen(argument: Argument, value: str | None) -> str:
    if value is None:
        if argument.optional:
            return argument.enum[0]
        raise UserError(f"{argument.name} is empty.", code="REV-112", hint=argument.help)
    word = value.casefold().replace(" ", "_").replace("-", "_")
    if word not in argument.enum:
        raise UnknownName(argument.name, value, argument.enum, hint=f"Use {', '.join(argument.enum)}.")
    return word
