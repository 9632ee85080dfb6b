from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.calc.results import CellError, cells
from revalign_udf.errors import cell_error
from revalign_udf.excel.addin import write
from revalign_udf.excel.addin.writing import settings_for
from revalign_udf.excel.classic import LONGEST_TEXT
from revalign_udf.functions import call, session

HERE = Path(__file__).parent


COM = load(HERE / "com.py")
VBA = load(HERE / "vbahost.py")
DOOR = load(HERE.parent / "functions" / "door.py")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "snapshot_call" in metafunc.fixturenames:
        metafunc.parametrize("snapshot_call", DOOR.CALLS, ids=lambda call: f"{call[0]}-{call[1]}")


@pytest.fixture(scope="module")
def excel() -> Iterator[Any]:
    """Excel with the add-in loaded: real xlwings over simulated COM."""
    with COM.simulated() as xlwings:
        yield COM.FakeExcel(xlwings)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `revalign excel addin` writes."""
    made: Path = tmp_path_factory.mktemp("addin")
    write(made, settings_for(project=r"C:\Revalign\acme"))
    return made


@pytest.fixture
def bench(folder: Path, excel: Any) -> Iterator[Any]:
    """The add-in's VBA, running, with the real xlwings behind it."""
    with VBA.bench(folder / "revalign.xlam", excel) as made:
        yield made


@pytest.fixture
def door() -> Iterator[Any]:
    """A fake door that snapshot functions use for the length of a test."""
    with ExitStack() as stack:
        made = DOOR.FakeDoor()
        session.use(made)
        stack.callback(session.use, None)
        yield made


@pytest.fixture(scope="session")
def wanted() -> Callable[..., Any]:
    """What a cell of this route shows for a function: its exact result, as the cell's double, text, serial or error."""

    def one(value: Any, longest: int | None) -> Any:
        if isinstance(value, date):
            return float((value - date(1899, 12, 30)).days)
        if isinstance(value, str) and not isinstance(value, CellError) and longest and len(value) > longest:
            return value[: longest - 1] + "…"
        return None if value == "" else value

    def found(name: str, arguments: Any) -> Any:
        try:
            cell = cells(call(name, arguments))
        except Exception as error:  # noqa: BLE001 - any error is a cell
            return cell_error(error)[0]
        if not isinstance(cell, list):
            return one(cell, None)
        wide = max(len(row) for row in cell)
        longest = None if len(cell) == wide == 1 else LONGEST_TEXT
        rows = [[one(value, longest) for value in [*row, *[None] * (wide - len(row))]] for row in cell]
        flat = rows[0] if len(rows) == 1 else rows
        return flat[0] if len(flat) == 1 and len(rows) == 1 else flat

    return found
