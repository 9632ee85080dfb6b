"""Periods: what a user may type for a stretch of time, and what it means.

=========================== =====================================================================================
typed                       means
=========================== =====================================================================================
``2026-09``                 a calendar month
``2026-Q3``, ``2026``       a calendar quarter, a calendar year
``FY26-Q3``, ``FY26``       a fiscal quarter or year; FY26 is the fiscal year that ENDS in 2026
``2026-09-15`` or a date    the month that holds the day (spreadsheet headers are dates shown as months)
``THIS_MONTH`` ``LAST_...`` the month, quarter or year that holds the as-of date, and the one before it
``MTD QTD YTD``             from the first day of the month, quarter or year to the as-of date
``LTM``                     the twelve whole months that end on or before the as-of date
``LAST_N_MONTHS:6``         the six months before the month that holds the as-of date
``LTM:2026-09`` ``YTD:...`` the same, counted from the last day of the named period instead
=========================== =====================================================================================

Relative words resolve against a pinned as-of date, never against the clock. ``Jan-22`` is refused: it reads as
January 2022 to some and as 22 January to others.

A period is half-open: ``start`` is its first day, ``end`` the day after its last.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from revalign_udf.errors import UserError, did_you_mean

__all__ = ["GRAINS", "Calendar", "Grain", "Period", "add_months", "between", "months_in", "parse_period"]

Grain = Literal["month", "quarter", "year", "fiscal_quarter", "fiscal_year", "span"]
GRAINS: tuple[Grain, ...] = ("month", "quarter", "year", "fiscal_quarter", "fiscal_year")
_MONTHS_OF: dict[str, int] = {"month": 1, "quarter": 3, "year": 12, "fiscal_quarter": 3, "fiscal_year": 12}
_WORDS = (
    "THIS_MONTH", "LAST_MONTH", "THIS_QUARTER", "LAST_QUARTER", "THIS_YEAR", "LAST_YEAR", "MTD", "QTD", "YTD", "LTM",
)  # fmt: skip
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_HINT = "Use 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM or LAST_N_MONTHS:6."


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a company names its periods. ``fiscal_year_start`` is the month (1-12) its fiscal year begins in."""

    fiscal_year_start: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.fiscal_year_start <= 12:
            raise UserError(f"fiscal_year_start is a month from 1 to 12, not {self.fiscal_year_start}.", code="REV-305")

    def fiscal_year_of(self, day: date) -> int:
        """The year in which the fiscal year that holds a day ends.

        >>> Calendar(2).fiscal_year_of(date(2026, 1, 31)), Calendar(2).fiscal_year_of(date(2026, 2, 1))
        (2026, 2027)
        """
        if self.fiscal_year_start == 1:
            return day.year
        return day.year + (day.month >= self.fiscal_year_start)

    def fiscal_start(self, year: int) -> date:
        """The first day of fiscal year ``year``."""
        return date(year - (self.fiscal_year_start > 1), self.fiscal_year_start, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of days with a name; ``str(period)`` is the name."""

    label: str
    start: date
    end: date
    grain: Grain = "month"
    calendar: Calendar = Calendar()

    def __str__(self) -> str:
        return self.label

    @property
    def last_day(self) -> date:
        """The last day inside the period."""
        return self.end - timedelta(days=1)

    @property
    def months(self) -> int:
        """Whole calendar months in the period; 0 when it does not begin and end on month boundaries."""
        if self.start.day != 1 or self.end.day != 1:
            return 0
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month

    def shift(self, count: int) -> Period:
        """The period ``count`` steps of the same length later (earlier when negative).

        >>> str(of_grain("quarter", date(2026, 2, 1)).shift(-1))
        '2025-Q4'
        """
        if self.grain != "span":
            return of_grain(self.grain, add_months(self.start, _MONTHS_OF[self.grain] * count), self.calendar)
        if self.months:
            step = self.months * count
            return span(add_months(self.start, step), add_months(self.end, step), self.calendar)
        days = (self.end - self.start) * count
        try:
            return span(self.start + days, self.end + days, self.calendar)
        except OverflowError:
            raise UserError(f"{self} cannot be moved so far.", code="REV-101", hint=_HINT) from None

    def previous(self) -> Period:
        """The period just before, of the same length."""
        return self.shift(-1)

    def last_year(self) -> Period:
        """The same period one year earlier."""
        if self.grain != "span":
            return of_grain(self.grain, add_months(self.start, -12), self.calendar)
        return span(add_months(self.start, -12), add_months(self.end, -12), self.calendar)


def add_months(day: date, count: int) -> date:
    """The same day ``count`` months on, or the month's last day where there is none.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise UserError(f"{count:+d} months from {day} lies outside the calendar.", code="REV-101", hint=_HINT)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def of_grain(grain: Grain, day: date, calendar: Calendar | None = None) -> Period:
    """The period of a grain that holds a day.

    >>> of_grain("fiscal_quarter", date(2026, 9, 1), Calendar(2)).label
    'FY27-Q3'
    """
    calendar = calendar or Calendar()
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
    elif grain in ("fiscal_quarter", "fiscal_year"):
        year = calendar.fiscal_year_of(day)
        start = calendar.fiscal_start(year)
        # two digits mean this century; a label must read back as the period it names
        label = f"FY{year % 100:02d}" if 2000 <= year <= 2099 else f"FY{year:04d}"
        if grain == "fiscal_quarter":
            quarter = ((day.year - start.year) * 12 + day.month - start.month) // 3
            start = add_months(start, quarter * 3)
            label = f"{label}-Q{quarter + 1}"
    else:
        raise UserError(f"There is no grain {grain!r}.", code="REV-102", hint="Use month, quarter or year.")
    return Period(label, start, add_months(start, _MONTHS_OF[grain]), grain, calendar)


def span(start: date, end: date, calendar: Calendar | None = None, label: str = "") -> Period:
    """A period of any length, named by its first and last day unless a label is given."""
    return Period(label or f"{start}..{end - timedelta(days=1)}", start, end, "span", calendar or Calendar())


def parse_period(token: object, as_of: date, calendar: Calendar | None = None) -> Period:
    """The period a user means. ``as_of`` anchors the relative words.

    >>> as_of = date(2026, 10, 31)
    >>> [str(parse_period(t, as_of)) for t in ("2026-09", "2026-Q3", "2026", "LAST_MONTH", "FY26-Q3")]
    ['2026-09', '2026-Q3', '2026', '2026-09', 'FY26-Q3']
    >>> parse_period("LTM", as_of).start, parse_period("LTM", as_of).last_day
    (datetime.date(2025, 11, 1), datetime.date(2026, 10, 31))
    >>> str(parse_period(date(2026, 9, 15), as_of))
    '2026-09'

    Raises UserError REV-101 with a hint for anything else.
    """
    calendar = calendar or Calendar()
    if isinstance(token, Period):
        return token
    if isinstance(token, datetime):
        token = token.date()
    if isinstance(token, date):
        return of_grain("month", token, calendar)
    if isinstance(token, float) and token.is_integer():
        token = int(token)
    text = str(token).strip().upper() if token is not None else ""
    if not text:
        raise UserError("The period is empty.", code="REV-101", hint=_HINT)
    found = _absolute(text, calendar) or _relative(text, as_of, calendar)
    if found is None:
        raise _refuse(str(token).strip())
    return found


def _absolute(text: str, calendar: Calendar) -> Period | None:
    try:
        if match := re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:[T ]00:00(?::00)?)?", text):
            year, month, day = int(match[1]), int(match[2]), int(match[3] or 1)
            return of_grain("month", date(year, month, day), calendar)
        if match := re.fullmatch(r"(\d{4})-?Q([1-4])", text):
            return of_grain("quarter", date(int(match[1]), int(match[2]) * 3, 1), calendar)
        if match := re.fullmatch(r"\d{4}", text):
            return of_grain("year", date(int(text), 1, 1), calendar)
        if match := re.fullmatch(r"FY(\d{2}|\d{4})(?:-?Q([1-4]))?", text):
            year = int(match[1]) + (2000 if len(match[1]) == 2 else 0)
            start = calendar.fiscal_start(year)
            if match[2]:
                return of_grain("fiscal_quarter", add_months(start, (int(match[2]) - 1) * 3), calendar)
            return of_grain("fiscal_year", start, calendar)
    except ValueError:
        raise UserError(f'"{text}" is not a date that exists.', code="REV-101", hint=_HINT) from None
    return None


