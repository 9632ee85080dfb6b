import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from revalign_udf.functions import session

HERE = Path(__file__).parent


def load(path: Path) -> ModuleType:
    """A helper beside the tests, imported once; folders of tests are no packages."""
    name = f"helper_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


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
