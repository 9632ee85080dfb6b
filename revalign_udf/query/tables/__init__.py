"""Metrics whose answer is a table, one file per family."""

from __future__ import annotations

from collections.abc import Mapping

from revalign_udf.metrics import Metric
from revalign_udf.query.tables import (
    agreements,
    clv,
    commission,
    content,
    funnel,
    handoffs,
    health,
    kpis,
    marketing,
    pace,
    priorities,
    profiles,
    recurring,
    retention,
    sales,
    signatures,
    vanity,
    winloss,
)
from revalign_udf.query.tables.ask import Ask, TableMetric

__all__ = ["TABLES", "Ask", "TableMetric", "table_needs"]

#: table metric -> what computes its rows
TABLES: Mapping[str, TableMetric] = {
    **recurring.TABLES,
    **agreements.TABLES,
    **signatures.TABLES,
    **funnel.TABLES,
    **marketing.TABLES,
    **clv.TABLES,
    **commission.TABLES,
    **winloss.TABLES,
    **vanity.TABLES,
    **profiles.TABLES,
    **priorities.TABLES,
    **pace.TABLES,
    **kpis.TABLES,
    **content.TABLES,
    **retention.TABLES,
    **handoffs.TABLES,
    **health.TABLES,
    **sales.TABLES,
}


def table_needs(metric: Metric) -> tuple[str, ...]:
    """Components a table metric reads; none for one that is a number."""
    return TABLES[metric.name].needs if metric.name in TABLES else ()
