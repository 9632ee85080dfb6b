"""workbook check: whether layouts are right, before anything is written."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.workbook.reports import UNPUBLISHED, described, examined, is_own, published, show
from revalign_udf.config import Project
from revalign_udf.layout import available, find

__all__ = ["check_command"]


@click.command("check")
@click.argument("names", nargs=-1)
@project_option
@json_option
@guarded
def check_command(names: tuple[str, ...], project: Path, as_json: bool) -> None:
    """Read the layouts of reports NAMES (default: the project's own, and those its settings name) and answer them once.

    Says every problem with its file and place, writes nothing, and exits with 1 when there is one. A number there is no
    data for is a note, no problem.
    """
    chosen = settings(project)
    for name in names:
        find(name, chosen.folder)  # a typo here is a wrong argument; one in the settings is a problem found
    with published(chosen) as query:
        found = {name: examined(chosen, query, name) for name in names or _usual(chosen)}
    wrong = any(item.problems for item in found.values())
    if as_json:
        print_json(
            [
                {"report": name, "ok": not item.problems, "published": query is not None, **described(item)}
                for name, item in found.items()
            ]
        )
    else:
        for name, item in found.items():
            count = len(item.problems)
            said = f"{count} problem{'' if count == 1 else 's'}" if count else "ok"
            console.print(f"{name}: {said}", markup=False, style="red" if count else "")
            show(item)
        if query is None:
            stderr.print(UNPUBLISHED, style="yellow")
    if wrong:
        raise SystemExit(PROBLEM)


def _usual(project: Project) -> list[str]:
    """The project's own reports, and those it writes or syncs."""
    own = [name for name in available(project.folder) if is_own(find(name, project.folder))]
    synced = [sheet.layout for sheet in project.sheets.values()]
    return list(dict.fromkeys([*own, *project.workbooks, *synced]))
