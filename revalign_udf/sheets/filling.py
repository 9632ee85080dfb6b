"""Formulas that people keep beside a block are filled down into its new rows, as a table of a spreadsheet does."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_udf.sheets import a1
from revalign_udf.sheets.align import Alignment
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import CurrentTab
from revalign_udf.sheets.rows import Rows

__all__ = ["fill_down"]


def fill_down(tab: CurrentTab, first: int, columns: Sequence[int], rows: Rows, plan: Alignment) -> list[Json]:
    """Copies the formula of the row above (or else beneath) into new rows, column by column.

    Only a formula that repeats down its column is filled: a single total in the last row is left alone.

    Args:
        tab: the tab as it stands.
        first: its row of the block's first data row.
        columns: the block's own columns.
        rows: the rows before and after.
        plan: where each row comes from.
    """
    own = set(columns)
    formulas: dict[int, dict[int, str]] = {}
    for (row, column), value in tab.values.items():
        at = row - first
        if 0 <= at < rows.main_before and column not in own and "formulaValue" in value:
            formulas.setdefault(at, {})[column] = str(value["formulaValue"])
    if not formulas:
        return []
    old = set(rows.old)
    made: list[Json] = []
    new = [place for place in range(rows.main) if rows.new[place] not in old]
    runs: list[list[int]] = []
    for place in new:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    for run in runs:
        model = _model(run, rows, plan)
        if model is None:
            continue
        place, source = model
        for start, end in _columns(source, formulas, rows.main_before):
            made.append(
                {
                    "copyPaste": {
                        "source": _area(tab.id, first + place, first + place + 1, start, end),
                        "destination": _area(tab.id, first + run[0], first + run[-1] + 1, start, end),
                        "pasteType": "PASTE_FORMULA",
                    }
                }
            )
    return made


def _model(run: Sequence[int], rows: Rows, plan: Alignment) -> tuple[int, int] | None:
    """The row to copy from: its place afterwards, and the row it was before."""
    old = set(rows.old)
    for places in (range(run[0] - 1, -1, -1), range(run[-1] + 1, rows.main)):
        for place in places:
            source = plan.source[place]
            if source is not None and rows.new[place] in old and source < rows.main_before:
                return place, source
    return None


def _columns(source: int, formulas: dict[int, dict[int, str]], height: int) -> list[tuple[int, int]]:
    """Runs of columns whose formula in the model row repeats in a neighbouring row (or has no neighbour)."""
    found: list[tuple[int, int]] = []
    for column, text in sorted(formulas.get(source, {}).items()):
        near = [at for at in (source - 1, source + 1) if 0 <= at < height]
        repeats = any(formulas.get(at, {}).get(column) == a1.shifted(text, at - source) for at in near)
        if near and not repeats:
            continue
        if found and found[-1][1] == column:
            found[-1] = (found[-1][0], column + 1)
        else:
            found.append((column, column + 1))
    return found


def _area(tab: int, top: int, bottom: int, left: int, right: int) -> Json:
    return {
        "sheetId": tab, "startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right,
    }  # fmt: skip
