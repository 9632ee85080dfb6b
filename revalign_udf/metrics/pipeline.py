"""Deals: what was won, what was lost, and what was booked."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["PIPELINE"]

_CATALOGUE = "Revalign metric catalogue, section B"
_WON = "f.outcome = 'won'"
_LOST = "f.outcome = 'lost'"

PIPELINE = Family(
    (
        Component("deals_won", "deal", "flow", "1", "count", "opportunities won, by closing date", _WON),
        Component("deals_lost", "deal", "flow", "1", "count", "opportunities lost, by closing date", _LOST),
        Component("acv_won", "deal", "flow", "f.amount", "money", "annual contract value won", _WON),
        Component("acv_lost", "deal", "flow", "f.amount", "money", "annual contract value lost", _LOST),
    ),
    (
        Metric(
            "win_rate", "Win rate", "sales", "ratio(deals_won, deals_won + deals_lost)", "rate",
            "Won / (won + lost) of the opportunities closed in the period.", owners=("sales",), source=_CATALOGUE,
        ),
        Metric(
            "win_rate_value", "Win rate by value", "sales", "ratio(acv_won, acv_won + acv_lost)", "rate",
            "Annual contract value won / (won + lost) of the opportunities closed in the period.", owners=("sales",),
            source=_CATALOGUE,
        ),
        Metric(
            "bookings", "Bookings", "sales", "acv_won", "money",
            "Annual contract value of the opportunities won in the period: a total contract value x 12 / max(12, term), an"
            " annual value as it is, a monthly one x 12; a missing term counts as 12 months and a missing basis as annual.",
            additivity="flow", role="vanity", counterpart="nrr", question="How much of it is still paying a year later?",
            owners=("sales", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "deals_won", "Deals won", "sales", "deals_won", "count", "Opportunities won, by closing date.",
            additivity="flow", owners=("sales",), source=_CATALOGUE,
        ),
        Metric(
            "deals_lost", "Deals lost", "sales", "deals_lost", "count", "Opportunities lost, by closing date.",
            additivity="flow", direction="down", owners=("sales",), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
