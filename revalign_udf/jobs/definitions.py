"""Definitions of a project as they stand in its folder, and signing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.calc.expression import Expression
from revalign_udf.config import Project, read_objects
from revalign_udf.config.definitions import read_answers
from revalign_udf.errors import ConfigError, UnknownName, UserError
from revalign_udf.governance import record
from revalign_udf.governance.signatures import Signature, add_signature
from revalign_udf.jobs.steps import additions_of, plugins_of
from revalign_udf.metrics import METRICS, Declared, Metric, qualified
from revalign_udf.publish.agreements import declared_of
from revalign_udf.query.definitions import Definitions, Version, resolve, teams_of
from revalign_udf.query.names import Catalogue
from revalign_udf.query.tables.agreements import checked_answers

__all__ = ["answers_of", "definitions_of", "name_in", "problems_of", "sign"]


def definitions_of(project: Project) -> tuple[Definitions, Catalogue]:
    """Every definition of a project, and the catalogue of those that hold today.

    Raises StoreError REV-801 where nobody can say what has been signed.
    """
    registry = plugins_of(project)
    try:
        declared = declared_of(additions_of(project, registry))
    except ConfigError:
        declared = Declared()  # a dimension declared twice keeps nobody from reading definitions
    found = resolve(project.folder, [*METRICS.values(), *registry.metrics], declared)
    return found, Catalogue(found.metrics, declared)


def answers_of(project: Project) -> tuple[list[Mapping[str, Any]], list[UserError]]:
    """What each team answers today, and what of it cannot be used."""
    definitions, catalogue = definitions_of(project)
    written, problems = read_answers(project.folder, read_objects(project.folder).get("definitions", ()))
    answers, wrong = checked_answers(written, catalogue, teams_of(definitions.metrics))
    return answers, [*(problem.error for problem in problems), *wrong]


def problems_of(project: Project) -> tuple[list[str], list[str]]:
    """What is wrong with the definitions of a project, and what of them waits for signatures."""
    definitions, _ = definitions_of(project)
    wrong = [str(problem) for problem in definitions.problems] + [str(error) for error in answers_of(project)[1]]
    return wrong, [f"{one.metric.name} v{one.metric.version} is {one.told}" for one in definitions.proposed]


def name_in(definitions: Definitions, catalogue: Catalogue, name: str) -> str:
    """The name of a metric by name or alias, also of one only proposed. Raises UnknownName REV-101."""
    plain = "_".join(name.casefold().replace("-", " ").split())
    if plain in definitions.versions or any(problem.name == plain for problem in definitions.problems):
        return plain
    return catalogue.metric(name).name


def sign(
    project: Project, name: str, team: str, who: str = "", version: int | None = None
) -> tuple[Signature, Version]:
    """Sign a proposed version (the last, unless one is named) of a metric's definition for a team.

    Returns the signature and the version as it was before it. Raises UnknownName REV-101 for a team or a metric nobody
    knows, UserError REV-106 where there is nothing to sign, for a team that does not own the metric or has signed, and
    while the formula reads a metric that is not agreed itself.
    """
    definitions, catalogue = definitions_of(project)
    chosen = definitions.version(name_in(definitions, catalogue, name), version)
    metric = chosen.metric
    team = "_".join(team.casefold().split())
    if team not in (teams := teams_of([*catalogue.metrics.values(), metric])):
        raise UnknownName("team", team, teams)
    if not chosen.digest:
        raise UserError(f"Version {metric.version} of {metric.name} is the catalogue's own.", code="REV-106")
    _readable(metric, catalogue)
    made = add_signature(project.folder, metric.as_dict(), team, chosen.needed, who)
    record(
        project.folder, "definition signed", metric=metric.name, version=metric.version, team=made.team, by=made.who,
        digest=made.digest, agreed=made.agreed,
    )  # fmt: skip
    return made, chosen


def _readable(metric: Metric, catalogue: Catalogue) -> None:
    """Raises UserError REV-106 for a formula that reads what nobody has agreed on, or reads itself by way of others."""

    def follow(one: Metric, seen: tuple[str, ...]) -> None:
        for used in Expression(one.read()).names if one.formula else ():
            qualifier, plain = qualified(used, catalogue.components)
            if qualifier == "goal_" or plain in catalogue.components:
                continue
            if plain == metric.name:
                way = " -> ".join((*seen, plain))
                raise UserError(f"{metric.name} version {metric.version} reads itself: {way}.", code="REV-106")
            if plain not in catalogue.metrics:
                raise UserError(f"{one.name} reads {plain}, which is not agreed yet.", code="REV-106")
            if plain not in seen:
                follow(catalogue.metrics[plain], (*seen, plain))

    follow(metric, (metric.name,))
