"""Default meanings of a connector's stages, and stages nobody has given a meaning."""

from __future__ import annotations

from revalign_udf.config import Project, read_objects
from revalign_udf.connector import Rows, Whole
from revalign_udf.metrics import STAGES, STATES
from revalign_udf.plugins import Registry
from revalign_udf.store import Store

__all__ = ["unknown_stages", "write_stage_defaults"]

#: the scope of default rows in the store: they go when the connector no longer has them
_SCOPE = "_defaults"
_SHOWN = 8


def write_stage_defaults(store: Store, registry: Registry, connector: str, connection: str, run: int) -> None:
    """Keep the connector's default meanings as rows of the stage map, where the source itself says nothing."""
    told = {
        row[:3]
        for row in store.con.execute(
            "SELECT object, coalesce(pipeline, ''), lower(source_stage) FROM h_stage_map WHERE _conn = ? AND _scope <> ?",
            [connection, _SCOPE],
        ).fetchall()
    }
    rows = [
        item
        for item in registry.stage_defaults
        if item.connector == connector and (item.object, item.pipeline, item.source_stage.lower()) not in told
    ]
    known = store.con.execute(
        "SELECT count(*) FROM h_stage_map WHERE _conn = ? AND _scope = ?", [connection, _SCOPE]
    ).fetchall()[0][0]
    if not rows and not known:
        return
    with store.pull(connection, _SCOPE, run) as pull:
        if rows:
            columns: dict[str, list[object]] = {
                "connection": [connection] * len(rows),
                "object": [item.object for item in rows],
                "pipeline": [item.pipeline or None for item in rows],
                "source_stage": [item.source_stage for item in rows],
                "stage": [item.stage for item in rows],
                "position": [item.position for item in rows],
                "owner_team": [item.owner_team or None for item in rows],
                "is_won": [item.is_won for item in rows],
                "is_lost": [item.is_lost for item in rows],
            }
            pull.add(Rows("stage_map", columns, scope=_SCOPE))
        pull.add(Whole("stage_map", _SCOPE))
        pull.finish(None)


def unknown_stages(project: Project, store: Store, connection: str) -> list[str]:
    """A line for each stage of a connection that is no canonical one and that no map explains."""
    known = {*STAGES, *STATES}
    mapped = {
        row[0]
        for row in store.con.execute(
            "SELECT lower(trim(source_stage)) FROM h_stage_map WHERE connection IN (?, '*')"
            " QUALIFY row_number() OVER (PARTITION BY _conn, _key ORDER BY _seq DESC) = 1 AND NOT coalesce(deleted, false)",
            [connection],
        ).fetchall()
    }
    for row in read_objects(project.folder).get("stages", ()):
        if str(row.get("connection") or "*") in (connection, "*"):
            mapped.add(str(row["source_stage"]).strip().lower())
    found = store.con.execute(
        "SELECT subject_type, min(trim(stage)), count(*) FROM"
        " (SELECT subject_type, stage, deleted FROM h_lifecycle_event WHERE _conn = ?"
        "  QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _seq DESC) = 1) e"
        " WHERE NOT coalesce(deleted, false) GROUP BY subject_type, lower(trim(stage)) ORDER BY 3 DESC, 1, 2",
        [connection],
    ).fetchall()
    unknown = [row for row in found if row[1].lower() not in known and row[1].lower() not in mapped]
    lines = [
        f'The stage "{stage}" of {kind} ({number:,} events) means nothing yet: map it in alignment/stages.toml.'
        for kind, stage, number in unknown[:_SHOWN]
    ]
    if len(unknown) > _SHOWN:
        lines.append(f"... and {len(unknown) - _SHOWN} more stages without a meaning: revalign stages.")
    return lines
