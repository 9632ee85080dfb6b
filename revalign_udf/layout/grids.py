"""Makes grids: one metric, a row per period, a column per value of a dimension."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from revalign_udf.errors import UnknownName
from revalign_udf.layout.fields import slug
from revalign_udf.layout.maker import Maker, unit_of
from revalign_udf.layout.model import APPENDED, Block, Cell, Column
from revalign_udf.layout.plan import BlockPlan, MetricPlan
from revalign_udf.periods import between

__all__ = ["ALL", "grid"]

#: what stands where all values of a dimension are meant
ALL = "Total"
_NONE = "(none)"
#: more columns are no table people read, and each cell is a question
_MOST = 200
_KEPT = ("period", "total", *APPENDED)


def grid(maker: Maker, plan: BlockPlan) -> Block:
    """The grid; a total column asks for all values at once."""
    (metric,) = plan.metrics
    known = maker.declared(metric, table=False)
    with maker.place(plan.place):
        periods = [str(one) for one in between(maker.period(plan.first), maker.period(plan.last), plan.grain)]
        values = _values(maker, plan, metric, periods)
    if len(values) > _MOST:
        hint = "Name those to show: values = [...]."
        raise maker.problem(f"{plan.by} has {len(values):,} values.", f"{plan.place}.by", hint)
    note, unit = maker.note(metric), unit_of(known.unit)
    parts = [replace(metric, where={**metric.where, plan.by: value}, decimals=plan.decimals) for value in values]
    columns = [Column("period", "Period", "text", "Text, as the functions take it.", 12)]
    for key, value, part in zip(column_keys(values), values, parts, strict=True):
        columns.append(maker.looked(Column(key, value, unit, f"{note} · only {plan.by} = {value}"), part))
    if plan.total:
        columns.append(
            maker.looked(Column("total", ALL, unit, note, total=True), replace(metric, decimals=plan.decimals))
        )
        parts.append(metric)
    with maker.place(metric.place):
        answers = [maker.over(part, periods, plan.grain) for part in parts]
    rows = []
    for number, period in enumerate(periods):
        cells = [maker.cell(plan, part, found[number], {}) for part, found in zip(parts, answers, strict=True)]
        rows.append((Cell(period, partial=any(cell.partial for cell in cells)), *cells))
    return maker.done(plan, columns, rows, periods, 1)


def _values(maker: Maker, plan: BlockPlan, metric: MetricPlan, periods: Sequence[str]) -> list[str]:
    """The values to show: as named, else all that have anything in one of the periods."""
    if plan.values:
        known = maker.ask.names(plan.by)
        for value in plan.values:
            if value not in known:
                raise UnknownName(plan.by, value, known)
        return list(plan.values)
    found = set[str]()
    for period in periods:
        found |= {value for value, _ in maker.ask.breakdown(metric.metric, period, plan.by, maker.given(metric))}
    return sorted(found, key=lambda value: (value == _NONE, value.casefold(), value))


def column_keys(values: Sequence[str]) -> list[str]:
    """Keys of columns named by values of a dimension: the same value has the same key whatever stands beside it, but
    where two would be alike.

    >>> column_keys(["SMB", "Mid-Market", "mid market", "2026", "(none)"])
    ['smb', 'mid_market', 'mid_market_2', 'value_2026', 'none']
    """
    found = list[str]()
    for value in values:
        key = slug(value) or f"value_{hashlib.sha256(value.encode()).hexdigest()[:8]}"
        key = f"value_{key}" if not key[0].isalpha() or not key.isascii() or key in _KEPT else key
        number = 2
        while key in found:
            key = f"{key.removesuffix(f'_{number - 1}')}_{number}"
            number += 1
        found.append(key)
    return found
