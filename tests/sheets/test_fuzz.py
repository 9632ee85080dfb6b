"""A report that changes and a person who works on its sheet, at random: nothing of the person's is lost.

Each example is a first sync, some steps of either, and a settling: two more syncs, after which the sheet shows the
report and the next plan is empty. What must hold after every single sync stands in :meth:`people.World.check`.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from beside import campaign
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revalign_udf.localsheets import LocalSheets

from .people import PEOPLE, REPORT, Action, World

[EXAMPLES] = campaign([20, 300], 1)[-1:]
NUMBER = st.integers(0, 59)
STEP = st.tuples(st.sampled_from([World.sync, *REPORT, *PEOPLE]), NUMBER, NUMBER, NUMBER)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalSheets]:
    with LocalSheets() as server:
        yield server


def play(server: LocalSheets, steps: list[tuple[Action, int, int, int]]) -> World:
    with TemporaryDirectory() as folder:
        world = World(server, Path(folder))
        try:
            world.sync()
            for action, a, b, c in steps:
                world.told.append(f"{action.__name__} {a} {b} {c}")
                action(world, a, b, c)
                if world.stuck:
                    return world
            world.settle()
        except BaseException as problem:
            problem.add_note("\n".join(world.told))
            raise
        finally:
            world.close()
    return world


@given(steps=st.lists(STEP, min_size=1, max_size=12))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_a_person_wrote_is_lost(local: LocalSheets, steps: list[tuple[Action, int, int, int]]) -> None:
    play(local, steps)


def test_the_players_would_notice(local: LocalSheets) -> None:
    """A token that vanishes, a wrong number and a twin are all found: the game itself can be lost."""
    with TemporaryDirectory() as folder:
        world = World(local, Path(folder))
        world.sync()
        world.own.add("q999q")
        with pytest.raises(AssertionError, match=r"lost: .*q999q"):
            world.check(set())
        world.own.clear()
        sheet = world.sheet()
        assert sheet is not None
        row = {"values": [{"userEnteredValue": {"stringValue": "2026-01"}}]}
        start = {"sheetId": sheet.id, "rowIndex": 5, "columnIndex": 0}
        world.client.batch_update([{"updateCells": {"start": start, "rows": [row], "fields": "userEnteredValue"}}])
        with pytest.raises(AssertionError, match="2026-01"):
            world.unique()
        world.close()
