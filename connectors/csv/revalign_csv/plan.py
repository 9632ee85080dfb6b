"""From the cells of one file to canonical columns."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import compress
from typing import Any

from revalign_csv.cells import Broken, letters
from revalign_csv.convert import Step, major, steps
from revalign_csv.mapping import BOOKS, FileMapping
from revalign_csv.shape import Shape
from revalign_csv.text import Batch
from revalign_udf.canonical import TABLES, Table
from revalign_udf.connector import Message, Rejected, Rows
from revalign_udf.connector.values import key_of
from revalign_udf.errors import Fatal, did_you_mean

__all__ = ["Plan"]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Bad = dict[int, tuple[str, str, str]]
"""index in the batch -> column, cell, reason"""


@dataclass(slots=True)
class Plan:
    """Where each canonical column of one file comes from. Made from its header, used for every batch."""

    name: str
    scope: str
    mapping: FileMapping
    table: Table
    shape: Shape
    sources: dict[str, int]
    extra: dict[str, int]
    makes_id: bool
    currency: str
    iso: bool
    """whether dates are rewritten here; else the store reads them by the file's one format"""
    notes: list[str] = field(default_factory=list)
    _steps: dict[str, list[Step]] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _again: dict[bytes, int] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, scope: str, shape: Shape, currency: str) -> Plan:
        """Read a header. Raises Fatal REV-502 when a column is missing that the table or the mapping needs."""
        mapping, header = shape.mapping, shape.header
        table = TABLES[mapping.table]
        place = {column: index for index, column in enumerate(header)}
        sources = {canonical: place[column] for canonical, column in shape.columns.items()}
        extra: dict[str, int] = {}
        taken = set(shape.columns.values())
        for column, index in list(place.items())[: shape.own]:
            if column in taken:
                continue
            if column in table.columns and column not in sources and column not in mapping.constants:
                sources[column] = index
            elif column not in shape.used and any(fnmatch.fnmatchcase(column, pattern) for pattern in mapping.attrs):
                extra[column] = index
        # a mapped column may be asked for by its name
        extra |= {column: place[column] for column in mapping.attrs if column in shape.used and column in place}
        _require(name, table, {*sources, *mapping.constants}, list(extra), header)
        makes_id = not table.natural and "id" not in sources and "id" not in mapping.constants
        iso = bool(mapping.time_zone or mapping.date_formats) or name.lower().endswith(BOOKS)
        plan = cls(name, scope, mapping, table, shape, sources, extra, makes_id, currency, iso)
        plan._steps = {column: steps(table.columns[column], mapping, iso=iso) for column in sources}
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
        batch = self.shape.apply(batch)
        if not batch.rows:
            return messages
        count = len(batch.rows)
        cells: list[Sequence[str]] = list(zip(*batch.rows, strict=True))
        bad: Bad = {}
        columns: dict[str, Sequence[Any]] = {}
        if self.makes_id:
            own = self.shape.own
            columns["id"] = self._ids(batch.rows if self.shape.plain else [row[:own] for row in batch.rows])
        for column, index in self.sources.items():
            values = self._converted(column, cells[index], bad)
            columns[column] = [value or None for value in values] if "" in values else values
        for column, value in self.mapping.constants.items():
            columns[column] = [self._constant(column, value)] * count
        self._minor_units(columns, cells, bad)
        if self.extra:
            columns["attrs"] = self._attrs(cells, columns.get("attrs"), count)
        lines: Sequence[int] = batch.lines
        if self.name.lower().endswith(BOOKS) or not self.shape.plain:
            self._broken(cells, lines, bad)
        if bad:
            messages += [
                Rejected(
                    self.table.name, reason, file=self.name, line=lines[index], column=column, value=value,
                    key=key_of(self.table.key, columns, index),
                )
                for index, (column, value, reason) in sorted(bad.items())
            ]  # fmt: skip
            keep = [index not in bad for index in range(count)]
            columns = {column: list(compress(values, keep)) for column, values in columns.items()}
            lines = list(compress(lines, keep))
        if lines:
            form = "" if self.iso else self.mapping.date_format
            messages.append(Rows(self.table.name, columns, self.name, lines, scope=self.scope, date_format=form))
        return messages

    def _converted(self, column: str, values: Sequence[str], bad: Bad) -> Sequence[str]:
        def refuse(index: int, cell: str, reason: str) -> None:
            bad.setdefault(index, (column, cell, reason))

        for step in self._steps[column]:
            values = step(values, refuse)
        return values

    def _minor_units(self, columns: dict[str, Sequence[Any]], cells: Sequence[Sequence[str]], bad: Bad) -> None:
        """Amounts in minor units (cents) as major ones, each by the currency of its row."""
        for column in self.mapping.minor_units:
            if column not in columns:
                continue
            amounts = columns[column]
            currencies: Sequence[Any] = columns.get("currency") or [None] * len(amounts)
            if "currency" not in columns and self.mapping.currency_column in self.shape.header:
                currencies = cells[self.shape.header.index(self.mapping.currency_column)]
            made: list[str | None] = []
            for index, (amount, currency) in enumerate(zip(amounts, currencies, strict=True)):
                try:
                    made.append(major(amount, currency, self.currency))
                except ValueError:
                    bad.setdefault(index, (column, amount, "not an amount in minor units"))
                    made.append(None)
            columns[column] = made

    def _broken(self, cells: Sequence[Sequence[str]], lines: Sequence[int], bad: Bad) -> None:
        """Rows with an error, or a swallowed cell, where a value is needed: refused by the cell's address."""
        for column, place in self.sources.items():
            for index, cell in enumerate(cells[place]):
                if type(cell) is not Broken:
                    continue
                where = f"{letters(place)}{lines[index]}" if place < self.shape.own else column
                if cell == "merged":
                    why = f"{where} is inside merged cells, of which only the first has a value"
                else:
                    why = f"{where} shows {cell}" if cell.startswith("#") else f"{column} {cell}"
                bad[index] = (column, str(cell), why)

    def _ids(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Hash of the cells plus how often they came before: exact duplicates are rows of their own.

        The file's name is part of it, as two files may hold the same line and both count. Eight bytes per row decide
        whether one is new; should two different rows ever share those, the second is merely numbered 2.
        """
        start = hashlib.blake2b(self.scope.encode() + b"\0", digest_size=12)
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

    def _constant(self, column: str, value: str) -> str:
        """A constant date as the file would write it, since one format holds for the whole batch."""
        if self.iso or not self.mapping.date_format or self.table.columns[column].kind not in ("date", "instant"):
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
            values: dict[str, Any] = {
                name: cell
                for name, cell in zip(names, row, strict=True)
                if cell and (cell != "merged" or type(cell) is str)
            }
            if given:
                try:
                    values = {**json.loads(given), **values}
                except (ValueError, TypeError):
                    result.append(given)  # the store refuses it and says why
                    continue
            result.append(_encode(values) if values else None)
        return result


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
