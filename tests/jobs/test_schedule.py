"""The loop: a clock that the tests set, real runs on a real project, and a failed run that never ends it."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Queue

import pytest
from beside import campaign

from revalign_udf.config import Schedule, load
from revalign_udf.errors import ConfigError
from revalign_udf.governance.requests import attended, leave, read_requests
from revalign_udf.jobs import run
from revalign_udf.jobs.schedule import STATE_FILE, Ran, keep, next_run, next_runs, plan_of, state_of
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name segment\nA Ada SMB",
    "subscription": "id org_id started_at\nsA A 2025-12-01",
    "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n1 sA 2025-12-01 - 100 month",
}
SETTINGS = '[company]\ntime_zone = "Europe/Berlin"\n[workbooks]\nreports = []\n'
PLAN = '[schedule]\nat = ["07:00", "19:00"]\n'
HOUR = Schedule(60)
BEGIN = datetime(2026, 11, 22, 6, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    project_of(folder, TABLES, SETTINGS + PLAN, through="2026-04-10").close()
    return folder


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "project"))


class Loop:
    """A loop in a thread of its own, on a clock that stands still until it is set."""

    def __init__(self, folder: Path, plan: Schedule | None, begin: datetime) -> None:
        self.now, self.heard, self.ended = begin, Queue[Ran](), threading.Event()
        self.thread = threading.Thread(
            target=keep, args=(folder, plan, 0.05),
            kwargs={"ran": self.heard.put, "ended": self.ended, "clock": lambda: self.now},
        )  # fmt: skip
        self.thread.start()

    def ran(self) -> Ran:
        return self.heard.get(timeout=30)

    def is_quiet(self) -> bool:
        try:
            self.heard.get(timeout=0.4)
        except Empty:
            return True
        return False


@contextmanager
def loop(folder: Path, plan: Schedule | None = None, begin: datetime = BEGIN) -> Iterator[Loop]:
    made = Loop(folder, plan, begin)
    try:
        yield made
    finally:
        made.ended.set()
        made.thread.join(30)
        assert not made.thread.is_alive()


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-22T{text}+00:00")


def test_it_runs_at_once_and_then_by_the_plan(folder: Path) -> None:
    with loop(folder, HOUR) as made:
        first = made.ran()
        assert (first.status, first.began, first.next) == ("ok", BEGIN, at("07:00"))
        assert (first.snapshot, first.new, first.problems) == ("2026-04-10#1", False, ())
        made.now = at("06:59:59")
        assert made.is_quiet()
        made.now = at("07:00:00")
        second = made.ran()
        assert (second.slot, second.next) == (at("07:00"), at("08:00"))
        assert json.loads((folder / STATE_FILE).read_text())["last"] == second.as_json()
        assert sorted(item.name for item in (folder / ".revalign").iterdir() if item.name.startswith(".")) == []


def test_runs_that_were_missed_while_the_computer_slept_are_made_up_for_once(folder: Path) -> None:
    with loop(folder, HOUR) as made:
        made.ran()
        made.now = at("12:34")
        late = made.ran()
        assert (late.slot, late.began, late.next) == (at("07:00"), at("12:34"), at("13:00"))
        assert made.is_quiet()


def test_a_run_missed_while_nobody_kept_the_schedule_is_made_up_for(folder: Path) -> None:
    with loop(folder, HOUR) as made:
        made.ran()
    with loop(folder, HOUR, at("06:40")) as made:
        assert made.is_quiet(), "begun since the slot of six"
    with loop(folder, HOUR, at("07:10")) as made:
        assert made.ran().began == at("07:10")


def test_a_run_that_fails_does_not_end_the_loop(folder: Path) -> None:
    with loop(folder, HOUR) as made:
        made.ran()
        shutil.move(folder / "data", folder / "elsewhere")
        made.now = at("07:00")
        first = made.ran()
        assert first.status == "problems"
        assert "REV-501" in first.problems[0]
        settings = (folder / "revalign.toml").read_text()
        (folder / "revalign.toml").write_text("[compani]\n")
        made.now = at("08:00")
        second = made.ran()
        assert (second.status, second.next) == ("failed", at("09:00"))
        assert "REV-302" in second.problems[0]
        (folder / "revalign.toml").write_text(settings)
        (folder / ".revalign" / "store.duckdb").write_bytes(b"no store")
        made.now = at("09:00")
        assert "REV-801" in made.ran().problems[0]
        (folder / ".revalign" / "store.duckdb").unlink()
        shutil.move(folder / "elsewhere", folder / "data")
        made.now = at("10:00")
        assert made.ran().status == "ok"


def test_while_another_run_writes_it_is_put_off_and_said_once(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from revalign_udf.store import Store\n"
        "with Store.open(Path(sys.argv[1]), 'Europe/Berlin'): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder / ".revalign")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with loop(folder, HOUR) as made:
            first = made.ran()
            assert (first.status, first.next) == ("put off", BEGIN + timedelta(seconds=30))
            assert "REV-802 Another Revalign run is writing" in first.problems[0]
            made.now = BEGIN + timedelta(seconds=31)
            assert made.is_quiet()
            made.now = at("07:00:05")  # the run after it is due as well
            late = made.ran()
            assert late.status == "put off"
            assert "The run of 2026-11-22 07:20 still cannot begin" in late.problems[0]
            made.now += timedelta(seconds=31)
            assert made.is_quiet()
            other.communicate("", timeout=20)
            made.now += timedelta(seconds=31)
            done = made.ran()
            assert (done.status, done.slot, done.next) == ("ok", BEGIN, at("08:00"))


def test_requests_are_carried_out_between_runs(folder: Path) -> None:
    with loop(folder, HOUR) as made:
        made.ran()
        eventually(lambda: attended(folder))
        leave(folder, "close", {"period": "2026-03", "reason": "Board"}, "ada")
        eventually(lambda: [one.state for one in read_requests(folder).every] == ["done"])
    assert not attended(folder)


def test_there_is_one_loop_a_project(folder: Path) -> None:
    with loop(folder, HOUR) as made:
        made.ran()
        assert keep(folder, HOUR) is False
    assert not attended(folder, "schedule")


def test_the_plan_of_a_loop_holds_while_it_lives(folder: Path) -> None:
    project, night = load(folder), at("20:00")
    assert next_run(project, night) == datetime(2026, 11, 23, 6, tzinfo=UTC)  # seven in Berlin
    with loop(folder, HOUR) as made:
        made.ran()
        assert plan_of(project) == HOUR
        assert next_runs(project, 2, night) == [at("21:00"), at("22:00")]
        assert state_of(folder).alive
    assert next_run(project, night) == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert state_of(folder).last["status"] == "ok"
    (folder / STATE_FILE).write_text("{")
    assert state_of(folder).last == {}


def test_a_plan_changed_in_the_settings_holds_from_then_on(folder: Path) -> None:
    with loop(folder) as made:
        assert made.ran().next == at("18:00")
        path = folder / "revalign.toml"
        path.write_text(path.read_text().replace('at = ["07:00", "19:00"]', 'every = "1h"'))
        eventually(lambda: plan_of(load(folder)) == HOUR)
        made.now = at("07:00")
        assert made.ran().next == at("08:00")


def test_without_a_plan_nothing_runs(folder: Path) -> None:
    path = folder / "revalign.toml"
    path.write_text(path.read_text().replace(PLAN, ""))
    assert next_run(load(folder)) is None
    with pytest.raises(ConfigError, match="no runs are planned"):
        keep(folder)


@pytest.mark.parametrize(("asked", "sources", "snapshot"), [(1, 1, False), (2, 1, True)])
def test_a_run_told_to_end_leaves_out_the_other_steps(folder: Path, asked: int, sources: int, snapshot: bool) -> None:
    answers = iter([False] * (asked - 1) + [True])
    found = run(load(folder), ended=lambda: next(answers))
    assert found.cut_short
    assert (len(found.sources), found.published is not None) == (sources, snapshot)


def test_a_run_that_was_cut_short_is_made_up_for(folder: Path) -> None:
    heard: list[Ran] = []
    ended, asked = threading.Event(), iter(range(100))

    def clock() -> datetime:
        if next(asked) == 2:  # the one that says when the run began
            ended.set()
        return BEGIN

    assert keep(folder, HOUR, ran=heard.append, ended=ended, clock=clock)
    assert [one.status for one in heard] == ["cut short"]
    assert state_of(folder).last == {}
    with loop(folder, HOUR, BEGIN + timedelta(seconds=5)) as made:
        assert made.ran().status == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="signals reach a process there, not as on Linux")
@pytest.mark.parametrize("how", campaign([signal.SIGTERM, signal.SIGINT]))
def test_the_command(folder: Path, how: signal.Signals) -> None:
    command = [
        sys.executable,
        "-m",
        "revalign_udf.cli",
        "schedule",
        "--every",
        "1h",
        "--json",
        "--project",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert (line["event"], line["status"], line["problems"]) == ("run", "ok", [])
        process.send_signal(how)
        rest, said = process.communicate(timeout=20)
        assert process.returncode == 0, said
        assert (rest, "Traceback" in said) == ("", False)
    assert not attended(folder, "schedule")
