"""schedule: runs that nobody has to start."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.requests import show_look, show_request
from revalign_udf.config import Project, Schedule
from revalign_udf.config.unattended import DAYS, minutes_of
from revalign_udf.config.unattended import every as interval_text
from revalign_udf.errors import StoreError, UserError

if TYPE_CHECKING:
    from revalign_udf.governance.requests import Request
    from revalign_udf.jobs.entries import Kind
    from revalign_udf.jobs.schedule import Ran
    from revalign_udf.jobs.ticks import Look

__all__ = ["schedule_command"]

_SHOWN = 5
_POLL = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


@click.command("schedule")
@click.option(
    "--every", metavar="INTERVAL", help="Run every 15m, 1h, 1d ..., counted from midnight, until interrupted."
)
@click.option("--run", "foreground", is_flag=True, help="Run by the plan of the settings, until interrupted.")
@click.option(
    "--poll", default="60s", show_default=True, metavar="SECONDS",
    help="How often to look between runs for what people asked for.",
)  # fmt: skip
@click.option(
    "--print", "kind", type=click.Choice(["cron", "systemd", "taskscheduler"]),
    help="Print entries for a scheduler of the operating system; with --every for that plan.",
)  # fmt: skip
@click.option(
    "--to", "target", type=click.Path(path_type=Path, file_okay=False),
    help="Write what --print prints into files of this folder.",
)  # fmt: skip
@project_option
@json_option
@guarded
def schedule_command(
    every: str | None, foreground: bool, poll: str, kind: Kind | None, target: Path | None, project: Path, as_json: bool
) -> None:
    """Unattended runs: the plan and the next five runs, or the runs themselves.

    The plan is [schedule] in revalign.toml: every = "1h", or at = ["06:00", "18:00"], and perhaps days = ["mon", "fri"];
    times are those of the company's time zone. A run pulls, builds, and writes workbooks and sheets. Between runs,
    refreshes and closes that were asked for (in the task pane, or with the box in a spreadsheet) are carried out.

    --every and --run stay in the foreground: one line a run (with --json one object a line). A run that fails does not
    end them, one that was missed is made up for once, Ctrl-C ends them after the step at hand.

    For example: revalign schedule --every 1h, or revalign schedule --print systemd
    """
    if target is not None and not kind:
        raise UserError("--to says where to write what --print prints.", hint="Add --print systemd.")
    if kind and foreground:
        raise UserError("--print prints, and --run runs.", hint="Leave one of them out.")
    chosen = settings(project)
    plan = Schedule(minutes_of(every, "--every")) if every else None
    if kind:
        return _print(kind, chosen, plan or chosen.schedule, target, as_json)
    if plan or foreground:
        return _keep(chosen, plan, _seconds(poll), as_json)
    return _show(chosen, as_json)


# --- the plan ---------------------------------------------------------------------------------------------------------


def _show(project: Project, as_json: bool) -> None:
    from revalign_udf.jobs.schedule import next_runs, plan_of, state_of
    from revalign_udf.jobs.timetable import plan_text

    plan, state, zone = plan_of(project), state_of(project.folder), ZoneInfo(project.company.time_zone)
    coming = [moment.astimezone(zone) for moment in next_runs(project, _SHOWN)]
    if as_json:
        return print_json(
            {
                "plan": plan_text(plan),
                "every": interval_text(plan.minutes) if plan.minutes else None,
                "at": [item.strftime("%H:%M") for item in plan.at],
                "days": [DAYS[day] for day in plan.days],
                "time_zone": zone.key,
                "next": [moment.isoformat(timespec="seconds") for moment in coming],
                "running": state.alive,
                "last": dict(state.last) or None,
            }
        )
    if not plan:
        console.print("No runs are planned.")
        console.print('Add [schedule] every = "1h" to revalign.toml, or: revalign schedule --every 1h', markup=False)
        return None
    console.print(f"{plan_text(plan).capitalize()} ({zone.key})", markup=False)
    for moment in coming:
        console.print(f"  {moment:%a %Y-%m-%d %H:%M}")
    if state.last:
        last = state.last
        began = state.began
        when = f"{began.astimezone(zone):%Y-%m-%d %H:%M}" if began else "at an unknown time"
        console.print(f"Last run of the loop: {when}, {last.get('status')}", markup=False)
    if state.alive:
        console.print("A loop makes these runs.")
    else:
        console.print(
            "Nothing of Revalign makes these runs just now: revalign schedule --run, or --print for the system's scheduler."
        )
    return None


# --- entries ----------------------------------------------------------------------------------------------------------


def _print(kind: Kind, project: Project, plan: Schedule, target: Path | None, as_json: bool) -> None:
    from revalign_udf.files import save
    from revalign_udf.jobs.entries import entries, same_clock

    files = entries(kind, project, plan)
    zone = ZoneInfo(project.company.time_zone)
    if kind == "taskscheduler" and not same_clock(zone, datetime.now(UTC)):
        stderr.print(f"This computer's clock does not show {zone.key}: read the comment in the file.", style="yellow")
    if target is not None:
        written = [save(text.encode(), target / name) for name, text in files.items()]
        if as_json:
            return print_json({"files": [str(path) for path in written]})
        for path in written:
            console.print(str(path), markup=False)
        return None
    if as_json:
        return print_json({"entries": dict(files)})
    for place, (name, text) in enumerate(files.items()):
        if kind == "systemd":
            click.echo(f"{chr(10) if place else ''}# ----- ~/.config/systemd/user/{name}")
        elif place:
            click.echo()
        click.echo(text, nl=False)
    return None


# --- the loop ---------------------------------------------------------------------------------------------------------


def _keep(project: Project, plan: Schedule | None, poll: float, as_json: bool) -> None:
    from revalign_udf.jobs.schedule import keep

    zone = ZoneInfo(project.company.time_zone)

    def ran(found: Ran) -> None:
        if as_json:
            _line({"event": "run", **found.as_json()})
        else:
            console.print(_told(found, zone), markup=False, style="red" if found.problems else None)

    def told(request: Request) -> None:
        if as_json:
            _line({"event": "request", **request.as_json()})
        else:
            show_request(request)

    def seen(look: Look) -> None:
        if as_json:
            _line({"event": "box", "sheet": look.sheet, "tab": look.tab, "new": look.new, "problem": look.problem})
        else:
            show_look(look)

    ended = threading.Event()
    with _ends(ended):
        alone = keep(project.folder, plan, poll, ran=ran, told=told, seen=seen, ended=ended)
    if not alone:
        raise StoreError(
            "A schedule runs for this project already.", code="REV-802", hint="End it first, or leave it to its work."
        )


@contextmanager
def _ends(ended: threading.Event) -> Iterator[None]:
    """Ctrl-C and the like end the loop after the step at hand; a second time at once."""
    kinds = [signal.SIGINT, signal.SIGTERM]
    before = {kind: signal.getsignal(kind) for kind in kinds}

    def end(_number: int, _frame: object) -> None:
        ended.set()
        for kind in kinds:
            signal.signal(kind, before[kind])
        stderr.print("Ending after the step at hand; once more ends at once.")

    for kind in kinds:
        signal.signal(kind, end)
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(PROBLEM) from None
    finally:
        for kind in kinds:
            signal.signal(kind, before[kind])


def _told(found: Ran, zone: ZoneInfo) -> str:
    """A run in one line."""
    day = found.began.astimezone(zone)
    parts = [f"{day:%Y-%m-%d %H:%M} {found.status}"]
    if found.snapshot:
        parts.append(f"snapshot {found.snapshot} {'published' if found.new else 'unchanged'}")
    if found.status in ("ok", "problems"):
        parts.append(f"{found.rows:,} rows read, workbooks: {found.workbooks}, sheets: {found.sheets}")
    if found.problems:
        more = f" (and {len(found.problems) - 1} more: --json shows all)" if len(found.problems) > 1 else ""
        parts.append(f"{' '.join(found.problems[0].split())}{more}")
    if found.status not in ("put off", "cut short"):
        parts.append(f"{found.seconds} s")
    if found.next:
        coming = found.next.astimezone(zone)
        again = "again" if found.status == "put off" else "next"
        parts.append(f"{again} {coming:%H:%M}" if coming.date() == day.date() else f"{again} {coming:%Y-%m-%d %H:%M}")
    return " · ".join(parts)


def _line(data: dict[str, Any]) -> None:
    """One JSON object on a line of its own, at once."""
    click.echo(json.dumps(data, ensure_ascii=False, default=str, allow_nan=False))


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smh]?)", text.strip().lower())
    seconds = float(found[1]) * _POLL[found[2]] if found else 0.0
    if not 0.1 <= seconds <= 3600:
        raise UserError(f'--poll "{text}" is no time from 0.1s to 1h.', hint="Write --poll 60s.")
    return seconds
