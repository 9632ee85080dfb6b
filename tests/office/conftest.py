"""The add-in's scripts in Node against the server as uvicorn runs it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from beside import load
from tools import program

from revalign_udf.excel.office import assets
from revalign_udf.testing import project_of

HERE = Path(__file__).parent
SERVER = load(HERE.parent / "server" / "conftest.py")
DEMO = {
    **SERVER.TABLES,
    "subscription_item_period": SERVER.TABLES["subscription_item_period"].replace(" 100 ", " 777 "),
}


@pytest.fixture(scope="session")
def addin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the add-in, as the server would show them."""
    folder = tmp_path_factory.mktemp("addin")
    for name, (_, content) in assets("https://localhost:8743").items():
        (folder / name).write_bytes(content)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    project_of(folder, SERVER.TABLES, through="2026-03-31").close()
    return folder


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    project_of(folder, DEMO, through="2026-02-28").close()
    return folder


@pytest.fixture(scope="session")
def client(project: Path, sample: Path) -> Iterator[Any]:
    with SERVER.served(project, demo=sample) as found:
        yield found


class Script:
    """A scenario running in Node."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> Any:
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        assert text, self._process.communicate()[1]
        return json.loads(text)

    def go_on(self, told: Any = None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()


@pytest.fixture(scope="session")
def started(addin: Path) -> Callable[..., Any]:
    """Start a scenario: ``started("client.mjs", "order", base=...)``."""

    @contextmanager
    def run(file: str, scenario: str, **given: Any) -> Iterator[Script]:
        given.setdefault("token", SERVER.TOKEN)
        command = [program("node"), str(HERE / file), scenario, str(addin)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            script = Script(process)
            script.go_on(given)
            try:
                yield script
            finally:
                process.kill()

    return run


@pytest.fixture(scope="session")
def run(started: Callable[..., Any]) -> Callable[..., Any]:
    """Run a scenario to its end: what it found."""

    def whole(file: str, scenario: str, **given: Any) -> Any:
        with started(file, scenario, **given) as script:
            return script.line()["found"]

    return whole
