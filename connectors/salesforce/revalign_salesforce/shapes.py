"""Which fields to ask for, and how their values become the same whether they came as JSON or as CSV.

Salesforce shows only fields the user may read, and refuses a query that names any other. So an object is described
first, and asked for what it has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from revalign_udf.connector.values import instant
from revalign_udf.errors import BadRecord, Fatal

__all__ = ["Plan", "Shape", "plan_of"]

#: compound fields (which bulk jobs refuse), files, and text of any length: nothing a metric is cut by
_NO_USE = frozenset({"address", "location", "base64", "complexvalue", "json"})
_LONGEST_TEXT = 1000
_NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})


@dataclass(frozen=True, slots=True)
class Shape:
    """An object as described: field -> type, and the beginning of its ids."""

    name: str
    prefix: str
    types: Mapping[str, str]
    custom: tuple[str, ...]

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Shape:
        """Read a description."""
        fields = description["fields"]
        return cls(
            str(description["name"]),
            str(description.get("keyPrefix") or ""),
            {item["name"]: str(item["type"]) for item in fields},
            tuple(
                sorted(
                    item["name"]
                    for item in fields
                    if item.get("custom")
                    and item["type"] not in _NO_USE
                    and int(item.get("length") or 0) <= _LONGEST_TEXT
                )
            ),
        )

    def has(self, name: str) -> bool:
        """Whether a field may be asked for; of ``RecordType.Name`` whether the reference (``RecordTypeId``) may."""
        head, dot, _ = name.partition(".")
        if not dot:
            return name in self.types
        reference = f"{head[:-3]}__c" if head.endswith("__r") else f"{head}Id"
        return reference in self.types

    def type_of(self, name: str) -> str:
        """The type of a field; of a field of another record: text."""
        return self.types.get(name, "string")


@dataclass(frozen=True, slots=True)
class Plan:
    """The fields of one query, and what was wanted and cannot be had."""

    fields: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    """fields that the settings name and that cannot be read"""
    _convert: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)

    def from_json(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record of a REST reply."""
        found = {name: (_inside(record, name) if "." in name else record.get(name)) for name in self.fields}
        return self._same(found)

    def from_csv(self, cells: Sequence[str]) -> dict[str, Any]:
        """A line of a bulk job's results, in the order of ``fields``."""
        return self._same(dict(zip(self.fields, cells, strict=True)))

    def _same(self, record: dict[str, Any]) -> dict[str, Any]:
        for name, convert in self._convert.items():
            record[name] = convert(record[name])
        return {name: None if value == "" else value for name, value in record.items()}


def plan_of(
    shape: Shape, needs: Iterable[str], wants: Iterable[str] = (), mapped: Iterable[str] = (),
    *, custom: Collection[str] = (), quiet: Collection[str] = (),
) -> Plan:  # fmt: skip
    """What to ask of an object.

    Args:
        shape: The object as described.
        needs: Fields without which its records cannot be used.
        wants: Fields that fill columns; those that cannot be read are ``missing``, except the ``quiet`` ones, which not
            every organization has.
        mapped: Fields that the settings name.
        custom: Custom fields to keep.
        quiet: See ``wants``.

    Raises:
        Fatal REV-506: a needed field cannot be read.
    """
    lost = [name for name in needs if not shape.has(name)]
    if lost:
        raise Fatal(
            f"{shape.name}: these credentials may not read {', '.join(lost)}.",
            hint="Grant read access to these fields in the permission set (field-level security), and pull again.",
        )
    chosen = dict.fromkeys(name for name in (*needs, *wants, *mapped, *custom) if shape.has(name))
    return Plan(
        tuple(chosen),
        tuple(name for name in wants if name not in chosen and name not in quiet),
        tuple(dict.fromkeys(name for name in mapped if name not in chosen)),
        {name: convert for name in chosen if (convert := _converter(shape.type_of(name)))},
    )


def _inside(record: Mapping[str, Any], path: str) -> Any:
    found: Any = record
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _converter(kind: str) -> Callable[[Any], Any] | None:
    if kind == "boolean":
        return _flag
    if kind in _NUMBERS:
        return _number
    return _time if kind == "datetime" else None


def _flag(value: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _number(value: Any) -> Any:
    """Exact text, the same for 1500, 1500.0 and 1.5E+3."""
    if value is None or value == "":
        return None
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return value  # the store says what is wrong with it
    return format(exact.normalize(), "f") if exact else "0"


def _time(value: Any) -> Any:
    try:
        return instant(value)
    except BadRecord:
        return value
