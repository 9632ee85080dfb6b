"""Metrics whose answer is a table, one file per family."""

from __future__ import annotations

from collections.abc import Mapping

from revalign_udf.metrics import Metric
from revalign_udf.query.tables import clv, funnel, health, marketing, recurring, retention, sales
from revalign_udf.query.tables.ask import Ask, TableMetric

__all__ = ["TABLES", "Ask", "TableMetric", "table_needs"]

#: table metric -> what computes its rows
TABLES: Mapping[str, TableMetric] = {
    **recurring.TABLES,
    **funnel.TABLES,
    **marketing.TABLES,
    **clv.TABLES,
    **retention.TABLES,
    **health.TABLES,
    **sales.TABLES,
}


def table_needs(metric: Metric) -> tuple[str, ...]:
    """Components a table metric reads; none for one that is a number."""
    return TABLES[metric.name].needs if metric.name in TABLES else ()
