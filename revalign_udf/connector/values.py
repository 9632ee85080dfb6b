"""What vendors write, as the canonical model wants it: exact money, ISO instants, paths into records, custom fields.

Pure functions for the ``map`` of connectors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from revalign_udf.errors import BadRecord
from revalign_udf.money import decimals

__all__ = ["attrs", "domain_of", "fields_for", "fill", "from_minor", "instant", "key_of", "take"]

Path = str | Callable[[Mapping[str, Any]], Any]
"""a dotted path into a record, or a function of it"""

_ENCODE = json.JSONEncoder(sort_keys=True, default=str).encode

_MILLISECONDS = 100_000_000_000
"""numbers from here on count milliseconds: in seconds they would lie past the year 5000"""


def from_minor(amount: int | str | Decimal | None, currency: str | None) -> str | None:
    """An amount in minor units (cents) as exact text in major units. Currencies without decimals stay as they are.

    >>> from_minor(1999, "usd"), from_minor(500, "JPY"), from_minor(12345, "KWD"), from_minor("0.5", "usd")
    ('19.99', '500', '12.345', '0.005')
    """
    if amount is None or amount == "":
        return None
    return format(Decimal(str(amount)).scaleb(-decimals(currency or "USD")), "f")


def instant(value: object) -> str | None:
    """A vendor's time as ISO 8601 with offset: epoch seconds or milliseconds, or ISO text (``+0000`` as ``+00:00``).

    Text without an offset stays as it is: it is in the company's time zone. Blank is None.

    >>> instant(1767225600), instant("1767225600000"), instant("2026-01-01T00:00:00.000+0000"), instant("2026-01-01")
    ('2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', '2026-01-01')

    Raises BadRecord REV-503 for what is no time.
    """
    if type(value) is int and 0 <= value < _MILLISECONDS:  # the commonest case by far
        return datetime.fromtimestamp(value, UTC).isoformat()
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).strip()
    try:
        if text.lstrip("-").replace(".", "", 1).isdigit() and len(text) > 4:
            number = Decimal(text)
            seconds = number / 1000 if abs(number) >= _MILLISECONDS else number
            whole, rest = divmod(seconds, 1)
            found = datetime.fromtimestamp(int(whole), UTC)
            return found.replace(microsecond=int(rest * 1_000_000)).isoformat()
        if len(text) == 10:
            return date.fromisoformat(text).isoformat()
        return datetime.fromisoformat(text).isoformat()
    except (ValueError, OverflowError, OSError, ArithmeticError):
        raise BadRecord(f"{text[:40]!r} is no date or time", code="REV-503") from None


def take(record: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None where something on the way is missing. A key that itself has dots is found too.

    >>> take({"a": {"b": 1}}, "a.b"), take({"a.b": 2}, "a.b"), take({"a": None}, "a.b"), take({"a": [7]}, "a.0")
    (1, 2, None, 7)
    """
    if path in record:
        return record[path]
    found: Any = record
    for step in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list | tuple) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def key_of(key: Sequence[str], columns: Mapping[str, Sequence[Any]], index: int) -> str:
    """The key of a row among columns, as the store writes it; empty where a column of it is not there.

    >>> key_of(("id",), {"id": ["a", "b"]}, 1), key_of(("date", "channel"), {"date": ["2026-01-01"], "channel": [None]}, 0)
    ('b', '2026-01-01|')
    """
    if any(name not in columns for name in key):
        return ""
    return "|".join("" if columns[name][index] is None else str(columns[name][index]).strip() for name in key)


def fields_for(mapping: Mapping[str, Any], stream: str) -> Mapping[str, str]:
    """What the settings say of a stream's fields: ``[source.NAME.mapping.STREAM]`` with ``column = "vendor field"``.

    ``attrs.NAME = "vendor field"`` keeps a field under a name of one's own, for dimensions and identity keys.
    """
    found = mapping.get(stream) or {}
    return {column: path for column, path in found.items() if isinstance(path, str)}


def fill(
    record: Mapping[str, Any], defaults: Mapping[str, Path], mapping: Mapping[str, Any], stream: str
) -> dict[str, Any]:
    """A canonical row: every column from its default path or function, or from the field that the settings name instead.

    An empty text in the settings leaves a column out. Columns named ``attrs.NAME`` are returned as such, for
    :func:`attrs`. Values are as the vendor has them; blanks are None.
    """
    chosen: Mapping[str, Path] = defaults
    if mapping.get(stream):
        chosen = {**defaults, **fields_for(mapping, stream)}
    row: dict[str, Any] = {}
    for column, path in chosen.items():
        if not path:
            continue
        value = path(record) if callable(path) else take(record, path)
        row[column] = None if value == "" else value
    return row


def attrs(
    row: dict[str, Any], record: Mapping[str, Any], *, known: Collection[str] = (),
    is_custom: Callable[[str], bool] | None = None, more: Iterable[tuple[str, Any]] = (),
) -> dict[str, Any]:  # fmt: skip
    """Put custom fields of a record into the row's ``attrs``: those ``is_custom`` says, or all that are not ``known``.

    Also what :func:`fill` returned as ``attrs.NAME``, and ``more``. Blank values are left out. Returns the row.
    """
    kept = {
        name: value
        for name, value in record.items()
        if (is_custom(name) if is_custom else name not in known) and value not in (None, "", [], {})
    }
    for name in [name for name in row if name[:6] == "attrs."]:
        value = row.pop(name)
        if value not in (None, ""):
            kept[name.removeprefix("attrs.")] = value
    kept.update((name, value) for name, value in more if value not in (None, ""))
    if kept:
        row["attrs"] = _ENCODE(kept)
    return row


def domain_of(text: str | None) -> str | None:
    """The domain in a web address or an e-mail address, in small letters and without ``www.``.

    >>> domain_of("https://www.Acme.example/about"), domain_of("ann@acme.example"), domain_of(" ")
    ('acme.example', 'acme.example', None)
    """
    if not text or not text.strip():
        return None
    plain = text.strip().lower().split("://")[-1].split("@")[-1]
    for end in "/?#:":
        plain = plain.split(end)[0]
    return plain.removeprefix("www.") or None
