"""Is a file one that Excel opens without "We found a problem with some content"?

``problems(path)`` takes an .xlsx apart and names everything that it, or a strict reader, would stumble over. It knows
nothing of how the file was written. What each module looks at:

==================== ===========================================================================================
``package_parts``    the archive, content types, relations, parts nothing leads to, document properties
``package_book``     names of sheets, defined names, shared texts, styles, metadata of dynamic arrays
``package_formulas`` whether a formula can be read as it is stored, and what it points at
``package_sheet``    order of elements, rows, cells, cached values, spills, merged cells, the page
``package_looks``    conditional formats, drop-downs, links, tables, comments
``package_drawings`` where charts stand, which cells they show, what they remember of them
==================== ===========================================================================================
"""

from pathlib import Path

from package_book import check_book, facts_of
from package_drawings import check_drawings
from package_looks import check_looks
from package_parts import Package, check_parts
from package_sheet import Grid, check_grid

from revalign_udf.functions import registry

__all__ = ["problems"]


def problems(source: Path | bytes) -> list[str]:
    """What is wrong with an .xlsx, each with the part it stands in; empty when nothing is."""
    package = Package(source)
    if not package.parts:
        return package.found
    functions = frozenset(f"REVALIGN_{name.removeprefix('REVALIGN.').replace('.', '_')}" for name in registry())
    facts = facts_of(package, functions)
    check_parts(package)
    check_book(package, facts)
    grids = {}
    for sheet in facts.sheets:
        root = package.tree(sheet.part)
        if sheet.kind == "worksheet" and root is not None:
            grid = Grid(package, facts, sheet.name, sheet.part, root)
            check_grid(grid)
            check_looks(grid)
            grids[sheet.name.lower()] = grid
    check_drawings(package, grids, facts)
    return package.found
