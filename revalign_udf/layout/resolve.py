"""Resolves a layout against the one door for numbers: from here on a report is cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, get_args

from revalign_udf.layout.ask import Ask, Caller
from revalign_udf.layout.blocks import BlockMaker
from revalign_udf.layout.maker import as_day, unit_of
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
    "Where there is no number there is a gap, never a made-up 0. REVALIGN.METRIC and `revalign metric` say why."
)
_WARNING = {"stale": "STALE: a source is older than promised", "failed": "FAILED: a source did not load"}


class Draft:
    """A report that is resolved sheet by sheet, so that one larger than memory can be written.

    ``head`` is the report without sheets and definitions. Raises, here and while sheets are made, what `resolve` raises.
    """

    def __init__(self, layout: Layout, ask: Ask, call: Caller | None = None) -> None:
        self._layout, self._maker = layout, BlockMaker(layout, ask, call)
        status = ask.status()
        state = _state(status)
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
            parameters=tuple(self._maker.chosen.parameters.values()),
            sources=_sources(status),
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

    def report(self) -> Report:
        """The whole report at once."""
        return replace(self.head, tabs=tuple(self.tabs()), definitions=self.definitions())


def resolve(layout: Layout, ask: Ask, call: Caller | None = None) -> Report:
    """The report, every cell with its value, its live function call and the fingerprint of what it stands on.

    ``call`` is what calls functions in blocks of calls and spills. Raises UnknownName REV-101 for a metric, dimension or
    period nobody knows, naming its place in the layout file.
    """
    return Draft(layout, ask, call).report()


def _state(status: Table) -> State:
    """The worst state of any source."""
    if "state" not in status.columns:
        return "fresh"
    found = {str(row["state"]) for row in status.dicts()}
    return max((state for state in _STATES if state in found), key=_STATES.index, default="fresh")


def _sources(status: Table) -> Block:
    """How fresh each source is; its name names the row."""
    units = dict(zip(status.columns, status.units or ("text",) * len(status.columns), strict=True))
    columns = tuple(Column(name, name.replace("_", " ").capitalize(), unit_of(units[name]), "", 18) for name in units)
    days = {number for number, column in enumerate(columns) if column.unit == "date"}
    rows = tuple(
        tuple(Cell((as_day(value) or value) if number in days else value) for number, value in enumerate(row))
        for row in status.rows
    )
    return Block("sources", "Sources", columns, rows, tuple(str(row[0]) for row in status.rows))


def _definitions(maker: BlockMaker) -> Block:
    columns = (
        Column("metric", "Metric", "text", "The name to type in a function.", 24),
        Column("label", "Label", "text", "", 24),
        Column("definition", "Definition", "text", "", 60),
        Column("formula", "Formula", "text", "Over components, which are sums of records.", 44),
        Column("unit", "Unit", "text", "", 10),
        Column("owners", "Owners", "text", "The teams that signed the definition.", 20),
        Column("version", "Version", "count", "", 10),
        Column("fingerprint", "Fingerprint", "text", "Changes with the definition, or one it reads.", 14),
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
        print_ = Cell(maker.ask.digest(known.name))
        rows.append((*(Cell(value) for value in values), Cell(known.version), print_))
    return Block("definitions", "Definitions", columns, tuple(rows), tuple(maker.used))
