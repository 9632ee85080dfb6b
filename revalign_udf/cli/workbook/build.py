"""workbook build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from revalign_udf.cli.common import PROBLEM, exit_code, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.workbook.files import failed
from revalign_udf.errors import RevalignError
from revalign_udf.jobs import write_workbooks
from revalign_udf.query import Query
from revalign_udf.workbook import Built, Progress, Route

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
    """Write REPORTS (default: those of the settings) from the published snapshot.

    A report that cannot be written does not stop the others.
    """
    chosen = settings(project)
    query, names = Query(chosen.snapshots), tuple(dict.fromkeys(reports or chosen.workbooks))
    done: list[dict[str, Any]] = []
    code = 0
    try:
        for name in names:
            try:
                with _bar(shown=not as_json) as watch:
                    (built,) = write_workbooks(chosen, query, (name,), folder, route, watch)
            except RevalignError as error:
                if len(names) == 1:
                    raise
                done.append({"report": name, "error": failed(error)})
                code = max(code, exit_code(error)) if code != PROBLEM else PROBLEM
                stderr.print(f"{name}: {error}", markup=False)
            else:
                done.append(_told(built))
                if not as_json:
                    console.print(_said(built), markup=False)
    finally:
        query.close()
    if as_json:
        print_json(done)
    if code:
        click.get_current_context().exit(code)


def _told(built: Built) -> dict[str, Any]:
    counts = {"sheets": built.sheets, "cells": built.cells, "charts": built.charts}
    return {"report": built.report, "path": str(built.path), **counts}


def _said(built: Built) -> str:
    counts = {"sheet": built.sheets, "cell": built.cells, "chart": built.charts}
    told = (f"{count:,} {what}{'' if count == 1 else 's'}" for what, count in counts.items())
    return f"Wrote {built.path}: {', '.join(told)}"


@contextmanager
def _bar(*, shown: bool) -> Iterator[Callable[[str], Progress]]:
    """A bar per report, a step for each sheet, on standard error of a terminal."""
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[cells]:,} cells"), TimeElapsedColumn(),
    )  # fmt: skip
    with Bar(*columns, console=stderr, transient=True, disable=not (shown and stderr.is_terminal)) as bar:

        def watch(report: str) -> Progress:
            task = bar.add_task(report, total=None, cells=0)

            def step(done: int, total: int, name: str, cells: int) -> None:
                said = f"{report} · {name}" if name else report
                bar.update(task, completed=done, total=total, cells=cells, description=said)

            return step

        yield watch
