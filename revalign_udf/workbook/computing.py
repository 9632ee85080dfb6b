"""A workbook computed anew, beside what the file holds: what `fill` writes and `verify` compares.

Nothing is guessed. A formula the engine cannot compute keeps the value it has; that value counts as right only while
nothing it reads has changed. Otherwise it, and everything behind it, is left alone and listed as out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Any

from revalign_udf.calc.results import CellError
from revalign_udf.errors import SurfaceError
from revalign_udf.functions import registry
from revalign_udf.functions.pinned import ASOF, pinned_day
from revalign_udf.functions.session import Door, using
from revalign_udf.workbook.book import Book, Name
from revalign_udf.workbook.engine import FAILED, SHIFT_1904, Engine, Value, understood
from revalign_udf.workbook.enginecopy import engine_copy
from revalign_udf.workbook.grid import Area, Place, address
from revalign_udf.workbook.references import Cell, Graph, Reader
from revalign_udf.workbook.sheetxml import Node, Scan, scan
from revalign_udf.workbook.spelling import Prepared, calls, prepared
from revalign_udf.workbook.values import same, stored

__all__ = ["Computed", "Kept", "compute"]

#: functions the engine answers otherwise than Excel would, or that Excel itself answers otherwise every time
_OTHERWISE = {name: f"the function {name}" for name in ("CELL", "INFO", "SHEETS")}
_CHANCE = {name: f"{name}, which is drawn anew every time" for name in ("RAND", "RANDBETWEEN", "RANDARRAY")}
_DRAWN = frozenset(_CHANCE.values())
_CLOCK = frozenset({"TODAY", "NOW"})
#: an operand that is a name and no reference
_WORD = re.compile(r"[^\W\d][\w.\\]*")
_CELL = re.compile(r"[a-z]{1,3}\d+")
_ROUNDS = 8
#: cells whose message is looked up; a file of nothing but errors has one reason, not thousands
_TOLD = 500
_MANY = "implicit intersection: a formula of many values in one cell"
_RELATIVE = re.compile(r"(?<![\w$.])(?:[A-Za-z]{1,3}\$?\d+|\$[A-Za-z]{1,3}\d+)(?![\w(])")


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a formula cell keeps the value it has; ``stale`` when that value may be out of date."""

    reason: str
    stale: bool
    root: bool = False
    """whether it has a value that is stale by itself, not for resting on one that is"""


@dataclass(slots=True)
class Computed:
    """A workbook computed anew."""

    book: Book
    engine: Engine
    contents: dict[str, bytes]
    scans: dict[str, Scan]
    formulas: dict[Cell, Node]
    ours: dict[Cell, bool]
    """formula cells that call one of our functions -> whether they are one such call and nothing else"""
    values: dict[Cell, Value] = field(default_factory=dict)
    """of every formula cell that was computed"""
    spills: dict[Cell, Area] = field(default_factory=dict)
    """formula cells that fill several cells -> those cells now"""
    kept: dict[Cell, Kept] = field(default_factory=dict)
    moving: dict[Cell, str] = field(default_factory=dict)
    """formula cells that rest on the clock or on chance -> why"""
    said: dict[Cell, str] = field(default_factory=dict)
    """cells of ours that show an error -> why"""
    unexplained: list[Cell] = field(default_factory=list)
    """native formula cells with another value although nothing they read has changed"""
    as_of: date | None = None
    now: datetime | None = None
    """the moment TODAY and NOW told, where a formula asks them"""

    def formula(self, cell: Cell) -> str:
        """The formula of a cell, without ``=``; of a shared one as the engine wrote it out."""
        node = self.formulas[cell]
        return node.formula or self.engine.formula(*cell)

    def held(self, cell: Cell) -> Value:
        """What the file holds for a cell, formula or spilled."""
        sheet, at = cell
        node = self.scans[sheet].nodes.get(at)
        return stored(node, lambda: self.book.strings, date1904=self.book.date1904)

    def exact(self, cell: Cell) -> bool:
        """Whether the value must agree to the last bit: one of ours alone in its cell."""
        return self.ours.get(cell, False)

    def filled(self, cell: Cell) -> Area:
        """The cells a formula fills according to the file."""
        node = self.formulas[cell]
        found = node.area
        return found if found is not None else Area(*node.at, *node.at)

    def differing(self, cell: Cell) -> list[tuple[Place, Value, Value]]:
        """Where the file and the engine disagree in the cells of a formula: (place, held, computed)."""
        sheet, at = cell
        exact = self.exact(cell)
        found = []
        old, new = self.held(cell), self.values[cell]
        if not same(old, new, exact=exact):
            found.append((at, old, new))
        if self.formulas[cell].area is None and cell not in self.spills:
            return found
        now, before = self.spills.get(cell, Area(*at, *at)), self.filled(cell)
        for row in range(min(now.top, before.top), max(now.bottom, before.bottom) + 1):
            for column in range(min(now.left, before.left), max(now.right, before.right) + 1):
                place = row, column
                if place == at or not (now.holds(place) or before.holds(place)):
                    continue
                old = self.held((sheet, place)) if before.holds(place) else None
                new = self.engine.value(sheet, place) if now.holds(place) else None
                if not same(old, new, exact=exact) and not (old in (None, "") and new in (None, "")):
                    found.append((place, old, new))
        return found


