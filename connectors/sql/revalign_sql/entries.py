"""What ``[[source.NAME.tables]]`` says: which rows are read, what their columns mean, how changes show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from revalign_udf.connector.database import Relation
from revalign_udf.connector.entries import (
    KINDS,
    RecordEntry,
    by_name,
    check_columns,
    checked,
    columns_of,
    constants_of,
    known,
    table_of,
    words_of,
)
from revalign_udf.errors import ConfigError

__all__ = ["LOOKBACK", "MODES", "Entry", "read_entries"]

MODES = ("full", "incremental", "sweep")
#: seconds before the cursor that are read again: a transaction of that length may commit late
LOOKBACK = 600
#: days between two sweeps
_SWEEP_DAYS = 7.0

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str, "table": str, "from": str, "query": str, **KINDS, "sweep_days": (int, float),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(RecordEntry):
    """One table of the connection: a canonical table and where its rows come from."""

    pace: ClassVar[frozenset[str]] = frozenset({"lookback", "sweep_days"})

    relation: Relation
    sweep_days: float = _SWEEP_DAYS


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
    entries = by_name(raw, where, _one, "orders_eu")
    for entry in entries.values():
        if entry.mode == "sweep" and sum(other.table == entry.table for other in entries.values()) > 1:
            raise ConfigError(
                f"{where}: a key sweep of {entry.name} would take away the rows of the other entries for {entry.table}.",
                code="REV-305",
                hint='Read them as one query with UNION ALL, or use mode = "full".',
            )
    return entries


def _one(item: object, where: str) -> Entry:
    raw = checked(item, where, _KINDS)
    table = table_of(raw, where)
    if bool(raw.get("from")) == bool(raw.get("query")):
        hint = 'Write from = "schema.table", or query = "SELECT ...".'
        raise ConfigError(f"{where} has one of from and query.", code="REV-305", hint=hint)
    columns, constants = columns_of(raw.get("columns", {}), where, "column"), constants_of(raw, where)
    check_columns(table, raw, columns, constants, where)
    words = words_of(raw, where, "column")
    mode = raw.get("mode") or ("incremental" if words["cursor"] else "full")
    known(mode, MODES, f"{where} has an unknown mode")
    if mode != "full" and not (words["cursor"] and words["key"]):
        hint = "The cursor is the column that says when a row last changed, the key what names it."
        raise ConfigError(f'{where}: mode = "{mode}" needs a cursor and a key.', code="REV-305", hint=hint)
    if raw.get("lookback", 0) < 0 or raw.get("sweep_days", 0) < 0:
        raise ConfigError(f"{where}: lookback and sweep_days are not negative.", code="REV-305")
    return Entry(
        name=raw.get("name") or raw.get("from") or table,
        table=table,
        relation=Relation(raw.get("from", ""), raw.get("query", "")),
        mode=mode,
        lookback=raw.get("lookback", LOOKBACK),
        sweep_days=float(raw.get("sweep_days", _SWEEP_DAYS)),
        columns=columns,
        constants=constants,
        **words,
    )
