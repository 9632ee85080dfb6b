"""workbook convert."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from revalign_udf.cli.common import guarded, json_option
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.workbook.files import each, failed, files_argument, target, to_options
from revalign_udf.errors import RevalignError

if TYPE_CHECKING:
    from revalign_udf.workbook.convert import Converted

__all__ = ["convert_command"]

_ROUTES = ("office", "classic", "typed")


@click.command("convert")
@files_argument
@click.option(
    "--route", type=click.Choice(_ROUTES), required=True,
    help="The add-in the formulas are for; typed is the spelling with a dot, as people write it.",
)  # fmt: skip
@click.option(
    "--from", "source", type=click.Choice(("auto", *_ROUTES)), default="auto", show_default=True,
    help="Change only this spelling.",
)  # fmt: skip
@to_options
@json_option
@guarded
def convert_command(
    files: tuple[Path, ...],
    route: Literal["office", "classic", "typed"],
    source: str,
    to: Path | None,
    in_place: bool,
    as_json: bool,
) -> None:
    """Respell the REVALIGN functions in FILES for another add-in; nothing else changes."""
    from revalign_udf.workbook.convert import convert
    from revalign_udf.workbook.spelling import SPELLINGS

    only = [spelling for spelling in SPELLINGS if source in ("auto", spelling)]

    def work(file: Path) -> Converted:
        return convert(file, route, to=target(file, files, to, in_place), only=only)

    done, code = each(files, work)
    if as_json:
        print_json([_described(file, report) for file, report in done])
    else:
        for file, report in done:
            _print(file, report)
    if code:
        raise SystemExit(code)


def _described(file: Path, report: Converted | RevalignError) -> dict[str, Any]:
    if isinstance(report, RevalignError):
        return {"path": str(file), "error": failed(report)}
    return {
        "path": str(file),
        "route": report.route,
        "calls": report.calls,
        "parts": dict(report.places),
        "left": report.left,
        "notes": report.notes,
    }


def _print(file: Path, report: Converted | RevalignError) -> None:
    if isinstance(report, RevalignError):
        stderr.print(f"{file}: {report}", markup=False, style="red")
        return
    console.print(f"{file}: {report.calls} calls respelled for the route {report.route}", markup=False)
    for formula in report.left:
        console.print(f"  left as it is: {formula}", markup=False, style="yellow")
    for note in report.notes:
        console.print(f"  {note}", markup=False, style="dim")
