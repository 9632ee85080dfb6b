"""One column's cells as the canonical model writes them: numbers, dates, words. What cannot be read is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from revalign_csv.cells import Exact
from revalign_csv.mapping import FileMapping
from revalign_udf.canonical import Column
from revalign_udf.connector.values import domain_of, from_minor, instant
from revalign_udf.errors import BadRecord

__all__ = ["Refuse", "Step", "major", "steps"]

Refuse = Callable[[int, str, str], None]
"""(index in the batch, the cell, the reason)"""
Step = Callable[[Sequence[str], Refuse], Sequence[str]]

SPACES = " \u00a0\u202f"
_NUMBERS = ("int", "decimal", "money")
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?"
)


def steps(column: Column, mapping: FileMapping, *, iso: bool) -> list[Step]:
    """What is done to a column, in order. With ``iso`` dates are rewritten as ISO 8601; else the store reads them."""
    found: list[Step] = []
    if mapping.nulls:
        found.append(_nulls(frozenset(mapping.nulls)))
    if column.name in mapping.values:
        found.append(_values(dict(mapping.values[column.name])))
    if column.kind in _NUMBERS and _written(mapping):
        found.append(_numbers(mapping))
    if column.kind in ("date", "instant") and iso:
        form = mapping.date_formats.get(column.name, mapping.date_format)
        found.append(_moments(form, column.kind, mapping.time_zone))
    if column.name in mapping.domains:
        found.append(lambda values, _: [domain_of(value) or "" for value in values])
    return found


def _written(mapping: FileMapping) -> bool:
    """Whether numbers are written in any way but ours."""
    plain = mapping.decimal == "." and not mapping.thousands
    return not plain or mapping.parentheses or mapping.trailing_minus or mapping.percent or bool(mapping.currency_signs)


def _nulls(nulls: frozenset[str]) -> Step:
    return lambda values, _: ["" if value.strip() in nulls else value for value in values]


def _values(words: dict[str, str]) -> Step:
    other = words.pop("*", None)

    def step(values: Sequence[str], _: Refuse) -> list[str]:
        return [words.get(value.strip().casefold(), value if other is None else other) for value in values]

    return step


def _numbers(mapping: FileMapping) -> Step:
    """Numbers as ``1234.56``. What the marks do not explain is refused: 1.5 could be one and a half or fifteen."""
    mark, thousands = mapping.decimal, mapping.thousands
    spaces = str.maketrans(dict.fromkeys(SPACES, "")) if thousands in SPACES else {ord(thousands): None}
    match = _pattern(mapping).fullmatch
    signs = sorted(mapping.currency_signs, key=len, reverse=True)

    def one(text: str) -> str | None:
        minus = False
        if mapping.parentheses and text.startswith("(") and text.endswith(")"):
            text, minus = text[1:-1].strip(), True
        text, share = (text[:-1].rstrip(), True) if mapping.percent and text.endswith("%") else (text, False)
        if signs:
            text = _bare(text, signs)
        if mapping.trailing_minus and text.endswith("-"):
            text, minus = _bare(text[:-1].rstrip(), signs), not minus
        if not match(text):
            return None
        if thousands:
            text = text.translate(spaces)
        text = text.replace(mark, ".")
        if minus:
            if text[0] in "+-":
                return None
            text = f"-{text}"
        return format(Decimal(text).scaleb(-2), "f") if share else text

    def step(values: Sequence[str], refuse: Refuse) -> list[str]:
        made: list[str] = []
        for index, value in enumerate(values):
            text = value.strip()
            if not text or type(value) is Exact:
                made.append(text)
                continue
            found = one(text)
            if found is None:
                refuse(index, value, "not a number")
            made.append(found or "")
        return made

    return step


def _bare(text: str, signs: Sequence[str]) -> str:
    """A number without its currency's sign, in front (also behind a minus) or at the end."""
    lead = text[0] if text[:1] in ("-", "+") else ""
    rest = text[len(lead) :].lstrip()
    for sign in signs:
        if rest.startswith(sign):
            return lead + rest[len(sign) :].lstrip()
        if rest.endswith(sign):
            return lead + rest[: -len(sign)].rstrip()
    return text


def _pattern(mapping: FileMapping) -> re.Pattern[str]:
    """What a number looks like with these marks."""
    mark = re.escape(mapping.decimal)
    group = f"[{SPACES}]" if mapping.thousands and mapping.thousands in SPACES else re.escape(mapping.thousands)
    whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d*" if mapping.thousands else r"\d*"
    return re.compile(rf"[+-]?(?=\d|{mark}\d)(?:{whole})(?:{mark}\d*)?(?:[eE][+-]?\d+)?")


def _moments(form: str, kind: str, zone_name: str) -> Step:
    """Dates and instants as ISO 8601. One without offset is in the mapping's time zone; a whole day stays a day."""
    zone = ZoneInfo(zone_name) if zone_name else None
    known: dict[str, str | None] = {}

    def read(text: str) -> str | None:
        try:
            if form == "epoch":
                return instant(text)
            found = datetime.strptime(text, form) if form else _read(text)  # noqa: DTZ007 - of the zone below
        except (ValueError, BadRecord):
            return None
        if found is None:
            return None
        short = not form and ":" not in text
        if found.tzinfo is None and found.time() == time() and (short or form or kind == "date"):
            return found.date().isoformat()
        if found.tzinfo is None and zone is not None:
            found = found.replace(tzinfo=zone)
        return found.isoformat()

    def step(values: Sequence[str], refuse: Refuse) -> list[str]:
        made: list[str] = []
        for index, value in enumerate(values):
            text = value.strip()
            if not text:
                made.append("")
                continue
            # a cell of a workbook that is a date needs no format
            key = f"\0{text}" if type(value) is Exact else text
            if key not in known:
                known[key] = _workbook(text, zone) if type(value) is Exact else read(text)
            found = known[key]
            if found is None:
                refuse(index, value, f"does not follow the date format {form}" if form else "not a date")
            made.append(found or "")
        return made

    return step


def _workbook(text: str, zone: ZoneInfo | None) -> str | None:
    try:
        found = datetime.fromisoformat(text) if "-" in text else None
    except ValueError:
        return None
    if found is None:
        return None
    return text if "T" not in text or zone is None else found.replace(tzinfo=zone).isoformat()


def _read(text: str) -> datetime | None:
    """ISO 8601 and its relatives: ``2026-3-1``, ``2026-03-01 9:05:00 UTC``."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction = int((found[7] or "").ljust(6, "0")[:6])
    made = datetime(year, month, day, hour, minute, second, fraction)  # noqa: DTZ001 - the zone is looked at below
    offset = found[8]
    if not offset:
        return made
    if offset in ("Z", "UTC"):
        return made.replace(tzinfo=timezone.utc)  # noqa: UP017
    sign = -1 if offset[0] == "-" else 1
    digits = offset[1:].replace(":", "").ljust(4, "0")
    return made.replace(tzinfo=timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))))


def major(amount: str | None, currency: str | None, company: str) -> str | None:
    """An amount in minor units in major ones; raises ValueError when it is none."""
    try:
        return from_minor((amount or "").strip(), (currency or "").strip() or company)
    except ArithmeticError:
        raise ValueError(amount) from None
