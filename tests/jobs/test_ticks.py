"""Refreshes asked for in a spreadsheet: real boxes of real syncs on the local server, and every way it can go wrong."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import Schedule, load
from revalign_udf.governance.requests import Request, read_requests
from revalign_udf.jobs import run
from revalign_udf.jobs.requests import carry_out
from revalign_udf.jobs.schedule import keep
from revalign_udf.jobs.sheets import target_of
from revalign_udf.jobs.ticks import Boxes, Look, collect
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import a1, identity, open_spreadsheet, ticked
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name segment\nA Ada SMB",
    "subscription": "id org_id started_at\nsA A 2025-12-01",
    "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n1 sA 2025-12-01 - 100 month",
}
LAYOUT = """
title = "Board"
[[tab]]
key = "board"
name = "Board's"
[[tab.block]]
key = "every"
title = "MRR"
kind = "series"
from = "2026-01"
to = "2026-02"
metrics = ["mrr"]
"""


class World:
    """A project with two synced spreadsheets, ``board`` and ``team``."""

    def __init__(self, folder: Path, server: LocalSheets) -> None:
        self.folder, self.server = folder, server
        self.keys = {name: server.create(name) for name in ("board", "team")}
        project_of(folder, TABLES, "[workbooks]\nreports = []", through="2026-02-28").close()
        (folder / "workbooks" / "board").mkdir(parents=True)
        (folder / "workbooks" / "board" / "layout.toml").write_text(LAYOUT)
        with (folder / "revalign.toml").open("a") as settings:
            for name, key in self.keys.items():
                settings.write(
                    f'[sheets.{name}]\nkey = "{key}"\nkey_file = "{server.key_file}"\nbase_url = "{server.base_url}"\n'
                    'layout = "board"\n'
                )

    @property
    def project(self) -> Any:
        return load(self.folder)

    def tick(self, name: str) -> None:
        """A person ticks the box of the tab with the numbers; others have one too."""
        project = self.project
        with open_spreadsheet(target_of(project, project.sheets[name])) as client:
            found = client.read("namedRanges,sheets(properties(sheetId,title))")
            titles = {item["properties"].get("sheetId", 0): item["properties"]["title"] for item in found["sheets"]}
            areas = [item["range"] for item in found["namedRanges"] if item["namedRangeId"].startswith(identity.BOX)]
            [area] = [area for area in areas if titles[area.get("sheetId", 0)] == "Board's"]
            cell = a1.cell(area.get("startRowIndex", 0), area.get("startColumnIndex", 0))
            client.write_values([{"range": f"'Board''s'!{cell}", "values": [[True]]}])

    def ticks(self, name: str) -> int:
        project = self.project
        with open_spreadsheet(target_of(project, project.sheets[name])) as client:
            return len(ticked(client))

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(one.who, one.state) for one in read_requests(self.folder).every]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with LocalSheets() as server:
        world = World(tmp_path_factory.mktemp("ticks"), server)
        assert run(world.project).problems == []
        yield world


@pytest.fixture
def world(made: World) -> Iterator[World]:
    """The two spreadsheets unticked, and no requests."""
    yield made
    for key in made.keys.values():
        made.server.share(key)
    for name in made.keys:
        collect(made.project)
        assert made.ticks(name) == 0
    shutil.rmtree(made.folder / "governance", ignore_errors=True)
    (made.folder / ".revalign" / "ticks.json").unlink(missing_ok=True)


def test_nobody_asks(world: World) -> None:
    assert collect(world.project) == []
    assert world.asked == []


def test_a_tick_leaves_a_request_and_the_box_is_cleared(world: World) -> None:
    world.tick("board")
    [look] = collect(world.project)
    assert (look.sheet, look.tab, look.new, look.problem) == ("board", "Board's", True, "")
    assert look.text == "sheet board, tab Board's: asks for a refresh"
    assert world.asked == [("sheet board, tab Board's", "waiting")]
    assert world.ticks("board") == 0
    assert collect(world.project) == []


def test_two_who_ask_get_one_refresh(world: World) -> None:
    world.tick("board")
    world.tick("team")
    assert [look.new for look in collect(world.project)] == [True, False]
    assert len(world.asked) == 1
    found = carry_out(world.project)
    assert found is not None
    assert [one.state for one in found] == ["done"]
    world.tick("team")
    assert [look.new for look in collect(world.project)] == [True], "asked anew after it was done"


def test_a_spreadsheet_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    world.tick("team")
    world.server.share(world.keys["board"], None)
    board, team = collect(world.project)
    assert (board.sheet, "REV-702" in board.problem) == ("board", True)
    assert (team.sheet, team.new) == ("team", True)


def test_a_box_that_cannot_be_cleared_asks_once(world: World) -> None:
    world.tick("board")
    world.server.share(world.keys["board"], "reader")
    asked, stuck = collect(world.project)
    assert (asked.new, "cannot be cleared" in stuck.problem) == (True, True)
    carry_out(world.project)
    [still] = [look for look in collect(world.project) if look.sheet == "board"]
    assert "cannot be cleared" in still.problem
    assert len(world.asked) == 1, "as long as it stays ticked it asks for nothing more"
    world.server.share(world.keys["board"])
    assert collect(world.project) == []
    world.tick("board")
    assert [look.new for look in collect(world.project)] == [True], "once cleared it asks again"


def test_each_spreadsheet_is_looked_at_once_in_a_while(world: World) -> None:
    boxes = Boxes()
    before = len(world.server.reads())
    assert boxes.look(world.project) == []
    once = len(world.server.reads()) - before
    world.tick("board")
    assert boxes.look(world.project) == []
    assert world.ticks("board") == 1
    assert 0 < once <= 4
    assert [look.new for look in Boxes(pause=0).look(world.project)] == [True]


def test_a_problem_is_told_when_it_begins(world: World) -> None:
    told: list[Look] = []
    boxes = Boxes(told.append, pause=0)
    world.server.share(world.keys["board"], None)
    for _ in range(3):
        boxes.look(world.project)
    assert [look.sheet for look in told] == ["board"]
    world.server.share(world.keys["board"])
    boxes.look(world.project)
    world.server.share(world.keys["board"], None)
    boxes.look(world.project)
    assert len(told) == 2, "it was gone in between"


def test_carrying_out_looks_first(world: World) -> None:
    world.tick("board")
    seen: list[Look] = []
    found = carry_out(world.project, seen=seen.append)
    assert found is not None
    assert [(one.who, one.state, one.message) for one in found] == [("sheet board, tab Board's", "done", "")]
    assert len(seen) == 1


def test_the_loop_refreshes_when_somebody_ticks(world: World) -> None:
    ended = threading.Event()
    assert keep(world.folder, Schedule(1440), ran=lambda _: ended.set(), ended=ended)
    world.tick("board")
    seen: list[Look] = []
    ended.clear()

    def told(request: Request) -> None:
        if not request.open:
            ended.set()

    assert keep(world.folder, Schedule(1440), 0.1, told=told, seen=seen.append, ended=ended)
    assert world.asked == [("sheet board, tab Board's", "done")]
    assert [look.new for look in seen] == [True]
    assert world.ticks("board") == 0
