"""Whose row is it: the report's, gone from the source, a person's own, or blank.

Rows are named by their *record key*: the cells of the block's leading columns. What stands there is read into keys,
and the order wanted is a list of keys; :mod:`align` turns one into the other.

====================== =================================================================================================
row                    what happens to it
====================== =================================================================================================
of the report          stands where the mode wants it: the report's order, or people's order (``upsert``, ``append``)
gone from the source   set apart beneath, under "No longer in the source", whole; back when its record is back. In mode
                       ``replace`` one that nobody wrote beside is removed
a person's own         stays beneath the row it stood beneath
blank                  taken for new rows, or removed
====================== =================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from revalign_udf.layout.model import Mode
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.memory import BlockMemory

__all__ = ["HEADING", "Rows", "arrange", "is_blank", "record_keys"]

#: The key of the row "No longer in the source".
HEADING = "\x00gone"
_BLANK = "\x00blank"


@dataclass(slots=True)
class Rows:
    """The rows of a block and of what is set apart beneath it, as they stand and as they are wanted.

    ``main`` and ``main_before`` say how many rows are the block's own, after and before.
    """

    old: list[str]
    new: list[str]
    main_before: int
    main: int
    guarded: set[int] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)
    newly_gone: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    frozen: set[str] = field(default_factory=set)
    """rows of earlier snapshots, which are never touched"""
    removed: list[str] = field(default_factory=list)


def _text(value: Json | None) -> str:
    found = next(iter(value.values())) if value else ""
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return repr(float(found)) if is_number else repr(found)


def is_blank(key: str) -> bool:
    """Whether a row has no name."""
    return key.startswith(_BLANK)


def record_keys(rows: Sequence[Sequence[Json | None]]) -> list[str]:
    r"""Keys of rows from their leading cells, counted where they repeat; a row of blanks has a key of its own kind.

    >>> record_keys([[{"stringValue": "Ada"}], [None], [{"stringValue": "Ada"}]])
    ["'Ada'", '\x00blank1', "'Ada'#2"]
    """
    seen: dict[str, int] = {}
    keys: list[str] = []
    for cells in rows:
        blank = all(cell is None for cell in cells)
        text = _BLANK if blank else "\x1f".join(_text(cell) for cell in cells)
        count = seen[text] = seen.get(text, 0) + 1
        keys.append(f"{text}{count}" if blank else text if count == 1 else f"{text}#{count}")
    return keys


def arrange(
    standing: Sequence[str], apart: Sequence[str], wanted: Sequence[str], mode: Mode, noted: set[int],
    memory: BlockMemory | None, *, tracked: bool, frozen: Sequence[str] = (), totals: Sequence[str] = (),
) -> Rows:  # fmt: skip
    """The order wanted.

    Args:
        standing: keys of the block's rows.
        apart: keys of the rows beneath, the heading among them.
        wanted: keys of the report, in order.
        mode: of the block.
        noted: rows (of standing + apart) in which a person keeps something.
        memory: what was written last.
        tracked: whether there should be a memory; without one every row counts as ours.
        frozen: keys of earlier snapshots.
        totals: keys of rows that new records never go beneath.
    """
    want = set(wanted)
    old = [*standing, *apart]
    keep_order = mode != "replace"
    frozen_set = set(frozen)

    def is_foreign(key: str) -> bool:
        ours = key in want or key in frozen_set or key.startswith(_BLANK)
        return not ours and memory is not None and not memory.knows(key)

    foreign = [key for key in standing if is_foreign(key)]
    foreign_set = set(foreign)
    gone_now = [
        (at, key)
        for at, key in enumerate(standing)
        if key not in want and key not in foreign_set and key not in frozen_set and not key.startswith(_BLANK)
    ]
    # Without a memory nobody can tell a record that is gone from a row a person made, so none is removed.
    keep_all = keep_order or (tracked and memory is None)
    newly_gone = [key for at, key in gone_now if keep_all or at in noted]
    removed = [key for at, key in gone_now if not (keep_all or at in noted)]

    before = [key for key in apart if key != HEADING and not key.startswith(_BLANK)]
    gone = [key for key in before if key not in want] + newly_gone
    if keep_order:
        have = set(standing)
        main = [key for key in standing if key in want or key in foreign_set or key in frozen_set]
        end = next((at for at, key in enumerate(main) if key in totals), len(main))
        main[end:end] = [key for key in wanted if key not in have]
    else:
        main = _anchored(standing, wanted, foreign_set | frozen_set)
    heading_noted = any(key == HEADING and len(standing) + at in noted for at, key in enumerate(apart))
    beneath = [HEADING, *gone] if gone or heading_noted else []
    found = Rows(old, [*main, *beneath], len(standing), len(main))
    held = foreign_set | frozen_set | set(gone) | {HEADING}
    found.guarded = {at for at, key in enumerate(old) if key in held} | noted
    # A blank row with a person's note in it stays where it is: it is theirs.
    for at in sorted(noted):
        if old[at].startswith(_BLANK):
            _insert_after(found, old, at)
    kept = set(found.new)
    found.guarded = {at for at in found.guarded if old[at] in kept}
    found.gone, found.newly_gone, found.foreign, found.removed = gone, newly_gone, foreign, removed
    found.frozen = frozen_set
    return found


def _anchored(standing: Sequence[str], wanted: Sequence[str], fixed: set[str]) -> list[str]:
    """The report's order, people's own rows beneath the row they stood beneath."""
    want = set(wanted)
    after: dict[str, list[str]] = {}
    anchor = ""
    for key in standing:
        if key in fixed:
            after.setdefault(anchor, []).append(key)
        elif key in want:
            anchor = key
    main = list(after.get("", ()))
    for key in wanted:
        main += [key, *after.get(key, ())]
    return main


def _insert_after(found: Rows, old: Sequence[str], at: int) -> None:
    """Puts a row that is kept in place after the nearest row above that stays."""
    places: Mapping[str, int] = {key: place for place, key in enumerate(found.new)}
    place = next((places[old[up]] + 1 for up in range(at - 1, -1, -1) if old[up] in places), 0)
    in_main = at < found.main_before
    place = min(place, found.main) if in_main else max(place, found.main)
    found.new.insert(place, old[at])
    found.main += in_main
