"""Requests carried out: by the ordinary jobs, one by one, safely repeated, whatever happens to one of them."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from beside import campaign

from revalign_udf.config import load
from revalign_udf.governance import history, read_closes
from revalign_udf.governance.requests import Request, attended, leave, note, read_requests, working
from revalign_udf.jobs.closing import close_period
from revalign_udf.jobs.requests import carry_out, watch
from revalign_udf.store import Store
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name segment\nA Ada SMB",
    "subscription": "id org_id started_at\nsA A 2025-12-01",
    "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n1 sA 2025-12-01 - 100 month",
}
CLOSE = {"period": "2026-03", "reason": "Board of April"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    project_of(folder, TABLES, through="2026-04-10").close()
    return folder


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "project"))


def run_all(folder: Path) -> list[Request]:
    found = carry_out(load(folder))
    assert found is not None
    return found


def test_a_close_and_a_refresh(folder: Path) -> None:
    leave(folder, "close", CLOSE, "ada")
    leave(folder, "refresh", who="bob")
    heard: list[str] = []
    found = carry_out(load(folder), lambda one: heard.append(f"{one.id} {one.state}"))
    assert heard == ["r1 running", "r1 done", "r2 running", "r2 done"]
    assert found is not None
    assert found[0].result["period"] == "2026-03"
    assert found[0].result["snapshot"] == "2026-04-10#1"
    assert found[1].result["snapshot"] == "2026-04-10#1", "nothing has changed: no new snapshot"
    assert found[1].result["new"] is False
    assert read_requests(folder).every == tuple(found)
    [close] = read_closes(folder).standing
    assert (close.period, close.who, close.why) == ("2026-03", "ada", "Board of April")
    assert [entry.action for entry in history(folder)] == ["published", "period closed"]
    assert run_all(folder) == []


def test_a_refresh_publishes_what_is_new(folder: Path) -> None:
    path = folder / "data" / "subscription_item_period.csv"
    path.write_text(path.read_text().replace(",100,", ",180,"))
    leave(folder, "refresh")
    [done] = run_all(folder)
    assert (done.result["snapshot"], done.result["new"]) == ("2026-04-10#2", True)


def test_one_bad_request_does_not_stop_the_others(folder: Path) -> None:
    leave(folder, "close", {**CLOSE, "period": "2026-04"})  # not over
    leave(folder, "close", {**CLOSE, "period": "nonsense"})
    leave(folder, "close", CLOSE)
    first, second, third = run_all(folder)
    assert (first.state, first.code) == ("failed", "REV-105")
    assert "not over" in first.message
    assert (second.state, second.code) == ("failed", "REV-101")
    assert third.state == "done"
    assert run_all(folder) == [], "what failed is not tried again by itself"


def test_a_close_cut_short_after_it_was_written_is_recognised(folder: Path) -> None:
    request, _ = leave(folder, "close", CLOSE, "ada")
    note(folder, request, "running")
    close_period(load(folder), "2026-03", CLOSE["reason"], "ada")
    [done] = run_all(folder)
    assert (done.state, done.result["snapshot"]) == ("done", "2026-04-10#1")
    assert len(read_closes(folder).every) == 1


def test_a_close_by_somebody_else_meanwhile_is_no_success(folder: Path) -> None:
    leave(folder, "close", CLOSE, "ada")
    close_period(load(folder), "2026-03", "Mine", "bob")
    [done] = run_all(folder)
    assert (done.state, done.code) == ("failed", "REV-105")
    assert "by bob" in done.message


def test_what_was_cut_short_is_tried_again_but_not_for_ever(folder: Path) -> None:
    request, _ = leave(folder, "refresh")
    for _ in range(2):
        note(folder, request, "running")
    [done] = run_all(folder)
    assert (done.state, done.taken) == ("done", 3)
    request, _ = leave(folder, "refresh")
    for _ in range(3):
        note(folder, request, "running")
    [given_up] = run_all(folder)
    assert (given_up.state, given_up.code) == ("failed", "REV-901")
    assert "3 times" in given_up.message


def test_while_another_run_writes_it_waits(folder: Path) -> None:
    leave(folder, "refresh")
    script = (
        "import sys; from pathlib import Path; from revalign_udf.store import Store\n"
        "with Store.open(Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(load(folder).data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        [waiting] = run_all(folder)
        assert (waiting.state, waiting.code) == ("waiting", "REV-802")
        other.communicate("", timeout=20)
    assert [one.state for one in run_all(folder)] == ["done"]
    Store.open(load(folder).data).__exit__(None, None, None)


def test_settings_that_cannot_be_read_fail_the_request_not_the_worker(folder: Path) -> None:
    leave(folder, "refresh")
    project = load(folder)
    (folder / "revalign.toml").write_text("[compani]\n")
    [failed] = carry_out(project) or []
    assert (failed.state, failed.code) == ("failed", "REV-302")


def test_two_workers_do_not_carry_out_the_same(folder: Path) -> None:
    leave(folder, "refresh")
    with working(folder):
        assert carry_out(load(folder), patience=0.05) is None
        assert watch(folder, 0.1) is False
    assert [one.state for one in read_requests(folder).every] == ["waiting"]


def test_the_watcher_takes_what_comes_and_ends_when_told(folder: Path) -> None:
    ended, done = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=watch, args=(folder, 0.05, lambda one: done.set() if not one.open else None, ended)
    )
    thread.start()
    try:
        leave(folder, "close", CLOSE)
        assert done.wait(20)
        assert attended(folder)
    finally:
        ended.set()
        thread.join(20)
    assert not thread.is_alive()
    assert not attended(folder)
    assert [one.state for one in read_requests(folder).every] == ["done"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches the whole console there, not as on Linux")
@pytest.mark.parametrize("how", campaign(["end of input", "Ctrl-C"]))
def test_the_command(folder: Path, how: str) -> None:
    leave(folder, "close", CLOSE)
    command = [sys.executable, "-m", "revalign_udf.cli", "requests"]
    watching = [*command, "watch", "--every", "0.1", "--until-eof", "--project", str(folder)]
    with subprocess.Popen(watching, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "close 2026-03 · running" in process.stdout.readline()
        assert "close 2026-03 · done 2026-04-10#1" in process.stdout.readline()
        if how == "Ctrl-C":
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0
