"""What a cell shows and how typed text is read: number formats, dates as serial numbers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["from_serial", "show", "to_serial", "typed"]

_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's dates carry no zone
_DEFAULT = {
    "PERCENT": "0.00%",
    "CURRENCY": '"$"#,##0.00',
    "DATE": "yyyy-mm-dd",
    "DATE_TIME": "yyyy-mm-dd hh:mm:ss",
    "TIME": "hh:mm:ss",
    "SCIENTIFIC": "0.00E+00",
    "NUMBER": "#,##0.00",
}
_NUMBER = re.compile(r"^[+-]?(\d+(,\d{3})*|\d*)(\.\d*)?([eE][+-]?\d+)?$")
_DATE = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")
_US_DATE = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})$")
_DATE_PART = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm", re.IGNORECASE)


def to_serial(moment: dt.date) -> float:
    """Days since 30 December 1899, as sheets count."""
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    delta = moment - _EPOCH
    return delta.days + delta.seconds / 86400


def from_serial(serial: float) -> dt.datetime:
    """The moment of a serial number."""
    return _EPOCH + dt.timedelta(seconds=round(serial * 86400))


def typed(text: str) -> tuple[str | float | bool, Mapping[str, Any] | None]:
    """Text as if a person typed it: the value and, where typing sets one, the number format.

    Formulas are not handled here.
    """
    if text.startswith("'"):
        return text[1:], None
    if text.upper() in {"TRUE", "FALSE"}:
        return text.upper() == "TRUE", None
    bare = text.strip()
    if (found := _DATE.match(bare)) and (moment := _moment(*(int(part or 0) for part in found.groups()))):
        timed = found[4] is not None
        kind, pattern = ("DATE_TIME", "yyyy-mm-dd hh:mm:ss") if timed else ("DATE", "yyyy-mm-dd")
        return to_serial(moment), {"type": kind, "pattern": pattern}
    if (found := _US_DATE.match(bare)) and (moment := _moment(int(found[3]), int(found[1]), int(found[2]))):
        return to_serial(moment), {"type": "DATE", "pattern": "m/d/yyyy"}
    if bare.endswith("%") and _is_number(bare[:-1]):
        pattern = "0.00%" if "." in bare else "0%"
        return float(bare[:-1].replace(",", "")) / 100, {"type": "PERCENT", "pattern": pattern}
    if bare.startswith(("$", "-$")) and _is_number(bare.replace("$", "", 1)):
        pattern = '"$"#,##0.00' if "." in bare else '"$"#,##0'
        return float(bare.replace("$", "", 1).replace(",", "")), {"type": "CURRENCY", "pattern": pattern}
    if _is_number(bare):
        number = float(bare.replace(",", ""))
        pattern = ("#,##0.00" if "." in bare else "#,##0") if "," in bare else ""
        return number, {"type": "NUMBER", "pattern": pattern} if pattern else None
    return text, None


def _is_number(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and bool(_NUMBER.match(text))


def _moment(*parts: int) -> dt.datetime | None:
    year, month, day, hour, minute, second = (*parts, 0, 0, 0)[:6]
    try:
        return dt.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def show(value: str | float | bool | None, number_format: Mapping[str, Any] | None) -> str:
    """A value as the cell shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return value
    kind = str((number_format or {}).get("type", ""))
    pattern = str((number_format or {}).get("pattern", "")) or _DEFAULT.get(kind, "")
    if kind == "TEXT" or pattern == "@" or not pattern or pattern.lower() == "general":
        return _general(value)
    if kind in {"DATE", "TIME", "DATE_TIME"} or re.search(r"[ydhs]", _without_literals(pattern), re.IGNORECASE):
        return _dated(value, pattern)
    return _numbered(float(value), pattern)


def _general(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.10g}"


def _without_literals(pattern: str) -> str:
    return re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", pattern)


def _dated(serial: float, pattern: str) -> str:
    moment = from_serial(serial)
    words = {
        "yyyy": f"{moment.year:04d}",
        "yy": f"{moment.year % 100:02d}",
        "mmmm": moment.strftime("%B"),
        "mmm": moment.strftime("%b"),
        "dddd": moment.strftime("%A"),
        "ddd": moment.strftime("%a"),
        "dd": f"{moment.day:02d}",
        "d": str(moment.day),
        "hh": f"{moment.hour:02d}",
        "h": str(moment.hour),
        "ss": f"{moment.second:02d}",
        "s": str(moment.second),
        "am/pm": "AM" if moment.hour < 12 else "PM",
    }
    seen_hour = False

    def one(found: re.Match[str]) -> str:
        nonlocal seen_hour
        key = found[0].lower()
        if key in {"mm", "m"}:
            number = moment.minute if seen_hour else moment.month
            return f"{number:02d}" if key == "mm" else str(number)
        seen_hour = key in {"hh", "h"}
        return words[key]

    return _DATE_PART.sub(one, pattern)


def _numbered(value: float, pattern: str) -> str:
    sections = pattern.split(";")
    chosen, negative = sections[0], value < 0
    if negative and len(sections) > 1:
        chosen, negative = sections[1], False
    elif value == 0 and len(sections) > 2:
        chosen = sections[2]
    found = re.search(r"[#0?][#0?,]*(?:\.[0#?]+)?(?:E[+-]0+)?", _mask_literals(chosen))
    if not found:
        return _literals(chosen)
    digits = chosen[found.start() : found.end()]
    before, after = chosen[: found.start()], chosen[found.end() :]
    amount = Decimal(repr(abs(value)))
    if "%" in _without_literals(chosen):
        amount *= 100
    text = _digits(amount, digits)
    sign = "-" if negative and any(sign in "123456789" for sign in text) else ""
    return sign + _literals(before) + text + _literals(after)


def _digits(amount: Decimal, digits: str) -> str:
    if "E" in digits:
        places = len(digits.partition("E")[0].partition(".")[2])
        return f"{amount:.{places}E}"
    whole, _, fraction = digits.partition(".")
    rounded = amount.quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    head, _, tail = text.partition(".")
    optional = len(fraction) - len(fraction.rstrip("#"))
    while optional and tail.endswith("0"):
        tail, optional = tail[:-1], optional - 1
    return f"{head}.{tail}" if tail else head


def _mask_literals(pattern: str) -> str:
    return re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', lambda found: "x" * len(found[0]), pattern)


def _literals(part: str) -> str:
    part = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r"\1", part)
    part = re.sub(r"\[[^\]]*\]", "", part)
    return re.sub(r'"([^"]*)"|\\(.)|_.', lambda found: found[1] or found[2] or "", part)
