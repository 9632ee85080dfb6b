"""Periods: what a user may type for a stretch of time, and what it means.

============================= ===================================================================================
typed                         means
============================= ===================================================================================
``2026-09``                   a calendar month
``2026-Q3``, ``2026``         a calendar quarter, a calendar year
``FY26-Q3``, ``FY26``         a fiscal quarter or year; FY26 is the fiscal year whose last month lies in 2026
``FY26-P01`` .. ``FY26-P12``  a fiscal month
``2026-09-15`` or a date      the month that holds the day (spreadsheet headers are dates shown as months)
``THIS_MONTH`` ``LAST_...``   the month, quarter or year that holds the as-of date, and the one before it;
                              ``THIS_FISCAL_MONTH`` ``LAST_FISCAL_...`` the same of fiscal ones
``MTD QTD YTD``               from the first day of the month, quarter or year to the as-of date;
                              ``FMTD FQTD FYTD`` from the first day of the fiscal one
``LTM``                       the twelve whole calendar months that end on or before the as-of date
``LAST_N_MONTHS:6``           the six calendar months before the one that holds the as-of date
``LTM:2026-09`` ``YTD:...``   the same, counted from the last day of the named period instead
============================= ===================================================================================

Fiscal months, quarters and years are whole calendar months, or whole weeks where the company counts in weeks
(:class:`Calendar`). Words without FISCAL or F are the calendar's, whatever the company's fiscal year.

Relative words resolve against a pinned as-of date, never against the clock. ``Jan-22`` is refused: it reads as
January 2022 to some and as 22 January to others.

A period is half-open: ``start`` is its first day, ``end`` the day after its last.
"""

from __future__ import annotations

from revalign_udf.periods.calendars import WEEK_PATTERNS, WEEKDAYS, YEAR_ENDS, Calendar, add_months
from revalign_udf.periods.model import GRAINS, Grain, Period, between, months_in, of_grain, span
from revalign_udf.periods.reading import parse_period

__all__ = [
    "GRAINS",
    "WEEKDAYS",
    "WEEK_PATTERNS",
    "YEAR_ENDS",
    "Calendar",
    "Grain",
    "Period",
    "add_months",
    "between",
    "months_in",
    "of_grain",
    "parse_period",
    "span",
]
