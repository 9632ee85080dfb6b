"""Killed in the middle of a pull or a build: the old snapshot stays readable, running again completes, nothing doubles.

A child process runs the real job and is killed (SIGKILL, nothing is cleaned up) on its way into the n-th call of one
function of the write side.
"""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from beside import campaign

from revalign_udf.config import Project
from revalign_udf.jobs import build, pull
from revalign_udf.query import Query
from revalign_udf.snapshots import Manifest, current
from revalign_udf.store import Store

Made = Callable[..., Project]

_CHILD = """
import importlib, os, signal, sys
from revalign_udf.config import load
from revalign_udf.jobs import build, pull

folder, module, name, number = sys.argv[1:]
owner = importlib.import_module(module)
*path, last = name.split(".")
for part in path:
    owner = getattr(owner, part)
real, calls = getattr(owner, last), 0

def deadly(*args, **options):
    global calls
    calls += 1
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **options)

setattr(owner, last, deadly)
project = load(folder)
pull(project)
build(project)
"""

#: (module, function, which call)
_POINTS = campaign(
    [
        ("revalign_udf.store.pull", "stage_rows", 2),
        ("revalign_udf.snapshots.folder", "os.fsync", 1),
        ("revalign_udf.publish", "_write", 4),
        ("revalign_udf.publish", "_prune", 1),
        ("revalign_udf.store.pull", "write_whole", 2),
        ("revalign_udf.store.pull", "json.dumps", 2),
        ("revalign_udf.sync.source", "Store.log_run", 1),
    ],
    2,
)


def alter(project: Project) -> None:
    """The second state of the company: changed, added and removed rows in two tables."""
    data = project.folder / "data"
    for name in ("subscription_item_period", "sales_order"):
        lines = (data / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        lines[1] = lines[1].replace(",USD", ",EUR") if ",USD" in lines[1] else lines[1].replace(",EUR", ",USD")
        lines = [*lines[:-3], lines[-1].replace(lines[-1].split(",")[0], "added")]
        (data / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def state(project: Project) -> tuple[str, dict[str, int], dict[str, int]]:
    """Content of the published snapshot, live rows, and versions per table."""
    with Store.open(project.data) as store:
        live = store.counts()
        versions = {name: int(store.con.execute(f"SELECT count(*) FROM h_{name}").fetchall()[0][0]) for name in live}
    return Manifest.read(project.snapshots / current(project.snapshots)).content, live, versions


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, pulled: Made) -> tuple[str, dict[str, int], dict[str, int]]:
    project = pulled(tmp_path_factory.mktemp("undisturbed"), small=True)
    alter(project)
    pull(project)
    build(project)
    return state(project)


def answer(project: Project) -> tuple[str, object]:
    query = Query(project.snapshots)
    try:
        found = query.metric("customers", "2026-05")
        return found.snapshot, found.exact
    finally:
        query.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize(("module", "name", "number"), _POINTS, ids=[f"{name}-{n}" for _, name, n in _POINTS])
def test_killed_then_run_again(
    tmp_path: Path,
    pulled: Made,
    undisturbed: tuple[str, dict[str, int], dict[str, int]],
    module: str,
    name: str,
    number: int,
) -> None:
    project = pulled(tmp_path, small=True)
    before = answer(project)
    alter(project)
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path), module, name, str(number)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    swapped = (module, name) == ("revalign_udf.publish", "_prune")
    if not swapped:
        assert answer(project) == before, "the old snapshot stays published"
    pull(project)
    build(project)
    assert state(project) == undisturbed
    assert sorted(path.name for path in project.snapshots.iterdir()) == ["2026-06-15.1", "2026-06-15.2", "current"]
