"""The list of closed periods: only ever added to, by one at a time, and never guessed at."""

import json
import subprocess
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.errors import StoreError, UserError
from revalign_udf.governance import CLOSES_FILE, Close, add_close, add_reopening, read_closes
from revalign_udf.periods import Period, parse_period

TODAY = date(2026, 10, 31)
CLOSER = """
import sys
from datetime import date
from pathlib import Path
from revalign_udf.errors import UserError
from revalign_udf.governance import Close, add_close
done = 0
for month in range(1, 13):
    try:
        add_close(Path(sys.argv[1]), Close(f"2025-{month:02d}", date(2025, month, 1), date(2025 + month // 12, month % 12 + 1, 1),
            "2026-01-31.1", who=sys.argv[2], why="x" * 3000))
        done += 1
    except UserError as error:
        assert error.code == "REV-105", error
print(done)
"""


def of(token: str) -> Period:
    return parse_period(token, TODAY)


def closing(token: str, why: str = "books are done", who: str = "ada", snapshot: str = "2026-10-05.2") -> Close:
    period = of(token)
    return Close(token, period.start, period.end, snapshot, "abc", who, why=why)


def test_a_close_says_who_when_why_and_on_which_snapshot(tmp_path: Path) -> None:
    values = {"2026-09-01..2026-09-30": {"mrr": "301/3", "nrr": "REV-110"}}
    september = of("2026-09")
    made = add_close(
        tmp_path,
        Close("2026-09", september.start, september.end, "2026-10-05.2", "abc", why="  done\n at last ", values=values),
    )
    [found] = read_closes(tmp_path).every
    assert found == made
    assert (found.period, found.start, found.end) == ("2026-09", date(2026, 9, 1), date(2026, 10, 1))
    assert (found.label, found.content, found.why) == ("2026-10-05#2", "abc", "done at last")
    assert found.who  # the user of the system
    assert found.note == f"closed {found.when[:10]} by {found.who}"
    assert found.value_of(september, "mrr") == Fraction(301, 3)
    assert found.value_of(september, "nrr") is None
    assert found.value_of(of("2026-08"), "mrr") is None
    assert "values" not in found.as_json()


def test_lines_are_added_and_never_changed(tmp_path: Path) -> None:
    add_close(tmp_path, closing("2026-09"))
    first = (tmp_path / CLOSES_FILE).read_bytes()
    add_reopening(tmp_path, of("2026-09"), "a late invoice", "bob")
    add_close(tmp_path, closing("2026-09", snapshot="2026-10-07.1"))
    assert (tmp_path / CLOSES_FILE).read_bytes().startswith(first)
    closes = read_closes(tmp_path)
    assert [one.snapshot for one in closes.standing] == ["2026-10-07.1"]
    assert closes.snapshots == {"2026-10-05.2", "2026-10-07.1"}, "a reopened period's snapshot is kept too"
    opened = closes.every[0].reopened
    assert opened is not None
    assert (opened.who, opened.why) == ("bob", "a late invoice")


def test_what_is_closed_is_not_closed_again(tmp_path: Path) -> None:
    add_close(tmp_path, closing("2026-Q3"))
    with pytest.raises(UserError, match=r"2026-Q3 is closed .* by ada \(books are done\)") as caught:
        add_close(tmp_path, closing("2026-Q3"))
    assert caught.value.code == "REV-105"
    with pytest.raises(UserError, match=r"2026-08 is closed .* as part of 2026-Q3"):
        add_close(tmp_path, closing("2026-08"))
    with pytest.raises(UserError, match=r"2026-08 is not closed\. It is part of 2026-Q3: reopen that"):
        add_reopening(tmp_path, of("2026-08"), "why not")
    with pytest.raises(UserError, match="2026-10 is not closed") as caught:
        add_reopening(tmp_path, of("2026-10"), "why not")
    assert caught.value.code == "REV-105"
    with pytest.raises(UserError, match="reason"):
        add_close(tmp_path, closing("2026-10", why=" \n"))
    assert len(read_closes(tmp_path).every) == 1


def test_the_shortest_closed_period_around_the_days_answers(tmp_path: Path) -> None:
    add_close(tmp_path, closing("2026-09", snapshot="2026-10-05.1"))
    add_close(tmp_path, closing("2026-Q3", snapshot="2026-10-20.1"))
    closes = read_closes(tmp_path)

    def answers(token: str) -> str:
        found = closes.of(of(token))
        return found.snapshot if found else ""

    assert answers("2026-09") == "2026-10-05.1", "the quarter does not move the month closed before it"
    assert answers("2026-08") == "2026-10-20.1"
    assert answers("2026-Q3") == "2026-10-20.1"
    assert answers("2026") == answers("2026-10") == answers("YTD:2026-09") == ""
    assert answers("MTD:2026-09-15") == "2026-10-05.1", "days inside a closed month are closed"


def test_secrets_in_a_reason_are_not_kept(tmp_path: Path) -> None:
    add_close(tmp_path, closing("2026-09", why="token=abcdefgh done"))
    assert "abcdefgh" not in (tmp_path / CLOSES_FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    ["<<<<<<< HEAD", "[]", "{}", '{"action": "close"}', '{"action": "close", "start": "2026-09-01", "end": "2026-10-01",',
     '{"action": "open", "period": "2026-09", "start": "2026-09-01", "end": "2026-10-01"}',
     '{"action": "reopen", "period": "2026-07", "start": "2026-07-01", "end": "2026-08-01", "who": "", "when": "", "why": ""}',
     '{"action": "close", "period": 9, "start": "2026-09-01", "end": "2026-10-01", "snapshot": "x"}'],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_never_passed_over(tmp_path: Path, line: str) -> None:
    """A close that is overlooked would let numbers move in silence."""
    add_close(tmp_path, closing("2026-09"))
    path = tmp_path / CLOSES_FILE
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    for ask in (lambda: read_closes(tmp_path), lambda: add_close(tmp_path, closing("2026-10"))):
        with pytest.raises(StoreError, match=r"Line 2 of governance/closes\.jsonl") as caught:
            ask()
        assert caught.value.code == "REV-801"


def test_several_processes_close_each_month_once(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", CLOSER, str(tmp_path), str(name)], stdout=subprocess.PIPE, text=True)
        for name in range(3)
    ]
    assert sum(int(process.communicate(timeout=120)[0]) for process in running) == 12
    assert [process.returncode for process in running] == [0, 0, 0]
    assert [one.period for one in read_closes(tmp_path).standing] == [f"2025-{month:02d}" for month in range(1, 13)]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "governance").write_text("a file in the way")
    with pytest.raises(StoreError) as caught:
        add_close(tmp_path, closing("2026-09"))
    assert caught.value.code == "REV-804"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are set elsewhere there")
def test_what_a_full_disk_cut_short_is_taken_back(tmp_path: Path) -> None:
    add_close(tmp_path, closing("2026-08"))
    before = (tmp_path / CLOSES_FILE).read_bytes()
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 100}, {len(before) + 100}))\n"
        "from datetime import date; from pathlib import Path\n"
        "from revalign_udf.errors import StoreError; from revalign_udf.governance import Close, add_close\n"
        "try: add_close(Path(sys.argv[1]), Close('2026-09', date(2026, 9, 1), date(2026, 10, 1), 'x.1', why='y' * 500))\n"
        "except StoreError as error: print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "REV-804"
    assert (tmp_path / CLOSES_FILE).read_bytes() == before
    assert json.loads(before)["period"] == "2026-08"
