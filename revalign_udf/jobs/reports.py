"""A report of the project, resolved against its published snapshot."""

from __future__ import annotations

from revalign_udf.config import Project
from revalign_udf.layout import find, read, resolve
from revalign_udf.layout.model import Report
from revalign_udf.query import Query

__all__ = ["report_of"]


def report_of(project: Project, query: Query, name: str) -> Report:
    """A report's layout, resolved against the published snapshot."""
    return resolve(read(find(name, project.folder)), query)
