"""The golden table through the classic add-in: its own VBA line by line, simulated COM, the real xlwings."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from beside import load
from pyopenvba.interpreter import EMPTY

from revalign_udf.excel.addin import write
from revalign_udf.excel.addin.writing import settings_for
from revalign_udf.excel.classic import udf_name
from revalign_udf.excel.codes import text_of
from revalign_udf.functions import registry, session

HERE = Path(__file__).parent
ROUTES = load(HERE / "routes.py")
COM = load(HERE.parent / "excel" / "com.py")
VBA = load(HERE.parent / "excel" / "vbahost.py")


def given(row: Any) -> list[Any]:
    """The arguments; a required one that is blank is a blank cell, for VBA refuses to leave it out."""
    required = registry()[row.function].required
    return [EMPTY if value is None and place < required else value for place, value in enumerate(row.arguments)]


def long(row: Any) -> bool:
    """Whether a range is too long to be written cell by cell into the model of a sheet that the VBA reads."""
    return any(isinstance(value, list) and len(value) > 1000 for value in row.arguments)


def python_alone(excel: Any, row: Any) -> Any:
    """What xlwings hands back to VBA for a formula, as the cells VBA makes of it."""

    def cell(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [cell(item) for item in value]
        return text_of(value) if type(value) is int else value

    return cell(excel.call(udf_name(registry()[row.function]), row.arguments))


def test_everything(golden: Path, tmp_path: Path) -> None:
    write(tmp_path, settings_for(project=str(golden)))
    asked = [*ROUTES.range_rows(in_cells=True), *ROUTES.snapshot_rows(in_cells=True)]
    with ExitStack() as stack:
        excel = COM.FakeExcel(stack.enter_context(COM.simulated()))
        bench = stack.enter_context(VBA.bench(tmp_path / "revalign.xlam", excel))
        stack.enter_context(session.using(golden))
        shown = [
            python_alone(excel, row) if long(row) else bench.cell(udf_name(registry()[row.function]), *given(row))
            for row in asked
        ]
    answers = [ROUTES.from_cells(row, ROUTES.text_as_blank(cell)) for row, cell in zip(asked, shown, strict=True)]
    assert ROUTES.differences(list(map(ROUTES.blank_as_text, asked)), answers, messages=()) == []
