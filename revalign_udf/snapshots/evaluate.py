"""From facts to exact components: one SQL statement answers many components, periods and slices at once.

A flow sums the rows of a period. Balances are built customer by customer from everything before an instant, converted at
the rate of that instant, and then summed; populations (who was paying, who was lost, what was kept) are read off each
customer's opening and closing. A cut by an attribute of the customer takes the value valid on the row's day for flows,
at the end of the period for closing balances and at its start for opening populations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb

from revalign_udf.calc.fx import Rates
from revalign_udf.metrics import FACTS, Component, Fact

__all__ = ["NONE", "SCALES", "Cut", "Evaluator", "Measured", "Slice", "Window", "periods_cte"]

#: the value of a dimension where a record has none
NONE = "(none)"

Slice = tuple[str, ...]

SCALES = {"money": Fraction(1, 10**6), "recurring": Fraction(1, 12 * 10**6), "count": Fraction(1), "years": Fraction(1)}


@dataclass(frozen=True, slots=True)
class Window:
    """The days a question covers: the period, cut off after the last day the facts are complete."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Measured:
    """A component's exact value, and how many of its rows had no exchange rate (then there is no value)."""

    value: Fraction
    unrated: int = 0


class Evaluator:
    """Answers components from the fact views of one open snapshot."""

    def __init__(self, con: duckdb.DuckDBPyConnection, rates: Callable[[], Rates], currencies: Sequence[str]) -> None:
        self.con, self._rates, self._currencies = con, rates, tuple(currencies)

    def evaluate(
        self,
        components: Iterable[Component],
        windows: Sequence[Window],
        where: Mapping[str, str],
        by: Sequence[str] = (),
    ) -> dict[tuple[str, int, Slice], Measured]:
        """Values of components of one fact, keyed by (component, index of the window, values of ``by``).

        A slice without rows is absent: its value is zero, the caller having checked that the facts cover the window.
        """
        chosen = list(components)
        found: dict[tuple[str, int, Slice], Measured] = {}
        if not chosen or not windows:
            return found
        fact = FACTS[chosen[0].fact]
        for shape, answer in (("flow", self._flows), ("start", self._starts), ("end", self._ends)):
            some = [item for item in chosen if item.shape == shape and item.measure not in ("entered", "left_slice")]
            if some:
                found |= answer(fact, some, windows, where, by)
        moved = [item for item in chosen if item.measure in ("entered", "left_slice")]
        if moved:
            found |= self._moved(fact, moved, windows, where, by)
        return found

    # --- flows -------------------------------------------------------------------------------------------------

    def _flows(
        self, fact: Fact, components: Sequence[Component], windows: Sequence[Window], where: Mapping[str, str],
        by: Sequence[str],
    ) -> dict[tuple[str, int, Slice], Measured]:  # fmt: skip
        cut = Cut(fact, where, by)
        sums = []
        for item in components:
            rule = f"({item.where})" if item.where else "true"
            sums.append(f"sum(CASE WHEN {rule} THEN {item.measure} ELSE 0 END)")
            sums.append(f"sum(CASE WHEN {rule} AND ({item.measure}) IS NULL THEN 1 ELSE 0 END)")
        sql = (
            f"WITH {periods_cte(windows)} SELECT p.pid{cut.selected('day')}, {', '.join(sums)} FROM fact_{fact.name} f"
            f" JOIN p ON f.on_day >= p.start_day AND f.on_day < p.end_day {cut.joins('day', 'f.on_day')}"
            f" WHERE {cut.filters('day')} GROUP BY ALL"
        )
        return self._read(sql, cut.values, components, len(by))

    # --- balances ----------------------------------------------------------------------------------------------

    def balances_cte(self, cut: Cut, windows: Sequence[Window]) -> str:
        """CTEs up to ``b``: opening and closing of every customer (and own slice) in company currency."""
        own = "".join(f", f.{name} AS {name}" for name in cut.own)
        carried = "".join(f", e.{name}" for name in cut.own)
        return (
            f"WITH {periods_cte(windows)}, {self.rates_cte(windows)}, e AS (SELECT p.pid, f.customer, f.currency AS money{own},"
            f" sum(CASE WHEN f.on_day < p.start_day THEN f.amount_src ELSE 0 END) AS opening, sum(f.amount_src) AS closing"
            f" FROM fact_movement f JOIN p ON f.on_day < p.end_day WHERE {cut.own_filters()} GROUP BY ALL),"
            f" b AS (SELECT e.pid, e.customer{carried}, sum(CAST(e.opening AS DECIMAL(26, 0)) * r.opening_rate) AS opening,"
            f" sum(CAST(e.closing AS DECIMAL(26, 0)) * r.closing_rate) AS closing,"
            f" sum(CASE WHEN e.opening <> 0 AND r.opening_rate IS NULL THEN 1 ELSE 0 END) AS unrated_opening,"
            f" sum(CASE WHEN e.closing <> 0 AND r.closing_rate IS NULL THEN 1 ELSE 0 END) AS unrated_closing"
            f" FROM e JOIN r ON r.pid = e.pid AND r.currency = e.money GROUP BY ALL)"
        )

    def _starts(
        self, fact: Fact, components: Sequence[Component], windows: Sequence[Window], where: Mapping[str, str],
        by: Sequence[str],
    ) -> dict[tuple[str, int, Slice], Measured]:  # fmt: skip
        return self._ended(fact, components, windows, where, by, "start", "b.unrated_opening + b.unrated_closing")

    def _ends(
        self, fact: Fact, components: Sequence[Component], windows: Sequence[Window], where: Mapping[str, str],
        by: Sequence[str],
    ) -> dict[tuple[str, int, Slice], Measured]:  # fmt: skip
        return self._ended(fact, components, windows, where, by, "end", "b.unrated_closing")

    def _ended(
        self, fact: Fact, components: Sequence[Component], windows: Sequence[Window], where: Mapping[str, str],
        by: Sequence[str], side: str, unrated: str,
    ) -> dict[tuple[str, int, Slice], Measured]:  # fmt: skip
        cut = Cut(fact, where, by)
        instant = "p.start_day - 1" if side == "start" else "p.end_day - 1"
        sums = []
        for item in components:
            needs = "b.unrated_opening" if item.measure == "opening" else unrated
            sums += [f"sum({item.measure})", f"sum({needs})"]
        sql = (
            f"{self.balances_cte(cut, windows)} SELECT b.pid{cut.selected(side)}, {', '.join(sums)} FROM b JOIN p ON"
            f" p.pid = b.pid {cut.joins(side, instant, 'b')} WHERE {cut.filters(side, own=False)} GROUP BY ALL"
        )
        return self._read(sql, cut.values_own_first, components, len(by))

    def _moved(
        self, fact: Fact, components: Sequence[Component], windows: Sequence[Window], where: Mapping[str, str],
        by: Sequence[str],
    ) -> dict[tuple[str, int, Slice], Measured]:  # fmt: skip
        """What a change of an attribute brings into a slice and takes out of it, at the balance and rate of its day."""
        cut = Cut(fact, where, by)
        if not cut.attributes:
            return {}
        names = ", ".join(f"'{name}'" for name in cut.attributes)
        days = [row[0] for row in self.con.execute(
            f"SELECT DISTINCT valid_from FROM customer_attribute WHERE attribute IN ({names}) AND valid_from >= ?"
            " AND valid_from < ?", [min(w.start for w in windows), max(w.end for w in windows)]).fetchall()]  # fmt: skip
        if not days:
            return {}
        rated = ", ".join(
            f"(DATE '{day}', '{code}', {rate})" for day in sorted(days) for code, rate in self._on(day).items()
        )
        own = "".join(f", f.{name} AS {name}" for name in cut.own)
        carried = "".join(f", e.{name}" for name in cut.own)
        changed = " OR ".join(
            f"coalesce(b_{n}.value, '{NONE}') <> coalesce(a_{n}.value, '{NONE}')" for n in cut.attributes
        )
        found: dict[tuple[str, int, Slice], Measured] = {}
        for item in components:
            side, sign = ("a", "") if item.measure == "entered" else ("b", "-")
            sql = (
                f"WITH {periods_cte(windows)}, rate AS (SELECT * FROM (VALUES {rated}) AS t(day, currency, rate)),"
                f" ch AS (SELECT DISTINCT p.pid, c.customer, c.valid_from AS on_day FROM customer_attribute c JOIN p ON"
                f" c.valid_from >= p.start_day AND c.valid_from < p.end_day WHERE c.attribute IN ({names})),"
                f" e AS (SELECT ch.pid, ch.customer, ch.on_day, f.currency AS money{own}, sum(f.amount_src) AS size FROM ch"
                f" JOIN fact_movement f ON f.customer = ch.customer AND f.on_day < ch.on_day WHERE {cut.own_filters()}"
                f" GROUP BY ALL),"
                f" b AS (SELECT e.pid, e.customer, e.on_day{carried}, sum(CAST(e.size AS DECIMAL(26, 0)) * r.rate) AS size,"
                f" sum(CASE WHEN e.size <> 0 AND r.rate IS NULL THEN 1 ELSE 0 END) AS unrated FROM e LEFT JOIN rate r"
                f" ON r.day = e.on_day AND r.currency = e.money GROUP BY ALL)"
                f" SELECT b.pid{cut.selected(side)}, {sign}sum(b.size), sum(b.unrated) FROM b"
                f" {cut.joins('b', 'b.on_day - 1', 'b')} {cut.joins('a', 'b.on_day', 'b')}"
                f" WHERE ({changed}) AND {cut.filters(side, own=False)} GROUP BY ALL"
            )
            found |= self._read(sql, cut.values_own_first, [item], len(by))
        return found

    # --- lifetimes ---------------------------------------------------------------------------------------------

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
        return {code: _rate_sql(rates.on(day, code)) for code in self._currencies or (rates.company,)}

    def _read(
        self, sql: str, values: Sequence[Any], components: Sequence[Component], keys: int
    ) -> dict[tuple[str, int, Slice], Measured]:
        found: dict[tuple[str, int, Slice], Measured] = {}
        for row in self.con.execute(sql, list(values)).fetchall():
            index, names, sums = int(row[0]), tuple(row[1 : 1 + keys]), row[1 + keys :]
            for position, item in enumerate(components):
                value, unrated = sums[2 * position], sums[2 * position + 1]
                found[item.name, index, names] = Measured(_exact(value) * SCALES[item.scale], int(unrated or 0))
        return found


