"""Reading a case: one YAML file with the tables of a small company and numbers to check twice.

Every scalar is text (YAML's own types would turn 0.1 into a float and the country NO into false); numbers are read
exactly, as whole numbers, decimals or fractions. A key nobody knows is an error: a check nobody runs proves nothing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import yaml

from revalign_udf.canonical import TABLES

__all__ = ["Case", "Check", "all_cases", "by_query", "database", "exactly", "read"]

HERE = Path(__file__).parent

#: ``{1..30}`` in a row: one row per number
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
#: what a column of a canonical kind is in the check's database
_TYPES = {
    "money": "DECIMAL(18,6)", "decimal": "DECIMAL(18,6)", "int": "BIGINT", "bool": "BOOLEAN", "date": "DATE",
    "instant": "TIMESTAMP",
}  # fmt: skip
_CASE = {"title", "source", "note", "settings", "through", "tables", "before", "checks"}
_CHECK = {
    "metric", "period", "where", "with", "profile", "currency", "as_of", "cell", "value", "status", "published", "note",
    "check", "tolerance", "xfail",
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One number of a case: what is asked, what must come out, and the query that says so too."""

    metric: str
    period: str
    value: Fraction | None
    """the number, or None where there must be none"""
    status: str
    """the reason why there is none, or empty"""
    query: str
    parameters: Mapping[str, str]
    """dimensions (where) and parameters (with) together, as the door takes them"""
    where: Mapping[str, str]
    options: Mapping[str, str]
    """parameters alone"""
    view: Mapping[str, str]
    """profile, currency, as_of"""
    cell: Mapping[str, Any]
    """of a table metric: the row by its values, and the column"""
    tolerance: Fraction
    """how far off a number may be that has no exact form, such as a twelfth power"""
    xfail: str


@dataclass(frozen=True)
class Case:
    """One file: tables, settings and checks."""

    name: str
    title: str
    source: str
    settings: str
    through: str
    tables: Mapping[str, str]
    before: Mapping[str, Any]
    """tables and through of an earlier pull, for what was entered late"""
    checks: tuple[Check, ...]


def all_cases() -> dict[str, Case]:
    """Every case by the name of its file."""
    return {path.stem: read(path) for path in sorted(HERE.glob("*.yaml"))}


def read(path: Path) -> Case:
    """The case in a file. Raises ValueError naming the file for an unknown or missing key."""
    raw = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    _known(path, raw, _CASE, {"title", "source", "through", "tables", "checks"})
    before = raw.get("before", {})
    if before:
        _known(path, before, {"through", "tables"}, {"through", "tables"})
        before = {**before, "tables": _tables(before["tables"])}
    return Case(
        path.stem, raw["title"], raw["source"], raw.get("settings", ""), raw["through"], _tables(raw["tables"]), before,
        tuple(_check(path, item) for item in raw["checks"]),
    )  # fmt: skip


def _known(path: Path, found: Mapping[str, Any], allowed: set[str], needed: set[str]) -> None:
    if strange := set(found) - allowed:
        raise ValueError(f"{path.name}: unknown {', '.join(sorted(strange))}; known: {', '.join(sorted(allowed))}")
    if missing := needed - set(found):
        raise ValueError(f"{path.name}: {', '.join(sorted(missing))} missing")


def _check(path: Path, raw: Mapping[str, Any]) -> Check:
    _known(path, raw, _CHECK, {"metric", "period", "check"})
    if ("value" in raw) == ("status" in raw):
        raise ValueError(f"{path.name}: {raw['metric']} needs a value, or the status why there is none")
    where, options = dict(raw.get("where", {})), dict(raw.get("with", {}))
    return Check(
        metric=raw["metric"], period=raw["period"], value=Fraction(raw["value"]) if "value" in raw else None,
        status=raw.get("status", ""), query=raw["check"], parameters={**where, **options}, where=where, options=options,
        view={name: raw[name] for name in ("profile", "currency", "as_of") if name in raw}, cell=raw.get("cell", {}),
        tolerance=Fraction(raw.get("tolerance", 0)), xfail=raw.get("xfail", ""),
    )  # fmt: skip


def _tables(raw: Mapping[str, str]) -> dict[str, str]:
    return {
        name: "\n".join(line for row in text.strip().splitlines() for line in _rows(row)) for name, text in raw.items()
    }


def _rows(row: str) -> Iterator[str]:
    """A row, or one row per number where it has a range; ``{n}`` is the number again.

    ``c{1..3} org{n} 10`` is three rows: ``c1 org1 10``, ``c2 org2 10``, ``c3 org3 10``.
    """
    found = _RANGE.search(row)
    if not found:
        yield row
        return
    first, last = int(found[1]), int(found[2])
    for number in range(first, last + 1):
        yield f"{row[: found.start()]}{number}{row[found.end() :]}".replace("{n}", str(number))


# --- the check query --------------------------------------------------------------------------------------------------


def database(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database of its own with the CSV files of a folder, each a table, as they are."""
    con = duckdb.connect()
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            head, *body = list(csv.reader(lines))
        kinds = {column.name: column.kind for column in TABLES[path.stem].columns.values()}
        columns = []
        for place, name in enumerate(head):
            kind = kinds.get(name, "text")
            days = kind == "instant" and all(len(row[place]) <= len("2026-01-31") for row in body)
            sort = "DATE" if days else _TYPES.get(kind, "VARCHAR")
            columns.append(f'"{name}" {sort}')
        con.execute(f"CREATE TABLE {path.stem} ({', '.join(columns)})")
        con.execute(f"COPY {path.stem} FROM '{path}' (HEADER, NULLSTR '')")
    return con


def by_query(con: duckdb.DuckDBPyConnection, query: str, *, inexact: bool = False) -> Fraction | None:
    """What a check's query says.

    One column is the number; two are a numerator and a denominator, so that no division rounds. None where the number
    is NULL or the denominator zero. A float is refused unless the check is about a number without an exact form.
    """
    rows = con.execute(query).fetchall()
    assert len(rows) == 1, f"the check must give one row, not {len(rows)}"
    parts = [None if value is None else exactly(value, inexact=inexact) for value in rows[0]]
    assert len(parts) in {1, 2}, "the check must give the number, or its numerator and denominator"
    above, below = parts[0], parts[1] if len(parts) == 2 else Fraction(1)
    return above / below if above is not None and below else None


def exactly(value: object, *, inexact: bool = False) -> Fraction:
    """A value of the database as an exact number. Raises TypeError for a float where none may be."""
    if isinstance(value, float) and not inexact:
        raise TypeError("the check divided and rounded: give numerator and denominator as two columns")
    if not isinstance(value, int | Decimal | float):
        raise TypeError(f"the check gave {value!r}, which is no number")
    return Fraction(value)
