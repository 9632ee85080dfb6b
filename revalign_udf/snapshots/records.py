"""The records behind a component: every row's contribution, adding up to the component exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from revalign_udf.metrics import FACTS, Component
from revalign_udf.snapshots.cuts import SCALES, Cut, Window, periods_cte
from revalign_udf.snapshots.evaluate import Evaluator

__all__ = ["Record", "excluded_of", "records_of"]


@dataclass(frozen=True, slots=True)
class Record:
    """One source record and what it contributes, in the component's unit."""

    system: str
    table: str
    id: str
    customer: str
    on: date | None
    contribution: Fraction


def records_of(evaluator: Evaluator, component: Component, window: Window, where: Mapping[str, str]) -> list[Record]:
    """Every record with a contribution other than zero. Their contributions add up to the component's value.

    Flows and balances list source records; populations (who was paying, who was lost) and changes of slice list
    customers. A lifetime is no sum of its customers and lists none.
    """
    if component.shape == "flow":
        return _flow(evaluator, component, window, where)
    if component.measure in ("opening", "closing"):
        return _balance(evaluator, component, window, where)
    if component.shape == "lifetime":
        return []
    if component.measure in ("entered", "left_slice"):
        return _moved(evaluator, component, window, where)
    return _population(evaluator, component, window, where)


def _flow(evaluator: Evaluator, component: Component, window: Window, where: Mapping[str, str]) -> list[Record]:
    cut = Cut(FACTS[component.fact], where, ())
    rule = f"({component.where})" if component.where else "true"
    known = "customer" in FACTS[component.fact].dimensions.values()
    customer = "f.customer" if known else "CAST(NULL AS VARCHAR)"
    sql = (
        f"WITH {evaluator.periods([window], component.fact)} SELECT f.system, f.record_table, f.record_id, {customer},"
        f" min(f.on_day), sum({component.measure}) FROM fact_{component.fact} f JOIN p ON f.on_day >= p.start_day"
        f" AND f.on_day < p.end_day {cut.joins('day', 'f.on_day')} WHERE {rule} AND {cut.filters('day')}"
        f" GROUP BY ALL HAVING sum({component.measure}) <> 0 ORDER BY 5, 1, 2, 3"
    )
    return _records(evaluator, sql, cut.values, component)


def _balance(evaluator: Evaluator, component: Component, window: Window, where: Mapping[str, str]) -> list[Record]:
    """Item by item: each item's amount at the instant, at the rate of the instant."""
    cut = Cut(FACTS[component.fact], where, ())
    side = component.shape
    instant, limit = ("p.start_day - 1", "p.start_day") if side == "start" else ("p.end_day - 1", "p.end_day")
    rate = "r.opening_rate" if side == "start" else "r.closing_rate"
    sql = (
        f"WITH {periods_cte([window])}, {evaluator.rates_cte([window])} SELECT f.system, f.record_table, f.record_id,"
        f" f.customer, min(f.on_day), sum(CAST(f.amount_src AS DECIMAL(26, 0)) * {rate}) FROM fact_movement f"
        f" JOIN p ON f.on_day < {limit} JOIN r ON r.pid = p.pid AND r.currency = f.currency"
        f" {cut.joins(side, instant)} WHERE {cut.filters(side)} GROUP BY ALL HAVING sum(f.amount_src) <> 0"
        f" ORDER BY 5, 1, 2, 3"
    )
    return _records(evaluator, sql, cut.values, component)


def _population(evaluator: Evaluator, component: Component, window: Window, where: Mapping[str, str]) -> list[Record]:
    cut = Cut(FACTS[component.fact], where, ())
    side = component.shape
    instant = "p.start_day - 1" if side == "start" else "p.end_day - 1"
    sql = (
        f"{evaluator.balances_cte(cut, [window], side)} SELECT NULL, 'customer', b.customer, b.customer, NULL,"
        f" sum({component.measure}) FROM b JOIN p ON p.pid = b.pid {cut.joins(side, instant, 'b')}"
        f" WHERE {cut.filters(side, own=False)} GROUP BY ALL HAVING sum({component.measure}) <> 0 ORDER BY 3"
    )
    return _records(evaluator, sql, cut.values_own_first, component)


def _moved(evaluator: Evaluator, component: Component, window: Window, where: Mapping[str, str]) -> list[Record]:
    """Customers whose attribute changed, with the balance they brought or took."""
    cut = Cut(FACTS[component.fact], where, ())
    ctes = evaluator.moves(cut, component, [window])
    if ctes is None:
        return []
    sql = (
        f"{ctes} SELECT NULL, 'customer', b.customer, b.customer, b.on_day, sum(b.size) FROM b GROUP BY ALL"
        f" HAVING sum(b.size) <> 0 ORDER BY 5, 3"
    )
    return _records(evaluator, sql, cut.values_own_first, component)


def _records(evaluator: Evaluator, sql: str, values: list[str], component: Component) -> list[Record]:
    scale = SCALES[component.scale]
    return [
        Record(system or "", table, key, customer or "", on, Fraction(amount) * scale)
        for system, table, key, customer, on, amount in evaluator.con.execute(sql, values).fetchall()
        if amount is not None  # without a rate there is no contribution; the component has no value either
    ]


def excluded_of(evaluator: Evaluator, facts: list[str], window: Window) -> list[tuple[str, str, int]]:
    """(reason, table, count) of records left out of some facts up to the end of a window."""
    names = ", ".join(f"'{name}'" for name in facts) or "''"
    rows = evaluator.con.execute(
        f"SELECT reason, record_table, count(*) FROM excluded WHERE fact IN ({names}) AND"
        " (on_day IS NULL OR on_day < ?) GROUP BY 1, 2 ORDER BY 1, 2",
        [window.end],
    ).fetchall()
    return [(reason, table, int(count)) for reason, table, count in rows]
