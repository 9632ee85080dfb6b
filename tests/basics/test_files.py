"""A workbook is written whole or not at all, and a refusal says what to do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import SurfaceError
from revalign_udf.files import save

NOBODY = """
import os, sys
from pathlib import Path
from revalign_udf.errors import SurfaceError
from revalign_udf.files import save
if os.geteuid() == 0:  # after the imports: the interpreter itself may lie where only root reads
    os.setgid(65534)
    os.setuid(65534)
try:
    save(b"new", Path(sys.argv[1]))
except SurfaceError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not read-only on Windows")
def test_a_read_only_folder() -> None:
    # not in tmp_path, whose parents only their owner may enter
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "locked"
        folder.mkdir()
        (folder / "x.xlsx").write_bytes(b"old")
        Path(top).chmod(0o755)
        folder.chmod(0o555)
        # root may write anywhere, so somebody else tries
        command = [sys.executable, "-c", NOBODY, str(folder / "x.xlsx")]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        folder.chmod(0o755)
        assert run.stdout.startswith("REV-704 Cannot write ")
        assert "choose a folder you may write to" in run.stdout
        assert (folder / "x.xlsx").read_bytes() == b"old"
        assert [path.name for path in folder.iterdir()] == ["x.xlsx"]


@pytest.mark.parametrize(
    ("number", "code", "hint"),
    [
        (errno.ENOSPC, "REV-804", "Free some space"),
        (errno.EROFS, "REV-804", "another folder"),
        (errno.EACCES, "REV-704", "Close it if it is open in Excel"),
        (errno.EISDIR, "REV-704", "another file"),
    ],
)
def test_what_the_disk_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str, hint: str) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"old")

    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(SurfaceError, match=hint) as caught:
        save(b"new", path)
    assert caught.value.code == code
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["x.xlsx"]


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").mkdir()
    with pytest.raises(SurfaceError, match="REV-704"):
        save(b"new", tmp_path / "x.xlsx")


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(SurfaceError, match="REV-704"):
        save(b"new", tmp_path / "a" / "x.xlsx")


def test_missing_folders_are_made_and_an_old_file_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.xlsx"
    assert save(b"one", path) == path
    save(b"two", path)
    assert path.read_bytes() == b"two"


def test_the_file_is_readable_as_any_other(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        path = save(b"one", Path(tmp_path / "x.xlsx"))
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_finished_file_is_copied_to_its_place(tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"new" * 1_000_000)
    assert save(tmp_path / "made", tmp_path / "there" / "x.xlsx").read_bytes() == b"new" * 1_000_000
    assert (tmp_path / "made").exists()


def test_an_interrupt_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "x.xlsx"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(b"new", path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
