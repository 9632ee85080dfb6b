"""The one pipeline all teams share: its stages in order, who owns each, and what the data says that nobody mapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from revalign_udf.query import Query, Table
from revalign_udf.query.tables.agreements import pipeline_table, stage_problems, unknown_table

__all__ = ["SharedPipeline", "shared_pipeline"]


@dataclass(frozen=True, slots=True)
class SharedPipeline:
    """The pipeline of the published snapshot. ``version`` names the stage map, ``since`` the day (UTC) since which it
    holds; both empty where nobody has mapped anything."""

    table: Table
    unknown: Table
    problems: tuple[str, ...]
    version: str
    since: str
    snapshot: str

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        rows = [{key: value for key, value in row.items() if key != "map_version"} for row in self.table.dicts()]
        return {
            "version": self.version, "since": self.since, "snapshot": self.snapshot, "stages": rows,
            "unknown": self.unknown.dicts(), "problems": list(self.problems),
        }  # fmt: skip


def shared_pipeline(query: Query) -> SharedPipeline:
    """The shared pipeline as it was published. Raises NoData REV-205 while nothing is."""
    session = query.session()
    version, _, since = str(session.manifest.parameters.get("stage_map") or "").partition(" since ")
    return SharedPipeline(
        pipeline_table(session), unknown_table(session), tuple(stage_problems(session)), version, since,
        session.snapshot.label,
    )  # fmt: skip
