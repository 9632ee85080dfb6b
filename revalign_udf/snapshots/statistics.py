"""Components that are no sums: functions of the rows of a period, by name.

A component of the shape ``statistic`` names one of them in its measure, arguments after colons: ``sales_cycle:1/2``.
Each is asked with the evaluator, the window, the filters and those arguments, and answers an exact number or raises
NoData or Undefined with the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from revalign_udf.calc.survival import Survival, kaplan_meier
from revalign_udf.errors import NoData
from revalign_udf.snapshots.cuts import FOREVER, Cut, Window
from revalign_udf.snapshots.stats_sales import SALES_STATISTICS

if TYPE_CHECKING:
    from revalign_udf.metrics import Component
    from revalign_udf.snapshots.evaluate import Evaluator

__all__ = ["STATISTICS", "lifetimes", "statistic", "step_days"]

Where = Mapping[str, str]
#: below this many ended customers a lifetime is refused
ENDED = 30
_DAYS_PER_YEAR = Fraction(1461, 4)


def statistic(evaluator: Evaluator, component: Component, window: Window, where: Where) -> Fraction:
    """The value of a component of the shape ``statistic``."""
    name, *arguments = component.measure.split(":")
    return STATISTICS[name](evaluator, window, where, *arguments)


def lifetimes(evaluator: Evaluator, window: Window, where: Where) -> Survival:
    """The survival of customers: from the first day to the last, pauses included, as known at the window's end."""
    cut = Cut(evaluator.facts["movement"], where)
    sql = (
        f"WITH {evaluator.lens.periods([window])}, s AS (SELECT f.customer, min(f.on_day) AS began,"
        f" max(CASE WHEN f.kind = 'churned' THEN f.on_day END) AS left_day,"
        f" max(CASE WHEN f.kind IN ('new', 'reactivation') THEN f.on_day END) AS joined, max(p.end_day) AS cut_day"
        f" FROM {evaluator.lens.table('movement')} f JOIN p ON f.on_day < p.end_day {cut.joins('day', 'p.end_day - 1')}"
        f" WHERE f.kind IN ('new', 'reactivation', 'churned') AND {cut.filters('day')} GROUP BY f.customer)"
        f" SELECT CASE WHEN left_day > joined THEN date_diff('day', began, left_day)"
        f" ELSE date_diff('day', began, cut_day) END AS days,"
        f" sum(CASE WHEN left_day > joined THEN 1 ELSE 0 END), sum(CASE WHEN left_day > joined THEN 0 ELSE 1 END)"
        f" FROM s GROUP BY 1 ORDER BY 1"
    )
    return kaplan_meier(evaluator.con.execute(sql, cut.values).fetchall())


def step_days(evaluator: Evaluator, stage: str, later: str) -> list[tuple[int, int]]:
    """(days from one stage to a later one, leads that took so long), over all leads that made the step."""
    ever = Window(date(1, 1, 1), FOREVER)
    days, rule = f"date_diff('day', f.on_day, f.{later}_day)", f"f.stage = '{stage}' AND f.{later}_day < p.known_end"
    found = evaluator.rows("reach", ever, {}, f"{days}, count(*)", rule=rule)
    return [(int(days), int(count)) for days, count in found]


def _lifetime_years(evaluator: Evaluator, window: Window, where: Where) -> Fraction:
    """Kaplan-Meier mean restricted to the longest observed time, in years of 365.25 days."""
    return lifetimes(evaluator, window, where).require(ENDED).restricted_mean / _DAYS_PER_YEAR


def _lifetime_median(evaluator: Evaluator, window: Window, where: Where) -> Fraction:
    """Kaplan-Meier median, in years of 365.25 days."""
    median = lifetimes(evaluator, window, where).require(ENDED).median
    if median is None:
        raise NoData(
            "Fewer than half of the customers have ended; their median lifetime is not known yet.", code="REV-209"
        )
    return median / _DAYS_PER_YEAR


def _clv_fitted(evaluator: Evaluator, window: Window, where: Where) -> Fraction:  # noqa: ARG001
    """1 where the models of customer lifetime value could be fitted. Raises NoData REV-209 with the reason where not."""
    refused = evaluator.rows("clv", window, {}, "f.refusal", rule="f.refusal IS NOT NULL", shape="to_date")
    if refused:
        raise NoData(f"There is no prediction: {refused[0][0]}.", code="REV-209")
    return Fraction(1)


STATISTICS: Mapping[str, Callable[..., Fraction]] = {
    "lifetime_years": _lifetime_years,
    "lifetime_median": _lifetime_median,
    "clv_fitted": _clv_fitted,
    **SALES_STATISTICS,
}
