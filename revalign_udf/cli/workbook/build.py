"""workbook build."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from revalign_udf.cli.common import guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json
from revalign_udf.jobs import write_workbooks
from revalign_udf.query import Query
from revalign_udf.workbook import Route

__all__ = ["build_command"]


@click.command("build")
@click.argument("reports", nargs=-1)
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Folder to write into. Default: output/ of the project."
)
@click.option(
    "--route", type=click.Choice(get_args(Route)), default="classic", show_default=True,
    help="How formulas are stored: for the classic add-in or for the Office add-in.",
)  # fmt: skip
@project_option
@json_option
@guarded
def build_command(reports: tuple[str, ...], folder: Path | None, route: Route, project: Path, as_json: bool) -> None:
    """Write REPORTS (default: those of the settings) from the published snapshot."""
    chosen = settings(project)
    query = Query(chosen.snapshots)
    paths = write_workbooks(chosen, query, reports, folder, route)
    if as_json:
        return print_json([{"report": path.stem, "path": str(path)} for path in paths])
    for path in paths:
        console.print(f"Wrote {path}", markup=False)
    return None
