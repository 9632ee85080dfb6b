"""sheets plan: what a sync would change."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.cli.sheets.common import chosen_sheets
from revalign_udf.errors import RevalignError
from revalign_udf.jobs.steps import report_of, target_of
from revalign_udf.query import Query
from revalign_udf.query.answers import Table
from revalign_udf.sheets import SheetPlan, make_plan, open_spreadsheet

__all__ = ["plan_command"]

#: what `sheets plan` alone exits with
PENDING, CONFLICT = 2, 3


@click.command("plan")
@click.argument("names", nargs=-1)
@project_option
@json_option
@guarded
def plan_command(names: tuple[str, ...], project: Path, as_json: bool) -> None:
    """What a sync would change. Exits 0: nothing, 2: changes pending, 3: a conflict."""
    chosen = settings(project)
    query = Query(chosen.snapshots)
    plans: list[SheetPlan] = []
    for name in chosen_sheets(chosen, names):
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
