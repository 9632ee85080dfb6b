"""Google Sheets kept in step: one file per command."""

from __future__ import annotations

import click

from revalign_udf.cli.lazy import LazyGroup

__all__ = ["sheets_command"]

#: command -> the module that holds it, in the order of --help
COMMANDS = {
    "init": "init",
    "login": "login",
    "plan": "plan",
    "apply": "apply",
    "verify": "verify",
    "undo": "undo",
    "local": "local",
}


@click.group("sheets", cls=LazyGroup, package=__name__, modules=COMMANDS)
def sheets_command() -> None:
    """Google Sheets kept in step."""
