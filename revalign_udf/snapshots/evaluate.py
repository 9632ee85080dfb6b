"""From facts to exact components: one SQL statement answers many components, periods and slices at once.

A flow sums the rows of a period. Balances are built customer by customer from everything before an instant, converted at
the rate of that instant, and then summed; populations (who was paying, who was lost, what was kept) are read off each
customer's opening and closing. A cut by an attribute of the customer takes the value valid on the row's day for flows,
at the end of the period for closing balances and at its start for opening populations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import duckdb

from revalign_udf.calc.fx import Rates
from revalign_udf.metrics import FACTS, Component, Fact
from revalign_udf.snapshots.cuts import (
    NONE,
    SCALES,
    Cut,
    Measured,
    Slice,
    Window,
    exact_of,
    periods_cte,
    rate_sql,
    unrated_sql,
)

__all__ = ["Evaluator"]

Found = dict[tuple[str, int, Slice], Measured]
#: from this many windows on, balances are carried from window to window instead of summed anew for each
_MANY = 4
_MOVED = ("entered", "left_slice")


class Evaluator:
    """Answers components from the fact views of one open snapshot.

    ``known`` is, per fact, the day after the last one the snapshot may speak of: what a source says of later days is
    not known yet.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, rates: Callable[[], Rates], currencies: Sequence[str],
        known: Mapping[str, date] | None = None,
    ) -> None:  # fmt: skip
        self.con, self._rates, self._currencies, self._known = con, rates, tuple(currencies), dict(known or {})

    def evaluate(
        self, components: Iterable[Component], windows: Sequence[Window], where: Mapping[str, str],
        by: Sequence[str] = (),
    ) -> Found:  # fmt: skip
        """Values of components of one fact, keyed by (component, index of the window, values of ``by``).

        A slice without rows is absent: its value is zero, the caller having checked that the facts cover the window.
        """
        chosen = list(components)
        found: Found = {}
        if not chosen or not windows:
            return found
        cut = Cut(FACTS[chosen[0].fact], where, by)
        flows = [item for item in chosen if item.shape == "flow"]
        if flows:
            found |= self._flows(FACTS[chosen[0].fact], cut, flows, windows)
        for side in ("start", "end"):
            some = [item for item in chosen if item.shape == side and item.measure not in _MOVED]
            if some:
                found |= self._ended(cut, some, windows, side)
        for item in chosen:
            if item.measure in _MOVED:
                found |= self._moved(cut, item, windows)
        return found

    def periods(self, windows: Sequence[Window], fact: str) -> str:
        """CTE ``p`` for a fact."""
        return periods_cte(windows, self._known.get(fact))

    # --- flows -------------------------------------------------------------------------------------------------

    def _flows(self, fact: Fact, cut: Cut, components: Sequence[Component], windows: Sequence[Window]) -> Found:
        sums = []
        for item in components:
            rule = f"({item.where})" if item.where else "true"
            sums.append(f"sum(CASE WHEN {rule} THEN {item.measure} ELSE 0 END)")
            sums.append(f"sum(CASE WHEN {rule} AND ({item.measure}) IS NULL THEN 1 ELSE 0 END)")
        sql = (
            f"WITH {self.periods(windows, fact.name)} SELECT p.pid{cut.selected('day')}, {', '.join(sums)}"
            f" FROM fact_{fact.name} f JOIN p ON f.on_day >= p.start_day AND f.on_day < p.end_day"
            f" {cut.joins('day', 'f.on_day')} WHERE {cut.filters('day')} GROUP BY ALL"
        )
        return self._read(sql, cut.values, components, len(cut.by))

    # --- balances ----------------------------------------------------------------------------------------------

    def balances_cte(self, cut: Cut, windows: Sequence[Window], side: str) -> str:
        """CTEs up to ``b``: opening and closing of every customer (and own slice) in company currency. Of many windows
        the side ``end`` is not told the openings, which it does not ask for."""
        balances = self._summed(cut) if len(windows) < _MANY else self._carried(cut, windows, side)
        if set(self._currencies) <= {self._rates().company}:  # nothing to convert, nothing to add up
            return (
                f"WITH {periods_cte(windows)}, {balances}, b AS (SELECT e.pid, e.customer{cut.columns('e')}, e.opening,"
                f" e.closing, 0 AS unrated_opening, 0 AS unrated_closing FROM e)"
            )
        return (
            f"WITH {periods_cte(windows)}, {self.rates_cte(windows)}, {balances},"
            f" b AS (SELECT e.pid, e.customer{cut.columns('e')},"
            f" sum(CAST(e.opening AS DECIMAL(26, 0)) * r.opening_rate) AS opening,"
            f" sum(CAST(e.closing AS DECIMAL(26, 0)) * r.closing_rate) AS closing,"
            f" sum(CASE WHEN e.opening <> 0 AND r.opening_rate IS NULL THEN 1 ELSE 0 END) AS unrated_opening,"
            f" sum(CASE WHEN e.closing <> 0 AND r.closing_rate IS NULL THEN 1 ELSE 0 END) AS unrated_closing"
            f" FROM e JOIN r ON r.pid = e.pid AND r.currency = e.money GROUP BY ALL)"
        )

    @staticmethod
    def _summed(cut: Cut) -> str:
        """CTE ``e``, each window by itself: a sum of all movements before its start and before its end."""
        return (
            f"e AS (SELECT p.pid, f.customer, f.currency AS money{cut.columns('f')},"
            f" sum(CASE WHEN f.on_day < p.start_day THEN f.amount_src ELSE 0 END) AS opening, sum(f.amount_src) AS closing"
            f" FROM fact_movement f JOIN p ON f.on_day < p.end_day WHERE {cut.own_filters()} GROUP BY ALL)"
        )

    @staticmethod
    def _carried(cut: Cut, windows: Sequence[Window], side: str) -> str:
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
            f" d AS (SELECT f.customer, f.currency AS money{own}, slot.mark, sum(f.amount_src) AS size FROM fact_movement f"
            f" JOIN slot ON f.on_day >= slot.from_day AND f.on_day < slot.to_day WHERE {cut.own_filters()} GROUP BY ALL),"
            f" c AS (SELECT f.customer, f.money{own}, f.mark,"
            f" sum(f.size) {over} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS size,"
            f" coalesce(lead(f.mark) {over}), {len(marks)}) AS until FROM d f),"
            f" {closing if side == 'end' else both}"
        )

    def _ended(self, cut: Cut, components: Sequence[Component], windows: Sequence[Window], side: str) -> Found:
        instant = "p.start_day - 1" if side == "start" else "p.end_day - 1"
        sums = [sql for item in components for sql in (f"sum({item.measure})", f"sum({unrated_sql(item)})")]
        sql = (
            f"{self.balances_cte(cut, windows, side)} SELECT b.pid{cut.selected(side)}, {', '.join(sums)} FROM b JOIN p ON"
            f" p.pid = b.pid {cut.joins(side, instant, 'b')} WHERE {cut.filters(side, own=False)} GROUP BY ALL"
        )
        return self._read(sql, cut.values_own_first, components, len(cut.by))

    # --- changes of slice --------------------------------------------------------------------------------------

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
            f"(DATE '{day}', '{code}', {rate})" for (day,) in days for code, rate in self._on(day).items()
        )
        side, sign = ("a", "") if item.measure == "entered" else ("b", "-")
        changed = " OR ".join(
            f"coalesce(b_{n}.value, '{NONE}') <> coalesce(a_{n}.value, '{NONE}')" for n in cut.attributes
        )
        return (
            f"WITH {periods_cte(windows)}, rate AS (SELECT * FROM (VALUES {rated}) AS t(day, currency, rate)),"
            f" ch AS (SELECT customer, on_day FROM ({changes}) c WHERE on_day >= DATE '{first}' AND on_day < DATE '{last}'),"
            f" e AS (SELECT ch.customer, ch.on_day, f.currency AS money{cut.columns('f')}, sum(f.amount_src) AS size FROM ch"
            f" JOIN fact_movement f ON f.customer = ch.customer AND f.on_day < ch.on_day WHERE {cut.own_filters()}"
            f" GROUP BY ALL),"
            f" v AS (SELECT e.customer, e.on_day{cut.columns('e')}, sum(CAST(e.size AS DECIMAL(26, 0)) * r.rate) AS size,"
            f" sum(CASE WHEN e.size <> 0 AND r.rate IS NULL THEN 1 ELSE 0 END) AS unrated FROM e LEFT JOIN rate r"
            f" ON r.day = e.on_day AND r.currency = e.money GROUP BY ALL),"
            f" m AS (SELECT b.customer, b.on_day{cut.selected(side)}, {sign}b.size AS size, b.unrated FROM v b"
            f" {cut.joins('b', 'b.on_day - 1', 'b')} {cut.joins('a', 'b.on_day', 'b')}"
            f" WHERE ({changed}) AND {cut.filters(side, own=False)}),"
            f" b AS (SELECT p.pid, m.* FROM m JOIN p ON m.on_day >= p.start_day AND m.on_day < p.end_day)"
        )

    def _moved(self, cut: Cut, item: Component, windows: Sequence[Window]) -> Found:
        ctes = self.moves(cut, item, windows)
        if ctes is None:
            return {}
        keys = "".join(f", b.by_{name}" for name in cut.by)
        sql = f"{ctes} SELECT b.pid{keys}, sum(b.size), sum(b.unrated) FROM b GROUP BY ALL"
        return self._read(sql, cut.values_own_first, [item], len(cut.by))

    # --- lifetimes and steps -----------------------------------------------------------------------------------

    def lifetimes(self, window: Window, where: Mapping[str, str]) -> list[tuple[int, int, int]]:
        """(days observed, customers who ended then, customers still paying then), as known at the window's end."""
        cut = Cut(FACTS["movement"], where, ())
        sql = (
            f"WITH {periods_cte([window])}, s AS (SELECT f.customer, min(f.on_day) AS began,"
            f" max(CASE WHEN f.kind = 'churned' THEN f.on_day END) AS left_day,"
            f" max(CASE WHEN f.kind IN ('new', 'reactivation') THEN f.on_day END) AS joined, max(p.end_day) AS cut_day"
            f" FROM fact_movement f JOIN p ON f.on_day < p.end_day {cut.joins('day', 'p.end_day - 1')}"
            f" WHERE f.kind IN ('new', 'reactivation', 'churned') AND {cut.filters('day')} GROUP BY f.customer)"
            f" SELECT CASE WHEN left_day > joined THEN date_diff('day', began, left_day)"
            f" ELSE date_diff('day', began, cut_day) END AS days,"
            f" sum(CASE WHEN left_day > joined THEN 1 ELSE 0 END), sum(CASE WHEN left_day > joined THEN 0 ELSE 1 END)"
            f" FROM s GROUP BY 1 ORDER BY 1"
        )
        return [(int(a), int(b), int(c)) for a, b, c in self.con.execute(sql, cut.values).fetchall()]

    def step_days(self, stage: str, later: str) -> list[tuple[int, int]]:
        """(days from one stage to a later one, leads that took so long), over all leads that made the step."""
        sql = (
            f"WITH {self.periods([Window(date(1, 1, 1), date(9999, 12, 31))], 'reach')}"
            f" SELECT date_diff('day', f.on_day, f.{later}_day), count(*) FROM fact_reach f, p"
            f" WHERE f.stage = '{stage}' AND f.{later}_day < p.known_end GROUP BY 1 ORDER BY 1"
        )
        return [(int(days), int(count)) for days, count in self.con.execute(sql).fetchall()]

    # --- shared ------------------------------------------------------------------------------------------------

    def rates_cte(self, windows: Sequence[Window]) -> str:
        """CTE ``r``: the rates of each currency at the start and the end of each window."""
        days = [(i, w.start - timedelta(days=1), w.end - timedelta(days=1)) for i, w in enumerate(windows)]
        rows = ", ".join(
            f"({index}, '{code}', {opening}, {self._on(last)[code]})"
            for index, first, last in days
            for code, opening in self._on(first).items()
        )
        return f"r AS (SELECT * FROM (VALUES {rows}) AS t(pid, currency, opening_rate, closing_rate))"

    def _on(self, day: date) -> dict[str, str]:
        """The rate of each currency on a day, as SQL."""
        rates = self._rates()
        return {code: rate_sql(rates.on(day, code)) for code in self._currencies or (rates.company,)}

    def _read(self, sql: str, values: Sequence[Any], components: Sequence[Component], keys: int) -> Found:
        found: Found = {}
        for row in self.con.execute(sql, list(values)).fetchall():
            index, names, sums = int(row[0]), tuple(row[1 : 1 + keys]), row[1 + keys :]
            for position, item in enumerate(components):
                value, unrated = sums[2 * position], sums[2 * position + 1]
                found[item.name, index, names] = Measured(exact_of(value) * SCALES[item.scale], int(unrated or 0))
        return found
