"""kill -9 at every call of a real ``revalign sheets`` process, then the same command again: the sheet is the one an
undisturbed run leaves.

The server ends the process from its side, right before it carries a call out or right after, so no line of the client
knows of it. What is compared is everything but the tab ``_log`` (its lines carry times) and the count of changes.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from beside import campaign
from command import command

from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets.log import log_tab
from revalign_udf.testing import project_of

from .test_sync import comparable

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")

TABLES = {
    "subscription": "id org_id started_at\nsA A 2025-12-01\nsB B 2026-01-10",
    "subscription_item_period": (
        "id subscription_id valid_from amount interval\n1 sA 2025-12-01 100 month\n2 sB 2026-01-10 50 month"
    ),
}
LATER = TABLES | {
    "subscription_item_period": (
        "id subscription_id valid_from amount interval\n1 sA 2025-12-01 120 month\n2 sB 2026-01-10 50 month"
    ),
}
LAYOUT = """
title = "Board"
[[tab]]
key = "board"
name = "Board"
[[tab.block]]
key = "months"
title = "By month"
kind = "series"
from = "2026-01"
to = "{to}"
metrics = ["mrr", "customers"{more}]
"""
#: A driver that makes every load a staged one, then is the command line.
STAGED = """
import sys
from revalign_udf.sheets import packing, requests
requests.MAX_BYTES, packing.SMALL, packing._FEW = {most}, 10**9, 1
from revalign_udf.cli import main
main(sys.argv[1:])
"""


@dataclass(frozen=True)
class World:
    """A server, and two states of a project to copy from."""

    server: LocalSheets
    first: Path
    later: Path

    def project(self, folder: Path, key: str) -> None:
        shutil.copytree(self.first, folder)
        self.connect(folder, key)

    def connect(self, folder: Path, key: str) -> None:
        with (folder / "revalign.toml").open("a", encoding="utf-8") as file:
            file.write(
                f'[sheets.board]\nkey = "{key}"\nlayout = "board"\nkey_file = "{self.server.key_file}"\n'
                f'base_url = "{self.server.base_url}"\n'
            )

    def turn(self, folder: Path, key: str) -> None:
        """The next snapshot: a number changes, a month and a column come."""
        shutil.copytree(self.later, folder, dirs_exist_ok=True)
        self.connect(folder, key)

    def standing(self, key: str) -> dict[str, Any]:
        """The spreadsheet but its log, and what the log is made of."""
        book = self.server.book(key)
        found = comparable(book)
        titles = {sheet.title for sheet in book.sheets if sheet.id == log_tab()}
        found["tabs"] = [tab for tab in found["tabs"] if tab[0] not in titles]
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("killed")
    for name, tables, to, more in (("first", TABLES, "2026-02", ""), ("later", LATER, "2026-03", ', "arpa"')):
        project_of(folder / name, tables, through="2026-03-31").close()
        layout = folder / name / "workbooks" / "board" / "layout.toml"
        layout.parent.mkdir(parents=True)
        layout.write_text(LAYOUT.format(to=to, more=more), encoding="utf-8")
    with LocalSheets(folder=folder) as server:
        yield World(server, folder / "first", folder / "later")


def sheets(*arguments: object) -> None:
    done = command("sheets", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def first_sync(world: World, folder: Path, key: str) -> None:
    """Nothing on the sheet yet."""


def small_change(world: World, folder: Path, key: str) -> None:
    sheets("apply", "--project", folder)
    world.turn(folder, key)


def undo(world: World, folder: Path, key: str) -> None:
    small_change(world, folder, key)
    sheets("apply", "--project", folder)


Before = Callable[[World, Path, str], None]
#: what stands before, the command that is killed, the bytes a call may carry (0: as many as usual)
SCENES: dict[str, tuple[Before, tuple[str, ...], int]] = {
    "first": (first_sync, ("apply",), 0),
    "change": (small_change, ("apply",), 0),
    "staged": (first_sync, ("apply",), 4_000),
    "undo": (undo, ("undo", "board"), 0),
}


def argv(arguments: tuple[str, ...], folder: Path, most: int) -> list[str]:
    start = ["-c", STAGED.format(most=most)] if most else ["-m", "revalign_udf.cli"]
    return [sys.executable, *start, "sheets", *arguments, "--project", str(folder)]


def run(world: World, scene: str, folder: Path, *, at: int = 0, when: str = "before") -> tuple[str, int, int]:
    """Plays a scene; kills the process at a call (counted from 1; 0: never).

    Returns:
        The spreadsheet, the calls counted, and how the process ended.
    """
    before, arguments, most = SCENES[scene]
    key = world.server.create(scene)
    world.project(folder, key)
    before(world, folder, key)
    count = 0
    environment = {**os.environ, "NO_COLOR": "1"}
    with subprocess.Popen(
        argv(arguments, folder, most), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:

        def deadly(now: str, _: str) -> None:
            nonlocal count
            count += now == "before"
            if count == at and now == when:
                os.kill(process.pid, signal.SIGKILL)
                process.wait(10)

        away = world.server.faults.on_call(deadly)
        process.wait(120)
        away()
    return key, count, process.returncode


@pytest.fixture(scope="module")
def undisturbed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[dict[str, Any], int]]:
    """What a scene leaves when nobody disturbs it, and how many calls its last command makes."""
    known: dict[str, tuple[dict[str, Any], int]] = {}

    def ask(scene: str) -> tuple[dict[str, Any], int]:
        if scene not in known:
            key, count, ended = run(world, scene, tmp_path_factory.mktemp("straight") / "project")
            assert ended == 0
            known[scene] = world.standing(key), count
        return known[scene]

    return ask


#: The calls of each scene: a token, two reads, the writes; a number beyond them means the last.
CASES = [
    *(("change", 4, "after"), ("staged", 4, "after"), ("undo", 4, "after"), ("first", 3, "after")),
    *((scene, at, when) for scene in SCENES for at in range(1, 10) for when in ("before", "after")),
]


@pytest.mark.parametrize(("scene", "at", "when"), campaign(CASES, 1))
def test_killed_and_run_again(
    world: World,
    undisturbed: Callable[[str], tuple[dict[str, Any], int]],
    tmp_path: Path,
    scene: str,
    at: int,
    when: str,
) -> None:
    straight, calls = undisturbed(scene)
    folder = tmp_path / "project"
    key, _, ended = run(world, scene, folder, at=min(at, calls), when=when)
    assert ended == -signal.SIGKILL
    arguments, most = SCENES[scene][1:]
    again = subprocess.run(argv(arguments, folder, most), capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == 0, again.stdout + again.stderr
    assert world.standing(key) == straight
    if scene != "undo":
        sheets("plan", "--project", folder)  # exits with 2 where changes are pending
        sheets("verify", "--project", folder)
