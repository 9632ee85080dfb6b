"""Everything in a layout that cannot be answered as asked, not only the first of it; and what has no number yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from revalign_udf.errors import RevalignError, UnknownName
from revalign_udf.layout.ask import Ask, Caller
from revalign_udf.layout.blocks import BlockMaker
from revalign_udf.layout.fields import Fields
from revalign_udf.layout.model import Block
from revalign_udf.layout.plan import BlockPlan, Layout
from revalign_udf.query.names import Catalogue

__all__ = ["Findings", "check", "check_names"]

#: kinds of block whose columns are numbers of their own
_NUMBERS = ("series", "breakdown", "grid")


@dataclass(slots=True)
class Findings:
    """What a layout asks for and cannot have (``problems``), and what there is no number for yet (``notes``)."""

    problems: list[RevalignError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, error: RevalignError) -> None:
        """One more problem, once. Raises one that is the disk's or ours."""
        if error.code[4] in "89":
            raise error
        if str(error) not in map(str, self.problems):
            self.problems.append(error)


def check(layout: Layout, ask: Ask, call: Caller | None = None) -> Findings:
    """Makes every block of a layout, as a build does, and keeps what would end the build."""
    found = Findings()
    try:
        maker = BlockMaker(layout, ask, call)
    except RevalignError as error:  # a parameter that cannot be chosen is part of every block
        found.add(error)
        return found
    for tab in layout.tabs:
        for plan in tab.blocks:
            try:
                found.notes += _blanks(plan, maker.block(plan))
            except RevalignError as error:
                for other in _each(maker, plan):
                    found.add(other)
                found.add(error)
    return found


def _each(maker: BlockMaker, plan: BlockPlan) -> Iterator[RevalignError]:
    """What is wrong with each metric of a block, which is made with that metric alone."""
    for metric in plan.metrics if len(plan.metrics) > 1 else ():
        try:
            maker.block(replace(plan, metrics=(metric,), computed=(), charts=(), rules=()))
        except RevalignError as error:
            yield error


def _blanks(plan: BlockPlan, block: Block) -> Iterator[str]:
    """Columns without a single number, and why; a block without rows."""
    if block.missing or not block.rows:
        yield f"{plan.place} has no rows: {block.missing or 'nothing is counted there.'}"
        return
    for number, column in enumerate(block.columns):
        cells = [row[number] for row in block.rows]
        if plan.kind in _NUMBERS and number >= block.lead and all(cell.value is None for cell in cells):
            yield f"{plan.place}: {column.title} has no number: {cells[-1].status}"


def check_names(layout: Layout, catalogue: Catalogue) -> Findings:
    """What can be said before anything is published: metrics nobody has declared, and what they cannot be cut by."""
    found = Findings()
    for plan in (block for tab in layout.tabs for block in tab.blocks):
        for asked in plan.metrics:
            try:
                metric = catalogue.metric(asked.metric)
                fields, _ = catalogue.split(metric, dict.fromkeys(asked.where, ""))
                for name in (*fields, *([plan.by] if plan.by else [])):
                    catalogue.dimension(metric, name)
            except RevalignError as error:
                found.add(_placed(error, Fields({}, layout.path, asked.place)))
    return found


def _placed(error: RevalignError, fields: Fields) -> RevalignError:
    if not isinstance(error, UnknownName):
        return fields.problem(error.message, "", error.hint)
    near = [error.suggestion] if error.suggestion else []
    hint = f"It stands in {fields.file} at {fields.place}."
    return UnknownName(error.kind, error.name, near, code=error.code, hint=hint)
