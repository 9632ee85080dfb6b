"""The read side: published snapshots, opened read-only and answered from memory.

Parquet is read by an in-memory DuckDB that is imported with this package, hence lazily by everything a cell touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import duckdb

from revalign_udf.calc.fx import Rates
from revalign_udf.metrics import FACTS, Fact
from revalign_udf.snapshots.cuts import NONE, Measured, Slice, Window
from revalign_udf.snapshots.evaluate import Evaluator
from revalign_udf.snapshots.folder import POINTER, current, label_of, newest_as_of, point_to, published
from revalign_udf.snapshots.lens import Lens, View
from revalign_udf.snapshots.manifest import FORMAT, FactInfo, Manifest, SourceInfo, damaged

__all__ = [
    "FORMAT",
    "NONE",
    "POINTER",
    "Evaluator",
    "FactInfo",
    "Manifest",
    "Measured",
    "Slice",
    "Snapshot",
    "SourceInfo",
    "View",
    "Window",
    "current",
    "label_of",
    "newest_as_of",
    "point_to",
    "published",
]

#: tables of a snapshot that are no facts
SUPPORT = ("customer", "customer_attribute", "fx", "excluded")
#: the same, in snapshots that have them
LATER = ("subscription_line", "goal", "team")
#: what stands between a fact and the name of a variant of it
_VARIANT = "__"
#: fact tables up to this many rows are held in memory; larger ones are scanned from their file
_IN_MEMORY = 300_000


class Snapshot:
    """One published snapshot, open for reading. Raises NoData REV-207 when it is damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)
        self.con = duckdb.connect()
        self.con.execute("SET threads = 2")
        self.facts: Mapping[str, Fact] = {**FACTS, **self.manifest.additions.facts}
        variants = [name for name in self.manifest.facts if _VARIANT in name]
        empty = [self._open(name) for name in (*self.facts, *variants, *SUPPORT, *LATER)]
        self.con.execute("; ".join(filter(None, empty)))
        self._seen: dict[View, Evaluator] = {}

    def _open(self, name: str) -> str:
        """Read a table; of one without rows only the statement that makes it."""
        path = self.folder / f"{name}.parquet"
        info = self.manifest.facts.get(name)
        if info is None and name not in SUPPORT:
            return ""  # published before this table was declared: it is asked for as one without rows
        table = f"fact_{name}" if name.partition(_VARIANT)[0] in self.facts else name
        if info is not None and info.columns:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in info.columns)
            return f'CREATE TABLE "{table}" ({columns})'
        if info is None or not path.is_file():
            raise damaged(self.folder, f"{name}.parquet is missing")
        if path.stat().st_size != info.size:
            raise damaged(self.folder, f"{name}.parquet has {path.stat().st_size} bytes instead of {info.size}")
        kind = "TABLE" if info.rows <= _IN_MEMORY else "VIEW"
        quoted = str(path).replace("'", "''")
        try:
            self.con.execute(f"CREATE {kind} \"{table}\" AS SELECT * FROM read_parquet('{quoted}')")
        except duckdb.Error as error:
            raise damaged(self.folder, f"{name}.parquet cannot be read") from error
        return ""

    def close(self) -> None:
        """Forget everything read."""
        self.con.close()

    @property
    def label(self) -> str:
        """The name people see: ``2026-10-31#2``."""
        return self.manifest.label

    @property
    def as_of(self) -> date:
        """The day the snapshot speaks of."""
        return self.manifest.as_of

    @cached_property
    def rates(self) -> Rates:
        """The exchange rates of the snapshot."""
        rows = self.con.execute("SELECT on_day, from_currency, to_currency, rate FROM fx WHERE rate > 0").fetchall()
        return Rates(rows, self.manifest.currency)

    @property
    def evaluator(self) -> Evaluator:
        """What answers components in company currency, as they were published."""
        return self.seen(View())

    def seen(self, view: View) -> Evaluator:
        """What answers components in a view."""
        if view not in self._seen:
            infos = self.manifest.facts.items()
            known = {name: info.watermark + timedelta(days=1) for name, info in infos if info.watermark}
            currencies = {name: info.currencies for name, info in infos}
            if view.movements:
                currencies["movement"] = currencies[f"movement{_VARIANT}{view.movements}"]
            lens = Lens(self.con, lambda: self.rates, self.manifest.currency, currencies, view)
            self._seen[view] = Evaluator(self.con, lens, known, self.facts)
        return self._seen[view]

    @cached_property
    def known_currencies(self) -> list[str]:
        """Every currency amounts can be shown in: the company's, and those with a rate."""
        rows = self.con.execute("SELECT from_currency FROM fx UNION SELECT to_currency FROM fx").fetchall()
        return sorted({self.manifest.currency, *(code for (code,) in rows)})

    @cached_property
    def _cube(self) -> bool:
        """Whether there is a cube; opened when the first question could use it."""
        path, info = self.folder / "cube.parquet", self.manifest.facts.get("cube")
        if info is None or not path.is_file():
            return False
        if path.stat().st_size != info.size:
            raise damaged(self.folder, f"cube.parquet has {path.stat().st_size} bytes instead of {info.size}")
        quoted = str(path).replace("'", "''")
        try:
            self.con.execute(f"CREATE TABLE cube AS SELECT * FROM read_parquet('{quoted}')")
        except duckdb.Error as error:
            raise damaged(self.folder, "cube.parquet cannot be read") from error
        return True

    def cube(
        self, component: str | None = None, dimension: str | None = None
    ) -> list[tuple[str, date, date, str, str, str | None, int]]:
        """What was computed at publishing: (component, first day, end, dimension, value, exact amount, unrated).

        All of it, or of one component and one dimension (an empty one for totals).
        """
        if not self._cube:
            return []
        return self.con.execute(
            "SELECT * FROM cube WHERE (? IS NULL OR component = ?) AND (? IS NULL OR dimension = ?)",
            [component, component, dimension, dimension],
        ).fetchall()

    def names_of(self, customers: Iterable[str]) -> dict[str, str]:
        """The display names of customers by key."""
        rows = self.con.execute(
            "SELECT customer, name FROM customer WHERE customer IN (SELECT unnest(CAST(? AS VARCHAR[])))",
            [sorted(customers)],
        )
        return dict(rows.fetchall())

    def values_of(self, dimension: str) -> list[str]:
        """Every value a dimension takes in any fact, sorted; ``(none)`` where a record has none."""
        parts = [
            f"SELECT {dimension} AS v FROM fact_{name}"
            for name, fact in self.facts.items()
            if fact.dimensions.get(dimension) == "self" and name in self.manifest.facts
        ]
        if any(fact.dimensions.get(dimension) == "customer" for fact in self.facts.values()):
            parts.append(f"SELECT value AS v FROM customer_attribute WHERE attribute = '{dimension}'")
        if not parts:
            return []
        rows = self.con.execute(
            f"SELECT DISTINCT v FROM ({' UNION ALL '.join(parts)}) x WHERE v IS NOT NULL ORDER BY v"
        )
        return [*(row[0] for row in rows.fetchall() if row[0] != NONE), NONE]
