"""A folder nobody may write, and a disk that is full. Root may write anything, so the commands give that right up."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from revalign_udf.config import load
from revalign_udf.jobs import build, pull
from revalign_udf.query import Query

Run = Callable[..., subprocess.CompletedProcess[str]]


def answer(project: Path) -> tuple[float | None, str]:
    query = Query(load(project).snapshots)
    try:
        found = query.metric("mrr", "2026-05")
        return found.value, found.snapshot
    finally:
        query.close()


def permissions(folder: Path, files: int, folders: int) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(folders if path.is_dir() else files)


@pytest.mark.skipif(sys.platform != "linux", reason="permissions and root's rights as on Linux")
def test_a_folder_nobody_may_write(shop: Path, revalign: Run) -> None:
    permissions(shop, 0o444, 0o555)
    done = revalign("pull", anybody=True)
    assert done.returncode == 1
    assert "REV-804" in done.stdout + done.stderr
    assert not (shop / ".revalign").exists()
    permissions(shop, 0o644, 0o755)
    pull(load(shop))
    build(load(shop))
    permissions(shop, 0o444, 0o555)
    done = revalign("build", anybody=True)
    assert (done.returncode, "REV-804" in done.stderr) == (1, True)
    found = revalign("metric", "mrr", "2026-05", "--json", anybody=True)
    assert json.loads(found.stdout)["value"] == 150, "reading needs no right to write"
    permissions(shop, 0o644, 0o755)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(published: Path, small_disk: Path, revalign: Run) -> None:
    project = small_disk / "shop"
    shutil.copytree(published, project)
    before = answer(project)
    rows = "".join(f"x{number},s1,2026-03-01,{number},month\n" for number in range(100_000))
    big = published / "big.csv"
    big.write_text("id,subscription_id,valid_from,amount,interval\n" + rows, encoding="utf-8")
    (project / "data" / "subscription_item_period.csv").unlink()
    (project / "data" / "subscription_item_period.csv").symlink_to(big)
    filler = small_disk / "filler"
    free = os.statvfs(small_disk)
    filler.write_bytes(b"\0" * max(0, free.f_bavail * free.f_frsize - 300_000))
    done = revalign("run", project=project)
    assert done.returncode == 1
    assert "REV-804" in done.stdout + done.stderr
    assert before[0] == 150
    assert answer(project) == before, "the old one stays readable"
    filler.unlink()
    big.write_text((published / "data" / "subscription_item_period.csv").read_text(encoding="utf-8"), encoding="utf-8")
    (report,) = pull(load(project))
    assert (report.failures, report.counts.rejects) == ([], [])
    build(load(project))
    assert answer(project)[0] == 150
