"""Addresses in text cells become links people can click. The value stays the address as it is in the source.

A link is a format of the cell, set whenever its address is written; a formula would have to hold text of the source.
Only ``http://`` and ``https://`` are made links.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area
from revalign_udf.sheets.desired import WantedBlock
from revalign_udf.sheets.looks import runs
from revalign_udf.sheets.requests import repeat

__all__ = ["address", "link_columns", "links"]

#: An address, whole: no blanks, nothing a browser would not take.
_ADDRESS = re.compile(r"https?://[^\s\"<>\\^`{|}\x00-\x1f\x7f]+", re.IGNORECASE)
#: Of nearly all texts these four letters tell them apart.
_BEGINNINGS = ("http", "HTTP", "Http")
#: So many addresses of a column are made links; each costs as much as its cell once more, and all go into one call.
MOST = 3_000
#: Links of one request.
_PIECE = 500
_LINK = "userEnteredFormat.textFormat.link"
#: A link that is taken away leaves the colour and the line it brought.
_PLAIN = "userEnteredFormat.textFormat(link,foregroundColorStyle,underline)"


def address(value: Json | None) -> str:
    """The address a cell holds, or nothing.

    >>> address({"stringValue": "https://crm.example/deals/7"}), address({"stringValue": "see https://crm.example"})
    ('https://crm.example/deals/7', '')
    """
    text = str(value.get("stringValue", "")) if value else ""
    return text if text[:4] in _BEGINNINGS and _ADDRESS.fullmatch(text) else ""


def link_columns(wanted: WantedBlock) -> tuple[str, ...]:
    """Keys of the columns that hold addresses, as many as can be made links."""
    lines = [line for index in range(len(wanted.block.rows)) if (line := wanted.template(index))]
    return tuple(
        column.key
        for at, column in enumerate(wanted.block.columns)
        if column.unit == "text" and not column.hidden and 0 < sum(1 for line in lines if address(line[at])) <= MOST
    )


def links(
    wanted: WantedBlock, tab: int, columns: Sequence[int], cells: Mapping[tuple[int, int], Json | None],
    places: Collection[int], now: Collection[str], before: Collection[str] = (),
    stands: Mapping[tuple[int, int], Json] | None = None,
) -> list[Json]:  # fmt: skip
    """The links of cells that are written, and of all cells of a column that has links for the first time.

    Args:
        wanted: the block.
        tab: where it stands.
        columns: where its columns stand.
        cells: what is written, by row and column.
        places: the rows on the sheet of the rows of the block.
        now: keys of the columns that hold addresses, see :func:`link_columns`.
        before: keys of the columns whose addresses were made links.
        stands: what stays in cells that are not written.
    """
    made: list[Json] = []
    for column, where in zip(wanted.block.columns, columns, strict=True):
        known = column.key in before
        if not known and column.key not in now:
            continue
        found = {row: address(cells[row, where]) for row in places if (row, where) in cells}
        if not known and stands:
            found |= {row: address(stands.get((row, where))) for row in places if (row, where) not in cells}
        for top, bottom in runs(row for row, text in found.items() if text):
            for start in range(top, bottom, _PIECE):
                rows = [
                    {"values": [{"userEnteredFormat": {"textFormat": {"link": {"uri": found[row]}}}}]}
                    for row in range(start, min(bottom, start + _PIECE))
                ]
                corner = {"sheetId": tab, "rowIndex": start, "columnIndex": where}
                made.append({"updateCells": {"start": corner, "rows": rows, "fields": _LINK}})
        for top, bottom in runs(row for row, text in found.items() if known and not text):
            made.append(repeat(Area(tab, top, where, bottom, where + 1), {}, _PLAIN))
    return made
