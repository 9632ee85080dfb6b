from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.functions import session

HERE = Path(__file__).parent


COM = load(HERE / "com.py")
DOOR = load(HERE.parent / "functions" / "door.py")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "snapshot_call" in metafunc.fixturenames:
        metafunc.parametrize("snapshot_call", DOOR.CALLS, ids=lambda call: f"{call[0]}-{call[1]}")


@pytest.fixture(scope="module")
def excel() -> Iterator[Any]:
    """Excel with the add-in loaded: real xlwings over simulated COM."""
    with COM.simulated() as xlwings:
        yield COM.FakeExcel(xlwings)


@pytest.fixture
def door() -> Iterator[Any]:
    """A fake door that snapshot functions use for the length of a test."""
    session.use(DOOR.FakeDoor())
    yield
    session.use(None)
