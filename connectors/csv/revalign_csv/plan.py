"""From the cells of one file to canonical columns."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import compress
from typing import Any

from revalign_csv.mapping import FileMapping
from revalign_csv.text import Batch
from revalign_udf.canonical import TABLES, Table
from revalign_udf.connector import Message, Rejected, Rows
from revalign_udf.errors import Fatal, did_you_mean

__all__ = ["Plan"]

_SPACES = " \u00a0\u202f"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Plan:
    """Where each canonical column of one file comes from. Made from its header, used for every batch."""

    name: str
    mapping: FileMapping
    table: Table
    sources: dict[str, int]
    extra: dict[str, int]
    makes_id: bool
    notes: list[str] = field(default_factory=list)
    _number: re.Pattern[str] | None = None
    _seen: set[int] = field(default_factory=set)
    _again: dict[bytes, int] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, header: Sequence[str], mapping: FileMapping) -> Plan:
        """Read a header. Raises Fatal REV-502 when a column is missing that the table or the mapping needs."""
        table = TABLES[mapping.table]
        place = {column: index for index, column in enumerate(header)}
        sources: dict[str, int] = {}
        for canonical, column in mapping.columns.items():
            if column not in place:
                near = did_you_mean(column, header)
                hint = f"Did you mean {near}?" if near else _found(header)
                raise Fatal(f'{name} has no column "{column}", which its mapping names.', code="REV-502", hint=hint)
            sources[canonical] = place[column]
        mapped = set(mapping.columns.values())
        extra: dict[str, int] = {}
        for column, index in place.items():
            if column in mapped:
                continue
            if column in table.columns and column not in sources and column not in mapping.constants:
                sources[column] = index
            else:
                extra[column] = index
        _require(name, table, {*sources, *mapping.constants}, list(extra), header)
        makes_id = not table.natural and "id" not in sources and "id" not in mapping.constants
        plan = cls(name, mapping, table, sources, extra, makes_id)
        plan._number = _number_pattern(mapping)
        if makes_id:
            plan.notes.append(f"{name} has no id column: each row gets one from its content.")
        if extra:
            free = [column for column in table.columns if column not in sources]
            kept = ", ".join(_with_hint(column, free) for column in extra)
            plan.notes.append(f"{name}: columns kept in attrs: {kept}.")
        return plan

    def messages(self, batch: Batch) -> list[Message]:
        """The rows of a batch, and the rows of it that cannot be used."""
        messages: list[Message] = [
            Rejected(self.table.name, reason, file=self.name, line=line, value=value)
            for line, reason, value in batch.bad
        ]
        if not batch.rows:
            return messages
        count = len(batch.rows)
        cells: list[Sequence[str]] = list(zip(*batch.rows, strict=True))
        bad: dict[int, tuple[str, str]] = {}
        columns: dict[str, Sequence[Any]] = {}
        if self.makes_id:
            columns["id"] = self._ids(batch.rows)
        numbers = set(self.table.of_kind("int", "decimal", "money")) if self._number else set()
        for column, index in self.sources.items():
            values = self._plain(column, cells[index], bad) if column in numbers else cells[index]
            columns[column] = [value or None for value in values] if "" in values else values
        for column, value in self.mapping.constants.items():
            columns[column] = [self._constant(column, value)] * count
        if self.extra:
            columns["attrs"] = self._attrs(cells, columns.get("attrs"), count)
        lines: Sequence[int] = batch.lines
        if bad:
            messages += [
                Rejected(self.table.name, "not a number", file=self.name, line=lines[index], column=column, value=value)
                for index, (column, value) in bad.items()
            ]
            keep = [index not in bad for index in range(count)]
            columns = {column: list(compress(values, keep)) for column, values in columns.items()}
            lines = list(compress(lines, keep))
        if lines:
            messages.append(
                Rows(self.table.name, columns, self.name, lines, scope=self.name, date_format=self.mapping.date_format)
            )
        return messages

    def _ids(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Hash of the cells plus how often they came before: exact duplicates are rows of their own.

        The file's name is part of it, as two files may hold the same line and both count. Eight bytes per row decide
        whether one is new; should two different rows ever share those, the second is merely numbered 2.
        """
        start = hashlib.blake2b(self.name.encode() + b"\0", digest_size=12)
        seen, again, result = self._seen, self._again, []
        for row in rows:
            content = start.copy()
            content.update("\x1f".join(row).encode())
            key = content.digest()
            short = int.from_bytes(key[:8], "big")
            number = 1
            if short in seen:
                number = again[key] = again.get(key, 1) + 1
            else:
                seen.add(short)
            result.append(f"{key.hex()}-{number}")
        return result

    def _plain(self, column: str, values: Sequence[str], bad: dict[int, tuple[str, str]]) -> list[str]:
        """Numbers as ``1234.56``. What the marks do not explain is refused: 1.5 could be one and a half or fifteen."""
        assert self._number is not None
        match, mark, thousands = self._number.fullmatch, self.mapping.decimal, self.mapping.thousands
        spaces = str.maketrans(dict.fromkeys(_SPACES, "")) if thousands in _SPACES else {ord(thousands): None}
        result = []
        for index, value in enumerate(values):
            text = value.strip()
            if text and not match(text):
                bad.setdefault(index, (column, value))
            if thousands:
                text = text.translate(spaces)
            result.append(text.replace(mark, "."))
        return result

    def _constant(self, column: str, value: str) -> str:
        """A constant date as the file would write it, since one format holds for the whole batch."""
        if not self.mapping.date_format or self.table.columns[column].kind not in ("date", "instant"):
            return value
        try:
            moment = datetime.fromisoformat(value) if "T" in value or " " in value else date.fromisoformat(value)
        except ValueError:
            return value
        return moment.strftime(self.mapping.date_format)

    def _attrs(self, cells: Sequence[Sequence[str]], own: Sequence[Any] | None, count: int) -> list[str | None]:
        """Unknown columns as one JSON object per row, beside what an ``attrs`` column already holds."""
        names = tuple(self.extra)
        rows = zip(*(cells[index] for index in self.extra.values()), strict=True)
        result: list[str | None] = []
        for row, given in zip(rows, own or [None] * count, strict=True):
            values: dict[str, Any] = {name: cell for name, cell in zip(names, row, strict=True) if cell}
            if given:
                try:
                    values = {**json.loads(given), **values}
                except (ValueError, TypeError):
                    result.append(given)  # the store refuses it and says why
                    continue
            result.append(_encode(values) if values else None)
        return result


