"""Contracts: recurring revenue as it was signed, beside the recurring revenue of subscriptions."""

from __future__ import annotations

from revalign_udf.metrics.facts import CUSTOMER, RECORD
from revalign_udf.metrics.model import Component, Fact, Family, Metric

__all__ = ["CONTRACTS"]

CONTRACTS = Family(
    facts=(
        Fact(
            "contract", "on_day", ("contract",), {**CUSTOMER, **RECORD},
            "one row per contract, from its first day to the day after its last; value a year, micros",
        ),
    ),
    components=(
        Component(
            "contract_value_a_year", "contract", "held", "f.amount", "money",
            "value x 12 / months of the contracts in force on the period's last day",
        ),
    ),
    metrics=(
        Metric(
            "arr_contract", "Contracted ARR", "recurring", "contract_value_a_year", "money",
            "Value x 12 / months of the contracts in force at the end of the period: 100,000 over 60 months are 20,000. An"
            " end date is the last day where that makes whole months (1 January to 31 December are twelve), else the day"
            " after. Months are the term, else those of the dates. Where a value is the sum of its opportunity's lines and"
            " some are marked as recurring, the others are out; any other value is taken as recurring. A contract renewed"
            " without a row of its own ends.",
            additivity="balance", aliases=("contracted arr", "carr"), owners=("finance", "sales"),
            source="Revalign metric catalogue, section B",
        ),
    ),
)  # fmt: skip
