"""kill -9 at every call of a sync and an undo, then the same again: the sheet is the one that an undisturbed run leaves,
and nothing that the sync wrote itself is taken for an edit by hand."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import campaign

from revalign_udf.sheets.memory import load_memory

from .job import FIRST_LOAD, FULL_LOAD, LATER, MANY_CALLS, NEW, OLD, When, Workshop

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")

Scene = Callable[[Workshop, str], Path]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with Workshop(tmp_path_factory.mktemp("killed")) as made:
        yield made


def nothing_there(workshop: Workshop, key: str) -> Path:
    return workshop.copy(NEW, key)


def synced(workshop: Workshop, key: str) -> Path:
    """An older snapshot stands there, and a person's words beside it."""
    folder = workshop.copy(OLD, key)
    assert not workshop.sync(folder, OLD).failure
    workshop.turn(folder, NEW, key)
    enter(workshop, key, 9, 9, "mine")
    return folder


def enter(workshop: Workshop, key: str, row: int, column: int, value: str | int) -> None:
    """As a person types it."""
    with workshop.server.lock:
        sheet = workshop.server.book(key).sheet("Board")
        sheet.put(row, column, sheet.cell(row, column).holding(value))


def edited(workshop: Workshop, key: str) -> Path:
    """Somebody has changed a number of ours."""
    folder = synced(workshop, key)
    rows = [row[0] for row in workshop.server.book(key).grid("Board")]
    enter(workshop, key, rows.index("2024-05"), 2, 7)
    return folder


def warned(workshop: Workshop, key: str) -> Path:
    """... and was warned by a sync."""
    folder = edited(workshop, key)
    assert not workshop.sync(folder, NEW).failure
    return folder


def changed(workshop: Workshop, key: str) -> Path:
    """A sync has changed what stood there."""
    folder = synced(workshop, key)
    assert not workshop.sync(folder, NEW).failure
    return folder


def forgotten(workshop: Workshop, key: str) -> Path:
    """The memory of the older sync is gone."""
    folder = synced(workshop, key)
    shutil.rmtree(folder / ".revalign" / "sheets")
    return folder


#: what stands there before, what is killed, the limits of a call, edits that are logged in the end
SCENES: dict[str, tuple[Scene, str, dict[str, int], int]] = {
    "first": (nothing_there, "sync", {}, 0),
    "change": (synced, "sync", {}, 0),
    "staged": (synced, "sync", FULL_LOAD, 0),
    "first-staged": (nothing_there, "sync", FIRST_LOAD, 0),
    "many-calls": (nothing_there, "sync", MANY_CALLS, 0),
    "warning": (edited, "sync", {}, 1),
    "replacing": (warned, "sync", {}, 2),
    "undo": (changed, "undo", {}, 0),
    "forgotten": (forgotten, "sync", {}, 0),
}


def outcome(workshop: Workshop, key: str, folder: Path) -> dict[str, Any]:
    memory = load_memory(folder, "team", key)
    blocks = {path: (block.columns, block.rows, block.warned) for path, block in memory.blocks.items()}
    return {**workshop.standing(key), "memory": blocks, "twins": workshop.twins(key)}


@pytest.fixture(scope="module")
def undisturbed(workshop: Workshop) -> Callable[[str], tuple[dict[str, Any], int]]:
    known: dict[str, tuple[dict[str, Any], int]] = {}

    def ask(scene: str) -> tuple[dict[str, Any], int]:
        if scene not in known:
            before, action, limits, edits = SCENES[scene]
            key = workshop.server.create(scene)
            folder = before(workshop, key)
            calls = workshop.run(folder, action, limits)
            known[scene] = outcome(workshop, key, folder), calls
            assert not known[scene][0]["twins"]
            assert len(workshop.logged(key)) == edits
        return known[scene]

    return ask


_CASES = [
    ("change", 4, "after"),
    ("staged", 5, "after"),
    ("undo", 4, "after"),
    *((scene, at, when) for scene in SCENES for at in range(1, 14) for when in ("before", "after")),
]


@pytest.mark.parametrize(("scene", "at", "when"), campaign(_CASES, 3))
def test_killed_then_run_again(
    workshop: Workshop,
    undisturbed: Callable[[str], tuple[dict[str, Any], int]],
    scene: str,
    at: int,
    when: When,
) -> None:
    straight, calls = undisturbed(scene)
    if at > calls:
        return  # more numbers than calls
    before, action, limits, edits = SCENES[scene]
    key = workshop.server.create(f"{scene} {at} {when}")
    folder = before(workshop, key)
    workshop.run(folder, action, limits, at=at, when=when)
    workshop.run(folder, action, limits)
    assert outcome(workshop, key, folder) == straight
    assert len(set(workshop.logged(key))) == edits
    if action == "sync":
        if scene != "warning":
            assert workshop.is_done(folder, NEW)
        return
    # the numbers come back with the next sync, and none of them counts as entered by a person
    assert not workshop.sync(folder, NEW).failure
    assert workshop.logged(key) == []


@pytest.mark.parametrize(("at", "when"), campaign([(4, "after"), (4, "before"), (3, "after")], 1))
def test_an_undo_that_was_cut_off_leaves_nothing_that_counts_as_entered_by_hand(
    workshop: Workshop, at: int, when: When
) -> None:
    key = workshop.server.create("undo")
    folder = changed(workshop, key)
    straight = workshop.standing(key)
    workshop.run(folder, "undo", at=at, when=when)
    assert not workshop.sync(folder, NEW).failure
    assert workshop.logged(key) == []
    assert workshop.standing(key) == straight


@pytest.mark.parametrize(("at", "when"), campaign([(4, "before"), (4, "after"), (3, "after")], 1))
def test_killed_twice_with_two_snapshots_nothing_counts_as_entered_by_hand(
    workshop: Workshop, at: int, when: When
) -> None:
    """The first died after its change, the second before its own: what stands there is of neither memory's last."""
    key = workshop.server.create("twice")
    folder = synced(workshop, key)
    workshop.run(folder, at=4, when="after")
    workshop.turn(folder, LATER, key)
    workshop.run(folder, at=at, when=when)
    workshop.run(folder)
    assert workshop.logged(key) == []
    assert workshop.is_done(folder, LATER)
    other = workshop.server.create("straight")
    again = synced(workshop, other)
    assert not workshop.sync(again, NEW).failure
    workshop.turn(again, LATER, other)
    assert not workshop.sync(again, LATER).failure
    assert workshop.standing(key) == workshop.standing(other)
