"""Entries for the schedulers of operating systems: cron, systemd and the Windows Task Scheduler.

Each starts two commands: ``revalign run`` by the plan, and ``revalign requests run`` every minute, which carries out what
people asked for in the task pane or with the box in a spreadsheet. Times are those of the company's time zone, also where
the computer keeps another one.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from revalign_udf.config import SETTINGS_FILE, Project, Schedule, is_reference
from revalign_udf.config.unattended import DAYS
from revalign_udf.errors import ConfigError
from revalign_udf.jobs.timetable import plan_text, times_of_day

__all__ = ["KINDS", "Kind", "entries", "program", "same_clock"]

Kind = Literal["cron", "systemd", "taskscheduler"]
KINDS: tuple[Kind, ...] = ("cron", "systemd", "taskscheduler")
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def program() -> tuple[str, ...]:
    """The command that is ``revalign`` here, absolute: the script beside this Python, or the module."""
    name = "revalign.exe" if sys.platform == "win32" else "revalign"
    script = Path(sys.executable).with_name(name)
    return (str(script),) if script.is_file() else (sys.executable, "-m", "revalign_udf.cli")


def entries(
    kind: Kind, project: Project, plan: Schedule, command: Sequence[str] = (), now: datetime | None = None
) -> Mapping[str, str]:
    """File name -> what to put into it, with a comment on how.

    Args:
        kind: of the scheduler.
        project: what to run.
        plan: when.
        command: what starts revalign; by default this installation.
        now: the day from which the clocks of the computer and of the company are compared, and tasks begin.

    Raises ConfigError REV-302 for an empty plan, REV-305 for a folder whose name no scheduler can hold.
    """
    if not plan:
        raise ConfigError(
            f"{project.folder}: no runs are planned.", code="REV-302",
            hint='Add [schedule] every = "1h" to revalign.toml, or name a plan: revalign schedule --every 1h --print cron.',
        )  # fmt: skip
    folder, command = str(project.folder.resolve()), tuple(command) or program()
    if any(ord(sign) < 32 for text in (folder, *command) for sign in text):
        raise ConfigError(f"{folder!r} has a line break or a control character in its name.", code="REV-305")
    job = _Job(project, plan, folder, command, now or datetime.now(UTC))
    return {"cron": _cron, "systemd": _systemd, "taskscheduler": _tasks}[kind](job)


def same_clock(zone: ZoneInfo, now: datetime) -> bool:
    """Whether this computer's clock shows the time of a zone, now and over the two years that follow."""
    return not any(difference for difference in _differences(zone, now))


def _differences(zone: ZoneInfo, now: datetime) -> set[int]:
    """By how many minutes the computer's clock is ahead of a zone, over two years."""
    moments = (now + timedelta(hours=6 * step) for step in range(4 * 731))
    offsets = ((moment.astimezone().utcoffset(), moment.astimezone(zone).utcoffset()) for moment in moments)
    return {
        round((here - there).total_seconds() / 60) for here, there in offsets if here is not None and there is not None
    }


