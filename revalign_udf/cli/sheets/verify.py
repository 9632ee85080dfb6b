"""sheets verify: does the sheet say what the engine says?"""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.cli.sheets.common import chosen_sheets
from revalign_udf.jobs.sheets import verify_sheet
from revalign_udf.query import Query
from revalign_udf.query.answers import Table

__all__ = ["verify_command"]

#: differences shown to people; --json has all
_SHOWN = 50


@click.command("verify")
@click.argument("names", nargs=-1)
@project_option
@json_option
@guarded
def verify_command(names: tuple[str, ...], project: Path, as_json: bool) -> None:
    """Compare spreadsheets with the published snapshot, cell by cell. Exits 1 when any differs."""
    chosen = settings(project)
    query = Query(chosen.snapshots)
    try:
        found = {name: verify_sheet(chosen, query, name) for name in chosen_sheets(chosen, names)}
    finally:
        query.close()
    if as_json:
        print_json([{"sheet": name, **item.as_json()} for name, item in found.items()])
    for name, item in found.items() if not as_json else ():
        if item.ok:
            console.print(f"{name}: {item.compared:,} cells compared, all agree · {item.url}", markup=False)
            continue
        console.print(
            f"{name}: {item.compared:,} cells compared, {len(item.differences):,} differ · {item.url}",
            markup=False, style="red",
        )  # fmt: skip
        rows = tuple((d.tab, d.cell, d.row, d.column, d.sheet, d.engine) for d in item.differences[:_SHOWN])
        print_table(Table(("tab", "cell", "row", "column", "sheet", "engine"), rows, ("text",) * 6))
        if len(item.differences) > _SHOWN:
            console.print(f"... and {len(item.differences) - _SHOWN:,} more: revalign sheets verify {name} --json")
    if not all(item.ok for item in found.values()):
        raise SystemExit(PROBLEM)
