"""Commission: the pot of a period, how it is shared, and each rep's statement to the record."""

from __future__ import annotations

from revalign_udf.query import Answer, Query

__all__ = ["commission", "long_term", "statement"]


def commission(query: Query, period: object, rep: str = "", split: str = "") -> Answer:
    """The shares of a period, of one rep where one is named; ``split`` (``80/20``, ``50/50``) shares the same pot otherwise.

    Raises UnknownName REV-101 for a rep or split nobody knows, UserError REV-102 for a period that is not whole pay
    periods, ConfigError REV-305 for a rule that cannot be used. Without a rule or data the answer says why.
    """
    return query.metric("commission", period, _told(rep, split))


def statement(query: Query, period: object, rep: str = "", split: str = "") -> Answer:
    """Every deal, expansion and deduction behind the shares; its parts add up to them. Raises as :func:`commission`."""
    return query.metric("commission_statement", period, _told(rep, split))


def long_term(query: Query, period: object, rep: str = "") -> Answer:
    """Churn and expansion of the customers each rep won. Raises UnknownName REV-101 for a rep nobody knows."""
    return query.metric("rep_long_term", period, _told(rep, ""))


def _told(rep: str, split: str) -> dict[str, str]:
    return ({"rep": rep} if rep else {}) | ({"split": split} if split else {})
