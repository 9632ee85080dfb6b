"""Fills the values of a workbook without Excel: native formulas and ours, computed together and written where Excel would
keep them.

Only the value of a cell changes, with its type, and how far a spill reaches. Everything else of the file stays byte for
byte: formulas, formats, charts, names, notes, macros, what people typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from revalign_udf.errors import SurfaceError
from revalign_udf.files import save
from revalign_udf.functions.session import Door
from revalign_udf.workbook.book import Book
from revalign_udf.workbook.computing import Computed, compute
from revalign_udf.workbook.engine import Value
from revalign_udf.workbook.grid import Area, Place, address, area
from revalign_udf.workbook.package import opened
from revalign_udf.workbook.references import Cell
from revalign_udf.workbook.sheetxml import STALE, Edit, Node, Scan, edited, scan
from revalign_udf.workbook.values import written

__all__ = ["Fault", "Filled", "Left", "fill", "filled"]


@dataclass(frozen=True, slots=True)
class Left:
    """A formula cell that keeps the value it has."""

    sheet: str
    cell: str
    formula: str
    reason: str
    stale: bool
    """whether that value may be out of date"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell of ours that shows an error, and what it says."""

    sheet: str
    cell: str
    formula: str
    shown: str
    message: str


@dataclass(slots=True)
class Filled:
    """What became of a workbook."""

    path: Path
    formulas: int = 0
    ours: int = 0
    """formula cells that call a function of ours"""
    changed: int = 0
    """cells that got another value, spilled ones included"""
    left: list[Left] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    as_of: date | None = None
    """the day the workbook or the caller pinned"""

    @property
    def complete(self) -> bool:
        """Whether every value of the file is right: computed, or kept with nothing changed that it reads."""
        return not any(item.stale for item in self.left)


def fill(
    path: Path,
    door: Callable[[date | None], Door],
    *,
    to: Path | None = None,
    as_of: date | None = None,
    now: datetime | None = None,
    called: Callable[[int], None] | None = None,
) -> Filled:
    """Fill the workbook at ``path`` and write it to ``to``, or in its own place.

    A workbook in which no value changes is written byte for byte as it was. Raises SurfaceError REV-704 for a file that
    cannot be read, computed or written, and what the door raises; nothing is written then.
    """
    package = opened(path)
    book = Book(package)
    made = compute(book, door, as_of=as_of, now=now, called=called)
    content, report = filled(made, path)
    target = (to or path).resolve()
    if to is None:
        _still_ours(path, target, package.raw)
    if to is not None or content != package.raw:
        save(content, target)
    return report


def filled(made: Computed, path: Path) -> tuple[bytes, Filled]:
    """The bytes of a computed workbook with its new values, and the report."""
    book = made.book
    report = Filled(path, len(made.formulas), len(made.ours), as_of=made.as_of)
    parts = {}
    for sheet in book.sheets:
        cells = [cell for cell in made.values if cell[0] == sheet.name]
        changes = {cell: found for cell in cells if (found := made.differing(cell))}
        # a spill that reaches elsewhere without a value changing is a change of its formula's area
        moved = [c for c in cells if made.formulas[c].dynamic and _reach(made, c) != made.filled(c)]
        marks = _marks(made, sheet.name)
        if changes or moved or marks:
            parts[sheet.part] = _Sheet(made, sheet.name).with_values(changes, moved, marks)
            report.changed += sum(map(len, changes.values()))
    content = book.package.with_parts(parts)
    report.left = [_left(made, cell) for cell in sorted(made.kept)]
    report.faults = [
        Fault(cell[0], address(cell[1]), f"={made.formula(cell)}", str(made.values[cell]), said)
        for cell, said in made.said.items()
    ]
    report.notes = _notes(made, report)
    return content, report


def _reach(made: Computed, cell: Cell) -> Area:
    return made.spills.get(cell, Area(*cell[1], *cell[1]))


def _marks(made: Computed, sheet: str) -> list[Cell]:
    """Cells whose note of being out of date has to be set, or taken away."""
    return [
        cell
        for cell, node in made.formulas.items()
        if cell[0] == sheet and (cell in made.kept and made.kept[cell].root) != (node.mark_span is not None)
    ]


def _left(made: Computed, cell: Cell) -> Left:
    kept = made.kept[cell]
    return Left(cell[0], address(cell[1]), f"={made.formula(cell)}", kept.reason, kept.stale)


