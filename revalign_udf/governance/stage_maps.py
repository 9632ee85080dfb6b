"""The stage maps a project has had: one line of ``governance/stage_maps.jsonl`` for each change a build has seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from revalign_udf.errors import StoreError
from revalign_udf.governance.audit import user
from revalign_udf.governance.lines import adding, content_of

__all__ = ["STAGE_MAPS_FILE", "note_stage_map", "since_of", "version_of"]

STAGE_MAPS_FILE = Path("governance") / "stage_maps.jsonl"
_NAME = "The list of stage maps"

Rows = Sequence[Mapping[str, Any]]


def version_of(rows: Rows) -> str:
    """What a stage map is known by: its rows, in any order."""
    lines = sorted(json.dumps(dict(row), sort_keys=True, default=str) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]


def note_stage_map(project_folder: Path, rows: Rows) -> str:
    """Add the map unless it is the one of the last line; the day (UTC) since which it holds.

    Raises StoreError REV-804 when the file cannot be written, REV-801 when it cannot be read.
    """
    version = version_of(rows)
    known = _read(project_folder)
    if known and known[-1]["version"] == version:
        return str(known[-1]["when"])[:10]
    when = datetime.now(UTC).isoformat(timespec="seconds")
    with adding(project_folder / STAGE_MAPS_FILE, _NAME) as file:
        file.add({"when": when, "who": user(), "version": version, "rows": [dict(row) for row in rows]})
    return when[:10]


def since_of(project_folder: Path, rows: Rows) -> str:
    """The day since which a map was last known to hold; empty for one no build has seen."""
    version = version_of(rows)
    return next((str(one["when"])[:10] for one in reversed(_read(project_folder)) if one["version"] == version), "")


def _read(project_folder: Path) -> list[dict[str, Any]]:
    path = project_folder / STAGE_MAPS_FILE
    found = []
    for line in content_of(path, _NAME).split(b"\n"):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
            one["version"], one["when"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise StoreError(
                f"{STAGE_MAPS_FILE.as_posix()} cannot be read.",
                hint=f"Restore {path} from version control, or remove the line a crash cut short.",
            ) from error
        found.append(one)
    return found
