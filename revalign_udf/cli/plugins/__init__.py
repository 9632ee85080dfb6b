"""plugins: what extends Revalign. Each command lies in a file of its own, loaded when it is called."""

from __future__ import annotations

import click

from revalign_udf.cli.lazy import LazyGroup

__all__ = ["plugins_command"]

COMMANDS = {"list": "listing", "new": "making", "check": "checking", "install": "installing"}


@click.group("plugins", cls=LazyGroup, package=__name__, modules=COMMANDS)
def plugins_command() -> None:
    """Connectors, metrics and commands that plugins provide."""
