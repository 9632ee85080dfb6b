"""What Excel needs to have the functions: one file per command."""

from __future__ import annotations

import click

from revalign_udf.cli.lazy import LazyGroup

__all__ = ["excel_command"]

#: command -> the module that holds it, in the order of --help
COMMANDS = {
    "addin": "addin",
    "functions": "functions",
    "lite": "lite",
    "office": "office",
    "reference": "reference",
}


@click.group("excel", cls=LazyGroup, package=__name__, modules=COMMANDS)
def excel_command() -> None:
    """What Excel needs to have the functions."""
