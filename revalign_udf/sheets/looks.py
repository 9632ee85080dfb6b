"""What is set once on a block and then left to people: formats, notes, stripes, the warning, the mark."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.formats import patterns
from revalign_udf.sheets import identity, style
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current, CurrentTab
from revalign_udf.sheets.desired import WantedBlock
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.requests import repeat

__all__ = ["banding", "formats", "guard", "header", "mark_request", "runs", "striped", "title_look", "width"]

_TEXT = "userEnteredFormat.textFormat"
#: Characters that Google keeps as a mark.
LONGEST = 30_000
#: Characters from which on a column of text is shown on several lines.
WIDE = 40


def formats(wanted: WantedBlock, area: Area, columns: Sequence[int], only: Collection[int]) -> list[Json]:
    """Number formats of the data of some columns (by place in the block)."""
    made: list[Json] = []
    if area.bottom == area.top + 1 or not only:
        return made
    shown = patterns(wanted.block, wanted.currency)
    tall = any(column.unit == "text" and column.width >= WIDE for column in wanted.block.columns)
    for index, (column, where) in enumerate(zip(wanted.block.columns, columns, strict=True)):
        found = style.number_format(column.unit, shown[index])
        cells = Area(area.tab, area.top + 1, where, area.bottom, where + 1)
        if index in only and tall:  # the cells beside a sentence begin where it does
            wraps = column.unit == "text" and column.width >= WIDE
            look = style.LONG if wraps else {"verticalAlignment": style.LONG["verticalAlignment"]}
            made.append(repeat(cells, {"userEnteredFormat": look}, f"userEnteredFormat({','.join(look)})"))
        if index in only and found is not None:
            made.append(repeat(cells, {"userEnteredFormat": {"numberFormat": found}}, "userEnteredFormat.numberFormat"))
        if index in only and column.total:
            made.append(repeat(cells, {"userEnteredFormat": {"textFormat": {"bold": True}}}, f"{_TEXT}.bold"))
    return made


def header(wanted: WantedBlock, area: Area, columns: Sequence[int], *, look: bool) -> list[Json]:
    """Notes of the header, and its look when it is new."""
    made: list[Json] = []
    for at, (column, where) in enumerate(zip(wanted.block.columns, columns, strict=True)):
        cell: Json = {"note": column.note} if column.note else {}
        fields = "note"
        if look:
            computed = any(row[at].formula for row in wanted.block.rows)
            cell["userEnteredFormat"] = style.HEADER(column, computed=computed)
            names = "textFormat,backgroundColorStyle,horizontalAlignment,verticalAlignment,wrapStrategy"
            fields += f",userEnteredFormat({names})"
        made.append(repeat(Area(area.tab, area.top, where, area.top + 1, where + 1), cell, fields))
    return made


def width(tab: int, column: int, characters: int, *, hidden: bool = False) -> Json:
    """The width of a column of the sheet."""
    span = {"sheetId": tab, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
    properties: Json = {"pixelSize": style.pixels(characters)} | ({"hiddenByUser": True} if hidden else {})
    return {"updateDimensionProperties": {"range": span, "properties": properties, "fields": ",".join(properties)}}


def title_look(tab: int, row: int, column: int) -> Json:
    """The look of the line above a block."""
    return repeat(Area(tab, row, column, row + 1, column + 1), {"userEnteredFormat": style.TITLE}, _TEXT)


def banding(path: str, area: Area) -> Json:
    """Stripes over a block's data."""
    rows = Area(area.tab, area.top + 1, area.left, max(area.bottom, area.top + 2), area.right)
    body = {"bandedRangeId": identity.number_id("banding", path), "range": rows.json(), "rowProperties": style.STRIPES}
    return {"addBanding": {"bandedRange": body}}


def striped(tab: CurrentTab | None, area: Area) -> bool:
    """Whether stripes of somebody's lie there already; two may not overlap."""
    for found in tab.bandings.values() if tab else ():
        rows = (int(found.get("startRowIndex", 0)), int(found.get("endRowIndex", tab.rows if tab else 0)))
        across = (int(found.get("startColumnIndex", 0)), int(found.get("endColumnIndex", tab.columns if tab else 0)))
        if rows[0] <= area.bottom and area.top < rows[1] and across[0] < area.right and area.left < across[1]:
            return True
    return False


def runs(places: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring places as (start, end excluded).

    >>> runs([3, 1, 2, 7])
    [(1, 4), (7, 8)]
    """
    made: list[tuple[int, int]] = []
    for at in sorted(places):
        if made and made[-1][1] == at:
            made[-1] = (made[-1][0], at + 1)
        else:
            made.append((at, at + 1))
    return made


def guard(current: Current, path: str, name: str) -> list[Json]:
    """A protection that warns and lets people through; it stands on the named range and moves with it."""
    number = identity.number_id("guard", path)
    if number in current.guards:
        return []
    body = {
        "protectedRangeId": number,
        "namedRangeId": name,
        "warningOnly": True,
        "description": "Written by Revalign. A change by hand is logged, and written over at the sync after next.",
    }
    return [{"addProtectedRange": {"protectedRange": body}}]


def mark_request(current: Current, tab: int, mark: BlockMark) -> list[Json]:
    """Creates or renews the block's mark when it says something new.

    Raises:
        SurfaceError: REV-701, the block has more columns than a mark can remember.
    """
    text = mark.dump()
    if len(text) > LONGEST:
        raise SurfaceError(
            f'"{mark.title or mark.path}" has {len(mark.columns):,} columns, more than can be kept in step.',
            code="REV-701",
            hint="Make several tables of it, each with fewer columns.",
        )
    found = current.block_marks.get(mark.path)
    if found is not None:
        if found.text == text:
            return []
        lookup = {"developerMetadataLookup": {"metadataId": found.id}}
        value = {"dataFilters": [lookup], "developerMetadata": {"metadataValue": text}, "fields": "metadataValue"}
        return [{"updateDeveloperMetadata": value}]
    made = {
        "metadataId": identity.number_id("block-mark", mark.path),
        "metadataKey": identity.BLOCK,
        "metadataValue": text,
        "location": {"sheetId": tab},
        "visibility": "DOCUMENT",
    }
    return [{"createDeveloperMetadata": {"developerMetadata": made}}]
