"""Entries for cron, systemd and Windows: read by the real tools where they are, and carried out by a real shell."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as wall
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from revalign_udf.config import Project, Schedule, load
from revalign_udf.errors import ConfigError
from revalign_udf.jobs.entries import entries, program

TWICE = Schedule(at=(wall(6), wall(18, 30)), days=(0, 1, 4))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AWKWARD = 'my pro%j $HOME\'s "x"'
_TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / AWKWARD
    folder.mkdir()
    (folder / "revalign.toml").write_text(
        "[company]\nname = '''Ada & Söhne 100%\n--> \"x\"'''\ntime_zone = \"Europe/Berlin\"\n"
        '[source.a]\nconnector = "csv"\nkey = "$env:ADA_KEY"\n[alerts]\nwebhook = "$keyring:revalign/hook"\n'
    )
    return load(folder)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The computer's time zone, put back afterwards."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def keep_time(here: pytest.MonkeyPatch, zone: str) -> None:
    here.setenv("TZ", zone)
    time.tzset()


# --- cron -------------------------------------------------------------------------------------------------------------


def crontab(project: Project, plan: Schedule) -> list[tuple[list[str], str]]:
    """(five fields, command as sh gets it) of each entry, read as cron does."""
    found = []
    for line in entries("cron", project, plan, now=NOW)["crontab"].splitlines():
        if line.startswith("#"):
            continue
        *fields, command = line.split(None, 5)
        assert "%" not in command.replace("\\%", ""), "a bare % is a line break"
        found.append((fields, command.replace("\\%", "%")))
    return found


def values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        numbers = range(int(first), int(last or first) + 1, int(step or 1))
        assert set(numbers) <= set(range(low, high + 1)), field
        found |= set(numbers)
    return found


def starts(fields: list[str], first: datetime, days: int) -> list[datetime]:
    """When cron would start a line, by wall times of the computer."""
    minutes, hours = values(fields[0], 0, 59), values(fields[1], 0, 23)
    assert fields[2:4] == ["*", "*"]
    week = values(fields[4], 1, 7)
    moments = (first + timedelta(minutes=step) for step in range(days * 1440))
    return [one for one in moments if one.minute in minutes and one.hour in hours and one.isoweekday() in week]


@pytest.mark.parametrize(
    ("plan", "fields"),
    [
        (Schedule(1), ["* * * * *"]),
        (Schedule(15), ["*/15 * * * *"]),
        (Schedule(60), ["0 * * * *"]),
        (Schedule(60, days=(0, 1, 2, 3, 4)), ["0 * * * 1-5"]),
        (Schedule(360), ["0 0,6,12,18 * * *"]),
        (Schedule(720), ["0 0,12 * * *"]),
        (Schedule(1440, days=(6,)), ["0 0 * * 7"]),
        (Schedule(480, days=tuple(range(7))), ["0 0,8,16 * * *"]),
        (TWICE, ["0 6 * * 1,2,5", "30 18 * * 1,2,5"]),
        (Schedule(90), ["0 0,3,6,9,12,15,18,21 * * *", "30 1,4,7,10,13,16,19,22 * * *"]),
    ],
)
def test_fields_where_the_computer_keeps_the_companys_time(
    project: Project, here: pytest.MonkeyPatch, plan: Schedule, fields: list[str]
) -> None:
    keep_time(here, "Europe/Paris")  # another name, the same time
    *runs, look = crontab(project, plan)
    assert [" ".join(found) for found, _ in runs] == fields
    assert look[0] == ["*"] * 5
    expected = {(day, item) for day in (plan.days or range(7)) for item in _times(plan)}
    monday = datetime(2026, 11, 23)  # noqa: DTZ001 - wall times
    got = [(one.weekday(), one.time()) for found, _ in runs for one in starts(found, monday, 7)]
    assert (set(got), len(got)) == (expected, len(expected))


def _times(plan: Schedule) -> tuple[wall, ...]:
    return plan.at or tuple(wall(minute // 60, minute % 60) for minute in range(0, 1440, plan.minutes))


def shell(project: Project, command: str, folder: Path, fake: str = "") -> str:
    """Run an entry's command by sh as cron does, with a program that writes down how it was started."""
    written = folder / "started"
    stub = folder / "stub"
    stub.write_text(f"#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done >> '{written}'\necho printed\n")
    stub.chmod(0o755)
    path = os.environ["PATH"]
    if fake:
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / "date").write_text(
            f'#!/bin/sh\nexec /usr/bin/env TZ="$TZ" {shutil.which("date")} -d "{fake}" "$@"\n'
        )
        (folder / "bin" / "date").chmod(0o755)
        path = f"{folder / 'bin'}:{path}"
    ours = command.replace(program()[0], str(stub))
    assert ours != command
    subprocess.run(["/bin/sh", "-c", ours], check=True, env={"PATH": path}, cwd="/")
    return written.read_text() if written.exists() else ""


