"""The command line: one file per group of commands, each loaded when it is called."""

from __future__ import annotations

import click

from revalign_udf import __version__
from revalign_udf.cli.lazy import LazyGroup

__all__ = ["main"]

#: command -> the module that holds it, in the order of --help
COMMANDS = {
    "demo": "demo",
    "init": "project",
    "pull": "project",
    "build": "project",
    "run": "project",
    "metric": "numbers",
    "series": "numbers",
    "table": "numbers",
    "records": "numbers",
    "explain": "numbers",
    "bridge": "bridge",
    "period": "period",
    "drift": "period",
    "export": "export",
    "metrics": "metrics",
    "call": "functions",
    "excel": "excel",
    "workbook": "workbook",
    "sheets": "sheets",
    "plugins": "plugins",
    "source": "plugins",
    "stages": "stages",
    "vanity": "alignment",
    "commission": "commission",
    "review": "teamwork",
    "priorities": "teamwork",
    "content": "teamwork",
    "winloss": "teamwork",
    "sla": "sla",
    "handoffs": "sla",
    "kpis": "alignment",
    "serve": "serve",
    "requests": "requests",
    "schedule": "schedule",
    "alerts": "alerts",
    "doctor": "doctor",
}


@click.group(
    cls=LazyGroup, package=__name__, modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)  # fmt: skip
@click.version_option(__version__, prog_name="revalign")
def main() -> None:
    """One calculation core for marketing, sales, customer success and finance.

    Numbers come from published snapshots; definitions are shared; every value explains itself.
    """
