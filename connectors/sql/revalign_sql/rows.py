"""From the columns of a source to canonical ones: made once per stream, used for every batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import compress
from typing import Any
from zoneinfo import ZoneInfo

from revalign_sql.entries import Entry
from revalign_sql.values import gone, json_object, plain, zoned
from revalign_udf.canonical import TABLES, Table
from revalign_udf.connector import Message, Rejected, Rows, Tombstones
from revalign_udf.connector.values import from_minor, instant, key_of
from revalign_udf.errors import BadRecord, ConfigError, Fatal, did_you_mean

__all__ = ["Plan"]

Row = Sequence[Any]


@dataclass(slots=True)
class Plan:
    """Where each canonical column of a stream comes from."""

    entry: Entry
    table: Table
    selected: list[str]
    """columns of the source that are read, in order"""
    sources: dict[str, int]
    """canonical column -> place among the selected"""
    currency: str
    zone: ZoneInfo
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, entry: Entry, found: Sequence[str], currency: str, zone: str) -> Plan:
        """Match an entry with the columns that are there. Raises Fatal REV-502 when one is missing."""
        table = TABLES[entry.table]
        named = {
            **{f"columns.{name}": column for name, column in entry.columns.items()},
            **{f"key {column}": column for column in entry.key},
            **{f"attrs {column}": column for column in entry.attrs},
            **{what: column for what in ("cursor", "tombstone") if (column := getattr(entry, what))},
        }
        for what, column in named.items():
            if column not in found:
                near = did_you_mean(column, found)
                hint = f"Did you mean {near}?" if near else f"Found: {', '.join(found)}."
                said = what.split(" ")[0]
                text = f'{entry.relation} has no column "{column}", which {said} names.'
                raise Fatal(text, code="REV-502", hint=hint)
        own = {
            name: name
            for name in table.columns
            if name in found and name not in entry.columns and name not in entry.constants
        }
        columns = {**own, **entry.columns}
        if not table.natural and "id" not in columns and "id" not in entry.constants and len(entry.key) == 1:
            columns["id"] = entry.key[0]
        selected = list(
            dict.fromkeys(
                name
                for name in (*entry.key, entry.cursor, entry.tombstone, *columns.values(), *entry.attrs)
                if name
            )
        )  # fmt: skip
        place = {name: index for index, name in enumerate(selected)}
        plan = cls(
            entry, table, selected, {name: place[column] for name, column in columns.items()}, currency,
            ZoneInfo(zone), [name for name in found if name not in place],
        )  # fmt: skip
        plan._require(found)
        return plan

    def _require(self, found: Sequence[str]) -> None:
        made = {"id"} if self._composite else set()
        have = {*self.sources, *self.entry.constants, *made}
        lacks = [name for name in self.table.required if name not in have]
        if not lacks:
            return
        hints = [f'Is "{near}" the {name}?' for name in lacks if (near := did_you_mean(name, self.left_out))]
        raise Fatal(
            f"{self.entry.relation} lacks what {self.table.name} needs: {', '.join(lacks)}. Found: {', '.join(found)}.",
            code="REV-502",
            hint=" ".join([*hints, "Name the columns under `columns`, or give `key` for the id."]),
        )

    @property
    def _composite(self) -> bool:
        """Whether the id is made of several key columns."""
        return not self.table.natural and "id" not in self.sources and len(self.entry.key) > 1

    # --- rows --------------------------------------------------------------------------------------------------------

    def messages(self, rows: Sequence[Row], *, whole: bool) -> list[Message]:
        """The rows of a batch, those that are gone, and those that cannot be used.

        With ``whole`` a row that is marked deleted is simply not sent: what is missing from a whole read is gone.
        """
        entry = self.entry
        messages: list[Message] = []
        if entry.tombstone:
            place = self.selected.index(entry.tombstone)
            dead = [row for row in rows if gone(row[place])]
            if dead and not whole:
                messages.append(Tombstones(self.table.name, self.keys(dead)))
            rows = [row for row in rows if not gone(row[place])] if dead else rows
        if not rows:
            return messages
        cells = list(zip(*rows, strict=True))
        bad: dict[int, tuple[str, str, Any]] = {}
        columns: dict[str, Sequence[Any]] = {name: [value] * len(rows) for name, value in entry.constants.items()}
        if self._composite:
            columns["id"] = self._joined(cells, bad)
        for name, index in self.sources.items():
            columns[name] = self._texts(name, cells[index], bad)
        for name in entry.minor_units:
            if name in self.sources:
                columns[name] = self._major(columns, name, bad)
        if entry.attrs:
            columns["attrs"] = self._attrs(cells, bad)
        if bad:
            shown = self._names(rows, columns)
            for index, (name, why, value) in bad.items():
                text = "(personal)" if self._personal(name) else str(value)[:200]
                reason = f"{name} {why} (row {shown[index]})"
                key = key_of(self.table.key, columns, index)
                messages.append(Rejected(self.table.name, reason, file=entry.name, column=name, value=text, key=key))
            keep = [index not in bad for index in range(len(rows))]
            columns = {name: list(compress(values, keep)) for name, values in columns.items()}
        if len(bad) < len(rows):
            messages.append(Rows(self.table.name, columns, entry.name, scope=entry.name))
        return messages

    def _personal(self, name: str) -> bool:
        column = self.table.columns.get(name)
        return column is None or column.personal

    def _names(self, rows: Sequence[Row], columns: dict[str, Sequence[Any]]) -> list[str]:
        """What to call a row in a message: its key in the source."""
        if self.entry.key:
            places = [self.selected.index(name) for name in self.entry.key]
            return [":".join(str(row[place]) for place in places) for row in rows]
        names = columns.get(self.table.key[0], ["?"] * len(rows))
        return [str(name) for name in names]

    def _texts(self, name: str, values: Sequence[Any], bad: dict[int, tuple[str, str, Any]]) -> list[str | None]:
        kind = self.table.columns[name].kind
        moment = kind in ("instant", "date")
        zone = ZoneInfo(self.entry.time_zone) if moment and self.entry.time_zone else None
        epoch = name in self.entry.epoch
        made: list[str | None] = []
        for index, value in enumerate(values):
            try:
                if value is None or (type(value) is str and not moment):
                    made.append(value)
                elif epoch:
                    made.append(instant(value))
                elif kind == "json":
                    made.append(json_object(value))
                else:
                    made.append(plain(zoned(value, zone) if zone else value))
            except (ValueError, BadRecord) as error:
                bad.setdefault(index, (name, error.message if isinstance(error, BadRecord) else str(error), value))
                made.append(None)
        return made

    def _major(
        self, columns: dict[str, Sequence[Any]], name: str, bad: dict[int, tuple[str, str, Any]]
    ) -> list[str | None]:
        """Amounts in minor units (cents) as major units of each row's currency."""
        amounts = columns[name]
        currencies = columns.get("currency") or [None] * len(amounts)
        made: list[str | None] = []
        for index, (amount, currency) in enumerate(zip(amounts, currencies, strict=True)):
            try:
                made.append(from_minor(amount, currency or self.currency))
            except ArithmeticError:
                bad.setdefault(index, (name, "is no amount in minor units", amount))
                made.append(None)
        return made

    def _joined(self, cells: Sequence[Sequence[Any]], bad: dict[int, tuple[str, str, Any]]) -> list[str | None]:
        parts = [self._key_texts(cells[self.selected.index(name)], bad) for name in self.entry.key]
        return [":".join(part or "" for part in row) for row in zip(*parts, strict=True)]

    def _key_texts(self, values: Sequence[Any], bad: dict[int, tuple[str, str, Any]]) -> list[str | None]:
        made: list[str | None] = []
        for index, value in enumerate(values):
            try:
                made.append(plain(value))
            except ValueError as error:
                bad.setdefault(index, ("id", str(error), value))
                made.append(None)
        return made

    def _attrs(self, cells: Sequence[Sequence[Any]], bad: dict[int, tuple[str, str, Any]]) -> list[str | None]:
        places = [(name, self.selected.index(name)) for name in self.entry.attrs]
        made: list[str | None] = []
        for index in range(len(cells[0])):
            try:
                kept = {name: cells[place][index] for name, place in places}
                filled = {name: value for name, value in kept.items() if value is not None}
                made.append(json_object(filled) if filled else None)
            except ValueError as error:
                bad.setdefault(index, ("attrs", str(error), ""))
                made.append(None)
        return made

    # --- keys --------------------------------------------------------------------------------------------------------

    @property
    def key_columns(self) -> list[str]:
        """Columns of the source that a list of keys needs."""
        entry = self.entry
        if not self.table.natural:
            own = [self.selected[self.sources["id"]]] if "id" in self.sources else list(entry.key)
        else:
            own = [self.selected[self.sources[name]] for name in self.table.key if name in self.sources]
        return list(dict.fromkeys([*own, *([entry.tombstone] if entry.tombstone else [])]))

    def keys(self, rows: Sequence[Row], columns: Sequence[str] | None = None) -> list[str]:
        """The canonical keys of rows, as the store writes them; rows without one are left out.

        ``columns`` says what the rows hold, when that is not everything selected.
        """
        place = {name: index for index, name in enumerate(columns or self.selected)}
        if not self.table.natural:
            if "id" in self.sources:
                index = place[self.selected[self.sources["id"]]]
                return [text for row in rows if (text := _safe(row[index]))]
            places = [place[name] for name in self.entry.key]
            return [":".join(_safe(row[index]) for index in places) for row in rows]
        parts = [
            (name, place[self.selected[self.sources[name]]] if name in self.sources else None)
            for name in self.table.key
        ]
        return [
            "|".join(self._key_part(name, row[index] if index is not None else None) for name, index in parts)
            for row in rows
        ]

    def _key_part(self, name: str, value: Any) -> str:
        column = self.table.columns[name]
        if value is None:
            value = self.entry.constants.get(name, column.default)
        if column.kind == "date":
            moment = zoned(value, ZoneInfo(self.entry.time_zone)) if self.entry.time_zone else value
            if isinstance(moment, datetime):
                return (moment.astimezone(self.zone) if moment.tzinfo else moment).date().isoformat()
            return moment.isoformat() if isinstance(moment, date) else str(moment or "")[:10]
        text = _safe(value).strip()
        if column.enum:
            return text.lower()
        return text.upper() if name.endswith("currency") else text

    def check_minor(self) -> None:
        """Raise ConfigError REV-305 for minor units of a column nobody fills."""
        for name in self.entry.minor_units:
            if name not in self.sources:
                raise ConfigError(
                    f"{self.entry.name}: minor_units lists {name}, which no column fills.", code="REV-305"
                )


def _safe(value: Any) -> str:
    try:
        return plain(value) or ""
    except ValueError:
        return ""
