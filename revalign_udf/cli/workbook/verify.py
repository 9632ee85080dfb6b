"""workbook verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.workbook.files import as_of_option, day_of, doors, each, failed, files_argument, progress
from revalign_udf.errors import RevalignError

if TYPE_CHECKING:
    from revalign_udf.workbook.verify import Checked, Verified

__all__ = ["verify_command"]


@click.command("verify")
@files_argument
@click.option("--all", "everything", is_flag=True, help="Show every cell, not only those that differ.")
@click.option(
    "--tolerance", type=click.FloatRange(min=0), default=0.0, show_default=True,
    help="How far two numbers may lie apart.",
)  # fmt: skip
@as_of_option
@project_option
@json_option
@guarded
def verify_command(
    files: tuple[Path, ...], everything: bool, tolerance: float, as_of: str | None, project: Path, as_json: bool
) -> None:
    """Compare the values FILES hold with what they come to, cell by cell.

    Exits with 1 when a value differs or may be out of date, or when a REVALIGN cell could not be checked. Changes nothing.
    """
    from revalign_udf.workbook.verify import verify

    day, door = day_of(as_of), doors(project)

    def work(file: Path) -> Verified:
        with progress(file, not as_json) as called:
            return verify(file, door, tolerance=tolerance, as_of=day, called=called)

    done, code = each(files, work)
    if as_json:
        print_json([_described(file, report, everything) for file, report in done])
    else:
        for file, report in done:
            _print(file, report, everything)
    if any(not isinstance(report, RevalignError) and not report.sound for _, report in done):
        code = PROBLEM
    if code:
        raise SystemExit(code)


def _described(file: Path, report: Verified | RevalignError, everything: bool) -> dict[str, Any]:
    from revalign_udf.workbook.verify import as_json

    if isinstance(report, RevalignError):
        return {"path": str(file), "error": failed(report)}

    def cell(item: Checked) -> dict[str, Any]:
        return {
            "sheet": item.sheet,
            "cell": item.cell,
            "formula": item.formula,
            "stored": as_json(item.stored),
            "computed": as_json(item.computed),
            "equal": item.equal,
        }

    return {
        "path": str(file),
        "equal": report.sound,
        "checked": len(report.cells),
        "different": len(report.different),
        "as_of": report.as_of,
        "cells": [cell(item) for item in (report.cells if everything else report.different)],
        "unchecked": [
            {"sheet": u.sheet, "cell": u.cell, "formula": u.formula, "reason": u.reason, "stale": u.stale}
            for u in report.unchecked
        ],
    }


def _print(file: Path, report: Verified | RevalignError, everything: bool) -> None:
    from revalign_udf.workbook.values import shown

    if isinstance(report, RevalignError):
        stderr.print(f"{file}: {report}", markup=False, style="red")
        return
    different, pinned = len(report.different), f" · as of {report.as_of}" if report.as_of else ""
    console.print(f"{file}: {len(report.cells)} cells compared, {different} differ{pinned}", markup=False)
    for item in report.cells if everything else report.different:
        sign = "=" if item.equal else "≠"
        text = f"  {item.sheet}!{item.cell}  {shown(item.stored)} {sign} {shown(item.computed)}  {item.formula}"
        console.print(text, markup=False, style="" if item.equal else "red")
    for left in report.unchecked:
        console.print(f"  {left.sheet}!{left.cell}  not checked: {left.reason}", markup=False, style="yellow")
