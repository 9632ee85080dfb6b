"""Where the layouts of reports lie: the project's own ``workbooks/`` first, then those that come with Revalign."""

from __future__ import annotations

import re
from pathlib import Path

from revalign_udf.errors import UnknownName

__all__ = ["available", "find", "packaged"]

LAYOUT = "layout.toml"


def packaged() -> Path:
    """The folder of the reports that come with Revalign: inside the wheel, or ``workbooks/`` of a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_data" / "workbooks"
    return inside if inside.is_dir() else package.parent / "workbooks"


def find(name: str, project: Path | None = None) -> Path:
    """The ``layout.toml`` of a report. A project's own report hides a packaged one of the same name.

    Raises UnknownName REV-101, with the nearest report that exists.
    """
    for folder in _folders(project):
        # the pattern keeps `../` and absolute paths out of a name
        if re.fullmatch(r"\w[\w-]*", name) and (layout := folder / name / LAYOUT).is_file():
            return layout
    known = available(project)
    hint = f"Reports: {', '.join(known)}." if known else "There is no report yet; write workbooks/NAME/layout.toml."
    raise UnknownName("report", name, known, hint=hint)


def available(project: Path | None = None) -> list[str]:
    """The names of every report, sorted."""
    found = {path.parent.name for folder in _folders(project) for path in folder.glob(f"*/{LAYOUT}")}
    return sorted(found)


def _folders(project: Path | None) -> list[Path]:
    own = [] if project is None else [Path(project) / "workbooks"]
    return [folder for folder in (*own, packaged()) if folder.is_dir()]
