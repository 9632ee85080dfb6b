"""What takes long is made once, however many ask for it at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from samplecompany import once


def test_only_the_first_one_makes_it(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "it").write_text("done")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: once(tmp_path / "thing", make), range(8)))
    assert made == [tmp_path / "thing"]
    assert [(folder / "it").read_text() for folder in found] == ["done"] * 8


def test_what_was_left_half_done_is_made_anew(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once(tmp_path / "thing", fail)
    folder = once(tmp_path / "thing", lambda target: (target / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]
