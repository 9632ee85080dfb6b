"""Requests as lines of a file: left once, kept in order, never lost to a damaged line."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from revalign_udf.errors import StoreError, UserError
from revalign_udf.governance.requests import REQUESTS_FILE, attended, leave, note, read_requests, working

CLOSE = {"period": "2026-09", "reason": "Board of October"}


def test_a_request_is_on_the_disk_with_who_and_when(tmp_path: Path) -> None:
    made, new = leave(tmp_path, "close", {**CLOSE, "reason": "  Board\n of October "}, "ada")
    assert new
    assert (made.id, made.kind, made.who, made.state, made.details) == ("r1", "close", "ada", "waiting", CLOSE)
    assert made.when.endswith("+00:00")
    assert read_requests(tmp_path).every == (made,)
    assert leave(tmp_path, "refresh")[0].who != ""


def test_the_same_open_request_is_left_once_and_the_first_reason_stands(tmp_path: Path) -> None:
    first, _ = leave(tmp_path, "close", CLOSE, "ada")
    again, new = leave(tmp_path, "close", {**CLOSE, "reason": "Another"}, "bob")
    assert (again, new) == (first, False)
    other, new = leave(tmp_path, "close", {**CLOSE, "period": "2026-08"}, "bob")
    assert (other.id, new) == ("r2", True)
    note(tmp_path, first, "failed", code="REV-105", message="no")
    third, new = leave(tmp_path, "close", CLOSE, "ada")
    assert (third.id, new) == ("r4", True), "ids are numbers of lines, outcomes are lines too"
    assert [one.state for one in read_requests(tmp_path).every] == ["failed", "waiting", "waiting"]


def test_many_at_once_leave_one(tmp_path: Path) -> None:
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(leave(tmp_path, "refresh")[1])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 19 + [True]
    assert len(read_requests(tmp_path).every) == 1


@pytest.mark.parametrize(
    ("kind", "details", "code", "text"),
    [
        ("refrech", {}, "REV-101", "Did you mean refresh?"),
        ("refresh", {"period": "2026-09"}, "REV-102", "no period"),
        ("close", {"period": "2026-09"}, "REV-102", "needs a reason"),
        ("close", {"period": "2026-09", "reason": " \n"}, "REV-102", "needs a reason"),
        ("close", {"reason": "x"}, "REV-102", "needs a period"),
        ("close", {**CLOSE, "reason": "x" * 501}, "REV-102", "501 characters"),
    ],
)
def test_what_cannot_be_asked_for_leaves_nothing(
    tmp_path: Path, kind: str, details: dict[str, str], code: str, text: str
) -> None:
    with pytest.raises(UserError) as caught:
        leave(tmp_path, kind, details)
    assert caught.value.code == code
    assert text in str(caught.value)
    assert not (tmp_path / REQUESTS_FILE).exists()


def test_secrets_are_blanked(tmp_path: Path) -> None:
    made, _ = leave(tmp_path, "close", {**CLOSE, "reason": "token=abcdefgh123"})
    assert "abcdefgh" not in made.details["reason"]
    assert b"abcdefgh" not in (tmp_path / REQUESTS_FILE).read_bytes()


def test_a_damaged_line_stops_nothing_and_is_counted(tmp_path: Path) -> None:
    first, _ = leave(tmp_path, "refresh")
    path = tmp_path / REQUESTS_FILE
    with path.open("ab") as file:
        file.write(b'{"action": "done", "id": "r1", "when"')
    with path.open("ab") as file:
        file.write(b'\n{"action": "done", "id": "r99", "when": "", "code": "", "message": "", "result": {}}')
    second, _ = leave(tmp_path, "close", CLOSE)
    found = read_requests(tmp_path)
    assert found.unreadable == (2, 3)
    assert [one.id for one in found.every] == [first.id, second.id] == ["r1", "r4"]
    for one in (json.loads(path.read_text().splitlines()[0]), json.loads(path.read_text().splitlines()[3])):
        assert one["action"] == "ask"


def test_outcomes_follow_one_another(tmp_path: Path) -> None:
    made, _ = leave(tmp_path, "refresh")
    begun = note(tmp_path, made, "running")
    put_off = note(tmp_path, begun, "waiting", code="REV-802", message="busy")
    done = note(tmp_path, note(tmp_path, put_off, "running"), "done", result={"snapshot": "2026-09-30#2"})
    [found] = read_requests(tmp_path).every
    assert found == done
    assert (found.state, found.taken, found.code, found.result) == ("done", 2, "", {"snapshot": "2026-09-30#2"})
    assert not read_requests(tmp_path).open


def test_one_works_at_a_time_and_others_see_it(tmp_path: Path) -> None:
    assert not attended(tmp_path)
    with working(tmp_path) as mine:
        assert mine
        assert attended(tmp_path)
        with working(tmp_path, patience=0.05) as second:
            assert not second
        assert attended(tmp_path), "looking does not let go of it"
    assert not attended(tmp_path)


def test_the_right_to_work_falls_with_the_process(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from revalign_udf.governance.requests import working\n"
        "with working(pathlib.Path(sys.argv[1])) as mine: print(mine, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert attended(tmp_path)
        process.kill()
        process.wait(10)
    assert not attended(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "governance").write_text("a file in its place")
    with pytest.raises(StoreError) as caught:
        leave(tmp_path, "refresh")
    assert caught.value.code == "REV-804"
