"""A person, or another computer, at the very moment of a sync; and faults on a sheet that people work on.

In the end the sheet is the one an undisturbed run leaves, what people wrote stands, and nothing of the sync's own is taken
for a person's.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import campaign

from revalign_udf.errors import Retriable, SurfaceError
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import SheetTarget, make_plan, open_spreadsheet, verify_report
from revalign_udf.sheets.log import log_tab
from revalign_udf.sheets.packing import Values

from .conftest import QUICK
from .people import World
from .test_sync import comparable

Made = Callable[[str], World]


@pytest.fixture(scope="module")
def local() -> Iterator[LocalSheets]:
    with LocalSheets() as server:
        yield server


@pytest.fixture
def made(local: LocalSheets, tmp_path: Path) -> Iterator[Made]:
    worlds: list[World] = []

    def make(name: str) -> World:
        (tmp_path / name).mkdir()
        worlds.append(World(local, tmp_path / name))
        return worlds[-1]

    yield make
    local.faults.clear()
    for world in worlds:
        world.close()


def prepared(world: World) -> World:
    """A sheet with a person's cells on it, and a report that has changed since: values, rows and a title."""
    world.sync()
    world.beside(0, 1, 0)
    world.beside(1, 3, 1)
    world.own_row(1, 1, 0)
    world.far_below(0, 0, 0)
    world.edit(0, 2, 1)
    world.change_value(0, 2, 3)
    world.add_row(1, 0, 0)
    world.drop_row(1, 2, 0)
    world.rename(0, 7, 0)
    return world


def shown(world: World) -> dict[str, Any]:
    """The sheet without its log."""
    found = comparable(world.book)
    titles = {sheet.title for sheet in world.book.sheets if sheet.id == log_tab()}
    return found | {"tabs": [tab for tab in found["tabs"] if tab[0] not in titles]}


def stubborn(world: World) -> None:
    """As a schedule does it: a run that fails is run again."""
    for _ in range(3):
        try:
            world.sync()
        except (Retriable, SurfaceError):
            continue
        return
    raise AssertionError("three runs in a row failed")


FAULTS: dict[str, dict[str, Any]] = {
    "its answer lost": {"drop_after_commit": True},
    "dropped": {"drop": True},
    "cut short": {"truncate": True},
    "a page in place of the answer": {"text": "<html>Sign in to the network</html>"},
    "429": {"status": 429},
    "503": {"status": 503},
    "a proxy's page": {"status": 502, "text": "<html>Bad gateway</html>"},
    "an expired token": {"expire": True},
    "three answers lost": {"drop_after_commit": True, "times": 3},
}


@pytest.mark.parametrize("at", campaign([2, 0, 1], 1))
@pytest.mark.parametrize("kind", campaign(list(FAULTS), 3))
def test_a_fault_while_people_work_on_the_sheet(made: Made, local: LocalSheets, kind: str, at: int) -> None:
    straight, world = prepared(made("straight")), prepared(made("world"))
    stubborn(straight)
    fault = local.faults.add("/v4/", after=at, **FAULTS[kind])
    stubborn(world)
    assert fault.hits > 0
    local.faults.clear()
    assert shown(world) == shown(straight)
    assert world.log().count("edit warned") == straight.log().count("edit warned") == 1
    for each in (straight, world):
        each.settle()
    assert shown(world) == shown(straight)


@pytest.mark.parametrize("plain", [False, True], ids=["requests", "plain values"])
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "above"])
def test_a_row_inserted_between_read_and_write(
    made: Made, local: LocalSheets, monkeypatch: pytest.MonkeyPatch, *, plain: bool, inside: bool
) -> None:
    """The numbers of one row landed in the next; the run after took them for a person's and left them for a cycle."""
    monkeypatch.setattr("revalign_udf.sheets.packing.SMALL", 1 if plain else 10**9)
    world = made("world")
    world.sync()
    area = world.area(0)
    assert area is not None
    for row in range(3):
        world.change_value(0, row, 50 + row)
    plan = make_plan(world.client, world.report())
    assert any(isinstance(call, Values) for call in plan.sends) is plain
    at = area["startRowIndex"] + (2 if inside else 0)
    other = open_spreadsheet(SheetTarget("team", world.key, local.key_file, local.base_url), retry=QUICK)
    done: list[bool] = []

    def meanwhile(when: str, call: str) -> None:
        if when == "before" and "atchUpdate" in call and not done:
            done.append(True)
            span = {"sheetId": area["sheetId"], "dimension": "ROWS", "startIndex": at, "endIndex": at + 1}
            other.batch_update([{"insertDimension": {"range": span, "inheritFromBefore": inside}}])

    away = local.faults.on_call(meanwhile)
    world.sync()
    away()
    other.close()
    assert done
    assert verify_report(world.client, world.report()).ok  # in the same run, not a cycle later
    assert "by hand" not in world.log()
    world.settle()


# --- two computers, each with a memory of its own --------------------------------------------------------------------

#: the first job's calls: a structure, cells, a write; it stands still before it is carried out, or after
BOUNDARIES = campaign([(2, "before"), (1, "after"), (2, "after"), (0, "after"), (1, "before"), (0, "before")], 1)


@pytest.mark.parametrize(("at", "when"), BOUNDARIES)
def test_another_computer_syncs_while_one_stands_still(made: Made, local: LocalSheets, at: int, when: Any) -> None:
    one, two = made("one"), made("two")
    one.shared = two.shared = True
    two.close()
    target = SheetTarget("team", one.key, local.key_file, local.base_url)
    two.key, two.client = one.key, open_spreadsheet(target, retry=QUICK)
    one.sync()
    one.beside(1, 2, 0)
    one.own_row(1, 1, 0)
    two.sync()
    two.own, two.number = one.own, one.number
    for world, more in ((one, 1), (two, 2)):
        for row in range(more):
            world.add_row(1, row, row)
        world.change_value(0, 1, more)
    held = local.faults.hold("/v4/", after=at, when=when)
    thread = threading.Thread(target=stubborn, args=(one,))
    thread.start()
    try:
        assert held.wait()
        stubborn(two)
    finally:
        held.release()
        thread.join(30)
    assert not thread.is_alive()
    last = one if not make_plan(two.client, two.report(), two.options()).empty else two
    stubborn(last)
    last.settle()
    assert one.own <= last.texts()
