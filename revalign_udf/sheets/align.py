"""Rows keep their record: which rows of a block stay, move, go, or are new.

Rows are moved, inserted and deleted whole, so that a note or a column a person keeps beside a record travels with it.
A row somebody wrote beside (a *guarded* row) is never deleted and never given to another record: when its record is
gone from the source it is moved beneath the block.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

__all__ = ["Delete", "Insert", "Move", "Step", "align"]


@dataclass(frozen=True, slots=True)
class Move:
    """Row ``start`` goes before row ``to``, both counted before the move, from the block's first data row."""

    start: int
    to: int


@dataclass(frozen=True, slots=True)
class Delete:
    """Rows ``start`` to ``end`` (excluded) go."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Insert:
    """``count`` blank rows come before row ``at``."""

    at: int
    count: int


Step = Move | Delete | Insert


@dataclass(frozen=True, slots=True)
class Alignment:
    """What to do, in order, and where each wanted row then comes from.

    ``source`` gives the old row now standing at each wanted place, None for a new blank row; ``left_over`` the old rows
    moved beneath the block, in order.
    """

    steps: tuple[Step, ...]
    source: tuple[int | None, ...]
    left_over: tuple[int, ...] = ()


def align(old: Sequence[Hashable], new: Sequence[Hashable], guarded: Collection[int] = ()) -> Alignment:
    """Turns the old rows into the new ones.

    >>> align(["jan", "feb"], ["feb", "mar"]).steps
    (Insert(at=2, count=1), Delete(start=0, end=1))

    Args:
        old: the keys of the rows that stand there, each once.
        new: the keys wanted, each once.
        guarded: old rows a person wrote beside.
    """
    wanted = {key: place for place, key in enumerate(new)}
    rows = list(range(len(old)))
    steps: list[Step] = []

    stable = _increasing([(row, wanted[key]) for row, key in enumerate(old) if key in wanted])
    ordered = sorted((wanted[old[row]], row) for row in stable)  # which is also how they stand
    for place, row in sorted((wanted[old[row]], row) for row in guarded if old[row] in wanted and row not in stable):
        start = rows.index(row)
        at = bisect_left(ordered, (place, row))
        to = rows.index(ordered[at - 1][1]) + 1 if at else 0
        ordered.insert(at, (place, row))
        if to not in {start, start + 1}:
            steps.append(Move(start, to))
            rows.insert(to, row)
            rows.pop(start if start < to else start + 1)
        stable.add(row)

    held = set(guarded)
    left_over = [row for row in rows if row in held and old[row] not in wanted]
    for row in reversed(left_over):  # last first: each lands right beneath the block, so they keep their order
        start = rows.index(row)
        if start != len(rows) - 1:
            steps.append(Move(start, len(rows)))
        rows.remove(row)

    # What is neither stable nor guarded may be overwritten: a gap's old rows become its new ones, in place.
    source: list[int | None] = [None] * len(new)
    edges = [-1, *(at for at, row in enumerate(rows) if row in stable), len(rows)]
    places = [-1, *(wanted[old[rows[at]]] for at in edges[1:-1]), len(new)]
    for gap in range(len(edges) - 2, -1, -1):  # last first, so that earlier places stay true
        first, last = edges[gap] + 1, edges[gap + 1]
        place, until = places[gap] + 1, places[gap + 1]
        if last < len(rows):
            source[until] = rows[last]
        have, need = last - first, until - place
        for offset in range(min(have, need)):
            source[place + offset] = rows[first + offset]
        if have > need:
            steps.append(Delete(first + need, last))
        elif need > have:
            steps.append(Insert(last, need - have))
    return Alignment(tuple(steps), tuple(source), tuple(left_over))


def _increasing(pairs: Sequence[tuple[int, int]]) -> set[int]:
    """The rows of a longest run of pairs whose places increase."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        slot = bisect_left(tails, place)
        before.append(ends[slot - 1] if slot else -1)
        if slot == len(tails):
            tails.append(place)
            ends.append(at)
        else:
            tails[slot], ends[slot] = place, at
    kept: set[int] = set()
    at = ends[-1] if ends else -1
    while at >= 0:
        kept.add(pairs[at][0])
        at = before[at]
    return kept