class _Job:
    """What is to be started, and when."""

    def __init__(self, project: Project, plan: Schedule, folder: str, command: tuple[str, ...], now: datetime) -> None:
        self.project, self.plan, self.folder, self.now = project, plan, folder, now
        self.zone = ZoneInfo(project.company.time_zone)
        self.run = (*command, "run", "--project", folder)
        self.look = (*command, "requests", "run", "--project", folder)
        slug = re.sub(r"[^a-z0-9]+", "-", project.folder.resolve().name.lower()).strip("-")
        self.name = f"revalign-{slug or 'project'}"
        self.log = str(Path(folder) / "revalign.log")

    @property
    def by_minute(self) -> list[tuple[int, list[int]]]:
        """(minute, hours) of the plan's wall times."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for wall in times_of_day(self.plan):
            found[wall.minute].append(wall.hour)
        return sorted(found.items())

    @property
    def secrets(self) -> list[str]:
        """What unattended runs need besides the files, in words."""
        raw = tomllib.loads((self.project.folder / SETTINGS_FILE).read_text(encoding="utf-8-sig"))
        references = [text for text in _texts(raw) if is_reference(text)]
        names = sorted({text.partition(":")[2] for text in references if text.startswith("$env:")})
        told = [f"The settings read these variables, which must be set here: {', '.join(names)}"] if names else []
        if any(text.startswith("$keyring:") for text in references):
            told.append("The settings read the keyring, which is often locked while nobody is signed in: try it out.")
        return told


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


# --- cron -------------------------------------------------------------------------------------------------------------


def _cron(job: _Job) -> Mapping[str, str]:
    lines = [
        f"# Revalign, {_plain(job.project.company.name)}: {plan_text(job.plan)} ({job.zone.key}).",
        "# Put these lines into the table that `crontab -e` opens. What a run prints goes to the log file.",
        *(f"# {text}" for text in job.secrets),
    ]
    run = f"{_shell(job.run)} >> {_shell((job.log,))} 2>&1"
    if _shares_clock(job):
        lines += [f"{minute} {hours} * * {days} {run}" for minute, hours, days in _cron_times(job)]
    else:
        lines += [
            f"# The computer keeps another time zone: each line looks at the clock of {job.zone.key}, which is right whenever",
            "# one of the two changes to summer time.",
            *_guarded(job, run),
        ]
    lines.append(f"* * * * * {_shell(job.look)} > /dev/null 2>> {_shell((job.log,))}")
    return {"crontab": "\n".join(lines) + "\n"}


def _shares_clock(job: _Job) -> bool:
    ahead = _differences(job.zone, job.now)
    step = job.plan.minutes
    if ahead == {0}:
        return True
    return bool(step and 60 % step == 0 and not job.plan.days and all(minutes % step == 0 for minutes in ahead))


def _cron_times(job: _Job) -> list[tuple[str, str, str]]:
    """(minutes, hours, days) of the lines a plan needs."""
    days = _ranges([day + 1 for day in job.plan.days]) if len(job.plan.days) not in (0, 7) else "*"
    step = job.plan.minutes
    if step and 60 % step == 0:
        return [("0" if step == 60 else "*" if step == 1 else f"*/{step}", "*", days)]
    return [(str(minute), "*" if len(hours) == 24 else _ranges(hours), days) for minute, hours in job.by_minute]


def _guarded(job: _Job, run: str) -> list[str]:
    """Lines for a computer of another time zone: every hour at the minutes that can be meant, and a look at the right
    clock before anything is started."""
    ahead = _differences(job.zone, job.now)
    minutes = sorted({(wall.minute + shift) % 60 for wall in times_of_day(job.plan) for shift in ahead})
    days = f"[{''.join(str(day + 1) for day in job.plan.days)}]" if len(job.plan.days) not in (0, 7) else "?"
    wanted = "|".join(f"{days}{hour}" for hour in _patterns(job))
    clock = f"$(TZ={shlex.quote(job.zone.key)} date +\\%u\\%H\\%M)"
    return [f'{_ranges(minutes)} * * * * case "{clock}" in {wanted}) {run};; esac']


def _patterns(job: _Job) -> list[str]:
    """The wall times as shell patterns, an hour that has them all as one."""
    found = []
    for minute, hours in job.by_minute:
        found += [f"??{minute:02}"] if len(hours) == 24 else [f"{hour:02}{minute:02}" for hour in hours]
    return found


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers as cron writes them.

    >>> _ranges([1, 2, 3, 4, 5]), _ranges([6, 18]), _ranges([0, 1, 5])
    ('1-5', '6,18', '0,1,5')
    """
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return ",".join(map(str, numbers))


def _shell(words: Sequence[str]) -> str:
    """A command for sh in a crontab, where a bare % would be a line break."""
    return shlex.join(words).replace("%", "\\%")


# --- systemd ----------------------------------------------------------------------------------------------------------


def _systemd(job: _Job) -> Mapping[str, str]:
    title = _specifiers(f"Revalign, {_plain(job.project.company.name)}")
    name, look = job.name, f"{job.name}-requests"
    how = [
        "# Units of a user: put the files into ~/.config/systemd/user/, then:",
        f"#   systemctl --user daemon-reload && systemctl --user enable --now {name}.timer {look}.timer",
        "# To have them run while nobody is signed in: loginctl enable-linger",
        "# What a run printed: journalctl --user -u " + name,
    ]
    secrets = [f"# {text}" for text in job.secrets]
    secrets += [f"#EnvironmentFile=%h/.config/{name}.env"] if secrets else []
    times = [f"OnCalendar={item}" for item in _calendar(job)]
    return {
        f"{name}.service": _lines(
            *how, "[Unit]", f"Description={title}: pull, build, workbooks, sheets", "", "[Service]", "Type=oneshot",
            *secrets, f"ExecStart={_exec(job.run)}",
        ),
        f"{name}.timer": _lines(
            "[Unit]", f"Description={title}: {plan_text(job.plan)} ({job.zone.key})", "", "[Timer]", *times,
            "# a run that was missed is made up for, once", "Persistent=true", "AccuracySec=1s", "", "[Install]",
            "WantedBy=timers.target",
        ),
        f"{look}.service": _lines(
            "[Unit]", f"Description={title}: what people asked for", "", "[Service]", "Type=oneshot", *secrets,
            f"ExecStart={_exec(job.look)}", "StandardOutput=null",
        ),
        f"{look}.timer": _lines(
            "[Unit]", f"Description={title}: look for what people ask for, every minute", "", "[Timer]",
            "OnCalendar=minutely", "AccuracySec=1s", "", "[Install]", "WantedBy=timers.target",
        ),
    }  # fmt: skip


