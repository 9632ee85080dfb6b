"""sheets plan: what a sync would change."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json
from revalign_udf.cli.sheets.common import chosen_sheets, show_plan
from revalign_udf.errors import RevalignError
from revalign_udf.jobs.sheets import plan_sheet
from revalign_udf.query import Query
from revalign_udf.sheets import SheetPlan

__all__ = ["plan_command"]

#: what `sheets plan` alone exits with
PENDING, CONFLICT = 2, 3


@click.command("plan")
@click.argument("names", nargs=-1)
@project_option
@json_option
@guarded
def plan_command(names: tuple[str, ...], project: Path, as_json: bool) -> None:
    """What a sync would change; writes nothing.

    Exits 0: nothing to do, 2: changes pending, 3: a conflict that a person should look at (cells changed by hand, more
    rows vanishing than allowed, a block that would have to write over something).
    """
    chosen = settings(project)
    query = Query(chosen.snapshots)
    plans: list[tuple[str, SheetPlan]] = []
    try:
        for name in chosen_sheets(chosen, names):
            try:
                plans.append((name, plan_sheet(chosen, query, name)))
            except RevalignError as error:
                if error.code != "REV-703":
                    raise
                console.print(f"{name}: {error}", markup=False, style="red")
                raise SystemExit(CONFLICT) from None
    finally:
        query.close()
    if as_json:
        print_json([{"sheet": name, **plan.as_json()} for name, plan in plans])
    for name, plan in plans if not as_json else ():
        show_plan(name, plan)
    if any(plan.conflict for _, plan in plans):
        raise SystemExit(CONFLICT)
    if any(not plan.empty for _, plan in plans):
        raise SystemExit(PENDING)
