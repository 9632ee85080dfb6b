"""Which project a cell reads: everywhere, here, on foreign threads; and how often the disk is looked at for it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.errors import NoData
from revalign_udf.functions import call_cell, session

FakeDoor = load(Path(__file__).with_name("door.py")).FakeDoor


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(session.PROJECT_VARIABLE, raising=False)
    session.use(None)
    yield
    session.use(None)


class Looking(FakeDoor):  # type: ignore[misc, valid-type]
    """Counts how often it is asked whether something newer is published."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def changed(self) -> bool:
        self.looks += 1
        return bool(super().changed())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Folders that have been opened, each with a door of its own."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(session, "_open", lambda folder: found.setdefault(folder, Looking()))
    return found


def test_the_project_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opened: dict[str, Any]
) -> None:
    monkeypatch.setenv(session.PROJECT_VARIABLE, "here")
    assert session.query() is session.query() is opened["here"]
    monkeypatch.setenv(session.PROJECT_VARIABLE, "there")
    assert session.query() is opened["there"]
    session.use("said")
    assert session.query() is opened["said"]
    session.use(None)
    monkeypatch.delenv(session.PROJECT_VARIABLE)
    monkeypatch.chdir(tmp_path)
    assert session.query() is opened[str(tmp_path)]


def test_a_block_reads_its_own_project_and_gives_it_back(opened: dict[str, Any]) -> None:
    own = FakeDoor()
    session.use("outside")
    with session.using("inside"):
        assert session.query() is opened["inside"]
        with session.using(own):
            assert session.query() is own
        assert session.query() is opened["inside"]
    with pytest.raises(ZeroDivisionError), session.using(own):
        _ = 1 / 0
    assert session.query() is opened["outside"]


def test_foreign_threads_read_what_is_said_everywhere() -> None:
    """COM and spreadsheet engines call back on threads that know nothing of the block around them."""
    everywhere, here = FakeDoor(), FakeDoor()
    session.use(everywhere)
    with ThreadPoolExecutor(1) as pool, session.using(here):
        assert pool.submit(session.query).result() is everywhere
        assert pool.submit(session.bound(session.query)).result() is here
        carried = session.bound(session.query)
    assert carried() is here, "wherever and whenever it is called"
    assert session.bound(session.query)() is everywhere, "outside of a block it goes by what is said then"
    assert session.query() is everywhere


def test_bound_calls_run_on_many_threads_at_once() -> None:
    here, gate = FakeDoor(), threading.Barrier(4, timeout=5)
    with session.using(here):
        ask = session.bound(lambda: (gate.wait(), session.query())[1])
    with ThreadPoolExecutor(4) as pool:
        assert {id(found) for found in pool.map(lambda _: ask(), range(4))} == {id(here)}


def test_two_projects_are_answered_side_by_side() -> None:
    """Tasks of one event loop, and the threads they hand their context to, as a server does."""
    live, demo = FakeDoor(), FakeDoor()

    async def ask(door: Any) -> Any:
        with session.using(door):
            await asyncio.sleep(0)
            first = session.query()
            await asyncio.sleep(0)
            return first, await asyncio.to_thread(session.query), session.query()

    async def both() -> Any:
        return await asyncio.gather(ask(live), ask(demo))

    assert asyncio.run(both()) == [(live,) * 3, (demo,) * 3]


def test_a_batch_of_cells_does_not_look_at_the_disk_for_each(opened: dict[str, Any]) -> None:
    session.use("project")
    start = time.monotonic()
    for _ in range(10_000):
        session.query()
    took = time.monotonic() - start
    assert opened["project"].looks <= took / session.PAUSE + 1


def test_a_newer_snapshot_is_seen_after_a_pause(opened: dict[str, Any]) -> None:
    session.use("project")
    door: Any = session.query()
    door.newer = True
    session.query()
    assert not door.refreshed, "in the middle of a calculation"
    time.sleep(session.PAUSE + 0.01)
    session.query()
    assert (door.refreshed, door.newer) == (1, False)


def test_a_newer_snapshot_is_seen_without_a_pause_too(monkeypatch: pytest.MonkeyPatch, opened: dict[str, Any]) -> None:
    monkeypatch.setattr(session, "LONGEST", 0.1)
    session.use("project")
    door: Any = session.query()
    door.newer = True
    start = time.monotonic()
    while not door.refreshed and time.monotonic() - start < 5:
        session.query()
    assert 0.1 <= time.monotonic() - start < 2


def test_a_door_that_is_handed_over_is_never_moved() -> None:
    door = Looking()
    door.newer = True
    session.use(door)
    with session.using(door):
        assert [call_cell("METRIC", ["nrr", "2026-09"])["cell"] for _ in range(3)] == [0.9] * 3
    assert (door.looks, door.refreshed) == (0, 0)


def test_a_snapshot_that_went_away_is_no_number_any_more(opened: dict[str, Any]) -> None:
    class Gone(Looking):
        def changed(self) -> bool:
            raise NoData("Nothing has been published yet.", code="REV-205")

    session.use("project")
    opened["project"] = Gone()
    session.query()
    time.sleep(session.PAUSE + 0.01)
    assert call_cell("METRIC", ["nrr", "2026-09"]) == {
        "error": "#N/A", "message": "REV-205 Nothing has been published yet."
    }  # fmt: skip
    assert opened["project"].refreshed == 1, "it does not go on from what was"


def test_few_folders_are_kept_open(opened: dict[str, Any]) -> None:
    for place in range(10):
        with session.using(f"folder{place}"):
            session.query()
    assert len(session._open_doors) <= 4
    with session.using("folder9"):
        assert session.query() is opened["folder9"]
