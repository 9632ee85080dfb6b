"""One block: from what stands there to what is wanted, as requests.

Blocks of a tab are planned from the lowest up, so that rows inserted for one never shift what is planned for another.
A block's mark is written last: a run that was cut off before finds the old mark and sets the formats again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from revalign_udf.errors import SurfaceError
from revalign_udf.sheets import a1, identity, looks, style
from revalign_udf.sheets.align import Alignment, Delete, Insert, Move, align
from revalign_udf.sheets.change import BlockChange, Edit, Refusal
from revalign_udf.sheets.charts import Place
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.columns import find_columns, plain_value
from revalign_udf.sheets.create import HEADER_KEY, remembered
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import WantedBlock, extended
from revalign_udf.sheets.dressing import Dressing
from revalign_udf.sheets.filling import fill_down
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.judging import same_edit, same_formula, too_much
from revalign_udf.sheets.memory import KeptBlock, Memory
from revalign_udf.sheets.requests import Patch, repeat, rows_request, write_cells
from revalign_udf.sheets.rows import HEADING, Rows, arrange, is_blank, record_keys

__all__ = ["Judgement", "update_block"]

GONE_TITLE = "No longer in the source (kept, not updated)"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How strictly a block is changed.

    Args:
        memory: what was written last; None where nobody keeps track, and everything inside a block counts as ours.
        max_delete: the share of a block's rows or cells that may vanish at once.
        overwrite: write over people's edits at once.
        only_cells: leave the title, looks, charts and marks as they are.
        loose: what this very sync wrote, maybe into other rows than meant; never taken for a person's.
    """

    memory: Memory | None = None
    max_delete: float = 0.3
    overwrite: bool = False
    only_cells: bool = False
    loose: Collection[object] = ()


def update_block(
    current: Current, wanted: WantedBlock, area: Area, place: Place, judgement: Judgement | None = None
) -> BlockChange:
    """Brings a block that stands somewhere to what is wanted.

    Raises:
        SurfaceError: REV-703, it would have to write over what a person wrote.
    """
    return _Update(current, wanted, area, place, judgement or Judgement()).run()


