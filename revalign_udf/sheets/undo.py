"""Bringing back a block as it stood before the last change; the same machinery, so what people keep beside travels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args

from revalign_udf.errors import NoData
from revalign_udf.layout.model import Block, Cell, Column, Report, Unit
from revalign_udf.sheets import a1
from revalign_udf.sheets.client import Json, SpreadsheetClient
from revalign_udf.sheets.current import Current, read_current
from revalign_udf.sheets.desired import WantedBlock, WantedTab
from revalign_udf.sheets.log import log_tab
from revalign_udf.sheets.memory import KeptBlock
from revalign_udf.sheets.plan import Options, SheetPlan, plan_tabs
from revalign_udf.sheets.rows import record_keys

__all__ = ["undo_plan"]


@dataclass(frozen=True, slots=True)
class _Raw(WantedBlock):
    """A block wanted exactly as it stood: cells as entered, formulas over their own row."""

    lines: tuple[tuple[int, tuple[Json | None, ...]], ...] = ()

    def keys(self) -> list[str]:
        return record_keys([[cells[at] for at in self.key_columns] for _, cells in self.lines])

    def row(self, index: int, at: int, places: Mapping[str, int]) -> list[Json | None]:  # noqa: ARG002
        before, cells = self.lines[index]
        return [
            {"formulaValue": a1.rebase(str(cell["formulaValue"]), before, at)}
            if cell and "formulaValue" in cell
            else cell
            for cell in cells
        ]

    def template(self, index: int) -> list[Json | None]:  # noqa: ARG002
        # What an undo brings back counts as ours: the next sync brings the current numbers again.
        return []

    def partial_rows(self) -> list[int]:
        return []


def undo_plan(client: SpreadsheetClient, report: str, kept: Sequence[KeptBlock], options: Options) -> SheetPlan:
    """What it takes to bring blocks back as they stood.

    Args:
        client: the spreadsheet.
        report: the report's key.
        kept: the blocks as they stood.
        options: how; edits by hand since then are written over, and any number of rows may vanish.

    Raises:
        NoData: REV-204, none of the blocks stands on the spreadsheet any more.
    """
    current = read_current(client, report, [log_tab()])
    standing = [block for block in kept if current.area("block", block.path) is not None]
    if not standing:
        raise NoData(
            "None of the blocks kept from before the last change stands on the spreadsheet any more.",
            hint="Google's own history has it: File > Version history.",
        )
    tabs: dict[str, list[WantedBlock]] = {}
    for block in standing:
        tabs.setdefault(block.path.rpartition("/")[0], []).append(_raw(current, block))
    wanted = [WantedTab(path, path.rpartition("/")[2], tuple(blocks)) for path, blocks in tabs.items()]
    stands_for = Report(report, report, (), "", "", "", "")
    chosen = replace(options, allow_deletes=True, overwrite=True)
    return plan_tabs(client, current, stands_for, wanted, chosen, only_cells=True)


def _raw(current: Current, kept: KeptBlock) -> _Raw:
    mark = current.block_marks.get(kept.path)
    title = mark.kept.title if mark else ""
    columns = tuple(
        Column(key, heading, cast(Unit, unit) if unit in get_args(Unit) else "number")
        for key, heading, unit in kept.columns
    )
    rows = tuple(tuple(Cell() for _ in columns) for _ in kept.rows)
    block = Block(
        kept.path.rpartition("/")[2], title, columns, rows, tuple(str(at) for at, _ in kept.rows), lead=kept.lead
    )
    return _Raw(kept.path, block, mark.kept.currency if mark else "", lines=kept.rows)
