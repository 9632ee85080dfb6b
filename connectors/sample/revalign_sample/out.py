"""From things to rows: the keys each system gives them, and the tables on their way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = ["Ids", "Out"]


class Ids:
    """The keys of one system. A key of something the system does not know is None."""

    def __init__(self, system: str, connection: str) -> None:
        self.system = system
        self.connection = connection
        self.crm = system in ("crm", "all")
        self.whole = system == "all"

    def org(self, number: int | None) -> str | None:
        """A company: each system numbers its own way."""
        if number is None:
            return None
        if self.crm:
            return f"acc-{number:05d}"
        return self.customer(number) if self.system == "billing" else f"{360_000_000 + number * 104_729 % 1_000_003}"

    @staticmethod
    def customer(number: int) -> str:
        """A company in billing."""
        return f"cus_{number * 7919 % 1_000_003:06d}"

    def product(self, key: str) -> str | None:
        """A product; support has none."""
        if self.crm:
            return f"prod-{key}"
        return f"price_{key}" if self.system == "billing" else None

    def key(self, prefix: str, number: int | None) -> str | None:
        """Something only the CRM knows: person, owner, lead, opportunity, campaign."""
        return f"{prefix}-{number:05d}" if self.crm and number is not None else None

    def team(self, name: str) -> str | None:
        """A team."""
        return f"team-{name}" if self.crm else None


class Out:
    """Rows of canonical tables on their way out."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, ...]] = {}
        self.rows: dict[str, list[Sequence[Any]]] = {}

    def table(self, name: str, columns: str) -> Callable[[Sequence[Any]], None]:
        """Begin a table; what is returned takes its rows."""
        self.names[name] = tuple(columns.split())
        rows: list[Sequence[Any]] = []
        self.rows[name] = rows
        return rows.append

    def columns(self, name: str) -> dict[str, list[str | None]]:
        """The columns of a table as text; None stands for nothing."""
        values: Iterable[Sequence[Any]] = zip(*self.rows[name], strict=True)
        return {column: _texts(cells) for column, cells in zip(self.names[name], values, strict=True)}


def _texts(cells: Sequence[Any]) -> list[str | None]:
    if set(map(type, cells)) <= {str, type(None)}:
        return list(cells)
    return [cell if cell is None or isinstance(cell, str) else str(cell).lower() for cell in cells]
