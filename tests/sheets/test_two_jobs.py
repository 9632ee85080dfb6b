"""Two jobs on one spreadsheet at once: one is held at each of its calls in turn while the other runs to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import campaign

from revalign_udf.jobs import sheets as jobs

from .job import FULL_LOAD, LATER, NEW, OLD, When, Workshop

Json = dict[str, Any]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with Workshop(tmp_path_factory.mktemp("jobs")) as made:
        yield made


@pytest.fixture(scope="module")
def outcome(workshop: Workshop) -> Callable[..., Json]:
    """What the sheet shows after these states, one after another, and nobody else."""
    known: dict[tuple[str, ...], Json] = {}

    def ask(*states: str) -> Json:
        if states not in known:
            key = workshop.server.create("straight")
            folder = workshop.copy(states[0], key)
            for state in states:
                workshop.turn(folder, state, key)
                assert not workshop.sync(folder, state).failure
            known[states] = workshop.standing(key)
        return known[states]

    return ask


def beside(workshop: Workshop, key: str) -> None:
    """A person's words beside a row."""
    with workshop.server.lock:
        sheet = workshop.server.book(key).sheet("Board")
        sheet.put(9, 9, sheet.cell(9, 9).holding("mine"))


def words(workshop: Workshop, key: str) -> list[tuple[str, object]]:
    """What people wrote, with the name of the row they wrote beside."""
    sheet = workshop.server.book(key).sheet("Board")
    return [
        (str(sheet.cell(row, 0).value), cell.value)
        for (row, column), cell in sheet.cells.items()
        if column == 9 and cell.filled
    ]


def values(found: Json) -> dict[str, dict[tuple[int, int], tuple[object, str]]]:
    """The cells of each tab."""
    return {
        tab[0]: {at: (cell.value, cell.formula) for at, cell in tab[3].items() if cell.filled} for tab in found["tabs"]
    }


#: what the first job writes, what the second, calls with limits, at which call the first is held
_CASES = [
    *((first, second, limits, at, when)
      for at in (3, 4, 1, 2, 5, 6)
      for when in ("before", "after")
      for first, second in ((NEW, LATER), (LATER, NEW), (NEW, NEW))
      for limits in ({}, FULL_LOAD)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "limits", "at", "when"),
    campaign(_CASES, 2),
    ids=lambda item: ("staged" if item else "plain") if isinstance(item, dict) else str(item),
)
def test_on_one_computer_the_second_waits_for_the_first(
    workshop: Workshop,
    outcome: Callable[..., Json],
    first: str,
    second: str,
    limits: dict[str, int],
    at: int,
    when: When,
) -> None:
    key = workshop.server.create("one computer")
    folder = workshop.copy(OLD, key)
    assert not workshop.sync(folder, OLD).failure
    beside(workshop, key)
    other = workshop.copy(second, key)
    workshop.turn(folder, first, key)
    held = workshop.server.faults.hold(after=at - 1, when=when)
    job = workshop.start(folder, limits=limits)
    ended: list[int] = []
    waiter = threading.Thread(target=lambda: ended.append(job.wait()))
    waiter.start()
    while not held.reached.wait(0.02) and waiter.is_alive():
        pass
    if not waiter.is_alive():  # it made fewer calls
        workshop.server.faults.clear()
    # the second has the same memory: it is the same project, in a later state
    (other / ".revalign" / "sheets").mkdir(exist_ok=True)
    done: list[Any] = []
    runner = threading.Thread(target=lambda: done.append(workshop.sync(_shared(folder, other), second)))
    runner.start()
    runner.join(0.1)
    held.release()
    runner.join(60)
    waiter.join(60)
    workshop.server.faults.clear()
    assert ended == [0]
    assert not done[0].failure
    assert workshop.twins(key) == []
    assert workshop.logged(key) == []
    wanted = [outcome(OLD, *states) for states in ((first, second), (second, first))]
    found = workshop.standing(key)
    mine = words(workshop, key)
    assert [word for _, word in mine] == ["mine"]
    found_values = values(found)
    found_values["Board"] = {at: cell for at, cell in found_values["Board"].items() if at[1] != 9}
    assert found_values in [values(each) for each in wanted]


def _shared(folder: Path, other: Path) -> Path:
    """Makes two states of a project share what syncs keep."""
    kept = other / ".revalign" / "sheets"
    if not kept.is_symlink():
        kept.rmdir()
        kept.symlink_to(folder / ".revalign" / "sheets", target_is_directory=True)
    return other


@pytest.mark.parametrize(
    ("first", "second", "limits", "at", "when"),
    campaign(_CASES, 2),
    ids=lambda item: ("staged" if item else "plain") if isinstance(item, dict) else str(item),
)
def test_from_two_computers_one_is_refused_and_plans_again(
    workshop: Workshop, outcome: Callable[..., Json], tmp_path: Path,
    first: str, second: str, limits: dict[str, int], at: int, when: When,
) -> None:  # fmt: skip
    """No lock is shared, and no memory; the first sync of each finds nothing there."""
    key = workshop.server.create("two computers")
    folder, other = workshop.copy(first, key), workshop.copy(second, key)
    held = workshop.server.faults.hold(after=at - 1, when=when)
    job = workshop.start(folder, limits={**limits, **({"MAX_BYTES": 32_500} if limits else {})}, state=tmp_path)
    ended: list[int] = []
    waiter = threading.Thread(target=lambda: ended.append(job.wait()))
    waiter.start()
    while not held.reached.wait(0.02) and waiter.is_alive():
        pass
    if not waiter.is_alive():  # it made fewer calls
        workshop.server.faults.clear()
    done = workshop.sync(other, second)
    held.release()
    waiter.join(60)
    workshop.server.faults.clear()
    assert ended == [0]
    assert not done.failure
    assert workshop.twins(key) == []
    if first == second:
        assert workshop.standing(key) == outcome(first)
        assert workshop.logged(key) == []
    # Without a common memory neither removes the other's months; but none stands there twice.
    for tab, column in (("Board", 0), ("Kept", 2)):
        names = [row[column] for row in workshop.server.book(key).grid(tab)[4:]]
        assert len(names) == len(set(names))


def test_a_job_that_waits_too_long_says_so(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    key = workshop.server.create("patience")
    folder = workshop.copy(NEW, key)
    held = workshop.server.faults.hold("atchUpdate")
    job = workshop.start(folder)
    assert held.wait()
    monkeypatch.setattr(jobs, "_PATIENCE", 0.2)
    found = workshop.sync(folder, NEW)
    assert found.failure.startswith("REV-505 Another sync of this spreadsheet is still running on this computer.")
    held.release()
    assert job.wait() == 0
    assert workshop.is_done(folder, NEW)
