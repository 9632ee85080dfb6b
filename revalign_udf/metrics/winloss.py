"""Win/loss: which deals were won and lost, why, and against whom."""

from __future__ import annotations

from revalign_udf.metrics.model import Family, Metric, Parameter

__all__ = ["WINLOSS"]

_CATALOGUE = "Revalign metric catalogue, section D"
_OWNERS = ("sales", "marketing")

_METRICS = (
    Metric(
        "winloss", "Largest wins and losses", "winloss", "", "money",
        "The opportunities closed in the period with the largest annual contract value, won and lost, each with its customer,"
        " owner, reason for the loss and competitor.",
        kind="table", additivity="flow", owners=_OWNERS, source=_CATALOGUE,
        parameters=(Parameter("top", "10", "deals listed of each outcome", low=1, high=1000),),
    ),
    Metric(
        "winloss_reasons", "Win/loss by reason and competitor", "winloss", "", "money",
        "Opportunities closed in the period by reason for the loss (of those lost) and by competitor (of all): how many, their"
        " annual contract value, the share of all that were lost, and against each competitor won / (won + lost) by number"
        " and by value. Spellings that differ by case are one. What names none is (none). Marked under 30 deals.",
        kind="table", additivity="flow", owners=_OWNERS, source=_CATALOGUE,
    ),
)  # fmt: skip

WINLOSS = Family((), _METRICS)
