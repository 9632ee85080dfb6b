"""Hand-offs: which routes leads take, who answers questions about them, and which leads nobody takes care of."""

from __future__ import annotations

from revalign_udf.query import Answer, Query

__all__ = ["handoff_routes", "orphaned_handoffs"]


def handoff_routes(query: Query, period: object, where: dict[str, str] | None = None) -> Answer:
    """Hand-offs of a period per route and routing rule. Raises ConfigError REV-305 for a rule that cannot be meant."""
    return query.metric("handoffs", period, where)


def orphaned_handoffs(query: Query, period: object, where: dict[str, str] | None = None) -> Answer:
    """The period's hand-offs nobody takes care of, each with the reason. Raises as :func:`handoff_routes`."""
    return query.metric("handoff_orphans", period, where)
