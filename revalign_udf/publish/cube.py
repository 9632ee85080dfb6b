"""The cube: common slices computed once at publishing, so that a cell answers from memory.

It holds every additive component for the months, quarters and years of the last five years, and, for facts of 20,000 rows
or more, month by month cut by one of the common dimensions. Left out, and answered from the facts when asked for: smaller
facts (they answer at once), lifetimes, dimensions with more than 50 values, and the balances of a dimension where
movements x months exceed 100 million.

The numbers are the Evaluator's, asked of the snapshot just written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from revalign_udf.metrics import COMPONENTS, Component
from revalign_udf.periods import GRAINS, Period, add_months, between, of_grain
from revalign_udf.snapshots import FactInfo, Measured, Slice, Snapshot, Window

__all__ = ["CUBE", "Row", "cube_rows", "write_cube"]

CUBE = "cube"
#: facts with fewer rows are answered in milliseconds anyway
_WORTH = 20_000
#: what people cut by; at a million items each costs a build about five seconds
_COMMON = ("segment", "country", "channel", "product_line")
#: no months before this many
_MONTHS = 60
#: no dimensions with more values
_VALUES = 50
#: no balances of a dimension beyond this many movements x months
_BALANCES = 100_000_000

Row = tuple[str, date, date, str, str, str | None, int]
"""(component, first day, day after the last, dimension or "", value, exact amount or None for no rows, unrated rows)"""

_SCHEMA = pa.schema(
    [
        ("component", pa.string()),
        ("start_day", pa.date32()),
        ("end_day", pa.date32()),
        ("dimension", pa.string()),
        ("value", pa.string()),
        ("amount", pa.string()),
        ("unrated", pa.int32()),
    ]
)


def write_cube(work: Path, memory_limit: str, spill: Path) -> FactInfo:
    """Compute the cube of the snapshot lying in a folder and write it there; returns what the manifest says of it."""
    snapshot = Snapshot(work)
    try:
        snapshot.con.execute(f"SET memory_limit = '{memory_limit}'")
        snapshot.con.execute(f"SET temp_directory = '{_quoted(spill)}'")
        rows = sorted(cube_rows(snapshot), key=lambda row: row[:5])
        path = work / f"{CUBE}.parquet"
        columns = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
        table = pa.table(
            [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
        )
        snapshot.con.register("cube_rows", table)
        snapshot.con.execute(f"COPY (FROM cube_rows) TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")
    finally:
        snapshot.close()
    return FactInfo(CUBE, len(rows), size=path.stat().st_size)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def cube_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Every row of the cube. A window that was computed has at least one row, if only to say that nothing is in it."""
    large = any(info.rows >= _WORTH for info in snapshot.manifest.facts.values())
    sizes = {name: len(snapshot.values_of(name)) - 1 for name in _COMMON if large}
    components = {**COMPONENTS, **snapshot.manifest.additions.components}
    for fact in snapshot.facts.values():
        info = snapshot.manifest.facts[fact.name]
        totals, months = _windows(info, snapshot)
        if not months:
            continue
        chosen = [item for item in components.values() if item.fact == fact.name and item.kept]
        flows = [
            item for item in chosen if item.shape not in ("start", "end") or item.measure in ("entered", "left_slice")
        ]
        balances = [item for item in chosen if item not in flows]
        worth = info.rows >= _WORTH
        names = [name for name in _COMMON if worth and name in fact.dimensions and 0 < sizes[name] <= _VALUES]
        yield from _rows(flows, totals, snapshot.evaluator.evaluate(flows, totals, {}), "")
        for name in names:
            yield from _rows(flows, months, snapshot.evaluator.evaluate(flows, months, {}, (name,)), name)
        if balances:
            yield from _rows(balances, totals, snapshot.evaluator.evaluate(balances, totals, {}), "")
            # of the other populations a slice is asked for rarely, and costs a build as much
            for name in names if fact.name == "movement" and info.rows * len(months) <= _BALANCES else ():
                yield from _rows(balances, months, snapshot.evaluator.evaluate(balances, months, {}, (name,)), name)


def _windows(info: FactInfo, snapshot: Snapshot) -> tuple[list[Window], list[Window]]:
    """Windows of all grains, and of months alone; each cut off after the last complete day, as a question's is."""
    if not info.rows or info.first_day is None or info.watermark is None or info.first_day > info.watermark:
        return [], []
    end, calendar = info.watermark + timedelta(days=1), snapshot.manifest.calendar
    earliest = add_months(info.watermark.replace(day=1), 1 - _MONTHS)

    def of(period: Period) -> Window:
        return Window(period.start, min(period.end, end))

    found: dict[str, list[Window]] = {}
    for grain in GRAINS:
        first = of_grain(grain, max(info.first_day, earliest), calendar)
        found[grain] = [of(item) for item in between(first, of_grain(grain, info.watermark, calendar), grain)]
    return list(dict.fromkeys(window for windows in found.values() for window in windows)), found["month"]


def _rows(
    components: Sequence[Component], windows: Sequence[Window],
    found: Mapping[tuple[str, int, Slice], Measured], dimension: str,
) -> Iterator[Row]:  # fmt: skip
    """A slice worth nothing is left out, as the reader takes what is absent for zero; a window never is."""
    filled: set[tuple[str, int]] = set()
    for (name, index, values), measured in found.items():
        if measured.value or measured.unrated or not dimension:
            window = windows[index]
            value = values[0] if dimension else ""
            filled.add((name, index))
            # without every rate there is no value to answer with; see Session.value
            amount = "0" if measured.unrated else str(measured.value)
            yield name, window.start, window.end, dimension, value, amount, measured.unrated
    for item in components:
        for index, window in enumerate(windows):
            if (item.name, index) not in filled:
                yield item.name, window.start, window.end, dimension, "", None, 0
