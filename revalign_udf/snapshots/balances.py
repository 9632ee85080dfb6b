"""Balances: what every customer has at an instant, and what a change of an attribute moves between slices.

A balance is a sum of all movements before an instant, in the currency they came in, converted at the rate of that
instant. Populations (who was paying, who was lost, what was kept) are read off each customer's opening and closing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

import duckdb

from revalign_udf.metrics import FACTS, Component, Fact
from revalign_udf.snapshots.cuts import NONE, Cut, Window, exact_of
from revalign_udf.snapshots.lens import Lens

__all__ = ["MOVED", "Balances"]

#: from this many windows on, balances are carried from window to window instead of summed anew for each
_MANY = 4
#: measures of a change of slice, computed from the attributes and not from openings and closings
MOVED = ("entered", "left_slice")


class Balances:
    """Balances of one open snapshot, seen through a lens."""

    facts: Mapping[str, Fact] = FACTS

    def __init__(self, con: duckdb.DuckDBPyConnection, lens: Lens) -> None:
        self.con, self.lens = con, lens

    def movements(self, cut: Cut) -> str:
        """The movement rows as a FROM clause without an alias; with the line of each subscription where asked for."""
        table = self.lens.table("movement")
        if "line" not in cut.own:
            return table
        return (
            f"(SELECT m.*, coalesce(l.line, m.system || ':' || m.subscription) AS line FROM {table} m LEFT JOIN"
            f" subscription_line l ON l.system = m.system AND l.subscription = m.subscription)"
        )

    def population_cte(self, cut: Cut, windows: Sequence[Window], side: str, item: Component) -> str:
        """CTEs up to ``b`` for a component: balances per customer, or per line of subscriptions, beside what its fact
        knows of them. A line is one subscription and those that replaced it on the day it ended.

        renewal: only who came up for renewal in the period, with ``term``, the longest that did, and the customer's own
        ``customer_opening``. subscription: ``ending`` is how the last subscription of a lost customer ended.
        """
        if item.fact == "subscription":
            return self._endings_cte(cut, windows, side)
        if item.fact != "renewal":
            return self.balances_cte(cut, windows, side)
        # a subscription renews in a period when it was alive before the period began
        keys = "n.customer, n.line" if item.per == "line" else "n.customer"
        due = (
            f"n AS (SELECT p.pid, {keys}, max(n.term) AS term FROM fact_renewal n JOIN p ON n.on_day >= p.start_day"
            f" AND n.on_day < p.end_day AND n.began < p.start_day WHERE n.kind = 'renewal' GROUP BY p.pid, {keys})"
        )
        if item.per == "customer":
            return (
                f"{self.balances_cte(cut, windows, side, 'b0')}, {due}, b AS (SELECT b0.*, n.term, 1 AS renews,"
                f" b0.opening AS customer_opening FROM b0 JOIN n ON n.pid = b0.pid AND n.customer = b0.customer)"
            )
        inner = cut.with_own("line")
        # without a rate for one of its lines it is not known whether the customer was paying
        return (
            f"{self.balances_cte(inner, windows, side, 'b0')}, {due}, t AS (SELECT pid, customer, sum(opening) AS"
            f" customer_opening, sum(unrated_opening) AS unrated_opening FROM b0 GROUP BY pid, customer),"
            f" b AS (SELECT b0.pid, b0.customer{inner.columns('b0')}, b0.opening, b0.closing, t.unrated_opening,"
            f" b0.unrated_closing, n.term, 1 AS renews, t.customer_opening FROM b0 JOIN n ON n.pid = b0.pid"
            f" AND n.customer = b0.customer AND n.line = b0.line JOIN t ON t.pid = b0.pid AND t.customer = b0.customer)"
        )

    def _endings_cte(self, cut: Cut, windows: Sequence[Window], side: str) -> str:
        """Balances with the ending of the subscriptions that lost amounts on the last day in the period on which the
        customer stopped paying: voluntary where one of them was ended so, else involuntary where one was."""
        told = " ".join(
            f"WHEN max(CASE WHEN s.ending = '{name}' THEN 1 ELSE 0 END) = 1 THEN '{name}'"
            for name in ("voluntary", "involuntary")
        )
        gone = f"{self.lens.table('movement')} f"
        return (
            f"{self.balances_cte(cut, windows, side, 'b0')}, g AS (SELECT p.pid, f.customer, max(f.on_day) AS on_day"
            f" FROM {gone} JOIN p ON f.on_day >= p.start_day AND f.on_day < p.end_day WHERE f.kind = 'churned'"
            f" GROUP BY p.pid, f.customer),"
            f" x AS (SELECT g.pid, g.customer, CASE {told} ELSE 'unknown' END AS ending FROM g JOIN {gone}"
            f" ON f.customer = g.customer AND f.on_day = g.on_day AND f.kind = 'churned' AND f.amount_src < 0"
            f" JOIN fact_subscription s ON s.system = f.system AND s.record_id = f.subscription GROUP BY g.pid, g.customer),"
            f" b AS (SELECT b0.*, coalesce(x.ending, 'unknown') AS ending FROM b0 LEFT JOIN x ON x.pid = b0.pid"
            f" AND x.customer = b0.customer)"
        )

    def customers(
        self, window: Window, where: Mapping[str, str], side: str = "start"
    ) -> list[tuple[str, Fraction, Fraction]]:
        """(customer, opening, closing) of everyone with a balance, annualised micros; ``side``: the instant at which
        attributes are read. A balance without a rate is left to the components, which refuse it."""
        cut = Cut(self.facts["movement"], where)
        instant = "p.start_day - 1" if side == "start" else "p.end_day - 1"
        rows = self.con.execute(
            f"{self.balances_cte(cut, [window], 'start')} SELECT b.customer, sum(b.opening), sum(b.closing) FROM b JOIN p"
            f" ON p.pid = b.pid {cut.joins(side, instant, 'b')} WHERE {cut.filters(side, own=False)}"
            f" GROUP BY b.customer ORDER BY b.customer",
            cut.values_own_first,
        ).fetchall()
        return [(customer, exact_of(opening), exact_of(closing)) for customer, opening, closing in rows]

    def balances_cte(self, cut: Cut, windows: Sequence[Window], side: str, name: str = "b") -> str:
        """CTEs up to ``b`` (or another name): opening and closing of every customer (and own slice) in the currency of
        the lens. Of many windows the side ``end`` is not told the openings, which it does not ask for. Nothing is worth
        nothing without a rate too: who has left is lost whether or not the day has a rate."""
        balances = self._summed(cut) if len(windows) < _MANY else self._carried(cut, windows, side)
        if not self.lens.needs_rates("movement"):  # nothing to convert, nothing to add up
            return (
                f"WITH {self.lens.periods(windows)}, {balances}, {name} AS (SELECT e.pid, e.customer{cut.columns('e')},"
                f" e.opening, e.closing, 0 AS unrated_opening, 0 AS unrated_closing FROM e)"
            )
        return (
            f"WITH {self.lens.periods(windows)}, {self.lens.rates_cte(windows)}, {balances},"
            f" {name} AS (SELECT e.pid, e.customer{cut.columns('e')},"
            f" sum(CASE WHEN e.opening = 0 THEN CAST(0 AS DECIMAL(38, 12))"
            f" ELSE CAST(e.opening AS DECIMAL(26, 0)) * r.opening_rate END) AS opening,"
            f" sum(CASE WHEN e.closing = 0 THEN CAST(0 AS DECIMAL(38, 12))"
            f" ELSE CAST(e.closing AS DECIMAL(26, 0)) * r.closing_rate END) AS closing,"
            f" sum(CASE WHEN e.opening <> 0 AND r.opening_rate IS NULL THEN 1 ELSE 0 END) AS unrated_opening,"
            f" sum(CASE WHEN e.closing <> 0 AND r.closing_rate IS NULL THEN 1 ELSE 0 END) AS unrated_closing"
            f" FROM e JOIN r ON r.pid = e.pid AND r.currency = e.money GROUP BY ALL)"
        )

    def _summed(self, cut: Cut) -> str:
        """CTE ``e``, each window by itself: a sum of all movements before its start and before its end."""
        return (
            f"e AS (SELECT p.pid, f.customer, f.currency AS money{cut.columns('f')},"
            f" sum(CASE WHEN f.on_day < p.start_day THEN f.amount_src ELSE 0 END) AS opening, sum(f.amount_src) AS closing"
            f" FROM {self.movements(cut)} f JOIN p ON f.on_day < p.end_day WHERE {cut.own_filters()} GROUP BY ALL)"
        )

    def _carried(self, cut: Cut, windows: Sequence[Window], side: str) -> str:
        """CTEs up to ``e``, all windows at once. Their first and last days are marks; each customer's balance holds from
        the mark after a movement to the mark after the next one, and every window reads it at its two marks."""
        marks = sorted({day for window in windows for day in (window.start, window.end)})
        place = {day: number for number, day in enumerate(marks)}
        since = [date(1, 1, 1), *marks]
        slots = ", ".join(f"({n}, DATE '{since[n]}', DATE '{day}')" for n, day in enumerate(marks))
        read = ", ".join(f"({i}, {place[w.start]}, {place[w.end]})" for i, w in enumerate(windows))
        own = cut.columns("f")
        closing = (
            f"e AS (SELECT w.pid, f.customer, f.money{own}, 0 AS opening, f.size AS closing FROM c f"
            f" JOIN w ON f.mark <= w.last AND w.last < f.until WHERE f.size <> 0)"
        )
        both = (
            f"e AS (SELECT w.pid, f.customer, f.money{own},"
            f" sum(CASE WHEN f.mark <= w.first THEN f.size ELSE 0 END) AS opening,"
            f" sum(CASE WHEN w.last < f.until THEN f.size ELSE 0 END) AS closing"
            f" FROM c f JOIN w ON f.mark <= w.last AND w.first < f.until WHERE f.size <> 0 GROUP BY ALL)"
        )
        over = f"OVER (PARTITION BY f.customer, f.money{own} ORDER BY f.mark"
        return (
            f"slot AS (SELECT * FROM (VALUES {slots}) AS t(mark, from_day, to_day)),"
            f" w AS (SELECT * FROM (VALUES {read}) AS t(pid, first, last)),"
            f" d AS (SELECT f.customer, f.currency AS money{own}, slot.mark, sum(f.amount_src) AS size"
            f" FROM {self.movements(cut)} f JOIN slot ON f.on_day >= slot.from_day AND f.on_day < slot.to_day"
            f" WHERE {cut.own_filters()} GROUP BY ALL),"
            f" c AS (SELECT f.customer, f.money{own}, f.mark,"
            f" sum(f.size) {over} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS size,"
            f" coalesce(lead(f.mark) {over}), {len(marks)}) AS until FROM d f),"
            f" {closing if side == 'end' else both}"
        )

    def moves(self, cut: Cut, item: Component, windows: Sequence[Window]) -> str | None:
        """What a change of an attribute brings into a slice or takes out of it, at the balance and rate of its day: SQL
        from its CTEs to ``b`` (pid, customer, on_day, size, unrated), in the sign of the component. None: no change."""
        if not cut.attributes:
            return None
        names = ", ".join(f"'{name}'" for name in cut.attributes)
        # a value may also end without another one following it
        changes = (
            f"SELECT customer, valid_from AS on_day FROM customer_attribute WHERE attribute IN ({names})"
            f" UNION SELECT customer, valid_to FROM customer_attribute WHERE attribute IN ({names})"
        )
        first, last = min(w.start for w in windows), max(w.end for w in windows)
        days = self.con.execute(
            f"SELECT DISTINCT on_day FROM ({changes}) c WHERE on_day >= ? AND on_day < ? ORDER BY 1", [first, last]
        ).fetchall()
        if not days:
            return None
        rated = ", ".join(
            f"(DATE '{day}', '{code}', {rate})" for (day,) in days for code, rate in self.lens.on(day).items()
        )
        side, sign = ("a", "") if item.measure == "entered" else ("b", "-")
        changed = " OR ".join(
            f"coalesce(b_{n}.value, '{NONE}') <> coalesce(a_{n}.value, '{NONE}')" for n in cut.attributes
        )
        return (
            f"WITH {self.lens.periods(windows)}, rate AS (SELECT * FROM (VALUES {rated}) AS t(day, currency, rate)),"
            f" ch AS (SELECT customer, on_day FROM ({changes}) c WHERE on_day >= DATE '{first}' AND on_day < DATE '{last}'),"
            f" e AS (SELECT ch.customer, ch.on_day, f.currency AS money{cut.columns('f')}, sum(f.amount_src) AS size FROM ch"
            f" JOIN {self.movements(cut)} f ON f.customer = ch.customer AND f.on_day < ch.on_day WHERE {cut.own_filters()}"
            f" GROUP BY ALL),"
            f" v AS (SELECT e.customer, e.on_day{cut.columns('e')}, sum(CAST(e.size AS DECIMAL(26, 0)) * r.rate) AS size,"
            f" sum(CASE WHEN e.size <> 0 AND r.rate IS NULL THEN 1 ELSE 0 END) AS unrated FROM e LEFT JOIN rate r"
            f" ON r.day = e.on_day AND r.currency = e.money GROUP BY ALL),"
            f" m AS (SELECT b.customer, b.on_day{cut.selected(side)}, {sign}b.size AS size, b.unrated FROM v b"
            f" {cut.joins('b', 'b.on_day - 1', 'b')} {cut.joins('a', 'b.on_day', 'b')}"
            f" WHERE ({changed}) AND {cut.filters(side, own=False)}),"
            f" b AS (SELECT p.pid, m.* FROM m JOIN p ON m.on_day >= p.start_day AND m.on_day < p.end_day)"
        )