def _calendar(job: _Job) -> list[str]:
    """The plan as calendar events of systemd, in the company's time zone."""
    days = ",".join(DAYS[day].capitalize() for day in job.plan.days) + " " if job.plan.days else ""
    step = job.plan.minutes
    if step and 60 % step == 0:
        minutes = "00" if step == 60 else f"00/{step}"
        return [f"{days}*-*-* *:{minutes}:00 {job.zone.key}"]
    return [
        f"{days}*-*-* {'*' if len(hours) == 24 else ','.join(f'{hour:02}' for hour in hours)}:{minute:02}:00 {job.zone.key}"
        for minute, hours in job.by_minute
    ]


def _exec(words: Sequence[str]) -> str:
    """A command of a unit: quoted, with its own signs for the specifiers and variables of systemd."""
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return " ".join(f'"{_specifiers(word).replace("$", "$$")}"' for word in quoted)


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


# --- Windows ----------------------------------------------------------------------------------------------------------


def _tasks(job: _Job) -> Mapping[str, str]:
    start = datetime.combine(job.now.astimezone(job.zone).date(), time())
    minute = _trigger(start, "PT1M", ())
    times = [start] if job.plan.minutes else [datetime.combine(start, wall) for wall in job.plan.at]
    repeat = f"PT{job.plan.minutes}M" if 0 < job.plan.minutes < 24 * 60 else ""
    return {
        f"{job.name}.xml": _task(
            job,
            job.name,
            plan_text(job.plan),
            job.run,
            [_trigger(item, repeat, job.plan.days) for item in times],
            "PT12H",
        ),
        f"{job.name}-requests.xml": _task(
            job, f"{job.name}-requests", "looks for what people ask for, every minute", job.look, [minute], "PT12H"
        ),
    }


def _task(job: _Job, name: str, what: str, words: Sequence[str], triggers: Sequence[str], longest: str) -> str:
    zone = "" if same_clock(job.zone, job.now) else (
        f"\n  Times are those of this computer's clock, and it does not show {job.zone.key}: set its time zone to that, or let"
        "\n  a task that starts with the computer run the command schedule of revalign with the option run"
    )  # fmt: skip
    secrets = "".join(f"\n  {text}" for text in job.secrets)
    comment = (
        f'Save as {name}.xml, then:  schtasks /Create /TN "Revalign\\{name}" /XML {name}.xml'
        f"\n  It runs while you are signed in; to have it run always, add:  /RU you /RP *{zone}{secrets}"
    )  # fmt: skip
    lines = [
        '<?xml version="1.0"?>',
        f"<!--\n  {_comment(comment)}\n-->",
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
        "  <RegistrationInfo>",
        f"    <Description>{escape(_plain(f'Revalign, {job.project.company.name}: {what}'))}</Description>",
        "  </RegistrationInfo>",
        "  <Triggers>",
        *triggers,
        "  </Triggers>",
        "  <Principals>",
        '    <Principal id="Author">',
        "      <LogonType>InteractiveToken</LogonType>",
        "      <RunLevel>LeastPrivilege</RunLevel>",
        "    </Principal>",
        "  </Principals>",
        "  <Settings>",
        "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>",
        "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>",
        "    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>",
        "    <StartWhenAvailable>true</StartWhenAvailable>",
        f"    <ExecutionTimeLimit>{longest}</ExecutionTimeLimit>",
        "  </Settings>",
        '  <Actions Context="Author">',
        "    <Exec>",
        f"      <Command>{escape(words[0])}</Command>",
        f"      <Arguments>{escape(subprocess.list2cmdline(words[1:]))}</Arguments>",
        f"      <WorkingDirectory>{escape(job.folder)}</WorkingDirectory>",
        "    </Exec>",
        "  </Actions>",
        "</Task>",
    ]
    # whatever encoding an editor saves it in, these signs are the same
    return "\n".join(lines).encode("ascii", "xmlcharrefreplace").decode() + "\n"


def _comment(text: str) -> str:
    """A text inside a comment of XML, where two hyphens may not stand."""
    return re.sub(r"-(?=-)", "- ", text)


def _trigger(start: datetime, repeat: str, days: Sequence[int]) -> str:
    lines = ["    <CalendarTrigger>"]
    if repeat:
        lines += [
            "      <Repetition>",
            f"        <Interval>{repeat}</Interval>",
            "        <Duration>P1D</Duration>",
            "        <StopAtDurationEnd>false</StopAtDurationEnd>",
            "      </Repetition>",
        ]
    lines += [f"      <StartBoundary>{start:%Y-%m-%dT%H:%M:%S}</StartBoundary>", "      <Enabled>true</Enabled>"]
    if days:
        lines += [
            "      <ScheduleByWeek>",
            f"        <DaysOfWeek>{''.join(f'<{_WEEK[day]} />' for day in days)}</DaysOfWeek>",
            "        <WeeksInterval>1</WeeksInterval>",
            "      </ScheduleByWeek>",
        ]
    else:
        lines += ["      <ScheduleByDay>", "        <DaysInterval>1</DaysInterval>", "      </ScheduleByDay>"]
    return "\n".join([*lines, "    </CalendarTrigger>"])


def _plain(text: str) -> str:
    """A name on one line."""
    return " ".join("".join(sign if ord(sign) >= 32 else " " for sign in text).split())


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
