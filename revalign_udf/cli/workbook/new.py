"""workbook new: a report to begin with."""

from __future__ import annotations

import re
from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json
from revalign_udf.cli.workbook.reports import described, examined, is_own, published, show
from revalign_udf.config import Project
from revalign_udf.errors import ConfigError, UserError
from revalign_udf.files import save
from revalign_udf.jobs.definitions import definitions_of
from revalign_udf.layout import find, packaged, read
from revalign_udf.layout.starting import choose, copied, starting
from revalign_udf.query import Query

__all__ = ["new_command"]

_README = """\
# {title}

A report. `layout.toml` says which numbers stand where; the Excel workbook and the Google Sheet are both written from it.

    revalign workbook check {name}      # is it right?
    revalign workbook build {name}      # writes output/{name}.xlsx

To have it written by every `revalign run`, add it in `revalign.toml` to the `reports` of `[workbooks]`.
"""


@click.command("new")
@click.argument("name")
@click.option("--from", "source", metavar="REPORT", help="Copy this report: see revalign workbook list.")
@click.option("--title", help="What stands on the cover.  [default: the name, or the title of REPORT]")
@click.option(
    "--metrics", metavar="NAMES", help="What to show, by commas: mrr,nrr.  [default: usual ones that have numbers]"
)
@project_option
@json_option
@guarded
def new_command(
    name: str, source: str | None, title: str | None, metrics: str | None, project: Path, as_json: bool
) -> None:
    """Begin a report NAME: workbooks/NAME/layout.toml in the project, to be changed with any editor.

    It is a small commented layout that works at once and shows the language, or a copy of another report.
    """
    chosen = settings(project)
    folder = _free(chosen, name)
    title = _title(title)
    wanted = _names(metrics)
    if source is not None and wanted:
        raise UserError("--from copies a report with its metrics.", hint="Leave --metrics out, and change the copy.")
    hides = (packaged() / name / "layout.toml").is_file()
    with published(chosen) as query:
        text = _copy(chosen, source, title) if source is not None else _begin(chosen, query, name, title, wanted)
        layout = save(text.encode(), folder / "layout.toml")
        written = [layout, save(_README.format(name=name, title=read(layout).title).encode(), folder / "README.md")]
        found = examined(chosen, query, name)
    if as_json:
        files = [str(path) for path in written]
        return print_json({"report": name, "from": source, "files": files, "hides": hides, **described(found)})
    for path in written:
        console.print(f"Wrote {path}", markup=False)
    if hides:
        console.print(f"It stands in place of the report {name} that comes with Revalign.", style="yellow")
    show(found)
    there = "" if project == Path() else f" --project {project}"
    console.print(f"Next: revalign workbook build {name}{there}", markup=False)
    if name not in chosen.workbooks:
        reports = ", ".join(f'"{one}"' for one in (*chosen.workbooks, name))
        console.print(f"For every run, in revalign.toml: [workbooks] reports = [{reports}]", markup=False)
    return None


def _free(project: Project, name: str) -> Path:
    """The folder of a new report. Raises UserError REV-102 for a name that cannot be one, ConfigError REV-306 for a taken
    one."""
    if not re.fullmatch(r"\w[\w-]*", name):
        plain = re.sub(r"[^\w-]+", "_", name).strip("_-")
        hint = "Letters, digits, _ and - only." + (f" For instance: {plain}." if plain else "")
        raise UserError(f"{name!r} is no name for a report.", hint=hint)
    folder = project.folder / "workbooks" / name
    if folder.exists():
        layout = folder / "layout.toml"
        other = f"change {layout}" if layout.exists() else "remove it"
        raise ConfigError(f"There is {folder} already.", code="REV-306", hint=f"Choose another name, or {other}.")
    return folder


def _title(title: str | None) -> str:
    """The title asked for, or nothing. Raises UserError REV-102 for a blank one."""
    if title is not None and not title.strip():
        raise UserError("A title cannot be blank.", hint="Leave --title out, or write --title 'Board report'.")
    return (title or "").strip()


def _names(metrics: str | None) -> list[str]:
    """The metrics asked for. Raises UserError REV-102 for a list without any."""
    names = [name.strip() for name in (metrics or "").split(",") if name.strip()]
    if metrics is not None and not names:
        raise UserError("--metrics names none.", hint="Leave it out, or write --metrics mrr,nrr.")
    return names


def _copy(project: Project, source: str, title: str) -> str:
    path = find(source, project.folder)
    read(path)  # a report that cannot be read is no beginning
    return copied(path, f"the report {source}{'' if is_own(path) else ' that comes with Revalign'}", title)


def _begin(project: Project, query: Query | None, name: str, title: str, metrics: list[str]) -> str:
    _, catalogue = definitions_of(project)
    usual = re.sub(r"[_-]+", " ", name).strip()
    return starting(name, title or usual[:1].upper() + usual[1:] or name, choose(catalogue, metrics, query))
