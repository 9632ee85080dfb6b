"""SOQL text: values that cannot break out of their quotes, and the one shape of query we ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

__all__ = ["Literal", "literal", "moment", "select"]

Literal = str | bool | int | Decimal | date | None

#: what SOQL writes with a backslash inside of quotes
_ESCAPES = str.maketrans({
    "\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f",
})  # fmt: skip


def literal(value: Literal | Sequence[str]) -> str:
    r"""A value as SOQL writes it; text is quoted, dates and times are not.

    >>> literal("O'Brien \\ Sons"), literal(True), literal(datetime(2026, 1, 2, tzinfo=UTC))
    ("'O\\'Brien \\\\ Sons'", 'true', '2026-01-02T00:00:00Z')
    >>> literal(["a", "b"]), literal(None)
    ("('a', 'b')", 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, int | Decimal | date):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    return f"({', '.join(literal(item) for item in value)})"


def moment(value: datetime) -> str:
    """An instant in UTC to the second. What has no time zone is in UTC."""
    zoned = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return zoned.strftime("%Y-%m-%dT%H:%M:%SZ")


def select(fields: Iterable[str], source: str, where: Iterable[str] = (), *, order: str = "", limit: int = 0) -> str:
    """A query.

    >>> select(["Id", "Name"], "Account", ["IsDeleted = false"], order="Id", limit=5)
    'SELECT Id, Name FROM Account WHERE IsDeleted = false ORDER BY Id LIMIT 5'
    """
    conditions = " AND ".join(where)
    return (
        f"SELECT {', '.join(fields)} FROM {source}"
        + (f" WHERE {conditions}" if conditions else "")
        + (f" ORDER BY {order}" if order else "")
        + (f" LIMIT {limit}" if limit else "")
    )
