"""Win/loss: the largest deals won and lost, and why and against whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_udf.query import Answer, Query

__all__ = ["largest", "reasons"]


def largest(
    query: Query, period: object, top: int = 10, where: Mapping[str, str] | None = None, **view: Any
) -> Answer:  # fmt: skip
    """The ``top`` deals won and lost by annual contract value; ``view`` as for :meth:`Query.metric`. Raises UserError
    REV-102 for a ``top`` below 1, UnknownName REV-101 for a filter nobody knows."""
    return query.metric("winloss", period, {**(where or {}), "top": str(top)}, **view)


def reasons(query: Query, period: object, where: Mapping[str, str] | None = None, **view: Any) -> Answer:
    """Deals by reason for the loss and by competitor, with the win rate against each."""
    return query.metric("winloss_reasons", period, where, **view)
