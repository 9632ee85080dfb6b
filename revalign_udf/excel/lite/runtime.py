"""What the decorated functions of the Lite file call inside Excel.

xlwings Lite shows an exception as ``#VALUE!`` with its message behind the cell's warning sign, on every build of Excel.
An error given as text (``"#DIV/0!"``) it turns into that error, but builds of Excel that are too old for it show the
text itself, which SUM skips: a failed number would vanish from a total. So a failure is raised, unless whoever made the
file asked for Excel's own error values. One failed cell inside a table can only be given as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from revalign_udf.calc.results import CellError, cells
from revalign_udf.errors import RevalignError, cell_error
from revalign_udf.functions.registry import find

__all__ = ["CellFailure", "answer"]


class CellFailure(Exception):
    """A cell that shows an error. ``cell`` is the error itself, such as ``#DIV/0!``."""

    def __init__(self, cell: str, message: str) -> None:
        self.cell, self.message = cell, message
        super().__init__(message if cell == "#VALUE!" else f"{cell} {message}")


def answer(name: str, arguments: Sequence[Any], *, native_errors: bool = False) -> Any:
    """What a cell shows: a number, text, a date, or rows of them; a blank is an empty text, as Excel would show 0.

    Raises CellFailure, or with ``native_errors`` gives the text of the error.
    """
    try:
        found = cells(find(name).call(arguments))
    except Exception as error:  # noqa: BLE001 - a cell must show something whatever happened
        shown, message = cell_error(error)
        if native_errors:
            return shown
        raise CellFailure(shown, message) from (None if isinstance(error, RevalignError) else error)
    return [[_shown(cell) for cell in row] for row in found] if isinstance(found, list) else _shown(found)


def _shown(cell: Any) -> Any:
    if cell is None:
        return ""
    return str(cell) if isinstance(cell, CellError) else cell
