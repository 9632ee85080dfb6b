"""Time and memory of `workbook fill` on a workbook of many cells.

    python tests/bench/workbook_fill.py [--cells 10000] [--native 100000]

One sheet asks a published metric in every cell (months by segments), another holds native formulas only. Seconds depend on
the machine. Not part of the check.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import xlsxwriter

from revalign_udf.query import Query
from revalign_udf.testing import project_of
from revalign_udf.workbook.fill import fill
from revalign_udf.workbook.verify import verify


def _project(folder: Path) -> Query:
    people = [f"c{n}" for n in range(50)]
    return project_of(
        folder,
        {
            "organization": "id name segment\n" + "\n".join(f"{key} {key} s{n % 5}" for n, key in enumerate(people)),
            "subscription": "id org_id started_at\n" + "\n".join(f"{key} {key} 2024-01-01" for key in people),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n"
            + "\n".join(f"{key} {key} 2024-0{1 + n % 9}-01 - {n + 1}.37 month" for n, key in enumerate(people)),
        },
        through="2026-09-30",
    )


def _ask(path: Path, cells: int) -> None:
    metrics = ("mrr", "nrr", "grr", "logo_churn", "net_new_mrr", "opening_mrr")
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("Ask")
        for row in range(cells // 10):
            sheet.write_string(row, 0, f"2025-{1 + row % 12:02d}")
            sheet.write_string(row, 1, f"s{row % 5}")
            for column in range(10):
                name = metrics[(row + column) % len(metrics)]
                sheet.write_formula(row, 2 + column, f'=REVALIGN_METRIC("{name}",$A{row + 1},,"segment",$B{row + 1})')


def _native(path: Path, cells: int) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Native")
        for row in range(cells // 5):
            sheet.write_number(row, 0, row * 1.1)
            for column in range(5):
                sheet.write_formula(row, 1 + column, f"=ROUND($A{row + 1}*{column + 1},2)+SUM($A$1:$A$9)")


def _timed(what: str, path: Path, query: Query) -> None:
    for name, work in (("fill", fill), ("fill again", fill), ("verify", verify)):
        start = time.perf_counter()
        report = work(path, lambda _: query)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        count = getattr(report, "formulas", None) or len(getattr(report, "cells", ()))
        print(f"{what:8} {name:10} {count:8} cells {seconds:7.2f} s  {peak} MB at most so far")


def main() -> None:
    """Build the files, fill and verify them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--native", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        query = _project(Path(top) / "project")
        asked, native = Path(top) / "asked.xlsx", Path(top) / "native.xlsx"
        _ask(asked, given.cells)
        _native(native, given.native)
        _timed("METRIC", asked, query)
        _timed("native", native, query)


if __name__ == "__main__":
    main()
