"""A period, its neighbours, and the periods of a grain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from revalign_udf.errors import UserError
from revalign_udf.periods.calendars import HINT, PLAIN, Calendar, add_months

__all__ = ["GRAINS", "Grain", "Period", "between", "fiscal_period", "months_in", "of_grain", "span"]

Grain = Literal["month", "quarter", "year", "fiscal_month", "fiscal_quarter", "fiscal_year", "span"]
GRAINS: tuple[Grain, ...] = ("month", "quarter", "year", "fiscal_month", "fiscal_quarter", "fiscal_year")
_MONTHS_OF: dict[str, int] = {
    "month": 1, "quarter": 3, "year": 12, "fiscal_month": 1, "fiscal_quarter": 3, "fiscal_year": 12,
}  # fmt: skip
_FISCAL = ("fiscal_month", "fiscal_quarter", "fiscal_year")


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of days with a name; ``str(period)`` is the name.

    ``fiscal`` says of a span that it is counted from the start of a fiscal period (``FYTD``).
    """

    label: str
    start: date
    end: date
    grain: Grain = "month"
    calendar: Calendar = PLAIN
    fiscal: bool = False

    def __str__(self) -> str:
        return self.label

    @property
    def last_day(self) -> date:
        """The last day inside the period."""
        return self.end - timedelta(days=1)

    @property
    def months(self) -> int:
        """Months in the period: fiscal ones in a fiscal period, else calendar months; 0 when they are not whole."""
        if self.grain != "span":
            return _MONTHS_OF[self.grain]
        if self.by_weeks:
            (year, month), (end_year, end_month) = map(self.calendar.fiscal_month_of, (self.start, self.end))
            whole = self._opens_month(self.start) and self._opens_month(self.end)
            return (end_year - year) * 12 + end_month - month if whole else 0
        if self.start.day != 1 or self.end.day != 1:
            return 0
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month

    @property
    def by_weeks(self) -> bool:
        """Whether the period is one of a fiscal calendar of weeks."""
        return bool(self.calendar.weeks) and (self.fiscal or self.grain in _FISCAL)

    def shift(self, count: int) -> Period:
        """The period ``count`` steps of the same kind later (earlier when negative): months by months, whatever their
        length; a span by its months where it has whole ones, else by its days.

        >>> str(of_grain("quarter", date(2026, 2, 1)).shift(-1))
        '2025-Q4'
        """
        if self.months:
            return self.moved(count * self.months)
        days = (self.end - self.start) * count
        try:
            return span(self.start + days, self.end + days, self.calendar, fiscal=self.fiscal)
        except OverflowError:
            raise UserError(f"{self} cannot be moved so far.", code="REV-101", hint=HINT) from None

    def previous(self) -> Period:
        """The period just before, of the same length; before FY26-P01 comes FY25-P12, whatever its weeks."""
        return self.shift(-1)

    def last_year(self) -> Period:
        """The same period one year earlier, by name: FY25-Q2 for FY26-Q2, 2025-09 for 2026-09.

        A span goes back twelve calendar months. One counted from the start of a fiscal period (``FYTD``) goes back to
        the same day of the same fiscal month, so that it begins where last year's began; the last day of a 53rd week
        has none and becomes the month's last day.
        """
        return self.moved(-12)

    def moved(self, months: int) -> Period:
        """The same period so many months later (earlier when negative), by fiscal months where it counts in them. A quarter
        moved by a month is a span of three months, no quarter."""
        if self.grain != "span" and months % self.months:
            return span(self.start, self.end, self.calendar, fiscal=self.grain in _FISCAL).moved(months)
        if self.grain in _FISCAL:
            year, month = self.calendar.fiscal_month_of(self.start)
            return fiscal_period(self.grain, year, month + months, self.calendar)
        if self.grain != "span":
            return of_grain(self.grain, add_months(self.start, months), self.calendar)
        if not self.by_weeks:
            return span(add_months(self.start, months), add_months(self.end, months), self.calendar, fiscal=self.fiscal)
        move = self.calendar.add_fiscal_months
        inside = timedelta(days=0 if self._opens_month(self.end) else 1)
        return span(move(self.start, months), move(self.end - inside, months) + inside, self.calendar, fiscal=True)

    def _opens_month(self, day: date) -> bool:
        return self.calendar.fiscal_month_start(*self.calendar.fiscal_month_of(day)) == day


