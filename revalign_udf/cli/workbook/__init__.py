"""Reports and other workbooks: one file per command."""

from __future__ import annotations

import click

from revalign_udf.cli.lazy import LazyGroup

__all__ = ["workbook_command"]

#: command -> the module that holds it, in the order of --help
COMMANDS = {
    "build": "build",
    "fill": "fill",
    "verify": "verify",
    "convert": "convert",
}


@click.group("workbook", cls=LazyGroup, package=__name__, modules=COMMANDS)
def workbook_command() -> None:
    """Workbooks: build reports, fill and check any .xlsx without Excel."""
