"""What ``[[source.NAME.tabs]]`` says: which tab fills which table and what its columns mean."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["Entry", "read_entries"]

_KEYS: Mapping[str, type] = {
    "tab": str, "table": str, "name": str, "columns": Mapping, "constants": Mapping, "header_row": int,
    "date_format": str, "totals": list, "fill_merged": bool,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One tab read as one canonical table."""

    name: str
    tab: str
    table: str
    header_row: int = 1
    """the row with the names of the columns, counted from 1"""
    columns: Mapping[str, str] = field(default_factory=dict)
    """canonical column -> name in the header"""
    constants: Mapping[str, str] = field(default_factory=dict)
    date_format: str = ""
    """strptime format of dates that were typed as text"""
    totals: tuple[str, ...] = ()
    """what the first filled cell of a totals row reads"""
    fill_merged: bool = False
    """whether every cell of a merged area has the value of its first"""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same cells would be read differently."""
        return json.dumps(asdict(self), sort_keys=True)


def read_entries(raw: object, connection: str) -> dict[str, Entry]:
    """The tabs by stream name.

    Raises ConfigError: REV-302 for unknown keys, tables and columns (with the nearest name) or two entries of one name,
    REV-305 for values of the wrong kind.
    """
    where = f"[[source.{connection}.tabs]]"
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw:
        hint = 'Add [[source.NAME.tabs]] with tab = "Goals", table = "goal".'
        raise ConfigError(f"{where} is missing: nothing says what to read.", code="REV-305", hint=hint)
    entries: dict[str, Entry] = {}
    for number, item in enumerate(raw, 1):
        entry = _one(item, f"{where} number {number}")
        if entry.name in entries:
            hint = 'Give each a name of its own: name = "goals_eu".'
            raise ConfigError(f"{where} has two entries called {entry.name}.", code="REV-302", hint=hint)
        entries[entry.name] = entry
    return entries


def _one(raw: object, where: str) -> Entry:
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{where} is a table, not {raw!r}.", code="REV-305")
    for key, value in raw.items():
        _known(key, _KEYS, f"{where} has an unknown key")
        kind = _KEYS[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ConfigError(f"{where}: {key} cannot be {value!r}.", code="REV-305")
    table, tab = raw.get("table", ""), raw.get("tab", "")
    if not table or not tab:
        hint = 'Write tab = "Goals" and table = "goal".'
        raise ConfigError(f"{where} names a tab and the canonical table it fills.", code="REV-305", hint=hint)
    _known(table, TABLES, f"{where} names an unknown table")
    header_row = raw.get("header_row", 1)
    if header_row < 1:
        raise ConfigError(f"{where}: rows are counted from 1, so header_row cannot be {header_row}.", code="REV-305")
    columns, constants = raw.get("columns", {}), raw.get("constants", {})
    for name in (*columns, *constants):
        _known(name, TABLES[table].columns, f"{where} names an unknown column of {table},")
    for name, value in columns.items():
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{where}: columns.{name} names a column of the tab, not {value!r}.", code="REV-305")
    for name in sorted(columns.keys() & constants.keys()):
        raise ConfigError(f'{where} names "{name}" both in columns and in constants.', code="REV-302")
    return Entry(
        raw.get("name") or tab,
        tab,
        table,
        header_row,
        {name: value.strip() for name, value in columns.items()},
        {name: _text(value, f"{where}: constants.{name}") for name, value in constants.items()},
        raw.get("date_format", ""),
        tuple(str(text).strip().casefold() for text in raw.get("totals", ())),
        raw.get("fill_merged", False),
    )


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float | date):
        raise ConfigError(f"{where} is one value, not {value!r}.", code="REV-305")
    return value.isoformat() if isinstance(value, date) else str(value)


def _known(name: str, known: Iterable[str], what: str) -> None:
    known = tuple(known)
    if name not in known:
        near = did_you_mean(name, known)
        hint = f"Did you mean {near}?" if near else f"Known are {', '.join(known)}."
        raise ConfigError(f'{what} "{name}".', code="REV-302", hint=hint)
