"""Priorities: what the heads share, what they believe they share; and whom each team is looking for."""

from __future__ import annotations

from revalign_udf.query import Answer, Query

__all__ = ["overlap", "profile_fit", "profiles"]


def overlap(query: Query) -> Answer:
    """Actual and believed overlap of the priorities of each pair of teams, and the gap. Raises ConfigError REV-305 for
    lists that cannot be read; without two lists the answer says so (REV-204)."""
    return query.metric("priorities", "THIS_MONTH")


def profiles(query: Query) -> tuple[Answer, Answer]:
    """(traits by team, overlap of each pair) of the teams' own customer profiles."""
    return query.metric("team_profiles", "THIS_MONTH"), query.metric("profile_overlap", "THIS_MONTH")


def profile_fit(query: Query, period: object) -> Answer:
    """How many of the successful and of the worst customers fit each team's profile."""
    return query.metric("profile_fit", period)
