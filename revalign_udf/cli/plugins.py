"""plugins list, source test."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.config import PluginSettings, load
from revalign_udf.errors import ConfigError
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.plugins import Registry, discover
from revalign_udf.query.answers import Table
from revalign_udf.sync import check_source

__all__ = ["plugins_command", "source_command"]


def _registry(project: Path) -> Registry:
    try:
        return plugins_of(load(project))
    except ConfigError as error:
        if error.code != "REV-301":
            raise
        return discover(PluginSettings())


@click.group("plugins")
def plugins_command() -> None:
    """Connectors and metrics that plugins provide."""


@plugins_command.command("list")
@project_option
@json_option
@guarded
def list_plugins(project: Path, as_json: bool) -> None:
    """Every plugin found, also the disabled and the broken ones."""
    registry = _registry(project)
    if as_json:
        return print_json([asdict(plugin) for plugin in registry.plugins])
    rows = tuple(
        (p.name, p.state, p.kind, ", ".join(p.connectors), ", ".join(p.metrics), p.origin) for p in registry.plugins
    )
    print_table(Table(("name", "state", "kind", "connectors", "metrics", "origin"), rows))
    for problem in registry.problems:
        console.print(str(problem), markup=False, style="red")
    return None


@click.group("source")
def source_command() -> None:
    """The connections of a project."""


@source_command.command("test")
@click.argument("name")
@project_option
@json_option
@guarded
def test_source(name: str, project: Path, as_json: bool) -> None:
    """Whether a source can be reached with its settings."""
    chosen = settings(project)
    found = check_source(chosen, plugins_of(chosen), name)
    if as_json:
        print_json({"source": name, "ok": found.ok, "message": found.message})
    else:
        console.print(found.message, markup=False, style="" if found.ok else "red")
    if not found.ok:
        raise SystemExit(PROBLEM)
