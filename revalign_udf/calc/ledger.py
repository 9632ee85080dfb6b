"""Amounts by customer and period: the table behind movements and cohorts on a range.

One row per customer and period, in any order. Rows of one customer and period are added up, as the items of a customer
make its MRR. Between the first and the last period with a row every period counts: who has no row there has 0, by the
catalogue's rule that an additive number is 0 between the first and the last record. Source: Revalign metric catalogue,
"Rules for every metric" and "Conventions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from revalign_udf.calc.cells import is_blank, is_heading, is_nothing, number_in_range
from revalign_udf.calc.sums import whole_numbers
from revalign_udf.calc.texts import day, period_token, text, unequal
from revalign_udf.errors import NoData, UserError
from revalign_udf.periods import Period, between, parse_period

__all__ = ["MOST_PERIODS", "Ledger", "read_ledger"]

#: a span of more periods than fifty years of months is a mistyped date
MOST_PERIODS = 600
#: what names a period by itself; LAST_MONTH and the like mean another one every month
_ABSOLUTE = re.compile(r"\d|FY\d", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Amounts of customers: customer -> place of the period -> amount in ``1 / unit``. ``periods`` has every one from
    the first to the last with a row."""

    periods: Sequence[Period]
    amounts: dict[str, dict[int, int]]
    unit: int


def read_ledger(
    customers: Sequence[Any], periods: Sequence[Any], amounts: Sequence[Any], *, balance: str = ""
) -> Ledger:
    """The ledger of three columns of cells side by side. A customer that is written in capitals in one period and not in
    another is refused.

    Rows without a customer and without an amount are left out (the rest of a column), a first row of headings too.
    ``balance`` names an amount that stands at one instant, such as MRR: it may not have two dates of one period for one
    customer, because their sum would count it twice.

    >>> found = read_ledger(["A", "B", "A"], ["2026-01", "2026-03", "2026-01"], [10, 5, 2.5])
    >>> [str(period) for period in found.periods], found.amounts["A"][0] / found.unit
    (['2026-01', '2026-02', '2026-03'], 12.5)

    Raises UserError REV-102 for columns of different length, REV-112 for a row without a customer or a period and for an
    amount that is no number, REV-101 for a period that cannot be read and for periods of different length, REV-114 for a
    span of more than 600 periods; NoData REV-204 without a row.
    """
    for name, column in (("period", periods), (balance or "amount", amounts)):
        if len(column) != len(customers):
            raise unequal(name, len(column), len(customers))
    skipped = _has_headings(customers, periods, amounts)
    reader = _Reader(balance)
    kept: list[tuple[str, int]] = []
    values: list[Any] = []
    for row, (cell, token, value) in enumerate(
        zip(customers[skipped:], periods[skipped:], amounts[skipped:], strict=True), 1 + skipped
    ):
        amount = 0 if is_blank(value) else number_in_range(value, balance or "amount", row, 1)
        customer = text(cell, "customer")
        if customer is None:
            if amount:
                raise UserError(f"Row {row} has an amount and no customer.", code="REV-112", hint="Name the customer.")
            continue
        customer = " ".join(customer.split()) if not customer.isascii() else customer  # spaces that look like others
        kept.append((customer, reader.place(token, customer, row)))
        values.append(amount)
    if not kept:
        raise NoData("There is no row with a customer.")
    whole, unit = whole_numbers(values)
    every, first = reader.periods()
    found: dict[str, dict[int, int]] = {}
    for (customer, place), part in zip(kept, whole, strict=True):
        own = found.setdefault(customer, {})
        own[place - first] = own.get(place - first, 0) + part
    _one_spelling(found)
    return Ledger(every, found, unit)


def _one_spelling(amounts: Mapping[str, Mapping[int, int]]) -> None:
    """Refuse "Acme" in one period and "ACME" in another: it would churn and be new. Names (or codes) that differ in
    capitals only and stand beside each other in some period are different customers."""
    spelled: dict[str, str] = {}
    for name, own in amounts.items():
        other = spelled.setdefault(name.casefold(), name)
        if other != name and own.keys().isdisjoint(amounts[other]):
            raise UserError(
                f'"{other:.40}" and "{name:.40}" are never in one period: one customer, written in two ways?',
                code="REV-112", hint="Write it the same way in every row.",
            )  # fmt: skip


def _has_headings(customers: Sequence[Any], periods: Sequence[Any], amounts: Sequence[Any]) -> bool:
    """Whether the first row holds headings: texts that are no customer's numbers."""
    if len(customers) < 2 or not is_heading(amounts[0]) or is_blank(amounts[0]):
        return False
    first = periods[0]
    return is_nothing(first) or (isinstance(first, str) and not _ABSOLUTE.match(first.strip()))


class _Reader:
    """Reads the cells of periods: each to its place, counted in periods of their one length."""

    def __init__(self, balance: str) -> None:
        self._balance = balance
        self._known: dict[Any, tuple[int, date]] = {}
        self._periods: dict[int, Period] = {}
        self._days: dict[tuple[str, int], date] = {}

    def place(self, token: Any, customer: str, row: int) -> int:
        """The place of a period, the number of periods since year 0."""
        try:
            known = self._known.get(token)
        except TypeError:  # a list or an object where a cell belongs
            raise UserError(f"Row {row} has no period but {token!s:.40}.", code="REV-101") from None
        if known is None:
            known = self._known[token] = self._read(token, row)
        place, on_day = known
        if self._balance and self._days.setdefault((customer, place), on_day) != on_day:
            raise UserError(
                f'Row {row}: "{customer:.40}" has two dates in {self._periods[place]}.',
                hint=f"{self._balance} stands at one instant: give one date per period, or the period itself.",
            )
        return place

    def periods(self) -> tuple[list[Period], int]:
        """Every period from the first to the last, and the place of the first."""
        first, last = min(self._periods), max(self._periods)
        if last - first >= MOST_PERIODS:
            raise UserError(
                f"From {self._periods[first]} to {self._periods[last]} are {last - first + 1} periods.",
                code="REV-114", cell="#NUM!", hint="Is a year mistyped?",
            )  # fmt: skip
        return between(self._periods[first], self._periods[last]), first

    def _read(self, token: Any, row: int) -> tuple[int, date]:
        wanted = period_token(token, "period")
        if isinstance(wanted, str) and _DAY.match(wanted):
            wanted = day(wanted, f"period: row {row}")
        if wanted is None:
            raise UserError(f"Row {row} has no period.", code="REV-112", hint="Write a date, 2026-09 or 2026-Q3.")
        try:
            found = parse_period(wanted, _ANY_DAY)
        except UserError as problem:
            raise UserError(f"Row {row}: {problem.message}", code=problem.code, hint=problem.hint) from None
        if isinstance(wanted, str) and not _ABSOLUTE.match(wanted):
            raise UserError(
                f"Row {row}: {wanted} means another period every month.", code="REV-101", hint="Write 2026-09."
            )
        other = next(iter(self._periods.values()), found)
        if found.grain != other.grain:
            raise UserError(
                f"Row {row}: {found} is a {_named(found)}, and {other} is a {_named(other)}.",
                code="REV-101", hint="Give periods of one length; a date stands for its month.",
            )  # fmt: skip
        place = (found.start.year * 12 + found.start.month - 1) // found.months
        self._periods.setdefault(place, found)
        return place, wanted if isinstance(wanted, date) else found.start


def _named(period: Period) -> str:
    return period.grain.replace("_", " ")
