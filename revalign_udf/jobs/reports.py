"""A report of the project, resolved against its published snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from revalign_udf.config import Project
from revalign_udf.functions.calling import call
from revalign_udf.functions.session import Door, using
from revalign_udf.layout import Draft, find, read
from revalign_udf.layout.ask import Caller
from revalign_udf.layout.model import Report
from revalign_udf.query import Query

__all__ = ["caller", "draft_of", "report_of"]


def caller(query: Query) -> Caller:
    """Calls functions as cells of the report would: they answer from the same snapshot."""

    def called(name: str, arguments: Sequence[Any]) -> Any:
        with using(cast("Door", query)):
            return call(name, arguments)

    return called


def draft_of(project: Project, query: Query, name: str) -> Draft:
    """A report that is resolved sheet by sheet against the published snapshot."""
    return Draft(read(find(name, project.folder)), query, caller(query))


def report_of(project: Project, query: Query, name: str) -> Report:
    """A whole report, resolved against the published snapshot."""
    return draft_of(project, query, name).report()