def _relative(text: str, as_of: date, calendar: Calendar) -> Period | None:
    word, _, anchor = text.partition(":")
    if match := re.fullmatch(r"LAST_N_MONTHS:(\d{1,3})", text):
        count = int(match[1])
        if not count:
            raise UserError("LAST_N_MONTHS:0 holds no month.", code="REV-101", hint="Use LAST_N_MONTHS:6.")
        end = as_of.replace(day=1)
        return span(add_months(end, -count), end, calendar, text)
    if word in ("MTD", "QTD", "YTD", "LTM") and anchor:
        if (named := _absolute(anchor, calendar)) is None:
            return None
        as_of = named.last_day
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", anchor):
            as_of = date.fromisoformat(anchor)
    elif anchor:
        return None
    if match := re.fullmatch(r"(THIS|LAST)_(MONTH|QUARTER|YEAR)", word):
        grain: Grain = {"MONTH": "month", "QUARTER": "quarter", "YEAR": "year"}[match[2]]  # type: ignore[assignment]
        this = of_grain(grain, as_of, calendar)
        return this if match[1] == "THIS" else this.previous()
    tomorrow = as_of + timedelta(days=1)
    if word in ("MTD", "QTD", "YTD"):
        whole: Grain = {"MTD": "month", "QTD": "quarter", "YTD": "year"}[word]  # type: ignore[assignment]
        return span(of_grain(whole, as_of, calendar).start, tomorrow, calendar, text)
    if word == "LTM":
        end = tomorrow.replace(day=1)
        return span(add_months(end, -12), end, calendar, text)
    return None