@pytest.mark.skipif(sys.platform == "win32", reason="cron is not there, as on Linux")
def test_a_shell_starts_what_is_meant(project: Project, here: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keep_time(here, "Europe/Berlin")
    (_, run), (_, look) = crontab(project, Schedule(60))
    assert shell(project, run, tmp_path) == f"run\n--project\n{project.folder}\n"
    assert (project.folder / "revalign.log").read_text() == "printed\n"
    (tmp_path / "started").unlink()
    assert shell(project, look, tmp_path) == f"requests\nrun\n--project\n{project.folder}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="cron is not there, as on Linux")
@pytest.mark.parametrize(
    ("utc", "starts_it"),
    [
        ("2026-11-23 05:00", True),  # Monday, six in Berlin in winter
        ("2026-11-23 06:00", False),
        ("2026-07-06 04:00", True),  # in summer
        ("2026-07-06 05:00", False),
        ("2026-11-25 05:00", False),  # a Wednesday
        ("2026-11-23 17:30", True),
    ],
)
def test_a_computer_of_another_time_zone_looks_at_the_companys_clock(
    project: Project, here: pytest.MonkeyPatch, tmp_path: Path, utc: str, starts_it: bool
) -> None:
    keep_time(here, "UTC")
    (fields, run), _ = crontab(project, TWICE)
    assert fields == ["0,30", "*", "*", "*", "*"]
    assert bool(shell(project, run, tmp_path, f"{utc} UTC")) is starts_it


def test_a_time_zone_half_an_hour_apart(project: Project, here: pytest.MonkeyPatch) -> None:
    keep_time(here, "Asia/Kolkata")
    assert crontab(project, Schedule(at=(wall(6),)))[0][0][0] == "30"  # six in Berlin is 9:30 or 10:30 in Kolkata
    assert crontab(project, Schedule(30))[0][0] == ["*/30", "*", "*", "*", "*"]
    assert "case" in crontab(project, Schedule(60))[0][1]


def test_what_the_settings_read_is_named(project: Project) -> None:
    text = entries("cron", project, Schedule(60))["crontab"]
    assert "which must be set here: ADA_KEY" in text
    assert "keyring" in text


# --- systemd ----------------------------------------------------------------------------------------------------------


def test_units_as_systemd_reads_them(project: Project, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not there, as on Linux with systemd")
    units = tmp_path / "units"
    units.mkdir()
    for name, text in entries("systemd", project, TWICE).items():
        (units / name).write_text(text)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_LOG_LEVEL": "warning"}
    names = sorted(units.iterdir())
    assert len(names) == 4
    done = subprocess.run(
        [tool, "verify", "--user", *map(str, names)], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("plan", [Schedule(15, days=(0, 4)), Schedule(60), Schedule(90), Schedule(1440), TWICE])
def test_calendar_events_as_systemd_reads_them(project: Project, plan: Schedule) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not there, as on Linux with systemd")
    timer = next(text for name, text in entries("systemd", project, plan).items() if name.endswith("x.timer"))
    events = [line.partition("=")[2] for line in timer.splitlines() if line.startswith("OnCalendar=")]
    count = 20
    done = subprocess.run(
        [tool, "calendar", f"--iterations={count}", "--base-time=2026-11-22 22:59:59 UTC", *events],
        capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
    )  # fmt: skip
    elapses = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if "(in UTC)" in line or "Iter. #" in line]
    if not any("(in UTC)" in line for line in done.stdout.splitlines()):
        elapses = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if "elapse" in line or "Iter. #" in line]
    got = sorted(datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC) for text in elapses)
    from revalign_udf.jobs.timetable import slots

    wanted = slots(plan, ZoneInfo("Europe/Berlin"), datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC))
    assert got[:count] == [next(wanted) for _ in range(count)]


