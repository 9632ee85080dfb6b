"""The quota that all jobs of an account on one computer share."""

import json
import multiprocessing
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from revalign_udf.errors import Retriable
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import SheetTarget, open_spreadsheet
from revalign_udf.sheets import bucket as module
from revalign_udf.sheets.bucket import Bucket, state_folder

START = 1_795_327_200.0
posix = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked, as on Linux")


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def made(folder: Path, time: Time, account: str = "sync@x", **options: Any) -> Bucket:
    return Bucket(account, folder=folder, clock=time, sleep=time.sleep, **options)


def test_fifty_go_at_once_and_the_next_when_the_first_comes_back(tmp_path: Path) -> None:
    time = Time()
    bucket = made(tmp_path, time)
    assert [bucket.take("read") for _ in range(50)] == [0.0] * 50
    time.now += 20
    assert bucket.take("read") == 40.0  # the first was taken 60 s before
    assert [bucket.take("read") for _ in range(49)] == [0.0] * 49
    assert bucket.take("read") == 60.0


def test_no_minute_holds_more_than_the_quota(tmp_path: Path) -> None:
    time, dice = Time(), random.Random(7)
    bucket = made(tmp_path, time, reads=5, patience=10**6)
    turns: list[float] = []
    for _ in range(200):
        time.now += dice.choice([0, 0, 0, 0.5, 3, 30])
        earliest = max(time.now, turns[-5] + 60 if len(turns) >= 5 else 0)
        bucket.take("read")
        turns.append(time.now)
        assert time.now == pytest.approx(earliest)  # and nobody waits longer than that asks
    for at, first in enumerate(turns):
        assert sum(turn < first + 59.999 for turn in turns[at:]) <= 5


def test_reads_and_writes_are_counted_apart_and_so_are_accounts(tmp_path: Path) -> None:
    time = Time()
    bucket = made(tmp_path, time, reads=1, writes=1)
    assert [bucket.take("read"), bucket.take("write")] == [0.0, 0.0]
    assert made(tmp_path, time, "other@x", reads=1).take("read") == 0.0
    assert made(tmp_path, time, reads=1).take("read") == 60.0  # another job of the same account


def test_whoever_asked_first_goes_first(tmp_path: Path) -> None:
    waits: list[float] = []
    for _ in range(6):  # six jobs, each asleep until its turn: nobody's clock moves
        Bucket("a", folder=tmp_path, reads=2, clock=lambda: START, sleep=waits.append).take("read")
    assert waits == [60.0, 60.0, 120.0, 120.0]


def test_a_long_wait_is_told_and_a_short_one_is_not(tmp_path: Path) -> None:
    time = Time()
    bucket = made(tmp_path, time, reads=1)
    told: list[str] = []
    bucket.take("read", told.append)
    time.now += 48.5
    assert bucket.take("read", told.append) == pytest.approx(11.5)
    time.now += 59.5
    assert bucket.take("read", told.append) == pytest.approx(0.5)
    assert told == ["waiting for the quota, 12 s"]


def test_too_long_a_queue_is_refused_and_takes_no_turn(tmp_path: Path) -> None:
    stamps: list[float] = []
    bucket = Bucket("a", folder=tmp_path, writes=1, patience=100, clock=lambda: START, sleep=stamps.append)
    bucket.take("write")
    bucket.take("write")
    for _ in range(3):
        with pytest.raises(Retriable, match="quota") as caught:
            bucket.take("write")
        assert (caught.value.code, caught.value.retry_after) == ("REV-505", 120.0)


def test_a_clock_set_back_costs_a_minute_at_most(tmp_path: Path) -> None:
    time = Time()
    bucket = made(tmp_path, time, reads=2)
    bucket.take("read")
    bucket.take("read")
    time.now -= 86400
    assert bucket.take("read") == 60.0
    time.now += 86400
    assert bucket.take("read") == 0.0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"\xff\x00",
        b'{"seen": "x", "read": 3, "write": null}',
        b'{"seen": 1e999, "read": [1e999, "a", null, true, -1], "write": []}',
        b'{"seen": 1795327200.0, "read": [9e17, 9e17, 9e17]}',
        b'{"seen": 9e17, "read": [9e17, 9e17, 9e17]}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_state_heals(tmp_path: Path, content: bytes) -> None:
    time = Time()
    bucket = made(tmp_path, time, reads=2)
    bucket.path.write_bytes(content)
    assert bucket.take("read") <= 60.0
    assert json.loads(bucket.path.read_text())["read"] != []
    time.now += 120
    assert [bucket.take("read"), bucket.take("read"), bucket.take("read")] == [0.0, 0.0, 60.0]


