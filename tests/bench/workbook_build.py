"""Time and memory of `workbook build`, beside openpyxl writing the same values.

    python tests/bench/workbook_build.py [--cells 10000 100000 1000000] [--tabs 50]

Ours writes live formulas with their values, formats, names and a chart; openpyxl, in its write-only mode, bare values.
Each measurement is a process of its own, so that its peak memory is its own. Seconds depend on the machine. Not part of the
check.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

WAYS = ("revalign", "openpyxl")


def _ours(path: Path, tabs: int, each: int) -> None:
    from manytabs import ManyTabs

    from revalign_udf.workbook import build

    build(ManyTabs(tabs, each), path)


def _openpyxl(path: Path, tabs: int, each: int) -> None:
    import openpyxl
    from manytabs import ManyTabs

    book = openpyxl.Workbook(write_only=True)
    for tab in ManyTabs(tabs, each).tabs():
        sheet = book.create_sheet(tab.name)
        for cells in tab.blocks[0].rows:
            sheet.append([cell.value for cell in cells])
    book.save(path)


def _measure(way: str, tabs: int, each: int, folder: str) -> None:
    """One measurement, told as JSON: seconds, peak and growth of memory in MB, size of the file in MB."""
    from manytabs import peak

    path = Path(folder) / f"{way}.xlsx"
    write = _ours if way == "revalign" else _openpyxl
    write(path, 1, 100)  # imports and caches are not what is measured
    before, start = peak(), time.perf_counter()
    write(path, tabs, each)
    seconds = time.perf_counter() - start
    size = path.stat().st_size / 1e6
    print(json.dumps({"seconds": seconds, "peak": peak(), "growth": peak() - before, "file": size}))


def main() -> None:
    """Measure every size both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--tabs", type=int, default=50)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        way, tabs, each, folder = given.measure
        _measure(way, int(tabs), int(each), folder)
        return
    print(
        f"{'cells':>9}  {'tabs':>4}  {'by':8}  {'s':>6}  {'cells/s':>8}  {'peak MB':>7}  {'growth MB':>9}  {'file MB':>7}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for cells in given.cells:
            for way in WAYS:
                asked = ["--measure", way, str(given.tabs), str(cells // given.tabs), folder]
                done = subprocess.run([sys.executable, __file__, *asked], check=True, capture_output=True, text=True)
                told = json.loads(done.stdout)
                print(
                    f"{cells:9,}  {given.tabs:4}  {way:8}  {told['seconds']:6.1f}  {cells / told['seconds']:8,.0f}"
                    f"  {told['peak']:7.0f}  {told['growth']:9.0f}  {told['file']:7.1f}"
                )


if __name__ == "__main__":
    main()
