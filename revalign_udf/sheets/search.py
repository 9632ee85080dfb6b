"""A block whose named range a person deleted, found again by its header and by the names of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from revalign_udf.sheets import identity
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.create import HEADER_KEY
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import WantedBlock
from revalign_udf.sheets.memory import BlockMemory
from revalign_udf.sheets.rows import record_keys
from revalign_udf.sheets.update import GONE_TITLE

__all__ = ["search"]


def search(current: Current, tab: CurrentTab, block: WantedBlock, memory: BlockMemory | None) -> Area | None:
    """The rectangle of a block; None unless its header stands on the tab exactly once.

    It ends with the last row that is the block's by its name, above the next block and above what was set apart; where
    no row is known by its name, with the last row that is not blank.
    """
    heads, titles = [block.header()], _titles(tab)
    if memory is not None and (written := memory.rows.get(HEADER_KEY)):
        heads.append(written)
    others = [area for area in _others(current, block.path) if area.tab == tab.id]
    for head in heads:
        found = [(row, places) for row, stands in titles.items() if (places := _places(stands, head)) is not None]
        if len(found) == 1:
            [(top, places)] = found
            left, right = min(places), max(places) + 1
            end = min((area.top for area in others if area.top > top), default=tab.rows)
            keys = [places[at] for at in block.key_columns if at < len(places)]
            return Area(tab.id, top, left, _bottom(tab, top, end, (left, right), keys, block, memory), right)
    return None


def _others(current: Current, path: str) -> list[Area]:
    """Where this block may not reach: other blocks, and what is set apart."""
    names = {identity.text_id(kind, other) for other in current.block_marks for kind in ("block", "gone")}
    names.discard(identity.text_id("block", path))
    return [area for name, (_, area) in current.areas.items() if name in names]


def _titles(tab: CurrentTab) -> dict[int, dict[str, list[int]]]:
    """For each row: where each text stands in it."""
    found: dict[int, dict[str, list[int]]] = {}
    for (row, column), value in tab.values.items():
        if "stringValue" in value:
            found.setdefault(row, {}).setdefault(str(value["stringValue"]), []).append(column)
    return found


def _places(stands: Mapping[str, Sequence[int]], head: Sequence[Json | None]) -> list[int] | None:
    """Where each title stands in a row, in any order; None unless each does exactly once."""
    places: list[int] = []
    for title in head:
        columns = stands.get(str(title["stringValue"]), ()) if title and "stringValue" in title else ()
        if len(columns) != 1:
            return None
        places += columns
    return places if len(set(places)) == len(head) else None


def _bottom(
    tab: CurrentTab, top: int, end: int, span: tuple[int, int], keys: Sequence[int], block: WantedBlock,
    memory: BlockMemory | None,
) -> int:  # fmt: skip
    names = record_keys([[tab.values.get((row, where)) for where in keys] for row in range(top + 1, end)])
    for at, name in enumerate(names):
        if name == repr(GONE_TITLE):
            names, end = names[:at], top + 1 + at
            break
    ours = set(block.keys())
    known = [at for at, name in enumerate(names) if name in ours or (memory is not None and memory.knows(name))]
    if known:
        return top + 2 + known[-1]
    bottom = top + 1
    while bottom < end and any((bottom, column) in tab.values for column in range(*span)):
        bottom += 1
    return bottom
