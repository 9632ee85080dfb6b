"""Makes the blocks of a report: which questions to ask, and the cells of the answers."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast, get_args

from revalign_udf.errors import RevalignError, Undefined, UnknownName
from revalign_udf.layout.ask import Ask, Declaration
from revalign_udf.layout.fields import Fields
from revalign_udf.layout.model import Block, Call, Cell, Column, Ref, Unit
from revalign_udf.layout.plan import BlockPlan, ComputedPlan, Layout, MetricPlan
from revalign_udf.layout.read import check_chart
from revalign_udf.periods import Period, between, parse_period
from revalign_udf.query.answers import Answer

__all__ = ["BlockMaker"]

_WIDTHS: Mapping[str, int] = {"text": 18, "rate": 12, "count": 12, "points": 12, "months": 12}


class BlockMaker:
    """Makes blocks one by one and remembers, in ``used``, every metric it met, in order."""

    def __init__(self, layout: Layout, ask: Ask) -> None:
        self.layout, self.ask = layout, ask
        self.used: dict[str, Declaration] = {}

    def block(self, plan: BlockPlan) -> Block:
        """One block, resolved."""
        if plan.kind == "series":
            return self._series(plan)
        return self._breakdown(plan) if plan.kind == "breakdown" else self._table(plan)

    def _series(self, plan: BlockPlan) -> Block:
        with self._place(plan.place):
            first, last = (parse_period(token, self.ask.as_of, self.ask.calendar) for token in (plan.first, plan.last))
            periods = [str(period) for period in between(first, last, plan.grain)]
        lead = Column("period", "Period", "text", "Text, as the functions take it.", 12)
        columns, answers = [lead], []
        for metric in plan.metrics:
            columns.append(self._column(metric))
            with self._place(metric.place):
                found = self.ask.series(metric.metric, periods[0], periods[-1], plan.grain, metric.where or None)
                by_name = {answer.period: answer for answer in found}
                answers.append([by_name.get(p) or self._one(metric, p) for p in periods])
        rows = []
        for number, period in enumerate(periods):
            pairs = zip(plan.metrics, answers, strict=True)
            cells = [self._cell(metric, known[number], Ref("period"), metric.where) for metric, known in pairs]
            rows.append(_row(plan, [Cell(period, partial=any(cell.partial for cell in cells))], columns, cells))
        return self._done(plan, columns, rows, periods, plan.about)

    def _breakdown(self, plan: BlockPlan) -> Block:
        with self._place(plan.place):
            period = parse_period(plan.first, self.ask.as_of, self.ask.calendar)
        title = plan.by.replace("_", " ").capitalize()
        columns = [Column("period", "Period", "text", "", 12), Column(plan.by, title, "text", "", 18)]
        answers = []
        for metric in plan.metrics:
            columns.append(self._column(metric))
            with self._place(metric.place):
                answers.append(dict(self.ask.breakdown(metric.metric, str(period), plan.by, metric.where or None)))
        values = sorted({value for known in answers for value in known}, key=lambda value: (value.casefold(), value))
        rows = []
        for value in values:
            cells = []
            for metric, known in zip(plan.metrics, answers, strict=True):
                answer = known.get(value) or self.ask.metric(
                    metric.metric, str(period), {**metric.where, plan.by: value}
                )
                cells.append(self._cell(metric, answer, Ref("period"), {**metric.where, plan.by: Ref(plan.by)}))
            lead = [Cell(str(period), partial=any(cell.partial for cell in cells)), Cell(value)]
            rows.append(_row(plan, lead, columns, cells))
        return self._done(plan, columns, rows, [f"{period}|{value}" for value in values], _about(plan, period))

    def _table(self, plan: BlockPlan) -> Block:
        (metric,) = plan.metrics
        note = self._column(metric, table=True).note
        with self._place(metric.place):
            period = parse_period(plan.first, self.ask.as_of, self.ask.calendar)
            answer = self._one(metric, str(period))
        if answer.rows is None or not answer.rows.rows:
            # a block keeps its place while it has nothing to show; its charts have nothing to draw
            said = Cell(None, status=_status(answer), error=answer.cell)
            only = Column(metric.key, answer.label, "text", note)
            return Block(plan.key, self._title(plan), (only,), ((said,),), (str(period),))
        columns, units = [], answer.rows.units
        for number, name in enumerate(answer.rows.columns):
            unit = _unit(units[number]) if number < len(units) else "number"
            title = name.replace("_", " ").capitalize()
            columns.append(Column(name, title, unit, "" if number else note, _WIDTHS.get(unit, 14)))
        names = [column.key for column in columns]
        for chart in plan.charts:
            check_chart(chart, names, Fields({}, self.layout.path, f"{plan.place}.chart[{chart.key}]"))
        rows, keys = [], list[str]()
        for number, values in enumerate(answer.rows.rows, start=1):
            rows.append(tuple(Cell(v, partial=answer.partial, fingerprint=answer.fingerprint) for v in values))
            key = f"{period}|{values[0]}"
            keys.append(key if key not in keys else f"{key}|{number}")
        return self._done(plan, columns, rows, keys, _about(plan, period))

    def _one(self, metric: MetricPlan, period: str) -> Answer:
        return self.ask.metric(metric.metric, period, metric.where or None)

    def _declared(self, metric: MetricPlan) -> Declaration:
        with self._place(metric.place):
            known = self.ask.declaration(metric.metric)
        return self.used.setdefault(known.name, known)

    def _column(self, metric: MetricPlan, *, table: bool = False) -> Column:
        known = self._declared(metric)
        if known.kind == ("scalar" if table else "table"):
            fit = '"series" or "breakdown"' if known.kind == "scalar" else '"table"'
            problem = f'"{known.name}" is a {known.kind} metric.'
            raise Fields({}, self.layout.path, metric.place).problem(problem, hint=f"Show it in a block of kind {fit}.")
        parts = [known.definition, f"v{known.version}", f"owners: {', '.join(known.owners)}"]
        parts += [f"{known.question} See {known.counterpart}."] if known.question and known.counterpart else []
        parts += [f"only {name} = {value}" for name, value in metric.where.items()]
        unit = _unit(known.unit)
        title = metric.title or " ".join([known.label, *(f"({value})" for value in metric.where.values())])
        note = " · ".join(part for part in parts if part)
        return Column(metric.key, title, unit, note, _WIDTHS.get(unit, 14), metric.decimals)

    def _cell(self, metric: MetricPlan, answer: Answer, period: Ref, where: Mapping[str, str | Ref]) -> Cell:
        pairs = [part for pair in where.items() for part in pair]
        call = Call("METRIC", (self._declared(metric).name, period, *([None, *pairs] if pairs else [])))
        value = answer.value
        if value is None:
            return Cell(None, call, "", _status(answer), answer.partial, answer.fingerprint, answer.cell or "#N/A")
        return Cell(value, call, partial=answer.partial, fingerprint=answer.fingerprint)

    def _done(
        self, plan: BlockPlan, columns: list[Column], rows: Sequence[tuple[Cell, ...]], keys: Sequence[str], about: str
    ) -> Block:
        for extra in plan.computed:
            note = " · ".join(part for part in (extra.note, f"= {extra.formula.text}") if part)
            width = _WIDTHS.get(extra.unit, 14)
            columns.append(Column(extra.key, extra.title, extra.unit, note, width, extra.decimals))
        return Block(plan.key, self._title(plan), tuple(columns), tuple(rows), tuple(keys), plan.charts, about)

    def _title(self, plan: BlockPlan) -> str:
        if plan.title or len(plan.metrics) > 1:
            return plan.title or plan.key.replace("_", " ").capitalize()
        return self._declared(plan.metrics[0]).label

    @contextmanager
    def _place(self, place: str) -> Iterator[None]:
        """Says where in the layout file a question stands that cannot be answered as asked."""
        try:
            yield
        except UnknownName as error:
            near = [error.suggestion] if error.suggestion else []
            hint = f"It stands in {self.layout.path} at {place}."
            raise UnknownName(error.kind, error.name, near, code=error.code, hint=hint) from None
        except RevalignError as error:
            if not error.code.startswith("REV-1"):
                raise
            raise Fields({}, self.layout.path, place).problem(error.message, hint=error.hint) from None


def _row(plan: BlockPlan, lead: list[Cell], columns: Sequence[Column], cells: list[Cell]) -> tuple[Cell, ...]:
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


def _status(answer: Answer) -> str:
    return answer.message if answer.message.startswith(answer.status) else f"{answer.status} {answer.message}".strip()


def _unit(unit: str) -> Unit:
    return cast(Unit, unit) if unit in get_args(Unit) else "number"


def _about(plan: BlockPlan, period: Period) -> str:
    """Words that move with the as-of date (``LTM``) are spelled out."""
    said = str(period)
    if period.grain == "span":
        said = f"{period} = {period.start} to {period.last_day}"
    return " · ".join(part for part in (plan.about, said) if part)