class _Update:
    """The steps of one block, in the order of the requests."""

    def __init__(self, current: Current, wanted: WantedBlock, area: Area, place: Place, judgement: Judgement) -> None:
        self.current, self.wanted, self.area, self.judgement = current, wanted, area, judgement
        self.tab: CurrentTab = current.tabs[area.tab]
        found = current.block_marks.get(wanted.path)
        self.mark = found.kept if found else BlockMark(wanted.path)
        self.change = BlockChange()
        self.first = area.top + 1
        memory = judgement.memory
        self.memory = memory.blocks.get(wanted.path) if memory else None
        self.found = find_columns(self.tab, area, wanted, self.mark, self.memory, self._others())
        self.columns = self.found.places
        self.places = {column.key: where for column, where in zip(wanted.block.columns, self.columns, strict=True)}
        self.was = {key: where for where, key in self.found.stood.items()}
        self.resize: list[Json] = list(self.found.requests)
        self.cleared: set[tuple[int, int]] = set()
        """cells of columns the report has dropped, which are emptied"""
        apart = current.area("gone", wanted.path)
        self.apart = apart if apart and apart.tab == area.tab and apart.top >= area.bottom else None
        self.keys = wanted.keys()
        self.rows = self._rows()
        self.plan: Alignment = align(self.rows.old, self.rows.new, self.rows.guarded)
        if changed := self._edited_rows():  # they move whole, or what a person entered would go to another record
            self.rows.guarded |= changed
            self.plan = align(self.rows.old, self.rows.new, self.rows.guarded)
        left, right = min(self.columns), max(self.columns) + 1
        self.after = Area(area.tab, area.top, left, self.first + self.rows.main, right)
        """the rectangle as it will be"""
        self.dressing = Dressing(current, wanted, self.mark, self.found, self.rows, self.plan, area, self.after, place)

    def run(self) -> BlockChange:
        change = self.change
        self._check_beside()
        shape = self._shape()
        change.out.together(self.resize + shape)
        change.memory = remembered(self.wanted)
        cells = self._cells()
        change.out.patch(cells)
        change.out.each(self.dressing.addresses(cells.changes))
        change.before, change.area = self._kept(), self.after
        change.grown = len(self.rows.new) - len(self.rows.old)
        if not self.judgement.only_cells:
            self.dressing.finish(change)
        return change

    # --- columns -----------------------------------------------------------------------------------------------------

    def _others(self) -> list[Area]:
        """Rectangles of the other blocks of the tab."""
        names = {
            identity.text_id(kind, path)
            for path in self.current.block_marks
            for kind in ("block", "gone")
            if path != self.wanted.path
        }
        return [area for name, (_, area) in self.current.areas.items() if name in names and area.tab == self.area.tab]

    def _check_beside(self) -> None:
        """Rows move whole. Where two blocks share rows, moving one's would tear the other apart."""
        bottom = self.apart.bottom if self.apart else self.area.bottom
        if self.plan.steps and any(other.top < bottom and other.bottom > self.area.top for other in self._others()):
            raise SurfaceError(
                f'"{self.wanted.block.title or self.wanted.block.key}" gains or loses rows, and another block stands '
                f"beside it on the same rows of {self.tab.title}.",
                code="REV-703",
                hint="Move one of the two beneath the other (cut and paste), then run again.",
            )

    def _clear(self, standing: Sequence[str]) -> None:
        """Empties what we wrote into columns that the report has dropped. What a person wrote there stays."""
        heads: list[tuple[int, int]] = []
        for where in self.found.dropped:
            for row, name in enumerate([HEADER_KEY, *standing], self.area.top):
                had = self.tab.values.get((row, where))
                if had is not None and self._ours(name, self.found.stood[where], had, row):
                    self.cleared.add((row, where))
                    heads += [(row, where)] if row == self.area.top else []
        self.resize += write_cells(self.area.tab, dict.fromkeys(sorted(self.cleared)))
        for row, where in heads:
            cell = Area(self.area.tab, row, where, row + 1, where + 1)
            self.resize.append(repeat(cell, {}, "userEnteredFormat,note"))
        for where in self.found.dropped:
            cells = Area(self.area.tab, self.first, where, self.area.bottom, where + 1)
            if cells.top < cells.bottom:
                self.resize.append(repeat(cells, {}, "userEnteredFormat(numberFormat,textFormat)"))
        if self.found.dropped or self.found.changed:
            self.change.words.append("columns changed")

    def _ours(self, name: str, key: str, had: Json, row: int) -> bool:
        """Whether what stands in a cell is what we wrote."""
        if self.memory is None:  # nobody can tell; rows that nobody knows are kept
            return self.judgement.memory is None or name == HEADER_KEY or name in set(self.keys)
        return any(self._is(value, had, row) for value in self.memory.written(name, key))

    # --- rows --------------------------------------------------------------------------------------------------------

    def _rows(self) -> Rows:
        """Whose row is it, and where each shall stand."""
        area, values, wanted = self.area, self.tab.values, self.wanted
        bottom = self.apart.bottom if self.apart else area.bottom
        span = range(self.first, bottom)
        at_keys = [self.was.get(wanted.block.columns[at].key) for at in wanted.key_columns]
        cells = [[None if where is None else values.get((row, where)) for where in at_keys] for row in span]
        old = record_keys(cells)
        if self.apart:
            old[self.apart.top - self.first] = HEADING
        count = area.bottom - self.first
        standing, apart = old[:count], old[count:]
        self._recognise(standing)
        self._clear(standing)
        noted = self._noted(bottom, [*standing, *apart], count)
        frozen = [key for key, line in zip(standing, cells, strict=False) if wanted.is_earlier(line)]
        mode = wanted.block.mode
        tracked = self.judgement.memory is not None
        totals = wanted.total_keys()
        return arrange(
            standing, apart, self.keys, mode, noted, self.memory, tracked=tracked, frozen=frozen, totals=totals
        )

    def _edited_rows(self) -> set[int]:
        """Rows that would be written over with another record, and in which a person changed a cell of ours."""
        rows = self.rows
        stays = {
            source
            for place, source in enumerate(self.plan.source)
            if source is not None and rows.old[source] == rows.new[place]
        }
        new = set(rows.new)
        return {
            at
            for at, key in enumerate(rows.old)
            if at not in stays and at not in rows.guarded and key in new and key != HEADING
            if any(
                self._edited(key, name, self.tab.values.get((self.first + at, where)), self.first + at)
                for where, name in self.found.stood.items()
            )
        }

    def _recognise(self, standing: list[str]) -> None:
        """A row whose key a person edited is known by the rest of it."""
        memory = self.memory
        if memory is None:
            return
        wanted = set(self.keys)
        missing = wanted - set(standing)
        lost = [key for key in memory.rows if key in missing]
        strange = [at for at, key in enumerate(standing) if not memory.knows(key) and key not in wanted]
        lead = [self.wanted.block.columns[at].key for at in self.wanted.key_columns]
        rest = [key for key in memory.columns if key not in lead and key in self.was]
        lost = [key for key in lost if memory.rows[key]]
        if not lost or not strange or not rest:
            return

        def known(key: str) -> tuple[object, ...]:
            return tuple(plain_value(memory.rows[key][memory.columns.index(part)]) for part in rest)

        def stands(at: int) -> tuple[object, ...]:
            return tuple(plain_value(self.tab.values.get((self.first + at, self.was[part]))) for part in rest)

        nameless = any(key not in self.was for key in lead)  # somebody deleted the very column: by their order then
        signs = [known(key) for key in lost]
        for at in strange:
            sign = stands(at)
            if not any(part not in {None, "formula"} for part in sign):
                continue
            if signs.count(sign) == 1 or (nameless and sign in signs):
                number = signs.index(sign)
                standing[at] = lost.pop(number)
                signs.pop(number)

    def _noted(self, bottom: int, keys: Sequence[str], count: int) -> set[int]:
        """Rows in which a person keeps something: beside the block, in a column of theirs inside it, a note, a colour,
        anything in a row without a name, a cell of ours they changed in a row that is to go."""
        own = set(self.columns) | set(self.found.stood)
        found = {row for row, column in self.tab.values if self.first <= row < bottom and column not in own}
        found |= {row for row, _ in self.tab.notes if self.first <= row < bottom}
        found |= {row for row, _ in self.tab.colours if self.first <= row < bottom}
        dropped = set(self.found.dropped)
        found |= {
            row for row, column in self.tab.values
            if column in dropped and self.first <= row < bottom and (row, column) not in self.cleared
        }  # fmt: skip
        noted = {row - self.first for row in found}
        if self.judgement.memory is None:
            return noted
        wanted = set(self.keys)
        for at, key in enumerate(keys):
            if at in noted or key in wanted or key == HEADING:
                continue
            cells = [(name, self.tab.values.get((self.first + at, where))) for where, name in self.found.stood.items()]
            if is_blank(key):
                theirs = any(had is not None and not self._meant(name, had) for name, had in cells)
            else:
                theirs = at < count and any(self._edited(key, name, had, self.first + at) for name, had in cells)
            noted |= {at} if theirs else set()
        return noted

    def _meant(self, name: str, had: Json) -> bool:
        """Whether a first sync that was cut off may have left this in a row whose name it had not written yet."""
        memory = self.memory
        if memory is None or memory.rows or name not in memory.meant_columns:
            return False
        at = memory.meant_columns.index(name)
        return any(line and plain_value(line[at]) == plain_value(had) for line in memory.meant.values())

    def _shape(self) -> list[Json]:
        """Everything that follows from rows moving: one call, for a later run could not tell it was half done."""
        area, tab, plan, rows = self.area, self.tab, self.plan, self.rows
        made: list[Json] = []
        bottom = self.apart.bottom if self.apart else area.bottom
        if bottom >= tab.rows and any(isinstance(step, Insert) for step in plan.steps):
            # Rows cannot be inserted after the very last one.
            made.append({"appendDimension": {"sheetId": area.tab, "dimension": "ROWS", "length": 1}})
        apart = identity.text_id("gone", self.wanted.path)
        if HEADING not in rows.new and apart in self.current.areas:
            made.append({"deleteNamedRange": {"namedRangeId": apart}})  # first: it goes with its last row anyway
        made += [self._step(step) for step in plan.steps]
        if plan.steps or self.after != area:
            named = {"namedRangeId": identity.text_id("block", self.wanted.path), "range": self.after.json()}
            made.append({"updateNamedRange": {"namedRange": named, "fields": "range"}})
            if not plan.steps and not self.resize:
                self.change.words.append("named range put right")
        made += self._set_apart()
        if plan.steps and not rows.main_before:  # the row above was the header: its look must not run on
            data = Area(area.tab, self.after.top + 1, self.after.left, self.after.bottom, self.after.right)
            made += [repeat(data, {}, "userEnteredFormat")] if data.top < data.bottom else []
            made += looks.formats(self.wanted, self.after, self.columns, set(range(self.wanted.width)))
        made += self._plain_colours()
        made += fill_down(tab, self.first, self.columns, rows, plan)
        made += self._stripes()
        return made if self.judgement.only_cells else made + self.dressing.follow(self.change)

    def _step(self, step: Move | Delete | Insert) -> Json:
        tab, first = self.area.tab, self.first
        match step:
            case Move(start, to):
                return rows_request("moveDimension", tab, first + start, first + start + 1, destinationIndex=first + to)
            case Delete(start, end):
                return rows_request("deleteDimension", tab, first + start, first + end)
            case Insert(at, count):
                # New rows look like data: like the row before, or the one after when the row before is the header.
                where = first + at
                before = at > 0 or not self.rows.main_before
                return rows_request("insertDimension", tab, where, where + count, inheritFromBefore=before)

    def _set_apart(self) -> list[Json]:
        """The part beneath the block for records that are gone: its heading, its name, its look."""
        made: list[Json] = []
        rows, path, tab = self.rows, self.wanted.path, self.area.tab
        identifier = identity.text_id("gone", path)
        known = identifier in self.current.areas
        top, bottom = self.first + rows.main, self.first + len(rows.new)
        area = Area(tab, top, min(self.columns), bottom, self.after.right)
        if HEADING not in rows.new:
            return []
        if not known:
            named = {"namedRangeId": identifier, "name": identity.range_name(f"{path}/gone"), "range": area.json()}
            made.append({"addNamedRange": {"namedRange": named}})
        elif self.current.area("gone", path) != area or self.plan.steps:
            named = {"namedRangeId": identifier, "range": area.json()}
            made.append({"updateNamedRange": {"namedRange": named, "fields": "range"}})
        if self.apart is None:
            cells: dict[tuple[int, int], Json | None] = {(top, self.columns[0]): extended(GONE_TITLE)}
            source = self.plan.source[rows.main]
            if source is not None:  # a row that is no longer needed became the heading
                taken = [where for where in self.columns[1:] if (self.first + source, where) in self.tab.values]
                cells |= dict.fromkeys([(top, where) for where in taken])
            made += write_cells(tab, cells)
        newly = set(rows.newly_gone) if self.apart else {HEADING, *rows.newly_gone}
        made += self._look([at for at, key in enumerate(rows.new) if key in newly], style.GONE)
        if rows.newly_gone:
            self.change.words.append(f"{len(rows.newly_gone)} rows no longer in the source set apart beneath the block")
        return made

    def _look(self, places: Sequence[int], look: Json) -> list[Json]:
        """A look for some rows, as few rectangles."""
        made: list[Json] = []
        fields = "userEnteredFormat.textFormat(foregroundColorStyle,italic)"
        for start, end in looks.runs(places):
            top, bottom = self.first + start, self.first + end
            cells = Area(self.area.tab, top, min(self.columns), bottom, self.after.right)
            made.append(repeat(cells, {"userEnteredFormat": look}, fields))
        return made

    def _plain_colours(self) -> list[Json]:
        """A new row does not take over a colour a person gave the row it was inserted beside; one that is back from
        beneath looks like the others again."""
        rows, old = self.rows, set(self.rows.old)
        made: list[Json] = []
        count = self.area.bottom - self.first
        back = set(self.rows.old[count:]) & set(self.keys)
        made += self._look([at for at, key in enumerate(rows.new) if key in back], style.PRESENT)
        new = [at for at in range(rows.main) if rows.new[at] not in old and self.plan.source[at] is None]
        if new and any(self.first - 1 <= row < self.first + len(rows.old) for row, _ in self.tab.colours):
            for start, end in looks.runs(new):
                cells = {"sheetId": self.area.tab, "startRowIndex": self.first + start, "endRowIndex": self.first + end}
                made.append(
                    {"repeatCell": {"range": cells, "cell": {}, "fields": "userEnteredFormat.backgroundColorStyle"}}
                )
        return made

    def _stripes(self) -> list[Json]:
        """The stripes grow and shrink with the rows, as long as a person has left them as they were."""
        number = identity.number_id("banding", self.wanted.path)
        found = self.tab.bandings.get(number)
        have, want = _data(self.area), _data(self.after)
        if found is None:
            fresh = not self.mark.banded and all(number not in tab.bandings for tab in self.current.tabs.values())
            fresh = fresh and not looks.striped(self.tab, self.after)
            return [looks.banding(self.wanted.path, self.after)] if fresh else []
        if have == want and not self.plan.steps:
            return []
        if {"sheetId": 0, **found} != have.json():
            return []
        height = have.bottom - self.first
        stays = [source for source in (*self.plan.source, *self.plan.left_over) if source is not None]
        if height <= len(self.rows.old) and not any(source < height for source in stays):
            return [looks.banding(self.wanted.path, self.after)]  # they went with their last row
        body = {"bandedRangeId": number, "range": want.json()}
        return [{"updateBanding": {"bandedRange": body, "fields": "range"}}]

    # --- cells -------------------------------------------------------------------------------------------------------

    def _cells(self) -> Patch:
        """Values that differ; counts the rows on the way."""
        change, first, rows = self.change, self.first, self.rows
        cells: dict[tuple[int, int], Json | None] = {}
        standing: dict[int, Sequence[Json | None]] = {}
        heads = [self.tab.values.get((self.area.top, where)) for where in self.columns]
        is_header = not self._headless(heads)
        self._judge(cells, HEADER_KEY, self.area.top, heads, self.wanted.header(), same_record=is_header)
        index = {key: at for at, key in enumerate(self.keys)}
        known, filled, emptied = set(rows.old), 0, 0
        count = self.area.bottom - first
        for place, (key, source) in enumerate(zip(rows.new[: rows.main], self.plan.source, strict=False)):
            number = index.get(key)
            if number is None:
                continue  # a person's own row, or one of an earlier snapshot
            at = first + place
            want = self.wanted.row(number, at, self.places)
            have = self._standing(source, at)
            differs = False
            is_record = source is not None and rows.old[source] == key
            if have != want:
                before = len(cells)
                self._judge(cells, key, at, have, want, same_record=is_record)
                differs = len(cells) > before
                if differs:
                    standing[at] = have
                if is_record:
                    emptied += sum(
                        1
                        for had, now, column, where in zip(
                            have, want, self.wanted.block.columns, self.columns, strict=True
                        )
                        if had is not None and now is None and self.found.stood.get(where) == column.key
                    )
            filled += sum(1 for value in have if value is not None) if is_record else 0
            if key not in known:
                change.inserted += 1
            elif differs:
                change.updated += 1
            else:
                change.unchanged += 1
        change.kept, change.removed = len(rows.gone), len(rows.removed)
        stood = set(rows.old[:count])
        vanished = len(rows.removed) + sum(1 for key in rows.newly_gone if key in stood)
        change.refusal = self._losses(vanished, emptied, filled)
        return Patch(self.area.tab, cells, self.columns, standing)

    def _headless(self, heads: Sequence[Json | None]) -> bool:
        """Whether somebody deleted the header: where it stood is nothing, or the first record."""
        if not any(heads):
            return True
        if any(have == title for have, title in zip(heads, self.wanted.header(), strict=True)):
            return False
        at_keys = [self.was.get(self.wanted.block.columns[at].key) for at in self.wanted.key_columns]
        cells = [None if where is None else self.tab.values.get((self.area.top, where)) for where in at_keys]
        [key] = record_keys([cells])
        return key in set(self.keys) or (self.memory is not None and not is_blank(key) and self.memory.knows(key))

    def _standing(self, source: int | None, at: int) -> list[Json | None]:
        """The cells that will stand on a row before values are written; formulas as they read there."""
        if source is None:
            return [None] * len(self.columns)
        row, values = self.first + source, self.tab.values
        found = [values.get((row, where)) for where in self.columns]
        if row != at:
            found = [
                {"formulaValue": a1.rebase(str(cell["formulaValue"]), row, at)}
                if cell and "formulaValue" in cell
                else cell
                for cell in found
            ]
        return found

    def _judge(
        self, cells: dict[tuple[int, int], Json | None], key: str, at: int, have: Sequence[Json | None],
        want: Sequence[Json | None], *, same_record: bool,
    ) -> None:  # fmt: skip
        """Collects what to write of one row. A cell a person changed is left alone once, and logged."""
        block = self.wanted.block
        for column, where, had, now in zip(block.columns, self.columns, have, want, strict=True):
            if had == now or same_formula(had, now):
                continue
            stood = self.found.stood.get(where)
            if same_record and stood is not None and self._edited(key, stood, had, at):
                warned = self.memory.warned if self.memory else {}
                again = stood != column.key or ((key, column.key) in warned and same_edit(warned[key, column.key], had))
                shown = "header" if key == HEADER_KEY else key.replace("\x1f", " · ").replace("'", "")
                edit = Edit(
                    self.wanted.path, self.tab.title, a1.cell(at, where), shown, column.title, had, now,
                    "replaced" if again else "warned",
                )  # fmt: skip
                self.change.edits.append(edit)
                if not again:
                    self._leave(key, column.key, had)
                    continue
            cells[at, where] = now

    def _edited(self, key: str, column: str, had: Json | None, at: int) -> bool:
        """Whether somebody else than this sync put into a cell what stands there."""
        if self.memory is None or self.judgement.overwrite:
            return False
        if had and "#REF!" in str(had.get("formulaValue", "")):
            return False  # of a row or column that somebody deleted, not entered
        if self.judgement.loose and (a1.bare(had) if had else None) in self.judgement.loose:
            return False
        known = False
        for value in self.memory.written(key, column):
            if self._is(value, had, at):
                return False
            known = True
        return known

    def _is(self, written: Json | None, had: Json | None, at: int) -> bool:
        if written is None or "template" not in written:
            return written == had
        if had is None or "formulaValue" not in had:
            return False
        try:
            ours = self.wanted.formula(str(written["template"]), at, self.was)
        except SurfaceError:
            return True  # a formula over a column the block had
        return had == ours or same_formula(had, ours)

    def _leave(self, key: str, column: str, had: Json | None) -> None:
        """Remembers what we last wrote, not what stands there: so the edit is seen as one again."""
        memory, block = self.change.memory, self.wanted.block
        assert memory is not None
        assert self.memory is not None
        place = [item.key for item in block.columns].index(column)
        memory.rows[key] = list(memory.rows[key])
        memory.rows[key][place] = next(self.memory.written(key, column))
        memory.warned[key, column] = had

    def _losses(self, vanished: int, emptied: int, filled: int) -> Refusal | None:
        rows = self.rows
        base = rows.main_before - len(rows.foreign) - len(rows.frozen)
        return too_much(self.wanted, self.tab.title, self.judgement.max_delete, (vanished, base), (emptied, filled))

    def _kept(self) -> KeptBlock | None:
        """The block as it stands, for undo; nothing where its very columns change."""
        values, block = self.tab.values, self.wanted.block
        if self.found.changed or self.found.dropped or self.judgement.only_cells:
            return None
        known = dict(self.mark.columns)
        columns = tuple((column.key, column.title, known.get(column.key, column.unit)) for column in block.columns)
        rows = tuple(
            (row, tuple(values.get((row, where)) for where in self.columns))
            for row in range(self.first, self.area.bottom)
        )
        return KeptBlock(self.wanted.path, columns, block.lead, rows, tuple(self.columns))


def _data(area: Area) -> Area:
    """The rows beneath the header; stripes need one row at least."""
    return Area(area.tab, area.top + 1, area.left, max(area.bottom, area.top + 2), area.right)
