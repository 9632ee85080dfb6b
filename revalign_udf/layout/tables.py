"""Makes the blocks whose rows an answer brings: tables and lists of records.

Both are given in a workbook by one call that spills, which answers the rows of the block cell for cell: choice, order and
days are those of :mod:`revalign_udf.query.shaping`, here and in the function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from revalign_udf.calc.results import CellError
from revalign_udf.layout.columns import column_hint
from revalign_udf.layout.keys import RECORD_KEY, named_by
from revalign_udf.layout.maker import Maker, status_of, unit_of
from revalign_udf.layout.model import Argument, Block, Call, Cell, Column
from revalign_udf.layout.plan import BlockPlan, ColumnPlan
from revalign_udf.periods import Period
from revalign_udf.query.answers import Answer, Table
from revalign_udf.query.shaping import Value, dated, ordered, picked, records_in_order

__all__ = ["LONGEST", "PAIRS", "numbered", "records", "table"]

#: units whose values a block's ``decimals`` is about
_MEASURED = ("money", "rate", "number", "points", "months")
_RECORD_TITLES = {"system": "System", "id": "Record", "on": "Date", "url": "Address"}
#: Excel takes no longer text in a formula, and the functions of the classic add-in no more pairs
LONGEST, PAIRS = 255, 8


def table(maker: Maker, plan: BlockPlan) -> Block:
    """The rows of a metric that answers a table, the columns that name a row first."""
    (metric,) = plan.metrics
    name, note = maker.declared(metric, table=True).name, maker.note(metric)
    with maker.place(metric.place):
        period = maker.period(plan.first)
        answer = maker.one(metric, str(period))
    if answer.rows is None:
        # a block keeps its place while it has nothing to show; its charts and rules have nothing to be about
        why = status_of(answer)
        cell, only = Cell(None, status=why, error=answer.cell), Column(metric.key, answer.label, "text", note)
        bare = replace(plan, charts=(), rules=(), mode="replace")
        block = maker.done(bare, [only], [(cell,)], [str(period)], 1, [maker.said(plan.first)])
        return replace(block, mode=plan.mode, missing=why)
    keys = named_by(name, answer.rows)
    if plan.row_key:
        keys = [_known(maker, plan, key, answer.rows.columns, "row_key") for key in plan.row_key]
    front = "asked_period" if "period" in answer.rows.columns else "period"  # as the function names it
    return _made(maker, plan, "TABLE", answer.rows, keys, period, [front, *answer.rows.columns], answer)


def records(maker: Maker, plan: BlockPlan) -> Block:
    """The records of the sources behind a metric, each with what it contributes to a component of it."""
    (metric,) = plan.metrics
    maker.declared(metric)
    with maker.place(metric.place):
        period = maker.period(plan.first)
        every = maker.ask.records(metric.metric, str(period), maker.given(metric))
    found = records_in_order(_linked(plan, every))
    keys = [key for key in RECORD_KEY if key in found.columns]
    return _made(maker, plan, "RECORDS", found, keys, period, every.columns)


def _made(
    maker: Maker, plan: BlockPlan, function: str, found: Table, keys: Sequence[str], period: Period,
    answered: Sequence[str], answer: Answer | None = None,
) -> Block:  # fmt: skip
    """The block of rows. ``answered`` are the columns the function has by itself."""
    (metric,) = plan.metrics
    kept, columns = _columns(maker, plan, found, keys)
    columns[0] = replace(columns[0], note=" · ".join(part for part in (columns[0].note, maker.note(metric)) if part))
    for name in plan.sort:
        _known(maker, plan, name.removeprefix("-"), found.columns, "sort")
    days = [column.unit == "date" for column in columns]
    rows = [picked(row, kept, days) for row in ordered(found, plan.sort).rows[: plan.limit]]
    said = [maker.said(plan.first)]
    if len(rows) < len(found.rows):
        what = "rows" if answer else "records"
        said.append(f"{len(rows):,} of {len(found.rows):,} {what}{_by(plan)}")
    front = [str(period)] if answer else []
    names = numbered("|".join([*front, *map(_word, row[: len(keys)])]) for row in rows)
    spill = None
    if plan.mode != "append":  # rows of earlier snapshots stand above: there is no question they all answer
        moved = [
            c.key
            for c, is_day, at in zip(columns, days, kept, strict=True)
            if is_day != dated(found)[at] and not c.hidden
        ]
        spill, why = _spill(maker, plan, function, columns, answered, moved)
        said += [f"values without a formula: {why}"] if why else []
    block = maker.done(plan, columns, [_cells(row, answer) for row in rows], names, len(keys), said)
    return replace(block, spill=spill)


def _cells(row: Iterable[Value], answer: Answer | None) -> tuple[Cell, ...]:
    partial, stamp = (answer.partial, answer.fingerprint) if answer else (False, "")
    return tuple(
        Cell(None, status=str(value), error=str(value), partial=partial, fingerprint=stamp)
        if isinstance(value, CellError)
        else Cell(value, partial=partial, fingerprint=stamp)
        for value in row
    )


# --- the call that gives the rows --------------------------------------------------------------------------------------


def _spill(
    maker: Maker, plan: BlockPlan, function: str, columns: Sequence[Column], answered: Sequence[str],
    moved: Sequence[str],
) -> tuple[Call | None, str]:  # fmt: skip
    """The call that answers the rows of the block without heads; or why none can."""
    (metric,) = plan.metrics
    shown = [column for column in columns if not column.hidden]
    chosen = _chosen([column.key for column in shown], answered)
    if moved:
        return None, f"the function tells {' and '.join(moved)} in another unit."
    if chosen is None:
        return None, f"Excel takes no text above {LONGEST} characters in one, and the names of the columns are longer."
    pairs = maker.pairs(metric.where)
    for name, value in (("columns", chosen), ("sort", ", ".join(plan.sort)), ("limit", plan.limit)):
        pairs += [name, value] if value else []
    pairs += ["dates", "real"] if any(column.unit == "date" for column in shown) else []
    pairs += ["heads", "no"]
    if len(pairs) > 2 * PAIRS:
        return None, f"a function takes {PAIRS} pairs, and these are {len(pairs) // 2}."
    if any(isinstance(part, str) and len(part) > LONGEST for part in pairs):
        return None, f"Excel takes no text above {LONGEST} characters in one."
    asked: list[Argument] = [maker.declared(metric).name, maker.argument(plan.first), None]
    return Call(function, (*asked, *([None] if function == "TABLE" else []), *pairs)), ""


def _chosen(shown: Sequence[str], answered: Sequence[str]) -> str | None:
    """What to say for ``columns``: empty where the function answers just these; None where it cannot be said.

    They are named and not counted out, so that the heads of a block stand over their columns whatever is answered later.

    >>> _chosen(["b", "a"], ["a", "b"]), _chosen(["a", "b"], ["a", "b"])
    ('b, a', '')
    >>> _chosen(["a" * 200, "b" * 90], ["period", "a" * 200, "b" * 90])
    '-period'
    """
    if list(shown) == list(answered):
        return ""
    if any("," in name or name != name.strip() or name.startswith("-") for name in answered):
        return None
    ways = [", ".join(shown)]
    if list(shown) == [name for name in answered if name in shown]:
        ways.append(", ".join(f"-{name}" for name in answered if name not in shown))
    return next((text for text in ways if len(text) <= LONGEST), None)


def _linked(plan: BlockPlan, found: Table) -> Table:
    """The records without the column of their addresses, where no source has any and nobody asked for it."""
    asked = {*plan.chosen, *(look.key for look in plan.columns)}
    if "url" not in found.columns or "url" in asked:
        return found
    place = found.columns.index("url")
    if any(row[place] for row in found.rows):
        return found

    def left(values: Sequence[Any]) -> tuple[Any, ...]:
        return (*values[:place], *values[place + 1 :])

    return replace(
        found, columns=left(found.columns), rows=tuple(left(row) for row in found.rows), units=left(found.units)
    )


# --- columns ---------------------------------------------------------------------------------------------------------


def _columns(maker: Maker, plan: BlockPlan, found: Table, keys: Sequence[str]) -> tuple[list[int], list[Column]]:
    """Which columns of an answer stand where, and how. Those that name a row come first, listed or not."""
    looks = {look.key: look for look in plan.columns}
    for name in (*looks, *plan.chosen):
        _known(maker, plan, name, found.columns, "columns")
    names = [*keys, *(name for name in plan.chosen or found.columns if name not in keys)]
    units = dict(zip(found.columns, found.units or ("text",) * len(found.columns), strict=True))
    columns = []
    for name in names:
        look = looks.get(name, ColumnPlan(key=name))
        unit = look.unit or unit_of(units[name])
        if look.decimals is None and not look.format and unit in _MEASURED:
            look = replace(look, decimals=plan.decimals)
        title = _RECORD_TITLES.get(name, "") if plan.kind == "records" else ""
        column = Column(name, title or name.replace("_", " ").capitalize(), unit, hidden=look.hidden)
        columns.append(maker.looked(column, look))
    if all(column.hidden for column in columns):
        raise maker.problem("every column is hidden.", f"{plan.place}.columns", "Leave one to be seen.")
    return [found.columns.index(name) for name in names], columns


def _known(maker: Maker, plan: BlockPlan, name: str, known: Sequence[str], key: str) -> str:
    if name not in known:
        raise maker.problem(f'no column "{name}" in this block.', f"{plan.place}.{key}", column_hint(name, known))
    return name


# --- rows ------------------------------------------------------------------------------------------------------------


def numbered(keys: Iterable[str]) -> list[str]:
    """Names of rows, each once: the second of a name is its ``|2``, in the order of the rows.

    >>> numbered(["a", "b", "a"])
    ['a', 'b', 'a|2']
    """
    seen = Counter[str]()
    found = []
    for key in keys:
        seen[key] += 1
        found.append(key if seen[key] == 1 else f"{key}|{seen[key]}")
    return found


def _by(plan: BlockPlan) -> str:
    said = [f"{name.removeprefix('-')}{', largest first' if name.startswith('-') else ''}" for name in plan.sort]
    return f", by {' and '.join(said)}" if said else ""


def _word(value: Value) -> str:
    return "" if value is None else str(value)
