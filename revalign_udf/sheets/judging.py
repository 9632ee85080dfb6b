"""When two cells are the same, and when a loss is too large to be true."""

from __future__ import annotations

from revalign_udf.sheets import a1
from revalign_udf.sheets.change import Refusal
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.desired import WantedBlock

__all__ = ["same_edit", "same_formula", "too_much"]

#: Fewer than this may always go: of three segments one may end without an alarm.
_FEW_ROWS, _FEW_CELLS = 2, 10


def too_much(
    wanted: WantedBlock, tab: str, limit: float, rows: tuple[int, int], cells: tuple[int, int]
) -> Refusal | None:
    """A source that answers half is a likelier cause than half the customers leaving.

    Args:
        wanted: the block.
        tab: the title of its tab.
        limit: the share that may vanish at once.
        rows: how many vanish, of how many; months that roll out of a calendar do not count.
        cells: how many turn blank, of how many that hold something.
    """
    vanished, base = rows
    emptied, filled = cells
    rows_over = not wanted.block.calendar and vanished >= _FEW_ROWS and vanished > limit * base
    cells_over = emptied >= _FEW_CELLS and emptied > limit * filled
    if not rows_over and not cells_over:
        return None
    lost = f"{vanished} of {base} rows" if rows_over else f"{emptied} of {filled} cells"
    return Refusal(
        "REV-706",
        wanted.path,
        f'{tab}: "{wanted.block.title or wanted.block.key}" would lose {lost}; at most {limit:.0%} may go at once.',
        "Check the sources (revalign doctor). If it is right: revalign sheets apply --allow-deletes.",
    )


def same_formula(one: Json | None, other: Json | None) -> bool:
    """Whether two formulas differ in blanks, or in the marks of a locale, only."""
    if not one or not other or "formulaValue" not in one or "formulaValue" not in other:
        return False
    return _canonical(str(one["formulaValue"])) == _canonical(str(other["formulaValue"]))


def same_edit(one: Json | None, other: Json | None) -> bool:
    """Whether an edit is the one that was warned of; a formula's references follow rows that move."""
    if not one or not other or "formulaValue" not in one or "formulaValue" not in other:
        return one == other
    return a1.bare(one) == a1.bare(other)


def _canonical(formula: str) -> str:
    """A formula of ours in one spelling: it holds cells, numbers, MIN and MAX only, so the marks are never words."""
    text = formula.replace(" ", "").upper()
    return text.replace(",", ".").replace(";", ",") if ";" in text else text
