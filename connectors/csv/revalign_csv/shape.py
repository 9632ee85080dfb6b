"""Rows before their columns mean anything: which count, columns of other files beside them, columns made of several."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from revalign_csv.cells import Broken
from revalign_csv.mapping import FileMapping
from revalign_csv.options import Join, Spec
from revalign_csv.text import Batch
from revalign_udf.canonical import TABLES
from revalign_udf.connector.values import take
from revalign_udf.errors import Fatal, did_you_mean

__all__ = ["Joined", "Shape"]

Row = list[str]
Make = Callable[[Row], str]
_TRUE = {"true", "t", "yes", "y", "1"}
_FIELD = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Joined:
    """Another file in memory: its columns, and one row per key."""

    header: Sequence[str]
    rows: Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Shape:
    """How the rows of one file become those that its mapping speaks of."""

    name: str
    mapping: FileMapping
    own: int
    """how many columns are the file's own"""
    header: list[str]
    columns: dict[str, str] = field(default_factory=dict)
    """canonical name -> name in ``header``"""
    used: set[str] = field(default_factory=set)
    """columns of the file that some value is made of, or some condition looks at"""
    left_out: int = 0
    unmatched: dict[str, int] = field(default_factory=dict)
    _joins: list[tuple[int, Joined, str]] = field(default_factory=list)
    _made: list[Make] = field(default_factory=list)
    _tests: list[tuple[int, tuple[str, ...], bool]] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, header: Sequence[str], mapping: FileMapping, load: Callable[[Join], Joined | None]) -> Shape:
        """Match a mapping with a header. Raises Fatal REV-502 for a column that is not there."""
        shape = cls(name, mapping, len(header), list(header))
        for join in mapping.joins:
            if (found := load(join)) is not None:
                shape._joins.append((shape._place(join.on), found, join.prefix))
                shape.header += [f"{join.prefix}.{column}" for column in found.header]
        made: dict[str, Make] = {}
        for canonical, spec in mapping.columns.items():
            column = shape._resolved(canonical, spec, made)
            if column is not None:
                shape.columns[canonical] = column
        for conditions, wanted in ((mapping.where, True), (mapping.unless, False)):
            for spec, patterns in conditions.items():
                if wanted or shape._known(spec):
                    column = shape._one(spec, made)
                    shape._tests.append((shape._place(column, made), patterns, wanted))
        shape._made = list(made.values())
        shape.header += list(made)
        return shape

    @property
    def plain(self) -> bool:
        """Whether rows pass as they are."""
        return not (self._joins or self._made or self._tests)

    def apply(self, batch: Batch) -> Batch:
        """The rows that count, with every column of ``header``."""
        if self.plain or not batch.rows:
            return batch
        rows, lines = [], []
        for row, line in zip(batch.rows, batch.lines, strict=True):
            full = list(row)
            for place, joined, prefix in self._joins:
                beside = joined.rows.get(full[place])
                if beside is None:
                    self.unmatched[prefix] = self.unmatched.get(prefix, 0) + 1
                    beside = [""] * len(joined.header)
                full += beside
            for make in self._made:  # one by one: a later one may be made of an earlier one
                full.append(make(full))
            if all(_fits(full[place], patterns) is wanted for place, patterns, wanted in self._tests):
                rows.append(full)
                lines.append(line)
            else:
                self.left_out += 1
        return Batch(rows, lines, batch.bad)

    # --- columns -----------------------------------------------------------------------------------------------------

    def _resolved(self, canonical: str, spec: Spec, made: dict[str, Make]) -> str | None:
        if isinstance(spec, str):
            return self._one(spec, made)
        there = [item for item in spec if self._known(item)]
        if not there:
            return None
        columns = [self._one(item, made) for item in there]
        if len(columns) == 1:
            return columns[0]
        places = [self._place(column, made) for column in columns]
        kinds = TABLES[self.mapping.table].columns
        boolean = canonical in kinds and kinds[canonical].kind == "bool"
        name = " | ".join(columns)
        made.setdefault(name, _any(places) if boolean else _first(places))
        return name

    def _known(self, spec: str) -> bool:
        if spec in self.header:
            return True
        if fields := _FIELD.findall(spec):
            return all(self._known(item) for item in fields)
        return "->" in spec and spec.split("->", 1)[0] in self.header

    def _one(self, spec: str, made: dict[str, Make]) -> str:
        """The column of a name, a template or a path into JSON; made once."""
        if spec in self.header or spec in made:
            self.used.add(spec)
            return spec
        if fields := _FIELD.findall(spec):
            places = {item: self._place(self._one(item, made), made) for item in fields}
            made[spec] = _template(spec, places)
            return spec
        column, arrow, path = spec.partition("->")
        if arrow and column in self.header:
            self.used.add(column)
            made[spec] = _inside(self.header.index(column), path)
            return spec
        near = did_you_mean(spec, self.header)
        hint = f"Did you mean {near}?" if near else f"Found: {', '.join(self.header)}."
        raise Fatal(f'{self.name} has no column "{spec}", which its mapping names.', code="REV-502", hint=hint)

    def _place(self, column: str, made: Mapping[str, Make] | None = None) -> int:
        if column in self.header:
            return self.header.index(column)
        if made is not None and column in made:
            return len(self.header) + list(made).index(column)
        self._one(column, {})  # raises, and says what may have been meant
        raise AssertionError(column)


def _fits(cell: str, patterns: Sequence[str]) -> bool:
    text = cell.strip().casefold()
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)


def _first(places: Sequence[int]) -> Make:
    return lambda row: next((row[place] for place in places if row[place].strip()), "")


def _any(places: Sequence[int]) -> Make:
    def made(row: Row) -> str:
        if any(row[place].strip().casefold() in _TRUE for place in places):
            return "true"
        return next((row[place] for place in places if row[place].strip()), "")

    return made


def _template(spec: str, places: Mapping[str, int]) -> Make:
    def made(row: Row) -> str:
        parts = {name: row[place] for name, place in places.items()}
        for part in parts.values():
            if type(part) is Broken:
                return part
        return _FIELD.sub(lambda found: parts[found[1]], spec).strip() if any(parts.values()) else ""

    return made


def _inside(place: int, path: str) -> Make:
    def made(row: Row) -> str:
        text = row[place]
        if not text.strip() or type(text) is Broken:
            return text
        try:
            found: Any = take({"": json.loads(text, parse_float=str, parse_int=str)}, f".{path}")
        except ValueError:
            return Broken("is not JSON")
        if found is None:
            return ""
        if isinstance(found, bool):
            return "true" if found else "false"
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    return made
