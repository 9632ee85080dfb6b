"""The audit trail: only ever added to, by several at once, and readable whatever a crash left behind."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from revalign_udf.errors import StoreError
from revalign_udf.governance import AUDIT_FILE, UNREADABLE, history, record

WRITER = """
import sys
from pathlib import Path
from revalign_udf.governance import record
for place in range(int(sys.argv[3])):
    record(Path(sys.argv[1]), "published", writer=sys.argv[2], place=place, text="x" * 3000)
"""


def test_an_entry_says_who_did_what_when(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    made = record(tmp_path, "published", snapshot="2026-10-31#2", as_of=date(2026, 10, 31), rows={"movement": 3})
    [found] = history(tmp_path)
    when = datetime.fromisoformat(found.when)
    assert when.tzinfo == UTC
    assert 0 <= (datetime.now(UTC) - before).total_seconds() - (when - before).total_seconds() < 60
    assert found.when == made.when
    assert found.who
    assert found.action == "published"
    assert found.details == {"snapshot": "2026-10-31#2", "as_of": "2026-10-31", "rows": {"movement": 3}}
    assert json.loads((tmp_path / AUDIT_FILE).read_text(encoding="utf-8")) == found.as_json()


@pytest.mark.skipif(sys.platform == "win32", reason="users have no numbers there")
def test_who_is_the_user_of_the_system_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pwd

    monkeypatch.setenv("LOGNAME", "somebody else")
    try:
        expected = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        expected = f"uid {os.getuid()}"
    assert record(tmp_path, "x").who == expected


def test_entries_are_added_and_never_changed(tmp_path: Path) -> None:
    record(tmp_path, "published", snapshot="1")
    first = (tmp_path / AUDIT_FILE).read_bytes()
    record(tmp_path, "sheet synced", sheet="bräda\n–", odd="\udc80")
    content = (tmp_path / AUDIT_FILE).read_bytes()
    assert content.startswith(first)
    assert content.count(b"\n") == 2
    assert "bräda" in content.decode("utf-8")
    assert [entry.action for entry in history(tmp_path)] == ["published", "sheet synced"]
    assert history(tmp_path)[1].details == {"sheet": "bräda\n–", "odd": "\udc80"}


def test_reading_writes_nothing(tmp_path: Path) -> None:
    assert history(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
    record(tmp_path, "x")
    path = tmp_path / AUDIT_FILE
    path.write_bytes(path.read_bytes() + b'{"when": "2026')
    content, changed = path.read_bytes(), path.stat().st_mtime_ns
    path.chmod(0o444)
    history(tmp_path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)
    assert [item.name for item in path.parent.iterdir()] == ["audit.jsonl"]


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    record(
        tmp_path, "pulled", api_key="abcdef", note="failed: Authorization: Bearer sk_live_abcdef",
        deep={"token": "zzzzzz", "list": ["ghp_0123456789", "plain"]}, reference="$env:KEY",
    )  # fmt: skip
    text = (tmp_path / AUDIT_FILE).read_text(encoding="utf-8")
    for secret in ("abcdef", "zzzzzz", "ghp_"):
        assert secret not in text
    assert history(tmp_path)[0].details["reference"] == "$env:KEY"
    assert history(tmp_path)[0].details["deep"] == {"token": "***", "list": ["***", "plain"]}


def test_a_line_cut_short_is_reported_and_swallows_nothing(tmp_path: Path) -> None:
    record(tmp_path, "first", name="å" * 30)
    record(tmp_path, "cut", name="å" * 30)
    path = tmp_path / AUDIT_FILE
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for end in range(start + 1, len(whole)):
        path.write_bytes(whole[:end])
        record(tmp_path, "after")
        found = [entry.action for entry in history(tmp_path)]
        assert found == ["first", "cut" if end == len(whole) - 1 else UNREADABLE, "after"]
    path.write_bytes(whole[: start + 40])
    [_, torn] = history(tmp_path)
    assert (torn.action, torn.details["line"]) == (UNREADABLE, 2)
    assert torn.details["text"].startswith('{"when": "')


@pytest.mark.parametrize(
    "line",
    [b"[]", b"5", b"null", b"{}", b'{"when": 1, "who": "a", "action": "b", "details": {}}', b"\xff\xfe", b"[" * 100_000,
     b'{"when": "a", "who": "a", "action": "b", "details": []}'],
    ids=["list", "number", "null", "empty", "kinds", "bytes", "deep", "details"],
)  # fmt: skip
def test_strange_lines_are_never_fatal(tmp_path: Path, line: bytes) -> None:
    record(tmp_path, "first")
    path = tmp_path / AUDIT_FILE
    path.write_bytes(path.read_bytes() + b"\n" + line + b"\n")
    record(tmp_path, "last")
    assert [entry.action for entry in history(tmp_path)] == ["first", UNREADABLE, "last"]
    assert history(tmp_path)[1].details["line"] == 3


def test_several_processes_add_at_once(tmp_path: Path) -> None:
    (tmp_path / AUDIT_FILE).parent.mkdir()
    (tmp_path / AUDIT_FILE).write_bytes(b'{"when": "torn')
    writers, times = 4, 40
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(name), str(times)])
        for name in range(writers)
    ]
    assert [process.wait(120) for process in running] == [0] * writers
    entries = history(tmp_path)
    assert entries[0].action == UNREADABLE
    assert len(entries) == 1 + writers * times
    for name in range(writers):
        mine = [entry.details["place"] for entry in entries[1:] if entry.details["writer"] == str(name)]
        assert mine == list(range(times))


def test_a_killed_writer_leaves_whole_entries_and_no_lock(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "killed", "100000"])
    while len(history(tmp_path)) < 20:
        assert process.poll() is None
    process.kill()
    process.wait(20)
    record(tmp_path, "after")
    entries = history(tmp_path)
    assert entries[-1].action == "after"
    assert [entry.action for entry in entries].count("after") == 1
    whole = [entry.details["place"] for entry in entries if entry.action == "published"]
    assert whole == list(range(len(whole)))
    assert len(entries) - len(whole) <= 2  # one line may have been cut


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "governance").write_text("a file in the way")
    with pytest.raises(StoreError) as caught:
        record(tmp_path, "x")
    assert caught.value.code == "REV-804"
    (tmp_path / "other" / AUDIT_FILE).mkdir(parents=True)
    with pytest.raises(StoreError) as caught:
        history(tmp_path / "other")
    assert caught.value.code == "REV-801"
