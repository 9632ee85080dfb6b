"""What the last sync wrote, so that what people changed since can be told from what the source changed.

The sheet itself says what stands there, never who put it there. The memory is a file of the project
(``.revalign/sheets/NAME.json.gz``); it is written before a change is sent (what is *meant*) and after (what is
*written*), so that a run that was cut off does not take its own half-done work for a person's. Without the file nothing
is lost: rows nobody knows are kept, and the block as it stood is kept for ``undo``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from revalign_udf.files import save
from revalign_udf.sheets import collector
from revalign_udf.sheets.client import Json

__all__ = ["BlockMemory", "KeptBlock", "Memory", "forget_kept", "load_kept", "load_memory", "save_kept", "save_memory"]

_VERSION = 1
#: Syncs in a row that may be cut off before what they wrote is taken for a person's.
_EARLIER = 8
Cells = list[Json | None]


@dataclass(slots=True)
class BlockMemory:
    """One block as it was written: its column keys, and the cells of each row by the row's key.

    A formula is kept as its template (``{"template": "new_mrr + opening_mrr"}``), for its text follows its place.
    ``meant`` is what a sync that may have been cut off was about to write. ``warned`` holds what a person had entered in
    a cell when the log warned of it, by row and column key.
    """

    columns: tuple[str, ...] = ()
    rows: dict[str, Cells] = field(default_factory=dict)
    meant: dict[str, Cells] = field(default_factory=dict)
    meant_columns: tuple[str, ...] = ()
    warned: dict[tuple[str, str], Json | None] = field(default_factory=dict)
    earlier: list[tuple[tuple[str, ...], dict[str, Cells]]] = field(default_factory=list)
    """columns and rows that syncs before the last were about to write, when several in a row were cut off"""

    def knows(self, key: str) -> bool:
        """Whether a row of that key was ever ours."""
        return key in self.rows or key in self.meant or any(key in rows for _, rows in self.earlier)

    def written(self, key: str, column: str) -> Iterator[Json | None]:
        """What we wrote, or were about to write, into a cell."""
        meant = ((self.meant_columns, self.meant), *self.earlier)
        for columns, rows in ((self.columns, self.rows), *meant):
            if rows.get(key) and column in columns:
                yield rows[key][columns.index(column)]


@dataclass(slots=True)
class Memory:
    """Every block of one spreadsheet by path. ``lost``: there was none, so earlier edits cannot be told apart."""

    blocks: dict[str, BlockMemory] = field(default_factory=dict)
    lost: bool = False

    def intend(self, planned: Mapping[str, BlockMemory], standing: Collection[str] = ()) -> None:
        """Takes down what is about to be written.

        Args:
            planned: the blocks as they will be.
            standing: paths of blocks that stand already and change. Of one that nobody remembers nothing is taken down:
                what stands there then would count as entered by hand.
        """
        for path, block in planned.items():
            kept = self.blocks.get(path)
            if kept is None:
                if path in standing:
                    continue
                kept = self.blocks[path] = BlockMemory()
            meant = (kept.meant_columns, kept.meant)
            if kept.meant and meant != (block.columns, block.rows) and meant not in kept.earlier:
                kept.earlier = [meant, *kept.earlier][:_EARLIER]
            kept.meant, kept.meant_columns = block.rows, block.columns

    def release(self, planned: Mapping[str, BlockMemory]) -> None:
        """Takes down that whatever stands in some blocks counts as ours, before as after."""
        for path, block in planned.items():
            kept = self.blocks.get(path, BlockMemory())
            rows: dict[str, Cells] = {key: [] for each in (kept.rows, kept.meant, block.rows) for key in each}
            self.blocks[path] = BlockMemory(block.columns, rows)


@dataclass(frozen=True, slots=True)
class KeptBlock:
    """A block as it stood before the last change: what ``undo`` brings back.

    ``columns`` are (key, title, unit) in order, ``rows`` the cells as entered, each with the 0-based row it stood on.
    """

    path: str
    columns: tuple[tuple[str, str, str], ...]
    lead: int
    rows: tuple[tuple[int, tuple[Json | None, ...]], ...]
    places: tuple[int, ...] = ()
    """where its columns stood"""


def _file(folder: Path, name: str, suffix: str) -> Path:
    return folder / ".revalign" / "sheets" / f"{name}{suffix}.json.gz"


def _read(path: Path, key: str) -> dict[str, Any] | None:
    try:
        raw = gzip.decompress(path.read_bytes())
        with collector.paused():
            found = json.loads(raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError):
        return None  # better no memory than a wrong one: what stands there is then kept, not judged
    if not isinstance(found, dict) or found.get("v") != _VERSION or found.get("spreadsheet") != key:
        return None
    return found


def _write(path: Path, key: str, content: Mapping[str, Any]) -> None:
    raw = json.dumps({"v": _VERSION, "spreadsheet": key, **content}, separators=(",", ":")).encode()
    save(gzip.compress(raw, 1), path)


def load_memory(folder: Path, name: str, key: str) -> Memory:
    """The memory of a project's spreadsheet.

    Args:
        folder: the project.
        name: of ``[sheets.NAME]``.
        key: the spreadsheet's key; a memory of another spreadsheet is none.
    """
    found = _read(_file(folder, name, ""), key)
    if found is None:
        return Memory(lost=True)
    try:
        return Memory({path: _block(raw) for path, raw in found["blocks"].items()})
    except (KeyError, TypeError, AttributeError, ValueError):
        return Memory(lost=True)


def _block(raw: Mapping[str, Any]) -> BlockMemory:
    warned = {(row, column): value for row, column, value in raw["warned"]}
    earlier = [(tuple(columns), rows) for columns, rows in raw.get("earlier", ())]
    return BlockMemory(tuple(raw["columns"]), raw["rows"], raw["meant"], tuple(raw["meant_columns"]), warned, earlier)


def save_memory(folder: Path, name: str, key: str, memory: Memory) -> None:
    """Writes the memory, whole or not at all. Raises SurfaceError REV-804."""
    blocks = {
        path: {
            "columns": block.columns,
            "rows": block.rows,
            "meant": block.meant,
            "meant_columns": block.meant_columns,
            "warned": [[row, column, value] for (row, column), value in block.warned.items()],
            "earlier": block.earlier,
        }
        for path, block in memory.blocks.items()
    }
    _write(_file(folder, name, ""), key, {"blocks": blocks})


def load_kept(folder: Path, name: str, key: str) -> tuple[str, tuple[KeptBlock, ...]] | None:
    """When the last change was made, and the blocks as they stood before; None when nothing is kept."""
    found = _read(_file(folder, name, ".before"), key)
    if found is None:
        return None
    try:
        return str(found["when"]), tuple(_kept(raw) for raw in found["blocks"])
    except (KeyError, TypeError, ValueError):
        return None


def _kept(raw: Mapping[str, Any]) -> KeptBlock:
    rows = tuple((int(at), tuple(cells)) for at, cells in raw["rows"])
    columns = tuple((str(key), str(title), str(unit)) for key, title, unit in raw["columns"])
    return KeptBlock(str(raw["path"]), columns, int(raw["lead"]), rows, tuple(raw["places"]))


def forget_kept(folder: Path, name: str) -> None:
    """Lets go of what is kept: it has been brought back."""
    _file(folder, name, ".before").unlink(missing_ok=True)


def save_kept(folder: Path, name: str, key: str, when: str, blocks: Sequence[KeptBlock]) -> None:
    """Keeps blocks as they stand, for one cycle. Raises SurfaceError REV-804."""
    content = [
        {"path": block.path, "columns": block.columns, "lead": block.lead, "rows": block.rows, "places": block.places}
        for block in blocks
    ]
    _write(_file(folder, name, ".before"), key, {"when": when, "blocks": content})
