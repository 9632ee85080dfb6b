"""sheets plan, apply, local."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.config import Project
from revalign_udf.errors import ConfigError, RevalignError, UnknownName
from revalign_udf.jobs.steps import report_of, sync_sheets, target_of
from revalign_udf.localsheets import LocalSheets
from revalign_udf.query import Query
from revalign_udf.query.answers import Table
from revalign_udf.sheets import SheetPlan, make_plan, open_spreadsheet

__all__ = ["sheets_command"]

#: what `sheets plan` alone exits with
PENDING, CONFLICT = 2, 3


def _chosen(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    if not project.sheets:
        raise ConfigError(
            "No spreadsheet in the settings.", hint='Add [sheets.board] with url = "..." and key_file = "...".'
        )
    for name in names:
        if name not in project.sheets:
            raise UnknownName("sheet", name, project.sheets)
    return names or tuple(project.sheets)


@click.group("sheets")
def sheets_command() -> None:
    """Google Sheets kept in step."""


@sheets_command.command("plan")
@click.argument("names", nargs=-1)
@project_option
@json_option
@guarded
def plan_sheets(names: tuple[str, ...], project: Path, as_json: bool) -> None:
    """What a sync would change. Exits 0: nothing, 2: changes pending, 3: a conflict."""
    chosen = settings(project)
    query = Query(chosen.snapshots)
    plans: list[SheetPlan] = []
    for name in _chosen(chosen, names):
        sheet = chosen.sheets[name]
        try:
            with open_spreadsheet(target_of(chosen, sheet)) as client:
                plans.append(make_plan(client, report_of(chosen, query, sheet.layout)))
        except RevalignError as error:
            if error.code != "REV-703":
                raise
            console.print(str(error), markup=False, style="red")
            raise SystemExit(CONFLICT) from None
    if as_json:
        print_json([plan.as_json() for plan in plans])
    for plan in plans if not as_json else ():
        rows = tuple((t.name, t.inserted, t.updated, t.removed, t.unchanged, "; ".join(t.structure)) for t in plan.tabs)
        units = ("text", "count", "count", "count", "count", "text")
        print_table(Table(("tab", "inserted", "updated", "removed", "unchanged", "structure"), rows, units))
        console.print(plan.summary, markup=False)
    if any(not plan.empty for plan in plans):
        raise SystemExit(PENDING)


@sheets_command.command("apply")
@click.argument("names", nargs=-1)
@project_option
@json_option
@guarded
def apply_sheets(names: tuple[str, ...], project: Path, as_json: bool) -> None:
    """Bring spreadsheets to what the published snapshot says."""
    chosen = settings(project)
    reports = sync_sheets(chosen, Query(chosen.snapshots), _chosen(chosen, names))
    if as_json:
        print_json([report.as_json() for report in reports])
    for report in reports if not as_json else ():
        text = report.failure or (report.plan.summary if report.plan else "")
        console.print(f"{report.name}: {text}", markup=False, style="red" if report.failure else "")
    if any(report.failure for report in reports):
        raise SystemExit(PROBLEM)


@sheets_command.command("local")
@click.option("--port", default=0, show_default="any free one", help="Port on 127.0.0.1.")
@json_option
@guarded
def local_sheets(port: int, as_json: bool) -> None:
    """Run the local Sheets server until interrupted: for trying a sync without Google.

    Prints its base URL and the path of a service-account key file made for it.
    """
    serve_until_interrupted(port, as_json)


def serve_until_interrupted(port: int, as_json: bool, wait: Callable[[float], None] = time.sleep) -> None:
    """Start the server, say where it is, and keep it up."""
    with LocalSheets(port) as server:
        if as_json:
            click.echo(json.dumps({"base_url": server.base_url, "key_file": str(server.key_file)}))
        else:
            console.print(f"Local Sheets server at {server.base_url}", markup=False)
            console.print(f"Key file {server.key_file}", markup=False)
            console.print("Ctrl-C ends it.")
        try:
            while True:
                wait(3600)
        except KeyboardInterrupt:
            console.print("Ended.") if not as_json else None
