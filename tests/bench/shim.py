"""10,000 METRIC cells through the add-in's shim and the server, beside as many calls of a function that does nothing.

    python tests/bench/shim.py [--customers 2000] [--items 8000] [--keep DIR]

The cells are distinct questions (metric, period, filters), as a large workbook asks them in one recalculation; the
shim runs in Node, the server in a process of its own, over loopback. Both functions take the same arguments and the
same way, so the ratio is what the numbers cost. ``cold`` is the first time the server is asked, ``warm`` the second
(another Excel), ``again`` a recalculation in the same Excel. The goal: at most 3 times the no-op warm, at most 20
requests. Seconds depend on the machine. Not part of the check.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CELLS, TOKEN = 10_000, "bench"
_METRICS = (
    "mrr", "arr", "nrr", "grr", "logo_churn", "customers", "net_new_mrr", "new_mrr", "expansion_mrr", "contraction_mrr",
    "churned_mrr", "arpa", "quick_ratio", "mrr_churn",
)  # fmt: skip
_PERIODS = [
    *(f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)),
    *(f"{year}-Q{quarter}" for year in (2024, 2025) for quarter in range(1, 5)),
]
_FILTERS: list[list[str]] = [
    [],
    *(["segment", name] for name in ("SMB", "MM", "ENT")),
    *(["country", name] for name in ("SE", "DE", "US", "FR")),
    *(["segment", a, "country", b] for a in ("SMB", "MM", "ENT") for b in ("SE", "DE", "US", "FR")),
]


def questions(known: set[str]) -> list[list[Any]]:
    """Distinct arguments of METRIC."""
    names = [name for name in _METRICS if name in known]
    every = ([name, period, None, *cut] for cut, name, period in itertools.product(_FILTERS, names, _PERIODS))
    found = list(itertools.islice(every, CELLS))
    assert len(found) == CELLS, len(found)
    return found


def declare() -> None:
    """The function that does nothing, with METRIC's own arguments."""
    from revalign_udf.functions import function, registry

    @function("NOOP", registry()["METRIC"].arguments)
    def noop(*_: Any) -> float:
        """Nothing: one number, whatever is asked."""
        return 1.0


def serving(folder: Path) -> None:
    """The server process: prints its address, runs until it is ended."""
    from revalign_udf.server import create_app
    from revalign_udf.server.running import Server

    declare()
    Server(create_app(folder, TOKEN), 0, lambda base: print(base, flush=True)).run()


def measure(folder: Path) -> list[dict[str, Any]]:
    """The rows of the table: two runs, each in a Node process of its own."""
    from revalign_udf.excel.office import assets
    from revalign_udf.query import Query

    declare()
    script = Path(__file__)
    addin = folder / "addin"
    addin.mkdir(exist_ok=True)
    (addin / "package.json").write_text('{"type": "module"}')
    for name, (_, content) in assets("https://localhost:8743").items():
        (addin / name).write_bytes(content)
    query = Query.open(folder)
    cells = questions(set(query.names("metrics")))
    query.close()
    asked = addin / "questions.json"
    asked.write_text(json.dumps([{"name": n, "id": n, "cells": cells} for n in ("NOOP", "METRIC")]))
    rows = []
    with subprocess.Popen(
        [sys.executable, str(script), "--serve", str(folder)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            base = server.stdout.readline().strip()
            support = script.parents[1] / "office" / "support.mjs"
            for run in ("cold", "warm"):
                command = ["node", str(script.with_suffix(".mjs")), str(addin), base, TOKEN, str(asked), str(support)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                rows += [{"run": run, **item} for item in json.loads(done.stdout)]
        finally:
            server.terminate()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--items", type=int, default=8_000)
    parser.add_argument("--keep", type=Path, help="project folder to keep, or one made before")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serving(options.serve)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        if not (folder / ".revalign" / "snapshots" / "current").exists():
            from company import write  # type: ignore[import-not-found]  # the file beside this one

            from revalign_udf.config import load
            from revalign_udf.jobs import build, pull

            folder.mkdir(parents=True, exist_ok=True)
            write(folder, options.customers, options.items, 2_000)
            pull(load(folder))
            build(load(folder))
        rows = measure(folder)
    print(f"{CELLS:,} cells         seconds  requests  again s  requests  values")
    for row in rows:
        print(
            f"{row['run']:<5} {row['name']:<8} {row['seconds']:>11.2f} {row['requests']:>9} {row['again']:>8.2f}"
            f" {row['more']:>9} {row['values']:>7,}"
        )
    for run in ("cold", "warm"):
        noop, metric = (next(r for r in rows if (r["run"], r["name"]) == (run, n)) for n in ("NOOP", "METRIC"))
        print(f"{run}: METRIC takes {metric['seconds'] / noop['seconds']:.2f} times the no-op")


if __name__ == "__main__":
    main()