def _exact(value: Decimal | int | None) -> Fraction:
    return Fraction(0) if value is None else Fraction(value)


def _rate_sql(rate: Fraction | None) -> str:
    if rate is None:
        return "CAST(NULL AS DECIMAL(24, 12))"
    whole, rest = divmod(rate.numerator * 10**12 // rate.denominator, 10**12)
    return f"CAST({whole}.{rest:012d} AS DECIMAL(24, 12))"


def periods_cte(windows: Sequence[Window]) -> str:
    """CTE ``p``: the windows, numbered."""
    rows = ", ".join(f"({i}, DATE '{w.start}', DATE '{w.end}')" for i, w in enumerate(windows))
    return f"p AS (SELECT * FROM (VALUES {rows}) AS t(pid, start_day, end_day))"


class Cut:
    """The SQL of a question's filters and groupings over one fact."""

    def __init__(self, fact: Fact, where: Mapping[str, str], by: Sequence[str]) -> None:
        self.where, self.by = dict(where), tuple(by)
        names = tuple(dict.fromkeys((*self.where, *self.by)))
        self.own = tuple(name for name in names if fact.dimensions[name] == "self")
        self.attributes = tuple(name for name in names if fact.dimensions[name] == "customer")

    def _column(self, name: str, side: str, table: str = "f") -> str:
        column = f"{table}.{name}" if name in self.own else f"{side}_{name}.value"
        return f"coalesce({column}, '{NONE}')"

    def selected(self, side: str) -> str:
        """The grouping columns, each with a leading comma."""
        table = "f" if side == "day" else "b"
        return "".join(f", {self._column(name, side, table)} AS by_{name}" for name in self.by)

    def joins(self, side: str, instant: str, table: str = "f") -> str:
        """The joins that bring each attribute at an instant."""
        return " ".join(
            f"LEFT JOIN customer_attribute {side}_{name} ON {side}_{name}.customer = {table}.customer AND"
            f" {side}_{name}.attribute = '{name}' AND {side}_{name}.valid_from <= {instant} AND"
            f" {instant} < {side}_{name}.valid_to"
            for name in self.attributes
        )

    def filters(self, side: str, *, own: bool = True) -> str:
        """Conditions; their parameters come in the order of ``values`` (or ``values_own_first`` without ``own``)."""
        names = [name for name in self.where if own or name not in self.own]
        return " AND ".join(f"{self._column(name, side)} = ?" for name in names) or "true"

    def own_filters(self) -> str:
        """Conditions on the fact's own columns only."""
        names = [name for name in self.where if name in self.own]
        return " AND ".join(f"{self._column(name, 'day')} = ?" for name in names) or "true"

    @property
    def values(self) -> list[str]:
        """Parameters of :meth:`filters`."""
        return list(self.where.values())

    @property
    def values_own_first(self) -> list[str]:
        """Parameters of :meth:`own_filters` followed by those of :meth:`filters` without ``own``."""
        own = [value for name, value in self.where.items() if name in self.own]
        return own + [value for name, value in self.where.items() if name not in self.own]
