"""sheets undo: the blocks as they stood before the last change."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json
from revalign_udf.cli.sheets.common import chosen_sheets, show_plan
from revalign_udf.jobs.sheets import undo_sheet

__all__ = ["undo_command"]


@click.command("undo")
@click.argument("name")
@project_option
@json_option
@guarded
def undo_command(name: str, project: Path, as_json: bool) -> None:
    """Bring back the blocks of spreadsheet NAME as they stood before the last change.

    What people keep beside the rows stays with them. The next sync brings the current numbers again. Tabs and blocks
    that the last change made for the first time stay.
    """
    chosen = settings(project)
    chosen_sheets(chosen, (name,))
    when, plan = undo_sheet(chosen, name)
    if as_json:
        return print_json({"sheet": name, "undone": when, **plan.as_json()})
    console.print(f"Undone: the change of {when}.", markup=False)
    show_plan(name, plan)
    console.print("The next sync brings the current numbers again.")
    return None
