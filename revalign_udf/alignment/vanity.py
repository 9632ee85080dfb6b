"""The vanity register: numbers that look good while dodging a question, each beside the number that answers it."""

from __future__ import annotations

from revalign_udf.query import Query, Table
from revalign_udf.query.tables.vanity import register

__all__ = ["vanity_register"]


def vanity_register(query: Query, period: object = "LAST_MONTH") -> Table:
    """Every metric declared as vanity, the question it dodges, its counterpart, and both numbers for a period.

    Raises UserError REV-101 for a period nobody can read, NoData REV-205 while nothing is published.
    """
    when = query.period(period)
    declared = [query.declaration(name) for name in query.names("metrics")]
    return register(declared, query.declaration, lambda metric: query.metric(metric.name, when))
