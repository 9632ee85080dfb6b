"""How a block that stands looks: what is set once, follows its rows and columns, and is a person's where they changed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from revalign_udf.sheets import identity, looks
from revalign_udf.sheets.align import Alignment
from revalign_udf.sheets.carried import Carried, carry
from revalign_udf.sheets.change import BlockChange
from revalign_udf.sheets.charts import Place, aside, chart_count, new_charts, redraw
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.columns import Columns
from revalign_udf.sheets.current import Area, Current
from revalign_udf.sheets.desired import WantedBlock, extended
from revalign_udf.sheets.extent import Extent, data_rows, extent
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.links import link_columns, links
from revalign_udf.sheets.requests import write_cells
from revalign_udf.sheets.rowlooks import row_looks
from revalign_udf.sheets.rows import Rows, is_blank
from revalign_udf.sheets.rules import Stood, plan_rules, put_rules, rule_count

__all__ = ["Dressing"]


@dataclass(slots=True)
class Dressing:
    """A block as it stands at ``area`` and will stand at ``after``, with what its mark remembers."""

    current: Current
    wanted: WantedBlock
    mark: BlockMark
    found: Columns
    rows: Rows
    plan: Alignment
    area: Area
    after: Area
    place: Place
    carried: Carried = field(init=False)
    whole: Extent = field(init=False)
    """the rows that stand there"""
    before: Extent = field(init=False)
    """those of them that are no totals"""
    all: Area = field(init=False)
    """the rows as they will be"""
    data: Area = field(init=False)
    """those of them that are no totals"""
    places: list[int] = field(init=False)
    """the row on the sheet of each row of the block"""
    linked: tuple[str, ...] = field(init=False)
    """columns that hold addresses"""

    def __post_init__(self) -> None:
        rows, first = self.rows, self.area.top + 1
        self.carried = carry(len(rows.old), self.plan.steps, plain=not rows.main_before)
        standing = rows.old[: self.area.bottom - first]
        theirs = {*rows.foreign, *(key for key in standing if is_blank(key))}
        self.whole = extent(self.area, standing, (), theirs)
        self.before = extent(self.area, standing, self.mark.totals, theirs)
        self.all = data_rows(self.after, rows.new[: rows.main], (), theirs)
        where = {key: self.after.top + 1 + at for at, key in enumerate(rows.new)}
        self.places = [where[key] for key in self.wanted.keys()]  # noqa: SIM118 - not of a mapping
        self.linked = link_columns(self.wanted)
        self.data = data_rows(self.after, rows.new[: rows.main], self.wanted.total_keys(), theirs)

    @property
    def reshaped(self) -> bool:
        """Whether columns are others than before, or stand elsewhere."""
        return self.wanted.mark().columns != self.mark.columns or self.found.changed

    @property
    def moved(self) -> bool:
        """Whether the data rows are others than before."""
        before = self.before.bottom[0], self.whole.bottom[0]
        return bool(self.plan.steps) or before != (self.data.bottom, self.all.bottom)

    def follow(self, change: BlockChange) -> list[Json]:
        """Charts and conditional formats over the rows and columns as they will be. It belongs into the call that moves
        them: a later run could not tell that it was half done."""
        made: list[Json] = []
        columns, reshaped = self.found.places, self.reshaped
        if self.moved or reshaped:
            charted = replace(self.data, top=self.after.top)
            steps = bool(self.plan.steps)
            made += redraw(self.current, self.wanted, self.before, charted, columns, moved=steps, reshaped=reshaped)
        if reshaped:
            made += aside(self.current, self.area, self.after, self.place)
        first = self.area.top + 1
        change.shaken = {first + row for row in self.carried.shaken}
        change.rules = plan_rules(
            self.wanted, self.current.tabs[self.area.tab], Stood(self.whole, self.before, self.found.stood),
            dict(self.mark.rules), self.all, self.data, columns,
            moved=self.moved, reshaped=reshaped,
        )  # fmt: skip
        change.puts = put_rules(change.rules)
        return made + change.puts

    def addresses(self, cells: Mapping[tuple[int, int], Json | None]) -> list[Json]:
        """Links in the cells that hold addresses."""
        values, first, columns = self.current.tabs[self.area.tab].values, self.area.top + 1, self.found.places
        stands: dict[tuple[int, int], Json] = {}
        for at, source in enumerate(self.plan.source):
            if source is None or not self.linked:
                continue
            for where in columns:
                if (value := values.get((first + source, where))) is not None:
                    stands[self.after.top + 1 + at, where] = value
        known = self.mark.links
        return links(self.wanted, self.area.tab, columns, cells, self.places, self.linked, known, stands)

    def finish(self, change: BlockChange) -> None:
        """Everything else, the mark last."""
        out, wanted, columns = change.out, self.wanted, self.found.places
        out.each(self._title())
        made, fresh = self._formats()
        out.each(made)
        first = self.after.top + 1
        worn = {first + at: self.rows.old[row] for at, row in enumerate(self.carried.worn) if row is not None}
        new = {first + at for at in self.carried.new}
        dressed = row_looks(wanted, self.after, columns, self.places, self.mark, worn, new, fresh)
        out.each(dressed.requests)
        charted = replace(self.data, top=self.after.top)
        charts = new_charts(self.current, wanted, charted, columns, self.place, before=self.mark.charts)
        out.each(charts)
        if charts:
            change.words.append(chart_count(charts))
        if change.rules.new:
            change.words.append(rule_count(change.rules.new))
        out.each(self._widths())
        if wanted.path not in self.current.block_marks:  # a run was cut off; later on a person may take it away
            out.each(looks.guard(self.current, wanted.path, identity.text_id("block", wanted.path)))
        keys = {column.key for column in wanted.block.columns}
        known = dict.fromkeys([*self.mark.charts, *(chart.key for chart in wanted.block.charts)])
        linked = dict.fromkeys([*(key for key in self.mark.links if key in keys), *self.linked])
        mark = replace(
            wanted.mark(list(known)), partial=dressed.partial, totals=dressed.totals, formats=dressed.formats,
            rules=change.rules.kept, links=tuple(linked),
        )  # fmt: skip
        out.each(looks.mark_request(self.current, self.area.tab, mark))

    def _title(self) -> list[Json]:
        """Renews the title above the header, unless a person has changed or moved it."""
        title, row, column = self.wanted.block.title, self.area.top - 1, self.area.left
        if row < 0 or title == self.mark.title:
            return []
        value = self.current.tabs[self.area.tab].values.get((row, column))
        have = str(next(iter(value.values()))) if value else ""
        made = write_cells(self.area.tab, {(row, column): extended(title)}) if have == self.mark.title else []
        if self.wanted.path not in self.current.block_marks and have in {"", title}:
            made.append(looks.title_look(self.area.tab, row, column))
        return made

    def _widths(self) -> list[Json]:
        """The widths of columns that are new at the right, where no other block stands."""
        tab = self.area.tab
        right = max([self.area.right, *(area.right for _, area in self.current.areas.values() if area.tab == tab)])
        return [
            looks.width(tab, where, column.width, hidden=column.hidden)
            for column, where in zip(self.wanted.block.columns, self.found.places, strict=True)
            if where >= right and where not in self.found.stood
        ]

    def _formats(self) -> tuple[list[Json], set[int]]:
        """Number formats and the header's look where the report has changed them; and the columns set anew."""
        wanted, mark, columns = self.wanted, self.wanted.mark(), self.found.places
        before = dict(self.mark.columns)
        stood = [(name, before.get(name)) if (name := self.found.stood.get(where)) else None for where in columns]
        fresh = {
            index
            for index, column in enumerate(mark.columns)
            if mark.currency != self.mark.currency or stood[index] != column
        }
        made = looks.formats(wanted, self.after, columns, fresh)
        look = mark.columns != self.mark.columns or self.found.changed
        if look or mark.notes != self.mark.notes:
            made += looks.header(wanted, self.after, columns, look=look)
        return made, fresh
