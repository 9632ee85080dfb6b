"""From the cells of one tab to canonical rows, each refusal with the address of its cell."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import compress
from typing import Any

from revalign_gsheet.entries import Entry
from revalign_udf.canonical import TABLES, Table
from revalign_udf.connector import Log, Message, Rejected, Rows
from revalign_udf.connector.values import key_of
from revalign_udf.errors import Fatal, Retriable, did_you_mean

__all__ = ["Grid", "address"]

Area = tuple[int, int, int, int]
#: what a cell shows when its formula failed
_ERROR = re.compile(r"#(N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|ERROR!)")
_LOADING = "#LOADING!"
_WHOLE = 10**15


def address(row: int, column: int) -> str:
    """A cell's address from places counted from 0.

    >>> address(6, 1), address(0, 26)
    ('B7', 'AA1')
    """
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


@dataclass(slots=True)
class Grid:
    """A tab's cells and where each canonical column stands."""

    entry: Entry
    table: Table
    cells: Sequence[Sequence[Any]]
    merges: Sequence[Area]
    place: dict[str, int] = field(default_factory=dict)
    """canonical column -> column of the tab"""
    extra: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, entry: Entry, cells: Sequence[Sequence[Any]], merges: Sequence[Area]) -> Grid:
        """Read the header. Raises Fatal REV-502 when a column is missing that the table or the settings need."""
        grid = cls(entry, TABLES[entry.table], cells, merges)
        at = entry.header_row - 1
        head = cells[at] if at < len(cells) else ()
        names = {column: str(value).strip() for column, value in enumerate(head) if value is not None}
        if not names:
            hint = "Set header_row to the row with the names of the columns, counted from 1."
            raise Fatal(f"Row {entry.header_row} of the tab {entry.tab!r} is empty.", code="REV-502", hint=hint)
        grid._match(names)
        grid._require(names)
        return grid

    def _match(self, names: Mapping[int, str]) -> None:
        twice = {name for name, count in Counter(names.values()).items() if count > 1}
        places = {name: column for column, name in names.items() if name not in twice}
        for canonical, name in self.entry.columns.items():
            if name in twice:
                where = ", ".join(address(self.entry.header_row - 1, c) for c, n in names.items() if n == name)
                hint = "Rename all but one of them."
                raise Fatal(
                    f"The tab {self.entry.tab!r} has {name!r} more than once: {where}.", code="REV-502", hint=hint
                )
            if name not in places:
                near = did_you_mean(name, places)
                hint = f"Did you mean {near!r}?" if near else f"Found: {', '.join(names.values())}."
                raise Fatal(f"The tab {self.entry.tab!r} has no column {name!r}.", code="REV-502", hint=hint)
            self.place[canonical] = places[name]
        mapped = set(self.place.values())
        own = Counter(_plain(name) for name in names.values())
        for column, name in names.items():
            canonical = _plain(name)
            if column in mapped:
                continue
            free = canonical in self.table.columns and canonical not in self.place
            if free and canonical not in self.entry.constants:
                if own[canonical] > 1:
                    raise Fatal(
                        f"The tab {self.entry.tab!r} has the column {canonical} more than once.",
                        code="REV-502",
                        hint="Rename all but one, or say under `columns` which is meant.",
                    )
                self.place[canonical] = column
            elif name in twice:
                self.notes.append(f"{self.entry.tab}: {name!r} stands over several columns; none of them is read.")
            else:
                self.extra[name] = column
        if self.extra:
            self.notes.append(f"{self.entry.tab}: columns kept in attrs: {', '.join(self.extra)}.")
        self.notes = list(dict.fromkeys(self.notes))

    def _require(self, names: Mapping[int, str]) -> None:
        have = {*self.place, *self.entry.constants}
        lacks = [name for name in self.table.required if name not in have and (name != "id" or self.table.natural)]
        if lacks:
            hints = [f"Is {near!r} the {name}?" for name in lacks if (near := did_you_mean(name, self.extra))]
            raise Fatal(
                f"The tab {self.entry.tab!r} lacks what {self.table.name} needs: {', '.join(lacks)}."
                f" Found in row {self.entry.header_row}: {', '.join(names.values())}.",
                code="REV-502",
                hint=" ".join([*hints, "Rename the columns or name them under `columns`."]),
            )

    # --- rows --------------------------------------------------------------------------------------------------------

    def messages(self) -> Iterator[Message]:
        """What there is to say, the rows that cannot be used, the rows."""
        yield from (Log(text) for text in self.notes)
        covered = self._covered()
        kept: list[list[str | None]] = []
        extras: list[str | None] = []
        lines: list[int] = []
        totals = 0
        for at in range(self.entry.header_row, len(self.cells)):
            row = self._filled(at, covered)
            first = next((value for value in row if value is not None), None)
            if first is None:
                continue
            if isinstance(first, str) and first.strip().casefold() in self.entry.totals:
                totals += 1
                continue
            if (wrong := self._wrong(at, row, covered)) is not None:
                yield wrong
                continue
            kept.append([self._text(name, self._at(row, column)) for name, column in self.place.items()])
            extras.append(self._attrs(row))
            lines.append(at + 1)
        if totals:
            yield Log(f"{self.entry.tab}: {totals} rows of totals left out.")
        yield from self._rows(kept, extras, lines)

    def _rows(
        self, kept: Sequence[Sequence[str | None]], extras: Sequence[str | None], lines: Sequence[int]
    ) -> Iterator[Message]:
        if not kept:
            return
        columns: dict[str, list[str | None]] = {}
        if not self.table.natural and "id" not in {*self.place, *self.entry.constants}:
            columns["id"] = list(self._ids(kept))
        columns |= dict(zip(self.place, map(list, zip(*kept, strict=True)), strict=True))
        columns |= {name: [value] * len(kept) for name, value in self.entry.constants.items()}
        if self.extra:
            columns["attrs"] = list(extras)
        good = [True] * len(kept)
        if self.entry.date_format:
            for name in self.place:
                if self.table.columns[name].kind in ("date", "instant"):
                    yield from self._dates(name, columns, lines, good)
        yield Rows(
            self.table.name,
            {name: list(compress(values, good)) for name, values in columns.items()},
            self.entry.tab,
            list(compress(lines, good)),
            scope=self.entry.name,
        )

    def _dates(
        self, name: str, columns: Mapping[str, list[str | None]], lines: Sequence[int], good: list[bool]
    ) -> Iterator[Message]:
        """Dates that were typed as text, by their format; cells that are dates are ISO already."""
        values = columns[name]
        for index, value in enumerate(values):
            if value is None or not good[index] or re.match(r"\d{4}-\d\d-\d\d($|T)", value):
                continue
            try:
                found = datetime.strptime(value.strip(), self.entry.date_format)  # noqa: DTZ007 - of the company's zone
            except ValueError:
                good[index] = False
                where = address(lines[index] - 1, self.place[name])
                reason = f"{where} does not follow the date format {self.entry.date_format}"
                yield Rejected(
                    self.table.name, reason, file=self.entry.tab, line=lines[index], column=name, value=value,
                    key=key_of(self.table.key, columns, index),
                )  # fmt: skip
                continue
            plain = found.hour == found.minute == found.second == found.microsecond == 0
            values[index] = found.date().isoformat() if plain else found.isoformat()

    def _covered(self) -> dict[tuple[int, int], Area]:
        """Cells of merged areas besides the first of each."""
        return {
            (row, column): area
            for area in self.merges
            for row in range(area[0], min(area[2], len(self.cells)))
            for column in range(area[1], area[3])
            if (row, column) != area[:2]
        }

    def _filled(self, at: int, covered: Mapping[tuple[int, int], Area]) -> Sequence[Any]:
        row = self.cells[at]
        if not self.entry.fill_merged:
            return row
        filled = list(row)
        for (own, column), area in covered.items():
            if own == at:
                filled += [None] * (column + 1 - len(filled))
                filled[column] = self._at(self.cells[area[0]], area[1])
        return filled

    def _wrong(self, at: int, row: Sequence[Any], covered: Mapping[tuple[int, int], Area]) -> Rejected | None:
        """Why a row cannot be used: an error in a cell, or one that is swallowed by a merge."""
        for name, column in self.place.items():
            where, value = address(at, column), self._at(row, column)
            if value == _LOADING:
                raise Retriable(f"{where} of the tab {self.entry.tab!r} is still being computed.", hint="Pull again.")
            if isinstance(value, str) and _ERROR.fullmatch(value):
                return self._reject(at, name, f"{where} shows {value}", value)
            area = covered.get((at, column))
            if area is not None and not self.entry.fill_merged:
                whole = f"{address(area[0], area[1])}:{address(area[2] - 1, area[3] - 1)}"
                why = f"{where} is inside the merged cells {whole}, of which only the first has a value"
                return self._reject(at, name, f"{why}; unmerge them or set fill_merged = true")
        return None

    def _reject(self, at: int, name: str, reason: str, value: str = "") -> Rejected:
        row = self.cells[at]
        own = {key: [self._text(key, self._at(row, self.place[key]))] for key in self.table.key if key in self.place}
        own |= {key: [value] for key, value in self.entry.constants.items()}
        return Rejected(
            self.table.name, reason, file=self.entry.tab, line=at + 1, column=name, value=value,
            key=key_of(self.table.key, own, 0),
        )  # fmt: skip

    @staticmethod
    def _at(row: Sequence[Any], column: int) -> Any:
        return row[column] if column < len(row) else None

    def _text(self, name: str, value: Any) -> str | None:
        """A cell's value as the text of a canonical value; numbers exact, and whole ones without a point."""
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            whole = value == int(value) and abs(value) < _WHOLE
            return str(int(value)) if whole else format(Decimal(repr(value)), "f")
        text = str(value)
        kind = self.table.columns[name].kind
        if kind in ("date", "instant") and re.fullmatch(r"\d{4}-\d\d", text):
            return f"{text}-01"  # a month in a column of days is its first
        if kind == "date" and re.match(r"\d{4}-\d\d-\d\dT", text):
            return text[:10]  # the day the spreadsheet shows
        return text

    def _attrs(self, row: Sequence[Any]) -> str | None:
        kept = {name: value for name, column in self.extra.items() if (value := self._at(row, column)) is not None}
        return json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else None

    def _ids(self, kept: Sequence[Sequence[str | None]]) -> Iterator[str]:
        """Hash of the tab's name and the row's cells, and how often they came before: equal rows both count."""
        seen: Counter[str] = Counter()
        for row in kept:
            content = "\x1f".join(f"{name}={value}" for name, value in zip(self.place, row, strict=True) if value)
            key = hashlib.blake2b(f"{self.entry.name}\0{content}".encode(), digest_size=12).hexdigest()
            seen[key] += 1
            yield f"{key}-{seen[key]}"


def _plain(name: str) -> str:
    """A header as a canonical name would be written: ``Team ID`` as ``team_id``."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
