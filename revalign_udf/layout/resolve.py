"""Resolves a layout against the one door for numbers: from here on a report is cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, get_args

from revalign_udf.layout.ask import Ask
from revalign_udf.layout.blocks import BlockMaker
from revalign_udf.layout.model import Block, Cell, Column, Report, Tab
from revalign_udf.layout.plan import Layout
from revalign_udf.query.answers import Table

__all__ = ["Draft", "resolve"]

State = Literal["fresh", "stale", "failed"]
_STATES: tuple[State, ...] = get_args(State)

_ABOUT = (
    "Every number comes from one calculation core. The same question gives the same number in Excel, in Google Sheets"
    " and on the command line, to the last digit.\n"
    "A header note holds a metric's definition, its version and the teams that own it. The definitions stand together"
    " at the end.\n"
    "Rates are fractions shown as percentages. Movements are signed: losses are negative, so everything adds up.\n"
    "A cell without a number says why: #N/A there is no data, #DIV/0! the ratio is undefined. It is never a made-up 0."
)
_WARNING = {"stale": "STALE: a source is older than promised", "failed": "FAILED: a source did not load"}


class Draft:
    """A report that is resolved sheet by sheet, so that one larger than memory can be written.

    ``head`` is the report without sheets and definitions. Raises, here and while sheets are made, what `resolve` raises.
    """

    def __init__(self, layout: Layout, ask: Ask) -> None:
        self._layout, self._maker = layout, BlockMaker(layout, ask)
        state = _state(ask.status())
        parts = [ask.company, ask.banner(), ask.currency]
        parts += [_WARNING[state]] if state in _WARNING else []
        self.head = Report(
            key=layout.key,
            title=layout.title,
            tabs=(),
            currency=ask.currency,
            snapshot=ask.snapshot,
            as_of=ask.as_of.isoformat(),
            banner=" · ".join(part for part in parts if part),
            state=state,
            about=tuple(_ABOUT.splitlines()),
            company=ask.company,
            description=layout.description,
        )

    def __len__(self) -> int:
        """How many sheets there are."""
        return len(self._layout.tabs)

    def tabs(self) -> Iterator[Tab]:
        """The sheets in order, each made when it is asked for."""
        for tab in self._layout.tabs:
            yield Tab(tab.key, tab.name, tuple(self._maker.block(block) for block in tab.blocks))

    def definitions(self) -> Block:
        """The definitions of every metric the sheets made so far have shown."""
        return _definitions(self._maker)


def resolve(layout: Layout, ask: Ask) -> Report:
    """The report, every cell with its value, its live function call and the fingerprint of what it stands on.

    Raises UnknownName REV-101 for a metric, dimension or period nobody knows, naming its place in the layout file.
    """
    draft = Draft(layout, ask)
    return replace(draft.head, tabs=tuple(draft.tabs()), definitions=draft.definitions())


def _state(status: Table) -> State:
    """The worst state of any source."""
    if "state" not in status.columns:
        return "fresh"
    found = {str(row["state"]) for row in status.dicts()}
    return max((state for state in _STATES if state in found), key=_STATES.index, default="fresh")


def _definitions(maker: BlockMaker) -> Block:
    columns = (
        Column("metric", "Metric", "text", "The name to type in a function.", 24),
        Column("label", "Label", "text", "", 24),
        Column("definition", "Definition", "text", "", 60),
        Column("formula", "Formula", "text", "Over components, which are sums of records.", 44),
        Column("unit", "Unit", "text", "", 10),
        Column("owners", "Owners", "text", "The teams that signed the definition.", 20),
        Column("version", "Version", "count", "", 10),
    )
    rows = []
    for known in maker.used.values():
        values = (
            known.name,
            known.label,
            known.definition,
            known.formula or "a table",
            known.unit,
            ", ".join(known.owners),
        )
        rows.append((*(Cell(value) for value in values), Cell(known.version)))
    return Block("definitions", "Definitions", columns, tuple(rows), tuple(maker.used))
