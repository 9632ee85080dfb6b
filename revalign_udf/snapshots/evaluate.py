"""From facts to exact components: one SQL statement answers many components, periods and slices at once.

Sums over rows are made here; balances are built by :mod:`revalign_udf.snapshots.balances`. A cut by an attribute of the
customer takes the value valid on the row's day for flows, at the end of the period for closing balances and at its start
for opening populations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from revalign_udf.metrics import FACTS, Component, Fact
from revalign_udf.snapshots.balances import MOVED, Balances
from revalign_udf.snapshots.cuts import SCALES, Cut, Measured, Slice, Window, exact_of, unrated_sql
from revalign_udf.snapshots.lens import Lens

__all__ = ["Evaluator", "Found", "over_rows"]

Found = dict[tuple[str, int, Slice], Measured]

#: which rows a shape looks at, told by the fact ``f`` and the period ``p``
_ROWS = {
    "flow": "f.on_day >= p.start_day AND f.on_day < p.end_day",
    "distinct": "f.on_day >= p.start_day AND f.on_day < p.end_day",
    "to_date": "f.on_day < p.end_day",
    "held": "f.on_day < p.end_day AND (f.until IS NULL OR f.until >= p.end_day)",
    "held_at_start": "f.on_day < p.start_day AND (f.until IS NULL OR f.until >= p.start_day)",
}
#: the day at which an attribute of the customer is read
_INSTANT = {"held": "p.end_day - 1", "held_at_start": "p.start_day - 1"}


def over_rows(shape: str) -> tuple[str, str]:
    """(condition on rows, day at which attributes are read) of a shape that looks at rows."""
    return _ROWS[shape], _INSTANT.get(shape, "f.on_day")


class Evaluator(Balances):
    """Answers components from the fact views of one open snapshot.

    ``known`` is, per fact, the day after the last one the snapshot may speak of: what a source says of later days is
    not known yet. ``lens`` says in which currency, at which rates and by whose movements.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, lens: Lens, known: Mapping[str, date] | None = None,
        facts: Mapping[str, Fact] = FACTS,
    ) -> None:  # fmt: skip
        super().__init__(con, lens)
        self._known, self.facts = dict(known or {}), facts

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
        cut = Cut(self.facts[chosen[0].fact], where, by)
        for shape in _ROWS:
            if some := [item for item in chosen if item.shape == shape]:
                found |= self._over(cut, chosen[0].fact, shape, some, windows)
        for side in ("start", "end"):
            for per in ("customer", "line"):
                some = [i for i in chosen if (i.shape, i.per) == (side, per) and i.measure not in MOVED]
                if some:
                    found |= self._ended(cut, some, windows, side)
        for item in chosen:
            if item.measure in MOVED:
                found |= self._moved(cut, item, windows)
        return found

    def periods(self, windows: Sequence[Window], fact: str) -> str:
        """CTE ``p`` for a fact."""
        return self.lens.periods(windows, self._known.get(fact))

    # --- rows --------------------------------------------------------------------------------------------------

    def source(self, fact: str, shape: str, windows: Sequence[Window]) -> tuple[str, str]:
        """(CTEs, FROM clause with the fact as ``f`` and the period as ``p``) for the rows a shape looks at."""
        rows, _ = over_rows(shape)
        ctes = self.periods(windows, fact)
        joins = f"{self.lens.table(fact)} f JOIN p ON {rows}"
        if (joined := self._rated(fact, shape)) is not None:
            ctes += f", {self.lens.rates_cte(windows)}"
            joins += joined
        return ctes, joins

    def _rated(self, fact: str, shape: str) -> str | None:
        """The join of a period's rates, where amounts are converted at a rate of the period and not of their day."""
        held = shape in _INSTANT and "currency" in self.lens.columns(fact)
        if held or (self.lens.at_period_end and "amount_src" in self.lens.columns(fact)):
            return " LEFT JOIN r ON r.pid = p.pid AND r.currency = f.currency"
        return None

    def measured(self, item: Component) -> str:
        """A component's measure in SQL, its money at the rates of the lens."""
        if self._rated(item.fact, item.shape) is None:
            return item.measure
        rate = "r.opening_rate" if item.shape == "held_at_start" else "r.closing_rate"
        # a movement nobody can name has no amount at any rate
        known = "f.kind IS NULL" if item.fact == "movement" else "false"
        amount = f"CAST(CAST(f.amount_src AS DECIMAL(26, 0)) * {rate} AS DECIMAL(38, 12))"
        return item.measure.replace(
            "f.amount",
            f"CASE WHEN {known} THEN NULL WHEN f.amount_src = 0 THEN CAST(0 AS DECIMAL(38, 12)) ELSE {amount} END",
        )

    def _over(
        self, cut: Cut, fact: str, shape: str, components: Sequence[Component], windows: Sequence[Window]
    ) -> Found:
        sums = []
        for item in components:
            rule, measure = (f"({item.where})" if item.where else "true"), self.measured(item)
            if shape == "distinct":
                # a movement nobody can name may be one of these or not
                unclear = "sum(CASE WHEN f.kind IS NULL THEN 1 ELSE 0 END)" if fact == "movement" else "0"
                sums += [f"count(DISTINCT CASE WHEN {rule} THEN {measure} END)", unclear]
            else:
                sums.append(f"sum(CASE WHEN {rule} THEN {measure} ELSE 0 END)")
                sums.append(f"sum(CASE WHEN {rule} AND ({measure}) IS NULL THEN 1 ELSE 0 END)")
        ctes, joins = self.source(fact, shape, windows)
        sql = (
            f"WITH {ctes} SELECT p.pid{cut.selected('day')}, {', '.join(sums)} FROM {joins}"
            f" {cut.joins('day', over_rows(shape)[1])} WHERE {cut.filters('day')} GROUP BY ALL"
        )
        return self._read(sql, cut.values, components, len(cut.by))

    def rows(
        self, fact: str, window: Window, where: Mapping[str, str], select: str, *, rule: str = "true",
        shape: str = "flow", joins: str = "", by: Sequence[str] = (),
    ) -> list[tuple[Any, ...]]:  # fmt: skip
        """Rows of a fact for tables and statistics: ``select`` over the fact ``f`` and the period ``p``, grouped by every
        column that is no aggregate, in ascending order. ``by`` puts the values of dimensions before the others."""
        cut = Cut(self.facts[fact], where, by)
        ctes, source = self.source(fact, shape, [window])
        head = cut.selected("day").removeprefix(", ")
        sql = (
            f"WITH {ctes} SELECT {head + ', ' if head else ''}{select} FROM {source} {joins}"
            f" {cut.joins('day', over_rows(shape)[1])} WHERE ({rule}) AND {cut.filters('day')} GROUP BY ALL ORDER BY ALL"
        )
        return self.con.execute(sql, cut.values).fetchall()

    # --- balances ----------------------------------------------------------------------------------------------

    def _ended(self, cut: Cut, components: Sequence[Component], windows: Sequence[Window], side: str) -> Found:
        instant = "p.start_day - 1" if side == "start" else "p.end_day - 1"
        sums = [sql for item in components for sql in (f"sum({item.measure})", f"sum({unrated_sql(item)})")]
        sql = (
            f"{self.population_cte(cut, windows, side, components[0])} SELECT b.pid{cut.selected(side)}, {', '.join(sums)}"
            f" FROM b JOIN p ON p.pid = b.pid {cut.joins(side, instant, 'b')}"
            f" WHERE {cut.filters(side, own=False)} GROUP BY ALL"
        )
        return self._read(sql, cut.values_own_first, components, len(cut.by))

    def _moved(self, cut: Cut, item: Component, windows: Sequence[Window]) -> Found:
        ctes = self.moves(cut, item, windows)
        if ctes is None:
            return {}
        keys = "".join(f", b.by_{name}" for name in cut.by)
        sql = f"{ctes} SELECT b.pid{keys}, sum(b.size), sum(b.unrated) FROM b GROUP BY ALL"
        return self._read(sql, cut.values_own_first, [item], len(cut.by))

    # --- shared ------------------------------------------------------------------------------------------------

    def _read(self, sql: str, values: Sequence[Any], components: Sequence[Component], keys: int) -> Found:
        found: Found = {}
        for row in self.con.execute(sql, list(values)).fetchall():
            index, names, sums = int(row[0]), tuple(row[1 : 1 + keys]), row[1 + keys :]
            for position, item in enumerate(components):
                value, unrated = sums[2 * position], sums[2 * position + 1]
                found[item.name, index, names] = Measured(exact_of(value) * SCALES[item.scale], int(unrated or 0))
        return found
