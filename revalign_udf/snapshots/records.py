"""The records behind a component: every row's contribution, adding up to the component exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from revalign_udf.metrics import Component
from revalign_udf.snapshots.balances import MOVED
from revalign_udf.snapshots.cuts import SCALES, Cut, Window
from revalign_udf.snapshots.evaluate import Evaluator, over_rows

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

    Sums over rows and balances list source records; populations (who was paying, who was lost) and changes of slice list
    customers. A count of different values lists each value once, by its first row. A statistic is no sum and lists none.
    """
    cut = Cut(evaluator.facts[component.fact], where)
    if component.shape == "statistic":
        return []
    if component.shape == "distinct":
        return _distinct(evaluator, cut, component, window)
    if component.shape not in ("start", "end"):
        return _rows(evaluator, cut, component, window)
    if component.measure in ("opening", "closing"):
        return _balance(evaluator, cut, component, window)
    if component.measure in MOVED:
        return _moved(evaluator, cut, component, window)
    return _population(evaluator, cut, component, window)


def _rows(evaluator: Evaluator, cut: Cut, component: Component, window: Window) -> list[Record]:
    ctes, source = evaluator.source(component.fact, component.shape, [window])
    measure, rule = evaluator.measured(component), f"({component.where})" if component.where else "true"
    sql = (
        f"WITH {ctes} SELECT f.system, f.record_table, f.record_id, {_customer(evaluator, component)}, min(f.on_day),"
        f" sum({measure}) FROM {source} {cut.joins('day', over_rows(component.shape)[1])}"
        f" WHERE {rule} AND {cut.filters('day')} GROUP BY ALL HAVING sum({measure}) <> 0 ORDER BY 5, 1, 2, 3"
    )
    return _records(evaluator, sql, cut.values, component)


def _distinct(evaluator: Evaluator, cut: Cut, component: Component, window: Window) -> list[Record]:
    ctes, source = evaluator.source(component.fact, component.shape, [window])
    rule = f"({component.where})" if component.where else "true"
    sql = (
        f"WITH {ctes}, every AS (SELECT f.system, f.record_table, f.record_id, {_customer(evaluator, component)} AS customer,"
        f" f.on_day, row_number() OVER (PARTITION BY {component.measure} ORDER BY f.on_day, f.system, f.record_table,"
        f" f.record_id) AS n FROM {source} {cut.joins('day', 'f.on_day')} WHERE {rule} AND {cut.filters('day')}"
        f" AND ({component.measure}) IS NOT NULL)"
        f" SELECT system, record_table, record_id, customer, on_day, 1 FROM every WHERE n = 1 ORDER BY 5, 1, 2, 3"
    )
    return _records(evaluator, sql, cut.values, component)


def _customer(evaluator: Evaluator, component: Component) -> str:
    known = "customer" in evaluator.facts[component.fact].dimensions.values()
    return "f.customer" if known else "CAST(NULL AS VARCHAR)"


def _balance(evaluator: Evaluator, cut: Cut, component: Component, window: Window) -> list[Record]:
    """Item by item: each item's amount at the instant, at the rate of the instant."""
    side, lens = component.shape, evaluator.lens
    instant, limit = ("p.start_day - 1", "p.start_day") if side == "start" else ("p.end_day - 1", "p.end_day")
    rate = "r.opening_rate" if side == "start" else "r.closing_rate"
    sql = (
        f"WITH {lens.periods([window])}, {lens.rates_cte([window])} SELECT f.system, f.record_table, f.record_id,"
        f" f.customer, min(f.on_day), sum(CAST(f.amount_src AS DECIMAL(26, 0)) * {rate}) FROM {lens.table('movement')} f"
        f" JOIN p ON f.on_day < {limit} JOIN r ON r.pid = p.pid AND r.currency = f.currency"
        f" {cut.joins(side, instant)} WHERE {cut.filters(side)} GROUP BY ALL HAVING sum(f.amount_src) <> 0"
        f" ORDER BY 5, 1, 2, 3"
    )
    return _records(evaluator, sql, cut.values, component)


def _population(evaluator: Evaluator, cut: Cut, component: Component, window: Window) -> list[Record]:
    side = component.shape
    instant = "p.start_day - 1" if side == "start" else "p.end_day - 1"
    table, key = ("subscription", "b.line") if component.per == "line" else ("customer", "b.customer")
    sql = (
        f"{evaluator.population_cte(cut, [window], side, component)} SELECT NULL, '{table}', {key}, b.customer, NULL,"
        f" sum({component.measure}) FROM b JOIN p ON p.pid = b.pid {cut.joins(side, instant, 'b')}"
        f" WHERE {cut.filters(side, own=False)} GROUP BY ALL HAVING sum({component.measure}) <> 0 ORDER BY 3"
    )
    return _records(evaluator, sql, cut.values_own_first, component)


def _moved(evaluator: Evaluator, cut: Cut, component: Component, window: Window) -> list[Record]:
    """Customers whose attribute changed, with the balance they brought or took."""
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
