"""From the text of one column to its type, in SQL, and what to say of a value that does not convert."""

from __future__ import annotations

from dataclasses import dataclass

from revalign_udf.canonical import Column
from revalign_udf.store.schema import SQL_TYPES

__all__ = ["Checked", "absent", "check", "day_of"]

_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?"
_ISO = r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?"
_DAY = r"\d{4}-\d{2}-\d{2}"
_CURRENCIES = {"currency", "from_currency", "to_currency"}


@dataclass(frozen=True, slots=True)
class Checked:
    """One column's conversion: SQL over its trimmed text ``t``, and why a value that does not convert is refused."""

    column: Column
    typed: str
    reason: str

    @property
    def fails(self) -> str:
        """The condition under which a row is refused for this column; empty when any text will do."""
        text, value = f'y."t_{self.column.name}"', f'y."{self.column.name}"'
        if self.column.required:
            # without a value there is nothing to convert, so one look covers both
            return f"{value} IS NULL"
        return f"({value} IS NULL AND {text} IS NOT NULL)" if self.typed != self.raw else ""

    @property
    def raw(self) -> str:
        """The trimmed text, NULL when nothing is left."""
        return f't."t_{self.column.name}"'

    @property
    def value(self) -> str:
        """The value with its default."""
        name = f'y."{self.column.name}"'
        if self.column.default is None:
            return name
        return f"coalesce({name}, {absent(self.column)})"


_REASONS = {
    "int": "is not a whole number",
    "decimal": "is not a number (write 1234.56)",
    "money": "is not an amount (write 1234.56)",
    "bool": "is neither true nor false",
    "instant": "is not a date or time (write 2026-09-30 or 2026-09-30T08:15:00+02:00)",
    "date": "is not a date (write 2026-09-30)",
    "json": "is not JSON",
}


def check(column: Column, date_format: str, zone: str) -> Checked:
    """How a column's text becomes its type. ``zone`` is the session's time zone, ``date_format`` a strptime format."""
    raw = f't."t_{column.name}"'
    reason = _REASONS.get(column.kind, "cannot be used")
    typed = raw
    if column.kind in ("int", "decimal", "money"):
        number = f"CASE WHEN regexp_full_match({raw}, '{_NUMBER}') THEN try_cast({raw} AS DECIMAL(38, 10)) END"
        typed = number
        if column.kind == "int":
            typed = (
                f"CASE WHEN regexp_full_match({raw}, '[0-9]{{1,18}}') THEN CAST({raw} AS BIGINT)"
                f" WHEN {number} = round({number}) THEN try_cast({number} AS BIGINT) END"
            )
    elif column.kind == "bool":
        typed = (
            f"CASE WHEN lower({raw}) IN ('true', 't', 'yes', 'y', '1') THEN true"
            f" WHEN lower({raw}) IN ('false', 'f', 'no', 'n', '0') THEN false END"
        )
    elif column.kind in ("instant", "date"):
        typed = _moment(raw, column.kind, date_format, zone)
        if date_format:
            reason = f"does not follow the date format {date_format}"
    elif column.kind == "json":
        typed = f"CASE WHEN json_valid({raw}) THEN {raw} END"
    elif column.name in _CURRENCIES:
        typed = f"CASE WHEN regexp_full_match(upper({raw}), '[A-Z]{{3}}') THEN upper({raw}) END"
        reason = "is not a currency code (write EUR)"
    elif column.enum:
        allowed = ", ".join(f"'{value}'" for value in column.enum)
        typed = f"CASE WHEN lower({raw}) IN ({allowed}) THEN lower({raw}) END"
        reason = f"is none of {', '.join(column.enum)}"
    return Checked(column, typed, reason)


def _moment(raw: str, kind: str, date_format: str, zone: str) -> str:
    """A date, or an instant in UTC. Text without an offset is in the session's time zone, the company's."""
    if date_format:
        quoted = date_format.replace("'", "''")
        zoned = f"try_cast(try_strptime({raw}, '{quoted}') AS TIMESTAMPTZ)"
        return f"timezone('UTC', {zoned})" if kind == "instant" else f"CAST({zoned} AS DATE)"
    zoned = f"CASE WHEN regexp_full_match({raw}, '{_ISO}') THEN try_cast({raw} AS TIMESTAMPTZ) END"
    # most dates are written plainly, and need no look at a time zone
    if kind == "date":
        return f"CASE WHEN {_plain(raw)} THEN try_cast({raw} AS DATE) ELSE CAST({zoned} AS DATE) END"
    instant = f"timezone('UTC', {zoned})"
    if zone != "UTC":
        return instant
    return f"CASE WHEN {_plain(raw)} THEN CAST(try_cast({raw} AS DATE) AS TIMESTAMP) ELSE {instant} END"


def _plain(raw: str) -> str:
    return f"regexp_full_match({raw}, '{_DAY}')"


def day_of(name: str, date_format: str, zone: str) -> str:
    """The business date of an instant. The session's time zone is the company's: this is where the one becomes the
    other, once. A plainly written date is its own."""
    if zone == "UTC":
        return f'CAST(y."{name}" AS DATE)'
    zoned = f"CAST(timezone('UTC', y.\"{name}\") AS DATE)"
    text = f'y."t_{name}"'
    return zoned if date_format else f"CASE WHEN {_plain(text)} THEN try_cast({text} AS DATE) ELSE {zoned} END"


def absent(column: Column) -> str:
    """What a column holds where nothing was given."""
    value = "NULL" if column.default is None else f"'{column.default}'"
    return f"CAST({value} AS {SQL_TYPES[column.kind]})"
