"""Publishing: atomic, immutable, the same input gives the same content, damage is noticed."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from revalign_udf.config import Project, load
from revalign_udf.errors import NoData
from revalign_udf.jobs import build, pull
from revalign_udf.query import Query
from revalign_udf.snapshots import Manifest, current, published
from revalign_udf.store import Store

Made = Callable[..., Project]


def content(project: Project) -> str:
    return Manifest.read(project.snapshots / current(project.snapshots)).content


def change(project: Project) -> None:
    """One more organization, one item less, and pull."""
    data = project.folder / "data"
    with (data / "organization.csv").open("a", encoding="utf-8") as file:
        file.write("o999,New,SMB,SE\n")
    lines = (data / "subscription_item_period.csv").read_text(encoding="utf-8").splitlines()
    (data / "subscription_item_period.csv").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    assert not [failure for report in pull(project) for failure in report.failures]


def test_nothing_pulled_nothing_published(tmp_path: Path, company: Made) -> None:
    project = company(tmp_path)
    with pytest.raises(NoData) as caught:
        build(project)
    assert caught.value.code == "REV-205"
    assert published(project.snapshots) == []


def test_unchanged_publishes_nothing_new(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, small=True)
    before = {path: path.stat().st_mtime_ns for path in project.snapshots.rglob("*.parquet")}
    pull(project)
    again = build(project)
    assert (again.is_new, again.label) == (False, "2026-06-15#1")
    assert {path: path.stat().st_mtime_ns for path in project.snapshots.rglob("*.parquet")} == before


def test_a_change_makes_the_next_snapshot_and_leaves_the_old_one_alone(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, small=True)
    old = project.snapshots / current(project.snapshots)
    before = {path.name: path.read_bytes() for path in old.iterdir()}
    change(project)
    done = build(project)
    assert (done.is_new, done.label) == (True, "2026-06-15#2")
    assert current(project.snapshots) == "2026-06-15.2"
    assert {path.name: path.read_bytes() for path in old.iterdir()} == before


@pytest.mark.campaign  # so says test_the_order_of_rows_and_pulling_twice_change_nothing of another company
def test_the_same_input_in_two_folders_has_the_same_content(tmp_path: Path, company: Made) -> None:
    hashes = []
    for name in ("one", "two"):
        project = company(tmp_path / name, 5, small=True)
        pull(project)
        build(project)
        hashes.append(content(project))
    assert hashes[0] == hashes[1]


def test_another_input_has_another_content(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, small=True)
    first = content(project)
    change(project)
    build(project)
    assert content(project) != first


def test_a_change_of_settings_is_a_change(tmp_path: Path, pulled: Made) -> None:
    pulled(tmp_path, small=True)
    settings = (tmp_path / "revalign.toml").read_text(encoding="utf-8")
    (tmp_path / "revalign.toml").write_text("[definitions]\nlifetime_years = 5\n" + settings, encoding="utf-8")
    assert build(load(tmp_path)).is_new


def test_a_source_taken_out_of_the_settings_takes_its_rows_along(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, small=True)
    with Store.open(project.data) as store:
        assert store.counts()["organization"] == 40
    other = replace(project, sources={})
    with pytest.raises(NoData) as caught:
        build(other)
    assert caught.value.code == "REV-205"


def test_old_snapshots_are_pruned_but_never_the_published_one(tmp_path: Path, pulled: Made) -> None:
    project = replace(pulled(tmp_path, small=True), keep_snapshots=2)
    for _ in range(2):
        change(project)
        build(project)
    assert published(project.snapshots) == ["2026-06-15.2", "2026-06-15.3"]
    assert current(project.snapshots) == "2026-06-15.3"


def test_a_day_of_the_past_is_published_beside_today(tmp_path: Path, pulled: Made) -> None:
    """Nobody's cells jump back because someone recomputed last year."""
    project = replace(pulled(tmp_path, small=True), keep_snapshots=1)
    done = build(project, date(2026, 3, 31))
    assert done.is_new
    assert current(project.snapshots) == "2026-06-15.1"
    assert "2026-03-31.1" in published(project.snapshots)


def test_history_is_what_was_known_then(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, small=True)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert build(project, yesterday).rows["movement"] == 0
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert build(project, tomorrow).rows["movement"] > 0


def test_what_a_crashed_build_left_is_cleared(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, small=True)
    left = project.snapshots / ".building-12345"
    left.mkdir()
    (left / "movement.parquet").write_bytes(b"half")
    (project.snapshots / ".current.12345").write_text("2026-")
    change(project)
    build(project)
    assert sorted(path.name for path in project.snapshots.iterdir()) == ["2026-06-15.1", "2026-06-15.2", "current"]


@pytest.mark.parametrize("how", ["missing", "short", "no manifest", "half a manifest", "newer"])
def test_a_damaged_snapshot_is_noticed(tmp_path: Path, pulled: Made, how: str) -> None:
    project = pulled(tmp_path, small=True)
    folder = project.snapshots / current(project.snapshots)
    manifest = folder / "manifest.json"
    if how == "missing":
        (folder / "movement.parquet").unlink()
    elif how == "short":
        whole = (folder / "sale.parquet").read_bytes()
        (folder / "sale.parquet").write_bytes(whole[:-100])
    elif how == "no manifest":
        manifest.unlink()
    elif how == "half a manifest":
        manifest.write_text(manifest.read_text(encoding="utf-8")[:500], encoding="utf-8")
    else:
        manifest.write_text(
            manifest.read_text(encoding="utf-8").replace('"format": 1', '"format": 99'), encoding="utf-8"
        )
    with pytest.raises(NoData) as caught:
        Query(project.snapshots).metric("mrr", "2026-05")
    assert caught.value.code == "REV-207"
    assert build(project).is_new, "a new build puts it right"
    query = Query(project.snapshots)
    assert query.metric("revenue", "2026-05").status == "ok"
    query.close()


def test_readers_go_on_while_snapshots_are_published(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, small=True)
    stop, seen, broken = threading.Event(), set(), []

    def read() -> None:
        while not stop.is_set():
            try:
                query = Query(project.snapshots)
                answer = query.metric("customers", "2026-05")
                seen.add((answer.snapshot, answer.exact))
                query.close()
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is a failure of this test
                broken.append(repr(error))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(2):
        change(project)
        build(project)
    stop.set()
    reader.join()
    assert broken == []
    assert len(seen) == len({label for label, _ in seen}) >= 2, "each snapshot gave one answer, always the same"
