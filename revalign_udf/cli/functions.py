"""call: an Excel function without Excel."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json
from revalign_udf.functions import call_cell
from revalign_udf.functions.session import PROJECT_VARIABLE, use

__all__ = ["call_command"]


def _argument(text: str) -> Any:
    """An argument as JSON; what is no JSON is text, as typed into a cell."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@click.command("call", context_settings={"ignore_unknown_options": True})
@project_option
@json_option
@click.argument("function")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@guarded
def call_command(project: Path, as_json: bool, function: str, arguments: tuple[str, ...]) -> None:
    """Run one Excel FUNCTION as a cell would: revalign call REVALIGN.CAC 100 200 3.

    ARGUMENTS are JSON values; a list of lists is a range, "" a blank, "#N/A" an error cell.
    """
    # options may stand behind the arguments too: negative numbers and options cannot be told apart by click alone
    rest, values = list(arguments), []
    while rest:
        item = rest.pop(0)
        if item == "--json":
            as_json = True
        elif item == "--project" and rest:
            project = Path(rest.pop(0))
        elif item.startswith("--project="):
            project = Path(item.partition("=")[2])
        else:
            values.append(item)
    if project != Path() or PROJECT_VARIABLE not in os.environ:
        use(project)
    found = call_cell(function, [_argument(item) for item in values])
    if as_json:
        return print_json(found)
    if "error" in found:
        console.print(f"{found['error']}  {found.get('message', '')}", markup=False)
        return None
    cell = found["cell"]
    if isinstance(cell, list):
        for row in cell:
            console.print("\t".join("" if value is None else str(value) for value in row), markup=False)
        return None
    return console.print("" if cell is None else str(cell), markup=False)
