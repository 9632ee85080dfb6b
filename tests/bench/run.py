"""Time, peak memory and rows of pull, build and cell look-ups, side by side in one run.

    python tests/bench/run.py [--customers 200000] [--items 1000000] [--events 500000] [--keep DIR]

Every step runs in a process of its own, so that its peak memory (resident, as the system counts it) is its own. Beside
ours stands a yardstick on the same files: DuckDB reading the CSV with types guessed and no history kept, and pandas
looking a number up in a frame. Seconds depend on the machine; the ratios say more. Not part of the check.

steps    generate    the company as canonical CSV (tests/bench/company.py), seeded
         read_csv    yardstick: DuckDB's own reader over the same files
         pull        csv connector -> store: validated, with history
         pull again  nothing changed: the files' hashes are compared
         build       store -> facts -> cube -> published snapshot
         open        from nothing to the first answered cell
         cells       look-ups of totals and slices the cube holds
         cells, cold look-ups of slices it does not hold: two filters at once
         frame.at    yardstick: pandas, one cell of a frame
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Result = tuple[float, int]
"""(seconds, rows or look-ups)"""

_MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)]
_METRICS = ("mrr", "nrr", "grr", "logo_churn", "customers", "net_new_mrr")


def _timed(work: Callable[[], int]) -> Result:
    start = time.perf_counter()
    rows = work()
    return time.perf_counter() - start, rows


def read_csv(folder: Path) -> Result:
    import duckdb

    def work() -> int:
        con = duckdb.connect(str(folder / "yardstick.duckdb"))
        total = 0
        for path in sorted((folder / "data").glob("*.csv")):
            con.execute(f"CREATE TABLE {path.stem} AS SELECT * FROM read_csv('{path}')")
            total += con.execute(f"SELECT count(*) FROM {path.stem}").fetchall()[0][0]
        con.close()
        return total

    return _timed(work)


def pull(folder: Path) -> Result:
    from revalign_udf.config import load
    from revalign_udf.jobs import pull as job

    def work() -> int:
        (report,) = job(load(folder))
        assert not report.failures
        assert not report.counts.rejects
        return report.counts.read

    return _timed(work)


def build(folder: Path) -> Result:
    from revalign_udf.config import load
    from revalign_udf.jobs import build as job

    return _timed(lambda: sum(job(load(folder)).rows.values()))


def opened(folder: Path) -> Result:
    def work() -> int:
        from revalign_udf.query import Query

        query = Query(folder / ".revalign" / "snapshots")
        assert query.metric("mrr", "2025-06").value is not None
        return 1

    return _timed(work)


def _cells(folder: Path, slices: list[dict[str, str]], times: int) -> Result:
    from revalign_udf.query import Query

    query = Query(folder / ".revalign" / "snapshots")
    query.metric("mrr", "2025-06")
    asked = [(name, month, where) for where in slices for name in _METRICS for month in _MONTHS[1:]] * times

    def work() -> int:
        for name, month, where in asked:
            query.metric(name, month, where=where)
        return len(asked)

    return _timed(work)


def cells(folder: Path) -> Result:
    return _cells(folder, [{}, {"segment": "SMB"}, {"country": "SE"}], 3)


def cold(folder: Path) -> Result:
    return _cells(folder, [{"segment": "SMB", "country": "SE"}], 1)


def frame(folder: Path) -> Result:
    import pandas as pd

    table = pd.DataFrame({month: range(len(_METRICS)) for month in _MONTHS}, index=list(_METRICS))

    def work() -> int:
        for _ in range(50):
            for name in _METRICS:
                for month in _MONTHS:
                    table.at[name, month]  # noqa: PD008 - what is measured
        return 50 * len(_METRICS) * len(_MONTHS)

    return _timed(work)


#: step -> (what runs, the step it is compared with)
_STEPS: dict[str, tuple[Callable[[Path], Result], str]] = {
    "read_csv": (read_csv, ""),
    "pull": (pull, "read_csv"),
    "pull again": (pull, ""),
    "build": (build, "pull"),
    "open": (opened, ""),
    "frame.at": (frame, ""),
    "cells": (cells, "frame.at"),
    "cells, cold": (cold, "cells"),
}


def _one(step: str, folder: Path) -> None:
    """In the child: run a step and print what it took."""
    seconds, rows = _STEPS[step][0](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak}))


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("customers", 200_000), ("items", 1_000_000), ("events", 500_000)):
        cli.add_argument(f"--{name}", type=int, default=default)
    cli.add_argument("--keep", type=Path, help="write the company here and leave it")
    cli.add_argument("--step", help=argparse.SUPPRESS)
    chosen = cli.parse_args()
    if chosen.step:
        _one(chosen.step, chosen.keep)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        from company import write  # type: ignore[import-not-found]  # the file beside this one

        start = time.perf_counter()
        rows = write(folder, chosen.customers, chosen.items, chosen.events)
        print(f"generate {sum(rows.values()):,} rows in {time.perf_counter() - start:.1f} s: {rows}")
        print(
            f"{'step':12} {'seconds':>9} {'rows':>11} {'rows/s':>12} {'us/row':>9} {'peak MB':>8}  time per row against"
        )
        done: dict[str, dict[str, float]] = {}
        for step, (_, beside) in _STEPS.items():
            command = [sys.executable, str(Path(__file__)), "--step", step, "--keep", str(folder)]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            done[step] = found
            each = found["seconds"] / max(found["rows"], 1)
            other = done.get(beside)
            ratio = (
                f"{each / (other['seconds'] / max(other['rows'], 1)):.2f} x {beside}" if other and found["rows"] else ""
            )
            print(
                f"{step:12} {found['seconds']:9.2f} {found['rows']:11,} {1 / each:12,.0f} {each * 1e6:9.2f}"
                f" {found['peak'] / 1e6:8.0f}  {ratio}",
                flush=True,
            )


if __name__ == "__main__":
    main()
