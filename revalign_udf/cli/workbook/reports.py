"""What the commands on reports share: the project where there is one, its published numbers, problems as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from revalign_udf.cli.output import console
from revalign_udf.cli.workbook.files import failed
from revalign_udf.config import SETTINGS_FILE, Project, load
from revalign_udf.errors import NoData, RevalignError, redact
from revalign_udf.jobs.definitions import definitions_of
from revalign_udf.jobs.reports import caller
from revalign_udf.layout import find, packaged, read
from revalign_udf.layout.checking import Findings, check, check_names
from revalign_udf.query import Query

__all__ = ["described", "examined", "is_own", "project_of", "published", "show"]

UNPUBLISHED = "Nothing is published yet, so only names were looked at: revalign run"


def project_of(folder: Path) -> Project | None:
    """The project of a folder; None where there is none, and only reports that come with Revalign are known."""
    return load(folder) if (folder / SETTINGS_FILE).exists() else None


def is_own(layout: Path) -> bool:
    """Whether a layout lies in a project, not in Revalign."""
    return layout.parent.parent.resolve() != packaged()


@contextmanager
def published(project: Project) -> Iterator[Query | None]:
    """The published numbers of a project; None before anything is published. Raises NoData REV-207 for a damaged snapshot."""
    query = Query(project.snapshots)
    try:
        query.session()
    except NoData as error:
        query.close()
        if error.code != "REV-205":
            raise
        yield None
        return
    try:
        yield query
    finally:
        query.close()


def examined(project: Project, query: Query | None, name: str) -> Findings:
    """Everything wrong with a report; where nothing is published yet, what its names show."""
    try:
        layout = read(find(name, project.folder))
        return check_names(layout, definitions_of(project)[1]) if query is None else check(layout, query, caller(query))
    except RevalignError as error:
        found = Findings()
        found.add(error)
        return found


def described(found: Findings) -> dict[str, Any]:
    """Findings for a JSON document."""
    return {"problems": [failed(error) for error in found.problems], "notes": found.notes}


def show(found: Findings) -> None:
    """Findings as lines under what they are about."""
    for error in found.problems:
        console.print(f"  {redact(str(error))}", markup=False, style="red")
    for note in found.notes:
        console.print(f"  {note}", markup=False, style="dim")
