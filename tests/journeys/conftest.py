"""Projects that journeys walk through, and the real command line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from beside import load
from command import command

HERE = Path(__file__).parent


COM = load(HERE.parent / "excel" / "com.py")


def _run(*arguments: object, expect: int = 0, process: bool = False) -> str:
    done = command(*arguments, process=process)
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return str(done.stdout)


@pytest.fixture(scope="session")
def revalign() -> Callable[..., str]:
    """Run the command line; returns standard output."""
    return _run


@pytest.fixture(scope="session")
def answer() -> Callable[..., Any]:
    """Run a command with --json and read the document."""

    def ask(*arguments: object, expect: int = 0, process: bool = False) -> Any:
        return json.loads(_run(*arguments, "--json", expect=expect, process=process))

    return ask


@contextmanager
def _served() -> Iterator[dict[str, str]]:
    server = [sys.executable, "-m", "revalign_udf.cli", "sheets", "local", "--json"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def sheets() -> Iterator[dict[str, str]]:
    """The local Sheets server as the command line starts it: base_url and key_file."""
    with _served() as found:
        yield found


@pytest.fixture(scope="session")
def cdnow() -> Path:
    """The CDNOW purchase log (Fader & Hardie), as the package ``lifetimes`` ships it."""
    try:
        found = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")))
    except PackageNotFoundError:
        pytest.skip("the package lifetimes, which ships the CDNOW log, is not installed")
    assert found.is_file()
    return found


@pytest.fixture
def excel() -> Iterator[Any]:
    """Excel with the add-in loaded: real xlwings over simulated COM."""
    with COM.simulated() as xlwings:
        yield COM.FakeExcel(xlwings)
