"""What a cell costs, in microseconds: METRIC from memory beside a function that does nothing, in one run.

    python tests/bench/cells.py [--cells 10000] [--customers 60] [--project DIR]

The project is the sample company (built into a temporary folder), or one of yours. Only metrics that are made of sums are
asked: totals and slices of one dimension, over every month. Seconds are of the processor, so
that other programs matter less. Not part of the check; nothing is asserted but that all answers are the same.

nothing          a registered function with METRIC's arguments and an empty body: names, arguments, the cell itself
CAC              a function on ranges, for three numbers
METRIC, cold     a snapshot just opened: what the cube does not hold is computed, a grain or a dimension at a time
METRIC, cube     a snapshot just opened, totals by month: read from the cube
METRIC, first    questions nobody has asked yet, whose components are in memory
METRIC, again    the same questions once more
METRIC, folder   the same, the project being a folder: what looking for a newer snapshot adds
METRIC, typo     an unknown metric, copied down
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from revalign_udf.functions import call_cell, find, function, session
from revalign_udf.query import Query

Call = tuple[str, list[Any]]


def sample(folder: Path, customers: int) -> Path:
    """The sample company, pulled and built."""
    from revalign_udf.config import load
    from revalign_udf.jobs import build, init_project, pull
    from revalign_udf.jobs.projects import SAMPLE

    init_project(folder, SAMPLE.replace('connector = "sample"', f'connector = "sample"\ncustomers = {customers}'))
    pull(load(folder))
    build(load(folder))
    return folder


def questions(query: Query, count: int) -> list[Call]:
    """Different questions: metric, month, at most one filter."""
    now = query.session()
    months = query.names("months")
    found: list[Call] = []
    for name in query.names("metrics"):
        metric = query.declaration(name)
        bound = now.catalogue.bind(metric)
        parts = [part for part, _ in query_pairs(query, bound)]
        if metric.kind != "scalar" or not parts or not all(now.component(part).kept for part in parts):
            continue
        cuts = [("", "")]
        cuts += [(by, value) for by in query.dimensions(name) for value in query.names(by)]
        for by, value in cuts:
            found += [("METRIC", [name, month, None, by, value] if by else [name, month]) for month in months]
    step = max(1, len(found) // count)
    return found[::step][:count]


def query_pairs(query: Query, metric: Any) -> Sequence[tuple[str, Any]]:
    """The components a metric reads in the newest month."""
    from revalign_udf.query.formulas import component_periods

    return component_periods(query.session(), metric, query.period("THIS_MONTH"))


def spent(calls: Sequence[Call]) -> tuple[float, list[Any]]:
    """Microseconds of the processor per call, and the cells."""
    start = time.process_time()
    cells = [call_cell(name, arguments) for name, arguments in calls]
    return (time.process_time() - start) / len(calls) * 1e6, cells


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--cells", type=int, default=10_000)
    cli.add_argument("--customers", type=int, default=60)
    cli.add_argument("--project", type=Path)
    chosen = cli.parse_args()
    declared = find("METRIC")

    @function("NOTHING", declared.arguments)
    def nothing(*_arguments: Any) -> float:
        """Nothing."""
        return 0.0

    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.project or sample(Path(temporary) / "sample", chosen.customers)
        query = Query.open(folder)
        calls = questions(query, chosen.cells)
        numbers = sum(query.metric(c[0], c[1]).exact is not None for _, c in calls[:200])
        print(f"{len(calls):,} different questions to {query.snapshot}; numbers among the first 200: {numbers}")
        session.use(query)
        figures: dict[str, float] = {}
        figures["METRIC, cold"], cold = spent(calls)
        session.use(Query.open(folder))
        totals = [("METRIC", [name, month]) for name, month in dict.fromkeys((c[0], c[1]) for _, c in calls)]
        figures["METRIC, cube"], _ = spent(totals)
        session.use(query)
        query.refresh()
        figures["METRIC, first"], first = spent(calls)
        figures["METRIC, again"], again = spent(calls)
        session.use(folder)
        spent(calls)
        figures["METRIC, folder"], on_folder = spent(calls)
        assert cold == first == again == on_folder
        session.use(query)
        figures["METRIC, typo"], _ = spent([("METRIC", ["nrrr", "2026-09"])] * len(calls))
        figures["CAC"], _ = spent([("CAC", [100.0, 200.0, 3.0])] * len(calls))
        figures["nothing"], _ = spent([("NOTHING", arguments) for _, arguments in calls])
        for name, each in sorted(figures.items(), key=lambda item: item[1]):
            print(f"{name:16} {each:8.1f} us per cell  {each / figures['nothing']:6.1f} x nothing")
        session.use(None)
        query.close()


if __name__ == "__main__":
    main()
