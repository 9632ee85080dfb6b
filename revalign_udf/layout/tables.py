"""Makes the blocks whose rows an answer brings: tables and lists of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from revalign_udf.layout.columns import column_hint
from revalign_udf.layout.fields import Fields
from revalign_udf.layout.keys import RECORD_KEY, named_by
from revalign_udf.layout.maker import Maker, Row, as_day, status_of, unit_of
from revalign_udf.layout.model import Block, Cell, Column
from revalign_udf.layout.plan import BlockPlan, ColumnPlan
from revalign_udf.layout.read import check_chart
from revalign_udf.query.answers import Table

__all__ = ["records", "table"]

Value = str | int | float | bool | date | None

#: units whose values a block's ``decimals`` is about
_MEASURED = ("money", "rate", "number", "points", "months")
_RECORD_TITLES = {"system": "System", "id": "Record", "on": "Date"}


def table(maker: Maker, plan: BlockPlan) -> Block:
    """The rows of a metric that answers a table, the columns that name a row first."""
    (metric,) = plan.metrics
    name, note = maker.declared(metric, table=True).name, maker.note(metric)
    with maker.place(metric.place):
        period = maker.period(plan.first)
        answer = maker.one(metric, str(period))
    said = [maker.spelled(period)]
    if answer.rows is None:
        # a block keeps its place while it has nothing to show; its charts have nothing to draw
        why = status_of(answer)
        cell, only = Cell(None, status=why, error=answer.cell), Column(metric.key, answer.label, "text", note)
        return replace(
            maker.done(replace(plan, charts=(), mode="replace"), [only], [(cell,)], [str(period)], 1, said),
            mode=plan.mode, missing=why,
        )  # fmt: skip
    keys = named_by(name, answer.rows)
    if plan.row_key:
        keys = [_known(maker, plan, key, answer.rows.columns, "row_key") for key in plan.row_key]
    kept, columns = _columns(maker, plan, answer.rows, keys)
    columns[0] = replace(columns[0], note=f"{columns[0].note} · {note}" if columns[0].note else note)
    rows = [_picked(row, kept, columns) for row in answer.rows.rows]
    cells = [tuple(Cell(v, partial=answer.partial, fingerprint=answer.fingerprint) for v in row) for row in rows]
    names = numbered(f"{period}|{'|'.join(map(_word, row[: len(keys)]))}" for row in rows)
    return _finished(maker, plan, columns, cells, names, len(keys), said)


def records(maker: Maker, plan: BlockPlan) -> Block:
    """The records of the sources behind a metric, each with what it contributes to a component of it."""
    (metric,) = plan.metrics
    maker.declared(metric)
    with maker.place(metric.place):
        period = maker.period(plan.first)
        found = _linked(plan, maker.ask.records(metric.metric, str(period), metric.where or None))
    keys = [key for key in RECORD_KEY if key in found.columns]
    kept, columns = _columns(maker, plan, found, keys)
    columns[0] = replace(columns[0], note=" · ".join(part for part in (columns[0].note, maker.note(metric)) if part))
    every = _ordered(maker, plan, found)
    shown = every[: plan.limit]
    said = [maker.spelled(period)]
    if len(shown) < len(every):
        said.append(f"{len(shown):,} of {len(every):,} records{_by(plan)}")
    rows = [_picked(row, kept, columns) for row in shown]
    names = numbered("|".join(map(_word, row[: len(keys)])) for row in rows)
    cells = [tuple(Cell(value) for value in row) for row in rows]
    return _finished(maker, plan, columns, cells, names, len(keys), said)


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


def _finished(
    maker: Maker, plan: BlockPlan, columns: list[Column], rows: Sequence[Row], names: Sequence[str], lead: int,
    about: Sequence[str],
) -> Block:  # fmt: skip
    block = maker.done(plan, columns, rows, names, lead, about)
    shown = [column.key for column in block.columns if not column.hidden]
    for chart in plan.charts:
        check_chart(chart, shown, Fields({}, maker.layout.path, f"{plan.place}.chart[{chart.key}]"))
    return block


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
        unit = look.unit or unit_of("date" if plan.kind == "records" and name == "on" else units[name])
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


def _picked(row: Sequence[Value], kept: Sequence[int], columns: Sequence[Column]) -> list[Value]:
    """The values of a row in the order of the block; days as days."""
    values = [row[at] for at in kept]
    return [
        (as_day(value) or value) if column.unit == "date" else value
        for value, column in zip(values, columns, strict=True)
    ]


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


def _ordered(maker: Maker, plan: BlockPlan, found: Table) -> list[Sequence[Value]]:
    """Every record in an order that depends on nothing but the records: as asked, else by component, day and name."""
    wanted = [(name.removeprefix("-"), name.startswith("-")) for name in plan.sort]
    for name, _ in wanted:
        _known(maker, plan, name, found.columns, "sort")
    first = dict[tuple[Value, ...], int]()
    parts = [found.columns.index(name) for name in ("component", "period") if name in found.columns]
    for row in found.rows:
        first.setdefault(tuple(row[at] for at in parts), len(first))
    usual = [found.columns.index(name) for name in _USUAL if name in found.columns]
    rows: list[Sequence[Value]] = sorted(
        found.rows,
        key=lambda row: (first[tuple(row[at] for at in parts)], *(_rank(row[at]) for at in usual), *map(_rank, row)),
    )
    for name, reverse in reversed(wanted):  # Python's sort keeps the order of equals, so the first named counts most
        at = found.columns.index(name)
        rows.sort(key=lambda row: _rank(row[at]), reverse=reverse)
    return rows


_USUAL = ("on", "system", "table", "id", "customer")


def _rank(value: Value) -> tuple[int, float, str]:
    """Blanks, then numbers, then texts."""
    if value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, str(value))


def _by(plan: BlockPlan) -> str:
    said = [f"{name.removeprefix('-')}{', largest first' if name.startswith('-') else ''}" for name in plan.sort]
    return f", by {' and '.join(said)}" if said else ""


def _word(value: Value) -> str:
    return "" if value is None else str(value)
