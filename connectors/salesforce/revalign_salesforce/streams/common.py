"""What the mappings of all kinds of records share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path, attrs, fields_for, fill

__all__ = ["chosen", "columns", "mapped_fields", "row", "stamps"]


def columns(mapping: Mapping[str, Any], stream: str) -> dict[str, str]:
    """Column -> field, as the settings of a stream say."""
    return dict(fields_for(mapping, stream))


def _values(mapping: Mapping[str, Any], stream: str, column: str) -> Mapping[str, str]:
    """What the settings say of single values: ``column = { "vendor value" = "meaning" }``."""
    found = (mapping.get(stream) or {}).get(column)
    return found if isinstance(found, Mapping) else {}


def stamps(mapping: Mapping[str, Any]) -> Mapping[str, str]:
    """Stage of a lead -> the field with the time at which it was reached: ``stage = { mql = "MQL_Date__c" }``."""
    return _values(mapping, "LeadHistory", "stage")


def mapped_fields(mapping: Mapping[str, Any], stream: str) -> list[str]:
    """Every field the settings of a stream name."""
    named = [*columns(mapping, stream).values(), *(stamps(mapping).values() if stream == "LeadHistory" else ())]
    return [path for path in named if path]


def chosen(mapping: Mapping[str, Any], stream: str, column: str, value: Any, known: Mapping[str, str]) -> str | None:
    """The canonical value that a vendor's value stands for: ``type = { "Existing Business" = "upsell" }`` of the settings,
    else the ``known`` ones; None when nobody says.
    """
    if not value:
        return None
    folded = str(value).strip().casefold()
    for name, canonical in _values(mapping, stream, column).items():
        if name.strip().casefold() == folded:
            return str(canonical) or None
    return known.get(folded)


def row(
    table: str, record: Mapping[str, Any], defaults: Mapping[str, Path], mapping: Mapping[str, Any], stream: str,
    *, keep: Iterable[str] = (),
) -> CanonicalRow:  # fmt: skip
    """A canonical row: its columns, the custom fields, and the standard fields to ``keep`` beside them in ``attrs``."""
    found = fill(record, {"id": "Id", **defaults}, mapping, stream)
    more = [(name, record.get(name)) for name in keep]
    return table, attrs(found, record, is_custom=is_custom, more=more)


def is_custom(name: str) -> bool:
    """Whether a field was made by the organization or a package."""
    return name.endswith("__c")
