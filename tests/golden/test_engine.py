"""The golden table as formulas in a workbook, computed by the spreadsheet engine behind `workbook fill` and `verify`."""

from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter
from beside import load
from xlsxwriter.utility import xl_col_to_name

from revalign_udf.calc.cells import ERRORS
from revalign_udf.calc.results import CellError
from revalign_udf.functions import session
from revalign_udf.workbook.engine import Engine

ROUTES = load(Path(__file__).with_name("routes.py"))
#: rows from which numbers go in all at once
LONG = 1000


def arranged(engine: Any, place: int, arguments: tuple[Any, ...]) -> str:
    """Put arguments into cells of a sheet of their own, side by side; the references to them."""
    references, column = [], 1
    for value in arguments:
        rows = value if isinstance(value, list) else [[value]]
        rows = [row if isinstance(row, list) else [row] for row in rows]
        sheet = f"in{place}"
        if len(rows) > LONG:
            engine._book.set_values_batch(sheet, 1, column, rows)
        else:
            for down, row in enumerate(rows, 1):
                for across, cell in enumerate(row):
                    if cell is not None:
                        engine.keep(sheet, (down, column + across), CellError(cell) if cell in ERRORS else cell)
        first, last = (xl_col_to_name(column - 1 + across) for across in (0, len(rows[0]) - 1))
        one = len(rows) == len(rows[0]) == 1
        references.append(f"{sheet}!{first}1" if one else f"{sheet}!{first}1:{last}{len(rows)}")
        column += len(rows[0]) + 1
    return ",".join(references)


def shown(engine: Any, sheet: str) -> Any:
    """The value in the first cell, or the table that spills from it."""
    area = engine.spill(sheet, (1, 1))
    if area is None:
        return engine.value(sheet, (1, 1))
    return [
        [engine.value(sheet, (row, column)) for column in range(area.left, area.right + 1)]
        for row in range(area.top, area.bottom + 1)
    ]


def test_everything(golden: Path) -> None:
    asked = [*ROUTES.range_rows(in_cells=True), *ROUTES.snapshot_rows(in_cells=True)]
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        for place in range(len(asked)):
            book.add_worksheet(f"in{place}")
            book.add_worksheet(f"out{place}")
    with session.using(golden):
        engine = Engine(content.getvalue(), date1904=False)
        for place, row in enumerate(asked):
            given = arranged(engine, place, row.arguments)
            engine._book.set_formula(f"out{place}", 1, 1, f"=_xldudf_REVALIGN_{row.function}({given})")
        engine.run()
        cells = [shown(engine, f"out{place}") for place in range(len(asked))]
    answers = [ROUTES.from_cells(row, ROUTES.text_as_blank(cell)) for row, cell in zip(asked, cells, strict=True)]
    assert ROUTES.differences(list(map(ROUTES.blank_as_text, asked)), answers, messages=()) == []