def compute(
    book: Book,
    door: Callable[[date | None], Door],
    *,
    as_of: date | None = None,
    now: datetime | None = None,
    called: Callable[[int], None] | None = None,
) -> Computed:
    """Compute a workbook. ``door`` opens the published numbers, pinned to a day where one is given.

    ``as_of`` goes before the day the workbook names itself. ``called`` is told how many calls of ours there are, then
    -1 for each one answered.

    Raises SurfaceError REV-704 for a file that cannot be read or computed, and what the door raises.
    """
    return _Computation(book, door, as_of, now or datetime.now().astimezone(), called or (lambda _: None)).run()


class _Computation:
    """One workbook on its way."""

    def __init__(
        self,
        book: Book,
        door: Callable[[date | None], Door],
        as_of: date | None,
        now: datetime,
        called: Callable[[int], None],
    ) -> None:
        self.book, self._door, self._as_of, self._now, self._called = book, door, as_of, now, called
        package = book.package
        self.contents = {sheet.name: package.read(sheet.part) for sheet in book.sheets}
        self.scans = {name: scan(content, f"{package.name}: {name}") for name, content in self.contents.items()}
        self.formulas = {
            (name, at): node
            for name, found in self.scans.items()
            for at, node in found.nodes.items()
            if node.formula is not None
        }
        self._masters = {
            (cell[0], node.formula_attributes["si"]): cell
            for cell, node in self.formulas.items()
            if node.formula and node.formula_attributes.get("t") == "shared" and "si" in node.formula_attributes
        }
        self._frozen: dict[Cell, str] = {}
        self._prepared: dict[Cell, Prepared] = {}
        self._read = Reader(book.names, book.tables)

    # --- what stands in the cells ----------------------------------------------------------------------------------

    def _master(self, cell: Cell) -> Cell:
        """The cell whose text says what a cell's formula is: another one for a shared formula."""
        node = self.formulas[cell]
        if node.formula or node.formula_attributes.get("t") != "shared":
            return cell
        return self._masters.get((cell[0], node.formula_attributes.get("si", "")), cell)

    def _prepare(self, inlined: Mapping[tuple[str | None, str], str], refused: Mapping[str, str]) -> None:
        """Read every formula as the engine is to see it, and find those it cannot compute."""
        self._prepared.clear()
        self._frozen.clear()
        known: dict[tuple[str, str, bool], Prepared | str] = {}
        names = {
            sheet.name: {name: text for (scope, name), text in inlined.items() if scope in (None, sheet.name)}
            for sheet in self.book.sheets
        }
        for cell, node in self.formulas.items():
            if self._master(cell) != cell:
                continue
            if node.formula_attributes.get("t") == "dataTable":
                self._frozen[cell] = "a data table"
                continue
            key = cell[0], node.formula or "", node.area is None
            if key not in known:
                try:
                    known[key] = prepared(key[1], single=key[2], names=names[cell[0]])
                except ValueError:
                    known[key] = "a formula the engine cannot read"
            found = known[key]
            if isinstance(found, str):
                self._frozen[cell] = found
                continue
            self._prepared[cell] = found
            if reason := _reason(found, refused):
                self._frozen[cell] = reason
        for cell in self.formulas:
            master = self._master(cell)
            if master != cell:
                if master in self._frozen:
                    self._frozen[cell] = self._frozen[master]
                if master in self._prepared:
                    self._prepared[cell] = self._prepared[master]
                elif master not in self._frozen:
                    self._frozen[cell] = "a formula the engine cannot read"

    def _load(self) -> Engine:
        """The engine with the workbook in it; names it cannot evaluate are put in as their formulas."""
        called = partial(self._called, -1)
        self._prepare({}, {})
        engine = self._engine(called)
        unknown = set(engine.unevaluable)
        if not unknown:
            return engine
        inlined, refused = {}, {}
        for item in self.book.names:
            if (item.name.casefold(), item.sheet) in unknown or (item.name.casefold(), None) in unknown:
                if _fixed(item):
                    inlined[item.sheet, item.name.casefold()] = item.text
                else:
                    refused[item.name.casefold()] = f"the name {item.name}"
        used = {name.rpartition("!")[2] for found in self._prepared.values() for name in found.names}
        if not used & {name for name, _ in unknown}:
            return engine
        self._prepare(inlined, refused)
        return self._engine(called)

    def _engine(self, called: Callable[[], None]) -> Engine:
        engine = Engine(self._copy(), date1904=self.book.date1904, called=called)
        engine.know(self.book.tables)
        return engine

    def _copy(self) -> bytes:
        texts: dict[str, dict[Place, str]] = {sheet.name: {} for sheet in self.book.sheets}
        for cell, found in self._prepared.items():
            # what cannot be computed is put in afterwards; a link to another file would stop the engine altogether
            if self._master(cell) == cell:
                texts[cell[0]][cell[1]] = "NA()" if found.external else found.text
        for cell in self._frozen:
            if cell not in self._prepared and self._master(cell) == cell:
                texts[cell[0]][cell[1]] = "NA()"
        return engine_copy(self.book, self.contents, self.scans, texts)

    # --- the numbers -----------------------------------------------------------------------------------------------

    def run(self) -> Computed:
        """Everything computed that can be."""
        engine = self._load()
        asked = {found: _asked(found) for found in set(self._prepared.values())}
        ours = {cell: found.alone for cell, found in self._prepared.items() if asked[found]}
        made = Computed(self.book, engine, self.contents, self.scans, self.formulas, ours)
        if any(found.functions & _CLOCK for found in self._prepared.values()):
            made.now = self._now
            engine.clock(self._now)
        self._called(sum(1 for cell in ours if cell not in self._frozen))
        with ExitStack() as stack:
            made.as_of = self._as_of or self._day(engine)
            if any(registry()[name].snapshot for names in asked.values() for name in names if name in registry()):
                stack.enter_context(using(self._door(made.as_of)))
            engine.run()
            self._settle(made)
            self._values(made)
            self._trust(made)
            self._ask_why(made)
        self._explain(made)
        return made

    def _day(self, engine: Engine) -> date | None:
        """The day the workbook pins. Raises UserError REV-101 when it names none that can be read."""
        name = next((item for item in self.book.names if item.name.upper() == ASOF and item.sheet is None), None)
        if name is None:
            return None
        unknown = (name.name.casefold(), None) in engine.unevaluable
        text = name.text if unknown else name.name
        value: Any = engine.result(text)
        size = engine.result(f"ROWS({text})*COLUMNS({text})")
        if isinstance(size, float) and size > 1:
            value = [[value]] * 2  # several cells, of which the engine gives the first
        if isinstance(value, float) and self.book.date1904 and value:
            value += SHIFT_1904
        return pinned_day(value)

    def _settle(self, made: Computed) -> None:
        """Put the kept values in, until nothing more is found that the engine cannot compute."""
        fresh = dict(self._frozen)
        for _ in range(_ROUNDS):
            for cell in fresh:
                area = made.filled(cell)
                made.engine.keep(*cell, made.held(cell))
                if area.size > 1:
                    for row in range(area.top, area.bottom + 1):
                        for column in range(area.left, area.right + 1):
                            if (row, column) != cell[1]:
                                made.engine.keep(cell[0], (row, column), made.held((cell[0], (row, column))))
            if fresh:
                made.engine.run()
            fresh = self._failures(made)
            if not fresh:
                return
            self._frozen |= fresh
        raise SurfaceError(f"{self.book.package.name} does not come to rest in the engine.")

    def _failures(self, made: Computed) -> dict[Cell, str]:
        """Cells the engine could not compute, or computed in another way than Excel."""
        engine = made.engine
        found: dict[Cell, str] = {}
        failed: dict[Cell, str] = {}
        blocked: set[Cell] = set()
        unnamed: set[Cell] = set()
        for cell, node in self.formulas.items():
            if cell in self._frozen:
                continue
            value = engine.value(*cell)
            if value == "#SPILL!":
                blocked.add(cell)
            elif value == "#NAME?":
                unnamed.add(cell)
            if isinstance(value, CellError) and value.startswith("!"):
                failed[cell] = FAILED.get(value[1:], "an error of the engine")
                continue
            area = engine.spill(*cell)
            if node.dynamic:
                if area is not None and any(area.meets(other) for other in self.scans[cell[0]].merged):
                    found[cell] = "a spill into merged cells"
            elif node.area is not None:
                if (area or Area(*cell[1], *cell[1])) != node.area or value == "#SPILL!":
                    found[cell] = "an array formula whose result does not fit its cells"
            elif area is not None:
                found[cell] = _MANY
        # an error that comes from elsewhere goes away when the cell it comes from keeps its value
        for cell in blocked:
            if self.formulas[cell].area is None and not self._reads_one(made, cell, blocked):
                found[cell] = _MANY
        for cell in unnamed:
            if self._all_named(cell) and not self._reads_one(made, cell, unnamed):
                found[cell] = "a name the engine does not find"
        if failed:
            every = set(failed)
            found |= {cell: why for cell, why in failed.items() if not self._reads_one(made, cell, every)} or failed
        return found

    def _all_named(self, cell: Cell) -> bool:
        """Whether the workbook has every name a formula uses, so that Excel would show no ``#NAME?``."""
        known = {item.name.casefold() for item in self.book.names if item.sheet in (None, cell[0])}
        return all(
            not _WORD.fullmatch(name) or name in known or name in ("true", "false") or _CELL.fullmatch(name)
            for name in self._prepared[cell].names
        )

    def _reads_one(self, made: Computed, cell: Cell, others: set[Cell]) -> bool:
        """Whether a formula reads one of these other cells."""
        for sheet, area in self._read(cell[0], made.formula(cell)).areas:
            if area.size == 1:
                if (sheet, area.corner) != cell and (sheet, area.corner) in others:
                    return True
            elif any(other != cell and other[0] == sheet and area.holds(other[1]) for other in others):
                return True
        return False

    def _values(self, made: Computed) -> None:
        for cell in self.formulas:
            if cell in self._frozen:
                continue
            value = made.engine.value(*cell)
            made.values[cell] = 0.0 if value is None else value
            if (area := made.engine.spill(*cell)) is not None:
                made.spills[cell] = area

    def _explain(self, made: Computed) -> None:
        """Find what changed without a cause: somebody changed what was typed, or the engine and Excel disagree."""
        changed = {cell for cell in made.values if made.differing(cell)}
        near = _Doubtful(made, changed)
        for cell in sorted(changed - made.ours.keys() - made.moving.keys()):
            found = self._read(cell[0], made.formula(cell))
            if made.held(cell) is not None and not found.anything and near.among(found.areas, cell) is None:
                made.unexplained.append(cell)

    def _ask_why(self, made: Computed) -> None:
        wrong = sorted(cell for cell in made.ours if isinstance(made.values.get(cell), CellError))
        for place, cell in enumerate(wrong):
            if made.values[cell] == "#SPILL!":
                made.said[cell] = "the cells it would fill are taken"
            else:
                made.said[cell] = " · ".join(made.engine.asked_again(*cell)) if place < _TOLD else ""
        if wrong:
            made.engine.run()  # what depends on the cells that were computed again

    # --- what may be trusted ---------------------------------------------------------------------------------------

    def _trust(self, made: Computed) -> None:
        """Say of every kept value whether it is still right, and keep what rests on one that is not."""
        clocks = {cell: f.functions & _CLOCK for cell, f in self._prepared.items() if f.functions & _CLOCK}
        if not self._frozen and not clocks:
            return
        texts = {cell: made.formula(cell) for cell in self.formulas}
        graph = Graph(
            texts,
            self._read,
            lambda cell: made.spills.get(cell) or (cell in made.formulas and made.filled(cell)) or None,
        )
        chance = {cell for cell, why in self._frozen.items() if why in _DRAWN}
        made.moving = {cell: " and ".join(sorted(names)) for cell, names in clocks.items()}
        made.moving |= dict.fromkeys(chance, "chance")
        made.moving |= {cell: "the clock or chance" for cell in graph.behind(made.moving) if cell not in made.moving}
        if not self._frozen:
            return
        changed = {cell for cell in made.values if made.differing(cell)}
        stale: dict[Cell, str] = {}
        behind: dict[Cell, Cell] = {}
        while True:
            doubtful = _Doubtful(made, {*changed, *behind, *stale})
            more = {
                cell: why
                for cell in self._frozen
                if cell not in stale and (why := self._doubt(made, cell, doubtful, graph))
            }
            if not more:
                break
            stale |= more
            behind = graph.behind(stale)
        for cell, reason in self._frozen.items():
            made.kept[cell] = Kept(
                f"{reason}; {stale[cell]}" if cell in stale else reason, cell in stale, cell in stale
            )
        for cell, before in behind.items():
            if cell not in made.kept:
                made.kept[cell] = Kept(f"rests on {_name(before)}, which is not computed", stale=True)
                made.values.pop(cell, None)
                made.spills.pop(cell, None)

    def _doubt(self, made: Computed, cell: Cell, doubtful: _Doubtful, graph: Graph) -> str:
        """Why a kept value may be out of date; empty when it is as right as it was."""
        if made.held(cell) is None:
            return "it has no value yet"
        if self.formulas[cell].mark_span is not None:
            return "it was out of date already"
        if self._frozen[cell] in _DRAWN:
            return ""
        found = self._read(cell[0], made.formula(cell))
        whole = self.formulas[cell].formula_attributes.get("t") == "dataTable"
        if (found.anything or whole) and doubtful.others({cell, *graph.behind([cell], certain=True)}):
            return "what it reads may have changed"
        other = doubtful.among(found.areas, cell)
        return f"{_name(other)} has changed" if other else ""


