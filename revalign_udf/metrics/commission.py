"""Commission: what reps are paid, and what became of the customers they won."""

from __future__ import annotations

from revalign_udf.metrics.model import Family, Metric, Parameter

__all__ = ["COMMISSION"]

_CATALOGUE = "Revalign metric catalogue, section D"
_OWNERS = ("sales", "success", "finance")
_SPLIT = Parameter(
    "split", "rule", "share the same pot otherwise than the rule says", choices=("rule", "80/20", "50/50")
)
_RULE = (
    " The pot is a pool for net new business and one for expansion, by the rule of the object commission that holds on the"
    " pay period's first day. New business: annual contract value of the won opportunities of type new, by closing date,"
    " for the owner of the deal. Expansion: recurring amounts a year that customers added, for the owner of the latest new"
    " deal that won the customer. When a customer stops paying within the clawback (12 months unless the rule says"
    " otherwise) of being won, what it paid a year is deducted from the rep's new business in the period in which it"
    " happens; of one deal once. Less than nothing counts as nothing and is not carried on (not_deducted shows it). Each"
    " pool is shared by these amounts, to the minor unit by largest remainder; a pool in per cent is that share of the"
    " amounts after deductions. A pool nobody has an amount in, and what nobody owns, is not shared."
)

_METRICS = (
    Metric(
        "commission", "Commission", "commission", "", "money",
        "The pot of each pay period and how it is shared: a row per rep; the shares add up to the pot." + _RULE,
        kind="table", additivity="flow", owners=_OWNERS, dimensions=("rep",), source=_CATALOGUE, parameters=(_SPLIT,),
    ),
    Metric(
        "commission_statement", "Commission statement", "commission", "", "money",
        "Commission to the record: every deal, expansion and deduction that counts for a rep, and its part of the rep's"
        " share; the parts add up to the shares." + _RULE,
        kind="table", additivity="flow", owners=_OWNERS, dimensions=("rep",), source=_CATALOGUE, parameters=(_SPLIT,),
    ),
    Metric(
        "rep_long_term", "Long-term KPIs by rep", "commission", "", "money",
        "Churn and expansion of the customers each rep won: of those paying at the start of the period, by the owner of the"
        " latest new deal won up to that day (of a customer whose deal closed later, of its first). Customers without a won"
        " deal are nobody's. Marked where fewer than 30 customers were paying.",
        kind="table", additivity="ratio", owners=_OWNERS, dimensions=("rep",), source=_CATALOGUE,
    ),
)  # fmt: skip

COMMISSION = Family((), _METRICS)
