"""What ``[[source.NAME.tables]]`` says: which rows are read, what their columns mean, how changes show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from revalign_udf.canonical import TABLES
from revalign_udf.connector.database import Relation
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["LOOKBACK", "MODES", "Entry", "read_entries"]

MODES = ("full", "incremental", "sweep")
#: seconds before the cursor that are read again: a transaction of that length may commit late
LOOKBACK = 600
#: days between two sweeps
_SWEEP_DAYS = 7.0

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str, "table": str, "from": str, "query": str, "key": (str, list), "cursor": str, "lookback": int,
    "tombstone": str, "columns": Mapping, "constants": Mapping, "attrs": list, "time_zone": str, "mode": str,
    "sweep_days": (int, float), "minor_units": list, "epoch": list,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One table of the connection: a canonical table and where its rows come from."""

    name: str
    table: str
    relation: Relation
    key: tuple[str, ...]
    """columns of the source that together name one row"""
    mode: str
    cursor: str = ""
    lookback: int = LOOKBACK
    tombstone: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """canonical column -> column of the source"""
    constants: Mapping[str, str] = field(default_factory=dict)
    attrs: tuple[str, ...] = ()
    time_zone: str = ""
    """of instants without one; empty: the company's"""
    sweep_days: float = _SWEEP_DAYS
    minor_units: tuple[str, ...] = ()
    epoch: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same rows would be read differently; how often to sweep does not matter."""
        said = {key: value for key, value in asdict(self).items() if key not in {"lookback", "sweep_days"}}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def read_entries(raw: object, connection: str) -> dict[str, Entry]:
    """The tables by name.

    Raises ConfigError: REV-302 for unknown keys, tables and columns (with the nearest name) or two entries of one name,
    REV-305 for values of the wrong kind and for what does not go together.
    """
    where = f"[[source.{connection}.tables]]"
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw:
        raise ConfigError(
            f"{where} is missing: nothing says what to read.",
            code="REV-305",
            hint='Add [[source.NAME.tables]] with table = "invoice", from = "billing.invoices", key = "id".',
        )
    entries: dict[str, Entry] = {}
    for number, item in enumerate(raw, 1):
        entry = _one(item, f"{where} number {number}")
        if entry.name in entries:
            hint = 'Give each a name of its own: name = "orders_eu".'
            raise ConfigError(f"{where} has two entries called {entry.name}.", code="REV-302", hint=hint)
        entries[entry.name] = entry
    for entry in entries.values():
        if entry.mode == "sweep" and sum(other.table == entry.table for other in entries.values()) > 1:
            raise ConfigError(
                f"{where}: a key sweep of {entry.name} would take away the rows of the other entries for {entry.table}.",
                code="REV-305",
                hint='Read them as one query with UNION ALL, or use mode = "full".',
            )
    return entries


def _one(raw: object, where: str) -> Entry:
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{where} is a table, not {raw!r}.", code="REV-305")
    for key, value in raw.items():
        _known(key, _KEYS, f"{where} has an unknown key")
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise ConfigError(f"{where}: {key} cannot be {value!r}.", code="REV-305")
    table = raw.get("table", "")
    if not table:
        hint = 'Add table = "invoice" or another canonical table.'
        raise ConfigError(f"{where} does not say which canonical table it fills.", code="REV-305", hint=hint)
    _known(table, TABLES, f"{where} names an unknown table")
    if bool(raw.get("from")) == bool(raw.get("query")):
        hint = 'Write from = "schema.table", or query = "SELECT ...".'
        raise ConfigError(f"{where} has one of from and query.", code="REV-305", hint=hint)
    key = _names(raw.get("key", []), where, "key")
    columns, constants = _columns(raw, where)
    _check_columns(table, raw, columns, constants, where)
    mode = raw.get("mode") or ("incremental" if raw.get("cursor") else "full")
    _known(mode, MODES, f"{where} has an unknown mode")
    if mode != "full" and not (raw.get("cursor") and key):
        hint = "The cursor is the column that says when a row last changed, the key what names it."
        raise ConfigError(f'{where}: mode = "{mode}" needs a cursor and a key.', code="REV-305", hint=hint)
    if raw.get("lookback", 0) < 0 or raw.get("sweep_days", 0) < 0:
        raise ConfigError(f"{where}: lookback and sweep_days are not negative.", code="REV-305")
    return Entry(
        name=raw.get("name") or raw.get("from") or table,
        table=table,
        relation=Relation(raw.get("from", ""), raw.get("query", "")),
        key=key,
        mode=mode,
        cursor=raw.get("cursor", ""),
        lookback=raw.get("lookback", LOOKBACK),
        tombstone=raw.get("tombstone", ""),
        columns=columns,
        constants=constants,
        attrs=_names(raw.get("attrs", []), where, "attrs"),
        time_zone=_zone(raw.get("time_zone", ""), where),
        sweep_days=float(raw.get("sweep_days", _SWEEP_DAYS)),
        minor_units=_names(raw.get("minor_units", []), where, "minor_units"),
        epoch=_names(raw.get("epoch", []), where, "epoch"),
    )


def _known(name: str, known: Iterable[str], what: str) -> None:
    known = tuple(known)
    if name not in known:
        near = did_you_mean(name, known)
        hint = f"Did you mean {near}?" if near else f"Known are {', '.join(known)}."
        raise ConfigError(f'{what} "{name}".', code="REV-302", hint=hint)


def _names(raw: str | Sequence[object], where: str, key: str) -> tuple[str, ...]:
    names = [raw] if isinstance(raw, str) else list(raw)
    if not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f"{where}: {key} lists names of columns, not {raw!r}.", code="REV-305")
    return tuple(str(name) for name in names)


def _columns(raw: Mapping[str, Any], where: str) -> tuple[dict[str, str], dict[str, str]]:
    columns, constants = dict(raw.get("columns", {})), dict(raw.get("constants", {}))
    for name, value in columns.items():
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{where}: columns.{name} names a column, not {value!r}.", code="REV-305")
    for name, value in constants.items():
        if not isinstance(value, str | int | float | date):
            raise ConfigError(f"{where}: constants.{name} is one value, not {value!r}.", code="REV-305")
        constants[name] = value.isoformat() if isinstance(value, date) else str(value)
        if isinstance(value, bool):
            constants[name] = constants[name].lower()
    return columns, constants


def _check_columns(
    table: str, raw: Mapping[str, Any], columns: Mapping[str, str], constants: Mapping[str, str], where: str
) -> None:
    declared = TABLES[table].columns
    for name in (*columns, *constants):
        _known(name, declared, f"{where} names an unknown column of {table},")
    for key, kinds in (("minor_units", ("money",)), ("epoch", ("instant", "date"))):
        fitting = [name for name, column in declared.items() if column.kind in kinds]
        for name in raw.get(key, []):
            _known(name, fitting, f"{where}: {key} lists what is none of {table}'s {kinds[0]} columns,")
    for name in sorted(columns.keys() & constants.keys()):
        raise ConfigError(f'{where} names "{name}" both in columns and in constants.', code="REV-302")


def _zone(name: str, where: str) -> str:
    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            hint = "Write a name such as Europe/Berlin or UTC."
            raise ConfigError(f"{where}: there is no time zone {name!r}.", code="REV-305", hint=hint) from None
    return name
