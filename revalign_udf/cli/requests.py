"""requests: work that was asked for from the task pane or in a spreadsheet."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.governance.requests import Request, attended, read_requests
from revalign_udf.query.answers import Table

if TYPE_CHECKING:
    from revalign_udf.jobs.ticks import Look

__all__ = ["beside", "requests_command", "show_look", "show_request"]

#: seconds a process beside this one may take to finish what it is at
_GRACE = 10


@click.group("requests")
def requests_command() -> None:
    """Refreshes and closes that were asked for: see them, carry them out.

    People ask from the task pane in Excel, or tick the box in the banner of a synced Google Sheet. `run` and `watch` look
    at those boxes; so does revalign schedule between its runs.
    """


@requests_command.command("list")
@click.option("--all", "every", is_flag=True, help="Also what is done or failed; otherwise only the last ten.")
@project_option
@json_option
@guarded
def list_command(every: bool, project: Path, as_json: bool) -> None:
    """What was asked for, by whom, and what came of it."""
    folder = settings(project).folder
    found = read_requests(folder)
    shown = [one for one in found.every if every or one.open or one in found.every[-10:]]
    if as_json:
        rows = [one.as_json() for one in shown]
        return print_json({"requests": rows, "attended": attended(folder), "unreadable": list(found.unreadable)})
    rows_shown = tuple((one.id, _what(one), one.who, one.when[:16], one.state, _came(one)) for one in shown)
    print_table(Table(("id", "request", "who", "when", "state", "outcome"), rows_shown, ("text",) * 6))
    for place in found.unreadable:
        console.print(f"Line {place} of governance/requests.jsonl cannot be read.", markup=False, style="red")
    if found.open and not attended(folder):
        console.print("Nobody carries them out just now: revalign requests run, or revalign requests watch.")
    return None


@requests_command.command("run")
@project_option
@json_option
@guarded
def run_command(project: Path, as_json: bool) -> None:
    """Look at the boxes in the spreadsheets and carry out what is waiting, once. Exits 1 when one failed."""
    from revalign_udf.jobs.requests import carry_out

    looks: list[Look] = []

    def seen(look: Look) -> None:
        looks.append(look)
        if not as_json:
            show_look(look)

    found = carry_out(settings(project), None if as_json else show_request, seen=seen)
    if found is None:
        print_json({"requests": [], "attended": True, "problems": []}) if as_json else console.print(
            "Somebody carries them out already."
        )
        return
    if as_json:
        problems = [look.text for look in looks if look.problem]
        print_json({"requests": [one.as_json() for one in found], "attended": False, "problems": problems})
    elif not found:
        console.print("Nothing is waiting.")
    if any(one.state == "failed" for one in found) or any(look.problem for look in looks):
        raise SystemExit(PROBLEM)


@requests_command.command("watch")
@click.option(
    "--every", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True, help="Seconds between two looks."
)
@click.option(
    "--until-eof", is_flag=True, help="End when standard input is closed: the program that began this one is gone."
)
@project_option
@guarded
def watch_command(every: float, until_eof: bool, project: Path) -> None:
    """Carry requests out as they come, until interrupted. Each spreadsheet is looked at once a minute at most."""
    from revalign_udf.jobs.requests import watch

    folder, ended = settings(project).folder, threading.Event()
    if until_eof:
        threading.Thread(target=_end_with_input, args=(ended,), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        alone = watch(folder, every, show_request, ended, seen=show_look)
    except KeyboardInterrupt:
        return
    if not alone:
        console.print("Somebody carries requests out already.")


@contextmanager
def beside(folder: Path) -> Iterator[None]:
    """While the block runs, a process of its own carries requests out; what it is cut short at is done again later."""
    command = [sys.executable, "-m", "revalign_udf.cli", "requests", "watch", "--until-eof", "--project", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:  # noqa: S603 - our own
        try:
            yield
        finally:
            assert child.stdin is not None
            child.stdin.close()
            try:
                child.wait(_GRACE)
            except subprocess.TimeoutExpired:
                child.terminate()


def _end_with_input(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _what(request: Request) -> str:
    return " ".join((request.kind, *(f"{value}" for name, value in request.details.items() if name == "period")))


def _came(request: Request) -> str:
    snapshot = request.result.get("snapshot", "")
    return " ".join(text for text in (snapshot, request.code, request.message) if text)


def show_look(look: Look) -> None:
    """Print what was seen at a spreadsheet's boxes."""
    console.print(look.text, markup=False, style="red" if look.problem else None)


def show_request(request: Request) -> None:
    """Print a request that was begun, or its outcome."""
    style = "red" if request.state == "failed" else None
    console.print(
        f"{request.id} {_what(request)} · {request.state} {_came(request)}".rstrip(), markup=False, style=style
    )
