from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.functions import session

DOOR = load(Path(__file__).with_name("door.py"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "snapshot_call" in metafunc.fixturenames:
        metafunc.parametrize("snapshot_call", DOOR.CALLS, ids=lambda call: f"{call[0]}-{call[1]}")


@pytest.fixture
def door() -> Iterator[Any]:
    """A fake door that snapshot functions use for the length of a test."""
    fake = DOOR.FakeDoor()
    session.use(fake)
    yield fake
    session.use(None)
