"""Which column of the sheet is which column of the block, whatever people inserted, moved, renamed or deleted.

Columns are known by their header, as it was written last; a header that a person changed by the column's cells. While
a block stands as it was made, a report with other columns writes it anew from the left; once people have rearranged it,
every column keeps the place they gave it, and new ones come at the right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from revalign_udf.errors import SurfaceError
from revalign_udf.sheets import a1
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.create import HEADER_KEY
from revalign_udf.sheets.current import Area, CurrentTab
from revalign_udf.sheets.desired import WantedBlock
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.memory import BlockMemory

__all__ = ["Columns", "find_columns", "plain_value"]


@dataclass(slots=True)
class Columns:
    """Where the columns stand and shall stand.

    ``places`` gives the column of the sheet for each column wanted, ``stood`` the key of the column of ours that stands
    in a column of the sheet now, ``dropped`` those of them the report no longer has.
    """

    places: list[int]
    stood: dict[int, str]
    dropped: list[int] = field(default_factory=list)
    requests: list[Json] = field(default_factory=list)
    changed: bool = False
    """whether any column wanted stands in another place than before"""

    def was(self, key: str) -> int | None:
        """Where a column stands now."""
        return next((where for where, found in self.stood.items() if found == key), None)


def plain_value(value: Json | None) -> object:
    """What a cell holds, for comparing rows and columns; a formula is a formula."""
    if not value:
        return None
    if "formulaValue" in value or "template" in value:
        return "formula"
    return next(iter(value.values()))


def find_columns(
    tab: CurrentTab, area: Area, wanted: WantedBlock, mark: BlockMark, memory: BlockMemory | None,
    others: Sequence[Area] = (),
) -> Columns:  # fmt: skip
    """Finds a block's columns and says where each column wanted shall stand.

    Args:
        tab: the tab, its cells read.
        area: the block's rectangle.
        wanted: the block as the report has it.
        mark: what the block's mark remembers.
        memory: what was written last.
        others: rectangles of other blocks of the tab.

    Raises:
        SurfaceError: REV-703, the columns cannot be told apart, or there is no room for a new one.
    """
    finder = _Finder(tab, area, wanted, mark, memory, others)
    stood = finder.stood()
    keys = [column.key for column in wanted.block.columns]
    as_made = list(stood.items()) == [(area.left + at, key) for at, key in enumerate(finder.keys)]
    # Rows of earlier snapshots keep the columns they were written with.
    keeps = wanted.block.mode == "append" and finder.keys != keys
    if as_made and len(stood) == area.right - area.left and not keeps:
        places = [area.left + at for at in range(wanted.width)]
        dropped = list(range(area.left + wanted.width, area.right))
        right = area.left + wanted.width
    else:
        where = {key: at for at, key in stood.items()}
        end = max([area.right, *(at + 1 for at in stood)])
        free = iter(range(end, end + wanted.width))
        places = [where[key] if key in where else next(free) for key in keys]
        dropped = [at for at, key in stood.items() if key not in keys and wanted.block.mode != "append"]
        right = max(places) + 1
    found = Columns(places, stood, dropped)
    found.changed = any(stood.get(at) != key for at, key in zip(places, keys, strict=True))
    finder.check_room([at for at in places if at >= area.right and at not in stood])
    if right > tab.columns:
        body = {"sheetId": area.tab, "dimension": "COLUMNS", "length": right - tab.columns + 1}
        found.requests.append({"appendDimension": body})
    return found


class _Finder:
    def __init__(
        self, tab: CurrentTab, area: Area, wanted: WantedBlock, mark: BlockMark, memory: BlockMemory | None,
        others: Sequence[Area],
    ) -> None:  # fmt: skip
        self.tab, self.area, self.wanted, self.memory, self.others = tab, area, wanted, memory, others
        titles = {column.key: column.title for column in wanted.block.columns}
        self.keys = [key for key, _ in mark.columns] or list(titles)
        self.back = [key for key in titles if key not in self.keys] if wanted.block.mode == "append" else []
        """columns that earlier snapshots may have had"""
        self.titles: dict[str, set[str]] = {key: {titles[key]} for key in self.back}
        for key in self.keys:
            written = memory.written(HEADER_KEY, key) if memory else ()
            names = {str(value.get("stringValue", "")) if value else "" for value in written}
            self.titles[key] = names or ({titles[key]} if key in titles else set())
        self.marked = bool(mark.columns)

    def head(self, column: int) -> str:
        value = self.tab.values.get((self.area.top, column))
        return str(next(iter(value.values()))) if value else ""

    def stood(self) -> dict[int, str]:
        """The columns of ours that stand there, from left to right."""
        area = self.area
        span = range(area.left, area.right)
        as_made = len(self.keys) == len(span)
        if as_made and all(self.head(at) in self.titles[key] for at, key in zip(span, self.keys, strict=True)):
            return dict(zip(span, self.keys, strict=True))
        if as_made and (not self.marked or not any(self.head(at) for at in span)):
            return dict(zip(span, self.keys, strict=True))  # a run was cut off, or somebody emptied the header
        found = self._by_title(span)
        left = [key for key in self.keys if key not in found.values()]
        self._by_cells(found, left, [at for at in span if at not in found])
        self._outside(found)
        self._by_gap(found, span)
        return dict(sorted(found.items()))

    def _by_title(self, span: Iterable[int]) -> dict[int, str]:
        """Headers that say which column it is."""
        found: dict[int, str] = {}
        every = [*self.keys, *self.back]
        for key in every:
            twins = [other for other in every if self.titles[other] & self.titles[key]]
            at = [place for place in span if self.head(place) in self.titles[key] and place not in found]
            if len(at) > len(twins):  # a person gave a column of theirs the same name
                scores = {place: self._score(place, key) for place in at}
                best = max(scores.values())
                at = [place for place in at if scores[place] == best]
                if not best or len(at) > 1:
                    raise self._refusal(f'Two columns inside "{self._title}" are called "{self.head(at[0])}".')
            if at:
                found[at[0]] = key
        return found

    def _by_cells(self, found: dict[int, str], left: Sequence[str], free: Sequence[int]) -> None:
        """A column whose header a person changed is known by what stands beneath."""
        for key in left:
            open_ = [at for at in free if at not in found]
            scores = {at: self._score(at, key) for at in open_}
            best = max(scores.values(), default=0.0)
            at = [place for place, score in scores.items() if score == best]
            if best >= 0.5 and len(at) == 1:
                found[at[0]] = key

    def _by_gap(self, found: dict[int, str], span: Sequence[int]) -> None:
        """Between two columns that are known stand as many as did before: they are the same, in order."""
        where = {key: at for at, key in found.items() if key in self.keys}
        if [where[key] for key in self.keys if key in where] != sorted(where.values()):
            return
        runs: list[tuple[int, list[str], int]] = []
        run: list[str] = []
        before = span[0] - 1 if span else 0
        for key in self.keys:
            if key in where:
                runs.append((before, run, where[key]))
                run, before = [], where[key]
            else:
                run.append(key)
        runs.append((before, run, span[-1] + 1 if span else 0))
        for start, keys, end in runs:
            between = range(start + 1, end)
            if not keys:
                continue
            if len(between) == len(keys) and all(self._may_be(at, key) for at, key in zip(between, keys, strict=True)):
                found.update(zip(between, keys, strict=True))
            elif len(between) > 0 and not self._known_cells():
                raise self._refusal(
                    f'Somebody inserted columns inside "{self._title}" and its own columns have changed since.'
                )

    def _outside(self, found: dict[int, str]) -> None:
        """A column that a person moved to the edge of a block drops out of its named range."""
        top, area = self.area.top, self.area
        for key in self.keys:
            if key in found.values():
                continue
            at = [
                column
                for (row, column) in self.tab.values
                if row == top
                and column not in found
                and not area.left <= column < area.right
                and self.head(column) in self.titles[key] - {""}
                and not any(
                    other.top <= top < other.bottom and other.left <= column < other.right for other in self.others
                )
                and (
                    self._score(column, key) > 0 or (not self._known_cells() and column in {area.left - 1, area.right})
                )
            ]
            if len(at) == 1:
                found[at[0]] = key

    def _known_cells(self) -> bool:
        """Whether the memory holds rows of the block."""
        return self.memory is not None and any(key != HEADER_KEY and line for key, line in self.memory.rows.items())

    def _column(self, key: str) -> Counter[object]:
        """What we last wrote into a column."""
        memory = self.memory
        if memory is None or key not in memory.columns:
            return Counter()
        at = memory.columns.index(key)
        cells = (plain_value(line[at]) for name, line in memory.rows.items() if name != HEADER_KEY and line)
        return Counter(cell for cell in cells if cell is not None)

    def _standing(self, column: int) -> Counter[object]:
        rows = range(self.area.top + 1, self.area.bottom)
        cells = (plain_value(self.tab.values.get((row, column))) for row in rows)
        return Counter(cell for cell in cells if cell is not None)

    def _score(self, column: int, key: str) -> float:
        """The share of what we wrote into a column that stands in a column of the sheet."""
        written = self._column(key)
        return (written & self._standing(column)).total() / written.total() if written else 0.0

    def _may_be(self, column: int, key: str) -> bool:
        """Whether nothing speaks against a column being ours: it is empty, or holds what we wrote."""
        written, standing = self._column(key), self._standing(column)
        return not written or bool(written & standing) or not (standing or self.head(column))

    def check_room(self, new: Collection[int]) -> None:
        """Raises REV-703 where a person's cells stand in the place of a new column."""
        for row in range(self.area.top, self.area.bottom):
            for column in sorted(new):
                if self.tab.taken(row, column):
                    raise SurfaceError(
                        f'"{self._title}" has more columns now, and '
                        f"{self.tab.title}!{a1.cell(row, column)} beside it is not empty.",
                        code="REV-703",
                        hint="Insert columns to the right of the block, or move what stands there.",
                    )

    @property
    def _title(self) -> str:
        return self.wanted.block.title or self.wanted.block.key

    def _refusal(self, message: str) -> SurfaceError:
        hint = f"Move the inserted columns of {self.tab.title} to the right of the block and run again."
        return SurfaceError(message, code="REV-703", hint=hint)
