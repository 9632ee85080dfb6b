"""metrics list, show, diff, sign: what numbers mean, and who agreed to that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from revalign_udf.alignment.definitions import Impact, impact_of, month_name, where_answers_differ
from revalign_udf.cli.common import ask, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, number, print_json, print_table, stderr
from revalign_udf.config import Project, load
from revalign_udf.errors import ConfigError, NoData, UserError
from revalign_udf.jobs.definitions import answers_of, definitions_of, name_in, sign
from revalign_udf.metrics import METRICS, Metric, components_of
from revalign_udf.query.answers import Table
from revalign_udf.query.definitions import Definitions, Version
from revalign_udf.query.names import Catalogue

__all__ = ["metrics_command"]


def _known(project: Path) -> tuple[Definitions, Catalogue]:
    """The shipped metrics; where there is a project also its plugins' and its own."""
    try:
        chosen = load(project)
    except ConfigError:
        shipped = {name: (Version(metric, "agreed"),) for name, metric in METRICS.items()}
        return Definitions(shipped, (), METRICS), Catalogue(list(METRICS.values()))
    return definitions_of(chosen)


def _described(definitions: Definitions, catalogue: Catalogue, shown: Version) -> dict[str, Any]:
    """One version as JSON; a proposed one has its state and who is waited for."""
    metric = shown.metric
    return {
        **metric.as_dict(),
        "components": components_of(metric, catalogue.metrics, catalogue.components),
        "dimensions": catalogue.dimensions(metric),
        "state": shown.state,
        "waiting_for": shown.waiting,
        "signatures": [one.as_json() for one in shown.signatures],
        "versions": [
            {"version": one.metric.version, "state": one.state, "waiting_for": one.waiting}
            for one in definitions.versions.get(metric.name, ())
        ],
    }


def _shown(definitions: Definitions) -> list[Version]:
    """Of each metric the version that holds, and what is proposed."""
    found = []
    for name, versions in definitions.versions.items():
        held = definitions.holds(name)
        found += [one for one in versions if one is held or one.state == "proposed"]
    return found


@click.group("metrics")
def metrics_command() -> None:
    """The metrics: what they mean, who owns them, what is agreed and what is proposed."""


@metrics_command.command("list")
@click.option("--family", help="Only this family.")
@project_option
@json_option
@guarded
def list_metrics(family: str | None, project: Path, as_json: bool) -> None:
    """Every metric with family, unit, owners, direction, version and state. Proposed versions stand below the agreed."""
    definitions, catalogue = _known(project)
    chosen = [one for one in _shown(definitions) if not family or one.metric.family == family]
    if as_json:
        return print_json([_described(definitions, catalogue, one) for one in chosen])
    rows = tuple(
        (m.name, m.label, m.family, m.unit, ", ".join(m.owners), m.direction, f"v{m.version} {one.told}")
        for one, m in ((one, one.metric) for one in chosen)
    )
    print_table(Table(("name", "label", "family", "unit", "owners", "better", "definition"), rows))
    return _tell(definitions)


def _tell(definitions: Definitions) -> None:
    """Proposals that cannot be used, on standard error."""
    for problem in definitions.problems:
        stderr.print(str(problem), markup=False, style="red")


@metrics_command.command("show")
@click.argument("name")
@click.option("--version", type=int, help="Another version than the agreed one.")
@project_option
@json_option
@guarded
def show_metric(name: str, version: int | None, project: Path, as_json: bool) -> None:
    """What a metric means, who signed it, and what versions it has."""
    definitions, catalogue = _known(project)
    plain = name_in(definitions, catalogue, name)
    held = definitions.holds(plain)
    shown = held if version is None and held is not None else definitions.version(plain, version)
    if as_json:
        return print_json(_described(definitions, catalogue, shown))
    _print(shown.metric, catalogue)
    for one in definitions.versions[plain] if len(definitions.versions[plain]) > 1 or shown.digest else ():
        signed = ", ".join(f"{s.team}: {s.who}, {s.when[:10]}" for s in one.signatures)
        text = f"version {one.metric.version}   {one.told}" + (f"; signed by {signed}" if signed else "")
        console.print(text, markup=False)
    return _tell(definitions)


def _print(metric: Metric, catalogue: Catalogue) -> None:
    console.print(f"[bold]{metric.label}[/bold] ({metric.name}, v{metric.version})")
    console.print(metric.definition, markup=False)
    console.print(f"formula     {metric.formula or 'a table'}", markup=False)
    better = f", {metric.direction} is better" if metric.direction != "neutral" else ""
    console.print(f"unit        {metric.unit}{better}")
    console.print(f"owners      {', '.join(metric.owners)}")
    console.print(f"cut by      {', '.join(catalogue.dimensions(metric)) or 'nothing'}")
    if metric.aliases:
        console.print(f"also        {', '.join(metric.aliases)}", markup=False)
    if metric.valid_from:
        console.print(f"from        {metric.valid_from}")
    if metric.question:
        console.print(f"dodges      {metric.question} See {metric.counterpart}.")
    console.print(f"source      {metric.source}", markup=False)


