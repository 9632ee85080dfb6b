"""What a property was, and since when: HubSpot's ``propertiesWithHistory`` in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revalign_hubspot.api import milliseconds

__all__ = ["KEPT", "Version", "dated", "known_since", "versions"]

#: how many versions of a property HubSpot tells: 45 of a contact's, 20 of other objects'
KEPT = {"contacts": 45}
_KEPT = 20


@dataclass(frozen=True, slots=True)
class Version:
    """A value and when it was set."""

    at: str
    """ISO instant"""
    value: str
    """empty: the property was cleared"""


def versions(record: Mapping[str, Any], name: str) -> list[Version]:
    """The versions of a property, oldest first; the same value set again is no new version.

    >>> told = [
    ...     {"value": "b", "timestamp": "2026-01-03T00:00:00Z"},
    ...     {"value": "a", "timestamp": "2026-01-02T00:00:00Z"},
    ...     {"value": "a", "timestamp": "2026-01-01T00:00:00Z"},
    ... ]
    >>> [(one.at[:10], one.value) for one in versions({"propertiesWithHistory": {"stage": told}}, "stage")]
    [('2026-01-01', 'a'), ('2026-01-03', 'b')]
    """
    found: list[Version] = []
    for one in _ordered(record, name):
        value = str(one.get("value") or "")
        if not found or found[-1].value != value:
            found.append(Version(one["timestamp"], value))
    # cleared before it was ever set says nothing
    return found[1:] if found and not found[0].value else found


def known_since(record: Mapping[str, Any], names: Sequence[str], stream: str) -> int | None:
    """From which moment on (milliseconds) all versions of some properties are told; None: all there ever were.

    HubSpot drops the oldest versions. What a record was before them is not known, and must not be guessed from the rest.
    """
    cap = KEPT.get(stream, _KEPT)
    cut = [milliseconds(told[0]["timestamp"]) for name in names if len(told := _ordered(record, name)) >= cap]
    return max(cut, default=None)


def dated(record: Mapping[str, Any], name: str) -> Iterator[tuple[Version, str | None]]:
    """Each version that has a value, with the moment at which the next one replaced it."""
    found = versions(record, name)
    for place, one in enumerate(found):
        if one.value:
            yield one, found[place + 1].at if place + 1 < len(found) else None


def _ordered(record: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    told = (record.get("propertiesWithHistory") or {}).get(name) or []
    # told newest first; of two at one moment the one told first is the later one
    oldest_first = list(reversed(told))
    return sorted(oldest_first, key=lambda one: milliseconds(one["timestamp"]))