def test_where_nothing_can_be_kept_a_process_counts_for_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    time = Time()
    bucket = made(tmp_path / "file", time, reads=1)
    assert [bucket.take("read"), bucket.take("read")] == [0.0, 60.0]


def test_a_job_that_hangs_with_the_lock_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOCK_WAIT", 0.05)
    time = Time()
    bucket = made(tmp_path, time, reads=1)
    with FileLock(bucket.path.with_suffix(".lock")):
        assert [bucket.take("read"), bucket.take("read")] == [0.0, 60.0]
    assert not bucket.path.exists()


def test_the_file_tells_nobody_whose_it_is(tmp_path: Path) -> None:
    bucket = Bucket("sync@project.iam.gserviceaccount.com", folder=tmp_path, sleep=lambda _: None)
    bucket.take("read")
    assert sorted(json.loads(bucket.path.read_text())) == ["read", "seen", "write"]
    assert all("sync" not in path.name for path in tmp_path.iterdir())


def test_where_the_state_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REVALIGN_STATE_DIR", str(tmp_path))
    assert Bucket("a").path.parent == tmp_path / "sheets"
    monkeypatch.delenv("REVALIGN_STATE_DIR")
    assert state_folder().name == "revalign"


# --- processes -------------------------------------------------------------------------------------------------------


def _many(folder: Path, count: int) -> None:
    bucket = Bucket("a", folder=folder, reads=10, patience=10**6, clock=lambda: START, sleep=lambda _: None)
    for _ in range(count):
        bucket.take("read")


def _hold(path: Path, ready: Any) -> None:
    lock = FileLock(path)
    lock.acquire()
    ready.set()
    signal.pause()


@contextmanager
def _forked(*jobs: tuple[Any, ...]) -> Iterator[list[Any]]:
    context = multiprocessing.get_context("fork")
    running = [context.Process(target=job[0], args=job[1:]) for job in jobs]
    for process in running:
        process.start()
    try:
        yield running
    finally:
        for process in running:
            process.join()


@posix
def test_no_turn_is_lost_or_given_twice_among_processes_and_threads(tmp_path: Path) -> None:
    with _forked(*[(_many, tmp_path, 10)] * 3):
        threads = [threading.Thread(target=_many, args=(tmp_path, 5)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    waits: list[float] = []
    Bucket("a", folder=tmp_path, reads=10, clock=lambda: START, sleep=waits.append).take("read")
    assert waits == [240.0]  # forty turns before: four minutes of ten


@posix
def test_a_killed_holder_of_the_lock_blocks_nobody(tmp_path: Path) -> None:
    time = Time()
    bucket = made(tmp_path, time, reads=1)
    ready = multiprocessing.get_context("fork").Event()
    with _forked((_hold, bucket.path.with_suffix(".lock"), ready)) as [holder]:
        assert ready.wait(10)
        os.kill(holder.pid, signal.SIGKILL)
    assert bucket.take("read") == 0.0
    assert bucket.path.exists()


# --- the wire --------------------------------------------------------------------------------------------------------


def test_every_call_takes_a_token_and_a_repeated_one_another(
    server: LocalSheets, book_key: str, tmp_path: Path
) -> None:
    time = Time()
    target = SheetTarget("team", book_key, server.key_file, server.base_url)
    told: list[str] = []
    bucket = made(tmp_path, time, reads=2, writes=1)
    with open_spreadsheet(target, bucket=bucket, told=told.append) as client:
        client.read("spreadsheetId")
        client.values(["A1"])
        client.batch_update([{"addSheet": {"properties": {"title": "New"}}}])
        assert time.now == START
        client.read("spreadsheetId")
        assert (time.now, told) == (START + 60, ["waiting for the quota, 60 s"])
        client.write_values([{"range": "A1", "values": [[1]]}])
        assert time.now == START + 60
        client.write_values([{"range": "A1", "values": [[2]]}])
        assert time.now == START + 120


def test_a_server_on_this_computer_has_no_quota_unless_asked(
    server: LocalSheets, book_key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVALIGN_STATE_DIR", str(tmp_path))
    with open_spreadsheet(SheetTarget("team", book_key, server.key_file, server.base_url)) as client:
        client.read("spreadsheetId")
    assert list(tmp_path.iterdir()) == []
    with open_spreadsheet(SheetTarget("team", book_key, server.key_file)) as google:
        bucket = google._http._bucket
        assert bucket is not None
        assert bucket.path.is_relative_to(tmp_path)
