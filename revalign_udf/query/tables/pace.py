"""Early warning: what is reached of each goal beside what is gone of the business days."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from revalign_udf.errors import NoData, Undefined
from revalign_udf.metrics import Metric, components_of
from revalign_udf.periods import Period
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number

__all__ = ["STAGES", "TABLES", "business_days"]

#: the stages a quarter is made of, in order; each is a metric
STAGES = ("visitors", "new_leads", "mql", "sql_leads", "opportunities", "deals_won", "new_customers")
_ONE = timedelta(days=1)


def business_days(start: date, end: date) -> int:
    """Mondays to Fridays from one day to the day before another.

    >>> business_days(date(2026, 9, 4), date(2026, 9, 8))
    2
    """
    return sum((start + _ONE * n).weekday() < 5 for n in range((end - start).days))


def _metrics(ask: Ask) -> list[Metric]:
    known = ask.session.catalogue.metrics
    stages = [known[name] for name in STAGES if name in known]
    aimed = {goal.metric for goal in ask.session.goals}
    more = [m for name, m in sorted(known.items()) if name in aimed and m not in stages and m.additivity == "flow"]
    return [*stages, *(m for m in more if m.kind == "scalar" and _goal(ask, m.name) is not None)]


def _goal(ask: Ask, name: str) -> Fraction | None:
    try:
        return ask.session.goal(name, ask.period, {})
    except NoData as error:
        if error.code != "REV-204":
            raise
        return None


def _loaded(ask: Ask, metric: Metric) -> date:
    """The day after the last one all of a metric's sources are loaded through, inside the period. Raises NoData."""
    catalogue = ask.session.catalogue
    parts = components_of(metric, catalogue.metrics, catalogue.components)
    return min(ask.session.window(ask.session.component(name), ask.period).end for name in parts)


def _gone(period: Period, until: date) -> Fraction:
    every = business_days(period.start, period.end)
    return Fraction(business_days(period.start, until), every) if every else Fraction(1)


def _row(ask: Ask, metric: Metric) -> tuple[str | float | None, ...]:
    goal = _goal(ask, metric.name)
    head = (metric.name, metric.label, metric.unit)
    try:
        until = _loaded(ask, metric)
        value = ask.metric(metric.name)
    except (NoData, Undefined) as error:
        return (*head, None, number(goal), None, None, None, None, "no data", str(error))
    gone = _gone(ask.period, until)
    forecast = value / gone if gone else None
    reached = value / goal if goal else None
    ahead = None if goal is None or forecast is None else _ahead(ask, metric, value, goal, gone)
    status = "no goal" if goal is None else "too early" if ahead is None else "ahead" if ahead else "behind"
    expected = forecast / goal if goal and forecast is not None else None
    return (
        *head, number(value), number(goal), number(reached), number(gone), number(forecast), number(expected), status, "",
    )  # fmt: skip


def _ahead(ask: Ask, metric: Metric, value: Fraction, goal: Fraction, gone: Fraction) -> bool:
    slack = Fraction(int(ask.parameters["tolerance"]), 100) * abs(goal)
    return value <= goal * gone + slack if metric.direction == "down" else value >= goal * gone - slack


def _early_warning(ask: Ask) -> Table:
    rows = tuple(_row(ask, metric) for metric in _metrics(ask))
    columns = (
        "metric", "label", "unit", "so_far", "goal", "share_reached", "days_gone", "forecast", "forecast_share", "status",
        "note",
    )  # fmt: skip
    units = ("text", "text", "text", "number", "number", "rate", "rate", "number", "rate", "text", "text")
    return Table(columns, rows, units)


TABLES = {"early_warning": TableMetric((), _early_warning)}
