"""The SLA monitor: what teams promised each other, and every promise that was broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from revalign_udf.query import Answer, Query
from revalign_udf.query.promises import promises_of

__all__ = ["sla_breaches", "sla_monitor"]

Where = Mapping[str, str] | None
#: kinds of promises the receiver of a hand-off makes
_RECEIVERS = ("followup", "feedback")


def sla_monitor(query: Query, period: object, team: str = "", where: Where = None) -> Answer:
    """Every promise of a period; of one team, those it makes and those made to it. Without promises the answer says why.

    Raises ConfigError REV-305 for a promise that cannot be meant, REV-101 for a team nobody knows.
    """
    return _about(query, query.metric("sla", period, where), team, lambda row: (row["by_team"], row["to_team"]))


def sla_breaches(query: Query, period: object, team: str = "", where: Where = None) -> Answer:
    """Every broken promise of a period to the record; of one team, those it broke. Raises as :func:`sla_monitor`."""

    def by(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return (row["to_team" if row["kind"] in _RECEIVERS else "from_team"],)

    return _about(query, query.metric("sla_breaches", period, where), team, by)


def _about(query: Query, answer: Answer, team: str, teams: Callable[[Mapping[str, Any]], tuple[Any, ...]]) -> Answer:
    if not team or answer.rows is None:
        return answer
    desk = promises_of(query.session())
    kept = tuple(
        row
        for row, cells in zip(answer.rows.rows, answer.rows.dicts(), strict=True)
        if any(desk.concerns(str(name or ""), team) for name in teams(cells))
    )
    return replace(answer, rows=replace(answer.rows, rows=kept))
