"""Customer lifetime value: what customers have brought so far, and what the models expect of them."""

from __future__ import annotations

from revalign_udf.metrics.facts import CUSTOMER
from revalign_udf.metrics.model import Component, Fact, Family, Metric

__all__ = ["CLV"]

_CATALOGUE = "Revalign metric catalogue, section B"
_SALES = ("sales_order", "invoice_line", "invoice", "credit_note", "refund")
_MODELS = (
    "BG/NBD: Fader, Hardie, Lee, Marketing Science 24 (2), 2005; Gamma-Gamma: Fader, Hardie, The Gamma-Gamma Model of"
    " Monetary Value, 2013"
)

CLV = Family(
    facts=(
        Fact(
            "clv", "on_day", _SALES, {**CUSTOMER},
            "one row per customer that bought, on its first day; spend to the as-of day and value predicted, micros",
        ),
        Fact(
            "clv_model", "on_day", _SALES, {},
            "one row per parameter and diagnostic of the models behind the values predicted, on the as-of day",
        ),
    ),
    components=(
        Component(
            "revenue_to_date", "sale", "to_date", "f.amount", "money",
            "amounts of sales, credits and refunds up to the end of the period, of known customers", "f.customer IS NOT NULL",
        ),
        Component(
            "buyers_to_date", "clv", "to_date", "1", "count",
            "customers whose first purchase lies before the end of the period",
        ),
        Component(
            "clv_fitted", "clv", "statistic", "clv_fitted", "count",
            "1 where both models could be fitted; else there is no value, and the reason is told",
        ),
        Component(
            "clv_diagnostics", "clv_model", "to_date", "1", "count",
            "parameters and diagnostics of the models, as fitted for the as-of day",
        ),
        Component(
            "predicted_revenue", "clv", "to_date", "f.predicted", "money",
            "revenue expected in the 52 weeks after the as-of day of customers that first bought before the end of the"
            " period",
        ),
    ),
    metrics=(
        Metric(
            "clv_observed", "Observed customer lifetime value", "unit economics", "ratio(revenue_to_date, buyers_to_date)",
            "money",
            "Revenue up to the end of the period / customers who had bought by then: with an order not below zero, or an"
            " invoice. Credits and refunds are subtracted; revenue nobody's name is on is left out.",
            aliases=("clv", "customer lifetime value to date"), owners=("marketing", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "clv_predicted", "Predicted customer lifetime value", "unit economics",
            "clv_fitted * ratio(predicted_revenue, buyers_to_date)", "money",
            "Mean revenue expected per customer in the 52 weeks after the as-of day, not discounted, of the customers who had"
            " bought by the end of the period: purchases by BG/NBD x value of a purchase by Gamma-Gamma. Both are fitted by"
            " maximum likelihood to all purchases up to the as-of day, in weeks, purchases of one day being one; a purchase"
            " is worth what the customer's repeat purchases were. Refused, with the reason, where fewer than 30 customers"
            " bought again or a fit cannot be trusted. Before costs; refunds are not foreseen.",
            aliases=("clv", "predictive clv"), owners=("marketing", "finance"), source=f"{_CATALOGUE}; {_MODELS}",
        ),
        Metric(
            "clv_model", "Models of customer lifetime value", "unit economics", "", "number",
            "Parameters, standard errors and diagnostics of BG/NBD (r, alpha, a, b) and Gamma-Gamma (p, q, v) as fitted for"
            " the as-of day: log-likelihood, customers, iterations over all starts, repeat purchases observed and expected,"
            " correlation of how often and how much, which Gamma-Gamma takes for none; or why a fit was refused.",
            kind="table", direction="neutral", role="leading", owners=("finance",), source=_MODELS,
        ),
    ),
)  # fmt: skip
