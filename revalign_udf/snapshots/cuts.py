"""What a question to the facts is made of: days, filters, groups, and the SQL each becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from revalign_udf.metrics import Component, Fact

__all__ = [
    "FOREVER",
    "NONE",
    "SCALES",
    "Cut",
    "Measured",
    "Slice",
    "Window",
    "exact_of",
    "periods_cte",
    "rate_sql",
    "unrated_sql",
]

#: the value of a dimension where a record has none
NONE = "(none)"
FOREVER = date(9999, 12, 31)

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


def exact_of(value: Decimal | int | None) -> Fraction:
    """The exact value of a sum; a sum of nothing is zero."""
    return Fraction(0) if value is None else Fraction(value)


def rate_sql(rate: Fraction | None) -> str:
    """A rate with its twelve decimals as SQL.

    >>> rate_sql(Fraction(5, 4)), rate_sql(None)
    ('CAST(1.250000000000 AS DECIMAL(24, 12))', 'CAST(NULL AS DECIMAL(24, 12))')
    """
    if rate is None:
        return "CAST(NULL AS DECIMAL(24, 12))"
    whole, rest = divmod(rate.numerator * 10**12 // rate.denominator, 10**12)
    return f"CAST({whole}.{rest:012d} AS DECIMAL(24, 12))"


def periods_cte(windows: Sequence[Window], known: date | None = None) -> str:
    """CTE ``p``: the windows, numbered, and ``known_end``, the day after the last one that may be spoken of."""
    last = known or FOREVER
    rows = ", ".join(f"({i}, DATE '{w.start}', DATE '{w.end}', DATE '{last}')" for i, w in enumerate(windows))
    return f"p AS (SELECT * FROM (VALUES {rows}) AS t(pid, start_day, end_day, known_end))"


def unrated_sql(item: Component) -> str:
    """How many of a customer's balances a component needs have no rate. A closing balance is needed only of customers
    who count at the start, where the component looks at both."""
    if "opening" not in item.measure:
        return "b.unrated_closing"
    if "closing" not in item.measure:
        return "b.unrated_opening"
    return "b.unrated_opening + CASE WHEN b.opening > 0 OR b.unrated_opening > 0 THEN b.unrated_closing ELSE 0 END"


class Cut:
    """The SQL of a question's filters and groupings over one fact."""

    def __init__(self, fact: Fact, where: Mapping[str, str], by: Sequence[str] = ()) -> None:
        self.where, self.by = dict(where), tuple(by)
        names = tuple(dict.fromkeys((*self.where, *self.by)))
        self.own = tuple(name for name in names if fact.dimensions[name] == "self")
        self.attributes = tuple(name for name in names if fact.dimensions[name] == "customer")

    def with_own(self, column: str) -> Cut:
        """The same cut told apart by one more column of the fact."""
        found = copy(self)
        found.own = (*self.own, column)
        return found

    def _column(self, name: str, side: str, table: str = "f") -> str:
        column = f"{table}.{name}" if name in self.own else f"{side}_{name}.value"
        return f"coalesce({column}, '{NONE}')"

    def selected(self, side: str) -> str:
        """The grouping columns, each with a leading comma."""
        table = "f" if side == "day" else "b"
        return "".join(f", {self._column(name, side, table)} AS by_{name}" for name in self.by)

    def columns(self, table: str) -> str:
        """The fact's own columns of the cut, each with a leading comma."""
        return "".join(f", {table}.{name}" for name in self.own)

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