def _notes(made: Computed, report: Filled) -> list[str]:
    book, notes = made.book, []
    if made.now is not None:
        notes.append(f"TODAY and NOW told {made.now:%Y-%m-%d %H:%M}, the moment of this run.")
    if found := made.unexplained:
        some = ", ".join(f"{sheet}!{address(at)}" for sheet, at in found[:5]) + (" ..." if len(found) > 5 else "")
        notes.append(
            f"{len(found)} native formulas got another value although nothing computed that they read did ({some}):"
            " what was typed has changed since the file was last computed, or this engine and Excel disagree."
        )
    if book.recomputed_on_open:
        notes.append(
            "The file asks Excel to recompute it when it opens: a reader without the add-in will see #NAME? in the"
            " cells of Revalign. Saving it once in Excel with the add-in takes that away."
        )
    if report.changed and book.charts:
        notes.append("Charts are left as they are; Excel and LibreOffice redraw them from the cells.")
    if report.changed and book.signed:
        notes.append("The file was signed; with new values its signature is no longer valid.")
    return notes


def _still_ours(path: Path, target: Path, read: bytes) -> None:
    """Raises SurfaceError REV-704 when the file is open in a spreadsheet program, or somebody saved it meanwhile."""
    locks = (target.with_name(f"~${target.name}"), target.with_name(f".~lock.{target.name}#"))
    if lock := next((item for item in locks if item.exists()), None):
        hint = f"Close it there, write elsewhere with --to, or remove {lock.name} when nobody has it open."
        raise SurfaceError(f"{path} is open in a spreadsheet program.", hint=hint)
    try:
        same = target.read_bytes() == read
    except OSError as error:
        raise SurfaceError(f"Cannot read {path}: {error.strerror}.", hint="Is it open elsewhere?") from error
    if not same:
        raise SurfaceError(f"{path} was changed while it was being filled.", hint="Run it again.")


