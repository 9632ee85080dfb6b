"""Streams in another system's own words (a Singer tap, a dlt resource) onto canonical tables: what
``[[source.NAME.tables]]`` says, one record turned into one canonical row, and batches on their way out.

The words are those of :mod:`revalign_udf.connector.entries`; ``stream`` stands where a database has ``from``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from revalign_udf.canonical import TABLES, Column
from revalign_udf.config import is_reference, resolve
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
from revalign_udf.connector.messages import Log, Message, Present, Rejected, Rows, Tombstones
from revalign_udf.connector.values import from_minor, instant, take
from revalign_udf.errors import BadRecord, ConfigError, Fatal, did_you_mean

__all__ = [
    "Entry",
    "Outgoing",
    "Plan",
    "exact_json",
    "exact_text",
    "native",
    "read_entries",
    "resolved",
    "truth",
    "unmapped",
    "zoned",
]

_KINDS: Mapping[str, type | tuple[type, ...]] = {"name": str, "table": str, "stream": str, **KINDS}
_FALSE = {"", "0", "f", "false", "n", "no"}
#: significant digits every binary fraction keeps
_DIGITS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(RecordEntry):
    """One canonical table and the stream that fills it.

    Without a ``key`` the stream itself says what names a record. With the ``mode`` ``full`` every read brings everything,
    and what is missing is gone; empty: as the stream says. ``columns`` may hold ``attrs.NAME``.
    """

    stream: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path of the record that the entry names."""
        named = (*self.key, self.cursor, self.tombstone, *self.columns.values(), *self.attrs)
        return tuple(dict.fromkeys(path for path in named if path))


def native(stream: str) -> Entry | None:
    """The entry of a stream that has the name of a canonical table, and needs no mapping."""
    return Entry(name=stream, table=stream, stream=stream) if stream in TABLES else None


def read_entries(raw: object, connection: str, *, modes: Sequence[str] = ("full", "incremental")) -> dict[str, Entry]:
    """The entries by name; none when nothing is said.

    Raises ConfigError: REV-302 for unknown keys, tables and columns (with the nearest name) or two entries of one name,
    REV-305 for values of the wrong kind.
    """
    where = f"[[source.{connection}.tables]]"
    if raw is None:
        return {}
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise ConfigError(f"{where} is a list of tables, not {raw!r}.", code="REV-305")
    return by_name(raw, where, lambda item, place: _one(item, place, modes), "people_eu")


def _one(item: object, where: str, modes: Sequence[str]) -> Entry:
    raw = checked(item, where, _KINDS)
    table = table_of(raw, where)
    if raw.get("mode"):
        known(raw["mode"], modes, f"{where} has an unknown mode")
    if raw.get("lookback", 0) < 0:
        raise ConfigError(f"{where}: lookback is not negative.", code="REV-305")
    columns, constants = columns_of(_flat(raw.get("columns", {})), where, "field"), constants_of(raw, where)
    check_columns(table, raw, (name for name in columns if name[:6] != "attrs."), constants, where)
    stream = raw.get("stream") or table
    return Entry(
        name=raw.get("name") or stream,
        table=table,
        stream=stream,
        mode=raw.get("mode", ""),
        lookback=raw.get("lookback", 0),
        columns=columns,
        constants=constants,
        **words_of(raw, where, "field"),
    )


