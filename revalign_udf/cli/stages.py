"""stages: the shared pipeline."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.alignment.stages import shared_pipeline
from revalign_udf.cli.common import ask, guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.query.answers import Table

__all__ = ["stages_command"]


@click.command("stages")
@project_option
@json_option
@guarded
def stages_command(project: Path, as_json: bool) -> None:
    """The one pipeline all teams share: stages in order, the team that owns each, what the sources call it, and stages
    of the data that nobody mapped.

    Edit it in alignment/stages.toml, then: revalign build. A row there goes before the sources' own, as in: [[stages]]
    object = "lead", source_stage = "Hot", stage = "mql", owner_team = "marketing".
    """
    found = shared_pipeline(ask(project))
    if as_json:
        return print_json(found.as_json())
    held = f"Stage map {found.version}, since {found.since}" if found.version else "Nobody has mapped any stage"
    console.print(f"{held} · snapshot {found.snapshot}", markup=False)
    rows = tuple(row[:-1] for row in found.table.rows)
    print_table(Table(found.table.columns[:-1], rows, found.table.units[:-1]))
    if found.unknown.rows:
        print_table(found.unknown, "\nLeft out of every number until somebody maps them in alignment/stages.toml")
    for problem in found.problems:
        console.print(f"Problem: {problem}", markup=False, style="red")
    return None
