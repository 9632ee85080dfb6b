"""One browser for all tests of the pane, a small published company, and its server."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.testing import project_of

driving = load(Path(__file__).with_name("driving.py"))

TABLES = {
    "organization": "id name segment country\nA Ada SMB SE\nB Bob ENT SE\nC Cyd SMB DE",
    "subscription": "id org_id started_at ended_at\nsA A 2025-12-01 -\nsB B 2025-12-01 2026-02-15\nsC C 2025-12-01 -",
    "subscription_item_period": (
        "id subscription_id valid_from valid_to amount interval\n1 sA 2025-12-01 - 100 month\n"
        "2 sB 2025-12-01 - 600 year\n3 sC 2025-12-01 2026-03-01 40 month\n4 sC 2026-03-01 - 70 month"
    ),
    "lead": "id org_id created_at\nL1 A 2026-02-03\nL2 C 2026-02-10",
}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with driving.browser() as found:
        yield found


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pane")
    project_of(folder, TABLES, '[company]\nname = "Ada & Sons"\ncurrency = "EUR"', through="2026-03-31").close()
    return folder


@pytest.fixture(scope="session")
def served(published: Path) -> Iterator[Any]:
    """A server nothing is changed on."""
    found = driving.Served(published, demo=published)
    yield found
    found.stop()


@pytest.fixture
def own(published: Path, tmp_path: Path) -> Iterator[Any]:
    """A server of a copy, to be changed and stopped."""
    found = driving.Served(Path(shutil.copytree(published, tmp_path / "own")))
    yield found
    found.stop()


@pytest.fixture
def pane(chromium: Any, served: Any) -> Iterator[Callable[..., Any]]:
    """Opens the pane: ``pane()``, or ``pane(server, excel=False ...)``. Nothing may be logged as an error, but for
    refusals a test asks for with ``refusals=True``."""
    pages = []

    def opened(server: Any = None, *, refusals: bool = False, **options: Any) -> Any:
        page = driving.opened(chromium, (server or served).base_url, **options)
        pages.append((page, refusals))
        return page

    yield opened
    for page, refusals in pages:
        logged = [text for text in page.problems if not (refusals and text.startswith("Failed to load resource"))]
        page.context.close()
        assert logged == []
