"""What becomes of the rows of a block while they move: whose look each row wears afterwards, and which were shaken.

A row takes its look along, and one that is inserted wears that of its neighbour. What a row shall look like is compared
with what it wears, so that a total stays a total and the month inserted above it does not become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from revalign_udf.sheets.align import Delete, Insert, Move, Step

__all__ = ["Carried", "carry"]


@dataclass(slots=True)
class Carried:
    """Rows after the steps of an alignment.

    ``worn`` gives for each row the old row whose look it wears, None for a plain one; ``new`` the rows that were
    inserted; ``shaken`` the old rows that were moved or deleted.
    """

    worn: list[int | None]
    new: set[int] = field(default_factory=set)
    shaken: set[int] = field(default_factory=set)


def carry(count: int, steps: Sequence[Step], *, plain: bool = False) -> Carried:
    """Follows rows through the steps.

    >>> carry(2, [Insert(1, 1), Delete(0, 1)])
    Carried(worn=[0, 1], new={0}, shaken={0})

    Args:
        count: how many rows stand there.
        steps: of the alignment, in order.
        plain: the look of inserted rows is taken off, as it is where a block had no rows.
    """
    rows: list[tuple[int | None, bool]] = [(at, False) for at in range(count)]
    shaken: set[int] = set()
    for step in steps:
        match step:
            case Insert(at, number):
                near = at - 1 if at else at  # a row looks like the one before, not like the header
                look = rows[near][0] if near < len(rows) and not plain else None
                rows[at:at] = [(look, True)] * number
            case Delete(start, end):
                shaken |= {row for row, fresh in rows[start:end] if row is not None and not fresh}
                del rows[start:end]
            case Move(start, to):
                row = rows[start]
                rows.insert(to, row)
                del rows[start if start < to else start + 1]
                shaken |= {row[0]} if row[0] is not None and not row[1] else set()
    return Carried([row for row, _ in rows], {at for at, (_, fresh) in enumerate(rows) if fresh}, shaken)
