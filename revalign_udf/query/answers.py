"""The shapes in which answers leave the one door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from revalign_udf.money import to_double

__all__ = ["Answer", "Caller", "Comparison", "Explanation", "Table", "Versus"]

Versus = Literal["previous", "last_year", "target"]
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. The local owner sees everything; ``row_filter`` narrows every question (dimension -> allowed value)."""

    name: str = "local"
    roles: tuple[str, ...] = ("owner",)
    row_filter: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A rectangular answer: column names and rows of plain values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    units: tuple[str, ...] = ()
    """one per column: money, rate, count, number, points, months, text, date"""

    def dicts(self) -> list[dict[str, Scalar]]:
        """The rows as mappings."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def _double(value: Fraction | None) -> float | None:
    return None if value is None else to_double(value)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A number beside another: what it is compared with, its value, and how far apart they are.

    ``share`` is (this - that) / that; for a target the share reached, this / that. Blank parts have their reason in
    ``message``.
    """

    versus: Versus
    period: str
    exact: Fraction | None = None
    difference: Fraction | None = None
    share: Fraction | None = None
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "with": self.versus,
            "period": self.period,
            "value": _double(self.exact),
            "difference": _double(self.difference),
            "share": _double(self.share),
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: a number with everything that says what it is.

    ``exact`` is the exact value; ``value`` the nearest double, or None when there is no number. ``status`` is ``ok``,
    ``partial`` (the period is still open) or the code of the reason; ``message`` says it in words and ``cell`` is the
    cell error (``#N/A``, ``#DIV/0!``), both empty when there is a number. Table metrics answer ``rows``.
    """

    metric: str
    label: str
    period: str
    unit: str
    exact: Fraction | None = None
    status: str = "ok"
    message: str = ""
    cell: str = ""
    partial: bool = False
    currency: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    profile: str = "default"
    definition_version: int = 1
    snapshot: str = ""
    fingerprint: str = ""
    as_of: str = ""
    rows: Table | None = None
    comparisons: tuple[Comparison, ...] = ()
    closed: str = ""
    """of a closed period by whom and when: ``closed 2026-10-05 by ada``; the number is the frozen one"""
    question: str = ""
    """of a vanity metric: the question it dodges"""
    counterpart: str = ""
    """of a vanity metric: the metric that answers it"""
    counterpart_exact: Fraction | None = None
    counterpart_unit: str = ""
    counterpart_message: str = ""
    """why there is no counterpart_value, where it was asked for"""

    @property
    def counterpart_value(self) -> float | None:
        """The counterpart's value for the same question, where it was asked for and there is one."""
        return _double(self.counterpart_exact)

    @property
    def value(self) -> float | None:
        """The IEEE double nearest the exact value, or None."""
        return _double(self.exact)

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        found: dict[str, Any] = {
            "metric": self.metric,
            "label": self.label,
            "period": self.period,
            "value": self.value,
            "unit": self.unit,
            "status": self.status,
            "message": self.message,
            "partial": self.partial,
            "currency": self.currency,
            "where": dict(self.where),
            "parameters": dict(self.parameters),
            "profile": self.profile,
            "definition_version": self.definition_version,
            "snapshot": self.snapshot,
            "as_of": self.as_of,
            "fingerprint": self.fingerprint,
            "closed": self.closed,
        }
        if self.counterpart:
            found |= {
                "question": self.question,
                "counterpart": self.counterpart,
                "counterpart_value": self.counterpart_value,
                "counterpart_unit": self.counterpart_unit,
                "counterpart_message": self.counterpart_message,
            }
        if self.comparisons:
            found["comparisons"] = [item.as_json() for item in self.comparisons]
        if self.rows is not None:
            found["rows"] = self.rows.dicts()
        return found


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a number came about: definition, components with numbers, arithmetic, records in and out."""

    answer: Answer
    definition: str
    formula: str
    components: Table
    """component, value, unit, meaning"""
    arithmetic: str
    records: Table
    """component, system, table, id, customer, on, contribution: contributions of a component add up to it"""
    excluded: Table
    """reason, table, count: what was left out and why"""

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            **self.answer.as_json(),
            "definition": self.definition,
            "formula": self.formula,
            "components": self.components.dicts(),
            "arithmetic": self.arithmetic,
            "records": self.records.dicts(),
            "excluded": self.excluded.dicts(),
        }
