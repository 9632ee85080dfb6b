"""schedule and alerts as people type them: the plan, what is printed, what is refused, who was told."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from beside import load as beside
from command import command

from revalign_udf.governance.requests import working
from revalign_udf.jobs import init_project

HEARD = beside(Path(__file__).parents[1] / "alerts" / "hearing.py")
PLAN = '[company]\ntime_zone = "Europe/Berlin"\n[schedule]\nat = ["06:00", "18:00"]\ndays = ["mon", "tue", "wed", "thu", "fri"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "revalign.toml").write_text(PLAN)
    return tmp_path


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def ask(*arguments: object, code: int = 0) -> Any:
    done = command(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_the_plan_and_the_next_five_runs(project: Path) -> None:
    found = ask("schedule", "--project", project)
    assert (found["every"], found["at"], found["days"]) == (
        None,
        ["06:00", "18:00"],
        ["mon", "tue", "wed", "thu", "fri"],
    )
    assert (found["time_zone"], found["running"], found["last"]) == ("Europe/Berlin", False, None)
    runs = [datetime.fromisoformat(text) for text in found["next"]]
    assert len(runs) == 5
    assert {(one.hour, one.minute) for one in runs} == {(6, 0), (18, 0)}
    assert all(one.weekday() < 5 for one in runs)
    assert timedelta(0) < runs[0] - datetime.now(runs[0].tzinfo) < timedelta(days=3)
    shown = command("schedule", "--project", project).stdout
    assert shown.startswith("At 06:00, 18:00 on mon, tue, wed, thu, fri (Europe/Berlin)\n")
    assert f"{runs[0]:%a %Y-%m-%d %H:%M}" in shown
    assert "revalign schedule --run" in shown


def test_without_a_plan_it_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text("")
    done = command("schedule", "--project", tmp_path)
    assert (done.returncode, "every =" in done.stdout) == (0, True)
    assert ask("schedule", "--project", tmp_path)["next"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (["--every", "7h"], "REV-305", "6h or 8h"),
        (["--every", "soon"], "REV-305", "15m"),
        (["--every", "1h", "--poll", "never"], "REV-102", "--poll 60s"),
        (["--to", "units"], "REV-102", "--print"),
        (["--run", "--print", "cron"], "REV-102", "--run"),
    ],
)
def test_what_means_nothing_is_refused(project: Path, arguments: list[str], code: str, shown: str) -> None:
    done = command("schedule", "--project", project, *arguments)
    assert (done.returncode, code in done.stderr, shown in done.stderr) == (2, True, True), done.stderr


@pytest.mark.parametrize("arguments", [["--run"], ["--print", "cron"], ["--print", "systemd"]])
def test_nothing_planned_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "revalign.toml").write_text("")
    done = command("schedule", "--project", tmp_path, *arguments)
    assert (done.returncode, "REV-302" in done.stderr, "every =" in done.stderr) == (2, True, True), done.stderr


def test_a_second_loop_is_refused(project: Path) -> None:
    with working(project, duty="schedule"):
        done = command("schedule", "--project", project, "--every", "1h")
        assert (done.returncode, "REV-802 A schedule runs for this project already" in done.stderr) == (1, True)


@pytest.mark.usefixtures("in_berlin")
def test_entries_are_printed(project: Path) -> None:
    lines = command("schedule", "--project", project, "--print", "cron").stdout.splitlines()
    run, look = (line for line in lines if not line.startswith("#"))
    assert run.startswith("0 6,18 * * 1-5 ")
    assert look.startswith("* * * * * ")
    assert " requests run --project " in look
    hourly = command("schedule", "--project", project, "--print", "cron", "--every", "1h").stdout
    assert "\n0 * * * * " in hourly
    text = command("schedule", "--project", project, "--print", "taskscheduler").stdout
    first, second = text.split("\n\n<?xml")
    assert ET.fromstring(first).tag == ET.fromstring(f"<?xml{second}").tag


def test_entries_are_written_into_files(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "units"
    written = ask("schedule", "--project", project, "--print", "systemd", "--to", target)["files"]
    assert sorted(map(str, target.iterdir())) == sorted(written)
    assert {Path(path).suffix for path in written} == {".service", ".timer"}
    shown = command("schedule", "--project", project, "--print", "systemd").stdout
    assert all((target / Path(path).name).read_text() in shown for path in written)


def test_the_template_of_a_new_project_shows_a_plan_that_can_be_read(tmp_path: Path) -> None:
    path = init_project(tmp_path / "new") / "revalign.toml"
    head, _, tail = path.read_text().partition("# [schedule]")
    lines = f"# [schedule]{tail}".splitlines()
    plan = "\n".join(line.removeprefix("# ") for line in lines if not line.startswith("# Who"))
    path.write_text(head + plan)
    found = ask("schedule", "--project", path.parent)
    assert (found["at"], len(found["days"])) == (["06:00", "18:00"], 5)


# --- alerts -----------------------------------------------------------------------------------------------------------


def test_a_test_message_goes_to_every_channel(project: Path) -> None:
    with HEARD.chat() as chat, HEARD.post() as post:
        path = project / "revalign.toml"
        path.write_text(
            f'{PLAN}[alerts]\nwebhook = "{chat.url}"\nemail = ["ada@example.com", "bob@example.com"]\n'
            f'smtp = "smtp://127.0.0.1:{post.port}"\nfrom = "revalign@example.com"\n'
        )
        done = command("alerts", "test", "--project", project)
        assert (done.returncode, done.stdout.splitlines()) == (
            0, ["webhook 127.0.0.1: sent", "mail to ada@example.com: sent", "mail to bob@example.com: sent"],
        )  # fmt: skip
        assert HEARD.SECRET not in done.stdout + done.stderr
        assert "Nothing is wrong" in chat.texts[0]
        assert "Nothing is wrong" in post.texts[0]
        post.refused = {"bob@example.com": "550 no"}
        found = ask("alerts", "test", "--project", project, code=1)["channels"]
        assert [one["sent"] for one in found] == [True, True, False]
        assert found[2]["code"] == "REV-506"
        assert not (project / ".revalign").exists()


def test_nobody_to_tell(project: Path) -> None:
    done = command("alerts", "test", "--project", project)
    assert (done.returncode, "[alerts]" in done.stdout) == (0, True)


def test_a_secret_nobody_finds(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    (project / "revalign.toml").write_text('[alerts]\nwebhook = "$env:NOWHERE"\n')
    done = command("alerts", "test", "--project", project)
    assert (done.returncode, "REV-304" in done.stdout) == (1, True)
