"""The command line: one file per group of commands, each loaded when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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
    "source": "source",
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


def _of_plugins() -> Mapping[str, click.Command]:
    """Commands of the plugins that the project in this folder enables; none outside a project."""
    from revalign_udf.config import SETTINGS_FILE, load
    from revalign_udf.errors import RevalignError

    if not Path(SETTINGS_FILE).is_file():
        return {}
    from revalign_udf.jobs.steps import plugins_of

    try:
        project = load(Path())
        return plugins_of(project).commands if project.plugins.enabled else {}
    except RevalignError:
        return {}  # the command that is run says what is wrong with the settings


@click.group(
    cls=LazyGroup, package=__name__, modules=COMMANDS, more=_of_plugins,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)  # fmt: skip
@click.version_option(__version__, prog_name="revalign")
def main() -> None:
    """One calculation core for marketing, sales, customer success and finance.

    Numbers come from published snapshots; definitions are shared; every value explains itself.
    """
