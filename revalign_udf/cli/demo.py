"""demo: the first five minutes."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option
from revalign_udf.cli.output import console, number, print_json, print_table
from revalign_udf.cli.project import progress_bar, show_run
from revalign_udf.jobs.demo import run_demo
from revalign_udf.query.answers import Table

__all__ = ["demo_command"]


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("revalign-demo"))
@json_option
@guarded
def demo_command(folder: Path, as_json: bool) -> None:
    """The sample company from four systems to a workbook and a synced sheet in FOLDER, offline."""
    with progress_bar("pulling", as_json) as progress:
        demo = run_demo(folder, progress)
    if as_json:
        headlines = [answer.as_json() for answer in demo.headlines]
        print_json({**demo.report.as_json(), "project": str(folder), "page": str(demo.page), "headlines": headlines})
    else:
        show_run(demo.report)
        rows = tuple((a.label, a.period, number(a.value, a.unit, a.currency), a.fingerprint) for a in demo.headlines)
        console.print()
        print_table(Table(("number", "period", "value", "fingerprint"), rows, ("text", "text", "text", "text")))
        book = demo.report.workbooks[0] if demo.report.workbooks else folder
        console.print("\n[bold]What to open next[/bold]")
        for what, target in (
            ("the workbook", str(book)),
            ("the synced sheet", str(demo.page)),
            ("why a number is what it is", f"revalign explain nrr LAST_MONTH --project {folder}"),
            ("a number by segment", f"revalign metric mrr LAST_MONTH --by segment --project {folder}"),
            ("an Excel function", 'revalign call REVALIGN.CAC "[[1000],[2000]]" 500 7'),
        ):
            console.print(f"  {what:28}{target}", markup=False)
    if not demo.report.ok:
        raise SystemExit(PROBLEM)
