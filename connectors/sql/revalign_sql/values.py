"""One value of a database as the text of a canonical value: exact, or refused with the reason."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from revalign_udf.connector.database import Unusable
from revalign_udf.connector.foreign import exact_text, zoned
from revalign_udf.connector.foreign import truth as gone

__all__ = ["gone", "json_object", "plain", "zoned"]


def plain(value: Any) -> str | None:
    """The exact text of a value; None for NULL. Lists and objects, which a database has as columns, are JSON.

    >>> plain(0.1), plain([1, None])
    ('0.1', '[1,null]')

    Raises ValueError, its text the reason, for what no canonical column can hold.
    """
    if isinstance(value, dict | list | tuple):
        return json_object(value)
    if isinstance(value, timedelta):
        raise ValueError("is a span of time; write a number of a unit in the query")  # noqa: TRY004 - the reason of a refused row
    if isinstance(value, Unusable):
        raise ValueError("is a date outside the years 1 to 9999")  # noqa: TRY004 - as above
    return exact_text(value)


def json_object(value: Any) -> str:
    """JSON of what a database gave, numbers exact. Unlike in a stream, text that is JSON already stays as it stands."""
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
