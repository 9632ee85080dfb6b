"""Programs that some tests need: found, or the test is left out with the reason, which fails on a build server."""

import shutil
from pathlib import Path

import pytest

NODE = Path(__file__).parents[1] / "node"


def program(name: str, *others: str) -> str:
    """The path of a program by any of its names."""
    found = next(filter(None, map(shutil.which, (name, *others))), None)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def node_package(name: str) -> Path:
    """The folder of a package that `npm install` put into tests/node."""
    program("node")
    folder = NODE / "node_modules" / name
    if not folder.is_dir():
        pytest.skip(f"{name} is missing: run npm install in tests/node")
    return folder
