"""One value of a database as the text of a canonical value: exact, or refused with the reason."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from revalign_udf.connector.database import Unusable

__all__ = ["gone", "json_object", "plain", "zoned"]

_FALSE = {"", "0", "f", "false", "n", "no"}


def plain(value: Any) -> str | None:
    """The exact text of a value; None for NULL. Instants as ISO 8601, numbers without exponent, JSON as JSON.

    A float is written as the shortest decimal that reads back as it: 0.1, not 0.1000000000000000055.

    >>> plain(0.1), plain(Decimal("1E+2")), plain(True), plain(date(2026, 1, 5)), plain([1, None])
    ('0.1', '100', 'true', '2026-01-05', '[1,null]')

    Raises ValueError, its text the reason, for what no canonical column can hold.
    """
    if value is None or type(value) is str:
        return value
    for kind, made in _KINDS:
        if isinstance(value, kind):
            return made(value)
    return str(value)


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("is no finite number")
    return format(value, "f")


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("is no finite number")
    return format(Decimal(repr(value)), "f")


def _unusable(_: Any) -> str:
    raise ValueError("is a date outside the years 1 to 9999")


def _bytes(_: Any) -> str:
    raise ValueError("is binary data")


def _duration(_: Any) -> str:
    raise ValueError("is a span of time; write a number of a unit in the query")


def _json(value: Any) -> str:
    return json_object(value)


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (int, str),
    (Decimal, _decimal),
    (float, _float),
    (datetime, datetime.isoformat),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, _duration),
    (uuid.UUID, str),
    (Unusable, _unusable),
    ((bytes, bytearray, memoryview), _bytes),
    ((dict, list, tuple), _json),
    (str, str),
)


def zoned(value: Any, zone: ZoneInfo) -> Any:
    """An instant without offset, in its zone. Of the hour that happens twice the first is meant."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, str) and len(value) > 10:  # SQLite keeps instants as text
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return value  # the store refuses it and says why
        return found if found.tzinfo else found.replace(tzinfo=zone)
    return value


def gone(value: Any) -> bool:
    """Whether a tombstone column says that the row is deleted: true, a time of deletion, anything but empty or no.

    >>> gone(True), gone(datetime(2026, 1, 1)), gone("0"), gone(None), gone(0)
    (True, True, False, False, False)
    """
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE
    return bool(value)


def json_object(value: Any) -> str:
    """JSON of what a database gave, numbers exact."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{json_object(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(json_object, value)) + "]"
    if isinstance(value, bool | int | float | Decimal):
        return str(plain(value))
    if isinstance(value, str) and value[:1] in "{[":
        try:
            json.loads(value)
        except ValueError:
            return json.dumps(value, ensure_ascii=False)
        return value  # JSON already: as it stands
    return "null" if value is None else json.dumps(plain(value), ensure_ascii=False)
