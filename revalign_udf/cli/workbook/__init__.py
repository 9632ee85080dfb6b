"""Reports and other workbooks: one file per command."""

from __future__ import annotations

import click

from revalign_udf.cli.lazy import LazyGroup

__all__ = ["workbook_command"]

#: command -> the module that holds it, in the order of --help
COMMANDS = {
    "new": "new",
    "list": "list",
    "check": "check",
    "build": "build",
    "fill": "fill",
    "verify": "verify",
    "convert": "convert",
}


@click.group("workbook", cls=LazyGroup, package=__name__, modules=COMMANDS)
def workbook_command() -> None:
    """Workbooks: begin, check and build reports, fill and verify any .xlsx without Excel."""