class _Sheet:
    """One sheet with new values."""

    def __init__(self, made: Computed, name: str) -> None:
        self._made, self._name = made, name
        self._content: bytes = made.contents[name]
        self._found: Scan = made.scans[name]
        self._edits: list[Edit] = []

    def with_values(
        self, changes: dict[Cell, list[tuple[Place, Value, Value]]], moved: list[Cell], marks: list[Cell]
    ) -> bytes:
        """The part with the changed values, and the areas of spills that reach elsewhere now."""
        made = self._made
        news = {at: new for found in changes.values() for at, _, new in found}
        beyond = [_reach(made, cell) for cell in moved]
        if beyond:
            # rows that a spill grows into are read in full, to see where a cell belongs
            self._found = scan(self._content, self._name, beyond)
        added: dict[int, list[tuple[int, bytes]]] = {}
        for at, value in news.items():
            node = self._found.nodes.get(at)
            if node is None:
                added.setdefault(at[0], []).append((at[1], self._new_cell(at, value, changes)))
            elif node.formula is None:
                self._edits.append((node.start, node.end, self._cell(node, value)))
        for cell in {*(c for c in changes if c[1] in news), *moved}:
            node = self._found.nodes[cell[1]]
            value = news[cell[1]] if cell[1] in news else made.values[cell]
            reach = _reach(made, cell) if cell in moved else None
            self._edits.append((node.start, node.end, self._cell(node, value, reach)))
        touched = {start for start, _, _ in self._edits}
        for cell in marks:
            node = self._found.nodes[cell[1]]
            if node.mark_span is None:
                assert node.formula_span is not None
                behind = node.value_span or node.formula_span
                self._edits.append((behind[1], behind[1], f"<!--{STALE}-->".encode()))
            elif node.start not in touched:
                self._edits.append((*node.mark_span, b""))
        self._insert(added)
        self._widen(added)
        return edited(self._content, self._edits)

    def _cell(self, node: Node, value: Value, reach: Area | None = None) -> bytes:
        """The bytes of a cell with another value; its formula, its style and the rest as they were."""
        content, prefix = self._content, self._found.prefix
        kind, text = written(value)
        tag = content[node.start : node.tag_end]
        body = b""
        if node.end > node.tag_end or not tag.endswith(b"/>"):
            closing = content.rfind(b"</", node.tag_end, node.end)
            body = content[node.tag_end : closing]
        old = node.attributes.get("t", "")
        if kind != ("" if old == "n" else old) or "vm" in node.attributes:
            tag = re.sub(rb"\s+(?:t|vm)\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", tag)
            if kind:
                end = -2 if tag.endswith(b"/>") else -1
                tag = tag[:end].rstrip() + f' t="{kind}"'.encode() + tag[end:]
        new = f"<{prefix}v>{text}</{prefix}v>".encode() if kind or text else b""
        spans = [span for span in (node.value_span, node.inline_span, node.mark_span) if span]
        at = node.tag_end
        edits: list[Edit] = [(start - at, end - at, b"") for start, end in spans]
        if node.formula_span is not None:
            if reach is not None:
                edits.append(self._area_edit(node, reach, at))
            edits.append((node.formula_span[1] - at, node.formula_span[1] - at, new))
            new = b""
        body = edited(body, edits)
        body = new + body if new else body
        if not body.strip() and node.formula is None:
            return tag if tag.endswith(b"/>") else tag[:-1] + b"/>"
        if tag.endswith(b"/>"):
            tag = tag[:-2].rstrip() + b">"
        return tag + body + f"</{prefix}c>".encode()

    def _area_edit(self, node: Node, reach: Area, at: int) -> Edit:
        assert node.formula_span is not None
        start = node.formula_span[0]
        end = node.inner_span[0] if node.inner_span else node.formula_span[1]
        tag = self._content[start:end]
        tag = re.sub(rb"(\sref\s*=\s*)(?:\"[^\"]*\"|'[^']*')", rb'\g<1>"' + str(reach).encode() + b'"', tag)
        return start - at, end - at, tag

    def _new_cell(self, at: Place, value: Value, changes: dict[Cell, list[tuple[Place, Value, Value]]]) -> bytes:
        """A cell that was not in the file, in the style of the spilled cell above it."""
        prefix, (kind, text) = self._found.prefix, written(value)
        home = next(cell for cell, found in changes.items() if any(place == at for place, _, _ in found))
        style = ""
        for row in range(at[0] - 1, home[1][0] - 1, -1):
            above = self._found.nodes.get((row, at[1]))
            if above is not None:
                style = above.attributes.get("s", "")
                break
        marks = (f' s="{style}"' if style else "") + (f' t="{kind}"' if kind else "")
        return f'<{prefix}c r="{address(at)}"{marks}><{prefix}v>{text}</{prefix}v></{prefix}c>'.encode()

    def _insert(self, added: dict[int, list[tuple[int, bytes]]]) -> None:
        rows = {row.number: row for row in self._found.rows}
        prefix, content = self._found.prefix, self._content
        ordered = sorted(rows)
        for number, cells in sorted(added.items()):
            made = sorted(cells)
            row = rows.get(number)
            if row is None:
                after = next((rows[other].start for other in ordered if other > number), self._found.data_end)
                whole = b"".join(cell for _, cell in made)
                self._edits.append(
                    (after, after, f'<{prefix}row r="{number}">'.encode() + whole + f"</{prefix}row>".encode())
                )
                continue
            tag = content[row.start : row.tag_end]
            plain = re.sub(rb"\s+spans\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", tag)
            if tag.endswith(b"/>"):
                whole = b"".join(cell for _, cell in made)
                self._edits.append(
                    (row.start, row.end, plain[:-2].rstrip() + b">" + whole + f"</{prefix}row>".encode())
                )
                continue
            if plain != tag:
                self._edits.append((row.start, row.tag_end, plain))
            there = sorted((at[1], node) for at, node in self._found.nodes.items() if at[0] == number)
            end = content.rfind(b"</", row.start, row.end)
            places: dict[int, bytes] = {}
            for column, cell in made:
                before = next((node.start for other, node in there if other > column), end)
                places[before] = places.get(before, b"") + cell
            self._edits += [(place, place, cell) for place, cell in places.items()]

    def _widen(self, added: dict[int, list[tuple[int, bytes]]]) -> None:
        """The sheet's own word on how far it reaches."""
        if not added or self._found.dimension is None:
            return
        start, end, text = self._found.dimension
        try:
            known = area(text)
        except ValueError:
            return
        columns = [column for cells in added.values() for column, _ in cells]
        wide = Area(
            min(known.top, *added), min(known.left, *columns), max(known.bottom, *added), max(known.right, *columns)
        )
        if wide != known:
            tag = self._content[start:end].replace(text.encode(), str(wide).encode(), 1)
            self._edits.append((start, end, tag))
