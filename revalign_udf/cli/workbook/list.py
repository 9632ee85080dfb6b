"""workbook list: the reports there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.cli.workbook.reports import is_own, project_of
from revalign_udf.config import Project
from revalign_udf.errors import RevalignError
from revalign_udf.layout import available, find, packaged, read
from revalign_udf.query.answers import Table

__all__ = ["list_command"]


@click.command("list")
@project_option
@json_option
@guarded
def list_command(project: Path, as_json: bool) -> None:
    """Every report: those of the project, and those that come with Revalign."""
    chosen = project_of(project)
    found = list(_reports(chosen))
    if as_json:
        return print_json(found)
    rows = tuple(
        (one["name"], one["title"], len(one["sheets"]), "project" if one["own"] else "Revalign", one["description"])
        for one in found
    )
    print_table(Table(("name", "title", "sheets", "from", "shows"), rows, ("text", "text", "count", "text", "text")))
    console.print()
    for one in found:
        if one["problem"]:
            console.print(one["problem"], markup=False, style="red")
        if one["hides"]:
            console.print(f"{one['name']} of the project stands in place of Revalign's own.", style="yellow")
    if chosen is not None and any(one["own"] for one in found):
        console.print(f"Those of the project lie in {chosen.folder / 'workbooks'}.", markup=False)
    console.print(f"Those of Revalign lie in {packaged()}.", markup=False)
    console.print("One of your own: revalign workbook new NAME, or a copy: revalign workbook new NAME --from REPORT")
    return None


def _reports(project: Project | None) -> Iterator[dict[str, Any]]:
    """Each report as JSON. One whose layout cannot be read has a ``problem`` and nothing else to show."""
    folder = None if project is None else project.folder
    for name in available(folder):
        path = find(name, folder)
        own = is_own(path)
        shown: dict[str, Any] = {"title": "", "description": "", "sheets": [], "problem": None}
        try:
            layout = read(path)
            sheets = [tab.name for tab in layout.tabs]
            shown |= {"title": layout.title, "description": layout.description, "sheets": sheets}
        except RevalignError as error:
            shown["problem"] = str(error)
        yield {
            "name": name,
            **shown,
            "path": str(path),
            "own": own,
            "hides": own and (packaged() / name / "layout.toml").is_file(),
            "in_run": project is not None and name in project.workbooks,
        }
