"""sheets apply: bring spreadsheets to what the published snapshot says."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json
from revalign_udf.cli.sheets.common import chosen_sheets
from revalign_udf.jobs.steps import sync_sheets
from revalign_udf.query import Query

__all__ = ["apply_command"]


@click.command("apply")
@click.argument("names", nargs=-1)
@project_option
@json_option
@guarded
def apply_command(names: tuple[str, ...], project: Path, as_json: bool) -> None:
    """Bring spreadsheets to what the published snapshot says."""
    chosen = settings(project)
    reports = sync_sheets(chosen, Query(chosen.snapshots), chosen_sheets(chosen, names))
    if as_json:
        print_json([report.as_json() for report in reports])
    for report in reports if not as_json else ():
        text = report.failure or (report.plan.summary if report.plan else "")
        console.print(f"{report.name}: {text}", markup=False, style="red" if report.failure else "")
    if any(report.failure for report in reports):
        raise SystemExit(PROBLEM)
