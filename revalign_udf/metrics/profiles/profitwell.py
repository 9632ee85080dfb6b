"""ProfitWell Metrics (now Paddle's), as its help pages describe it.

Worked numbers of its pages: 120 a year less 10 % is an MRR of 9. Kroner 100 a month from 2017-01-01 at 7.064195 to the
dollar is 14.16 in January and in February; 110 from 2017-03-01 is converted anew. Signed up on 15 April, cancelled on 8
June: churned on 15 June. ARPU 10 and 4 %: 250, before smoothing.
"""

from __future__ import annotations

from revalign_udf.metrics.profiles.model import UNKNOWN, MovementRules, Profile, Rule, overriding

__all__ = ["PROFITWELL"]

_HELP = "https://www.paddle.com/help/profitwell-metrics/measure"
_CHURN = f"Paddle Help, Churn, {_HELP}/subscription-retention/churn"
_FIRST = (
    "Paddle Help, Are cancellations in the first month counted as churn?,"
    f" {_HELP}/subscription-retention/are-cancellations-in-the-first-month-counted-as-churn"
)
_DISCOUNT = f"Paddle Help, Discounts and Credits, {_HELP}/subscription-metrics/discounts"
_STRIPE = "ProfitWell, ProfitWell vs. Stripe, https://learn.profitwell.com/article/gf9qqkyplu-profitwell-vs-stripe"
_MAXIO = f"Paddle Help, ProfitWell vs. Chargify (Maxio), {_HELP}/compare/profitwell-vs-chargify"
_FX = (
    "ProfitWell, How do you handle currency conversions?,"
    " https://learn.profitwell.com/article/IaQmCmOzlK-how-do-you-handle-currency-conversions"
)
_LTV = "ProfitWell, Lifetime Value, https://learn.profitwell.com/article/xJx5sQX95w-life-time-value"
_MRR = f"Paddle Help, MRR, {_HELP}/subscription-metrics/mrr"

PROFITWELL = Profile(
    "profitwell",
    "ProfitWell Metrics",
    "ProfitWell Metrics, which counts by calendar month.",
    (
        Rule("churn_base", UNKNOWN),
        Rule(
            "joined_and_left",
            "Out: who is new and leaves in one calendar month is taken out of new MRR again and never counted as churned."
            " Churn rates do so here; new_mrr and churned_mrr still show both, which leaves their sum as it is.",
            f'{_FIRST}: "ProfitWell does not count users who are new and then churn in the same month"',
        ),
        Rule(
            "churn_date",
            "At the end of the paid period, not when the cancellation is asked for.",
            f'{_STRIPE}: "When a customer cancels their subscription, we recognize the MRR of a customer until the end of'
            ' their billing cycle"',
        ),
        Rule("revenue_churn", UNKNOWN),
        Rule(
            "discount",
            "Every discount and credit is subtracted, whatever its duration. Credits are in MRR here only as items.",
            f'{_DISCOUNT}: "ProfitWell always subtracts discounts and credits before calculating MRR"',
        ),
        Rule(
            "metered",
            "Recurring metered billing is in MRR. A page for Paddle's own users says it is not supported.",
            f'{_MAXIO}: "We roll all recurring metered billing into MRR"',
            differs=True,
        ),
        Rule(
            "fx",
            "At the rate of the day the plan's charge began, kept until the charge changes. ProfitWell does so into US"
            " dollars, and from dollars to the display currency at the rate of the customer's last event of the month;"
            " here both are one step, which is the same where the company's currency is the dollar.",
            f'{_FX}: "For the first conversion (from the native currency to USD) we currently use the start date of the'
            ' given Rate Plan Charge segment"',
            differs=True,
        ),
        Rule(
            "ltv",
            "ARPU / (1 - retention), without a margin; retention is of revenue, upgrades and downgrades included. It is"
            " smoothed over past months in an unpublished way, which is not done here; reactivations are in retention, in a"
            " way that is unknown, and not here. No value where retention is 100 % or more.",
            f'{_LTV}: "Our calculation is roughly ARPU/(1-Retention)"',
            differs=True,
        ),
        Rule("arpu", UNKNOWN),
        Rule(
            "past_due",
            "Delinquent charges are not taken out of MRR; here items count until they end.",
            f"{_MRR}: \"We don't deduct transaction fees and delinquent charges\"",
        ),
        Rule(
            "reactivation",
            "Who churned and comes back, after however long, is a reactivation.",
            f'{_MAXIO}: "If a customer churns and comes back within any period in time, they will be marked as a'
            ' reactivation"',
        ),
    ),
    MovementRules(fx="item_start", metered="in"),
    metrics=(
        overriding(
            "profitwell", "ltv_arpa_churn", "ratio(arpu, max(0, monthly_mean_revenue_churn_net))",
            "ARPU / (1 - net revenue retention), the mean of the period's months; unsmoothed. No value where nothing is"
            " lost on balance.",
            _LTV,
        ),
    ),
)  # fmt: skip