# --- Windows ----------------------------------------------------------------------------------------------------------


def read_task(text: str) -> ET.Element:
    text.encode("ascii")  # the same signs in whatever encoding an editor saves it
    return ET.fromstring(text)


def test_tasks_hold_what_windows_asks_for(project: Project) -> None:
    run, look = (read_task(text) for text in entries("taskscheduler", project, TWICE, now=NOW).values())
    for task in (run, look):
        assert [child.tag.removeprefix(_TASK) for child in task] == [
            "RegistrationInfo", "Triggers", "Principals", "Settings", "Actions",
        ]  # fmt: skip
        assert task.findtext(f".//{_TASK}MultipleInstancesPolicy") == "IgnoreNew"
        assert task.findtext(f".//{_TASK}StartWhenAvailable") == "true"
        assert task.findtext(f".//{_TASK}WorkingDirectory") == str(project.folder)
        assert task.findtext(f".//{_TASK}Command") == program()[0]
    assert (run.findtext(f".//{_TASK}Arguments") or "").startswith("run --project ")
    assert (look.findtext(f".//{_TASK}Arguments") or "").startswith("requests run --project ")
    begins = [item.text for item in run.iter(f"{_TASK}StartBoundary")]
    assert begins == ["2026-11-22T06:00:00", "2026-11-22T18:30:00"]
    days = [[day.tag.removeprefix(_TASK) for day in item] for item in run.iter(f"{_TASK}DaysOfWeek")]
    assert days == [["Monday", "Tuesday", "Friday"]] * 2
    assert look.findtext(f".//{_TASK}Interval") == "PT1M"


def test_a_task_of_an_interval_repeats_all_day(project: Project) -> None:
    run = read_task(next(iter(entries("taskscheduler", project, Schedule(90), now=NOW).values())))
    assert [item.text for item in run.iter(f"{_TASK}StartBoundary")] == ["2026-11-22T00:00:00"]
    assert (run.findtext(f".//{_TASK}Interval"), run.findtext(f".//{_TASK}Duration")) == ("PT90M", "P1D")
    daily = read_task(next(iter(entries("taskscheduler", project, Schedule(1440), now=NOW).values())))
    assert daily.find(f".//{_TASK}Repetition") is None


def test_arguments_are_quoted_as_windows_reads_them(project: Project) -> None:
    command = (r"C:\Program Files\Revalign & Co\revalign.exe",)
    text = next(iter(entries("taskscheduler", project, TWICE, command, NOW).values()))
    task = read_task(text)
    assert task.findtext(f".//{_TASK}Command") == command[0]
    arguments = task.findtext(f".//{_TASK}Arguments") or ""
    assert arguments.endswith('\\"x\\""')  # quotes inside are escaped, the whole is quoted


def test_a_clock_of_another_zone_is_said(project: Project, here: pytest.MonkeyPatch) -> None:
    keep_time(here, "UTC")
    assert "does not show Europe/Berlin" in next(iter(entries("taskscheduler", project, TWICE, now=NOW).values()))
    keep_time(here, "Europe/Berlin")
    assert "does not show" not in next(iter(entries("taskscheduler", project, TWICE, now=NOW).values()))


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cron", "systemd", "taskscheduler"])
def test_nothing_to_print(project: Project, kind: str) -> None:
    with pytest.raises(ConfigError, match="no runs are planned"):
        entries(kind, project, Schedule())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="line break"):
        entries(kind, project, TWICE, ("a\nb",))  # type: ignore[arg-type]
