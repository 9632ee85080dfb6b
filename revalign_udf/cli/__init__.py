"""The command line: one file per group of commands, each loaded when it is called."""

from __future__ import annotations

import importlib

import click

from revalign_udf import __version__

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
    "excel": "functions",
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
    "doctor": "doctor",
}


class _Lazy(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            from revalign_udf.errors import did_you_mean

            near = did_you_mean(name, COMMANDS)
            ctx.fail(f"There is no command {name!r}." + (f" Did you mean {near}?" if near else " See revalign --help."))
        module = importlib.import_module(f"revalign_udf.cli.{COMMANDS[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="revalign")
def main() -> None:
    """One calculation core for marketing, sales, customer success and finance.

    Numbers come from published snapshots; definitions are shared; every value explains itself.
    """
