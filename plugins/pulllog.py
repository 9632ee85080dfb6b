"""A drop-in that keeps a log of pulls as a file people can open, and a command that shows it.

It shows two hooks: ``after_sync`` is called once for each source after it was pulled; ``register_commands`` adds to the
command line. Copy it into your project's ``plugins/`` folder and name it under ``[plugins] enabled``::

    revalign pull
    revalign pulllog-show --last 5
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from revalign_udf.hookspecs import Synced, hookimpl

FILE = "pulls.csv"
COLUMNS = ("at", "source", "connector", "status", "read", "written", "deleted", "rejected", "failures")


@hookimpl
def after_sync(synced: Synced) -> None:
    """Add a line for a source that was pulled."""
    path = Path(synced.project) / FILE
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(COLUMNS)
        writer.writerow(
            [datetime.now(UTC).isoformat(timespec="seconds"), synced.source, synced.connector, synced.status,
             synced.read, synced.written, synced.deleted, synced.rejected, " | ".join(synced.failures)]
        )  # fmt: skip


@click.command("pulllog-show")
@click.option("--last", default=20, show_default=True, help="How many lines.")
def show(last: int) -> None:
    """The last pulls of the project in this folder."""
    path = Path(FILE)
    if not path.exists():
        click.echo("Nothing was pulled yet: revalign pull")
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[-last:]:
        click.echo(
            f"{row['at']}  {row['source']:<16} {row['status']:<7} {row['read']:>9} read {row['written']:>9} written"
        )
        if row["failures"]:
            click.echo(f"    {row['failures']}")


@hookimpl
def register_commands() -> Sequence[click.Command]:
    """The command of this plugin, named with the plugin's own name in front."""
    return [show]