class _Doubtful:
    """Cells whose value changed or is not known, found by where they stand."""

    def __init__(self, made: Computed, cells: Iterable[Cell]) -> None:
        self._homes: dict[Cell, Cell] = {}
        self._known: dict[tuple[str, Area], tuple[Cell, ...]] = {}
        for cell in cells:
            area = made.spills.get(cell) or made.filled(cell)
            for row in range(area.top, area.bottom + 1):
                for column in range(area.left, area.right + 1):
                    self._homes[cell[0], (row, column)] = cell

    def others(self, but: Collection[Cell]) -> bool:
        """Whether there is another one."""
        return any(home not in but for home in self._homes.values())

    def among(self, areas: Iterable[tuple[str, Area]], but: Cell) -> Cell | None:
        """One that lies in these areas."""
        for where in areas:
            if where not in self._known:
                self._known[where] = tuple(islice(dict.fromkeys(self._inside(*where)), 2))
            for home in self._known[where]:
                if home != but:
                    return home
        return None

    def _inside(self, sheet: str, area: Area) -> Iterator[Cell]:
        if area.size <= len(self._homes):
            for row in range(area.top, area.bottom + 1):
                for column in range(area.left, area.right + 1):
                    if (sheet, (row, column)) in self._homes:
                        yield self._homes[sheet, (row, column)]
        else:
            yield from (home for (where, at), home in self._homes.items() if where == sheet and area.holds(at))


def _name(cell: Cell) -> str:
    return f"{cell[0]}!{address(cell[1])}"


def _asked(found: Prepared) -> frozenset[str]:
    """The bare names of our functions in a formula, those in a name that was put in as its formula included."""
    return frozenset(call.bare for call in calls(found.text))


def _reason(found: Prepared, refused: Mapping[str, str]) -> str:
    """Why the engine cannot compute a formula; empty when it can."""
    if found.external:
        return "a link to another file"
    for call in found.ours:
        if not call.known:
            return f"REVALIGN.{call.bare}, which this version does not have"
    for name in sorted(found.functions):
        if name in _OTHERWISE or name in _CHANCE:
            return _OTHERWISE.get(name) or _CHANCE[name]
        if not understood(name):
            return f"the function {name}"
    for name in found.names:
        if (bare := name.rpartition("!")[2]) in refused:
            return refused[bare]
    return ""


def _fixed(name: Name) -> bool:
    """Whether a name means the same in every cell, so that its formula may stand in its place."""
    return "LAMBDA(" not in name.text.upper() and not _RELATIVE.search(re.sub(r'"[^"]*"|\'[^\']*\'', "", name.text))
