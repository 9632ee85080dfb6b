"""Looks of whole rows: not final yet, a total, rows whose numbers are of another unit than those above.

They are set when a row gets them and taken back when it loses them; in between they are a person's to change. What was
set stands in the block's mark, by the name of the row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from revalign_udf.layout.formats import kind, patterns
from revalign_udf.sheets import identity, style
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area
from revalign_udf.sheets.desired import WantedBlock
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.looks import runs
from revalign_udf.sheets.requests import repeat

__all__ = ["ALL", "RowLooks", "row_looks"]

_TEXT = "userEnteredFormat.textFormat"
_NUMBER = "userEnteredFormat.numberFormat"
_BORDER = "userEnteredFormat.borders.top"
#: Instead of the keys of all rows, and how many keys a mark holds otherwise.
ALL, MANY = "*", 200


@dataclass(frozen=True, slots=True)
class RowLooks:
    """The requests, and what the mark should remember: the rows in italics, the totals, the rows with number formats of
    their own and a fingerprint of those."""

    requests: list[Json]
    partial: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    formats: tuple[tuple[str, str], ...] = ()


def row_looks(
    wanted: WantedBlock, area: Area, columns: Sequence[int], places: Sequence[int], mark: BlockMark,
    worn: Mapping[int, str], new: Collection[int] = (), fresh: Collection[int] = (),
) -> RowLooks:  # fmt: skip
    """Brings the rows of a block to the looks they should have.

    Args:
        wanted: the block.
        area: its rectangle as it will be.
        columns: where its columns stand.
        places: the row on the sheet of each row of the block.
        mark: what the block's mark remembers.
        worn: for rows on the sheet, the name of the row whose look they wear by now.
        new: rows on the sheet that were just inserted; they are told what they are, whatever they took over.
        fresh: columns (by place in the block) whose number format was just set in all rows.
    """
    keys = wanted.keys()
    now = dict(zip(keys, places, strict=True))
    partial = {keys[at] for at in wanted.partial_rows()}
    everything = bool(keys) and len(partial) == len(keys)
    if len(partial) > MANY and not everything:
        partial = set()
    totals = wanted.total_keys()
    left, right = min(columns), max(columns) + 1
    made: list[Json] = []

    def set_(wish: Collection[str], had: Collection[str], look: Callable[[bool], Json], fields: str) -> None:
        for on in (True, False):
            rows: list[int] = []
            for key, row in now.items():
                wears = row in worn and (worn[row] in had or ALL in had)
                if (key in wish) is on and (wears is not on or (on and row in new)):
                    rows.append(row)
            for top, bottom in runs(rows):
                made.append(repeat(Area(area.tab, top, left, bottom, right), {"userEnteredFormat": look(on)}, fields))

    set_(partial, mark.partial, lambda on: {"textFormat": {"italic": on}}, f"{_TEXT}.italic")
    set_(totals, mark.totals, lambda on: {"textFormat": {"bold": on}}, f"{_TEXT}.bold")
    set_(totals[:1], mark.totals[:1], lambda on: {"borders": {"top": style.RULE}} if on else {}, _BORDER)
    wish, kept = _formats(wanted)
    had = dict(mark.formats)
    own = {row: had.get(ALL) or had.get(_short(key), "") for row, key in worn.items()}
    made += _numbers(wanted, area.tab, columns, {now[key]: look for key, look in wish.items()}, now, own, new, fresh)
    return RowLooks(made, (ALL,) if everything else tuple(sorted(partial)), totals, kept)


def _short(key: str) -> str:
    return identity.fingerprint((key,))[:8]


def _formats(wanted: WantedBlock) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """For each row whose cells have number formats of their own a fingerprint of them; and what the mark keeps of that:
    one fingerprint for all rows where it would be too much."""
    found = {
        key: identity.fingerprint(tuple(cell.format for cell in row))[:8]
        for key, row in zip(wanted.keys(), wanted.block.rows, strict=True)
        if any(cell.format for cell in row)
    }
    if len(found) <= MANY:
        return found, tuple((_short(key), look) for key, look in found.items())
    whole = identity.fingerprint(tuple(found.values()))[:8]
    return dict.fromkeys(wanted.keys(), whole), ((ALL, whole),)


def _numbers(
    wanted: WantedBlock, tab: int, columns: Sequence[int], wish: Mapping[int, str], now: Mapping[str, int],
    own: Mapping[int, str], new: Collection[int], fresh: Collection[int],
) -> list[Json]:  # fmt: skip
    """Number formats of single cells, and those of the column where a cell had one of its own."""
    if not wish and not any(own.values()):
        return []
    shown = patterns(wanted.block, wanted.currency)
    made: list[Json] = []
    for index, (column, where) in enumerate(zip(wanted.block.columns, columns, strict=True)):
        looks: dict[str, list[int]] = {}
        for row, cells in zip(now.values(), wanted.block.rows, strict=True):
            cell, had = cells[index], own.get(row, "")
            changed = wish.get(row, "") != had or (bool(had) and row in new)
            if (changed and (cell.format or had)) or (index in fresh and cell.format):
                looks.setdefault(cell.format or ("" if column.unit == "text" else shown[index]), []).append(row)
        for pattern, rows in looks.items():
            look = {"numberFormat": {"type": kind(pattern), "pattern": pattern}} if pattern else {}
            made += [
                repeat(Area(tab, top, where, bottom, where + 1), {"userEnteredFormat": look}, _NUMBER)
                for top, bottom in runs(rows)
            ]
    return made
