"""Content: which stage and profile has none, and what nobody has used or reviewed for long."""

from __future__ import annotations

from revalign_udf.query import Answer, Query

__all__ = ["assets", "coverage", "stale"]


def coverage(query: Query, period: object = "THIS_MONTH", days: int = 180) -> Answer:
    """Assets per stage and profile, with the gaps. Raises UserError REV-102 for ``days`` below 1."""
    return query.metric("content_coverage", period, {"days": str(days)})


def assets(query: Query, period: object = "THIS_MONTH", days: int = 180) -> Answer:
    """Every asset with its age; the stale ones first."""
    return query.metric("content", period, {"days": str(days)})


def stale(query: Query, period: object = "THIS_MONTH", days: int = 180) -> Answer:
    """The share of assets that are stale."""
    return query.metric("stale_content", period, {"days": str(days)})
