"""sheets apply: bring spreadsheets to what the published snapshot says."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.sheets.common import chosen_sheets, show_plan
from revalign_udf.jobs.sheets import Ask, sync_sheets
from revalign_udf.query import Query

__all__ = ["apply_command"]


@click.command("apply")
@click.argument("names", nargs=-1)
@click.option("--allow-deletes", is_flag=True, help="Let more rows vanish than max_delete allows.")
@click.option("--overwrite", is_flag=True, help="Write over cells changed by hand now, without the cycle of warning.")
@project_option
@json_option
@guarded
def apply_command(names: tuple[str, ...], allow_deletes: bool, overwrite: bool, project: Path, as_json: bool) -> None:
    """Bring spreadsheets to what the published snapshot says: exactly what `plan` shows.

    A cell that somebody changed by hand is left alone once and logged; the next sync writes over it. The blocks as they
    stood before are kept for `undo`. Exits 1 when a spreadsheet could not be synced; the others are.
    """
    chosen = settings(project)
    query = Query(chosen.snapshots)
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=stderr,
        transient=True, disable=as_json or not stderr.is_terminal,
    )  # fmt: skip
    try:
        with bars:
            tasks = {name: bars.add_task(f"Sheet {name}", total=None) for name in chosen_sheets(chosen, names)}
            reports = sync_sheets(
                chosen, query, tuple(tasks), ask=Ask(allow_deletes, overwrite),
                told=lambda name, done, every: bars.update(tasks[name], completed=done, total=every),
                waiting=lambda text: stderr.print(text, markup=False),
            )  # fmt: skip
    finally:
        query.close()
    if as_json:
        print_json([report.as_json() for report in reports])
    for report in reports if not as_json else ():
        if report.plan is not None:
            show_plan(report.name, report.plan)
        else:
            console.print(f"{report.name}: {report.failure}", markup=False, style="red")
    if any(report.failure for report in reports):
        raise SystemExit(PROBLEM)
