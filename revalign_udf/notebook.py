"""For notebooks: ``revalign_udf.open(project)`` and tables as pandas DataFrames.

>>> import revalign_udf
>>> with revalign_udf.open("my-project") as numbers:  # doctest: +SKIP
...     numbers.metric("mrr", "2026-09").value
...     numbers.series("nrr", "2026-01", "2026-09").plot(x="period", y="value")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revalign_udf.query import Answer, Explanation, Query, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Numbers", "open_project"]

Where = Mapping[str, str] | None


class Numbers:
    """A project's published numbers. pandas is imported when the first table is asked for."""

    def __init__(self, query: Query) -> None:
        self.query = query

    def __enter__(self) -> Numbers:  # noqa: PYI034 - Self would hide the name people look for
        return self

    def __exit__(self, *_exc: object) -> None:
        self.query.close()

    def metric(self, name: str, period: object, where: Where = None, **options: Any) -> Answer:
        """One number with everything that says what it is; see :meth:`revalign_udf.query.Query.metric`."""
        return self.query.metric(name, period, where, **options)

    def series(
        self, name: str, first: object, last: object, grain: Any = None, where: Where = None, **options: Any
    ) -> pd.DataFrame:
        """A row per period: period, value, status, message."""
        answers = self.query.series(name, first, last, grain, where, **options)
        rows = tuple((a.period, a.value, a.status, a.message) for a in answers)
        return _frame(Table(("period", "value", "status", "message"), rows))

    def table(
        self,
        metrics: Sequence[str],
        periods: Sequence[object],
        by: str | None = None,
        where: Where = None,
        **options: Any,
    ) -> pd.DataFrame:
        """A row per period (and value of ``by``), a column per metric."""
        return _frame(self.query.table(metrics, periods, by, where, **options))

    def records(self, name: str, period: object, where: Where = None, **options: Any) -> pd.DataFrame:
        """The source records behind a number; their contributions add up to its components."""
        return _frame(self.query.records(name, period, where, **options))

    def explain(self, name: str, period: object, where: Where = None, **options: Any) -> Explanation:
        """How a number came about."""
        return self.query.explain(name, period, where, **options)


def _frame(table: Table) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([list(row) for row in table.rows], columns=list(table.columns))


def open_project(project: str | Path) -> Numbers:
    """The published numbers of a project folder. Raises ConfigError REV-301 where there is none."""
    return Numbers(Query.open(project))
