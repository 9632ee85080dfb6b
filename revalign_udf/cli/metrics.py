"""metrics list, metrics show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.config import load
from revalign_udf.errors import ConfigError
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.metrics import METRICS, Metric, components_of
from revalign_udf.query.answers import Table
from revalign_udf.query.names import Catalogue

__all__ = ["metrics_command"]


def _catalogue(project: Path) -> Catalogue:
    """The shipped metrics, and the plugins' where there is a project."""
    try:
        extra: list[Metric] = plugins_of(load(project)).metrics
    except ConfigError:
        extra = []
    return Catalogue([*METRICS.values(), *extra])


def _described(catalogue: Catalogue, metric: Metric) -> dict[str, Any]:
    return {
        **metric.as_dict(),
        "components": components_of(metric, catalogue.metrics),
        "dimensions": catalogue.dimensions(metric),
    }


@click.group("metrics")
def metrics_command() -> None:
    """The metrics: what they mean, who owns them."""


@metrics_command.command("list")
@click.option("--family", help="Only this family.")
@project_option
@json_option
@guarded
def list_metrics(family: str | None, project: Path, as_json: bool) -> None:
    """Every metric with family, unit, owners and direction."""
    catalogue = _catalogue(project)
    chosen = [metric for metric in catalogue.metrics.values() if not family or metric.family == family]
    if as_json:
        return print_json([_described(catalogue, metric) for metric in chosen])
    rows = tuple((m.name, m.label, m.family, m.unit, ", ".join(m.owners), m.direction) for m in chosen)
    return print_table(Table(("name", "label", "family", "unit", "owners", "better"), rows))


@metrics_command.command("show")
@click.argument("name")
@project_option
@json_option
@guarded
def show_metric(name: str, project: Path, as_json: bool) -> None:
    """What a metric means."""
    catalogue = _catalogue(project)
    metric = catalogue.metric(name)
    if as_json:
        return print_json(_described(catalogue, metric))
    console.print(f"[bold]{metric.label}[/bold] ({metric.name}, v{metric.version})")
    console.print(metric.definition, markup=False)
    console.print(f"formula     {metric.formula or 'a table'}", markup=False)
    console.print(
        f"unit        {metric.unit}, {metric.direction} is better"
        if metric.direction != "neutral"
        else f"unit        {metric.unit}"
    )
    console.print(f"owners      {', '.join(metric.owners)}")
    console.print(f"cut by      {', '.join(catalogue.dimensions(metric)) or 'nothing'}")
    if metric.aliases:
        console.print(f"also        {', '.join(metric.aliases)}", markup=False)
    if metric.question:
        console.print(f"dodges      {metric.question} See {metric.counterpart}.")
    return console.print(f"source      {metric.source}")
