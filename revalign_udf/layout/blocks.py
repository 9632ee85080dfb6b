"""Makes the blocks of numbers: series and breakdowns, each cell a question of its own."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from revalign_udf.errors import Undefined
from revalign_udf.layout.calls import calls, notes, spill
from revalign_udf.layout.grids import ALL, grid
from revalign_udf.layout.maker import Maker, Row
from revalign_udf.layout.model import Block, Cell, Column, Ref
from revalign_udf.layout.plan import BlockPlan, ComputedPlan
from revalign_udf.layout.scorecards import scorecard
from revalign_udf.layout.tables import records, table
from revalign_udf.periods import between

__all__ = ["BlockMaker"]


class BlockMaker(Maker):
    """Makes blocks of every kind."""

    def block(self, plan: BlockPlan) -> Block:
        """One block, resolved."""
        match plan.kind:
            case "series":
                return self._series(plan)
            case "breakdown":
                return self._breakdown(plan)
            case "table":
                return table(self, plan)
            case "records":
                return records(self, plan)
            case "grid":
                return grid(self, plan)
            case "scorecard":
                return scorecard(self, plan)
            case "calls":
                return calls(self, plan)
            case "spill":
                return spill(self, plan)
            case "notes":
                return notes(self, plan)

    def _series(self, plan: BlockPlan) -> Block:
        with self.place(plan.place):
            first, last = self.period(plan.first), self.period(plan.last)
            periods = [str(period) for period in between(first, last, plan.grain)]
            totals = [str(self.period(plan.total))] if plan.total else []
        if set(totals) & set(periods):
            hint = "Name the longer period they belong to, such as LTM."
            raise self.problem(f"{totals[0]} is a row of its own already.", f"{plan.place}.total", hint)
        columns = [Column("period", "Period", "text", "Text, as the functions take it.", 12)]
        answers = []
        for metric in plan.metrics:
            columns.append(self.column(metric))
            with self.place(metric.place):
                answers.append([*self.over(metric, periods, plan.grain), *(self.one(metric, p) for p in totals)])
        rows = []
        for number, period in enumerate([*periods, *totals]):
            pairs = zip(plan.metrics, answers, strict=True)
            cells = [self.cell(plan, metric, known[number], {}) for metric, known in pairs]
            lead = Cell(period, partial=any(cell.partial for cell in cells))
            rows.append(_row(plan, [lead], columns, cells))
        said = [f"the last row is {self.spelled(self.period(plan.total))}, asked for as one period"] if totals else []
        keys = [*periods, *totals]
        return self.done(plan, [*columns, *self._computed(plan)], rows, keys, 1, said, len(totals))

    def _breakdown(self, plan: BlockPlan) -> Block:
        with self.place(plan.place):
            period = self.period(plan.first)
        title = plan.by.replace("_", " ").capitalize()
        columns = [Column("period", "Period", "text", "", 12), Column(plan.by, title, "text", "", 18)]
        answers = []
        for metric in plan.metrics:
            columns.append(self.column(metric))
            with self.place(metric.place):
                answers.append(dict(self.ask.breakdown(metric.metric, str(period), plan.by, self.given(metric))))
        values = sorted({value for known in answers for value in known}, key=lambda value: (value.casefold(), value))
        rows = []
        for value in values:
            cells = []
            for metric, known in zip(plan.metrics, answers, strict=True):
                part = replace(metric, where={**metric.where, plan.by: value})
                cells.append(
                    self.cell(plan, metric, known.get(value) or self.one(part, str(period)), {plan.by: Ref(plan.by)})
                )
            lead = self.period_cell(plan.first, partial=any(cell.partial for cell in cells))
            rows.append(_row(plan, [lead, Cell(value)], columns, cells))
        keys = [f"{period}|{value}" for value in values]
        totals = int(bool(plan.total and rows))
        if totals:
            cells = [self.cell(plan, metric, self.one(metric, str(period)), {}) for metric in plan.metrics]
            lead = self.period_cell(plan.first, partial=any(cell.partial for cell in cells))
            rows.append(_row(plan, [lead, Cell(ALL)], columns, cells))
            keys.append(f"{period}|{ALL}")
        if totals and ALL in values:
            raise self.problem(
                f'"{ALL}" is a value of {plan.by} already.', f"{plan.place}.total", "Leave the total out."
            )
        return self.done(plan, [*columns, *self._computed(plan)], rows, keys, 2, [self.said(plan.first)], totals)

    def _computed(self, plan: BlockPlan) -> list[Column]:
        return [
            self.looked(Column(extra.key, extra.title, extra.unit, f"= {extra.formula.text}"), extra)
            for extra in plan.computed
        ]


def _row(plan: BlockPlan, lead: list[Cell], columns: Sequence[Column], cells: list[Cell]) -> Row:
    row = [*lead, *cells]
    known = {column.key: cell for column, cell in zip(columns, row, strict=True)}
    for extra in plan.computed:
        known[extra.key] = cell = _compute(extra, known)
        row.append(cell)
    return tuple(row)


def _compute(plan: ComputedPlan, row: Mapping[str, Cell]) -> Cell:
    """A computed cell: blank, with the first operand's reason, when any operand is blank."""
    operands = {name: row[name] for name in plan.formula.names}
    partial = any(cell.partial for cell in operands.values())
    for name, cell in operands.items():
        if not isinstance(cell.value, int | float):
            status = cell.status or f"REV-112 {name} is no number."
            return Cell(None, None, plan.formula.text, status, partial, error=cell.error or "#VALUE!")
    try:
        # adding 0.0 turns a negative zero into the zero a spreadsheet shows
        numbers = {name: float(cast(float, cell.value)) for name, cell in operands.items()}
        value = _snap(plan.formula.evaluate_float(numbers), plan, numbers) + 0.0
    except Undefined as error:
        return Cell(None, None, plan.formula.text, str(error), partial, error=error.cell)
    if not math.isfinite(value):
        return Cell(None, None, plan.formula.text, "REV-114 The result is out of range.", partial, error="#NUM!")
    return Cell(value, None, plan.formula.text, partial=partial)


def _snap(value: float, plan: ComputedPlan, numbers: Mapping[str, float]) -> float:
    """A sum that cancels down to less than the last digits of its operands is 0: spreadsheets make it so, and so do we."""
    only_sums = not plan.formula.calls and not set("*/") & set(plan.formula.text)
    noise = 16 * sys.float_info.epsilon * max(map(abs, numbers.values()), default=0.0)
    return 0.0 if only_sums and abs(value) <= noise else value