def _flat(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """``attrs.tier = "tier"``, which TOML reads as a table in ``columns``, as ``"attrs.tier" = "tier"``."""
    own = columns.get("attrs")
    if not isinstance(own, Mapping):
        return columns
    rest = {name: path for name, path in columns.items() if name != "attrs"}
    return rest | {f"attrs.{name}": path for name, path in own.items()}


def resolved(value: Any, where: str, secrets: list[str]) -> Any:
    """A setting with every reference below it (``$env:``, ``$keyring:``) put in; each secret is added to ``secrets``.

    Raises ConfigError REV-304 for one that cannot be found.
    """
    if isinstance(value, Mapping):
        return {key: resolved(item, f"{where}.{key}", secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, where, secrets) for item in value]
    if isinstance(value, str) and is_reference(value):
        found = resolve(value, where)
        secrets.append(found)
        return found
    return value


def unmapped(stream: str, columns: Iterable[str], count: int | None = None) -> Log:
    """What to say of a stream that nobody maps."""
    near = did_you_mean(stream, TABLES)
    shown = sorted(columns)
    listed = ", ".join(shown[:30]) + (f" and {len(shown) - 30} more" if len(shown) > 30 else "")
    size = f" ({count:,} records)" if count is not None else ""
    hint = f' It sounds like the table {near}: add [[source.NAME.tables]] with stream = "{stream}".' if near else ""
    return Log(f"The stream {stream}{size} is not mapped to a table. Its columns: {listed or 'unknown'}.{hint}")


class Plan:
    """How the records of a stream become rows of a table.

    Args:
        entry: what the settings say.
        keys: what the stream says names a record; counts where the settings name no key.
        currency: of amounts in minor units whose record has none.
        time_zone: the company's, for dates in keys.
        tombstones: fields of the stream itself that say a record is gone, besides the entry's ``tombstone``.
    """

    def __init__(
        self, entry: Entry, keys: Sequence[str], currency: str, time_zone: str, tombstones: Collection[str] = ()
    ) -> None:
        self.entry, self.table = entry, TABLES[entry.table]
        self.key = tuple(entry.key or keys)
        self._currency, self._company = currency, ZoneInfo(time_zone)
        self._zone = ZoneInfo(entry.time_zone) if entry.time_zone else None
        self._tombstones = tuple(dict.fromkeys([*([entry.tombstone] if entry.tombstone else []), *tombstones]))
        self._named = {name: path for name, path in entry.columns.items() if not name.startswith("attrs.")}
        self._attrs = [
            (name.removeprefix("attrs."), path) for name, path in entry.columns.items() if name[:6] == "attrs."
        ]
        self._attrs += [(path, path) for path in entry.attrs]
        self.unseen = set(entry.paths) - {entry.tombstone}
        """paths of the settings under which no record had a value so far"""
        self.fields: set[str] = set()
        """fields of the records seen so far"""

    @property
    def made(self) -> set[str]:
        """Columns that are filled whatever the record holds."""
        return {*self._named, *self.entry.constants, *(["id"] if self.key and not self.table.natural else [])}

    def left_out(self, fields: Iterable[str]) -> list[str]:
        """Which of a record's fields are used for nothing."""
        used = {
            part for path in (*self.entry.paths, *self.key, *self._tombstones) for part in (path, path.split(".")[0])
        }
        return sorted(name for name in fields if name not in used and name not in self.table.columns)

    def check(self, fields: Collection[str]) -> None:
        """Compare with the fields the stream declares. Raises Fatal REV-502 with the nearest name."""
        entry = self.entry
        for path in entry.paths:
            if path not in fields and path.split(".")[0] not in fields:
                near = did_you_mean(path, fields)
                hint = f"Did you mean {near}?" if near else f"Found: {', '.join(sorted(fields)[:40])}."
                raise Fatal(f'The stream {entry.stream} has no field "{path}".', code="REV-502", hint=hint)
        lacks = [name for name in self.table.required if name not in self.made and name not in fields]
        if lacks:
            left = self.left_out(fields)
            hints = [f'Is "{near}" the {name}?' for name in lacks if (near := did_you_mean(name, left))]
            raise Fatal(
                f"The stream {entry.stream} lacks what {self.table.name} needs: {', '.join(lacks)}."
                f" Found: {', '.join(sorted(fields)[:40])}.",
                code="REV-502",
                hint=" ".join([*hints, "Name the fields under `columns`."]),
            )

    def gone(self, record: Mapping[str, Any]) -> bool:
        """Whether the record says that it is deleted: true, a time of deletion, anything but empty or no."""
        return any(truth(take(record, path)) for path in self._tombstones)

    def row(self, record: Mapping[str, Any]) -> dict[str, str | None]:
        """The canonical row of a record. Raises BadRecord REV-503, its text the reason, its hint the column."""
        self.fields.update(record)
        if self.unseen:
            self.unseen = {path for path in self.unseen if take(record, path) is None}
        columns, row = self.table.columns, dict[str, str | None](self.entry.constants)
        for name in columns:
            if name in self._named:
                value = take(record, self._named[name])
            elif name in record and name not in row:
                value = record[name]
            else:
                continue
            row[name] = self._text(columns[name], value)
        if not self.table.natural and "id" not in self._named and self.key:
            row["id"] = self._joined(record)
        for name in self.entry.minor_units:
            row[name] = self._major(row, name)
        kept = {name: value for name, path in self._attrs if (value := take(record, path)) not in (None, "")}
        if kept:
            row["attrs"] = _told("attrs", exact_json, kept)
        return row

    def canonical_key(self, record: Mapping[str, Any]) -> str:
        """The key of a record that is gone, of which little more than its key may be left. Raises BadRecord REV-503."""
        columns, found = self.table.columns, dict[str, str | None]()
        if not self.table.natural and "id" not in self._named and self.key:
            return self._joined(record)
        for name in self.table.key:
            value = take(record, self._named[name]) if name in self._named else record.get(name)
            found[name] = self._text(columns[name], value) if value is not None else self.entry.constants.get(name)
        return self.key_of(found)

    def key_of(self, row: Mapping[str, str | None]) -> str:
        """The key of a canonical row as the store writes it. Raises BadRecord REV-503 for one without."""
        if not self.table.natural:
            key = (row.get("id") or "").strip()
            if not key:
                raise BadRecord("it has no key", code="REV-503", hint="id")
            return key
        return "|".join(self._key_part(self.table.columns[name], row.get(name)) for name in self.table.key)

    def _key_part(self, column: Column, value: str | None) -> str:
        text = (value if value is not None else column.default or "").strip()
        if column.kind == "date" and len(text) > 10:
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                return text  # the store refuses the row and says why
            return (moment.astimezone(self._company) if moment.tzinfo else moment).date().isoformat()
        if column.enum:
            return text.lower()
        return text.upper() if column.name.endswith("currency") else text

    def _joined(self, record: Mapping[str, Any]) -> str:
        parts = [self._text(self.table.columns["id"], take(record, path)) for path in self.key]
        if not all(parts):
            lacking = ", ".join(path for path, part in zip(self.key, parts, strict=True) if not part)
            raise BadRecord(f"it has no {lacking}, which is its key", code="REV-503", hint="id")
        return ":".join(part or "" for part in parts)

    def _text(self, column: Column, value: Any) -> str | None:
        if value is None:
            return None
        if column.kind in ("instant", "date"):
            if column.name in self.entry.epoch:
                try:
                    return instant(value)
                except BadRecord as error:
                    raise BadRecord(error.message, hint=column.name) from None
            if self._zone is not None:
                value = zoned(value, self._zone)
        if column.kind == "json":
            return value if isinstance(value, str) else _told(column.name, exact_json, value)
        if column.kind == "money":
            return _told(column.name, _money, value)
        return _told(column.name, _plain, value)

    def _major(self, row: Mapping[str, str | None], name: str) -> str | None:
        try:
            return from_minor(row.get(name), row.get("currency") or self._currency)
        except ArithmeticError:
            raise BadRecord("is no amount in minor units", hint=name) from None


def _told(name: str, made: Any, value: Any) -> str | None:
    try:
        found: str | None = made(value)
    except ValueError as error:
        raise BadRecord(str(error), hint=name) from None
    return found


def truth(value: Any) -> bool:
    """Whether a field says yes: true, a time of deletion, anything but empty or no.

    >>> truth(True), truth(datetime(2026, 1, 1)), truth("0"), truth(None), truth(0)
    (True, True, False, False, False)
    """
    return value.strip().lower() not in _FALSE if isinstance(value, str) else bool(value)


def zoned(value: Any, zone: ZoneInfo) -> Any:
    """A time without offset, in its zone. Of the hour that happens twice the first is meant."""
    if isinstance(value, str) and len(value) > 10:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value  # the store refuses it and says why
    return value.replace(tzinfo=zone) if isinstance(value, datetime) and value.tzinfo is None else value


def exact_text(value: Any) -> str | None:
    """The exact text of one value, None for None: instants as ISO 8601, numbers without exponent.

    A binary fraction is written as the shortest decimal that reads back as it: 0.1, not 0.1000000000000000055.

    >>> exact_text(0.1), exact_text(Decimal("1E+2")), exact_text(True), exact_text(date(2026, 1, 5))
    ('0.1', '100', 'true', '2026-01-05')

    Raises ValueError, its text the reason, for what no canonical column can hold.
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        value = Decimal(repr(float(value)))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("is no finite number")
        return format(value, "f")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        raise ValueError("is binary data")  # noqa: TRY004 - the reason of a refused record
    return str(value)


def _plain(value: Any) -> str | None:
    if isinstance(value, Mapping | list | tuple | set):
        raise ValueError("is a list or an object: name a field in it, with dots")  # noqa: TRY004 - as above
    return exact_text(value)


def _money(value: Any) -> str | None:
    """An amount. A binary fraction counts as the decimal it was written as; of more digits than it keeps it is refused."""
    if isinstance(value, float) and math.isfinite(value):
        digits = Decimal(repr(float(value))).normalize().as_tuple().digits
        if len(digits) > _DIGITS:
            raise ValueError("is a binary fraction with more digits than it can keep: give it as text or Decimal")
    return _plain(value)


def exact_json(value: Any) -> str:
    """JSON with every number exact.

    >>> exact_json({"a": Decimal("1.10"), "b": [None, True, "x"]})
    '{"a":1.10,"b":[null,true,"x"]}'
    """
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(exact_json, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool | int | float | Decimal):
        return str(_plain(value))
    return json.dumps(_plain(value), ensure_ascii=False)


class Outgoing:
    """Rows and deletions on their way out.

    Within one commit the store applies rows first and deletions after them. A record that was deleted and came back
    would therefore be lost; so of each key only the last word counts, and deletions are told last. Until then they are
    part of the state (:attr:`gone`).
    """

    def __init__(self, batch: int, gone: Mapping[str, Iterable[str]] | None = None) -> None:
        self.batch = batch
        self.waiting = 0
        """rows that wait"""
        self.gone: dict[str, dict[str, None]] = {table: dict.fromkeys(keys) for table, keys in (gone or {}).items()}
        self._rows: dict[str, tuple[Plan, list[dict[str, str | None]], list[int]]] = {}
        self._listed: dict[str, list[str]] = {}
        self._rejected: list[Rejected] = []

    def take(self, plan: Plan, record: Mapping[str, Any], line: int, *, keys: bool) -> None:
        """Take one record; one that cannot be used is refused by its number. With ``keys`` its key is listed."""
        try:
            if plan.gone(record):
                self.gone.setdefault(plan.table.name, {})[plan.canonical_key(record)] = None
                return
            row = plan.row(record)
            key = plan.key_of(row)
        except BadRecord as error:
            self.refuse(plan, error, record, line)
            if keys:  # a record that is there and cannot be used keeps its last good row
                with suppress(BadRecord):
                    self._listed.setdefault(plan.table.name, []).append(plan.canonical_key(record))
            return
        _, rows, lines = self._rows.setdefault(plan.entry.name, (plan, [], []))
        rows.append(row)
        lines.append(line)
        if keys:
            self._listed.setdefault(plan.table.name, []).append(key)
        if (dead := self.gone.get(plan.table.name)) is not None:
            dead.pop(key, None)
        self.waiting += 1

    def refuse(self, plan: Plan, error: BadRecord, record: Mapping[str, Any], line: int) -> None:
        """A record that cannot be used. Values that may be personal are not repeated."""
        column = plan.table.columns.get(error.hint)
        path = plan.entry.columns.get(error.hint, error.hint)
        value = take(record, path) if path else None
        shown = "(personal)" if column is None or column.personal else str(value)[:200] if value is not None else ""
        text = f"{error.hint} {error.message}" if error.hint and error.hint != "id" else error.message
        self.reject(Rejected(plan.table.name, text, error.code, plan.entry.name, line, error.hint, shown))

    def reject(self, rejected: Rejected) -> None:
        """Something that cannot be used."""
        self._rejected.append(rejected)
        self.waiting += 1

    def flush(self) -> Iterator[Message]:
        """What waits, as messages."""
        yield from self._rejected
        for table, keys in self._listed.items():
            yield Present(table, keys)
        for plan, rows, lines in self._rows.values():
            names = set().union(*rows)
            columns = [name for name in plan.table.columns if name in names or name in plan.table.required]
            data = {name: [row.get(name) for row in rows] for name in columns}
            yield Rows(plan.table.name, data, plan.entry.name, lines)
        self._rows, self._listed, self._rejected, self.waiting = {}, {}, [], 0

    def deletions(self) -> Iterator[Message]:
        """The deletions, once, at the end."""
        for table, keys in self.gone.items():
            if keys:
                yield Tombstones(table, list(keys))
        self.gone = {}
