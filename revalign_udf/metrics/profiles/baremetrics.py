"""Baremetrics, as far as its help pages describe it: churn, lifetime value. What is unknown follows the default.

Worked number of its changelog: 500 of MRR, upgraded to 1,379 and then cancelled: 500 / 500 = 100 %, not 275.8 %.
"""

from __future__ import annotations

from revalign_udf.metrics.model import Component
from revalign_udf.metrics.profiles.model import UNKNOWN, Profile, Rule, overriding

__all__ = ["BAREMETRICS"]

_CHURN = (
    "Baremetrics Help, User and Revenue Churn, https://help.baremetrics.com/en/articles/5380347-user-and-revenue-churn"
)
_JOINED = "Baremetrics changelog, Churn Update, https://changelog.baremetrics.com/churn-update-4pqo9O"
_CAPPED = "Baremetrics changelog, Improved Revenue Churn Calculation, https://changelog.baremetrics.com"
_NET = "Baremetrics changelog, Net MRR Churn, https://changelog.baremetrics.com/net-mrr-churn-4htCw0"
_LTV = "Baremetrics Help, Lifetime Value, https://help.baremetrics.com/know-your-metrics/lifetime-value"

BAREMETRICS = Profile(
    "baremetrics",
    "Baremetrics",
    "Baremetrics' churn and lifetime value. Its rates look at the trailing 30 days; asked for a period, the same rule is"
    " applied to that period. Plans of a year are looked at over 365 days in its breakdown by plan, which is not done here.",
    (
        Rule(
            "churn_base",
            "Customers who cancelled in the window / active customers at its start.",
            f'{_CHURN}: "(Cancelled Customers in the last 30 days ÷ Active Customers 30 days ago) x 100"',
        ),
        Rule(
            "joined_and_left",
            "Counted above; whether below too is unknown, and here it is not.",
            f'{_JOINED}: "Customers who sign up and cancel within the same 30 day window are now included in your churn'
            ' rate"',
            differs=True,
        ),
        Rule("churn_date", UNKNOWN),
        Rule(
            "revenue_churn",
            "Gross: MRR lost to downgrades and cancellations / MRR at the start, of a customer no more than it had at the"
            " start. Net: less expansion.",
            f'{_CAPPED}: "It is now calculated based on the initial MRR base, capping the churn at 100% where relevant";'
            f' {_NET}: "(Churned MRR - Expansion MRR) ÷ Starting MRR 30 days ago"',
            differs=True,
        ),
        Rule("discount", UNKNOWN),
        Rule("metered", UNKNOWN),
        Rule("fx", UNKNOWN),
        Rule(
            "ltv",
            "ARPU / user churn rate, without a margin.",
            f'{_LTV}: "Average Monthly Recurring Revenue Per Customer ÷ User Churn Rate = LTV"',
            differs=True,
        ),
        Rule("arpu", "MRR per customer.", f'{_LTV}: "Average Monthly Recurring Revenue Per Customer"'),
        Rule(
            "past_due",
            "Delinquent for more than 30 days counts as cancelled; here items count until they end.",
            f'{_CHURN}: "Customers who are delinquent for more than 30 days are considered to have canceled"',
        ),
    ),
    components=(
        Component(
            "churned_customers", "movement", "distinct", "f.customer", "count",
            "customers who stopped paying at least once", "f.kind = 'churned'",
        ),
    ),
    metrics=(
        overriding(
            "baremetrics", "logo_churn", "ratio(churned_customers, customers_at_start)",
            "Customers who stopped paying in the period, those who joined inside included / customers paying at start."
            " Baremetrics looks at the trailing 30 days.",
            _CHURN,
        ),
        overriding(
            "baremetrics", "revenue_churn_gross", "ratio(base_mrr - kept_mrr, opening_mrr)",
            "Sum over customers paying at start of what they lost, at most what they had / MRR at start.", _CAPPED,
        ),
        overriding(
            "baremetrics", "revenue_churn_net", "ratio(-(churned_mrr + contraction_mrr) - expansion_mrr, opening_mrr)",
            "(Churned and contraction MRR - expansion MRR) of the period / MRR at start.", _NET,
        ),
        overriding(
            "baremetrics", "ltv_arpa_churn", "ratio(arpu, monthly_mean_logo_churn)",
            "ARPU / mean user churn rate of the period's months.", _LTV,
        ),
    ),
)  # fmt: skip
