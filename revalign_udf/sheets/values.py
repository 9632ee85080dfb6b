"""Reading a synced block back, to prove that the sheet and the engine agree."""

from __future__ import annotations

from revalign_udf.errors import NoData, SurfaceError, UnknownName
from revalign_udf.sheets.client import Scalar, SpreadsheetClient
from revalign_udf.sheets.current import Current, read_structure
from revalign_udf.sheets.identity import text_id

__all__ = ["read_values"]


def read_values(client: SpreadsheetClient, block: str) -> list[list[Scalar]]:
    """The unformatted values of a block's data rows, header left out; blanks are None, dates serial numbers.

    Args:
        client: the spreadsheet.
        block: ``report/tab/block``, or its end as long as only one block ends so (``tab/block``, ``block``).

    Returns:
        One list per row, as wide as the block.

    Raises:
        UnknownName: no such block on the spreadsheet, or several.
        NoData: REV-204, its rectangle was deleted.
        SurfaceError: REV-702, not reachable or not shared.
    """
    current = read_structure(client)
    path = _find(current, block)
    found = current.areas.get(text_id("block", path))
    if found is None:
        raise NoData(f"The rectangle of {path} was deleted.", hint="Run the sync again.")
    name, area = found
    try:
        rows = client.values([name])[0]
    except IndexError:
        raise SurfaceError(f"The range {name} cannot be read.", code="REV-702") from None
    width, height = area.right - area.left, area.bottom - area.top
    table = [[*row, *[None] * (width - len(row))] for row in rows]
    table += [[None] * width for _ in range(height - len(table))]
    return [[None if value == "" and isinstance(value, str) else value for value in row] for row in table[1:]]


def _find(current: Current, block: str) -> str:
    paths = sorted(current.block_marks)
    matches = [path for path in paths if path == block] or [path for path in paths if path.endswith(f"/{block}")]
    if len(matches) != 1:
        hint = f"Several end so: {', '.join(matches)}." if matches else ""
        raise UnknownName("block", block, paths, hint=hint)
    return matches[0]
