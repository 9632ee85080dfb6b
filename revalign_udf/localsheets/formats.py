"""What a cell shows and how typed text is read: number formats, dates as serial numbers, in the spreadsheet's locale."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from revalign_udf.localsheets.locales import Locale, locale_of

__all__ = ["SPOKEN", "from_serial", "show", "to_serial", "typed"]

#: The locale of the spreadsheet a call is about; set when it is opened, so that every reader and writer of cells
#: speaks it without handing it on.
SPOKEN: ContextVar[str] = ContextVar("SPOKEN", default="en_US")

_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's dates carry no zone
_DEFAULT = {
    "PERCENT": "0.00%",
    "DATE": "yyyy-mm-dd",
    "DATE_TIME": "yyyy-mm-dd hh:mm:ss",
    "TIME": "hh:mm:ss",
    "SCIENTIFIC": "0.00E+00",
    "NUMBER": "#,##0.00",
}
_ISO = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")
_DATE_PART = re.compile(
    r"""(?P<literal>"[^"]*"|\\.|\[\$[^\]]*\])|(?P<span>\[(?:h+|m+|s+)\])|(?P<half>am/pm|a/p)"""
    r"""|(?P<part>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<other>.)""",
    re.IGNORECASE | re.DOTALL,
)
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[0#?]+)?,*(?:E[+-]0+)?")
_TIMES = {"DATE", "TIME", "DATE_TIME"}


def to_serial(moment: dt.date) -> float:
    """Days since 30 December 1899, as sheets count."""
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    delta = moment - _EPOCH
    return delta.days + delta.seconds / 86400


def from_serial(serial: float) -> dt.datetime:
    """The moment of a serial number.

    Raises:
        OverflowError: outside the years 1 to 9999.
    """
    return _EPOCH + dt.timedelta(seconds=round(serial * 86400))


# --- typed text ------------------------------------------------------------------------------------------------------


def typed(text: str, locale: str = "") -> tuple[str | float | bool, Mapping[str, Any] | None]:
    """Text as if a person typed it: the value and, where typing sets one, the number format.

    Formulas are not handled here. Without a locale the one of :data:`SPOKEN` is meant.
    """
    known = locale_of(locale or SPOKEN.get())
    if text.startswith("'"):
        return text[1:], None
    if text.upper() in {"TRUE", "FALSE", *known.words.truth}:
        return text.upper() in {"TRUE", known.words.truth[0]}, None
    bare = text.strip()
    if (dated := _typed_date(bare, known)) is not None:
        return dated
    number = _number_of(known)
    if bare.endswith("%") and (value := _value(bare[:-1].rstrip(), known, number)) is not None:
        pattern = "0.00%" if known.decimal in bare else "0%"
        # A person means the decimal number: 12.3 % is 0.123, not the float beside it.
        return float(value.scaleb(-2)), {"type": "PERCENT", "pattern": pattern}
    if known.symbol in bare and (value := _value(_without_symbol(bare, known.symbol), known, number)) is not None:
        pattern = known.currency if known.decimal in bare else known.currency.replace(".00", "")
        return float(value), {"type": "CURRENCY", "pattern": pattern}
    if (value := _value(bare, known, number)) is not None:
        pattern = ("#,##0.00" if known.decimal in bare else "#,##0") if _groups(bare, known) else ""
        return float(value), {"type": "NUMBER", "pattern": pattern} if pattern else None
    return text, None


_SPACES = " \u00a0\u202f"


def _signs(known: Locale) -> str:
    """The signs accepted between thousands: people type a plain space or apostrophe for the typographic one."""
    if known.group in _SPACES:
        return _SPACES
    return "’'" if known.group == "’" else known.group


@cache
def _number_of(known: Locale) -> re.Pattern[str]:
    group, decimal = f"[{re.escape(_signs(known))}]", re.escape(known.decimal)
    return re.compile(rf"^[+-]?(?:\d{{1,3}}(?:{group}\d{{3}})+|\d*)(?:{decimal}\d*)?(?:[eE][+-]?\d+)?$")


def _groups(text: str, known: Locale) -> bool:
    return any(sign in text for sign in _signs(known))


def _value(text: str, known: Locale, number: re.Pattern[str]) -> Decimal | None:
    if not any(sign.isdigit() for sign in text) or not number.match(text):
        return None
    for sign in _signs(known):
        text = text.replace(sign, "")
    return Decimal(text.replace(known.decimal, "."))


def _without_symbol(text: str, symbol: str) -> str:
    sign = "-" if text.startswith("-") else ""
    rest = text.removeprefix("-").strip()
    if rest.startswith(symbol) or rest.endswith(symbol):
        return sign + rest.removeprefix(symbol).removesuffix(symbol).strip(_SPACES)
    return text


@cache
def _date_of(known: Locale) -> re.Pattern[str]:
    mark = next(sign for sign in known.date if not sign.isalpha())
    parts = {"d": r"(?P<d>\d{1,2})", "m": r"(?P<m>\d{1,2})", "y": r"(?P<y>\d{4}|\d{2})"}
    shape = re.escape(mark).join(parts[name] for name in known.order)
    if mark not in {"-", known.decimal}:  # a day and a month alone mean this year
        alone = re.escape(mark).join(rf"(?P<{name}0>\d{{1,2}})" for name in known.order if name != "y")
        shape = rf"(?:{shape}|{alone}{'[.]?' if mark == '.' else ''})"
    return re.compile(rf"^{shape}(?:[ T](?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}}))?)?$")


def _typed_date(text: str, known: Locale) -> tuple[float, Mapping[str, Any]] | None:
    if found := _ISO.match(text):
        pattern, given = "yyyy-mm-dd", [int(part or 0) for part in found.groups()]
        timed = found[4] is not None
    elif found := _date_of(known).match(text):
        part = {name: value for name, value in found.groupdict().items() if value}
        timed = "hour" in part
        mark = next(sign for sign in known.date if not sign.isalpha())
        if "y" in part:
            year = int(part["y"]) + (2000 if len(part["y"]) == 2 else 0)
            pattern = known.date
        else:
            year = dt.datetime.now(dt.UTC).year
            pattern = mark.join(name for name in known.order if name != "y")
            part |= {"d": part["d0"], "m": part["m0"]}
        clock = [int(part.get(name, 0)) for name in ("hour", "minute", "second")]
        given = [year, int(part["m"]), int(part["d"]), *clock]
    else:
        return None
    try:
        moment = dt.datetime(*given)  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError:
        return None
    if timed:
        return to_serial(moment), {"type": "DATE_TIME", "pattern": f"{pattern} hh:mm:ss"}
    return to_serial(moment), {"type": "DATE", "pattern": pattern}


# --- shown text ------------------------------------------------------------------------------------------------------


def show(value: str | float | bool | None, number_format: Mapping[str, Any] | None = None, locale: str = "") -> str:
    """A value as the cell shows it. Without a locale the one of :data:`SPOKEN` is meant."""
    if value is None:
        return ""
    known = locale_of(locale or SPOKEN.get())
    if isinstance(value, bool):
        return known.words.truth[0] if value else known.words.truth[1]
    if isinstance(value, str):
        return value
    kind = str((number_format or {}).get("type", ""))
    pattern = str((number_format or {}).get("pattern", "")) or _default(kind, known)
    if kind == "TEXT" or pattern == "@" or not pattern or pattern.lower() == "general":
        return _general(value).replace(".", known.decimal)
    if kind in _TIMES or _is_dated(pattern):
        try:
            return _dated(value, pattern, known)
        except OverflowError:
            return _general(value).replace(".", known.decimal)
    return _numbered(float(value), pattern, known)


def _default(kind: str, known: Locale) -> str:
    if kind == "CURRENCY":
        return known.currency
    if kind in {"DATE", "DATE_TIME"} and known is not locale_of("en_US"):
        return known.date + (" hh:mm:ss" if kind == "DATE_TIME" else "")
    return _DEFAULT.get(kind, "")


def _general(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.10g}".replace("e", "E")


def _without_literals(pattern: str) -> str:
    return re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", pattern)


@cache
def _is_dated(pattern: str) -> bool:
    return bool(re.search(r"[ydhs]", _without_literals(pattern), re.IGNORECASE))


def _dated(serial: float, pattern: str, known: Locale) -> str:
    moment = from_serial(serial)
    found = [(str(item.lastgroup), item[0]) for item in _DATE_PART.finditer(pattern)]
    times = [text.strip("[]")[0].lower() for kind, text in found if kind in {"part", "span"}]
    halves = any(kind == "half" for kind, _ in found)
    shown, at = "", -1
    for kind, text in found:
        if kind in {"part", "span"}:
            at += 1
        if kind == "literal":
            shown += _literals(text)
        elif kind == "span":
            unit = {"h": 24, "m": 1440, "s": 86400}[text[1].lower()]
            shown += str(int(serial * unit + 1e-6)).zfill(len(text) - 2)
        elif kind == "half":
            shown += "AM" if moment.hour < 12 else "PM"
        elif kind == "part":
            # An m beside hours or seconds means minutes.
            minute = bool((at and times[at - 1] == "h") or (at + 1 < len(times) and times[at + 1] == "s"))
            shown += _date_part(moment, text.lower(), known, minute=minute, halves=halves)
        else:
            shown += text
    return shown


def _date_part(moment: dt.datetime, part: str, known: Locale, *, minute: bool, halves: bool) -> str:
    wide = len(part) > 1
    match part[0]:
        case "y":
            return f"{moment.year:04d}" if len(part) > 2 else f"{moment.year % 100:02d}"
        case "m" if minute:
            return f"{moment.minute:02d}" if wide else str(moment.minute)
        case "m":
            names = {3: known.words.short_months, 4: known.words.months}
            if len(part) in names:
                return names[len(part)][moment.month - 1]
            if len(part) == 5:
                return known.words.months[moment.month - 1][0]
            return f"{moment.month:02d}" if wide else str(moment.month)
        case "d":
            names = {3: known.words.short_days, 4: known.words.days}
            if len(part) in names:
                return names[len(part)][moment.weekday()]
            return f"{moment.day:02d}" if wide else str(moment.day)
        case "h":
            hour = (moment.hour % 12 or 12) if halves else moment.hour
            return f"{hour:02d}" if wide else str(hour)
        case _:
            return f"{moment.second:02d}" if wide else str(moment.second)


def _numbered(value: float, pattern: str, known: Locale) -> str:
    sections = _sections(pattern)
    chosen, negative = sections[0], value < 0
    if negative and len(sections) > 1:
        chosen, negative = sections[1], False
    elif value == 0 and len(sections) > 2:
        chosen = sections[2]
    found = _DIGITS.search(_mask_literals(chosen))
    if not found:
        return _literals(chosen)
    digits = chosen[found.start() : found.end()]
    before, after = chosen[: found.start()], chosen[found.end() :]
    amount = Decimal(repr(abs(value)))
    if "%" in _without_literals(chosen):
        amount *= 100
    text = _digits(amount, digits, known)
    sign = "-" if negative and any(sign in "123456789" for sign in text) else ""
    return sign + _literals(before) + text + _literals(after)


@cache
def _sections(pattern: str) -> tuple[str, ...]:
    """The parts for positive, negative and zero; a semicolon inside a literal parts nothing."""
    masked, parts, start = _mask_literals(pattern), [], 0
    for at, sign in enumerate(masked):
        if sign == ";":
            parts.append(pattern[start:at])
            start = at + 1
    return (*parts, pattern[start:])


def _digits(amount: Decimal, digits: str, known: Locale) -> str:
    if "E" in digits:
        mantissa, _, exponent = digits.partition("E")
        places = len(mantissa.partition(".")[2])
        text, _, power = f"{amount:.{places}E}".partition("E")
        wide = power[1:].zfill(len(exponent) - 1)
        sign = power[0] if power[0] == "-" or exponent[0] == "+" else ""
        return f"{text.replace('.', known.decimal)}E{sign}{wide}"
    scale = len(digits) - len(digits.rstrip(","))
    whole, _, fraction = digits.rstrip(",").partition(".")
    scale += len(whole) - len(whole.rstrip(",")) if fraction else 0
    amount = amount.scaleb(-3 * scale)
    rounded = amount.quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
    head, _, tail = f"{rounded:f}".partition(".")
    head = "" if head == "0" and "0" not in whole else head.zfill(whole.count("0"))
    if "," in whole.rstrip(","):
        first = len(head) % 3
        parts = [head[:first]] if first else []
        head = known.group.join([*parts, *(head[at : at + 3] for at in range(first, len(head), 3))])
    optional = len(fraction) - len(fraction.rstrip("#"))
    while optional and tail.endswith("0"):
        tail, optional = tail[:-1], optional - 1
    return f"{head}{known.decimal}{tail}" if tail else head


def _mask_literals(pattern: str) -> str:
    return re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', lambda found: "x" * len(found[0]), pattern)


def _literals(part: str) -> str:
    part = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r"\1", part)
    part = re.sub(r"\[[^\]]*\]", "", part)
    return re.sub(r'"([^"]*)"|\\(.)|_.|\*.', lambda found: found[1] or found[2] or "", part)
