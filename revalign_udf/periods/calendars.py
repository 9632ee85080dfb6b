"""How a company cuts its fiscal year: into calendar months, or into whole weeks."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from revalign_udf.errors import UserError, did_you_mean

__all__ = ["HINT", "PLAIN", "WEEKDAYS", "WEEK_PATTERNS", "YEAR_ENDS", "Calendar", "add_months"]

#: what to write instead of a period that cannot be read
HINT = "Use 2026-09, 2026-Q3, FY26-Q3, FY26-P09, 2026, LAST_MONTH, YTD, LTM or LAST_N_MONTHS:6."
#: weeks of a quarter's three months
WEEK_PATTERNS = ("4-4-5", "4-5-4", "5-4-4")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
YEAR_ENDS = ("last", "nearest")


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a company names its periods.

    ``fiscal_year_start`` is the month (1-12) its fiscal year begins in. With ``weeks`` empty, fiscal months are calendar
    months. With a pattern such as ``4-4-5`` the fiscal year has 52 or 53 whole weeks, in quarters of thirteen, and always
    ends on the weekday ``ends_on``: the ``last`` such day of its last month (the month before ``fiscal_year_start``), or
    the one ``nearest`` to that month's last day, which may lie up to three days outside it. These are the two rules of
    US tax law (26 CFR 1.441-2(a)(1)) and of the retail calendar of the National Retail Federation (4-5-4, the Saturday
    nearest to 31 January).

    A 53rd week makes the year's last month a week longer (4-4-6, 4-5-5 or 5-4-5), as in the NRF calendar: its January
    has five weeks then. A company that puts the extra week elsewhere (Apple: into the first quarter) has the same years
    and, in years of 52 weeks, the same quarters.

    A fiscal year is named by the year its last month lies in, even where its last day does not: the year that ended on
    3 January 2021, the Sunday nearest to 31 December 2020, is FY20. The retail trade names the year by its start: its
    "fiscal 2023", which ended on 3 February 2024, is FY24 here, as for every company that begins in February.

    Raises UserError REV-305 for a month, pattern, weekday or rule that is none.
    """

    fiscal_year_start: int = 1
    weeks: str = ""
    ends_on: str = "saturday"
    ends_near: str = "last"

    def __post_init__(self) -> None:
        if not 1 <= self.fiscal_year_start <= 12:
            raise UserError(f"fiscal_year_start is a month from 1 to 12, not {self.fiscal_year_start}.", code="REV-305")
        for name, value, known in (
            ("fiscal_weeks", self.weeks, ("", *WEEK_PATTERNS)),
            ("fiscal_year_end_day", self.ends_on, WEEKDAYS),
            ("fiscal_year_end", self.ends_near, YEAR_ENDS),
        ):
            if value not in known:
                near = did_you_mean(value, filter(None, known))
                hint = f"Did you mean {near}?" if near else f"Possible: {', '.join(filter(None, known))}."
                raise UserError(f"There is no {name} {value!r}.", code="REV-305", hint=hint)

    def fiscal_year_of(self, day: date) -> int:
        """The fiscal year that holds a day.

        >>> Calendar(2).fiscal_year_of(date(2026, 1, 31)), Calendar(2).fiscal_year_of(date(2026, 2, 1))
        (2026, 2027)
        >>> Calendar(2, "4-5-4", ends_near="nearest").fiscal_year_of(date(2024, 2, 3))
        2024
        """
        year = day.year + (day.month >= self.fiscal_year_start > 1)
        if self.weeks:
            # a year of weeks begins up to six days before its first month, or up to three days into it
            return year - (day < self.fiscal_start(year)) + (day >= self.fiscal_start(year + 1))
        return year

    def fiscal_start(self, year: int) -> date:
        """The first day of fiscal year ``year``. Raises UserError REV-101 outside the years 1 to 9999.

        >>> Calendar(10, "5-4-4").fiscal_start(2024)  # the year before ended on the last Saturday of September
        datetime.date(2023, 10, 1)
        """
        try:
            first = date(year - (self.fiscal_year_start > 1), self.fiscal_year_start, 1)
            if not self.weeks:
                return first
            # days from the year's end back to the end of the month before
            back = (first.weekday() - 1 - WEEKDAYS.index(self.ends_on)) % 7
            return first - timedelta(days=back - 7 if self.ends_near == "nearest" and back > 3 else back)
        except (ValueError, OverflowError):
            raise UserError(f"The fiscal year {year} lies outside the calendar.", code="REV-101", hint=HINT) from None

    def fiscal_month_of(self, day: date) -> tuple[int, int]:
        """The fiscal year and the month of it (1-12) that hold a day.

        >>> Calendar(2).fiscal_month_of(date(2026, 1, 31))
        (2026, 12)
        """
        year = self.fiscal_year_of(day)
        start = self.fiscal_start(year)
        if not self.weeks:
            return year, (day.year - start.year) * 12 + day.month - start.month + 1
        quarter, week = divmod(min((day - start).days // 7, 51), 13)  # the 53rd week is one more of the last month
        first, second, _ = self._quarter
        return year, quarter * 3 + 1 + (week >= first) + (week >= first + second)

    def fiscal_month_start(self, year: int, month: int) -> date:
        """The first day of a fiscal month; month 13 is the first of the next year, month 0 the last of the one before.

        >>> Calendar(2, "4-5-4", ends_near="nearest").fiscal_month_start(2024, 12)
        datetime.date(2023, 12, 31)
        """
        years, index = divmod(month - 1, 12)
        start = self.fiscal_start(year + years)
        if not self.weeks:
            return add_months(start, index)
        quarter, place = divmod(index, 3)
        return start + timedelta(weeks=13 * quarter + sum(self._quarter[:place]))

    def add_fiscal_months(self, day: date, count: int) -> date:
        """The same day of the fiscal month ``count`` months on, or that month's last day where there is none."""
        year, month = self.fiscal_month_of(day)
        into = day - self.fiscal_month_start(year, month)
        last = self.fiscal_month_start(year, month + count + 1) - timedelta(days=1)
        return min(self.fiscal_month_start(year, month + count) + into, last)

    @property
    def _quarter(self) -> tuple[int, ...]:
        return tuple(int(weeks) for weeks in self.weeks.split("-"))


#: fiscal years are calendar years
PLAIN = Calendar()


def add_months(day: date, count: int) -> date:
    """The same day ``count`` months on, or the month's last day where there is none.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if not 1 <= year <= 9999:
        raise UserError(f"{count:+d} months from {day} lies outside the calendar.", code="REV-101", hint=HINT)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
