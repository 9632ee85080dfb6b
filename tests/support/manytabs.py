"""A report of any size that is made sheet by sheet, as `revalign_udf.layout.Draft` makes one.

    python tests/support/manytabs.py TABS CELLS FILE

builds TABS sheets of CELLS cells in a process of its own and prints how many megabytes its memory has grown at most.
"""

import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Ref, Report, Tab

__all__ = ["ManyTabs", "peak"]

_WIDTH = 10


class ManyTabs:
    """Sheets of so many cells each: a period, seven calls of a metric, a native formula and a link in every row; the first
    one has a chart."""

    def __init__(self, tabs: int, cells: int) -> None:
        self._tabs, self._rows = tabs, cells // _WIDTH
        self.head = Report("many", "Many tabs", (), "EUR", "2026-10-31#1", "2026-10-31", "As of 2026-10-31")

    def __len__(self) -> int:
        return self._tabs

    def tabs(self) -> Iterator[Tab]:
        """Each is made when it is asked for, and kept by nobody."""
        for number in range(self._tabs):
            yield Tab(f"t{number}", f"Tab {number}", (self._block(number),))

    def definitions(self) -> Block | None:
        """None: no metric was asked."""
        return None

    def _block(self, number: int) -> Block:
        names = [f"m{column}" for column in range(_WIDTH - 3)]
        columns = (
            Column("period", "Period", "text"),
            *(Column(name, name, "money") for name in names),
            Column("sum", "Sum"),
            Column("url", "Link", "text"),
        )
        rows = tuple(self._row(number, row, names) for row in range(self._rows))
        charts = () if number else (Chart("c", "First", "line", "period", ("m0",)),)
        return Block("b", "Block", columns, rows, tuple(map(str, range(self._rows))), charts)

    @staticmethod
    def _row(number: int, row: int, names: list[str]) -> tuple[Cell, ...]:
        period = f"{2000 + row // 12 % 100}-{1 + row % 12:02d}"
        values = [(number * 7 + row * 3 + place) / 7 for place in range(len(names))]
        calls = (Cell(value, Call("METRIC", (name, Ref("period")))) for name, value in zip(names, values, strict=True))
        link = Cell(f"https://crm.example/records/{number}/{row}")
        return Cell(period), *calls, Cell(values[0] + values[1], formula="m0 + m1"), link


def peak() -> float:
    """The most megabytes this process has had."""
    status = Path("/proc/self/status")
    if status.is_file():  # the other figure counts what the process was forked from as well
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        if found:
            return int(found[1]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1024 if sys.platform != "darwin" else used / (1 << 20)


def _main(tabs: int, cells: int, path: Path) -> None:
    from revalign_udf.workbook import build

    build(ManyTabs(1, 1000), path)  # what is imported and remembered once is not what is measured
    before = peak()
    build(ManyTabs(tabs, cells), path)
    print(peak() - before)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