def _refuse(text: str) -> UserError:
    if match := re.fullmatch(r"([A-Za-z]{3,9})[-/ ]?(\d{2})", text):
        name = match[1][:3].lower()
        if name in _MONTH_NAMES:
            month = _MONTH_NAMES.index(name) + 1
            return UserError(
                f'"{text}" can mean {match[1]} 20{match[2]} or a day in {match[1]}.',
                code="REV-101",
                hint=f"Write 20{match[2]}-{month:02d} for the month.",
            )
    near = did_you_mean(text.upper(), _WORDS)
    return UserError(
        f'Cannot read the period "{text}".', code="REV-101", hint=f"Did you mean {near}?" if near else _HINT
    )


def between(first: Period, last: Period, grain: Grain | None = None) -> list[Period]:
    """Every period of a grain (default: the first's own), from the one holding ``first`` to the one holding ``last``.

    >>> as_of = date(2026, 10, 31)
    >>> [str(p) for p in between(parse_period("2026-01", as_of), parse_period("2026-03", as_of))]
    ['2026-01', '2026-02', '2026-03']
    """
    chosen: Grain = grain or ("month" if first.grain == "span" else first.grain)
    if chosen not in GRAINS:
        raise UserError(f"There is no grain {chosen!r}.", code="REV-102", hint="Use month, quarter or year.")
    if last.start < first.start:
        raise UserError(f"{last} lies before {first}.", code="REV-102", hint="Give the earlier period first.")
    current, periods = of_grain(chosen, first.start, first.calendar), []
    while current.start < last.end:
        periods.append(current)
        current = current.shift(1)
    return periods


def months_in(period: Period) -> list[Period]:
    """The calendar months a period touches."""
    return between(period, period, "month")
