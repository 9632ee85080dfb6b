from pathlib import Path

import pytest
from beside import load


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project behind the rows about the snapshot, built once."""
    folder = tmp_path_factory.mktemp("golden") / "project"
    load(Path(__file__).with_name("project.py")).golden_project(folder).close()
    return folder
