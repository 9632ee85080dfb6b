"""A drop-in with a command of your own: ``revalign acme-hello``. It asks through the same door as everybody else."""

from __future__ import annotations

import click

from revalign_udf.config import load
from revalign_udf.hookspecs import hookimpl
from revalign_udf.query import Query


@click.command("acme-hello")
@click.argument("period", default="LAST_MONTH")
def hello(period: str) -> None:
    """Revenue of a period, in a line."""
    found = Query(load(".").snapshots).metric("revenue", period)
    click.echo(f"{found.period}: {found.value}")


@hookimpl
def register_commands() -> list[click.Command]:
    """The commands of this plugin, named with the plugin's own name in front."""
    return [hello]
