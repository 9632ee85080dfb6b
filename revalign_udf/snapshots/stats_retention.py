"""What tables of retention and health read from the facts in one statement: cohorts, first amounts, seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from revalign_udf.errors import NoData
from revalign_udf.snapshots.cuts import Cut, Window, exact_of
from revalign_udf.snapshots.evaluate import Evaluator

__all__ = ["Cohort", "cohorts_of", "first_amounts", "seats_of"]

Where = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort: its customers, and per window from its own on (customers paying, MRR, MRR of each at most what it had at
    the end of the first window) with annualised amounts; a window with nothing left is absent."""

    size: int
    left: Mapping[int, tuple[int, Fraction, Fraction]]


def cohorts_of(evaluator: Evaluator, where: Where, born: Sequence[Window], windows: Sequence[Window]) -> list[Cohort]:
    """The cohorts of customers whose first MRR ever falls into each window of ``born``, as left at the end of each of
    ``windows``, of which the first is that of the first cohort and each follows the one before.

    A filter takes the value on the day of the first MRR. Raises NoData REV-209 where a missing rate hides who paid when,
    REV-208 where it hides a balance.
    """
    cut = Cut(evaluator.facts["payer"], where)
    slots = ", ".join(f"({n}, DATE '{window.start}', DATE '{window.end}')" for n, window in enumerate(born))
    who = (
        f"born AS (SELECT * FROM (VALUES {slots}) AS t(cid, from_day, to_day)), who AS (SELECT f.customer, born.cid,"
        f" f.known FROM fact_payer f JOIN born ON f.on_day >= born.from_day AND f.on_day < born.to_day"
        f" {cut.joins('day', 'f.on_day')} WHERE {cut.filters('day')})"
    )
    counted = evaluator.con.execute(
        f"WITH {who} SELECT cid, count(*), sum(CASE WHEN known IS NULL THEN 1 ELSE 0 END) FROM who GROUP BY cid",
        cut.values,
    ).fetchall()
    if any(unclear for _, _, unclear in counted):
        raise NoData("A rate is missing, so it is not known who paid first when.", code="REV-209")
    sizes = {cid: int(size) for cid, size, _ in counted}
    left: dict[int, dict[int, tuple[int, Fraction, Fraction]]] = {}
    if windows and sizes:
        every = Cut(evaluator.facts["movement"], {})
        rows = evaluator.con.execute(
            f"{evaluator.balances_cte(every, windows, 'end')}, {who}, based AS (SELECT who.customer, who.cid,"
            f" b.closing AS base FROM who LEFT JOIN b ON b.customer = who.customer AND b.pid = who.cid)"
            f" SELECT x.cid, b.pid, sum(CASE WHEN b.closing > 0 THEN 1 ELSE 0 END),"
            f" sum(CASE WHEN x.base > 0 THEN b.closing ELSE 0 END), sum(CASE WHEN x.base > 0 THEN CASE WHEN b.closing <"
            f" x.base THEN b.closing ELSE x.base END ELSE 0 END), sum(b.unrated_closing) FROM based x JOIN b"
            f" ON b.customer = x.customer AND b.pid >= x.cid GROUP BY x.cid, b.pid",
            cut.values,
        ).fetchall()
        if unrated := sum(int(row[5]) for row in rows):
            raise NoData(
                f"{unrated} balance(s) have no exchange rate at most 7 days old.", code="REV-208",
                hint="Load fx_rate rows for those days.",
            )  # fmt: skip
        for cid, pid, paying, net, gross, _ in rows:
            left.setdefault(cid, {})[pid] = (int(paying), exact_of(net), exact_of(gross))
    return [Cohort(sizes.get(cid, 0), left.get(cid, {})) for cid in range(len(born))]


def first_amounts(evaluator: Evaluator, window: Window) -> dict[str, Fraction]:
    """Customer -> MRR at the end of the first paying day, annualised, at the rates of the window's last day."""
    lens = evaluator.lens
    rows = evaluator.con.execute(
        f"WITH {lens.periods([window])}, {lens.rates_cte([window])} SELECT f.customer,"
        f" sum(CAST(f.amount_src AS DECIMAL(26, 0)) * r.closing_rate) FROM {lens.table('movement')} f"
        f" JOIN fact_payer y ON y.customer = f.customer AND f.on_day <= y.on_day JOIN p ON f.on_day < p.end_day"
        f" JOIN r ON r.pid = p.pid AND r.currency = f.currency GROUP BY f.customer"
    ).fetchall()
    return {customer: exact_of(amount) for customer, amount in rows}


def seats_of(evaluator: Evaluator, window: Window, where: Where, by: str) -> dict[str, tuple[int, int]]:
    """Value of a dimension -> (seats, seats used) of the customers and products whose seats are known: as last reported
    in the window, and the monthly active users as last reported, else the most users on one day of it."""
    cut = Cut(evaluator.facts["usage"], where, (by,))
    ctes, source = evaluator.source("usage", "flow", [window])
    last = "row_number() OVER (PARTITION BY system, customer, product ORDER BY on_day DESC, {0} DESC)"
    rows = evaluator.con.execute(
        f"WITH {ctes}, every AS (SELECT f.system, f.customer, coalesce(f.product, '') AS product, f.on_day, f.seats,"
        f" f.monthly_active_users AS monthly, f.users{cut.selected('day')} FROM {source} {cut.joins('day', 'f.on_day')}"
        f" WHERE {cut.filters('day')}),"
        f" s AS (SELECT *, {last.format('seats')} AS n FROM every WHERE seats IS NOT NULL),"
        f" m AS (SELECT *, {last.format('monthly')} AS n FROM every WHERE monthly IS NOT NULL),"
        f" u AS (SELECT system, customer, product, max(users) AS most FROM every GROUP BY system, customer, product)"
        f" SELECT s.by_{by}, sum(s.seats), sum(coalesce(m.monthly, u.most)) FROM s JOIN u ON u.system = s.system"
        f" AND u.customer = s.customer AND u.product = s.product LEFT JOIN m ON m.system = s.system"
        f" AND m.customer = s.customer AND m.product = s.product AND m.n = 1 WHERE s.n = 1 GROUP BY s.by_{by}",
        cut.values,
    ).fetchall()
    return {value: (int(seats), int(used)) for value, seats, used in rows}
