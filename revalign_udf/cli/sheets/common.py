"""What the commands share: which spreadsheets are meant."""

from __future__ import annotations

from revalign_udf.config import Project
from revalign_udf.errors import ConfigError, UnknownName

__all__ = ["chosen_sheets"]


def chosen_sheets(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names asked for, or all of the settings. Raises ConfigError REV-301 for none, UnknownName for one nobody knows."""
    if not project.sheets:
        raise ConfigError(
            "No spreadsheet in the settings.", hint='Add [sheets.board] with url = "..." and key_file = "...".'
        )
    for name in names:
        if name not in project.sheets:
            raise UnknownName("sheet", name, project.sheets)
    return names or tuple(project.sheets)