@metrics_command.command("diff")
@click.argument("name", required=False)
@click.option("--from", "first", type=int, help="This version instead of the agreed one.")
@click.option("--to", "second", type=int, help="This version instead of the last proposed one.")
@click.option("--last", default=6, show_default=True, metavar="N", help="The last N full months.")
@project_option
@json_option
@guarded
def diff_metrics(
    name: str | None, first: int | None, second: int | None, last: int, project: Path, as_json: bool
) -> None:
    """Without NAME: where the teams' own answers differ (definitions/marketing.toml, definitions/sales.toml ...).

    With the NAME of a metric: what its proposed definition would do to each month, before anybody signs it. Example:
    revalign metrics diff nrr
    """
    chosen = settings(project)
    if name is not None:
        found = _impact(chosen, *_pair(chosen, name, first, second), last)
        return print_json(found.as_json()) if as_json else _print_impact(found)
    answers, problems = answers_of(chosen)
    if problems:
        raise problems[0]
    if not answers:
        raise NoData(
            "No team has written down what it means.", code="REV-204",
            hint="Write definitions/marketing.toml: [qualified_lead] score_from = 60. The same for sales.",
        )  # fmt: skip
    told = where_answers_differ(answers)
    if as_json:
        return print_json(told.as_json())
    print_table(told.table)
    return console.print(", ".join(f"{count} {state}" for state, count in told.counts.items()))


def _pair(project: Project, name: str, first: int | None, second: int | None) -> tuple[Metric, Metric]:
    """The two versions to compare: what holds, and what is proposed. Raises UserError REV-106 where they are one."""
    definitions, catalogue = definitions_of(project)
    plain = name_in(definitions, catalogue, name)
    after = definitions.version(plain, second)
    held = definitions.holds(plain)
    if first is None and held is None:
        raise UserError(f"{plain} is new: nothing has been agreed to compare it with.", code="REV-106")
    before = held if first is None and held is not None else definitions.version(plain, first)
    if before.metric.version == after.metric.version:
        raise UserError(f"Version {after.metric.version} of {plain} cannot be compared with itself.", code="REV-106")
    return before.metric, after.metric


def _impact(project: Project, before: Metric, after: Metric, last: int) -> Impact:
    query = ask(project.folder)
    try:
        return impact_of(query, before, after, last)
    finally:
        query.close()


def _print_impact(found: Impact) -> None:
    for one in found.changes:
        was, now = (
            number(side.value, found.after.unit, found.currency) if side.value is not None else side.cell
            for side in (one.before, one.after)
        )
        parts = [f"{was} -> {now}"]
        if one.customers is not None:
            parts.append(f"{one.customers} customer{'' if one.customers == 1 else 's'}")
        if one.records:
            parts.append(f"{one.records} record{'' if one.records == 1 else 's'} without a customer")
        if str(one.period) in found.closed:
            parts.append("closed: its number stays")
        console.print(f"{found.after.label} {month_name(one.period)}: {', '.join(parts)}", markup=False)


@metrics_command.command("sign")
@click.argument("name")
@click.option("--team", required=True, help="The owner team that agrees.")
@click.option("--by", "who", default="", metavar="WHO", help="Who signs; default: the user of this computer.")
@click.option("--version", type=int, help="Which version; default: the last proposed one.")
@project_option
@json_option
@guarded
def sign_metric(name: str, team: str, who: str, version: int | None, project: Path, as_json: bool) -> None:
    """Agree to the proposed definition of the metric NAME, for a team. With the last owner team it is agreed, and numbers
    follow it from the next build on. See what it does first: revalign metrics diff NAME.
    """
    chosen = settings(project)
    made, version_before = sign(chosen, name, team, who, version)
    missing = [one for one in version_before.waiting if one != made.team]
    if as_json:
        found = {"metric": made.name, "version": made.version, "digest": made.digest, **made.as_json()}
        return print_json({**found, "state": "agreed" if made.agreed else "proposed", "waiting_for": missing})
    console.print(f"{made.name} v{made.version} signed for {made.team} by {made.who}.", markup=False)
    if made.agreed:
        return console.print("Every owner team has signed: it is agreed. Numbers follow it after: revalign build")
    return console.print(f"Waiting for: {', '.join(missing)}", markup=False)
