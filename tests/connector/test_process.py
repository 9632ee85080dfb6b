"""Another program as a source: bounded memory, an end in every case, no secret shown and none handed over."""

import os
import sys
import time
from pathlib import Path

import pytest

from revalign_udf.connector import Context
from revalign_udf.connector.process import Process, forms
from revalign_udf.errors import ConfigError, Fatal, Retriable

PYTHON = [sys.executable, "-I", "-S", "-c"]


def context(tmp_path: Path, **more: object) -> Context:
    return Context("tap", {}, project=tmp_path, **more)  # type: ignore[arg-type]


def lines(ctx: Context, code: str, **options: object) -> list[tuple[int, bytes]]:
    with Process(ctx, [*PYTHON, code], **options) as process:  # type: ignore[arg-type]
        found = list(process.lines())
        process.end()
    return found


def gone(pid: int) -> bool:
    """Whether a program has ended (one that nobody has waited for yet has ended too)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def ended(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until and not gone(pid):
        time.sleep(0.02)
    return gone(pid)


def test_lines_have_their_numbers_and_blank_ones_are_left_out(tmp_path: Path) -> None:
    code = r"import sys; sys.stdout.write('a\n\n  \nb\r\nlast without end')"
    assert lines(context(tmp_path), code) == [(1, b"a"), (4, b"b"), (5, b"last without end")]


def test_lines_that_straddle_what_is_read_at_once_stay_whole(tmp_path: Path) -> None:
    code = "print('x' * 200_000); print('y' * 65_535); print('z')"
    assert [(number, len(line)) for number, line in lines(context(tmp_path), code)] == [
        (1, 200_000),
        (2, 65_535),
        (3, 1),
    ]


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path: Path) -> None:
    # the program never stops writing: only a reader that gives up in time comes to an end
    code = "import sys\nwhile True: sys.stdout.write('x' * 100_000)"
    with Process(context(tmp_path), [*PYTHON, code], longest=1_000_000) as process:
        with pytest.raises(Fatal, match=r"Line 1 .* longer than 1,000,000 bytes") as error:
            list(process.lines())
        assert error.value.code == "REV-506"
        assert ended(process._child.pid)


def test_a_reader_that_is_slow_makes_the_program_wait(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(10_000_000): sys.stdout.write('x' * 999 + chr(10))"
    with Process(context(tmp_path), [*PYTHON, code]) as process:
        assert next(process.lines())[0] == 1
        time.sleep(0.3)
        assert process._chunks.qsize() <= 64
        assert process._child.poll() is None


def test_a_program_that_hangs_ends_with_all_it_started_when_the_pull_is_cancelled(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([{sys.executable!r}, '-I', '-S', '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    begun = time.monotonic()
    seen: list[int] = []
    ctx = context(tmp_path, cancelled=lambda: bool(seen))
    with pytest.raises(Retriable), Process(ctx, [*PYTHON, code]) as process:
        seen += [int(line) for _, line in [next(process.lines())]]
        list(process.lines())
    assert time.monotonic() - begun < 5
    assert ended(seen[0])
    assert ended(process._child.pid)


def test_a_program_that_will_not_hear_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revalign_udf.connector.process._GRACE", 0.2)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with Process(context(tmp_path), [*PYTHON, code]) as process:
        next(process.lines())
    assert process._child.returncode == -9


def test_what_a_program_leaves_behind_does_not_hold_the_pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revalign_udf.connector.process._AFTERLIFE", 0.3)
    code = (
        "import subprocess\n"
        f"subprocess.Popen([{sys.executable!r}, '-I', '-S', '-c', 'import time; time.sleep(60)']); print('done', flush=True)"
    )
    begun = time.monotonic()
    assert lines(context(tmp_path), code) == [(1, b"done")]
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ("HTTP 503 Service Unavailable", Retriable, "REV-505"),
        ("requests.exceptions.ReadTimeout: timed out", Retriable, "REV-505"),
        ("401 Client Error: Unauthorized", Fatal, "REV-506"),
        ("KeyError: 'start_date'", Fatal, "REV-506"),
        ("", Fatal, "REV-506"),
    ],
)
def test_a_failure_says_the_last_words_and_whether_to_try_again(
    tmp_path: Path, said: str, kind: type[Exception], code: str
) -> None:
    with pytest.raises(kind, match="exit code 3") as error:
        lines(context(tmp_path), f"import sys; print({said!r}, file=sys.stderr); sys.exit(3)")
    assert said in str(error.value)
    assert error.value.code == code  # type: ignore[attr-defined]


def test_a_program_that_is_killed_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Retriable, match="SIGKILL"):
        lines(context(tmp_path), "import os; os.kill(os.getpid(), 9)")


def test_only_the_last_words_are_kept(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(5_000): print('line', n, 'x' * 600, file=sys.stderr)\nsys.exit(1)"
    with pytest.raises(Fatal) as error:
        lines(context(tmp_path), code)
    assert "line 4999" in str(error.value)
    assert len(str(error.value)) < 12 * 420


def test_secrets_are_in_no_word_of_it_in_any_form(tmp_path: Path) -> None:
    secret = 'p@ss "wörd"/7'
    code = (
        "import sys, json, urllib.parse\n"
        f"s = {secret!r}\n"
        "for t in (s, urllib.parse.quote(s, safe=''), json.dumps(s)): print('WARNING', t, file=sys.stderr)\nsys.exit(1)"
    )
    with Process(context(tmp_path), [sys.executable, "-c", code], secrets=[secret]) as process:
        list(process.lines())
        with pytest.raises(Fatal) as error:
            process.end()
    everything = str(error.value) + " ".join(process.warnings)
    assert "***" in everything
    assert not [form for form in forms([secret]) if form in everything]


def test_the_program_gets_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_KEY_OF_ANOTHER_SOURCE", "sk_live_1")
    code = "import os; print(sorted(os.environ))"
    ((_, said),) = lines(context(tmp_path), code, env={"OWN": "1"})
    assert b"STRIPE" not in said
    assert b"'OWN'" in said
    assert b"'PATH'" in said


def test_there_is_no_shell(tmp_path: Path) -> None:
    with Process(context(tmp_path), [*PYTHON, "import sys; print(sys.argv[1])", "; touch made"]) as process:
        assert [line for _, line in process.lines()] == [b"; touch made"]
    assert not (tmp_path / "made").exists()


def test_a_program_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="pipx install tap-nowhere") as error:
        Process(context(tmp_path), ["tap-nowhere"])
    assert error.value.code == "REV-601"


def test_a_program_of_the_project_is_found_by_its_path(tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho from $PWD\n")
    with pytest.raises(Fatal, match="no program"):
        Process(context(tmp_path), ["bin/tool"])
    tool.chmod(0o755)
    with Process(context(tmp_path), ["bin/tool"]) as process:
        assert [line for _, line in process.lines()] == [f"from {os.path.realpath(tmp_path)}".encode()]


def test_a_command_that_is_none_is_an_error_of_the_settings(tmp_path: Path) -> None:
    for command in ([], [""], ["a\0b"]):
        with pytest.raises(ConfigError) as error:
            Process(context(tmp_path), command)
        assert error.value.code == "REV-305"


def test_the_context_ends_what_was_left_running(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    process = ctx.process([*PYTHON, "import time; time.sleep(60)"])
    ctx.close()
    assert ended(process._child.pid)
    process.close()
