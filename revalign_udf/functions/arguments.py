"""The kinds of arguments, and how raw cells become what a function body receives.

========== ============================================================ ==========================================
kind       what a user gives                                            what the body receives
========== ============================================================ ==========================================
amount     a number, or a range that is added up; blank is 0            Fraction
loss       the same; magnitudes or signed, but not both in one range    Fraction
number     one number                                                   Fraction (None when optional and blank)
column     a range, blank is 0                                          Column: its numbers in reading order
answers    a range, blank is no answer                                  Column: its numbers in reading order
beside     numbers beside the column, as many; blank is 0               list of numbers
factors    numbers beside the column, as many or one for all            list of numbers, 1 for each when omitted
labels     texts beside the column, as many                             list of text or None
texts      texts beside the column, as many or one for all              list of text or None
flags      yes or no beside the column, as many or one for all          list of bool, False when omitted
text       one text                                                     str (None when optional and blank)
choice     one of ``enum``                                              str, the first of ``enum`` when omitted
day        one date                                                     date or None
period     a period or a date                                           str or date
names      texts in a range, or one                                     list of str
periods    periods in a range, or one                                   list of str or date
instants   dates and times in a range, or one; blank is None            list of datetime or None
days       dates in a range, or one                                     list of date
pairs      field, value, field, value ... or one range of two columns   dict
========== ============================================================ ==========================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from revalign_udf.calc.cells import Column, amount, grid, is_blank, number, numbers, unwrap
from revalign_udf.calc.instants import days, instants
from revalign_udf.calc.texts import aligned_flags, aligned_texts, day, pairs, period_token, text
from revalign_udf.errors import UnknownName, UserError

__all__ = ["Argument", "Kind", "bind"]

Kind = Literal[
    "amount", "loss", "number", "column", "answers", "beside", "factors", "labels", "texts", "flags",
    "text", "choice", "day", "period", "names", "periods", "instants", "days", "pairs",
]  # fmt: skip

_SCALARS = frozenset({"number", "text", "period", "names", "periods"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name and help text are what Excel's function wizard shows."""

    name: str
    kind: Kind
    help: str
    optional: bool = False
    repeating: bool = False
    enum: tuple[str, ...] = ()

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
    if any(item > 0 for item in found) and any(item < 0 for item in found):
        raise UserError(
            f"{what} mixes positive and negative numbers.",
            code="REV-114",
            cell="#NUM!",
            hint="Give losses either all as magnitudes or all negative.",
        )
    return amount(found, what)


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
    found, wanted = numbers(value, what).values, len(column.values)
    if len(found) != wanted:
        raise UserError(f"{what} has {len(found)} numbers beside {wanted}.", hint="Give ranges of equal length.")
    return found


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
    column = Column([], header=False)
    for place, argument in enumerate(arguments):
        kind, name = argument.kind, argument.name
        if kind == "pairs":
            values.append(pairs(given[place:]))
            return values
        if place >= len(given) and not argument.optional:
            raise UserError(f"{function} needs {name}.", hint=argument.help)
        raw = given[place] if place < len(given) else None
        aligned = _ALIGNED.get(kind)
        value = aligned(raw, name, column) if aligned else _READERS[kind](raw, name)
        if kind == "column":
            column = value
        elif kind == "choice":
            value = _chosen(argument, value)
        elif kind in _SCALARS and not argument.optional and (value is None or value == []):
            raise UserError(f"{name} is empty.", code="REV-112", hint=argument.help)
        values.append(value)
    if len(given) > len(arguments):
        raise UserError(f"{function} takes {len(arguments)} arguments, not {len(given)}.")
    return values


def _chosen(argument: Argument, value: str | None) -> str:
    if value is None:
        return argument.enum[0]
    if value.casefold() not in argument.enum:
        raise UnknownName(argument.name, value, argument.enum, hint=f"Use {', '.join(argument.enum)}.")
    return value.casefold()
