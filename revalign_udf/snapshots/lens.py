"""How amounts are looked at: in which currency, at which rates, and by whose movements.

The ordinary lens reads the facts as they were published: company currency, the rate of each row's day. Any other lens
makes its own tables from the same rows, because every fact keeps the amount and currency it came in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import duckdb

from revalign_udf.calc.fx import Rates
from revalign_udf.metrics import Component
from revalign_udf.snapshots.cuts import Window, periods_cte, rate_sql

__all__ = ["Lens", "RateRule", "View"]

RateRule = Literal["day", "constant", "period_end"]


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for: a currency (empty: the company's), a rule for rates, and a variant of the movements.

    ``constant_day`` is the day whose rates the rule ``constant`` takes.
    """

    currency: str = ""
    rates: RateRule = "day"
    movements: str = ""
    constant_day: date | None = None


@dataclass
class Lens:
    """The tables and rates of one view. ``currencies`` are, per fact, those its rows came in."""

    con: duckdb.DuckDBPyConnection
    rates: Callable[[], Rates]
    company: str
    currencies: Mapping[str, Sequence[str]]
    view: View = field(default_factory=View)
    _tables: dict[str, str] = field(default_factory=dict)
    _columns: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The currency amounts are shown in."""
        return self.view.currency or self.company

    @property
    def at_period_end(self) -> bool:
        """Whether flows are converted at the rate of the period's last day."""
        return self.view.rates == "period_end"

    @property
    def ordinary(self) -> bool:
        """Whether amounts are read as they were published."""
        return self.currency == self.company and self.view.rates == "day"

    def published(self, fact: str) -> str:
        """The table a fact was published as."""
        variant = self.view.movements if fact == "movement" else ""
        return f"fact_{fact}__{variant}" if variant else f"fact_{fact}"

    def columns(self, fact: str) -> frozenset[str]:
        """The columns of a fact."""
        if fact not in self._columns:
            rows = self.con.execute(f'DESCRIBE "{self.published(fact)}"').fetchall()
            self._columns[fact] = frozenset(row[0] for row in rows)
        return self._columns[fact]

    def table(self, fact: str) -> str:
        """The table to read a fact from, its ``amount`` in the currency and at the rates of the view."""
        if self.ordinary or self.at_period_end or not {"amount", "amount_src", "currency"} <= self.columns(fact):
            return f'"{self.published(fact)}"'
        if fact not in self._tables:
            self._tables[fact] = self._converted(fact)
        return self._tables[fact]

    def _converted(self, fact: str) -> str:
        base, name = self.published(fact), f"lens_{fact}_{id(self)}"
        days = self.con.execute(f'SELECT DISTINCT on_day, currency FROM "{base}" WHERE on_day IS NOT NULL').fetchall()
        rows = ", ".join(f"(DATE '{day}', '{code}', {self._rate(day, code)})" for day, code in days)
        rates = rows or "(DATE '0001-01-01', '', CAST(NULL AS DECIMAL(24, 12)))"
        # a movement nobody can name has no amount at any rate
        known = "f.kind IS NOT NULL" if fact == "movement" else "true"
        self.con.execute(
            f'CREATE OR REPLACE TEMP TABLE "{name}" AS SELECT f.* REPLACE (CASE WHEN NOT ({known}) THEN NULL'
            f" WHEN f.amount_src = 0 THEN CAST(0 AS DECIMAL(38, 12))"
            f" ELSE CAST(CAST(f.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) END AS amount)"
            f' FROM "{base}" f LEFT JOIN (VALUES {rates}) AS r(day, currency, rate) ON r.day = f.on_day'
            f" AND r.currency = f.currency"
        )
        return f'"{name}"'

    def converts(self, component: Component) -> bool:
        """Whether a component can be shown in this view: it is no money, or money of rows that keep their currency."""
        if self.ordinary or component.scale not in ("money", "recurring") or component.shape in ("start", "end"):
            return True
        kept = {"amount_src", "currency"} <= self.columns(component.fact)
        return kept and component.shape != "statistic" and "f.amount" in component.measure

    # --- rates -------------------------------------------------------------------------------------------------

    def periods(self, windows: Sequence[Window], known: date | None = None) -> str:
        """CTE ``p``: the windows, numbered."""
        return periods_cte(windows, known)

    def needs_rates(self, fact: str) -> bool:
        """Whether a fact holds amounts in another currency than the one shown."""
        return not set(self.currencies.get(fact, ())) <= {self.currency}

    def rates_cte(self, windows: Sequence[Window]) -> str:
        """CTE ``r``: the rates of each currency at the start and the end of each window."""
        rows = ", ".join(
            f"({index}, '{code}', {opening}, {self.on(window.end - timedelta(days=1))[code]})"
            for index, window in enumerate(windows)
            for code, opening in self.on(window.start - timedelta(days=1)).items()
        )
        return f"r AS (SELECT * FROM (VALUES {rows}) AS t(pid, currency, opening_rate, closing_rate))"

    def on(self, day: date) -> dict[str, str]:
        """The rate of each currency on a day, as SQL."""
        codes = sorted({code for some in self.currencies.values() for code in some})
        return {code: self._rate(day, code) for code in codes or [self.company]}

    def _rate(self, day: date, code: str) -> str:
        when = self.view.constant_day if self.view.rates == "constant" and self.view.constant_day else day
        return rate_sql(self.rates().on(when, code, self.currency))
