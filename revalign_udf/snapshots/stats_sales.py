"""Statistics of sales: how long deals take, and what the customers who stayed brought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from revalign_udf.errors import NoData, Undefined
from revalign_udf.metrics import COMPONENTS, FACTS
from revalign_udf.snapshots.cuts import Cut, Window, exact_of

if TYPE_CHECKING:
    from revalign_udf.snapshots.evaluate import Evaluator

__all__ = ["SALES_STATISTICS", "median"]

Where = Mapping[str, str]
_MICRO = Fraction(1, 10**6)


def median(counted: Iterable[tuple[int, int]]) -> Fraction | None:
    """The middle of values given as (value, how often); of an even number the mean of the two in the middle. None of
    nothing.

    >>> median([(10, 1), (20, 2), (90, 1)]), median([(1, 1), (4, 1)]), median([])
    (Fraction(20, 1), Fraction(5, 2), None)
    """
    values = sorted(counted)
    total = sum(count for _, count in values)
    if not total:
        return None

    def at(place: int) -> int:
        for value, count in values:
            if place < count:
                return value
            place -= count
        raise IndexError(place)  # pragma: no cover - a place below the total

    return Fraction(at((total - 1) // 2) + at(total // 2), 2)


def _cycle_days(evaluator: Evaluator, window: Window, where: Where) -> Fraction:
    """Median days from creation to closing of the deals won."""
    rule = "f.outcome = 'won' AND f.cycle_days IS NOT NULL"
    found = median(evaluator.rows("deal", window, where, "f.cycle_days, count(*)", rule=rule))
    if found is None:
        raise NoData("No deal was won in this period or slice.")
    return found


def _stayed_revenue(evaluator: Evaluator, window: Window, where: Where) -> Fraction:
    """Revenue of customers who paid (MRR above zero) at both ends of a period. Filters narrow the revenue; who stayed is
    told of the whole customer, so slices add up. Raises NoData REV-201, REV-204, REV-208."""
    stayed = _stayed(evaluator, window)
    rows = evaluator.rows(
        "sale", window, where, "f.customer, sum(f.amount), sum(CASE WHEN f.amount IS NULL THEN 1 ELSE 0 END)",
        rule="f.customer IS NOT NULL",
    )  # fmt: skip
    own = [row for row in rows if row[0] in stayed]
    _refuse_unrated("revenue", sum(int(missing) for _, _, missing in own))
    return sum((exact_of(amount) for _, amount, _ in own), Fraction(0)) * _MICRO


def _stayed(evaluator: Evaluator, window: Window) -> set[str]:
    first = evaluator.con.execute(f"SELECT min(on_day) FROM {evaluator.lens.table('movement')}").fetchall()[0][0]
    if first is None:
        tables = " or ".join(FACTS["movement"].tables)
        raise NoData(
            f"Nobody is known to pay: no rows in {tables}.", code="REV-201", hint="Pull a source that has them."
        )
    if window.end <= first:
        raise NoData(f"Nobody is known to have paid before {first}.")
    rows = evaluator.con.execute(
        f"{evaluator.balances_cte(Cut(FACTS['movement'], {}), [window], 'start')} SELECT b.customer, sum(b.opening),"
        f" sum(b.closing), sum(b.unrated_opening + b.unrated_closing) FROM b GROUP BY b.customer"
    ).fetchall()
    _refuse_unrated("MRR", sum(int(missing) for *_, missing in rows))
    return {customer for customer, opening, closing, _ in rows if exact_of(opening) > 0 and exact_of(closing) > 0}


def _stayed_cogs(evaluator: Evaluator, window: Window, where: Where) -> Fraction:
    """What these customers bear of the company's cost of goods sold, which is shared by revenue: cost x their revenue /
    all revenue. 0 where there is no such cost, or no revenue of theirs. Raises NoData as their revenue does, and REV-110
    where all revenue together is zero."""
    stayed, cogs = _stayed_revenue(evaluator, window, where), _whole(evaluator, "cogs", window)
    if not stayed or not cogs:
        return Fraction(0)
    revenue = _whole(evaluator, "revenue", window)
    if not revenue:
        raise Undefined("Revenue is zero, so cost cannot be shared by it.")
    return cogs * stayed / revenue


def _whole(evaluator: Evaluator, name: str, window: Window) -> Fraction:
    """A sum over rows for the whole company, whatever the filters."""
    item = COMPONENTS[name]
    rule = f"({item.where or 'true'}) AND f.on_day < p.known_end"
    select = f"sum({item.measure}), sum(CASE WHEN ({item.measure}) IS NULL THEN 1 ELSE 0 END)"
    amount, missing = evaluator.rows(item.fact, window, {}, select, rule=rule)[0]
    _refuse_unrated(name, int(missing or 0))
    return exact_of(amount) * _MICRO


def _refuse_unrated(what: str, missing: int) -> None:
    if missing:
        raise NoData(
            f"{what}: {missing} amount(s) have no exchange rate at most 7 days old.", code="REV-208",
            hint="Load fx_rate rows for those days.",
        )  # fmt: skip


SALES_STATISTICS: Mapping[str, Callable[..., Fraction]] = {
    "cycle_days": _cycle_days,
    "stayed_revenue": _stayed_revenue,
    "stayed_cogs": _stayed_cogs,
}
