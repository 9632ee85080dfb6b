"""init, pull, build, run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, print_table, stderr
from revalign_udf.errors import UserError
from revalign_udf.jobs import RunReport, build, init_project, pull, run
from revalign_udf.publish import Published
from revalign_udf.query.answers import Table
from revalign_udf.sync import Progress, PullOptions, SourceReport

__all__ = ["build_command", "init_command", "progress_bar", "pull_command", "run_command", "show_run"]


#: tables named after a build
_SHOWN = 6


@contextmanager
def progress_bar(what: str, quiet: bool) -> Iterator[Progress | None]:
    """A line per source with the rows read so far; on standard error, only where a person looks."""
    if quiet or not stderr.is_terminal:
        yield None
        return
    with Bar(
        SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn(),
        console=stderr, transient=True,
    ) as bar:  # fmt: skip
        tasks: dict[str, int] = {}

        def show(source: str, rows: int) -> None:
            if source not in tasks:
                tasks[source] = bar.add_task(f"{what} {source}", total=None)
            bar.update(tasks[source], completed=rows)  # type: ignore[arg-type]

        yield show


def _sources(reports: list[SourceReport]) -> None:
    rows = tuple(
        (r.name, r.connector, r.status, r.counts.read, r.counts.written, r.counts.deleted, r.counts.rejected)
        for r in reports
    )
    units = ("text", "text", "text", "count", "count", "count", "count")
    print_table(Table(("source", "connector", "status", "read", "written", "deleted", "rejected"), rows, units))
    for report in reports:
        for text in report.messages:
            console.print(f"  {report.name}: {text}", markup=False)
        for text in report.failures:
            console.print(f"  {report.name}: {text}", markup=False, style="red")
        for reject in report.counts.rejects[:10]:
            place = f"{reject.file}:{reject.line}" if reject.file else reject.table
            value = f' "{reject.value}"' if reject.value else ""
            console.print(f"  {place} {reject.code} {reject.reason}{value}", markup=False, style="yellow")
        if len(report.counts.rejects) > 10:
            console.print(
                f"  ... and {len(report.counts.rejects) - 10} more refusals; all: revalign pull --json or doctor"
            )


def _published(done: Published) -> None:
    word = "published" if done.is_new else "unchanged"
    filled = [f"{count:,} {name}" for name, count in done.rows.items() if count]
    more = f" and {len(filled) - _SHOWN} more tables" if len(filled) > _SHOWN else ""
    console.print(f"[bold]Snapshot {done.label}[/bold] {word} · {', '.join(filled[:_SHOWN]) or 'no facts'}{more}")
    for note in done.notes:
        console.print(f"  {note}", markup=False, style="yellow")


def show_run(report: RunReport) -> None:
    """Print what a run did."""
    _sources(report.sources)
    if report.published:
        _published(report.published)
    for path in report.workbooks:
        console.print(f"Workbook {path}", markup=False)
    for sheet in report.sheets:
        if sheet.plan is not None:
            console.print(f"Sheet {sheet.name}: {sheet.plan.summary}", markup=False)
    for problem in report.problems:
        console.print(problem, markup=False, style="red")


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
@guarded
def init_command(folder: Path) -> None:
    """Make a project FOLDER: revalign.toml, plugins/, workbooks/, data/."""
    init_project(folder)
    console.print(
        f"Made {folder}. Put canonical CSV files into {folder / 'data'}, then: revalign run --project {folder}"
    )


@click.command("pull")
@click.argument("sources", nargs=-1)
@project_option
@json_option
@click.option("--strict", is_flag=True, help="Exit 1 when a row was refused.")
@click.option("--full", is_flag=True, help="Read everything again, not only what is new.")
@click.option("--confirm-deletes", is_flag=True, help="Believe a source that no longer lists most of its records.")
@click.option("--parallel", type=click.IntRange(1, 32), default=4, show_default=True, help="Sources at a time.")
@guarded
def pull_command(
    sources: tuple[str, ...], project: Path, as_json: bool, strict: bool, full: bool, confirm_deletes: bool,
    parallel: int,
) -> None:  # fmt: skip
    """Pull SOURCES (default: all) into the store, incrementally."""
    chosen = settings(project)
    options = PullOptions(full=full, confirm_deletes=confirm_deletes, workers=parallel)
    with progress_bar("pulling", as_json) as progress:
        reports = pull(chosen, sources, progress, options=options)
    if as_json:
        print_json([report.as_json() for report in reports])
    else:
        _sources(reports)
    if any(report.failures or (strict and report.counts.rejected) for report in reports):
        raise SystemExit(PROBLEM)


@click.command("build")
@project_option
@json_option
@click.option("--as-of", metavar="DATE", help="As it was known at the end of this day.")
@guarded
def build_command(project: Path, as_json: bool, as_of: str | None) -> None:
    """Compute the facts and publish a snapshot."""
    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise UserError(f'"{as_of}" is not a date.', code="REV-101", hint="Write 2026-09-30.") from None
    done = build(settings(project), day)
    if as_json:
        print_json(
            {
                "snapshot": done.label,
                "new": done.is_new,
                "as_of": str(done.as_of),
                "rows": done.rows,
                "notes": done.notes,
            }
        )
    else:
        _published(done)


@click.command("run")
@project_option
@json_option
@guarded
def run_command(project: Path, as_json: bool) -> None:
    """Pull, build, write workbooks, sync sheets, and say what happened."""
    chosen = settings(project)
    with progress_bar("pulling", as_json) as progress:
        report = run(chosen, progress)
    if as_json:
        print_json(report.as_json())
    else:
        show_run(report)
    if not report.ok:
        raise SystemExit(PROBLEM)
