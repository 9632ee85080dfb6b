"""Makes scorecards: one row per metric, its number beside the period before, the year before and the goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from revalign_udf.layout import formats
from revalign_udf.layout.maker import Maker, status_of, unit_of
from revalign_udf.layout.model import Argument, Block, Call, Cell, Column, Ref, Unit
from revalign_udf.layout.plan import BlockPlan, MetricPlan
from revalign_udf.money import to_double
from revalign_udf.query.answers import Answer, Comparison

__all__ = ["scorecard"]

#: what is compared with -> the columns of it: key, part of the comparison, title, note
_COLUMNS: Mapping[str, Sequence[tuple[str, str, str, str]]] = {
    "previous": (
        ("previous", "value", "Period before", "The same number for the period before."),
        ("previous_difference", "difference", "Change", "Since the period before; of rates in percentage points."),
        ("previous_share", "share", "Change, %", "Of the period before; blank where a share says nothing."),
    ),
    "last_year": (
        ("last_year", "value", "Year before", "The same number for the same period a year before."),
        (
            "last_year_difference",
            "difference",
            "Change on year",
            "Since the year before; of rates in percentage points.",
        ),
        ("last_year_share", "share", "Change on year, %", "Of the year before; blank where a share says nothing."),
    ),
    "target": (
        ("target", "value", "Goal", "The goal for the period; blank without one."),
        (
            "target_share",
            "share",
            "Of goal",
            "The number as a share of the goal: above 100 % is good where more is better.",
        ),
    ),
}
#: units a percentage of which is hard to read: their change is told as difference only
_PLAIN = ("rate", "points")
_SHARE = "0.0%"


def scorecard(maker: Maker, plan: BlockPlan) -> Block:
    """The scorecard. Every row has the format of its own unit; changes carry an arrow, so that they read in grey."""
    with maker.place(plan.place):
        period = maker.period(plan.first)
    columns = [
        Column("metric", "Metric", "text", "", 26),
        Column("period", "Period", "text", "", 12),
        Column("value", "Value", "number", "", 14),
        *(Column(key, title, "number", note, 14) for name in plan.compare for key, _, title, note in _COLUMNS[name]),
    ]
    rows = []
    for metric in plan.metrics:
        head = maker.column(metric)
        with maker.place(metric.place):
            answer = maker.ask.metric(metric.metric, str(period), maker.given(metric), compare=plan.compare)
        form = _pattern(metric, head.unit, maker.ask.currency, answer)
        value = replace(maker.cell(plan, metric, answer, {}), format=form)
        cells = [
            _compared(maker, metric, answer, name, part, form)
            for name in plan.compare
            for _, part, *_ in _COLUMNS[name]
        ]
        lead = [Cell(head.title), maker.period_cell(plan.first, partial=answer.partial)]
        rows.append((*lead, value, *cells))
    return maker.done(plan, columns, rows, [metric.key for metric in plan.metrics], 1, [maker.said(plan.first)])


def _pattern(metric: MetricPlan, unit: Unit, currency: str, answer: Answer) -> str:
    column = Column("", "", unit, decimals=metric.decimals)
    return formats.pattern(unit, currency, formats.places_of(column, abs(answer.value or 0.0), currency), metric.format)


def _compared(maker: Maker, metric: MetricPlan, answer: Answer, name: str, part: str, form: str) -> Cell:
    """One cell of a comparison; blank where there is nothing to compare with."""
    unit = unit_of(maker.declared(metric).unit)
    if part == "share" and name != "target" and unit in _PLAIN:
        return Cell(None)
    arguments: list[Argument] = [maker.declared(metric).name, Ref("period"), None, *maker.pairs(metric.where)]
    call = Call("METRIC", (*arguments, "compare", name, "show", part), blank=True)
    found = next((one for one in answer.comparisons if one.versus == name), None)
    value, shown = _part(found, part), _SHARE if part == "share" else form
    if part == "difference" or (part == "share" and name != "target"):
        shown = f'"▲ "{shown};"▼ "{shown};{shown}'
    if value is None:
        status = (found.message if found else "") or status_of(answer)
        error = answer.cell if answer.value is None and answer.cell else "#N/A"
        return Cell(None, call, status=status, error=error, format=shown)
    return Cell(value, call, partial=answer.partial, fingerprint=answer.fingerprint, format=shown)


def _part(found: Comparison | None, part: str) -> float | None:
    exact = (
        None if found is None else {"value": found.exact, "difference": found.difference, "share": found.share}[part]
    )
    return None if exact is None else to_double(exact) + 0.0
