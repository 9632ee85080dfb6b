"""The words in which settings say what fills a canonical table: read, checked, and corrected with the nearest name.

``[[source.NAME.tables]]`` of ``sql``, ``dlt`` and ``singer`` and ``[[source.NAME.tabs]]`` of ``gsheet`` are lists of
entries in the same words: ``table``, ``name``, ``columns``, ``constants``, and for records ``key``, ``cursor``,
``tombstone``, ``attrs``, ``time_zone``, ``minor_units``, ``epoch``. What only one of them has stays with that one.

Every function raises ConfigError: REV-302 for a name that is not known, REV-305 for a value of the wrong kind. ``where``
is the entry's place in the settings, as its messages begin.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, ClassVar, Protocol, TypedDict, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = [
    "KINDS",
    "RecordEntry",
    "by_name",
    "check_columns",
    "checked",
    "columns_of",
    "constants_of",
    "known",
    "table_of",
    "words_of",
]

#: what may be said of the records of any source besides ``name`` and ``table``, and of which type it is
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "key": (str, list), "cursor": str, "lookback": int, "tombstone": str, "columns": Mapping, "constants": Mapping,
    "attrs": list, "time_zone": str, "mode": str, "minor_units": list, "epoch": list,
}  # fmt: skip


class _Named(Protocol):
    @property
    def name(self) -> str: ...


EntryT = TypeVar("EntryT", bound=_Named)


class Words(TypedDict):
    """What an entry says of its records besides columns, in the same way everywhere."""

    key: tuple[str, ...]
    cursor: str
    tombstone: str
    attrs: tuple[str, ...]
    time_zone: str
    minor_units: tuple[str, ...]
    epoch: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEntry:
    """One canonical table and what its records say."""

    #: fields that say how much is read when, not what it becomes
    pace: ClassVar[frozenset[str]] = frozenset({"lookback"})

    name: str
    table: str
    key: tuple[str, ...] = ()
    """columns or paths of the source that together name one record"""
    mode: str = ""
    cursor: str = ""
    lookback: int = 0
    """seconds before the cursor that are read again"""
    tombstone: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """canonical column -> column or path of the source"""
    constants: Mapping[str, str] = field(default_factory=dict)
    attrs: tuple[str, ...] = ()
    time_zone: str = ""
    """of times without one; empty: the company's"""
    minor_units: tuple[str, ...] = ()
    epoch: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same records would become other rows."""
        said = {key: value for key, value in asdict(self).items() if key not in self.pace}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def by_name(
    items: Sequence[object], where: str, one: Callable[[object, str], EntryT], example: str
) -> dict[str, EntryT]:
    """Each item read with ``one``, by name; ``example`` is a name to give when two have the same (REV-302)."""
    entries: dict[str, EntryT] = {}
    for number, item in enumerate(items, 1):
        entry = one(item, f"{where} number {number}")
        if entry.name in entries:
            hint = f'Give each a name of its own: name = "{example}".'
            raise ConfigError(f"{where} has two entries called {entry.name}.", code="REV-302", hint=hint)
        entries[entry.name] = entry
    return entries


def checked(raw: object, where: str, kinds: Mapping[str, type | tuple[type, ...]]) -> Mapping[str, Any]:
    """The entry, every key of it known and of its kind. A yes or no is no number."""
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{where} is a table, not {raw!r}.", code="REV-305")
    for key, value in raw.items():
        known(key, kinds, f"{where} has an unknown key")
        if not isinstance(value, kinds[key]) or (isinstance(value, bool) and kinds[key] is not bool):
            raise ConfigError(f"{where}: {key} cannot be {value!r}.", code="REV-305")
    return raw


def table_of(raw: Mapping[str, Any], where: str) -> str:
    """The canonical table an entry fills."""
    table: str = raw.get("table", "")
    if not table:
        hint = 'Add table = "invoice" or another canonical table.'
        raise ConfigError(f"{where} does not say which canonical table it fills.", code="REV-305", hint=hint)
    known(table, TABLES, f"{where} names an unknown table")
    return table


def columns_of(said: Mapping[str, Any], where: str, what: str) -> dict[str, str]:
    """What is said under ``columns``; ``what`` is the source's word for what they name: column, field."""
    for name, value in said.items():
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{where}: columns.{name} names a {what}, not {value!r}.", code="REV-305")
    return dict(said)


def constants_of(raw: Mapping[str, Any], where: str) -> dict[str, str]:
    """``constants``, each as canonical text."""
    constants: dict[str, str] = {}
    for name, value in raw.get("constants", {}).items():
        if not isinstance(value, str | int | float | date):
            raise ConfigError(f"{where}: constants.{name} is one value, not {value!r}.", code="REV-305")
        text = value.isoformat() if isinstance(value, date) else str(value)
        constants[name] = text.lower() if isinstance(value, bool) else text
    return constants


def check_columns(
    table: str, raw: Mapping[str, Any], columns: Iterable[str], constants: Mapping[str, str], where: str
) -> None:
    """Refuse what is no column of the table, has not the kind that is said of it, or is filled twice."""
    declared = TABLES[table].columns
    columns = tuple(columns)
    for name in (*columns, *constants):
        known(name, declared, f"{where} names an unknown column of {table},")
    for key, kinds in (("minor_units", ("money",)), ("epoch", ("instant", "date"))):
        fitting = [name for name, column in declared.items() if column.kind in kinds]
        for name in raw.get(key, []):
            known(str(name), fitting, f"{where}: {key} lists what is none of {table}'s {kinds[0]} columns,")
    for name in sorted(constants.keys() & set(columns)):
        raise ConfigError(f'{where} names "{name}" both in columns and in constants.', code="REV-302")


def words_of(raw: Mapping[str, Any], where: str, what: str) -> Words:
    """What an entry says of its records besides columns; ``what`` as in :func:`columns_of`."""
    return Words(
        key=_names(raw, "key", where, what),
        cursor=raw.get("cursor", ""),
        tombstone=raw.get("tombstone", ""),
        attrs=_names(raw, "attrs", where, what),
        time_zone=_zone(raw.get("time_zone", ""), where),
        minor_units=_names(raw, "minor_units", where, what),
        epoch=_names(raw, "epoch", where, what),
    )


def known(name: str, names: Iterable[str], what: str) -> None:
    """Refuse a name that is none of ``names``, with the nearest of them. ``what`` begins the message."""
    names = tuple(names)
    if name not in names:
        near = did_you_mean(name, names)
        hint = f"Did you mean {near}?" if near else f"Known are {', '.join(names)}."
        raise ConfigError(f'{what} "{name}".', code="REV-302", hint=hint)


def _names(raw: Mapping[str, Any], key: str, where: str, what: str) -> tuple[str, ...]:
    said = raw.get(key, [])
    names = [said] if isinstance(said, str) else list(said)
    if not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f"{where}: {key} lists names of {what}s, not {said!r}.", code="REV-305")
    return tuple(names)


def _zone(name: str, where: str) -> str:
    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            hint = "Write a name such as Europe/Berlin or UTC."
            raise ConfigError(f"{where}: there is no time zone {name!r}.", code="REV-305", hint=hint) from None
    return name
