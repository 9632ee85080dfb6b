"""A project of a few hand-written rows: the whole way from CSV to answers, small enough to check by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from revalign_udf.config import SETTINGS_FILE, load
from revalign_udf.errors import UserError
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.query import Query

__all__ = ["project_of", "rows_of"]


def rows_of(text: str) -> str:
    r"""CSV text of a table written with spaces: a header line, then one line per row; ``-`` is an empty cell.

    >>> rows_of('''
    ...     id  name
    ...     1   Ada
    ...     2   -
    ... ''')
    'id,name\n1,Ada\n2,\n'
    """
    lines = [line.split() for line in text.strip().splitlines()]
    return "".join(",".join("" if cell == "-" else cell for cell in line) + "\n" for line in lines)


def project_of(folder: Path, tables: Mapping[str, str], settings: str = "", *, through: str = "") -> Query:
    """Write tables (name -> rows as for :func:`rows_of`) and settings, pull, build, and open the door.

    ``through`` is the day the data is complete through. Raises UserError when a row was refused: in a hand-written case
    that is a mistake.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (data / f"{name}.csv").write_text(rows_of(text), encoding="utf-8")
    complete = f'complete_through = "{through}"' if through else ""
    (folder / SETTINGS_FILE).write_text(
        f'{settings}\n[source.files]\nconnector = "csv"\npath = "data"\n{complete}\n', encoding="utf-8"
    )
    project = load(folder)
    registry = plugins_of(project)
    for report in pull(project, registry=registry):
        if report.failures or report.counts.rejects:
            raise UserError(f"The rows of this case were refused: {report.failures or report.counts.rejects}")
    build(project, registry=registry)
    return Query(project.snapshots)
