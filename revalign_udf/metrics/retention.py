"""Retention: who left and why, what is kept of each cohort, who is still active, and how long customers stay."""

from __future__ import annotations

from revalign_udf.metrics.facts import CUSTOMER
from revalign_udf.metrics.model import Component, Fact, Family, Metric, Parameter

__all__ = ["ENDINGS", "RETENTION"]

_CATALOGUE = "Revalign metric catalogue, section C"
_TABLES = ("subscription_item_period", "subscription")
#: how a subscription came to its end -> what it is called as a loss
ENDINGS = {"voluntary": "voluntarily", "involuntary": "involuntarily", "unknown": "unexplained"}


def _lost(ending: str, measure: str) -> str:
    return f"CASE WHEN opening > 0 AND closing <= 0 AND ending = '{ending}' THEN {measure} ELSE 0 END"


RETENTION = Family(
    facts=(
        Fact(
            "subscription", "on_day", _TABLES, {**CUSTOMER},
            "one row per subscription, on its first day, with its end and whether the customer ended it",
        ),
        Fact(
            "payer", "on_day", _TABLES, {**CUSTOMER},
            "one row per customer, on the first day ever with MRR > 0, and for good; orders make no payer",
        ),
    ),
    components=(
        *(
            Component(
                f"lost_{how}", "subscription", "start", _lost(ending, "1"), "count",
                f"customers paying at start and not at the end, by {ending} churn",
            )
            for ending, how in ENDINGS.items()
        ),
        *(
            Component(
                f"mrr_lost_{how}", "subscription", "start", _lost(ending, "opening"), "recurring",
                f"opening MRR of customers paying at start and not at the end, by {ending} churn",
            )
            for ending, how in ENDINGS.items()
        ),
        Component(
            "customers_ever", "payer", "held", "f.known", "count", "customers that have ever paid recurring revenue",
            unknown="a rate is missing, so it is not known who has paid by then.",
        ),
        Component(
            "median_lifetime_years", "movement", "statistic", "lifetime_median", "years",
            "Kaplan-Meier median lifetime of customers",
        ),
    ),
    metrics=(
        *(
            Metric(
                f"{ending}_logo_churn", f"{ending.capitalize()} logo churn", "retention",
                f"ratio(lost_{ENDINGS[ending]}, customers_at_start)", "rate",
                f"Customers lost by {ending} churn / customers paying at start. {about}",
                direction="down", owners=owners, source=_CATALOGUE,
            )
            for ending, about, owners in (
                (
                    "voluntary",
                    (
                        "The subscription that ended last carries a reason, or was not marked involuntary by a source that"
                        " marks such endings. Of several ended on that day one voluntary is enough."
                    ),
                    ("success", "product"),
                ),
                ("involuntary", "The subscription that ended last was marked so: a payment failed.", ("finance", "success")),
            )
        ),
        Metric(
            "churn_by_kind", "Churn by kind", "retention", "", "rate",
            "Lost customers and their opening MRR by voluntary, involuntary and unknown churn, with the shares of what was"
            " there at start; and why logo churn changed against the period before: change of the share up for renewal x"
            " mean eligible churn (contract effect) + change of eligible churn x mean share up for renewal (behaviour) +"
            " change of losses outside a renewal. The three add up to the change. Where one of the periods has nobody up"
            " for renewal its eligible churn is taken to be the other's.",
            kind="table", direction="down", owners=("success", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "retention_cohorts", "Retention cohorts", "retention", "", "rate",
            "One row per cohort, the customers whose first MRR ever falls in one month (quarter) the period touches; then, for"
            " each month from that one on, what is left at its end. logo: customers paying / customers of the cohort; nrr"
            " and grr: MRR (of each customer at most what it had) / MRR at the end of month 0, of the customers paying"
            " then. Who comes back counts again. Months not over yet are blank. A slice is the one of the first day.",
            kind="table", owners=("success", "finance"), source=_CATALOGUE, dimensions=tuple(CUSTOMER),
            parameters=(
                Parameter("of", "logo", "what is kept: customers, net or gross revenue", ("logo", "nrr", "grr")),
                Parameter("grain", "month", "length of a cohort and of a step", ("month", "quarter")),
            ),
        ),
        Metric(
            "active_share", "Active share", "retention", "ratio(customers, customers_ever)", "rate",
            "Customers paying at the end of the period / customers that have ever paid recurring revenue by then. Who only"
            " ordered once is no part of it. A slice is the one at the end of the period.",
            owners=("success", "marketing", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "customer_lifetime_median", "Median customer lifetime", "retention", "12 * median_lifetime_years", "months",
            "Kaplan-Meier median in months of 365.25 / 12 days: by then half of the customers have left; from a customer's"
            " first day to its last, pauses included, as known at the end of the period. None while more than half stay, or"
            " fewer than 30 have left.",
            owners=("success", "finance"), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
