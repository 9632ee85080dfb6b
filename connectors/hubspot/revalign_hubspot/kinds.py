"""What a stream of CRM records is made of; the streams declare theirs with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from revalign_hubspot.api import Api, Raw
from revalign_udf.connector import CanonicalRow, Context, Log
from revalign_udf.connector.values import fields_for

__all__ = [
    "NOTES",
    "Children",
    "Fields",
    "Kind",
    "Mapper",
    "associated",
    "by_age",
    "company_of",
    "custom",
    "notes",
    "wanted",
]

NOTES = "_read"
"""the key of a record under which ``read`` puts what it looked up for ``map``"""

Mapper = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[CanonicalRow]]
"""(record, mapping) -> canonical rows"""
Fields = dict[str, str | Callable[[Mapping[str, Any]], Any]]
"""canonical column -> property, or a function of the properties"""
Children = tuple[str, str, list[str]]
"""(table, beginning of the keys, keys): rows that a record brings along and that go when it no longer does"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of CRM record: which properties it needs and what its rows are called."""

    name: str
    """stream, and the object's name in HubSpot's addresses"""
    tables: tuple[str, ...]
    map: Mapper
    about: str
    scope: str
    """what the private app must be granted"""
    properties: tuple[str, ...]
    history: tuple[str, ...] = ()
    dated: Mapping[str, str] = field(default_factory=dict)
    """canonical column -> property: those whose history is read too, also when the settings name another property"""
    associations: tuple[str, ...] = ()
    modified: str = "hs_lastmodifieddate"
    keyed: tuple[str, ...] = ()
    """tables whose keys are the record's id"""
    optional: bool = False
    """not every account has it: without the scope it is left out, with a word in the report"""
    skip: Callable[[Raw], str] = lambda _record: ""
    """why a record is left out on purpose; empty: it is not"""
    prepare: Callable[[Api, Context], Mapping[str, Any]] = lambda _api, _ctx: {}
    """what every record of a read is told, looked up once"""
    join: Callable[[Api, Sequence[Raw]], None] = lambda _api, _records: None
    """what a page of records is told"""
    children: Callable[[Raw], Iterable[Children]] = lambda _record: ()
    swept: tuple[tuple[str, str], ...] = ()
    """(table, beginning of the keys) of everything that ``children`` may name"""
    closing: Callable[[Mapping[str, int]], Iterable[Log]] = lambda _skipped: ()


def wanted(kind: Kind, mapping: Mapping[str, Any], own: Collection[str]) -> tuple[list[str], list[str]]:
    """(properties, properties with history) to ask for: the kind's, the account's own and those the settings name."""
    named = fields_for(mapping, kind.name)
    history = [*kind.history, *(named.get(column, name) for column, name in kind.dated.items())]
    properties = [*kind.properties, kind.modified, *history, *(path for path in named.values() if path), *sorted(own)]
    return list(dict.fromkeys(properties)), list(dict.fromkeys(name for name in history if name))


def notes(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What ``read`` looked up for a record."""
    found: Mapping[str, Any] = record.get(NOTES) or {}
    return found


def custom(record: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a property is one of the account's own."""
    own: Collection[str] = notes(record).get("custom") or ()
    return lambda name: name in own


def associated(record: Mapping[str, Any], other: str) -> Iterator[tuple[str, str]]:
    """(id, type) of the associated records of a kind. One record may come with several types."""
    block = (record.get("associations") or {}).get(other) or {}
    for one in block.get("results") or ():
        yield str(one["id"]), str(one.get("type") or "")


def company_of(record: Mapping[str, Any], own: str) -> str | None:
    """The company a deal or ticket belongs to: the primary one, else the one that was created first (lowest id).

    The primary company has the type ``deal_to_company``; every company has ``deal_to_company_unlabeled`` as well. Without
    a company it is the one that ``read`` found through the contacts.
    """
    linked = list(associated(record, "companies"))
    primary = [one for one, label in linked if label == f"{own}_to_company"]
    candidates = primary or [one for one, _ in linked]
    if candidates:
        return min(candidates, key=_age)
    found: str | None = notes(record).get("company")
    return found


def _age(key: str) -> tuple[int, str]:
    """Ids count up: the lower one was made first."""
    return (int(key), "") if key.isdigit() else (2**63, key)


def by_age(keys: Iterable[str]) -> list[str]:
    """Ids, those made first in front, each once."""
    return sorted(set(keys), key=_age)
