"""From what a user typed to a period."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import cast

from revalign_udf.errors import UserError, did_you_mean
from revalign_udf.periods.calendars import HINT, PLAIN, Calendar, add_months
from revalign_udf.periods.model import Grain, Period, fiscal_period, of_grain, span

__all__ = ["parse_period"]

_WORDS = (
    *(f"{which}_{fiscal}{grain}" for fiscal in ("", "FISCAL_") for grain in ("MONTH", "QUARTER", "YEAR")
      for which in ("THIS", "LAST")),
    "MTD", "QTD", "YTD", "FMTD", "FQTD", "FYTD", "LTM",
)  # fmt: skip
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_TO_DATE = {"M": "month", "Q": "quarter", "Y": "year"}


def parse_period(token: object, as_of: date, calendar: Calendar | None = None) -> Period:
    """The period a user means. ``as_of`` anchors the relative words.

    >>> as_of = date(2026, 10, 31)
    >>> [str(parse_period(t, as_of)) for t in ("2026-09", "2026-Q3", "2026", "LAST_MONTH", "FY26-Q3", "FY26-P9")]
    ['2026-09', '2026-Q3', '2026', '2026-09', 'FY26-Q3', 'FY26-P09']
    >>> parse_period("LTM", as_of).start, parse_period("LTM", as_of).last_day
    (datetime.date(2025, 11, 1), datetime.date(2026, 10, 31))
    >>> str(parse_period(date(2026, 9, 15), as_of))
    '2026-09'

    Raises UserError REV-101 with a hint for anything else.
    """
    calendar = calendar or PLAIN
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
        raise UserError("The period is empty.", code="REV-101", hint=HINT)
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
    except ValueError:
        raise UserError(f'"{text}" is not a date that exists.', code="REV-101", hint=HINT) from None
    if match := re.fullmatch(r"FY(\d{2}|\d{4})(?:-?(?:Q([1-4])|P(\d{1,2})))?", text):
        year = int(match[1]) + (2000 if len(match[1]) == 2 else 0)
        if match[2]:
            return fiscal_period("fiscal_quarter", year, int(match[2]) * 3, calendar)
        if not match[3]:
            return fiscal_period("fiscal_year", year, 1, calendar)
        if not 1 <= int(match[3]) <= 12:
            hint = "A 53rd week belongs to P12." if calendar.weeks else ""
            raise UserError("A fiscal year has the months P01 to P12.", code="REV-101", hint=hint)
        return fiscal_period("fiscal_month", year, int(match[3]), calendar)
    return None


def _relative(text: str, as_of: date, calendar: Calendar) -> Period | None:
    word, _, anchor = text.partition(":")
    if match := re.fullmatch(r"LAST_N_MONTHS:(\d{1,3})", text):
        count = int(match[1])
        if not count:
            raise UserError("LAST_N_MONTHS:0 holds no month.", code="REV-101", hint="Use LAST_N_MONTHS:6.")
        end = as_of.replace(day=1)
        return span(add_months(end, -count), end, calendar, text)
    to_date = re.fullmatch(r"(F?)([MQY])TD", word)
    if (to_date or word == "LTM") and anchor:
        if (named := _absolute(anchor, calendar)) is None:
            return None
        as_of = named.last_day
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", anchor):
            as_of = date.fromisoformat(anchor)
    elif anchor:
        return None
    if match := re.fullmatch(r"(THIS|LAST)_((?:FISCAL_)?(?:MONTH|QUARTER|YEAR))", word):
        this = of_grain(cast("Grain", match[2].lower()), as_of, calendar)
        return this if match[1] == "THIS" else this.previous()
    tomorrow = as_of + timedelta(days=1)
    if to_date:
        whole = cast("Grain", ("fiscal_" if to_date[1] else "") + _TO_DATE[to_date[2]])
        start = of_grain(whole, as_of, calendar).start
        return span(start, tomorrow, calendar, text, fiscal=bool(to_date[1]))
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
        f'Cannot read the period "{text}".', code="REV-101", hint=f"Did you mean {near}?" if near else HINT
    )
