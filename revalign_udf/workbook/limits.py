"""What a workbook can hold, said before anything is written."""

from __future__ import annotations

import re

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Tab
from revalign_udf.workbook.data import DATA
from revalign_udf.workbook.grid import LAST_COLUMN, LAST_ROW
from revalign_udf.workbook.tabs import CONTENTS

__all__ = ["ABOUT", "DEFINITIONS", "LISTS", "Names", "check_size"]

#: sheets the workbook adds itself
DEFINITIONS, ABOUT, LISTS = "Definitions", "About", "Lists"
#: Excel keeps one name for itself
_TAKEN = (CONTENTS, DEFINITIONS, ABOUT, LISTS, DATA, "History")
_LONGEST = 31
_REFUSED = re.compile(r"[\[\]:*?/\\]|^'|'$")


class Names:
    """The names of the sheets of one workbook, which Excel tells apart without upper and lower case."""

    def __init__(self) -> None:
        self._taken = {name.casefold(): name for name in _TAKEN}

    def claim(self, name: str) -> None:
        """Take a name for a sheet. Raises SurfaceError REV-704 for one that is taken or that Excel refuses."""
        if not name or len(name) > _LONGEST or _REFUSED.search(name):
            hint = f"One to {_LONGEST} characters, none of [ ] : * ? / \\, and no ' at either end."
            raise SurfaceError(f"{name!r} cannot be the name of a sheet.", hint=hint)
        if other := self._taken.get(name.casefold()):
            own = " The workbook adds a sheet of that name itself." if other in _TAKEN else ""
            raise SurfaceError(
                f'There is a sheet "{other}" already, so no other can be "{name}".{own}',
                hint='Give the tab another "name" in layout.toml.',
            )
        self._taken[name.casefold()] = name


def check_size(tab: Tab) -> None:
    """Raises SurfaceError REV-704 for a sheet with more rows or columns than Excel takes."""
    rows = sum(len(block.rows) + 1 for block in tab.blocks)
    columns = max((sum(not column.hidden for column in block.columns) for block in tab.blocks), default=0)
    for count, most, what in ((rows, LAST_ROW, "rows"), (columns, LAST_COLUMN, "columns")):
        if count > most:
            raise SurfaceError(
                f'The sheet "{tab.name}" would have {count:,} {what}, and Excel takes {most:,}.',
                hint="Spread it over several tabs, or ask for less: a shorter period, a filter, fewer values of a dimension.",
            )