def _number_pattern(mapping: FileMapping) -> re.Pattern[str] | None:
    """What a number looks like with these marks; None when it is plain already."""
    if mapping.decimal == "." and not mapping.thousands:
        return None
    mark = re.escape(mapping.decimal)
    group = f"[{_SPACES}]" if mapping.thousands and mapping.thousands in _SPACES else re.escape(mapping.thousands)
    whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d*" if mapping.thousands else r"\d*"
    return re.compile(rf"[+-]?(?=\d|{mark}\d)(?:{whole})(?:{mark}\d*)?(?:[eE][+-]?\d+)?")


def _with_hint(column: str, known: Sequence[str]) -> str:
    near = did_you_mean(column, known)
    return f"{column} (did you mean {near}?)" if near else column


def _found(header: Sequence[str]) -> str:
    return f"Found: {', '.join(header)}."


def _require(name: str, table: Table, have: set[str], unused: Sequence[str], header: Sequence[str]) -> None:
    """Raise Fatal REV-502 with everything a file lacks, what it has, and what may have been meant."""
    lacks = [column for column in table.required if column not in have and (column != "id" or table.natural)]
    if not table.natural and "id" not in have and did_you_mean("id", [c for c in unused if c.casefold() == "id"]):
        lacks.insert(0, "id")  # `ID` is a slip, not a file without ids
    groups = [" and ".join(group) for group in table.one_of]
    open_choice = bool(groups) and not any(set(group) <= have for group in table.one_of)
    if not lacks and not open_choice:
        return
    parts = [f"{name} lacks what {table.name} needs: {', '.join(lacks)}."] if lacks else []
    parts += [f"{name} needs one of: {', or '.join(groups)}."] if open_choice else []
    hints = [
        f'Is "{near}" the {column}?'
        for column in (*lacks, *(c for group in table.one_of if open_choice for c in group))
        if (near := did_you_mean(column, unused))
    ]
    if len(header) == 1 and (mark := next((sign for sign in ";\t|" if sign in header[0]), "")):
        hints.append(f"The header looks delimited by {mark!r}: set `delimiter` in a mapping.")
    parts.append(_found(header))
    raise Fatal(
        " ".join(parts),
        code="REV-502",
        hint=" ".join([*hints, "Rename the columns or name them under `columns` in a mapping."]),
    )
