"""Churn of those who could leave: customers whose contract came up for renewal.

Worked example (hand-computable): 12 customers pay 100 a month on contracts of a year. One contract comes up in January
and is not renewed. Logo churn of January is 1/12; of the one customer who could leave all have left, 1/1.
"""

from __future__ import annotations

from revalign_udf.metrics.facts import CUSTOMER
from revalign_udf.metrics.model import Component, Fact, Family, Metric

__all__ = ["RENEWALS"]

_CATALOGUE = "Revalign metric catalogue, section C"
_TABLES = ("subscription", "subscription_item_period", "subscription_term")
_PAYING = "opening > 0 AND renews = 1"
# a line below zero is a credit: it is no customer's to lose
_LINE = "customer_opening > 0 AND opening > 0 AND renews = 1"
_LOST = "closing <= 0"
#: the period in 365ths of a month
_SPAN = (
    "CASE WHEN extract(day FROM p.start_day) = 1 AND extract(day FROM p.end_day) = 1 THEN 365 *"
    " date_diff('month', p.start_day, p.end_day) ELSE 12 * date_diff('day', p.start_day, p.end_day) END"
)
_TERM = f"CASE WHEN term > {_SPAN} THEN term ELSE {_SPAN} END"
_ANNUAL = (
    " Made yearly: 1 - (1 - churn) ^ (12 / n), n the term in months; where the period is longer than a term the loss is one"
    " of the whole period, and n is the period's months. "
)


def _people(name: str, about: str, rule: str, measure: str = "1") -> Component:
    return Component(name, "renewal", "start", f"CASE WHEN {rule} THEN {measure} ELSE 0 END", "count", about)


def _money(name: str, about: str, rule: str, measure: str = "opening") -> Component:
    sql = f"CASE WHEN {rule} THEN {measure} ELSE 0 END"
    return Component(name, "renewal", "start", sql, "recurring", about, per="line")


RENEWALS = Family(
    facts=(
        Fact(
            "renewal", "on_day", _TABLES, {**CUSTOMER},
            "one row per subscription on its first day and on each day it came up for renewal; term in 365ths of a month",
        ),
    ),
    components=(
        _people("eligible_customers", "customers paying at start with a renewal day in the period", _PAYING),
        _people("lost_eligible_customers", "of those, not paying at the end", f"{_PAYING} AND {_LOST}"),
        _people(
            "eligible_term", "sum over eligible customers of the longest term that came up, at least the period, in 365ths"
            " of a month", _PAYING, _TERM,
        ),
        _money("eligible_mrr", "opening MRR of the subscriptions that came up, of customers paying at start", _LINE),
        _money("lost_eligible_mrr", "of that, of subscriptions with nothing left at the end", f"{_LINE} AND {_LOST}"),
        _money(
            "eligible_mrr_term", "sum of opening MRR x term of the subscriptions that came up, at least the period, in"
            " 365ths of a month", _LINE, f"opening * CAST({_TERM} AS DECIMAL(9, 0))",
        ),
    ),
    metrics=(
        Metric(
            "eligible_customers", "Customers up for renewal", "retention", "eligible_customers", "count",
            "Customers paying at the end of the day before the period with at least one renewal day in the period, of a"
            " subscription begun before the period; once each, however often they renew. Renewal days are start + k x term"
            " from the original start day; days after the subscription's end do not count, the day of its end does.",
            additivity="distinct", direction="neutral", owners=("success", "sales", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "lost_eligible_customers", "Customers lost at renewal", "retention", "lost_eligible_customers", "count",
            "Of the customers up for renewal, those not paying at the end of the period.",
            additivity="distinct", direction="down", owners=("success", "sales", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "eligible_mrr", "MRR up for renewal", "retention", "eligible_mrr", "money",
            "Opening MRR of the subscriptions that came up for renewal in the period, of customers paying at start. A"
            " subscription replaced on the day it ended counts as one with its successor.",
            additivity="distinct", direction="neutral", owners=("success", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "lost_eligible_mrr", "MRR lost at renewal", "retention", "lost_eligible_mrr", "money",
            "Of the MRR up for renewal, that of subscriptions with nothing left at the end of the period, neither of"
            " themselves nor of a successor; positive.",
            additivity="distinct", direction="down", owners=("success", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "eligible_logo_churn", "Eligible logo churn", "retention",
            "ratio(lost_eligible_customers, eligible_customers)", "rate",
            "Customers lost / customers whose contract came up for renewal in the period. Contracts of a year hide churn:"
            " the same losses are a twelfth of the size against everybody.",
            direction="down", aliases=("eligible_churn", "churn at renewal"), owners=("success", "sales", "finance"),
            source=_CATALOGUE,
        ),
        Metric(
            "eligible_revenue_churn", "Eligible revenue churn", "retention", "ratio(lost_eligible_mrr, eligible_mrr)",
            "rate", "MRR lost with subscriptions that were not renewed / MRR that came up for renewal in the period.",
            direction="down", owners=("success", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "annualised_eligible_logo_churn", "Eligible logo churn a year", "retention",
            "annualise(eligible_logo_churn, ratio(eligible_term, 365 * eligible_customers))", "rate",
            f"Eligible logo churn as a rate a year.{_ANNUAL}n is the mean over the eligible customers, of each the longest"
            " term that came up.",
            direction="down", owners=("success", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "annualised_eligible_revenue_churn", "Eligible revenue churn a year", "retention",
            "annualise(eligible_revenue_churn, ratio(eligible_mrr_term, 365 * eligible_mrr))", "rate",
            f"Eligible revenue churn as a rate a year.{_ANNUAL}n is the mean weighted by the MRR that came up.",
            direction="down", owners=("success", "finance"), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
