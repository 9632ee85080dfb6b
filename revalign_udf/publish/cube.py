"""The cube: common slices computed once at publishing, so that a cell answers from memory.

It holds every additive component for the months, quarters and years of the last five years, and month by month cut by
one dimension. Left out, and answered from the facts when asked for: lifetimes, dimensions with more than 50 values, and
the balances of a dimension where movements x months exceed 100 million.

The numbers are the Evaluator's. Balances are asked of *condensed* movements: what lies before a group of windows is
summed to one row per customer and slice first. Sums of integers do not mind, and a million items take seconds instead of
minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from revalign_udf.metrics import COMPONENTS, DIMENSIONS, FACTS, Component
from revalign_udf.periods import GRAINS, Period, add_months, between, of_grain
from revalign_udf.snapshots import Evaluator, FactInfo, Measured, Slice, Snapshot, Window

__all__ = ["CUBE", "Row", "cube_rows", "write_cube"]

CUBE = "cube"
#: no months before this many
_MONTHS = 60
#: no dimensions with more values
_VALUES = 50
#: no balances of a dimension beyond this many movements x months
_BALANCES = 100_000_000
#: windows share one condensed table: as many as keep movements x windows below this, or three
_TOGETHER = 2_000_000

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
    sizes = {name: len(snapshot.values_of(name)) - 1 for name in DIMENSIONS}
    for fact in FACTS.values():
        info = snapshot.manifest.facts[fact.name]
        totals, months = _windows(info, snapshot)
        if not months:
            continue
        chosen = [item for item in COMPONENTS.values() if item.fact == fact.name and item.shape != "lifetime"]
        flows = [item for item in chosen if item.shape == "flow" or item.measure in ("entered", "left_slice")]
        balances = [item for item in chosen if item not in flows]
        names = [name for name in fact.dimensions if 0 < sizes[name] <= _VALUES]
        yield from _rows(flows, totals, snapshot.evaluator.evaluate(flows, totals, {}), "")
        for name in names:
            yield from _rows(flows, months, snapshot.evaluator.evaluate(flows, months, {}, (name,)), name)
        if balances:
            within = info.rows * len(months) <= _BALANCES
            yield from _balances(snapshot, balances, {"": totals, **dict.fromkeys(names if within else (), months)})


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


def _balances(
    snapshot: Snapshot, components: Sequence[Component], asked: Mapping[str, Sequence[Window]]
) -> Iterator[Row]:
    """Balances per dimension ("" for totals), group of windows by group of windows over condensed movements."""
    # a cursor is a connection of its own: its temporary table hides the snapshot's facts from this evaluator only
    con = snapshot.con.cursor()
    evaluator = Evaluator(con, lambda: snapshot.rates, snapshot.manifest.facts["movement"].currencies)
    dimensions: dict[tuple[Window, ...], list[str]] = {}
    for name, windows in asked.items():
        for some in _groups(windows, snapshot.manifest.facts["movement"].rows):
            dimensions.setdefault(some, []).append(name)
    try:
        for windows, names in dimensions.items():
            _condense(con, windows)
            for name in names:
                by = (name,) if name else ()
                yield from _rows(components, windows, evaluator.evaluate(components, windows, {}, by), name)
    finally:
        con.close()


def _groups(windows: Sequence[Window], rows: int) -> Iterator[tuple[Window, ...]]:
    """Windows in the order of time, a few at a time; those longer than a month go alone, unless all are cheap."""
    most = max(3, _TOGETHER // max(rows, 1))
    if len(windows) <= most:
        yield tuple(windows)
        return
    long = [window for window in windows if (window.end - window.start).days > 31]
    short = [window for window in windows if window not in long]
    yield from ((window,) for window in long)
    for index in range(0, len(short), most):
        yield tuple(short[index : index + most])


def _condense(con: duckdb.DuckDBPyConnection, windows: Sequence[Window]) -> None:
    """Movements with everything before the windows summed up; what sums to zero says nothing and goes."""
    own = ["customer", "currency"]
    own += [name for name, path in FACTS["movement"].dimensions.items() if path == "self" and name not in own]
    keys = ", ".join(own)
    first, last = min(window.start for window in windows), max(window.end for window in windows)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE fact_movement AS"
        f" SELECT CAST(DATE '{first}' - 1 AS DATE) AS on_day, {keys}, CAST(sum(amount_src) AS BIGINT) AS amount_src"
        f" FROM memory.main.fact_movement WHERE on_day < DATE '{first}' GROUP BY {keys} HAVING sum(amount_src) <> 0"
        f" UNION ALL SELECT on_day, {keys}, amount_src FROM memory.main.fact_movement"
        f" WHERE on_day >= DATE '{first}' AND on_day < DATE '{last}'"
    )


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
            yield name, window.start, window.end, dimension, value, str(measured.value), measured.unrated
    for item in components:
        for index, window in enumerate(windows):
            if (item.name, index) not in filled:
                yield item.name, window.start, window.end, dimension, "", None, 0
