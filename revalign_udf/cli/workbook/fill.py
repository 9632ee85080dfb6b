"""workbook fill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.workbook.files import (
    as_of_option,
    day_of,
    doors,
    each,
    failed,
    files_argument,
    progress,
    target,
    to_options,
)
from revalign_udf.errors import RevalignError

if TYPE_CHECKING:
    from revalign_udf.workbook.fill import Filled

__all__ = ["fill_command"]

#: cells of one kind that are listed; --json lists all
_LISTED = 20


@click.command("fill")
@files_argument
@to_options
@as_of_option
@project_option
@json_option
@guarded
def fill_command(
    files: tuple[Path, ...], to: Path | None, in_place: bool, as_of: str | None, project: Path, as_json: bool
) -> None:
    """Compute FILES without Excel and write the values into them.

    Native formulas and REVALIGN functions are computed together; formulas, formats, charts and everything else stay byte
    for byte. Exits with 1 when a value may be out of date because it could not be computed.
    """
    from revalign_udf.workbook.fill import fill

    day, door = day_of(as_of), doors(project)

    def work(file: Path) -> Filled:
        with progress(file, not as_json) as called:
            return fill(file, door, to=target(file, files, to, in_place), as_of=day, called=called)

    done, code = each(files, work)
    if as_json:
        print_json([_described(file, report) for file, report in done])
    else:
        for file, report in done:
            _print(file, report)
    if any(not isinstance(report, RevalignError) and not report.complete for _, report in done):
        code = PROBLEM
    if code:
        raise SystemExit(code)


def _described(file: Path, report: Filled | RevalignError) -> dict[str, Any]:
    if isinstance(report, RevalignError):
        return {"path": str(file), "error": failed(report)}
    return {
        "path": str(file),
        "complete": report.complete,
        "formulas": report.formulas,
        "revalign": report.ours,
        "changed": report.changed,
        "as_of": report.as_of,
        "errors": [
            {"sheet": f.sheet, "cell": f.cell, "formula": f.formula, "shown": f.shown, "message": f.message}
            for f in report.faults
        ],
        "kept": [
            {"sheet": k.sheet, "cell": k.cell, "formula": k.formula, "reason": k.reason, "stale": k.stale}
            for k in report.left
        ],
        "notes": report.notes,
    }


def _print(file: Path, report: Filled | RevalignError) -> None:
    if isinstance(report, RevalignError):
        stderr.print(f"{file}: {report}", markup=False, style="red")
        return
    pinned = f" · as of {report.as_of}" if report.as_of else ""
    console.print(
        f"{file}: {report.formulas} formulas, {report.ours} of Revalign; {report.changed} values changed{pinned}",
        markup=False,
    )
    for fault in report.faults[:_LISTED]:
        console.print(f"  {fault.sheet}!{fault.cell}  {fault.shown}  {fault.message}", markup=False, style="yellow")
    if len(report.faults) > _LISTED:
        console.print(
            f"  ... and {len(report.faults) - _LISTED} more cells with an error; --json lists all", style="yellow"
        )
    for stale, words in ((True, "kept, may be out of date"), (False, "kept, nothing it reads has changed")):
        kept = [item for item in report.left if item.stale == stale]
        style = "red" if stale else "dim"
        for item in kept[:_LISTED]:
            console.print(f"  {item.sheet}!{item.cell}  {words}: {item.reason}", markup=False, style=style)
        if len(kept) > _LISTED:
            console.print(f"  ... and {len(kept) - _LISTED} more of these; --json lists all", style=style)
    for note in report.notes:
        console.print(f"  {note}", markup=False, style="dim")
