"""plugins list: what was found and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.config import PluginSettings, load
from revalign_udf.connector import Connector, Setting
from revalign_udf.errors import ConfigError, UnknownName
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.plugins import Plugin, Registry, discover
from revalign_udf.query.answers import Table

__all__ = ["list_command", "registry_of", "setting_line"]


def registry_of(project: Path) -> Registry:
    """What a project finds; outside of a project, what is installed."""
    try:
        return plugins_of(load(project))
    except ConfigError as error:
        if error.code != "REV-301":
            raise
        return discover(PluginSettings())


def setting_line(setting: Setting) -> str:
    """A setting in one line, its secrets marked."""
    marks = ["secret"] if setting.kind == "secret" else [setting.kind]
    marks += ["required"] if setting.required else []
    marks += [f"default {setting.default}"] if setting.default is not None else []
    return f"{setting.name} ({', '.join(marks)}): {setting.help}"


@click.command("list")
@click.argument("name", required=False)
@click.option("--verbose", "-v", is_flag=True, help="Also settings, scopes and pages of every connector.")
@project_option
@json_option
@guarded
def list_command(name: str | None, verbose: bool, project: Path, as_json: bool) -> None:
    """Every plugin found, also the disabled and the broken ones. With NAME: that one, with its settings and scopes."""
    registry = registry_of(project)
    chosen = [plugin for plugin in registry.plugins if name in (None, plugin.name)]
    if not chosen:
        raise UnknownName("plugin", name, [plugin.name for plugin in registry.plugins], code="REV-601")
    verbose = verbose or name is not None
    if as_json:
        print_json([asdict(plugin) | (_details(registry, plugin) if verbose else {}) for plugin in chosen])
        return
    rows = tuple((p.name, p.state, p.kind, ", ".join(p.connectors), ", ".join(p.metrics), p.origin) for p in chosen)
    print_table(Table(("name", "state", "kind", "connectors", "metrics", "origin"), rows))
    for plugin in chosen if verbose else ():
        for connector in _connectors(registry, plugin):
            _show(connector)
    for problem in registry.problems:
        if name in (None, problem.plugin):
            console.print(str(problem), markup=False, style="red")


def _connectors(registry: Registry, plugin: Plugin) -> list[Connector]:
    return [registry.connectors[item] for item in plugin.connectors if item in registry.connectors]


def _show(connector: Connector) -> None:
    spec = connector.spec
    console.print(f"\n{spec.name} {spec.version}: {spec.about}", markup=False, style="bold")
    if spec.scopes:
        console.print(f"  grant at the vendor's: {', '.join(spec.scopes)}", markup=False)
    for setting in spec.settings:
        console.print(f"  {setting_line(setting)}", markup=False)


def _details(registry: Registry, plugin: Plugin) -> dict[str, Any]:
    return {
        "details": [
            {
                "connector": item.spec.name,
                "version": item.spec.version,
                "about": item.spec.about,
                "scopes": list(item.spec.scopes),
                "settings": [{**asdict(setting), "secret": setting.kind == "secret"} for setting in item.spec.settings],
            }
            for item in _connectors(registry, plugin)
        ]
    }
