"""Makes blocks that ask no metric: rows of entries with a function over them, one function that spills, lines to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from revalign_udf.calc.results import CellError, cells
from revalign_udf.errors import NoData, RevalignError, UnknownName
from revalign_udf.layout import formats
from revalign_udf.layout.maker import Maker, Row, as_day
from revalign_udf.layout.model import Argument, Block, Call, Cell, Column, Name, Ref
from revalign_udf.layout.parameters import used
from revalign_udf.layout.plan import BlockPlan, CallPlan, ColumnPlan

__all__ = ["calls", "notes", "spill"]

_RESULT, _SAYS = "result", "says"


def calls(maker: Maker, plan: BlockPlan) -> Block:
    """Rows of what is shown, the cells people type into, and a function over them with what it answers."""
    heads = [
        Column(f"entry_{number}", title, "number", "Type over it.", 16) for number, title in enumerate(plan.entries, 1)
    ]
    columns = [Column("what", "What", "text", "", 34), *heads, Column(_RESULT, "Result", "number", "", 18)]
    columns.append(Column(_SAYS, "What it says", "text", "", 60, fixed=True))
    rows, keys = list[Row](), list[str]()
    for number, call in enumerate(plan.calls, 1):
        entries = [_entry(entry) for entry in call.entries]
        entries += [Cell(None)] * (len(heads) - len(entries))
        arguments: list[Argument] = [Ref(head.key) for head, _ in zip(heads, call.entries, strict=False)]
        arguments += [_argument(item) for item in call.arguments]
        value, error, said = _answer(maker, call, [*call.entries, *_given(maker, call)])
        form = _pattern(maker, call, value)
        result = Cell(value, Call(call.function, tuple(arguments), bare=True), status=said, error=error, format=form)
        rows.append((Cell(call.title or call.function), *entries, result, Cell(call.note or said or None)))
        keys.append(str(number))
    return maker.done(plan, columns, rows, keys, 1)


def spill(maker: Maker, plan: BlockPlan) -> Block:
    """All that one function answers, as it answers it."""
    (call,) = plan.calls
    try:
        answer = _rows(maker, call)
    except NoData as error:  # a block keeps its place while it has nothing to show
        cell, only = (
            Cell(None, status=str(error), error=error.cell),
            Column("answer", plan.title or call.function, "text"),
        )
        bare = replace(plan, charts=(), rules=())
        return replace(maker.done(bare, [only], [(cell,)], ["1"], 1), missing=str(error))
    width = max(max((len(row) for row in answer), default=1), len(plan.columns))
    looks = [*plan.columns, *(ColumnPlan(key=f"column_{at + 1}") for at in range(len(plan.columns), width))]
    columns = [maker.looked(Column(look.key, look.title, look.unit or "text"), look) for look in looks]
    rows = [tuple(_cell(value, look) for value, look in zip(row, looks, strict=True)) for row in answer]
    arguments = tuple(_argument(item) for item in call.arguments)
    block = maker.done(plan, columns, rows, [str(number) for number in range(1, len(rows) + 1)], 1)
    return replace(block, spill=Call(call.function, arguments))


def notes(maker: Maker, plan: BlockPlan) -> Block:
    """Lines to read."""
    column = Column("note", "Read this", "text", width=100, fixed=True)
    rows = [(Cell(line),) for line in plan.lines]
    return maker.done(plan, [column], rows, [str(number) for number in range(1, len(rows) + 1)], 1)


def _entry(value: str | float) -> Cell:
    day = as_day(value)
    return Cell(day or value, entry=True, format="yyyy-mm-dd" if day else _as_typed(value))


def _as_typed(value: str | float) -> str:
    """The pattern that shows a number with the decimals it was written with.

    >>> _as_typed(120000), _as_typed(0.025), _as_typed("months")
    ('#,##0', '#,##0.000', '')
    """
    if isinstance(value, str):
        return ""
    _, _, after = f"{value:.6f}".rstrip("0").partition(".")
    return f"#,##0.{'0' * len(after)}" if after else "#,##0"


def _argument(item: str | float | bool) -> Argument:
    if not isinstance(item, str):
        return item
    if used(item):
        return Name(used(item))
    return item or None


def _given(maker: Maker, call: CallPlan) -> list[Any]:
    """The arguments with the values parameters have now; an empty text is an argument left out."""
    return [maker.chosen.value(item) or None if isinstance(item, str) else item for item in call.arguments]


def _asked(maker: Maker, call: CallPlan, arguments: Sequence[Any]) -> Any:
    """The result of a call. Raises what the cell would show as an error, and SurfaceError REV-701 for no function."""
    if maker.call is None:
        raise maker.problem("functions cannot be called here.", call.place, "Build it from a project.")
    try:
        return cells(maker.call(call.function, arguments))
    except UnknownName as error:
        if error.kind == "function":
            raise maker.problem(error.message, f"{call.place}.function", error.hint) from None
        raise


def _answer(maker: Maker, call: CallPlan, arguments: Sequence[Any]) -> tuple[Any, str, str]:
    """The value of a call, or the error its cell shows and what it says."""
    try:
        value = _asked(maker, call, arguments)
    except RevalignError as error:
        if error.code == "REV-701":
            raise
        return None, error.cell, str(error)
    if isinstance(value, list):
        raise maker.problem(f"{call.function} answers a table.", call.place, 'Show it in a block of kind "spill".')
    return value, "", ""


def _rows(maker: Maker, call: CallPlan) -> list[list[Any]]:
    with maker.place(call.place):
        found = _asked(maker, call, _given(maker, call))
    rows: list[list[Any]] = found if isinstance(found, list) else [[found]]
    width = max((len(row) for row in rows), default=0)
    return [[*row, *[None] * (width - len(row))] for row in rows]


def _pattern(maker: Maker, call: CallPlan, value: Any) -> str:
    """The pattern a result is shown by."""
    if call.format or not isinstance(value, int | float) or isinstance(value, bool):
        return call.format or ("yyyy-mm-dd" if isinstance(value, date) else "")
    column, currency = Column("", "", call.unit, decimals=call.decimals), maker.ask.currency
    return formats.pattern(call.unit, currency, formats.places_of(column, abs(value), currency))


def _cell(value: Any, look: ColumnPlan) -> Cell:
    if isinstance(value, CellError):
        return Cell(str(value), error=str(value))
    if isinstance(value, date):
        return Cell(value, format="yyyy-mm-dd")
    if isinstance(value, int | float) and not isinstance(value, bool) and look.unit is None and not look.format:
        return Cell(value, format=_general(value))
    return Cell(value)


def _general(value: float) -> str:
    """How a number of no known unit is shown: whole ones without decimals.

    >>> _general(12.0), _general(0.25)
    ('#,##0', '#,##0.0000')
    """
    return "#,##0" if re.fullmatch(r"-?\d+\.0", repr(float(value))) else "#,##0.0000"
