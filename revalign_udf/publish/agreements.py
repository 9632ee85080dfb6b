"""What a project has agreed on, as a build takes it: objects, answers of teams, the stage map, definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from revalign_udf.config import Project, read_objects
from revalign_udf.config.definitions import read_answers
from revalign_udf.errors import NoData
from revalign_udf.governance.stage_maps import note_stage_map, since_of, version_of
from revalign_udf.kernels import Additions
from revalign_udf.kernels.stages import put_stage_map
from revalign_udf.metrics import Declared, Metric
from revalign_udf.query.definitions import Definitions, resolve, teams_of
from revalign_udf.query.names import Catalogue
from revalign_udf.query.tables.agreements import checked_answers
from revalign_udf.snapshots import current
from revalign_udf.store import Store

__all__ = ["Agreements", "declared_of", "links_of", "read_agreements", "unknown_stages"]


@dataclass(frozen=True, slots=True)
class Agreements:
    """What goes into the manifest, and what to tell of the rest: texts that cannot be used, what waits for signatures."""

    objects: Mapping[str, Sequence[Mapping[str, Any]]]
    definitions: Definitions
    parameters: Mapping[str, str]
    notes: tuple[str, ...]


def declared_of(additions: Additions) -> Declared:
    """The catalogue's names, and those a project and its plugins add."""
    components = {item.name: item for kernel in additions.kernels for item in kernel.components}
    dimensions = {item.name: item.declared for item in additions.dimensions}
    return Declared().beside(Declared({}, components, {k.fact.name: k.fact for k in additions.kernels}, dimensions))


def read_agreements(
    project: Project, con: duckdb.DuckDBPyConnection, metrics: Sequence[Metric], additions: Additions, as_of: date
) -> Agreements:
    """Read everything agreed, and put the stage map in place for the kernels.

    What teams propose or answer never stops a build; an object the numbers rest on does: ConfigError for one that cannot
    be read, StoreError REV-801 for signatures that cannot.
    """
    objects: dict[str, Sequence[Mapping[str, Any]]] = {**read_objects(project.folder)}
    declared = declared_of(additions)
    found = resolve(project.folder, metrics, declared, as_of)
    written, problems = read_answers(project.folder, objects.get("definitions", ()))
    answers, wrong = checked_answers(written, Catalogue(found.metrics, declared), teams_of(metrics))
    rows = put_stage_map(con, objects.get("stages", ()))
    objects |= {"definitions": answers, "stage_map": rows}
    notes = [str(one) for one in (*found.problems, *problems, *wrong)]
    notes += [f"{one.metric.name} v{one.metric.version} is {one.told}." for one in found.proposed]
    parameters = {"stage_map": _named(project.folder, rows, project.snapshots, as_of)} if rows else {}
    return Agreements({name: kept for name, kept in objects.items() if kept}, found, parameters, tuple(notes))


def _named(folder: Path, rows: Sequence[Mapping[str, Any]], root: Path, as_of: date) -> str:
    """The version of a stage map and since when it holds; a build of a day gone by changes no map."""
    try:
        past = as_of < date.fromisoformat(current(root).rpartition(".")[0])
    except NoData:
        past = False
    since = (since_of(folder, rows) or str(as_of)) if past else note_stage_map(folder, rows)
    return f"{version_of(rows)} since {since}"


def links_of(project: Project, store: Store) -> list[dict[str, str]]:
    """How each source of the settings makes the addresses of its records: system, table, and an address with ``{id}`` in it."""
    return [
        {"system": system, "table": table, "url": address}
        for system, links in store.links().items()
        if system in project.sources
        for table, address in sorted(links.items())
    ]


def unknown_stages(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What a build says of stages nobody mapped."""
    rows = con.execute(
        "SELECT system, reason, count(*) FROM f_excluded WHERE fact = 'reach' AND (reason LIKE 'unknown stage \"%'"
        " OR reason LIKE 'stage \"%\" is mapped to several') GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    return [
        f"{system}: {reason}: {count:,} events are left out; map it in alignment/stages.toml."
        for system, reason, count in rows
    ]