def of_grain(grain: Grain, day: date, calendar: Calendar | None = None) -> Period:
    """The period of a grain that holds a day.

    >>> of_grain("fiscal_quarter", date(2026, 9, 1), Calendar(2)).label
    'FY27-Q3'
    """
    calendar = calendar or PLAIN
    if grain in _FISCAL:
        return fiscal_period(grain, *calendar.fiscal_month_of(day), calendar)
    if grain == "month":
        start = day.replace(day=1)
        label = f"{day.year:04d}-{day.month:02d}"
    elif grain == "quarter":
        quarter = (day.month - 1) // 3
        start = date(day.year, quarter * 3 + 1, 1)
        label = f"{day.year:04d}-Q{quarter + 1}"
    elif grain == "year":
        start = date(day.year, 1, 1)
        label = f"{day.year:04d}"
    else:
        raise _no_grain(grain)
    return Period(label, start, add_months(start, _MONTHS_OF[grain]), grain, calendar)


def fiscal_period(grain: Grain, year: int, month: int, calendar: Calendar) -> Period:
    """The fiscal month, quarter or year that holds month ``month`` of fiscal year ``year``; 13 is the next year's first.

    >>> str(fiscal_period("fiscal_quarter", 2026, 0, Calendar(2)))
    'FY25-Q4'
    """
    years, index = divmod(month - 1, 12)
    year, size = year + years, _MONTHS_OF[grain]
    index -= index % size
    # two digits mean this century; a label must read back as the period it names
    label = f"FY{year % 100:02d}" if 2000 <= year <= 2099 else f"FY{year:04d}"
    label += {"fiscal_month": f"-P{index + 1:02d}", "fiscal_quarter": f"-Q{index // 3 + 1}"}.get(grain, "")
    start, end = (calendar.fiscal_month_start(year, index + 1 + edge) for edge in (0, size))
    return Period(label, start, end, grain, calendar)


def span(
    start: date, end: date, calendar: Calendar | None = None, label: str = "", *, fiscal: bool = False
) -> Period:  # fmt: skip
    """A period of any length, named by its first and last day unless a label is given."""
    label = label or f"{start}..{end - timedelta(days=1)}"
    return Period(label, start, end, "span", calendar or PLAIN, fiscal)


def between(first: Period, last: Period, grain: Grain | None = None) -> list[Period]:
    """Every period of a grain (default: the first's own), from the one holding ``first`` to the one holding ``last``.

    >>> from revalign_udf.periods import parse_period
    >>> as_of = date(2026, 10, 31)
    >>> [str(p) for p in between(parse_period("2026-01", as_of), parse_period("2026-03", as_of))]
    ['2026-01', '2026-02', '2026-03']
    """
    chosen: Grain = grain or (first.grain if first.grain != "span" else _month_of(first))
    if chosen not in GRAINS:
        raise _no_grain(chosen)
    if last.start < first.start:
        raise UserError(f"{last} lies before {first}.", code="REV-102", hint="Give the earlier period first.")
    current, periods = of_grain(chosen, first.start, first.calendar), []
    while current.start < last.end:
        periods.append(current)
        current = current.shift(1)
    return periods


def months_in(period: Period) -> list[Period]:
    """The months a period touches: its fiscal months where it is made of weeks, else calendar months."""
    return between(period, period, _month_of(period))


def _month_of(period: Period) -> Grain:
    return "fiscal_month" if period.by_weeks else "month"


def _no_grain(grain: str) -> UserError:
    return UserError(f"There is no grain {grain!r}.", code="REV-102", hint=f"Use {', '.join(GRAINS)}.")
