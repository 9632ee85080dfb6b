"""What ``[[source.NAME.tabs]]`` says: which tab fills which table and what its columns mean."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from revalign_udf.connector.entries import by_name, check_columns, checked, columns_of, constants_of, table_of
from revalign_udf.errors import ConfigError

__all__ = ["Entry", "read_entries"]

_KINDS: Mapping[str, type] = {
    "tab": str, "table": str, "name": str, "columns": Mapping, "constants": Mapping, "header_row": int,
    "date_format": str, "totals": list, "fill_merged": bool,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One tab read as one canonical table. Cells have no keys, cursors or units: it shares no fields with records."""

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
    return by_name(raw, where, _one, "goals_eu")


def _one(item: object, where: str) -> Entry:
    raw = checked(item, where, _KINDS)
    tab = raw.get("tab", "")
    if not tab or not raw.get("table"):
        hint = 'Write tab = "Goals" and table = "goal".'
        raise ConfigError(f"{where} names a tab and the canonical table it fills.", code="REV-305", hint=hint)
    table = table_of(raw, where)
    header_row = raw.get("header_row", 1)
    if header_row < 1:
        raise ConfigError(f"{where}: rows are counted from 1, so header_row cannot be {header_row}.", code="REV-305")
    headers = {name: _stripped(value) for name, value in raw.get("columns", {}).items()}
    columns = columns_of(headers, where, "column of the tab")
    constants = constants_of(raw, where)
    check_columns(table, raw, columns, constants, where)
    return Entry(
        raw.get("name") or tab,
        tab,
        table,
        header_row,
        columns,
        constants,
        raw.get("date_format", ""),
        tuple(str(text).strip().casefold() for text in raw.get("totals", ())),
        raw.get("fill_merged", False),
    )


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value
