"""What range functions cost beside plain Python, what importing them costs, and what a large spill costs.

    python tests/bench/ranges.py [--rows 20]

Every range function is called with columns of cells as a spreadsheet hands them over (lists of rows of one cell), money
with two decimals. Beside it stand three yardsticks for the same number:

floats   what a developer writes for lists of floats that are known to be clean: `sum`, a loop over `zip`
rows     the same on the cells as they arrive, still known to be clean: `[row[0] for row in rows]`
cells    the same without that trust: rows walked, blanks taken for 0, text and true/false refused
exact    `cells`, with every number taken at its decimal value (`Fraction(repr(x))`): the same result to the last bit

`call` is `Function.call` (the exact result), `cell` is `call_cell` (name in, cell out). Each number is the least of many
repetitions, in microseconds; the ratios are `call` against each yardstick. Not part of the check: seconds depend on the
machine, ratios less.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from revalign_udf.calc.results import as_json, cells
from revalign_udf.functions import call_cell, find, registry

Numbers = list[Any]
Plain = Callable[..., Any]


def _trusted(rows: Any) -> Numbers:
    """The numbers of a column of cells that holds nothing else."""
    return [row[0] for row in rows] if isinstance(rows, list) else [rows]


def _clean(rows: Any) -> Numbers:
    """The numbers of a column of cells, blanks taken for 0, anything else refused."""
    if not isinstance(rows, list):
        return [rows]
    found = []
    for row in rows:
        for cell in row:
            if type(cell) in (int, float):
                found.append(cell)
            elif cell is None:
                found.append(0)
            else:
                raise TypeError(cell)
    return found


def _nrr(opening: Numbers, closing: Numbers) -> Any:
    start = end = 0
    for first, last in zip(opening, closing, strict=True):
        if first > 0:
            start += first
            end += last
    return end / start


def _grr(opening: Numbers, closing: Numbers) -> Any:
    start = end = 0
    for first, last in zip(opening, closing, strict=True):
        if first > 0:
            start += first
            end += min(first, last)
    return end / start


def _nps(scores: Numbers) -> Any:
    points = 0
    for score in scores:
        if not 0 <= score <= 10:
            raise ValueError(score)
        points += (score >= 9) - (score <= 6)
    return 100 * points / len(scores)


def _funnel(counts: Numbers) -> Any:
    table = [[counts[0], None, 1]]
    for before, count in pairwise(counts):
        table.append([count, count / before, count / counts[0]])
    return table


def _split(pot: Numbers, weights: Numbers) -> Any:
    whole, units = sum(weights), round(pot[0] * 100)
    wanted = [units * weight / whole for weight in weights]
    parts = [int(part) for part in wanted]
    order = sorted(range(len(parts)), key=lambda place: parts[place] - wanted[place])
    for place in order[: units - sum(parts)]:
        parts[place] += 1
    return [part / 100 for part in parts]


def _two(above: Numbers, below: Numbers) -> Any:
    return sum(above) / sum(below)


#: function -> the plain arithmetic, on lists of numbers
PLAIN: dict[str, Plain] = {
    "CAC": lambda sales, marketing, new: (sum(sales) + sum(marketing)) / sum(new),
    "AOV": _two,
    "ORDER_FREQUENCY": _two,
    "REVENUE_GROWTH": lambda now, before: (sum(now) - sum(before)) / sum(before),
    "ARR": lambda mrr: 12 * sum(mrr),
    "MRR": sum,
    "CHURN": _two,
    "NRR": _nrr,
    "GRR": _grr,
    "NRR_TOTALS": lambda start, up, down, gone: (sum(start) + sum(up) - abs(sum(down)) - abs(sum(gone))) / sum(start),
    "QUICK_RATIO": lambda new, up, down, gone: (sum(new) + sum(up)) / (abs(sum(down)) + abs(sum(gone))),
    "UPSELL_SHARE": _two,
    "CONVERSION": _two,
    "ROI": lambda value, cost: (sum(value) - sum(cost)) / sum(cost),
    "NPS": _nps,
    "FUNNEL": _funnel,
    "COMMISSION_SPLIT": _split,
}


def _arguments(name: str, rows: int, seed: random.Random) -> list[Any]:
    def column(low: float, high: float) -> list[list[float]]:
        return [[round(seed.uniform(low, high), 2)] for _ in range(rows)]

    if name == "NPS":
        return [[[float(seed.randint(0, 10))] for _ in range(rows)]]
    if name == "COMMISSION_SPLIT":
        return [50_000.0, column(10, 1000)]
    if name == "CHURN":
        return [column(1, 10), column(100, 1000)]
    return [column(10, 1000) for _ in range(find(name).required)]


def _least(work: Callable[[], Any], budget: float) -> float:
    """Microseconds of one call: the least of many short runs."""
    once = max(timeit.timeit(work, number=20) / 20, 1e-7)
    number = max(1, int(0.002 / once))
    runs = max(5, int(budget / (once * number)))
    return min(timeit.repeat(work, number=number, repeat=runs)) / number * 1e6


def functions(rows: int, budget: float) -> None:
    """One line per function."""
    seed = random.Random(2026)
    print(f"{rows} rows per range, microseconds; how many times as long `call` takes as each yardstick")
    head = ("floats", "rows", "cells", "exact", "call", "cell")
    print(
        f"{'function':18}" + "".join(f"{name:>9}" for name in head) + "".join(f"{'/' + name:>8}" for name in head[:4])
    )
    for name, plain in PLAIN.items():
        given = _arguments(name, rows, seed)
        flat = [_clean(one) for one in given]
        function = find(name)
        times = [
            _least(work, budget)
            for work in (
                lambda plain=plain, flat=flat: plain(*flat),
                lambda plain=plain, given=given: plain(*map(_trusted, given)),
                lambda plain=plain, given=given: plain(*map(_clean, given)),
                lambda plain=plain, given=given: plain(*([Fraction(repr(x)) for x in _clean(one)] for one in given)),
                lambda function=function, given=given: function.call(given),
                lambda name=name, given=given: call_cell(name, given),
            )
        ]
        ratios = "".join(f"{times[4] / base:8.1f}" for base in times[:4])
        print(f"{name:18}" + "".join(f"{spent:9.2f}" for spent in times) + ratios)


def importing(times: int = 15) -> None:
    """CPU seconds of fresh processes: an empty Python, the functions, the functions with every declaration read."""
    print("\nimporting, least CPU milliseconds of fresh processes")
    results = {}
    for label, code in (
        ("empty Python", "pass"),
        ("revalign_udf.functions", "import revalign_udf.functions"),
        ("... and registry()", "import revalign_udf.functions as f; f.registry()"),
    ):
        spent = []
        for _ in range(times):
            counted = subprocess.run(
                [sys.executable, "-c", f"{code}\nimport time; print(time.process_time())"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            spent.append(float(counted.stdout))
        results[label] = min(spent)
        print(f"{label:26}{min(spent) * 1000:8.1f}  {(min(spent) - results['empty Python']) * 1000:+8.1f}")


def spilling() -> None:
    """100,000 cells through the encoder."""
    seed = random.Random(7)
    tables: dict[str, list[list[Any]]] = {
        "floats": [[seed.random() for _ in range(10)] for _ in range(10_000)],
        "exact fractions": [[Fraction(seed.randint(1, 10**9), 100) for _ in range(10)] for _ in range(10_000)],
        "text and blanks": [["2026-09", None] * 5 for _ in range(10_000)],
    }
    print("\n100,000 cells, CPU milliseconds")
    for label, table in tables.items():
        for work in (cells, as_json):
            start = time.process_time()
            work(table)
            print(f"{label:18}{work.__name__:>9}{(time.process_time() - start) * 1000:9.1f}")


def columns(rows: int = 10_000) -> None:
    """Functions on long columns."""
    seed = random.Random(3)
    customers = [[f"C{place % 500}"] for place in range(rows)]
    periods = [[46_023.0 + 31 * (place // 500)] for place in range(rows)]
    money = [[round(seed.uniform(0, 500), 2)] for _ in range(rows)]
    dates = [[46_023.0 + place % 365] for place in range(rows)]
    print(f"\n{rows} rows, CPU milliseconds")
    for name, given in (
        ("ARR", [money]),
        ("NRR", [money, money]),
        ("MOVEMENTS", [customers, periods, money]),
        ("COHORTS", [customers, periods, money, "nrr"]),
        ("ATTRIBUTION", ["time_decay", dates, customers, 1000]),
        ("COMMISSION_SPLIT", [1e6, money]),
    ):
        start = time.process_time()
        assert "cell" in call_cell(name, given)
        print(f"{name:18}{(time.process_time() - start) * 1000:9.1f}")


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.15, help="time for each number")
    given = parser.parse_args()
    registry()
    functions(given.rows, given.seconds)
    columns()
    spilling()
    importing()


if __name__ == "__main__":
    main()
