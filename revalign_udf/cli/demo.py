"""demo: the first five minutes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option
from revalign_udf.cli.output import console, number, print_json, print_table
from revalign_udf.cli.project import progress_bar, show_run
from revalign_udf.jobs.demo import Demo, run_demo
from revalign_udf.query.answers import Table

__all__ = ["demo_command", "what_next"]


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("revalign-demo"))
@json_option
@guarded
def demo_command(folder: Path, as_json: bool) -> None:
    """The sample company from four systems to workbooks and a synced sheet in FOLDER, offline."""
    with progress_bar("pulling", as_json) as progress:
        demo = run_demo(folder, progress)
    if as_json:
        more = {"headlines": [answer.as_json() for answer in demo.headlines], "charts": demo.charts}
        print_json({**demo.report.as_json(), "project": str(folder), "page": str(demo.page), **more})
    else:
        show_run(demo.report)
        rows = tuple((a.label, a.period, number(a.value, a.unit, a.currency), a.fingerprint) for a in demo.headlines)
        console.print()
        print_table(Table(("number", "period", "value", "fingerprint"), rows, ("text", "text", "text", "text")))
        console.print("\n[bold]What to open next[/bold]")
        for what, target in what_next(demo):
            console.print(f"  {what:28}{target}", markup=False)
    if not demo.report.ok:
        raise SystemExit(PROBLEM)


def what_next(demo: Demo) -> Iterator[tuple[str, str]]:
    """What to look at, in order: what it is, and the file or the command."""
    folder, books = demo.folder, demo.report.workbooks
    if books:
        yield "the workbook to begin with", str(books[0])
    if len(books) > 1:
        names = ", ".join(path.stem for path in books[1:])
        yield f"{len(books) - 1} more beside it", f"{names} ({demo.charts} charts in all)"
    yield "the synced sheet", str(demo.page)
    yield "why a number is what it is", f"revalign explain nrr LAST_MONTH --project {folder}"
    yield "a number by segment", f"revalign metric mrr LAST_MONTH --by segment --project {folder}"
    yield "an Excel function", 'revalign call REVALIGN.CAC "[[1000],[2000]]" 500 7'
    yield "a report of your own", f"revalign workbook new board --project {folder}"
